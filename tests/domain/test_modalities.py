"""The modality table against the fact sheet that was extracted from the API's own documents."""

import pytest

from terrace.domain import modalities
from terrace.domain.modalities import MODALITIES, REGION_ACCOUNTS
from tests.data.shared_data import facts

FACT_IDS = {
    "VideoObjectTracking": "video-object-tracking",
    "VideoObjectTrackingAudit": "adjustment-video-object-tracking",
    "VideoObjectTrackingVerification": "adjustment-video-object-tracking",
    "VideoObjectTrackingAdjustment": "adjustment-video-object-tracking",
    "VideoObjectDetection": "video-object-detection",
    "VideoObjectDetectionAudit": "adjustment-video-object-detection",
    "VideoObjectDetectionVerification": "adjustment-video-object-detection",
    "VideoObjectDetectionAdjustment": "adjustment-video-object-detection",
    "BoundingBox": "bounding-box",
    "BoundingBoxVerification": "verification-bounding-box",
    "BoundingBoxAdjustment": "adjustment-bounding-box",
}


@pytest.mark.parametrize("name", MODALITIES)
def test_each_row_says_what_the_fact_sheet_says(name: str) -> None:
    # Given the row and the facts of its task type
    row = modalities.get(name)
    fact = next(f for f in facts()["task_types"] if f["id"] == FACT_IDS[name])
    # Then functions, UI, suffix, output type, workers and family are the same
    assert row.pre_lambda == fact["pre_lambda"]
    assert row.acs_lambda == fact["acs_lambda"]
    assert row.human_task_ui == fact["human_task_ui"]
    assert (row.ui_template is None) == (fact["ui_param"] == "HumanTaskUiArn")
    assert row.attribute_ref_suffix == (fact["label_attribute_suffix"] == "must_end_ref")
    assert row.output_type == fact["output_metadata_type"]
    assert row.workers_min == fact["number_of_workers"]["min"]
    assert row.workers_max == fact["number_of_workers"]["max"]
    assert row.family == fact["family"]


def test_the_table_has_a_fact_for_every_row() -> None:
    assert set(MODALITIES) == set(FACT_IDS)


def test_region_accounts_are_those_of_the_fact_sheet() -> None:
    assert facts()["region_accounts"] == REGION_ACCOUNTS


@pytest.mark.parametrize("row", MODALITIES.values(), ids=lambda row: row.name)
def test_defaults_are_legal_for_their_own_row(row: modalities.Modality) -> None:
    assert row.workers_min <= row.workers_default <= row.workers_max
    assert 30 <= row.task_time_limit_default <= row.task_time_limit_max
    assert 60 <= row.availability_default <= row.availability_max
    assert row.base in MODALITIES


@pytest.mark.parametrize(
    ("name", "makes_base_labels", "editable"),
    [
        ("BoundingBox", True, True),
        ("BoundingBoxVerification", False, False),
        ("BoundingBoxAdjustment", True, True),
        ("VideoObjectTrackingAudit", True, True),
        ("VideoObjectTrackingVerification", True, False),
    ],
)
def test_what_a_later_review_can_start_from(
    name: str, makes_base_labels: bool, editable: bool
) -> None:
    row = modalities.get(name)
    assert (row.makes_base_labels, row.editable) == (makes_base_labels, editable)


def test_arns_name_the_regions_own_account_and_the_shared_ui_account() -> None:
    assert (
        modalities.lambda_arn("eu-west-1", "PRE-BoundingBox")
        == "arn:aws:lambda:eu-west-1:568282634449:function:PRE-BoundingBox"
    )
    assert (
        modalities.human_task_ui_arn("us-west-2", "VideoObjectTracking")
        == "arn:aws:sagemaker:us-west-2:394669845002:human-task-ui/VideoObjectTracking"
    )


@pytest.mark.parametrize("region", ["us-west-1", "us-gov-west-1", "cn-north-1", ""])
def test_a_region_without_ground_truth_is_refused_with_those_that_have_it(region: str) -> None:
    with pytest.raises(ValueError, match="us-east-1"):
        modalities.lambda_arn(region, "PRE-BoundingBox")
    with pytest.raises(ValueError, match="us-east-1"):
        modalities.human_task_ui_arn(region, "VideoObjectTracking")


def test_an_unknown_modality_is_refused_with_those_that_exist() -> None:
    with pytest.raises(ValueError, match="VideoObjectTrackingAudit"):
        modalities.get("VideoObjectTrackingReview")
