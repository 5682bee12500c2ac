"""Pixels of images and masks."""

import io
from typing import IO

from terrace.domain.exports.model import BACKGROUND, ExportError, Raster, Size

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

    try:
        with Image.open(io.BytesIO(data)) as picture:
            pixels = np.asarray(picture.convert("RGB"), dtype=np.uint32)
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError):
        raise ExportError(
            uri, "MASK_UNREADABLE", "the mask is no image", "Ground Truth's PNG file"
        ) from None
    joined = pixels[..., 0] << 16 | pixels[..., 1] << 8 | pixels[..., 2]
    values, inverse = np.unique(joined, return_inverse=True)
    numbers = {
        int(color[1:], 16): 0 if name == BACKGROUND else labels.index(name) + 1
        for name, color in colors.values()
    }
    foreign = [int(value) for value in values if int(value) not in numbers]
    if foreign:
        raise ExportError(
            uri,
            "MASK_COLOR_UNKNOWN",
            f"the mask has the colour #{foreign[0]:06x}, which its metadata does not explain",
            "the mask and the manifest of the same job",
        )
    table = np.array([numbers[int(value)] for value in values], dtype=np.uint8)
    height, width = joined.shape
    return Raster((width, height), labels, table[inverse.reshape(-1)].tobytes())
