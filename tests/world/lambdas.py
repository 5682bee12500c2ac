"""Lambda: the shipped handlers, each invocation in a container of its own, until its timeout."""

import importlib.util
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.stack_template import template
from tests.world.scheduler import KilledError, Scheduler, Task

os.environ.setdefault("POWERTOOLS_METRICS_DISABLED", "true")
os.environ.setdefault("POWERTOOLS_TRACE_DISABLED", "true")

DIED = (
    "Lambda.Unknown",
    "Runtime.ExitError",
    "Lambda.ServiceException",
    "Lambda.SdkClientException",
    "Sandbox.Timedout",
)
"""What Step Functions says when a function's process is gone."""


@cache
def properties(function: str) -> dict[str, Any]:
    """The template's properties of a function, by its folder."""
    for resource in template()["Resources"].values():
        found: dict[str, Any] = resource.get("Properties", {})
        if found.get("Handler") == f"{function}.app.handler":
            return found
    raise LookupError(f"template.yaml has no function {function}")


@dataclass
class Context:
    """What Lambda passes beside the event."""

    function_name: str
    memory_limit_in_mb: int = 512
    aws_request_id: str = "6f0a2f1e-6f2b-4a9e-9d9c-0f5b1c1d2e3f"
    log_stream_name: str = "stream"

    @property
    def invoked_function_arn(self) -> str:
        return f"arn:aws:lambda:us-east-1:111122223333:function:{self.function_name}"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 60_000


@dataclass
class Invocation:
    """One call of a function."""

    function: str
    event: Any
    died: str = "Lambda.Unknown"


_free: dict[str, list[ModuleType]] = {}


def _container(functions: Path, name: str) -> ModuleType:
    """A module of the function's own: state kept at import is not shared between invocations."""
    free = _free.setdefault(name, [])
    if free:
        return free.pop()
    spec = importlib.util.spec_from_file_location(f"container_{name}", functions / name / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


Answer = Callable[[Any, str | None, str], None]


class Lambdas:
    """Invokes functions by the name of their folder."""

    def __init__(self, scheduler: Scheduler, functions: Path) -> None:
        self._scheduler = scheduler
        self._functions = functions
        self.calls = 0
        self.errors: list[tuple[str, BaseException]] = []
        """Errors that are not Terrace's own: a bug, or a test's."""

    def invoke(self, function: str, event: Any, answer: Answer) -> Task:
        """Calls a handler; `answer` gets (payload, error name, cause) when it is over."""
        self.calls += 1
        text = json.dumps(event)
        limit = int(properties(function)["Timeout"])
        about = Invocation(function, event)

        def work() -> Any:
            module = _container(self._functions, function)
            try:
                payload = module.handler(json.loads(text), Context(function))
            finally:
                _free[function].append(module)
            return json.loads(json.dumps(payload))

        task = self._scheduler.spawn(work, function)
        task.about = about

        def ended(result: Any, error: BaseException | None) -> None:
            if error is None:
                answer(result, None, "")
            elif isinstance(error, KilledError):
                answer(None, about.died, "the process is gone")
            else:
                self.errors.append((function, error))
                answer(None, type(error).__name__, str(error)[:1000])

        task.on_end = ended

        def time_out() -> None:
            if not task.done:
                about.died = "Sandbox.Timedout"
                task.kill()

        self._scheduler.after(limit, time_out)
        return task
