"""What Terrace tells the world: the end of a batch, the end of a level, a job that failed.

Pure. Only an end message has a `status` other than IN_PROGRESS, so that nobody who waits for the
end takes another message for it. Every message has a `dedupId`: it may come twice.
"""

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from terrace.domain import show
from terrace.domain.plan import effective_statuses, level_status
from terrace.domain.problems import Problem
from terrace.domain.records import BatchRecord, JobRecord
from terrace.domain.status import JOB_FEEDS_NEXT, BatchStatus, JobStatus, LevelStatus
from terrace.domain.views import OutputsView

VERSION = "1"
INFO_MAX_BYTES = 200_000
"""SNS carries 256 KiB, attributes and JSON escapes of later hops included."""
LIST_MAX_BYTES = 30_000
"""Room for `errors` and for `failedJobs`, each; what does not fit is in `show`."""
TEXT_MAX = 2_000
_LEFT_OUT = (
    "batchInfo",
    "batchInfoS3Uri",
    "reportS3Uri",
    "errorType",
    "errorString",
    "failedJobs",
    "errors",
    "undeliverableTo",
)
"""Keys without a value are not sent."""
UndeliverableTo = Annotated[
    str | None,
    Field(
        description="the batch's own topic, where that did not take the message: it is gone, or "
        "closed to Terrace; then the stack's topic gets it"
    ),
]
SUBJECT_MAX = 100
"""SNS: ASCII, no line breaks, at most 100 characters."""


class EventType(StrEnum):
    """Attribute `eventType`, for filter policies."""

    BATCH_COMPLETE = "BATCH_COMPLETE"
    """The batch has ended, however it ended: `status` says how."""
    LEVEL_COMPLETE = "LEVEL_COMPLETE"
    """All jobs of a level have ended."""
    JOB_FAILED = "JOB_FAILED"
    """A job failed or was stopped; the batch has not ended yet."""
    JOB_STALLED = "JOB_STALLED"
    """A job has made no progress for a day."""


EndStatus = Literal["SUCCESS", "SUCCESS_WITH_ERRORS", "FAILED", "STOPPED"]

_END: dict[BatchStatus, tuple[EndStatus, str]] = {
    BatchStatus.COMPLETE: ("SUCCESS", "Batch processing has completed successfully."),
    BatchStatus.COMPLETE_WITH_ERRORS: (
        "SUCCESS_WITH_ERRORS",
        "Batch processing has completed with errors: not every label was delivered.",
    ),
    BatchStatus.FAILED: ("FAILED", "Batch processing failed"),
    BatchStatus.VALIDATION_FAIL: (
        "FAILED",
        "Batch processing failed: the request did not pass validation; no job was created.",
    ),
    BatchStatus.STOPPED: ("STOPPED", "Batch processing was stopped."),
}


class FailedJob(BaseModel):
    """A job that did not deliver all of its labels, and why."""

    model_config = ConfigDict(frozen=True)

    jobName: str
    jobLevel: int
    status: JobStatus
    reason: str | None


class BatchMessage(BaseModel):
    """The end of a batch: keys of the 2021 sample, and more. Published at least once."""

    model_config = ConfigDict(frozen=True)

    batchId: str
    message: str
    batchInfo: dict[str, Any] | None = Field(
        default=None, description="as in `show`, without presigned URLs"
    )
    batchInfoS3Uri: str | None = Field(
        default=None, description="where batchInfo is, if it is too large for a message"
    )
    reportS3Uri: str | None = Field(
        default=None, description="the report on the batch, where there is one"
    )
    outputs: OutputsView | None = Field(
        default=None, description="as in `show`: manifests, counts of items, exports"
    )
    token: str | None = Field(description="ARN of the execution")
    status: EndStatus
    version: str = VERSION
    eventType: Literal[EventType.BATCH_COMPLETE] = EventType.BATCH_COMPLETE
    dedupId: str
    undeliverableTo: UndeliverableTo = None
    batchStatus: BatchStatus
    errorType: str | None = None
    errorString: str | None = None
    failedJobs: list[FailedJob] | None = None
    errors: list[Problem] | None = None


class LevelMessage(BaseModel):
    """The end of a level."""

    model_config = ConfigDict(frozen=True)

    batchId: str
    message: str
    token: str | None
    status: Literal["IN_PROGRESS"] = "IN_PROGRESS"
    version: str = VERSION
    eventType: Literal[EventType.LEVEL_COMPLETE] = EventType.LEVEL_COMPLETE
    dedupId: str
    undeliverableTo: UndeliverableTo = None
    level: int
    levelStatus: LevelStatus
    numChildBatches: int
    numChildBatchesComplete: int


class JobMessage(BaseModel):
    """A job that failed, was stopped, or stands still."""

    model_config = ConfigDict(frozen=True)

    batchId: str
    message: str
    token: str | None
    status: Literal["IN_PROGRESS"] = "IN_PROGRESS"
    version: str = VERSION
    eventType: Literal[EventType.JOB_FAILED, EventType.JOB_STALLED]
    dedupId: str
    undeliverableTo: UndeliverableTo = None
    jobName: str
    jobLevel: int
    jobStatus: JobStatus
    attempt: int
    reason: str | None
    numItems: int | None
    numItemsLabeled: int | None


@dataclass(frozen=True)
class Message:
    """What is given to SNS."""

    subject: str
    body: str
    attributes: dict[str, str]
    info: dict[str, Any] | None = field(default=None)
    """Set if the body only points to it: to be stored there before the message is published."""


def batch_end(batch: BatchRecord, jobs: list[JobRecord], request: Any, info_uri: str) -> Message:
    """The message a client of the batch waits for.

    Args:
        batch: a batch that has ended.
        jobs: its rows.
        request: the stored request, parsed from JSON.
        info_uri: where the caller stores `Message.info`, if the message is too large to hold it.
    """
    status, text = _END[batch.status]
    info = show.dump(show.batch_view(batch, jobs, request, told=True))
    message = BatchMessage(
        batchId=batch.batchId,
        message=text,
        batchInfo=info,
        reportS3Uri=batch.reportS3Uri,
        outputs=show.outputs(batch, told=True),
        token=batch.executionArn,
        status=status,
        dedupId=f"{batch.uid}-{batch.generation}-{batch.status}",
        batchStatus=batch.status,
        **_failure(batch, jobs, request),
    )
    attributes = _attributes(batch, status, EventType.BATCH_COMPLETE)
    subject = _subject(f"Terrace batch {batch.batchId}: {status}")
    body = _json(message)
    if len(body.encode()) <= INFO_MAX_BYTES:
        return Message(subject, body, attributes)
    small = message.model_copy(update={"batchInfo": None, "batchInfoS3Uri": info_uri})
    return Message(subject, _json(small), attributes, info)


def undeliverable(body: str, topic_arn: str) -> str:
    """The body of a message that its own topic did not take, for the stack's topic."""
    data = json.loads(body)
    data["undeliverableTo"] = topic_arn
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def level_complete(batch: BatchRecord, jobs: list[JobRecord], level: int) -> Message:
    """Says that all jobs of a level have ended, and how."""
    statuses = effective_statuses(batch, jobs)
    own = [statuses[job.jobName] for job in jobs if job.level == level]
    status = level_status(own)
    done = sum(1 for found in own if found in JOB_FEEDS_NEXT)
    message = LevelMessage(
        batchId=batch.batchId,
        message=f"Level {level} has ended {status}: {done} of {len(own)} jobs delivered labels.",
        token=batch.executionArn,
        dedupId=f"{batch.uid}-{batch.run}-level-{level}",
        level=level,
        levelStatus=status,
        numChildBatches=len(own),
        numChildBatchesComplete=done,
    )
    return Message(
        _subject(f"Terrace batch {batch.batchId}: level {level} {status}"),
        _json(message),
        _attributes(batch, message.status, EventType.LEVEL_COMPLETE),
    )


def job_failed(batch: BatchRecord, job: JobRecord) -> Message:
    """Says at once that a job failed or was stopped; the batch's own end message comes later."""
    verb = "was stopped" if job.status is JobStatus.STOPPED else "failed"
    return _job(batch, job, EventType.JOB_FAILED, f"Job {job.jobName} {verb}")


def job_stalled(batch: BatchRecord, job: JobRecord) -> Message:
    """Says that people seem to have stopped working on a job."""
    since = show.iso(job.countersAt or job.attemptStartedAt or job.startedAt)
    return _job(
        batch,
        job,
        EventType.JOB_STALLED,
        f"Job {job.jobName} has made no progress since {since or 'its start'}",
    )


def _job(
    batch: BatchRecord,
    job: JobRecord,
    event: Literal[EventType.JOB_FAILED, EventType.JOB_STALLED],
    text: str,
) -> Message:
    reason = _cut(job.failureReason)
    message = JobMessage(
        batchId=batch.batchId,
        message=f"{text}: {reason}" if reason else f"{text}.",
        token=batch.executionArn,
        eventType=event,
        dedupId=f"{batch.uid}-{batch.run}-{event}-{job.jobName}-{job.attempt}",
        jobName=job.jobName,
        jobLevel=job.level,
        jobStatus=job.status,
        attempt=job.attempt,
        reason=reason,
        numItems=job.numItems,
        numItemsLabeled=show.items_labeled(job),
    )
    return Message(
        _subject(f"Terrace batch {batch.batchId}: {text}"),
        _json(message),
        _attributes(batch, message.status, event),
    )


def _failure(batch: BatchRecord, jobs: list[JobRecord], request: Any) -> dict[str, Any]:
    """The keys that only a batch has that did not deliver everything."""
    if batch.status is BatchStatus.COMPLETE:
        return {}
    mark = batch.mark
    if batch.status is BatchStatus.VALIDATION_FAIL:
        problems = mark.problems if mark else []
        return {
            "errorType": "ValidationFailed",
            "errorString": _cut(
                "; ".join(f"{found.path}: {found.problem}" for found in problems)
                or (mark.reason if mark else "")
            ),
            "failedJobs": [],
            "errors": _fitting(problems),
        }
    everything = show.all_jobs(batch, jobs, request)
    statuses = effective_statuses(batch, everything)
    failed = [
        FailedJob(
            jobName=job.jobName,
            jobLevel=job.level,
            status=statuses[job.jobName],
            reason=_cut(job.failureReason, 500),
        )
        for job in everything
        if statuses[job.jobName]
        in {JobStatus.FAILED, JobStatus.STOPPED, JobStatus.INCOMPLETE, JobStatus.DROPPED}
    ]
    # Causes first: what was dropped is a consequence.
    failed.sort(key=lambda job: job.status is JobStatus.DROPPED)
    why = mark.reason if mark and mark.reason else _first_reason(failed)
    return {
        "errorType": (mark.errorType if mark else "") or _error_type(batch, failed),
        "errorString": _cut(why),
        "failedJobs": _fitting(failed),
    }


def _error_type(batch: BatchRecord, failed: list[FailedJob]) -> str:
    if batch.status is BatchStatus.STOPPED:
        return "Stopped"
    if any(job.status in {JobStatus.FAILED, JobStatus.STOPPED} for job in failed):
        return "JobFailed"
    return "LabelsMissing"


def _first_reason(failed: list[FailedJob]) -> str:
    for job in failed:
        if job.reason:
            return f"{job.jobName}: {job.reason}"
    names = ", ".join(job.jobName for job in failed)
    return f"not all labels were delivered by: {names}" if names else ""


def _fitting(items: list[Any]) -> list[Any]:
    """As many of the first items as fit into LIST_MAX_BYTES."""
    kept, used = [], 0
    for item in items:
        used += len(item.model_dump_json().encode())
        if used > LIST_MAX_BYTES:
            break
        kept.append(item)
    return kept


def _cut(text: str | None, most: int = TEXT_MAX) -> str | None:
    if text is None or len(text) <= most:
        return text
    return f"{text[: most - 3]}..."


def _subject(text: str) -> str:
    plain = "".join(c if c.isascii() and c.isprintable() else "?" for c in text)
    return plain if len(plain) <= SUBJECT_MAX else f"{plain[: SUBJECT_MAX - 3]}..."


def _attributes(batch: BatchRecord, status: str, event: EventType) -> dict[str, str]:
    return {"batchId": batch.batchId, "status": status, "eventType": event.value}


def _json(message: BaseModel) -> str:
    """Keys that do not apply are left out, except inside batchInfo, where nulls are kept."""
    data = message.model_dump(mode="json")
    for key in _LEFT_OUT:
        if key in data and data[key] is None:
            del data[key]
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))
