"""Clips: which frames of long sequences people are to see again, worst first, within a budget.

Ground Truth shows a sequence as a whole and bills each of its frames, so what saves money is a
shorter sequence: the flagged frames, with some around them to judge motion by. What a clip's files
hold, and how its answers get back into the whole, is in `clip_labels`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

MOST_SEQUENCES = 10
"""Ground Truth takes at most 10 sequences of video frames in a labeling job."""


@dataclass(frozen=True)
class FrameFlag:
    """One frame that somebody should look at."""

    frameNo: int
    """Place of the frame in its sequence, from 0."""
    score: float
    """Larger is worse; comparable within one job."""
    sentence: str = ""
    """Why, in words a worker understands."""


@dataclass(frozen=True)
class Clip:
    """Frames of one sequence that are shown together, as a sequence of their own."""

    place: int
    """Of the sequence in the lane."""
    frames: tuple[int, ...]
    """Places in the original sequence, from 0, rising; gaps where several runs share a clip."""


def plan(
    flags: Mapping[int, Sequence[FrameFlag]],
    lengths: Mapping[int, int],
    *,
    context: int,
    budget: int | None,
    most_sequences: int = MOST_SEQUENCES,
) -> list[Clip]:
    """The clips of a review job, by place and first frame; the same for the same flags.

    Every flagged frame comes before anybody's wide context: first each flag with its direct
    neighbours, the worst first, then, ring by ring and the worst first again, the rest of
    `context` as far as the sequence goes. Frames that are chosen already cost nothing again, so a
    flag beside another is cheap; where the rest of the budget is too small for a window, the frame
    itself comes first. Windows that touch become one clip. Where there are more clips than
    sequences allowed, those of one sequence share a file, the nearest first; a sequence that is not
    among the worst `most_sequences` is left out.

    Worked number: flags at frames 10 (score 3) and 13 (score 2) of 100, context 2: windows 8-12
    and 11-15 are one clip of the 8 frames 8-15. With a budget of 6 it is the 6 frames 9-14: both
    flags with their neighbours. With a budget of 7, frame 8 too: the worst has its context first.

    Args:
        flags: by the sequence's place in the lane. Flags outside the sequence are about no frame
            that could be shown, and are passed over.
        lengths: number of frames of each of these sequences.
        context: frames before and after each flagged one, 0 and more.
        budget: how many frames the job may have in all; None: any number.
        most_sequences: that one labeling job may have.
    """
    chosen: dict[int, set[int]] = {}
    left = math.inf if budget is None else budget
    ranked = _worst_first(flags, lengths)
    for reach in range(min(1, context), context + 1):
        for place, flag in ranked:
            if place not in chosen and (len(chosen) >= most_sequences or left <= 0):
                continue
            taken = chosen.setdefault(place, set())
            if len(taken) == lengths[place]:
                continue
            ring = _ring(flag.frameNo, reach, lengths[place])
            new = [number for number in ring if number not in taken]
            taken.update(new[: int(min(left, len(new)))])
            left -= min(left, len(new))
        if left <= 0:
            break
    runs = [Clip(place, run) for place in sorted(chosen) for run in _runs(sorted(chosen[place]))]
    return _share_files(runs, most_sequences)


def frames_of(clips: Sequence[Clip]) -> int:
    """How many frames a job of these clips has: what Ground Truth bills."""
    return sum(len(clip.frames) for clip in clips)


def _worst_first(
    flags: Mapping[int, Sequence[FrameFlag]], lengths: Mapping[int, int]
) -> list[tuple[int, FrameFlag]]:
    known = [
        (place, flag)
        for place, found in flags.items()
        for flag in found
        if 0 <= flag.frameNo < lengths[place]
    ]
    return sorted(known, key=lambda row: (_rank(row[1].score), row[0], row[1].frameNo))


def _rank(score: float) -> float:
    """A score that is no number is no reason to come first."""
    return math.inf if math.isnan(score) else -score


def _ring(frame: int, reach: int, length: int) -> list[int]:
    """The frames so far from this one; the first ring has the frame itself, which comes first.

    What lies within is taken already: a ring that the budget cuts is the last.
    """
    around = [frame - reach, frame + reach] if reach else []
    ring = [frame, *around] if reach <= 1 else around
    return [number for number in ring if 0 <= number < length]


def _runs(frames: Sequence[int]) -> list[tuple[int, ...]]:
    """Frames without gaps between them, each run by itself."""
    runs: list[list[int]] = []
    for frame in frames:
        if runs and runs[-1][-1] == frame - 1:
            runs[-1].append(frame)
        else:
            runs.append([frame])
    return [tuple(run) for run in runs]


def _share_files(clips: list[Clip], most: int) -> list[Clip]:
    """Joins neighbours of one sequence, the nearest first, until there are few enough."""
    joined = list(clips)
    while len(joined) > most:
        gaps = [
            (after.frames[0] - before.frames[-1], index)
            for index, (before, after) in enumerate(pairwise(joined))
            if before.place == after.place
        ]
        if not gaps:
            break
        _, index = min(gaps)
        before, after = joined[index], joined[index + 1]
        joined[index : index + 2] = [Clip(before.place, before.frames + after.frames)]
    return joined
