"""What the end of a labeling job means. Pure: `Completed` is not success until it is counted."""

import math
from dataclasses import dataclass
from enum import StrEnum

from terrace.domain.records import JobRecord
from terrace.domain.request import OnIncomplete, StoppingConditions
from terrace.domain.status import JobStatus


class Output(StrEnum):
    """What was found where the output manifest should be."""

    readable = "readable"
    absent = "absent"
    broken = "broken"
    """Unreadable, truncated, not the lines that went in, or not what the counters say."""


@dataclass(frozen=True)
class Evidence:
    """Everything that is known of an attempt that Ground Truth says has ended."""

    engine_status: str
    """Completed | Failed | Stopped."""
    engine_reason: str | None
    counted: int
    """LabelCounters.TotalLabeled."""
    output: Output
    output_problem: str | None
    labeled: int
    """Items with a label in this attempt's output manifest."""
    items: int
    """Items this attempt was given."""
    labeled_before: int
    """Items labeled by earlier attempts of the job."""
    stopped_by_mark: bool
    """The batch is marked, so nothing new may start."""
    looked_before: bool
    """The output was already found wrong in an earlier pass."""
    first_reason: str | None = None
    """Why the first unlabeled item failed, as Ground Truth says."""

    @property
    def total(self) -> int:
        """Items of the whole job: earlier attempts' labels and this attempt's items."""
        return self.labeled_before + self.items

    @property
    def total_labeled(self) -> int:
        """Items of the whole job with a label."""
        return self.labeled_before + self.labeled


@dataclass(frozen=True)
class Verdict:
    """What to write: a terminal status, a new attempt, or nothing yet."""

    status: JobStatus | None
    """None: look again at the next reconciler pass."""
    reason: str | None = None
    retry: bool = False
    """Open a new attempt for the items without a label (status is PENDING)."""
    lot: bool = False
    """Open a new attempt, in which the lot is judged before anybody is asked (PENDING)."""


def judge(job: JobRecord, seen: Evidence) -> Verdict:
    """Decides what an ended attempt means for its job (DESIGN.md section 4, Settling).

    A job whose sample is back is not done: the items that nobody looked at hang on what it says.
    """
    verdict = _of_labels(job, seen)
    over = verdict.status in {JobStatus.COMPLETE, JobStatus.INCOMPLETE}
    if not over or not job.lot_open:
        return verdict
    if not seen.stopped_by_mark:
        return Verdict(JobStatus.PENDING, verdict.reason, retry=True, lot=True)
    return Verdict(
        JobStatus.INCOMPLETE,
        verdict.reason
        or f"{seen.total_labeled} of {seen.total} items were labeled, but its batch was ended "
        "before the sample was judged: the items outside it were not looked at",
    )


def _of_labels(job: JobRecord, seen: Evidence) -> Verdict:
    """By the labels that came back alone."""
    unreadable = seen.output is not Output.readable
    if unreadable and not _ended_without_labels(seen):
        if not seen.looked_before:
            return Verdict(None, seen.output_problem)
        return Verdict(
            JobStatus.FAILED,
            f"labeling job {job.attemptName} ended {seen.engine_status} and its counters say "
            f"{seen.counted} labeled, but its output manifest cannot be trusted: "
            f"{seen.output_problem}. It was not run again, so that nothing is paid twice",
        )
    completed = seen.engine_status == "Completed"
    # One that completed while we were about to stop it was not stopped.
    if job.expiredAt is not None and not completed:
        return Verdict(
            JobStatus.FAILED,
            f"stopped by Terrace: not finished within {job.spec.jobCompletionTimeoutInSeconds} "
            f"seconds; {seen.total_labeled} of {seen.total} items were labeled and are kept",
        )
    if seen.engine_status == "Stopped":
        who = "because its batch was ended" if seen.stopped_by_mark else "outside Terrace"
        return Verdict(
            JobStatus.STOPPED,
            f"labeling job {job.attemptName} was stopped {who}; {seen.total_labeled} of "
            f"{seen.total} items were labeled and are kept",
        )
    missing = expected_labels(job, seen.total) - seen.total_labeled
    if completed and missing <= 0 and not unreadable:
        return Verdict(JobStatus.COMPLETE)
    return _incomplete(job, seen, missing)


def _ended_without_labels(seen: Evidence) -> bool:
    """A job that failed or was stopped before anything was labeled may have no manifest."""
    return (
        seen.output is Output.absent
        and seen.counted == 0
        and seen.engine_status in {"Failed", "Stopped"}
    )


def expected_labels(job: JobRecord, items: int) -> int:
    """How many labels make the job complete: all, or what its stopping conditions ask for.

    Worked number: 10 items with maxPercentageOfInputDatasetLabeled 25 -> ceil(2.5) = 3.
    """
    wanted = items
    conditions = job.spec.stoppingConditions
    if conditions and conditions.maxHumanLabeledObjectCount is not None:
        wanted = min(wanted, conditions.maxHumanLabeledObjectCount)
    if conditions and conditions.maxPercentageOfInputDatasetLabeled is not None:
        share = items * conditions.maxPercentageOfInputDatasetLabeled / 100
        wanted = min(wanted, math.ceil(share))
    return wanted


def still_wanted(job: JobRecord) -> StoppingConditions | None:
    """The stopping conditions of the job's current attempt: less what earlier ones labeled.

    Worked number: 50 percent of 10 items are 5 labels; after 3, the next attempt is to make 2.
    """
    conditions = job.spec.stoppingConditions
    if conditions is None or not job.attempts or job.numItems is None:
        return conditions
    labeled = sum(attempt.numItemsLabeled for attempt in job.attempts)
    wanted = expected_labels(job, job.numItems) - labeled
    return StoppingConditions(maxHumanLabeledObjectCount=max(1, wanted))


def _incomplete(job: JobRecord, seen: Evidence, missing: int) -> Verdict:
    what = (
        f"{seen.total_labeled} of {seen.total} items were labeled after {job.attempt} "
        f"attempt{'s' if job.attempt > 1 else ''}"
    )
    why = seen.engine_reason or seen.first_reason
    reason = f"{what}: labeling job {job.attemptName} ended {seen.engine_status}" + (
        f" ({why})" if why else ""
    )
    if job.spec.onIncomplete is OnIncomplete.fail:
        return Verdict(JobStatus.FAILED, f"{reason}; onIncomplete is fail")
    again = (
        job.spec.onIncomplete is OnIncomplete.retry
        and job.attempt - job.firstAttempt + 1 < job.spec.maxAttempts
        and missing > 0
        and not seen.stopped_by_mark
        # A job that failed without any output would most likely fail again, for the same reason.
        and seen.output is Output.readable
    )
    if again:
        return Verdict(JobStatus.PENDING, reason, retry=True)
    if seen.total_labeled == 0:
        return Verdict(JobStatus.FAILED, f"nothing was labeled: {reason}")
    return Verdict(JobStatus.INCOMPLETE, reason)
