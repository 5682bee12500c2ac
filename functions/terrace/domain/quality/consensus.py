"""One class out of several workers' votes: Dawid-Skene with a prior, and the majority beside."""

from collections.abc import Hashable
from dataclasses import dataclass

from terrace.domain.quality import dawid_skene
from terrace.domain.quality.sureness import sureness
from terrace.domain.quality.votes import Votes


@dataclass(frozen=True)
class Consensus:
    """What a unit's votes come to."""

    unit: Hashable
    label: str
    posterior: float
    """Of the label, 0 to 1 (`sureness`): high where those who chose it are mostly right with it."""
    votes: int
    """All votes on the unit."""
    agreeing: int
    """Votes for the label."""
    majority: str
    """What most chose; the first by name where several are level."""
    second: str | None
    """The next likely class among those that somebody chose."""


def consolidate(votes: Votes, fitted: dawid_skene.Estimate | None = None) -> list[Consensus]:
    """The consensus of every unit, in the order of `votes.units`.

    Worked number: AAB from three workers of whom nothing else is known: A, majority A, second B,
    2 of 3 agreeing, posterior 0.7701.
    """
    fitted = fitted or dawid_skene.estimate(votes)
    counts = votes.counts()
    names, sure, won = votes.classes, sureness(votes, fitted), dawid_skene.winners(votes, fitted)
    found = []
    for place, unit in enumerate(votes.units):
        row, chosen = fitted.posterior[place], counts[place]
        best = int(won[place])
        others = [at for at in range(len(names)) if chosen[at] and at != best]
        second = max(others, key=lambda at: (row[at], chosen[at], -at)) if others else None
        found.append(
            Consensus(
                unit=unit,
                label=names[best],
                posterior=float(sure[place]),
                votes=int(chosen.sum()),
                agreeing=int(chosen[best]),
                majority=names[int(chosen.argmax())],
                second=None if second is None else names[second],
            )
        )
    return found
