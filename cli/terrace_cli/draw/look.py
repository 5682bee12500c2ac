"""Colours and letters: one colour for each class, the same in every picture."""

import colorsys
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from terrace_cli.errors import EXIT_WRONG, TerraceError

Color = tuple[int, int, int]
PALETTE = (
    *("#ff4d4d", "#39d353", "#4d8dff", "#ffd02e", "#ff5fd2", "#27d3d3", "#ff9430"),
    *("#a579ff", "#b6e33d", "#ff8f9e", "#1fb58f", "#8fb7ff", "#d89b5c", "#f0a8ff"),
    *("#7fe3a5", "#c9b8ff", "#e3e08a", "#ff6b2c", "#5ce1ff", "#c04dff"),
)
"""Bright and far apart, so that they are seen on photographs; a dark edge is drawn around each."""
DARK, LIGHT = (16, 18, 22), (255, 255, 255)
PAPER, INK, GREY = (250, 250, 248), (28, 30, 34), (128, 132, 140)
FONTS = ("DejaVuSans-Bold.ttf", "Arial Bold.ttf", "arialbd.ttf", "LiberationSans-Bold.ttf")
"""Tried in this order; else Pillow's own letters, which are of Latin script only."""


def rgb(text: str) -> Color:
    """`#ff8000` as numbers."""
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def on(color: Color) -> Color:
    """Black or white, whichever is easier to read on a colour (WCAG's relative luminance)."""
    parts = [
        part / 3294.6 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in color
    ]
    return DARK if 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2] > 0.18 else LIGHT


def usual(index: int) -> Color:
    """The colour of the class with this number, from 0; never ends."""
    if index < len(PALETTE):
        return rgb(PALETTE[index])
    # Steps of the golden ratio stay apart, however many there are.
    hue = (index * 0.618034) % 1
    red, green, blue = colorsys.hsv_to_rgb(hue, 0.55 + 0.4 * (index % 2), 1 - 0.2 * (index % 3 / 2))
    return round(red * 255), round(green * 255), round(blue * 255)


@dataclass(frozen=True)
class Look:
    """How things are drawn."""

    classes: Sequence[str] = ()
    """In the order of their ids: the order of their colours."""
    given: Mapping[str, Color] = field(default_factory=dict)
    """Colours that the category file gives classes and points."""
    rig: Sequence[tuple[str, str, Color | None]] = ()
    """Lines between points of a skeleton."""
    font_file: str | None = None
    side: int = 1600
    """Longest side of a picture, pixels: what is larger is made smaller."""

    @functools.cached_property
    def _numbers(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.classes)}

    def color(self, name: str) -> Color:
        """Of a class, or of a point that the category file names."""
        if name in self.given:
            return self.given[name]
        return usual(self._numbers.get(name, len(self._numbers)))

    def font(self, size: int) -> Any:
        """Letters of so many pixels.

        Raises:
            TerraceError: the font file that was named cannot be read.
        """
        return _font(self.font_file, size)


@functools.lru_cache(maxsize=32)
def _font(file: str | None, size: int) -> Any:
    from PIL import ImageFont

    if file is not None:
        try:
            return ImageFont.truetype(file, size)
        except OSError as error:
            raise TerraceError(
                f"{file} is no font that can be read: {error}", "a TTF or OTF file", EXIT_WRONG
            ) from None
    for name in FONTS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)


def from_categories(
    configs: Sequence[Mapping[str, Any]], *, classes: Sequence[str], font: Path | None, side: int
) -> Look:
    """The look that label category files ask for.

    Args:
        configs: the files, parsed; anything in them that is not as it should be is passed by.
        classes: of the data set, in the order of their ids.
        font: a file with letters for the names.
        side: longest side of a picture.
    """
    given: dict[str, Color] = {}
    rig: list[tuple[str, str, Color | None]] = []
    for config in configs:
        for key in ("labels", "keypointClasses"):
            for entry in config.get(key) or ():
                color = entry.get("color") if isinstance(entry, dict) else None
                if (found := _readable(color)) and isinstance(entry.get("label"), str):
                    given[entry["label"]] = found
        for line in config.get("skeletonRig") or ():
            if isinstance(line, list) and len(line) >= 2:
                rig.append(
                    (str(line[0]), str(line[1]), _readable(line[2]) if len(line) > 2 else None)
                )
    return Look(classes, given, tuple(rig), str(font) if font else None, side)


def _readable(color: object) -> Color | None:
    """Any colour of CSS, as numbers."""
    from PIL import ImageColor

    if not isinstance(color, str):
        return None
    try:
        return ImageColor.getrgb(color)[:3]
    except ValueError:
        return None
