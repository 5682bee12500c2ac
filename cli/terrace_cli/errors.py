"""What the command line says when something is wrong, and the exit code that goes with it.

Exit codes: 0 done (and, where a batch was waited for, COMPLETE); 1 it did not end well, or
could not be reached; 2 the request or the command line was wrong; 130 interrupted.

    TerraceError
      +-- NoTarget        nothing says which Terrace is meant
      +-- Unreachable     nobody answers at that address
      +-- ApiError        it answered, and the answer is no
"""

from dataclasses import dataclass
from typing import Any

EXIT_FAILED = 1
EXIT_WRONG = 2
EXIT_INTERRUPTED = 130


class TerraceError(Exception):
    """Base: a message for people, what they can do about it, and an exit code."""

    def __init__(self, message: str, hint: str = "", exit_code: int = EXIT_FAILED) -> None:
        super().__init__(message)
        self.hint = hint
        self.exit_code = exit_code


class NoTarget(TerraceError):
    """Nothing says which Terrace to talk to, or what says it is stale."""


class Unreachable(TerraceError):
    """No answer: refused, timed out or cut off; retries have been made where they help."""


@dataclass(frozen=True)
class ErrorRow:
    """One thing that is wrong with a request, as the API lists it."""

    path: str
    code: str
    problem: str
    fix: str

    @staticmethod
    def many(rows: Any) -> list["ErrorRow"]:
        """Reads `errors[]` of an answer; what has no such shape is left out."""
        keys = ("path", "code", "problem", "fix")
        return [
            ErrorRow(*(str(row.get(key) or "") for key in keys))
            for row in (rows if isinstance(rows, list) else [])
            if isinstance(row, dict)
        ]


class ApiError(TerraceError):
    """The API said no.

    Attributes:
        status: HTTP status code.
        errors: Everything that is wrong with the request; empty when it is not about that.
    """

    def __init__(self, status: int, message: str, errors: list[ErrorRow], hint: str = "") -> None:
        wrong = 400 <= status < 500 and status not in (401, 403, 429)
        super().__init__(message, hint, EXIT_WRONG if wrong else EXIT_FAILED)
        self.status = status
        self.errors = errors
