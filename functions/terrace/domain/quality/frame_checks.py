"""What is wrong within a frame: labels outside the image, polygons that cross themselves, twins."""

from collections.abc import Iterator, Sequence

import numpy as np

from terrace.domain.quality.boxes import iou
from terrace.domain.quality.findings import Severity
from terrace.domain.quality.outlines import crosses_itself
from terrace.domain.quality.rows import Bools, Floats
from terrace.domain.quality.track_tables import Table, Writer
from terrace.domain.quality.tracks import Track

MOST = 0.8
"""Share of their common frames in which two tracks must lie on one another."""
COMMON = 3
"""Frames that two tracks must have in common to be twins."""


def check(table: Table, out: Writer, image_size: tuple[int, int] | None) -> None:
    """Out of the image, crossing itself, duplicate tracks."""
    if table.kind != "cuboid" and "out-of-image" in out.checks:
        for track in table.tracks:
            _outside(track, out, image_size)
    if table.kind == "polygon" and "self-crossing" in out.checks:
        for track in table.tracks:
            _crossing(track, out)
    if table.kind not in ("cuboid", "keypoint") and "duplicate-track" in out.checks:
        _twins(table, out)


def _outside(track: Track, out: Writer, image_size: tuple[int, int] | None) -> None:
    """One finding for each stretch of frames, at its first frame.

    Worked number: a box left -30, width 40 in a large image has 3/4 of itself outside.
    """
    limit = out.checks["out-of-image"]
    share = outside(track, image_size)
    for start, end in _stretches(share >= limit):
        worst = float(share[start:end].max())
        more = f" and {end - start - 1} more frames" if end - start > 1 else ""
        said = "entirely" if worst >= 1 else f"by {worst * 100:.0f} %"
        out.add(
            "out-of-image",
            Severity.error,
            track,
            int(track.frames[start]),
            f"{track.name} lies {said} outside the image in {{frame}}{more}.",
            value=round(worst, 4),
        )


def outside(track: Track, image_size: tuple[int, int] | None) -> Floats:
    """Share of each label that lies outside the image, (n,); a size unknown has no far edges.

    Worked number: left -30, top 0, width 40, height 10 -> 0.75.
    """
    box = track.coordinates
    if track.kind == "keypoint":
        box = np.column_stack((box, np.zeros_like(box)))
    width, height = image_size if image_size else (np.inf, np.inf)
    size = np.maximum(box[:, 2:4], 1e-9)
    low = np.maximum(box[:, :2], 0.0)
    high = np.minimum(box[:, :2] + size, np.array([width, height]))
    seen = np.clip((high - low) / size, 0.0, 1.0)
    found: Floats = 1.0 - seen[:, 0] * seen[:, 1]
    return found


def _stretches(flags: Bools) -> Iterator[tuple[int, int]]:
    """First and one past last place of each stretch of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.astype(np.int8), [0]))))
    yield from zip(edges[0::2].tolist(), edges[1::2].tolist(), strict=True)


def _crossing(track: Track, out: Writer) -> None:
    places = [at for at, points in enumerate(track.points) if crosses_itself(points, True)]
    if places:
        more = f" and {len(places) - 1} more frames" if len(places) > 1 else ""
        out.add(
            "self-crossing",
            Severity.info,
            track,
            int(track.frames[places[0]]),
            f"{track.name} crosses itself in {{frame}}{more}.",
            value=float(len(places)),
        )


def _twins(table: Table, out: Writer) -> None:
    """Pairs of tracks whose boxes have at least the threshold's IoU in most common frames."""
    limit = out.checks["duplicate-track"]
    for a, b in _near_pairs(table.tracks):
        first, second = table.tracks[a], table.tracks[b]
        common, in_a, in_b = np.intersect1d(
            first.frames, second.frames, assume_unique=True, return_indices=True
        )
        if len(common) < min(COMMON, len(first), len(second)):
            continue
        overlap = iou(_boxes(first)[in_a], _boxes(second)[in_b])
        alike = overlap >= limit
        if not len(common) or np.mean(alike) < MOST:
            continue
        number = int(common[int(np.argmax(alike))])
        out.add(
            "duplicate-track",
            Severity.warning,
            second,
            number,
            f"{second.name} lies on {first.name} in {int(np.sum(alike))} of their {len(common)} "
            "common frames, first in {frame}: are they one object?",
            value=round(float(np.median(overlap[alike])), 4),
        )


def _boxes(track: Track) -> Floats:
    """Lines that lie flat get a height of a pixel: without area nothing overlaps."""
    return np.column_stack((track.coordinates[:, :2], np.maximum(track.coordinates[:, 2:4], 1.0)))


def _near_pairs(tracks: Sequence[Track]) -> Iterator[tuple[int, int]]:
    """Pairs whose frames overlap and whose places around all their frames touch."""
    boxes = np.array(
        [
            (
                *track.coordinates[:, :2].min(axis=0),
                *(track.coordinates[:, :2] + track.coordinates[:, 2:4]).max(axis=0),
                track.frames[0],
                track.frames[-1],
            )
            for track in tracks
        ]
    )
    low, high = boxes[:, [0, 1, 4]], boxes[:, [2, 3, 5]]
    for a in range(len(boxes) - 1):
        near = np.all((low[a] <= high[a + 1 :]) & (low[a + 1 :] <= high[a]), axis=1)
        for b in np.flatnonzero(near):
            yield a, a + 1 + int(b)
