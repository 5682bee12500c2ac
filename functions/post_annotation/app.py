"""PostAnnotation: Ground Truth hands over workers' answers in a Custom job, and gets labels."""

from typing import Any

from terrace.runtime import wiring
from terrace.runtime.observability import logger
from terrace.steps.post_annotation import PostAnnotation, PostAnnotationInput


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: Any) -> list[dict[str, Any]]:
    """Input: the documented post-annotation event; output: one label per data object."""
    wired = wiring.post_annotation()
    step = PostAnnotationInput.model_validate(event)
    logger.append_keys(labelingJobArn=step.labelingJobArn)
    found = PostAnnotation(wired.store, wired.objects).run(step)
    for one in found.skipped:
        logger.warning(
            "answer skipped", datasetObjectId=one.datasetObjectId, worker=one.worker, why=one.why
        )
    logger.info("consolidated", labels=len(found.labels), skipped=len(found.skipped))
    return found.labels
