"""What a whole job changed: how many errors it removed, of which kinds, in whose hands."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from terrace.domain.quality.change import SAME, Change, Changes


@dataclass(frozen=True)
class Reviewed:
    """One item that people looked at again."""

    item: int
    """Its place in the lane, from 0."""
    changes: Changes
    worker: str | None = None
    """Pseudonym of who made the label after, where one person made it."""


@dataclass
class Tally:
    """Counts of objects; in sequences, of objects in frames. JSON-able by `to_dict`."""

    items: int = 0
    """Items reviewed; of a class: items with a change in it."""
    itemsCorrected: int = 0
    added: int = 0
    removed: int = 0
    moved: int = 0
    """Beyond the tolerance."""
    nudged: int = 0
    """Moved within it: no correction."""
    relabeled: int = 0
    attributes: int = 0
    identity: int = 0
    content: int = 0
    corrections: int = 0
    """Objects that were wrong, each counted once, whatever was wrong with it."""
    failVerdicts: int = 0
    """Objects, frames or items that a reviewer said Fail of."""

    @property
    def correctionsPerItem(self) -> float | None:
        """Errors removed per item reviewed; None where none was."""
        return self.corrections / self.items if self.items else None

    def to_dict(self) -> dict[str, Any]:
        """As JSON, with `correctionsPerItem`."""
        return asdict(self) | {"correctionsPerItem": self.correctionsPerItem}


@dataclass
class ChangeSummary:
    """Of one job's review."""

    tolerance: float
    all: Tally = field(default_factory=Tally)
    byClass: dict[str, Tally] = field(default_factory=dict)
    """By class before; added objects by their own."""
    byWorker: dict[str, Tally] = field(default_factory=dict)
    """By who corrected, where that is known."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "tolerance": self.tolerance,
            **self.all.to_dict(),
            "byClass": {name: tally.to_dict() for name, tally in sorted(self.byClass.items())},
            "byWorker": {name: tally.to_dict() for name, tally in sorted(self.byWorker.items())},
        }


def summarize(reviewed: Iterable[Reviewed], *, tolerance: float = SAME) -> ChangeSummary:
    """What a review changed over all its items.

    Worked number: two items reviewed; in one a box was added and one moved to an overlap of 0.5,
    in the other a box was moved to 0.95: 2 corrections, 1 nudge, 1 item corrected, 2 / 2 = 1
    correction per item reviewed.

    Args:
        reviewed: the items that people looked at, changed or not: they are the divisor.
        tolerance: as in `item_changed`.
    """
    found = ChangeSummary(tolerance)
    for one in reviewed:
        tallies = [found.all]
        if one.worker is not None:
            tallies.append(found.byWorker.setdefault(one.worker, Tally()))
        for tally in tallies:
            tally.items += 1
            tally.itemsCorrected += one.changes.corrections(tolerance) > 0
            tally.failVerdicts += one.changes.failed
            for change in one.changes.changes:
                _add(tally, change, tolerance)
        _by_class(found, one.changes, tolerance)
    return found


def _by_class(found: ChangeSummary, changes: Changes, tolerance: float) -> None:
    corrected: dict[str, bool] = {}
    for change in changes.changes:
        if change.label is None:
            continue
        _add(found.byClass.setdefault(change.label, Tally()), change, tolerance)
        wrong = corrected.get(change.label, False)
        corrected[change.label] = wrong or change.is_correction(tolerance)
    for verdict in changes.verdicts:
        if verdict.label is not None and not verdict.passed:
            found.byClass.setdefault(verdict.label, Tally()).failVerdicts += 1
            corrected.setdefault(verdict.label, False)
    for label, wrong in corrected.items():
        found.byClass[label].items += 1
        found.byClass[label].itemsCorrected += wrong


def _add(tally: Tally, change: Change, tolerance: float) -> None:
    tally.corrections += change.is_correction(tolerance)
    kinds = set(change.kinds)
    if "moved" in kinds:
        still = change.overlap is not None and change.overlap >= 1.0 - tolerance
        tally.nudged += still
        tally.moved += not still
    tally.added += "added" in kinds
    tally.removed += "removed" in kinds
    tally.relabeled += "relabeled" in kinds
    tally.attributes += "attributes" in kinds
    tally.identity += "identity" in kinds
    tally.content += "content" in kinds
