"""Executions behave as AWS's do, where the stack relies on it."""

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from terrace_local.stepfunctions.tokens import new_token
from tests.local.conftest import Sample, eventually

pytestmark = pytest.mark.local_aws


def unique(name: str) -> str:
    """A name no other test uses."""
    return f"{name}-{time.time_ns()}"


def ended(aws: Sample, execution: str, seconds: float = 30) -> dict[str, Any]:
    """The execution once it is over."""

    def look() -> dict[str, Any] | None:
        found = aws.describe(execution)
        return found if found["status"] != "RUNNING" else None

    return eventually(look, seconds)


def code_of(call: Any, **arguments: Any) -> str:
    """The error code a call is refused with."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Code"])


def test_two_hundred_items_go_through_an_inline_map(aws: Sample) -> None:
    execution = aws.start(unique("wide"), items=[{"i": i} for i in range(200)])
    sfn = aws.client("stepfunctions")
    token = aws.token(execution)
    sfn.send_task_success(taskToken=token, output='{"woken": true}')
    found = ended(aws, execution)
    assert (found["status"], found["output"]) == ("SUCCEEDED", '{"woken":true}')
    # Then the history is read page by page, each event once, in order
    pages = sfn.get_paginator("get_execution_history").paginate(
        executionArn=execution, PaginationConfig={"PageSize": 100}
    )
    events = [event for page in pages for event in page["events"]]
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    kinds = [event["type"] for event in events]
    assert kinds.count("MapIterationSucceeded") == 200
    assert kinds[-1] == "ExecutionSucceeded"


def test_a_catch_by_class_name_lets_the_siblings_go_on(aws: Sample) -> None:
    items = [{"raise": "FatalError"}, {"i": 1}, {"i": 2}]
    execution = aws.start(unique("caught"), items=items)
    aws.client("stepfunctions").send_task_success(taskToken=aws.token(execution), output="{}")
    assert ended(aws, execution)["status"] == "SUCCEEDED"


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_call_that_gets_no_answer_has_the_name_that_retries_know(aws: Sample, when: str) -> None:
    # Given a machine whose next call of a function loses its connection
    fault = {"service": "lambda", "operation": "Invoke", "error": "ConnectionReset", "when": when}
    aws.control("faults", fault)
    # When it runs
    execution = aws.start(unique("lost"), items=[{"i": 1}])
    ended(aws, execution)
    aws.control("faults", method="DELETE")
    # Then its error is the one that AWS says should be retried
    events = aws.client("stepfunctions").get_execution_history(executionArn=execution)["events"]
    failed = [event["taskFailedEventDetails"] for event in events if event["type"] == "TaskFailed"]
    assert failed[0]["error"] == "Lambda.SdkClientException"
    assert failed[0]["resourceType"] == "lambda"
    assert "Connection" in failed[0]["cause"]


def test_the_same_start_again_is_the_same_execution(aws: Sample) -> None:
    name = unique("twice")
    assert aws.start(name) == aws.start(name)


def test_the_same_name_with_another_input_is_refused(aws: Sample) -> None:
    name = unique("other")
    aws.start(name)
    assert code_of(aws.start, name=name, seconds=7) == "ExecutionAlreadyExists"


def test_the_name_of_an_ended_execution_is_spent(aws: Sample) -> None:
    name = unique("spent")
    ended(aws, aws.start(name, seconds=1))
    assert code_of(aws.start, name=name, seconds=1) == "ExecutionAlreadyExists"


def test_every_attempt_has_a_token_of_its_own_and_knows_its_number(aws: Sample) -> None:
    # Given a task whose first attempt fails after it parked its token
    execution = aws.start(unique("retried"), fail=True)
    sfn = aws.client("stepfunctions")
    # When the second attempt waits
    second = aws.token(execution, retry=1)
    first = aws.token(execution, retry=0)
    # Then the first token is dead and the second wakes it
    assert code_of(sfn.send_task_success, taskToken=first, output="{}") == "TaskTimedOut"
    sfn.send_task_success(taskToken=second, output="{}")
    assert ended(aws, execution)["status"] == "SUCCEEDED"


def test_a_token_is_answered_once(aws: Sample) -> None:
    execution = aws.start(unique("once"))
    token = aws.token(execution)
    sfn = aws.client("stepfunctions")
    sfn.send_task_success(taskToken=token, output="{}")
    assert code_of(sfn.send_task_success, taskToken=token, output="{}") == "TaskTimedOut"
    assert code_of(sfn.send_task_success, taskToken="nonsense", output="{}") == "InvalidToken"
    unknown = new_token(aws.machine)
    assert code_of(sfn.send_task_success, taskToken=unknown, output="{}") == "TaskDoesNotExist"
    assert code_of(sfn.send_task_success, taskToken=token, output="{") == "InvalidOutput"


def test_a_wait_that_nobody_ends_times_out(aws: Sample) -> None:
    found = ended(aws, aws.start(unique("late"), seconds=1))
    assert (found["status"], found["error"]) == ("FAILED", "TooLate")


def test_a_stopped_execution_says_why_and_forgets_its_token(aws: Sample) -> None:
    execution = aws.start(unique("stopped"))
    token = aws.token(execution)
    sfn = aws.client("stepfunctions")
    sfn.stop_execution(executionArn=execution, error="Why", cause="because")
    found = aws.describe(execution)
    assert (found["status"], found["error"], found["cause"]) == ("ABORTED", "Why", "because")

    def dead() -> bool:
        return code_of(sfn.send_task_success, taskToken=token, output="{}") == "TaskTimedOut"

    assert eventually(dead)
    history = sfn.get_execution_history(executionArn=execution, reverseOrder=True, maxResults=1)
    assert history["events"][0]["type"] == "ExecutionAborted"


def test_a_machine_s_role_must_name_the_function_it_calls(aws: Sample) -> None:
    # Given a machine of the stack's role that calls a function the role does not name
    sfn, functions = aws.client("stepfunctions"), aws.client("lambda")
    role = sfn.describe_state_machine(stateMachineArn=aws.machine)["roleArn"]
    source = functions.get_function(FunctionName=aws.function("Hello"))["Configuration"]
    code = functions.create_function(
        FunctionName=unique("stranger"),
        Runtime="python3.13",
        Role=source["Role"],
        Handler="hello.app.handler",
        Code={"ZipFile": _empty_zip()},
    )
    definition = {
        "StartAt": "Call",
        "States": {
            "Call": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Parameters": {"FunctionName": code["FunctionArn"]},
                "End": True,
            }
        },
    }
    machine = sfn.create_state_machine(
        name=unique("m"), definition=json.dumps(definition), roleArn=role
    )["stateMachineArn"]
    # When it runs
    execution = sfn.start_execution(stateMachineArn=machine)["executionArn"]
    # Then the task is refused
    found = ended(aws, execution)
    assert found["error"] == "Lambda.AccessDeniedException", found


def test_a_machine_with_an_unknown_field_is_refused(aws: Sample) -> None:
    definition = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Ende": True, "End": True}}}
    refused = code_of(
        aws.client("stepfunctions").create_state_machine,
        name=unique("bad"),
        definition=json.dumps(definition),
        roleArn=aws.contract["executionRoleArn"],
    )
    assert refused == "InvalidDefinition"


def _empty_zip() -> bytes:
    import io
    import zipfile

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as bundle:
        bundle.writestr("hello/app.py", "def handler(event, context): return {}\n")
    return buffer.getvalue()
