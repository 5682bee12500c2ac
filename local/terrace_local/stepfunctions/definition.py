"""Checks of a state machine that moto's parser and `sam validate` both leave out.

AWS refuses these at CreateStateMachine with InvalidDefinition; here too.
"""

import json
from collections.abc import Iterator
from typing import Any

_TERMINAL = {"Succeed", "Fail"}


def problems_of(definition: str) -> list[str]:
    """What is wrong with the wiring of a machine, one sentence each; empty when it is sound."""
    try:
        machine = json.loads(definition)
    except ValueError as exc:
        return [f"INVALID_JSON_DESCRIPTION: {exc}"]
    if not isinstance(machine, dict):
        return ["INVALID_JSON_DESCRIPTION: the definition is not an object"]
    return list(_check_scope(machine, "/"))


def _check_scope(scope: dict[str, Any], where: str) -> Iterator[str]:
    states = scope.get("States")
    start = scope.get("StartAt")
    if not isinstance(states, dict) or not states:
        yield f"SCHEMA_VALIDATION_FAILED: no States at {where}"
        return
    if start not in states:
        yield f"MISSING_TRANSITION_TARGET: StartAt {start!r} is not a state at {where}"
    reached = {start}
    for name, state in states.items():
        path = f"{where}States/{name}"
        targets = list(_targets(state))
        reached.update(targets)
        for target in targets:
            if target not in states:
                yield f"MISSING_TRANSITION_TARGET: {target!r} named at {path} is not a state"
        kind = state.get("Type")
        if kind not in _TERMINAL | {"Choice"} and ("Next" in state) == bool(state.get("End")):
            yield f"SCHEMA_VALIDATION_FAILED: {path} needs exactly one of Next and End"
        for branch in _inner_scopes(state):
            yield from _check_scope(branch, f"{path}/")
    for name in states:
        if name not in reached:
            yield f"MISSING_TRANSITION_TARGET: state {where}States/{name} is not reachable"


def _targets(state: dict[str, Any]) -> Iterator[str]:
    if "Next" in state:
        yield state["Next"]
    if "Default" in state:
        yield state["Default"]
    for rule in state.get("Choices", []):
        if "Next" in rule:
            yield rule["Next"]
    for catcher in state.get("Catch", []):
        if "Next" in catcher:
            yield catcher["Next"]


def _inner_scopes(state: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for key in ("ItemProcessor", "Iterator"):
        if isinstance(state.get(key), dict):
            yield state[key]
    yield from (branch for branch in state.get("Branches", []) if isinstance(branch, dict))
