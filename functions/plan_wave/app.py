"""PlanWave: which jobs of the batch start now."""

from typing import Any

from terrace.runtime import wiring
from terrace.runtime.observability import logger
from terrace.steps.plan_wave import PlanWaveInput, plan_wave


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Input and output: `steps.plan_wave`."""
    wired = wiring.plan_wave()
    step = PlanWaveInput.model_validate(event)
    logger.append_keys(batchId=step.batchId, generation=step.generation)
    result = plan_wave(
        step,
        store=wired.store,
        workflow=wired.workflow,
        clock=wired.clock,
        event_bound=wired.settings.event_bound,
        generation_days=wired.settings.generation_days,
    )
    logger.info("planned", next=result.next, wave=result.wave, starts=len(result.jobs))
    return result.model_dump(mode="json")
