"""DeliverBatch: the final manifests and exports of an ended batch."""

from typing import Any

from terrace.runtime import wiring
from terrace.runtime.observability import logger
from terrace.steps.deliver_batch import DeliverBatch, DeliverBatchInput, Exports
from terrace.steps.deliver_exports import Exporter, exports_wanted
from terrace.steps.post_process import PostProcessing


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Input and output: `steps.deliver_batch`."""
    wired = wiring.deliver_batch()
    step = DeliverBatchInput.model_validate(event)
    logger.append_keys(batchId=step.batchId, generation=step.generation)
    deliver = DeliverBatch(
        store=wired.store,
        objects=wired.objects,
        clock=wired.clock,
        batch_bucket=wired.settings.batch_bucket,
        exports=Exports(exports_wanted, Exporter(wired.objects, wired.clock)),
        post_process=PostProcessing(
            functions=wired.functions,
            objects=wired.objects,
            clock=wired.clock,
            batch_bucket=wired.settings.batch_bucket,
            stack_arn=wired.settings.post_processing_function_arn,
        ),
        seconds=wired.settings.deliver_seconds,
    )
    result = deliver.run(step)
    logger.info("delivered", next=result.next, problem=result.problem)
    return {"next": result.next, "seconds": result.seconds}
