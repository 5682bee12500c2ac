"""Lambda functions of a user's, in memory."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from terrace.errors import NotFoundError, OwnFunctionError


@dataclass
class FakeFunctions:
    """`answers`: by ARN, what the function does with an event; what it raises is its failure."""

    answers: dict[str, Callable[[Any], Any]] = field(default_factory=dict)
    calls: list[tuple[str, Any]] = field(default_factory=list)

    def call(self, arn: str, event: Any) -> Any:
        # As JSON on the way in and out, like everything that Lambda is given.
        asked = json.loads(json.dumps(event))
        self.calls.append((arn, asked))
        if arn not in self.answers:
            raise NotFoundError(f"Lambda Invoke {arn}: ResourceNotFoundException: ")
        try:
            return json.loads(json.dumps(self.answers[arn](asked)))
        except Exception as error:
            raise OwnFunctionError(f"{arn} failed: {type(error).__name__}: {error}") from error
