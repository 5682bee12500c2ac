"""Calls a function of the user's, and reads what it answered: one piece for every extension point.

The adapter bounds time and size and words of errors. Here the answer is held to its contract;
what is half understood would start work, or accept labels, that nobody vouches for. Long work
answers `{"done": false}` and is asked again after a while, with the same idempotency id.
"""

from typing import Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from terrace.domain.validation_findings import Findings
from terrace.domain.validation_json import check_values
from terrace.errors import NotFoundError, OwnFunctionError
from terrace.ports import Json, ObjectStore

Model = TypeVar("Model", bound=BaseModel)
FIRST_WAIT = 2
WAIT_MAX = 60
"""Seconds between two calls: an hour of it is some 70 calls, and 700 events of the machine."""


class Asked(BaseModel):
    """What is known, in S3, of a function that was asked: survives the call that asked."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    functionArn: str
    since: float = Field(description="epoch seconds of the first call")
    calls: int = 0

    def again(self) -> Self:
        """One call more."""
        return self.model_copy(update={"calls": self.calls + 1})

    @property
    def wait(self) -> int:
        """Whole seconds until the next call: 2, 4, 8, ... 60."""
        # The exponent is bounded: a count from a file is not trusted with 2**n.
        return int(min(WAIT_MAX, FIRST_WAIT ** min(max(self.calls, 1), 8)))


Notes = TypeVar("Notes", bound=Asked)


def read_answer(model: type[Model], answer: Json, arn: str, right: str) -> Model:
    """The answer as its model.

    Raises:
        OwnFunctionError: says where it is wrong, quotes nothing of it, and what would be right.
    """
    try:
        return model.model_validate(answer)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        known = _fields(model.model_json_schema())
        where = "$" + "".join(_shown(part, known) for part in first["loc"])
        raise OwnFunctionError(
            f"{arn}: its answer is wrong at {where}: {first['msg']}; right is {right}"
        ) from None


def _fields(schema: Json) -> frozenset[str]:
    """Names of all fields of a model and of the models in it."""
    models = [schema, *schema.get("$defs", {}).values()]
    return frozenset(name for one in models for name in one.get("properties", {}))


def _shown(part: int | str, known: frozenset[str]) -> str:
    """A step of a path. Keys of the answer's own may be data, of any length: a star each."""
    if isinstance(part, int):
        return f"[{part}]"
    return f".{part}" if part in known else ".*"


def asked_before(kind: type[Notes], objects: ObjectStore, uri: str, arn: str, now: float) -> Notes:
    """What earlier calls have noted; fresh where there is none, or another function was asked."""
    try:
        found = kind.model_validate(objects.get_json(uri))
    except (NotFoundError, ValueError):
        found = None
    if found is None or found.functionArn != arn:
        return kind(functionArn=arn, since=now)
    return found


def check_plain(answer: Json, arn: str) -> None:
    """Nothing in it that no row, file or message can hold: NaN, half characters, endless depth.

    Raises:
        OwnFunctionError: says what, and no key: those may be data.
    """
    found = Findings()
    check_values(answer, found)
    for problem in found.done():
        raise OwnFunctionError(
            f"{arn}: its answer is wrong ({problem.code}); right is JSON of "
            "finite numbers and whole Unicode texts, without control characters, up to 16 deep"
        )
