"""From errors to HTTP: the one table, and the shape of every answer that is no success.

4xx: `{"message", "errors": [{path, code, problem, fix}]}`; 5xx: `{"message", "requestId"}`.
"""

import base64
import json
from typing import Any

from terrace.domain.problems import Problem
from terrace.domain.views import ErrorAnswer, FaultAnswer
from terrace.errors import LimitExceededError, ThrottledError, TransientError
from terrace.steps.api_errors import (
    BatchExistsError,
    BatchStateError,
    DataDeletedError,
    InvalidRequestError,
    RefusedError,
    RequestTooLargeError,
    UnknownBatchError,
)

STATUS_CODES: dict[type[Exception], int] = {
    InvalidRequestError: 400,
    UnknownBatchError: 404,
    BatchExistsError: 409,
    BatchStateError: 409,
    DataDeletedError: 410,
    RequestTooLargeError: 413,
    ThrottledError: 429,
    LimitExceededError: 429,
    TransientError: 503,
}
"""What is not here, and has no base class here, is 500."""

_SLOW_DOWN = Problem(
    path="$",
    code="THROTTLED",
    problem="AWS limits how fast this can be done, and the limit is reached",
    fix="send the same request again in a few seconds; repeating it is safe",
)


def status_code(error: Exception) -> int:
    """The HTTP code of an error, by its nearest class in the table."""
    for kind in type(error).__mro__:
        if kind in STATUS_CODES:
            return STATUS_CODES[kind]
    return 500


def error_body(error: Exception, request_id: str) -> dict[str, Any]:
    """What a caller is told of an error. A fault of ours says no more than where to look."""
    code = status_code(error)
    if isinstance(error, RefusedError):
        return refusal(error.message, error.problems)
    if code == 429:
        return refusal("Too many requests.", [_SLOW_DOWN])
    if code == 503:
        text = "Terrace could not finish this just now. Send the same request again: that is safe."
    else:
        text = "Terrace failed to handle this request. Its operator finds it by the requestId."
    return FaultAnswer(message=text, requestId=request_id).model_dump(mode="json")


def refusal(message: str, problems: list[Problem]) -> dict[str, Any]:
    """The body of a 4xx."""
    return ErrorAnswer(message=message, errors=problems).model_dump(mode="json")


def body_of(event: dict[str, Any]) -> str | bytes:
    """The body of an API Gateway proxy event, as it was sent."""
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(body)
    try:
        return base64.b64decode(body, validate=True)
    except ValueError as error:
        raise InvalidRequestError(
            "The request is not valid: 1 problem.",
            [
                Problem(
                    path="$",
                    code="NOT_BASE64",
                    problem="the body is said to be base64 and is not",
                    fix="send the JSON text as it is",
                )
            ],
        ) from error


def to_json(value: Any) -> str:
    """Compact, and not in ASCII only: texts in other scripts would grow sixfold."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # Half Unicode characters cannot be sent; none gets past validation, and none may break this.
    return text.encode("utf-8", "backslashreplace").decode()
