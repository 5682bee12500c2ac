"""The motion that all objects of a frame share: a camera that shakes is nobody's mistake.

Objects move evenly for a few frames; a jolt of the camera moves all of them at once. What the
middle one of at least three objects jumps, against its own even motion, is taken for the camera's,
and taken out, if the tracks are calmer afterwards.
"""

import numpy as np

from terrace.domain.quality.local import deviation, median_of_nine
from terrace.domain.quality.rows import Floats, Ints, Rows

LEAST_OBJECTS = 3
CALMER = 0.8
"""Share of the deviation that may be left for the correction to be believed."""


def steadied(rows: Rows, place: slice) -> Rows:
    """Rows with the camera's jolts taken out of their place; the same rows if that helps nobody.

    Worked number: three boxes stand still and jump by 8, 9 and 10 px from frame 5 on: from frame 5
    on 9 px are taken from each, so that jumps of -1, 0 and 1 px are left.

    Args:
        rows: of all objects of the sequence, in pixels.
        place: the channels that hold x and y.
    """
    jolt = _jolts(rows, place)
    if jolt is None:
        return rows
    values = rows.values.copy()
    values[:, place] -= jolt
    calm = Rows(values, rows.scale, rows.frames, rows.track, rows.place, rows.first, rows.last)
    before = _unrest(deviation(rows).plain[:, place])
    after = _unrest(deviation(calm).plain[:, place])
    return calm if after < CALMER * before else rows


def _unrest(plain: Floats) -> float:
    known = plain[~np.isnan(plain[:, 0])]
    return float(np.mean(np.sqrt(np.abs(known)))) if len(known) else 0.0


def _jolts(rows: Rows, place: slice) -> Floats | None:
    """The camera's way up to each row's frame, (n, 2); None where there is nothing to see."""
    index = np.arange(len(rows))
    linked = index[rows.first < index]
    span = (rows.frames[linked] - rows.frames[linked - 1]).astype(np.float64)
    linked, span = linked[span == 1], span[span == 1]
    if len(linked) < LEAST_OBJECTS:
        return None
    speed = np.zeros((len(rows), 2))
    speed[linked] = rows.values[linked, place] - rows.values[linked - 1, place]
    # The first row of a run has no speed: its neighbour's stands in.
    low, high = np.minimum(rows.first + 1, rows.last), rows.last
    around = [speed[np.clip(index + step, low, high)] for step in range(-4, 5)]
    jerk = (speed - median_of_nine(around))[linked]
    frames = rows.frames[linked]
    numbers, back = np.unique(frames, return_inverse=True)
    middle, count = _medians(jerk, back, len(numbers))
    middle[count < LEAST_OBJECTS] = 0.0
    if not np.any(middle):
        return None
    way = np.cumsum(middle, axis=0)
    # A frame in which nothing moves on keeps the way of the one before.
    at = np.searchsorted(numbers, rows.frames, side="right") - 1
    found: Floats = np.where(at[:, None] >= 0, way[np.maximum(at, 0)], 0.0)
    return found


def _medians(values: Floats, group: Ints, groups: int) -> tuple[Floats, Ints]:
    """Median of each group by column, and how many are in it."""
    count = np.bincount(group, minlength=groups)
    start = np.cumsum(count) - count
    found = np.zeros((groups, values.shape[1]))
    for column in range(values.shape[1]):
        order = np.lexsort((values[:, column], group))
        ordered = values[order, column]
        low, high = start + (count - 1) // 2, start + count // 2
        found[:, column] = (ordered[low] + ordered[high]) / 2
    return found, count
