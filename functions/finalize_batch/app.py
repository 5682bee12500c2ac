"""FinalizeBatch: end a batch in which nothing runs any more."""

from typing import Any

from terrace.runtime import wiring
from terrace.runtime.observability import logger
from terrace.steps.finalize_batch import FinalizeBatchInput, finalize_batch


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Input and output: `steps.finalize_batch`."""
    wired = wiring.finalize_batch()
    step = FinalizeBatchInput.model_validate(event)
    logger.append_keys(batchId=step.batchId, generation=step.generation)
    result = finalize_batch(
        step,
        store=wired.store,
        objects=wired.objects,
        clock=wired.clock,
        batch_bucket=wired.settings.batch_bucket,
    )
    logger.info("finalized", outcome=result.outcome, next=result.next)
    return result.model_dump(mode="json")
