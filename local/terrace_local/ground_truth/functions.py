"""Calls of a custom job's own Lambda functions, with the errors that Ground Truth reports."""

import json
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from terrace_local.ground_truth.s3files import InputProblem

# Too many calls, or a fault of the service: about these objects, not about the whole job.
_PASSING = ("TooManyRequestsException", "ServiceException", "ThrottlingException")


class FunctionFailed(Exception):
    """The function was called and failed, or returned no JSON; the text is a failure reason."""


def invoke(client: Callable[[], Any], role: str, function_arn: str, event: Any) -> Any:
    """Calls a function and waits for its answer.

    Args:
        client: Gives the boto3 Lambda client of the role, or None where there is no Lambda.
        role: ARN of the job's role, for messages.
        function_arn: The function.
        event: Its event.

    Raises:
        FunctionFailed: when the function itself fails: that is about the objects in the event.
        InputProblem: when it does not exist or the role may not call it: no object can be done.
    """
    lambdas = client()
    if lambdas is None:
        raise InputProblem("ClientError: This local Ground Truth was started without Lambda.")
    try:
        answer = lambdas.invoke(FunctionName=function_arn, Payload=json.dumps(event).encode())
        body = answer["Payload"].read()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        kind = FunctionFailed if code in _PASSING else InputProblem
        raise kind(_reason(function_arn, role, code)) from error
    except BotoCoreError as error:
        raise FunctionFailed(_reason(function_arn, role, type(error).__name__)) from error
    if answer.get("FunctionError"):
        raise FunctionFailed(_reason(function_arn, role, answer["FunctionError"]))
    try:
        return json.loads(body)
    except ValueError as error:
        raise FunctionFailed(
            f"ClientError: The Lambda function {function_arn} did not return JSON."
        ) from error


def _reason(function_arn: str, role: str, code: str) -> str:
    # The words of a real job's failure.
    return (
        f"ClientError: Exception invoking the Lambda function {function_arn}. LambdaErrorCode: "
        f"{code}. Ensure the Lambda function exists, that the role {role} has permissions to "
        "invoke it and try your request again."
    )
