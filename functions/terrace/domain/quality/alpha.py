"""Krippendorff's alpha: agreement beyond chance, with missing answers and any distance.

Source: Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", sections C (nominal, any
number of observers, missing data) and F (any metric).
"""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import combinations
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from terrace.domain.quality.coefficients import NOBODY, ONE_CLASS, TOO_ALIKE, Coefficient
from terrace.domain.quality.votes import Counts, Votes

Answer = TypeVar("Answer")
MOST_PAIRS = 10_000
"""Pairs of different answers that are compared for what chance would give."""
SEED = 20_111
"""Of the draw: the same answers always give the same number."""


def nominal(votes: Votes) -> Coefficient:
    """Alpha of classes: two answers differ or they do not.

    Worked number: the example of section C, four observers, twelve units, 40 answers to units with
    two or more: alpha = 0.743.
    """
    return of_counts(votes.counts())


def of_counts(counts: Counts, often: NDArray[np.float64] | None = None) -> Coefficient:
    """Alpha of classes from units x classes counts; `often`: how many units have such a row.

    Worked number: AA, AB, BB. Within units 1 of 3 pairs differs. Of the 6 answers 3 are A and 3 B:
    of 30 ordered pairs 18 differ, 0.6 by chance. 1 - 0.3333 / 0.6 = 0.4444.
    """
    several = counts.sum(axis=1) >= 2
    table = counts[several].astype(np.float64)
    if not len(table):
        return Coefficient(None, why=NOBODY)
    weight = np.ones(len(table)) if often is None else often[several]
    answers = table.sum(axis=1)
    total, units = float((answers * weight).sum()), int(weight.sum())
    # Ordered pairs within a unit that differ, each unit weighted by its answers, not by its pairs.
    pairs = (answers**2 - (table**2).sum(axis=1)) / (answers - 1)
    differ = float((pairs * weight).sum()) / total
    by_class = (table * weight[:, None]).sum(axis=0)
    chance = (total**2 - float((by_class**2).sum())) / (total * (total - 1))
    if chance <= 0:
        return Coefficient(None, units, int(total), ONE_CLASS)
    return Coefficient(1 - differ / chance, units, int(total))


def by_distance(
    units: Sequence[Sequence[Answer]],
    distance: Callable[[Answer, Answer], float],
    *,
    most_pairs: int = MOST_PAIRS,
) -> Coefficient:
    """Alpha of any answers that can be compared: sets of boxes, spans, classes.

    Args:
        units: The answers to each unit; hashable.
        distance: 0 for equal answers, 1 for answers with nothing in common; symmetric.
        most_pairs: Above this many pairs of different answers, chance is estimated from so many
            that are drawn (always the same), so that the time stays in bounds.

    Worked number: with distance 0 or 1 it is the nominal alpha: AA, AB, BB gives 0.4444.
    """
    compared = [list(answers) for answers in units if len(answers) >= 2]
    if not compared:
        return Coefficient(None, why=NOBODY)
    total = sum(len(answers) for answers in compared)
    differ = (
        sum(
            2
            * sum(distance(one, other) for one, other in combinations(answers, 2))
            / (len(answers) - 1)
            for answers in compared
        )
        / total
    )
    often = Counter(answer for answers in compared for answer in answers)
    distinct, times = list(often), np.array(list(often.values()), dtype=np.int64)
    estimated = len(distinct) * (len(distinct) - 1) // 2 > most_pairs
    by_chance = _drawn(distinct, times, distance, most_pairs) if estimated else None
    chance = _exact(distinct, times, distance) if by_chance is None else by_chance
    if chance <= 0:
        why = TOO_ALIKE if differ > 0 or estimated else ONE_CLASS
        return Coefficient(None, len(compared), total, why, estimated)
    return Coefficient(1 - differ / chance, len(compared), total, estimated=estimated)


def _exact(
    distinct: Sequence[Answer],
    times: NDArray[np.int64],
    distance: Callable[[Answer, Answer], float],
) -> float:
    """Mean distance over all pairs of answers, from the distinct ones and how often each was given.

    Worked number: A twice, B once, distance 1: 2 of the 3 pairs differ, 0.6667.
    """
    size = int(times.sum())
    found = sum(
        int(times[one]) * int(times[other]) * distance(distinct[one], distinct[other])
        for one, other in combinations(range(len(distinct)), 2)
    )
    return found / (size * (size - 1) / 2)


def _drawn(
    distinct: Sequence[Answer],
    times: NDArray[np.int64],
    distance: Callable[[Answer, Answer], float],
    pairs: int,
) -> float:
    """The same, where the share of unequal pairs is exact and only their mean distance is drawn.

    Rare answers are thus never missed: every pair that is drawn differs. Pairs are drawn with equal
    chances from all unequal ones, with a fixed seed.
    """
    size = int(times.sum())
    ends = np.cumsum(times)
    unequal = times * (size - times)
    draw = np.random.default_rng(SEED)
    first = np.searchsorted(
        np.cumsum(unequal), draw.integers(int(unequal.sum()), size=pairs), side="right"
    )
    # Among the answers that are not like the first one: those behind it move up.
    other = (draw.random(pairs) * (size - times[first])).astype(np.int64)
    other += np.where(other >= ends[first] - times[first], times[first], 0)
    second = np.searchsorted(ends, other, side="right")
    mean = sum(
        distance(distinct[one], distinct[two]) for one, two in zip(first, second, strict=True)
    )
    return mean / pairs * int(unequal.sum()) / (size * (size - 1))
