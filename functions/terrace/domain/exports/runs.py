"""Masks as runs: COCO's run-length encoding, in plain Python at the speed of bytes.

COCO counts pixels column by column, from the top left down; the first run is of zeros, and may be
0 long. A mask of 2 x 2 whose right column is set is [2, 2]; one whose first pixel is set begins
with 0 (cocoapi, common/maskApi.h).
"""

from terrace.domain.exports.model import BoxShape, Raster

_ONLY = [bytes(1 if value == number else 0 for value in range(256)) for number in range(256)]


def numbers(raster: Raster) -> list[int]:
    """The class numbers that occur, without background, ascending."""
    return sorted(set(raster.pixels) - {0})


def columns(raster: Raster) -> bytes:
    """The pixels column by column."""
    width = raster.size[0]
    return b"".join(raster.pixels[x::width] for x in range(width))


def counts(by_column: bytes, number: int) -> list[int]:
    """Lengths of the runs of one class, zeros first."""
    mask = by_column.translate(_ONLY[number])
    found: list[int] = []
    at, wanted, end = 0, 1, len(mask)
    while at < end:
        following = mask.find(wanted, at)
        if following == -1:
            following = end
        found.append(following - at)
        at, wanted = following, 1 - wanted
    return found


def area(by_column: bytes, number: int) -> int:
    """Pixels of one class."""
    return by_column.count(number)


def box(raster: Raster, by_column: bytes, number: int) -> BoxShape:
    """The smallest box around the pixels of one class, which must occur."""
    width, height = raster.size
    left = by_column.find(number) // height
    right = by_column.rfind(number) // height
    top = raster.pixels.find(number) // width
    bottom = raster.pixels.rfind(number) // width
    return BoxShape(left, top, right - left + 1, bottom - top + 1)


def pixels(lengths: list[int], size: tuple[int, int]) -> bytes:
    """Runs back to pixels, row by row: 0 and 1."""
    width, height = size
    by_column = b"".join(bytes([index % 2]) * length for index, length in enumerate(lengths))
    if len(by_column) != width * height:
        raise ValueError(f"the runs cover {len(by_column)} of {width * height} pixels")
    return b"".join(by_column[y::height] for y in range(height))
