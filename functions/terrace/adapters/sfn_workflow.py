"""Workflow on Step Functions: executions of the batch machine, and its task tokens."""

import json
from typing import Any

from botocore.exceptions import ClientError

from terrace.adapters.aws_errors import aws_call, code_of
from terrace.errors import BadRequestError, NotFoundError
from terrace.ports import Execution, Json

GONE = frozenset({"TaskDoesNotExist", "InvalidToken", "TaskTimedOut"})
"""What SendTaskSuccess says of a token that nobody waits for any more."""


class StepFunctionsWorkflow:
    """One state machine."""

    def __init__(self, client: Any, state_machine_arn: str) -> None:
        self._client = client
        self._machine = state_machine_arn

    def execution_arn(self, name: str) -> str:
        """`...:stateMachine:X` -> `...:execution:X:<name>`."""
        return self._machine.replace(":stateMachine:", ":execution:") + f":{name}"

    def start(self, name: str, payload: dict[str, Json]) -> str:
        try:
            with aws_call(f"StartExecution {name}"):
                found = self._client.start_execution(
                    stateMachineArn=self._machine,
                    name=name,
                    input=json.dumps(payload, sort_keys=True),
                )
        except BadRequestError as error:
            # The name is taken by an execution that has ended: it was started, once.
            if _code(error) == "ExecutionAlreadyExists":
                return self.execution_arn(name)
            raise
        return str(found["executionArn"])

    def describe(self, name: str) -> Execution | None:
        arn = self.execution_arn(name)
        try:
            with aws_call(f"DescribeExecution {name}"):
                found = self._client.describe_execution(executionArn=arn)
        except NotFoundError:
            return None
        return Execution(arn, found["status"])

    def release(self, token: str) -> bool:
        try:
            with aws_call("SendTaskSuccess"):
                self._client.send_task_success(taskToken=token, output="{}")
        except BadRequestError as error:
            if _code(error) in GONE:
                return False
            raise
        return True


def _code(error: BadRequestError) -> str:
    cause = error.__cause__
    return code_of(cause) if isinstance(cause, ClientError) else ""
