"""StartJob: claim a job's name and create its labeling job; or settle a start that broke."""

from typing import Any

from terrace.runtime import wiring
from terrace.runtime.observability import logger
from terrace.steps.start_job import Start, StartJobInput


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Input: `steps.start_job`; the job's row says what came of it."""
    wired = wiring.start_job()
    step = StartJobInput.model_validate(event)
    logger.append_keys(batchId=step.batchId, jobName=step.jobName, generation=step.generation)
    start = Start(
        store=wired.store,
        engine=wired.engine,
        notifier=wired.notifier,
        clock=wired.clock,
        region=wired.settings.aws_region,
        role_arn=wired.settings.execution_role_arn,
        batch_bucket=wired.settings.batch_bucket,
        pre_annotation_arn=wired.settings.pre_annotation_arn,
        post_annotation_arn=wired.settings.post_annotation_arn,
    )
    start.run(step)
    logger.info("start handled", recovering=step.error is not None)
    return {}
