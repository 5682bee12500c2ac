"""The CreateLabelingJob request, held against the API's own model."""

import re
from typing import Any

import pytest
from botocore.session import get_session
from botocore.validate import ParamValidator

from terrace.domain import labeling_request, modalities
from terrace.domain.modalities import MODALITIES, REGION_ACCOUNTS
from terrace.domain.request import JobSpec

PATTERNS = get_session().get_service_model("sagemaker")
ROLE = "arn:aws:iam::111122223333:role/smgt-workflow-labeling"
PRE = "arn:aws:lambda:us-east-1:111122223333:function:SageMaker-pre"
POST = "arn:aws:lambda:us-east-1:111122223333:function:SageMaker-post"
TEAM = "arn:aws:sagemaker:us-east-1:111122223333:workteam/private-crowd/first"


def build(modality: str, region: str = "us-east-1", **spec: Any) -> dict[str, Any]:
    row = modalities.get(modality)
    job = JobSpec.model_validate(
        {
            "jobName": "vehicles-2",
            "jobLevel": "1",
            "jobModality": modality,
            "inputConfig": {"inputManifestS3Uri": "s3://inp/one.manifest"},
            "workteamArn": TEAM,
            **spec,
        }
    )
    return labeling_request.build(
        job,
        row,
        batch_id="batch-1",
        nonce="n" * 32,
        attempt=2,
        attempt_name="vehicles-2-a2",
        label_attribute_name="vehicles-2-ref" if row.attribute_ref_suffix else "vehicles-2",
        region=region,
        role_arn=ROLE,
        manifest_uri="s3://inp/one.manifest",
        category_uri="s3://bat/categories.json",
        output_path="s3://bat/outputs/a2/",
        ui_template_uri=None if row.human_task_ui else "s3://bat/ui.html",
        pre_annotation_arn=PRE,
        post_annotation_arn=POST,
    )


def violations(value: Any, shape: Any, path: str = "") -> list[str]:
    """Patterns and enums, which botocore's own validator does not look at."""
    found: list[str] = []
    if shape.type_name == "structure":
        for key, inner in value.items():
            found += violations(inner, shape.members[key], f"{path}.{key}")
    elif shape.type_name == "list":
        high = shape.metadata.get("max")
        if high is not None and len(value) > high:
            found.append(f"{path}: {len(value)} entries")
        for entry in value:
            found += violations(entry, shape.member, f"{path}[]")
    elif shape.type_name == "string":
        pattern = shape.metadata.get("pattern", "")
        for java, python in ((r"\p{L}", "a-zA-Z"), (r"\p{Z}", " "), (r"\p{N}", "0-9")):
            pattern = pattern.replace(java, python)
        if pattern and not re.fullmatch(pattern, value):
            found.append(f"{path}: {value!r} is not {pattern}")
        if shape.enum and value not in shape.enum:
            found.append(f"{path}: {value!r} is not one of {shape.enum}")
        if len(value) > shape.metadata.get("max", len(value)):
            found.append(f"{path}: {len(value)} characters")
    elif shape.type_name == "integer" and value > shape.metadata.get("max", value):
        found.append(f"{path}: {value}")
    return found


def check_against_model(request: dict[str, Any]) -> None:
    shape = PATTERNS.operation_model("CreateLabelingJob").input_shape
    report = ParamValidator().validate(request, shape)
    assert not report.has_errors(), report.generate_report()
    assert violations(request, shape) == []


@pytest.mark.parametrize("region", REGION_ACCOUNTS)
@pytest.mark.parametrize("modality", MODALITIES)
def test_every_modality_makes_a_valid_request_in_every_region(modality: str, region: str) -> None:
    request = build(modality, region)
    check_against_model(request)
    human = request["HumanTaskConfig"]
    account = REGION_ACCOUNTS[region]
    row = modalities.get(modality)
    acs = human["AnnotationConsolidationConfig"]["AnnotationConsolidationLambdaArn"]
    if row.custom:
        assert (human["PreHumanTaskLambdaArn"], acs) == (PRE, POST)
    else:
        assert human["PreHumanTaskLambdaArn"].endswith(f"{account}:function:{row.pre_lambda}")
        assert acs == human["PreHumanTaskLambdaArn"].replace(":PRE-", ":ACS-")
    assert len(human["UiConfig"]) == 1


def test_every_built_in_function_is_in_the_apis_own_list() -> None:
    config = PATTERNS.shape_for("HumanTaskConfig")
    listed = config.members["PreHumanTaskLambdaArn"].documentation
    for row in MODALITIES.values():
        for region in REGION_ACCOUNTS if row.pre_lambda else ():
            assert modalities.lambda_arn(region, row.pre_lambda) in listed


def test_every_task_ui_is_in_the_apis_own_list() -> None:
    listed = PATTERNS.shape_for("UiConfig").members["HumanTaskUiArn"].documentation
    for row in MODALITIES.values():
        if row.human_task_ui:
            arn = modalities.human_task_ui_arn("us-east-1", row.human_task_ui)
            assert arn.partition(":394669845002:")[2] in listed


def test_everything_that_a_job_can_set_arrives() -> None:
    request = build(
        "BoundingBox",
        numberOfHumanWorkersPerDataObject="3",
        maxConcurrentTaskCount="7",
        taskTimeLimitInSeconds="600",
        taskAvailabilityLifetimeInSeconds="86400",
        taskTitle="Find the dogs",
        taskDescription="Every dog",
        taskKeywords=["dogs"],
        stoppingConditions={"maxHumanLabeledObjectCount": 5},
        contentClassifiers=["FreeOfAdultContent"],
        outputKmsKeyId="alias/labels",
        tags={"team": "blue"},
    )
    check_against_model(request)
    human = request["HumanTaskConfig"]
    assert human["NumberOfHumanWorkersPerDataObject"] == 3
    assert human["MaxConcurrentTaskCount"] == 7
    assert human["TaskTimeLimitInSeconds"] == 600
    assert human["TaskAvailabilityLifetimeInSeconds"] == 86_400
    assert (human["TaskTitle"], human["TaskDescription"]) == ("Find the dogs", "Every dog")
    assert human["TaskKeywords"] == ["dogs"]
    assert request["StoppingConditions"] == {"MaxHumanLabeledObjectCount": 5}
    assert request["InputConfig"]["DataAttributes"] == {
        "ContentClassifiers": ["FreeOfAdultContent"]
    }
    assert request["OutputConfig"] == {
        "S3OutputPath": "s3://bat/outputs/a2/",
        "KmsKeyId": "alias/labels",
    }
    assert request["LabelCategoryConfigS3Uri"] == "s3://bat/categories.json"


def test_terraces_tags_prove_whose_job_it_is_and_cannot_be_replaced() -> None:
    request = build("BoundingBox", tags={"terrace:nonce": "stolen", "team": "blue"})
    tags = {tag["Key"]: tag["Value"] for tag in request["Tags"]}
    assert tags == {
        "terrace:batch": "batch-1",
        "terrace:job": "vehicles-2",
        "terrace:attempt": "2",
        "terrace:nonce": "n" * 32,
        "team": "blue",
    }


@pytest.mark.parametrize("modality", MODALITIES)
def test_workers_find_a_task_by_the_jobs_name_at_the_end_of_its_title(modality: str) -> None:
    name = "j" * 60
    row = modalities.get(modality)
    title = labeling_request.default_title(name, row)
    assert title.endswith(name)
    assert len(title) <= 128
    assert len(labeling_request.default_description(name, row)) <= 255


def test_frames_use_aws_own_page_and_images_the_uploaded_one() -> None:
    assert build("VideoObjectTrackingAudit")["HumanTaskConfig"]["UiConfig"] == {
        "HumanTaskUiArn": (
            "arn:aws:sagemaker:us-east-1:394669845002:human-task-ui/VideoObjectTracking"
        )
    }
    assert build("BoundingBoxAdjustment")["HumanTaskConfig"]["UiConfig"] == {
        "UiTemplateS3Uri": "s3://bat/ui.html"
    }


def test_a_job_without_a_team_or_outside_the_regions_cannot_be_built() -> None:
    with pytest.raises(ValueError, match="work team"):
        build("BoundingBox", workteamArn=None)
    with pytest.raises(ValueError, match="us-west-1"):
        build("BoundingBox", region="us-west-1")
