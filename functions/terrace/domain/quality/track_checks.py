"""All checks of a sequence's tracks: one call, a list of findings."""

import math
from collections.abc import Mapping, Sequence

from terrace.domain.quality import (
    flip_checks,
    frame_checks,
    gap_checks,
    identity_checks,
    spike_checks,
)
from terrace.domain.quality.catalog_tracks import TRACK_CHECKS
from terrace.domain.quality.findings import Finding, Severity
from terrace.domain.quality.sequence import Loaded
from terrace.domain.quality.signals import Measure
from terrace.domain.quality.track_tables import Writer, tables

DEFAULTS: dict[str, float] = {row.name: row.threshold or 0.0 for row in TRACK_CHECKS}
LONGEST_GAP = 2000.0
"""Frames of a sequence in Ground Truth: no gap is longer."""
LEAST = 1e-6
"""A threshold of 0 means: whatever stands out of the noise."""
MEASURES: tuple[Measure, ...] = ("position", "size", "shape", "rotation")


def check(
    loaded: Loaded,
    *,
    checks: Mapping[str, float | None] | None = None,
    frames: Sequence[str] | None = None,
    image_size: tuple[int, int] | None = None,
) -> list[Finding]:
    """What is suspicious in a sequence, by frame and object; what could not be read is in it, too.

    Args:
        loaded: the label file, as `sequence.load` gives it.
        checks: wanted ones by name, with a threshold, or None for the catalog's (so does one that
            is not finite); None: all. Names that are no track checks are ignored: other modules
            have them.
        frames: file names of the whole sequence in its order, so that frames without any label
            have a name, and numbers beyond its end are found.
        image_size: width and height in pixels, for `out-of-image`; without it only what lies left
            of or above the image is known to be outside.

    Returns:
        Findings in the order of frames, then objects, then checks.
    """
    wanted = DEFAULTS if checks is None else _wanted(checks)
    out = Writer(loaded, wanted, frames)
    out.findings += [finding for finding in loaded.findings if finding.check in wanted]
    if frames is not None and "unreadable" in wanted:
        _beyond(out, len(frames))
    gap = wanted.get("missing-frame", DEFAULTS["missing-frame"])
    longest_gap = int(min(LONGEST_GAP, max(0.0, gap)))
    thresholds = {
        measure: max(LEAST, wanted.get(measure, DEFAULTS[measure])) for measure in MEASURES
    }
    for table in tables(loaded, thresholds, longest_gap):
        gap_checks.check(table, out, longest_gap)
        spike_checks.check(table, out)
        identity_checks.check(table, out)
        flip_checks.check(table, out)
        frame_checks.check(table, out, image_size)
    return sorted(out.findings, key=_place)


def _wanted(checks: Mapping[str, float | None]) -> dict[str, float]:
    found = {}
    for name, threshold in checks.items():
        if name in DEFAULTS:
            found[name] = DEFAULTS[name]
            if threshold is not None and math.isfinite(threshold):
                found[name] = float(threshold)
    return found


def _beyond(out: Writer, count: int) -> None:
    for track in out.loaded.tracks:
        if track.frames[-1] >= count:
            number = int(track.frames[track.frames >= count][0])
            out.add(
                "unreadable",
                Severity.error,
                track,
                number,
                f"{track.name} is labeled in {{frame}}, and the sequence has {count} frames only.",
            )


def _place(finding: Finding) -> tuple[int, str, str]:
    number = -1 if finding.frameNo is None else finding.frameNo
    return number, finding.objectName or "", finding.check
