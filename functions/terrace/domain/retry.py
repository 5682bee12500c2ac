"""What a retried batch does again: what did not deliver, and what depends on it. Pure.

Finished human work is never redone: a job that is opened again gets only items without a label.
"""

from dataclasses import dataclass
from typing import Any

from terrace.domain.records import JobRecord, attempt_name
from terrace.domain.status import JobStatus

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
    "suspectAt": None,
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
    def name_fits(self) -> bool:
        """False if the attempt's name is longer than Ground Truth allows."""
        return len(attempt_name(self.job.jobName, self.attempt)) <= NAME_MAX


def reopen(jobs: list[JobRecord], names: list[str] | None, generation: int) -> list[Reopened]:
    """The jobs of an ended batch that run again, sources before what chains from them.

    Args:
        jobs: all rows of the batch.
        names: what to retry; None means every job that did not deliver. What chains from a
            retried job runs again as well, even if it delivered: it has new items to look at.
        generation: the run that does it. Rows that are of it have been opened already, by a call
            that died before it was done; what chains from them is still to be opened.
    """
    found: dict[str, Reopened] = {}
    opened: set[str] = set()
    for job in sorted(jobs, key=lambda j: (j.level, j.index)):
        source = job.spec.inputConfig.chainFromJobName
        after = source in opened
        if job.generation >= generation:
            opened.add(job.jobName)
            continue
        wanted = job.status in NOT_DELIVERED and (names is None or job.jobName in names)
        # What never started waits for its source again, whether or not it was named.
        if wanted or after:
            opened.add(job.jobName)
            found[job.jobName] = Reopened(job, _changes(job, relane=after))
    return list(found.values())


def _changes(job: JobRecord, *, relane: bool) -> dict[str, Any]:
    """A new attempt, unless the current one was never tried."""
    tried = job.nonce is not None or any(a.attempt == job.attempt for a in job.attempts)
    if job.status is JobStatus.FAILED:
        # Its name may be somebody else's: that is one reason why a start fails.
        tried = True
    attempt = job.attempt + 1 if tried else job.attempt
    changes = {**_CLEARED, "attempt": attempt, "firstAttempt": attempt}
    changes["relane"] = relane and job.numItems is not None
    if not job.attempts and not changes["relane"]:
        # Nothing of an earlier input is worth keeping: it is prepared from the start.
        changes |= {"carriedS3Uri": None, "auditedAttributeName": None}
        if job.spec.inputConfig.chainFromJobName is not None:
            changes["numItems"] = None
    return changes
