"""How many single-frame errors the track checks find in a real label file, and what they say of it.

`python bench/video_quality.py SEQLABEL --json`

1. The file is checked as it is; labels with findings of severity warning or above are repaired
   (interpolated linearly between the nearest labels of the object without one), missing ones
   filled in, up to five times. What is still flagged then is `background`.
2. One error at a time is put into the repaired file, in a label chosen by chance that has one of
   the same object in the frame before and in the frame after; then the whole file is read and
   checked again. Found: a finding of severity warning or above at that frame and that object.

| error | what is done to the label |
|---|---|
| missing | it is taken away |
| height-30, height-15 | its height shrinks by that share: at the top, at the bottom or at both |
| shift-20, shift-35 | it moves by that share of its own width and height, in any direction |
| identity | it swaps its place with another object's of the frame (IoU of both below 0.8) |
| lasting-swap | the same, from that frame on to the end of both (not part of `recall`) |

Coordinates are rounded to whole pixels where the file's are whole. `--made` measures the same on
scenes of `made_tracks.py`, a table of them, instead of on a file.
"""

import argparse
import json
import math
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

if __name__ == "__main__":  # Run as a file: its neighbours are found from the repository's root.
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.made_tracks import SCENES, made
from terrace.domain.quality.boxes import iou
from terrace.domain.quality.findings import Finding
from terrace.domain.quality.sequence import DETECTION, TRACKING, load
from terrace.domain.quality.track_checks import check

Json = dict[str, Any]
Cell = tuple[int, str]
"""Frame number and object id."""
FIELDS = ("left", "top", "width", "height")
ROUNDS = 5
SAME_PLACE = 0.8


class File:
    """Boxes of a label file by frame and object, written into a document when it is checked."""

    def __init__(self, document: Json) -> None:
        if TRACKING not in document:
            raise SystemExit(f"not a file of video tracking: it has no {TRACKING}")
        self.names: dict[int, str] = {}
        self.labels: dict[int, dict[str, Json]] = {}
        for frame in document[TRACKING]:
            number = int(frame["frame-no"])
            self.names[number] = frame["frame"]
            held = self.labels.setdefault(number, {})
            for one in frame.get("annotations", []):
                held.setdefault(one["object-id"], one)
        boxes = [one for held in self.labels.values() for one in held.values()]
        if not boxes:
            raise SystemExit("the file has no boxes")
        self.whole = all(isinstance(one[key], int) for one in boxes for key in FIELDS)

    def document(self) -> Json:
        """As SeqLabel.json."""
        return {
            TRACKING: [
                {
                    "annotations": list(held.values()),
                    "frame-no": str(number),
                    "frame": self.names[number],
                    "frame-attributes": {},
                }
                for number, held in sorted(self.labels.items())
            ]
        }

    def findings(self) -> list[Finding]:
        """Of severity warning or above."""
        found = check(load(self.document()))
        return [one for one in found if one.severity.rank >= 1]

    def box(self, cell: Cell) -> tuple[float, ...]:
        """Left, top, width, height."""
        one = self.labels[cell[0]][cell[1]]
        return tuple(float(one[key]) for key in FIELDS)

    def moved(self, like: Json, box: tuple[float, ...]) -> Json:
        """A label of the same object elsewhere."""
        values = [round(value) if self.whole else value for value in box]
        return {**like, **dict(zip(FIELDS, values, strict=True))}

    def cells(self) -> list[Cell]:
        """Labels with one of the same object in the frame before and after."""
        return sorted(
            (number, ident)
            for number, held in self.labels.items()
            for ident in held
            if all(ident in self.labels.get(number + step, {}) for step in (-1, 1))
        )

    def repair(self, flagged: set[Cell]) -> None:
        """Labels that are flagged or missing, from the nearest good ones of the object."""
        for number, ident in sorted(flagged):
            good = [
                at
                for at, held in self.labels.items()
                if ident in held and (at, ident) not in flagged
            ]
            before = max((at for at in good if at < number), default=None)
            after = min((at for at in good if at > number), default=None)
            if before is None or after is None:
                continue
            share = (number - before) / (after - before)
            a, b = self.box((before, ident)), self.box((after, ident))
            box = tuple(x + (y - x) * share for x, y in zip(a, b, strict=True))
            held = self.labels.setdefault(number, {})
            self.names.setdefault(number, f"frame-{number}")
            held[ident] = self.moved(self.labels[before][ident], box)


def cells_of(findings: list[Finding]) -> set[Cell]:
    """Where findings are."""
    return {
        (one.frameNo, one.object)
        for one in findings
        if one.frameNo is not None and one.object is not None
    }


Change = dict[Cell, Json | None]
"""Labels by where they are put; None: taken away."""


def missing(file: File, cell: Cell, rng: random.Random) -> Change:
    """The label is taken away."""
    return {cell: None}


def height(share: float) -> Callable[[File, Cell, random.Random], Change]:
    """The label shrinks."""

    def change(file: File, cell: Cell, rng: random.Random) -> Change:
        left, top, width, tall = file.box(cell)
        less = tall * share
        down = less * rng.choice((0.0, 0.5, 1.0))
        like = file.labels[cell[0]][cell[1]]
        return {cell: file.moved(like, (left, top + down, width, max(1.0, tall - less)))}

    return change


def shift(share: float) -> Callable[[File, Cell, random.Random], Change]:
    """The label moves."""

    def change(file: File, cell: Cell, rng: random.Random) -> Change:
        left, top, width, tall = file.box(cell)
        way = rng.uniform(0, 2 * math.pi)
        moved = (left + share * width * math.cos(way), top + share * tall * math.sin(way))
        return {cell: file.moved(file.labels[cell[0]][cell[1]], (*moved, width, tall))}

    return change


def identity(file: File, cell: Cell, rng: random.Random) -> Change:
    """Two labels of the frame swap their places; empty where there is no other one."""
    partner = _partner(file, cell, rng)
    return {} if partner is None else _swapped(file, cell[0], cell[1], partner)


def lasting(file: File, cell: Cell, rng: random.Random) -> Change:
    """Two objects swap their places from a frame on."""
    partner = _partner(file, cell, rng)
    found: Change = {}
    if partner is not None:
        for number, held in file.labels.items():
            if number >= cell[0] and cell[1] in held and partner in held:
                found |= _swapped(file, number, cell[1], partner)
    return found


def _partner(file: File, cell: Cell, rng: random.Random) -> str | None:
    number, ident = cell
    here = np.array(file.box(cell))
    others = [
        other
        for other in sorted(file.labels[number])
        if other != ident and iou(here, np.array(file.box((number, other)))) < SAME_PLACE
    ]
    others = [other for other in others if other in file.labels.get(number - 1, {})]
    return rng.choice(others) if others else None


def _swapped(file: File, number: int, a: str, b: str) -> Change:
    held = file.labels[number]
    return {
        (number, a): file.moved(held[a], file.box((number, b))),
        (number, b): file.moved(held[b], file.box((number, a))),
    }


ERRORS: dict[str, Callable[[File, Cell, random.Random], Change]] = {
    "missing": missing,
    "height-30": height(0.30),
    "height-15": height(0.15),
    "shift-20": shift(0.20),
    "shift-35": shift(0.35),
    "identity": identity,
    "lasting-swap": lasting,
}


def is_found(file: File, cell: Cell, change: Change) -> bool:
    """Checks the file with an error in it, and puts everything back."""
    before = {at: file.labels[at[0]][at[1]] for at in change}
    at_start = {at for at in change if at[0] == cell[0]}
    for (number, ident), label in change.items():
        if label is None:
            del file.labels[number][ident]
        else:
            file.labels[number][ident] = label
    try:
        return bool(at_start & cells_of(file.findings()))
    finally:
        for (number, ident), label in before.items():
            file.labels[number][ident] = label


def measure(document: Json, count: int, seed: int) -> Json:
    """The whole measurement of one file."""
    file = File(document)
    given = file.findings()
    left = given
    for _ in range(ROUNDS):
        if not left:
            break
        file.repair(cells_of(left))
        left = file.findings()
    cells = file.cells()
    recall: Json = {}
    missed: Json = {}
    tried: Json = {}
    for name, make in ERRORS.items():
        rng = random.Random(f"{seed}/{name}")
        chosen = rng.sample(cells, count) if count < len(cells) else cells
        hits, lost = 0, []
        for cell in chosen:
            change = make(file, cell, rng)
            if not change:
                continue
            if is_found(file, cell, change):
                hits += 1
            else:
                label = file.labels[cell[0]][cell[1]]
                lost.append({"frameNo": cell[0], "object": label.get("object-name", cell[1])})
        tried[name] = hits + len(lost)
        recall[name] = hits / tried[name] if tried[name] else None
        missed[name] = lost
    extra = recall.pop("lasting-swap")
    return {
        "recall": recall,
        "background": len(cells_of(left)) + sum(one.object is None for one in left),
        "backgroundFindings": [one.to_dict() for one in left],
        "labels": sum(len(held) for held in file.labels.values()),
        "tried": tried,
        "lastingSwap": extra,
        "asGiven": [
            {"frameNo": one.frameNo, "object": one.objectName, "check": one.check} for one in given
        ],
        "missed": missed,
        "seed": seed,
    }


def scenes(count: int, seed: int) -> None:
    """A row for each made scene, as a table of Markdown."""
    print(f"| scene | labels | flagged as made | {' | '.join(ERRORS)} |")
    print("|---" * (3 + len(ERRORS)) + "|")
    for name, scene in SCENES.items():
        found = measure(made(scene, seed), count, seed)
        given = len({(one["frameNo"], one["object"]) for one in found["asGiven"]})
        recall = {**found["recall"], "lasting-swap": found["lastingSwap"]}
        shown = " | ".join("-" if one is None else f"{one:.2f}" for one in recall.values())
        print(f"| {name}: {scene.says} | {found['labels']} | {given} | {shown} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("seqlabel", type=Path, nargs="?", help="SeqLabel.json of video tracking")
    parser.add_argument("--made", action="store_true", help="scenes made for it instead")
    parser.add_argument("--count", type=int, default=300, help="errors of each kind (300)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="everything, as JSON")
    args = parser.parse_args()
    if args.made:
        scenes(args.count, args.seed)
        return
    if args.seqlabel is None:
        parser.error("name a SeqLabel.json, or --made")
    document = json.loads(args.seqlabel.read_text(encoding="utf-8"))
    if DETECTION in document:
        raise SystemExit("labels of video detection have no ids: nothing is injected into them")
    result = measure(document, args.count, args.seed)
    if args.json:
        json.dump(result, sys.stdout, indent=1)
        print()
        return
    for name, value in result["recall"].items():
        shown = "-" if value is None else f"{value:.3f}"
        print(f"{name:10} {shown}  of {result['tried'][name]}")
    print(f"background {result['background']} of {result['labels']} labels")


if __name__ == "__main__":
    main()
