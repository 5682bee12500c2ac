"""POST /batch/stop and POST /batch/retry from outside: what is said, what is refused."""

import json
from collections.abc import Iterator

import jsonschema
import pytest
from api import app

from terrace.errors import TransientError
from tests.fakes.house import House, a_house
from tests.functions.conftest import CONTEXT, Client, wire
from tests.stack_template import ROOT
from tests.steps.conftest import two_levels

NAMES = ("car", "road", "car-audit", "road-audit")


def posted(house: House) -> None:
    """Given a batch whose first level runs."""
    house.post(two_levels(house))
    house.turn()


def settle(house: House) -> None:
    """What ended is settled."""
    for name in list(house.engine.jobs):
        if house.engine.jobs[name].terminal:
            house.event(name)


def test_a_running_batch_is_stopped_and_shows_it(client: Client, house: House) -> None:
    posted(house)
    code, answer = client.stop(batchId="b")
    assert (code, answer["batchId"], answer["status"]) == (200, "b", "IN_PROGRESS")
    assert "ends STOPPED" in answer["message"]
    assert client.show(batchId="b")[1]["stopMode"] == "stop"
    house.turn()
    settle(house)
    _, shown = client.show(batchId="b")
    assert (shown["status"], shown["secondLevel"]["status"]) == ("STOPPED", "FAILED")
    assert shown["secondLevel"]["jobLevels"][0]["failureReason"].endswith("the batch was stopped")


def test_stop_can_be_repeated_and_says_what_it_found(client: Client, house: House) -> None:
    posted(house)
    first, again = client.stop(batchId="b"), client.stop(batchId="b")
    assert first == again
    house.turn()
    settle(house)
    code, answer = client.stop(batchId="b")
    assert (code, answer["status"]) == (200, "STOPPED")
    assert "ended already" in answer["message"]


def test_drain_is_said_and_shown(client: Client, house: House) -> None:
    posted(house)
    _, answer = client.stop(batchId="b", mode="drain")
    assert "mode drain" in answer["message"]
    assert client.show(batchId="b")[1]["stopMode"] == "drain"


def test_a_stop_whose_nudge_was_lost_is_made_good_by_the_same_call(
    client: Client, house: House
) -> None:
    posted(house)
    real, lost = house.workflow.release, []

    def lose_one(token: str) -> bool:
        if not lost:
            lost.append(token)
            raise TransientError("SendTaskSuccess: 503")
        return real(token)

    house.workflow.release = lose_one  # type: ignore[method-assign]
    code, answer = client.stop(batchId="b")
    assert (code, "again" in answer["message"]) == (503, True)
    assert client.stop(batchId="b")[0] == 200
    house.turn()
    assert sorted(house.engine.stopped) == ["car", "road"]


def test_a_stopped_batch_is_retried_as_a_new_generation(client: Client, house: House) -> None:
    posted(house)
    client.stop(batchId="b")
    house.turn()
    settle(house)
    code, answer = client.retry(batchId="b")
    assert (code, answer["status"]) == (200, "IN_PROGRESS")
    assert client.retry(batchId="b") == (code, answer)
    house.turn()
    _, shown = client.show(batchId="b")
    assert (shown["generation"], shown["stopMode"], shown["endedAt"]) == (2, None, None)
    for name in ("car-a2", "road-a2", "car-audit", "road-audit"):
        house.finish(name)
    assert client.show(batchId="b")[1]["status"] == "COMPLETE"


@pytest.mark.parametrize("state", ["running", "complete"])
def test_a_batch_with_nothing_to_retry_is_409(client: Client, house: House, state: str) -> None:
    posted(house)
    for name in NAMES if state == "complete" else ():
        house.finish(name)
    code, answer = client.retry(batchId="b")
    assert (code, [error["code"] for error in answer["errors"]]) == (409, ["NOT_RETRYABLE"])
    assert answer["errors"][0]["fix"]


# --- requests that change nothing ---------------------------------------------------------------


@pytest.fixture(scope="module")
def idle() -> Iterator[Client]:
    with a_house() as house, pytest.MonkeyPatch.context() as patch:
        yield wire(house, patch)
        assert house.workflow.started == {}


@pytest.mark.parametrize("path", ["/batch/stop", "/batch/retry"])
@pytest.mark.parametrize(
    ("body", "code", "error"),
    [
        (None, 400, "EMPTY_BODY"),
        ("{", 400, "INVALID_JSON"),
        (b"\xff", 400, "NOT_UTF8"),
        ("[]", 400, "WRONG_TYPE"),
        ("{}", 400, "REQUIRED"),
        ('{"batchId": "b", "batchId": "b"}', 400, "DUPLICATE_KEY"),
        ('{"batchId": "b", "force": true}', 400, "UNKNOWN_FIELD"),
        ('{"batchId": 7}', 400, "WRONG_TYPE"),
        ('{"batchId": "a_b"}', 400, None),
        ('{"batchId": "nobody"}', 404, "UNKNOWN_BATCH"),
        (" " * (256 * 1024 + 1), 413, "BODY_TOO_LARGE"),
    ],
)
def test_a_wrong_body_is_refused(
    idle: Client, path: str, body: str | bytes | None, code: int, error: str | None
) -> None:
    found, answer = idle.send("POST", path, body=body)

    assert found == code
    assert error is None or error in {e["code"] for e in answer["errors"]}
    schema = json.loads((ROOT / "schemas/error.schema.json").read_text())
    jsonschema.validate(answer, schema, cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("/batch/stop", {"mode": "kill"}),
        ("/batch/retry", {"jobNames": []}),
        ("/batch/retry", {"jobNames": "car"}),
        ("/batch/retry", {"jobNames": [7]}),
    ],
)
def test_a_wrong_field_is_refused(idle: Client, path: str, more: dict[str, object]) -> None:
    code, _ = idle.send("POST", path, body=json.dumps({"batchId": "b", **more}))
    assert code == 400


@pytest.mark.parametrize("path", ["/batch/stop", "/batch/retry"])
def test_other_methods_are_405(idle: Client, path: str) -> None:
    code, _ = idle.send("GET", path)
    assert (code, idle.last["multiValueHeaders"]["Allow"]) == (405, ["POST"])


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize("name", ["stop", "retry"])
def test_the_example_events_reach_their_routes(name: str) -> None:
    event = json.loads((ROOT / f"events/api.{name}.json").read_text())
    answer = json.loads(app.handler(event, CONTEXT)["body"])
    assert answer["errors"][0]["code"] == "UNKNOWN_BATCH"
