"""How alike two things are, 0 to 1, whatever their kind; and which belong together.

Boxes, spans and cuboids: intersection over union of areas, lengths, volumes. Polylines and
polygons: 1 - the mean distance of each outline from the other, as a share of the larger one's
diagonal. Keypoints: 1 - their distance as a share of a tenth of the picture.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from terrace.domain.quality.assignment import assign
from terrace.domain.quality.overlap import iou
from terrace.domain.quality.overlap_cuboids import cuboid_iou
from terrace.domain.quality.things import ROUNDING, Thing

FloatArray = NDArray[np.float64]
SAMPLES = 64
"""Points along an outline between which distances are taken."""


def likeness(first: Sequence[Thing], second: Sequence[Thing]) -> FloatArray:
    """How alike each thing of `first` is to each of `second`, of shape (n, m).

    Things of different kinds are not alike (0); classes are compared by name elsewhere: here two
    `class` things are alike (1).

    Worked numbers: spans 0-10 and 5-10 share 5 of 10 characters: 0.5. A polyline of 100 px length
    and its copy 10 px beside it: 1 - 10 / 100 = 0.9.
    """
    found = np.zeros((len(first), len(second)))
    for kind in {thing.kind for thing in first} & {thing.kind for thing in second}:
        rows = [index for index, thing in enumerate(first) if thing.kind == kind]
        columns = [index for index, thing in enumerate(second) if thing.kind == kind]
        a, b = [first[index] for index in rows], [second[index] for index in columns]
        if kind == "box":
            block = iou([one.numbers for one in a], [one.numbers for one in b])
        elif kind == "class":
            block = np.ones((len(a), len(b)))
        else:
            block = np.array([[_alike(one, other, a, b) for other in b] for one in a])
        found[np.ix_(rows, columns)] = block
    return found


def _alike(one: Thing, other: Thing, first: Sequence[Thing], second: Sequence[Thing]) -> float:
    if one.numbers == other.numbers:
        return 1.0
    if one.kind == "span":
        return _span_iou(one.numbers, other.numbers)
    if one.kind == "cuboid":
        return cuboid_iou(one.numbers, other.numbers)
    if one.kind == "keypoints":
        extent = max(abs(n) for thing in (*first, *second) for n in thing.numbers)
        distance = math.dist(one.numbers, other.numbers)
        return max(0.0, 1.0 - distance / (extent / 10)) if extent else 1.0
    return _outline(one.numbers, other.numbers, closed=one.kind == "polygons")


def _span_iou(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    both = max(0.0, min(a[1], b[1]) - max(a[0], b[0]))
    either = (a[1] - a[0]) + (b[1] - b[0]) - both
    return both / either if either else 0.0


def _outline(a: tuple[float, ...], b: tuple[float, ...], *, closed: bool) -> float:
    """1 - the mean distance between two outlines as a share of the larger one's diagonal."""
    first, second = (_vertices(one, closed) for one in (a, b))
    diagonal = max(float(np.hypot(*np.ptp(points, axis=0))) for points in (first, second))
    distance = (_from(_along(first), second) + _from(_along(second), first)) / 2
    if diagonal == 0:
        return 1.0 if distance == 0 else 0.0
    return max(0.0, 1.0 - distance / diagonal)


def _vertices(numbers: tuple[float, ...], closed: bool) -> FloatArray:
    points = np.array(numbers, dtype=np.float64).reshape(-1, 2)
    return np.vstack([points, points[:1]]) if closed or len(points) == 1 else points


def _from(points: FloatArray, outline: FloatArray) -> float:
    """Mean distance of points from the nearest place of an outline."""
    start, step = outline[:-1], np.diff(outline, axis=0)
    length = (step**2).sum(axis=1)
    toward = ((points[:, None] - start) * step).sum(axis=2)
    along = np.clip(toward / np.where(length > 0, length, 1.0), 0.0, 1.0)
    nearest = start + along[:, :, None] * step
    return float(np.hypot(*(points[:, None] - nearest).transpose(2, 0, 1)).min(axis=1).mean())


def _along(points: FloatArray) -> FloatArray:
    """Points at equal distances along an outline: vertices are set more densely by some."""
    steps = np.hypot(*np.diff(points, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    if along[-1] == 0:
        return points[:1]
    at = np.linspace(0, along[-1], SAMPLES)
    return np.stack([np.interp(at, along, points[:, axis]) for axis in (0, 1)], axis=1)


def unmoved(one: Thing, other: Thing) -> bool:
    """True if two things of a kind stand at the same place, but for rounding."""
    if one.kind != other.kind or len(one.numbers) != len(other.numbers):
        return False
    return all(
        abs(a - b) <= ROUNDING[one.kind] for a, b in zip(one.numbers, other.numbers, strict=True)
    )


def match(weight: FloatArray, allowed: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The pairs among the allowed ones whose weights are the most together.

    A pair is never given up for the sake of more pairs: two poor ones do not beat one good one.

    Worked number: weights [[0.9, 0.3], [0.3, 0]] -> [(0, 0)]: 0.9 is more than 0.3 + 0.3.

    Args:
        weight: (n, m), at least 0.
        allowed: (n, m).
    """
    if not allowed.any():
        return []
    pairs = assign(-np.where(allowed, weight, 0.0))
    return [(row, column) for row, column in pairs if allowed[row, column]]
