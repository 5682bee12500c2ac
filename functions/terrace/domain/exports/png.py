"""PNG files of masks, written with nothing but zlib (PNG specification, third edition)."""

import struct
import zlib
from collections.abc import Sequence

from terrace.domain.exports.model import Raster, Size

SIGNATURE = b"\x89PNG\r\n\x1a\n"
INDEXED, RGB = 3, 2

Color = tuple[int, int, int]


def indexed(raster: Raster, palette: Sequence[Color]) -> bytes:
    """A picture whose pixels are class numbers and whose palette gives each a colour."""
    width = raster.size[0]
    rows = [raster.pixels[at : at + width] for at in range(0, len(raster.pixels), width)]
    return _file(raster.size, INDEXED, rows, bytes(part for color in palette for part in color))


def rgb(size: Size, red: bytes, green: bytes, blue: bytes) -> bytes:
    """A picture from its three planes."""
    whole = bytearray(3 * len(red))
    whole[0::3], whole[1::3], whole[2::3] = red, green, blue
    row = 3 * size[0]
    return _file(size, RGB, [bytes(whole[at : at + row]) for at in range(0, len(whole), row)], b"")


def palette(count: int) -> list[Color]:
    """Pascal VOC's colours: bits of the number dealt to red, green and blue in turn.

    0 is black, 1 (128, 0, 0), 2 (0, 128, 0), 3 (128, 128, 0). Source: the VOC development kit,
    VOClabelcolormap.m.
    """
    found = []
    for number in range(count):
        color, rest = [0, 0, 0], number
        for bit in range(7, -1, -1):
            for plane in range(3):
                color[plane] |= (rest >> plane & 1) << bit
            rest >>= 3
        found.append((color[0], color[1], color[2]))
    return found


def _file(size: Size, color_type: int, rows: list[bytes], colors: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", size[0], size[1], 8, color_type, 0, 0, 0)
    # 0 in front of a row says that it is not filtered.
    data = zlib.compress(b"".join(b"\0" + row for row in rows), 6)
    parts = [(b"IHDR", header), *([(b"PLTE", colors)] if colors else []), (b"IDAT", data)]
    return SIGNATURE + b"".join(_chunk(*part) for part in [*parts, (b"IEND", b"")])


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
