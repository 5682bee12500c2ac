"""FinalizeBatch: the only place that ends a batch, and only when no job runs."""

from typing import Any, Literal

from pydantic import BaseModel

from terrace.domain.plan import ended_early, next_wave
from terrace.domain.records import BatchRecord, JobRecord
from terrace.domain.status import BatchStatus, JobStatus
from terrace.errors import PermanentError
from terrace.ports import BatchStore, Clock, ObjectStore
from terrace.steps.final_record import Recorder
from terrace.steps.job_output import merged_output

RECORD_SECONDS = 300.0
"""How long the end of a batch may wait for its record: half the function's time-out."""


class FinalizeBatchInput(BaseModel):
    """The batch to end."""

    batchId: str
    generation: int


class FinalizeBatchOutput(BaseModel):
    """How it ended; `wait` if something runs after all, `end` if the generation is stale."""

    next: Literal["notify", "wait", "end"]
    outcome: BatchStatus = BatchStatus.IN_PROGRESS
    wave: int = 0


def finalize_batch(
    step: FinalizeBatchInput,
    *,
    store: BatchStore,
    objects: ObjectStore,
    clock: Clock,
    batch_bucket: str,
    record_seconds: float = RECORD_SECONDS,
) -> FinalizeBatchOutput:
    """Ends the jobs that will not start (any more), then the batch. Safe to repeat."""
    found = store.load(step.batchId)
    if found is None or found[0].generation != step.generation:
        return FinalizeBatchOutput(next="end")
    batch, jobs = found
    if batch.ended:
        return FinalizeBatchOutput(next="notify", outcome=batch.status, wave=batch.wave)
    now = clock.now()
    wave = next_wave(batch, jobs, now)
    if not wave.over or wave.outcome is None:
        return FinalizeBatchOutput(next="wait", wave=batch.wave)
    for job in jobs:
        if job.status is JobStatus.PENDING:
            # Labels of earlier attempts are kept: the file first, then the row that names it.
            output, trouble = _merged(job, objects, batch_bucket)
            store.end_attempt(job, ended_early(job), _end_of(batch, job, output, trouble, now))
        elif job.attempts and job.outputManifestS3Uri is None:
            # Its last attempt was never created; what the earlier ones labeled is kept.
            output, trouble = _merged(job, objects, batch_bucket)
            reason = job.failureReason or ""
            if trouble not in reason:
                reason += trouble
            store.annotate_job(job, {"outputManifestS3Uri": output, "failureReason": reason})
    recorder = Recorder(objects, clock, batch_bucket, record_seconds)
    ended = store.load(step.batchId)
    final = recorder.write(step.batchId, step.generation, ended[1] if ended else jobs)
    now = clock.now()
    if not store.end_batch(step.batchId, step.generation, wave.outcome, now, final):
        return _ended_already(step, store)
    told: dict[str, Any] = {
        "status": wave.outcome.value,
        "unlabeledItems": final.unlabeledItems,
        "unreviewedItems": final.unreviewedItems,
    }
    if final.problem is not None:
        told["recordProblem"] = final.problem
    store.add_event(step.batchId, "BATCH_ENDED", told, now)
    return FinalizeBatchOutput(next="notify", outcome=wave.outcome, wave=batch.wave)


def _ended_already(step: FinalizeBatchInput, store: BatchStore) -> FinalizeBatchOutput:
    """A first call did it, and its answer was lost; or a newer generation runs the batch."""
    batch = store.get_batch(step.batchId)
    if batch is None or batch.generation != step.generation or not batch.ended:
        return FinalizeBatchOutput(next="end")
    return FinalizeBatchOutput(next="notify", outcome=batch.status, wave=batch.wave)


def _merged(job: JobRecord, objects: ObjectStore, bucket: str) -> tuple[str | None, str]:
    """The job's whole output, or None and why not: the batch must end even so.

    Nothing is lost by it: each attempt's own output stands in its record.
    """
    try:
        return merged_output(job, job.attempts, objects, bucket), ""
    except (PermanentError, ValueError) as error:
        return None, f" (the outputs of its attempts could not be merged: {error})"


def _end_of(
    batch: BatchRecord, job: JobRecord, output: str | None, trouble: str, at: float
) -> dict[str, object]:
    """What is written on a job that was waiting when its batch ended."""
    labeled = sum(attempt.numItemsLabeled for attempt in job.attempts)
    if job.attempts:
        why = (
            f"{labeled} of {job.numItems} items were labeled after {len(job.attempts)} attempt(s); "
            f"the next was not started: {_why(batch, None)}{trouble}"
        )
        return {
            "endedAt": at,
            "failureReason": why,
            "outputManifestS3Uri": output,
            "numItemsLabeled": labeled,
        }
    why = f"never started: {_why(batch, job.spec.inputConfig.chainFromJobName)}"
    return {"endedAt": at, "failureReason": why}


def _why(batch: BatchRecord, source: str | None) -> str:
    if batch.mark is not None:
        return f"the batch was ended ({batch.mark.reason or batch.mark.kind})"
    if batch.stop is not None:
        return "the batch was stopped"
    if source is not None:
        return f"{source}, or what it depends on, did not deliver"
    return "another job of the batch failed"
