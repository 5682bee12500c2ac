"""Image sizes by first bytes are those that an imaging library finds in the whole file."""

import io
import struct

import pytest
from PIL import Image

from terrace.domain.exports.image_size import image_size


def picture(size: tuple[int, int], kind: str, **how: object) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", size, "red").save(made, kind, **how)
    return made.getvalue()


@pytest.mark.parametrize("size", [(1, 1), (640, 480), (3, 5000)])
@pytest.mark.parametrize(
    ("kind", "how"),
    [
        ("PNG", {}),
        ("GIF", {}),
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("JPEG", {"icc_profile": b"p" * 70_000, "comment": b"c" * 1000}),
        ("JPEG", {"exif": Image.Exif().tobytes() + b"x" * 500}),
    ],
)
def test_the_size_is_in_the_first_bytes(
    size: tuple[int, int], kind: str, how: dict[str, object]
) -> None:
    assert image_size(picture(size, kind, **how)) == size


def test_fill_bytes_and_markers_without_a_length_are_passed_over() -> None:
    frame = b"\xff\xc2" + struct.pack(">HBHH", 8, 8, 30, 40)
    assert image_size(b"\xff\xd8\xff\x01\xff\xff\xff" + frame[1:] + b"\0" * 9) == (40, 30)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"BM" + bytes(100),
        b"\xff\xd8\x00\x00" + bytes(100),
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 0, 5),
    ],
)
def test_what_does_not_say_its_size_has_none(data: bytes) -> None:
    assert image_size(data) is None


@pytest.mark.parametrize("kind", ["PNG", "GIF", "JPEG"])
def test_a_file_cut_anywhere_is_its_size_or_none(kind: str) -> None:
    data = picture((7, 9), kind)
    assert {image_size(data[:end]) for end in range(len(data))} <= {None, (7, 9)}
