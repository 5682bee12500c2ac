"""Masks come as PNG files: their pixels, without an imaging library.

Source: W3C, Portable Network Graphics, third edition: 5.3 chunks, 9 filters, 11.2 IHDR and PLTE.
What browsers' canvases write is read (8 bits, no interlacing), and palettes and grey of 1, 2, 4
bits; anything else is refused by name.
"""

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST_PIXELS = 100_000_000
"""Ground Truth's largest image; a small file can claim more, and would fill the memory."""
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}

Pixels = NDArray[np.uint8]


class PngError(ValueError):
    """Not a PNG that can be read here; the text says why."""


def rgba(data: bytes) -> Pixels:
    """height x width x 4: red, green, blue and opacity of every pixel, 0 to 255.

    Raises:
        PngError: No PNG, cut short, too large, interlaced or of 16 bits.
    """
    header, palette, opacity, packed = _chunks(data)
    width, height, bits, kind, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    if kind not in _CHANNELS or bits not in ((1, 2, 4, 8) if kind in (0, 3) else (8,)):
        raise PngError(f"is a PNG of kind {kind} with {bits} bits; 8 bits a channel are read")
    if interlaced:
        raise PngError("is an interlaced PNG; a plain one is read")
    if not 0 < width * height <= MOST_PIXELS:
        raise PngError(f"is {width} x {height} pixels; up to {MOST_PIXELS} are read")
    channels = _CHANNELS[kind]
    stride = (width * channels * bits + 7) // 8
    raw = _inflated(packed, height * (stride + 1))
    rows = _unfiltered(raw.reshape(height, stride + 1), max(1, channels * bits // 8))
    if bits < 8:
        rows = _unpacked(rows, bits)[:, :width]
    pixels = rows.reshape(height, width, channels)
    if kind == 3:
        return _painted(pixels[..., 0], palette, opacity)
    if kind in (0, 4):
        grey = pixels[..., :1] * (255 // (2**bits - 1) if bits < 8 else 1)
        pixels = np.concatenate([grey, grey, grey, pixels[..., 1:]], axis=2)
    if pixels.shape[2] == 3:
        solid = np.full((height, width, 1), 255, dtype=np.uint8)
        pixels = np.concatenate([pixels, solid], axis=2)
    return np.asarray(pixels, dtype=np.uint8)


def _chunks(data: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """IHDR, PLTE, tRNS and all of IDAT."""
    if not data.startswith(SIGNATURE):
        raise PngError("is not a PNG")
    found = {b"IHDR": b"", b"PLTE": b"", b"tRNS": b"", b"IDAT": b""}
    at = len(SIGNATURE)
    while at + 8 <= len(data):
        size, name = struct.unpack(">I4s", data[at : at + 8])
        if name in found:
            found[name] += data[at + 8 : at + 8 + size]
        at += size + 12
    if len(found[b"IHDR"]) != 13 or not found[b"IDAT"]:
        raise PngError("is a PNG without a header or without pixels")
    return found[b"IHDR"], found[b"PLTE"], found[b"tRNS"], found[b"IDAT"]


def _inflated(packed: bytes, size: int) -> Pixels:
    try:
        raw = zlib.decompressobj().decompress(packed, size)
    except zlib.error:
        raise PngError("is a PNG whose pixels cannot be unpacked") from None
    if len(raw) != size:
        raise PngError("is a PNG that ends too early")
    return np.frombuffer(raw, dtype=np.uint8)


def _unfiltered(lines: Pixels, step: int) -> Pixels:
    """Undoes the filter of each line; `step`: bytes of a pixel."""
    rows = lines[:, 1:].astype(np.uint8)
    above = np.zeros(rows.shape[1], dtype=np.uint8)
    for number, kind in enumerate(lines[:, 0].tolist()):
        line = rows[number]
        if kind == 1:
            for channel in range(step):
                line[channel::step] = np.cumsum(line[channel::step], dtype=np.uint64) % 256
        elif kind == 2:
            line += above
        elif kind in (3, 4):
            rows[number] = _predicted(line.tolist(), above.tolist(), step, paeth=kind == 4)
        elif kind != 0:
            raise PngError(f"is a PNG with an unknown filter ({kind})")
        above = rows[number]
    return rows


def _predicted(line: list[int], above: list[int], step: int, *, paeth: bool) -> list[int]:
    """Filters 3 (average) and 4 (Paeth): each byte needs the one before it."""
    for at in range(len(line)):
        left = line[at - step] if at >= step else 0
        up = above[at]
        if not paeth:
            line[at] = (line[at] + (left + up) // 2) & 255
            continue
        corner = above[at - step] if at >= step else 0
        guess = left + up - corner
        by_left, by_up, by_corner = abs(guess - left), abs(guess - up), abs(guess - corner)
        if by_left <= by_up and by_left <= by_corner:
            near = left
        else:
            near = up if by_up <= by_corner else corner
        line[at] = (line[at] + near) & 255
    return line


def _unpacked(rows: Pixels, bits: int) -> Pixels:
    """Several pixels a byte, the first in the highest bits."""
    shifts = np.arange(8 - bits, -1, -bits, dtype=np.uint8)
    parts = (rows[:, :, None] >> shifts) & np.uint8(2**bits - 1)
    return np.asarray(parts.reshape(len(rows), -1), dtype=np.uint8)


def _painted(indexes: Pixels, palette: bytes, opacity: bytes) -> Pixels:
    colors = np.frombuffer(palette[: len(palette) // 3 * 3], dtype=np.uint8).reshape(-1, 3)
    if not len(colors) or int(indexes.max()) >= len(colors):
        raise PngError("is a PNG with a pixel outside its palette")
    solid = np.full((len(colors), 1), 255, dtype=np.uint8)
    given = np.frombuffer(opacity, dtype=np.uint8)[: len(colors)]
    solid[: len(given), 0] = given
    return np.asarray(np.concatenate([colors, solid], axis=1)[indexes], dtype=np.uint8)
