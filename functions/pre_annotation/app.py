"""PreAnnotation: Ground Truth asks what to show for one data object of a Custom job."""

from typing import Any

from terrace.runtime import wiring
from terrace.runtime.observability import logger
from terrace.steps.pre_annotation import PreAnnotation, PreAnnotationInput


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Input: the documented pre-annotation event; output: `taskInput` for the template."""
    wired = wiring.pre_annotation()
    step = PreAnnotationInput.model_validate(event)
    logger.append_keys(labelingJobArn=step.labelingJobArn)
    return PreAnnotation(wired.store, wired.objects, wired.labels).run(step)
