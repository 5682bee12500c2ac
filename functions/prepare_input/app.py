"""PrepareInput: the manifest, category file and worker page of a job."""

from typing import Any

from terrace.runtime import wiring
from terrace.runtime.observability import logger
from terrace.runtime.worker_pages import template
from terrace.steps.prepare_input import Prepare, PrepareInputInput, ScriptHost


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Input and output: `steps.prepare_input`."""
    wired = wiring.prepare_input()
    step = PrepareInputInput.model_validate(event)
    logger.append_keys(batchId=step.batchId, jobName=step.jobName, generation=step.generation)
    host = wired.settings.skeleton_ui_bucket
    prepare = Prepare(
        store=wired.store,
        objects=wired.objects,
        clock=wired.clock,
        batch_bucket=wired.settings.batch_bucket,
        template=template,
        functions=wired.functions,
        script_host=ScriptHost(bucket=host, domain=wired.settings.skeleton_ui_domain)
        if host
        else None,
    )
    result = prepare.run(step)
    logger.info("prepared", next=result.next)
    return result.model_dump(mode="json")
