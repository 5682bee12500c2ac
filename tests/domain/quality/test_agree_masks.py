"""Masks of several workers: PNGs read as Pillow reads them, pixels voted on."""

import base64
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from terrace.domain.quality import mask_vote, png
from terrace.domain.quality.answers import MaskMark
from tests.data import shared_data


def written(image: Image.Image, **more: object) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", **more)  # type: ignore[arg-type]
    return out.getvalue()


def noise(*shape: int) -> np.ndarray:
    """Pixels that differ, always the same."""
    return np.asarray(np.arange(np.prod(shape)).reshape(shape) * 37 % 251, dtype=np.uint8)


def by_hand(rows: np.ndarray, filters: list[int]) -> bytes:
    """A PNG whose lines are filtered as told; rows: height x width x 3."""
    height, width, _ = rows.shape
    lines = rows.reshape(height, -1).astype(int)
    packed = b""
    for number, kind in enumerate(filters):
        line = lines[number]
        up = lines[number - 1] if number else np.zeros_like(line)
        left = np.concatenate([np.zeros(3, dtype=int), line[:-3]])
        corner = np.concatenate([np.zeros(3, dtype=int), up[:-3]])
        guess = left + up - corner
        near = np.where(
            (abs(guess - left) <= abs(guess - up)) & (abs(guess - left) <= abs(guess - corner)),
            left,
            np.where(abs(guess - up) <= abs(guess - corner), up, corner),
        )
        taken = [0 * line, left, up, (left + up) // 2, near][kind]
        packed += bytes([kind]) + ((line - taken) % 256).astype(np.uint8).tobytes()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return png.SIGNATURE + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in ((b"IHDR", header), (b"IDAT", zlib.compress(packed)), (b"IEND", b""))
    )


# --- PNG -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "P", "1"])
def test_what_pillow_writes_is_read_as_pillow_reads_it(mode: str) -> None:
    image = Image.fromarray(noise(9, 13, 4), "RGBA").convert(mode)
    data = written(image)
    assert np.array_equal(png.rgba(data), np.asarray(Image.open(io.BytesIO(data)).convert("RGBA")))


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_small_palettes_are_packed_several_pixels_a_byte(bits: int) -> None:
    image = Image.fromarray(noise(5, 11) & (2**bits - 1), "P")
    image.putpalette([(7 * part) % 256 for part in range(3 * 2**bits)])
    data = written(image, bits=bits)
    assert data[24] == bits
    assert np.array_equal(png.rgba(data)[..., :3], np.asarray(image.convert("RGB")))


@given(st.lists(st.integers(0, 4), min_size=1, max_size=8))
def test_every_filter_of_a_line_is_undone(filters: list[int]) -> None:
    rows = noise(len(filters), 7, 3)
    data = by_hand(rows, filters)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(data))), rows)
    assert np.array_equal(png.rgba(data)[..., :3], rows)


def test_the_mask_of_a_real_job_is_read_as_pillow_reads_it() -> None:
    folder = shared_data.FOLDER.parent / "gt_semantic_segmentation_pcb"
    masks: list[Path] = sorted(folder.rglob("*.png")) if folder.is_dir() else []
    if not masks:
        pytest.skip("../shared/data/gt_semantic_segmentation_pcb is not on this machine")
    for path in masks:
        expected = np.asarray(Image.open(path).convert("RGBA"))
        assert np.array_equal(png.rgba(path.read_bytes()), expected)


GOOD = written(Image.fromarray(noise(4, 4, 3), "RGB"))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a PNG"),
        (b"GIF89a", "not a PNG"),
        (GOOD[:40], "without"),
        (GOOD[:16] + struct.pack(">II", 60_000, 60_000) + GOOD[24:], "60000 x 60000"),
        (GOOD[:16] + struct.pack(">II", 4, 400) + GOOD[24:], "ends too early"),
        (GOOD[:16] + struct.pack(">II", 0, 4) + GOOD[24:], "0 x 4"),
        (GOOD[:24] + b"\x10" + GOOD[25:], "16 bits"),
        (GOOD[:28] + b"\x01" + GOOD[29:], "interlaced"),
        (GOOD.replace(b"IDAT\x78", b"IDAT\x00"), "cannot be unpacked"),
    ],
)
def test_what_is_no_png_or_not_one_that_is_read_is_refused_by_name(data: bytes, words: str) -> None:
    with pytest.raises(png.PngError, match=words):
        png.rgba(data)


# --- masks ---------------------------------------------------------------------------------------


def mark(rows: list[list[int]], names: tuple[str, ...] = ("Road", "Sky")) -> MaskMark:
    """A mask in Ground Truth's colours; 0 is clear."""
    colors = [(255, 255, 255, 0), (31, 119, 180, 255), (255, 127, 14, 255)]
    pixels = np.array([[colors[value] for value in row] for row in rows], dtype=np.uint8)
    data = base64.b64encode(written(Image.fromarray(pixels, "RGBA"))).decode()
    hexes = ("#1f77b4", "#ff7f0e")
    return MaskMark(data, tuple(zip(names, hexes, strict=True)))


def test_a_mask_is_read_by_the_colours_that_its_answer_names() -> None:
    found = mask_vote.decode(mark([[0, 1], [2, 2]]), ["Car", "Road", "Sky"])
    assert found.tolist() == [[0, 2], [3, 3]]


def test_a_picture_that_is_no_picture_is_told() -> None:
    with pytest.raises(ValueError, match="base64"):
        mask_vote.decode(MaskMark("%%%", ()), [])
    with pytest.raises(ValueError, match="not a PNG"):
        mask_vote.decode(MaskMark(base64.b64encode(b"x").decode(), ()), [])


def test_the_worked_number_of_a_vote() -> None:
    masks = {
        name: np.array([row], dtype=np.uint8)
        for name, row in {"a": [1, 1, 0], "b": [1, 2, 0], "c": [1, 2, 2]}.items()
    }
    found = mask_vote.vote(masks)
    assert found.mask.tolist() == [[1, 2, 0]]
    assert found.share == pytest.approx((1 + 2 / 3 + 2 / 3) / 3)
    assert found.likeness["b"] == 1.0
    assert mask_vote.mean_iou(masks["a"], masks["b"]) == pytest.approx(0.25)


def test_level_votes_go_to_the_background_and_nothing_marked_is_agreement() -> None:
    found = mask_vote.vote(
        {"a": np.array([[1]], dtype=np.uint8), "b": np.array([[0]], dtype=np.uint8)}
    )
    assert found.mask.tolist() == [[0]]
    empty = mask_vote.vote({"a": np.zeros((2, 2), dtype=np.uint8)})
    assert (empty.share, empty.likeness) == (1.0, {"a": 1.0})


def test_masks_of_different_sizes_are_not_voted_on() -> None:
    with pytest.raises(ValueError, match="1 x 2, 2 x 1"):
        mask_vote.vote(
            {"a": np.zeros((1, 2), dtype=np.uint8), "b": np.zeros((2, 1), dtype=np.uint8)}
        )
    with pytest.raises(ValueError, match="no mask"):
        mask_vote.vote({})


def test_alpha_of_pixels_is_the_alpha_of_units() -> None:
    one, other = (np.array([row], dtype=np.uint8) for row in ([1, 1, 0], [1, 0, 0]))
    assert mask_vote.pixel_alpha([[one, other]]).value == pytest.approx(4 / 9)
    assert mask_vote.pixel_alpha([[one]]).value is None


@given(st.lists(st.lists(st.integers(0, 2), min_size=6, max_size=6), min_size=1, max_size=5))
def test_a_vote_is_what_somebody_painted_whoever_comes_first(rows: list[list[int]]) -> None:
    masks = {str(at): np.array(row, dtype=np.uint8).reshape(2, 3) for at, row in enumerate(rows)}
    found = mask_vote.vote(masks)
    again = mask_vote.vote(dict(reversed(masks.items())))
    assert np.array_equal(found.mask, again.mask)
    assert all(0 <= value <= 1 for value in (found.share, *found.likeness.values()))
    stack = np.stack(list(masks.values()))
    assert ((stack == found.mask).any(axis=0)).all()
