"""Step Functions in memory: executions by name, and task tokens."""

import json
from collections.abc import Callable
from typing import Any

from tests.world.aws.errors import aws_error
from tests.world.machine import Execution, Outside

MACHINE = "arn:aws:states:us-east-1:111122223333:stateMachine:batch"


class StepFunctions:
    """Runs the machine's own definition."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self.executions: dict[str, Execution] = {}
        self.on_start: list[Callable[[Execution], None]] = []

    def start_execution(self, **p: Any) -> dict[str, Any]:
        name, given = p["name"], json.loads(p["input"])
        arn = MACHINE.replace(":stateMachine:", ":execution:") + f":{name}"
        standing = self.executions.get(name)
        if standing is not None:
            if standing.status != "RUNNING" or standing.input != given:
                raise aws_error("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")
            return {"executionArn": arn}
        execution = Execution(arn, name, given, self._outside)
        self.executions[name] = execution
        self._outside.after(0, execution.start)
        return {"executionArn": arn}

    def describe_execution(self, **p: Any) -> dict[str, Any]:
        execution = self.executions.get(p["executionArn"].rsplit(":", 1)[-1])
        if execution is None:
            raise aws_error("ExecutionDoesNotExist", "Execution Does Not Exist")
        return {"status": execution.status}

    def send_task_success(self, **p: Any) -> dict[str, Any]:
        waiting = self._outside.tokens.pop(p["taskToken"], None)
        if waiting is None:
            raise aws_error("TaskTimedOut", "Task Timed Out")
        output = json.loads(p["output"])
        self._outside.after(0, lambda: waiting[1](output))
        return {}
