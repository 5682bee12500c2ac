"""What a check found: one suspicion about one item, frame or object, in words a person understands.

Free of numpy: requests, reports and the API read findings too.
"""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """How sure a check is that somebody should look."""

    info = "info"
    """Worth knowing; by itself nobody is asked to look."""
    warning = "warning"
    """A person should look: a gate selects from here on, unless it says otherwise."""
    error = "error"
    """Cannot be right: a missing box inside a track, a box outside its image."""

    @property
    def rank(self) -> int:
        """0 for info, 1 for warning, 2 for error."""
        return list(Severity).index(self)


@dataclass(frozen=True)
class Finding:
    """One suspicion."""

    check: str
    """Name in `catalog.CHECKS`, or the name that a user's own check gave."""
    severity: Severity
    sentence: str
    """What is wrong and by how much, with the names a worker sees: no ids, no jargon."""
    item: int = 0
    """The item's place in the lane (or manifest), from 0."""
    frameNo: int | None = None
    """Place of the frame in its sequence, from 0 (`frame-no`); None: the item as a whole."""
    frame: str | None = None
    """File name of the frame, which workers see."""
    object: str | None = None
    """`object-id`, or for images the object's place in `annotations`."""
    objectName: str | None = None
    label: str | None = None
    """Class name."""
    value: float | None = None
    """What was measured, in the check's own unit (`catalog`); always finite."""
    threshold: float | None = None
    """What it was compared with, in the same unit."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON: every key is always there."""
        return asdict(self)


def worst_first(finding: Finding) -> tuple[int, float, int, int, str]:
    """A sort key: severity, then how far past the threshold, then place; stable everywhere.

    Worked number: a warning of 0.6 at a threshold of 0.2 exceeds it 3-fold and comes before one of
    0.3 at 0.2 (1.5-fold). For checks where less is worse (IoU 0.1 at 0.5) the inverse counts: 5.
    """
    return (
        -finding.severity.rank,
        -excess(finding),
        finding.item,
        finding.frameNo if finding.frameNo is not None else -1,
        finding.check,
    )


def excess(finding: Finding) -> float:
    """How many times a finding's value is past its threshold: 1 and more; 1 where it has none."""
    value, threshold = finding.value, finding.threshold
    if value is None or threshold is None:
        return 1.0
    high, low = max(abs(value), abs(threshold)), min(abs(value), abs(threshold))
    if low == 0:
        return 1.0 if high == 0 else 1e6
    return min(high / low, 1e6)
