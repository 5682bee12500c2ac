"""All checks of everything that LABELS names, and what comes out as JSON."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from terrace.domain.label_values import CustomLabel
from terrace.domain.quality import item_checks
from terrace.domain.quality.findings import Finding, Severity, worst_first
from terrace_cli.errors import EXIT_WRONG, TerraceError
from terrace_cli.quality import applies
from terrace_cli.quality.asked import Asked
from terrace_cli.quality.labels import Labels
from terrace_cli.quality.pictures import Pictures
from terrace_cli.quality.sequences import SequenceResult
from terrace_cli.quality.sequences import check as check_sequence

OUT = "out-of-image"


@dataclass
class Result:
    """What was found in everything."""

    labels: Labels
    findings: list[Finding] = field(default_factory=list)
    """Worst first."""
    sequences: list[SequenceResult] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What could not be looked at, and why."""

    @property
    def worst(self) -> Severity | None:
        """The highest severity of all; None where nothing was found."""
        return max((one.severity for one in self.findings), key=lambda s: s.rank, default=None)

    @property
    def counts(self) -> dict[str, Any]:
        """How much was looked at, and how many findings, by severity and by check."""
        return {
            "items": len(self.labels.items) or len(self.sequences),
            "findings": len(self.findings),
            "bySeverity": dict(Counter(one.severity.value for one in self.findings)),
            "byCheck": dict(Counter(one.check for one in self.findings)),
        }

    def to_dict(self) -> dict[str, Any]:
        """As JSON. `flaggedFrames` is null for a manifest: see `sequences`."""
        alone = self.labels.attribute is None and len(self.sequences) == 1
        return {
            "labels": self.labels.place,
            "attribute": self.labels.attribute,
            "counts": self.counts,
            "findings": [one.to_dict() for one in self.findings],
            "objects": [row for one in self.sequences for row in one.objects],
            "flaggedFrames": self.sequences[0].flagged if alone else None,
            "sequences": [one.to_dict() for one in self.sequences],
            "notes": self.notes,
        }


def check(
    labels: Labels,
    asked: Asked,
    pictures: Pictures | None,
    image_size: tuple[int, int] | None = None,
    *,
    named: bool = False,
) -> Result:
    """Runs the checks asked for.

    Args:
        labels: what is looked at.
        asked: names of checks and their thresholds.
        pictures: of sequences, where they can be read.
        image_size: (width, height) of sequences' frames; None: of the pictures.
        named: the user named these checks: one that cannot look is refused, not passed over.

    Raises:
        TerraceError: Pictures were given, and not one of a sequence's can be read; or a named
            check does not look into these labels, or lacks what it needs.
    """
    if named:
        _must_look(labels, asked)
    result = Result(labels, notes=list(labels.notes))
    if labels.attribute is not None:
        result.notes += _unchecked(labels, labels.attribute)
        result.findings += item_checks.check(labels.items, labels.attribute, checks=asked)
    for sequence in labels.sequences:
        found = check_sequence(sequence, asked, pictures, image_size)
        result.sequences.append(found)
        result.findings += found.findings
        result.notes += found.notes
    if any(one.sides_unknown for one in result.sequences):
        if named:
            raise TerraceError(
                f"check {OUT} needs the size of the frames",
                "--image-size WIDTHxHEIGHT, or the pictures: --frames",
                EXIT_WRONG,
            )
        result.notes.append(
            f"{OUT} was not looked at, but for what lies left of or above the frames: give their "
            "size with --image-size WIDTHxHEIGHT"
        )
    result.findings.sort(key=worst_first)
    return result


def _must_look(labels: Labels, asked: Asked) -> None:
    """Refuses a named check that would be silent whatever is labeled."""
    manifest = labels.attribute is not None
    found = applies.kinds(labels.items, labels.attribute)
    if manifest and not found:
        return
    for name in asked:
        if not applies.looks(name, found, manifest=manifest):
            what = ", ".join(sorted(applies.NAMES.get(kind, "custom labels") for kind in found))
            raise TerraceError(
                f"check {name} does not look into {what}, which {labels.place} has",
                f"those that do: {', '.join(applies.others(found, manifest=manifest))}",
                EXIT_WRONG,
            )


def _unchecked(labels: Labels, attribute: str) -> list[str]:
    """Labels that no check looks into: silence about them means nothing."""
    types = Counter(
        label.type
        for item in labels.items
        if (label := item.labels.get(attribute)) is not None
        and isinstance(label.value, CustomLabel)
    )
    return [
        f"{number} {'label is' if number == 1 else 'labels are'} of type {kind}, which no check "
        "looks into"
        for kind, number in types.items()
    ]
