"""Reading augmented manifests: real ones, and everything that can be wrong with one."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.domain import manifest
from terrace.domain.manifest import Item
from terrace.domain.problems import Problem
from tests.data.shared_data import sample_lines

URI = "s3://inp/one.manifest"


def item(**data: object) -> Item:
    full = {"source-ref": "s3://inp/a.jpg", **data}
    found = manifest.parse_line(1, json.dumps(full), uri=URI)
    assert isinstance(found, Item)
    return found


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("{", "MANIFEST_LINE_NOT_JSON", "not JSON"),
        ("[" * 100_000, "MANIFEST_LINE_NOT_JSON", "not JSON"),
        ('\ufeff{"source-ref": "s3://inp/a.jpg"}', "MANIFEST_LINE_NOT_JSON", "byte order mark"),
        ('{"source-ref": "s3://inp/a.jpg", "x": NaN}', "MANIFEST_LINE_NOT_JSON", "NaN"),
        ('{"source-ref": "s3://inp/a.jpg"} {}', "MANIFEST_LINE_NOT_JSON", "Extra data"),
        ("[]", "MANIFEST_LINE_NO_OBJECT", "array"),
        ('"s3://inp/a.jpg"', "MANIFEST_LINE_NO_OBJECT", "string"),
        ("null", "MANIFEST_LINE_NO_OBJECT", "null"),
        ('{"source_ref": "s3://inp/a.jpg"}', "MANIFEST_LINE_WITHOUT_SOURCE", "source_ref"),
        ('{"source-ref": ""}', "MANIFEST_SOURCE_INVALID", "must start with s3://"),
        ('{"source-ref": 7}', "MANIFEST_SOURCE_INVALID", "must be a text"),
        ('{"source-ref": "s3://inp"}', "MANIFEST_SOURCE_INVALID", "no object"),
        ('{"source": "  "}', "MANIFEST_SOURCE_INVALID", "not empty"),
        ('{"source-ref": "s3://inp/a.jpg", "$x": 1}', "MANIFEST_KEY_RESERVED", "$x"),
    ],
)
def test_a_wrong_line_is_told_with_its_number(text: str, code: str, words: str) -> None:
    found = manifest.parse_line(17, text, uri=URI)
    assert isinstance(found, Problem)
    assert found.code == code
    assert found.path == f"{URI} line 17"
    assert words in found.problem


@pytest.mark.parametrize(
    ("length", "code"), [(20_000, None), (20_001, "MANIFEST_ATTRIBUTE_TOO_LONG")]
)
def test_attributes_may_have_20000_characters(length: int, code: str | None) -> None:
    text = json.dumps({"source-ref": "s3://inp/a.jpg", "note": "x" * length})
    found = manifest.parse_line(1, text)
    assert (found.code if isinstance(found, Problem) else None) == code
    # and Ground Truth's own output is not held to it
    assert isinstance(manifest.parse_line(1, text, limits=False), Item)


def test_a_long_object_counts_in_its_compact_form() -> None:
    boxes = [{"left": i} for i in range(3000)]
    found = manifest.parse_line(1, json.dumps({"source-ref": "s3://inp/a.jpg", "boxes": boxes}))
    assert isinstance(found, Problem)
    assert str(len(json.dumps(boxes, separators=(",", ":")))) in found.problem


def test_a_line_may_have_100000_characters() -> None:
    parts = {f"k{i}": "x" * 19_000 for i in range(5)}
    base = json.dumps({"source-ref": "s3://inp/a.jpg", **parts})
    fill = json.dumps(
        {"source-ref": "s3://inp/a.jpg", **parts, "f": "x" * (100_000 - len(base) - 9)}
    )
    assert len(fill) == 100_000
    assert isinstance(manifest.parse_line(1, fill), Item)
    found = manifest.parse_line(1, fill + " ")
    assert isinstance(found, Problem)
    assert found.code == "MANIFEST_LINE_TOO_LONG"


def test_text_tasks_may_have_the_text_itself() -> None:
    found = manifest.parse_line(1, '{"source": "Hello"}', sources=("source", "source-ref"))
    assert isinstance(found, Item)
    assert found.source == "Hello"


def test_image_tasks_need_source_ref() -> None:
    found = manifest.parse_line(1, '{"source": "Hello"}', sources=("source-ref",))
    assert isinstance(found, Problem)
    assert found.code == "MANIFEST_LINE_WITHOUT_SOURCE"


@pytest.mark.parametrize("ending", [[], [""], ["", "  ", ""]], ids=["none", "one", "several"])
def test_blank_lines_at_the_end_are_fine(ending: list[str]) -> None:
    lines = ['{"source-ref": "s3://inp/a.jpg"}', '{"source-ref": "s3://inp/b.jpg"}', *ending]
    assert [type(found) for found in manifest.read(lines)] == [Item, Item]


def test_a_blank_line_in_between_is_told() -> None:
    lines = ['{"source-ref": "s3://inp/a.jpg"}', "", '{"source-ref": "s3://inp/b.jpg"}']
    found = list(manifest.read(lines, uri=URI))
    problem = found[1]
    assert isinstance(problem, Problem)
    assert (problem.code, problem.path) == ("MANIFEST_LINE_BLANK", f"{URI} line 2")
    assert isinstance(found[2], Item)
    assert found[2].number == 3


@pytest.mark.parametrize(
    ("value", "labeled"),
    [
        (0, True),
        ([], True),
        ({"annotations": []}, True),
        ("s3://x/y", True),
        (None, False),
        ("", False),
    ],
)
def test_class_zero_and_an_image_without_boxes_are_labels(value: object, labeled: bool) -> None:
    assert manifest.is_labeled(item(a=value), "a") is labeled


def test_a_real_failed_line_says_why() -> None:
    # Given the real output of a job whose tasks expired: line 1 labeled, lines 2 and 3 not
    lines = sample_lines("real/failed_objects/output_with_expired_tasks_manifest.jsonl")
    items = [found for found in manifest.read(lines) if isinstance(found, Item)]
    assert [manifest.is_labeled(i, "mock_job_name") for i in items] == [True, False, False]
    assert manifest.failure_reason(items[0], "mock_job_name") is None
    reason = manifest.failure_reason(items[1], "mock_job_name") or ""
    assert reason.startswith("ClientError: Annotation tasks expired.")
    # and without the stale metadata the line is as it was before the job
    again = manifest.without(items[1], "mock_job_name")
    assert "mock_job_name-metadata" not in again
    assert "metadata" in again


def test_real_boxes_are_read_line_by_line() -> None:
    lines = sample_lines("real/image_bounding_box/sample_output.100lines.manifest")
    found = list(manifest.read(lines, uri=URI))
    assert len(found) == 100
    assert all(isinstance(i, Item) and manifest.is_labeled(i, "category") for i in found)


def test_a_line_without_the_attribute_keeps_its_very_text() -> None:
    text = '{ "source-ref" :  "s3://inp/a.jpg", "n": 1.50 }'
    found = manifest.parse_line(1, text)
    assert isinstance(found, Item)
    assert manifest.text_without(found, "label") == text


def test_only_the_attribute_and_its_metadata_are_taken_out() -> None:
    found = item(**{"a": 1, "a-metadata": {}, "a-b": 2, "b-metadata": 3})
    left = json.loads(manifest.text_without(found, "a"))
    assert left == {"source-ref": "s3://inp/a.jpg", "a-b": 2, "b-metadata": 3}


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(st.characters()), json_values, max_size=5))
def test_dumping_and_reading_gives_the_same_data_in_one_storable_line(
    data: dict[str, object],
) -> None:
    text = manifest.dump(data)
    assert json.loads(text) == data
    assert "\n" not in text
    text.encode()


@given(st.text())
def test_no_text_makes_the_reader_raise(text: str) -> None:
    found = manifest.parse_line(1, text)
    assert found is None or isinstance(found, Item | Problem)
