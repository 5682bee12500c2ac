"""What no format could carry, refused at the line that it is on: numbers without end, half texts.

A number that JSON can hold may be more than a file's column, a computed edge or an int can be; half
of a character (a lone surrogate, which JSON can escape) is no text in UTF-8. Both would otherwise
be found by one format's encoder and not by another's.
"""

from collections.abc import Iterable, Iterator

from terrace.domain.exports.model import (
    BoxShape,
    CuboidShape,
    ExportError,
    Item,
    KeypointsShape,
    Shape,
)

NUMBER_MAX = 1_000_000_000
"""Pixels from an image's corner, or metres from a point cloud's: no sensor reaches as far."""
SIDE_MAX = 2**31 - 1
"""Pixels of an image's width or height (W3C, Portable Network Graphics, 11.2.1 IHDR)."""


def check(item: Item, where: str) -> None:
    """Refuses an item that not every format could carry.

    Args:
        item: as it was read.
        where: manifest and line, for errors.

    Raises:
        ExportError: a coordinate, a size or a text of it.
    """
    if item.size is not None and not all(0 <= side <= SIDE_MAX for side in item.size):
        raise ExportError(
            where,
            "IMAGE_SIZE_IMPOSSIBLE",
            f"its label gives the image a side of more than {SIDE_MAX} pixels",
            "the image's width and height",
        )
    for one in item.objects:
        if not all(abs(number) <= NUMBER_MAX for number in _numbers(one.shape)):
            raise ExportError(
                where,
                "COORDINATE_IMPOSSIBLE",
                f"an object of class {one.label[:100]!r} has a number beyond {NUMBER_MAX:,}",
                "pixels of the image, or metres of the point cloud",
            )
    check_texts(_texts(item), where)


def check_texts(texts: Iterable[tuple[str, str]], where: str) -> None:
    """Refuses a text that is none in UTF-8.

    Args:
        texts: what each is, and the text.
        where: manifest and line, for errors.

    Raises:
        ExportError: one has half of a character.
    """
    for name, text in texts:
        if not _is_text(text):
            raise ExportError(
                where.encode("utf-8", "backslashreplace").decode(),
                "HALF_CHARACTER",
                f"{name} has half a Unicode character (a lone surrogate): {text[:200]!r}",
                "a text that UTF-8 can hold",
            )


def _is_text(text: str) -> bool:
    """False for a text with half of a character, which UTF-8 cannot hold."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _numbers(shape: Shape) -> Iterable[float]:
    if isinstance(shape, BoxShape):
        return (shape.left, shape.top, shape.width, shape.height)
    if isinstance(shape, CuboidShape):
        return (*shape.center, *shape.size, *shape.angles)
    if isinstance(shape, KeypointsShape):
        box = () if shape.box is None else tuple(_numbers(shape.box))
        return (*box, *(number for point in shape.points for number in (point.x, point.y)))
    return (number for point in shape.points for number in point)


def _texts(item: Item) -> Iterator[tuple[str, str]]:
    """What stands in files as it is. Class names are checked with the classes."""
    yield "the URI", item.uri
    if item.text is not None:
        yield "the text", item.text
    for one in item.objects:
        if one.track is not None:
            yield "an object's id", one.track
        if one.name is not None:
            yield "an object's name", one.name
        if isinstance(one.shape, KeypointsShape):
            for point in one.shape.points:
                yield "a keypoint's name", point.name
