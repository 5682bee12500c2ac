"""Walks one execution through its machine with moto's interpreter."""

import copy
import json
import logging
import threading
from collections.abc import Callable
from typing import Any

logger = logging.getLogger(__name__)

Record = dict[str, Any]


class NotAMachine(ValueError):
    """The definition cannot be parsed; the message is moto's reason."""


class Interpreter:
    """Runs executions; MiniStack's record of an execution is kept up to date as it goes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._programs: dict[str, Any] = {}
        self._running: dict[str, Any] = {}

    def parse(self, definition: str) -> Any:
        """The program of a machine, ready to run once.

        Raises:
            NotAMachine: The text is not a machine.
        """
        from moto.stepfunctions.parser.asl.parse.asl_parser import (
            AmazonStateLanguageParser,
            ASLParserException,
        )

        with self._lock:
            program = self._programs.get(definition)
        if program is None:
            try:
                program = AmazonStateLanguageParser.parse(definition)[0]
            except (ASLParserException, RuntimeError, ValueError, TypeError, LookupError) as exc:
                # moto's components check themselves with whatever error is at hand.
                raise NotAMachine(f"{type(exc).__name__}: {exc}") from exc
            with self._lock:
                self._programs[definition] = program
        # Components keep nothing between runs as far as read, but a copy is cheap and certain.
        return copy.deepcopy(program)

    def run(self, record: Record, machine: Record, account: str, region: str) -> str:
        """Run to the end; returns the final status and writes it to `record`.

        A record that was aborted meanwhile stays as it is.
        """
        from moto.stepfunctions.parser.asl.eval.program_state import (
            ProgramEnded,
            ProgramError,
            ProgramTimedOut,
        )

        program = self.parse(machine["definition"])
        env = _environment(record, machine, account, region)
        arn = record["executionArn"]
        with self._lock:
            self._running[arn] = env
        # The record shows moto's own list, so that a history asked for in mid-run is current.
        record["events"] = env.event_manager._history_event_list
        _started(env, record, machine)
        try:
            program.eval(env)
        finally:
            with self._lock:
                self._running.pop(arn, None)
        if record["status"] != "RUNNING":
            return str(record["status"])
        end = env.program_state()
        if isinstance(end, ProgramEnded):
            record["output"] = json.dumps(env.states.get_input(), separators=(",", ":"))
            return "SUCCEEDED"
        if isinstance(end, ProgramTimedOut):
            return "TIMED_OUT"
        if isinstance(end, ProgramError):
            record["error"] = (end.error or {}).get("error")
            record["cause"] = (end.error or {}).get("cause")
            return "FAILED"
        return "ABORTED"

    def stop(self, arn: str, error: str | None, cause: str | None) -> None:
        """Make a running execution take no further step and let its waits go."""
        import datetime

        with self._lock:
            env = self._running.get(arn)
        if env is None:
            return
        env.set_stop(stop_date=datetime.datetime.now(tz=datetime.UTC), error=error, cause=cause)
        for endpoint in list(env.callback_pool_manager._pool.values()):
            endpoint.interrupt_all()

    def running(self) -> list[str]:
        """The ARNs of what runs now."""
        with self._lock:
            return list(self._running)


def _environment(record: Record, machine: Record, account: str, region: str) -> Any:
    from moto.stepfunctions.parser.asl.eval.environment import Environment
    from moto.stepfunctions.parser.asl.eval.evaluation_details import AWSExecutionDetails
    from moto.stepfunctions.parser.asl.eval.event.event_manager import EventHistoryContext
    from moto.stepfunctions.parser.asl.eval.states import (
        ContextObjectData,
        ExecutionData,
        StateMachineData,
    )

    return Environment(
        aws_execution_details=AWSExecutionDetails(
            account=account, region=region, role_arn=machine["roleArn"]
        ),
        execution_type=machine.get("type", "STANDARD"),
        context=ContextObjectData(
            Execution=ExecutionData(
                Id=record["executionArn"],
                Input=json.loads(record["input"]),
                Name=record["name"],
                RoleArn=machine["roleArn"],
                StartTime=record["startDate"],
            ),
            StateMachine=StateMachineData(Id=machine["stateMachineArn"], Name=machine["name"]),
        ),
        event_history_context=EventHistoryContext.of_program_start(),
        cloud_watch_logging_session=None,
        activity_store={},
    )


def _started(env: Any, record: Record, machine: Record) -> None:
    from moto.stepfunctions.parser.api import HistoryEventType

    env.event_manager.add_event(
        context=env.event_history_context,
        event_type=HistoryEventType.ExecutionStarted,
        event_details={
            "executionStartedEventDetails": {
                "input": record["input"],
                "inputDetails": {"truncated": False},
                "roleArn": machine["roleArn"],
            }
        },
        update_source_event_id=False,
    )


def in_background(work: Callable[[], None], name: str) -> None:
    """Run on a thread of its own that does not keep the process alive."""
    threading.Thread(target=work, name=name, daemon=True).start()
