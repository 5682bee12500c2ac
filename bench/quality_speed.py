"""Time and memory of the track checks: 1,000 sequences x 300 frames x 10 objects.

`python bench/quality_speed.py [--sequences 1000] [--json]`

Each sequence is made as the text of a SeqLabel.json (made beforehand, not timed), then parsed, read
and checked with all checks, one after the other, as a Lambda does it. Times are of one core's
processor time, so that other work on the machine does not count; memory is the peak of the process.

Two baselines, each on the distinct sequences only and scaled by their number:

* `notebook`: what the 2021 notebook does, written from its description as plain loops (without the
  tables that it builds on the way): for each object a walk over all frames and all their labels,
  sizes, their differences, rolling means and deviations, rolling IoU. It answers far fewer
  questions, so that its time says what those cost, not what loops cost.
* `loops`: the core of the track checks (prediction by nine pairs, both sides' motion, noise) label
  by label in loops as a notebook would write it, with the same results (compared). It leaves out
  runs of several frames, camera, ids, flips, twins: the ratio is the least that arrays save.
"""

import argparse
import json
import math
import random
import resource
import sys
import time
import uuid
from itertools import pairwise
from typing import Any

import numpy as np

from terrace.domain.quality.local import HOP, WINDOW, deviation, noise
from terrace.domain.quality.sequence import TRACKING, load
from terrace.domain.quality.signals import PIXEL
from terrace.domain.quality.track_checks import DEFAULTS, check
from terrace.domain.quality.track_tables import tables

FRAMES, OBJECTS = 300, 10
DISTINCT = 20
"""Sequences made; they are taken in turn, for making them takes longer than checking them."""
ROLLING = 5


def sequence_text(seed: int) -> str:
    """A sequence: objects that move evenly, grow, tremble, and have an error in 1 % of labels."""
    rng = random.Random(seed)
    tracks = []
    for index in range(OBJECTS):
        ident = str(uuid.UUID(int=rng.getrandbits(128)))
        x, y, width = rng.uniform(100, 1500), rng.uniform(100, 900), rng.uniform(40, 200)
        speed = (rng.gauss(0, 2), rng.gauss(0, 1))
        grow = 1 + rng.gauss(0, 0.001)
        tracks.append([ident, f"Vehicle:{index + 1}", x, y, width, *speed, grow])
    frames = []
    for number in range(FRAMES):
        labels = []
        for ident, name, x, y, width, across, down, grow in tracks:
            wide = width * grow**number
            tall = wide * 0.7 * (0.7 if rng.random() < 0.005 else 1)
            if rng.random() < 0.005:
                continue
            labels.append(
                {
                    "height": round(tall + rng.gauss(0, 0.7)),
                    "width": round(wide + rng.gauss(0, 0.7)),
                    "top": round(y + down * number + rng.gauss(0, 0.7)),
                    "left": round(x + across * number + rng.gauss(0, 0.7)),
                    "class-id": "2",
                    "label-category-attributes": {"Color": "Green"},
                    "object-id": ident,
                    "object-name": name,
                }
            )
        frames.append(
            {
                "annotations": labels,
                "frame-no": str(number),
                "frame": f"{number + 1:06d}.jpg",
                "frame-attributes": {},
            }
        )
    return json.dumps({TRACKING: frames})


def notebook(text: str) -> int:
    """The loops of 2021; returns how many flags they set."""
    frames = json.loads(text)[TRACKING]
    names = []
    for frame in frames:
        for label in frame["annotations"]:
            if label["object-name"] not in names:
                names.append(label["object-name"])
    flags = 0
    for name in names:
        boxes: list[Any] = []
        for frame in frames:
            for label in frame["annotations"]:
                if label["object-name"] == name:
                    boxes.append((label["left"], label["top"], label["width"], label["height"]))
        sizes = [box[2] * box[3] for box in boxes]
        change = [(b - a) / a for a, b in pairwise(sizes)]
        for series in (sizes, change, [box[0] for box in boxes], [box[1] for box in boxes]):
            for at in range(ROLLING, len(series)):
                part = series[at - ROLLING : at]
                mean = sum(part) / ROLLING
                spread = math.sqrt(sum((one - mean) ** 2 for one in part) / ROLLING)
                flags += abs(series[at] - mean) > 3 * spread > 0
        for a, b in pairwise(boxes):
            wide = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
            high = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
            shared = max(0, wide) * max(0, high)
            flags += shared / (a[2] * a[3] + b[2] * b[3] - shared) < 0.5
    return flags


def loops(text: str) -> dict[tuple[str, int], list[float]]:
    """Deviation over noise of every label and channel, object by object and frame by frame."""
    tracks: dict[str, list[tuple[int, list[float]]]] = {}
    for frame in json.loads(text)[TRACKING]:
        for one in frame["annotations"]:
            wide, tall = one["width"], one["height"]
            measured = [one["left"] + wide / 2, one["top"] + tall / 2, wide, tall]
            tracks.setdefault(one["object-id"], []).append((int(frame["frame-no"]), measured))
    found = {}
    for ident, rows in tracks.items():
        plain = [[_deviation(rows, at, channel) for channel in range(4)] for at in range(len(rows))]
        for at, (number, _) in enumerate(rows):
            if 0 < at < len(rows) - 1:
                centre = min(at // HOP * HOP + HOP // 2, len(rows) - 1)
                begin = min(max(centre - WINDOW // 2, 0), max(len(rows) - WINDOW, 0))
                part = [row for row in plain[begin : begin + WINDOW] if row[0] is not None]
                sure = []
                for channel in range(4):
                    sizes = sorted(abs(row[channel] or 0.0) for row in part)
                    middle = sizes[(len(sizes) - 1) // 2] / 0.6745
                    tail = sizes[math.ceil(0.9 * len(sizes)) - 1] / 1.645
                    sure.append((plain[at][channel] or 0.0) / max(middle, tail, PIXEL))
                found[ident, number] = sure
    return found


def _deviation(rows: list[tuple[int, list[float]]], at: int, channel: int) -> float | None:
    if at in (0, len(rows) - 1):
        return None
    guesses = []
    for back in (1, 2, 3):
        for ahead in (1, 2, 3):
            a, b = rows[max(at - back, 0)], rows[min(at + ahead, len(rows) - 1)]
            share = (rows[at][0] - a[0]) / (b[0] - a[0])
            guesses.append(a[1][channel] + (b[1][channel] - a[1][channel]) * share)
    return rows[at][1][channel] - sorted(guesses)[4]


def agree(text: str) -> None:
    """Raises AssertionError where the loops do not say what the arrays say."""
    slow = loops(text)
    for table in tables(load(json.loads(text)), {}, int(DEFAULTS["missing-frame"])):
        first = deviation(table.rows).plain
        level = noise(table.rows, first, table.signals.floor)
        for row, ratio in enumerate(first / level):
            key = (table.track(row).id, int(table.rows.frames[row]))
            if key in slow:
                assert np.allclose(ratio, slow[key], atol=1e-9), key


def measure(sequences: int) -> dict[str, Any]:
    """Seconds of processor time in all, and by part."""
    texts = [sequence_text(seed) for seed in range(min(DISTINCT, sequences))]
    before = peak_mb()
    check(load(json.loads(texts[0])))
    parts = {"parse": 0.0, "read": 0.0, "check": 0.0}
    slowest, findings, labels = 0.0, 0, 0
    for index in range(sequences):
        start = time.process_time()
        document = json.loads(texts[index % len(texts)])
        parsed = time.process_time()
        loaded = load(document, item=index)
        read = time.process_time()
        findings += len(check(loaded))
        end = time.process_time()
        labels += loaded.objects
        parts["parse"] += parsed - start
        parts["read"] += read - parsed
        parts["check"] += end - read
        slowest = max(slowest, end - start)
    peak = peak_mb()
    subset = min(len(texts), sequences)
    start = time.process_time()
    for text in texts[:subset]:
        notebook(text)
    slow = (time.process_time() - start) / subset * sequences
    few = texts[: max(1, subset // 5)]
    start = time.process_time()
    for text in few:
        loops(text)
    core = (time.process_time() - start) / len(few) * sequences
    agree(few[0])
    total = sum(parts.values())
    return {
        "sequences": sequences,
        "frames": FRAMES,
        "objects": OBJECTS,
        "labels": labels,
        "seconds": round(total, 2),
        "parts": {name: round(value, 2) for name, value in parts.items()},
        "slowestSequenceSeconds": round(slowest, 4),
        "findings": findings,
        "peakMb": round(peak),
        "peakMbBeforeChecks": round(before),
        "notebookSeconds": round(slow, 2),
        "notebookMeasuredOn": subset,
        "notebookRatio": round(slow / total, 2),
        "loopsSeconds": round(core, 2),
        "loopsMeasuredOn": len(few),
        "loopsRatio": round(core / total, 2),
    }


def peak_mb() -> float:
    """Peak of resident memory so far, in MB (Linux counts in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sequences", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    result = measure(args.sequences)
    if args.json:
        json.dump(result, sys.stdout, indent=1)
        print()
        return
    for name, value in result.items():
        print(f"{name:24} {value}")


if __name__ == "__main__":
    main()
