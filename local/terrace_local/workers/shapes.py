"""Boxes, lines, outlines and points in pixels, cuboids in metres; how far two are apart."""

import math
from dataclasses import dataclass
from typing import Any, Literal

from terrace_local.workers.cuboids import Cuboid, overlap

Kind = Literal["box", "polyline", "polygon", "keypoint"]
KINDS: dict[str, Kind] = {
    "BoundingBox": "box",
    "Polyline": "polyline",
    "Polygon": "polygon",
    "Keypoint": "keypoint",
}
"""`annotationType` of a category file -> the kind of shape that workers draw."""
POINT_SIZE = 12.0
"""What errors of a point are scaled by, in pixels: it has no extent of its own."""


@dataclass(frozen=True)
class Box:
    """An upright rectangle; ``left`` and ``top`` are its corner nearest the origin (pixels)."""

    left: float
    top: float
    width: float
    height: float

    @property
    def size(self) -> float:
        """The length that errors are scaled by: the square root of the area."""
        return math.sqrt(max(self.width, 1.0) * max(self.height, 1.0))

    def moved(self, dx: float, dy: float) -> "Box":
        """The same box shifted by (dx, dy)."""
        return Box(self.left + dx, self.top + dy, self.width, self.height)

    def grown(self, factor: float) -> "Box":
        """The box with its sides times ``factor``, about the same centre."""
        width, height = self.width * factor, self.height * factor
        return Box(
            self.left - (width - self.width) / 2,
            self.top - (height - self.height) / 2,
            width,
            height,
        )

    def inside(self, width: float, height: float) -> "Box | None":
        """What a person can draw of it on a picture of that size; None if nothing is left."""
        left, top = max(0.0, self.left), max(0.0, self.top)
        right = min(width, self.left + self.width)
        bottom = min(height, self.top + self.height)
        if right - left < 1 or bottom - top < 1:
            return None
        return Box(left, top, right - left, bottom - top)

    def rounded(self) -> "Box":
        """Whole pixels, at least one wide and high: what the video tools store."""
        return Box(
            round(self.left),
            round(self.top),
            max(1, round(self.width)),
            max(1, round(self.height)),
        )


@dataclass(frozen=True)
class Polyline:
    """An open line through ``vertices`` (x, y) in pixels."""

    vertices: tuple[tuple[float, float], ...]

    @property
    def size(self) -> float:
        """The length that errors are scaled by: a quarter of the extent, as for a wide box."""
        xs = [x for x, _ in self.vertices]
        ys = [y for _, y in self.vertices]
        return max(4.0, math.hypot(max(xs) - min(xs), max(ys) - min(ys)) / 4)

    def moved(self, dx: float, dy: float) -> "Polyline":
        """The same line shifted by (dx, dy)."""
        return Polyline(tuple((x + dx, y + dy) for x, y in self.vertices))

    def grown(self, factor: float) -> "Polyline":
        """The line stretched about its middle: what careless tracing does to its ends."""
        n = len(self.vertices)
        cx = sum(x for x, _ in self.vertices) / n
        cy = sum(y for _, y in self.vertices) / n
        return Polyline(
            tuple((cx + (x - cx) * factor, cy + (y - cy) * factor) for x, y in self.vertices)
        )

    def inside(self, width: float, height: float) -> "Polyline | None":
        """The line with every vertex on the picture; None when it collapses to a point."""
        kept = tuple((min(max(x, 0.0), width), min(max(y, 0.0), height)) for x, y in self.vertices)
        if len({(round(x), round(y)) for x, y in kept}) < 2:
            return None
        return Polyline(kept)

    def rounded(self) -> "Polyline":
        """Whole pixels: what the video tools store."""
        return Polyline(tuple((round(x), round(y)) for x, y in self.vertices))


@dataclass(frozen=True)
class Polygon:
    """A closed outline through ``vertices`` (x, y) in pixels; the last joins the first."""

    vertices: tuple[tuple[float, float], ...]

    @property
    def size(self) -> float:
        """The length that errors are scaled by: as for the box around it."""
        xs = [x for x, _ in self.vertices]
        ys = [y for _, y in self.vertices]
        return Box(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)).size

    @property
    def ring(self) -> Polyline:
        """The outline as a line that ends where it begins."""
        return Polyline((*self.vertices, self.vertices[0]))

    def moved(self, dx: float, dy: float) -> "Polygon":
        """The same outline shifted by (dx, dy)."""
        return Polygon(Polyline(self.vertices).moved(dx, dy).vertices)

    def grown(self, factor: float) -> "Polygon":
        """The outline with its lengths times ``factor``, about its middle."""
        return Polygon(Polyline(self.vertices).grown(factor).vertices)

    def inside(self, width: float, height: float) -> "Polygon | None":
        """The outline with every vertex on the picture; None when nothing of it is left."""
        kept = tuple((min(max(x, 0.0), width), min(max(y, 0.0), height)) for x, y in self.vertices)
        if len({round(x) for x, _ in kept}) < 2 or len({round(y) for _, y in kept}) < 2:
            return None
        return Polygon(kept)

    def rounded(self) -> "Polygon":
        """Whole pixels: what the video tools store."""
        return Polygon(Polyline(self.vertices).rounded().vertices)


@dataclass(frozen=True)
class Point:
    """One point, in pixels."""

    x: float
    y: float

    @property
    def size(self) -> float:
        """The length that errors are scaled by."""
        return POINT_SIZE

    def moved(self, dx: float, dy: float) -> "Point":
        """The same point shifted by (dx, dy)."""
        return Point(self.x + dx, self.y + dy)

    def grown(self, factor: float) -> "Point":
        """A point set carelessly lies off by the share that a box would be too large."""
        return self.moved((factor - 1) * POINT_SIZE, 0)

    def inside(self, width: float, height: float) -> "Point | None":
        """The point; None when it is not on the picture."""
        return self if 0 <= self.x <= width and 0 <= self.y <= height else None

    def rounded(self) -> "Point":
        """Whole pixels."""
        return Point(round(self.x), round(self.y))


Shape = Box | Polyline | Polygon | Point | Cuboid


def iou(a: Box, b: Box) -> float:
    """Share of overlap of two boxes, 0 to 1: intersection over union.

    Two 10 x 10 boxes shifted by 5 share 50 of 150 pixels: 0.333.
    """
    width = min(a.left + a.width, b.left + b.width) - max(a.left, b.left)
    height = min(a.top + a.height, b.top + b.height) - max(a.top, b.top)
    if width <= 0 or height <= 0:
        return 0.0
    common = width * height
    return common / (a.width * a.height + b.width * b.height - common)


def _distance_to_line(point: tuple[float, float], line: Polyline) -> float:
    best = math.inf
    px, py = point
    for (ax, ay), (bx, by) in zip(line.vertices, line.vertices[1:], strict=False):
        length2 = (bx - ax) ** 2 + (by - ay) ** 2
        t = 0.0 if length2 == 0 else ((px - ax) * (bx - ax) + (py - ay) * (by - ay)) / length2
        t = min(1.0, max(0.0, t))
        best = min(best, math.hypot(px - ax - t * (bx - ax), py - ay - t * (by - ay)))
    return best


def likeness(a: Shape, b: Shape) -> float:
    """How well two shapes agree, 0 to 1: overlap of boxes and cuboids, closeness of others.

    Shapes of different kinds do not agree at all: 0.

    For polylines: 1 - d / size, where d is the mean distance of either's vertices to the other
    and size the first one's `size`; 1 when they lie on one another, 0 from one size away. The
    same for polygons, along their closed outlines, and for points, where d is their distance.
    """
    if isinstance(a, Box) and isinstance(b, Box):
        return iou(a, b)
    if isinstance(a, Polyline) and isinstance(b, Polyline):
        return _closeness(a, b, a.size)
    if isinstance(a, Polygon) and isinstance(b, Polygon):
        return _closeness(a.ring, b.ring, a.size)
    if isinstance(a, Point) and isinstance(b, Point):
        return max(0.0, 1.0 - math.hypot(a.x - b.x, a.y - b.y) / a.size)
    if isinstance(a, Cuboid) and isinstance(b, Cuboid):
        return overlap(a, b)
    return 0.0


def _closeness(a: Polyline, b: Polyline, size: float) -> float:
    gaps = [_distance_to_line(p, b) for p in a.vertices]
    gaps += [_distance_to_line(p, a) for p in b.vertices]
    return max(0.0, 1.0 - sum(gaps) / len(gaps) / size)


def blended(a: Shape, b: Shape, share: float) -> Shape:
    """The shape ``share`` of the way from ``a`` to ``b``; ``b`` when they cannot be mixed."""
    if isinstance(a, Box) and isinstance(b, Box):
        return Box(
            a.left + (b.left - a.left) * share,
            a.top + (b.top - a.top) * share,
            a.width + (b.width - a.width) * share,
            a.height + (b.height - a.height) * share,
        )
    if isinstance(a, Polyline) and isinstance(b, Polyline) and len(a.vertices) == len(b.vertices):
        return Polyline(
            tuple(
                (ax + (bx - ax) * share, ay + (by - ay) * share)
                for (ax, ay), (bx, by) in zip(a.vertices, b.vertices, strict=True)
            )
        )
    return b


def _number(value: float) -> float:
    # Real label files hold 20, not 20.0, wherever the number is whole.
    return int(value) if float(value).is_integer() else value


def shape_to_json(shape: Shape) -> dict[str, Any]:
    """The shape as label files write it: left/top/width/height, vertices, or x and y."""
    if isinstance(shape, Box):
        return {
            "left": _number(shape.left),
            "top": _number(shape.top),
            "width": _number(shape.width),
            "height": _number(shape.height),
        }
    if isinstance(shape, Cuboid):
        return shape.to_json()
    if isinstance(shape, Point):
        return {"x": _number(shape.x), "y": _number(shape.y)}
    return {"vertices": [{"x": _number(x), "y": _number(y)} for x, y in shape.vertices]}


def shape_from_json(data: dict[str, Any], closed: bool = False) -> Shape:
    """Reads what `shape_to_json` writes; vertices may also be [x, y] pairs.

    Args:
        data: The shape.
        closed: Whether vertices are those of a polygon: they do not say it themselves.

    Raises:
        KeyError, TypeError, ValueError: when a number is missing or is none.
    """
    if "vertices" in data:
        vertices = tuple(
            (float(v["x"]), float(v["y"])) if isinstance(v, dict) else (float(v[0]), float(v[1]))
            for v in data["vertices"]
        )
        if closed and len(vertices) < 3:
            raise ValueError("a polygon has at least three vertices")
        if len(vertices) < 2:
            raise ValueError("a polyline has at least two vertices")
        return Polygon(vertices) if closed else Polyline(vertices)
    if "center-x" in data:
        return Cuboid.from_json(data)
    if "x" in data:
        return Point(float(data["x"]), float(data["y"]))
    return Box(float(data["left"]), float(data["top"]), float(data["width"]), float(data["height"]))
