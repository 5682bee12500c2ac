"""Width and height of an image by its first bytes, without an imaging library.

Sources: W3C, Portable Network Graphics, 11.2.1 (IHDR); ITU-T T.81, B.2.2 (frame header: SOF0 to
SOF15 but for DHT, JPG and DAC). As stored: a rotation that EXIF asks for is not made, as Ground
Truth's `image_size` does not make it.
"""

import struct

from terrace.domain.exports.model import Size

ENOUGH = 256 * 1024
"""Bytes: what comes before a JPEG's frame header (a preview, a colour profile) is seldom longer."""
_PNG = b"\x89PNG\r\n\x1a\n"
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers without a length."""


def image_size(data: bytes) -> Size | None:
    """The size of a PNG, JPEG or GIF; None where the bytes do not say it.

    Worked number: a PNG's bytes 16 to 24 `00 00 02 80 00 00 01 e0` are 640 x 480.
    """
    size = None
    if data.startswith(_PNG) and data[12:16] == b"IHDR" and len(data) >= 24:
        size = struct.unpack(">II", data[16:24])
    elif data[:6] in (b"GIF87a", b"GIF89a") and len(data) >= 10:
        size = struct.unpack("<HH", data[6:10])
    elif data.startswith(b"\xff\xd8"):
        size = _jpeg(data)
    return (size[0], size[1]) if size and 0 not in size else None


def _jpeg(data: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(data):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xFF:
            # Fill bytes may stand before a marker.
            at += 1
        elif marker in _ALONE:
            at += 2
        elif marker in _FRAMES:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        else:
            at += 2 + int(struct.unpack(">H", data[at + 2 : at + 4])[0])
    return None
