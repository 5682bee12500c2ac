"""The client: same for local and deployed; repeats what may be repeated; says what is wrong."""

import socket
from typing import Any

import pytest

from terrace_cli.client import TRIES, Client
from terrace_cli.errors import EXIT_FAILED, EXIT_WRONG, ApiError, TerraceError, Unreachable
from terrace_cli.target import Target
from tests.cli.fake_api import DROP, FakeApi


def client_of(api: FakeApi, waits: list[float] | None = None, **more: Any) -> Client:
    target = Target(api.url, "the test API", **{"sign": False, **more})
    return Client(target, sleep=(waits if waits is not None else []).append)


def test_a_create_is_posted_byte_by_byte_as_json(api: FakeApi) -> None:
    api.will({"batchId": "b1", "status": "IN_PROGRESS", "message": "ok"})

    answer = client_of(api).create(b'{"batchId": "b1" }')

    assert answer["batchId"] == "b1"
    (seen,) = api.seen
    assert (seen.method, seen.path, seen.body) == ("POST", "/batch/create", b'{"batchId": "b1" }')
    assert seen.headers["Content-Type"] == "application/json"
    assert "Authorization" not in seen.headers


def test_what_is_asked_for_is_encoded_into_the_query(api: FakeApi) -> None:
    api.will({})

    client_of(api).show("b 1&x=+")
    client_of(api).list_batches("FAILED", 5, "a+b/c=")
    client_of(api).list_batches()

    assert [seen.path for seen in api.seen] == [
        "/batch/show?batchId=b%201%26x%3D%2B",
        "/batch/show?status=FAILED&limit=5&nextToken=a%2Bb%2Fc%3D",
        "/batch/show",
    ]


@pytest.mark.parametrize(
    "trouble",
    [DROP, (429, {"message": "slow down"}), (500, {}), (502, b""), (503, {}), (504, b"<html>")],
    ids=["dropped", "429", "500", "502", "503", "504"],
)
@pytest.mark.parametrize("method", ["create", "show"])
def test_a_call_that_may_succeed_later_is_repeated(api: FakeApi, trouble: Any, method: str) -> None:
    api.will(trouble, trouble, {"batchId": "b1"})
    waits: list[float] = []

    call = getattr(client_of(api, waits), method)

    assert call(b"{}" if method == "create" else "b1") == {"batchId": "b1"}
    assert len(api.seen) == 3
    assert len(waits) == 2


def test_repeating_ends_with_the_last_answer(api: FakeApi) -> None:
    api.will((503, {"message": "busy", "requestId": "r-1"}))
    waits: list[float] = []

    with pytest.raises(ApiError, match=r"busy \(request r-1\)") as caught:
        client_of(api, waits).show("b1")

    assert caught.value.exit_code == EXIT_FAILED
    assert len(api.seen) == TRIES
    assert len(waits) == TRIES - 1


def test_repeating_ends_when_every_connection_is_dropped(api: FakeApi) -> None:
    api.will(DROP)

    with pytest.raises(Unreachable, match="no answer from the test API"):
        client_of(api).show("b1")

    assert len(api.seen) == TRIES


def test_a_refused_request_is_not_repeated_and_lists_every_error(api: FakeApi) -> None:
    errors = [
        {"path": "$.batchId", "code": "MISSING", "problem": "is missing", "fix": "give one"},
        {"path": "$.labelingJobs", "code": "EMPTY", "problem": "is empty", "fix": "add a job"},
    ]
    api.will((400, {"message": "2 problems", "errors": errors}))

    with pytest.raises(ApiError, match="2 problems") as caught:
        client_of(api).create(b"{}")

    assert [row.path for row in caught.value.errors] == ["$.batchId", "$.labelingJobs"]
    assert caught.value.errors[1].fix == "add a job"
    assert caught.value.exit_code == EXIT_WRONG
    assert len(api.seen) == 1


@pytest.mark.parametrize(
    ("status", "exit_code", "hint"),
    [
        (401, EXIT_FAILED, "ApiCallerPolicyArn"),
        (403, EXIT_FAILED, "ApiCallerPolicyArn"),
        (404, EXIT_WRONG, ""),
        (409, EXIT_WRONG, "another batchId"),
        (413, EXIT_WRONG, ""),
    ],
)
def test_each_refusal_has_its_exit_code_and_a_hint(
    api: FakeApi, status: int, exit_code: int, hint: str
) -> None:
    api.will((status, {"message": "no"}))

    with pytest.raises(ApiError) as caught:
        client_of(api).create(b"{}")

    assert caught.value.exit_code == exit_code
    assert hint in caught.value.hint


def test_a_closed_port_is_said_at_once_with_what_to_do() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    waits: list[float] = []
    target = Target(f"http://127.0.0.1:{port}", "the local run", sign=False, local={})

    with pytest.raises(Unreachable, match="refused") as caught:
        Client(target, sleep=waits.append).show("b1")

    assert "terrace local up" in caught.value.hint
    assert waits == []


def test_an_address_that_answers_something_else_is_named(api: FakeApi) -> None:
    api.will((200, b"<html>hello</html>"))

    with pytest.raises(TerraceError, match="not that of a Terrace API"):
        client_of(api).show("b1")


def test_requests_are_signed_for_the_api_in_the_targets_region(api: FakeApi) -> None:
    api.will({})
    client = client_of(api, sign=True, region="eu-west-1")

    client.create(b"{}")
    client.list_batches(token="a=b")

    for seen in api.seen:
        authorization = seen.headers["Authorization"]
        assert authorization.startswith("AWS4-HMAC-SHA256 Credential=")
        assert "/eu-west-1/execute-api/aws4_request" in authorization
        assert "host;x-amz-date" in authorization.split("SignedHeaders=")[1]
        assert seen.headers["X-Amz-Date"]
    assert len({seen.headers["Authorization"] for seen in api.seen}) == 2


def test_a_proxy_of_the_environment_is_not_used_for_this_machine(
    api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    api.will({"batchId": "b1"})

    assert client_of(api).show("b1") == {"batchId": "b1"}
