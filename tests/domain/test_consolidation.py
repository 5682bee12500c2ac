"""Answers of workers become labels; a bad one costs nobody else's."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.domain.consolidation import Skipped, consolidate, ids
from terrace.domain.privacy import pseudonym
from tests.data.shared_data import sample_json
from tests.domain.test_skeleton_answers import MOVED, PERSON, form

WORKERS = ["private.us-east-1.0123456789abcdef", "private.us-east-1.fedcba9876543210"]
SECRET = "what a person wrote"


def answer(content: Any, worker: str = WORKERS[0]) -> dict[str, Any]:
    text = content if isinstance(content, str) else json.dumps(content)
    return {"workerId": worker, "annotationData": {"content": text}}


def item(number: int, *answers: dict[str, Any]) -> dict[str, Any]:
    uri = f"s3://input-bucket/{number}.jpg"
    return {
        "datasetObjectId": str(number),
        "dataObject": {"s3Uri": uri},
        "annotations": list(answers),
    }


def labels(payload: Any, **more: Any) -> dict[str, Any]:
    """By datasetObjectId, the labels."""
    found = consolidate(payload, "a", **more)
    return {
        one["datasetObjectId"]: one["consolidatedAnnotation"]["content"]["a"]
        for one in found.labels
    }


def test_a_form_of_any_kind_is_kept_as_each_worker_sent_it() -> None:
    payload = [item(0, answer({"q": {"label": "yes"}}), answer({"q": {"label": "no"}}, WORKERS[1]))]
    assert labels(payload) == {
        "0": {
            "workers": [
                {"workerId": pseudonym(WORKERS[0]), "answer": {"q": {"label": "yes"}}},
                {"workerId": pseudonym(WORKERS[1]), "answer": {"q": {"label": "no"}}},
            ]
        }
    }


def test_a_skeleton_answer_becomes_the_record_of_its_image() -> None:
    originals = {"0": {"updated_annotations": [PERSON]}}
    found = labels([item(0, answer(form([MOVED])))], originals=originals)["0"]
    assert found["data_object_s3_uri"] == "s3://input-bucket/0.jpg"
    assert found["original_annotations"] == [PERSON]
    assert found["updated_annotations"] == [MOVED]
    assert found["worker_id"] == pseudonym(WORKERS[0])
    assert "other_answers" not in found


def test_skeletons_of_several_workers_are_all_kept() -> None:
    payload = [item(0, answer(form([PERSON])), answer(form([MOVED]), WORKERS[1]))]
    found = labels(payload, originals={})["0"]
    assert found["updated_annotations"] == [PERSON]
    [other] = found["other_answers"]
    assert (other["updated_annotations"], other["worker_id"]) == ([MOVED], pseudonym(WORKERS[1]))


BAD: list[tuple[str, Any]] = [
    ("half a line", answer(f'{{"{SECRET}')),
    ("a list", answer([SECRET])),
    ("a number", answer(7)),
    ("no content", {"workerId": WORKERS[0], "annotationData": {}}),
    ("nothing", {"workerId": WORKERS[0]}),
    ("a string", SECRET),
    ("null", None),
    ("a worker without a name", {"annotationData": {"content": "{"}}),
    ("deep", answer("[" * 100_000)),
    ("a skeleton of nothing", answer(form([{"keypoints": [{"label": SECRET}]}]))),
    ("a NaN", answer('{"x": NaN}')),
]


@pytest.mark.parametrize("bad", [bad for _, bad in BAD], ids=[name for name, _ in BAD])
def test_a_bad_answer_is_skipped_alone_and_not_quoted(bad: Any) -> None:
    # Given a bad answer beside a good one of the same item, and good items around
    good = answer({"q": 1}, WORKERS[1])
    payload = [item(0, good), item(1, bad, good), item(2, bad), item(3, good)]
    # When they are consolidated
    found = consolidate(payload, "a")
    # Then only the item that has no other answer gets no label
    assert [one["datasetObjectId"] for one in found.labels] == ["0", "1", "3"]
    assert [one.datasetObjectId for one in found.skipped] == ["1", "2"]
    assert SECRET not in str(found.skipped)


@pytest.mark.parametrize(
    "bad", [None, "x", {}, {"datasetObjectId": "0"}, {"datasetObjectId": "0", "annotations": []}]
)
def test_a_data_object_without_answers_is_skipped_alone(bad: Any) -> None:
    found = consolidate([bad, item(1, answer({"q": 1}))], "a")
    assert [one["datasetObjectId"] for one in found.labels] == ["1"]
    [skipped] = found.skipped
    assert skipped.worker is None


def test_a_payload_that_is_no_list_is_an_error() -> None:
    with pytest.raises(ValueError, match="no JSON list"):
        consolidate({"annotations": []}, "a")


def test_an_answer_in_s3_is_fetched() -> None:
    stored = {"workerId": WORKERS[0], "annotationData": {"s3Uri": "s3://b/answer.json"}}
    assert labels([item(0, stored)], fetch=lambda uri: {"q": uri})["0"]["workers"] == [
        {"workerId": pseudonym(WORKERS[0]), "answer": {"q": "s3://b/answer.json"}}
    ]

    def gone(uri: str) -> Any:
        raise ValueError("its answer cannot be read")

    assert consolidate([item(0, stored)], "a", fetch=gone).skipped == [
        Skipped("0", pseudonym(WORKERS[0]), "its answer cannot be read")
    ]


def test_half_a_character_cannot_break_the_sending_of_all_others() -> None:
    found = consolidate([item(0, answer('{"q": "\\ud83d!"}')), item(1, answer({"q": 1}))], "a")
    text = json.dumps(found.labels, ensure_ascii=False).encode()
    assert json.loads(text)[0]["consolidatedAnnotation"]["content"]["a"]["workers"][0][
        "answer"
    ] == {"q": "?!"}


# --- Lambda's limit -------------------------------------------------------------------------
def size(found: Any) -> int:
    return len(json.dumps(found.labels).encode())


def test_what_workers_were_shown_goes_before_a_label_does() -> None:
    # Given labels that are too large with what workers were shown, and not without
    originals = {str(n): {"updated_annotations": [PERSON] * 20} for n in range(10)}
    payload = [item(n, answer(form([MOVED]))) for n in range(10)]
    whole = size(consolidate(payload, "a", originals=originals))
    # When they are consolidated within two thirds of that
    found = consolidate(payload, "a", originals=originals, response_max=whole * 2 // 3)
    # Then all labels are there, and still say what was changed
    assert found.skipped == []
    content = [one["consolidatedAnnotation"]["content"]["a"] for one in found.labels]
    assert {one["original_annotations"] is None for one in content} == {True}
    assert {one["was_modified"] for one in content} == {True}
    assert size(found) <= whole * 2 // 3


@pytest.mark.parametrize(("people", "kept"), [(7, True), (8, False), (14, False)])
def test_a_label_that_a_chained_job_could_not_read_goes_without_what_was_shown(
    people: int, kept: bool
) -> None:
    # Given a review of so many persons of 17 points each, one of whom was moved
    point = {"label": "left_shoulder", "x": 1234.56, "y": 987.65, "visibility": "visible"}
    person = {"id": "skeleton-1", "keypoints": [{"id": n, **point} for n in range(17)]}
    sent = form([*[person] * (people - 1), MOVED])
    # When it is consolidated
    found = labels([item(0, answer(sent))], originals={"0": [person] * people})["0"]
    # Then the label stays below Ground Truth's limit, and still says that it was changed
    assert (found["original_annotations"] is not None) == kept
    assert len(found["updated_annotations"]) == people
    assert found["was_modified"] is True
    assert len(json.dumps(found, separators=(",", ":"))) <= 20_000


@given(
    sizes=st.lists(st.integers(0, 400), max_size=20),
    response_max=st.integers(2, 4000),
)
def test_an_answer_is_never_above_the_limit_and_every_item_is_in_it_or_named(
    sizes: list[int], response_max: int
) -> None:
    payload = [item(n, answer({"q": "é" * long})) for n, long in enumerate(sizes)]
    found = consolidate(payload, "a", response_max=response_max)
    assert size(found) <= response_max
    kept = {one["datasetObjectId"] for one in found.labels}
    left_out = {one.datasetObjectId for one in found.skipped}
    assert kept | left_out == {str(n) for n in range(len(sizes))}
    assert not kept & left_out


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(bad=JSON)
def test_no_data_object_whatever_it_is_costs_another_its_label(bad: Any) -> None:
    found = consolidate([bad, item(1, bad, answer({"q": 1}))], "a")
    assert found.labels[-1]["datasetObjectId"] == "1"
    assert "1" in ids([bad, item(1)])
    json.dumps(found.labels, ensure_ascii=False).encode()


# --- real files -------------------------------------------------------------------------------
REAL = [
    "real/custom_lambda_events/sample_annotation_consolidation_payload.json",
    "real/custom/consolidation-request/2021-11-18_02:19:51.json",
]


@pytest.mark.parametrize("name", REAL)
def test_every_answer_of_a_real_payload_is_kept(name: str) -> None:
    payload = sample_json(name)
    found = consolidate(payload, "a")
    assert found.skipped == []
    assert [one["datasetObjectId"] for one in found.labels] == [
        one["datasetObjectId"] for one in payload
    ]
    for given_, made in zip(payload, found.labels, strict=True):
        content = made["consolidatedAnnotation"]["content"]["a"]
        assert [worker["answer"] for worker in content["workers"]] == [
            json.loads(one["annotationData"]["content"]) for one in given_["annotations"]
        ]
