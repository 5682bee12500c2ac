"""Dawid-Skene with a prior: what is right most likely, and how each worker errs, from votes alone.

Every worker has a confusion matrix; classes and matrices are estimated in turn (EM). Without a
prior a worker of few answers is believed or doubted far too much: on AWS's own bird job (5 answers
an image, 97 workers, 10 classes) plain Dawid-Skene is worse than a majority vote. The prior says
that every worker has, before the first answer, been right more often than wrong.

Source: Dawid and Skene 1979, "Maximum likelihood estimation of observer error-rates using the EM
algorithm"; the prior is a Dirichlet on each row, the estimate its maximum a posteriori.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from terrace.domain.quality.votes import Votes

COMMON = 1.0
"""Units that each class is given before the first real one."""
MOST_ROUNDS = 500
CONTENDER = 0.4
"""Part of the leader's votes that a class needs to be the consensus."""
OUTWEIGHS = 4.5
"""Times the leader's posterior that a class with fewer votes needs."""
UNKNOWN = 1e-9
"""Answers; a row with less than that says nothing."""
SETTLED = 1e-6
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


@dataclass(frozen=True)
class Prior:
    """Answers that every worker is taken to have given to each class before the first real one."""

    off_diagonal: float
    """To each wrong class."""
    diagonal: float
    """To the right class, on top of that."""
    common: float = 0.0
    """Units of each class, seen before the first real one."""


PLAIN = Prior(0.0, 0.0)
"""No prior: Dawid and Skene's own estimate."""


def usual(classes: int) -> Prior:
    """The prior that is used where none is given: 0.2 and 1 at ten classes.

    It grows with the root of the number of classes: the more there are, the fewer answers a worker
    has given to each of them, and the more the prior has to carry. Measured: `bench/consolidation`.

    Worked number: two classes: 0.0894 and 0.4472.
    """
    strength = math.sqrt(classes / 10)
    return Prior(0.2 * strength, strength, COMMON)


def estimate(votes: Votes, prior: Prior | None = None) -> Estimate:
    """The most likely classes and confusion matrices, by EM from the shares of the votes.

    Worked number: three units of workers a, b, c: AAB, AAB, BBB. c alone says B where a and b say
    A, so A has 0.9971 in the first two, and c is taken to say A to 0.2047 where A is right.
    """
    if not len(votes):
        return _nothing(votes)
    prior = prior or usual(len(votes.classes))
    counts, cells = votes.counts(), _Cells.of(votes)
    posterior = np.asarray(counts / counts.sum(axis=1, keepdims=True), dtype=np.float64)
    rounds, change = 0, 1.0
    while True:
        classes = _class_shares(posterior, prior)
        confusion = _maximise(votes, cells, posterior, prior)
        if rounds == MOST_ROUNDS or change < SETTLED:
            return Estimate(posterior, confusion, classes, rounds)
        moved = _expect(cells, confusion, classes)
        rounds, change = rounds + 1, float(np.abs(moved - posterior).max())
        posterior = moved


def winners(votes: Votes, fitted: Estimate) -> NDArray[np.intp]:
    """By unit: the place of the class that wins: what most said, or what outweighs it.

    To outweigh the leader a class needs four tenths of its votes (2 against 3 may win, 1 against 3
    may not, what nobody said never does) and 4.5 times its posterior. With few votes the model
    would else overrule clear cases because a class is common, or a worker was right by luck. Among
    classes with equally many votes the posterior decides.
    """
    if not len(votes):
        return np.zeros(0, dtype=np.intp)
    # Rounded, so that what is level stays level whatever the order of the sums was.
    counts, posterior = votes.counts(), fitted.posterior.round(9)
    most, rows = counts.max(axis=1, keepdims=True), np.arange(len(counts))
    leader = np.where(counts == most, posterior, -1.0).argmax(axis=1)
    contends = (counts > 0) & (counts >= CONTENDER * most)
    likely = np.where(contends, posterior, -1.0).argmax(axis=1)
    outweighs = posterior[rows, likely] >= OUTWEIGHS * posterior[rows, leader]
    return np.asarray(np.where(outweighs, likely, leader))


def _class_shares(posterior: Matrix, prior: Prior) -> Matrix:
    total = posterior.sum(axis=0) + prior.common
    return np.asarray(total / total.sum(), dtype=np.float64)


@dataclass(frozen=True)
class _Cells:
    """Votes by (worker, chosen class), sorted once for all rounds."""

    cell: NDArray[np.intp]
    """By vote: worker x classes + choice."""
    units: NDArray[np.intp]
    """Where each unit's votes begin."""
    filled: NDArray[np.intp]
    """Cells that have votes, ascending."""
    starts: NDArray[np.intp]
    """Where each such cell begins in `unit`."""
    unit: NDArray[np.intp]
    """The units of the votes, in the order of their cells."""

    @classmethod
    def of(cls, votes: Votes) -> "_Cells":
        cell = votes.worker * len(votes.classes) + votes.choice
        order = np.argsort(cell, kind="stable")
        starts = _starts(cell[order])
        return cls(cell, _starts(votes.unit), cell[order][starts], starts, votes.unit[order])


def _maximise(votes: Votes, cells: _Cells, posterior: Matrix, prior: Prior) -> Matrix:
    """Each worker's rows: expected counts and prior, as shares."""
    size = len(votes.classes)
    found = np.zeros((len(votes.workers) * size, size))
    found[cells.filled] = np.add.reduceat(posterior[cells.unit], cells.starts, axis=0)
    by_choice = found.reshape(-1, size, size)
    expected = by_choice.transpose(0, 2, 1) + prior.off_diagonal + prior.diagonal * np.eye(size)
    total = expected.sum(axis=2, keepdims=True)
    # A row nobody knows anything about (only without a prior): all classes alike.
    shares = np.divide(expected, total, out=np.full_like(expected, 1 / size), where=total > UNKNOWN)
    return np.asarray(shares, dtype=np.float64)


def _expect(cells: _Cells, confusion: Matrix, classes: Matrix) -> Matrix:
    """Posterior of each unit's class, given how workers err."""
    tiny = np.finfo(np.float64).tiny
    logs = np.log(np.maximum(confusion, tiny))
    by_cell = logs.transpose(0, 2, 1).reshape(-1, len(classes))
    told = np.add.reduceat(by_cell[cells.cell], cells.units, axis=0)
    score = np.log(np.maximum(classes, tiny)) + told
    weight = np.exp(score - score.max(axis=1, keepdims=True))
    return np.asarray(weight / weight.sum(axis=1, keepdims=True), dtype=np.float64)


def _starts(ascending: NDArray[np.intp]) -> NDArray[np.intp]:
    """Where each new number begins."""
    return np.flatnonzero(np.diff(ascending, prepend=-1))


def _nothing(votes: Votes) -> Estimate:
    size = len(votes.classes)
    return Estimate(np.zeros((0, size)), np.zeros((0, size, size)), np.zeros(size), 0)
