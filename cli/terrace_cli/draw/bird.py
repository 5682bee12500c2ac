"""Cuboids from above: x to the right, y up, one metre as long in both."""

import math
from typing import Any

from terrace.domain.exports.model import CuboidShape, Item
from terrace_cli.draw.canvas import Canvas
from terrace_cli.draw.look import Look

SIDE = 1000
GROUND = (24, 26, 31)
GRID = (52, 56, 64)
SHOWN = 0.98
"""Part of the points that the view holds: single far echoes would make everything else tiny."""
POINTS_MAX = 5_000_000


def shows(item: Item) -> bool:
    """True for a point cloud: it has cuboids, or a file that Ground Truth takes for binary/xyzi."""
    cuboids = any(isinstance(one.shape, CuboidShape) for one in item.objects)
    return cuboids or item.uri.lower().endswith(".bin")


def of_cloud(item: Item, data: bytes | None, look: Look) -> Any:
    """The cloud's points and the cuboids' outlines, each with a line to its front."""
    from PIL import Image, ImageDraw

    points = _points(item.uri, data)
    cuboids = [one for one in item.objects if isinstance(one.shape, CuboidShape)]
    left, bottom, metres = _view(points, [footprint(one.shape) for one in cuboids])
    side = min(SIDE, look.side)
    scale = side / metres
    picture = Image.new("RGB", (side, side), GROUND)
    draw = ImageDraw.Draw(picture)

    def at(x: float, y: float) -> tuple[float, float]:
        return (x - left) * scale, side - (y - bottom) * scale

    _grid(draw, left=left, bottom=bottom, metres=metres, side=side, look=look)
    if points is not None:
        _scatter(picture, points, left, bottom, scale)
    canvas = Canvas(picture, look)
    # Labels of a view are in its own pixels, whatever size it was given.
    canvas.scale_x = canvas.scale_y = canvas.width / side
    for one in cuboids:
        assert isinstance(one.shape, CuboidShape)
        color = look.color(one.label)
        corners = [at(x, y) for x, y in footprint(one.shape)]
        canvas.fill(corners, color)
        canvas.line(corners, color, closed=True)
        ahead = ((corners[0][0] + corners[3][0]) / 2, (corners[0][1] + corners[3][1]) / 2)
        canvas.line([at(one.shape.center[0], one.shape.center[1]), ahead], color)
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        name = one.name if one.name and one.name.startswith(one.label) else one.label
        canvas.name(name, color, (min(xs), min(ys), max(xs), max(ys)))
    return canvas.finish()


def footprint(shape: CuboidShape) -> list[tuple[float, float]]:
    """The four lower corners from above, in metres: front left, back left, back right, front right.

    Length is along x before the cuboid is turned by yaw, right-handed, around z.
    """
    (x, y, _), (length, width, _), yaw = shape.center, shape.size, shape.angles[2]
    cos, sin = math.cos(yaw), math.sin(yaw)
    corners = [(1, 1), (-1, 1), (-1, -1), (1, -1)]
    return [
        (
            x + a * length / 2 * cos - b * width / 2 * sin,
            y + a * length / 2 * sin + b * width / 2 * cos,
        )
        for a, b in corners
    ]


def _points(uri: str, data: bytes | None) -> Any:
    """x and y of the points; None where the file is not there or of another form."""
    import numpy as np

    if data is None:
        return None
    if uri.lower().endswith(".txt"):
        try:
            rows = [line.split()[:2] for line in data.decode().splitlines() if line.strip()]
            found = np.array(rows, dtype=float)
        except ValueError:
            return None
        return found if found.ndim == 2 and found.shape[1] == 2 else None
    if len(data) % 16:
        return None
    found = np.frombuffer(data, dtype="<f4").reshape(-1, 4)[:POINTS_MAX, :2]
    found = found[np.isfinite(found).all(axis=1)]
    return found if len(found) else None


def _view(points: Any, outlines: list[list[tuple[float, float]]]) -> tuple[float, float, float]:
    """Left and lower edge of the view, and its width, in metres."""
    import numpy as np

    corners = [corner for outline in outlines for corner in outline]
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    if points is not None:
        cut = (1 - SHOWN) / 2 * 100
        xs += [float(one) for one in np.percentile(points[:, 0], [cut, 100 - cut])]
        ys += [float(one) for one in np.percentile(points[:, 1], [cut, 100 - cut])]
    if not xs:
        return -25.0, -25.0, 50.0
    metres = max(max(xs) - min(xs), max(ys) - min(ys), 4.0) * 1.15
    return (min(xs) + max(xs) - metres) / 2, (min(ys) + max(ys) - metres) / 2, metres


def _step(metres: float) -> float:
    """Metres from grid line to grid line: 1, 2 or 5 times a power of ten, about ten lines."""
    power = 10.0 ** math.floor(math.log10(metres / 8))
    return next(power * part for part in (1, 2, 5, 10) if power * part >= metres / 10)


def _grid(draw: Any, *, left: float, bottom: float, metres: float, side: int, look: Look) -> None:
    step, font = _step(metres), look.font(12)
    scale = side / metres
    for number in range(math.ceil(left / step), math.floor((left + metres) / step) + 1):
        x = (number * step - left) * scale
        draw.line((x, 0, x, side), fill=GRID)
        draw.text((x + 3, side - 16), f"{number * step:g}", fill=(140, 144, 152), font=font)
    for number in range(math.ceil(bottom / step), math.floor((bottom + metres) / step) + 1):
        y = side - (number * step - bottom) * scale
        draw.line((0, y, side, y), fill=GRID)
        draw.text((3, y - 15), f"{number * step:g} m", fill=(140, 144, 152), font=font)


def _scatter(picture: Any, points: Any, left: float, bottom: float, scale: float) -> None:
    import numpy as np
    from PIL import Image

    side = picture.size[0]
    columns = ((points[:, 0] - left) * scale).astype(int)
    rows = side - 1 - ((points[:, 1] - bottom) * scale).astype(int)
    inside = (columns >= 0) & (columns < side) & (rows >= 0) & (rows < side)
    counts = np.zeros((side, side), dtype=np.float64)
    np.add.at(counts, (rows[inside], columns[inside]), 1.0)
    bright = np.where(counts > 0, np.minimum(110 + 45 * np.log2(counts + 1), 235), 0)
    layer = Image.fromarray(bright.astype(np.uint8))
    picture.paste((200, 212, 226), (0, 0), layer)
