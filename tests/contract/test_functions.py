"""Functions: the adapter on Lambda, and the fake that stands for it in other tests."""

import io
import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError
from botocore.response import StreamingBody
from botocore.stub import Stubber

from terrace.adapters import lambda_functions
from terrace.adapters.lambda_functions import LambdaFunctions
from terrace.errors import (
    AccessDeniedError,
    BadRequestError,
    NotFoundError,
    OwnFunctionError,
    TerraceError,
    ThrottledError,
    TransientError,
)
from terrace.ports import Functions
from tests.fakes.functions import FakeFunctions

ARN = "arn:aws:lambda:us-east-1:111122223333:function:mine"
EVENT = {"version": 1, "items": [{"item": 0, "line": {"source": "é 🎬"}}]}

Make = Callable[[Any], Functions]


def stubbed(payload: bytes, error: str | None = None) -> tuple[Stubber, LambdaFunctions]:
    client = boto3.client("lambda", "us-east-1")
    stub = Stubber(client)
    answer: dict[str, Any] = {
        "StatusCode": 200,
        "Payload": StreamingBody(io.BytesIO(payload), len(payload)),
    }
    if error is not None:
        answer["FunctionError"] = error
    asked = {
        "FunctionName": ARN,
        "InvocationType": "RequestResponse",
        "Payload": json.dumps(EVENT, separators=(",", ":")).encode(),
    }
    stub.add_response("invoke", answer, asked)
    stub.activate()
    return stub, LambdaFunctions(client)


def of_lambda(answer: Any) -> Functions:
    """`answer`: what the function answers, or the error that it dies of."""
    if isinstance(answer, Exception):
        told = {"errorType": type(answer).__name__, "errorMessage": str(answer)}
        return stubbed(json.dumps(told).encode(), "Unhandled")[1]
    return stubbed(json.dumps(answer).encode())[1]


def fake(answer: Any) -> Functions:
    def answers(event: Any) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return FakeFunctions({ARN: answers})


@pytest.fixture(params=[of_lambda, fake], ids=["Lambda", "the fake"])
def make(request: pytest.FixtureRequest) -> Make:
    found: Make = request.param
    return found


@pytest.mark.parametrize("answer", [{"findings": []}, [], None, "é", 7])
def test_an_answer_comes_as_it_is(make: Make, answer: Any) -> None:
    assert make(answer).call(ARN, EVENT) == answer


def test_a_function_that_dies_is_named_with_its_reason(make: Make) -> None:
    with pytest.raises(OwnFunctionError, match="function:mine failed: KeyError: 'model'"):
        make(KeyError("model")).call(ARN, EVENT)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("TooManyRequestsException", ThrottledError),
        ("ResourceNotFoundException", NotFoundError),
        ("AccessDeniedException", AccessDeniedError),
        ("ServiceException", TransientError),
        ("ResourceConflictException", TransientError),
        ("SnapStartNotReadyException", TransientError),
        ("SnapStartTimeoutException", TransientError),
        ("EC2UnexpectedException", TransientError),
        ("ENILimitReachedException", TransientError),
        # Nobody but the function's owner can help.
        ("EC2AccessDeniedException", AccessDeniedError),
        ("EFSMountFailureException", BadRequestError),
        ("InvalidRuntimeException", BadRequestError),
        ("InvalidSecurityGroupIDException", BadRequestError),
        ("InvalidSubnetIDException", BadRequestError),
        ("InvalidZipFileException", BadRequestError),
        ("KMSAccessDeniedException", AccessDeniedError),
        ("KMSDisabledException", AccessDeniedError),
        ("KMSInvalidStateException", AccessDeniedError),
        ("KMSNotFoundException", NotFoundError),
    ],
)
def test_what_lambda_says_instead_of_an_answer(code: str, kind: type[TerraceError]) -> None:
    client = boto3.client("lambda", "us-east-1")
    with Stubber(client) as stub:
        status = 502 if kind is not TransientError else 500
        stub.add_client_error("invoke", code, http_status_code=status)
        with pytest.raises(kind):
            LambdaFunctions(client).call(ARN, EVENT)


def test_a_function_that_is_not_there_is_not_found_by_the_fake_either() -> None:
    with pytest.raises(NotFoundError):
        FakeFunctions().call(ARN, EVENT)


@pytest.mark.parametrize("payload", [b"", b"{", b"\xff", b"<html>"])
def test_an_answer_that_is_no_json_is_said_to_be_none(payload: bytes) -> None:
    with pytest.raises(OwnFunctionError, match="not JSON"):
        stubbed(payload)[1].call(ARN, EVENT)


def test_an_answer_that_nobody_could_walk_is_the_functions_fault() -> None:
    deep = b"[" * 1_000_000
    with pytest.raises(OwnFunctionError, match="nested too deeply"):
        stubbed(deep)[1].call(ARN, EVENT)
    with pytest.raises(OwnFunctionError, match="no reason given"):
        stubbed(deep, "Unhandled")[1].call(ARN, EVENT)


@pytest.mark.parametrize("payload", [b"", b"[]", b"{}", b"\xff"])
def test_a_death_without_a_reason_is_told_all_the_same(payload: bytes) -> None:
    with pytest.raises(OwnFunctionError, match="no reason given"):
        stubbed(payload, "Unhandled")[1].call(ARN, EVENT)


def test_half_characters_of_a_reason_can_be_written_down() -> None:
    told = json.dumps({"errorType": "E", "errorMessage": "a \ud800 b"}).encode()
    with pytest.raises(OwnFunctionError) as caught:
        stubbed(told, "Unhandled")[1].call(ARN, EVENT)
    # Lone surrogates are in JSON, and in no row, file or message.
    assert str(caught.value).encode().endswith(b"E: a ? b")


def test_an_endless_answer_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lambda_functions, "ANSWER_MAX", 10)
    with pytest.raises(OwnFunctionError, match="longer than 10 bytes"):
        stubbed(b'"' + b"x" * 20 + b'"')[1].call(ARN, EVENT)


class _Silent:
    """A client whose call does not come back."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def invoke(self, **call: Any) -> Any:
        raise self._error


def test_no_answer_in_time_is_the_functions_fault_and_a_lost_connection_is_not() -> None:
    slow = _Silent(ReadTimeoutError(endpoint_url="x"))
    with pytest.raises(OwnFunctionError, match="no answer in time"):
        LambdaFunctions(slow).call(ARN, EVENT)
    with pytest.raises(TransientError):
        LambdaFunctions(_Silent(ConnectTimeoutError(endpoint_url="x"))).call(ARN, EVENT)
