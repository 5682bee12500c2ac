"""What a retried batch does again: what did not deliver, and what depends on it. Pure.

Finished human work is never redone: a job that is opened again gets only items without a label.
"""

from dataclasses import dataclass
from typing import Any

from terrace.domain.records import NOT_CREATED, UNKNOWN, AttemptRecord, JobRecord, attempt_name
from terrace.domain.status import JOB_FEEDS_NEXT, JobStatus

NAME_MAX = 63
"""Ground Truth's limit for the name of a labeling job."""
NOT_DELIVERED = frozenset(
    {JobStatus.FAILED, JobStatus.STOPPED, JobStatus.INCOMPLETE, JobStatus.DROPPED}
)
_CLEARED: dict[str, Any] = {
    "inputManifestS3Uri": None,
    "linesS3Uri": None,
    "nonce": None,
    "claimOpen": False,
    "labelingJobArn": None,
    "outputManifestS3Uri": None,
    "numItemsLabeled": None,
    "counters": None,
    "countersAt": None,
    "attemptStartedAt": None,
    "endedAt": None,
    "deferredAt": None,
    "notBefore": None,
    "deferrals": 0,
    "brokenStarts": 0,
    "suspectAt": None,
    "unseenAt": None,
    "expiredAt": None,
    "stalledAnnouncedAt": None,
    "failureAnnouncedAt": None,
    "failureReason": None,
    "stopRequestedAt": None,
}


@dataclass(frozen=True)
class Reopened:
    """A job that runs again, and what is written on its row."""

    job: JobRecord
    changes: dict[str, Any]

    @property
    def attempt(self) -> int:
        """The attempt it will run."""
        return int(self.changes["attempt"])

    @property
    def unsure(self) -> bool:
        """True if its last labeling job may still come to be, or has not come to its end.

        It has items that no other should have, until it has left what it has of their labels.
        """
        known_to_stop = self.job.stopRequestedAt is not None
        return self.job.claimOpen and (known_to_stop or self.attempt > self.job.attempt)

    @property
    def name_fits(self) -> bool:
        """False if the attempt's name is longer than Ground Truth allows."""
        return len(attempt_name(self.job.jobName, self.attempt)) <= NAME_MAX


def reopen(jobs: list[JobRecord], names: list[str] | None, generation: int) -> list[Reopened]:
    """The jobs of an ended batch that run again, sources before what chains from them.

    Args:
        jobs: all rows of the batch.
        names: what to retry; None means every job that did not deliver. What chains from a
            retried job runs again as well, even if it delivered: it has new items to look at.
        generation: the first of the run that does it. Rows that are of it have been opened
            already, by a call that died before it was done; what chains from them is still to be.
    """
    found: dict[str, Reopened] = {}
    opened: set[str] = set()
    for job in sorted(jobs, key=lambda j: (j.level, j.index)):
        after = _source(job) in opened
        if job.generation >= generation:
            opened.add(job.jobName)
            continue
        wanted = job.status in NOT_DELIVERED and (names is None or job.jobName in names)
        # What never started waits for its source again, whether or not it was named.
        if wanted or after:
            opened.add(job.jobName)
            found[job.jobName] = Reopened(job, _changes(job, after=after))
    return list(found.values())


def without_source(jobs: list[JobRecord], found: list[Reopened]) -> list[tuple[str, str]]:
    """(job, source) of each job that cannot run: its source delivers nothing, and stays so."""
    opened = {reopened.job.jobName for reopened in found}
    feeds = opened | {job.jobName for job in jobs if job.status in JOB_FEEDS_NEXT}
    sources = [(reopened.job.jobName, _source(reopened.job)) for reopened in found]
    return [(name, source) for name, source in sources if source and source not in feeds]


def _changes(job: JobRecord, *, after: bool) -> dict[str, Any]:
    """A new attempt, unless the current one was never tried, or may still come to be.

    Args:
        job: as its last run left it.
        after: its source runs again as well.
    """
    # A lane that an earlier retry was to look through again, and did not come to.
    relane = (after or job.relane) and job.numItems is not None
    changes = {**_CLEARED, "relane": relane}
    attempt = job.attempt + 1
    recorded = any(a.attempt == job.attempt for a in job.attempts)
    attempts = job.attempts
    if job.claimOpen and not relane:
        # Its labeling job may exist, or come to be: the same attempt finds it, or makes it.
        attempt = job.attempt
        changes |= {
            "nonce": job.nonce,
            "claimOpen": True,
            "inputManifestS3Uri": job.inputManifestS3Uri,
            "linesS3Uri": job.linesS3Uri,
            "attemptStartedAt": job.attemptStartedAt,
        }
    elif job.nonce is not None and not recorded:
        attempts = [*job.attempts, _unseen(job)]
        changes["attempts"] = attempts
    elif job.nonce is None and not recorded and job.status is not JobStatus.FAILED:
        # Never tried. One that failed was: its name may be somebody else's.
        attempt = job.attempt
    changes |= {"attempt": attempt, "firstAttempt": attempt}
    if changes["inputManifestS3Uri"] is None and not relane and not any(a.made for a in attempts):
        # Nothing of an earlier input is worth keeping: it is prepared from the start.
        changes |= {"carriedS3Uri": None, "auditedAttributeName": None, "givenManifestS3Uri": None}
        changes |= {"gate": None, "wholesS3Uri": None, "judgeLot": False}
        if _source(job) is not None:
            changes["numItems"] = None
    return changes


def _unseen(job: JobRecord) -> AttemptRecord:
    """The record of a claimed attempt that left no output: every name used is on record."""
    return AttemptRecord(
        attempt=job.attempt,
        name=job.attemptName,
        status=NOT_CREATED if job.labelingJobArn is None else UNKNOWN,
        reason=job.failureReason,
        inputManifestS3Uri=job.inputManifestS3Uri,
        linesS3Uri=job.linesS3Uri,
        endedAt=job.endedAt,
    )


def _source(job: JobRecord) -> str | None:
    return job.spec.inputConfig.chainFromJobName
