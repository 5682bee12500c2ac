"""What a check is, for the catalog's tables. Free of numpy."""

from dataclasses import dataclass
from typing import Literal

from terrace.domain.quality.findings import Severity

Kind = Literal["track", "image", "class", "text", "cloud", "workers", "own"]
"""What a check looks at: frames of a sequence in order, one image's objects, the class of an item,
spans of a text, cuboids of a cloud, several workers' answers, or whatever a user's function does.
"""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One check."""

    name: str
    kinds: frozenset[Kind]
    unit: str
    """Of value and threshold, in words: "fraction", "px", "IoU", "probability"."""
    threshold: float | None = None
    """Default; None: the check has no number to compare with."""
    severity: Severity = Severity.warning
    """Of its findings by default."""
    less_is_worse: bool = False
    """True where a value below the threshold is the suspicion (IoU, agreement)."""
    says: str
    """What it means when it speaks, in one plain sentence."""
