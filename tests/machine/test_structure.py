"""The machine hangs together, and every fault the checker is there for is found."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from terrace import errors
from terrace_cli.checks.__main__ import error_names
from terrace_cli.checks.expand import load_template
from terrace_cli.checks.machine import all_states, check_machine, next_states, placeholders

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "statemachine" / "batch.asl.yaml").read_text(encoding="utf-8")

Machine = dict[str, Any]


@pytest.fixture
def machine() -> Machine:
    parsed: Machine = yaml.safe_load(TEXT)
    return parsed


def test_the_machine_is_sound(machine: Machine) -> None:
    assert [str(finding) for finding in check_machine(machine, error_names())] == []


def test_it_calls_exactly_the_functions_that_the_template_substitutes(machine: Machine) -> None:
    resource = load_template(ROOT / "template.yaml")["Resources"]["BatchStateMachine"]
    given = resource["Properties"]["DefinitionSubstitutions"]
    assert {f"{name}FunctionArn" for name in placeholders(machine)} == given.keys()
    for name, value in given.items():
        assert value == {"Fn::GetAtt": [name.removesuffix("Arn"), "Arn"]}


def test_its_role_may_call_exactly_these_functions(machine: Machine) -> None:
    role = load_template(ROOT / "template.yaml")["Resources"]["BatchStateMachineRole"]
    statements = role["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    [calls] = [one for one in statements if "lambda:InvokeFunction" in one["Action"]]
    allowed = {resource["Fn::GetAtt"][0] for resource in calls["Resource"]}
    assert allowed == {f"{name}Function" for name in placeholders(machine)}


def _inner(machine: Machine) -> Machine:
    inner: Machine = machine["States"]["StartJobs"]["ItemProcessor"]
    return inner


FAULTS: dict[str, tuple[str, Callable[[Machine], object]]] = {
    "Next to a state that is not there": (
        "machine-next",
        lambda m: m["States"]["PlanWave"].update(Next="ChooseTrun"),
    ),
    "a Choice that goes nowhere": (
        "machine-next",
        lambda m: m["States"]["ChooseTurn"]["Choices"][0].update(Next="Nowhere"),
    ),
    "a Catch inside a Map that leaves the Map": (
        "machine-next",
        lambda m: _inner(m)["States"]["StartJob"]["Catch"][0].update(Next="FailBatch"),
    ),
    "a state that no state leads to": (
        "machine-reachable",
        lambda m: m["States"].update(
            Lonely={"Type": "Succeed", "Comment": "Nobody ever comes here."}
        ),
    ),
    "a state without a Comment": (
        "machine-comment",
        lambda m: m["States"]["Notify"].pop("Comment"),
    ),
    "a machine without a Comment": ("machine-comment", lambda m: m.pop("Comment")),
    "a wait without a timeout": (
        "machine-timeout",
        lambda m: m["States"]["WaitForJobs"].pop("TimeoutSeconds"),
    ),
    "a wait whose timeout is not caught": (
        "machine-timeout",
        lambda m: m["States"]["WaitForJobs"]["Catch"].pop(0),
    ),
    "a wait that is retried when it times out": (
        "machine-timeout",
        lambda m: m["States"]["WaitForJobs"]["Retry"][0]["ErrorEquals"].append("States.Timeout"),
    ),
    "an error name that is no class of ours": (
        "machine-error-name",
        lambda m: m["States"]["PlanWave"]["Retry"][0]["ErrorEquals"].append("ThrottleError"),
    ),
    "a retry without jitter": (
        "machine-jitter",
        lambda m: m["States"]["PlanWave"]["Retry"][0].pop("JitterStrategy"),
    ),
    "a blind retry": (
        "machine-jitter",
        lambda m: m["States"]["PlanWave"]["Retry"][0]["ErrorEquals"].append("States.TaskFailed"),
    ),
    "an ARN inside the machine": (
        "machine-arn",
        lambda m: m["States"]["PlanWave"]["Parameters"].update(
            FunctionName="arn:aws:lambda:us-east-1:111122223333:function:plan-wave"
        ),
    ),
    "a service called without a function": (
        "machine-arn",
        lambda m: m["States"]["Notify"].update(Resource="arn:aws:states:::sns:publish"),
    ),
    "a wait inside the Map": (
        "machine-wait",
        lambda m: _inner(m)["States"]["StartJob"].update(
            Resource="arn:aws:states:::lambda:invoke.waitForTaskToken"
        ),
    ),
    "a Choice without a Default": (
        "machine-default",
        lambda m: m["States"]["ChooseTurn"].pop("Default"),
    ),
    "a name that is not in PascalCase": (
        "machine-name",
        lambda m: m["States"].update(plan_wave=m["States"]["PlanWave"]),
    ),
}


@pytest.mark.parametrize(("rule", "damage"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_found(machine: Machine, rule: str, damage: Callable[[Machine], object]) -> None:
    # Given the machine with one fault
    broken = copy.deepcopy(machine)
    damage(broken)
    # When it is checked, then that rule is named
    assert rule in {finding.rule for finding in check_machine(broken, error_names())}


def test_every_error_that_may_pass_is_retried_and_no_other_of_ours(machine: Machine) -> None:
    # Given the errors that say "try again"; Step Functions matches class names, not subclasses
    passing = {
        name for name in error_names() if issubclass(getattr(errors, name), errors.TransientError)
    }
    # Then every task that retries knows each of them, and none of those that cannot pass
    for path, _, state in all_states(machine):
        if state["Type"] == "Task":
            retried = {error for rule in state["Retry"] for error in rule["ErrorEquals"]}
            assert retried & error_names() == passing, path


# --- what the design says of it, which no general rule can know ----------------------------------


def test_levels_are_not_unrolled(machine: Machine) -> None:
    # One loop for any number of levels: no state is named for one, and the file stays small: two of
    # its states wait for functions of the user's.
    names = [name.lower() for _, name, _ in all_states(machine)]
    assert not [name for name in names if "level" in name]
    assert len(names) < 35


def test_the_wait_stands_outside_the_map_and_leads_back_to_the_planner(machine: Machine) -> None:
    wait = machine["States"]["WaitForJobs"]
    assert wait["Next"] == "PlanWave"
    assert wait["Catch"][0] == {
        "ErrorEquals": ["States.Timeout", "States.HeartbeatTimeout"],
        "ResultPath": None,
        "Next": "PlanWave",
    }
    assert wait["Parameters"]["Payload"]["retry.$"] == "$$.State.RetryCount"


def test_an_iteration_keeps_its_error_to_itself(machine: Machine) -> None:
    # Given an error in PrepareInput or StartJob: the siblings' jobs are paid work, they must go on
    states = _inner(machine)["States"]
    assert states["PrepareInput"]["Catch"][-1]["Next"] == "SettleStart"
    assert states["StartJob"]["Catch"][-1]["Next"] == "SettleStart"
    assert states["SettleStart"]["Catch"][-1]["ErrorEquals"] == ["States.ALL"]


def test_every_error_of_the_loop_sets_the_mark(machine: Machine) -> None:
    for name in ("TransformBatch", "PlanWave", "StartJobs", "WaitForJobs"):
        last = machine["States"][name]["Catch"][-1]
        assert last == {"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "FailBatch"}


def test_an_end_that_cannot_be_written_does_not_make_the_batch_a_failed_one(
    machine: Machine,
) -> None:
    states = machine["States"]
    [caught] = states["FinalizeBatch"]["Catch"]
    assert caught["ErrorEquals"] == ["States.ALL"]
    assert states[caught["Next"]]["Error"] == "EndBroken"


def test_the_message_cannot_keep_a_batch_from_ending(machine: Machine) -> None:
    notify = machine["States"]["Notify"]
    assert notify["Next"] == notify["Catch"][0]["Next"] == "ChooseOutcome"


def test_a_failed_batch_is_a_failed_execution(machine: Machine) -> None:
    rules = machine["States"]["ChooseOutcome"]["Choices"]
    ends = {rule["StringEquals"]: machine["States"][rule["Next"]] for rule in rules}
    assert {word: end["Type"] for word, end in ends.items()} == {
        "COMPLETE": "Succeed",
        "COMPLETE_WITH_ERRORS": "Succeed",
        "STOPPED": "Succeed",
        "FAILED": "Fail",
        "VALIDATION_FAIL": "Fail",
    }
    assert ends["FAILED"]["Error"] == "BatchFailed"
    assert ends["VALIDATION_FAIL"]["Error"] == "ValidationFailed"


def test_only_ids_travel(machine: Machine) -> None:
    # Given every task: what it is handed and what it leaves behind is a handful of short words
    allowed = {"batchId.$", "generation.$", "wave.$", "level.$", "jobName.$"}
    allowed |= {"retry.$", "token.$", "error.$"}
    for path, _, state in all_states(machine):
        if state["Type"] == "Task":
            assert state["Parameters"]["Payload"].keys() <= allowed, path
            dropped = state.get("ResultPath", "$") is None
            assert dropped or "ResultSelector" in state, path
    assert machine["States"]["StartJobs"]["ResultPath"] is None


def test_from_every_state_the_machine_can_end(machine: Machine) -> None:
    # Given the states from which an end can be reached, found backwards
    states = machine["States"]
    ending = {name for name, state in states.items() if state["Type"] in {"Succeed", "Fail"}}
    while True:
        more = {name for name, state in states.items() if next_states(state) & ending} - ending
        if not more:
            break
        ending |= more
    # Then that is all of them
    assert ending == states.keys()
