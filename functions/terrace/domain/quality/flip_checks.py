"""Classes and attributes that change along a track, and change back."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from terrace.domain.quality.changes import passed
from terrace.domain.quality.findings import Severity
from terrace.domain.quality.track_tables import Table, Writer
from terrace.domain.quality.tracks import UNKNOWN_CLASS, Track


def check(table: Table, out: Writer) -> None:
    """Flips of every track's class and attributes."""
    for track in table.tracks:
        if "label-flip" in out.checks and len(set(track.classes)) > 1:
            _classes(track, out)
        if "attribute-flip" in out.checks:
            _attributes(track, out, out.checks["attribute-flip"])


def runs(values: Sequence[object]) -> list[tuple[int, int, object]]:
    """Stretches of one value: first place, length, value.

    Worked number: a a b a -> (0, 2, a), (2, 1, b), (3, 1, a).
    """
    found, start = [], 0
    for value, group in groupby(values):
        length = sum(1 for _ in group)
        found.append((start, length, value))
        start += length
    return found


def _classes(track: Track, out: Writer) -> None:
    """Each stretch of another class than the most frequent one is told once, at its start."""
    parts = runs(track.classes)
    most = max(set(track.classes), key=lambda name: (track.classes.count(name), name))
    for start, length, value in parts:
        if value == most:
            continue
        frames = "only there" if length == 1 else f"{length} frames from it on"
        said, usual = _class_name(value, out), _class_name(most, out)
        out.add(
            "label-flip",
            Severity.warning,
            track,
            int(track.frames[start]),
            f"{track.name} is labeled as {said} in {{frame}} ({frames}), and as {usual} in most "
            "frames.",
            value=float(length),
        )


def _class_name(ident: object, out: Writer) -> str:
    name = out.loaded.classes.get(str(ident))
    if name is not None:
        return f'"{name}"'
    return UNKNOWN_CLASS if ident == "None" else f"class {ident}"


def _attributes(track: Track, out: Writer, longest: float) -> None:
    """A value that lasts `longest` frames or less between longer stretches of one other value."""
    first = track.attributes[0]
    if all(one == first for one in track.attributes):
        return
    names = sorted({str(name) for one in track.attributes for name in one})
    for name in names:
        values = [_text(one.get(name)) for one in track.attributes]
        if any(passed(value) is not None for value in values):
            continue  # A verdict is given frame by frame: it says nothing of the object.
        parts = runs(values)
        for before, here, after in zip(parts, parts[1:], parts[2:], strict=False):
            start, length, value = here
            if length > longest or before[2] != after[2] or length > min(before[1], after[1]):
                continue
            said, usual = (
                "is not set" if one is None else f'is "{one}"' for one in (value, before[2])
            )
            out.add(
                "attribute-flip",
                Severity.warning,
                track,
                int(track.frames[start]),
                f"{name} of {track.name} {said} in {{frame}}, and {usual} before and after.",
                value=float(length),
            )


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
