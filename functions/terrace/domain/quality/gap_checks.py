"""Frames that a track leaves out."""

import numpy as np

from terrace.domain.quality.findings import Severity
from terrace.domain.quality.track_tables import Table, Writer

FORGOTTEN = 3
"""Frames without a label that nobody takes for an occlusion."""


def check(table: Table, out: Writer, longest_gap: int) -> None:
    """Missing frames, re-appearances, and objects of one frame.

    Every frame of a gap of up to `longest_gap` frames is a finding of its own: an error in a gap of
    up to `FORGOTTEN` frames, a warning in a longer one, which may be an occlusion. A gap longer
    than that is one re-appearance, noted where the object is back. A label that is there but
    cannot be read is not missing.

    Worked number: frames 0, 1, 3, 20 with a longest gap of 10: frame 2 is missing, and the object
    re-appears in frame 20 after 16 frames.
    """
    findings = out.loaded.findings
    unusable = {(one.frameNo, one.object, one.objectName) for one in findings}
    unusable_loose = {(one.frameNo, one.label) for one in findings if one.object is None}
    for track in table.tracks:
        if len(track) == 1:
            number = int(track.frames[0])
            out.add(
                "single-frame",
                Severity.info,
                track,
                number,
                f"{track.name} is labeled in {{frame}} only.",
                value=1.0,
            )
            continue
        for place in np.flatnonzero(np.diff(track.frames) > 1):
            before, after = int(track.frames[place]), int(track.frames[place + 1])
            gap = after - before - 1
            if gap > longest_gap:
                out.add(
                    "reappearance",
                    Severity.info,
                    track,
                    after,
                    f"{track.name} is back in {{frame}} after {gap} frames without a label.",
                    value=float(gap),
                )
                continue
            shown = [out.shown(one, track.sensor) for one in (before, after)]
            around = f"though it is labeled in {shown[0]} and {shown[1]}"
            for number in range(before + 1, after):
                loose = not track.id and (number, track.label) in unusable_loose
                if loose or (number, track.id, track.name) in unusable:
                    continue  # It is labeled: what is wrong with the label is told already.
                out.add(
                    "missing-frame",
                    Severity.error if gap <= FORGOTTEN else Severity.warning,
                    track,
                    number,
                    f"{track.name} is not labeled in {{frame}}, {around}.",
                    value=float(gap),
                )
