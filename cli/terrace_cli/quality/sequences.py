"""One sequence: its tracks, its pictures, and the series of its objects."""

from dataclasses import dataclass, field
from posixpath import basename, splitext
from typing import Any

from terrace.domain.quality import track_checks
from terrace.domain.quality.appearance import NAME as APPEARANCE
from terrace.domain.quality.findings import Finding, Severity
from terrace.domain.quality.sequence import load
from terrace.domain.quality.series import series
from terrace_cli.quality.asked import Asked
from terrace_cli.quality.labels import Sequence
from terrace_cli.quality.pictures import Pictures, Seen

FLAGGED = Severity.warning
"""A frame is flagged from here on: somebody should look."""


@dataclass
class SequenceResult:
    """What was found in one sequence."""

    sequence: Sequence
    findings: list[Finding] = field(default_factory=list)
    objects: list[dict[str, Any]] = field(default_factory=list)
    """One for each object: its series over the frames, and its flagged frames."""
    names: dict[int, str] = field(default_factory=dict)
    """File name of each frame, by its number."""
    notes: list[str] = field(default_factory=list)
    sides_unknown: bool = False
    """True where `out-of-image` was asked for, and nobody knows how large the frames are."""

    @property
    def flagged(self) -> list[int]:
        """Frames that somebody should look at: the union over all objects, ascending."""
        return flagged_frames(self.findings)

    def to_dict(self) -> dict[str, Any]:
        """As JSON, without what is listed elsewhere."""
        return {
            "item": self.sequence.item,
            "labels": self.sequence.uri,
            "flaggedFrames": self.flagged,
            "frames": [self.names.get(number) for number in self.flagged],
        }


def flagged_frames(findings: list[Finding]) -> list[int]:
    """The frames with a finding of severity warning or above, ascending."""
    return sorted(
        {
            one.frameNo
            for one in findings
            if one.frameNo is not None and one.severity.rank >= FLAGGED.rank
        }
    )


def check(
    sequence: Sequence,
    asked: Asked,
    pictures: Pictures | None,
    image_size: tuple[int, int] | None = None,
) -> SequenceResult:
    """Runs the checks asked for on one sequence.

    Raises:
        TerraceError: Not one of its pictures can be read.
    """
    loaded = load(sequence.document, item=sequence.item, class_names=sequence.class_names)
    file = sequence.file
    result = SequenceResult(sequence)
    names = loaded.names.get("") or loaded.names.get("lidar") or {}
    result.names = {**dict(enumerate(file.frames if file else ())), **names}
    seen = Seen()
    if pictures is not None:
        seen = pictures.look(
            loaded.tracks,
            result.names,
            stem=splitext(basename(file.uri))[0] if file else None,
            item=sequence.item,
            threshold=asked.get(APPEARANCE),
        )
        result.notes += seen.notes
    if APPEARANCE in asked:
        result.findings += seen.findings
    size = image_size or seen.image_size
    checked = track_checks.check(
        loaded, checks=asked, frames=file.frames if file else None, image_size=size
    )
    flat = any(track.kind != "cuboid" for track in loaded.tracks)
    result.sides_unknown = flat and size is None and "out-of-image" in asked
    if not loaded.tracks and not loaded.findings:
        result.notes.append(f"{sequence.uri}: no labels in it")
    result.findings += checked
    frames = file.frames if file else None
    result.objects = [
        {"item": sequence.item, **one.to_dict()}
        for one in series(loaded, result.findings, frames=frames)
    ]
    unsaid = [one.sentence for one in loaded.findings if one not in checked]
    if unsaid:
        result.notes.append(f"{len(unsaid)} things could not be read, the first: {unsaid[0]}")
    return result
