"""Objects that change places with their ids, and lasting jumps of place or size.

A lasting jump: from a frame on a label is where the motion before does not lead, and the motion
after does not lead back.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from terrace.domain.quality.findings import Severity
from terrace.domain.quality.local import deviation
from terrace.domain.quality.rows import Floats, Ints
from terrace.domain.quality.signals import Measure
from terrace.domain.quality.spikes import SURE, size_of
from terrace.domain.quality.track_tables import Table, Writer

EXTRAPOLATED = 2.0
"""Prolonged motions are noisier than a place between two frames: by so much more is asked."""
CANDIDATE = 0.4
"""Object sizes that a label must jump for its id to be in doubt."""
SAME_SIZE = 0.35
"""Sizes differ at most by this share where a label is taken for another object's."""
SOON = 3
"""Frames after one track's end in which another one that begins there may be the same object."""


@dataclass(frozen=True)
class Step:
    """A row from which on a track is elsewhere, or of another size."""

    row: int
    value: float
    channels: Floats
    expected: Floats
    """(c,): where the motion before leads."""


@dataclass(frozen=True)
class _Kept:
    """Rows without those that are bad by themselves, and where motion leads there."""

    index: Ints
    """Their place in the table."""
    first: Ints
    past: Floats
    future: Floats
    noise: Floats


def check(table: Table, out: Writer) -> None:
    """Swaps (of one frame and lasting), take-overs, split tracks, jumps and steps of size."""
    swapped: set[int] = set()
    near = out.checks.get("identity", 0.0)
    if near:
        swapped |= _one_frame(table, out, near)
    rows, kept = table.steady.without(table.found.gone)
    if len(rows) < 2:
        return
    moved = deviation(rows)
    noisy = table.found.noise[kept] * EXTRAPOLATED
    kept_rows = _Kept(kept, rows.first, moved.past, moved.future, noisy)
    least = out.checks.get("jump", np.inf)
    jumps = list(_steps(table, kept_rows, "position", min(CANDIDATE, least)))
    if near:
        swapped |= _lasting(table, out, [one for one in jumps if one.value >= CANDIDATE], near)
        _splits(table, out, near)
    for step in jumps:
        if step.row not in swapped and step.value >= least:
            track = table.track(step.row)
            out.add(
                "jump",
                Severity.warning,
                track,
                int(table.rows.frames[step.row]),
                f"From {{frame}} on {track.name} is {step.value * 100:.0f} % of its size away from "
                "where it was going.",
                value=round(step.value, 4),
            )
    if "size-step" in out.checks and "size" in table.signals.measures:
        for step in _steps(table, kept_rows, "size", out.checks["size-step"]):
            if step.row not in swapped:
                _tell_size(table, out, step)


def _tell_size(table: Table, out: Writer, step: Step) -> None:
    track = table.track(step.row)
    words = table.signals.words[table.signals.measures["size"]]
    worst = int(np.argmax(np.abs(step.channels)))
    word = words[worst][0 if step.channels[worst] > 0 else 1]
    out.add(
        "size-step",
        Severity.warning,
        track,
        int(table.rows.frames[step.row]),
        f"From {{frame}} on {track.name} is {abs(step.channels[worst]) * 100:.0f} % {word} than "
        "before.",
        value=round(step.value, 4),
    )


def _steps(table: Table, kept: _Kept, measure: Measure, threshold: float) -> Iterator[Step]:
    """Rows from which on the measure has jumped by at least the threshold.

    Worked number: places 0, 1, 2, 13, 14, 15 of an object of size 10: the motion before leads to 3
    in the fourth frame, the motion after back to 12 in the third; the jump is 10 px, 1.0 sizes.
    """
    if measure not in table.signals.measures:
        return
    channels = table.signals.measures[measure]
    index = np.arange(1, len(kept.index))
    ahead, back = kept.past[1:, channels], -kept.future[:-1, channels]
    agreed = np.where(ahead * back > 0, np.minimum(np.abs(ahead), np.abs(back)), 0.0)
    jump = np.sign(ahead) * agreed
    # A jump is measured by what the object was, and what it is: the larger is the safer.
    scale = np.maximum(
        table.rows.scale[kept.index][1:, channels], table.rows.scale[kept.index][:-1, channels]
    )
    value = size_of(measure, jump / scale)
    sure = np.sqrt(np.sum((jump / kept.noise[1:, channels]) ** 2, axis=1))
    inside = kept.first[1:] == kept.first[:-1]
    for place in np.flatnonzero(inside & (value >= threshold) & (sure >= SURE)):
        row = int(kept.index[index[place]])
        yield Step(
            row,
            float(value[place]),
            jump[place] / scale[place],
            table.steady.values[row] - kept.past[index[place]],
        )


def _one_frame(table: Table, out: Writer, near: float) -> set[int]:
    """Two labels that leave their tracks in the same frame, each to the other's place."""
    far = [
        spike.row
        for spike in table.found.spikes
        if spike.measure == "position" and spike.value >= CANDIDATE
    ]
    should = {row: table.predicted(row) for row in far}
    return _swaps(table, out, should, near, "in {frame}")


def _lasting(table: Table, out: Writer, jumps: list[Step], near: float) -> set[int]:
    camera = table.rows.values - table.steady.values
    should = {step.row: step.expected + camera[step.row] for step in jumps}
    swapped = _swaps(table, out, should, near, "from {frame} on")
    ends = _ends(table)
    for step in jumps:
        if step.row in swapped:
            continue
        number = int(table.rows.frames[step.row])
        for row, away in _nearest(table, step.row, ends, near):
            gone = number - int(table.rows.frames[row])
            if 0 < gone <= SOON:
                track, other = table.track(step.row), table.track(row)
                out.add(
                    "identity",
                    Severity.error,
                    track,
                    number,
                    f"{track.name} jumps in {{frame}} to where {other.name} was until "
                    f"{out.shown(int(table.rows.frames[row]), track.sensor)}: did it take over its "
                    "label?",
                    value=round(away, 4),
                )
                swapped.add(step.row)
                break
    return swapped


def _swaps(
    table: Table, out: Writer, should: dict[int, Floats], near: float, when: str
) -> set[int]:
    by_frame: dict[int, list[int]] = {}
    for row in should:
        by_frame.setdefault(int(table.rows.frames[row]), []).append(row)
    swapped: set[int] = set()
    for number, rows in by_frame.items():
        for place, a in enumerate(rows):
            for b in rows[place + 1 :]:
                there = max(
                    _away(table, a, should[b]),
                    _away(table, b, should[a]),
                )
                if there > near:
                    continue
                swapped |= {a, b}
                for one, other in ((a, b), (b, a)):
                    track, second = table.track(one), table.track(other)
                    out.add(
                        "identity",
                        Severity.error,
                        track,
                        number,
                        f"{track.name} and {second.name} have swapped places {when}.",
                        value=round(there, 4),
                    )
    return swapped


def _away(table: Table, row: int, place: Floats) -> float:
    """How far a label lies from a place, in sizes of that place; inf where the size differs.

    Worked number: a box of 10 x 10 whose centre is 2 px beside a place of 10 x 10: 0.2.
    """
    measured = table.rows.values[row]
    scale = table.rows.scale[row]
    if "size" in table.signals.measures:
        size = table.signals.measures["size"]
        usual = np.maximum(np.abs(place[size]), 1e-9)
        if np.any(np.abs(measured[size] - place[size]) > SAME_SIZE * usual):
            return float("inf")
    position = table.signals.measures["position"]
    return float(size_of("position", (measured[position] - place[position]) / scale[position]))


def _ends(table: Table) -> Ints:
    """The last row of every run that ends before the file does."""
    rows = table.rows
    found = np.unique(rows.last)
    latest = int(rows.frames.max())
    return found[rows.frames[found] < latest]


def _nearest(table: Table, row: int, ends: Ints, near: float) -> list[tuple[int, float]]:
    found = []
    for end in ends:
        gone = table.rows.frames[row] - table.rows.frames[end]
        if 0 < gone <= SOON and table.rows.track[end] != table.rows.track[row]:
            away = _away(table, row, _prolonged(table, int(end), int(gone)))
            if away <= near:
                found.append((int(end), away))
    return sorted(found, key=lambda pair: pair[1])


def _prolonged(table: Table, end: int, frames: int) -> Floats:
    """Where a track that has ended would be some frames later."""
    rows = table.rows
    start = max(int(rows.first[end]), end - 3)
    if start == end:
        alone: Floats = rows.values[end]
        return alone
    span = float(rows.frames[end] - rows.frames[start])
    found: Floats = rows.values[end] + (rows.values[end] - rows.values[start]) / span * frames
    return found


def _splits(table: Table, out: Writer, near: float) -> None:
    """Tracks that begin where another one of the class has just ended."""
    rows = table.rows
    ends = _ends(table)
    if not len(ends):
        return
    earliest = int(rows.frames.min())
    for row in np.unique(rows.first):
        if rows.place[row] != 0 or rows.frames[row] == earliest:
            continue
        for end, away in _nearest(table, int(row), ends, near):
            track, other = table.track(int(row)), table.track(end)
            if track.label != other.label or not track.id:
                continue
            number = int(rows.frames[row])
            out.add(
                "identity",
                Severity.warning,
                track,
                number,
                f"{track.name} begins in {{frame}} where {other.name} ends in "
                f"{out.shown(int(rows.frames[end]), track.sensor)}: is it the same object?",
                value=round(away, 4),
            )
            break
