"""FailBatch: an error of the machine becomes a mark. What runs is still left to finish.

An error in a batch that is marked already cannot be told from the same one over again: such an
execution ends, so that no two states hand an error to each other for ever, and the reconciler
gives the batch a fresh one.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from terrace.domain.plan import EVENTS_PER_TURN, next_wave
from terrace.domain.records import Mark
from terrace.ports import BatchStore, Clock

REASON_MAX = 2000


class MachineError(BaseModel):
    """What Step Functions hands to a Catch."""

    model_config = ConfigDict(hide_input_in_errors=True)

    Error: str = "Unknown"
    Cause: str = ""


class FailBatchInput(BaseModel):
    """The batch and what went wrong."""

    model_config = ConfigDict(hide_input_in_errors=True)

    batchId: str
    generation: int
    error: MachineError = Field(default_factory=MachineError)


class FailBatchOutput(BaseModel):
    """Where the machine goes on."""

    next: Literal["wait", "finalize", "end"]
    wave: int = 0


def fail_batch(step: FailBatchInput, *, store: BatchStore, clock: Clock) -> FailBatchOutput:
    """Marks the batch as failed, and sends the machine to wait for what still runs."""
    now = clock.now()
    mark = Mark(
        kind="fail", at=now, errorType=step.error.Error, reason=step.error.Cause[:REASON_MAX]
    )
    if not store.set_mark(step.batchId, mark, step.generation):
        return FailBatchOutput(next="end")
    store.add_event(
        step.batchId,
        "BATCH_MARKED",
        {"kind": "fail", "errorType": mark.errorType, "reason": mark.reason},
        now,
    )
    found = store.load(step.batchId)
    if found is None or found[0].generation != step.generation:
        return FailBatchOutput(next="end")
    batch, jobs = found
    wave = next_wave(batch, jobs, now)
    # A number of its own for this wait: the token of a wait that broke is dead.
    number = batch.wave + 1
    events = batch.turnEvents + EVENTS_PER_TURN
    if not store.advance_wave(step.batchId, step.generation, number, events, now):
        return FailBatchOutput(next="end")
    return FailBatchOutput(next="finalize" if wave.over else "wait", wave=number)
