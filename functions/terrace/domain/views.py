"""What `GET /batch/show` and the end message say of a batch: 2021's field names, and more.

Every key is always there; a value that is not known yet is null. Times are ISO 8601, UTC.
"""

from pydantic import BaseModel, ConfigDict, Field

from terrace.domain.problems import Problem
from terrace.domain.records import (
    Counters,
    ExportRecord,
    GateResult,
    PostProcessingRecord,
)
from terrace.domain.request import OnJobFailure, Pacing, StopMode
from terrace.domain.status import BatchStatus, JobStatus, LevelStatus


class View(BaseModel):
    """Base of what the API answers with."""

    model_config = ConfigDict(frozen=True)


class AttemptView(View):
    """One ended attempt of a job: a labeling job of Ground Truth."""

    attempt: int
    labelingJobName: str
    status: str = Field(description="Ground Truth's final status, NOT_CREATED or UNKNOWN")
    reason: str | None
    outputManifestS3Uri: str | None
    numItems: int
    numItemsLabeled: int
    endedAt: str | None


class JobView(View):
    """One job of a level."""

    batchId: str = Field(description="`<batch>-<first>_level-<job>`")
    batchStatus: JobStatus = Field(description="the job's status")
    labelingJobName: str = Field(description="the job's name in the request")
    labelAttributeName: str
    labelCategoryS3Uri: str | None
    jobInputS3Uri: str | None
    jobInputS3Url: str | None = Field(
        default=None, description="presigned, 15 minutes; null in lists, messages, large batches"
    )
    jobOutputS3Uri: str | None
    jobOutputS3Url: str | None = None
    wholeOutputS3Uri: str | None = Field(
        default=None,
        description="of a review of clips, once the batch has ended: a line for every whole item, "
        "with what the clips changed in its labels (jobOutputS3Uri has a line for each clip)",
    )
    jobModality: str
    jobLevel: int
    chainFromJobName: str | None
    labelingJobArn: str | None = Field(description="of the current attempt")
    attempt: int
    maxAttempts: int
    numItems: int | None = Field(description="items given to people")
    numItemsLabeled: int | None
    counters: Counters | None = Field(description="of the attempt that runs, at countersAt")
    countersAt: str | None
    gate: GateResult | None = Field(
        description="what the job's gate chose; null: it has none (yet)"
    )
    failureReason: str | None
    notBefore: str | None = Field(description="an AWS limit delays it at least until then")
    startedAt: str | None
    endedAt: str | None
    attempts: list[AttemptView] = Field(
        description="the ended ones; empty where the answer would grow too large"
    )


class LevelView(View):
    """One level: its jobs run in parallel."""

    status: LevelStatus
    numChildBatches: int = Field(description="how many jobs it has")
    numChildBatchesComplete: int = Field(
        description="how many of them ended with labels that the next level can use"
    )
    jobLevels: list[JobView]


class OutputsView(View):
    """What the batch leaves behind; null until it has been written."""

    finalManifestS3Uri: str | None = Field(
        default=None, description="accepted items, with the labels of every lane; null: none"
    )
    rejectedManifestS3Uri: str | None = Field(
        default=None, description="items of which a reviewer's last word was Fail; null: none"
    )
    unlabeledManifestS3Uri: str | None = Field(
        default=None, description="items without a label, each with the reason; null: none"
    )
    items: int | None = Field(
        default=None,
        description="of the input: accepted + rejected + unlabeled; null until the three are "
        "written, where they could not be, and where not all items are known",
    )
    accepted: int | None = None
    rejected: int | None = None
    unlabeled: int | None = Field(default=None, description="null where items is")
    deliveryComplete: bool | None = Field(
        default=None, description="null until something was delivered; false: see deliveryProblem"
    )
    deliveryProblem: str | None = Field(
        default=None, description="what is not all there in the three manifests, and why"
    )
    laneUnlabeledManifestS3Uri: str | None = Field(
        default=None, description="lane by lane, the items that have no label in it, with why"
    )
    laneUnlabeledItems: int | None = Field(
        default=None, description="null until the batch has ended, and where it is not known"
    )
    unreviewedManifestS3Uri: str | None = Field(
        default=None, description="items whose label stands, though a review of it gave no answer"
    )
    unreviewedItems: int | None = Field(
        default=None, description="null until the batch has ended, and where it is not known"
    )
    recordProblem: str | None = Field(
        default=None,
        description="why the two manifests above are not all there, or a count is null",
    )
    reportS3Uri: str | None = None
    exports: list[ExportRecord] = Field(default_factory=list)
    postProcessing: PostProcessingRecord | None = Field(
        default=None, description="what the user's own function made of it"
    )


class BatchView(View):
    """One batch: its state, and all of its jobs by level."""

    batchId: str
    status: BatchStatus
    inputLabelingJobs: list[object] | None = Field(
        description="as sent; null where the answer would grow too large (see requestS3Uri), or "
        "the batch's data was deleted"
    )
    firstLevel: LevelView
    secondLevel: LevelView
    thirdLevel: LevelView
    fourthLevel: LevelView | None = None
    fifthLevel: LevelView | None = None
    sixthLevel: LevelView | None = None
    seventhLevel: LevelView | None = None
    eighthLevel: LevelView | None = None
    ninthLevel: LevelView | None = None
    tenthLevel: LevelView | None = None
    outputs: OutputsView
    pacing: Pacing
    onJobFailure: OnJobFailure
    stopMode: StopMode | None = Field(description="set once POST /batch/stop was accepted")
    generation: int = Field(description="1, and one more for each retry and each fresh execution")
    errorType: str | None = Field(description="short name of what ended the batch early")
    failureReason: str | None = Field(description="why the batch failed, was stopped or is refused")
    errors: list[Problem] = Field(description="what validation found")
    errorsS3Uri: str | None = Field(description="all of them, where they are too many")
    warnings: list[Problem]
    requestS3Uri: str
    executionArn: str | None
    createdAt: str
    updatedAt: str
    endedAt: str | None
    toldAt: str | None = Field(
        default=None,
        description="when the message of its end went out: its report and final files are written",
    )
    deletedAt: str | None = Field(
        description="when the batch's data in S3 was deleted; what is shown is the record of it"
    )


class BatchListEntry(View):
    """One line of the list."""

    batchId: str
    status: BatchStatus
    createdAt: str
    endedAt: str | None


class BatchList(View):
    """Batches by status, newest first, as in the 2021 sample, and flat in `batches`."""

    IN_PROGRESS: list[str] = Field(default_factory=list)
    COMPLETE: list[str] = Field(default_factory=list)
    COMPLETE_WITH_ERRORS: list[str] = Field(default_factory=list)
    FAILED: list[str] = Field(default_factory=list)
    STOPPED: list[str] = Field(default_factory=list)
    VALIDATION_FAIL: list[str] = Field(default_factory=list)
    INTERNAL_ERROR: list[str] = Field(
        default_factory=list, description="of the 2021 sample; always empty"
    )
    batches: list[BatchListEntry]
    nextToken: str | None


class CreateAnswer(View):
    """The batch that was accepted, or that exists already with the same content."""

    batchId: str
    status: BatchStatus
    message: str


class BatchAnswer(View):
    """What was done to a batch, or why nothing had to be."""

    batchId: str
    status: BatchStatus
    message: str


class ErrorAnswer(View):
    """Why a request was refused: all problems at once."""

    message: str
    errors: list[Problem]


class FaultAnswer(View):
    """Something went wrong that is not the caller's fault; the same request can be sent again."""

    message: str
    requestId: str
