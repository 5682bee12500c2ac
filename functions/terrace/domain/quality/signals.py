"""What is measured of each kind of shape, frame by frame: its place, its size, its outline."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from terrace.domain.quality.outlines import aligned, resampled
from terrace.domain.quality.rows import Floats
from terrace.domain.quality.shape_reading import Kind
from terrace.domain.quality.tracks import Track

Measure = Literal["position", "size", "shape", "rotation"]
OUTLINE_POINTS = 12
KEYPOINT_SIZE = 20.0
"""Pixels that a keypoint alone in its frame counts as its object's size."""
PIXEL = 0.5
"""Noise is never taken below half a pixel: tools round to whole ones."""
METRE, RADIAN = 0.02, 0.01


@dataclass(frozen=True)
class Signals:
    """One kind's channels."""

    measures: dict[Measure, slice]
    """Which channels belong together."""
    floor: Floats
    """(c,): least noise, in the channel's unit."""
    words: tuple[tuple[str, str], ...]
    """(c,): how a channel's rise and fall are told: ("wider", "narrower")."""


_PLACE = (("too far right", "too far left"), ("too low", "too high"))
_SIZE = (("wider", "narrower"), ("taller", "shorter"))
SIGNALS: dict[Kind, Signals] = {
    "box": Signals(
        {"position": slice(0, 2), "size": slice(2, 4)}, np.full(4, PIXEL), (*_PLACE, *_SIZE)
    ),
    "keypoint": Signals({"position": slice(0, 2)}, np.full(2, PIXEL), _PLACE),
    "cuboid": Signals(
        {"position": slice(0, 3), "size": slice(3, 6), "rotation": slice(6, 7)},
        np.array([METRE] * 6 + [RADIAN]),
        (
            *(
                ("too far along the x axis", "too far back along the x axis"),
                ("too far along the y axis", "too far back along the y axis"),
            ),
            *(("too high", "too low"), ("longer", "shorter"), ("wider", "narrower")),
            *(("taller", "less tall"), ("turned to the left", "turned to the right")),
        ),
    ),
}
for _kind in ("polyline", "polygon"):
    SIGNALS[_kind] = Signals(
        {"position": slice(0, 2), "size": slice(2, 4), "shape": slice(4, 4 + 2 * OUTLINE_POINTS)},
        np.full(4 + 2 * OUTLINE_POINTS, PIXEL),
        (*_PLACE, *_SIZE, *((("bent", "bent"),) * (2 * OUTLINE_POINTS))),
    )


def values(track: Track) -> Floats:
    """The channels of a track, shape (n, c).

    Worked number: a box left 10, top 20, width 40, height 60 is measured as 30, 50, 40, 60: its
    centre and its size.
    """
    given = track.coordinates
    if track.kind == "keypoint":
        return given
    if track.kind == "cuboid":
        # Angles wrap around: unwrapped, a turn through pi is no jump.
        return np.column_stack((given[:, :6], np.unwrap(given[:, 8])))
    box = np.column_stack((given[:, :2] + given[:, 2:4] / 2, given[:, 2:4]))
    if track.kind == "box":
        return box
    closed = track.kind == "polygon"
    outlines = np.stack([resampled(points, OUTLINE_POINTS, closed) for points in track.points])
    outlines = aligned(outlines, closed)
    # Less the centre: a shift is one thing, another shape another.
    bent = outlines - box[:, None, :2]
    return np.column_stack((box, bent.reshape(len(track), -1)))


def scales(track: Track, alone: float = KEYPOINT_SIZE) -> Floats:
    """What deviations of each channel are divided by, shape (n, c): the object's usual size there.

    The median over five frames, so that a shrunken box is not measured by its own size. Lines that
    lie flat would have no height: a tenth of the longer side is the least.

    Args:
        track: the object.
        alone: size, in pixels, that keypoints count with.
    """
    count = len(track)
    if track.kind == "keypoint":
        return np.full((count, 2), alone)
    if track.kind == "cuboid":
        size = _median_of_five(track.coordinates[:, 3:6])
        ground = np.hypot(size[:, 0], size[:, 1])
        return np.column_stack((ground, ground, size[:, 2], size, np.ones(count)))
    size = _median_of_five(track.coordinates[:, 2:4])
    size = np.maximum(size, 0.1 * size.max(axis=1, keepdims=True))
    size = np.maximum(size, 1.0)
    if track.kind == "box":
        return np.column_stack((size, size))
    longest = np.hypot(size[:, 0], size[:, 1])[:, None]
    return np.column_stack((size, size, np.repeat(longest, 2 * OUTLINE_POINTS, axis=1)))


def _median_of_five(given: Floats) -> Floats:
    """Running median over five rows (fewer at the ends).

    Worked number: 10, 10, 5, 10, 10 -> 10 everywhere.
    """
    count = len(given)
    if count < 3:
        return np.repeat(given.max(axis=0, keepdims=True), count, axis=0)
    padded = np.concatenate((given[2:0:-1], given, given[-2:-4:-1]))
    a, b, c, d, e = (padded[start : start + count] for start in range(5))
    # Median of five: drop the least of the lower pair's and the greatest of the upper pair's.
    low, high = np.minimum(a, b), np.maximum(a, b)
    low2, high2 = np.minimum(d, e), np.maximum(d, e)
    inner_low, inner_high = np.maximum(low, low2), np.minimum(high, high2)
    least, most = np.minimum(inner_low, inner_high), np.maximum(inner_low, inner_high)
    return np.maximum(least, np.minimum(most, c))
