"""Check `appearance`: does a tracked object still look like itself in the frames around?

A box that slipped off its object, or is on another one, in one frame or from one frame on. It needs
the pictures, so it runs where they can be read: in `terrace quality check --frames`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from terrace.domain.quality.catalog import CHECKS
from terrace.domain.quality.findings import Finding
from terrace.domain.quality.looks import Vectors, distances, unit
from terrace.domain.quality.outliers import deviations

NAME = "appearance"
AROUND = 3
"""Crops before, and after, that one is compared with."""
CROPS_MIN = 2 * AROUND + 2
"""With fewer there is no telling what is usual for the object."""
FLOOR = 0.01
"""Least scale of distances: a still object in still light differs by the noise of its pictures."""


@dataclass(frozen=True)
class Looks:
    """One object's crops, in the order of their frames."""

    object: str
    objectName: str
    label: str
    frameNos: Sequence[int]
    frames: Sequence[str]
    vectors: Vectors
    """Shape (n, d), one row for each frame."""


def check(looks: Looks, *, threshold: float | None = None, item: int = 0) -> list[Finding]:
    """The frames in which an object looks unlike itself; none where it has fewer than 8 crops.

    Args:
        looks: of one object; frames rise.
        threshold: robust deviations; None: the catalog's.
        item: place of the sequence in the manifest.
    """
    row = CHECKS[NAME]
    limit = row.threshold if threshold is None else threshold
    assert limit is not None
    if len(looks.frameNos) < CROPS_MIN:
        return []
    vectors = unit(np.asarray(looks.vectors, dtype=np.float64))
    alone, turns = spikes(vectors), steps(vectors)
    # Both are measured by the object's own usual change from frame to frame.
    alone_off, turn_off = deviations(list(alone), FLOOR), deviations(list(turns), FLOOR)
    found = []
    for at, (spike, turn) in enumerate(zip(alone_off, turn_off, strict=True)):
        value = float(max(spike, turn))
        if value < limit:
            continue
        if turn > spike:
            if turn < turn_off[max(0, at - AROUND) : at + AROUND + 1].max():
                continue
            what = f"looks like something else from {_frame(looks, at)} on"
        else:
            what = f"looks unlike itself in {_frame(looks, at)}"
        sentence = (
            f"{looks.objectName} {what}: its picture differs {value:.0f} times as much as it "
            "usually changes."
        )
        found.append(
            Finding(
                check=NAME,
                severity=row.severity,
                sentence=sentence,
                item=item,
                frameNo=looks.frameNos[at],
                frame=looks.frames[at],
                object=looks.object,
                objectName=looks.objectName,
                label=looks.label,
                value=value,
                threshold=limit,
            )
        )
    return found


def spikes(vectors: Vectors) -> NDArray[np.float64]:
    """How unlike a crop is those around it: the smaller of the medians before and after it.

    Worked number: five crops alike (distance 0), the third at a distance of 1 from them: 0, 0, 1,
    0, 0. Where a lasting change begins, the crops after it are alike, so it is no spike.

    Args:
        vectors: unit vectors, shape (n, d).

    Returns:
        Shape (n,); 0 for a crop without others.
    """
    number = len(vectors)
    before = np.full((AROUND, number), np.nan)
    after = np.full((AROUND, number), np.nan)
    for off in range(1, min(AROUND, number - 1) + 1):
        apart = distances(vectors[:-off], vectors[off:])
        before[off - 1, off:] = apart
        after[off - 1, :-off] = apart
    sides = np.stack([_median(before), _median(after)])
    found: NDArray[np.float64] = np.nan_to_num(np.fmin(sides[0], sides[1]))
    return found


def steps(vectors: Vectors) -> NDArray[np.float64]:
    """How unlike the three crops before a frame are the three from it on: the median of the nine.

    Worked number: crops a, a, a, b, b, b with a and b at a distance of 1: 0 everywhere but at the
    fourth, where it is 1. Nearer than three crops to an end it is 0: that may be one bad crop.

    Args:
        vectors: unit vectors, shape (n, d).

    Returns:
        Shape (n,).
    """
    number = len(vectors)
    found = np.zeros(number)
    for at in range(AROUND, number - AROUND + 1):
        cross = 1.0 - vectors[at - AROUND : at] @ vectors[at : at + AROUND].T
        found[at] = np.clip(np.median(cross), 0.0, 2.0)
    return found


def _median(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Column medians without the missing values; NaN for a column of them."""
    found = np.full(rows.shape[1], np.nan)
    some = ~np.isnan(rows).all(axis=0)
    if some.any():
        found[some] = np.nanmedian(rows[:, some], axis=0)
    return found


def _frame(looks: Looks, at: int) -> str:
    return f"{looks.frames[at]} (frame {looks.frameNos[at]})"
