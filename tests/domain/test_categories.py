"""Label category files: what each kind of job gets, compared with AWS's own files."""

import copy
from typing import Any

import pytest

from terrace.domain import categories, category_checks, modalities
from terrace.domain.request import Instructions
from tests.data.shared_data import sample_json

REAL = "real/label_category_configs"
DOC = "doc_derived/label_category_configs"
BOXES: dict[str, Any] = {
    "document-version": "2020-08-15",
    "labels": [
        {"label": "Car", "attributes": [{"name": "Moving", "type": "string", "enum": ["Y", "N"]}]},
        {"label": "Bus"},
    ],
    "x-own-key": {"kept": True},
}


def made(
    modality: str,
    own: dict[str, Any] | None = None,
    inherited: dict[str, Any] | None = None,
    audited: str | None = "one-ref",
    instructions: Instructions | None = None,
) -> dict[str, Any]:
    row = modalities.get(modality)
    result = categories.for_job(
        row,
        own=own,
        inherited=inherited,
        audited_attribute=audited if row.review else None,
        instructions=instructions,
    )
    found = category_checks.check(result, row, "made")
    assert found.problems == []
    return result


def test_a_label_job_gets_the_file_as_it_is() -> None:
    before = copy.deepcopy(BOXES)
    assert made("VideoObjectTracking", own=BOXES) == before
    assert before == BOXES


def test_an_audit_asks_for_a_verdict_on_every_label_and_frame() -> None:
    result = made("VideoObjectTrackingAudit", inherited=BOXES)
    verdict = {"name": "audit", "type": "string", "enum": ["Pass", "Fail"]}
    assert result["auditLabelAttributeName"] == "one-ref"
    assert [entry["attributes"][-1] for entry in result["labels"]] == [verdict, verdict]
    assert result["labels"][0]["attributes"][0]["name"] == "Moving"
    frame = result["frameAttributes"][-1]
    assert (frame["name"], frame["enum"]) == ("Frame_Quality", ["Pass", "Fail"])
    assert frame["description"]
    assert "editsAllowed" not in str(result)
    assert result["x-own-key"] == {"kept": True}
    assert "frameAttributes" not in BOXES


@pytest.mark.parametrize("name", ["notebook_video_vehicle_audit", "notebook_video_lane_audit"])
def test_aws_own_audit_files_gain_only_the_audited_attribute(name: str) -> None:
    given = sample_json(f"{REAL}/{name}.json")
    modality = "VideoObjectDetectionAudit" if "lane" in name else "VideoObjectTrackingAudit"
    assert made(modality, own=given) == {**given, "auditLabelAttributeName": "one-ref"}


def test_auditing_aws_own_lane_file_gives_the_verdict_of_aws_own_audit_file() -> None:
    result = made(
        "VideoObjectDetectionAudit",
        inherited=sample_json(f"{REAL}/notebook_video_lane_polyline.json"),
    )
    assert result["labels"] == sample_json(f"{REAL}/notebook_video_lane_audit.json")["labels"]
    assert result["annotationType"] == "Polyline"


def test_an_adjustment_keeps_the_files_edit_rules_and_replaces_the_audited_attribute() -> None:
    given = sample_json(f"{DOC}/video_adjustment.json")
    result = made("VideoObjectTrackingAdjustment", own=given)
    assert result == {**given, "auditLabelAttributeName": "one-ref"}


def test_a_verification_locks_all_that_exists_and_leaves_only_verdicts_open() -> None:
    given = sample_json(f"{DOC}/video_keypoint.json")
    result = made("VideoObjectTrackingVerification", inherited=given)
    assert [entry["editsAllowed"] for entry in result["labels"]] == ["none", "none"]
    for attribute in categories.all_attributes(result):
        verdict = attribute["name"] in {"audit", "Frame_Quality"}
        assert attribute.get("editsAllowed") == (None if verdict else "none"), attribute["name"]
    # the guide's files use `categoryAttributes`; so does what is added to them
    assert result["labels"][1]["categoryAttributes"][-1]["name"] == "audit"
    assert "attributes" not in result["labels"][1]


def test_a_verdict_of_the_users_own_is_not_asked_twice_and_can_be_given() -> None:
    given = copy.deepcopy(BOXES)
    given["categoryGlobalAttributes"] = [
        {"name": "QA", "type": "string", "enum": ["PASS", "fail", "unsure"], "editsAllowed": "none"}
    ]
    result = made("VideoObjectTrackingVerification", own=given)
    assert "frameAttributes" not in result
    assert "editsAllowed" not in result["categoryGlobalAttributes"][0]
    assert result["labels"][0]["editsAllowed"] == "none"


def test_a_name_that_is_taken_for_something_else_is_not_taken_again() -> None:
    given = copy.deepcopy(BOXES)
    given["labels"][1]["attributes"] = [{"name": "audit", "type": "number"}]
    result = made("VideoObjectTrackingAudit", inherited=given)
    assert {entry["attributes"][-1]["name"] for entry in result["labels"]} == {"audit_2"}


def test_an_adjustment_after_an_audit_shows_the_verdicts() -> None:
    audit = made("VideoObjectTrackingAudit", inherited=BOXES)
    result = made("VideoObjectTrackingAdjustment", inherited=audit, audited="two-ref")
    assert result == {**audit, "auditLabelAttributeName": "two-ref"}


def test_an_adjustment_after_a_verification_can_be_edited_again() -> None:
    verification = made("VideoObjectTrackingVerification", inherited=BOXES)
    result = made("VideoObjectTrackingAdjustment", inherited=verification, audited="two-ref")
    assert "editsAllowed" not in str(result)
    assert categories.has_verdict(result)


def test_a_second_audit_asks_with_the_same_attributes() -> None:
    first = made("VideoObjectTrackingAudit", inherited=BOXES)
    second = made("VideoObjectTrackingAudit", inherited=first, audited="two-ref")
    assert second == {**first, "auditLabelAttributeName": "two-ref"}


def test_image_verification_without_a_file_asks_pass_or_fail() -> None:
    classes = {"labels": [{"label": "Dog"}]}
    assert categories.label_names(made("BoundingBoxVerification", inherited=classes)) == [
        "Pass",
        "Fail",
    ]


def test_image_verification_with_a_file_asks_what_the_file_says() -> None:
    given = sample_json(f"{REAL}/image_bounding_box_verification_categories.json")
    assert made("BoundingBoxVerification", own=given) == given


def test_image_adjustment_has_the_same_labels_and_nothing_else() -> None:
    given = sample_json(f"{REAL}/image_bounding_box_labeling_categories.json")
    assert made("BoundingBoxAdjustment", inherited=given) == given


def test_a_job_without_any_file_is_an_error() -> None:
    with pytest.raises(ValueError, match="no label category file"):
        made("VideoObjectTracking")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (Instructions(shortInstruction="S", fullInstruction="F"), ("S", "F")),
        (Instructions(shortInstruction="S"), ("S", "old full")),
        (Instructions(), ("old short", "old full")),
        (None, ("old short", "old full")),
    ],
)
def test_the_requests_instructions_win_over_the_files(
    given: Instructions | None, expected: tuple[str, str]
) -> None:
    own = {
        **BOXES,
        "instructions": {"shortInstruction": "old short", "fullInstruction": "old full"},
    }
    result = made("VideoObjectTracking", own=own, instructions=given)["instructions"]
    assert (result["shortInstruction"], result["fullInstruction"]) == expected


def test_one_instruction_alone_fills_both_since_ground_truth_wants_both() -> None:
    result = made("VideoObjectTracking", own=BOXES, instructions=Instructions(fullInstruction="F"))
    assert result["instructions"] == {"shortInstruction": "F", "fullInstruction": "F"}


def test_a_review_file_must_keep_the_labels_and_the_shape() -> None:
    row = modalities.get("VideoObjectTrackingAudit")
    given = {"labels": [{"label": "Car"}, {"label": "Van"}], "annotationType": "Polyline"}
    found = categories.compatible(BOXES, given, row, "s3://b/c.json")
    assert [p.code for p in found] == [
        "CATEGORY_LABELS_MISSING",
        "CATEGORY_ANNOTATION_TYPE_CHANGED",
    ]
    assert "Bus" in found[0].problem
    more = {"labels": [*BOXES["labels"], {"label": "Van"}]}
    assert categories.compatible(BOXES, more, row, "x") == []


def test_verdicts_need_not_be_the_classes_of_the_boxes() -> None:
    row = modalities.get("BoundingBoxVerification")
    assert categories.compatible(BOXES, categories.default_verdicts(), row, "x") == []
