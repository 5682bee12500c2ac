"""What can happen to an object between two levels, and what a comparison of two labels holds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

ChangeKind = Literal[
    "added", "removed", "moved", "relabeled", "attributes", "identity", "content", "answered"
]
"""`moved`: drawn elsewhere, or larger or smaller. `relabeled`: another class. `attributes`: another
answer to a question that both levels asked. `identity`: in this frame it belongs to another track.
`content`: a mask or a Custom label as a whole. `answered`: a question that only one of the levels
asked; no correction.
"""
CORRECTIONS: frozenset[ChangeKind] = frozenset(
    {"added", "removed", "moved", "relabeled", "attributes", "identity", "content"}
)
SAME = 0.1
"""Default tolerance: a box whose IoU with the reviewer's is at least 0.9 was right.

No two people draw the same box twice; a nudge of two pixels is no error that was found.
"""


@dataclass(frozen=True)
class Change:
    """One object that is not as it was, in one frame."""

    kinds: tuple[ChangeKind, ...]
    """All that happened to it; `added` and `removed` stand alone."""
    label: str | None = None
    """Class before; of an added object, its class. None: a frame's own attributes."""
    toLabel: str | None = None
    """Class after, where it is another."""
    frameNo: int | None = None
    frame: str | None = None
    sensor: str = ""
    object: str | None = None
    """`object-id` before; of an added object, its own."""
    toObject: str | None = None
    """`object-id` after, where it is another."""
    objectName: str | None = None
    overlap: float | None = None
    """Of before and after (`likeness`), where both are there: 1 is unmoved."""
    attributes: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    """By name: the answer before and after; None where it was not given."""

    def is_correction(self, tolerance: float = 0.0) -> bool:
        """True if the label was wrong: anything but a move within the tolerance, or an answer.

        Worked number: a box moved to IoU 0.92 is no correction at a tolerance of 0.1 (0.92 >= 0.9),
        and one at 0.05.
        """
        wrong = set(self.kinds) & CORRECTIONS
        if "moved" in wrong and self.overlap is not None and self.overlap >= 1.0 - tolerance:
            wrong.discard("moved")
        return bool(wrong)


@dataclass(frozen=True)
class Judged:
    """What a reviewer said in a verdict attribute, or in a verification."""

    passed: bool
    attribute: str | None = None
    """Its name; None: the item's own verdict."""
    label: str | None = None
    frameNo: int | None = None
    frame: str | None = None
    object: str | None = None
    """None: of the frame or the item."""
    objectName: str | None = None


@dataclass(frozen=True)
class Changes:
    """All differences of one item's two labels."""

    before: int
    """Number of objects before; in a sequence, of objects in frames."""
    after: int
    changes: tuple[Change, ...] = ()
    verdicts: tuple[Judged, ...] = ()
    """Of the label after; what reviewers said of what they were shown."""
    unreadable: tuple[str, ...] = ()
    """What could not be compared, of either label."""
    mended: bool = False
    """True if the label before had something unreadable, and the one after has not."""

    def count(self, kind: ChangeKind) -> int:
        """Objects in frames to which this happened."""
        return sum(kind in change.kinds for change in self.changes)

    def corrections(self, tolerance: float = 0.0) -> int:
        """Objects in frames that were wrong, each counted once."""
        return sum(change.is_correction(tolerance) for change in self.changes)

    @property
    def failed(self) -> int:
        """Verdicts that say Fail."""
        return sum(not verdict.passed for verdict in self.verdicts)
