"""POST /batch/create from outside: one batch, one execution, and every problem said."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from terrace.domain.records import Mark
from terrace.domain.status import BatchStatus
from terrace.errors import ThrottledError, TransientError
from tests.fakes.house import INPUTS, REGION, House
from tests.functions.conftest import Client

EVENTS = Path(__file__).parents[2] / "events"


def a_request(**more: Any) -> dict[str, Any]:
    job = {
        "jobName": "car",
        "jobLevel": "1",
        "jobModality": "VideoObjectTracking",
        "inputConfig": {"inputManifestS3Uri": f"s3://{INPUTS}/clip.manifest"},
        "labelCategoryConfigS3Uri": f"s3://{INPUTS}/car.json",
    }
    return {"batchId": "b", "labelingJobs": [job], **more}


def test_a_right_request_makes_one_batch_and_one_execution(client: Client, house: House) -> None:
    code, answer = client.create(a_request())

    assert code == 200
    assert answer == {
        "batchId": "b",
        "status": "IN_PROGRESS",
        "message": "Batch processor successfully triggered with BatchId : b",
    }
    assert house.workflow.started == {"b": {"batchId": "b", "generation": 1}}
    row = house.batch()
    assert row.executionArn == house.workflow.arn("b")
    assert house.objects.get_json(row.requestS3Uri) == a_request()


def test_the_2021_event_is_accepted_as_it_is(client: Client) -> None:
    event = json.loads((EVENTS / "api.create.contract-2021.json").read_text())
    body = event["body"].replace("in-bucket", INPUTS).replace("us-west-2", REGION)
    body = body.replace("smgt-workflow-first-level", "first")

    code, answer = client.create(body)

    assert (code, answer.get("errors")) == (200, None)


def test_the_same_content_again_is_the_same_batch_however_it_is_written(
    client: Client, house: House
) -> None:
    _, first = client.create(a_request())
    row = house.batch()
    again = a_request(pacing="level", destinationSnsArn=None)
    again["labelingJobs"][0] |= {"jobLevel": 1, "jobType": "BATCH"}

    code, second = client.create(json.dumps(again, indent=2, sort_keys=True))

    assert (code, second) == (200, first)
    assert house.batch() == row
    assert list(house.workflow.started) == ["b"]


def test_20_posts_at_once_make_one_batch_with_one_execution(client: Client, house: House) -> None:
    # moto serves threads one at a time; the steps still interleave between calls
    def post(_: int) -> dict[str, Any]:
        answer: dict[str, Any] = Client({}).create(a_request())[1]
        return answer

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(post, range(20)))

    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["status"] == "IN_PROGRESS"
    assert list(house.workflow.started) == ["b"]
    assert house.batch().generation == 1


def test_other_content_under_the_same_id_changes_nothing(client: Client, house: House) -> None:
    client.create(a_request())
    row = house.batch()

    code, answer = client.create(a_request(pacing="dependency"))

    assert code == 409
    assert answer["errors"][0]["code"] == "BATCH_EXISTS"
    assert house.batch() == row
    assert house.objects.get_json(row.requestS3Uri) == a_request()


def test_a_crash_before_the_execution_is_healed_by_posting_again(
    client: Client, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a post whose StartExecution was lost
    def down(name: str, payload: Any) -> str:
        raise TransientError("StartExecution: 503")

    with monkeypatch.context() as broken:
        broken.setattr(house.workflow, "start", down)
        code, answer = client.create(a_request())
    assert code == 503
    assert answer["requestId"] == "request-1"
    assert house.batch().executionArn is None

    # When it is sent again
    code, answer = client.create(a_request())

    # Then it runs
    assert (code, answer["status"]) == (200, "IN_PROGRESS")
    assert list(house.workflow.started) == ["b"]
    assert house.batch().executionArn == house.workflow.arn("b")


def test_an_id_that_failed_validation_may_be_used_again(client: Client, house: House) -> None:
    # Given a batch that ended VALIDATION_FAIL
    client.create(a_request())
    house.store.set_mark("b", Mark(kind="invalid", at=house.clock.now()), 1)
    house.store.end_batch("b", 1, BatchStatus.VALIDATION_FAIL, house.clock.now())

    # When another request comes under its id
    code, answer = client.create(a_request(pacing="dependency"))

    # Then it is a new generation with an execution of its own
    assert (code, answer["status"]) == (200, "IN_PROGRESS")
    assert house.batch().generation == 2
    assert house.workflow.started["b_g2"] == {"batchId": "b", "generation": 2}


def test_a_batch_that_has_ended_is_given_and_not_started(client: Client, house: House) -> None:
    client.create(a_request())
    house.store.end_batch("b", 1, BatchStatus.COMPLETE, house.clock.now())

    code, answer = client.create(a_request())

    assert (code, answer["status"]) == (200, "COMPLETE")
    assert list(house.workflow.started) == ["b"]


def test_every_problem_is_in_the_answer_and_nothing_is_written(
    client: Client, house: House
) -> None:
    request = a_request(batchId="b_b")
    request["labelingJobs"][0] |= {"jobLevel": 11, "gate": {}}
    request["exports"] = ["coko"]

    code, answer = client.create(request)

    assert code == 400
    assert {(e["path"], e["code"]) for e in answer["errors"]} == {
        ("$.batchId", "NAME_INVALID"),
        ("$.labelingJobs[0].jobLevel", "OUT_OF_RANGE"),
        ("$.labelingJobs[0].gate", "UNKNOWN_FIELD"),
        ("$.exports[0].format", "FORMAT_UNKNOWN"),
    }
    assert all(set(e) == {"path", "code", "problem", "fix"} for e in answer["errors"])
    assert house.workflow.started == {}


def test_a_base64_body_is_read(client: Client) -> None:
    assert client.create(json.dumps(a_request()).encode())[0] == 200


def test_a_throttled_call_is_429(
    client: Client, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(batch_id: str) -> None:
        raise ThrottledError("GetItem: ThrottlingException")

    monkeypatch.setattr(house.store, "get_batch", slow)

    code, answer = client.create(a_request())

    assert (code, answer["errors"][0]["code"]) == (429, "THROTTLED")


def test_an_unexpected_error_is_json_with_the_request_id_and_no_detail(
    client: Client, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(batch_id: str) -> None:
        raise KeyError("a secret detail")

    monkeypatch.setattr(house.store, "get_batch", broken)

    code, answer = client.create(a_request())

    assert code == 500
    assert answer["requestId"] == "request-1"
    assert "secret" not in json.dumps(answer)


def test_1000_jobs_are_accepted(client: Client) -> None:
    request = a_request()
    job = request["labelingJobs"][0]
    request["labelingJobs"] = [{**job, "jobName": f"car{n}"} for n in range(1000)]

    assert client.create(request)[0] == 200
    code, answer = client.show(batchId="b")

    assert (code, answer["firstLevel"]["numChildBatches"]) == (200, 1000)
