"""A contact sheet: many pictures small, on one."""

import math
from collections.abc import Callable
from typing import Any

from terrace_cli.draw.canvas import shortened
from terrace_cli.draw.look import GREY, INK, PAPER, Look

TILE = (360, 270)
GAP = 14
LETTERS = 13
MOST = 200
"""Pictures of one sheet: more could be neither opened nor looked at."""


class Sheet:
    """Takes pictures, small, and lays them out at the end."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._tiles: list[tuple[str, Any]] = []
        self.left_out = 0
        """Pictures that found no room."""

    def add(self, name: str, draw: Callable[[], Any]) -> None:
        """Takes what a picture is drawn by, or counts it where there is no more room."""
        if len(self._tiles) == MOST:
            self.left_out += 1
            return
        small = draw()
        small.thumbnail(TILE)
        self._tiles.append((name, small))

    def made(self) -> Any:
        """The sheet, a PIL image."""
        from PIL import Image, ImageDraw

        columns = max(1, min(5, math.ceil(math.sqrt(len(self._tiles)))))
        rows = max(1, math.ceil(len(self._tiles) / columns))
        wide, high = TILE[0] + GAP, TILE[1] + GAP + LETTERS + 8
        sheet = Image.new("RGB", (GAP + columns * wide, GAP + rows * high), PAPER)
        draw = ImageDraw.Draw(sheet)
        font = self._look.font(LETTERS)
        for number, (name, small) in enumerate(self._tiles):
            x = GAP + number % columns * wide
            y = GAP + number // columns * high
            draw.rectangle((x, y, x + TILE[0], y + TILE[1]), fill=(232, 233, 230))
            inside = ((TILE[0] - small.size[0]) // 2, (TILE[1] - small.size[1]) // 2)
            sheet.paste(small, (x + inside[0], y + inside[1]))
            draw.text((x, y + TILE[1] + 4), shortened(name, font, TILE[0]), fill=INK, font=font)
        if not self._tiles:
            draw.text((GAP, GAP), "nothing to show", fill=GREY, font=font)
        return sheet
