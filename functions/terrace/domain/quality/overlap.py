"""How much two boxes are the same: intersection over union (IoU), between 0 and 1.

IoU = area of both / area of either (P. Jaccard 1901). A box is (left, top, width, height) in any
unit; enlarging or shifting everything changes nothing.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def iou(first: Any, second: Any) -> FloatArray:
    """IoU of each box of `first` with each of `second`, of shape (n, m).

    Boxes of no area are the same as their equals only (1), and share nothing with others (0). What
    is no box (NaN, infinite, negative size) overlaps nothing, not even its equal: 0.

    Worked number: (0, 0, 10, 10) and (5, 0, 10, 10) share 5 x 10 = 50 of 100 + 100 - 50 = 150:
    IoU 1/3.

    Args:
        first: (n, 4); n may be 0.
        second: (m, 4); m may be 0.

    Raises:
        ValueError: rows that are not 4 numbers.
    """
    a, b = _boxes(first), _boxes(second)
    return _iou(a[:, None, :], b[None, :, :])


def iou_pairs(first: Any, second: Any) -> FloatArray:
    """IoU of each box with the one at the same place, of shape (n,); otherwise as `iou`.

    Raises:
        ValueError: rows that are not 4 numbers, or lists of different lengths.
    """
    a, b = _boxes(first), _boxes(second)
    if len(a) != len(b):
        raise ValueError(f"{len(a)} boxes cannot be paired with {len(b)}")
    return _iou(a, b)


def _boxes(given: Any) -> FloatArray:
    boxes = np.asarray(given, dtype=np.float64)
    if boxes.size == 0:
        return boxes.reshape(0, 4)
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f"boxes are rows of left, top, width, height, not {boxes.shape}")
    return boxes


def _iou(a: FloatArray, b: FloatArray) -> FloatArray:
    """IoU over the last axis of two arrays that fit together."""
    if a.size == 0 or b.size == 0:
        return np.zeros(np.broadcast_shapes(a.shape, b.shape)[:-1])
    valid = _valid(a) & _valid(b)
    same = valid & (a == b).all(axis=-1)
    # Areas of very large or small numbers leave the range of floats; ratios do not.
    scale = np.maximum(_largest(a), _largest(b))
    a, b = (np.where(valid[..., None], one / scale[..., None], 0.0) for one in (a, b))
    low = np.maximum(a[..., :2], b[..., :2])
    high = np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:])
    both = np.clip(high - low, 0.0, None).prod(axis=-1)
    either = a[..., 2:].prod(axis=-1) + b[..., 2:].prod(axis=-1) - both
    ratio = np.divide(both, either, out=np.zeros_like(both), where=valid & (either > 0))
    return np.where(same, 1.0, np.clip(ratio, 0.0, 1.0))


def _valid(boxes: FloatArray) -> NDArray[np.bool_]:
    known = np.isfinite(boxes).all(axis=-1) & (boxes[..., 2:] >= 0).all(axis=-1)
    return np.asarray(known, dtype=np.bool_)


def _largest(boxes: FloatArray) -> FloatArray:
    """A power of two near the largest number of each box: dividing by it loses no digit."""
    largest = np.abs(boxes).max(axis=-1)
    usable = np.isfinite(largest) & (largest > 0)
    _, exponent = np.frexp(np.where(usable, largest, 1.0))
    return np.asarray(np.ldexp(1.0, exponent - 1), dtype=np.float64)
