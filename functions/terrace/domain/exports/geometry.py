"""Shapes put into the form that a format asks for."""

from collections.abc import Sequence

from terrace.domain.exports.model import (
    BoxShape,
    CuboidShape,
    KeypointsShape,
    Point,
    PolygonShape,
    PolylineShape,
    Shape,
    Size,
)


def around(points: Sequence[Point]) -> BoxShape | None:
    """The smallest box around points: (1, 2), (4, 6) give left 1, top 2, width 3, height 4."""
    if not points:
        return None
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return BoxShape(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))


def box_of(shape: Shape) -> BoxShape | None:
    """The box of a shape in an image; None where it has none (a cuboid, points all absent)."""
    if isinstance(shape, BoxShape):
        return shape
    if isinstance(shape, PolygonShape | PolylineShape):
        return around(shape.points)
    if isinstance(shape, KeypointsShape):
        return shape.box or around([(p.x, p.y) for p in shape.points if p.visibility])
    assert isinstance(shape, CuboidShape)
    return None


def lies_inside(box: BoxShape, size: Size) -> bool:
    """Whether nothing of a box sticks out of its image."""
    left, top = box.left, box.top
    return left >= 0 <= top and left + box.width <= size[0] and top + box.height <= size[1]


def clipped(box: BoxShape, size: Size) -> BoxShape | None:
    """The part of a box inside the image; None where nothing of it is.

    A box from -5 to 10 in a wide image becomes 0 to 10. A box without width stays one.
    """
    left, top = max(0.0, box.left), max(0.0, box.top)
    right, bottom = min(float(size[0]), box.right), min(float(size[1]), box.bottom)
    if right < left or bottom < top:
        return None
    if (right == left and box.width > 0) or (bottom == top and box.height > 0):
        return None
    # An edge that was not cut keeps its exact size: right - left would round.
    width = box.width if left == box.left and right == box.right else right - left
    height = box.height if top == box.top and bottom == box.bottom else bottom - top
    return BoxShape(left, top, width, height)


def clipped_points(points: Sequence[Point], size: Size) -> tuple[Point, ...]:
    """Points moved to the nearest place in the image."""
    width, height = float(size[0]), float(size[1])
    return tuple((min(max(x, 0.0), width), min(max(y, 0.0), height)) for x, y in points)


def area(points: Sequence[Point]) -> float:
    """Of a polygon, by the shoelace formula: (0,0) (4,0) (4,3) gives 6.0."""
    total = 0.0
    for (x1, y1), (x2, y2) in zip(points, [*points[1:], *points[:1]], strict=True):
        total += x1 * y2 - x2 * y1
    return abs(total) / 2
