"""From records to views: what the API shows of a batch, and what its end message carries.

Pure: the caller reads the rows and the request, and adds presigned URLs where it may.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from terrace.domain import defaults
from terrace.domain.plan import effective_statuses, level_status
from terrace.domain.records import AttemptRecord, BatchRecord, JobRecord
from terrace.domain.request import BatchRequest
from terrace.domain.status import (
    JOB_FEEDS_NEXT,
    LEVEL_NAMES,
    BatchStatus,
    JobStatus,
    LevelStatus,
)
from terrace.domain.views import (
    AttemptView,
    BatchListEntry,
    BatchView,
    JobView,
    LevelView,
    OutputsView,
)

LEVELS_ALWAYS = 3
"""Clients of 2021 read `firstLevel` to `thirdLevel` without looking whether they are there."""
URLS_MAX_JOBS = 200
"""Larger batches get no presigned URLs: at some 1.5 KB each the answer would not fit."""

Presign = Callable[[str], str]


def iso(at: float | None) -> str | None:
    """Epoch seconds as `2026-11-20T22:10:27.500Z`; None stays None."""
    if at is None:
        return None
    text = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def epoch(text: str | None) -> float | None:
    """The reverse of `iso`, to its milliseconds."""
    return None if text is None else datetime.fromisoformat(text).timestamp()


def all_jobs(batch: BatchRecord, jobs: list[JobRecord], request: Any) -> list[JobRecord]:
    """The batch's jobs by level and position, PENDING ones made up where no row exists yet.

    Rows are written by TransformBatch; until then, and for ever after VALIDATION_FAIL, the stored
    request is what says which jobs there are.
    """
    if batch.deletedAt is not None:
        # The request went with the data; the rows hold each job as it was sent.
        return sorted(jobs, key=lambda job: (job.level, job.index))
    rows = {job.jobName: job for job in jobs}
    specs = BatchRequest.model_validate(request).labelingJobs
    levels = {spec.jobName: spec.jobLevel for spec in specs}
    found = []
    for index, spec in enumerate(specs):
        source = spec.inputConfig.chainFromJobName
        found.append(
            rows.get(spec.jobName)
            or JobRecord(
                batchId=batch.batchId,
                jobName=spec.jobName,
                level=spec.jobLevel,
                index=index,
                spec=spec,
                sourceLevel=levels.get(source) if source else None,
                generation=batch.generation,
                labelAttributeName=defaults.label_attribute_name(spec),
            )
        )
    return sorted(found, key=lambda job: (job.level, job.index))


def batch_view(
    batch: BatchRecord,
    jobs: list[JobRecord],
    request: Any,
    presign: Presign | None = None,
    *,
    told: bool = False,
) -> BatchView:
    """All that is known of one batch.

    Args:
        batch: the row.
        jobs: the rows there are.
        request: the stored request, parsed from JSON; None where it was deleted.
        presign: makes a link to an object; None where links would be dead or leaked.
        told: this is what the end message is going to say.
    """
    everything = all_jobs(batch, jobs, request)
    statuses = effective_statuses(batch, everything)
    if len(everything) > URLS_MAX_JOBS or batch.deletedAt is not None:
        presign = None
    used = max((job.level for job in everything), default=1)
    by_name = {job.jobName: job for job in everything}
    levels: dict[str, LevelView] = {}
    for number, name in enumerate(LEVEL_NAMES[: max(used, LEVELS_ALWAYS)], start=1):
        own = [job for job in everything if job.level == number]
        levels[f"{name}Level"] = _level(batch, own, statuses, by_name, presign)
    mark = batch.mark
    return BatchView(
        batchId=batch.batchId,
        status=batch.status,
        inputLabelingJobs=request["labelingJobs"] if request is not None else None,
        **levels,
        outputs=outputs(batch, told=told),
        pacing=batch.pacing,
        onJobFailure=batch.onJobFailure,
        stopMode=batch.stop.mode if batch.stop else None,
        generation=batch.generation,
        errorType=(mark.errorType or None) if mark else None,
        failureReason=(mark.reason or None) if mark else _reason(batch, everything, statuses),
        errors=mark.problems if mark else [],
        errorsS3Uri=mark.problemsS3Uri if mark else None,
        warnings=batch.warnings,
        requestS3Uri=batch.requestS3Uri,
        executionArn=batch.executionArn,
        createdAt=iso(batch.createdAt) or "",
        updatedAt=iso(batch.updatedAt) or "",
        endedAt=iso(batch.endedAt),
        toldAt=iso(batch.messageSentAt),
        deletedAt=iso(batch.deletedAt),
    )


BROKE_OFF = (
    "the delivery broke off, and is not whole; labels are in the jobs' own outputs "
    "(jobOutputS3Uri; terrace convert)"
)


def outputs(batch: BatchRecord, *, told: bool = False) -> OutputsView:
    """What the last end of the batch has left; nothing while a retry of it runs.

    Args:
        batch: the row.
        told: the end message is being made, or is out: what is not delivered now, never will be.
    """
    found: dict[str, Any] = {"reportS3Uri": batch.reportS3Uri}
    final, delivery = batch.final, batch.delivered
    if final is not None and batch.ended:
        found |= {
            "laneUnlabeledManifestS3Uri": final.unlabeledManifestS3Uri,
            "laneUnlabeledItems": final.unlabeledItems,
            "unreviewedManifestS3Uri": final.unreviewedManifestS3Uri,
            "unreviewedItems": final.unreviewedItems,
            "recordProblem": final.problem,
        }
    if delivery is not None:
        found |= {
            "finalManifestS3Uri": delivery.outputManifestS3Uri,
            "rejectedManifestS3Uri": delivery.rejectedManifestS3Uri,
            "unlabeledManifestS3Uri": delivery.unlabeledManifestS3Uri,
            "items": delivery.items,
            "accepted": delivery.accepted,
            "rejected": delivery.rejected,
            "unlabeled": delivery.unlabeled,
            "deliveryComplete": delivery.complete,
            "deliveryProblem": delivery.problem,
            "exports": delivery.exports,
            "postProcessing": delivery.postProcessing,
        }
    told = told or batch.messageSentAt is not None
    ran = batch.ended and batch.transformedAt is not None and batch.deletedAt is None
    if told and ran and (delivery is None or not delivery.over):
        before = found.get("deliveryProblem")
        found["deliveryProblem"] = f"{before}; {BROKE_OFF}" if before else BROKE_OFF
    return OutputsView(**found)


def dump(view: BatchView) -> dict[str, Any]:
    """The view as JSON: every key is there, but levels past the third only if they are used."""
    data = view.model_dump(mode="json")
    for name in LEVEL_NAMES[LEVELS_ALWAYS:]:
        if data[f"{name}Level"] is None:
            del data[f"{name}Level"]
    return data


def jobs_in(data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every job in a dumped view, level by level."""
    for name in LEVEL_NAMES:
        yield from data.get(f"{name}Level", {}).get("jobLevels", [])


def list_entry(batch: BatchRecord) -> BatchListEntry:
    """One line of the list of batches."""
    return BatchListEntry(
        batchId=batch.batchId,
        status=batch.status,
        createdAt=iso(batch.createdAt) or "",
        endedAt=iso(batch.endedAt),
    )


def _level(
    batch: BatchRecord,
    jobs: list[JobRecord],
    statuses: dict[str, JobStatus],
    by_name: dict[str, JobRecord],
    presign: Presign | None,
) -> LevelView:
    own = [statuses[job.jobName] for job in jobs]
    return LevelView(
        status=level_status(own) if own else _unused_level(batch),
        numChildBatches=len(jobs),
        numChildBatchesComplete=sum(1 for status in own if status in JOB_FEEDS_NEXT),
        jobLevels=[_job(job, statuses[job.jobName], batch, by_name, presign) for job in jobs],
    )


def _unused_level(batch: BatchRecord) -> LevelStatus:
    """2021: an unused level is COMPLETE once the batch is; nobody waits for it before."""
    if batch.status in {BatchStatus.COMPLETE, BatchStatus.COMPLETE_WITH_ERRORS}:
        return LevelStatus.COMPLETE
    return LevelStatus.PENDING


def _job(
    job: JobRecord,
    status: JobStatus,
    batch: BatchRecord,
    by_name: dict[str, JobRecord],
    presign: Presign | None,
) -> JobView:
    input_uri = job.jobInputS3Uri or job.spec.inputConfig.inputManifestS3Uri
    # A manifest named in the request is known to exist once TransformBatch has read it.
    input_exists = job.jobInputS3Uri is not None or batch.transformedAt is not None
    output_uri = job.outputManifestS3Uri
    return JobView(
        batchId=f"{job.batchId}-{LEVEL_NAMES[job.level - 1]}_level-{job.jobName}",
        batchStatus=status,
        labelingJobName=job.jobName,
        labelAttributeName=job.labelAttributeName,
        labelCategoryS3Uri=_categories(job, by_name),
        jobInputS3Uri=input_uri,
        jobInputS3Url=presign(input_uri) if presign and input_uri and input_exists else None,
        jobOutputS3Uri=output_uri,
        jobOutputS3Url=presign(output_uri) if presign and output_uri else None,
        wholeOutputS3Uri=_whole_output(job, batch),
        jobModality=job.spec.jobModality,
        jobLevel=job.level,
        chainFromJobName=job.spec.inputConfig.chainFromJobName,
        labelingJobArn=job.labelingJobArn,
        attempt=job.lastAttempt,
        maxAttempts=job.spec.maxAttempts,
        numItems=job.numItems,
        numItemsLabeled=items_labeled(job),
        counters=job.counters,
        countersAt=iso(job.countersAt),
        gate=job.gate,
        failureReason=job.failureReason or _dropped_reason(job, status, batch),
        notBefore=iso(job.notBefore) if status is JobStatus.PENDING else None,
        startedAt=iso(job.startedAt),
        endedAt=iso(job.endedAt),
        attempts=[_attempt(attempt) for attempt in job.attempts],
    )


def _whole_output(job: JobRecord, batch: BatchRecord) -> str | None:
    """As recorded at the last end of the batch; nothing while a retry of it runs."""
    final = batch.final
    known = final is not None and batch.ended and job.jobName in final.wholeOutputs
    return job.wholeOutputS3Uri if known else None


def _attempt(attempt: AttemptRecord) -> AttemptView:
    return AttemptView(
        attempt=attempt.attempt,
        labelingJobName=attempt.name,
        status=attempt.status,
        reason=attempt.reason,
        outputManifestS3Uri=attempt.outputManifestS3Uri,
        numItems=attempt.numItems,
        numItemsLabeled=attempt.numItemsLabeled,
        endedAt=iso(attempt.endedAt),
    )


def _categories(job: JobRecord, by_name: dict[str, JobRecord]) -> str | None:
    """The file the job is (or will be) created from: its own, or the one it inherits."""
    current: JobRecord | None = job
    seen: set[str] = set()
    while current is not None and current.jobName not in seen:
        seen.add(current.jobName)
        found = current.labelCategoryS3Uri or current.spec.labelCategoryConfigS3Uri
        if found is not None:
            return found
        current = by_name.get(current.spec.inputConfig.chainFromJobName or "")
    return None


def items_labeled(job: JobRecord) -> int | None:
    """Items labeled: as recorded at the end, or of all attempts so far while one runs."""
    if job.numItemsLabeled is not None and job.ended:
        return job.numItemsLabeled
    before = sum(attempt.numItemsLabeled for attempt in job.attempts)
    if job.counters is None:
        return before if job.attempts else job.numItemsLabeled
    return before + job.counters.totalLabeled


def _dropped_reason(job: JobRecord, status: JobStatus, batch: BatchRecord) -> str | None:
    """Why a job that has not been written as DROPPED yet can no longer start."""
    if status is not JobStatus.DROPPED:
        return None
    if batch.mark is not None:
        return f"never started: {batch.mark.reason or 'the batch was ended'}"
    if batch.stop is not None:
        return "never started: the batch was stopped"
    source = job.spec.inputConfig.chainFromJobName
    if source is not None:
        return f"never started: {source}, or what it depends on, did not deliver"
    return "never started: another job of the batch failed"


def _reason(
    batch: BatchRecord, jobs: list[JobRecord], statuses: dict[str, JobStatus]
) -> str | None:
    """Why a batch without a mark did not deliver everything: its first failed job says it."""
    if batch.status in {BatchStatus.IN_PROGRESS, BatchStatus.COMPLETE}:
        return None
    for job in jobs:
        if job.failureReason and statuses[job.jobName] not in {JobStatus.DROPPED}:
            return f"{job.jobName}: {job.failureReason}"
    return None
