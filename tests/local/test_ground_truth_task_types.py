"""The local Ground Truth's table of task types, held against the fact sheet, and its refusals."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from terrace_local.ground_truth.arns import REGION_ACCOUNTS, human_task_ui_arn, lambda_arn
from terrace_local.ground_truth.errors import ServiceError
from terrace_local.ground_truth.families import FAMILIES
from terrace_local.ground_truth.task_types import BUILT_IN, TASK_TYPES, task_type_of
from tests.data import shared_data
from tests.local.ground_truth_world import ACCOUNT, World

FACTS = shared_data.FACTS
SUFFIX = {True: "must_end_ref", False: "must_not_end_ref", None: "must_not_end_ref (botocore"}


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """Not started: requests are only accepted or refused."""
    with mock_aws():
        yield World()


@pytest.mark.skipif(not FACTS.is_file(), reason=f"the fact sheet is not at {FACTS}")
def test_the_table_says_what_the_fact_sheet_says() -> None:
    rows = json.loads(FACTS.read_text())["task_types"]
    facts = {row["pre_lambda"].removeprefix("PRE-"): row for row in rows if row["pre_lambda"]}
    del facts["PassThrough"]  # no documented contract

    assert set(facts) == set(BUILT_IN)
    for name, row in BUILT_IN.items():
        fact = facts[name]
        assert row.human_task_ui == fact["human_task_ui"], name
        assert fact["label_attribute_suffix"].startswith(SUFFIX[row.ref_suffix]), name
        assert row.max_workers == fact["number_of_workers"]["max"], name
        assert row.public_crowd == bool(fact["mturk"]), name
        assert row.min_labels == (fact.get("min_labels") or 1), name
        if isinstance(fact.get("max_labels"), int):
            assert row.max_labels == fact["max_labels"], name
        if fact["output_metadata_type"]:  # nobody knows that of video clips
            assert row.output_type == fact["output_metadata_type"], name


def test_there_are_22_built_in_types_and_custom_each_with_a_family() -> None:
    assert len(BUILT_IN) == 22
    assert set(TASK_TYPES) - set(BUILT_IN) == {"Custom"}
    assert {row.family for row in TASK_TYPES.values()} == set(FAMILIES)


@pytest.mark.parametrize("region", REGION_ACCOUNTS)
@pytest.mark.parametrize("name", BUILT_IN)
def test_every_type_is_known_by_its_functions_in_every_region(name: str, region: str) -> None:
    ui = BUILT_IN[name].human_task_ui
    human_task = {
        "PreHumanTaskLambdaArn": lambda_arn(region, f"PRE-{name}"),
        "AnnotationConsolidationConfig": {
            "AnnotationConsolidationLambdaArn": lambda_arn(region, f"ACS-{name}")
        },
        "UiConfig": {"HumanTaskUiArn": human_task_ui_arn(region, ui)} if ui else {},
    }

    assert task_type_of(human_task, region).name == name


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_good_request_of_every_type_is_accepted(world: World, name: str) -> None:
    answer = world.call("CreateLabelingJob", **world.any_request(f"good-{name}", name))

    assert answer["LabelingJobArn"].endswith(f"labeling-job/good-{name.lower()}")


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_label_attributes_suffix_follows_the_type(world: World, name: str) -> None:
    request = world.any_request(f"suffix-{name}", name)
    attribute = "labels" if BUILT_IN[name].ref_suffix else "labels-ref"

    if BUILT_IN[name].ref_suffix is None:
        world.call("CreateLabelingJob", **{**request, "LabelAttributeName": attribute})
        return
    with pytest.raises(ServiceError, match="LabelAttributeName must"):
        world.call("CreateLabelingJob", **{**request, "LabelAttributeName": attribute})


FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function"
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no second function": ({"AnnotationConsolidationConfig": None}, "needs both"),
    "another region's function": (
        {"PreHumanTaskLambdaArn": FUNCTION.replace("us-east-1", "eu-west-1") + ":before"},
        "not the ARN of a Lambda function in us-east-1",
    ),
    "one of Ground Truth's own": (
        {"PreHumanTaskLambdaArn": lambda_arn("us-east-1", "PRE-BoundingBox")},
        "same task type",
    ),
    "AWS's worker UI": (
        {"UiConfig": {"HumanTaskUiArn": human_task_ui_arn("us-east-1", "VideoObjectTracking")}},
        "takes UiConfig.UiTemplateS3Uri",
    ),
    "too many people": ({"NumberOfHumanWorkersPerDataObject": 10}, "less than or equal to 9"),
    "too long a task": ({"TaskTimeLimitInSeconds": 28_801}, "at most 28800"),
}


@pytest.mark.parametrize(("changes", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_a_custom_job_that_cannot_work_is_refused(
    world: World, changes: dict[str, Any], words: str
) -> None:
    request = world.custom_request("refused", "<crowd-form></crowd-form>")
    human_task = {**request["HumanTaskConfig"], **changes}
    request["HumanTaskConfig"] = {k: v for k, v in human_task.items() if v is not None}

    with pytest.raises(ServiceError, match=words):
        world.call("CreateLabelingJob", **request)


def test_a_custom_job_needs_no_category_file(world: World) -> None:
    request = world.custom_request("custom", "<crowd-form></crowd-form>")

    assert "LabelCategoryConfigS3Uri" not in request
    assert world.call("CreateLabelingJob", **request)["LabelingJobArn"].endswith("/custom")
