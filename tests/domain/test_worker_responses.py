"""Raw answers of workers: a real job's files, a private team's, and broken ones."""

import json
from typing import Any

import pytest

from terrace.domain import worker_responses
from terrace.domain.json_reading import UnreadableError
from tests.data.shared_data import FOLDER

URI = "s3://out/annotations/worker-response/iteration-1/0/2024-05-01_10:00:00.json"
BIRDS = FOLDER.parent / "gt_image_classification_birds"
FILES = sorted(BIRDS.glob("raw_layout/**/*.json"))
ANSWER: dict[str, Any] = {
    "acceptanceTime": "2024-05-01T10:00:00.000Z",
    "submissionTime": "2024-05-01T10:00:12.500Z",
    "timeSpentInSeconds": 12.5,
    "workerId": "private.us-east-1.0123456789abcdef",
    "workerMetadata": {"identityData": {"identityProviderType": "Cognito"}},
    "answerContent": {"boundingBox": {"boundingBoxes": []}},
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_every_answer_of_a_real_file_is_read(path: Any) -> None:
    raw = json.loads(path.read_text(encoding="utf-8"))
    found = worker_responses.read(raw, path.name)
    assert len(found) == len(raw["answers"]) > 1
    assert {answer.element for answer in found} == {"crowd-image-classifier"}
    assert all(set(answer.content) == {"label"} for answer in found)
    assert all(answer.seconds is None for answer in found)


def test_every_answer_of_a_whole_real_job_is_read() -> None:
    path = BIRDS / "worker-responses.jsonl"
    if not path.exists():
        pytest.skip("../shared/data/gt_image_classification_birds is not on this machine")
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    answers = [a for line in lines for a in worker_responses.read(line, line["file"])]
    assert len(answers) == sum(len(line["answers"]) for line in lines)
    assert len({answer.worker_id for answer in answers}) > 10


def test_a_private_teams_answer_says_how_long_it_took() -> None:
    (answer,) = worker_responses.read({"answers": [ANSWER]}, URI)
    assert (answer.seconds, answer.accepted) == (12.5, "2024-05-01T10:00:00.000Z")
    assert (answer.element, answer.content) == ("boundingBox", {"boundingBoxes": []})


@pytest.mark.parametrize(
    ("raw", "path", "words"),
    [
        ([], "$", "is a list"),
        ({}, "$", "has no 'answers'"),
        ({"answers": {}}, "$.answers", "is an object"),
        ({"answers": [{**ANSWER, "answerContent": {}}]}, "$.answers[0].answerContent", "is empty"),
        ({"answers": [{**ANSWER, "answerContent": "x"}]}, "$.answers[0].answerContent", "a text"),
        ({"answers": [ANSWER, {**ANSWER, "workerId": ""}]}, "$.answers[1].workerId", "not empty"),
        (
            {"answers": [{**ANSWER, "timeSpentInSeconds": "12"}]},
            "$.answers[0].timeSpentInSeconds",
            "not a number",
        ),
    ],
)
def test_a_broken_file_is_refused_with_file_place_and_reason(
    raw: Any, path: str, words: str
) -> None:
    with pytest.raises(UnreadableError) as caught:
        worker_responses.read(raw, URI)
    assert caught.value.problem.path == f"{URI} {path}"
    assert words in caught.value.problem.problem
