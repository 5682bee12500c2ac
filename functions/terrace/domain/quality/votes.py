"""Votes: who chose which class for what, as numbers that can be counted.

A *unit* is what is voted on: an item, a class of an item (multi-label), an object of an item.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.intp]
Shares = NDArray[np.float64]


@dataclass(frozen=True)
class Votes:
    """Votes in columns; a worker votes at most once on a unit, and need not vote on each."""

    units: tuple[Hashable, ...]
    """Ascending; every one has at least one vote."""
    workers: tuple[str, ...]
    classes: tuple[str, ...]
    """Ascending: where votes are tied, the class that comes first wins, everywhere."""
    unit: Counts
    """By vote: its unit's place in `units`, ascending."""
    worker: Counts
    choice: Counts

    def __len__(self) -> int:
        """How many votes."""
        return len(self.unit)

    def counts(self) -> Counts:
        """units x classes: how often each was chosen."""
        table = np.zeros((len(self.units), len(self.classes)), dtype=np.intp)
        np.add.at(table, (self.unit, self.choice), 1)
        return table

    def per_unit(self) -> Counts:
        """How many votes each unit has."""
        return np.bincount(self.unit, minlength=len(self.units))

    def pairs(self) -> tuple[Counts, Counts]:
        """Every two votes on one unit: places of the first and of the second, by worker."""
        starts = np.searchsorted(self.unit, self.unit, side="left")
        before = np.arange(len(self.unit)) - starts
        second = np.repeat(np.arange(len(self.unit)), before)
        # The k-th pair of a vote is with the k-th vote of its unit.
        place = np.arange(len(second)) - np.repeat(np.cumsum(before) - before, before)
        return starts[second] + place, second


def of(triples: Iterable[tuple[Hashable, str, str]], *, classes: Iterable[str] = ()) -> Votes:
    """Votes from (unit, worker, class); `classes` that nobody chose are known all the same.

    Raises:
        ValueError: A worker voted twice on a unit: which vote counts is not for this to say.
    """
    rows = list(triples)
    units = sorted({row[0] for row in rows}, key=_order)
    workers = sorted({row[1] for row in rows})
    names = sorted({row[2] for row in rows} | set(classes))
    if len({(row[0], row[1]) for row in rows}) < len(rows):
        raise ValueError("a worker has two votes on one unit: give the one that counts")
    unit_at = {name: at for at, name in enumerate(units)}
    worker_at = {name: at for at, name in enumerate(workers)}
    class_at = {name: at for at, name in enumerate(names)}
    places = sorted((unit_at[u], worker_at[w], class_at[c]) for u, w, c in rows)
    columns = np.array(places, dtype=np.intp).reshape(-1, 3)
    return Votes(
        units=tuple(units),
        workers=tuple(workers),
        classes=tuple(names),
        unit=columns[:, 0],
        worker=columns[:, 1],
        choice=columns[:, 2],
    )


def _order(unit: Hashable) -> tuple[object, ...]:
    """Numbers by size, tuples by their parts, texts by letter; kinds never meet."""
    if isinstance(unit, tuple):
        return tuple(part for entry in unit for part in _order(entry))
    if isinstance(unit, int | float):
        return (0, unit, "")
    return (1, 0, str(unit))
