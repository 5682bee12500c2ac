"""The documented rules of CreateLabelingJob that its shapes do not say."""

from typing import Any

from terrace_local.ground_truth.arns import public_workteam_arn
from terrace_local.ground_truth.errors import validation_error
from terrace_local.ground_truth.task_types import (
    PRIVATE_AVAILABILITY_SECONDS,
    PUBLIC_AVAILABILITY_SECONDS,
    TaskType,
    task_type_of,
)

_RESERVED_ATTRIBUTES = ("source", "source-ref")


def check_create_request(request: dict[str, Any], region: str) -> TaskType:
    """Refuses what Ground Truth refuses at creation; gives the task type of what it accepts.

    Whether the name is free and the work team exists is the caller's to check; what is only
    visible in S3 (manifest, category file) fails the job later, as there.

    Raises:
        ServiceError: ValidationException that names the field and what would be right.
    """
    human_task = request["HumanTaskConfig"]
    _check_ui(human_task["UiConfig"])
    _check_source(request["InputConfig"]["DataSource"])
    task_type = task_type_of(human_task, region)
    _check_attribute(request["LabelAttributeName"], task_type)
    _check_people(human_task, task_type, region)
    _check_times(human_task, task_type, region)
    if task_type.needs_categories and "LabelCategoryConfigS3Uri" not in request:
        raise validation_error(f"LabelCategoryConfigS3Uri is required for {task_type.name}.")
    if "LabelingJobAlgorithmsConfig" in request:
        raise validation_error("Automated labeling is not simulated by the local Ground Truth.")
    _check_tags(request.get("Tags", []))
    return task_type


def _check_ui(ui: dict[str, Any]) -> None:
    if ("UiTemplateS3Uri" in ui) == ("HumanTaskUiArn" in ui):
        raise validation_error(
            "UiConfig must have exactly one of UiTemplateS3Uri and HumanTaskUiArn."
        )


def _check_source(source: dict[str, Any]) -> None:
    if "SnsDataSource" in source:
        raise validation_error("Streaming jobs are not simulated by the local Ground Truth.")
    if not source.get("S3DataSource"):
        raise validation_error("InputConfig.DataSource needs S3DataSource.ManifestS3Uri.")


def _check_attribute(name: str, task_type: TaskType) -> None:
    if name.endswith("-metadata"):
        raise validation_error(f"LabelAttributeName must not end with -metadata: {name}.")
    if name.lower() in _RESERVED_ATTRIBUTES:
        raise validation_error(f"LabelAttributeName {name} is reserved.")
    if task_type.ref_suffix and not name.endswith("-ref"):
        raise validation_error(f"LabelAttributeName must end with -ref for {task_type.name}.")
    if task_type.ref_suffix is False and name.endswith("-ref"):
        raise validation_error(f"LabelAttributeName must not end with -ref for {task_type.name}.")


def _check_people(human_task: dict[str, Any], task_type: TaskType, region: str) -> None:
    people = human_task["NumberOfHumanWorkersPerDataObject"]
    if people > task_type.max_workers:
        raise validation_error(
            f"NumberOfHumanWorkersPerDataObject for {task_type.name} is at most "
            f"{task_type.max_workers}, not {people}."
        )
    is_public = human_task["WorkteamArn"] == public_workteam_arn(region)
    has_price = "PublicWorkforceTaskPrice" in human_task
    if is_public and not task_type.public_crowd:
        raise validation_error(f"{task_type.name} cannot be done by the public workforce.")
    if is_public and not has_price:
        raise validation_error("PublicWorkforceTaskPrice is required for the public workforce.")
    if has_price and not is_public:
        raise validation_error("PublicWorkforceTaskPrice is for the public workforce only.")


def _check_times(human_task: dict[str, Any], task_type: TaskType, region: str) -> None:
    limit = human_task["TaskTimeLimitInSeconds"]
    if limit > task_type.task_seconds:
        raise validation_error(
            f"TaskTimeLimitInSeconds for {task_type.name} is at most {task_type.task_seconds}, "
            f"not {limit}."
        )
    is_public = human_task["WorkteamArn"] == public_workteam_arn(region)
    longest = PUBLIC_AVAILABILITY_SECONDS if is_public else PRIVATE_AVAILABILITY_SECONDS
    lifetime = human_task.get("TaskAvailabilityLifetimeInSeconds", longest)
    if lifetime > longest:
        raise validation_error(
            f"TaskAvailabilityLifetimeInSeconds is at most {longest} for this work team, "
            f"not {lifetime}."
        )


def _check_tags(tags: list[dict[str, str]]) -> None:
    keys = [tag["Key"] for tag in tags]
    if len(set(keys)) != len(keys):
        raise validation_error("Tags must not hold the same key twice.")
