"""One execution environment of a function: a process and the Runtime API it polls."""

import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from terrace_local.lambda_runtime.nursery import Nursery, Process
from terrace_local.lambda_runtime.runtime_api import Invocation, RuntimeApi

INIT_TIMEOUT = 10.0
"""Seconds AWS gives the init phase before it runs it again under the function's own timeout."""
_LOOK_AGAIN = 0.25


@dataclass(frozen=True)
class FunctionSpec:
    """What an environment is made from; another spec means another environment."""

    name: str
    arn: str
    handler: str
    timeout: float
    memory: int
    version: str
    code: str
    variables: tuple[tuple[str, str], ...] = field(repr=False)


@dataclass
class Outcome:
    """How an invocation ended. `error` is the payload AWS would answer with."""

    payload: bytes | None
    error: dict[str, Any] | None
    log: str
    reusable: bool


class Environment:
    """A warm place to run one function, one event at a time."""

    def __init__(self, spec: FunctionSpec, nursery: Nursery, log_dir: Path) -> None:
        self.spec = spec
        self.last_used = time.monotonic()
        self._api = RuntimeApi()
        self._log = log_dir / f".{spec.name}.{uuid.uuid4().hex[:8]}.stream"
        self._log_at = 0
        variables = {**dict(spec.variables), "AWS_LAMBDA_RUNTIME_API": self._api.address}
        try:
            self._process: Process = nursery.spawn(variables, spec.code, spec.handler, self._log)
        except BaseException:
            self._api.close()
            raise

    @property
    def pid(self) -> int:
        """The process id, for those who look whether anything was left behind."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process can take another event."""
        return not self._process.ended.is_set()

    def invoke(self, event: bytes, request_id: str, trace_id: str | None) -> Outcome:
        """Run the function on one event; never raises for what the function does."""
        failure = self._wait_for_init()
        if failure is not None:
            return self._failed(failure)
        deadline = time.time() + self.spec.timeout
        invocation = Invocation(request_id, event, int(deadline * 1000), self.spec.arn, trace_id)
        self._api.hand_over(invocation)
        while not invocation.done.wait(min(_LOOK_AGAIN, max(0.0, deadline - time.time()))):
            if self._process.ended.is_set() and not invocation.done.wait(0.05):
                code = self._process.exit_code
                return self._failed(
                    {
                        "errorType": "Runtime.ExitError",
                        "errorMessage": f"RequestId: {request_id} Error: Runtime exited with "
                        f"error: exit status {code}",
                    }
                )
            if time.time() >= deadline:
                return self._failed(
                    {
                        "errorType": "Sandbox.Timedout",
                        "errorMessage": f"RequestId: {request_id} Error: Task timed out after "
                        f"{self.spec.timeout:.2f} seconds",
                    }
                )
        self.last_used = time.monotonic()
        return Outcome(invocation.response, invocation.error, self._new_log(), self.alive)

    def close(self) -> None:
        """End the process and forget its stream."""
        self._process.kill()
        self._api.close()
        self._log.unlink(missing_ok=True)

    def _wait_for_init(self) -> dict[str, Any] | None:
        deadline = time.monotonic() + max(INIT_TIMEOUT, self.spec.timeout)
        while not self._api.settled.wait(0.02):
            if self._process.ended.is_set() and not self._api.settled.wait(0.05):
                return {
                    "errorType": "Runtime.ExitError",
                    "errorMessage": "Runtime exited during initialisation with exit status "
                    f"{self._process.exit_code}",
                }
            if time.monotonic() >= deadline:
                return {
                    "errorType": "Sandbox.Timedout",
                    "errorMessage": "Initialisation did not end in time",
                }
        return self._api.init_error

    def _failed(self, error: dict[str, Any]) -> Outcome:
        log = self._new_log()
        return Outcome(None, error, log, reusable=False)

    def _new_log(self) -> str:
        """What the function printed since the last look."""
        try:
            with self._log.open("rb") as stream:
                stream.seek(self._log_at)
                text = stream.read()
        except FileNotFoundError:
            return ""
        self._log_at += len(text)
        return text.decode("utf-8", "replace")
