"""The statuses of jobs, levels and batches, one sentence each, and the sets that matter."""

from enum import StrEnum


class JobStatus(StrEnum):
    """Where one labeling job of a batch stands."""

    PENDING = "PENDING"
    """Waits for what it depends on, or for its turn."""
    STARTING = "STARTING"
    """Its name is claimed; the labeling job may or may not exist yet."""
    IN_PROGRESS = "IN_PROGRESS"
    """Its labeling job exists and people can work on it."""
    COMPLETE = "COMPLETE"
    """Every item it was given carries a label."""
    INCOMPLETE = "INCOMPLETE"
    """Some items stayed without a label, and the job's policy accepts that."""
    FAILED = "FAILED"
    """It could not be started, nothing was labeled, it expired, or its output cannot be trusted."""
    STOPPED = "STOPPED"
    """Somebody stopped it; labels made before that are kept."""
    SKIPPED = "SKIPPED"
    """Nothing had to go to people, so no labeling job was created; its lane goes on."""
    DROPPED = "DROPPED"
    """It was never started, because what it depends on failed or its batch was ended."""


JOB_TERMINAL = frozenset(
    {
        JobStatus.COMPLETE,
        JobStatus.INCOMPLETE,
        JobStatus.FAILED,
        JobStatus.STOPPED,
        JobStatus.SKIPPED,
        JobStatus.DROPPED,
    }
)
JOB_FEEDS_NEXT = frozenset({JobStatus.COMPLETE, JobStatus.INCOMPLETE, JobStatus.SKIPPED})
"""What a chained job can start from."""
JOB_CLEAN = frozenset({JobStatus.COMPLETE, JobStatus.SKIPPED})
"""What lets a batch be COMPLETE without errors."""
JOB_RANK = {
    JobStatus.PENDING: 0,
    JobStatus.STARTING: 1,
    JobStatus.IN_PROGRESS: 2,
    **dict.fromkeys(JOB_TERMINAL, 3),
}
"""Order of a job row's status within one attempt: a write never lowers it."""


class BatchStatus(StrEnum):
    """Where a batch stands; only IN_PROGRESS is not terminal."""

    IN_PROGRESS = "IN_PROGRESS"
    """It was accepted and has not ended."""
    COMPLETE = "COMPLETE"
    """Every job is COMPLETE or SKIPPED."""
    COMPLETE_WITH_ERRORS = "COMPLETE_WITH_ERRORS"
    """It ran to its end, and at least one job did not deliver all of its labels."""
    FAILED = "FAILED"
    """A job failed under `onJobFailure: fail`, or Terrace itself failed; labels made are kept."""
    STOPPED = "STOPPED"
    """Somebody stopped it; labels made are kept."""
    VALIDATION_FAIL = "VALIDATION_FAIL"
    """Found wrong after create, before any labeling job was made."""


BATCH_TERMINAL = frozenset(set(BatchStatus) - {BatchStatus.IN_PROGRESS})


class LevelStatus(StrEnum):
    """Where a level stands, computed from its jobs."""

    PENDING = "PENDING"
    """None of its jobs has started."""
    IN_PROGRESS = "IN_PROGRESS"
    """Some of its jobs have started and not all have ended."""
    COMPLETE = "COMPLETE"
    """All of its jobs have ended with labels the next level can use."""
    FAILED = "FAILED"
    """All of its jobs have ended and at least one failed or was dropped."""
    STOPPED = "STOPPED"
    """All of its jobs have ended and at least one was stopped; none failed."""


LEVEL_NAMES = (
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
)
"""`<name>Level` in `show`, `<batch>-<name>_level-<job>` in a job's id (2021 contract)."""
