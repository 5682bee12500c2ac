"""The API's handler over moto's AWS, called as API Gateway calls it."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from api import app

from terrace.runtime import wiring
from terrace.runtime.settings import ApiSettings
from tests.fakes.house import BUCKET, INPUTS, LIMITS, TABLE, House, a_house

CONTEXT = SimpleNamespace(
    function_name="api",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:us-east-1:111122223333:function:api",
    aws_request_id="request-1",
)


@dataclass
class Client:
    """Sends proxy events; `last` is the whole of the last answer."""

    last: dict[str, Any]

    def send(
        self,
        method: str,
        path: str,
        *,
        body: str | bytes | None = None,
        query: dict[str, str] | None = None,
    ) -> tuple[int, dict[str, Any]]:
        encoded = isinstance(body, bytes)
        event = {
            "resource": path,
            "path": path,
            "httpMethod": method,
            "headers": {"Content-Type": "application/json"},
            "multiValueHeaders": {"Content-Type": ["application/json"]},
            "queryStringParameters": query,
            "multiValueQueryStringParameters": {k: [v] for k, v in (query or {}).items()} or None,
            "pathParameters": None,
            "stageVariables": None,
            "requestContext": {"requestId": "request-1", "httpMethod": method, "path": path},
            "body": base64.b64encode(body).decode() if isinstance(body, bytes) else body,
            "isBase64Encoded": encoded,
        }
        self.last = app.handler(event, CONTEXT)
        answer: dict[str, Any] = json.loads(self.last["body"])
        return self.last["statusCode"], answer

    def create(self, request: Any) -> tuple[int, dict[str, Any]]:
        body = request if isinstance(request, str | bytes) else json.dumps(request)
        return self.send("POST", "/batch/create", body=body)

    def stop(self, **body: Any) -> tuple[int, dict[str, Any]]:
        return self.send("POST", "/batch/stop", body=json.dumps(body))

    def retry(self, **body: Any) -> tuple[int, dict[str, Any]]:
        return self.send("POST", "/batch/retry", body=json.dumps(body))

    def show(self, **query: str) -> tuple[int, dict[str, Any]]:
        return self.send("GET", "/batch/show", query=query or None)

    def report(self, **query: str) -> tuple[int, dict[str, Any]]:
        return self.send("GET", "/batch/report", query=query or None)


@pytest.fixture
def house() -> Iterator[House]:
    with a_house() as built:
        yield built


@pytest.fixture
def client(house: House, monkeypatch: pytest.MonkeyPatch) -> Client:
    return wire(house, monkeypatch)


def wire(house: House, monkeypatch: pytest.MonkeyPatch) -> Client:
    """A client of the handler, wired to the house."""
    settings = ApiSettings(
        aws_region=LIMITS.region,
        table_name=TABLE,
        batch_bucket=BUCKET,
        input_buckets=[INPUTS],
        first_level_workteam_arn=LIMITS.first_level_workteam_arn,
        second_level_workteam_arn=LIMITS.second_level_workteam_arn,
        state_machine_arn="arn:aws:states:us-east-1:111122223333:stateMachine:batch",
    )
    wired = wiring.Api(settings, house.store, house.objects, house.workflow, house.clock)
    monkeypatch.setattr(wiring, "api", lambda: wired)
    return Client({})
