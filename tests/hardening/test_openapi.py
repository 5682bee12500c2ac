"""schemathesis on schemas/openapi.json: the shipped API handler, in process, on AWS in memory."""

import base64
import io
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.world.house import Answered
from tests.world.scene import Scene

OPENAPI = Path(__file__).resolve().parents[2] / "schemas" / "openapi.json"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
HERE: list[Scene] = []
"""The world that answers."""


def application(environ: dict[str, Any], start: Callable[..., object]) -> Iterable[bytes]:
    """A WSGI application before the Lambda handler, as API Gateway stands before it."""
    if environ["PATH_INFO"] == "/openapi.json":
        start("200 OK", [("Content-Type", "application/json")])
        return [OPENAPI.read_bytes()]
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    try:
        text, encoded = body.decode(), False
    except UnicodeDecodeError:
        text, encoded = base64.b64encode(body).decode(), True
    query = parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    many: dict[str, list[str]] = {}
    for name, value in query:
        many.setdefault(name, []).append(value)
    path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
    method = environ["REQUEST_METHOD"]
    event = {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": {"Content-Type": environ.get("CONTENT_TYPE", "")},
        "multiValueHeaders": {"Content-Type": [environ.get("CONTENT_TYPE", "")]},
        "queryStringParameters": dict(query) or None,
        "multiValueQueryStringParameters": many or None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {"requestId": "r", "httpMethod": method, "path": path},
        "body": text or None,
        "isBase64Encoded": encoded,
    }
    answer = _invoke(event)
    start(f"{answer.code} Answer", [("Content-Type", "application/json")])
    return [json.dumps(answer.body).encode()]


def _invoke(event: dict[str, Any]) -> Answered:
    world = HERE[0].world
    found: list[Answered] = []

    def answered(payload: Any, error: str | None, cause: str) -> None:
        if error is not None:
            found.append(Answered(502, {"message": f"{error}: {cause}"}))
        else:
            found.append(Answered(payload["statusCode"], json.loads(payload["body"])))

    world.lambdas.invoke("api", event, answered)
    world.scheduler.run(lambda: bool(found), world.scheduler.now + 60.0)
    return found[0]


@pytest.fixture(autouse=True, scope="module")
def world() -> Iterator[None]:
    """One batch is there; others may come."""
    with Scene(reconciler=False).running() as scene:
        HERE.append(scene)
        scene.post(scene.request(batch_id="b"))
        scene.run(60.0)
        yield
        HERE.clear()
        assert not scene.world.lambdas.errors


schema = schemathesis.openapi.from_wsgi("/openapi.json", application)


@schema.parametrize()
@settings(
    max_examples=20,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_one_that_the_openapi_document_knows(case: schemathesis.Case) -> None:
    case.call_and_validate(checks=CHECKS)


def test_a_request_that_is_right_is_taken() -> None:
    """The adapter can say yes: not every answer is a refusal."""
    [scene] = HERE
    body = json.dumps(scene.request(scene.label("bus"), batch_id="right")).encode()
    said: list[str] = []
    environ = {
        "PATH_INFO": "/batch/create",
        "REQUEST_METHOD": "POST",
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": "application/json",
        "wsgi.input": io.BytesIO(body),
    }
    list(application(environ, lambda status, headers: said.append(status)))
    assert said == ["200 Answer"]
