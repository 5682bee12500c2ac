"""FailBatch: mark a batch whose machine met an error."""

from typing import Any

from terrace.runtime import wiring
from terrace.runtime.observability import logger
from terrace.steps.fail_batch import FailBatchInput, fail_batch


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Input and output: `steps.fail_batch`."""
    wired = wiring.fail_batch()
    step = FailBatchInput.model_validate(event)
    logger.append_keys(batchId=step.batchId, generation=step.generation)
    result = fail_batch(step, store=wired.store, clock=wired.clock)
    logger.error("batch marked as failed", error=step.error.Error, next=result.next)
    return result.model_dump(mode="json")
