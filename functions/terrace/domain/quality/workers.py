"""How well each worker does, seen from what all of them together came to."""

from dataclasses import dataclass, field

import numpy as np

from terrace.domain.quality.dawid_skene import Estimate, winners
from terrace.domain.quality.votes import Votes


@dataclass(frozen=True)
class WorkerQuality:
    """One worker. Few answers prove little: `answers` stands beside every number."""

    worker: str
    """A pseudonym."""
    answers: int
    shared: int
    """Answers to units that somebody else answered too; only these say anything."""
    agreement: float | None
    """Share of equal answers among the others' answers to the same units; None: nobody else's."""
    accuracy: float | None
    """Share of shared answers that are the consensus; the worker's own vote is part of it."""
    posterior: float | None
    """Mean posterior of what the worker said, over shared units."""
    skill: float | None
    """Chance to be right on a unit of this job, by the estimated confusion matrix: prior included,
    so that one lucky answer does not make an expert. None: without shared answers it would be the
    prior alone."""
    confusion: dict[str, dict[str, int]] = field(default_factory=dict)
    """By consensus class: how often the worker said which class, over shared units."""
    seconds: float | None = None
    """Median time spent on a task, where it is on record."""


def table(
    votes: Votes, fitted: Estimate, seconds: dict[str, float] | None = None
) -> list[WorkerQuality]:
    """Every worker, least skilled first; those of whom nothing is known last.

    Worked number: units AAB, AAB by workers a, b, c: a's answers agree with 2 of 4 others' answers
    (0.5), c's with none (0.0); accuracy of a is 1.0, of c 0.0.
    """
    per_unit, counts = votes.per_unit(), votes.counts()
    best = winners(votes, fitted)
    found = []
    for place, name in enumerate(votes.workers):
        mine = votes.worker == place
        unit, choice = votes.unit[mine], votes.choice[mine]
        told = per_unit[unit] >= 2
        unit, choice = unit[told], choice[told]
        others = int((per_unit[unit] - 1).sum())
        equal = int((counts[unit, choice] - 1).sum())
        sure = fitted.posterior[unit, choice]
        right = np.diagonal(fitted.confusion[place])
        found.append(
            WorkerQuality(
                worker=name,
                answers=int(mine.sum()),
                shared=len(unit),
                agreement=equal / others if others else None,
                accuracy=float((choice == best[unit]).mean()) if len(unit) else None,
                posterior=float(sure.mean()) if len(unit) else None,
                skill=float((right * fitted.classes).sum()) if len(unit) else None,
                confusion=_confusion(votes.classes, best[unit].tolist(), choice.tolist()),
                seconds=(seconds or {}).get(name),
            )
        )
    return sorted(found, key=_place)


def _place(row: WorkerQuality) -> tuple[bool, float, str]:
    return (row.skill is None, row.skill or 0.0, row.worker)


def _confusion(
    names: tuple[str, ...], right: list[int], said: list[int]
) -> dict[str, dict[str, int]]:
    """Only what occurred; classes by name."""
    found: dict[str, dict[str, int]] = {}
    for truth, answer in sorted(zip(right, said, strict=True)):
        row = found.setdefault(names[truth], {})
        row[names[answer]] = row.get(names[answer], 0) + 1
    return found
