"""Lambda functions of a user's: called from the world, and not part of it."""

import io
import json
from collections.abc import Callable
from typing import Any

from tests.world.aws.errors import aws_error


class OwnFunctions:
    """`answers`: by ARN, what the function does with an event; what it raises is its failure."""

    def __init__(self) -> None:
        self.answers: dict[str, Callable[[Any], Any]] = {}
        self.events: list[Any] = []

    def invoke(self, **p: Any) -> dict[str, Any]:
        if p["FunctionName"] not in self.answers:
            raise aws_error("ResourceNotFoundException", "Function not found", 404)
        event = json.loads(p["Payload"])
        self.events.append(event)
        try:
            answer = self.answers[p["FunctionName"]](event)
        except ValueError as error:
            told = {"errorType": type(error).__name__, "errorMessage": str(error)}
            return {"FunctionError": "Unhandled", "Payload": _body(told)}
        return {"Payload": _body(answer)}


def _body(answer: Any) -> io.BytesIO:
    return io.BytesIO(json.dumps(answer).encode())
