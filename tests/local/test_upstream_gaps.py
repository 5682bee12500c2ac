"""Each test fails on the day upstream no longer needs one of our repairs: then delete the repair.

They look at MiniStack and moto as installed, in this process, where nothing is repaired.
"""

import contextlib
from unittest.mock import MagicMock

from botocore.exceptions import ConnectionClosedError
from moto.stepfunctions.parser import utils
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import (
    inline_iteration_component as inline,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service,
    state_task_service_callback,
    state_task_service_lambda,
)
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor


def test_moto_still_shares_the_query_language_between_parses() -> None:
    # stepfunctions/gaps/query_language_scope.py
    broken = '{"StartAt":"A","States":{"A":{"Type":"Map","End":true}}}'
    before = len(Preprocessor._query_language_per_scope)
    with contextlib.suppress(Exception):
        AmazonStateLanguageParser.parse(broken)
    left_behind = Preprocessor._query_language_per_scope[before:]
    del Preprocessor._query_language_per_scope[before:]
    assert left_behind


def test_moto_still_remembers_every_thread() -> None:
    # stepfunctions/gaps/thread_list.py
    assert isinstance(utils.TMP_THREADS, list)


def test_moto_still_starts_a_thread_per_item_of_an_inline_map() -> None:
    # stepfunctions/gaps/inline_map_width.py
    launched = []

    class Counting(inline.InlineIterationComponent):
        def __init__(self) -> None:
            pass

        def _create_worker(self, *args: object, **kwargs: object) -> object:
            raise NotImplementedError

        def _get_iteration_program(self) -> None:
            return None

        def _launch_worker(self, env: object, eval_input: object, job_pool: object) -> None:
            launched.append(1)
            if len(launched) == 100:
                raise StopIteration

    class Env:
        def __init__(self) -> None:
            self.stack = [
                inline.InlineIterationComponentEvalInput("s", 0, list(range(100)), None, None)
            ]

    with contextlib.suppress(StopIteration):
        Counting()._eval_body(Env())
    assert len(launched) == 100


def test_moto_still_makes_one_token_per_state_instead_of_per_attempt() -> None:
    # stepfunctions/gaps/callback_tokens.py
    callback = state_task_service_callback.StateTaskServiceCallback
    assert "update_task_token" in callback._eval_body.__code__.co_names
    assert callback._eval_execution is state_task_service.StateTaskService._eval_execution


def test_moto_still_has_no_name_for_a_call_of_lambda_without_an_answer() -> None:
    # stepfunctions/gaps/lost_calls.py
    service = object.__new__(state_task_service_lambda.StateTaskServiceLambda)
    lost = ConnectionClosedError(endpoint_url="http://nobody")
    failure = service._from_error(env=MagicMock(), ex=lost)
    assert failure.error_name.error_name == "States.Runtime"


def test_ministack_still_has_no_work_teams() -> None:
    # deploy/workforce.py and deploy/template.py: without_workteams
    from ministack.services.cloudformation import provisioners

    source = provisioners.__dict__
    tables = [value for value in source.values() if isinstance(value, dict)]
    assert not any("AWS::SageMaker::Workteam" in table for table in tables)


def test_ministack_still_refuses_a_repeated_start_of_a_running_execution() -> None:
    # stepfunctions/frontend.py: start_execution
    from ministack.services import stepfunctions

    arn = "arn:aws:states:us-east-1:000000000000:stateMachine:gap"
    stepfunctions._state_machines[arn] = {
        "stateMachineArn": arn,
        "name": "gap",
        "roleArn": "arn:aws:iam::000000000000:role/gap",
        "definition": '{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":1,"End":true}}}',
    }
    request = {"stateMachineArn": arn, "name": "again", "input": "{}"}
    first, _, _ = stepfunctions._start_execution(request)
    second, _, body = stepfunctions._start_execution(request)
    assert (first, second) == (200, 400)
    assert b"ExecutionAlreadyExists" in body


def test_ministack_still_does_not_know_a_malformed_token() -> None:
    # stepfunctions/frontend.py: send_task_success
    from ministack.services import stepfunctions

    _, _, body = stepfunctions._send_task_success({"taskToken": "nonsense", "output": "{}"})
    assert b"InvalidToken" not in body


def test_ministack_still_has_no_labeling_jobs() -> None:
    # sagemaker.py
    from ministack import app

    assert "sagemaker" not in app.SERVICE_REGISTRY
