"""`terrace stop` and `terrace retry`: what they send, what they say, how they end."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result

from terrace_cli.errors import ApiError
from terrace_cli.main import cli
from terrace_cli.render import batch_lines
from terrace_cli.words import batch_waits_for, job_waits_for
from tests.cli.fake_api import DROP, FakeApi
from tests.cli.shows import answer, job, view
from tests.cli.test_client import client_of

Here = Callable[..., dict[str, Any]]
STOPPING = {"batchId": "b1", "status": "IN_PROGRESS", "message": "b1 is being stopped"}
AGAIN = {"batchId": "b1", "status": "IN_PROGRESS", "message": "b1 runs again"}
REFUSAL = {
    "message": "Batch b1 cannot be retried.",
    "errors": [
        {"path": "$.batchId", "code": "NOT_RETRYABLE", "problem": "it is COMPLETE", "fix": "none"}
    ],
}


def terrace(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def sent(api: FakeApi) -> tuple[str, str, Any]:
    first = api.seen[0]
    return first.method, first.path, json.loads(first.body)


# --- the client -----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["stop", "retry"])
@pytest.mark.parametrize("trouble", [DROP, (503, {}), (429, {"message": "slow down"})])
def test_a_change_whose_answer_is_lost_is_asked_for_again(
    api: FakeApi, method: str, trouble: Any
) -> None:
    api.will(trouble, AGAIN)
    assert getattr(client_of(api), method)("b1") == AGAIN
    assert api.seen[0].body == api.seen[1].body


def test_a_retry_that_is_refused_gives_no_hint_about_ids(api: FakeApi) -> None:
    api.will((409, REFUSAL))
    with pytest.raises(ApiError) as caught:
        client_of(api).retry("b1")
    assert (caught.value.hint, caught.value.errors[0].problem) == ("", "it is COMPLETE")


# --- terrace stop ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("flags", "mode"), [([], "stop"), (["--drain"], "drain")])
def test_stop_sends_its_mode_and_does_not_wait(
    here: Here, api: FakeApi, flags: list[str], mode: str
) -> None:
    here()
    api.will(STOPPING)
    result = terrace("stop", "b1", *flags)
    assert (result.exit_code, result.stdout) == (0, "b1 is being stopped\n")
    assert sent(api) == ("POST", "/batch/stop", {"batchId": "b1", "mode": mode})
    assert len(api.seen) == 1


@pytest.mark.parametrize(("end", "code"), [("STOPPED", 0), ("COMPLETE", 0), ("FAILED", 1)])
def test_stop_can_wait_for_the_end(here: Here, api: FakeApi, end: str, code: int) -> None:
    here()
    running = answer("IN_PROGRESS", job("v", "IN_PROGRESS"), stopMode="stop")
    api.will(STOPPING, running, answer(end, job("v", "STOPPED"), stopMode="stop"))
    result = terrace("stop", "b1", "--wait")
    assert result.exit_code == code
    assert "its labeling job to stop" in result.stdout
    assert f"batch b1 has ended: {end}" in result.stdout


def test_stop_does_not_follow_a_batch_that_has_ended(here: Here, api: FakeApi) -> None:
    here()
    api.will({"batchId": "b1", "status": "FAILED", "message": "b1 had ended already"})
    assert terrace("stop", "b1", "--wait").exit_code == 0
    assert len(api.seen) == 1


# --- terrace retry --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "more"),
    [([], {}), (["--job", "v", "--job", "l"], {"jobNames": ["v", "l"]})],
)
def test_retry_sends_the_jobs_named(
    here: Here, api: FakeApi, flags: list[str], more: dict[str, Any]
) -> None:
    here()
    api.will(AGAIN)
    result = terrace("retry", "b1", *flags)
    assert (result.exit_code, result.stdout) == (0, "b1 runs again\n")
    assert sent(api) == ("POST", "/batch/retry", {"batchId": "b1", **more})


@pytest.mark.parametrize(("end", "code"), [("COMPLETE", 0), ("COMPLETE_WITH_ERRORS", 1)])
def test_retry_can_be_watched_to_the_end(here: Here, api: FakeApi, end: str, code: int) -> None:
    here()
    api.will(AGAIN, answer("IN_PROGRESS", job("v", "PENDING"), generation=2), answer(end))
    result = terrace("retry", "b1", "--watch")
    assert result.exit_code == code
    assert f"batch b1 has ended: {end}" in result.stdout


def test_a_refused_retry_says_why(here: Here, api: FakeApi) -> None:
    here()
    api.will((409, REFUSAL))
    result = terrace("retry", "b1")
    assert result.exit_code == 2
    assert "it is COMPLETE" in result.stderr
    assert "another batchId" not in result.stderr


# --- words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("stop", "it is being stopped: 2 labeling jobs still to end"),
        ("drain", "it is being stopped: nothing new starts, 2 labeling jobs left to finish"),
    ],
)
def test_a_batch_that_is_being_stopped_says_so(mode: str, said: str) -> None:
    batch = view(
        "IN_PROGRESS",
        job("v", "IN_PROGRESS", numItems=4),
        job("l", "STARTING"),
        job("v-audit", "DROPPED", level=2),
        stopMode=mode,
    )
    assert batch_waits_for(batch) == said
    assert batch_lines(batch)[0] == "batch b1: IN_PROGRESS (being stopped)"
    waits = job_waits_for(batch, batch.jobs[0])
    assert waits == ("its labeling job to stop" if mode == "stop" else "people: 4 items")


def test_a_stopped_batch_is_no_longer_being_stopped() -> None:
    batch = view("STOPPED", job("v", "STOPPED"), stopMode="stop")
    assert batch_lines(batch)[0] == "batch b1: STOPPED"
    assert batch_waits_for(batch) == ""


def test_a_retried_batch_whose_rows_still_tell_of_the_last_end_does_not_say_it_ends() -> None:
    batch = view("IN_PROGRESS", job("v", "FAILED"), generation=2)
    assert "opened again" in batch_waits_for(batch)
