"""Handler pre_annotation: Ground Truth's event in, what the page is given out."""

import pytest
from pydantic import ValidationError

from terrace.runtime import wiring
from tests.data.shared_data import sample_json
from tests.functions.behind.conftest import World, event
from tests.functions.behind.custom_job import CATEGORIES, JOB, REVIEW, recorded

FILE = {"labels": [{"label": "nose"}, {"label": "left_eye"}], "keypointClasses": []}


def test_a_page_is_given_the_item_the_line_and_the_labels(world: World) -> None:
    world.house.objects.put_json(CATEGORIES, FILE)
    recorded(world, labelCategoryS3Uri=CATEGORIES)
    assert world.invoke("pre_annotation.image") == {
        "taskInput": {
            "taskObject": "s3://input-bucket/pose/000001.jpg",
            "dataObject": {"source-ref": "s3://input-bucket/pose/000001.jpg"},
            "labels": ["nose", "left_eye"],
        },
        "isHumanAnnotationRequired": "true",
    }


def test_a_review_is_given_the_earlier_answers(world: World) -> None:
    recorded(world, REVIEW)
    given = world.invoke("pre_annotation.review")["taskInput"]["dataObject"]
    assert given == event("pre_annotation.review")["dataObject"]


def test_a_text_is_given_as_it_is(world: World) -> None:
    recorded(world)
    given = world.invoke("pre_annotation.text")["taskInput"]
    assert given["taskObject"] == 'He said "<script>" & left 🚪'
    assert given["labels"] is None


def test_a_labeling_job_that_terrace_did_not_make_is_served_too(world: World) -> None:
    answer = world.send("pre_annotation", _real_event())
    assert answer["taskInput"]["taskObject"] == "s3://test-bucket/test-image.jpg"


def test_an_older_attempts_labels_are_not_those_of_the_row(world: World) -> None:
    # Given a row that has gone on to its second attempt
    world.house.objects.put_json(CATEGORIES, FILE)
    recorded(world, labelCategoryS3Uri=CATEGORIES, attempt=2)
    assert world.invoke("pre_annotation.image")["taskInput"]["labels"] is None


def test_the_categories_of_a_job_are_read_once_in_a_container(world: World) -> None:
    world.house.objects.put_json(CATEGORIES, FILE)
    recorded(world, labelCategoryS3Uri=CATEGORIES)
    # Given a container that has answered once, and whose category file is gone since
    world.wired("pre_annotation")
    from pre_annotation.app import handler

    from tests.functions.behind.conftest import Context

    first = handler(event("pre_annotation.image"), Context("pre_annotation"))
    world.house.objects.delete(CATEGORIES)
    # When it is asked again, then it answers the same
    assert handler(event("pre_annotation.image"), Context("pre_annotation")) == first
    wiring.pre_annotation.cache_clear()


def test_a_line_without_a_data_object_is_named_and_not_quoted(world: World) -> None:
    recorded(world)
    payload = event("pre_annotation.text") | {"dataObject": {"text": "in confidence"}}
    with pytest.raises(ValueError, match="neither source-ref nor source") as refused:
        world.send("pre_annotation", payload)
    assert "in confidence" not in str(refused.value)
    with pytest.raises(ValidationError) as refused_event:
        world.send("pre_annotation", {"labelingJobArn": JOB, "dataObject": "in confidence"})
    assert "in confidence" not in str(refused_event.value)


def _real_event() -> object:
    return sample_json("real/custom_lambda_events/pre_human_task_test_event.json")
