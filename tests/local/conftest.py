"""One running local AWS with the sample stack, shared by the tests of this folder."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import boto3
import pytest
from botocore.config import Config

from terrace_local.cli_commands import down, read_contract, up

T = TypeVar("T")
SAMPLE = Path(__file__).parent / "sample" / "template.yaml"


class Sample:
    """The sample stack, seen by a client from outside."""

    def __init__(self, contract: dict[str, Any], home: Path) -> None:
        self.contract = contract
        self.home = home
        self.endpoint: str = contract["awsEndpoint"]
        self.machine: str = contract["stateMachineArn"]
        self.table: str = contract["tableName"]
        self.bucket: str = contract["batchBucket"]
        self._clients: dict[str, Any] = {}
        self._heard: list[str] = []

    def client(self, service: str) -> Any:
        """A client with credentials nobody ever issued."""
        if service not in self._clients:
            session = boto3.Session(
                aws_access_key_id="AKIAANYBODY",
                aws_secret_access_key="anything",
                aws_session_token="whatever",
                region_name="us-east-1",
            )
            self._clients[service] = session.client(
                service,
                endpoint_url=self.endpoint,
                config=Config(max_pool_connections=50, retries={"total_max_attempts": 1}),
            )
        return self._clients[service]

    def http(
        self, url: str, body: Any = None, method: str | None = None
    ) -> tuple[int, dict[str, Any]]:
        """A plain, unsigned request; JSON in, JSON out."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data=data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                return response.status, json.loads(response.read() or b"{}")
        except urllib.error.HTTPError as exc:
            return exc.code, json.loads(exc.read() or b"{}")

    def control(
        self, path: str, body: Any = None, method: str | None = None
    ) -> tuple[int, dict[str, Any]]:
        """A request to `/_terrace/...`."""
        return self.http(f"{self.endpoint}/_terrace/{path}", body, method)

    def function(self, name: str) -> str:
        """The full name of a function of the stack."""
        names = [f["FunctionName"] for f in self.client("lambda").list_functions()["Functions"]]
        return next(full for full in names if name in full)

    def invoke(self, **event: Any) -> tuple[str | None, Any]:
        """(function error, payload) of the hello function."""
        answer = self.client("lambda").invoke(
            FunctionName=self.function("Hello"), Payload=json.dumps(event).encode()
        )
        return answer.get("FunctionError"), json.loads(answer["Payload"].read())

    def call_as_function(self, service: str, method: str, **arguments: Any) -> Any:
        """Let the hello function call AWS under its own role."""
        return self.invoke(call=[service, method, arguments])

    def start(self, name: str, **given: Any) -> str:
        """Start the sample machine; returns the execution's ARN."""
        given = {"items": [], "seconds": 60, "fail": False, **given}
        return self.client("stepfunctions").start_execution(
            stateMachineArn=self.machine, name=name, input=json.dumps(given)
        )["executionArn"]

    def describe(self, execution: str) -> dict[str, Any]:
        """The execution as DescribeExecution gives it."""
        return self.client("stepfunctions").describe_execution(executionArn=execution)

    def token(self, execution: str, retry: int = 0) -> str:
        """The task token the park function stored; waits for it."""
        key = {"PK": {"S": execution.rsplit(":", 1)[-1]}, "SK": {"S": f"TOKEN#{retry}"}}

        def stored() -> str | None:
            item = self.client("dynamodb").get_item(TableName=self.table, Key=key).get("Item")
            return item["token"]["S"] if item else None

        return eventually(stored)

    def received(self, seconds: float, matching: str) -> list[str]:
        """Bodies of messages at the listener that hold `matching`; waits until one came."""
        queue = next(url for url in self.contract["queueUrls"] if "Listener" in url)
        deadline = time.monotonic() + seconds
        while True:
            found = [body for body in self._heard if matching in body]
            if found or time.monotonic() > deadline:
                return found
            answer = self.client("sqs").receive_message(
                QueueUrl=queue, WaitTimeSeconds=1, MaxNumberOfMessages=10
            )
            for message in answer.get("Messages", []):
                self._heard.append(message["Body"])
                self.client("sqs").delete_message(
                    QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"]
                )


def eventually(look: Callable[[], T | None], seconds: float = 15) -> T:
    """What `look` finds, as soon as it finds something."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def start_sample(home: Path, **options: Any) -> tuple[int, list[str]]:
    """`up --detach` with the sample stack; returns (exit code, what was said)."""
    said: list[str] = []
    settings = {
        "port": 0,
        "api_port": 0,
        "workers": "manual",
        "template": SAMPLE,
        "state_dir": home,
        "detach": True,
        "say": said.append,
        **options,
    }
    return up(**settings), said


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sample]:
    """A running local AWS with the sample stack."""
    home = tmp_path_factory.mktemp("aws") / ".terrace"
    code, said = start_sample(home, reconcile_seconds=2)
    assert code == 0, said
    contract = read_contract(home)
    assert contract is not None
    yield Sample(contract, home)
    down(home, say=said.append)
