"""The EventBridge patterns of the template catch the events we live by, and no others."""

import copy
import json
from typing import Any

import pytest
from moto.events.models import EventPattern

from terrace_local.ground_truth.events import state_change_event
from terrace_local.ground_truth.jobs import Job
from tests.functions.behind.conftest import event, properties
from tests.stack_template import resource

PSEUDO = {
    "${AWS::Partition}": "aws",
    "${AWS::Region}": "us-east-1",
    "${AWS::AccountId}": "111122223333",
    "${Prefix}": "smgt-workflow",
}


def resolved(value: Any) -> Any:
    """A pattern with its Fn::Sub filled in."""
    if isinstance(value, dict) and set(value) == {"Fn::Sub"}:
        text = value["Fn::Sub"]
        for name, stands_for in PSEUDO.items():
            text = text.replace(name, stands_for)
        assert "${" not in text
        return text
    if isinstance(value, dict):
        return {name: resolved(inner) for name, inner in value.items()}
    return [resolved(inner) for inner in value] if isinstance(value, list) else value


def matches(pattern: Any, found: dict[str, Any]) -> bool:
    return bool(EventPattern.load(json.dumps(resolved(pattern))).matches_event(found))


MACHINES = "arn:aws:states:us-east-1:111122223333:stateMachine"
JOB_RULE = resource("JobEventRule")["EventPattern"]
ENDED_RULE = properties("reconcile")["Events"]["ExecutionEnded"]["Properties"]["Pattern"]


def job_event(**changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(event("on_job_event.completed")["Records"][0]["body"])
    return body | changes


def execution_event(**detail: Any) -> dict[str, Any]:
    found: dict[str, Any] = copy.deepcopy(event("reconcile.execution_aborted"))
    found["detail"] |= detail
    return found


@pytest.mark.parametrize("status", ["Completed", "Failed", "Stopped", "InProgress"])
def test_every_state_change_of_a_labeling_job_is_caught(status: str) -> None:
    assert matches(JOB_RULE, job_event(detail={"LabelingJobStatus": status}))


def test_the_event_of_the_local_ground_truth_is_caught_too() -> None:
    request = {"LabelingJobName": "Car"}
    job = Job("us-east-1", "111122223333", request, "VideoObjectTracking", 1.0, 1.0)
    local = state_change_event(job, "Completed", 1_800_000_000.0)
    assert matches(JOB_RULE, local)
    assert set(local) == set(job_event())


@pytest.mark.parametrize(
    "changes",
    [
        {"detail-type": "SageMaker Training Job State Change"},
        {"source": "aws.states"},
        {"source": "my.app"},
    ],
)
def test_other_events_of_the_account_are_not_caught(changes: dict[str, str]) -> None:
    assert not matches(JOB_RULE, job_event(**changes))


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED", "SUCCEEDED"])
def test_every_end_of_an_execution_of_our_machine_is_caught(status: str) -> None:
    assert matches(ENDED_RULE, execution_event(status=status))


@pytest.mark.parametrize(
    "detail",
    [
        {"status": "RUNNING"},
        {"stateMachineArn": f"{MACHINES}:other"},
        {"stateMachineArn": f"{MACHINES}:smgt-workflow-batch-2"},
    ],
    ids=["a start", "another machine", "a machine whose name begins alike"],
)
def test_starts_and_other_machines_are_not_caught(detail: dict[str, str]) -> None:
    assert not matches(ENDED_RULE, execution_event(**detail))


def test_the_rules_do_not_catch_each_others_events() -> None:
    assert not matches(JOB_RULE, execution_event())
    assert not matches(ENDED_RULE, job_event())
    assert not matches(ENDED_RULE, event("reconcile.schedule"))
