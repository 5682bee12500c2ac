"""A batch's report as far as the rows know it: time, counts, gates. Free of numpy and of files.

It is the whole answer for a batch in progress, and the frame that WriteReport fills in.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from terrace.domain import modalities, show
from terrace.domain.plan import effective_statuses, level_status
from terrace.domain.quality.findings import Severity
from terrace.domain.quality.report import (
    BatchReport,
    Cost,
    JobReport,
    LevelReport,
    Timing,
    attempt_of,
    told,
)
from terrace.domain.records import BatchRecord, JobRecord
from terrace.domain.status import JOB_FEEDS_NEXT, JobStatus

FEE_USD = 0.08
"""Ground Truth, per labeled object of an image or text task (AWS's own worked examples)."""
FEE_SOURCE = "AWS's worked examples of Ground Truth's price: 0.08 USD for each labeled object"
NOT_EXAMINED = "labels are examined when the batch has ended"
LOOKED_AT = ("findings", "series", "agreement", "workers", "changes", "gold")
"""The fields of a job's report that come from labels, not from rows."""
_NEVER_RAN = frozenset({JobStatus.PENDING, JobStatus.STARTING, JobStatus.DROPPED})


def of_rows(
    batch: BatchRecord,
    jobs: list[JobRecord],
    request: Any,
    written_at: float,
    *,
    examined: Mapping[str, JobReport] | None = None,
    problems: list[str] | None = None,
) -> BatchReport:
    """The batch's report.

    Args:
        batch: its row.
        jobs: its job rows; jobs without one are taken from the request.
        request: the stored request, parsed from JSON; None where it was deleted.
        written_at: epoch seconds.
        examined: by job name, the reports of jobs whose labels have been looked at.
        problems: what could not be reported on.
    """
    everything = show.all_jobs(batch, jobs, request)
    statuses = effective_statuses(batch, everything)
    by_name = {job.jobName: job for job in everything}
    reports: dict[str, JobReport] = {}
    for job in everything:
        own = (examined or {}).get(job.jobName)
        reports[job.jobName] = own or job_of_row(batch, job, statuses[job.jobName], by_name)
    levels = [
        _level(number, [reports[job.jobName] for job in everything if job.level == number])
        for number in sorted({job.level for job in everything})
    ]
    final = batch.final if batch.ended else None
    worked = [one.numItems for one in reports.values() if one.numItems is not None]
    fees = [one.cost.feeUsd for one in reports.values() if one.cost is not None]
    values: dict[str, Any] = {
        "batchId": batch.batchId,
        "status": batch.status,
        "complete": batch.ended and examined is not None and not problems,
        "generation": batch.generation,
        "writtenAt": show.iso(written_at) or "",
        "timing": _timing(batch.createdAt, batch.endedAt, "the batch has not ended"),
        "numJobs": len(everything),
        "jobsByStatus": dict(Counter(statuses.values())),
        "numItemsWorked": sum(worked) if worked else None,
        "unlabeledItems": final.unlabeledItems if final else None,
        "unreviewedItems": final.unreviewedItems if final else None,
        "feeUsd": round(sum(fees), 2) if fees else None,
        "levels": levels,
        "problems": problems or [],
    }
    counted = (final.problem if final else None) or "counted when the batch ends"
    why = {
        "numItemsWorked": "no job has given items to people",
        "unlabeledItems": counted,
        "unreviewedItems": counted,
        "feeUsd": "no job has a cost that a documented price gives",
    }
    return BatchReport(**told(BatchReport, values, why))


def job_of_row(
    batch: BatchRecord,
    job: JobRecord,
    status: JobStatus,
    by_name: Mapping[str, JobRecord],
    *,
    looked_at: Mapping[str, Any] | None = None,
    why_not: Mapping[str, str] | None = None,
) -> JobReport:
    """One job, from its row, and what was seen in its labels where they were `looked_at`.

    Args:
        batch: its batch's row.
        job: its row.
        status: as `plan.effective_statuses` has it.
        by_name: all jobs of the batch.
        looked_at: fields of LOOKED_AT that are known, and `reportS3Uri`.
        why_not: the reasons of those that are not.
    """
    labeled = show.items_labeled(job)
    failed = None
    if job.numItems is not None and labeled is not None and job.ended:
        failed = job.numItems - labeled
    cost, no_cost = _cost(job, labeled)
    values: dict[str, Any] = {
        "jobName": job.jobName,
        "jobLevel": job.level,
        "jobModality": job.spec.jobModality,
        "status": status,
        "chainFromJobName": job.spec.inputConfig.chainFromJobName,
        "failureReason": job.failureReason,
        "labelAttributeName": job.labelAttributeName,
        "timing": _job_timing(batch, job, by_name),
        "attempts": job.lastAttempt if job.startedAt is not None else len(job.attempts),
        "endedAttempts": [attempt_of(one, show.iso(one.endedAt)) for one in job.attempts],
        "deferrals": job.deferrals,
        "brokenStarts": job.brokenStarts,
        "numItems": job.numItems,
        "numItemsLabeled": labeled,
        "numItemsFailed": failed,
        "gate": job.gate,
        "cost": cost,
        "outputManifestS3Uri": job.outputManifestS3Uri,
    }
    nobody = (
        "it was never started" if status in _NEVER_RAN else "nothing of it went to people (yet)"
    )
    why = {
        "numItems": nobody,
        "numItemsLabeled": nobody,
        "numItemsFailed": nobody if job.ended else "it has not ended",
        "gate": "it has none" if job.spec.inputConfig.gate is None else "it has not chosen yet",
        "cost": no_cost,
    }
    for name in LOOKED_AT:
        why[name] = (why_not or {}).get(name, NOT_EXAMINED)
    return JobReport(**told(JobReport, {**values, **(looked_at or {})}, why))


def _level(number: int, jobs: list[JobReport]) -> LevelReport:
    given = [job.numItems for job in jobs if job.numItems is not None]
    labeled = [job.numItemsLabeled for job in jobs if job.numItemsLabeled is not None]
    findings = [job.findings for job in jobs if job.findings is not None]
    changes = [job.changes for job in jobs if job.changes is not None]
    starts = [job.timing.startedAt for job in jobs if job.timing.startedAt is not None]
    ends = [job.timing.endedAt for job in jobs]
    over = all(end is not None for end in ends)
    values: dict[str, Any] = {
        "level": number,
        "status": level_status([job.status for job in jobs]),
        "timing": _span(
            min(starts, default=None), max((end for end in ends if end), default=None), over
        ),
        "numJobs": len(jobs),
        "numJobsDelivered": sum(1 for job in jobs if job.status in JOB_FEEDS_NEXT),
        "numItems": sum(given) if given else None,
        "numItemsLabeled": sum(labeled) if labeled else None,
        "findings": {
            severity: sum(one.bySeverity.get(severity, 0) for one in findings)
            for severity in Severity
        }
        if findings
        else None,
        "corrections": sum(one.corrections for one in changes) if changes else None,
        "jobs": jobs,
    }
    why = {
        "numItems": "none of its jobs has given items to people",
        "numItemsLabeled": "none of its jobs has given items to people",
        "findings": "no labels of its jobs were examined",
        "corrections": "none of its jobs was compared with the job before",
    }
    return LevelReport(**told(LevelReport, values, why))


def _timing(start: float | None, end: float | None, not_over: str, **more: Any) -> Timing:
    values: dict[str, Any] = {
        "startedAt": show.iso(start),
        "endedAt": show.iso(end),
        "seconds": round(end - start, 3) if start is not None and end is not None else None,
        **more,
    }
    why = {
        "startedAt": "it has not started",
        "endedAt": not_over,
        "seconds": "it has not started" if start is None else not_over,
        "waitedSeconds": "measured for jobs that chain from another, once they have started",
    }
    return Timing(**told(Timing, values, why))


def _job_timing(batch: BatchRecord, job: JobRecord, by_name: Mapping[str, JobRecord]) -> Timing:
    source = by_name.get(job.spec.inputConfig.chainFromJobName or "")
    could = source.endedAt if source is not None else batch.transformedAt
    started = job.startedAt
    waited = None
    # A source that was retried has ended again, after the start that is known.
    if started is not None and could is not None and could <= started:
        waited = round(started - could, 3)
    end = job.endedAt if job.ended else None
    return _timing(started, end, "it has not ended", waitedSeconds=waited)


def _span(start: str | None, end: str | None, over: bool) -> Timing:
    """A level's time: from its first job's start to its last one's end."""
    first, last = show.epoch(start), show.epoch(end) if over else None
    return _timing(first, last, "not all of its jobs have ended")


def _cost(job: JobRecord, labeled: int | None) -> tuple[Cost | None, str]:
    """Worked number: 250 labeled images at 0.08 USD are 20.00 USD."""
    modality = modalities.get(job.spec.jobModality)
    if modality.sequences or modality.family not in {"image", "text"}:
        return None, "no price is documented for objects of this kind (frames, clouds, videos)"
    if labeled is None:
        return None, "nothing was labeled"
    cost = Cost(
        objects=labeled,
        feePerObjectUsd=FEE_USD,
        feeUsd=round(labeled * FEE_USD, 2),
        leftOut="what workers are paid, volume discounts, and objects that failed",
        source=FEE_SOURCE,
    )
    return cost, ""
