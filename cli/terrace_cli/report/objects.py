"""The objects of a sequence over its frames: where they are, how large, how they change, what was
flagged.
"""

from collections.abc import Iterator
from typing import Any

from terrace_cli.report.svg import Chart, Line, Row, chart, strip, text
from terrace_cli.report.words import number

WINDOW = 5
"""Frames of the rolling mean, the frame itself in the middle."""
Json = dict[str, Any]
Values = list[float | None]


def rolling_mean(values: Values, window: int = WINDOW) -> Values:
    """The mean of each value and its neighbours, centred; gaps do not count.

    Worked number: of 1, 2, 6 with a window of 3 the middle is 3, the ends are 1.5 and 4.
    """
    half = window // 2
    found: Values = []
    for place, value in enumerate(values):
        near = [one for one in values[max(0, place - half) : place + half + 1] if one is not None]
        found.append(sum(near) / len(near) if near and value is not None else None)
    return found


def sequence(series: Json, job: str) -> Iterator[str]:
    """A section per object."""
    names = {int(row["frameNo"]): str(row.get("frame") or "") for row in series.get("frames", [])}
    for place, found in enumerate(series.get("objects", [])):
        yield _object(found, names, job, opened=place == 0 or bool(found.get("flags")))


def _object(found: Json, names: dict[int, str], job: str, *, opened: bool) -> str:
    flags = [float(flag) for flag in found.get("flags") or []]
    told = [
        f"frame {flag:g}" + (f" ({names[int(flag)]})" if names.get(int(flag)) else "")
        for flag in flags
    ]
    x = [float(frame) for frame in found.get("frameNos") or []]
    title = f"{found.get('name')} ({found.get('label')})"
    shown = f"{len(x)} frames, {len(flags)} flagged" if flags else f"{len(x)} frames"
    charts = "".join(_charts(found, title, x, flags, told))
    listed = ""
    if told:
        listed = f'<p class="flags">Flagged: {text(", ".join(told[:40]))}</p>'
    return (
        f"<details{' open' if opened else ''}><summary><b>{text(title)}</b> "
        f'<span class="dim">{text(job)}, {text(shown)}</span></summary>{listed}'
        f'<div class="grid2">{charts}</div></details>'
    )


def _charts(
    found: Json, title: str, x: list[float], flags: list[float], told: list[str]
) -> Iterator[str]:
    def one(what: str, y_name: str, lines: list[Line], **more: Any) -> str:
        return chart(
            Chart(
                title=f"{what}: {title}",
                y_name=y_name,
                lines=lines,
                flags=flags,
                flag_names=told,
                about=f"{y_name} over frames, {number(len(flags))} frames flagged",
                **more,
            )
        )

    unit = str(found.get("unit") or "px")
    where = []
    for colour, axis in enumerate(("x", "y", "z"), start=1):
        values = found.get(axis)
        if values:
            where.append(Line(f"{axis} of the centre", x, values, colour))
            where.append(Line(f"{axis}, rolling mean", x, rolling_mean(values), colour, True))
    yield one("Coordinates", unit, where)
    limits = _limit(found, "residual")
    yield one(
        "Deviation from the neighbours' interpolation",
        str(found.get("residualUnit") or "of its size"),
        [Line("deviation", x, found.get("residual") or [], 2)],
        thresholds=limits,
        floor=0.0,
    )
    sizes = found.get("size") or []
    yield one(
        "Size",
        str(found.get("sizeUnit") or "px²"),
        [Line("size", x, sizes, 3), Line("rolling mean", x, rolling_mean(sizes), 3, True)],
        floor=0.0,
    )
    limits = _limit(found, "sizeDifference")
    limits += [(-value, name) for value, name in limits]
    yield one(
        "Size against the frame before",
        "fraction",
        [Line("size difference", x, found.get("sizeDifference") or [], 4)],
        thresholds=limits,
    )
    yield one(
        str(found.get("likenessName") or "Rolling IoU"),
        str(found.get("likenessUnit") or "IoU"),
        [Line("with the frame before", x, found.get("iou") or [], 5)],
        thresholds=_limit(found, "iou"),
        floor=0.0,
        ceiling=1.0,
    )


def _limit(found: Json, name: str) -> list[tuple[float, str]]:
    value = found.get(f"{name}Threshold")
    return [] if value is None else [(float(value), "threshold")]


def flags_over_time(series: Json, title: str) -> str:
    """A row per object: where it is, and which of its frames were flagged."""
    names = {int(row["frameNo"]): str(row.get("frame") or "") for row in series.get("frames", [])}
    rows = [
        Row(
            str(found.get("name")),
            [int(frame) for frame in found.get("frameNos") or []],
            [int(flag) for flag in found.get("flags") or []],
        )
        for found in series.get("objects", [])
    ]
    return strip(title, rows, names)
