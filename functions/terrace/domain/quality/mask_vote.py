"""Masks of several workers: one vote a pixel.

A mask in memory is height x width of small whole numbers: 0 where nobody's class is (background),
k for the k-th class of the names given.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from terrace.domain.quality import alpha, png
from terrace.domain.quality.answers import MaskMark
from terrace.domain.quality.coefficients import NOBODY, Coefficient

Mask = NDArray[np.uint8]
MOST_CLASSES = 255


@dataclass(frozen=True)
class PixelVote:
    """The vote of one image's workers."""

    mask: Mask
    share: float
    """Mean part of the votes that the winning class has, over pixels that anybody marked; 1 where
    nobody marked any."""
    likeness: dict[str, float]
    """By worker: mean IoU of the worker's mask with the vote, over classes that either has."""


def decode(mark: MaskMark, names: Sequence[str]) -> Mask:
    """The pixels of a worker's mask; a colour that belongs to no class, or is clear, is background.

    Raises:
        ValueError: Not base64, or not a PNG that can be read (`png.PngError`).
    """
    if len(names) > MOST_CLASSES:
        raise ValueError(f"names {len(names)} classes; up to {MOST_CLASSES} are read")
    try:
        data = base64.b64decode(mark.png.partition("base64,")[2] or mark.png, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("is not base64") from None
    pixels = png.rgba(data)
    found = np.zeros(pixels.shape[:2], dtype=np.uint8)
    packed = pixels[..., :3].astype(np.uint32) @ np.array([65536, 256, 1], dtype=np.uint32)
    for name, color in mark.colors:
        if name in names and len(color) == 7:
            found[packed == int(color[1:], 16)] = names.index(name) + 1
    found[pixels[..., 3] == 0] = 0
    return found


def vote(masks: Mapping[str, Mask]) -> PixelVote:
    """The class that most workers gave each pixel; level votes go to the background, then to the
    class that comes first.

    Worked number: one row of three pixels, workers 1 1 0, 1 2 0, 1 2 2: the vote is 1 2 0. Shares
    are 1, 2/3, 2/3, all three pixels marked by somebody: 0.7778.

    Raises:
        ValueError: No mask at all, or masks of different sizes.
    """
    stack = _stack(list(masks.values()))
    counts = pixel_counts(stack)
    won = counts.argmax(axis=0).astype(np.uint8)
    shares = counts.max(axis=0) / len(stack)
    marked = counts[0] < len(stack)
    return PixelVote(
        mask=won,
        share=float(shares[marked].mean()) if marked.any() else 1.0,
        likeness={name: mean_iou(mask, won) for name, mask in masks.items()},
    )


def pixel_counts(stack: Mask) -> NDArray[np.intp]:
    """(class, height, width): how many workers gave a pixel each class, background first."""
    size = int(stack.max(initial=0)) + 1
    return np.stack([(stack == number).sum(axis=0) for number in range(size)])


def mean_iou(one: Mask, other: Mask) -> float:
    """Mean IoU over classes that either mask has, background left out; 1 where neither has any.

    Worked number: 1 1 0 and 1 2 0: class 1 shares 1 of 2 pixels, class 2 none of 1: 0.25.
    """
    found = []
    for number in sorted((set(np.unique(one).tolist()) | set(np.unique(other).tolist())) - {0}):
        a, b = one == number, other == number
        found.append(float((a & b).sum()) / float((a | b).sum()))
    return sum(found) / len(found) if found else 1.0


def pixel_alpha(images: Sequence[Sequence[Mask]]) -> Coefficient:
    """Krippendorff's alpha with the pixels as units; `units` and `answers` count pixels.

    Pixels with the same votes are counted together, so that size costs little.

    Worked number: two workers, pixels 1 1 0 and 1 0 0 as AA, AB, BB: 0.4444.
    """
    patterns: dict[tuple[int, ...], int] = {}
    for masks in images:
        if len(masks) < 2:
            continue
        counts = pixel_counts(_stack(list(masks)))
        columns, often = np.unique(counts.reshape(len(counts), -1), axis=1, return_counts=True)
        for column, number in zip(columns.T.tolist(), often.tolist(), strict=True):
            patterns[tuple(column)] = patterns.get(tuple(column), 0) + number
    if not patterns:
        return Coefficient(None, why=NOBODY)
    size = max(len(pattern) for pattern in patterns)
    table = np.array([[*pattern, *[0] * (size - len(pattern))] for pattern in patterns])
    return alpha.of_counts(table, np.array(list(patterns.values()), dtype=np.float64))


def _stack(masks: Sequence[Mask]) -> Mask:
    if not masks:
        raise ValueError("there is no mask to vote on")
    if len({mask.shape for mask in masks}) > 1:
        sizes = sorted({f"{mask.shape[1]} x {mask.shape[0]}" for mask in masks})
        raise ValueError(f"masks of one image have different sizes: {', '.join(sizes)}")
    return np.stack(masks)
