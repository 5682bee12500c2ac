"""Frames in which a label departs from its track and comes back: one frame, or up to three.

Found worst first. A frame that is found no longer predicts its neighbours, so that one error is
one finding and the frame after it none.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from terrace.domain.quality.local import REACH, deviation, noise
from terrace.domain.quality.rows import Bools, Floats, Ints, Rows
from terrace.domain.quality.signals import Measure, Signals

SURE = 3.1
"""How many times the noise of its track a deviation must be: the length of the deviation over the
channels of a measure, each in units of its noise (outlines: the greatest)."""
GROSS = 0.25
SURE_IF_GROSS = 2.5
"""A quarter of the object's size is looked at also where a track is noisy."""
LONGEST = 3
"""Frames side by side that are still one slip; longer ones are a change of the track."""
ROUNDS = 4
ODD = 0.4
"""Share of what makes a spike that one row of a longer run shows by itself."""


@dataclass(frozen=True)
class Spike:
    """One label that departs from its track."""

    row: int
    measure: Measure
    value: float
    """In object sizes (radians for rotation): never negative."""
    channels: Floats
    """(c,) of the measure: signed, divided by the scale."""
    sure: float
    """In units of the track's noise."""


@dataclass(frozen=True)
class Found:
    """All of a table."""

    spikes: tuple[Spike, ...]
    gone: Bools
    """(n,): rows that have one."""
    relative: Floats
    """(n, c): each row's plain deviation divided by its scale; NaN at the ends of runs."""
    noise: Floats
    """(n, c), in the channel's unit."""


def find(rows: Rows, signals: Signals, thresholds: Mapping[Measure, float]) -> Found:
    """Spikes of every run.

    A label is one when for some measure its confirmed deviation (`local.deviation`), divided by the
    object's size, reaches the threshold, and is `SURE` times the noise there.

    Worked number: a box 100 px wide among boxes of 100 +- 1 px, 20 px too far right in one frame:
    0.2 of its size and 20 / 1 = 20 times the noise, so it is one at a threshold of 0.1.
    """
    first = deviation(rows)
    level = noise(rows, first.plain, signals.floor)
    gone = np.zeros(len(rows), dtype=np.bool_)
    found: list[Spike] = []
    everywhere = np.ones(len(rows), dtype=np.bool_)
    odd = np.flatnonzero(_score(first.plain, rows.scale, level, signals, thresholds) >= ODD)
    for run in range(1, LONGEST + 1):
        # One row: known everywhere. Longer runs: only about rows that are odd by themselves.
        view, asked = everywhere, everywhere
        if run > 1:
            view, asked = _about(odd, 3 * REACH, len(rows)), _about(odd, REACH, len(rows))
        for round_ in range(ROUNDS):
            known = first.confirmed if run == 1 and round_ == 0 else None
            new = list(
                _once(
                    rows,
                    gone | ~view,
                    asked,
                    level=level,
                    run=run,
                    signals=signals,
                    thresholds=thresholds,
                    known=known,
                )
            )
            if not new:
                break
            found += new
            hit = np.array([spike.row for spike in new])
            gone[hit] = True
            # What was found bent the predictions of its neighbours only.
            view, asked = _about(hit, 3 * REACH, len(rows)), _about(hit, REACH + 1, len(rows))
    return Found(tuple(found), gone, first.plain / rows.scale, level)


def _about(places: Ints, reach: int, count: int) -> Bools:
    """Rows at most `reach` from any of the places."""
    mask = np.zeros(count, dtype=np.bool_)
    for step in range(-reach, reach + 1):
        mask[np.clip(places + step, 0, count - 1)] = True
    return mask


def _score(
    deviations: Floats,
    scale: Floats,
    level: Floats,
    signals: Signals,
    thresholds: Mapping[Measure, float],
) -> Floats:
    """How near each row is to being a spike: 1 and more is one; the greatest of its measures."""
    found = np.zeros(len(deviations))
    for measure, channels in signals.measures.items():
        if measure in thresholds:
            here = np.nan_to_num(deviations[:, channels])
            value, sure = _values(measure, here, scale[:, channels], level[:, channels])
            found = np.maximum(found, _reached(value, sure, thresholds[measure]))
    return found


def _values(
    measure: Measure, deviations: Floats, scale: Floats, level: Floats
) -> tuple[Floats, Floats]:
    """Deviations in object sizes, and in units of the noise."""
    times = (deviations / level) ** 2
    sure = np.sqrt(times.max(axis=1) if measure == "shape" else times.sum(axis=1))
    return size_of(measure, deviations / scale), sure


def _reached(value: Floats, sure: Floats, threshold: float) -> Floats:
    needed = np.where(value >= GROSS, SURE_IF_GROSS, SURE)
    found: Floats = np.minimum(value / threshold, sure / needed)
    return found


def _once(
    rows: Rows,
    left_out: Bools,
    asked: Bools,
    *,
    level: Floats,
    run: int,
    signals: Signals,
    thresholds: Mapping[Measure, float],
    known: Floats | None,
) -> Iterator[Spike]:
    if known is not None:
        kept = np.arange(len(rows))
        parts = [known]
    else:
        if np.all(left_out):
            return
        rest, kept = rows.without(left_out)
        parts = [deviation(rest, run, offset).confirmed for offset in range(run)]
    scale, noisy = rows.scale[kept], level[kept]
    starts = len(kept) - run + 1
    if starts < 1:
        return
    same = (rows.first[kept][:starts] == rows.first[kept][run - 1 :]) & asked[kept][:starts]
    scores = np.zeros(starts)
    scored: list[tuple[Measure, slice, list[Floats], list[Floats], Floats]] = []
    for measure, channels in signals.measures.items():
        if measure not in thresholds:
            continue
        values, sures = [], []
        worst = np.full(starts, np.inf)
        for offset, part in enumerate(parts):
            share = slice(offset, offset + starts)
            here = np.nan_to_num(part[share, channels])
            value, sure = _values(measure, here, scale[share, channels], noisy[share, channels])
            values.append(value)
            sures.append(sure)
            worst = np.minimum(worst, _reached(value, sure, thresholds[measure]))
        worst = np.where(same, worst, 0.0)
        scored.append((measure, channels, values, sures, worst))
        scores = np.maximum(scores, worst)
    # Worst first, and nothing beside a worse one: it may only look bad because of that.
    candidates = np.flatnonzero(scores >= 1.0)
    if not len(candidates):
        return
    blocked = np.zeros(len(kept), dtype=np.bool_)
    for start in candidates[np.argsort(-scores[candidates], kind="stable")]:
        if np.any(blocked[start : start + run]):
            continue
        low, high = max(0, start - run - 1), start + 2 * run + 1
        blocked[low:high] = True
        for measure, channels, values, sures, worst in scored:
            if worst[start] < 1.0:
                continue
            for offset, part in enumerate(parts):
                at = start + offset
                yield Spike(
                    int(kept[at]),
                    measure,
                    float(values[offset][start]),
                    part[at, channels] / scale[at, channels],
                    float(sures[offset][start]),
                )


def size_of(measure: Measure, relative: Floats) -> Floats:
    """One number for the channels of a measure, each divided by its scale, along the last axis.

    Position: the length of the way; size and rotation: the greatest; shape: the greatest way of a
    point of the outline.

    Worked number: a shift by 0.3 widths and 0.4 heights is 0.5 sizes.
    """
    if measure == "position":
        way: Floats = np.sqrt(np.sum(relative**2, axis=-1))
        return way
    if measure == "shape":
        x, y = relative[..., 0::2], relative[..., 1::2]
        far: Floats = np.max(np.hypot(x, y), axis=-1)
        return far
    most: Floats = np.max(np.abs(relative), axis=-1)
    return most
