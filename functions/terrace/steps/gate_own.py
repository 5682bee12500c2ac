"""A check of the user's own: a Lambda function that is shown the items and says what it found.

The contract is public (docs/quality.md): the event holds a slice of the items, as large as fits
into a call; the answer is a list of findings about items of that slice. Whatever else it answers
fails the job, and says what was wrong: an answer that is half understood would accept labels that
nobody vouches for.
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from terrace.domain.quality.catalog import LAMBDA
from terrace.domain.quality.findings import Finding, Severity
from terrace.domain.records import JobRecord
from terrace.errors import OwnFunctionError
from terrace.ports import Functions
from terrace.steps.gate_time import GateTime
from terrace.steps.lane import LaneItem
from terrace.steps.own_functions import read_answer

VERSION = 1
RIGHT = '{"findings": [{"item": 0, "sentence": "..."}]}'
SLICE_BYTES = 4 * 1024 * 1024
"""Lambda takes 6 MB in one call; JSON in JSON may grow on the way."""
SLICE_ITEMS = 1_000
FINDINGS_MAX = 20_000
"""In one answer: more would not fit into Lambda's 6 MB."""
FINDINGS_IN_ALL = 100_000
"""In all answers to one gate: they are held in memory."""


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class OwnFinding(_Told):
    """One suspicion, as a user's function tells it."""

    item: int = Field(strict=True, description="of the item in the event")
    sentence: str = Field(min_length=1, max_length=500)
    frameNo: int | None = Field(default=None, ge=0, strict=True)
    frame: str | None = Field(default=None, max_length=1024)
    object: str | None = Field(default=None, max_length=256)
    objectName: str | None = Field(default=None, max_length=256)
    label: str | None = Field(default=None, max_length=256)
    severity: Literal["info", "warning", "error"] = "warning"
    value: float | None = None
    threshold: float | None = None


class OwnAnswer(_Told):
    """What a user's function answers."""

    findings: list[OwnFinding] = Field(max_length=FINDINGS_MAX)


def ask(
    functions: Functions,
    arn: str,
    items: Iterable[LaneItem],
    *,
    job: JobRecord,
    attribute: str,
    frames: Mapping[int, Sequence[str]] | None = None,
    threshold: float | None = None,
    time: GateTime | None = None,
) -> Iterator[Finding]:
    """What the function finds, slice by slice.

    Args:
        functions: calls it.
        arn: of the function.
        items: that could be sent to people, in the lane's order.
        job: whose gate asks.
        attribute: of the label, as the event names it.
        frames: file names of each item's frames, by its place, in the order that labels count;
            an item that is no sequence, or whose sequence cannot be read, has none.
        threshold: of the gate's check.
        time: that all slices together have; None: no limit but the function's own.

    Raises:
        OutOfTimeError: there was no time left for another slice.
        OwnFunctionError: it failed, or its answer cannot be read.
        ThrottledError: AWS asked us to slow down.
    """
    slices = _slices(items)
    count = 0
    what = f"the slices for {arn}, slice"
    for number, part in enumerate(time.spend(slices, what) if time is not None else slices):
        event = {
            "version": VERSION,
            "batchId": job.batchId,
            "jobName": job.jobName,
            "modality": job.spec.jobModality,
            "labelAttributeName": attribute,
            "threshold": threshold,
            "slice": number,
            "items": [
                {"item": item.index, "labelAttributeName": item.attribute, "line": item.item.data}
                for item in part
            ],
        }
        known = {item.index: (frames or {}).get(item.index, ()) for item in part}
        found = list(_read(functions.call(arn, event), arn, known))
        count += len(found)
        if count > FINDINGS_IN_ALL:
            raise OwnFunctionError(
                f"{arn}: it has found more than {FINDINGS_IN_ALL:,} things by slice {number}; "
                "right is one finding for what people should look at"
            )
        yield from found


def _slices(items: Iterable[LaneItem]) -> Iterator[list[LaneItem]]:
    part: list[LaneItem] = []
    size = 0
    for item in items:
        length = len(json.dumps(item.item.data)) + 200
        if part and (size + length > SLICE_BYTES or len(part) >= SLICE_ITEMS):
            yield part
            part, size = [], 0
        part.append(item)
        size += length
    if part:
        yield part


def _read(answer: Any, arn: str, sent: Mapping[int, Sequence[str]]) -> Iterator[Finding]:
    told = read_answer(OwnAnswer, answer, arn, RIGHT)
    for index, found in enumerate(told.findings):
        if found.item not in sent:
            raise OwnFunctionError(
                f"{arn}: $.findings[{index}].item is {found.item}, which it was not asked about"
            )
        numbers = (found.value, found.threshold)
        if any(number is not None and not math.isfinite(number) for number in numbers):
            raise OwnFunctionError(
                f"{arn}: $.findings[{index}] has a value or threshold that is no finite number"
            )
        about = found.model_dump(exclude={"severity", "frameNo"})
        number = _frame(found, sent[found.item], f"{arn}: $.findings[{index}]")
        yield Finding(check=LAMBDA, severity=Severity(found.severity), frameNo=number, **about)


def _frame(found: OwnFinding, names: Sequence[str], where: str) -> int | None:
    """Number of the frame that a finding is about; None: it is about the whole item.

    Of point clouds, a frame may also be called by the name of a camera's image: there, the number
    alone counts.
    """
    if not names:
        return found.frameNo
    number = found.frameNo
    if number is not None and number >= len(names):
        raise OwnFunctionError(
            f"{where}.frameNo is {number}, and item {found.item} has {len(names)} frames; right is "
            f"0 to {len(names) - 1}"
        )
    if found.frame is None:
        return number
    place = names.index(found.frame) if found.frame in names else None
    if number is None and place is None:
        raise OwnFunctionError(
            f"{where}.frame is the name of no frame of item {found.item}; right is one as in its "
            f"sequence file, such as {names[0]}, or frameNo"
        )
    if number is not None and place is not None and names[number] != found.frame:
        raise OwnFunctionError(
            f"{where}.frameNo is {number}, and its frame is number {place} of item {found.item} "
            "(by the order of their names, from 0); right is one of them alone"
        )
    return number if number is not None else place
