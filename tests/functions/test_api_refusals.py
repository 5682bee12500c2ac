"""Requests that change nothing, so that all of them can be sent to one house."""

from collections.abc import Iterator

import pytest

from tests.fakes.house import a_house
from tests.functions.conftest import Client, wire


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with a_house() as house, pytest.MonkeyPatch.context() as patch:
        yield wire(house, patch)
        assert house.workflow.started == {}


@pytest.mark.parametrize(
    ("body", "code", "error"),
    [
        (None, 400, "EMPTY_BODY"),
        ("{", 400, "INVALID_JSON"),
        (b"{", 400, "INVALID_JSON"),
        (b"\xff", 400, "NOT_UTF8"),
        ("[" * 100_000, 400, "NESTED_TOO_DEEPLY"),
        ('"\\ud800"', 400, "WRONG_TYPE"),
        ('{"batchId": "b", "batchId": "b"}', 400, "DUPLICATE_KEY"),
        (" " * (5 * 1024 * 1024 + 1), 413, "BODY_TOO_LARGE"),
    ],
    ids=["none", "text", "base64", "bytes", "deep", "half a character", "twice", "5 MB and one"],
)
def test_a_body_that_is_no_request(
    client: Client, body: str | bytes | None, code: int, error: str
) -> None:
    found, answer = client.send("POST", "/batch/create", body=body)

    assert found == code
    assert error in {e["code"] for e in answer["errors"]}


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [("GET", "/batch/create", 405), ("DELETE", "/batch/show", 405), ("GET", "/nothing", 404)],
)
def test_other_paths_and_methods(client: Client, method: str, path: str, code: int) -> None:
    found, answer = client.send(method, path)

    assert found == code
    assert answer["errors"][0]["code"] == "UNKNOWN_ROUTE"


@pytest.mark.parametrize("batch_id", ["nobody", "", "x" * 3000, "ü", "a_b"])
def test_an_unknown_id_is_404(client: Client, batch_id: str) -> None:
    code, answer = client.show(batchId=batch_id)

    assert (code, answer["errors"][0]["code"]) == (404, "UNKNOWN_BATCH")


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ({"status": "DONE"}, "status"),
        ({"limit": "0"}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"limit": "501"}, "limit"),
        ({"nextToken": "x"}, "nextToken"),
        ({"nextToken": "eyJDT01QTEVURSI6ICJ4In0="}, "nextToken"),
        ({"nextToken": "eyJET05FIjogIngifQ=="}, "nextToken"),
        ({"nextToken": "ü"}, "nextToken"),
    ],
)
def test_a_wrong_query_is_400(client: Client, query: dict[str, str], path: str) -> None:
    code, answer = client.show(**query)

    assert (code, [e["path"] for e in answer["errors"]]) == (400, [path])
