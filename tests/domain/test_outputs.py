"""Output manifests: counted, held against their input, and merged without losing a label."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.domain import outputs
from terrace.domain.outputs import AttemptOutput
from tests.data.shared_data import sample_lines

REASON = "ClientError: Annotation tasks expired."


def line(n: int, **more: object) -> str:
    return json.dumps({"source-ref": f"s3://inp/{n}.jpg", **more})


def labeled(n: int, value: object = "s3://out/x", **more: object) -> str:
    return line(n, **more, **{"a": value, "a-metadata": {"job-name": "labeling-job/x"}})


def failed(n: int) -> str:
    return line(n, **{"a-metadata": {"failure-reason": REASON, "human-annotated": "true"}})


GIVEN = [line(n) for n in range(4)]


def test_labeled_failed_and_untouched_items_are_told_apart() -> None:
    found = outputs.compare([labeled(0), failed(1), line(2), labeled(3, 0)], GIVEN, "a")
    assert found.broken is None
    assert (found.lines, found.labeled) == (4, [0, 3])
    assert found.failed == {1: REASON}
    assert found.untouched == [2]
    assert (found.missing, found.first_reason) == ([1, 2], REASON)


@pytest.mark.parametrize(
    ("output", "code", "where"),
    [
        ([labeled(0), labeled(1)], "OUTPUT_TOO_SHORT", "s3://o line 3"),
        ([], "OUTPUT_TOO_SHORT", "s3://o line 1"),
        ([labeled(n) for n in range(5)], "OUTPUT_TOO_LONG", "s3://o line 5"),
        ([labeled(1), labeled(0), line(2), line(3)], "OUTPUT_OTHER_ITEM", "s3://o line 1"),
        ([labeled(0), labeled(1)[:-20]], "MANIFEST_LINE_NOT_JSON", "s3://o line 2"),
        ([labeled(0), "", labeled(1), line(2), line(3)], "MANIFEST_LINE_BLANK", "s3://o line 2"),
    ],
    ids=["truncated", "empty", "longer", "other order", "cut in a line", "blank line"],
)
def test_an_output_that_contradicts_its_input_is_broken(
    output: list[str], code: str, where: str
) -> None:
    found = outputs.compare(output, GIVEN, "a", "s3://o")
    assert found.broken is not None
    assert (found.broken.code, found.broken.path) == (code, where)


def test_an_empty_last_line_contradicts_nothing() -> None:
    found = outputs.compare([*map(labeled, range(4)), ""], [*GIVEN, ""], "a")
    assert (found.broken, found.labeled) == (None, [0, 1, 2, 3])


def test_an_output_can_be_counted_by_itself() -> None:
    found = outputs.summarize([labeled(0), failed(1)], "a")
    assert (found.lines, found.labeled, found.missing) == (2, [0], [1])
    assert outputs.summarize([], "a").lines == 0
    assert outputs.summarize(["{"], "a").broken is not None


def test_a_real_output_with_expired_tasks_is_counted() -> None:
    lines = sample_lines("real/failed_objects/output_with_expired_tasks_manifest.jsonl")
    found = outputs.summarize(lines, "mock_job_name")
    assert (found.labeled, found.missing) == ([0], [1, 2])
    assert (found.first_reason or "").startswith("ClientError: Annotation tasks expired.")


def test_a_new_attempt_gets_only_what_lacks_a_label_without_traces_of_the_failure() -> None:
    found = list(outputs.still_missing([labeled(0), failed(1), line(2), labeled(3)], "a"))
    assert [(i, json.loads(t)) for i, t in found] == [
        (1, {"source-ref": "s3://inp/1.jpg"}),
        (2, {"source-ref": "s3://inp/2.jpg"}),
    ]


def test_indexes_of_a_third_attempt_lead_back_to_the_jobs_own_lines() -> None:
    second = outputs.compose(None, [1, 4, 5])
    assert outputs.compose(second, [0, 2]) == [1, 5]


def test_merging_takes_the_newest_label_and_the_newest_failure() -> None:
    # Given three attempts: all items, the three that failed, the two that failed again
    first = AttemptOutput([labeled(0, "one"), failed(1), failed(2), failed(3)])
    second = AttemptOutput([labeled(1, "two"), failed(2), failed(3)], [1, 2, 3])
    third = AttemptOutput([labeled(2, "three"), line(3)], [2, 3])
    # When they are merged
    merged = [json.loads(t) for t in outputs.merge(GIVEN, [first, second, third], "a")]
    # Then every label is there, in the order of the input
    assert [m.get("a") for m in merged] == ["one", "two", "three", None]
    assert merged[3]["a-metadata"]["failure-reason"] == REASON
    assert [m["source-ref"] for m in merged] == [f"s3://inp/{n}.jpg" for n in range(4)]


def test_merging_keeps_earlier_attributes_whatever_an_output_says() -> None:
    given_lines = [line(0, old="kept", extra=1)]
    output = [labeled(0, "new", old="changed")]
    merged = [json.loads(t) for t in outputs.merge(given_lines, [AttemptOutput(output)], "a")]
    assert merged[0]["old"] == "kept"
    assert merged[0]["extra"] == 1
    assert merged[0]["a"] == "new"


def test_a_line_that_only_gained_its_label_keeps_ground_truths_text() -> None:
    text = labeled(0).replace(", ", ",  ")
    assert list(outputs.merge([line(0)], [AttemptOutput([text])], "a")) == [text]


@pytest.mark.parametrize(
    "attempts",
    [
        [AttemptOutput([labeled(0)])],
        [AttemptOutput([labeled(n) for n in range(5)])],
        [AttemptOutput([labeled(3)], [2])],
        [AttemptOutput([labeled(2), labeled(3)], [2])],
        [AttemptOutput(["{", line(1), line(2), line(3)])],
        [AttemptOutput([labeled(9)], [9])],
    ],
    ids=["short", "long", "other item", "longer than its lines", "unreadable", "no such line"],
)
def test_merging_refuses_what_does_not_fit(attempts: list[AttemptOutput]) -> None:
    with pytest.raises(ValueError):
        list(outputs.merge(GIVEN, attempts, "a"))


@given(st.lists(st.lists(st.booleans(), min_size=6, max_size=6), min_size=1, max_size=4))
def test_no_label_is_lost_however_attempts_go(rounds: list[list[bool]]) -> None:
    """Drives the real functions through attempts as PrepareInput and SettleJob do."""
    given_lines = [line(n) for n in range(6)]
    lines: list[int] | None = None
    current = given_lines
    attempts: list[AttemptOutput] = []
    expected: dict[int, int] = {}
    for number, luck in enumerate(rounds):
        own = lines if lines is not None else list(range(6))
        output = [labeled(n, number) if luck[n] else failed(n) for n in own]
        assert outputs.compare(output, current, "a").broken is None
        attempts.append(AttemptOutput(output, lines))
        expected |= {n: number for n in own if luck[n]}
        missing = list(outputs.still_missing(output, "a"))
        lines = outputs.compose(lines, [index for index, _ in missing])
        current = [text for _, text in missing]
    merged = [json.loads(t) for t in outputs.merge(given_lines, attempts, "a")]
    assert {n: m["a"] for n, m in enumerate(merged) if "a" in m} == expected


def test_splitting_says_which_items_can_be_reviewed() -> None:
    found = [(i, ok) for i, _, ok in outputs.split([labeled(0), failed(1), line(2)], "a")]
    assert found == [(0, True), (1, False), (2, False)]
