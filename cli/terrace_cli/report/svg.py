"""Charts as inline SVG, made by hand: a few kinds, no script, every text escaped.

Colours are CSS variables of the page, so that charts follow its light or dark scheme. A chart has a
title and a description for those who hear it, and a `<title>` at each mark for those who point.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from math import isfinite

WIDTH, HEIGHT = 560, 190
LEFT, RIGHT, TOP, BOTTOM = 52, 10, 10, 30
POINTS_MAX = 1_200
"""Above it a line is thinned: more points than pixels only make the page heavy."""

Values = Sequence[float | None]


@dataclass(frozen=True)
class Line:
    """One series; None is a gap, not a zero."""

    name: str
    x: Sequence[float]
    y: Values
    colour: int = 1
    """1 to 6, of the page's palette."""
    dashed: bool = False
    dots: bool = False


@dataclass(frozen=True)
class Chart:
    """A chart over frames."""

    title: str
    y_name: str
    lines: Sequence[Line]
    thresholds: Sequence[tuple[float, str]] = ()
    flags: Sequence[float] = ()
    """Frames to mark."""
    flag_names: Sequence[str] = ()
    x_name: str = "frame number"
    floor: float | None = None
    """The lowest value that can be, so that the axis begins there."""
    ceiling: float | None = None
    about: str = field(default="")


def text(value: object) -> str:
    """A text inside markup: labels and names are written by strangers."""
    return escape(str(value), quote=True)


def chart(found: Chart) -> str:
    """The chart, or a sentence where there is nothing to draw."""
    points = [
        (x, y)
        for line in found.lines
        for x, y in zip(line.x, line.y, strict=True)
        if y is not None and isfinite(y)
    ]
    if not points:
        return f'<p class="none">{text(found.title)}: nothing was measured.</p>'
    xs = [x for x, _ in points] + [float(x) for x in found.flags]
    ys = [y for _, y in points] + [value for value, _ in found.thresholds]
    scale = _Scale.over(xs, ys, found.floor, found.ceiling)
    parts = [_axes(scale, found)]
    for place, frame in enumerate(found.flags):
        name = found.flag_names[place] if place < len(found.flag_names) else f"frame {frame:g}"
        parts.append(
            f'<g class="flag"><line x1="{scale.x(frame):.1f}" x2="{scale.x(frame):.1f}" '
            f'y1="{TOP}" y2="{HEIGHT - BOTTOM}"/><title>{text(name)}</title></g>'
        )
    for value, name in found.thresholds:
        parts.append(
            f'<g class="limit"><line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{scale.y(value):.1f}" '
            f'y2="{scale.y(value):.1f}"/><title>{text(name)}: {value:.3g}</title></g>'
        )
    parts += [_line(line, scale) for line in found.lines]
    about = found.about or f"{found.y_name} over {found.x_name}"
    return (
        f'<figure class="chart"><figcaption>{text(found.title)}{_legend(found)}</figcaption>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" tabindex="0" '
        f'aria-label="{text(found.title)}. {text(about)}"><title>{text(found.title)}</title>'
        f"<desc>{text(about)}</desc>{''.join(parts)}</svg></figure>"
    )


@dataclass(frozen=True)
class _Scale:
    x0: float
    x1: float
    y0: float
    y1: float

    @classmethod
    def over(
        cls, xs: Sequence[float], ys: Sequence[float], floor: float | None, ceiling: float | None
    ) -> "_Scale":
        x0, x1, y0, y1 = min(xs), max(xs), min(ys), max(ys)
        room = (y1 - y0) * 0.06 or abs(y1) * 0.1 or 1.0
        low = y0 - room if floor is None else floor
        high = y1 + room if ceiling is None else ceiling
        return cls(x0 - 0.5, x1 + 0.5, min(low, y0), max(high, y1))

    def x(self, value: float) -> float:
        return LEFT + (value - self.x0) / (self.x1 - self.x0) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        share = (value - self.y0) / (self.y1 - self.y0)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _axes(scale: _Scale, found: Chart) -> str:
    parts = []
    for value in ticks(scale.y0, scale.y1, 4):
        y = scale.y(value)
        parts.append(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="tick" x="{LEFT - 6}" y="{y + 3.5:.1f}" text-anchor="end">'
            f"{_short(value)}</text>"
        )
    for value in ticks(scale.x0, scale.x1, 8, whole=True):
        x = scale.x(value)
        parts.append(
            f'<text class="tick" x="{x:.1f}" y="{HEIGHT - BOTTOM + 13}" text-anchor="middle">'
            f"{_short(value)}</text>"
        )
    base = HEIGHT - BOTTOM
    parts.append(f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{base}" y2="{base}"/>')
    parts.append(
        f'<text class="name" x="{WIDTH - RIGHT}" y="{HEIGHT - 4}" text-anchor="end">'
        f"{text(found.x_name)}</text>"
        f'<text class="name" x="4" y="{TOP + 4}" transform="rotate(-90 4 {TOP + 4})" '
        f'text-anchor="end" dominant-baseline="hanging">{text(found.y_name)}</text>'
    )
    return "".join(parts)


def _line(line: Line, scale: _Scale) -> str:
    step = max(1, len(line.x) // POINTS_MAX)
    runs: list[list[tuple[float, float]]] = [[]]
    last: float | None = None
    for place in range(0, len(line.x), step):
        x, y = line.x[place], line.y[place]
        if y is None or not isfinite(y) or (last is not None and x - last > step):
            runs.append([])
        if y is not None and isfinite(y):
            runs[-1].append((scale.x(x), scale.y(y)))
            last = x
    style = f'class="c{line.colour}{" dashed" if line.dashed else ""}"'
    parts = []
    for run in runs:
        if line.dots or len(run) == 1:
            parts += [f'<circle {style} cx="{x:.1f}" cy="{y:.1f}" r="1.8"/>' for x, y in run]
        elif run:
            points = " ".join(f"{x:.1f},{y:.1f}" for x, y in run)
            parts.append(f'<polyline {style} points="{points}"/>')
    return f"<g><title>{text(line.name)}</title>{''.join(parts)}</g>"


def _legend(found: Chart) -> str:
    entries = [
        f'<span class="key c{line.colour}{" dashed" if line.dashed else ""}">{text(line.name)}'
        "</span>"
        for line in found.lines
    ]
    if found.thresholds:
        entries.append('<span class="key limit">threshold</span>')
    if found.flags:
        entries.append('<span class="key flag">flagged</span>')
    return f' <span class="legend">{"".join(entries)}</span>'


@dataclass(frozen=True)
class Bar:
    """One bar; `of` is what it is a part of."""

    name: str
    value: float
    note: str = ""
    colour: int = 1


def bars(title: str, found: Sequence[Bar], *, most: float | None = None) -> str:
    """Horizontal bars with their numbers, longest possible = `most`."""
    if not found:
        return f'<p class="none">{text(title)}: nothing was measured.</p>'
    top = most if most is not None else max(bar.value for bar in found)
    rows = []
    for place, bar in enumerate(found):
        y = 4 + place * 24
        wide = 0.0 if top <= 0 else max(0.0, min(1.0, bar.value / top)) * 250
        shown = f"{bar.value:,.0f}" if float(bar.value).is_integer() else f"{bar.value:.3g}"
        note = f" {bar.note}" if bar.note else ""
        rows.append(
            f'<g><text class="tick" x="176" y="{y + 13}" text-anchor="end">'
            f"{text(_cut(bar.name, 30))}</text>"
            f'<rect class="c{bar.colour}" x="184" y="{y + 2}" width="{max(wide, 1):.1f}" '
            f'height="14" rx="2"/><text class="tick" x="{190 + wide:.1f}" y="{y + 13}">'
            f"{text(shown + note)}</text><title>{text(bar.name)}: {text(shown + note)}</title></g>"
        )
    high = 8 + 24 * len(found)
    said = "; ".join(f"{bar.name} {bar.value:g}" for bar in found)
    return (
        f'<figure class="chart"><figcaption>{text(title)}</figcaption>'
        f'<svg viewBox="0 0 {WIDTH} {high}" role="img" tabindex="0" '
        f'aria-label="{text(title)}. {text(said)}"><title>{text(title)}</title>'
        f"{''.join(rows)}</svg></figure>"
    )


@dataclass(frozen=True)
class Row:
    """One object of a strip."""

    name: str
    there: Sequence[int]
    flags: Sequence[int]


def strip(title: str, rows: Sequence[Row], names: Mapping[int, str]) -> str:
    """A line per object from its first frame to its last, with a mark at each flagged frame."""
    frames = [frame for row in rows for frame in (*row.there, *row.flags)] or [*names]
    if not rows or not frames:
        return f'<p class="none">{text(title)}: there are no objects.</p>'
    wide, name_wide = 1_100, 190
    first, last = min(frames), max(frames)

    def place(frame: float) -> float:
        return name_wide + (frame - first + 0.5) / (last - first + 1) * (wide - name_wide - 12)

    parts = []
    for number, row in enumerate(rows):
        y = 14 + number * 18
        parts.append(
            f'<text class="tick" x="{name_wide - 8}" y="{y + 4}" text-anchor="end">'
            f"{text(_cut(row.name, 28))}</text>"
        )
        parts += [
            f'<line class="there" x1="{place(begin - 0.5):.1f}" x2="{place(end + 0.5):.1f}" '
            f'y1="{y}" y2="{y}"/>'
            for begin, end in _runs(row.there)
        ]
        for flag in row.flags:
            name = f" ({names[flag]})" if names.get(flag) else ""
            parts.append(
                f'<g class="mark"><circle cx="{place(flag):.1f}" cy="{y}" r="4.5"/>'
                f"<title>{text(row.name)}: frame {flag}{text(name)}</title></g>"
            )
    high = 14 + len(rows) * 18
    parts += [
        f'<text class="tick" x="{place(value):.1f}" y="{high + 12}" text-anchor="middle">'
        f"{_short(value)}</text>"
        for value in ticks(first, last, 12, whole=True)
    ]
    flagged = sum(len(row.flags) for row in rows)
    said = f"{len(rows)} objects, frames {first} to {last}, {flagged} flags"
    return (
        f'<figure class="chart strip"><figcaption>{text(title)} <span class="legend">'
        '<span class="key c6">labeled</span><span class="key mark">flagged</span></span>'
        f'</figcaption><svg viewBox="0 0 {wide} {high + 18}" role="img" tabindex="0" '
        f'aria-label="{text(title)}. {said}"><title>{text(title)}</title>{"".join(parts)}</svg>'
        "</figure>"
    )


def _runs(frames: Sequence[int]) -> list[tuple[int, int]]:
    """First and last frame of each unbroken run."""
    found: list[tuple[int, int]] = []
    for frame in sorted(set(frames)):
        if found and frame == found[-1][1] + 1:
            found[-1] = (found[-1][0], frame)
        else:
            found.append((frame, frame))
    return found


def ticks(low: float, high: float, wanted: int, *, whole: bool = False) -> list[float]:
    """Round numbers between two values.

    Worked number: 0 to 97 with about 4 of them gives 0, 20, 40, 60, 80.
    """
    span = high - low
    if span <= 0 or not isfinite(span):
        return [low]
    raw = span / wanted
    power = 1.0
    while power > raw:
        power /= 10
    while power * 10 <= raw:
        power *= 10
    step = min((power * part for part in (1, 2, 5, 10)), key=lambda one: abs(one - raw))
    if whole:
        step = max(1.0, step)
    first = int(low // step) * step
    found = []
    value = first
    while value <= high + step * 1e-9:
        if value >= low - step * 1e-9:
            found.append(round(value, 10))
        value += step
    return found


def _short(value: float) -> str:
    if abs(value) >= 10_000:
        return f"{value / 1000:g}k"
    return f"{value:g}"


def _cut(value: str, most: int) -> str:
    return value if len(value) <= most else f"{value[: most - 1]}…"
