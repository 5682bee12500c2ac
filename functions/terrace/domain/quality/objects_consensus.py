"""Objects that several workers marked (boxes, spans): which of them exist, and as what.

Every group of marks is a unit that all workers of the item voted on: with its class, or, where a
worker marked nothing there, with `NOTHING`. What holds for classes holds for objects then:
majority, Dawid-Skene, kappa and worker quality are the same code.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from terrace.domain.quality import consensus, dawid_skene
from terrace.domain.quality import votes as counting
from terrace.domain.quality.consensus import Consensus
from terrace.domain.quality.votes import Votes

NOTHING = ""
"""The vote of a worker who marked no such object; no class has this name."""


class Mark(Protocol):
    """A box or a span of one worker."""

    @property
    def label(self) -> str:
        """Class name."""


M = TypeVar("M", bound=Mark)


@dataclass(frozen=True)
class Group(Generic[M]):
    """Marks of one thing, by worker; at most one of each."""

    item: int
    number: int
    """Among the item's groups, from 0."""
    marks: dict[str, M]
    asked: tuple[str, ...]
    """Everybody who answered the item."""


@dataclass(frozen=True)
class Agreed(Generic[M]):
    """A group and what its votes come to; `consensus.label` is NOTHING where most saw nothing."""

    group: Group[M]
    consensus: Consensus


def object_votes(groups: Sequence[Group[M]]) -> Votes:
    """Votes on every group: (item, number) is the unit.

    Worked number: two of three workers mark a Car at the same place: Car, Car, NOTHING.
    """
    return counting.of(
        ((group.item, group.number), worker, mark.label if mark else NOTHING)
        for group in groups
        for worker in group.asked
        for mark in [group.marks.get(worker)]
    )


def settle(groups: Sequence[Group[M]], votes: Votes | None = None) -> list[Agreed[M]]:
    """What every group comes to, in the order of item and number."""
    votes = votes or object_votes(groups)
    by_unit: Mapping[object, Group[M]] = {(one.item, one.number): one for one in groups}
    found = consensus.consolidate(votes, dawid_skene.estimate(votes))
    return [Agreed(by_unit[one.unit], one) for one in found]
