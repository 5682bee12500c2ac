"""How numbers, times and reasons read in a report."""

import json
from typing import Any

UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def seconds(value: float | None) -> str:
    """A duration for people: `2.5 h`, `45 s`; `-` where it is not known."""
    if value is None:
        return "-"
    for size, unit in UNITS:
        if value >= size:
            return f"{value / size:.1f} {unit}"
    return f"{value:.0f} s" if value >= 10 else f"{value:.1f} s"


def number(value: Any) -> str:
    """A count or a measure; `-` where it is not known, never 0."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    return str(value)


def why(part: dict[str, Any], name: str) -> str:
    """The reason why a field is null; empty where it is not, or gives none."""
    if part.get(name) is not None:
        return ""
    return str((part.get("unknown") or {}).get(name, ""))


def shortened(report: dict[str, Any]) -> dict[str, Any]:
    """The report for people: jobs without the batch's id in front, where all of them have it."""
    prefix = f"{report.get('batchId', '')}-"
    found: dict[str, Any] = json.loads(json.dumps(report))
    jobs = [job for level in found.get("levels") or [] for job in level.get("jobs") or []]
    if not all(str(job["jobName"]).startswith(prefix) for job in jobs):
        return found
    for job in jobs:
        job["jobName"] = job["jobName"].removeprefix(prefix)
        if job.get("chainFromJobName"):
            job["chainFromJobName"] = job["chainFromJobName"].removeprefix(prefix)
        if job.get("changes"):
            job["changes"]["against"] = job["changes"]["against"].removeprefix(prefix)
    return found


def changed(changes: dict[str, Any]) -> str:
    """What a review changed, in a few words."""
    if changes.get("items") == 0:
        return "nothing was reviewed"
    kinds = ("added", "removed", "moved", "relabeled")
    parts = [f"{changes.get(kind, 0)} {kind}" for kind in kinds if changes.get(kind)]
    if changes.get("attributes"):
        parts.append(f"{changes['attributes']} attributes")
    if changes.get("failVerdicts"):
        parts.append(f"{changes['failVerdicts']} verdicts Fail")
    return ", ".join(parts) or "nothing"


def severities(findings: dict[str, Any] | None) -> str:
    """`2 errors, 5 warnings`."""
    if findings is None:
        return "-"
    counts = findings.get("bySeverity", findings)
    parts = []
    for name in ("error", "warning", "info"):
        count = counts.get(name, 0)
        if count:
            parts.append(f"{count} {name}{'s' if count != 1 and name != 'info' else ''}")
    return ", ".join(parts) or "none"
