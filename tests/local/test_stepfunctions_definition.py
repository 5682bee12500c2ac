"""A machine that could not run is refused before it runs."""

import json
from typing import Any

import pytest

from terrace_local.stepfunctions.definition import problems_of


def machine(**states: Any) -> str:
    """A definition starting at A."""
    return json.dumps({"StartAt": "A", "States": states})


PASS: dict[str, Any] = {"Type": "Pass", "End": True}


def test_a_sound_machine_has_no_problems() -> None:
    inner = {"StartAt": "X", "States": {"X": PASS}}
    assert (
        problems_of(
            machine(
                A={"Type": "Map", "ItemProcessor": inner, "Next": "B"},
                B={"Type": "Choice", "Choices": [{"Next": "C"}], "Default": "D"},
                C={"Type": "Task", "Catch": [{"Next": "D"}], "End": True},
                D={"Type": "Fail"},
            )
        )
        == []
    )


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        ("nonsense", "INVALID_JSON"),
        ("[]", "not an object"),
        (machine(B=PASS), "StartAt 'A'"),
        (machine(A={"Type": "Pass", "Next": "Z"}), "'Z'"),
        (machine(A={"Type": "Choice", "Choices": [{"Next": "Z"}]}), "'Z'"),
        (machine(A={"Type": "Task", "Catch": [{"Next": "Z"}], "End": True}), "'Z'"),
        (machine(A=PASS, B=PASS), "States/B is not reachable"),
        (machine(A={"Type": "Pass"}), "exactly one of Next and End"),
        (machine(A={"Type": "Pass", "End": True, "Next": "A"}), "exactly one of Next and End"),
        (
            machine(A={"Type": "Map", "Iterator": {"StartAt": "X", "States": {}}, "End": True}),
            "no States",
        ),
    ],
)
def test_what_cannot_work_is_named(definition: str, said: str) -> None:
    assert any(said in problem for problem in problems_of(definition))
