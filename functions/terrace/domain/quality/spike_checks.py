"""Labels that depart from their track for a frame or a few: said so that a person sees it."""

import numpy as np

from terrace.domain.quality.boxes import cuboid_iou, iou
from terrace.domain.quality.findings import Severity
from terrace.domain.quality.outlines import polygon_iou
from terrace.domain.quality.rows import Floats
from terrace.domain.quality.spikes import Spike
from terrace.domain.quality.track_tables import Table, Writer


def check(table: Table, out: Writer) -> None:
    """Position, size, shape, rotation, and overlap with the place that the neighbours say."""
    told: set[int] = set()
    for spike in table.found.spikes:
        track, number = table.track(spike.row), int(table.rows.frames[spike.row])
        sentence = f"{track.name} in {{frame}} {_said(table, spike)} in the frames around it."
        out.add(
            spike.measure, Severity.warning, track, number, sentence, value=round(spike.value, 4)
        )
        if "rolling-iou" in out.checks and spike.row not in told:
            told.add(spike.row)
            overlap = _overlap(table, spike.row)
            if overlap is not None and overlap < out.checks["rolling-iou"]:
                out.add(
                    "rolling-iou",
                    Severity.warning,
                    track,
                    number,
                    f"{track.name} in {{frame}} and the place where the frames around it put it "
                    f"share only {overlap * 100:.0f} % of the area that they cover together.",
                    value=round(overlap, 4),
                )


def _said(table: Table, spike: Spike) -> str:
    """What is wrong, by the channel that is farthest off: `is 29 % narrower than`."""
    if spike.measure == "shape":
        return f"is bent differently, by {spike.value:.0%} of its size, than".replace("%", " %")
    channels = table.signals.measures[spike.measure]
    words = table.signals.words[channels]
    worst = int(np.argmax(np.abs(spike.channels)))
    by = float(spike.channels[worst])
    word = words[worst][0 if by > 0 else 1]
    if spike.measure == "rotation":
        return f"is {word} by {abs(np.degrees(by)):.0f} degrees from where it is"
    if spike.measure == "size":
        return f"is {abs(by) * 100:.0f} % {word} than"
    if table.kind == "cuboid":
        way = f"{abs(by) * float(table.rows.scale[spike.row, channels][worst]):.2f} m"
    else:
        way = f"{abs(by) * float(table.rows.scale[spike.row, channels][worst]):.0f} px"
    share = f", {spike.value * 100:.0f} % of its size," if table.kind != "keypoint" else ""
    return f"is {way}{share} {word} for its place"


def _overlap(table: Table, row: int) -> float | None:
    """How far a label covers where it should be; None for kinds without an area."""
    track, place = table.track(row), int(table.rows.place[row])
    should = table.predicted(row)
    if np.any(np.isnan(should)):
        return None
    if table.kind == "box":
        return float(iou(track.coordinates[place], _box(should)))
    if table.kind == "cuboid":
        given = np.concatenate((track.coordinates[place, :6], track.coordinates[place, 8:]))
        return cuboid_iou(given, should)
    if table.kind == "polygon":
        near = [at for at in (place - 1, place + 1) if 0 <= at < len(track)]
        return max(polygon_iou(track.points[place], track.points[at]) for at in near)
    return None


def _box(measured: Floats) -> Floats:
    """Left, top, width, height of a measured box (centre and size)."""
    return np.concatenate((measured[:2] - measured[2:4] / 2, measured[2:4]))
