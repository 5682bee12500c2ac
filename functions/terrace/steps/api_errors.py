"""What the API refuses. `runtime/http.py` has their HTTP codes.

PermanentError
+-- RefusedError               the caller can mend it; carries the problems
    +-- InvalidRequestError    the body or a parameter is wrong
    +-- RequestTooLargeError   the body is above 5 MB (256 KB where it only names a batch)
    +-- UnknownBatchError      no batch has this id
    +-- BatchExistsError       the id is taken by a batch with other content
    +-- BatchStateError        the batch is not in a state in which that can be done
    +-- DataDeletedError       what is asked for was deleted with the batch's data
"""

import json
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from terrace.domain import validation_json
from terrace.domain.problems import Problem
from terrace.domain.validation_findings import Findings
from terrace.domain.validation_jobs import BATCH_ID_MAX, check_name
from terrace.domain.validation_schema import note_errors
from terrace.errors import PermanentError

M = TypeVar("M", bound=BaseModel)
SMALL_MAX = 256 * 1024
"""Characters or bytes of a body that names a batch: the names of 1,000 jobs fit."""


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


class BatchStateError(RefusedError):
    """The batch is not in a state in which that can be done."""


class DataDeletedError(RefusedError):
    """What is asked for was there, and was deleted with the batch's data."""


def unknown_batch(batch_id: str) -> UnknownBatchError:
    """The refusal of an id that no batch has."""
    return UnknownBatchError(
        "There is no such batch.",
        [
            Problem(
                path="batchId",
                code="UNKNOWN_BATCH",
                problem=f"there is no batch {json.dumps(batch_id[:80])}",
                fix="GET /batch/show without batchId lists the batches",
            )
        ],
    )


def read_small(body: str | bytes, model: type[M]) -> M:
    """A small JSON body as a model.

    Raises:
        InvalidRequestError: with every problem, where it is not.
        RequestTooLargeError: it is above 256 KB.
    """
    if len(body) > SMALL_MAX:
        raise RequestTooLargeError(
            "The request is too large.",
            [
                Problem(
                    path="$",
                    code="BODY_TOO_LARGE",
                    problem=f"the body has more than {SMALL_MAX} bytes",
                    fix="it holds a batchId, and a few names at most",
                )
            ],
        )
    value, problems = validation_json.parse(body)
    problems = [
        problem.model_copy(update={"fix": 'send {"batchId": ...}'})
        if problem.code == "EMPTY_BODY"
        else problem
        for problem in problems
    ]
    found = Findings()
    if not problems:
        try:
            if isinstance(value, dict) and validation_json.check_values(value, found):
                return model.model_validate(value)
            if not isinstance(value, dict):
                found.add((), "WRONG_TYPE", "the body is no JSON object", "send one JSON object")
        except ValidationError as error:
            note_errors(error, model, (), value, found)
            # Names have rules of their own, with better words.
            name = value.get("batchId") if isinstance(value, dict) else None
            if isinstance(name, str):
                check_name(("batchId",), name, BATCH_ID_MAX, found)
    raise InvalidRequestError("The request is not valid.", [*problems, *found.done()])
