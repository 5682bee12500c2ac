"""Every function that reads what comes from outside, and the only errors that may leave it.

`tests/hardening/test_parsers.py` fuzzes each; its law finds readers that are not in the table.
"""

import importlib.util
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import terrace
from terrace.adapters import dynamodb_codec, dynamodb_store, s3_objects
from terrace.adapters.lambda_functions import LambdaFunctions
from terrace.domain import (
    categories,
    category_checks,
    consolidation,
    events,
    input_checks,
    json_text,
    json_values,
    label_reading,
    manifest,
    modalities,
    outputs,
    places,
    privacy,
    s3uri,
    seqlabel,
    sequences,
    skeleton_answers,
    transformed,
    validation,
    worker_responses,
)
from terrace.domain.exports import quick_lanes
from terrace.domain.input_checks import ManifestRule, ManifestTally
from terrace.domain.json_reading import Node, UnreadableError
from terrace.domain.outputs import AttemptOutput
from terrace.domain.own_functions import (
    RIGHT_POST_PROCESSING,
    RIGHT_TRANSFORMATION,
    PostProcessingAnswer,
    TransformationAnswer,
)
from terrace.domain.places import Places
from terrace.domain.problems import Problem
from terrace.domain.quality import (
    gold_mix,
    gold_truth,
    item_checks,
    mask_vote,
    sequence,
    track_checks,
)
from terrace.domain.quality.answers import MaskMark
from terrace.domain.records import PostProcessingRecord
from terrace.domain.request import RetryRequest, StopRequest
from terrace.domain.status import BatchStatus
from terrace.errors import BadRequestError, OwnFunctionError, UnreadableEventError
from terrace.runtime import http
from terrace.steps import api_create, api_errors, api_show, gate_own, lane, own_functions
from terrace.steps.api_errors import RefusedError
from tests.domain.requests import LIMITS

FUNCTIONS = Path(terrace.__file__).resolve().parents[1]
URI = "s3://in-bucket/file"
JSON, TEXT, BYTES, LINES, STRING = "json", "text", "bytes", "lines", "string"
OWN = Places(batch_bucket="in-bucket", prefixes=frozenset({"s3://in-bucket/a/"}))


@dataclass(frozen=True)
class Parser:
    """One reader of outside input."""

    what: str
    reads: str
    """JSON: a parsed value; TEXT: JSON or nearly; BYTES; LINES: of a manifest; STRING: any."""
    call: Callable[[Any], object]
    errors: tuple[type[Exception], ...] = ()
    where: str = ""
    """`module:function` in which a text is decoded; the law looks there."""


class OneObject:
    """An S3 client that has one object, whatever is asked for."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def head_object(self, **_: Any) -> Any:
        return {"ContentLength": len(self._data), "ETag": "e"}

    def get_object(self, **_: Any) -> Any:
        return {"ContentLength": len(self._data), "Body": io.BytesIO(self._data), "ETag": "e"}


class OneAnswer:
    """A Lambda client whose every function answers the same; it fails with it, where asked to."""

    def __init__(self, data: bytes, **more: str) -> None:
        self._found = {"Payload": io.BytesIO(data), **more}

    def invoke(self, **_: Any) -> Any:
        return self._found


class Lines:
    """An object store of one manifest."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines

    def read_lines(self, uri: str) -> list[Any]:
        return [type("Line", (), {"text": text})() for text in self._lines]


def _look(lines: list[str], name: str, audited: str | None) -> object:
    tally = ManifestTally()
    rule = ManifestRule(
        uri=URI,
        modality=modalities.get(name),
        label_attribute="a",
        audited_attribute=audited,
        allowed_buckets=frozenset({"in-bucket"}),
        places=OWN,
    )
    for number, line in enumerate(lines, start=1):
        input_checks.look(tally, rule, number, line)
    # Kept between calls, and written to S3 and to a row.
    ManifestTally.model_validate_json(tally.model_dump_json())
    return _stored([*input_checks.conclude(tally, rule), *input_checks.warnings(tally, rule)])


def _transformed(answer: Any) -> object:
    own_functions.check_plain(answer, "arn")
    model = TransformationAnswer
    told = own_functions.read_answer(model, answer, "arn", RIGHT_TRANSFORMATION)
    # What was understood can be kept, and judged like a request.
    json.dumps(told.model_dump(mode="json"), ensure_ascii=False).encode()
    return transformed.apply({"batchId": "b", "labelingJobs": [{"jobName": "a"}]}, told, LIMITS)


def _transformed_inputs(value: Any) -> object:
    return _transformed({"inputs": {"a": {"inputManifestS3Uri": value}}})


def _post_processed(answer: Any) -> object:
    own_functions.check_plain(answer, "arn")
    model = PostProcessingAnswer
    told = own_functions.read_answer(model, answer, "arn", RIGHT_POST_PROCESSING)
    json.dumps(told.result, ensure_ascii=False, allow_nan=False).encode()
    # It can stand on the batch's row.
    return dynamodb_codec.encode(PostProcessingRecord(status="DONE", result=told.result))


def _post_processed_result(value: Any) -> object:
    return _post_processed({"done": True, "result": value})


def _own_check(value: object) -> object:
    found = list(gate_own._read(value, "arn", {0: ("a.jpg", "b.jpg"), 1: ()}))
    return [json.dumps(finding.to_dict(), allow_nan=False) for finding in found]


def _tracks(value: object) -> object:
    loaded = sequence.load(value)
    found = [*loaded.findings, *track_checks.check(loaded)]
    return [json.dumps(finding.to_dict(), allow_nan=False) for finding in found]


def _checked(lines: list[str]) -> object:
    found = item_checks.check(item_checks.read(lines, URI), "a")
    return [json.dumps(finding.to_dict(), allow_nan=False) for finding in found]


def _stored(problems: list[Problem]) -> object:
    for problem in problems:
        problem.model_dump_json().encode()
        assert problem.path
        assert problem.fix
    return problems


def _sequence(value: object) -> object:
    found = sequences.check(value, modalities.get("VideoObjectTracking"), URI)
    if not found.problems:
        s3uri.parse(f"{found.prefix}{found.frames[0]}")
    return _stored([*found.problems, *found.warnings])


def _categories(value: object) -> object:
    """Checked for every modality; a file in which nothing is wrong can be made into each review."""
    for modality in modalities.MODALITIES.values():
        found = category_checks.check(value, modality, URI)
        _stored([*found.problems, *found.warnings])
        if found.problems or not isinstance(value, dict):
            continue
        for other in modalities.MODALITIES.values():
            categories.for_job(
                other, own=value, inherited=value, audited_attribute="a", instructions=None
            )
            categories.compatible(value, value, other, URI)
    return None


def _handler(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"fuzzed_{name}", FUNCTIONS / name / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _merge(lines: list[str]) -> object:
    return list(outputs.merge(lines, [AttemptOutput(lines), AttemptOutput(lines[:1], [0])], "a"))


def _query(text: str) -> object:
    problems: list[Problem] = []
    api_show._statuses(text, problems)
    api_show._limit(text, problems)
    return _stored(problems)


def _token(text: str) -> object:
    problems: list[Problem] = []
    api_show._places(text, problems)
    return _stored(problems)


def _request(value: object) -> object:
    request, problems = validation.check_request(value, LIMITS)
    assert (request is None) == bool(problems)
    return _stored(problems)


def _answers(value: object) -> object:
    """One data object with an answer of any content, as a value and as its text."""
    for content in (value, json.dumps(value)):
        answer = {"workerId": "w", "annotationData": {"content": content}}
        payload = [{"datasetObjectId": "0", "dataObject": {}, "annotations": [answer]}]
        found = consolidation.consolidate(payload, "a")
        json.dumps(found.labels, ensure_ascii=False).encode()
    return None


def _skeletons(value: object) -> object:
    return skeleton_answers.read(
        {"annotations": value, "noChangesNeeded": value, "totalTimeInSeconds": value}
    )


def _lane(lines: list[str]) -> object:
    return list(lane.of_manifest(URI, "a", Lines(lines)))  # type: ignore[arg-type]


PARSERS = (
    Parser("request: JSON", BYTES, validation.parse, (), "domain/validation_json:parse"),
    Parser("request: meaning", JSON, _request),
    Parser(
        "request: body", BYTES, lambda raw: api_create.read_request(raw, LIMITS), (RefusedError,)
    ),
    Parser(
        "stop: body", TEXT, lambda raw: api_errors.read_small(raw, StopRequest), (RefusedError,)
    ),
    Parser(
        "retry: body", TEXT, lambda raw: api_errors.read_small(raw, RetryRequest), (RefusedError,)
    ),
    Parser(
        "event of the API: base64",
        STRING,
        lambda text: http.body_of({"body": text, "isBase64Encoded": True}),
        (RefusedError,),
        "runtime/http:body_of",
    ),
    Parser("query: status, limit", STRING, _query),
    Parser("query: nextToken", STRING, _token, (), "steps/api_show:_places"),
    Parser(
        "query: place in the index",
        STRING,
        lambda text: dynamodb_store._page_key(text, BatchStatus.FAILED),
        (BadRequestError,),
        "adapters/dynamodb_store:_page_key",
    ),
    Parser(
        "kind of a final manifest's line",
        TEXT,
        lambda text: quick_lanes.kind_of(text, "terrace"),
        where="domain/exports/quick_lanes:kind_of",
    ),
    Parser(
        "members of a final manifest's line",
        TEXT,
        lambda text: quick_lanes.moved(text, {"source-ref": "source-ref"}),
        where="domain/exports/quick_lanes:moved",
    ),
    Parser("JSON text", TEXT, json_text.loads, (json_text.JsonError,), "domain/json_text:loads"),
    Parser(
        "JSON file",
        BYTES,
        lambda raw: s3_objects.S3ObjectStore(OneObject(raw)).get_json(URI),
        (ValueError,),
        "adapters/s3_objects:get_json",
    ),
    Parser(
        "lines of a file",
        BYTES,
        lambda raw: list(s3_objects.S3ObjectStore(OneObject(raw)).read_lines(URI)),
        (ValueError,),
    ),
    Parser(
        "manifest line",
        TEXT,
        lambda text: manifest.parse_line(1, text, uri=URI),
        (),
        "domain/manifest:parse_line",
    ),
    Parser(
        "manifest line of Ground Truth",
        TEXT,
        lambda text: manifest.parse_line(1, text, uri=URI, limits=False),
    ),
    Parser("manifest of images", LINES, lambda lines: _look(lines, "BoundingBox", None)),
    Parser(
        "manifest of labeled images",
        LINES,
        lambda lines: _look(lines, "BoundingBoxAdjustment", "b"),
    ),
    Parser(
        "manifest of labeled frames",
        LINES,
        lambda lines: _look(lines, "VideoObjectTrackingAudit", "b"),
    ),
    Parser("manifest that starts a lane", LINES, _lane, (ValueError,)),
    Parser("sequence file", JSON, _sequence),
    Parser("category file", JSON, _categories),
    Parser("output manifest", LINES, lambda lines: outputs.summarize(lines, "a", URI)),
    Parser(
        "output manifest beside its input", LINES, lambda lines: outputs.compare(lines, lines, "a")
    ),
    Parser("output manifests, merged", LINES, _merge, (ValueError,)),
    Parser(
        "output manifest, what is missing",
        LINES,
        lambda lines: list(outputs.still_missing(lines, "a")),
        (ValueError,),
    ),
    Parser("worker identities", TEXT, privacy.pseudonymous),
    Parser(
        "labels of an output manifest",
        LINES,
        lambda lines: list(label_reading.read(lines, URI)),
        (UnreadableError,),
    ),
    Parser(
        "annotation file",
        TEXT,
        lambda text: Node.parse(text, URI),
        (UnreadableError,),
        "domain/json_reading:parse",
    ),
    Parser(
        "label file of a sequence",
        JSON,
        lambda value: seqlabel.read(value, URI),
        (UnreadableError,),
    ),
    Parser(
        "worker responses",
        JSON,
        lambda value: worker_responses.read(value, URI),
        (UnreadableError,),
    ),
    Parser(
        "field of a worker's form",
        TEXT,
        lambda text: json_values.parse(text, "field"),
        (ValueError,),
        "domain/json_values:parse",
    ),
    Parser(
        "payload of post-annotation",
        JSON,
        lambda value: [consolidation.consolidate(value, "a"), consolidation.ids(value)],
        (ValueError,),
    ),
    Parser("answers of post-annotation", JSON, _answers),
    Parser("skeleton answer", JSON, _skeletons, (ValueError,)),
    Parser("skeletons of an earlier job", JSON, skeleton_answers.earlier),
    Parser("S3 URI", STRING, s3uri.problem),
    Parser("S3 URI, taken apart", STRING, s3uri.parse, (ValueError,)),
    Parser("prefix of the allow-list", STRING, places.prefix_problem),
    Parser(
        "place of an object",
        STRING,
        lambda text: OWN.problem(f"s3://in-bucket/{text}"),
        (ValueError,),
    ),
    Parser(
        "label file of a sequence, to be checked",
        JSON,
        _tracks,
    ),
    Parser("output manifest, to be checked", LINES, _checked),
    Parser("gold manifest", LINES, lambda lines: gold_truth.read(lines, uri=URI)),
    Parser(
        "key of mixed gold",
        TEXT,
        gold_mix.read_key,
        (ValueError,),
        "domain/quality/gold_mix:read_key",
    ),
    Parser(
        "mask of a worker",
        TEXT,
        lambda text: mask_vote.decode(MaskMark(text, (("Car", "#ff0000"),)), ["Car"]),
        (ValueError,),
        "domain/quality/mask_vote:decode",
    ),
    Parser(
        "answer of a function of the user's own",
        BYTES,
        lambda raw: LambdaFunctions(OneAnswer(raw)).call("arn", {}),
        (OwnFunctionError,),
        "adapters/lambda_functions:call",
    ),
    Parser(
        "error of a function of the user's own",
        BYTES,
        lambda raw: LambdaFunctions(OneAnswer(raw, FunctionError="Unhandled")).call("arn", {}),
        (OwnFunctionError,),
        "adapters/lambda_functions:_cause",
    ),
    Parser("findings of a function of the user's own", JSON, _own_check, (OwnFunctionError,)),
    Parser("answer of a transformation", JSON, _transformed, (OwnFunctionError,)),
    Parser("inputs of a transformation", JSON, _transformed_inputs, (OwnFunctionError,)),
    Parser("answer of a post-processing", JSON, _post_processed, (OwnFunctionError,)),
    Parser("result of a post-processing", JSON, _post_processed_result, (OwnFunctionError,)),
    Parser("event: labeling job", TEXT, events.labeling_job, (UnreadableEventError,)),
    Parser("event: execution", JSON, _handler("reconcile").parse, (UnreadableEventError,)),
)

NOT_FROM_OUTSIDE = {
    "adapters/dynamodb_codec:to_job": "a row's own text, written by `job_item`",
    **dict.fromkeys(
        (
            "steps/clip_answers:after_clips",
            "steps/clip_relane:_accepted",
            "steps/clip_relane:_join_wholes",
            "steps/clip_relane:_result",
            "steps/clip_renewal:_item",
            "steps/clip_renewal:run",
            "steps/gate_lot:_sample",
            "steps/gate_lot:reject",
            "steps/gate_lot:rows",
            "steps/lane:carried_items",
            "steps/lane:carried_reasons",
            "steps/lane:waiting",
        ),
        "a file that Terrace wrote, of lines that it has parsed before",
    ),
    "domain/exports/quick_boxes:names": "a part of a line that its decoder has read",
    "steps/final_spool:_item": "a row of its own file, which ends with the call",
    "domain/show:epoch": "a time that `show.iso` wrote",
    "domain/messages:undeliverable": "a message that Terrace has just written",
    "domain/json_values:sendable": "what `json_values.parse` has read",
    "domain/events:labeling_job": "calls `json_text.loads`; fuzzed as `event: labeling job`",
}
"""Decoders that the table leaves out, each with the reason."""
