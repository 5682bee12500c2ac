"""A picture to draw on: lines with an edge that shows on any ground, names that keep apart."""

import math
from collections.abc import Sequence
from typing import Any

from terrace_cli.draw.look import DARK, Color, Look, on

SMALL = 900
"""Pixels of the longest side below which a picture is enlarged: names must fit beside things."""
SHORTEST = 12
"""Pixels: letters smaller than these are not read."""
Point = tuple[float, float]
Rect = tuple[float, float, float, float]


class Canvas:
    """Draws in the pixels of the labels; the picture itself may be larger or smaller.

    Args:
        picture: a PIL image, RGB.
        look: how things are drawn.
        size: (width, height) that labels count in, where the picture has another size.
    """

    def __init__(self, picture: Any, look: Look, size: tuple[int, int] | None = None) -> None:
        from PIL import Image, ImageDraw

        longest = max(picture.size)
        factor = 1.0
        if longest > look.side:
            factor = look.side / longest
        elif longest < min(SMALL, look.side):
            factor = min(float(math.ceil(SMALL / longest)), look.side / longest)
        width, height = (max(1, round(side * factor)) for side in picture.size)
        if factor != 1.0:
            # Enlarged pixels stay pixels: labels are judged by them.
            how = Image.Resampling.NEAREST if factor > 2 else Image.Resampling.LANCZOS
            picture = picture.resize((width, height), how)
        self.picture = picture
        self.look = look
        counted = size or (width / factor, height / factor)
        self.scale_x, self.scale_y = width / counted[0], height / counted[1]
        self.unit = max(1.0, max(picture.size) / 640)
        """Pixels of a thin line."""
        self.letters = max(SHORTEST, round(max(picture.size) / 75))
        self._draw = ImageDraw.Draw(picture, "RGBA")
        self._taken: list[Rect] = []
        self._names: list[tuple[str, Color, Rect]] = []

    @property
    def width(self) -> int:
        """Of the picture, in its own pixels."""
        return int(self.picture.size[0])

    @property
    def height(self) -> int:
        """Of the picture, in its own pixels."""
        return int(self.picture.size[1])

    def at(self, point: Point) -> Point:
        """Where a point of a label is in the picture."""
        return point[0] * self.scale_x, point[1] * self.scale_y

    def line(self, points: Sequence[Point], color: Color, *, closed: bool = False) -> None:
        """A line through points, with a dark edge."""
        spots = [self.at(point) for point in points]
        if closed and len(spots) > 2:
            spots.append(spots[0])
        if len(spots) < 2:
            self.dot(points[0], color)
            return
        thin = max(2, round(1.6 * self.unit))
        self._draw.line(
            spots, fill=(*DARK, 190), width=thin + max(2, round(self.unit)), joint="curve"
        )
        self._draw.line(spots, fill=(*color, 255), width=thin, joint="curve")

    def fill(self, points: Sequence[Point], color: Color) -> None:
        """The area inside of points, seen through."""
        if len(points) > 2:
            self._draw.polygon([self.at(point) for point in points], fill=(*color, 56))

    def dot(self, point: Point, color: Color, *, hidden: bool = False) -> None:
        """A point; a hidden one is a ring."""
        x, y = self.at(point)
        size = max(3.5, 2.4 * self.unit)
        box = (x - size, y - size, x + size, y + size)
        self._draw.ellipse((box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1), fill=(*DARK, 200))
        self._draw.ellipse(
            box,
            fill=(*DARK, 255) if hidden else (*color, 255),
            outline=(*color, 255),
            width=max(1, round(self.unit)),
        )
        self._taken.append(box)

    def name(self, text: str, color: Color, around: Rect, *, small: bool = False) -> None:
        """Writes a name beside something, later: when all things are drawn.

        Args:
            text: the name.
            color: of the thing.
            around: (left, top, right, bottom) of it, in the labels' pixels.
            small: for the many points of one thing.
        """
        left, top = self.at((around[0], around[1]))
        right, bottom = self.at((around[2], around[3]))
        self._names.append((f"\0{text}" if small else text, color, (left, top, right, bottom)))

    def finish(self) -> Any:
        """Writes the names where they hide least, and returns the picture."""
        # Names of small things first: large things have more room for theirs.
        self._names.sort(key=lambda one: (one[2][2] - one[2][0]) * (one[2][3] - one[2][1]))
        for text, color, around in self._names:
            small = text.startswith("\0")
            self._name(text.removeprefix("\0"), color, around, small=small)
        self._names.clear()
        return self.picture

    def _name(self, text: str, color: Color, around: Rect, *, small: bool) -> None:
        size = max(SHORTEST - 2, round(self.letters * 0.8)) if small else self.letters
        font = self.look.font(size)
        text = shortened(text, font, self.width * 0.6)
        pad = max(2, size // 5)
        wide = font.getlength(text) + 2 * pad
        high = size + 2 * pad
        spot = self._room(wide, high, around)
        x, y = spot[0], spot[1]
        self._draw.rounded_rectangle(
            (x, y, x + wide, y + high), radius=pad, fill=(*color, 235), outline=(*DARK, 160)
        )
        self._draw.text(
            (x + wide / 2, y + high / 2), text, fill=(*on(color), 255), font=font, anchor="mm"
        )
        self._taken.append((x, y, x + wide, y + high))

    def _room(self, wide: float, high: float, around: Rect) -> Point:
        """The place beside a thing that hides the fewest other names."""
        left, top, right, bottom = around
        gap = max(2.0, self.unit)
        places = [
            (left, top - high - gap),
            (right - wide, top - high - gap),
            (left, bottom + gap),
            (right - wide, bottom + gap),
            (right + gap, top),
            (left - wide - gap, top),
            (right + gap, bottom - high),
            (left + gap, top + gap),
            (right - wide - gap, bottom - high - gap),
            *((left, top - (high + gap) * step) for step in (2, 3)),
            *((left, bottom + gap + (high + gap) * step) for step in (1, 2)),
        ]
        best, least = (0.0, 0.0), math.inf
        for number, (x, y) in enumerate(places):
            inside_x = min(max(x, 0.0), max(self.width - wide, 0.0))
            inside_y = min(max(y, 0.0), max(self.height - high, 0.0))
            moved = abs(inside_x - x) + abs(inside_y - y)
            box = (inside_x, inside_y, inside_x + wide, inside_y + high)
            hidden = sum(_overlap(box, other) for other in self._taken)
            cost = hidden * 4 + moved * high * 0.5 + number * high
            if cost < least:
                best, least = (inside_x, inside_y), cost
        return best


def _overlap(one: Rect, other: Rect) -> float:
    """Pixels that two rectangles share."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    return wide * high if wide > 0 and high > 0 else 0.0


def shortened(text: str, font: Any, most: float) -> str:
    """A text that is at most so many pixels wide, cut with ... where it is not."""
    text = "".join(one if one.isprintable() else "?" for one in text)
    if font.getlength(text) <= most:
        return text
    while len(text) > 1 and font.getlength(f"{text}…") > most:
        text = text[: -max(1, len(text) // 20)]
    return f"{text}…"
