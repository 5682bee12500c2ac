"""TransformBatch: everything that can be found wrong before a labeling job exists."""

from typing import Any

from terrace.domain import defaults
from terrace.domain.request import BatchRequest
from terrace.runtime import wiring
from terrace.runtime.limits import limits_of
from terrace.runtime.observability import logger
from terrace.steps.transform_batch import Transform, TransformBatchInput
from terrace.steps.transformation import Transformation


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Input and output: `steps.transform_batch`."""
    wired = wiring.transform_batch()
    step = TransformBatchInput.model_validate(event)
    logger.append_keys(batchId=step.batchId, generation=step.generation)
    settings = wired.settings
    transform = Transform(
        store=wired.store,
        objects=wired.objects,
        engine=wired.engine,
        notifier=wired.notifier,
        clock=wired.clock,
        filled=lambda raw: defaults.fill(BatchRequest.model_validate(raw), limits_of(settings)),
        region=settings.aws_region,
        role_arn=settings.execution_role_arn,
        allowed_buckets=frozenset({*settings.input_buckets, settings.batch_bucket}),
        batch_bucket=settings.batch_bucket,
        seconds=settings.transform_seconds,
        places=limits_of(settings).places,
        transformation=Transformation(
            functions=wired.functions,
            store=wired.store,
            objects=wired.objects,
            clock=wired.clock,
            limits=limits_of(settings),
            batch_bucket=settings.batch_bucket,
        ),
    )
    result = transform.run(step)
    logger.info("checked", next=result.next)
    return result.model_dump(mode="json")
