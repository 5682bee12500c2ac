"""PlanWave: which jobs start now, or wait, or the end. Writes no job row."""

from typing import Literal

from pydantic import BaseModel

from terrace.domain.plan import EVENTS_AT_ENDS, EVENTS_PER_JOB, EVENTS_PER_TURN, next_wave
from terrace.domain.records import BatchRecord
from terrace.ports import BatchStore, Clock, Workflow
from terrace.steps.generations import next_generation

DAY = 86_400


class PlanWaveInput(BaseModel):
    """One turn of the machine; `wave` is the number the last turn returned, 0 at first."""

    batchId: str
    generation: int
    wave: int


class JobId(BaseModel):
    """A job of the batch."""

    level: int
    jobName: str


class PlanWaveOutput(BaseModel):
    """What the machine does next."""

    next: Literal["start", "wait", "finalize", "end"]
    wave: int
    jobs: list[JobId] = []


def plan_wave(
    step: PlanWaveInput,
    *,
    store: BatchStore,
    workflow: Workflow,
    clock: Clock,
    event_bound: int,
    generation_days: float,
) -> PlanWaveOutput:
    """Advances the wave and says what it does; ends quietly where the generation is stale."""
    found = store.load(step.batchId)
    if found is None or found[0].generation != step.generation:
        return PlanWaveOutput(next="end", wave=step.wave)
    batch, jobs = found
    if batch.ended:
        return PlanWaveOutput(next="finalize", wave=step.wave)
    now = clock.now()
    wave = next_wave(batch, jobs, now)
    if not wave.over and _should_hand_over(
        batch, len(wave.starts), event_bound, generation_days, now
    ):
        next_generation(
            batch, "the history is long enough", store=store, workflow=workflow, clock=clock
        )
        return PlanWaveOutput(next="end", wave=step.wave)
    room = event_bound - EVENTS_AT_ENDS - EVENTS_PER_TURN
    starts = wave.starts[: max(1, room // EVENTS_PER_JOB)]
    number = step.wave + 1 if step.wave else batch.wave + 1
    events = batch.turnEvents + EVENTS_PER_TURN + EVENTS_PER_JOB * len(starts)
    if not store.advance_wave(step.batchId, step.generation, number, events, now):
        return PlanWaveOutput(next="end", wave=step.wave)
    if wave.over:
        return PlanWaveOutput(next="finalize", wave=number)
    if not starts:
        return PlanWaveOutput(next="wait", wave=number)
    store.add_event(
        step.batchId,
        "WAVE_STARTED",
        {"wave": number, "generation": step.generation, "jobs": len(starts)},
        now,
    )
    return PlanWaveOutput(
        next="start",
        wave=number,
        jobs=[JobId(level=job.level, jobName=job.jobName) for job in starts],
    )


def _should_hand_over(
    batch: BatchRecord, starts: int, event_bound: int, generation_days: float, now: float
) -> bool:
    """True if this turn might take the history past the bound, or the execution is too old.

    At least one turn is taken in every generation, so that a low bound cannot stand still.
    """
    if batch.turnEvents == 0:
        return False
    turn = EVENTS_PER_TURN + EVENTS_PER_JOB * starts
    too_long = batch.turnEvents + turn + EVENTS_AT_ENDS > event_bound
    started = batch.executionStartedAt or batch.createdAt
    return too_long or now - started > generation_days * DAY
