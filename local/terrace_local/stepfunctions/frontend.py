"""What AWS users see of Step Functions, where MiniStack differs from AWS.

MiniStack looks these functions up in its module at every request, so replacing the attributes is
all it takes. Its records, listing, paging and status events stay.
"""

import json
import logging
import re
from collections.abc import Callable
from typing import Any

from terrace_local.stepfunctions.definition import problems_of
from terrace_local.stepfunctions.interpreter import Interpreter, NotAMachine
from terrace_local.stepfunctions.tokens import TokenError, TokenRegistry

logger = logging.getLogger(__name__)
Data = dict[str, Any]
Response = tuple[int, dict[str, str], bytes]

_NAME = re.compile(r"^[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}$")
PAYLOAD_LIMIT = 262_144


class Frontend:
    """The replaced operations."""

    def __init__(self, interpreter: Interpreter, tokens: TokenRegistry) -> None:
        from ministack.services import stepfunctions

        self._sfn: Any = stepfunctions
        self._interpreter = interpreter
        self._tokens = tokens
        self._start = stepfunctions._start_execution
        self._stop = stepfunctions._stop_execution
        self._create = stepfunctions._create_state_machine
        self._update = stepfunctions._update_state_machine

    def install(self) -> None:
        """Put these in MiniStack's place."""
        self._sfn._run_execution = self.run_execution
        self._sfn._start_execution = self.start_execution
        self._sfn._stop_execution = self.stop_execution
        self._sfn._create_state_machine = self.create_state_machine
        self._sfn._update_state_machine = self.update_state_machine
        self._sfn._send_task_success = self.send_task_success
        self._sfn._send_task_failure = self.send_task_failure
        self._sfn._send_task_heartbeat = self.send_task_heartbeat

    # Executions

    def start_execution(self, data: Data) -> Response:
        """StartExecution, idempotent for a running execution of the same name and input."""
        from ministack.core.responses import get_account_id, get_region, json_response

        text = data.get("input", "{}")
        if len(text.encode()) > PAYLOAD_LIMIT:
            return self._error("ValidationException", "input is longer than 262144 bytes")
        try:
            json.loads(text)
        except ValueError as exc:
            return self._error(
                "InvalidExecutionInput", f"Invalid State Machine Execution Input: {exc}"
            )
        name = data.get("name")
        if name is not None and not _NAME.match(name):
            return self._error("InvalidName", f"Invalid Name: '{name}'")
        machine_arn = self._sfn._resolve_state_machine_arn(data.get("stateMachineArn", ""))
        if name is not None and machine_arn is not None:
            machine = self._sfn._state_machines[machine_arn]["name"]
            arn = f"arn:aws:states:{get_region()}:{get_account_id()}:execution:{machine}:{name}"
            existing = self._sfn._executions.get(arn)
            if existing is not None:
                if existing["status"] == "RUNNING" and existing["input"] == text:
                    return json_response({"executionArn": arn, "startDate": existing["startDate"]})
                return self._error("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")
        return self._start(data)

    def run_execution(self, arn: str) -> None:
        """The body of an execution's thread."""
        from ministack.core.responses import get_account_id, get_region, now_iso

        record = self._sfn._executions.get(arn)
        if record is None:
            return
        machine = dict(self._sfn._state_machines[record["stateMachineArn"]])
        try:
            status = self._interpreter.run(record, machine, get_account_id(), get_region())
        except Exception as exc:
            # Whatever the interpreter stumbles over, an execution must end and say so: an
            # unfinished record would hang its batch for ever.
            logger.exception("execution %s", arn)
            record["error"], record["cause"] = "States.Runtime", f"{type(exc).__name__}: {exc}"
            status = "FAILED"
        if record["status"] != "RUNNING":
            return
        record["events"] = list(record["events"])
        record["stopDate"] = now_iso()
        record["status"] = status
        self._sfn._emit_execution_status_event(record)

    def stop_execution(self, data: Data) -> Response:
        """StopExecution with error and cause; the interpreter takes no further step."""
        arn = data.get("executionArn", "")
        record = self._sfn._executions.get(arn)
        if record is not None and record["status"] == "RUNNING":
            # What the interpreter still notes while it winds down is not part of the history.
            record["events"] = list(record["events"])
        response = self._stop(data)
        self._interpreter.stop(arn, data.get("error"), data.get("cause"))
        return response

    # State machines

    def create_state_machine(self, data: Data) -> Response:
        """CreateStateMachine, refusing a machine that could not run."""
        return self._unless_unsound(data, self._create)

    def update_state_machine(self, data: Data) -> Response:
        """UpdateStateMachine, refusing a machine that could not run."""
        return self._unless_unsound(data, self._update)

    def _unless_unsound(self, data: Data, go_on: Callable[[Data], Response]) -> Response:
        definition = data.get("definition")
        if definition is None:
            return go_on(data)
        problems = problems_of(definition)
        if not problems:
            try:
                self._interpreter.parse(definition)
            except NotAMachine as exc:
                problems = [f"SCHEMA_VALIDATION_FAILED: {exc}"]
        if problems:
            joined = "; ".join(problems)
            return self._error("InvalidDefinition", f"Invalid State Machine Definition: '{joined}'")
        return go_on(data)

    # Task tokens

    def send_task_success(self, data: Data) -> Response:
        """SendTaskSuccess."""
        from moto.stepfunctions.parser.asl.eval.callback.callback import CallbackOutcomeSuccess

        output = data.get("output", "")
        if len(output.encode()) > PAYLOAD_LIMIT:
            return self._error("ValidationException", "output is longer than 262144 bytes")
        try:
            json.loads(output)
        except ValueError as exc:
            return self._error("InvalidOutput", f"Invalid Output: {exc}")
        token = data.get("taskToken", "")
        return self._answer(token, CallbackOutcomeSuccess(callback_id=token, output=output))

    def send_task_failure(self, data: Data) -> Response:
        """SendTaskFailure."""
        from moto.stepfunctions.parser.asl.eval.callback.callback import CallbackOutcomeFailure

        token = data.get("taskToken", "")
        return self._answer(
            token,
            CallbackOutcomeFailure(
                callback_id=token, error=data.get("error"), cause=data.get("cause")
            ),
        )

    def send_task_heartbeat(self, data: Data) -> Response:
        """SendTaskHeartbeat."""
        from ministack.core.responses import json_response

        try:
            self._tokens.heartbeat(data.get("taskToken", ""))
        except TokenError as exc:
            return self._error(exc.code, exc.message)
        return json_response({})

    def _answer(self, token: str, outcome: Any) -> Response:
        from ministack.core.responses import json_response

        try:
            self._tokens.answer(token, outcome)
        except TokenError as exc:
            return self._error(exc.code, exc.message)
        return json_response({})

    @staticmethod
    def _error(code: str, message: str) -> Response:
        from ministack.core.responses import error_response_json

        response: Response = error_response_json(code, message, 400)
        return response
