"""Is a mask the known one? By pixel for images, by point for clouds, class by class."""

import hashlib
import zlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrace.domain.audited_labels import BACKGROUND
from terrace.domain.label_values import Label, MaskLabel
from terrace.domain.quality import png
from terrace.domain.quality.metrics import Score

ENOUGH = 0.8
"""Mean IoU from which on a mask is right: edges are never drawn the same twice."""
CLOUD = "groundtruth/point_cloud_single_frame_semantic_segmentation"
POINTS_MAX = 100_000_000
"""Points of one cloud; a small zlib file can claim more, and would fill the memory."""
Masks = Callable[[str], bytes]
Classes = NDArray[np.int_]


def compare_masks(truth: Label, given: Label, masks: Masks) -> dict[str, Score]:
    """Scores by class, counted in pixels (or points); the background is no class.

    `meanOverlap` of a class's score is its IoU. Classes are the same by name: colours and numbers
    may differ between jobs.

    Worked number: known mask [car, car, -], labeled [car, -, -]: 1 of 2 pixels found, 1 labeled,
    IoU 1 / 2.

    Args:
        truth: the known label.
        given: the item's label.
        masks: gives the bytes behind a mask's URI.

    Raises:
        ValueError: a file cannot be read as a mask, or they are of different sizes.
    """
    names: list[str] = []
    known, labeled = (_classes(one, names, masks) for one in (truth, given))
    if known.shape != labeled.shape:
        raise ValueError(f"is of size {labeled.shape}, and the known one of {known.shape}")
    found = {}
    for number, name in enumerate(names):
        mine, theirs = known == number, labeled == number
        both, either = int((mine & theirs).sum()), int((mine | theirs).sum())
        if either:
            found[name] = Score(int(mine.sum()), int(theirs.sum()), both, both * both / either)
    return found


def mask_score(scores: dict[str, Score]) -> float:
    """Mean IoU of the classes that are in either mask; 1 where there is nothing in both.

    Worked number: IoU 0.9 of cars and 0 of a class that is in one mask only: 0.45.
    """
    if not scores:
        return 1.0
    return sum(score.meanOverlap or 0.0 for score in scores.values()) / len(scores)


def mask_digest(data: bytes) -> str:
    """The same text for masks of the same pixels (or points), however their files are packed.

    A worker's page saves a mask anew although nothing was painted: its bytes may differ then. What
    is no mask that can be read is known by its bytes.

    Worked number: a PNG of 2 x 1 red pixels, saved with and without compression: one digest.
    """
    try:
        pixels = png.rgba(data)[..., :3]
        data = f"{pixels.shape[1]} x {pixels.shape[0]}:".encode() + pixels.tobytes()
    except png.PngError:
        with suppress(ValueError):
            data = _points(data).tobytes()
    return hashlib.sha256(data).hexdigest()


def _classes(label: Label, names: list[str], masks: Masks) -> Classes:
    """For each pixel or point the index in `names`, which grows; -1: background."""
    value = label.value
    assert isinstance(value, MaskLabel)
    data = masks(value.uri)
    numbers: NDArray[Any]
    if label.type == CLOUD:
        numbers = _points(data)
        keys = list(value.colors)
    else:
        pixels = png.rgba(data).astype(np.uint32)
        numbers = pixels[..., 0] << 16 | pixels[..., 1] << 8 | pixels[..., 2]
        keys = [int(color[1:], 16) for _, color in value.colors.values()]
    found = np.full(numbers.shape, -1, dtype=np.int_)
    for key, (name, _) in zip(keys, value.colors.values(), strict=True):
        if name.upper() == BACKGROUND:
            continue
        if name not in names:
            names.append(name)
        found[numbers == key] = names.index(name)
    return found


def _points(data: bytes) -> NDArray[np.uint8]:
    reader = zlib.decompressobj()
    try:
        raw = reader.decompress(data, POINTS_MAX)
    except zlib.error:
        raise ValueError("is no zlib file") from None
    if reader.unconsumed_tail or not reader.eof:
        raise ValueError(f"is cut short, or has more than {POINTS_MAX} points")
    return np.frombuffer(raw, dtype=np.uint8)
