"""What is reported of a batch, its levels and its jobs: one JSON, `schemas/report.schema.json`.

A number that is not known is null, and `unknown` of the same object says why: a report never says 0
where there is no answer. Free of numpy: the API answers with these models too.
"""

from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from terrace.domain.quality.findings import Finding, Severity
from terrace.domain.records import AttemptRecord, GateResult
from terrace.domain.status import BatchStatus, JobStatus, LevelStatus

VERSION = "1"
WORST_INLINE = 20
"""Findings of a job that stand in the batch's report; `findingsS3Uri` has all."""


class Part(BaseModel):
    """Base of everything in a report."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Honest(Part):
    """A part in which every null has its reason, but for the fields whose null says enough."""

    plain: ClassVar[frozenset[str]] = frozenset()

    unknown: dict[str, str] = Field(
        default_factory=dict, description="field -> why it is null, for every field that is"
    )

    @model_validator(mode="after")
    def _every_null_has_its_reason(self) -> Self:
        silent = [
            name
            for name in type(self).model_fields
            if getattr(self, name) is None and name not in self.unknown and name not in self.plain
        ]
        if silent:
            raise ValueError(f"null without a reason in `unknown`: {', '.join(silent)}")
        return self


class Timing(Honest):
    """When it ran. Times are ISO 8601, UTC; durations in seconds."""

    startedAt: str | None = None
    endedAt: str | None = None
    seconds: float | None = Field(default=None, description="from start to end")
    waitedSeconds: float | None = Field(
        default=None,
        description="of a job: from the moment it could have started (the job it chains from had "
        "ended, or the batch had been checked) to its start",
    )


class Attempt(Part):
    """One ended labeling job."""

    attempt: int
    labelingJobName: str
    status: str
    reason: str | None
    numItems: int
    numItemsLabeled: int
    endedAt: str | None


class CheckCount(Part):
    """How often a check spoke."""

    check: str
    says: str = Field(description="what it means, in a sentence")
    info: int = 0
    warning: int = 0
    error: int = 0


class ReportFinding(Part):
    """One suspicion, as in `quality.findings.Finding`."""

    check: str
    severity: Severity
    sentence: str
    item: int
    frameNo: int | None = None
    frame: str | None = None
    object: str | None = None
    objectName: str | None = None
    label: str | None = None
    value: float | None = None
    threshold: float | None = None

    @classmethod
    def of(cls, finding: Finding) -> Self:
        return cls(**finding.to_dict())


class Findings(Part):
    """What the checks found in the labels that a job left."""

    total: int
    items: int = Field(description="items that were checked")
    itemsFlagged: int = Field(description="items with a finding of warning or above")
    bySeverity: dict[Severity, int]
    byCheck: list[CheckCount] = Field(description="most findings first")
    worst: list[ReportFinding] = Field(description="worst first; the first ones of all")
    findingsS3Uri: str | None = Field(description="JSON Lines: every finding; null: there is none")


class SeriesFile(Part):
    """Series of the objects of one sequence: coordinates, sizes, differences, IoU, residuals."""

    item: int = Field(description="place in the job's output, from 0")
    name: str = Field(description="the label file's folder or the sequence's name, for people")
    frames: int
    objects: list[str] = Field(description="names, in the file's order")
    flaggedFrames: list[int] = Field(description="frameNo with a finding of warning or above")
    seriesS3Uri: str
    labelS3Uri: str
    sequenceS3Uri: str | None = Field(description="where its frames are; null: the item names none")


class Tally(Part):
    """Counts of objects; in sequences, of objects in frames. As `quality.change_summary.Tally`."""

    items: int = Field(description="items reviewed; of a class: items with a change in it")
    itemsCorrected: int
    added: int
    removed: int
    moved: int = Field(description="beyond the tolerance")
    nudged: int = Field(description="moved within it: no correction")
    relabeled: int
    attributes: int
    identity: int = 0
    content: int = 0
    corrections: int = Field(description="objects that were wrong, each counted once")
    failVerdicts: int
    correctionsPerItem: float | None = Field(
        description="errors removed per item reviewed; null: none was reviewed"
    )


class Changes(Tally):
    """What a review changed, against the labels that it was given."""

    against: str = Field(description="the job it was compared with")
    tolerance: float = Field(description="IoU from which on two boxes are the same")
    byClass: dict[str, Tally]
    byWorker: dict[str, Tally] = Field(description="by pseudonym, where one person made a label")
    unreadable: list[str] = Field(default_factory=list, description="what could not be compared")


class Cost(Part):
    """What AWS asks for the objects labeled, by the one price that is documented."""

    objects: int
    feePerObjectUsd: float
    feeUsd: float
    leftOut: str = Field(description="what is not in it")
    source: str


class JobReport(Honest):
    """One job."""

    plain: ClassVar[frozenset[str]] = frozenset(
        {"chainFromJobName", "failureReason", "outputManifestS3Uri", "reportS3Uri"}
    )

    jobName: str
    jobLevel: int
    jobModality: str
    status: JobStatus
    chainFromJobName: str | None = None
    failureReason: str | None = None
    labelAttributeName: str
    timing: Timing
    attempts: int = Field(description="labeling jobs made or tried, the current one included")
    endedAttempts: list[Attempt]
    deferrals: int = Field(description="times an AWS limit put its start off")
    brokenStarts: int
    numItems: int | None = Field(default=None, description="given to people")
    numItemsLabeled: int | None = None
    numItemsFailed: int | None = Field(default=None, description="given, and without a label")
    gate: GateResult | None = None
    findings: Findings | None = None
    series: list[SeriesFile] | None = Field(default=None, description="of video and point clouds")
    agreement: dict[str, JsonValue] | None = Field(
        default=None, description="between several workers of an item: percent, kappas, alpha"
    )
    workers: list[dict[str, JsonValue]] | None = Field(
        default=None, description="by pseudonym: answers, accuracy, gold score"
    )
    changes: Changes | None = None
    gold: dict[str, JsonValue] | None = Field(default=None, description="scores on known items")
    cost: Cost | None = None
    outputManifestS3Uri: str | None = None
    reportS3Uri: str | None = Field(default=None, description="this job's own file")


class JobFile(Part):
    """One job's part of the report, in a file of its own."""

    reportVersion: str = VERSION
    batchId: str
    jobName: str
    generation: int = Field(description="of the end of the batch that is reported on")
    attempt: int
    tries: int = Field(default=0, description="times that the examination was begun")
    brokenOff: int = Field(default=0, description="of these, that are known to have been cut off")
    report: JobReport | None = Field(default=None, description="null: it is not done")
    problem: str = Field(default="", description="what was in the way of it")


class LevelReport(Honest):
    """The jobs that run in parallel."""

    level: int
    status: LevelStatus
    timing: Timing
    numJobs: int
    numJobsDelivered: int
    numItems: int | None = Field(default=None, description="given to people, all jobs")
    numItemsLabeled: int | None = None
    findings: dict[Severity, int] | None = Field(default=None, description="of all its jobs")
    corrections: int | None = Field(default=None, description="objects its reviews put right")
    jobs: list[JobReport]


class BatchReport(Honest):
    """A batch."""

    plain: ClassVar[frozenset[str]] = frozenset({"reportS3Uri"})

    reportVersion: str = VERSION
    batchId: str
    status: BatchStatus
    complete: bool = Field(
        description="false: the batch runs, or parts are still missing; `problems` says which"
    )
    generation: int
    writtenAt: str
    timing: Timing
    numJobs: int
    jobsByStatus: dict[JobStatus, int]
    numItemsWorked: int | None = Field(
        default=None, description="items given to people, counted once for each job"
    )
    unlabeledItems: int | None = None
    unreviewedItems: int | None = None
    feeUsd: float | None = Field(default=None, description="sum of the jobs' costs")
    levels: list[LevelReport]
    problems: list[str] = Field(
        default_factory=list, description="what could not be reported on, and why"
    )
    reportS3Uri: str | None = None


class ReportPointer(Part):
    """The answer of GET /batch/report where the report is too large for one."""

    batchId: str
    complete: bool
    reportS3Uri: str
    reportUrl: str = Field(description="presigned, 15 minutes")


def attempt_of(record: AttemptRecord, ended_at: str | None) -> Attempt:
    """An attempt as the report has it."""
    return Attempt(
        attempt=record.attempt,
        labelingJobName=record.name,
        status=record.status,
        reason=record.reason,
        numItems=record.numItems,
        numItemsLabeled=record.numItemsLabeled,
        endedAt=ended_at,
    )


def told(part: type[Honest], values: dict[str, Any], why: dict[str, str]) -> dict[str, Any]:
    """Constructor arguments: `values`, and of `why` the reasons of what is null in them."""
    unknown = {
        name: why.get(name, "it is not known")
        for name in part.model_fields
        if name != "unknown"
        and name not in part.plain
        and values.get(name, part.model_fields[name].get_default(call_default_factory=True)) is None
    }
    return {**values, "unknown": unknown}
