"""How sure a consensus label is, fit to rank the likely wrong ones.

Dawid-Skene's own posterior is far too sure of itself: it takes the votes on an item for
independent, but on a hard item everybody errs at once. Two corrections, both from the votes alone:

* n votes on one item count as the square root of n: the log-odds are divided by it. (Of votes that
  err together, more add less; the root is a choice, kept because it holds at 5 and at 39 votes.)
* A class that workers keep contradicting is doubted even where they happen to agree: the mean share
  of agreeing votes over the items of a class, as log-odds, is added one and a half times.

Both were chosen on two real jobs with known truth and checked on random parts of them:
`bench/consolidation.py` prints what they do, beside the share of the winning vote.
"""

import numpy as np
from numpy.typing import NDArray

from terrace.domain.quality.dawid_skene import Estimate
from terrace.domain.quality.votes import Votes

CLASS_WEIGHT = 1.5
Values = NDArray[np.float64]


def sureness(votes: Votes, fitted: Estimate) -> Values:
    """By unit: how likely its most likely class is right, between 0 and 1.

    Worked number: a posterior of 0.99 (log-odds 4.60) from 4 votes counts as 2.30; votes on items
    of its class agree by 0.8 (log-odds 1.39): 2.30 + 1.5 x 1.39 = 4.38, that is 0.988.
    """
    if not len(votes):
        return np.zeros(0)
    best = fitted.posterior.argmax(axis=1)
    rows = np.arange(len(best))
    rest = fitted.posterior.copy()
    rest[rows, best] = 0.0
    tiny = np.finfo(np.float64).tiny
    # The others' sum, not 1 - best: it tells 1e-20 from 1e-40.
    odds = np.log(fitted.posterior[rows, best]) - np.log(np.maximum(rest.sum(axis=1), tiny))
    score = odds / np.sqrt(votes.per_unit()) + CLASS_WEIGHT * _class_odds(votes, best)[best]
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
