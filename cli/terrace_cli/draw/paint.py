"""One item with its labels, as a picture. This is the door for others: `drawn(item, data, look)`.

`item` is the neutral model's (`terrace.domain.exports.model.Item`), `data` the bytes of its image,
text or point cloud, or None where they cannot be read: then the labels are drawn on grey.
"""

import functools
import io
from typing import Any

from terrace.domain.exports.model import (
    BoxShape,
    CuboidShape,
    Item,
    KeypointsShape,
    Object,
    PolygonShape,
    PolylineShape,
)
from terrace_cli.draw import bird, card
from terrace_cli.draw.canvas import Canvas
from terrace_cli.draw.look import Color, Look

PIXELS_MAX = 100_000_000
"""Ground Truth's own limit of an image."""


class NotAnImageError(ValueError):
    """The data is no image that can be read."""


def drawn(item: Item, data: bytes | None, look: Look) -> Any:
    """A PIL image of the item with its labels.

    Raises:
        NotAnImageError: the data of an image cannot be read as one.
    """
    if item.text is not None:
        return card.of_text(item, look)
    if bird.shows(item):
        return bird.of_cloud(item, data, look)
    canvas = Canvas(_picture(item, data), look, item.size)
    if item.raster is not None:
        _mask(canvas, item)
    # Large things first, so that none hides a smaller one.
    for one in sorted(item.objects, key=_area, reverse=True):
        _object(canvas, one)
    picture = canvas.finish()
    return card.captioned(picture, [tag.label for tag in item.tags], look, tags=item.tags)


def check(item: Item, data: bytes) -> None:
    """Raises NotAnImageError where `drawn` would."""
    if not bird.shows(item):
        _picture(item, data)


@functools.lru_cache(maxsize=1)
def _opened(data: bytes) -> Any:
    """A picture as workers' browsers show it; the last one is kept, for its small copy."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data)) as opened:
            if opened.size[0] * opened.size[1] > PIXELS_MAX:
                raise NotAnImageError(f"it has {opened.size[0]} x {opened.size[1]} pixels")
            # Browsers turn a photograph as its EXIF data says, so workers saw and labeled it so.
            turned = ImageOps.exif_transpose(opened)
            # What shows through is white in the worker's browser.
            if turned.mode in ("RGBA", "LA", "PA") or "transparency" in turned.info:
                whole = turned.convert("RGBA")
                paper = Image.new("RGBA", whole.size, "white")
                paper.alpha_composite(whole)
                return paper.convert("RGB")
            return turned.convert("RGB")
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise NotAnImageError(
            f"it is no image that can be read ({type(error).__name__})"
        ) from error


def _picture(item: Item, data: bytes | None) -> Any:
    from PIL import Image

    if data is None:
        return Image.new("RGB", item.size or _enough(item), (72, 76, 84))
    return _opened(data).copy()


def _enough(item: Item) -> tuple[int, int]:
    """A size that holds all labels, where nobody knows the image's."""
    boxes = [_around(one) for one in item.objects]
    width = max((box[2] for box in boxes), default=600.0)
    height = max((box[3] for box in boxes), default=400.0)
    return (
        int(min(max(width * 1.05, 100), 10_000)),
        int(min(max(height * 1.05, 100), 10_000)),
    )


def _object(canvas: Canvas, one: Object) -> None:
    color = canvas.look.color(one.label)
    shape = one.shape
    if isinstance(shape, BoxShape):
        corners = [
            (shape.left, shape.top),
            (shape.right, shape.top),
            (shape.right, shape.bottom),
            (shape.left, shape.bottom),
        ]
        canvas.line(corners, color, closed=True)
    elif isinstance(shape, PolygonShape):
        canvas.fill(shape.points, color)
        canvas.line(shape.points, color, closed=True)
    elif isinstance(shape, PolylineShape):
        canvas.line(shape.points, color)
    elif isinstance(shape, KeypointsShape):
        _points(canvas, one, shape, color)
    canvas.name(called(one), color, _around(one))


def called(one: Object) -> str:
    """The name that people know an object by: its class, and its number where it has one."""
    if one.name and one.name.rpartition(":")[0] == one.label:
        return one.name
    return one.label


def _points(canvas: Canvas, one: Object, shape: KeypointsShape, color: Color) -> None:
    seen = {point.name: point for point in shape.points if point.visibility}
    for first, second, given in canvas.look.rig:
        if first in seen and second in seen:
            ends = [(seen[end].x, seen[end].y) for end in (first, second)]
            canvas.line(ends, given or color)
    for point in seen.values():
        own = canvas.look.given.get(point.name, color)
        canvas.dot((point.x, point.y), own, hidden=point.visibility == 1)
    # A single point is named as its object is; a body's points would bury it where it is small.
    if len(seen) > 1 and _roomy(canvas, shape):
        for point in seen.values():
            own = canvas.look.given.get(point.name, color)
            around = (point.x - 6, point.y - 6, point.x + 6, point.y + 6)
            canvas.name(point.name, own, around, small=True)


def _roomy(canvas: Canvas, shape: KeypointsShape) -> bool:
    """True if names of the points have room beside them."""
    spots = [canvas.at((point.x, point.y)) for point in shape.points if point.visibility]
    wide = max(x for x, _ in spots) - min(x for x, _ in spots)
    high = max(y for _, y in spots) - min(y for _, y in spots)
    return (wide + 4 * canvas.letters) * (high + 4 * canvas.letters) > len(spots) * 30 * (
        canvas.letters**2
    )


def _around(one: Object) -> tuple[float, float, float, float]:
    shape = one.shape
    if isinstance(shape, BoxShape):
        return shape.left, shape.top, shape.right, shape.bottom
    if isinstance(shape, CuboidShape):
        return 0.0, 0.0, 0.0, 0.0
    if isinstance(shape, KeypointsShape):
        points = [(point.x, point.y) for point in shape.points if point.visibility]
    else:
        points = list(shape.points)
    if not points:
        return 0.0, 0.0, 0.0, 0.0
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)


def _area(one: Object) -> float:
    left, top, right, bottom = _around(one)
    return (right - left) * (bottom - top)


def _mask(canvas: Canvas, item: Item) -> None:
    """Classes in their colours, half seen through, with their edges; each named at its middle."""
    import numpy as np
    from PIL import Image

    assert item.raster is not None
    width, height = item.raster.size
    pixels = np.frombuffer(item.raster.pixels, dtype=np.uint8).reshape(height, width)
    table = np.zeros((256, 4), dtype=np.uint8)
    for number, label in enumerate(item.raster.labels, start=1):
        table[number] = (*canvas.look.color(label), 120)
    small = Image.fromarray(pixels).resize(canvas.picture.size, Image.Resampling.NEAREST)
    shown = np.asarray(small)
    layer = table[shown]
    edge = np.zeros(shown.shape, dtype=bool)
    edge[:, 1:] |= shown[:, 1:] != shown[:, :-1]
    edge[1:, :] |= shown[1:, :] != shown[:-1, :]
    # Two pixels wide: one is lost on a photograph.
    edge[:, :-1] |= edge[:, 1:]
    edge[:-1, :] |= edge[1:, :]
    layer[edge & (shown > 0), 3] = 255
    overlay = Image.fromarray(layer, "RGBA")
    canvas.picture.paste(overlay, (0, 0), overlay)
    for number, label in enumerate(item.raster.labels, start=1):
        rows, columns = np.nonzero(pixels == number)
        if len(rows):
            # A pixel of the class itself: the middle of a ring is not in the ring.
            middle = len(rows) // 2
            row = rows[middle]
            inside = np.sort(columns[rows == row])
            x, y = float(inside[len(inside) // 2]), float(row)
            canvas.name(label, canvas.look.color(label), (x, y, x, y))


__all__ = ["NotAnImageError", "called", "check", "drawn"]
