"""What the API refuses. `runtime/http.py` has their HTTP codes.

PermanentError
+-- RefusedError               the caller can mend it; carries the problems
    +-- InvalidRequestError    the body or a parameter is wrong
    +-- RequestTooLargeError   the body is above 5 MB
    +-- UnknownBatchError      no batch has this id
    +-- BatchExistsError       the id is taken by a batch with other content
"""

from terrace.domain.problems import Problem
from terrace.errors import PermanentError


class RefusedError(PermanentError):
    """The caller can mend it: `problems` says what is wrong and what would be right."""

    def __init__(self, message: str, problems: list[Problem]) -> None:
        super().__init__(message)
        self.message = message
        self.problems = problems


class InvalidRequestError(RefusedError):
    """The body, or a query parameter, is wrong."""


class RequestTooLargeError(RefusedError):
    """The body is larger than a request may be."""


class UnknownBatchError(RefusedError):
    """There is no batch of this id."""


class BatchExistsError(RefusedError):
    """There is a batch of this id already, and it is not the one that was sent."""
