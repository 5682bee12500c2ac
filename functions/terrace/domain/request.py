"""The request of `POST /batch/create`, as it is once it has been found right.

Field names are those of the 2021 AWS sample. Numbers may be strings on the way in
("864000"); they are numbers from here on. Defaults that depend on the task type (time limits,
workers, label attribute) are filled in by `domain.defaults`, so that a stored job says
everything that it will be run with.
"""

import re
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

JOB_NAME_MAX = 60
"""Ground Truth allows 63; three are kept for `-a2` ... `-a9`."""
LEVELS_MAX = 10
JOBS_MAX = 1000
EXPORTS_MAX = 50
NAME_PATTERN = r"^[a-zA-Z0-9](-*[a-zA-Z0-9])*$"


_WHOLE_TEXT = re.compile(r"[+-]?[0-9]{1,18}")
_DECIMAL_TEXT = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,2})?")


def _number(value: Any) -> Any:
    """Clients of 2021 send numbers as strings; a bool is no number.

    Narrower than Python's own `int()`, which takes "1_000" and digits of other scripts.
    """
    if isinstance(value, bool):
        raise ValueError("must be a number, not a boolean")
    if isinstance(value, str):
        text = value.strip()
        if _WHOLE_TEXT.fullmatch(text):
            return int(text)
        if _DECIMAL_TEXT.fullmatch(text):
            return float(text)
        raise ValueError("must be a number")
    return value


AsNumber = BeforeValidator(_number)
"""Stands behind the limits in an annotation, so that they stay in the JSON Schema."""


class Pacing(StrEnum):
    """When a job may start."""

    level = "level"
    """When all jobs of all lower levels have ended."""
    dependency = "dependency"
    """When the job it chains from has ended; an unchained job at once."""


class OnJobFailure(StrEnum):
    """What one failed job means for the others."""

    fail = "fail"
    """Nothing new starts; what runs is left to finish; the batch ends FAILED."""
    cont = "continue"
    """Only what depends on it is dropped; the batch ends COMPLETE_WITH_ERRORS."""


class StopMode(StrEnum):
    """What happens to the labeling jobs that run when a batch is stopped."""

    stop = "stop"
    """They are stopped; what was labeled is kept."""
    drain = "drain"
    """They are left to finish."""


class OnIncomplete(StrEnum):
    """What happens when a labeling job ended and items are without a label."""

    retry = "retry"
    """A new attempt with only those items, up to maxAttempts."""
    cont = "continue"
    """The job is INCOMPLETE; what depends on it goes on with the labeled items."""
    fail = "fail"
    """The job is FAILED; its labels are kept."""


class RequestModel(BaseModel):
    """Base of what users send: unknown fields are errors, `null` means "not given"."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        fields = cls.model_fields
        return {
            name: value
            for name, value in data.items()
            if value is not None or name not in fields or fields[name].is_required()
        }


class GateUnit(StrEnum):
    """What a gate sends to people."""

    item = "item"
    """Whole items: an image, a text, a sequence with all its frames."""
    clip = "clip"
    """The flagged frames of a sequence with `context` frames around them, cut into clips."""


class Combine(StrEnum):
    """How a gate's checks count together."""

    any = "any"
    """One check that flags is enough."""
    all = "all"
    """Only what every check flags is selected."""


class GateWhere(RequestModel):
    """Which labels a gate looks at at all; all conditions given must hold, for one same object."""

    label: list[str] | None = Field(
        default=None, min_length=1, description="class names; one of them"
    )
    verdict: Literal["pass", "fail"] | None = Field(
        default=None, description="what a reviewer of an earlier job said of it"
    )
    attribute: dict[str, str | list[str]] | None = Field(
        default=None, description="label category or frame attributes: name and value, or values"
    )


class GateCheck(RequestModel):
    """One check of a gate; `"size"` alone is short for `{"check": "size"}`."""

    check: str = Field(description="a name of docs/quality.md; `lambda` is a check of your own")
    threshold: Annotated[float, AsNumber] | None = Field(
        default=None, description="in the check's own unit; default: the check's own"
    )
    severity: Literal["info", "warning", "error"] = Field(
        default="warning", description="findings below it select nothing"
    )
    functionArn: str | None = Field(default=None, description="of check `lambda`")


class GateSample(RequestModel):
    """A seeded, stable sample: `percent`, `count`, or as many as a guarantee needs."""

    percent: Annotated[float, Field(gt=0, le=100), AsNumber] | None = None
    count: Annotated[int, Field(ge=1), AsNumber] | None = None
    maxErrorRate: Annotated[float, Field(gt=0, lt=1), AsNumber] | None = Field(
        default=None,
        description="with `confidence`: what is not looked at has an error rate below it, or "
        "everything is sent",
    )
    confidence: Annotated[float, Field(gt=0, lt=1), AsNumber] | None = None
    allowedErrors: Annotated[int, Field(ge=0, le=20), AsNumber] = Field(
        default=0, description="with `maxErrorRate`: wrong items in the sample that are put up with"
    )
    stratify: Literal["label"] | None = Field(
        default=None, description="sample each class by itself, so that rare ones are in it"
    )
    seed: str | None = Field(default=None, description="default: the job's name")


class GateBudget(RequestModel):
    """How much may go to people at most: items, or frames of the created job for clips."""

    percent: Annotated[float, Field(gt=0, le=100), AsNumber] | None = None
    count: Annotated[int, Field(ge=1), AsNumber] | None = None


def _named_check(value: Any) -> Any:
    return {"check": value} if isinstance(value, str) else value


class Gate(RequestModel):
    """Which items of the job it chains from go on to people: `where` AND (`checks` OR `sample`)."""

    where: GateWhere | None = None
    checks: (
        list[
            Annotated[
                GateCheck, BeforeValidator(_named_check, json_schema_input_type=GateCheck | str)
            ]
        ]
        | None
    ) = Field(default=None, min_length=1)
    combine: Combine = Combine.any
    sample: GateSample | None = None
    budget: GateBudget | None = None
    unit: GateUnit = GateUnit.item
    context: Annotated[int, Field(ge=0, le=1000), AsNumber] = Field(
        default=5, description="frames before and after each flagged one (unit `clip`)"
    )


class InputConfig(RequestModel):
    """Where a job's items come from: a manifest, or an earlier job of the same batch."""

    inputManifestS3Uri: str | None = Field(
        default=None, description="augmented manifest (JSON Lines) in an allowed bucket"
    )
    chainFromJobName: str | None = Field(
        default=None, description="a job of this batch at a lower level; its output is the input"
    )
    auditLabelAttributeName: str | None = Field(
        default=None,
        description="with inputManifestS3Uri on a review modality, or Custom: the label that is "
        "reviewed",
    )
    downSamplingRate: Annotated[float, Field(gt=0, le=100), AsNumber] = Field(
        default=100.0, description="percent of the items that go to people (chained jobs)"
    )
    gate: Gate | None = Field(
        default=None, description="with chainFromJobName: which items go to people, and why"
    )
    goldManifestS3Uri: str | None = Field(
        default=None,
        description="items with known labels; those that are in the input are scored per worker",
    )


class Instructions(RequestModel):
    """What workers read."""

    shortInstruction: str | None = None
    fullInstruction: str | None = None
    goodExampleS3Uri: str | None = Field(
        default=None, description="an image of work done well, shown on uploaded worker pages"
    )
    badExampleS3Uri: str | None = Field(
        default=None, description="an image of work done badly, shown on uploaded worker pages"
    )


class StoppingConditions(RequestModel):
    """Either one ends the labeling job early, as a success."""

    maxHumanLabeledObjectCount: Annotated[int, Field(ge=1), AsNumber] | None = None
    maxPercentageOfInputDatasetLabeled: Annotated[int, Field(ge=1, le=100), AsNumber] | None = None


class JobSpec(RequestModel):
    """One labeling job of a batch."""

    jobName: str = Field(min_length=1, max_length=JOB_NAME_MAX, pattern=NAME_PATTERN)
    jobType: str = Field(default="BATCH", description='"BATCH"; "STREAMING" is not built')
    jobLevel: Annotated[int, Field(ge=1, le=LEVELS_MAX), AsNumber]
    jobModality: str
    inputConfig: InputConfig
    labelCategoryConfigS3Uri: str | None = None
    labelAttributeName: str | None = None
    workteamArn: str | None = None
    engine: str = "ground-truth"
    uiTemplateS3Uri: str | None = None
    preHumanTaskLambdaArn: str | None = None
    annotationConsolidationLambdaArn: str | None = None
    numberOfHumanWorkersPerDataObject: Annotated[int, Field(ge=1, le=9), AsNumber] | None = None
    maxConcurrentTaskCount: Annotated[int, Field(ge=1, le=5000), AsNumber] | None = None
    taskTimeLimitInSeconds: Annotated[int, Field(ge=30), AsNumber] | None = None
    taskAvailabilityLifetimeInSeconds: Annotated[int, Field(ge=60), AsNumber] | None = None
    jobCompletionTimeoutInSeconds: Annotated[int, Field(ge=60, le=2_592_000), AsNumber] | None = (
        Field(
            default=None, description="default: the stack's JobCompletionTimeout; at most 30 days"
        )
    )
    taskTitle: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    taskDescription: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    taskKeywords: list[str] | None = None
    instructions: Instructions | None = None
    stoppingConditions: StoppingConditions | None = None
    contentClassifiers: list[str] | None = None
    outputKmsKeyId: str | None = None
    tags: dict[str, str] | None = None
    onIncomplete: OnIncomplete = OnIncomplete.retry
    maxAttempts: Annotated[int, Field(ge=1, le=9), AsNumber] = 3


class NameConflict(StrEnum):
    """What a class name is that two lanes have."""

    error = "error"
    """The export is not written, and says so."""
    prefix = "prefix"
    """Two classes: each with its label attribute in front, `lane-ref/arrow`."""
    same = "same"
    """One and the same class."""


class ExportWanted(RequestModel):
    """A format that the labels are written in at the end; `"coco"` is `{"format": "coco"}`."""

    format: str = Field(description="a name of docs/formats.md")
    include: list[Literal["accepted", "rejected", "unlabeled"]] = Field(
        default=["accepted"],
        min_length=1,
        description="items of which of the three final manifests",
    )
    attributes: list[str] | None = Field(
        default=None,
        min_length=1,
        description="label attributes of jobs: only their lanes, and class ids in this order; "
        "default: all lanes",
    )
    onNameConflict: NameConflict = NameConflict.error
    valPercent: Annotated[float, Field(ge=0, lt=100), AsNumber] = Field(
        default=0.0, description="percent of the items (videos: of the sequences) for validation"
    )


def _named_format(value: Any) -> Any:
    return {"format": value} if isinstance(value, str) else value


class OwnFunction(RequestModel):
    """A Lambda function of the user's, on the operator's list."""

    functionArn: str = Field(description="on the stack's list, AllowedFunctionArns")
    payload: dict[str, Any] | None = Field(
        default=None, description="handed on to the function as it stands; up to 64 KB of JSON"
    )


class BatchRequest(RequestModel):
    """The body of `POST /batch/create`."""

    batchId: str = Field(min_length=1, max_length=63, pattern=NAME_PATTERN)
    labelingJobs: list[JobSpec] = Field(min_length=1, max_length=JOBS_MAX)
    pacing: Pacing = Pacing.level
    onJobFailure: OnJobFailure = OnJobFailure.fail
    destinationSnsArn: str | None = None
    exports: (
        list[
            Annotated[
                ExportWanted,
                BeforeValidator(_named_format, json_schema_input_type=ExportWanted | str),
            ]
        ]
        | None
    ) = Field(
        default=None, max_length=EXPORTS_MAX, description="formats to write when the batch ends"
    )
    transformation: OwnFunction | None = Field(
        default=None,
        description="makes the manifests of jobs that start a lane, before anything is checked",
    )
    postProcessing: OwnFunction | None = Field(
        default=None, description="called when the batch's final files and exports are written"
    )


class StopRequest(RequestModel):
    """The body of `POST /batch/stop`."""

    batchId: str = Field(min_length=1, max_length=63, pattern=NAME_PATTERN)
    mode: StopMode = StopMode.stop


class RetryRequest(RequestModel):
    """The body of `POST /batch/retry`."""

    batchId: str = Field(min_length=1, max_length=63, pattern=NAME_PATTERN)
    jobNames: list[str] | None = Field(
        default=None, min_length=1, description="default: every job that did not deliver"
    )
