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
from terrace.errors import PermanentError, TerraceError
from terrace.ports import Json, LabelingJob
from terrace.steps.aftermath import untold
from terrace.steps.generations import ensure_running, next_generation
from terrace.steps.notify import Notify
from terrace.steps.settle_job import Settle
from terrace.steps.start_job import is_attempt
from terrace.steps.tell import tell

CREATE_GRACE = 30.0
"""Seconds in which a POST may still be between its write and StartExecution."""
LIST_MARGIN = 300.0
"""Seconds listed before the oldest open attempt: clocks differ."""
CLAIM_GRACE = 300.0
"""Seconds after a claim in which a StartJob that was given up may still create its job."""
GIVE_UP = 86_400.0
"""Seconds in which a labeling job that cannot be looked at is tried again."""
END_GRACE = 10_800.0
"""Seconds after a batch's end that its execution has for report, delivery and message."""
SHORT_LIVED = 20.0
"""An execution that ends sooner, as a replacement, would fail again: not replaced at its event."""
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
class Pass:
    """One pass: what was listed, when it must end, and what it did."""

    deadline: float
    repairs: Repairs
    listed: dict[str, LabelingJob] | None = None
    """Labeling jobs by lower-case name; None: not listed, each must be described."""
    created: dict[str, float] = field(default_factory=dict)
    """When each open batch was created: the places a cursor can have."""
    on_event: bool = False
    """An execution has just ended; otherwise the schedule calls."""


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
        store = self.settle.store
        if step.executionName is not None:
            batch_id, generation = batch_of_execution(step.executionName)
            batch = store.get_batch(batch_id)
            if batch is not None and batch.generation == generation:
                self._guarded(batch_id, Pass(deadline, repairs, on_event=True))
            return repairs
        place = store.cursor()
        open_ids = list(store.open_batches(place))
        if place is not None:
            # What the last pass did not come to, first; then from the start.
            later = set(open_ids)
            open_ids += [one for one in store.open_batches(None) if one not in later]
        self._all(open_ids, self._survey(open_ids, deadline, repairs))
        return repairs

    def _all(self, open_ids: list[str], this: Pass) -> None:
        """Each batch in turn; whatever stops the pass, the next one goes on behind it."""
        place: float | None = None
        try:
            for batch_id in open_ids:
                if self._time_is_up(this):
                    break
                place = this.created.get(batch_id, place)
                self._guarded(batch_id, this)
            if this.repairs.finished:
                place = None
        finally:
            self.settle.store.set_cursor(place)

    def _time_is_up(self, this: Pass) -> bool:
        if self.settle.clock.now() > this.deadline:
            this.repairs.finished = False
        return not this.repairs.finished

    def _survey(self, open_ids: list[str], deadline: float, repairs: Repairs) -> Pass:
        """Labeling jobs since the oldest open attempt; one list for all batches."""
        oldest: float | None = None
        created: dict[str, float] = {}
        for batch_id in open_ids:
            try:
                found = self.settle.store.load(batch_id)
            except (TerraceError, ValueError) as error:
                repairs.errors.append(f"{batch_id}: {error}")
                continue
            if found is None:
                continue
            created[batch_id] = found[0].createdAt
            for job in found[1]:
                if _may_run(job) and job.attemptStartedAt is not None:
                    oldest = min(oldest or job.attemptStartedAt, job.attemptStartedAt)
        listed: dict[str, LabelingJob] | None = {}
        if oldest is not None:
            try:
                since = self.settle.engine.list_since(oldest - LIST_MARGIN)
                listed = {job.name.lower(): job for job in since}
            except TerraceError as error:
                # Each open job is described instead: slower, and just as right.
                repairs.errors.append(str(error))
                listed = None
        return Pass(deadline, repairs, listed, created=created)

    def _guarded(self, batch_id: str, this: Pass) -> None:
        """One batch; its trouble must not keep the others from being looked at."""
        try:
            self._batch(batch_id, this)
        except (TerraceError, ValueError) as error:
            this.repairs.errors.append(f"{batch_id}: {error}")

    def _batch(self, batch_id: str, this: Pass) -> None:
        found = self.settle.store.load(batch_id)
        if found is None:
            return
        batch, jobs = found
        this.repairs.batches += 1
        for job in jobs:
            if self._time_is_up(this):
                break
            self._guarded_job(batch, job, this)
        after = self.settle.after(batch_id)
        this.repairs.counts["released"] += after.released
        this.repairs.errors += after.errors
        if batch.ended:
            self._resend(batch, this.repairs)
            self._close(batch_id)
        else:
            self._execution(batch_id, this)

    # --- jobs ----------------------------------------------------------------------------
    def _guarded_job(self, batch: BatchRecord, job: JobRecord, this: Pass) -> None:
        """One job; its trouble must not keep its siblings, or the batch, from going on."""
        try:
            if job.ended:
                self._recheck_claim(job, this.repairs)
            elif not batch.ended and _may_run(job):
                self._job(batch, job, this)
        except (PermanentError, ValueError) as error:
            this.repairs.errors.append(f"{batch.batchId} {job.jobName}: {error}")
            if job.status is JobStatus.IN_PROGRESS:
                why = f"cannot be settled: {error}"
                self._unseen(job, why, GIVE_UP, this.repairs, watched=True)
        except TerraceError as error:
            this.repairs.errors.append(f"{batch.batchId} {job.jobName}: {error}")

    def _unseen(
        self, job: JobRecord, why: str, patience: float, repairs: Repairs, *, watched: bool = False
    ) -> None:
        """Waits for as long as told, then gives the labeling job up: no batch hangs on it.

        The wait is of looks that all went wrong: one that did not starts it anew.
        """
        now = self.settle.clock.now()
        if job.unseenAt is None:
            self.settle.store.annotate_job(job, {"unseenAt": now})
        elif now - job.unseenAt > patience:
            self.settle.give_up(job, why, watched=watched)
            repairs.counts["given_up"] += 1

    def _seen(self, job: JobRecord, outcome: str) -> None:
        """Takes back what was held against a labeling job that runs, or can be looked at."""
        changes: dict[str, Json] = {}
        if job.unseenAt is not None:
            changes["unseenAt"] = None
        if outcome == "running" and job.suspectAt is not None:
            changes["suspectAt"] = None
        if changes:
            self.settle.store.annotate_job(job, changes)

    def _job(self, batch: BatchRecord, job: JobRecord, this: Pass) -> None:
        settle, repairs = self.settle, this.repairs
        summary = (this.listed or {}).get(job.attemptName.lower())
        running = job.status is JobStatus.IN_PROGRESS
        if running and summary is not None and not summary.terminal:
            outcome = "running"
            if job.counters != summary.counters:
                settle.store.note_counters(job, summary.counters, settle.clock.now())
        elif not running and summary is None and this.listed is not None:
            # It does not exist yet: a describe for each job that waits for a quota costs too much.
            return
        else:
            # Not listed, or listed as ended: only Describe knows tags and output.
            outcome = settle.job(job, settle.engine.describe(job.attemptName), reconciling=True)
        if outcome in {"running", "suspect"}:
            self._seen(job, outcome)
        if outcome == "running":
            try:
                self._late(batch, job, repairs)
            except TerraceError as error:
                # A stop or a message that fails says nothing against the labeling job.
                repairs.errors.append(f"{batch.batchId} {job.jobName}: {error}")
        elif outcome in {"unknown", "foreign"} and running:
            self._unseen(job, "no longer exists", CREATE_GRACE, repairs)
        elif outcome not in {"unknown", "foreign", "lost"}:
            repairs.counts[f"settled_{outcome}"] += 1

    def _late(self, batch: BatchRecord, job: JobRecord, repairs: Repairs) -> None:
        """Stops what is past its time-out or was told to stop; announces what stands still."""
        settle = self.settle
        now = settle.clock.now()
        if batch.stop is not None and batch.stop.mode is StopMode.stop:
            # The machine has asked once, or could not; asking again is harmless.
            settle.engine.stop(job.attemptName)
            if job.stopRequestedAt is None:
                settle.store.annotate_job(job, {"stopRequestedAt": now})
            repairs.counts["stopped"] += 1
            return
        limit = job.spec.jobCompletionTimeoutInSeconds
        started = job.attemptStartedAt or job.startedAt or now
        if limit is not None and now - started > limit:
            if job.expiredAt is None:
                settle.store.annotate_job(job, {"expiredAt": now})
            settle.engine.stop(job.attemptName)
            repairs.counts["expired"] += 1
            return
        moved = max(job.countersAt or started, started)
        if now - moved > self.stalled_after and job.stalledAnnouncedAt is None:
            message = messages.job_stalled(batch, job)
            tell(batch, message, settle.notifier)
            settle.store.annotate_job(job, {"stalledAnnouncedAt": now})
            repairs.counts["stalled"] += 1

    def _recheck_claim(self, job: JobRecord, repairs: Repairs) -> None:
        """A claim without a known labeling job, of a row that has ended: none may run unseen."""
        settle = self.settle
        if not job.claimOpen:
            return
        found = settle.engine.describe(job.attemptName)
        if found is not None and is_attempt(found, job, settle.batch_bucket):
            if found.terminal:
                # A retry looks for its labels before it asks anybody again.
                ended = {"claimOpen": False, "labelingJobArn": found.arn}
                settle.store.annotate_job(job, ended)
                return
            if found.status != "Stopping":
                settle.engine.stop(job.attemptName)
                repairs.counts["orphan_stopped"] += 1
            told = {"stopRequestedAt": settle.clock.now(), "labelingJobArn": found.arn}
            settle.store.annotate_job(job, told)
        elif settle.clock.now() - (job.attemptStartedAt or 0.0) > CLAIM_GRACE:
            settle.store.annotate_job(job, {"claimOpen": False})

    # --- the batch -------------------------------------------------------------------------
    def _execution(self, batch_id: str, this: Pass) -> None:
        """Starts a missing execution; replaces one that is dead or does not move."""
        settle, repairs = self.settle, this.repairs
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
            if this.on_event and self._is_short_lived(batch):
                return
            if next_generation(batch, why, store=store, workflow=workflow, clock=clock):
                repairs.counts["generation"] += 1

    def _is_short_lived(self, batch: BatchRecord) -> bool:
        started = batch.executionStartedAt
        return (
            batch.generation > 1
            and started is not None
            and self.settle.clock.now() - started < SHORT_LIVED
        )

    def _stands_still(self, batch: BatchRecord) -> bool:
        park = batch.park
        return (
            park is not None
            and park.nudgedAt is not None
            and (park.generation, park.wave) == (batch.generation, batch.wave)
            # Passes come a period apart, give or take some seconds.
            and self.settle.clock.now() - park.nudgedAt > self.period / 2
        )

    def _resend(self, batch: BatchRecord, repairs: Repairs) -> None:
        """An end message that is not out yet is sent again, for a day; then it is an alarm.

        An own topic that was closed to us all that time is given up for the stack's.
        """
        now = self.settle.clock.now()
        ended = batch.endedAt or now
        if batch.messageSentAt is not None or now - ended < min(self.period, CREATE_GRACE):
            return
        if now - ended < END_GRACE and self._at_work(batch):
            return
        at_last = now - ended > self.resend_for
        if at_last:
            repairs.stuck += 1
            if batch.destinationSnsArn is None:
                return
        self.notify.run(batch.batchId, batch.generation, at_last=at_last)
        repairs.counts["resent"] += 1

    def _at_work(self, batch: BatchRecord) -> bool:
        """True while the execution writes what the message is to name: report, manifests."""
        name = execution_name(batch.batchId, batch.generation)
        execution = self.settle.workflow.describe(name)
        return execution is not None and execution.status == "RUNNING"

    def _close(self, batch_id: str) -> None:
        """Takes the batch from the work list once all is told and no claim is open.

        After a day, what could not be told is left: the end message has said it all.
        """
        found = self.settle.store.load(batch_id)
        if found is None or found[0].messageSentAt is None:
            return
        batch, jobs = found
        given_up = self.settle.clock.now() - (batch.endedAt or 0.0) > self.resend_for
        if not any(job.claimOpen for job in jobs) and (given_up or not untold(batch, jobs)):
            self.settle.store.close_batch(batch_id)


def _may_run(job: JobRecord) -> bool:
    """True if the job may have a labeling job; a PENDING one, if its start came to nothing."""
    return job.status in RUNNING or (job.status is JobStatus.PENDING and job.nonce is not None)
