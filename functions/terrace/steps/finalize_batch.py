"""FinalizeBatch: the only place that ends a batch, and only when no job runs."""

from typing import Literal

from pydantic import BaseModel

from terrace.domain.plan import next_wave
from terrace.domain.records import BatchRecord
from terrace.domain.status import BatchStatus, JobStatus
from terrace.ports import BatchStore, Clock


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
    step: FinalizeBatchInput, *, store: BatchStore, clock: Clock
) -> FinalizeBatchOutput:
    """Drops what never started and writes the batch's final status. Safe to repeat."""
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
            store.drop_job(job, _why_dropped(batch, job.spec.inputConfig.chainFromJobName), now)
    if not store.end_batch(step.batchId, step.generation, wave.outcome, now):
        return FinalizeBatchOutput(next="end")
    store.add_event(step.batchId, "BATCH_ENDED", {"status": wave.outcome.value}, now)
    return FinalizeBatchOutput(next="notify", outcome=wave.outcome, wave=batch.wave)


def _why_dropped(batch: BatchRecord, source: str | None) -> str:
    if batch.mark is not None:
        return f"never started: the batch was ended ({batch.mark.reason or batch.mark.kind})"
    if source is not None:
        return f"never started: {source}, or what it depends on, did not deliver"
    return "never started: another job of the batch failed"
