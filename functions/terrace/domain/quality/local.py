"""How far a label lies from where its neighbours in time say it should be.

Three things make a single bad frame stand out alone, and natural motion not at all:

* the prediction is a median over nine pairs of neighbours (1, 2 or 3 frames before; 1, 2 or 3
  after), so that one bad neighbour does not bend it;
* a deviation counts only if the motion before and the motion after, each prolonged, see it too, on
  the same side: at a turn or a change of speed at least one of them fits;
* it is compared with the noise of the same track at the same time (`noise`).
"""

from dataclasses import dataclass

import numpy as np

from terrace.domain.quality.rows import Floats, Ints, Rows

REACH = 3
"""Neighbours asked on each side."""
CONFIRMED = 0.3
"""Share of the deviation that the motion of either side must see."""
WINDOW = 41
"""Labels of a track that tell its noise around a frame."""
HOP = 10
_TAIL = 1.645
"""The 90th percentile of |x| of a normal variable of deviation 1."""
_MIDDLE = 0.6745
"""Its median."""


@dataclass(frozen=True)
class Deviation:
    """Of every row and channel; NaN where a side has no neighbour."""

    plain: Floats
    """(n, c): value less prediction."""
    confirmed: Floats
    """(n, c): the same where both sides see it, else 0."""
    past: Floats
    """(n, c): value less what the motion before says."""
    future: Floats
    """(n, c): value less what the motion after says."""


def deviation(rows: Rows, run: int = 1, offset: int = 0) -> Deviation:
    """Deviation of each row from the rows around it, leaving out a run of suspects.

    Worked number: values 10, 11, 12, 20, 14, 15, 16 in frames 0-6: every pair around frame 3
    predicts 13, so its deviation is 7; frame 2 has three predictions of nine bent by frame 3, so
    the median is 12 and its deviation 0.

    Args:
        rows: what is measured.
        run: suspects side by side; they do not predict one another.
        offset: place of the row in that run, from 0.
    """
    index = np.arange(len(rows))
    low, high = index - offset - 1, index - offset + run
    known = (low >= rows.first) & (high <= rows.last)
    left = [np.maximum(low - step, rows.first) for step in range(REACH)]
    right = [np.minimum(high + step, rows.last) for step in range(REACH)]
    # Rows at an end have no such neighbours: any index will do, the result is struck out below.
    left = [np.minimum(one, len(rows) - 1) for one in left]
    right = [np.maximum(one, 0) for one in right]
    values, frames = rows.values, rows.frames.astype(np.float64)
    before = [(values[one], frames[one]) for one in left]
    after = [(values[one], frames[one]) for one in right]
    guesses = []
    for value_a, frame_a in before:
        for value_b, frame_b in after:
            span = frame_b - frame_a
            share = (frames - frame_a) / np.where(span > 0, span, 1.0)
            guesses.append(value_a + (value_b - value_a) * share[:, None])
    plain = values - median_of_nine(guesses)
    past = values - _prolonged(before, frames)
    future = values - _prolonged(after, frames)
    side = np.sign(plain)
    least = np.minimum(side * past, side * future)
    confirmed = np.where(least >= CONFIRMED * np.abs(plain), plain, 0.0)
    plain[~known] = np.nan
    confirmed[~known] = np.nan
    return Deviation(plain, confirmed, past, future)


def _prolonged(points: list[tuple[Floats, Floats]], frames: Floats) -> Floats:
    """The motion of one side, prolonged to the frame: median of its three pairs of points."""
    guesses = []
    for near, far in ((0, 1), (0, 2), (1, 2)):
        (value_n, frame_n), (value_f, frame_f) = points[near], points[far]
        span = frame_n - frame_f
        # A side with one neighbour only has no motion: its place counts.
        share = np.where(span != 0, (frames - frame_n) / np.where(span != 0, span, 1.0), 0.0)
        guesses.append(value_n + (value_n - value_f) * share[:, None])
    a, b, c = guesses
    return np.maximum(np.minimum(a, b), np.minimum(np.maximum(a, b), c))


_NETWORK = (
    *((1, 2), (4, 5), (7, 8), (0, 1), (3, 4), (6, 7), (1, 2), (4, 5), (7, 8)),
    *((0, 3), (5, 8), (4, 7), (3, 6), (1, 4), (2, 5), (4, 7), (4, 2), (6, 4), (4, 2)),
)
"""Compare and swap: afterwards the median is in the middle (N. Devillard, Fast median search)."""


def median_of_nine(values: list[Floats]) -> Floats:
    """Median of nine arrays, element by element; many times faster than sorting.

    Worked number: 9, 1, 8, 2, 7, 3, 6, 4, 5 -> 5.
    """
    sorted_so_far = list(values)
    for low, high in _NETWORK:
        a, b = sorted_so_far[low], sorted_so_far[high]
        sorted_so_far[low], sorted_so_far[high] = np.minimum(a, b), np.maximum(a, b)
    return sorted_so_far[4]


def noise(rows: Rows, plain: Floats, floor: Floats) -> Floats:
    """Usual size of a deviation around each row, per channel: the greater of two robust ones.

    Of the up to 41 deviations d of the same run around it: median |d| / 0.6745 (the scaled MAD) and
    the 90th percentile of |d| / 1.645; a normal noise of deviation s gives s by both, rare jerks
    raise the second. Never below `floor`.

    Worked number: of |d| = 1 for 21 rows and 3.29 for 20, the first is 1 / 0.6745 = 1.48 and the
    second 3.29 / 1.645 = 2: the noise is 2.

    Args:
        rows: what was measured.
        plain: its deviations, (n, c); NaN counts as none.
        floor: (c,): rounding of the tool that drew the labels.
    """
    length = rows.last - rows.first + 1
    place = np.arange(len(rows)) - rows.first
    centre = np.minimum((place // HOP) * HOP + HOP // 2, length - 1)
    keys, back = _distinct(rows.first, centre)
    start, size, middle = rows.first[keys], length[keys], centre[keys]
    begin = np.clip(middle - WINDOW // 2, 0, np.maximum(size - WINDOW, 0))
    steps = (begin[:, None] + np.arange(WINDOW)[None, :]) % size[:, None]
    window = np.abs(plain[start[:, None] + steps])
    # Ends have no deviation: put aside as infinite, counted out below.
    known = ~np.isnan(window[:, :, 0])
    window[~known] = np.inf
    window.sort(axis=1)
    count = np.maximum(known.sum(axis=1), 1)
    middle_one = _nth(window, (count - 1) // 2)
    tail_one = _nth(window, np.minimum(np.ceil(0.9 * count).astype(np.int64), count) - 1)
    found = np.maximum(middle_one / _MIDDLE, tail_one / _TAIL)
    found[~np.isfinite(found)] = 0.0
    # A handful of deviations says nothing of noise: what other tracks show stands in.
    few = count < 8
    if np.any(few) and np.any(~few):
        relative = found / rows.scale[keys]
        usual = np.median(relative[~few], axis=0)
        found[few] = np.maximum(0, usual * rows.scale[keys][few])
    return np.maximum(found, floor[None, :])[back]


def _distinct(first: Ints, centre: Ints) -> tuple[Ints, Ints]:
    """Rows with a window of their own, and for each row which of them is its."""
    new = np.concatenate(([True], (np.diff(first) != 0) | (np.diff(centre) != 0)))
    return np.flatnonzero(new), np.cumsum(new) - 1


def _nth(ordered: Floats, place: Ints) -> Floats:
    return ordered[np.arange(len(ordered)), place]
