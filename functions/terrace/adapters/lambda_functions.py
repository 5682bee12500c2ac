"""Functions on Lambda: a user's own function is called, and its answer waited for."""

import json
from contextlib import closing
from typing import Any

from botocore.exceptions import ReadTimeoutError

from terrace.adapters.aws_errors import aws_call
from terrace.errors import OwnFunctionError
from terrace.ports import Json

ANSWER_MAX = 6 * 1024 * 1024
"""Bytes: Lambda's own limit for the answer of a synchronous call."""
CAUSE_MAX = 300


class LambdaFunctions:
    """Functions by ARN, called with our role's rights."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def call(self, arn: str, event: Json) -> Json:
        with aws_call(f"Lambda Invoke {arn}"):
            try:
                found = self._client.invoke(
                    FunctionName=arn,
                    InvocationType="RequestResponse",
                    Payload=json.dumps(event, separators=(",", ":")).encode(),
                )
                with closing(found["Payload"]) as body:
                    answer: bytes = body.read(ANSWER_MAX + 1)
            except ReadTimeoutError:
                # It may still run; what it would say is not waited for.
                raise OwnFunctionError(f"{arn}: no answer in time") from None
        if found.get("FunctionError"):
            raise OwnFunctionError(f"{arn} failed: {_cause(answer)}")
        if len(answer) > ANSWER_MAX:
            raise OwnFunctionError(f"{arn}: its answer is longer than {ANSWER_MAX:,} bytes")
        try:
            return json.loads(answer)
        except ValueError:
            raise OwnFunctionError(f"{arn}: its answer is not JSON") from None
        except RecursionError:
            raise OwnFunctionError(f"{arn}: its answer is nested too deeply") from None


def _cause(answer: bytes) -> str:
    """What Lambda says of an error: its type and message."""
    try:
        told = json.loads(answer)
    except (ValueError, RecursionError):
        return "no reason given"
    if not isinstance(told, dict):
        return "no reason given"
    parts = [str(told[key]) for key in ("errorType", "errorMessage") if told.get(key)]
    # Half Unicode characters can be in JSON, and in nothing that the reason is written to.
    text = ": ".join(parts)[:CAUSE_MAX].encode("utf-8", "replace").decode()
    return text or "no reason given"
