"""Checks of a state machine that neither SAM nor cfn-lint makes: does it hang together?

`Next` to a state that is not there is accepted by `sam validate --lint`, by cfn-lint and by the
local interpreter, and fails on AWS at deployment at best. Error names fail only when they are met.
"""

import re
from collections.abc import Iterator, Mapping, Set
from typing import Any

from terrace_cli.checks.finding import Finding

State = Mapping[str, Any]

AWS_ERRORS = re.compile(r"(States|Lambda|Sandbox|Runtime)\.[A-Za-z]+")
INTEGRATION = re.compile(r"arn:aws:states:::lambda:invoke(\.waitForTaskToken)?")
PLACEHOLDER = re.compile(r"\$\{([A-Za-z0-9]+)FunctionArn\}")
STATE_NAME = re.compile(r"([A-Z][a-z]+)([A-Z][a-z]+)*")
TERMINAL = {"Succeed", "Fail"}
WAIT_MAX_SECONDS = 43200


def check_machine(definition: State, error_names: Set[str], name: str = "$") -> list[Finding]:
    """All findings of a definition and of the machines inside its Maps; none if it is sound.

    Args:
        definition: The parsed Amazon States Language document.
        error_names: Class names of our own errors; every other name must be AWS's.
        name: Where the machine stands, for messages.
    """
    found = list(_scope(definition, error_names, name))
    if not definition.get("Comment"):
        found.append(Finding("machine-comment", name, "the machine has no Comment"))
    return found


def placeholders(definition: State) -> set[str]:
    """Names of the functions the machine calls, as in `${<name>FunctionArn}`."""
    return set(PLACEHOLDER.findall(_texts(definition)))


def all_states(definition: State, name: str = "$") -> Iterator[tuple[str, str, State]]:
    """(path, name, state) of every state, also inside Maps."""
    for state_name, state in definition["States"].items():
        path = f"{name}.{state_name}"
        yield path, state_name, state
        if "ItemProcessor" in state:
            yield from all_states(state["ItemProcessor"], path)


def next_states(state: State) -> set[str]:
    """Every state that can follow."""
    found = {state[key] for key in ("Next", "Default") if key in state}
    found |= {rule["Next"] for rule in state.get("Choices", [])}
    return found | {rule["Next"] for rule in state.get("Catch", [])}


def _scope(machine: State, error_names: Set[str], name: str) -> Iterator[Finding]:
    states: Mapping[str, State] = machine["States"]
    if machine["StartAt"] not in states:
        yield Finding("machine-next", name, f"StartAt names {machine['StartAt']}, not a state")
    for state_name, state in states.items():
        path = f"{name}.{state_name}"
        yield from _one_state(state_name, state, path, error_names)
        for target in sorted(next_states(state) - states.keys()):
            yield Finding("machine-next", path, f"goes on to {target}, which is not a state here")
        if "ItemProcessor" in state:
            yield from _scope(state["ItemProcessor"], error_names, path)
            yield from _waits_in_map(state["ItemProcessor"], path)
    for lost in sorted(states.keys() - _reached(machine)):
        yield Finding("machine-reachable", f"{name}.{lost}", "no state leads here")


def _one_state(name: str, state: State, path: str, error_names: Set[str]) -> Iterator[Finding]:
    if not str(state.get("Comment", "")).endswith("."):
        yield Finding("machine-comment", path, "needs a Comment that is a sentence")
    if not STATE_NAME.fullmatch(name):
        yield Finding("machine-name", path, "is not in PascalCase")
    goes_on = next_states(state) or state.get("End") or state["Type"] in TERMINAL
    if not goes_on:
        yield Finding("machine-next", path, "has neither Next nor End")
    if state["Type"] == "Task":
        yield from _task(state, path)
    if state["Type"] == "Choice" and "Default" not in state:
        yield Finding("machine-default", path, "a Choice without Default fails on an unknown word")
    for retry in state.get("Retry", []):
        yield from _retry(retry, path)
    for rule in [*state.get("Retry", []), *state.get("Catch", [])]:
        for error in rule["ErrorEquals"]:
            if not AWS_ERRORS.fullmatch(error) and error not in error_names:
                problem = f"{error} is neither AWS's nor in functions/terrace/errors.py"
                yield Finding("machine-error-name", path, problem)


def _task(state: State, path: str) -> Iterator[Finding]:
    resource = str(state.get("Resource"))
    if not INTEGRATION.fullmatch(resource):
        yield Finding("machine-arn", path, f"{resource} is not lambda:invoke")
    parameters = state.get("Parameters", {})
    if not PLACEHOLDER.fullmatch(str(parameters.get("FunctionName"))):
        yield Finding("machine-arn", path, "FunctionName is not a substitution")
    seconds = state.get("TimeoutSeconds")
    if not isinstance(seconds, int) or not 0 < seconds <= WAIT_MAX_SECONDS:
        problem = f"TimeoutSeconds is {seconds}, not 1 to {WAIT_MAX_SECONDS}"
        yield Finding("machine-timeout", path, problem)
    retried = {error for rule in state.get("Retry", []) for error in rule["ErrorEquals"]}
    if resource.endswith(".waitForTaskToken"):
        if "States.Timeout" in retried:
            yield Finding("machine-timeout", path, "a wait that is retried on timeout never ends")
        caught = {error for rule in state.get("Catch", []) for error in rule["ErrorEquals"]}
        if "States.Timeout" not in caught:
            yield Finding("machine-timeout", path, "the timeout of a wait must be caught")
    for rest in parameters:
        if rest not in {"FunctionName", "Payload"}:
            yield Finding("machine-arn", path, f"passes {rest} to lambda:invoke")


def _retry(retry: Mapping[str, Any], path: str) -> Iterator[Finding]:
    if retry.get("JitterStrategy") != "FULL":
        yield Finding("machine-jitter", path, "retries without full jitter")
    if "MaxDelaySeconds" not in retry or "MaxAttempts" not in retry:
        yield Finding("machine-jitter", path, "retries without MaxDelaySeconds and MaxAttempts")
    for error in retry["ErrorEquals"]:
        if error in {"States.ALL", "States.TaskFailed"}:
            yield Finding("machine-jitter", path, f"retries {error}, which is any error at all")


def _waits_in_map(machine: State, path: str) -> Iterator[Finding]:
    for inner, _, state in all_states(machine, path):
        if state["Type"] == "Wait" or "waitForTaskToken" in str(state.get("Resource")):
            yield Finding("machine-wait", inner, "waits inside a Map, which holds 40 iterations")


def _reached(machine: State) -> set[str]:
    states: Mapping[str, State] = machine["States"]
    seen: set[str] = set()
    queue = [machine["StartAt"]]
    while queue:
        name = queue.pop()
        if name in states and name not in seen:
            seen.add(name)
            queue.extend(next_states(states[name]))
    return seen


def _texts(value: object) -> str:
    if isinstance(value, Mapping):
        return " ".join(_texts(inner) for inner in value.values())
    if isinstance(value, list):
        return " ".join(_texts(inner) for inner in value)
    return str(value)
