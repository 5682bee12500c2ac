"""What a batch does next: the one place that decides. Pure; everything else only nudges it.

`next_wave(batch, jobs, now)` is asked by PlanWave before it starts anything, by ParkWave after it
has stored its token, and by every settle: a wait is released if and only if the answer is
"something to start" or "over". No counters: the answer is computed from the job rows alone.
"""

from dataclasses import dataclass, field

from terrace.domain.records import BatchRecord, JobRecord
from terrace.domain.request import OnJobFailure, Pacing, StopMode
from terrace.domain.status import (
    JOB_CLEAN,
    JOB_FEEDS_NEXT,
    JOB_TERMINAL,
    BatchStatus,
    JobStatus,
    LevelStatus,
)

WAVE_MAX = 200
"""Jobs one turn of the state machine starts: ids of 200 jobs stay far below 256 KiB."""
PROBE_MAX = 10
"""How many deferred jobs are tried again at once while nothing is known of the quota."""
EVENTS_PER_TURN = 17
EVENTS_PER_JOB = 14
EVENTS_AT_ENDS = 48
"""Step Functions history events: PlanWave to WaitForJobs; one iteration of the Map; TransformBatch
and the way from the last PlanWave to the end. Counted with GetExecutionHistory
(docs/architecture.md); a retried task adds 3.
"""


@dataclass(frozen=True)
class Wave:
    """What the batch should do now."""

    starts: list[JobRecord] = field(default_factory=list)
    over: bool = False
    outcome: BatchStatus | None = None
    wait_until: float | None = None
    """Earliest time at which waiting alone makes something ready."""

    @property
    def nudge(self) -> bool:
        """True if a waiting execution has something to do."""
        return self.over or bool(self.starts)


def effective_statuses(batch: BatchRecord, jobs: list[JobRecord]) -> dict[str, JobStatus]:
    """Each job's status as a reader must see it: DROPPED as soon as it can no longer start.

    A PENDING job whose source (or source's source) did not deliver is DROPPED, and so is every
    PENDING job of a batch that is marked, or that failed under `onJobFailure: fail`. One that
    waits for a further attempt has been worked on: it is not DROPPED, its labels count.
    """
    closed = nothing_new(batch, jobs)
    found: dict[str, JobStatus] = {}
    for job in sorted(jobs, key=lambda j: (j.level, j.index)):
        status = job.status
        if status is JobStatus.PENDING:
            source = job.spec.inputConfig.chainFromJobName
            source_status = found.get(source) if source else None
            dead = source_status in JOB_TERMINAL and source_status not in JOB_FEEDS_NEXT
            if closed or dead:
                status = ended_early(job)
        found[job.jobName] = status
    return found


def ended_early(job: JobRecord) -> JobStatus:
    """What a PENDING job is once it can no longer start."""
    if not any(attempt.made for attempt in job.attempts):
        return JobStatus.DROPPED
    labeled = sum(attempt.numItemsLabeled for attempt in job.attempts)
    return JobStatus.INCOMPLETE if labeled else JobStatus.FAILED


def nothing_new(batch: BatchRecord, jobs: list[JobRecord]) -> bool:
    """True if the batch may start nothing more: marked, ended, or failed by its policy.

    In a retried batch, a job that failed before and is not tried again stands in nobody's way.
    """
    if batch.mark is not None or batch.stop is not None or batch.ended:
        return True
    if batch.onJobFailure is not OnJobFailure.fail:
        return False
    return any(
        job.status in {JobStatus.FAILED, JobStatus.STOPPED} and job.generation >= batch.run
        for job in jobs
    )


def next_wave(batch: BatchRecord, jobs: list[JobRecord], now: float) -> Wave:
    """Which jobs to start now (at most 200), or how the batch ends, or that it waits.

    A STARTING job is always listed: whoever claimed it may have died, and only StartJob can say
    whether its labeling job exists. In a marked batch StartJob settles that, and starts nothing.
    In a batch that is stopped, running jobs are listed once each, so that StartJob stops them.
    """
    if batch.mark is not None and batch.mark.kind == "invalid":
        return Wave(over=True, outcome=BatchStatus.VALIDATION_FAIL)
    if not jobs and batch.mark is None and batch.stop is None:
        # Its rows are not written yet: nothing is over.
        return Wave()
    statuses = effective_statuses(batch, jobs)
    starting = [job for job in jobs if job.status is JobStatus.STARTING]
    ready = [
        job
        for job in jobs
        if statuses[job.jobName] is JobStatus.PENDING and _may_start(batch, job, jobs, statuses)
    ]
    chosen = _within_quota(jobs, [job for job in ready if not _backs_off(job, now)], now)
    starts = (starting + to_stop(batch, jobs) + chosen)[:WAVE_MAX]
    if starts:
        return Wave(starts=starts)
    if any(status not in JOB_TERMINAL for status in statuses.values()):
        times = [job.notBefore for job in ready if job.notBefore is not None]
        return Wave(wait_until=min(times, default=None))
    return Wave(over=True, outcome=outcome(batch, statuses))


def to_stop(batch: BatchRecord, jobs: list[JobRecord]) -> list[JobRecord]:
    """Running jobs whose labeling jobs have not been asked to stop yet, in a batch that is."""
    if batch.stop is None or batch.stop.mode is not StopMode.stop:
        return []
    return [
        job for job in jobs if job.status is JobStatus.IN_PROGRESS and job.stopRequestedAt is None
    ]


def _may_start(
    batch: BatchRecord, job: JobRecord, jobs: list[JobRecord], statuses: dict[str, JobStatus]
) -> bool:
    """Whether everything the job depends on has ended (that it delivered is checked before)."""
    source = job.spec.inputConfig.chainFromJobName
    if source is not None and statuses[source] not in JOB_FEEDS_NEXT:
        return False
    if batch.pacing is Pacing.dependency:
        return True
    return all(statuses[j.jobName] in JOB_TERMINAL for j in jobs if j.level < job.level)


def _backs_off(job: JobRecord, now: float) -> bool:
    """True if the job alone waits, after an error that may pass; a full quota is all jobs' wait."""
    return job.deferredAt is None and job.notBefore is not None and job.notBefore > now


def _within_quota(jobs: list[JobRecord], ready: list[JobRecord], now: float) -> list[JobRecord]:
    """All of them; or, since a quota was found full, one for each job that has ended since.

    Where only time has passed since the last refusal, a few are tried as a probe. Jobs never
    tried come first, then those refused longest ago: no job is passed over for ever.
    """
    refused = [job for job in ready if job.deferredAt is not None]
    if not refused:
        return ready
    last = max(refused, key=lambda job: job.deferredAt or 0.0)
    freed = sum(1 for job in jobs if _capacity_freed_at(job) > (last.deferredAt or 0.0))
    due = last.notBefore is None or last.notBefore <= now
    waiting = sorted(ready, key=lambda job: job.deferredAt or 0.0)
    return waiting[: max(freed, PROBE_MAX if due else 0)]


def _capacity_freed_at(job: JobRecord) -> float:
    ended = [attempt.endedAt for attempt in job.attempts if attempt.endedAt is not None]
    return max([*ended, job.endedAt or 0.0], default=0.0)


def outcome(batch: BatchRecord, statuses: dict[str, JobStatus]) -> BatchStatus:
    """How a batch with nothing left to run ends."""
    if batch.mark is not None:
        return {
            "invalid": BatchStatus.VALIDATION_FAIL,
        }.get(batch.mark.kind, BatchStatus.FAILED)
    if batch.stop is not None:
        return BatchStatus.STOPPED
    found = set(statuses.values())
    if batch.onJobFailure is OnJobFailure.fail and found & {JobStatus.FAILED, JobStatus.STOPPED}:
        return BatchStatus.FAILED
    if found <= JOB_CLEAN:
        return BatchStatus.COMPLETE
    if not found & JOB_FEEDS_NEXT:
        return BatchStatus.FAILED
    return BatchStatus.COMPLETE_WITH_ERRORS


def level_status(statuses: list[JobStatus]) -> LevelStatus:
    """The status of a level with these jobs (at least one)."""
    found = set(statuses)
    if found <= {JobStatus.PENDING}:
        return LevelStatus.PENDING
    if not found <= JOB_TERMINAL:
        return LevelStatus.IN_PROGRESS
    if found <= JOB_FEEDS_NEXT:
        return LevelStatus.COMPLETE
    if found & {JobStatus.FAILED, JobStatus.DROPPED}:
        return LevelStatus.FAILED
    return LevelStatus.STOPPED
