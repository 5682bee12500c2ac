"""Executions of a batch: start, hand over, replace. One operation, safe to repeat.

The batch row holds the generation; its execution is `<batchId>`, then `<batchId>_g2`, ... A crash
between the write and StartExecution is healed by whoever comes next: `ensure_running` starts what
the row asks for, and StartExecution with the same name is the same execution.
"""

from terrace.domain.records import BatchRecord, execution_name
from terrace.ports import BatchStore, Clock, Workflow


def ensure_running(
    batch: BatchRecord, *, store: BatchStore, workflow: Workflow, clock: Clock
) -> str:
    """Starts the execution of the batch's current generation, if nobody has; returns its ARN."""
    if batch.executionArn is not None:
        return batch.executionArn
    arn = workflow.start(
        execution_name(batch.batchId, batch.generation),
        {"batchId": batch.batchId, "generation": batch.generation},
    )
    store.set_execution(batch.batchId, batch.generation, arn, clock.now())
    return arn


def next_generation(
    batch: BatchRecord, why: str, *, store: BatchStore, workflow: Workflow, clock: Clock
) -> bool:
    """Gives the batch a fresh execution; False if somebody else did first."""
    fresh = store.next_generation(batch, clock.now())
    if fresh is None:
        return False
    store.add_event(
        batch.batchId,
        "GENERATION_STARTED",
        {"generation": fresh.generation, "why": why},
        clock.now(),
    )
    ensure_running(fresh, store=store, workflow=workflow, clock=clock)
    return True
