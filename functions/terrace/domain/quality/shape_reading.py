"""Coordinates of one object's labels, read at once: fast where all is well, one by one if not."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["box", "polyline", "polygon", "keypoint", "cuboid"]
KINDS: dict[str, Kind] = {
    "annotations": "box",
    "polylines": "polyline",
    "polygons": "polygon",
    "keypoints": "keypoint",
}
FIELDS: dict[Kind, tuple[str, ...]] = {
    "box": ("left", "top", "width", "height"),
    "keypoint": ("x", "y"),
    "cuboid": (
        *("center-x", "center-y", "center-z"),
        *("length", "width", "height"),
        *("roll", "pitch", "yaw"),
    ),
}
"""Keys of the kinds that are a row of numbers. `roll` and `pitch` may be missing: 0."""
SIZES: dict[Kind, tuple[str, ...]] = {
    "box": ("width", "height"),
    "cuboid": ("length", "width", "height"),
}
LEAST_POINTS: dict[Kind, int] = {"polyline": 2, "polygon": 3}
LARGEST = 1e9
"""A coordinate beyond it is a mistake, and would make every later sum one."""

Row = tuple[int, dict[str, Any]]
UNREADABLE, DEGENERATE = "unreadable", "degenerate"
Bad = Callable[[int, dict[str, Any], str, str], None]
"""Told: frame number, label, reason, name of the check."""


@dataclass(frozen=True)
class Shapes:
    """What could be read of one object in one kind."""

    places: list[int]
    """Which rows they are of."""
    coordinates: NDArray[np.float64]
    points: tuple[NDArray[np.float64], ...] = ()


def read_shapes(key: str, rows: Sequence[Row], bad: Bad) -> dict[Kind, Shapes]:
    """The shapes of rows by kind (`annotations` holds boxes or cuboids); the rest goes to `bad`.

    Args:
        key: of the list that the labels stand in.
        rows: frame number and label.
        bad: told of each label that has no shape to check, with the reason.
    """
    kind = KINDS[key]
    if kind in ("polyline", "polygon"):
        found = _outlines(kind, rows, bad)
        return {kind: found} if found.places else {}
    if kind == "box" and any("center-x" in one for _, one in rows):
        parts = {
            "cuboid": [place for place, (_, one) in enumerate(rows) if "center-x" in one],
            "box": [place for place, (_, one) in enumerate(rows) if "center-x" not in one],
        }
    else:
        parts = {kind: list(range(len(rows)))}
    read = {part: _numbers(part, rows, places, bad) for part, places in parts.items()}  # type: ignore[arg-type]
    return {part: shapes for part, shapes in read.items() if shapes.places}  # type: ignore[misc]


def _numbers(kind: Kind, rows: Sequence[Row], places: list[int], bad: Bad) -> Shapes:
    fields = FIELDS[kind]
    fast = _at_once(fields, [rows[place][1] for place in places])
    if fast is not None:
        sizes = [fields.index(name) for name in SIZES.get(kind, ())]
        if np.all(np.abs(fast) < LARGEST) and np.all(fast[:, sizes] > 0):
            return Shapes(places, fast)
    kept: list[int] = []
    values: list[list[float]] = []
    for place in places:
        at, one = rows[place]
        row, reason, check = _one(kind, one)
        if row is None:
            bad(at, one, reason, check)
        else:
            kept.append(place)
            values.append(row)
    return Shapes(kept, np.array(values, dtype=np.float64).reshape(len(kept), len(fields)))


def _at_once(fields: tuple[str, ...], ones: list[dict[str, Any]]) -> NDArray[np.float64] | None:
    try:
        table = list(map(itemgetter(*fields), ones))
        if not {type(value) for row in table for value in row} <= {int, float}:
            return None
        return np.array(table, dtype=np.float64).reshape(len(ones), len(fields))
    except (KeyError, OverflowError):
        return None


def _one(kind: Kind, one: dict[str, Any]) -> tuple[list[float] | None, str, str]:
    row: list[float] = []
    for name in FIELDS[kind]:
        given = one.get(name, 0 if name in ("roll", "pitch") else None)
        value = number(given)
        if value is None:
            return None, f"has no usable number as {name}", UNREADABLE
        if name in SIZES.get(kind, ()) and value <= 0:
            return None, f"has no extent: its {name} is {value:g}", DEGENERATE
        row.append(value)
    return row, "", ""


def number(value: object) -> float | None:
    """A finite number of sensible size, else None.

    Worked number: 12 -> 12.0; NaN, "12", True, 1e300 -> None.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, int) and abs(value) >= LARGEST:
        return None
    return float(value) if math.isfinite(value) and abs(value) < LARGEST else None


def _outlines(kind: Kind, rows: Sequence[Row], bad: Bad) -> Shapes:
    kept: list[int] = []
    outlines: list[NDArray[np.float64]] = []
    for place, (at, one) in enumerate(rows):
        vertices = one.get("vertices")
        if not isinstance(vertices, list):
            bad(at, one, "has no list of vertices", UNREADABLE)
            continue
        points = [
            (number(vertex.get("x")), number(vertex.get("y")))
            if isinstance(vertex, dict)
            else (None, None)
            for vertex in vertices
        ]
        if any(x is None or y is None for x, y in points):
            bad(at, one, "has a vertex without numbers x and y", UNREADABLE)
            continue
        outline = np.array(points, dtype=np.float64).reshape(len(points), 2)
        if len(np.unique(outline, axis=0)) < LEAST_POINTS[kind]:
            few = f"fewer than {LEAST_POINTS[kind]} different points"
            bad(at, one, f"is no {kind}: it has {few}", DEGENERATE)
            continue
        kept.append(place)
        outlines.append(outline)
    boxes = [
        (*outline.min(axis=0), *(outline.max(axis=0) - outline.min(axis=0))) for outline in outlines
    ]
    return Shapes(kept, np.array(boxes, dtype=np.float64).reshape(len(kept), 4), tuple(outlines))
