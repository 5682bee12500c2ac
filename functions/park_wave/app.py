"""ParkWave: keep the token of a waiting execution, then look whether there is work already."""

from typing import Any

from terrace.runtime import wiring
from terrace.runtime.observability import logger
from terrace.steps.park_wave import ParkWaveInput, park_wave


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Input: `steps.park_wave`; what it returns is not read."""
    wired = wiring.park_wave()
    step = ParkWaveInput.model_validate(event)
    logger.append_keys(batchId=step.batchId, generation=step.generation, wave=step.wave)
    park_wave(step, store=wired.store, workflow=wired.workflow, clock=wired.clock)
    logger.info("parked")
    return {}
