"""What Terrace remembers of a batch and its jobs: the rows of the table as typed values."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from terrace.domain import s3uri
from terrace.domain.problems import Problem
from terrace.domain.request import GateUnit, JobSpec, OnJobFailure, Pacing, StopMode
from terrace.domain.status import JOB_TERMINAL, BatchStatus, JobStatus

NOT_CREATED, UNKNOWN = "NOT_CREATED", "UNKNOWN"
"""How an attempt ended of which Ground Truth has said nothing."""


class Record(BaseModel):
    """Base of all rows: unknown attributes written by newer code are ignored.

    Errors do not quote what was read: they are logged, and rows hold texts of users.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class Counters(Record):
    """Ground Truth's LabelCounters, in items."""

    totalLabeled: int = 0
    humanLabeled: int = 0
    machineLabeled: int = 0
    failedNonRetryableError: int = 0
    unlabeled: int = 0


class AttemptRecord(Record):
    """One ended attempt: a labeling job that can never be used again."""

    attempt: int
    name: str = Field(description="the Ground Truth labeling job's name")
    status: str = Field(description="Ground Truth's own final status, NOT_CREATED or UNKNOWN")
    reason: str | None = None
    inputManifestS3Uri: str | None = None
    linesS3Uri: str | None = Field(
        default=None, description="JSON list: for each manifest line, the job's own line index"
    )
    outputManifestS3Uri: str | None = None
    numItems: int = 0
    numItemsLabeled: int = 0
    endedAt: float | None = None

    @property
    def made(self) -> bool:
        """False if its labeling job never existed: nobody has seen its items."""
        return self.status != NOT_CREATED


class Mark(Record):
    """A decision that nothing new may start; it is never taken back within a generation."""

    kind: str = Field(description="fail | invalid")
    at: float
    errorType: str = ""
    reason: str = ""
    problems: list[Problem] = Field(default_factory=list)
    problemsS3Uri: str | None = Field(default=None, description="all of them, where there are many")


class Stop(Record):
    """What a user asked for with POST /batch/stop; it is never taken back within a generation."""

    mode: StopMode
    at: float


class Retry(Record):
    """What a user asked for with the last POST /batch/retry."""

    generation: int = Field(description="the first of this run: rows of it and later belong to it")
    at: float
    jobNames: list[str] | None = Field(default=None, description="None: all that did not deliver")
    doneAt: float | None = Field(default=None, description="when its jobs were opened again")


class FinalRecord(Record):
    """Where an ended batch tells of items without a label, or without the review asked for."""

    unlabeledManifestS3Uri: str | None = None
    unlabeledItems: int | None = Field(
        default=None, description="null: not known; `problem` says why"
    )
    unreviewedManifestS3Uri: str | None = None
    unreviewedItems: int | None = Field(default=None, description="null: not known")
    wholeOutputs: list[str] = Field(
        default_factory=list,
        description="jobs that reviewed clips, whose whole items were written (wholeOutputS3Uri)",
    )
    problem: str | None = Field(default=None, description="why it is not all there")


class ReportRecord(Record):
    """Where the report of an ended batch is."""

    s3Uri: str
    generation: int = Field(description="of the end that it reports on")
    complete: bool = Field(description="false: parts of it are (still) missing, and it says which")
    at: float


class ExportRecord(Record):
    """What one wanted format came to at the end of a batch."""

    format: str
    s3Uri: str | None = Field(
        default=None, description="its folder; ends with /; null: nothing was written"
    )
    files: int = 0
    items: int = 0
    labels: int = 0
    leftOut: dict[str, int | None] = Field(
        default_factory=dict,
        description="what the format has no place for: how many labels of a kind, or a whole "
        "label attribute (null)",
    )
    lacking: dict[str, int] = Field(
        default_factory=dict,
        description="by label attribute: items that are there for another lane's label, without "
        "one of this",
    )
    problem: str | None = Field(default=None, description="null where it is whole")


class PostProcessingRecord(Record):
    """What the user's own function made of a finished delivery."""

    status: Literal["DONE", "FAILED"]
    error: str | None = None
    result: Any = Field(default=None, description="its answer: small JSON, or null")


class DeliveryRecord(Record):
    """What one end of a batch delivered: each item of its input in exactly one of three files."""

    generation: int = Field(description="of the end that it delivers")
    outputManifestS3Uri: str | None = Field(
        default=None, description="accepted items; null where there is none (yet)"
    )
    rejectedManifestS3Uri: str | None = None
    unlabeledManifestS3Uri: str | None = None
    items: int | None = Field(
        default=None,
        description="null until all three files are written, and where not all are known",
    )
    accepted: int | None = None
    rejected: int | None = None
    unlabeled: int | None = None
    exports: list[ExportRecord] = Field(default_factory=list)
    postProcessing: PostProcessingRecord | None = None
    tries: int = Field(default=0, description="calls in a row that left nothing new behind")
    brokenOff: int = Field(default=0, description="of those, the ones known to have died")
    outages: int = Field(default=0, description="calls in a row that a service was away for")
    written: bool = Field(default=False, description="the manifests are")
    told: bool = Field(default=False, description="the timeline says how it ended")
    over: bool = Field(default=False, description="nothing more of it will be tried")
    complete: bool = Field(default=False, description="false: parts of it are (still) missing")
    problem: str | None = Field(default=None, description="why it is not all there")
    at: float

    @property
    def counted(self) -> bool:
        """True once the three files are written: every item is in exactly one of them."""
        return self.written or self.items is not None


class LotResult(Record):
    """Acceptance sampling: what is known of the items that nobody looked at."""

    size: int = Field(description="items that could have been sent")
    looked: int = Field(description="items in the sample")
    allowed: int = Field(description="wrong items at which the lot is still accepted")
    maxErrorRate: float
    confidence: float
    wrong: int | None = Field(default=None, description="of the sample; null: not yet judged")
    accepted: bool | None = Field(default=None, description="false: everything is sent")


class GateResult(Record):
    """What a job's gate chose, in numbers; each item's reason is in the files."""

    unit: GateUnit
    items: int = Field(description="of the lane, that could have been sent")
    flagged: int = Field(description="items that a check flagged, or that matched `where`")
    selected: int = Field(description="items of which at least a part went to people")
    frames: int | None = Field(default=None, description="of those items; null: not of frames")
    selectedFrames: int | None = Field(default=None, description="that went to people")
    findings: int = 0
    byCheck: dict[str, int] = Field(default_factory=dict, description="findings by check")
    decisionsS3Uri: str = Field(description="JSON Lines: each item, sent or not, and why")
    findingsS3Uri: str = Field(description="JSON Lines: every finding")
    lot: LotResult | None = None


class Park(Record):
    """The task token of an execution that waits, ordered by (generation, wave, retry)."""

    generation: int
    wave: int
    retry: int
    token: str
    at: float
    nudgedAt: float | None = Field(default=None, description="when a release was first tried")

    @property
    def order(self) -> tuple[int, int, int]:
        """Newer parks compare greater."""
        return (self.generation, self.wave, self.retry)


class BatchRecord(Record):
    """The batch row. `at` values are epoch seconds (UTC)."""

    batchId: str
    uid: str = Field(description="random, made at create; nonces and digests hang on it")
    status: BatchStatus
    pacing: Pacing
    onJobFailure: OnJobFailure
    destinationSnsArn: str | None = None
    requestS3Uri: str
    requestDigest: str
    createdAt: float
    updatedAt: float
    endedAt: float | None = None
    generation: int = 1
    executionArn: str | None = Field(default=None, description="of the current generation")
    executionStartedAt: float | None = None
    wave: int = 0
    turnEvents: int = Field(default=0, description="estimated history events of this generation")
    movedAt: float = Field(description="when PlanWave last advanced the wave, or it was created")
    park: Park | None = None
    mark: Mark | None = None
    stop: Stop | None = None
    retry: Retry | None = None
    transformedAt: float | None = Field(default=None, description="all checks passed, rows written")
    final: FinalRecord | None = Field(default=None, description="of the last end of the batch")
    report: ReportRecord | None = Field(default=None, description="of the last end reported on")
    delivery: DeliveryRecord | None = Field(default=None, description="of the last end delivered")
    messageSentAt: float | None = None
    levelsAnnounced: list[int] = Field(default_factory=list)
    deletedAt: float | None = Field(
        default=None, description="when its data in S3 was deleted; the rows stay, for audits"
    )
    warnings: list[Problem] = Field(default_factory=list)

    @property
    def ended(self) -> bool:
        """True once the batch has a terminal status."""
        return self.status is not BatchStatus.IN_PROGRESS

    @property
    def reportS3Uri(self) -> str | None:
        """Where the report on this very end of the batch is; an older end's is not it."""
        report = self.report
        if report is None or not self.ended or report.generation != self.generation:
            return None
        return report.s3Uri

    @property
    def delivered(self) -> DeliveryRecord | None:
        """What this very end of the batch has delivered so far; an older end's is not it."""
        found = self.delivery
        if found is None or not self.ended or found.generation != self.generation:
            return None
        return found

    @property
    def run(self) -> int:
        """First generation of the current run: since the batch was created, or last retried."""
        return self.retry.generation if self.retry else 1

    @property
    def retry_pending(self) -> bool:
        """True while the rows still say how the last run ended."""
        return self.retry is not None and self.retry.doneAt is None


class JobRecord(Record):
    """A job row. Counts are in items of the job's own input."""

    batchId: str
    jobName: str
    level: int
    index: int = Field(description="position in the request, from 0")
    spec: JobSpec = Field(description="the job as sent, defaults filled in")
    sourceLevel: int | None = Field(default=None, description="level of the job it chains from")
    status: JobStatus = JobStatus.PENDING
    attempt: int = 1
    generation: int = Field(default=1, description="of the run that last started it")
    labelAttributeName: str
    nonce: str | None = Field(default=None, description="of the current attempt's claim")
    claimOpen: bool = Field(
        default=False, description="claimed, and the labeling job is not yet known to exist"
    )
    labelingJobArn: str | None = None
    inputManifestS3Uri: str | None = Field(default=None, description="of the current attempt")
    linesS3Uri: str | None = None
    jobInputS3Uri: str | None = Field(default=None, description="of the first attempt; for show")
    carriedS3Uri: str | None = Field(
        default=None, description="lane items that were not sent to people in this job, with why"
    )
    gate: GateResult | None = Field(default=None, description="what its gate chose")
    judgeLot: bool = Field(
        default=False, description="its sample is back: the lot is judged before anything else"
    )
    startETag: str | None = Field(
        default=None,
        description="of the manifest that starts its lane, as it was checked; null: not known "
        "(a later job, or a row of before this was kept)",
    )
    startLines: int | None = Field(default=None, description="items in it; null: not known")
    wholesS3Uri: str | None = Field(
        default=None, description="unit `clip`: the items that its clips were cut from"
    )
    labelCategoryS3Uri: str | None = None
    auditedAttributeName: str | None = None
    outputManifestS3Uri: str | None = Field(
        default=None, description="the job's whole output, attempts merged; recorded at settle"
    )
    numItems: int | None = Field(default=None, description="all attempts: items given to people")
    numItemsLabeled: int | None = None
    counters: Counters | None = None
    countersAt: float | None = None
    startedAt: float | None = None
    attemptStartedAt: float | None = None
    endedAt: float | None = None
    deferredAt: float | None = Field(default=None, description="when AWS last said: not now")
    notBefore: float | None = None
    deferrals: int = Field(default=0, description="times AWS said: not now")
    brokenStarts: int = Field(default=0, description="starts broken by an error that may pass")
    suspectAt: float | None = Field(default=None, description="output first found unreadable")
    unseenAt: float | None = Field(
        default=None, description="since when its labeling job cannot be looked at"
    )
    expiredAt: float | None = Field(default=None, description="stopped by us: past its time-out")
    stalledAnnouncedAt: float | None = None
    failureAnnouncedAt: float | None = None
    failureReason: str | None = None
    attempts: list[AttemptRecord] = Field(default_factory=list, description="the ended ones")
    firstAttempt: int = Field(
        default=1, description="of this run; a retried batch may use maxAttempts again"
    )
    givenManifestS3Uri: str | None = Field(
        default=None, description="all of the job's own items; None: the first attempt's input"
    )
    relane: bool = Field(
        default=False, description="retried after its source: its lane may have more items now"
    )
    stopRequestedAt: float | None = None

    @property
    def ended(self) -> bool:
        """True once the job's status is terminal."""
        return self.status in JOB_TERMINAL

    @property
    def lastAttempt(self) -> int:
        """Number of the last attempt that had, or is to have, a labeling job.

        A job may end while a further attempt waits (an accepted lot, late labels): that one has
        never been anything.
        """
        if self.ended and self.nonce is None and self.attempts:
            return self.attempts[-1].attempt
        return self.attempt

    @property
    def lot_open(self) -> bool:
        """True while items hang on a sample of which nobody has judged yet what it says."""
        lot = self.gate.lot if self.gate is not None else None
        return lot is not None and lot.accepted is None

    @property
    def wholeOutputS3Uri(self) -> str | None:
        """Where its whole items are written at the end of the batch; None: it reviews no clips.

        Whether they were: `FinalRecord.wholeOutputs`.
        """
        if self.wholesS3Uri is None:
            return None
        folder = ("batches", self.batchId, "outputs", self.jobName, "whole")
        return s3uri.of(s3uri.parse(self.wholesS3Uri).bucket, *folder, "output.manifest")

    @property
    def attemptName(self) -> str:
        """The Ground Truth name of the current attempt."""
        return attempt_name(self.jobName, self.attempt)


class ClaimRecord(Record):
    """From a labeling job's name back to its batch; names are spent for ever."""

    name: str = Field(description="lower case")
    batchId: str
    level: int
    jobName: str
    attempt: int
    nonce: str | None = Field(default=None, description="None: reserved, not yet claimed")
    uid: str = Field(default="", description="of the posting of the batch that reserved it")
    created: bool = False


def execution_name(batch_id: str, generation: int) -> str:
    """Name of a batch's execution: `<batchId>`, then `<batchId>_g2`, ... (ids hold no `_`)."""
    return batch_id if generation == 1 else f"{batch_id}_g{generation}"


def batch_of_execution(name: str) -> tuple[str, int]:
    """The batch and generation an execution's name stands for."""
    batch_id, _, generation = name.partition("_g")
    return (batch_id, int(generation)) if generation.isdigit() else (name, 1)


def attempt_name(job_name: str, attempt: int) -> str:
    """Name of a job's attempt: the job's own, then `<jobName>-a2`, `-a3`, ..."""
    return job_name if attempt == 1 else f"{job_name}-a{attempt}"
