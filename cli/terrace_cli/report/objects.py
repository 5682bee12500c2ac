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
    limits = series.get("thresholds") or {}
    for found in series.get("objects", []):
        yield _object(found, names, job, limits, opened=bool(found.get("flaggedFrames")))


def _object(
    found: Json, names: dict[int, str], job: str, limits: dict[str, float], *, opened: bool
) -> str:
    flags = [float(flag) for flag in found.get("flaggedFrames") or []]
    told = [
        f"frame {flag:g}" + (f" ({names[int(flag)]})" if names.get(int(flag)) else "")
        for flag in flags
    ]
    x = [float(frame) for frame in found.get("frameNos") or []]
    title = f"{found.get('objectName')} ({found.get('label')})"
    if found.get("sensor"):
        title += f", {found['sensor']}"
    shown = f"{len(x)} frames, {len(flags)} flagged" if flags else f"{len(x)} frames"
    charts = "".join(_charts(found, title, x, flags, told, limits))
    listed = ""
    if told:
        listed = f'<p class="flags">Flagged: {text(", ".join(told[:40]))}</p>'
    return (
        f"<details{' open' if opened else ''}><summary><b>{text(title)}</b> "
        f'<span class="dim">{text(job)}, {text(shown)}</span></summary>{listed}'
        f'<div class="grid2">{charts}</div></details>'
    )


def centres(coordinates: dict[str, Values]) -> dict[str, Values]:
    """Where an object's middle is, by axis; of points, themselves.

    Worked number: left 10 and width 40 have their middle at x 30.
    """
    found: dict[str, Values] = {}
    for axis, start, side in (("x", "left", "width"), ("y", "top", "height")):
        if start in coordinates:
            found[axis] = [
                None if begin is None or wide is None else begin + wide / 2
                for begin, wide in zip(coordinates[start], coordinates[side], strict=True)
            ]
    for axis in ("x", "y", "z"):
        for name in (axis, f"center-{axis}"):
            if name in coordinates:
                found[axis] = coordinates[name]
    return found


def _charts(  # noqa: PLR0917
    found: Json,
    title: str,
    x: list[float],
    flags: list[float],
    told: list[str],
    limits: dict[str, float],
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

    def limit(check: str) -> list[tuple[float, str]]:
        return [(float(limits[check]), f"threshold of {check}")] if check in limits else []

    solid = found.get("kind") == "cuboid"
    where = []
    middle = centres(found.get("coordinates") or {})
    for colour, (axis, values) in enumerate(middle.items(), start=1):
        where.append(Line(f"{axis} of the centre", x, values, colour))
        where.append(Line("rolling mean", x, rolling_mean(values), colour, True))
    yield one("Coordinates", "m" if solid else "px", where)
    residuals = found.get("residuals") or {}
    yield one(
        "Deviation from what the frames around say (a finding also stands out of the noise)",
        "object sizes",
        [
            Line(name, x, values, colour)
            for colour, (name, values) in enumerate(residuals.items(), 1)
        ],
        thresholds=[limits_of for name in residuals for limits_of in limit(name)],
        floor=0.0,
    )
    if any(value is not None for value in found.get("sizes") or []):
        sizes = found["sizes"]
        yield one(
            "Size",
            "m³" if solid else "px²",
            [Line("size", x, sizes, 3), Line("rolling mean", x, rolling_mean(sizes), 3, True)],
            floor=0.0,
        )
        yield one(
            "Size against the label before (check size-step compares the motion before and after)",
            "fraction",
            [Line("change of size", x, found.get("sizeChanges") or [], 4)],
        )
    if any(value is not None for value in found.get("rollingIou") or []):
        yield one(
            "Rolling IoU with the label before (check rolling-iou compares with the place that the "
            "frames around say)",
            "IoU",
            [Line("with the label before", x, found["rollingIou"], 5)],
            floor=0.0,
            ceiling=1.0,
        )


def flags_over_time(series: Json, title: str) -> str:
    """A row per object: where it is, and which of its frames were flagged."""
    names = {int(row["frameNo"]): str(row.get("frame") or "") for row in series.get("frames", [])}
    rows = [
        Row(
            str(found.get("objectName")),
            [int(frame) for frame in found.get("frameNos") or []],
            [int(flag) for flag in found.get("flaggedFrames") or []],
        )
        for found in series.get("objects", [])
    ]
    return strip(title, rows, names)
