"""Settings of each function, read from its environment when it is wired, never at import.

A missing or malformed variable fails with its name and what it is for.
"""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from terrace.domain.places import prefix_problem


def _split(value: object) -> object:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _prefixes(found: list[str]) -> list[str]:
    for prefix in found:
        wrong = prefix_problem(prefix)
        if wrong:
            raise ValueError(f"{prefix} {wrong}")
    return found


CommaList = Annotated[list[str], BeforeValidator(_split)]


class Settings(BaseModel):
    """Base: field `table_name` is read from the variable TABLE_NAME."""

    model_config = ConfigDict(frozen=True)

    aws_region: str = Field(description="set by Lambda")

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Builds the settings; pydantic's error names every variable that is missing."""
        found = {
            name: environ[name.upper()] for name in cls.model_fields if name.upper() in environ
        }
        return cls.model_validate(found)


class StoreSettings(Settings):
    """What every function that knows the table and the batch bucket needs."""

    table_name: str
    batch_bucket: str


class AllowSettings(StoreSettings):
    """What a request may name, and the stack's own teams."""

    input_buckets: CommaList
    input_prefixes: Annotated[CommaList, AfterValidator(_prefixes)] = Field(
        default_factory=list, description="s3://bucket/folder/; none: all of the buckets"
    )
    workteam_arns: CommaList = Field(default_factory=list)
    topic_arns: CommaList = Field(default_factory=list)
    function_arns: CommaList = Field(
        default_factory=list, description="of the user's, that a request may name"
    )
    transformation_function_arn: str = Field(
        default="", description="called for requests that name no transformation; empty: none"
    )
    kms_key_arn: str = Field(default="", description="the stack's own key; empty: it has none")
    first_level_workteam_arn: str
    second_level_workteam_arn: str
    job_completion_timeout_seconds: int = Field(default=2_592_000, ge=60, le=2_592_000)


class ApiSettings(AllowSettings):
    """POST /batch/create, GET /batch/show."""

    state_machine_arn: str


class TransformBatchSettings(AllowSettings):
    """The checks before any job is created."""

    execution_role_arn: str
    transform_seconds: float = Field(default=240, gt=0, description="time budget of one call")


class PlanWaveSettings(StoreSettings):
    """One turn of the machine."""

    state_machine_arn: str
    event_bound: int = Field(
        default=12_000, gt=0, le=24_000, description="history events before a hand-over"
    )
    generation_days: float = Field(default=180, gt=0, le=360)


class PrepareInputSettings(StoreSettings):
    """Input manifests and category files of a job."""

    skeleton_ui_bucket: str = Field(
        default="", description="hosts the skeleton page's script; empty: it stands in the page"
    )
    skeleton_ui_domain: str = Field(default="", description="of the distribution before it")


class StartJobSettings(StoreSettings):
    """Claim and create."""

    execution_role_arn: str
    topic_arn: str
    pre_annotation_arn: str = Field(description="the function Custom jobs use by default")
    post_annotation_arn: str = Field(description="the function Custom jobs use by default")


class ParkWaveSettings(StoreSettings):
    """Store the token, then look."""

    state_machine_arn: str


class SettleSettings(StoreSettings):
    """What ends a job: on_job_event."""

    state_machine_arn: str
    topic_arn: str


class ReconcileSettings(SettleSettings):
    """The clock-driven repair."""

    reconcile_period_seconds: float = Field(default=900, gt=0)
    reconcile_seconds: float = Field(default=600, gt=0, description="time budget of one call")
    stalled_after_seconds: float = Field(default=86_400, gt=0)
    resend_for_seconds: float = Field(default=86_400, gt=0)


class FinalizeBatchSettings(StoreSettings):
    """The end of a batch."""


class WriteReportSettings(StoreSettings):
    """The report on an ended batch."""

    report_seconds: float = Field(default=780, gt=0, description="time budget of one call")


class DeliverBatchSettings(StoreSettings):
    """Final manifests and exports of an ended batch."""

    deliver_seconds: float = Field(default=720, gt=0, description="time budget of one call")
    post_processing_function_arn: str = Field(
        default="", description="called for requests that name no postProcessing; empty: none"
    )


class NotifySettings(StoreSettings):
    """The end message."""

    topic_arn: str


class FailBatchSettings(StoreSettings):
    """The mark after an error of the machine."""


class PreAnnotationSettings(StoreSettings):
    """What a Custom job's page is given."""


class PostAnnotationSettings(StoreSettings):
    """The answers of a Custom job's workers."""
