"""The report on a terminal: a line per job, and what is worth a look."""

from collections.abc import Iterator
from typing import Any

from terrace_cli.gate_words import gate_lines
from terrace_cli.report.words import changed, number, seconds, severities, why

WORST = 8
MEASURES = 3
Json = dict[str, Any]


def lines(report: Json) -> Iterator[str]:
    """The whole report in lines of plain text."""
    state = "" if report.get("complete") else "  (not all of it is known yet)"
    yield f"batch {report['batchId']}  {report['status']}{state}"
    timing = report.get("timing") or {}
    yield f"  took {seconds(timing.get('seconds'))}, from {timing.get('startedAt') or '-'}"
    yield f"  items given to people, by job: {number(report.get('numItemsWorked'))}"
    for name, text in (("unlabeledItems", "without a label"), ("unreviewedItems", "not reviewed")):
        reason = why(report, name)
        yield f"  {text}: {number(report.get(name))}{f' ({reason})' if reason else ''}"
    for level in report.get("levels") or []:
        yield ""
        yield from _level(level)
    worst = list(_worst(report))
    if worst:
        yield ""
        yield "worst first:"
        yield from worst
    for text in report.get("problems") or []:
        yield f"! {text}"


def _level(level: Json) -> Iterator[str]:
    took = seconds((level.get("timing") or {}).get("seconds"))
    yield f"level {level['level']}  {level['status']}  {took}"
    jobs = level.get("jobs") or []
    width = max((len(str(job["jobName"])) for job in jobs), default=0)
    for job in jobs:
        timing = job.get("timing") or {}
        yield (
            f"  {job['jobName']:<{width}}  {job['status']:<11}  "
            f"{number(job.get('numItemsLabeled'))} of {number(job.get('numItems'))} items  "
            f"{seconds(timing.get('seconds'))} (waited {seconds(timing.get('waitedSeconds'))})"
        )
        yield from (f"    {text}" for text in _job(job))


def _job(job: Json) -> Iterator[str]:
    if job.get("failureReason"):
        yield f"why: {job['failureReason']}"
    if job.get("gate"):
        yield from gate_lines(job["gate"])
    if job.get("findings"):
        found = job["findings"]
        yield f"findings: {severities(found)} in {found['itemsFlagged']} of {found['items']} items"
    if job.get("changes"):
        changes = job["changes"]
        yield (
            f"changed against {changes['against']}: {changed(changes)} "
            f"({number(changes.get('correctionsPerItem'))} corrections per item)"
            if changes.get("items")
            else f"changed against {changes['against']}: {changed(changes)}"
        )
    yield from _agreement(job)
    gold = job.get("gold")
    if gold:
        yield (
            f"gold: {number(gold.get('right'))} of {number(gold.get('scored'))} right "
            f"({number(gold.get('items'))} gold items)"
        )
    workers = job.get("workers")
    if workers:
        yield f"workers: {len(workers)}"


def _agreement(job: Json) -> Iterator[str]:
    """The measures that have a value, in one line."""
    measures = (job.get("agreement") or {}).get("measures") or {}
    told = [
        f"{name} {number(one['value'])} ({number(one.get('units'))} units)"
        for name, one in measures.items()
        if isinstance(one, dict) and one.get("value") is not None
    ]
    if told:
        yield f"agreement of the workers: {', '.join(told[:MEASURES])}"


def _worst(report: Json) -> Iterator[str]:
    rank = {"error": 0, "warning": 1}
    found = [
        (rank[finding["severity"]], job["jobName"], finding)
        for level in report.get("levels") or []
        for job in level.get("jobs") or []
        for finding in (job.get("findings") or {}).get("worst") or []
        if finding["severity"] in rank
    ]
    found.sort(key=lambda row: row[0])
    for _, job, finding in found[:WORST]:
        yield f"  {finding['severity']:<7} {job}, item {finding['item']}: {finding['sentence']}"
    if len(found) > WORST:
        yield f"  ... and {len(found) - WORST} more (--json, or --html FILE)"
