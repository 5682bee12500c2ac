"""The roles of the template are enforced: what one of them lacks makes the run fail, and says so.

Three cases deploy a template that lacks a permission; the others take it from the running stack's
role, which asks the same of the same policy evaluator and starts no server.
"""

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from terrace.steps.park_wave import CLOCK_MARGIN
from tests.machine.conftest import Clips, clips_in
from tests.machine.world import (
    RECONCILE_SECONDS,
    Json,
    World,
    eventually,
    jobs_of,
    private_world,
)

pytestmark = pytest.mark.local_aws

ROOT = Path(__file__).resolve().parents[2]
HARMLESS = "logs:PutLogEvents"


def template_without(role: str, action: str, folder: Path) -> Path:
    """A copy of the template in which a role lacks an action."""
    text = (ROOT / "template.yaml").read_text(encoding="utf-8")
    block = re.search(rf"^  {role}:\n(?:   .*\n|\n)*", text, re.MULTILINE)
    assert block is not None
    changed, count = re.subn(rf"\b{action}\b", HARMLESS, block.group())
    assert count > 0, f"{role} has no {action}"
    text = text.replace(block.group(), changed)
    for path in ("functions/", "statemachine/batch.asl.yaml"):
        text = text.replace(f"Uri: {path}", f"Uri: {ROOT / path}")
    copy = folder / "template.yaml"
    copy.write_text(text, encoding="utf-8")
    return copy


def refusals(world: World) -> set[tuple[str, str]]:
    """Role and action of every call of the stack that was refused."""
    calls = world.control("calls")["calls"]
    return {(_role(call), call["action"]) for call in calls if not call["allowed"]}


def _role(call: Json) -> str:
    """The role's name in the template: `StartJobRole` of `terrace-StartJobRole-1A2B`."""
    return str(call["principal"]).split("-")[1] if "-" in call["principal"] else call["principal"]


# --- a template that lacks a permission --------------------------------------------------------


def test_start_job_without_create_labeling_job_fails_the_batch(tmp_path: Path) -> None:
    template = template_without("StartJobRole", "sagemaker:CreateLabelingJob", tmp_path)
    with private_world(tmp_path / ".terrace", template=template) as world:
        world.create("b", [clips_in(world).label("b-car")])
        shown, message = world.ended("b")
        assert (shown["status"], message["status"]) == ("FAILED", "FAILED")
        reason = jobs_of(shown)["b-car"]["failureReason"]
        assert "AccessDenied" in reason
        assert "sagemaker:CreateLabelingJob" in reason
        assert reason in message["errorString"]
        assert ("StartJobRole", "sagemaker:CreateLabelingJob") in refusals(world)
        assert world.control("jobs")["jobs"] == []


def test_plan_wave_without_query_fails_the_batch(tmp_path: Path) -> None:
    template = template_without("PlanWaveRole", "dynamodb:Query", tmp_path)
    with private_world(tmp_path / ".terrace", template=template) as world:
        world.create("b", [clips_in(world).label("b-car")])
        shown, message = world.ended("b")
        assert shown["status"] == "FAILED"
        assert shown["errorType"] == message["errorType"] == "AccessDeniedError"
        assert "dynamodb:Query" in message["errorString"]
        assert ("PlanWaveRole", "dynamodb:Query") in refusals(world)
        assert world.control("jobs")["jobs"] == []


def test_park_wave_without_send_task_success_cannot_release_and_fails_the_batch(
    tmp_path: Path,
) -> None:
    template = template_without("ParkWaveRole", "states:SendTaskSuccess", tmp_path)
    with private_world(tmp_path / ".terrace", template=template) as world:
        # Given a job that ends while another start keeps the wave from being parked
        clips = clips_in(world)
        fast, slow, check = (f"b-{name}" for name in ("fast", "slow", "check"))
        world.fault("sagemaker.CreateLabelingJob", "InternalServerError", when="after")
        world.fault("sagemaker.CreateLabelingJob", "ThrottlingException", times=1000)
        jobs = [clips.label(fast), clips.label(slow)]
        jobs += [clips.audit(f"{name}-check", name) for name in (fast, slow)]
        world.create("b", jobs, pacing="dependency")
        first = eventually(lambda: next(iter(world.labeling_jobs("b")), None), "one exists")
        world.finish(first)
        world.until_job("b", first, "COMPLETE")
        world.control("faults", method="DELETE")
        # When the wave is parked, ParkWave itself has to release it
        other = slow if first == fast else fast
        world.finish(other)
        shown, message = world.ended("b")
        assert shown["status"] == "FAILED"
        assert shown["errorType"] == "AccessDeniedError"
        assert "states:SendTaskSuccess" in message["errorString"]
        assert ("ParkWaveRole", "states:SendTaskSuccess") in refusals(world)
        assert check not in jobs_of(shown)


# --- a permission taken from the running stack -------------------------------------------------


@contextmanager
def without(world: World, role: str, action: str) -> Iterator[None]:
    """Takes an action out of a role's policies, and gives it back."""
    iam = world.client("iam")
    names = [r["RoleName"] for r in iam.list_roles(MaxItems=1000)["Roles"]]
    (name,) = (n for n in names if n.split("-")[1:2] == [role])
    policies = {
        policy: iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
    }
    for policy, document in policies.items():
        changed = json.dumps(document).replace(f'"{action}"', f'"{HARMLESS}"')
        iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=changed)
    world.control("calls", method="DELETE")
    try:
        yield
    finally:
        for policy, document in policies.items():
            iam.put_role_policy(
                RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(document)
            )


def test_a_labeling_role_that_may_not_be_read_is_told_before_there_is_a_job(
    world: World, clips: Clips, batch: str
) -> None:
    with without(world, "TransformBatchRole", "iam:GetRole"):
        world.create(batch, [clips.label(f"{batch}-car")])
        shown, message = world.ended(batch)
        assert (shown["status"], message["status"]) == ("VALIDATION_FAIL", "FAILED")
        (problem,) = shown["errors"]
        assert (problem["path"], problem["code"]) == ("$", "ROLE_UNREADABLE")
        assert "iam:GetRole" in problem["problem"]
        assert "transform_batch" in problem["fix"]
        assert refusals(world) == {("TransformBatchRole", "iam:GetRole")}
        assert world.labeling_jobs(batch) == {}


@pytest.mark.parametrize(
    ("role", "action"),
    [
        ("TransformBatchRole", "dynamodb:PutItem"),
        ("TransformBatchRole", "s3:GetObject"),
        ("TransformBatchRole", "sagemaker:DescribeWorkteam"),
        ("TransformBatchRole", "s3:GetBucketCORS"),
        ("PlanWaveRole", "dynamodb:UpdateItem"),
        ("PrepareInputRole", "dynamodb:UpdateItem"),
        ("PrepareInputRole", "s3:GetObject"),
        ("StartJobRole", "dynamodb:ConditionCheckItem"),
        ("StartJobRole", "sagemaker:AddTags"),
        ("StartJobRole", "iam:PassRole"),
        ("LabelingJobRole", "s3:GetObject"),
    ],
)
def test_a_batch_fails_without(
    world: World, clips: Clips, batch: str, role: str, action: str
) -> None:
    with without(world, role, action):
        world.create(batch, [clips.label(f"{batch}-car")])
        shown = world.until_ended(batch)
        assert shown["status"] in {"FAILED", "VALIDATION_FAIL"}
        told = json.dumps([shown["failureReason"], shown["errors"], *jobs_of(shown).values()])
        assert re.search("AccessDenied|not authorized|permission", told), told
        if role != "LabelingJobRole":
            assert (role, action) in refusals(world)
    message = world.end_message(batch)
    assert message["status"] == "FAILED"


@pytest.mark.parametrize("action", ["dynamodb:PutItem", "s3:PutObject", "states:StartExecution"])
def test_create_is_a_500_without(world: World, clips: Clips, batch: str, action: str) -> None:
    body = {"batchId": batch, "labelingJobs": [clips.label(f"{batch}-car")]}
    with without(world, "ApiRole", action):
        status, answer = world.post(body)
        assert (status, "requestId" in answer) == (500, True)
        assert ("ApiRole", action) in refusals(world)
        assert batch not in {row["name"] for row in world.control("jobs")["jobs"]}
    # And once the right is there, the same request goes through
    assert world.post(body)[0] == 200
    world.finish(f"{batch}-car")
    assert world.ended(batch)[0]["status"] == "COMPLETE"


def test_a_batch_is_not_called_complete_by_an_end_that_may_not_be_written(
    world: World, clips: Clips, batch: str
) -> None:
    world.create(batch, [clips.label(f"{batch}-car")])
    world.exists(f"{batch}-car")
    with without(world, "FinalizeBatchRole", "dynamodb:UpdateItem"):
        world.finish(f"{batch}-car")
        missing = ("FinalizeBatchRole", "dynamodb:UpdateItem")
        eventually(lambda: missing in refusals(world), "the end is refused")
        assert world.show(batch)["status"] == "IN_PROGRESS"


@pytest.mark.parametrize(
    ("role", "action"),
    [
        ("StartJobRole", "dynamodb:UpdateItem"),
        ("BatchStateMachineRole", "lambda:InvokeFunction"),
    ],
)
def test_a_stack_that_cannot_go_on_does_not_spin_and_goes_on_once_it_can(
    world: World, clips: Clips, batch: str, role: str, action: str
) -> None:
    # Given a right without which not even the error can be dealt with
    with without(world, role, action):
        world.create(batch, [clips.label(f"{batch}-car")])
        eventually(lambda: (role, action) in refusals(world), f"{role} is refused {action}")
        time.sleep(CLOCK_MARGIN + 0.5)
        # When some time goes by
        before = tries(world, role)
        time.sleep(RECONCILE_SECONDS)
        # Then it is tried about once a reconciler period, and not all the time
        assert tries(world, role) - before <= 4
        assert world.show(batch)["status"] == "IN_PROGRESS"
    # And it goes on by itself once the right is there
    world.finish(f"{batch}-car")
    assert world.ended(batch)[0]["status"] == "COMPLETE"


def tries(world: World, role: str) -> int:
    """How many calls of a role were refused so far."""
    calls = world.control("calls")["calls"]
    return sum(c["count"] for c in calls if not c["allowed"] and _role(c) == role)


def test_no_role_of_the_stack_is_refused_anything_it_asks_for(
    world: World, clips: Clips, batch: str
) -> None:
    # Given a batch that is labeled in part, retried, reviewed; one that is refused; and one that
    # fails: what a stack does in a day
    world.control("calls", method="DELETE")
    car, check = f"{batch}-car", f"{batch}-check"
    world.create(batch, [clips.label(car), clips.audit(check, car)])
    world.finish(car, labeled=0.6)
    world.finish(f"{car}-a2", event=False)
    world.finish(check)
    wrong, failing = f"{batch}-wrong", f"{batch}-failing"
    nowhere = {"inputManifestS3Uri": f"s3://{world.bucket}/none"}
    world.create(wrong, [clips.label(f"{wrong}-car", inputConfig=nowhere)])
    world.create(failing, [clips.label(f"{failing}-car")])
    world.finish(f"{failing}-car", status="Failed", manifest="absent")
    ends = {world.ended(name)[0]["status"] for name in (batch, wrong, failing)}
    assert ends == {"COMPLETE", "VALIDATION_FAIL", "FAILED"}
    # Then every call was allowed, and there were calls of every role that took part
    assert refusals(world) == set()
    roles = {_role(call) for call in world.control("calls")["calls"] if call["allowed"]}
    steps = ("Api", "TransformBatch", "PlanWave", "PrepareInput", "StartJob", "ParkWave")
    more = ("OnJobEvent", "Reconcile", "FinalizeBatch", "Notify", "BatchStateMachine")
    assert {f"{name}Role" for name in steps + more} <= roles
