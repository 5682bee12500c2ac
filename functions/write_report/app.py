"""WriteReport: the quality and timing record of an ended batch."""

from typing import Any

from terrace.runtime import wiring
from terrace.runtime.observability import logger
from terrace.steps.report_labels import LabelExaminer
from terrace.steps.write_report import WriteReport, WriteReportInput


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Input and output: `steps.write_report`."""
    wired = wiring.write_report()
    step = WriteReportInput.model_validate(event)
    logger.append_keys(batchId=step.batchId, generation=step.generation)
    report = WriteReport(
        store=wired.store,
        objects=wired.objects,
        clock=wired.clock,
        batch_bucket=wired.settings.batch_bucket,
        examine=LabelExaminer(wired.objects),
        seconds=wired.settings.report_seconds,
    )
    result = report.run(step)
    logger.info("reported", next=result.next, problems=result.problems[:20])
    return {"next": result.next}
