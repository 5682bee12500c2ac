"""What the checks say of the labels that a job left: all in a file, the worst in the report."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator

from terrace.domain import s3uri
from terrace.domain.label_values import LabeledItem
from terrace.domain.quality import item_checks
from terrace.domain.quality.catalog import CHECKS
from terrace.domain.quality.findings import Finding, Severity, worst_first
from terrace.domain.quality.report import (
    WORST_INLINE,
    CheckCount,
    Findings,
    ReportFinding,
)
from terrace.ports import ObjectStore
from terrace.steps.report_items import Items

NO_LABEL = "no-label"


def of_items(items: Items, attribute: str) -> tuple[list[Finding], int]:
    """Findings in images, texts, classes, clouds, and how many items had a label to check.

    The label is in the line, or named by it.
    """
    labeled: set[int] = set()

    def read() -> Iterator[LabeledItem]:
        for place, item in enumerate(items):
            if attribute in item.labels:
                labeled.add(place)
            yield item

    found = item_checks.check(read(), attribute)
    # A line that cannot be read has no label either: that is one finding, not two.
    found = [one for one in found if one.check != NO_LABEL or one.item not in items.broken]
    return [*items.broken.values(), *found], len(labeled)


def summed(findings: list[Finding], items: int, folder: str, objects: ObjectStore) -> Findings:
    """Counts, the worst ones, and a file with all of them."""
    findings.sort(key=worst_first)
    uri = s3uri.join(folder, "findings.jsonl") if findings else None
    if uri is not None:
        lines = (json.dumps(one.to_dict(), separators=(",", ":")) for one in findings)
        objects.write_lines(uri, lines)
    speaks = [one for one in findings if one.severity is not Severity.info]
    return Findings(
        total=len(findings),
        items=items,
        itemsFlagged=len({one.item for one in speaks}),
        bySeverity={severity: _count(findings, severity) for severity in Severity},
        byCheck=_by_check(findings),
        worst=[ReportFinding.of(one) for one in findings[:WORST_INLINE]],
        findingsS3Uri=uri,
    )


def _count(findings: Iterable[Finding], severity: Severity) -> int:
    return sum(one.severity is severity for one in findings)


def _by_check(findings: list[Finding]) -> list[CheckCount]:
    counts = Counter((one.check, one.severity) for one in findings)
    names = Counter(one.check for one in findings)
    return [
        CheckCount(
            check=name,
            says=CHECKS[name].says if name in CHECKS else "A label or its file cannot be read.",
            info=counts[name, Severity.info],
            warning=counts[name, Severity.warning],
            error=counts[name, Severity.error],
        )
        for name, _ in names.most_common()
    ]
