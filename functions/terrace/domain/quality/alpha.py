"""Krippendorff's alpha: agreement beyond chance, with missing answers and any distance.

Source: Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", sections C (nominal, any
number of observers, missing data) and F (any metric).
"""

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from terrace.domain.quality.coefficients import NOBODY, ONE_CLASS, Coefficient
from terrace.domain.quality.votes import Counts, Votes

Answer = TypeVar("Answer")
MOST_PAIRS = 10_000
"""Pairs of answers of different units that are compared for what chance would give."""


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
        units: The answers to each unit.
        distance: 0 for equal answers, 1 for answers with nothing in common; symmetric.
        most_pairs: Above this many pairs of all answers, chance is estimated from evenly spread
            ones (always the same), so that the time stays in bounds.

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
    pool = [answer for answers in compared for answer in answers]
    chance = _mean_distance(pool, distance, most_pairs)
    if chance <= 0:
        return Coefficient(None, len(compared), total, ONE_CLASS)
    return Coefficient(1 - differ / chance, len(compared), total)


def _mean_distance(
    pool: Sequence[Answer], distance: Callable[[Answer, Answer], float], most_pairs: int
) -> float:
    """Mean over all pairs, or over whole rounds `i, i + step` of evenly spread steps."""
    size = len(pool)
    if size * (size - 1) // 2 <= most_pairs:
        pairs = [distance(one, other) for one, other in combinations(pool, 2)]
        return sum(pairs) / len(pairs)
    rounds = max(1, most_pairs // size)
    # Far apart, because the answers to one unit stand side by side and are alike.
    steps = sorted({(at + 1) * size // (2 * (rounds + 1)) for at in range(rounds)})
    found = [
        distance(answer, pool[(at + step) % size])
        for step in steps
        for at, answer in enumerate(pool)
    ]
    return sum(found) / len(found)
