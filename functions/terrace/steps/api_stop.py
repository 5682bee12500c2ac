"""POST /batch/stop: nothing new starts; running labeling jobs are stopped, or left to finish.

Sets the stop and wakes the batch up; its machine stops the labeling jobs, one by one, and ends
the batch. Safe at any moment, and repeatable.
"""

from dataclasses import dataclass

from terrace.domain.plan import outcome
from terrace.domain.records import BatchRecord, Stop
from terrace.domain.request import StopRequest
from terrace.domain.status import BatchStatus
from terrace.domain.views import BatchAnswer
from terrace.ports import BatchStore, Clock, Workflow
from terrace.steps.api_errors import read_small, unknown_batch
from terrace.steps.generations import ensure_running
from terrace.steps.release import release_check


@dataclass(frozen=True)
class StopBatch:
    """The step with its ports."""

    store: BatchStore
    workflow: Workflow
    clock: Clock

    def run(self, body: str | bytes) -> BatchAnswer:
        """Stops a batch, or says that it has ended already.

        Raises:
            InvalidRequestError: with every problem of the body.
            UnknownBatchError: there is no such batch.
        """
        request = read_small(body, StopRequest)
        found = self.store.load(request.batchId)
        if found is None:
            raise unknown_batch(request.batchId)
        if found[0].ended:
            return _ended_already(found[0])
        now = self.clock.now()
        if self.store.set_stop(request.batchId, Stop(mode=request.mode, at=now)):
            self.store.add_event(
                request.batchId, "STOP_REQUESTED", {"mode": request.mode.value}, now
            )
        # Read after the write: whoever parks its token from now on sees the stop by itself.
        found = self.store.load(request.batchId) or found
        batch, jobs = found
        if batch.ended:
            # Its last job ended beside this call: before the stop, or by it.
            return _stopped(batch) if batch.status is BatchStatus.STOPPED else _ended_already(batch)
        ensure_running(batch, store=self.store, workflow=self.workflow, clock=self.clock)
        release_check(batch, jobs, store=self.store, workflow=self.workflow, clock=self.clock)
        mode = batch.stop.mode if batch.stop else request.mode
        end = "STOPPED" if batch.mark is None else outcome(batch, {})
        return BatchAnswer(
            batchId=batch.batchId,
            status=batch.status,
            message=f"Batch {batch.batchId} is being stopped (mode {mode}); it ends {end}.",
        )


def _ended_already(batch: BatchRecord) -> BatchAnswer:
    return BatchAnswer(
        batchId=batch.batchId,
        status=batch.status,
        message=f"Batch {batch.batchId} had ended already: nothing was stopped.",
    )


def _stopped(batch: BatchRecord) -> BatchAnswer:
    return BatchAnswer(
        batchId=batch.batchId,
        status=batch.status,
        message=f"Batch {batch.batchId} was stopped; it has ended STOPPED.",
    )
