"""Which checks look into which labels, so that silence of the others is not taken for praise."""

from terrace.domain.label_values import (
    BoxesLabel,
    ClassesLabel,
    ClassLabel,
    CuboidsLabel,
    FramesLabel,
    LabeledItem,
    MaskLabel,
    SpansLabel,
)
from terrace.domain.quality.catalog import CHECKS
from terrace.domain.quality.catalog_tracks import TRACK_CHECKS

NAMES: dict[type, str] = {
    ClassLabel: "classes",
    ClassesLabel: "sets of classes",
    BoxesLabel: "boxes",
    MaskLabel: "masks",
    SpansLabel: "spans of text",
    CuboidsLabel: "cuboids",
    FramesLabel: "labels of sequences",
}
_BOXES = frozenset({BoxesLabel})
_SPANS = frozenset({SpansLabel})
LOOKS_INTO: dict[str, frozenset[type]] = {
    **{row.name: frozenset({FramesLabel}) for row in TRACK_CHECKS},
    "appearance": frozenset({FramesLabel}),
    "empty-item": frozenset({BoxesLabel, CuboidsLabel, SpansLabel}),
    "duplicate-box": _BOXES,
    "double-label": _BOXES,
    "box-outside": _BOXES,
    "degenerate-box": frozenset({BoxesLabel, CuboidsLabel}),
    "box-size": _BOXES,
    "box-shape": _BOXES,
    "mask-colors": frozenset({MaskLabel}),
    "class-neighbours": frozenset({ClassLabel}),
    "rare-class": frozenset({ClassLabel, ClassesLabel, BoxesLabel, CuboidsLabel, SpansLabel}),
    "low-confidence": frozenset({ClassLabel, ClassesLabel, BoxesLabel, CuboidsLabel, SpansLabel}),
    "span-overlap": _SPANS,
    "span-outside": _SPANS,
    "span-empty": _SPANS,
    "span-spaces": _SPANS,
    "span-label": _SPANS,
    "cuboid-size": frozenset({CuboidsLabel}),
}
"""By check; `no-label` is not in it: it looks at every line of a manifest, whatever is labeled."""


def kinds(items: list[LabeledItem], attribute: str | None) -> set[type]:
    """What is labeled: of a manifest by its lines, of a SeqLabel.json always frames."""
    if attribute is None:
        return {FramesLabel}
    labels = (item.labels.get(attribute) for item in items)
    return {type(label.value) for label in labels if label is not None}


def looks(check: str, found: set[type], *, manifest: bool) -> bool:
    """Whether a check looks into any of these labels."""
    if check not in LOOKS_INTO:
        return manifest
    return bool(LOOKS_INTO[check] & found)


def others(found: set[type], *, manifest: bool) -> list[str]:
    """The checks that do look into these labels."""
    known = {*LOOKS_INTO, "no-label"}
    return [name for name in CHECKS if name in known and looks(name, found, manifest=manifest)]
