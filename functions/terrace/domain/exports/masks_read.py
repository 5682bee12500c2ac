"""Ground Truth's masks, read: the colours of a PNG's pixels as classes.

With arrays (numpy): whoever reads masks has it in its artefact.
"""

import numpy as np
from numpy.typing import NDArray

from terrace.domain.exports.model import BACKGROUND, ExportError, Raster
from terrace.domain.quality import png


def raster(
    data: bytes, uri: str, colors: dict[int, tuple[str, str]], labels: tuple[str, ...]
) -> Raster:
    """The classes of a mask's pixels.

    Args:
        data: the PNG file.
        uri: of it, for errors.
        colors: by Ground Truth's class number: class name and `#rrggbb`.
        labels: class names in the order of their numbers in the mask, from 1.

    Raises:
        ExportError: the file is no PNG that can be read, or has a colour of no class.
    """
    try:
        pixels = png.rgba(data)
    except png.PngError as error:
        raise ExportError(
            uri, "MASK_UNREADABLE", f"the mask {error}", "Ground Truth's PNG file"
        ) from None
    return of_pixels(pixels, uri, colors, labels)


def of_pixels(
    pixels: NDArray[np.uint8],
    uri: str,
    colors: dict[int, tuple[str, str]],
    labels: tuple[str, ...],
) -> Raster:
    """The classes of pixels, height x width x (at least) red, green and blue."""
    red, green, blue = (pixels[..., channel].astype(np.uint32) for channel in range(3))
    joined = red << 16 | green << 8 | blue
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
