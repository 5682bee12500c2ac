"""The CreateLabelingJob request of a job's attempt: the one place that knows its shape."""

from typing import Any

from terrace.domain import modalities
from terrace.domain.modalities import Modality
from terrace.domain.request import JobSpec, StoppingConditions

TAG_PREFIX = "terrace:"
"""Tags that Terrace finds its own labeling jobs by; users cannot set them."""
BATCH_TAG = f"{TAG_PREFIX}batch"
JOB_TAG = f"{TAG_PREFIX}job"
ATTEMPT_TAG = f"{TAG_PREFIX}attempt"
NONCE_TAG = f"{TAG_PREFIX}nonce"
TITLE_MAX = 128
DESCRIPTION_MAX = 255
DEFAULT_CONCURRENCY = 100
"""Of the 2021 sample; Ground Truth's own is 1,000."""

Request = dict[str, Any]


def build(
    spec: JobSpec,
    modality: Modality,
    *,
    batch_id: str,
    nonce: str,
    attempt: int,
    attempt_name: str,
    label_attribute_name: str,
    region: str,
    role_arn: str,
    manifest_uri: str,
    category_uri: str | None,
    output_path: str,
    workteam_arn: str | None = None,
    ui_template_uri: str | None = None,
    pre_annotation_arn: str | None = None,
    post_annotation_arn: str | None = None,
) -> Request:
    """What `sagemaker:CreateLabelingJob` is called with, complete.

    Args:
        spec: the job as stored. What it leaves open is filled from the modality.
        modality: of the job.
        batch_id: tag `terrace:batch`.
        nonce: tag `terrace:nonce`: tells our labeling job from a foreign one of the same name.
        attempt: tag `terrace:attempt`.
        attempt_name: LabelingJobName.
        label_attribute_name: LabelAttributeName.
        region: of the stack, where everything must be.
        role_arn: the role Ground Truth reads and writes S3 with.
        manifest_uri: the attempt's input.
        category_uri: the made label category file.
        output_path: the attempt's own S3OutputPath.
        workteam_arn: of the stack, where the job names none.
        ui_template_uri: the uploaded template, where the modality or job has one.
        pre_annotation_arn: Terrace's own function, for a Custom job that names none.
        post_annotation_arn: likewise.

    Raises:
        ValueError: where there is no team, no worker UI, no function, or the Region has no
            built-in functions.
    """
    human: Request = {
        "WorkteamArn": _needed("work team", spec.workteamArn or workteam_arn),
        "UiConfig": _ui(spec, modality, region, ui_template_uri),
        "PreHumanTaskLambdaArn": _function(
            spec.preHumanTaskLambdaArn, region, modality.pre_lambda, pre_annotation_arn
        ),
        "TaskKeywords": spec.taskKeywords or default_keywords(modality),
        "TaskTitle": spec.taskTitle or default_title(spec.jobName, modality),
        "TaskDescription": spec.taskDescription or default_description(spec.jobName, modality),
        "NumberOfHumanWorkersPerDataObject": spec.numberOfHumanWorkersPerDataObject
        or modality.workers_default,
        "TaskTimeLimitInSeconds": spec.taskTimeLimitInSeconds or modality.task_time_limit_default,
        "TaskAvailabilityLifetimeInSeconds": spec.taskAvailabilityLifetimeInSeconds
        or modality.availability_default,
        "MaxConcurrentTaskCount": spec.maxConcurrentTaskCount or DEFAULT_CONCURRENCY,
        "AnnotationConsolidationConfig": {
            "AnnotationConsolidationLambdaArn": _function(
                spec.annotationConsolidationLambdaArn,
                region,
                modality.acs_lambda,
                post_annotation_arn,
            )
        },
    }
    data: Request = {"DataSource": {"S3DataSource": {"ManifestS3Uri": manifest_uri}}}
    if spec.contentClassifiers:
        data["DataAttributes"] = {"ContentClassifiers": list(spec.contentClassifiers)}
    output: Request = {"S3OutputPath": output_path}
    if spec.outputKmsKeyId:
        output["KmsKeyId"] = spec.outputKmsKeyId
    request: Request = {
        "LabelingJobName": attempt_name,
        "LabelAttributeName": label_attribute_name,
        "InputConfig": data,
        "OutputConfig": output,
        "RoleArn": role_arn,
        "HumanTaskConfig": human,
        "Tags": tags(spec, batch_id=batch_id, attempt=attempt, nonce=nonce),
    }
    if category_uri:
        request["LabelCategoryConfigS3Uri"] = category_uri
    stopping = _stopping(spec.stoppingConditions)
    if stopping:
        request["StoppingConditions"] = stopping
    return request


def tags(spec: JobSpec, *, batch_id: str, attempt: int, nonce: str) -> list[dict[str, str]]:
    """Terrace's own tags, then the user's; a user's tag cannot replace one of Terrace's."""
    own = {
        BATCH_TAG: batch_id,
        JOB_TAG: spec.jobName,
        ATTEMPT_TAG: str(attempt),
        NONCE_TAG: nonce,
    }
    return [{"Key": key, "Value": value} for key, value in ({**(spec.tags or {}), **own}).items()]


def default_title(job_name: str, modality: Modality) -> str:
    """What workers see in their list; it ends with the job's name, which they find it by."""
    return f"{_words(modality).capitalize()}: {job_name}"[-TITLE_MAX:]


def default_description(job_name: str, modality: Modality) -> str:
    """One sentence for workers on what the job asks of them."""
    asked = {
        None: "Label the objects that the instructions name",
        "audit": "Check existing labels and say Pass or Fail",
        "verification": "Judge existing labels; they cannot be changed",
        "adjustment": "Correct existing labels where they are wrong",
    }[modality.review]
    return f"{asked} ({job_name})."[:DESCRIPTION_MAX]


def default_keywords(modality: Modality) -> list[str]:
    """Search words in the worker portal: letters, digits and blanks only, 30 characters each."""
    family = modality.family.replace("-", " ")
    return ["labeling", family, modality.review or "annotation"]


def _words(modality: Modality) -> str:
    """`VideoObjectTrackingAudit` as `video object tracking audit`."""
    spaced = "".join(f" {c.lower()}" if c.isupper() else c for c in modality.name)
    return spaced.strip()


def _ui(
    spec: JobSpec, modality: Modality, region: str, ui_template_uri: str | None
) -> dict[str, str]:
    """Exactly one of AWS's own UI or a template: the API refuses both and neither."""
    if modality.human_task_ui:
        return {"HumanTaskUiArn": modalities.human_task_ui_arn(region, modality.human_task_ui)}
    template = ui_template_uri or spec.uiTemplateS3Uri
    return {"UiTemplateS3Uri": _needed("worker template", template)}


def _function(own: str | None, region: str, built_in: str | None, custom: str | None) -> str:
    """The ARN that a job names, AWS's own for its task, or Terrace's for a Custom job."""
    if own:
        return own
    if built_in:
        return modalities.lambda_arn(region, built_in)
    return _needed("Lambda function", custom)


def _needed(what: str, value: str | None) -> str:
    if not value:
        raise ValueError(f"a labeling job needs a {what}, and none is known")
    return value


def _stopping(conditions: StoppingConditions | None) -> dict[str, int]:
    if conditions is None:
        return {}
    both = {
        "MaxHumanLabeledObjectCount": conditions.maxHumanLabeledObjectCount,
        "MaxPercentageOfInputDatasetLabeled": conditions.maxPercentageOfInputDatasetLabeled,
    }
    return {key: value for key, value in both.items() if value is not None}
