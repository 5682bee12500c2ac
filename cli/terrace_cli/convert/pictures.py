"""Pixels of images and masks."""

import io
from typing import IO

from terrace.domain.exports.model import ExportError, Raster, Size

Color = tuple[int, int, int]


def size(file: IO[bytes]) -> Size | None:
    """Width and height of an image, by its first bytes; None where it is no image."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(file) as picture:
            found: Size = picture.size
            return found
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError):
        return None


def raster(
    data: bytes, uri: str, colors: dict[int, tuple[str, str]], labels: tuple[str, ...]
) -> Raster:
    """The classes of a mask's pixels.

    Args:
        data: PNG file, as Ground Truth writes it: RGB, a colour a class.
        uri: for errors.
        colors: by Ground Truth's number: class name and `#rrggbb`.
        labels: class names without background; the raster's numbers count from 1 in it.

    Raises:
        ExportError: it is no image, or has a colour that the metadata does not explain.
    """
    import numpy as np
    from PIL import Image, UnidentifiedImageError

    from terrace.domain.exports.masks_read import of_pixels

    try:
        with Image.open(io.BytesIO(data)) as picture:
            pixels = np.asarray(picture.convert("RGB"), dtype=np.uint8)
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError):
        raise ExportError(
            uri, "MASK_UNREADABLE", "the mask is no image", "Ground Truth's PNG file"
        ) from None
    return of_pixels(pixels, uri, colors, labels)
