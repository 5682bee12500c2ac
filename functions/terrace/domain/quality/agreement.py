"""How far workers agree on classes: in percent, and beyond chance (Cohen, Fleiss)."""

import numpy as np

from terrace.domain.quality.coefficients import (
    EACH_PAIR_ONE_CLASS,
    NOBODY,
    ONE_CLASS,
    Coefficient,
)
from terrace.domain.quality.votes import Counts, Shares, Votes


def percent(votes: Votes) -> Coefficient:
    """The share of pairs of answers to a unit that are equal, as the mean over units.

    Worked number: answers AAB, AA, B. AAB has 1 of 3 pairs equal, AA 1 of 1, B none to compare:
    (1/3 + 1) / 2 = 0.6667.
    Source: Fleiss 1971, P-bar.
    """
    table = _compared(votes.counts())
    if not len(table):
        return Coefficient(None, why=NOBODY)
    return Coefficient(float(_pairs_equal(table).mean()), len(table), int(table.sum()))


def fleiss(votes: Votes) -> Coefficient:
    """Fleiss' kappa: agreement of any number of workers beyond chance.

    Units may have different numbers of answers (as Fleiss, Levin and Paik 2003 allow); those with
    fewer than two are left out.

    Worked number: four units with three answers each, AAA, AAB, ABB, BBB. Pairs equal:
    (1 + 1/3 + 1/3 + 1) / 4 = 0.6667; both classes have half of the answers, so chance agrees in
    0.5; (0.6667 - 0.5) / (1 - 0.5) = 0.3333.
    Source: Fleiss 1971, "Measuring nominal scale agreement among many raters".
    """
    table = _compared(votes.counts())
    if not len(table):
        return Coefficient(None, why=NOBODY)
    shares = table.sum(axis=0) / table.sum()
    return _beyond_chance(float(_pairs_equal(table).mean()), float((shares**2).sum()), table)


def cohen(one: Counts, other: Counts) -> Coefficient:
    """Cohen's kappa of two workers: the places of their classes, for units that both answered.

    Worked number: of 50 units both say yes to 20, both no to 15, only the first yes to 5, only the
    second to 10. They agree in 35/50 = 0.7; chance would in 0.5 x 0.6 + 0.5 x 0.4 = 0.5;
    (0.7 - 0.5) / (1 - 0.5) = 0.4.
    Source: Cohen 1960, "A coefficient of agreement for nominal scales".
    """
    if not len(one):
        return Coefficient(None, why="The two have no item in common.")
    classes = int(max(one.max(), other.max())) + 1
    table = np.zeros((classes, classes), dtype=np.intp)
    np.add.at(table, (one, other), 1)
    chance = float((table.sum(axis=0) * table.sum(axis=1)).sum()) / len(one) ** 2
    found = _beyond_chance(float((one == other).mean()), chance, table)
    return Coefficient(found.value, len(one), 2 * len(one), found.why)


def mean_cohen(votes: Votes) -> Coefficient:
    """Cohen's kappa of all pairs of workers, weighted by the units that they have in common.

    Pairs that have no kappa (nothing in common, or both always the same class) are left out:
    `units` counts the comparisons that are in.

    Worked number: kappa 0.4 over 50 common units and 1.0 over 10: (20 + 10) / 60 = 0.5.
    """
    first, second = votes.pairs()
    couple = votes.worker[first] * len(votes.workers) + votes.worker[second]
    order = np.argsort(couple, kind="stable")
    cuts = np.flatnonzero(np.diff(couple[order])) + 1
    pairs = [
        cohen(votes.choice[first[rows]], votes.choice[second[rows]])
        for rows in np.split(order, cuts)
        if len(rows)
    ]
    told = [(pair.value, pair.units) for pair in pairs if pair.value is not None]
    if not told:
        if not pairs:
            return Coefficient(None, why=NOBODY)
        several = len(np.unique(votes.choice[np.concatenate([first, second])])) > 1
        return Coefficient(None, why=EACH_PAIR_ONE_CLASS if several else ONE_CLASS)
    weight = sum(units for _, units in told)
    return Coefficient(sum(value * units for value, units in told) / weight, weight, 2 * weight)


def share_of_winner(votes: Votes) -> Shares:
    """By unit: the part of its votes that its most chosen class has; 3 of 5 is 0.6."""
    table = votes.counts()
    return np.asarray(table.max(axis=1) / table.sum(axis=1), dtype=np.float64)


def _compared(table: Counts) -> Counts:
    """Units with two answers or more."""
    several: Counts = table[table.sum(axis=1) >= 2]
    return several


def _pairs_equal(table: Counts) -> Shares:
    """By unit: share of the pairs of answers that are equal."""
    answers = table.sum(axis=1)
    equal = (table * (table - 1)).sum(axis=1) / (answers * (answers - 1))
    return np.asarray(equal, dtype=np.float64)


def _beyond_chance(seen: float, chance: float, table: Counts) -> Coefficient:
    if chance >= 1:
        return Coefficient(None, len(table), int(table.sum()), ONE_CLASS)
    return Coefficient((seen - chance) / (1 - chance), len(table), int(table.sum()))
