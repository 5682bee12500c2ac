"""Reconcile: repairs what events and executions left undone; every 15 minutes, and on demand."""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from terrace.domain.events import ended_execution
from terrace.runtime import wiring
from terrace.runtime.observability import logger, metrics
from terrace.steps.notify import Notify
from terrace.steps.reconcile import Reconcile, ReconcileInput
from terrace.steps.settle_job import Settle


def parse(event: dict[str, Any]) -> ReconcileInput:
    """A schedule's event means all open batches; an execution's end means its own batch."""
    return ReconcileInput(executionName=ended_execution(event))


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """EventBridge event in; counts of repairs out."""
    wired = wiring.reconcile()
    settings = wired.settings
    settle = Settle(
        store=wired.store,
        objects=wired.objects,
        engine=wired.engine,
        workflow=wired.workflow,
        notifier=wired.notifier,
        clock=wired.clock,
        batch_bucket=settings.batch_bucket,
        # A pass may come right after an event: that is no second look.
        look_again_after=settings.reconcile_period_seconds / 2,
    )
    reconcile = Reconcile(
        settle=settle,
        notify=Notify(
            store=wired.store,
            objects=wired.objects,
            notifier=wired.notifier,
            clock=wired.clock,
            batch_bucket=settings.batch_bucket,
        ),
        period=settings.reconcile_period_seconds,
        stalled_after=settings.stalled_after_seconds,
        resend_for=settings.resend_for_seconds,
    )
    step = parse(event)
    repairs = reconcile.run(step, wired.clock.now() + settings.reconcile_seconds)
    for name, count in repairs.counts.items():
        metrics.add_metric(f"Repair_{name}", MetricUnit.Count, count)
    metrics.add_metric("ReconcilerRepairs", MetricUnit.Count, repairs.counts.total())
    metrics.add_metric("BatchesStuck", MetricUnit.Count, repairs.stuck)
    metrics.add_metric("ReconcilerErrors", MetricUnit.Count, len(repairs.errors))
    logger.info(
        "reconciled",
        batches=repairs.batches,
        repairs=dict(repairs.counts),
        stuck=repairs.stuck,
        finished=repairs.finished,
        errors=repairs.errors[:20],
    )
    return {"batches": repairs.batches, "repairs": dict(repairs.counts)}
