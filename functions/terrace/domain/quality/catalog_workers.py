"""The catalog's checks of several workers' answers, and gold items. Free of numpy."""

from terrace.domain.quality.check import Check
from terrace.domain.quality.findings import Severity

DISAGREEMENT = Check(
    name="disagreement",
    kinds=frozenset({"workers"}),
    unit="probability (masks: mean IoU with the vote)",
    threshold=0.9,
    less_is_worse=True,
    says="Workers do not agree on the label, given how reliable each of them is elsewhere.",
)

GOLD = Check(
    name="gold",
    kinds=frozenset({"workers"}),
    unit="score on items with known labels, 0 to 1",
    threshold=0.7,
    severity=Severity.error,
    less_is_worse=True,
    says="The label is not the known one, or a worker who labeled it gets known ones wrong.",
)

WORKER_CHECKS: tuple[Check, ...] = (DISAGREEMENT, GOLD)

NOT_FOR_WORKERS = frozenset({GOLD.name})
"""Checks whose findings must not reach a worker's page: they would give the known label away."""
