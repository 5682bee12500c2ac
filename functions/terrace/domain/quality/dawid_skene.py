"""Dawid-Skene with a prior: what is right most likely, and how each worker errs, from votes alone.

Every worker has a confusion matrix; classes and matrices are estimated in turn (EM). Without a
prior a worker of few answers is believed or doubted far too much: on AWS's own bird job (5 answers
an image, 97 workers, 10 classes) plain Dawid-Skene is worse than a majority vote. The prior says
that every worker has, before the first answer, been right more often than wrong.

Source: Dawid and Skene 1979, "Maximum likelihood estimation of observer error-rates using the EM
algorithm"; the prior is a Dirichlet on each row, the estimate its maximum a posteriori.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from terrace.domain.quality.votes import Votes

OFF_DIAGONAL = 0.2
"""Answers that each wrong class is given before the first real one."""
DIAGONAL = 1.0
"""Answers that the right class is given on top of that."""
MOST_ROUNDS = 500
SETTLED = 1e-7
"""No posterior moves by more: the estimate stands."""

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """What the votes say."""

    posterior: Matrix
    """units x classes; every row sums to 1. A ranking, not a calibrated probability: votes on a
    hard item go wrong together, which the model does not know."""
    confusion: Matrix
    """workers x right class x chosen class; every row sums to 1."""
    classes: Matrix
    """How common each class is."""
    rounds: int


def estimate(
    votes: Votes, *, off_diagonal: float = OFF_DIAGONAL, diagonal: float = DIAGONAL
) -> Estimate:
    """The most likely classes and confusion matrices; both 0 is plain Dawid-Skene.

    Worked number: one unit, workers a and b say A, c says B, with this prior: A has 0.83.
    """
    start = votes.counts().astype(np.float64)
    posterior = start / np.maximum(start.sum(axis=1, keepdims=True), 1)
    if not len(votes):
        return _nothing(votes)
    confusion, classes, rounds = _maximise(votes, posterior, off_diagonal, diagonal), start, 0
    for rounds in range(1, MOST_ROUNDS + 1):
        classes = _class_shares(posterior)
        confusion = _maximise(votes, posterior, off_diagonal, diagonal)
        moved = _expect(votes, confusion, classes)
        change = float(np.abs(moved - posterior).max())
        posterior = moved
        if change < SETTLED:
            break
    return Estimate(posterior, confusion, classes, rounds)


def _class_shares(posterior: Matrix) -> Matrix:
    total = posterior.sum(axis=0)
    return np.asarray(total / total.sum(), dtype=np.float64)


def _maximise(votes: Votes, posterior: Matrix, off_diagonal: float, diagonal: float) -> Matrix:
    """Each worker's rows: expected counts and prior, as shares."""
    size = len(votes.classes)
    # chosen class first, so that one row of the posterior is added at a time
    found = np.zeros((len(votes.workers), size, size))
    np.add.at(found, (votes.worker, votes.choice), posterior[votes.unit])
    expected = found.transpose(0, 2, 1) + off_diagonal + diagonal * np.eye(size)
    total = expected.sum(axis=2, keepdims=True)
    # A row nobody knows anything about (only without a prior): all classes alike.
    shares = np.divide(expected, total, out=np.full_like(expected, 1 / size), where=total > 0)
    return np.asarray(shares, dtype=np.float64)


def _expect(votes: Votes, confusion: Matrix, classes: Matrix) -> Matrix:
    """Posterior of each unit's class, given how workers err."""
    tiny = np.finfo(np.float64).tiny
    logs = np.log(np.maximum(confusion, tiny))
    score = np.tile(np.log(np.maximum(classes, tiny)), (len(votes.units), 1))
    np.add.at(score, votes.unit, logs[votes.worker, :, votes.choice])
    weight = np.exp(score - score.max(axis=1, keepdims=True))
    return np.asarray(weight / weight.sum(axis=1, keepdims=True), dtype=np.float64)


def _nothing(votes: Votes) -> Estimate:
    size = len(votes.classes)
    return Estimate(np.zeros((0, size)), np.zeros((0, size, size)), np.zeros(size), 0)
