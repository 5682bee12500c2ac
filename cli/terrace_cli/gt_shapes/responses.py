"""Worker responses and consolidation files."""

import json
import re
from typing import Any

from terrace_cli.gt_shapes.report import At, parse

_WORKER = re.compile(r"(private|public|vendor)\.[a-z]{2}(-[a-z]+)+-\d\.[0-9A-Za-z]{16,32}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z")


def check_response(body: bytes, at: At) -> None:
    """A worker-response file: `answers`, each with who, when and what."""
    data = parse(body, at)
    if (
        data is None
        or not at.keys(data, "answers")
        or not at.inside("answers").of(data["answers"], "list")
    ):
        return
    at.inside("answers").need(bool(data["answers"]), "must not be empty")
    for number, row in enumerate(data["answers"]):
        spot = at.inside("answers").inside(number)
        if not spot.keys(
            row,
            "answerContent submissionTime workerId",
            "acceptanceTime timeSpentInSeconds workerMetadata",
        ):
            continue
        _check_worker(row["workerId"], spot.inside("workerId"))
        spot.inside("answerContent").of(row["answerContent"], "object")
        for key in ("acceptanceTime", "submissionTime"):
            if key in row:
                fine = isinstance(row[key], str) and _TIME.fullmatch(row[key]) is not None
                spot.inside(key).need(fine, f"must be a UTC time, not {row[key]!r}")
        if "timeSpentInSeconds" in row:
            spot.inside("timeSpentInSeconds").of(row["timeSpentInSeconds"], "number")


def check_request(body: bytes, at: At) -> None:
    """A consolidation request: the payload that a post-annotation function is given."""
    data = parse(body, at)
    if data is None or not at.of(data, "list"):
        return
    for number, row in enumerate(data):
        spot = at.inside(number)
        if not spot.keys(row, "datasetObjectId dataObject annotations"):
            continue
        _check_id(row["datasetObjectId"], spot.inside("datasetObjectId"))
        source = row["dataObject"]
        if spot.inside("dataObject").of(source, "object"):
            spot.inside("dataObject").need(
                bool({"s3Uri", "content"} & set(source)), "needs s3Uri or content"
            )
        for order, answer in enumerate(row["annotations"]):
            place = spot.inside("annotations").inside(order)
            if place.keys(answer, "workerId annotationData"):
                _check_worker(answer["workerId"], place.inside("workerId"))
                _check_data(answer["annotationData"], place.inside("annotationData"))


def check_consolidated(body: bytes, at: At) -> None:
    """A consolidation response: what the post-annotation function gave back."""
    data = parse(body, at)
    if data is None or not at.of(data, "list"):
        return
    for number, row in enumerate(data):
        spot = at.inside(number)
        if spot.keys(row, "datasetObjectId consolidatedAnnotation"):
            _check_id(row["datasetObjectId"], spot.inside("datasetObjectId"))
            inner = spot.inside("consolidatedAnnotation")
            if inner.keys(row["consolidatedAnnotation"], "content"):
                inner.inside("content").of(row["consolidatedAnnotation"]["content"], "object")


def _check_id(value: Any, at: At) -> None:
    fine = isinstance(value, str) and value.isdigit()
    at.need(fine, f"must be a line index as a string, not {value!r}")


def _check_worker(value: Any, at: At) -> None:
    fine = isinstance(value, str) and _WORKER.fullmatch(value) is not None
    at.need(fine, f"is no worker id: {value!r}")


def _check_data(data: Any, at: At) -> None:
    if not at.of(data, "object"):
        return
    if "content" in data:
        # A JSON string inside the JSON.
        if at.inside("content").of(data["content"], "string"):
            try:
                json.loads(data["content"])
            except ValueError as error:
                at.inside("content").bad(f"is not JSON: {error}")
    else:
        at.inside("s3Uri").s3(data.get("s3Uri"))
