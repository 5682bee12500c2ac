"""ParkWave: store the task token, then look. The order is what makes a lost wake-up impossible:

whoever ends a job writes its row first and looks for a token after; here the token is written
first and the rows are looked at after. One of the two sees the other.
"""

from pydantic import BaseModel

from terrace.domain.records import Park
from terrace.ports import BatchStore, Clock, Workflow
from terrace.steps.release import release_check


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
    release_check(*found, store=store, workflow=workflow, clock=clock)
