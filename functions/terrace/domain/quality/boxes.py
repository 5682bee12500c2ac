"""Overlap of boxes and of yaw-turned cuboids."""

import numpy as np

from terrace.domain.quality.rows import Floats


def iou(a: Floats, b: Floats) -> Floats:
    """Intersection over union of boxes (left, top, width, height) along the last axis; broadcasts.

    Worked number: (0, 0, 2, 2) and (1, 0, 2, 2) share 2 of 6: 1/3. Boxes without area: 0.
    """
    wide = np.minimum(a[..., 0] + a[..., 2], b[..., 0] + b[..., 2]) - np.maximum(
        a[..., 0], b[..., 0]
    )
    high = np.minimum(a[..., 1] + a[..., 3], b[..., 1] + b[..., 3]) - np.maximum(
        a[..., 1], b[..., 1]
    )
    shared = np.maximum(wide, 0.0) * np.maximum(high, 0.0)
    union = a[..., 2] * a[..., 3] + b[..., 2] * b[..., 3] - shared
    share = np.where(union > 0, shared / np.where(union > 0, union, 1.0), 0.0)
    found: Floats = np.minimum(share, 1.0)  # Rounding may make it a little more.
    return found


def cuboid_iou(a: Floats, b: Floats) -> float:
    """Intersection over union of two cuboids: center x, y, z, length, width, height, yaw last.

    Seen from above each is a turned rectangle; their common part (Sutherland-Hodgman clipping)
    times the common height is what they share.

    Worked number: two unit cubes half a metre apart along z share 0.5 of 1.5: 1/3.
    """
    if np.any(a[3:6] <= 0) or np.any(b[3:6] <= 0):
        return 0.0
    low = max(a[2] - a[5] / 2, b[2] - b[5] / 2)
    high = min(a[2] + a[5] / 2, b[2] + b[5] / 2)
    shared = area(clipped(_ground(a), _ground(b))) * max(0.0, float(high - low))
    union = float(np.prod(a[3:6]) + np.prod(b[3:6])) - shared
    return min(1.0, shared / union) if union > 0 else 0.0


def _ground(cuboid: Floats) -> Floats:
    """The four corners seen from above, anticlockwise."""
    c, s = np.cos(cuboid[-1]), np.sin(cuboid[-1])
    corners = np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)]) * cuboid[3:5] / 2
    found: Floats = corners @ np.array([(c, s), (-s, c)]) + cuboid[:2]
    return found


def clipped(subject: Floats, window: Floats) -> Floats:
    """The part of a polygon inside a convex one (Sutherland and Hodgman, 1974).

    Worked number: the square (0, 0)-(2, 2) inside the square (1, 1)-(3, 3) is the square
    (1, 1)-(2, 2).

    Args:
        subject: (m, 2), any order.
        window: (k, 2), convex, anticlockwise.
    """
    found = list(subject)
    for start, end in zip(window, np.roll(window, -1, axis=0), strict=True):
        way = end - start
        given, found = found, []
        for here, there in zip(given, given[1:] + given[:1], strict=True):
            side_a = way[0] * (here[1] - start[1]) - way[1] * (here[0] - start[0])
            side_b = way[0] * (there[1] - start[1]) - way[1] * (there[0] - start[0])
            if side_a >= 0:
                found.append(here)
            if side_a * side_b < 0:
                found.append(here + (there - here) * side_a / (side_a - side_b))
    return np.array(found).reshape(len(found), 2)


def area(points: Floats) -> float:
    """Area of a polygon that does not cross itself (shoelace formula).

    Worked number: (0, 0), (2, 0), (2, 3), (0, 3) -> 6; fewer than three points -> 0.
    """
    if len(points) < 3:
        return 0.0
    x, y = points[:, 0], points[:, 1]
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)
