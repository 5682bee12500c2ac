"""Reconcile: repairs, on a clock, whatever events and machines left undone.

Driven from open batches. Each repair is counted: a rising number means that events are lost.
"""

from collections import Counter
from dataclasses import dataclass, field

from pydantic import BaseModel

from terrace.domain import messages
from terrace.domain.records import BatchRecord, JobRecord, batch_of_execution, execution_name
from terrace.domain.request import StopMode
from terrace.domain.status import JobStatus
from terrace.errors import TerraceError
from terrace.ports import LabelingJob
from terrace.steps.generations import ensure_running, next_generation
from terrace.steps.notify import Notify
from terrace.steps.settle_job import Settle

CREATE_GRACE = 30.0
"""Seconds in which a POST may still be between its write and StartExecution."""
LIST_MARGIN = 300.0
"""Seconds listed before the oldest open attempt: clocks differ."""
RUNNING = {JobStatus.STARTING, JobStatus.IN_PROGRESS}


class ReconcileInput(BaseModel):
    """Nothing for a scheduled pass; an execution's name when one has just ended."""

    executionName: str | None = None


@dataclass
class Repairs:
    """What a pass did, for metrics."""

    counts: Counter[str] = field(default_factory=Counter)
    batches: int = 0
    stuck: int = 0
    finished: bool = True
    errors: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Reconcile:
    """The step with its ports."""

    settle: Settle
    notify: Notify
    period: float
    stalled_after: float
    resend_for: float

    def run(self, step: ReconcileInput, deadline: float) -> Repairs:
        """One pass, over one batch or over all open ones, until the deadline (epoch seconds)."""
        repairs = Repairs()
        store, clock = self.settle.store, self.settle.clock
        if step.executionName is not None:
            batch_id, generation = batch_of_execution(step.executionName)
            batch = store.get_batch(batch_id)
            if batch is not None and batch.generation == generation:
                self._guarded(batch_id, {}, repairs)
            return repairs
        open_ids = list(store.open_batches(store.cursor()))
        jobs = self._labeling_jobs(open_ids, repairs)
        after: float | None = None
        for batch_id in open_ids:
            if clock.now() > deadline:
                repairs.finished = False
                break
            after = self._guarded(batch_id, jobs, repairs) or after
        store.set_cursor(None if repairs.finished else after)
        return repairs

    def _labeling_jobs(self, open_ids: list[str], repairs: Repairs) -> dict[str, LabelingJob]:
        """Labeling jobs since the oldest open attempt, by lower-case name; one list for all."""
        oldest: float | None = None
        for batch_id in open_ids:
            found = self.settle.store.load(batch_id)
            for job in found[1] if found else []:
                if job.status in RUNNING and job.attemptStartedAt is not None:
                    oldest = min(oldest or job.attemptStartedAt, job.attemptStartedAt)
        if oldest is None:
            return {}
        try:
            listed = list(self.settle.engine.list_since(oldest - LIST_MARGIN))
        except TerraceError as error:
            # Each open job is described instead: slower, and just as right.
            repairs.errors.append(str(error))
            return {}
        return {job.name.lower(): job for job in listed}

    def _guarded(
        self, batch_id: str, listed: dict[str, LabelingJob], repairs: Repairs
    ) -> float | None:
        """One batch; its trouble must not keep the others from being looked at."""
        try:
            return self._batch(batch_id, listed, repairs)
        except (TerraceError, ValueError) as error:
            repairs.errors.append(f"{batch_id}: {error}")
            return None

    def _batch(
        self, batch_id: str, listed: dict[str, LabelingJob], repairs: Repairs
    ) -> float | None:
        found = self.settle.store.load(batch_id)
        if found is None:
            return None
        batch, jobs = found
        repairs.batches += 1
        if batch.ended:
            self._rechecked(jobs, repairs)
            self._resend(batch, repairs)
            if batch.messageSentAt is not None:
                self.settle.store.close_batch(batch_id)
            return batch.createdAt
        self._rechecked(jobs, repairs)
        for job in jobs:
            if job.status in RUNNING or (job.status is JobStatus.PENDING and job.nonce):
                self._job(batch, job, listed, repairs)
        after = self.settle.after(batch_id)
        repairs.counts["released"] += after.released
        repairs.errors += after.errors
        self._execution(batch_id, repairs)
        return batch.createdAt

    # --- jobs ----------------------------------------------------------------------------
    def _job(
        self,
        batch: BatchRecord,
        job: JobRecord,
        listed: dict[str, LabelingJob],
        repairs: Repairs,
    ) -> None:
        settle = self.settle
        summary = listed.get(job.attemptName.lower())
        if job.status is JobStatus.IN_PROGRESS and summary is not None and not summary.terminal:
            outcome = "running"
            if job.counters != summary.counters:
                settle.store.annotate_job(
                    job, {"counters": summary.counters, "countersAt": settle.clock.now()}
                )
        else:
            # Not listed, or listed as ended: only Describe knows tags and output.
            outcome = settle.job(job, settle.engine.describe(job.attemptName), reconciling=True)
        if outcome == "running":
            self._late(batch, job, repairs)
        elif outcome not in {"unknown", "foreign", "lost"}:
            repairs.counts[f"settled_{outcome}"] += 1

    def _late(self, batch: BatchRecord, job: JobRecord, repairs: Repairs) -> None:
        """Stops what is past its time-out or was marked; announces what stands still."""
        settle = self.settle
        now = settle.clock.now()
        limit = job.spec.jobCompletionTimeoutInSeconds
        started = job.attemptStartedAt or job.startedAt or now
        if limit is not None and now - started > limit:
            if job.expiredAt is None:
                settle.store.annotate_job(job, {"expiredAt": now})
            settle.engine.stop(job.attemptName)
            repairs.counts["expired"] += 1
            return
        if batch.stop is not None and batch.stop.mode is StopMode.stop and job.stopRequestedAt:
            # A stop that took no effect is asked for again.
            settle.engine.stop(job.attemptName)
            return
        moved = max(job.countersAt or started, started)
        if now - moved > self.stalled_after and job.stalledAnnouncedAt is None:
            message = messages.job_stalled(batch, job)
            settle.notifier.publish(
                batch.destinationSnsArn, message.subject, message.body, message.attributes
            )
            settle.store.annotate_job(job, {"stalledAnnouncedAt": now})
            repairs.counts["stalled"] += 1

    def _rechecked(self, jobs: list[JobRecord], repairs: Repairs) -> None:
        """Claims without a known labeling job, also of terminal rows: none may run unseen."""
        settle = self.settle
        for job in jobs:
            if not job.ended or not job.claimOpen:
                continue
            found = settle.engine.describe(job.attemptName)
            ours = found is not None and job.nonce in found.tags.values()
            if found is not None and ours and not found.terminal:
                settle.engine.stop(job.attemptName)
                repairs.counts["orphan_stopped"] += 1
            arn = found.arn if found is not None and ours else job.labelingJobArn
            settle.store.annotate_job(job, {"claimOpen": False, "labelingJobArn": arn})

    # --- the batch -------------------------------------------------------------------------
    def _execution(self, batch_id: str, repairs: Repairs) -> None:
        """Starts a missing execution; replaces one that is dead or does not move."""
        settle = self.settle
        store, workflow, clock = settle.store, settle.workflow, settle.clock
        batch = store.get_batch(batch_id)
        if batch is None or batch.ended:
            return
        if batch.executionArn is None:
            if clock.now() - batch.updatedAt > CREATE_GRACE:
                ensure_running(batch, store=store, workflow=workflow, clock=clock)
                repairs.counts["execution_started"] += 1
            return
        execution = workflow.describe(execution_name(batch_id, batch.generation))
        why = None
        if execution is None:
            why = "its execution does not exist"
        elif execution.status not in {"RUNNING", "PENDING_REDRIVE"}:
            why = f"its execution ended {execution.status}"
        elif self._stands_still(batch):
            why = "its execution did not move after it was released"
        if why is not None:
            repairs.stuck += 1
            if next_generation(batch, why, store=store, workflow=workflow, clock=clock):
                repairs.counts["generation"] += 1

    def _stands_still(self, batch: BatchRecord) -> bool:
        park = batch.park
        return (
            park is not None
            and park.nudgedAt is not None
            and (park.generation, park.wave) == (batch.generation, batch.wave)
            and self.settle.clock.now() - park.nudgedAt > self.period
        )

    def _resend(self, batch: BatchRecord, repairs: Repairs) -> None:
        """An end message that is not out yet is sent again, for a day; then it is an alarm."""
        now = self.settle.clock.now()
        ended = batch.endedAt or now
        if batch.messageSentAt is not None or now - ended < min(self.period, CREATE_GRACE):
            return
        if now - ended > self.resend_for:
            repairs.stuck += 1
            return
        self.notify.run(batch.batchId, batch.generation)
        repairs.counts["resent"] += 1
