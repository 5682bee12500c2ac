"""Polylines and polygons as the same number of points, so that two of them can be compared."""

import numpy as np

from terrace.domain.quality.rows import Bools, Floats


def resampled(points: Floats, count: int, closed: bool) -> Floats:
    """`count` points at even distances along an outline, from its first vertex on.

    Worked number: the line (0, 0) - (4, 0) by three points: (0, 0), (2, 0), (4, 0).

    Args:
        points: (m, 2).
        count: points wanted.
        closed: True for a polygon: the way back to the first vertex belongs to it.
    """
    path = np.concatenate((points, points[:1])) if closed else points
    steps = np.hypot(*np.diff(path, axis=0).T)
    along = np.concatenate(([0.0], np.cumsum(steps)))
    wanted = np.linspace(0.0, along[-1], count, endpoint=not closed)
    return np.column_stack([np.interp(wanted, along, path[:, axis]) for axis in (0, 1)])


def aligned(outlines: Floats, closed: bool) -> Floats:
    """Outlines with their points in one order: nobody must start at the same vertex each time.

    Each is turned (polygons) or reversed so that its points, less its centre, lie nearest to those
    of the outline before.

    Args:
        outlines: (n, k, 2), as `resampled` gives them.
        closed: True for polygons.
    """
    found = outlines.copy()
    count = outlines.shape[1]
    shifts = range(count) if closed else (0,)
    orders = [np.roll(np.arange(count), shift) for shift in shifts]
    orders += [order[::-1] for order in orders]
    table = np.array(orders)
    for place in range(1, len(found)):
        before = found[place - 1] - found[place - 1].mean(axis=0)
        now = found[place] - found[place].mean(axis=0)
        if np.sum((now - before) ** 2) == 0:
            continue
        costs = np.sum((now[table] - before[None]) ** 2, axis=(1, 2))
        found[place] = found[place][table[int(np.argmin(costs))]]
    return found


def mean_distance(a: Floats, b: Floats) -> float:
    """Mean distance between outlines of as many points each, in the order they have.

    Worked number: a line moved by (3, 4) is 5 away.
    """
    return float(np.mean(np.hypot(*(a - b).T)))


def crosses_itself(points: Floats, closed: bool) -> bool:
    """True where two sides that do not follow one another cross.

    Worked number: (0, 0), (2, 2), (2, 0), (0, 2) as a polygon crosses itself at (1, 1).
    """
    start = points if closed else points[:-1]
    end = np.roll(points, -1, axis=0) if closed else points[1:]
    count = len(start)
    if count < 3:
        return False
    for side in range(count - 2):
        # All sides but itself, the next one, and, around the corner, the one before it.
        others = slice(side + 2, count - 1 if closed and side == 0 else count)
        a, b, c, d = start[side : side + 1], end[side : side + 1], start[others], end[others]
        hits: Bools = _across(a, b, c, d) & _across(c, d, a, b)
        if np.any(hits):
            return True
    return False


def _across(a: Floats, b: Floats, c: Floats, d: Floats) -> Bools:
    """Where c and d lie on different sides of the line through a and b."""

    def side(p: Floats) -> Floats:
        way = b - a
        found: Floats = way[:, 0] * (p[:, 1] - a[:, 1]) - way[:, 1] * (p[:, 0] - a[:, 0])
        return found

    result: Bools = side(c) * side(d) < 0
    return result


def inside(points: Floats, polygon: Floats) -> Bools:
    """Which points lie inside a polygon (even-odd rule).

    Worked number: (1, 1) is inside the square (0, 0)-(2, 2), (3, 1) is not.
    """
    x, y = points[:, 0, None], points[:, 1, None]
    start, end = polygon, np.roll(polygon, -1, axis=0)
    rises = (start[:, 1] > y) != (end[:, 1] > y)
    drop = end[:, 1] - start[:, 1]
    at = start[:, 0] + (y - start[:, 1]) * (end[:, 0] - start[:, 0]) / np.where(drop, drop, 1.0)
    found: Bools = np.sum(rises & (x < at), axis=1) % 2 == 1
    return found


GRID = 64


def polygon_iou(a: Floats, b: Floats) -> float:
    """Intersection over union of any two polygons, counted on a grid of 64 x 64 around both.

    Exact to about 0.03 for compact shapes; polygons may cross themselves or be hollow.

    Worked number: the square (0, 0)-(2, 2) and the same moved by 1 along x share 2 of 6: 0.33.
    """
    both = np.concatenate((a, b))
    low, high = both.min(axis=0), both.max(axis=0)
    ticks = [
        low[axis] + (np.arange(GRID) + 0.5) / GRID * (high[axis] - low[axis]) for axis in (0, 1)
    ]
    grid = np.stack(np.meshgrid(*ticks), axis=-1).reshape(-1, 2)
    in_a, in_b = inside(grid, a), inside(grid, b)
    either = int(np.sum(in_a | in_b))
    return int(np.sum(in_a & in_b)) / either if either else 0.0
