"""Handler post_annotation: Ground Truth's event and payload in, labels out."""

import json
from typing import Any

import pytest

from terrace.domain.privacy import pseudonym
from terrace.errors import NotFoundError
from tests.data.shared_data import sample_json
from tests.fakes.house import INPUTS
from tests.functions.behind.conftest import World, event
from tests.functions.behind.custom_job import JOB, NOSE, PERSON, REVIEW, recorded

WORKER = "private.us-east-1.0123456789abcdef"
MOVED = {"id": "skeleton-1", "keypoints": [{**NOSE, "x": 99.0}]}


def answered(number: int, content: str) -> dict[str, Any]:
    """One data object of a payload, with one answer."""
    return {
        "datasetObjectId": str(number),
        "dataObject": {"s3Uri": f"s3://{INPUTS}/pose/{number}.jpg"},
        "annotations": [{"workerId": WORKER, "annotationData": {"content": content}}],
    }


def skeletons(*found: dict[str, Any]) -> str:
    return json.dumps(
        {
            "annotations": json.dumps(found),
            "noChangesNeeded": "false",
            "totalTimeInSeconds": "7.5",
        }
    )


def payload(world: World, *objects: dict[str, Any]) -> None:
    """Puts the file that the event names."""
    world.house.objects.put_json(
        event("post_annotation.answers")["payload"]["s3Uri"], list(objects)
    )


def content(answer: list[dict[str, Any]]) -> dict[str, Any]:
    return {one["datasetObjectId"]: one["consolidatedAnnotation"]["content"][JOB] for one in answer}


@pytest.mark.parametrize("name", ["answers", "console"])
def test_answers_become_labels_under_the_jobs_attribute(world: World, name: str) -> None:
    recorded(world)
    payload(world, answered(0, skeletons(PERSON)), answered(1, '{"q": {"label": "yes"}}'))
    found = content(world.invoke(f"post_annotation.{name}"))
    assert found["0"] == {
        "dataset_object_id": "0",
        "data_object_s3_uri": f"s3://{INPUTS}/pose/0.jpg",
        "image_file_name": "0.jpg",
        "image_s3_location": f"s3://{INPUTS}/pose/0.jpg",
        "original_annotations": [],
        "updated_annotations": [PERSON],
        "worker_id": pseudonym(WORKER),
        "no_changes_needed": False,
        "was_modified": True,
        "total_time_in_seconds": 7.5,
    }
    assert found["1"] == {
        "workers": [{"workerId": pseudonym(WORKER), "answer": {"q": {"label": "yes"}}}]
    }


def review(world: World, *lines: dict[str, Any]) -> None:
    """Given a review of the labels on these lines."""
    uri = f"s3://{INPUTS}/pose/review.manifest"
    world.house.objects.write_lines(uri, (json.dumps(line) for line in lines))
    recorded(world, inputManifestS3Uri=uri, auditedAttributeName="first")


def test_a_review_records_what_its_workers_were_shown(world: World) -> None:
    # Given a review of two images, whose workers moved a point of the second
    shown = {"updated_annotations": [PERSON], "worker_id": "worker-1"}
    review(world, {"source-ref": "s3://b/0", "first": shown}, {"source": "", "first": shown})
    payload(world, answered(0, skeletons(PERSON)), answered(1, skeletons(MOVED)))
    # When the answers are consolidated
    found = content(world.invoke("post_annotation.answers"))
    # Then both say what was there, and only the second that it was changed
    assert [found[n]["original_annotations"] for n in "01"] == [[PERSON], [PERSON]]
    assert [found[n]["was_modified"] for n in "01"] == [False, True]


def test_labels_are_kept_where_the_manifest_of_the_review_is_gone(world: World) -> None:
    recorded(world, inputManifestS3Uri="s3://input-bucket/gone", auditedAttributeName="first")
    payload(world, answered(0, skeletons(PERSON)))
    found = content(world.invoke("post_annotation.answers"))["0"]
    assert found["updated_annotations"] == [PERSON]
    assert (found["original_annotations"], found["was_modified"]) == (None, None)


def test_a_bad_answer_is_logged_without_its_content_and_the_others_are_labels(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    recorded(world, REVIEW)
    payload(world, answered(0, '{"what a person wrote'), answered(1, '{"q": 1}'))
    assert list(content(world.invoke("post_annotation.answers"))) == ["1"]
    [warning] = [record for record in caplog.records if record.msg == "answer skipped"]
    assert warning.levelname == "WARNING"
    said = vars(warning)
    assert (said["datasetObjectId"], said["worker"]) == ("0", pseudonym(WORKER))
    assert "what a person wrote" not in str(said)
    assert WORKER not in str(said)


def test_a_payload_that_is_not_there_is_an_error_with_its_place(world: World) -> None:
    recorded(world)
    with pytest.raises(NotFoundError, match="consolidation-request"):
        world.invoke("post_annotation.answers")


def test_aws_own_test_event_is_answered(world: World) -> None:
    samples = "real/custom_lambda_events"
    request = sample_json(f"{samples}/annotation_consolidation_test_event.json")
    answers = sample_json(f"{samples}/sample_annotation_consolidation_payload.json")
    uri = f"s3://{INPUTS}/sample_annotation_consolidation_payload.json"
    world.house.objects.put_json(uri, answers)
    found = world.send("post_annotation", request | {"payload": {"s3Uri": uri}})
    [first, _] = found
    label = first["consolidatedAnnotation"]["content"]["test-label-attribute"]
    assert label["workers"][0]["answer"]["annotatedResult"]["boundingBoxes"][0]["label"] == "Red"
