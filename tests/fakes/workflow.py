"""Executions and task tokens in memory: what StartExecution and SendTaskSuccess promise."""

from dataclasses import dataclass, field
from typing import Any

from terrace.ports import Execution


@dataclass
class FakeWorkflow:
    """`waiting` holds the tokens that an execution waits for."""

    started: dict[str, dict[str, Any]] = field(default_factory=dict)
    status: dict[str, str] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)
    released: list[str] = field(default_factory=list)

    def start(self, name: str, payload: dict[str, Any]) -> str:
        if name not in self.started:
            self.started[name] = payload
            self.status[name] = "RUNNING"
        return self.arn(name)

    def arn(self, name: str) -> str:
        return f"arn:aws:states:us-east-1:111122223333:execution:batch:{name}"

    def describe(self, name: str) -> Execution | None:
        found = self.status.get(name)
        return Execution(self.arn(name), found) if found else None

    def release(self, token: str) -> bool:
        if token not in self.waiting:
            return False
        self.waiting.discard(token)
        self.released.append(token)
        return True
