"""ParkWave: store the task token, then look. The order is what makes a lost wake-up impossible:

whoever ends a job writes its row first and looks for a token after; here the token is written
first and the rows are looked at after. One of the two sees the other.

A wave that changed nothing is the exception: to release it would start the same jobs in the same
way, thousands of times an hour. It is left to the reconciler, which tries once a period.
"""

from pydantic import BaseModel

from terrace.domain.plan import Wave, next_wave
from terrace.domain.records import BatchRecord, JobRecord, Mark, Park
from terrace.domain.status import JobStatus
from terrace.ports import BatchStore, Clock, Workflow
from terrace.steps.release import release_check
from terrace.steps.start_job import DEFER_MAX

CLOCK_MARGIN = 2.0
"""Seconds by which the clocks of two functions may differ."""
VAIN_MAX = 3600.0
"""Seconds in which jobs are tried that neither start, nor fail, nor are put off."""


class ParkWaveInput(BaseModel):
    """The token of WaitForJobs, and what orders it."""

    batchId: str
    generation: int
    wave: int
    retry: int = 0
    token: str


def park_wave(step: ParkWaveInput, *, store: BatchStore, workflow: Workflow, clock: Clock) -> None:
    """Stores the token if it is the newest, and releases it at once if there is work to do."""
    park = Park(
        generation=step.generation,
        wave=step.wave,
        retry=step.retry,
        token=step.token,
        at=clock.now(),
    )
    if not store.park(step.batchId, park):
        batch = store.get_batch(step.batchId)
        if batch is None or batch.ended or batch.generation != step.generation:
            # A stale execution: wake it up, so that its PlanWave ends it quietly.
            workflow.release(step.token)
        return
    found = store.load(step.batchId)
    if found is None or found[0].ended or found[0].wave != step.wave:
        workflow.release(step.token)
        return
    batch, jobs = found
    now = clock.now()
    wave = next_wave(batch, jobs, now)
    moved = last_change(batch, jobs)
    if wave.starts and moved < batch.movedAt - CLOCK_MARGIN:
        if now - moved < VAIN_MAX or batch.mark is not None:
            return
        store.set_mark(step.batchId, _in_vain(wave, now), step.generation)
        workflow.release(step.token)
        return
    release_check(batch, jobs, store=store, workflow=workflow, clock=clock)


def last_change(batch: BatchRecord, jobs: list[JobRecord]) -> float:
    """When a job last started, was put off, stopped or ended; or when the batch could begin.

    A claim alone is none: the start that claimed may break in the same place each time.
    """
    found: list[float | None] = [batch.transformedAt or batch.createdAt]
    if batch.retry is not None:
        found.append(batch.retry.doneAt or batch.retry.at)
    if batch.stop is not None:
        found.append(batch.stop.at)
    for job in jobs:
        found += [job.deferredAt, job.endedAt, *(each.endedAt for each in job.attempts[-1:])]
        found.append(job.stopRequestedAt)
        if job.notBefore is not None:
            # Put off, at the longest so long ago.
            found.append(job.notBefore - DEFER_MAX)
        if job.status not in {JobStatus.PENDING, JobStatus.STARTING}:
            found.append(job.attemptStartedAt)
    return max(stamp for stamp in found if stamp is not None)


def _in_vain(wave: Wave, at: float) -> Mark:
    names = ", ".join(job.jobName for job in wave.starts[:10])
    return Mark(
        kind="fail",
        at=at,
        errorType="StartFailed",
        reason=f"{names}: could not be started, and StartJob could not say why; see its log",
    )
