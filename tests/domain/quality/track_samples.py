"""Label files for tests of tracks: objects that move evenly, with a little of a hand's tremble."""

import math
import random
from typing import Any

from terrace.domain.quality.findings import Finding, Severity
from terrace.domain.quality.sequence import load
from terrace.domain.quality.track_checks import check

Json = dict[str, Any]
KEYS = {"polyline": "polylines", "polygon": "polygons", "keypoint": "keypoints"}


def seqlabel(*frames: Json) -> Json:
    return {"tracking-annotations": list(frames)}


def frame(number: int, *labels: Json, key: str = "annotations", **more: Any) -> Json:
    return {
        key: list(labels),
        "frame-no": str(number),
        "frame": f"{number + 1:06d}.jpg",
        "frame-attributes": {},
        **more,
    }


def box(
    left: float = 10, top: float = 20, width: float = 40, height: float = 60, **more: Any
) -> Json:
    return {
        "left": left,
        "top": top,
        "width": width,
        "height": height,
        "class-id": "0",
        "object-id": "a",
        "object-name": "Car:1",
        "label-category-attributes": {},
        **more,
    }


def thing(index: int) -> Json:
    return {"object-id": f"id-{index}", "object-name": f"Car:{index}"}


def boxes(objects: int = 3, frames: int = 60, *, seed: int = 1, tremble: float = 0.7) -> Json:
    """Boxes that drive beside one another, some nearer and faster, and grow."""
    rng = random.Random(seed)
    found = []
    for number in range(frames):
        labels = []
        for index in range(1, objects + 1):
            width = 60 * index * 1.002**number
            left = 100 + 3 * index * number + 0.01 * number**2
            top = 250 * index + 1.0 * number
            values = [left, top, width, 0.7 * width]
            trembling = [round(value + rng.gauss(0, tremble)) for value in values]
            labels.append(box(*trembling, **thing(index)))
        found.append(frame(number, *labels))
    return seqlabel(*found)


def shapes(kind: str, frames: int = 40, seed: int = 1) -> Json:
    """Two objects of any kind."""
    rng = random.Random(seed)
    found = []
    for number in range(frames):
        labels = []
        for index in (1, 2):
            x, y = 200 * index + 2.5 * number, 300 * index + number

            def near(value: float) -> int:
                return round(value + rng.gauss(0, 0.6))

            more: Json = {"class-id": "0", "label-category-attributes": {}, **thing(index)}
            if kind == "keypoint":
                labels.append({"x": near(x), "y": near(y), **more})
            elif kind == "cuboid":
                names = ("center-x", "center-y", "center-z", "length", "width", "height")
                values = (x / 10, y / 10, 1.0, 4.2, 1.8, 1.5)
                cuboid = {
                    name: value + rng.gauss(0, 0.02)
                    for name, value in zip(names, values, strict=True)
                }
                yaw = math.remainder(3.0 + 0.02 * number, 2 * math.pi)
                labels.append({**cuboid, "roll": 0, "pitch": 0, "yaw": yaw, **more, "class-id": 0})
            else:
                corners = ((0, 0), (80, 10), (90, 60), (20, 70))
                vertices = [{"x": near(x + dx), "y": near(y + dy)} for dx, dy in corners]
                labels.append({"vertices": vertices, **more})
        found.append(frame(number, *labels, key=KEYS.get(kind, "annotations")))
    return seqlabel(*found)


def labels_of(document: Json, number: int) -> list[Json]:
    entry = next(f for f in document["tracking-annotations"] if int(f["frame-no"]) == number)
    found: list[Json] = next(entry[key] for key in ("annotations", *KEYS.values()) if key in entry)
    return found


def label_of(document: Json, number: int, index: int) -> Json:
    return next(one for one in labels_of(document, number) if one["object-id"] == f"id-{index}")


def findings(document: Any, **options: Any) -> list[Finding]:
    return check(load(document), **options)


def loud(document: Any, **options: Any) -> list[Finding]:
    """Findings of warning and above."""
    return [one for one in findings(document, **options) if one.severity is not Severity.info]


def places(found: list[Finding]) -> set[tuple[int | None, str | None]]:
    return {(one.frameNo, one.objectName) for one in found}
