"""A WebM video without a video library.

A lossy WebP picture is one VP8 key frame in a RIFF box; a WebM video of such frames is a valid
VP8 stream in which every frame is a key frame, and every browser plays it. So Pillow, which is
here anyway, is encoder enough, and only the container is written here.

Sources: RFC 6386 (VP8), RFC 9649 (WebP), RFC 8794 (EBML), RFC 9559 (Matroska).
"""

import io
import struct

from PIL import Image

QUALITY = 60
_UNKNOWN_UID = 1


def webm(pictures: list[Image.Image], frames_per_second: int = 5) -> bytes:
    """The video of these pictures, all of one size; the same pictures give the same bytes.

    Raises:
        ValueError: there are none, or they differ in size.
    """
    if len({picture.size for picture in pictures}) != 1:
        raise ValueError("a video needs pictures of one size")
    width, height = pictures[0].size
    step = 1000 // frames_per_second
    header = _box(
        0x1A45DFA3,
        _uint(0x4286, 1)  # EBMLVersion
        + _uint(0x42F7, 1)  # EBMLReadVersion
        + _uint(0x42F2, 4)  # EBMLMaxIDLength
        + _uint(0x42F3, 8)  # EBMLMaxSizeLength
        + _box(0x4282, b"webm")  # DocType
        + _uint(0x4287, 2)  # DocTypeVersion
        + _uint(0x4285, 2),  # DocTypeReadVersion
    )
    info = _box(
        0x1549A966,
        _uint(0x2AD7B1, 1_000_000)  # TimestampScale: a millisecond
        + _box(0x4489, struct.pack(">d", float(step * len(pictures))))  # Duration
        + _box(0x4D80, b"terrace")  # MuxingApp
        + _box(0x5741, b"terrace"),  # WritingApp
    )
    track = _box(
        0xAE,
        _uint(0xD7, 1)  # TrackNumber
        + _uint(0x73C5, _UNKNOWN_UID)  # TrackUID
        + _uint(0x83, 1)  # TrackType: video
        + _uint(0x9C, 0)  # FlagLacing
        + _box(0x86, b"V_VP8")  # CodecID
        + _box(0xE0, _uint(0xB0, width) + _uint(0xBA, height)),  # Video: size in pixels
    )
    blocks = b"".join(
        # Track 1, time within the cluster, key frame.
        _box(0xA3, b"\x81" + struct.pack(">hB", number * step, 0x80) + vp8_frame(picture))
        for number, picture in enumerate(pictures)
    )
    cluster = _box(0x1F43B675, _uint(0xE7, 0) + blocks)
    return header + _box(0x18538067, info + _box(0x1654AE6B, track) + cluster)


def vp8_frame(picture: Image.Image) -> bytes:
    """The picture as one VP8 key frame."""
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, "WEBP", quality=QUALITY)
    riff = buffer.getvalue()
    if riff[12:16] != b"VP8 ":
        raise ValueError("Pillow made no simple lossy WebP file")
    (size,) = struct.unpack("<I", riff[16:20])
    return riff[20 : 20 + size]


def _box(ident: int, body: bytes) -> bytes:
    # Sizes always in 8 bytes: simple, and allowed.
    name = ident.to_bytes((ident.bit_length() + 7) // 8, "big")
    return name + (0x0100000000000000 | len(body)).to_bytes(8, "big") + body


def _uint(ident: int, value: int) -> bytes:
    return _box(ident, value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big"))
