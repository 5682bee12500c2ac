"""How sure a consensus label is: to rank the likely wrong ones, and to send them to people.

Dawid-Skene's own posterior is far too sure of itself: it takes the votes on an item for
independent, but on a hard item everybody errs at once. Two corrections, both from the votes alone:

* n votes on one item count for less than n: the log-odds are divided by the square root of n and
  damped. (Of votes that err together, more add less; the root holds at 5 and at 39 votes.)
* A class that workers keep contradicting is doubted even where they happen to agree: the mean share
  of agreeing votes over the items of a class, as log-odds, is added with a weight.

The three numbers were chosen on two real jobs with known truth (10 classes and 5 votes, 2 classes
and 39 votes) and checked on random parts of them: the ratio of the weights by how wrong labels are
ranked, the damping so that the mean sureness is near the share of right labels on both.
`bench/consolidation.py` prints what came of it, beside the share of the winning vote.
"""

import numpy as np
from numpy.typing import NDArray

from terrace.domain.quality.dawid_skene import Estimate, winners
from terrace.domain.quality.votes import Votes

DAMPING = 0.4
CLASS_WEIGHT = 0.6
Values = NDArray[np.float64]


def sureness(votes: Votes, fitted: Estimate) -> Values:
    """By unit: how likely the class that wins is right, between 0 and 1.

    Worked number: a posterior of 0.99 (log-odds 4.60) from 4 votes counts 0.4 x 4.60 / 2 = 0.92;
    votes on items of its class agree by 0.8 (log-odds 1.39): 0.6 x 1.39 = 0.83. In all 1.75, that
    is 0.852.
    """
    if not len(votes):
        return np.zeros(0)
    best = winners(votes, fitted)
    rows = np.arange(len(best))
    rest = fitted.posterior.copy()
    rest[rows, best] = 0.0
    tiny = np.finfo(np.float64).tiny
    # The others' sum, not 1 - best: it tells 1e-20 from 1e-40.
    odds = np.log(np.maximum(fitted.posterior[rows, best], tiny)) - np.log(
        np.maximum(rest.sum(axis=1), tiny)
    )
    of_votes = DAMPING * odds / np.sqrt(votes.per_unit())
    score = of_votes + CLASS_WEIGHT * _class_odds(votes, best)[best]
    return np.asarray(1 / (1 + np.exp(-np.clip(score, -700, 700))), dtype=np.float64)


def _class_odds(votes: Votes, best: NDArray[np.intp]) -> Values:
    """By class: log-odds of the mean share of agreeing votes over units with two votes or more.

    The overall share stands beside as one unit more, so that a class of few units is not extreme.
    """
    counts, of_unit = votes.counts(), votes.per_unit()
    agreeing = counts[np.arange(len(best)), best]
    told = of_unit >= 2
    overall = (agreeing[told].sum() + 1) / (of_unit[told].sum() + 2)
    share = agreeing[told] / of_unit[told]
    size = len(votes.classes)
    total = np.bincount(best[told], weights=share, minlength=size) + overall
    mean = total / (np.bincount(best[told], minlength=size) + 1)
    return np.asarray(np.log(mean) - np.log1p(-mean), dtype=np.float64)
