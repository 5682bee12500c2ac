"""What a function of the user's around a batch is sent, and what it may answer.

Two of the three extension points: the transformation before the first level, and the
post-processing behind the last file. The third, a gate's check `lambda`, has a contract of its own
in `steps.gate_own`: it is called slice by slice.
"""

import hashlib
import json
from collections.abc import Iterator
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from terrace.domain import s3uri
from terrace.domain.validation_json import walk

VERSION: Literal[1] = 1
REQUEST_MAX = 3 * 1024 * 1024
"""Bytes of JSON; a longer request is named by its URI only (Lambda takes 6 MB in one call)."""
RESULT_MAX = 16 * 1024
"""Bytes of JSON of a post-processing's result: it stands on the batch's row and in messages."""
RIGHT_TRANSFORMATION = (
    '{"inputs": {"<jobName>": {"inputManifestS3Uri": "s3://..."}}}, or {"done": false}'
)
RIGHT_POST_PROCESSING = '{"done": true, "result": {...}}, or {"done": false}'


class _Sent(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    version: Literal[1] = VERSION
    batchId: str
    idempotencyId: str = Field(description="the same in every call for the same work")
    call: int = Field(ge=1, description="from 1: how often this work was asked for, as far as kept")
    payload: dict[str, Any] | None = Field(description="as the request gives it")
    requestS3Uri: str
    outputPrefixS3Uri: str = Field(description="where the function may write; ends with /")


class TransformationEvent(_Sent):
    """What the transformation is called with."""

    event: Literal["transformation"] = "transformation"
    request: dict[str, Any] | None = Field(
        description="the request as it was sent; null above 3 MB: read requestS3Uri"
    )


class Manifests(BaseModel):
    """Counts and places of what a batch delivered."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    outputManifestS3Uri: str | None = None
    rejectedManifestS3Uri: str | None = None
    unlabeledManifestS3Uri: str | None = None
    items: int | None = None
    accepted: int | None = None
    rejected: int | None = None
    unlabeled: int | None = None


class Export(BaseModel):
    """One export that is there."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    format: str
    s3Uri: str
    files: int
    items: int
    labels: int
    problem: str | None = None


class PostProcessingEvent(_Sent):
    """What the post-processing is called with."""

    event: Literal["postProcessing"] = "postProcessing"
    generation: int = Field(description="of this end of the batch: 1, more after a retry")
    status: str = Field(description="of the batch: COMPLETE, COMPLETE_WITH_ERRORS, FAILED, STOPPED")
    final: Manifests
    exports: list[Export]
    reportS3Uri: str | None


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class JobInput(_Answer):
    """What the transformation made for one job."""

    inputManifestS3Uri: str = Field(min_length=1, max_length=2048)
    labelCategoryConfigS3Uri: str | None = Field(default=None, min_length=1, max_length=2048)


class TransformationAnswer(_Answer):
    """The inputs of jobs that start a lane, or: not done yet."""

    done: bool = Field(default=True, strict=True)
    inputs: dict[str, JobInput] | None = Field(
        default=None, max_length=1000, description="by jobName; jobs left out stay as they are"
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> "TransformationAnswer":
        if self.done is (self.inputs is None):
            raise ValueError("inputs belong to an answer that is done, and to no other")
        return self


class PostProcessingAnswer(_Answer):
    """Done, with a result to be told, or: not done yet."""

    done: bool = Field(strict=True)
    result: Any = Field(default=None, description="JSON, up to 16 KB; for show and the end message")

    @model_validator(mode="after")
    def _fits(self) -> "PostProcessingAnswer":
        if not self.done and self.result is not None:
            raise ValueError("a result belongs to an answer that is done")
        size = len(json.dumps(self.result))
        if size > RESULT_MAX:
            raise ValueError(f"the result has {size:,} bytes of JSON, at most {RESULT_MAX:,}")
        if not all(_storable(number) for number in _numbers(self.result)):
            raise ValueError("a number of the result is larger, or smaller, than 38 digits hold")
        return self


def _numbers(value: Any) -> Iterator[int | float]:
    for _, inner in walk(value):
        if isinstance(inner, int | float):
            yield inner


def _storable(number: int | float) -> bool:
    """What DynamoDB's number type holds: 38 digits, 1E-130 to 9.99E+125."""
    if isinstance(number, int):
        return abs(number) < 10**38
    return number == 0 or 1e-129 < abs(number) < 1e125


def idempotency_id(what: str, uid: str, generation: int | None = None) -> str:
    """The same for the same work; another posting, or another end, of a batch has another.

    Args:
        what: "transformation" or "postProcessing".
        uid: of the batch's row.
        generation: of the end that is processed; None: the batch is transformed once.
    """
    return hashlib.sha256(f"{what} {uid} {generation or ''}".encode()).hexdigest()[:32]


def input_prefix(bucket: str, batch_id: str, uid: str) -> str:
    """Where a transformation may write: an `inputs` folder, which requests may name as well.

    Of this posting of the batch: a call for an earlier one may still be at work, and must not
    write over what is checked.
    """
    own = idempotency_id("transformation", uid)
    return s3uri.of(bucket, "batches", batch_id, "inputs", "transformation", own) + "/"


def output_prefix(bucket: str, batch_id: str, generation: int) -> str:
    """Where a post-processing may write: beside what this end of the batch delivered."""
    folder = ("batches", batch_id, "final", f"g{generation}", "post-processing")
    return s3uri.of(bucket, *folder) + "/"
