"""Segmentation masks: one class index per pixel, 0 where nothing is, and their colours.

A mask in memory is a Pillow image of mode ``L`` whose pixels are class indexes. The file is a
palette PNG, as the masks of real jobs are: the pixel is the index of the metadata's
``internal-color-map``, the palette holds its colours.
"""

import base64
import binascii
import io
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageFilter, UnidentifiedImageError

from terrace_local.workers.shapes import Box

BACKGROUND = "BACKGROUND"
BACKGROUND_COLOR = "#ffffff"
# The first ten are the tool's own; these repeat in darker shades after that.
_COLORS = (
    "#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd",
    "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf",
)  # fmt: skip
MAX_CLASSES = 255


class MaskError(ValueError):
    """A picture is no mask of this job; the message says why."""


@dataclass(frozen=True)
class Colors:
    """The colour of each class; class index k of a mask is ``names[k - 1]``."""

    names: tuple[str, ...]
    hexes: tuple[str, ...]

    def index_of(self, name: str) -> int:
        """The pixel value of a class.

        Raises:
            ValueError: when no class has that name.
        """
        return self.names.index(name) + 1

    @property
    def palette(self) -> list[int]:
        """Red, green and blue of every pixel value, background first."""
        return [part for color in (BACKGROUND_COLOR, *self.hexes) for part in _rgb(color)]


def colors_of(names: Sequence[str], known: dict[str, str]) -> Colors:
    """Gives every class a colour of its own; those of a job under review stay what they were.

    Args:
        names: The classes, in the category file's order.
        known: Class -> hex colour.

    Raises:
        MaskError: when there are more classes than a palette can hold.
    """
    if len(names) > MAX_CLASSES:
        raise MaskError(f"a mask holds at most {MAX_CLASSES} classes, not {len(names)}")
    taken = {BACKGROUND_COLOR, *known.values()}
    fresh = (color for color in _all_colors() if color not in taken)
    return Colors(tuple(names), tuple(known.get(name) or next(fresh) for name in names))


def _all_colors() -> list[str]:
    found = list(_COLORS)
    # Darker by steps: 26 rounds of ten are more than a palette can hold.
    for step in range(1, 27):
        factor = 1 - 0.035 * step
        found += [
            "#{:02x}{:02x}{:02x}".format(*(int(p * factor) for p in _rgb(c))) for c in _COLORS
        ]
    return list(dict.fromkeys(found))


def _rgb(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def paint(size: tuple[int, int], objects: Sequence[tuple[str, Box]], colors: Colors) -> Image.Image:
    """A mask with an ellipse in the box of each object; later ones cover earlier ones."""
    mask = Image.new("L", size, 0)
    draw = ImageDraw.Draw(mask)
    for name, box in objects:
        edge = (box.left, box.top, box.left + box.width, box.top + box.height)
        draw.ellipse(edge, fill=colors.index_of(name))
    return mask


def area(mask: Image.Image, index: int) -> Image.Image:
    """Where a class is: 255 there, else 0."""
    return mask.point([255 if value == index else 0 for value in range(256)])


def likeness(a: Image.Image, b: Image.Image, index: int) -> float:
    """Share of the pixels of a class that two masks agree on, 0 to 1: intersection over union.

    1 when neither has the class. Two squares of 100 pixels that share 50 of them: 50 / 150.
    """
    one, other = area(a, index), area(b, index)
    both = ImageChops.multiply(one, other).histogram()[255]
    either = ImageChops.lighter(one, other).histogram()[255]
    return both / either if either else 1.0


def vote(masks: Sequence[Image.Image], classes: int) -> Image.Image:
    """The class that most masks have at each pixel, smoothed; one mask stays what it is.

    Ties go to the background, then to the lower class index.

    Args:
        masks: Masks of the same size, at most 255.
        classes: How many classes there are besides the background.
    """
    if len(masks) == 1:
        return masks[0]
    winner = Image.new("L", masks[0].size, 0)
    most = _votes(masks, 0)
    for index in range(1, classes + 1):
        count = _votes(masks, index)
        ahead = ImageChops.subtract(count, most).point([0] + [255] * 255)
        winner.paste(index, mask=ahead)
        most = ImageChops.lighter(most, count)
    return winner.filter(ImageFilter.ModeFilter(3))


def _votes(masks: Sequence[Image.Image], index: int) -> Image.Image:
    count = Image.new("L", masks[0].size, 0)
    for mask in masks:
        here = mask.point([int(value == index) for value in range(256)])
        count = ImageChops.add(count, here)
    return count


def to_png(mask: Image.Image, colors: Colors) -> bytes:
    """The mask as a palette PNG in its colours."""
    picture = mask.convert("L")
    indexed = Image.frombytes("P", picture.size, picture.tobytes())
    indexed.putpalette(colors.palette)
    out = io.BytesIO()
    indexed.save(out, "PNG")
    return out.getvalue()


def from_png(body: bytes, colors: Colors) -> Image.Image:
    """Reads a mask by the colours of its pixels, whatever kind of PNG it is.

    Raises:
        MaskError: when it is no picture or has a colour that no class has.
    """
    try:
        picture = Image.open(io.BytesIO(body)).convert("RGB")
    except (UnidentifiedImageError, OSError) as error:
        raise MaskError(f"it is no readable picture ({error})") from error
    values = {_rgb(color): k for k, color in enumerate((BACKGROUND_COLOR, *colors.hexes))}
    found = picture.getcolors(len(values) + 1)
    strangers = [] if found is None else [rgb for _, rgb in found if rgb not in values]
    if found is None or strangers:
        text = "#{:02x}{:02x}{:02x}".format(*strangers[0]) if strangers else "more than there are"
        raise MaskError(f"it has colours that internal-color-map does not know: {text}")
    mask = Image.new("L", picture.size, 0)
    for _, rgb in found:
        mask.paste(values[rgb], mask=_where(picture, rgb))
    return mask


def _where(picture: Image.Image, rgb: tuple[int, int, int]) -> Image.Image:
    parts = [
        band.point([255 if value == wanted else 0 for value in range(256)])
        for band, wanted in zip(picture.split(), rgb, strict=True)
    ]
    return ImageChops.multiply(ImageChops.multiply(parts[0], parts[1]), parts[2])


def to_base64(png: bytes) -> str:
    """As worker responses hold a mask (``pngImageData``)."""
    return base64.b64encode(png).decode()


def from_base64(text: str) -> bytes:
    """What `to_base64` gave.

    Raises:
        MaskError: when it is no base64.
    """
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise MaskError(f"pngImageData is no base64 ({error})") from error
