"""settle_job: what an ended labeling job means. The same step behind events and reconciler.

An event carries a name and a status; neither is believed. The labeling job is described, its
output is counted, and one conditional write ends the attempt. A late, repeated or foreign event
changes nothing, and still runs the release check.
"""

import math
from dataclasses import dataclass
from typing import Any

from terrace.domain.plan import nothing_new
from terrace.domain.records import AttemptRecord, BatchRecord, Counters, JobRecord
from terrace.domain.settle import Evidence, Output, Verdict, judge
from terrace.domain.status import JobStatus
from terrace.ports import (
    BatchStore,
    Clock,
    LabelingEngine,
    LabelingJob,
    Notifier,
    ObjectStore,
    Workflow,
)
from terrace.steps.aftermath import Aftermath, aftermath
from terrace.steps.job_output import SeenOutput, look_at_output, merged_output
from terrace.steps.start_job import fails_with_its_jobs, is_attempt, job_failure_mark

CLEARED_FOR_RETRY: dict[str, Any] = {
    "inputManifestS3Uri": None,
    "linesS3Uri": None,
    "nonce": None,
    "claimOpen": False,
    "labelingJobArn": None,
    "counters": None,
    "countersAt": None,
    "attemptStartedAt": None,
    "suspectAt": None,
    "unseenAt": None,
    "expiredAt": None,
    "stalledAnnouncedAt": None,
    "deferrals": 0,
    "brokenStarts": 0,
}


@dataclass(frozen=True)
class Settled:
    """What settling found: `outcome` is for logs and metrics."""

    outcome: str
    """unknown | foreign | late | running | suspect | lost | a job status."""
    after: Aftermath


@dataclass(frozen=True)
class Settle:
    """The step with its ports."""

    store: BatchStore
    objects: ObjectStore
    engine: LabelingEngine
    workflow: Workflow
    notifier: Notifier
    clock: Clock
    batch_bucket: str
    look_again_after: float = 0.0
    """Seconds between two looks at an output, before it is held to be what it will always be."""

    def by_name(self, labeling_job_name: str) -> Settled:
        """Settles the job behind a labeling job's name, as an event gives it."""
        claim = self.store.get_claim(labeling_job_name)
        if claim is None:
            return Settled("unknown", Aftermath())
        job = self.store.get_job(claim.batchId, claim.level, claim.jobName)
        if job is None:
            return Settled("unknown", Aftermath())
        outcome = "late"
        if claim.attempt == job.attempt and not job.ended:
            outcome = self.job(job, self.engine.describe(job.attemptName))
        return Settled(outcome, self.after(job.batchId))

    def after(self, batch_id: str) -> Aftermath:
        """Release check and announcements."""
        return aftermath(
            batch_id,
            store=self.store,
            workflow=self.workflow,
            notifier=self.notifier,
            clock=self.clock,
        )

    def job(self, job: JobRecord, found: LabelingJob | None, *, reconciling: bool = False) -> str:
        """Writes what is true of the job's current attempt; returns the outcome's name."""
        if found is None:
            return "unknown"
        if not is_attempt(found, job, self.batch_bucket):
            return "foreign"
        if job.status in {JobStatus.PENDING, JobStatus.STARTING}:
            if self.store.job_created(job, found.arn, self.clock.now()):
                job = job.model_copy(update={"status": JobStatus.IN_PROGRESS})
            else:
                # StartJob may have recorded it meanwhile: this event must settle it all the same.
                row = self.store.get_job(job.batchId, job.level, job.jobName)
                if row is None or not _runs(row, job.attempt):
                    return "lost"
                job = row
        if not found.terminal:
            self._note_counters(job, found.counters)
            return "running"
        return self._end(job, found, reconciling=reconciling)

    def _note_counters(self, job: JobRecord, counters: Counters) -> None:
        if job.counters != counters:
            self.store.note_counters(job, counters, self.clock.now())

    def _end(self, job: JobRecord, found: LabelingJob, *, reconciling: bool) -> str:
        batch = self.store.get_batch(job.batchId)
        if batch is None:
            return "unknown"
        seen = look_at_output(job, found, self.objects)
        waited = self.clock.now() - (job.suspectAt or math.inf)
        again = reconciling and waited >= self.look_again_after
        verdict = judge(job, _evidence(batch, job, found, seen, looked_before=again))
        if verdict.status is None:
            if job.suspectAt is None:
                self.store.annotate_job(job, {"suspectAt": self.clock.now()})
            return "suspect"
        return self._write(batch, job, found, seen, verdict)

    def give_up(self, job: JobRecord, why: str, *, watched: bool = False) -> str:
        """FAILED, where nothing can be known of the labeling job; earlier attempts' labels stay.

        `watched`: the labeling job may run on. The claim is open again, so that it is stopped as
        soon as it can be, and no retry asks for its items before.
        """
        batch = self.store.get_batch(job.batchId)
        if batch is None:
            return "unknown"
        now = self.clock.now()
        reason = f"labeling job {job.attemptName} {why}"
        mark = None
        if fails_with_its_jobs(batch):
            mark = job_failure_mark(job, reason, now)
        changes = {
            "failureReason": reason,
            "endedAt": now,
            "numItemsLabeled": sum(attempt.numItemsLabeled for attempt in job.attempts),
            "claimOpen": watched,
        }
        if not self.store.end_attempt(job, JobStatus.FAILED, changes, mark):
            return "lost"
        self.store.add_event(
            job.batchId, "JOB_FAILED", {"jobName": job.jobName, "reason": reason}, now
        )
        return JobStatus.FAILED.value

    def _write(
        self,
        batch: BatchRecord,
        job: JobRecord,
        found: LabelingJob,
        seen: SeenOutput,
        verdict: Verdict,
    ) -> str:
        now = self.clock.now()
        ended = _attempt_record(job, found, seen, now)
        attempts = [*job.attempts, ended]
        status = verdict.status or job.status
        changes: dict[str, Any] = {"attempts": attempts}
        mark = None
        if verdict.retry:
            changes |= {**CLEARED_FOR_RETRY, "attempt": job.attempt + 1}
            if verdict.lot:
                # It asks nobody by itself: it does not count as one of maxAttempts.
                changes |= {"judgeLot": True, "firstAttempt": job.firstAttempt + 1}
        else:
            # The file first, the row after: a row never names an output that is not there.
            merged = merged_output(job, attempts, self.objects, self.batch_bucket)
            changes |= {
                "outputManifestS3Uri": merged,
                "numItemsLabeled": sum(attempt.numItemsLabeled for attempt in attempts),
                "counters": found.counters,
                "countersAt": now,
                "endedAt": now,
                "failureReason": verdict.reason,
                "suspectAt": None,
                "unseenAt": None,
                "claimOpen": False,
            }
            failed = status in {JobStatus.FAILED, JobStatus.STOPPED}
            if failed and fails_with_its_jobs(batch):
                mark = job_failure_mark(job, verdict.reason, now)
        if not self.store.end_attempt(job, status, changes, mark):
            return "lost"
        self.store.add_event(
            job.batchId,
            "ATTEMPT_ENDED" if verdict.retry else "JOB_ENDED",
            {
                "jobName": job.jobName,
                "attempt": job.attempt,
                "status": status.value,
                "groundTruth": found.status,
                "labeled": ended.numItemsLabeled,
                "items": ended.numItems,
                "reason": verdict.reason or "",
            },
            now,
        )
        return status.value


def _runs(row: JobRecord, attempt: int) -> bool:
    return row.status is JobStatus.IN_PROGRESS and row.attempt == attempt


def _evidence(
    batch: BatchRecord,
    job: JobRecord,
    found: LabelingJob,
    seen: SeenOutput,
    *,
    looked_before: bool,
) -> Evidence:
    before = sum(attempt.numItemsLabeled for attempt in job.attempts)
    readable = seen.kind is Output.readable
    items = seen.summary.lines if readable else max(0, (job.numItems or 0) - before)
    return Evidence(
        engine_status=found.status,
        engine_reason=found.failureReason,
        counted=found.counters.totalLabeled,
        output=seen.kind,
        output_problem=seen.problem,
        labeled=len(seen.summary.labeled) if readable else 0,
        items=items,
        labeled_before=before,
        stopped_by_mark=nothing_new(batch, []),
        looked_before=looked_before,
        first_reason=seen.summary.first_reason,
    )


def _attempt_record(
    job: JobRecord, found: LabelingJob, seen: SeenOutput, at: float
) -> AttemptRecord:
    readable = seen.kind is Output.readable
    return AttemptRecord(
        attempt=job.attempt,
        name=job.attemptName,
        status=found.status,
        reason=found.failureReason or seen.problem or seen.summary.first_reason,
        inputManifestS3Uri=job.inputManifestS3Uri,
        linesS3Uri=job.linesS3Uri,
        outputManifestS3Uri=seen.uri if readable else None,
        numItems=seen.summary.lines if readable else 0,
        numItemsLabeled=len(seen.summary.labeled) if readable else 0,
        endedAt=at,
    )
