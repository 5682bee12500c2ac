"""Notify: publish the end of a batch."""

from typing import Any

from terrace.runtime import wiring
from terrace.runtime.observability import logger
from terrace.steps.notify import Notify, NotifyInput


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Input: `steps.notify`; what it returns is not read."""
    wired = wiring.notify()
    step = NotifyInput.model_validate(event)
    logger.append_keys(batchId=step.batchId, generation=step.generation)
    notify = Notify(
        store=wired.store,
        objects=wired.objects,
        notifier=wired.notifier,
        clock=wired.clock,
        batch_bucket=wired.settings.batch_bucket,
    )
    sent = notify.run(step.batchId, step.generation)
    logger.info("notified", sent=sent)
    return {}
