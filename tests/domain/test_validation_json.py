"""Bodies that are hardly JSON, and values that no field may hold. Nothing may raise."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrace.domain.validation import check_request, parse
from tests.domain.requests import LIMITS, audit_job, batch, boxes_job, found, label_job


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param("", "EMPTY_BODY", id="nothing"),
        pytest.param(b" \n", "EMPTY_BODY", id="blanks"),
        pytest.param("{", "INVALID_JSON", id="an open brace"),
        pytest.param("{'batchId': 1}", "INVALID_JSON", id="single quotes"),
        pytest.param('{"a": 1} x', "INVALID_JSON", id="something behind it"),
        pytest.param(b'{"a": "\xff"}', "NOT_UTF8", id="another encoding"),
        pytest.param("[" * 200_000 + "]" * 200_000, "NESTED_TOO_DEEPLY", id="200,000 lists"),
    ],
)
def test_is_no_json(body: str | bytes, code: str) -> None:
    value, problems = parse(body)

    assert value is None
    assert [problem.code for problem in problems] == [code]


def test_bad_json_is_located() -> None:
    _, (problem,) = parse('{"batchId": "b",\n "labelingJobs": ]}')

    assert "line 2, column 18" in problem.problem


def test_keys_that_stand_twice_are_found_where_they_are() -> None:
    body = '{"batchId": "a", "batchId": "b", "labelingJobs": [{"jobName": 1, "jobName": 2}]}'

    value, problems = parse(body)

    assert value == {"batchId": "b", "labelingJobs": [{"jobName": 2}]}
    assert {(p.path, p.code) for p in problems} == {
        ("$.batchId", "DUPLICATE_KEY"),
        ("$.labelingJobs[0].jobName", "DUPLICATE_KEY"),
    }


def test_a_byte_order_mark_is_no_problem() -> None:
    assert parse("\ufeff{}".encode()) == ({}, [])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("NaN", "NOT_A_FINITE_NUMBER"),
        ("-Infinity", "NOT_A_FINITE_NUMBER"),
        ("1e999", "NOT_A_FINITE_NUMBER"),
        ("9" * 5000, "NOT_A_FINITE_NUMBER"),
        ("9" * 200, "OUT_OF_RANGE"),
        ('"9999999999999999999999"', "WRONG_TYPE"),
        ('"\\u0000"', "INVALID_CHARACTER"),
        ('"\\ud800"', "INVALID_CHARACTER"),
        ("[" * 30 + "]" * 30, "NESTED_TOO_DEEPLY"),
    ],
)
def test_values_that_no_field_may_hold(text: str, code: str) -> None:
    value, problems = parse(json.dumps(batch(label_job(jobLevel="@"))).replace('"@"', text))

    assert problems == []
    assert code in {code for _, code in found(value)}


@pytest.mark.parametrize(
    "job",
    [
        label_job(taskKeywords=[1] * 1_000_000),
        label_job(**{f"field{n}": n for n in range(200_000)}),
        label_job(tags=[[]] * 500_000),
    ],
    ids=["list", "fields", "lists"],
)
def test_far_too_many_values_are_refused_before_they_take_time(job: dict[str, Any]) -> None:
    assert found(batch(job)) == {("$", "TOO_MANY_VALUES")}


def test_1000_jobs_with_everything_said_are_not_too_many_values() -> None:
    everything = {
        "labelAttributeName": "x-ref",
        "taskKeywords": list("abcde"),
        "tags": {f"t{n}": "v" for n in range(46)},
        "instructions": {"shortInstruction": "s", "fullInstruction": "f"},
        "contentClassifiers": ["FreeOfAdultContent"],
        "stoppingConditions": {"maxHumanLabeledObjectCount": 5},
        "taskTitle": "t",
        "taskDescription": "d",
        "onIncomplete": "fail",
        "maxAttempts": 1,
    }

    assert found(batch(*[label_job(f"j{n}", **everything) for n in range(1000)])) == set()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=12,
)


@st.composite
def damaged_requests(draw: st.DrawFn) -> Any:
    """A right request in which some values, somewhere, are replaced by anything."""
    raw: Any = batch(label_job(), boxes_job(), audit_job(), pacing="level")
    for _ in range(draw(st.integers(1, 4))):
        target: Any = raw
        while True:
            if isinstance(target, dict):
                key: Any = draw(st.sampled_from([*target, "inputConfig", "tags", "extra"]))
            else:
                key = draw(st.integers(0, len(target) - 1))
            inner = target.get(key) if isinstance(target, dict) else target[key]
            if isinstance(inner, dict | list) and inner and draw(st.booleans()):
                target = inner
                continue
            target[key] = draw(json_values)
            break
    return raw


@settings(max_examples=300, deadline=None)
@given(json_values | damaged_requests())
def test_whatever_is_sent_the_answer_is_a_request_or_problems(raw: Any) -> None:
    request, problems = check_request(raw, LIMITS)

    assert (request is None) == bool(problems)
    for problem in problems:
        assert problem.path.startswith("$")
        assert problem.code
        assert problem.problem
        assert problem.fix
        problem.model_dump_json().encode()


@settings(max_examples=200, deadline=None)
@given(st.text() | st.binary())
def test_whatever_bytes_are_sent_parsing_does_not_raise(body: str | bytes) -> None:
    value, problems = parse(body)

    assert value is None or problems == [] or isinstance(value, dict | list)
