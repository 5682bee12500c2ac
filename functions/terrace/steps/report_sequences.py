"""Sequences of frames in a job's output: what the checks find, one sequence at a time in memory."""

from typing import Any

from terrace.domain.label_values import FramesLabel
from terrace.domain.quality import sequence, track_checks
from terrace.domain.quality.findings import Finding, Severity
from terrace.errors import AccessDeniedError, NotFoundError
from terrace.ports import ObjectStore
from terrace.steps.report_items import UNREADABLE, Items


def of_sequences(items: Items, attribute: str, objects: ObjectStore) -> list[Finding]:
    """Findings in the label files that the items' labels name."""
    findings: list[Finding] = []
    for place, item in enumerate(items):
        label = item.labels.get(attribute)
        if label is None or not isinstance(label.value, FramesLabel):
            continue
        document = _json(objects, label.value.uri)
        if document is None:
            said = f"The label file {label.value.uri} cannot be read."
            findings.append(Finding(UNREADABLE, Severity.error, said, place))
            continue
        source = item.data.get("source-ref")
        frames = _frames(_json(objects, source)) if isinstance(source, str) else None
        loaded = sequence.load(document, item=place)
        findings += track_checks.check(loaded, frames=frames)
    return [*items.broken.values(), *findings]


def _json(objects: ObjectStore, uri: str) -> Any:
    """A JSON file; None where it cannot be read."""
    try:
        return objects.get_json(uri)
    except (NotFoundError, AccessDeniedError, ValueError):
        return None


def _frames(document: Any) -> list[str] | None:
    """File names of a sequence's frames, in order; None where that is not known."""
    rows = document.get("frames") if isinstance(document, dict) else None
    if not isinstance(rows, list):
        return None
    return [str(row.get("frame", "")) if isinstance(row, dict) else "" for row in rows]
