"""Each object's numbers frame by frame, for tables and plots."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from terrace.domain.quality.boxes import cuboid_iou, iou
from terrace.domain.quality.findings import Finding
from terrace.domain.quality.outlines import polygon_iou
from terrace.domain.quality.rows import Floats
from terrace.domain.quality.sequence import Loaded
from terrace.domain.quality.spikes import size_of
from terrace.domain.quality.track_checks import DEFAULTS, MEASURES
from terrace.domain.quality.track_tables import Table, tables

Numbers = list[float | None]


@dataclass(frozen=True)
class ObjectSeries:
    """One object's series; all lists are as long as `frameNos`, None where there is no value."""

    object: str
    objectName: str
    label: str
    kind: str
    sensor: str
    frameNos: list[int]
    frames: list[str | None]
    """File names."""
    coordinates: dict[str, Numbers]
    """By name: left, top, width, height; x, y; center-x... (`tracks.Track.coordinates`)."""
    sizes: Numbers
    """Area in px (cuboids: volume in m3; keypoints have none)."""
    sizeChanges: Numbers
    """Difference of size to the label before, divided by that one's size: a fraction. Not what
    `size-step` compares with its threshold (width and height against the motion on both sides)."""
    rollingMean: dict[str, Numbers]
    """Of place and size: the mean over five labels around each."""
    rollingIou: Numbers
    """Overlap with the label before (polygons and cuboids by their own shape; keypoints none). Not
    what check `rolling-iou` compares: that is the overlap with where the neighbours put it."""
    residuals: dict[str, Numbers]
    """By measure: how far the label is from what its neighbours in time say, in object sizes."""
    flags: list[list[str]] = field(default_factory=list)
    """Names of the checks that have a finding for this object at this frame."""
    flaggedFrames: list[int] = field(default_factory=list)
    """Frame numbers of findings of warning or above, with missing frames, ascending."""
    worstFrame: int | None = None
    """The flagged frame with the greatest residual, or the first one; None: nothing flagged."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def series(
    loaded: Loaded, findings: Sequence[Finding] = (), *, frames: Sequence[str] | None = None
) -> list[ObjectSeries]:
    """Series of all objects in the order of the file.

    Args:
        loaded: the label file.
        findings: of `track_checks.check`, which become flags.
        frames: file names of the whole sequence.
    """
    thresholds = {measure: DEFAULTS[measure] for measure in MEASURES}
    found = []
    for table in tables(loaded, thresholds, int(DEFAULTS["missing-frame"])):
        for place in range(len(table.tracks)):
            found.append(_series(loaded, table, place, findings, frames))
    order = {id(track): at for at, track in enumerate(loaded.tracks)}
    return [one for _, one in sorted(found, key=lambda pair: order[pair[0]])]


def flagged_union(many: Sequence[ObjectSeries]) -> list[int]:
    """Frames that are flagged for any object, ascending.

    Worked number: frames 3, 7 of one object and 5, 7 of another: 3, 5, 7.
    """
    return sorted({frame for one in many for frame in one.flaggedFrames})


def _series(
    loaded: Loaded,
    table: Table,
    place: int,
    findings: Sequence[Finding],
    names: Sequence[str] | None,
) -> tuple[int, ObjectSeries]:
    track = table.tracks[place]
    rows = np.flatnonzero(table.rows.track == place)
    sizes = _sizes(track.kind, track.coordinates)
    own = [
        one
        for one in findings
        if one.frameNo is not None
        and one.objectName == track.name
        and (one.object or "") == track.id
    ]
    by_frame: dict[int, set[str]] = {}
    for one in own:
        by_frame.setdefault(one.frameNo or 0, set()).add(one.check)
    residuals = _residuals(table, rows)
    flagged = sorted({one.frameNo for one in own if one.frameNo is not None and one.severity.rank})
    numbers = [int(number) for number in track.frames]
    by_name = dict(zip(_names(track.kind), track.coordinates.T, strict=True))
    measured = dict(zip(("x", "y", "width", "height"), table.rows.values[rows].T, strict=False))
    return id(track), ObjectSeries(
        object=track.id,
        objectName=track.name,
        label=track.label,
        kind=track.kind,
        sensor=track.sensor,
        frameNos=numbers,
        frames=[
            loaded.frame_name(number, track.sensor)
            or (names[number] if names is not None and number < len(names) else None)
            for number in numbers
        ],
        coordinates={name: _list(values) for name, values in by_name.items()},
        sizes=_list(sizes),
        sizeChanges=_list(size_changes(sizes)),
        rollingMean={name: _list(rolling_mean(values)) for name, values in measured.items()},
        rollingIou=_list(_rolling_iou(table, place)),
        residuals={name: _list(values) for name, values in residuals.items()},
        flags=[sorted(by_frame.get(number, ())) for number in numbers],
        flaggedFrames=flagged,
        worstFrame=_worst(flagged, numbers, residuals),
    )


def size_changes(sizes: Floats) -> Floats:
    """Change of size from label to label as a fraction of the one before; the first has none.

    Worked number: 100, 150, 75 -> none, 0.5, -0.5. (`int()` of it, as in 2021, is 0 each time.)
    """
    found = np.full(len(sizes), np.nan)
    before = sizes[:-1]
    known = before > 0
    found[1:][known] = (sizes[1:][known] - before[known]) / before[known]
    return found


def rolling_mean(values: Floats, window: int = 5) -> Floats:
    """Mean over the labels around each, as many on either side; fewer at the ends.

    Worked number: 1, 2, 3, 4, 10 over five: 2, 2.5, 4, 4.75, 5.667.
    """
    half = window // 2
    total = np.concatenate(([0.0], np.cumsum(values)))
    index = np.arange(len(values))
    low, high = np.maximum(index - half, 0), np.minimum(index + half + 1, len(values))
    found: Floats = (total[high] - total[low]) / (high - low)
    return found


def _names(kind: str) -> tuple[str, ...]:
    if kind == "keypoint":
        return ("x", "y")
    if kind == "cuboid":
        return (
            *("center-x", "center-y", "center-z", "length", "width", "height"),
            *("roll", "pitch", "yaw"),
        )
    return ("left", "top", "width", "height")


def _sizes(kind: str, coordinates: Floats) -> Floats:
    if kind == "keypoint":
        return np.full(len(coordinates), np.nan)
    sides = coordinates[:, 3:6] if kind == "cuboid" else coordinates[:, 2:4]
    found: Floats = np.prod(sides, axis=1)
    return found


def _rolling_iou(table: Table, place: int) -> Floats:
    track = table.tracks[place]
    found = np.full(len(track), np.nan)
    given = track.coordinates
    if table.kind in ("box", "polyline"):
        boxes = np.column_stack((given[:, :2], np.maximum(given[:, 2:4], 1.0)))
        found[1:] = iou(boxes[:-1], boxes[1:])
    elif table.kind == "polygon":
        found[1:] = [
            polygon_iou(a, b) for a, b in zip(track.points, track.points[1:], strict=False)
        ]
    elif table.kind == "cuboid":
        flat = np.column_stack((given[:, :6], given[:, 8]))
        found[1:] = [cuboid_iou(a, b) for a, b in pairwise(flat)]
    return found


def _residuals(table: Table, rows: Any) -> dict[str, Floats]:
    return {
        measure: size_of(measure, table.found.relative[rows][:, channels])
        for measure, channels in table.signals.measures.items()
    }


def _worst(flagged: list[int], numbers: list[int], residuals: dict[str, Floats]) -> int | None:
    place = {number: at for at, number in enumerate(numbers)}
    scored = [
        (max(float(np.nan_to_num(values[place[number]])) for values in residuals.values()), -number)
        for number in flagged
        if number in place
    ]
    if scored:
        return -max(scored)[1]
    return flagged[0] if flagged else None


def _list(values: Floats) -> Numbers:
    return [round(float(value), 4) if np.isfinite(value) else None for value in values]
