"""A worker's skeletons: read strictly, recorded with what was there before."""

import json
from typing import Any

import pytest

from terrace.domain.skeleton_answers import UNKNOWN, SkeletonAnswer, read, record

NOSE = {"id": 0, "label": "nose", "x": 101.5, "y": 40.25, "visibility": "visible"}
EAR = {"id": 1, "label": "ear", "visibility": "absent"}
PERSON = {"id": "s1", "keypoints": [NOSE, EAR]}


def form(skeletons: Any, no_changes: Any = "false", seconds: Any = "12.3") -> dict[str, Any]:
    """The fields of the page's form."""
    text = skeletons if isinstance(skeletons, str) else json.dumps(skeletons)
    return {"annotations": text, "noChangesNeeded": no_changes, "totalTimeInSeconds": seconds}


def recorded(updated: list[Any], original: Any) -> dict[str, Any]:
    return record(
        read(form(updated)),
        dataset_object_id="4",
        source="s3://bucket/pose/img 1.jpg",
        worker="worker-1",
        original=original,
    )


def test_an_image_has_all_documented_fields() -> None:
    assert recorded([PERSON], None) == {
        "dataset_object_id": "4",
        "data_object_s3_uri": "s3://bucket/pose/img 1.jpg",
        "image_file_name": "img 1.jpg",
        "image_s3_location": "s3://bucket/pose/img 1.jpg",
        "original_annotations": [],
        "updated_annotations": [PERSON],
        "worker_id": "worker-1",
        "no_changes_needed": False,
        "was_modified": True,
        "total_time_in_seconds": 12.3,
    }


def test_an_image_without_anybody_on_it_is_an_answer() -> None:
    found = recorded([], None)
    assert (found["updated_annotations"], found["was_modified"]) == ([], False)


def test_an_empty_field_means_no_skeletons() -> None:
    assert read(form("")).skeletons == []


MOVED = {"id": "s1", "keypoints": [{**NOSE, "x": 102}, EAR]}
HIDDEN = {"id": "s1", "keypoints": [{**NOSE, "visibility": "occluded"}, EAR]}
REORDERED = {"id": "other", "keypoints": [EAR, {**NOSE, "x": 101.5001}]}


@pytest.mark.parametrize(
    ("updated", "modified"),
    [([PERSON], False), ([REORDERED], False), ([MOVED], True), ([HIDDEN], True), ([], True)],
    ids=["as it was", "other order and ids", "moved by half a pixel", "occluded", "deleted"],
)
def test_modified_is_what_a_person_would_see(updated: list[Any], modified: bool) -> None:
    # Given the label of an earlier job, as its manifest line holds it
    original = {"updated_annotations": [PERSON], "worker_id": "worker-0"}
    found = recorded(updated, original)
    assert found["original_annotations"] == [PERSON]
    assert found["was_modified"] is modified


def test_a_list_of_skeletons_of_the_users_own_can_be_reviewed() -> None:
    assert recorded([PERSON], [PERSON])["was_modified"] is False


@pytest.mark.parametrize("label", [{"updated_annotations": [{"keypoints": "?"}]}, "no JSON", 7])
def test_what_was_shown_and_cannot_be_read_is_not_known(label: Any) -> None:
    found = recorded([PERSON], label)
    assert (found["original_annotations"], found["was_modified"]) == (None, None)


@pytest.mark.parametrize("label", [None, [], {"updated_annotations": None}])
def test_where_nothing_was_shown_all_is_new(label: Any) -> None:
    found = recorded([PERSON], label)
    assert (found["original_annotations"], found["was_modified"]) == ([], True)


def skeleton(x: float, **more: Any) -> dict[str, Any]:
    return {"keypoints": [{"label": "nose", "x": x, "y": 50, "visibility": "visible", **more}]}


@pytest.mark.parametrize(
    "original",
    [
        [{"name": "a", "annotations": [{"label": "nose", "x": 100, "y": 50}]}],
        json.dumps([skeleton(100)]),
        [skeleton(100, visibility=2)],
        [{"keypoints": [*skeleton(100)["keypoints"], {"label": "ear"}, "?"]}],
    ],
    ids=["AWS's own shape", "a text", "COCO's visibility", "points that are not placed"],
)
def test_what_the_page_shows_of_other_shapes_counts_as_shown(original: Any) -> None:
    found = recorded([skeleton(100)], original)
    assert found["original_annotations"]
    assert found["was_modified"] is False


def test_points_are_rounded_as_the_page_rounds_them() -> None:
    # Math.round(100.125 * 100) / 100 is 100.13; Python's own rounding makes 100.12 of it.
    assert recorded([skeleton(100.13)], [skeleton(100.125)])["was_modified"] is False


def test_where_the_earlier_label_is_unknown_the_record_does_not_guess() -> None:
    found = recorded([PERSON], UNKNOWN)
    assert (found["original_annotations"], found["was_modified"]) == (None, None)


@pytest.mark.parametrize(
    ("sent", "means"),
    [("true", True), ({"on": True}, True), (True, True), ("false", False), ({"on": False}, False)],
)
def test_a_check_box_is_read_however_it_is_sent(sent: Any, means: bool) -> None:
    assert read(form([], sent)).no_changes_needed is means


@pytest.mark.parametrize("seconds", [None, "", "soon", "nan", "-1", [1]])
def test_a_time_that_is_none_is_left_open(seconds: Any) -> None:
    assert read(form([], seconds=seconds)) == SkeletonAnswer([], False, None)


SECRET = "what a person wrote"


@pytest.mark.parametrize(
    ("skeletons", "where"),
    [
        (f'[{{"{SECRET}', "annotations: Unterminated string"),
        ("[" * 100_000, "annotations: objects and lists are nested deeper"),
        ({"a": SECRET}, "annotations is no list"),
        ([SECRET], r"annotations\[0\] has no list of keypoints"),
        ([PERSON, {"keypoints": [{"x": SECRET}]}], r"annotations\[1\].keypoints\[0\] has no label"),
        ([{"keypoints": [{**NOSE, "visibility": SECRET}]}], "visibility is none of"),
        ([{"keypoints": [{**NOSE, "x": SECRET}]}], r"keypoints\[0\].x is no number"),
        ([{"keypoints": [{**NOSE, "y": True}]}], r"keypoints\[0\].y is no number"),
        ('[{"keypoints": [{"label": "a", "x": 1e999, "y": 1}]}]', "a number is too large"),
        ('[{"keypoints": [{"label": "a", "x": NaN, "y": 1}]}]', "NaN is not JSON"),
        (f'[{{"keypoints": [{{"label": "a", "x": {"9" * 400}, "y": 1}}]}}]', "x is no number"),
    ],
)
def test_a_wrong_answer_is_refused_by_place_and_not_quoted(skeletons: Any, where: str) -> None:
    with pytest.raises(ValueError, match=where) as refused:
        read(form(skeletons))
    assert SECRET not in str(refused.value)
