"""The world's interpreter walks batch.asl.yaml as the embedded Step Functions does."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.machine.conftest import Clips, clips_in
from tests.machine.world import World, private_world
from tests.world.aws.sagemaker import Plan
from tests.world.faults import THROTTLE
from tests.world.scene import HOUR, Scene

pytestmark = pytest.mark.local_aws
Json = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One lane, run on both: what is asked for, and how its labeling jobs end."""

    name: str
    levels: int = 2
    ends: tuple[tuple[str, str, float], ...] = ()
    """(job, Ground Truth's status, share labeled)"""
    refused: str | None = None
    """What the first CreateLabelingJob answers."""
    broken: bool = False
    """Its manifest is not there."""


CASES = (
    Case("lane", ends=(("car", "Completed", 1.0), ("car-audit", "Completed", 1.0))),
    Case("again", 1, (("car", "Completed", 0.5), ("car-a2", "Completed", 1.0))),
    Case("failed", ends=(("car", "Failed", 0.0),)),
    Case("wrong", 1, broken=True),
    Case("throttled", 1, (("car", "Completed", 1.0),), refused="ThrottlingException"),
)


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, Clips]]:
    home = tmp_path_factory.mktemp("proof") / ".terrace"
    with private_world(home, fresh=True) as world:
        yield world, clips_in(world)


def on_the_embedded_aws(case: Case, world: World, clips: Clips) -> list[str]:
    """The states that the real machine enters, in order."""
    prefix = f"{case.name}-"
    jobs = [clips.label(f"{prefix}car")]
    if case.levels > 1:
        jobs.append(clips.audit(f"{prefix}car-audit", f"{prefix}car"))
    if case.broken:
        jobs[0]["inputConfig"] = {"inputManifestS3Uri": f"s3://{world.bucket}/gone.manifest"}
    if case.refused:
        world.fault("sagemaker.CreateLabelingJob", case.refused)
    world.create(case.name, jobs)
    for job, status, labeled in case.ends:
        nothing = {"manifest": "absent"} if not labeled else {}
        world.finish(f"{prefix}{job}", status=status, labeled=labeled, **nothing)
    world.ended(case.name)
    machine = world.contract["stateMachineArn"].replace(":stateMachine:", ":execution:")
    arn = f"{machine}:{case.name}"
    # The batch has ended a few states before its execution has.
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = world.client("stepfunctions").describe_execution(executionArn=arn)
        if found["status"] != "RUNNING":
            break
        time.sleep(0.2)
    return [
        event["stateEnteredEventDetails"]["name"]
        for event in world.history(arn)
        if event["type"].endswith("StateEntered")
    ]


def in_the_world(case: Case) -> list[str]:
    """The states that the world's interpreter enters, in order."""
    scene = Scene()
    for job, status, labeled in case.ends:
        scene.plans[job] = Plan(HOUR, status, labeled, "ok" if labeled else "absent")
    with scene.running():
        jobs = [scene.label("car")]
        if case.levels > 1:
            jobs.append(scene.audit("car"))
        if case.broken:
            jobs[0]["inputConfig"] = {"inputManifestS3Uri": "s3://input-bucket/gone.manifest"}
        if case.refused:
            scene.at("GroundTruthEngine.create", THROTTLE)
        scene.post(scene.request(*jobs))
        scene.until_over()
        return scene.execution().path


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_interpreter_enters_the_same_states(case: Case, embedded: tuple[World, Clips]) -> None:
    world, clips = embedded
    look: Callable[[list[str]], list[str]] = _without_waits
    assert look(in_the_world(case)) == look(on_the_embedded_aws(case, world, clips))


def _without_waits(states: list[str]) -> list[str]:
    """A wake-up that found nothing to do is no difference: the local reconciler is quick."""
    vain = ["PlanWave", "ChooseTurn", "WaitForJobs"]
    found: list[str] = []
    for state in states:
        found.append(state)
        if found[-3:] == vain and found[-4:-3] == ["WaitForJobs"]:
            del found[-3:]
    return found
