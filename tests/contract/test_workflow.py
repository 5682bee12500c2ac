"""Workflow: the same tests on Step Functions and on the fake that the step tests rest on."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Protocol

import boto3
import pytest
from botocore.stub import Stubber

from terrace.adapters.sfn_workflow import StepFunctionsWorkflow
from terrace.errors import (
    AccessDeniedError,
    LimitExceededError,
    TerraceError,
    ThrottledError,
    TransientError,
)
from terrace.ports import Workflow
from tests.contract.conftest import ONCE, Aws
from tests.fakes.workflow import FakeWorkflow

MACHINE = "arn:aws:states:us-east-1:111122223333:stateMachine:batch"
INPUT = {"generation": 1, "batchId": "b"}


class Subject(Protocol):
    """A Workflow, and what happens around it."""

    port: Workflow

    def end(self, name: str) -> None:
        """The execution ends from outside."""

    def wait_for(self, token: str) -> None:
        """An execution waits for the token."""


class Fake:
    def __init__(self) -> None:
        self.port = FakeWorkflow()

    def end(self, name: str) -> None:
        self.port.status[name] = "ABORTED"

    def wait_for(self, token: str) -> None:
        self.port.waiting.add(token)


@dataclass
class StepFunctions:
    """moto's Step Functions, which knows executions but no tokens: those are added here."""

    aws: Aws
    waiting: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.client = self.aws.client("stepfunctions")
        role = "arn:aws:iam::111122223333:role/r"
        definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})
        made = self.client.create_state_machine(name="batch", definition=definition, roleArn=role)
        self.port = StepFunctionsWorkflow(self.client, made["stateMachineArn"])
        self.arn = made["stateMachineArn"]
        events = self.client.meta.events
        events.register("before-call.sfn.SendTaskSuccess", self._success, unique_id="tokens")

    def close(self) -> None:
        events = self.client.meta.events
        events.unregister("before-call.sfn.SendTaskSuccess", unique_id="tokens")
        self.client.delete_state_machine(stateMachineArn=self.arn)

    def _success(self, params: dict[str, Any], **_: Any) -> tuple[Any, dict[str, Any]]:
        token = json.loads(params["body"])["taskToken"]
        if token in self.waiting:
            self.waiting.remove(token)
            return SimpleNamespace(status_code=200), {}
        error = {"Code": "TaskTimedOut", "Message": "Task Timed Out"}
        return SimpleNamespace(status_code=400), {"Error": error}

    def end(self, name: str) -> None:
        self.client.stop_execution(executionArn=self.port.execution_arn(name))

    def wait_for(self, token: str) -> None:
        self.waiting.add(token)


@pytest.fixture(params=["Step Functions", "fake"])
def subject(request: pytest.FixtureRequest, aws: Aws) -> Iterator[Subject]:
    if request.param == "fake":
        yield Fake()
        return
    real = StepFunctions(aws)
    yield real
    real.close()


def test_a_started_execution_runs_under_its_name(subject: Subject) -> None:
    arn = subject.port.start("b", INPUT)
    assert arn.startswith("arn:aws:states:us-east-1:")
    assert arn.endswith(":execution:batch:b")
    found = subject.port.describe("b")
    assert found is not None
    assert (found.arn, found.status) == (arn, "RUNNING")


def test_the_same_name_while_it_runs_is_the_same_execution(subject: Subject) -> None:
    assert subject.port.start("b", INPUT) == subject.port.start("b", dict(reversed(INPUT.items())))


def test_the_same_name_with_other_input_is_the_same_execution(subject: Subject) -> None:
    arn = subject.port.start("b", INPUT)
    assert subject.port.start("b", {**INPUT, "generation": 2}) == arn


def test_the_name_of_an_ended_execution_starts_nothing_new(subject: Subject) -> None:
    arn = subject.port.start("b", INPUT)
    subject.end("b")
    assert subject.port.start("b", INPUT) == arn
    found = subject.port.describe("b")
    assert found is not None
    assert found.status == "ABORTED"


def test_another_generation_is_another_execution(subject: Subject) -> None:
    assert subject.port.start("b", INPUT) != subject.port.start("b_g2", INPUT)


def test_an_execution_that_was_never_started_is_none(subject: Subject) -> None:
    assert subject.port.describe("b") is None


def test_a_token_is_released_once(subject: Subject) -> None:
    subject.wait_for("token")
    assert subject.port.release("token")
    assert not subject.port.release("token")


def test_a_token_that_nobody_waits_for_is_not_released(subject: Subject) -> None:
    assert not subject.port.release("never-seen")


# --- what only the adapter can show ---------------------------------------------------------


@pytest.fixture
def stub() -> Iterator[tuple[Stubber, StepFunctionsWorkflow]]:
    client = boto3.client("stepfunctions", "us-east-1")
    with Stubber(client) as stubbed:
        yield stubbed, StepFunctionsWorkflow(client, MACHINE)
        stubbed.assert_no_pending_responses()


Stub = tuple[Stubber, StepFunctionsWorkflow]


@pytest.mark.parametrize("code", ["TaskDoesNotExist", "InvalidToken", "TaskTimedOut"])
def test_every_way_to_say_that_a_token_is_dead_is_no_error(stub: Stub, code: str) -> None:
    stub[0].add_client_error("send_task_success", code)
    assert stub[1].release("token") is False


@pytest.mark.parametrize(
    ("operation", "code", "error"),
    [
        ("send_task_success", "ThrottlingException", ThrottledError),
        ("send_task_success", "AccessDeniedException", AccessDeniedError),
        ("start_execution", "ThrottlingException", ThrottledError),
        ("start_execution", "ExecutionLimitExceeded", LimitExceededError),
        ("describe_execution", "AccessDeniedException", AccessDeniedError),
    ],
)
def test_other_answers_are_errors(
    stub: Stub, operation: str, code: str, error: type[TerraceError]
) -> None:
    calls = {
        "send_task_success": lambda: stub[1].release("token"),
        "start_execution": lambda: stub[1].start("b", INPUT),
        "describe_execution": lambda: stub[1].describe("b"),
    }
    stub[0].add_client_error(operation, code)
    with pytest.raises(error):
        calls[operation]()


def test_no_connection_is_transient_for_a_release_too() -> None:
    client = boto3.client(
        "stepfunctions", "us-east-1", endpoint_url="http://127.0.0.1:1", config=ONCE
    )
    with pytest.raises(TransientError):
        StepFunctionsWorkflow(client, MACHINE).release("token")


def test_a_text_that_speaks_of_a_taken_name_is_not_a_taken_name(stub: Stub) -> None:
    stub[0].add_client_error("start_execution", "InvalidName", "not ExecutionAlreadyExists")
    with pytest.raises(TerraceError, match="InvalidName"):
        stub[1].start("b", INPUT)
