"""Texts with their spans, captions of classes, and cards for what has no picture."""

from collections.abc import Sequence
from typing import Any

from terrace.domain.exports.model import Item, Tag, TextSpan
from terrace_cli.draw.canvas import shortened
from terrace_cli.draw.look import GREY, INK, PAPER, Look, on

WIDE = 960
LETTERS = 20
MARGIN = 28
ROWS_MAX = 40
"""Of a text: what is longer is cut, and says so."""


def of_text(item: Item, look: Look) -> Any:
    """A text on paper: spans in the colour of their class, with its name below."""
    from PIL import Image, ImageDraw

    text = item.text or ""
    font, small = look.font(LETTERS), look.font(LETTERS * 2 // 3)
    rows = _rows(text, font, WIDE - 2 * MARGIN)
    cut = len(rows) > ROWS_MAX
    rows = rows[:ROWS_MAX]
    high = LETTERS * 2 + (14 if item.spans else 0)
    picture = Image.new("RGB", (WIDE, 2 * MARGIN + high * (len(rows) + cut)), PAPER)
    draw = ImageDraw.Draw(picture)
    for number, (start, end) in enumerate(rows):
        y = MARGIN + number * high
        free = float(MARGIN)
        for span in sorted(item.spans, key=lambda one: (one.start, -one.end)):
            free = _span(
                draw,
                span,
                row=(start, end),
                text=text,
                y=y,
                free=free,
                font=font,
                small=small,
                look=look,
            )
        draw.text((MARGIN, y), _shown(text[start:end]), fill=INK, font=font)
    if cut:
        y = MARGIN + len(rows) * high
        rest = len(text) - rows[-1][1]
        draw.text((MARGIN, y), f"… {rest} more characters", fill=GREY, font=font)
    return captioned(picture, [tag.label for tag in item.tags], look, tags=item.tags)


def _span(
    draw: Any,
    span: TextSpan,
    *,
    row: tuple[int, int],
    text: str,
    y: float,
    free: float,
    font: Any,
    small: Any,
    look: Look,
) -> float:
    """Draws the part of a span that is in a row; returns where the next name has room."""
    start, end = max(span.start, row[0]), min(span.end, row[1])
    if start >= end:
        return free
    color = look.color(span.label)
    left = MARGIN + font.getlength(_shown(text[row[0] : start]))
    right = MARGIN + font.getlength(_shown(text[row[0] : end]))
    pale = tuple(round(255 - (255 - part) * 0.4) for part in color)
    draw.rounded_rectangle((left - 2, y - 3, right + 2, y + LETTERS + 5), radius=4, fill=pale)
    draw.line((left - 1, y + LETTERS + 5, right + 1, y + LETTERS + 5), fill=color, width=3)
    if span.start < row[0]:
        return free
    name = shortened(span.label, small, WIDE / 3)
    at = min(max(left, free), WIDE - MARGIN - small.getlength(name) - 6)
    wide = small.getlength(name) + 8
    top = y + LETTERS + 9
    draw.rounded_rectangle((at, top, at + wide, top + LETTERS * 2 // 3 + 5), radius=3, fill=color)
    middle = (at + wide / 2, top + (LETTERS * 2 // 3 + 5) / 2)
    draw.text(middle, name, fill=on(color), font=small, anchor="mm")
    return float(at + wide + 4)


def _shown(text: str) -> str:
    """One character for each, so that places in the text stay right."""
    return "".join(one if one.isprintable() else " " for one in text)


def _rows(text: str, font: Any, most: float) -> list[tuple[int, int]]:
    """Where rows begin and end, in characters of the text: broken at blanks, if there are any."""
    rows, start = [], 0
    while start < len(text) and len(rows) <= ROWS_MAX:
        stop = text.find("\n", start)
        line_end = len(text) if stop < 0 else stop
        # Two characters a letter's width are more than any script needs.
        end = min(line_end, start + int(most))
        while end > start + 1 and font.getlength(_shown(text[start:end])) > most:
            over = font.getlength(_shown(text[start:end])) / most
            end = max(start + 1, min(end - 1, start + int((end - start) / over)))
        if end < line_end:
            blank = text.rfind(" ", start + 1, end)
            end = blank + 1 if blank > start else end
        rows.append((start, end))
        start = end + 1 if end == stop else end
    return rows or [(0, 0)]


def captioned(picture: Any, names: Sequence[str], look: Look, *, tags: Sequence[Tag] = ()) -> Any:
    """The picture with a bar below it that names its classes; itself where it has none."""
    from PIL import Image, ImageDraw

    if not names:
        return picture
    letters = max(14, round(max(picture.size) / 60))
    font, pad = look.font(letters), letters // 2
    rows: list[list[tuple[str, str, float]]] = [[]]
    free = picture.size[0] - 2 * pad
    used = 0.0
    for index, name in enumerate(names):
        confidence = tags[index].confidence if index < len(tags) else None
        said = name if confidence is None else f"{name} {confidence:.2f}"
        said = shortened(said, font, free - 2 * pad)
        wide = font.getlength(said) + 2 * pad
        if rows[-1] and used + wide > free:
            rows.append([])
            used = 0.0
        rows[-1].append((name, said, wide))
        used += wide + pad
    high = letters + 2 * pad
    made = Image.new("RGB", (picture.size[0], picture.size[1] + high * len(rows) + pad), INK)
    made.paste(picture, (0, 0))
    draw = ImageDraw.Draw(made)
    for number, row in enumerate(rows):
        x, y = float(pad), picture.size[1] + pad + number * high
        for name, said, wide in row:
            color = look.color(name)
            box = (x, y, x + wide, y + high - pad)
            draw.rounded_rectangle(box, radius=pad // 2, fill=color)
            middle = (x + wide / 2, y + (high - pad) / 2)
            draw.text(middle, said, fill=on(color), font=font, anchor="mm")
            x += wide + pad
    return made


def message(text: str, look: Look, item: Item) -> Any:
    """A card for what cannot be shown: a film, a file that is gone."""
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", (640, 360), (72, 76, 84))
    font = look.font(18)
    draw = ImageDraw.Draw(picture)
    lines = [shortened(line, font, 600) for line in (item.name, text)]
    draw.text((320, 180), "\n".join(lines), fill=PAPER, font=font, anchor="mm", align="center")
    return captioned(picture, [tag.label for tag in item.tags], look, tags=item.tags)
