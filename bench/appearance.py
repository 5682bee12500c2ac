"""`python -m bench.appearance [--json]`: what check `appearance` finds in rendered clips.

Boxes of the demo's clips (photographs that move over textured ground), drawn with a jitter as
people draw, then one flaw at a time: a box shifted in one frame, another object's box in one frame,
another object's from one frame on. Seeded; needs the demo's photographs (`make setup`).
"""

import argparse
import json
import random
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np
from PIL import Image

from terrace.domain.quality.appearance import Looks, check
from terrace.domain.quality.looks import Pixels, Vectors, crop, hog_and_color
from terrace_local.clip import make_clip
from terrace_local.workers.shapes import Box

SEEDS = range(3)
TRIALS = 5
EDGE = 4
"""Frames at a track's ends that get no flaw: there is nothing on one side of them."""
Rect = tuple[float, float, float, float]


def worlds() -> list[tuple[list[Pixels], dict[str, dict[int, Rect]]]]:
    """Frames and true boxes of every clip."""
    found = []
    for seed in SEEDS:
        with tempfile.TemporaryDirectory() as folder:
            clip = make_clip(Path(folder) / "clip", "s3://bench/clip/", seed=seed, frames=60)
            for name, truth in clip.truths.items():
                paths = sorted((clip.folder / "frames" / name).glob("*.jpg"))
                place = {path.name: at for at, path in enumerate(paths)}
                frames = [np.asarray(Image.open(path).convert("RGB")) for path in paths]
                boxes = {
                    thing.object_id: {
                        place[frame]: (box.left, box.top, box.width, box.height)
                        for frame, box in sorted(thing.frames.items())
                        if isinstance(box, Box)
                    }
                    for thing in truth.objects
                    if thing.kind == "box"
                }
                found.append((frames, boxes))
    return found


def drawn(box: Rect, jitter: float, chance: random.Random) -> Rect:
    """A box as a person draws it: off by `jitter` of its size (standard deviation)."""
    left, top, width, height = box
    off = [chance.gauss(0, jitter) for _ in range(4)]
    return (
        left + off[0] * width,
        top + off[1] * height,
        width * (1 + off[2]),
        height * (1 + off[3]),
    )


def vectors_of(frames: list[Pixels], boxes: dict[int, Rect]) -> tuple[list[int], Vectors]:
    """Crops of one object as vectors; boxes with nothing inside are left out."""
    crops = {at: crop(frames[at], *box) for at, box in boxes.items()}
    sound = {at: pixels for at, pixels in crops.items() if pixels is not None}
    return list(sound), hog_and_color(list(sound.values()))


def flagged(numbers: list[int], vectors: Vectors) -> set[int]:
    """The frames that the check names."""
    names = [f"{number:06}.jpg" for number in numbers]
    return {
        number
        for one in check(Looks("1", "Car:1", "Car", numbers, names, vectors))
        if (number := one.frameNo) is not None
    }


def measure(jitter: float) -> dict[str, object]:
    """Recall of each flaw, and flags where there is none."""
    chance = random.Random(1)
    hits: dict[str, list[bool]] = defaultdict(list)
    background = labels = 0
    for frames, boxes in worlds():
        known = {
            name: vectors_of(frames, {at: drawn(box, jitter, chance) for at, box in track.items()})
            for name, track in boxes.items()
        }
        for name, (numbers, vectors) in known.items():
            background += len(flagged(numbers, vectors))
            labels += len(numbers)
            for _ in range(TRIALS):
                at = chance.randrange(EDGE, len(numbers) - EDGE)
                frame = numbers[at]
                left, top, width, height = boxes[name][frame]
                for kind, shift in (("shift-20", 0.2), ("shift-35", 0.35)):
                    moved = (left + shift * width, top + shift * height, width, height)
                    part = crop(frames[frame], *moved)
                    if part is not None:
                        changed = vectors.copy()
                        changed[at] = hog_and_color([part])[0]
                        hits[kind].append(frame in flagged(numbers, changed))
                others = [
                    other
                    for other, (seen, _) in known.items()
                    if other != name and set(numbers) <= set(seen)
                ]
                if not others:
                    continue
                seen, theirs = known[chance.choice(others)]
                place = {number: row for row, number in enumerate(seen)}
                changed = vectors.copy()
                changed[at] = theirs[place[frame]]
                hits["other-object"].append(frame in flagged(numbers, changed))
                for row in range(at, len(numbers)):
                    changed[row] = theirs[place[numbers[row]]]
                near = {frame - 1, frame, frame + 1}
                hits["other-object-from-here-on"].append(bool(near & flagged(numbers, changed)))
    recall = {kind: round(sum(rows) / len(rows), 3) for kind, rows in sorted(hits.items())}
    trials = {kind: len(rows) for kind, rows in sorted(hits.items())}
    return {"recall": recall, "trials": trials, "background": background, "labels": labels}


def main() -> None:
    """Prints it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON")
    found = {f"jitter {jitter:g}": measure(jitter) for jitter in (0.0, 0.02, 0.04)}
    if parser.parse_args().json:
        print(json.dumps(found, indent=1))
        return
    for name, row in found.items():
        print(name, *(f"{key}={value}" for key, value in row.items()))


if __name__ == "__main__":
    main()
