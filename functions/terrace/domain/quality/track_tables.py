"""All tracks of one kind and sensor, measured: what the checks of a sequence look at together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from terrace.domain.quality import rows as rows_of
from terrace.domain.quality import signals, spikes
from terrace.domain.quality.camera import steadied
from terrace.domain.quality.findings import Finding, Severity
from terrace.domain.quality.rows import Floats, Rows
from terrace.domain.quality.sequence import Loaded
from terrace.domain.quality.shape_reading import Kind
from terrace.domain.quality.signals import SIGNALS, Measure, Signals
from terrace.domain.quality.tracks import Sensor, Track

PLACE = slice(0, 2)


@dataclass(frozen=True)
class Table:
    """The tracks of one kind and sensor."""

    kind: Kind
    sensor: Sensor
    tracks: Sequence[Track]
    rows: Rows
    """As the file has them."""
    steady: Rows
    """The same without the camera's jolts (`camera`)."""
    signals: Signals
    found: spikes.Found

    def track(self, row: int) -> Track:
        """The track that a row is of."""
        return self.tracks[int(self.rows.track[row])]

    def predicted(self, row: int) -> Floats:
        """Where the neighbours of a row say it should be, as the file would have it."""
        found: Floats = self.rows.values[row] - self.found.relative[row] * self.rows.scale[row]
        return found


def tables(loaded: Loaded, thresholds: Mapping[Measure, float], longest_gap: int) -> list[Table]:
    """The tables of a sequence; spikes are found at these thresholds."""
    groups: dict[tuple[Sensor, Kind], list[Track]] = {}
    for track in loaded.tracks:
        groups.setdefault((track.sensor, track.kind), []).append(track)
    return [
        _table(kind, sensor, tracks, thresholds, longest_gap)
        for (sensor, kind), tracks in groups.items()
    ]


def _table(
    kind: Kind,
    sensor: Sensor,
    tracks: list[Track],
    thresholds: Mapping[Measure, float],
    longest_gap: int,
) -> Table:
    alone = _keypoint_size(tracks) if kind == "keypoint" else signals.KEYPOINT_SIZE
    rows = rows_of.stack(
        [signals.values(track) for track in tracks],
        [signals.scales(track, alone) for track in tracks],
        [track.frames for track in tracks],
        longest_gap,
    )
    steady = steadied(rows, PLACE)
    found = spikes.find(steady, SIGNALS[kind], thresholds)
    return Table(kind, sensor, tracks, rows, steady, SIGNALS[kind], found)


def _keypoint_size(tracks: list[Track]) -> float:
    """Half the usual spread of a frame's keypoints, at least 20 px: a keypoint has no size.

    Worked number: keypoints at (0, 0) and (60, 80) in every frame spread over 100 px: 50.
    """
    frames = np.concatenate([track.frames for track in tracks])
    points = np.concatenate([track.coordinates for track in tracks])
    numbers, back = np.unique(frames, return_inverse=True)
    low, high = np.full((len(numbers), 2), np.inf), np.full((len(numbers), 2), -np.inf)
    np.minimum.at(low, back, points)
    np.maximum.at(high, back, points)
    spread = float(np.median(np.hypot(*(high - low).T)))
    return max(signals.KEYPOINT_SIZE, spread / 2)


def _called(track: Track, number: int) -> str:
    """What a sentence calls an object: workers see no number on one without an id, but its place.

    Worked number: `Car, object 2`, whose box in frame 30 begins at left 120.4, top 80: `Car, object
    2 (at 120, 80)`; of a frame that it is not labeled in, the next one's place.
    """
    if track.id:
        return track.name
    place = min(int(np.searchsorted(track.frames, number)), len(track) - 1)
    left, top = track.coordinates[place, PLACE]
    return f"{track.name} (at {left:.0f}, {top:.0f})"


class Writer:
    """Makes findings of one sequence, with the names that people know."""

    def __init__(
        self, loaded: Loaded, checks: Mapping[str, float], frames: Sequence[str] | None
    ) -> None:
        """
        Args:
            loaded: the file.
            checks: wanted ones, with their thresholds (0 where they have none).
            frames: file names of the whole sequence, in order; also of frames without labels.
        """
        self.loaded, self.checks, self.frames = loaded, checks, frames
        self.findings: list[Finding] = []

    def frame_name(self, number: int, sensor: Sensor) -> str | None:
        """File name of a frame; None where neither file says it."""
        name = self.loaded.frame_name(number, sensor)
        if name is None and self.frames is not None and 0 <= number < len(self.frames):
            return self.frames[number]
        return name

    def shown(self, number: int, sensor: Sensor) -> str:
        """Both names of a frame: `frame 000102.jpg (frame 102)`."""
        name = self.frame_name(number, sensor)
        return f"frame {number}" if name is None else f"frame {name} (frame {number})"

    def add(
        self,
        check: str,
        severity: Severity,
        track: Track,
        number: int,
        sentence: str,
        *,
        value: float | None = None,
    ) -> None:
        """Notes a finding, if its check is wanted. `{frame}` in the sentence becomes both names."""
        if check not in self.checks:
            return
        sentence = sentence.replace(track.name, _called(track, number), 1)
        self.findings.append(
            Finding(
                check,
                severity,
                sentence.replace("{frame}", self.shown(number, track.sensor)),
                self.loaded.item,
                number,
                self.frame_name(number, track.sensor),
                track.id or None,
                track.name,
                track.label,
                value,
                self.checks[check] or None,
            )
        )
