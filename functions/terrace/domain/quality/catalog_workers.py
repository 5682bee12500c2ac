"""The catalog's checks of several workers' answers, and gold items. Free of numpy."""

from terrace.domain.quality.check import Check

DISAGREEMENT = Check(
    name="disagreement",
    kinds=frozenset({"workers"}),
    unit="probability (masks: mean IoU with the vote)",
    threshold=0.9,
    less_is_worse=True,
    says="Workers do not agree on the label, given how reliable each of them is elsewhere.",
)

WORKER_CHECKS: tuple[Check, ...] = (DISAGREEMENT,)
