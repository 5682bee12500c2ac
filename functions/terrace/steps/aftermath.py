"""What follows every change of a job: wake the batch up if it can go on, and tell the world.

Telling comes last and never stands in the way: a message that could not be sent is sent by the
reconciler.
"""

from dataclasses import dataclass, field

from terrace.domain import messages
from terrace.domain.plan import effective_statuses, level_status
from terrace.domain.records import BatchRecord, JobRecord
from terrace.domain.status import JobStatus, LevelStatus
from terrace.errors import TerraceError
from terrace.ports import BatchStore, Clock, Notifier, Workflow
from terrace.steps.release import release_check
from terrace.steps.tell import tell

_LEVEL_OVER = {LevelStatus.COMPLETE, LevelStatus.FAILED, LevelStatus.STOPPED}


@dataclass
class Aftermath:
    """What was done; `errors` are messages that could not be sent."""

    released: bool = False
    announced: int = 0
    errors: list[str] = field(default_factory=list)


def aftermath(
    batch_id: str, *, store: BatchStore, workflow: Workflow, notifier: Notifier, clock: Clock
) -> Aftermath:
    """Runs the release check, then announces failed jobs and ended levels not yet announced."""
    done = Aftermath()
    found = store.load(batch_id)
    if found is None:
        return done
    batch, jobs = found
    done.released = release_check(batch, jobs, store=store, workflow=workflow, clock=clock)
    if batch.retry_pending:
        # The rows still tell of the last run's end.
        return done
    for job in jobs:
        announce_failure(batch, job, done, store=store, notifier=notifier, clock=clock)
    for level in _ended_levels(batch, jobs):
        if _publish(batch, messages.level_complete(batch, jobs, level), notifier, done):
            store.level_announced(batch.batchId, level)
    return done


def announce_failure(
    batch: BatchRecord,
    job: JobRecord,
    done: Aftermath,
    *,
    store: BatchStore,
    notifier: Notifier,
    clock: Clock,
) -> None:
    """Says that a job failed or was stopped, if it did and nobody has said so."""
    if _untold_failure(batch, job) and _publish(
        batch, messages.job_failed(batch, job), notifier, done
    ):
        store.annotate_job(job, {"failureAnnouncedAt": clock.now()})


def untold(batch: BatchRecord, jobs: list[JobRecord]) -> bool:
    """True if a failed job or an ended level was not announced yet."""
    failures = any(_untold_failure(batch, job) for job in jobs)
    return failures or bool(_ended_levels(batch, jobs))


def _untold_failure(batch: BatchRecord, job: JobRecord) -> bool:
    # A user who stops a batch need not be told that its jobs were stopped.
    stopped = job.status is JobStatus.STOPPED and batch.stop is None
    if job.status is not JobStatus.FAILED and not stopped:
        return False
    # A job that ended with its batch is told of in the batch's own end message.
    with_batch = batch.ended and (job.endedAt or 0.0) >= (batch.endedAt or 0.0)
    return job.failureAnnouncedAt is None and not with_batch


def _ended_levels(batch: BatchRecord, jobs: list[JobRecord]) -> list[int]:
    if batch.mark is not None and batch.mark.kind == "invalid":
        return []
    statuses = effective_statuses(batch, jobs)
    levels = sorted({job.level for job in jobs} - set(batch.levelsAnnounced))
    ended = []
    for level in levels:
        found = [statuses[job.jobName] for job in jobs if job.level == level]
        # A level none of whose jobs was ever started has no end to tell of.
        if level_status(found) in _LEVEL_OVER and set(found) != {JobStatus.DROPPED}:
            ended.append(level)
    return ended


def _publish(
    batch: BatchRecord, message: messages.Message, notifier: Notifier, done: Aftermath
) -> bool:
    try:
        tell(batch, message, notifier)
    except TerraceError as error:
        done.errors.append(str(error))
        return False
    done.announced += 1
    return True
