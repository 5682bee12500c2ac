"""The modality table against the fact sheet that was extracted from the API's own documents."""

from typing import Any

import pytest

from terrace.domain import modalities
from terrace.domain.modalities import MODALITIES, REGION_ACCOUNTS
from tests.data.shared_data import facts

BASES = {
    "ImageMultiClass": "image-classification",
    "ImageMultiClassMultiLabel": "image-classification-multilabel",
    "BoundingBox": "bounding-box",
    "SemanticSegmentation": "semantic-segmentation",
    "TextMultiClass": "text-classification",
    "TextMultiClassMultiLabel": "text-classification-multilabel",
    "NamedEntityRecognition": "named-entity-recognition",
    "VideoMultiClass": "video-classification",
    "VideoObjectDetection": "video-object-detection",
    "VideoObjectTracking": "video-object-tracking",
    "PointCloudObjectDetection": "3d-point-cloud-object-detection",
    "PointCloudObjectTracking": "3d-point-cloud-object-tracking",
    "PointCloudSemanticSegmentation": "3d-point-cloud-semantic-segmentation",
    "Custom": "custom",
}
IMAGE_REVIEWED = ("BoundingBox", "SemanticSegmentation")
FRAMES_REVIEWED = (
    "VideoObjectDetection",
    "VideoObjectTracking",
    "PointCloudObjectDetection",
    "PointCloudObjectTracking",
    "PointCloudSemanticSegmentation",
)
FACT_IDS = {
    **BASES,
    **{f"{name}Verification": f"verification-{BASES[name]}" for name in IMAGE_REVIEWED},
    **{f"{name}Adjustment": f"adjustment-{BASES[name]}" for name in IMAGE_REVIEWED},
    **{
        f"{name}{review}": f"adjustment-{BASES[name]}"
        for name in FRAMES_REVIEWED
        for review in ("Audit", "Verification", "Adjustment")
    },
}


def fact_of(name: str) -> dict[str, Any]:
    """The facts of a modality's task type."""
    return next(f for f in facts()["task_types"] if f["id"] == FACT_IDS[name])


@pytest.mark.parametrize("name", MODALITIES)
def test_each_row_says_what_the_fact_sheet_says(name: str) -> None:
    # Given the row and the facts of its task type
    row = modalities.get(name)
    fact = fact_of(name)
    # Then functions, UI, suffix, output type, workers and family are the same
    assert row.pre_lambda == fact["pre_lambda"]
    assert row.acs_lambda == fact["acs_lambda"]
    assert row.human_task_ui == fact["human_task_ui"]
    assert (row.human_task_ui is not None) == (fact["ui_param"] == "HumanTaskUiArn")
    assert (row.ui_template is None) == (fact["ui_param"] == "HumanTaskUiArn" or name == "Custom")
    suffix = fact["label_attribute_suffix"].partition(" ")[0]
    assert row.attribute_ref_suffix == (suffix == "must_end_ref")
    assert row.output_type == fact["output_metadata_type"]
    assert row.workers_min == fact["number_of_workers"]["min"]
    assert row.workers_max == fact["number_of_workers"]["max"]
    assert row.family == fact["family"]
    assert row.public_workforce == fact["mturk"]


@pytest.mark.parametrize("name", MODALITIES)
def test_each_row_has_the_limits_of_the_fact_sheet(name: str) -> None:
    # Given the row, the facts of its task type, and the quotas
    row = modalities.get(name)
    fact, quotas = fact_of(name), facts()["quotas"]
    frames = row.family in {"video-frame", "3d"}
    # Then the times are those of the API's own text (30 days where the guide says 7)
    longest = fact["task_time_limit_max_seconds"]
    if isinstance(longest, int):
        assert row.task_time_limit_max == longest
        assert not frames
    else:
        assert row.task_time_limit_max == 30 * 86_400
        assert row.task_time_limit_default == longest["safe_value"]
    assert (
        row.availability_max == quotas["time"]["task_availability_seconds"]["private_vendor"]["max"]
    )
    # And the labels, their number and the length of their names
    assert row.label_min == fact.get("min_labels", 1)
    most = fact_of(row.base).get("max_labels") if not row.verdict_labels else None
    assert row.label_max == (None if isinstance(most, dict) else most)
    assert (
        row.label_name_max
        == quotas["labels"]["video_3d_name_max_chars" if frames else "name_max_chars"]
    )
    # And what a manifest may hold
    objects = quotas["dataset_objects_per_job"]
    assert row.max_items == objects.get(BASES[row.base], objects["default"])
    if row.family == "video-frame":
        limits = (quotas["video"]["sequences_per_manifest"], quotas["video"]["frames_per_sequence"])
        assert (row.max_sequences, row.max_frames_per_sequence) == limits
    elif row.base == "PointCloudObjectTracking":
        assert row.max_sequences == objects["3d tracking sequences"]
        assert row.max_frames_per_sequence == quotas["point_cloud"]["frames_per_sequence"]
    else:
        assert not row.sequences
    images = quotas["point_cloud"]["images_per_frame"] if row.family == "3d" else None
    assert row.max_images_per_frame == images


@pytest.mark.parametrize("name", MODALITIES)
def test_each_row_reads_and_writes_what_the_fact_sheet_says(name: str) -> None:
    # Given the row and the facts of its task type
    row, fact = modalities.get(name), fact_of(name)
    base = fact_of(row.base)
    # Then a text may stand in the line, a text or anything else may be an object in S3
    inline = "source (inline" in base["input"] or base["input"].startswith("source or")
    assert set(row.input_attributes) == ({"source", "source-ref"} if inline else {"source-ref"})
    # And the label stands in the line as the facts say
    value = base["label_value"]
    assert row.base_shape == next(shape for words, shape in SHAPES if words in value)
    assert row.output_shape == ("verdict" if row.verdict_labels else row.base_shape)
    # And frames have the category file of frames, in which 3D segmentation has no attributes
    keys = fact.get("label_config", {})
    assert row.frame_categories == ("keys" in keys)
    ignored = row.base == "PointCloudSemanticSegmentation"
    assert row.label_attributes == (row.frame_categories and not ignored)
    assert list(row.annotation_types) == base.get("annotation_types", [])
    assert row.instructions_required == (
        "instructions" in str(base["label_config"]) and not row.frame_categories
    )
    assert row.categories_optional == (base["label_config"] == "optional")


SHAPES = (
    ("list of int class", "classes"),
    ("int class index", "class"),
    ("image_size", "boxes"),
    ("PNG", "mask"),
    ("entities", "spans"),
    ("SeqLabel", "frames"),
    ("center-x", "cuboids"),
    (".zlib", "cloud-mask"),
    ("ACS lambda returns", "custom"),
)


def test_the_table_has_a_fact_for_every_row_and_a_row_for_every_fact() -> None:
    assert set(MODALITIES) == set(FACT_IDS)
    undocumented = {"passthrough"}
    assert {f["id"] for f in facts()["task_types"]} - undocumented == set(FACT_IDS.values())


def test_only_the_reviews_that_ground_truth_has_exist() -> None:
    unreviewed = facts()["task_types_without_verify_or_adjust"]
    for name, fact in BASES.items():
        found = [row.review for row in modalities.reviews_of(modalities.get(name))]
        assert bool(found) == (fact not in unreviewed)
        if name in IMAGE_REVIEWED:
            assert found == ["verification", "adjustment"]
        if name in FRAMES_REVIEWED:
            assert found == ["audit", "verification", "adjustment"]


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
        ("SemanticSegmentationVerification", False, False),
        ("SemanticSegmentationAdjustment", True, True),
        ("PointCloudObjectDetectionVerification", True, False),
        ("Custom", True, True),
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
