"""SeqLabel.json of video frames."""

import json
from typing import Any

from terrace_cli.gt_shapes.report import At, Fetch, parse

SHAPES = ("annotations", "polylines", "polygons", "keypoints")
_OWN = {
    "annotations": "height width top left",
    "polylines": "vertices",
    "polygons": "vertices",
    "keypoints": "x y",
}
_LEAST_VERTICES = {"polylines": 2, "polygons": 3}


def check_box(row: dict[str, Any], at: At) -> bool:
    """Sides and corner of a box, in pixels."""
    numbers = [row.get(key) for key in ("left", "top", "width", "height")]
    if not all(at.of(number, "number") for number in numbers):
        return False
    fine = numbers[0] >= 0 and numbers[1] >= 0 and numbers[2] > 0 and numbers[3] > 0
    return at.need(fine, "a box needs a corner on the image and sides longer than 0")


def sequence_names(line: dict[str, Any], fetch: Fetch | None) -> list[str] | None:
    """The frames that a line's sequence file lists, in the order workers see them."""
    if fetch is None:
        return None
    try:
        rows = json.loads(fetch(line["source-ref"]))["frames"]
    except (LookupError, ValueError, TypeError):
        return None
    return sorted((str(row["frame"]) for row in rows), key=str.encode)


def check_seqlabel(body: bytes, top: str, names: list[str] | None, at: At) -> set[str]:
    """Checks a label file; returns the classes used.

    Args:
        body: The file.
        top: `tracking-annotations` or `detection-annotations`.
        names: Frames of the sequence, where they are known.
        at: The file's place.
    """
    data = parse(body, at)
    if data is None or not at.keys(data, top) or not at.inside(top).of(data[top], "list"):
        return set()
    used: set[str] = set()
    seen: set[str] = set()
    for number, frame in enumerate(data[top]):
        used |= _check_frame(frame, top, names, at.inside(top).inside(number), seen)
    return used


def _check_frame(frame: Any, top: str, names: list[str] | None, at: At, seen: set[str]) -> set[str]:
    if not at.of(frame, "object"):
        return set()
    kinds = [key for key in SHAPES if key in frame]
    # Real files leave frame-attributes out now and then.
    if not at.need(bool(kinds), f"has none of {', '.join(SHAPES)}") or not at.keys(
        frame, f"frame-no frame {kinds[0]}", f"frame-attributes {' '.join(kinds)}"
    ):
        return set()
    number = frame["frame-no"]
    is_text = isinstance(number, str) and number.isdigit()
    is_int = isinstance(number, int) and not at.strict
    at.inside("frame-no").need(is_text or is_int, f"must be a string of digits, not {number!r}")
    at.need(frame["frame"] not in seen, f"frame {frame['frame']!r} is there twice")
    seen.add(frame["frame"])
    if names is not None and at.need(frame["frame"] in names, f"no frame {frame['frame']!r}"):
        place = names.index(frame["frame"])
        at.need(int(number) == place, f"frame-no is {number}, the frame's place is {place}")
    at.inside("frame-attributes").of(frame.get("frame-attributes", {}), "object")
    used = set()
    for kind in kinds:
        if at.inside(kind).of(frame[kind], "list"):
            for order, row in enumerate(frame[kind]):
                used |= _check_shape(row, kind, top, at.inside(kind).inside(order))
    return used


def _check_shape(row: Any, kind: str, top: str, at: At) -> set[str]:
    needed = f"{_OWN[kind]} class-id label-category-attributes"
    if top == "tracking-annotations":
        needed += " object-id object-name"
    if not at.keys(row, needed):
        return set()
    ident = row["class-id"]
    at.inside("class-id").need(
        isinstance(ident, str) and ident.isdigit(), f"must be a string of digits, not {ident!r}"
    )
    at.inside("label-category-attributes").of(row["label-category-attributes"], "object")
    if "object-id" in row:
        check_identity(row, at)
    if kind == "annotations":
        check_box(row, at)
    elif kind == "keypoints":
        check_point(row, at)
    elif at.inside("vertices").of(row["vertices"], "list"):
        least = _LEAST_VERTICES[kind]
        at.need(len(row["vertices"]) >= least, f"needs at least {least} vertices")
        for number, point in enumerate(row["vertices"]):
            spot = at.inside("vertices").inside(number)
            if spot.keys(point, "x y"):
                check_point(point, spot)
    return {str(ident)}


def check_point(row: dict[str, Any], at: At) -> None:
    """A point in pixels."""
    for key in ("x", "y"):
        at.inside(key).of(row[key], "number")


def check_identity(row: dict[str, Any], at: At) -> None:
    """An object's id (a UUID) and name (`Car:1`)."""
    ident, name = row.get("object-id"), row.get("object-name")
    parts = ident.split("-") if isinstance(ident, str) else []
    at.inside("object-id").need(
        [len(part) for part in parts] == [8, 4, 4, 4, 12], f"must be a UUID, not {ident!r}"
    )
    named = isinstance(name, str) and name.rpartition(":")[2].isdigit()
    at.inside("object-name").need(named, f"must be a label, a colon and a number, not {name!r}")
