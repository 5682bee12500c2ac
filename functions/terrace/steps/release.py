"""The release check: nudges a waiting execution if, and only if, it has something to do.

A wake-up is only a nudge; PlanWave decides. Two nudges for one wait are harmless: the second
finds a token that nobody waits for. "Released" means that PlanWave has advanced the wave, and
the reconciler looks for that.
"""

from terrace.domain.plan import next_wave
from terrace.ports import BatchStore, Clock, Workflow


def release_check(
    batch_id: str, *, store: BatchStore, workflow: Workflow, clock: Clock
) -> bool:
    """Looks at the whole batch and wakes its execution up; True if a token was used."""
    found = store.load(batch_id)
    if found is None:
        return False
    batch, jobs = found
    park = batch.park
    if batch.ended or park is None:
        return False
    if (park.generation, park.wave) != (batch.generation, batch.wave):
        # The machine is on its way; it looks for itself once it has stored its next token.
        return False
    if not next_wave(batch, jobs, clock.now()).nudge:
        return False
    store.note_nudge(batch_id, park, clock.now())
    return workflow.release(park.token)
