"""OnJobEvent: a labeling job has ended, says an event; see what is true of it."""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)

from terrace.domain.events import labeling_job
from terrace.runtime import wiring
from terrace.runtime.observability import logger, metrics
from terrace.steps.settle_job import Settle

processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


def settle_record(record: dict[str, Any]) -> None:
    """Settles the job that one event is about; an error is logged before the record fails."""
    try:
        _settle(record)
    except Exception:
        # Powertools turns it into a failed record, and says nothing.
        logger.exception("a record failed", messageId=record.get("messageId"))
        raise


def _settle(record: dict[str, Any]) -> None:
    wired = wiring.on_job_event()
    name = labeling_job(record["body"])
    settle = Settle(
        store=wired.store,
        objects=wired.objects,
        engine=wired.engine,
        workflow=wired.workflow,
        notifier=wired.notifier,
        clock=wired.clock,
        batch_bucket=wired.settings.batch_bucket,
    )
    settled = settle.by_name(name)
    metrics.add_metric(f"JobEvent_{settled.outcome}", MetricUnit.Count, 1)
    logger.info(
        "settled",
        labelingJob=name,
        outcome=settled.outcome,
        released=settled.after.released,
        unsent=settled.after.errors,
    )


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: Any) -> Any:
    """SQS batch in, `batchItemFailures` out: a record that failed comes again, alone."""
    return process_partial_response(
        event=event, record_handler=settle_record, processor=processor, context=context
    )
