"""Only a parser's declared error leaves it, whatever comes in; and no parser is forgotten."""

import ast
import base64
import contextlib
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.hardening.parsers import (
    BYTES,
    FUNCTIONS,
    JSON,
    LINES,
    NOT_FROM_OUTSIDE,
    PARSERS,
    STRING,
    TEXT,
    Parser,
)

NAMES = """
source-ref source a a-metadata b b-metadata type class-map annotations class_id left top width
height seq-no prefix number-of-frames frames frame-no frame labels label attributes
categoryAttributes categoryGlobalAttributes frameAttributes name enum minimum maximum
description editsAllowed annotationType instructions shortInstruction fullInstruction
auditLabelAttributeName document-version failure-reason batchId labelingJobs jobName jobLevel
jobModality inputConfig inputManifestS3Uri chainFromJobName tags taskKeywords mode jobNames
resources detail PK SK S N batchStatus createdAt FAILED $a
"""
"""Keys that one of the parsers knows."""
KEYS = st.sampled_from(NAMES.split())
WORDS = st.sampled_from(
    [
        "s3://in-bucket/a/",
        "s3://in-bucket/a/b.json",
        "s3://in-bucket/batches/x/final/../y",
        "s3://other/a",
        "groundtruth/object-detection",
        "string",
        "number",
        "any",
        "none",
        "Pass",
        "Fail",
        "BoundingBox",
        "VideoObjectTracking",
        "BoundingBoxAdjustment",
        "\ud800",
        "\x00",
        "1" * 5_000,
        "٣",
        "BATCH",
        "BATCH#x",
        "x" * 3_000,
        "arn:aws:sagemaker:us-east-1:111122223333:labeling-job/x",
        '"private.us-east-1.abc"',
    ]
)
TEXTS = WORDS | st.text(st.characters(), max_size=30)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-3, 5)
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(KEYS | TEXTS, inner, max_size=7)
        | st.lists(st.dictionaries(KEYS, inner, max_size=6), max_size=4)
    ),
    max_leaves=25,
)


def _dumped(value: Any) -> str:
    return json.dumps(value)


DEEP = st.builds(
    lambda count, pair, cut: pair[0] * count + "1" + pair[1] * (count - cut),
    st.sampled_from([10, 64, 65, 200, 495, 900, 990, 1_000, 5_000, 100_000]),
    st.sampled_from([("[", "]"), ('{"a":', "}"), ('[{"source-ref":', "}]")]),
    st.sampled_from([0, 1, 10]),
)
NEARLY = st.sampled_from(
    ["", " ", "NaN", '{"a": 1e999}', '{"a": ' + "9" * 5_000 + "}", '{"a": 1, "a": 2}', "\ufeff{}"]
)
JSON_TEXTS = VALUES.map(_dumped)
CUT = st.builds(lambda text, at: text[: int(len(text) * at)], JSON_TEXTS, st.floats(0, 1))
TEXT_INPUTS = JSON_TEXTS | CUT | NEARLY | DEEP | TEXTS
TOKENS = st.builds(
    lambda text: base64.urlsafe_b64encode(text.encode("utf-8", "replace")).decode(), TEXT_INPUTS
)
BYTE_INPUTS = (
    TEXT_INPUTS.map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.binary(max_size=60)
    | st.lists(st.binary(max_size=8) | JSON_TEXTS.map(str.encode), max_size=4).map(b"\n".join)
)
SOURCE = st.fixed_dictionaries(
    {"source-ref": WORDS}, optional={"a": VALUES, "b": VALUES, "b-metadata": VALUES}
)
LINE_INPUTS = st.lists(SOURCE.map(_dumped) | TEXT_INPUTS, max_size=4)
INPUTS = {
    JSON: VALUES,
    TEXT: TEXT_INPUTS,
    BYTES: BYTE_INPUTS,
    LINES: LINE_INPUTS,
    STRING: TEXTS | TOKENS | TEXT_INPUTS,
}


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.what)
def test_only_declared_errors_leave_a_parser(parser: Parser) -> None:
    @settings(
        max_examples=60,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(INPUTS[parser.reads])
    def fuzz(outside: Any) -> None:
        with contextlib.suppress(parser.errors):
            parser.call(outside)

    fuzz()


def decoders() -> set[str]:
    """`module:function` of every function that ships and decodes a text."""
    found = set()
    for path in sorted(FUNCTIONS.rglob("*.py")):
        module = path.relative_to(FUNCTIONS).as_posix().removeprefix("terrace/").removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                found |= {f"{module}:{node.name}" for call in ast.walk(node) if _decodes(call)}
    return found


def _decodes(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    if node.func.attr == "decode":
        # Of a decoder that a module has made once: a constant, or one of a table of them.
        made = node.func.value
        made = made.value if isinstance(made, ast.Subscript) else made
        return isinstance(made, ast.Name) and made.id.isupper()
    return node.func.attr in {
        "loads",
        "b64decode",
        "urlsafe_b64decode",
        "model_validate_json",
        "literal_eval",
        "fromisoformat",
    }


def test_every_decoder_that_ships_is_in_the_table() -> None:
    ours = decoders()
    named = {parser.where for parser in PARSERS if parser.where} | NOT_FROM_OUTSIDE.keys()
    assert ours - named == set(), "add it to tests/hardening/parsers.py"
    assert named - ours == set(), "the table names what is not there"


def test_an_error_that_is_not_declared_is_found() -> None:
    loose = Parser("loose", JSON, lambda value: value["batchId"], (KeyError,))
    with pytest.raises(TypeError):
        test_only_declared_errors_leave_a_parser(loose)
