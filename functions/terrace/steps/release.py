"""The release check: nudges a waiting execution if, and only if, it has something to do.

A wake-up is only a nudge; PlanWave decides. Two nudges for one wait are harmless: the second
finds a token that nobody waits for. "Released" means that PlanWave has advanced the wave, and
the reconciler looks for that.
"""

from terrace.domain.plan import next_wave
from terrace.domain.records import BatchRecord, JobRecord
from terrace.ports import BatchStore, Clock, Workflow


def release_check(
    batch: BatchRecord,
    jobs: list[JobRecord],
    *,
    store: BatchStore,
    workflow: Workflow,
    clock: Clock,
) -> bool:
    """Wakes the batch's execution up if it has something to do; True if a token was used.

    The rows must have been read after the write that calls for the check.
    """
    park = batch.park
    if batch.ended or park is None:
        return False
    if (park.generation, park.wave) != (batch.generation, batch.wave):
        # The machine is on its way; it looks for itself once it has stored its next token.
        return False
    if not next_wave(batch, jobs, clock.now()).nudge:
        return False
    store.note_nudge(batch.batchId, park, clock.now())
    return workflow.release(park.token)
