"""The embedded AWS is stopped or killed in mid-batch: the batch resumes, or one is told why not."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from terrace_local.cli_commands import down
from tests.machine.conftest import clips_in
from tests.machine.world import World, eventually, jobs_of, open_world

pytestmark = pytest.mark.local_aws


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A folder for a run, which is ended whatever happens."""
    folder = tmp_path / ".terrace"
    yield folder
    down(folder, say=lambda _: None)


def a_lane_under_way(world: World) -> None:
    """A batch of two lanes: one has come to its second level, the other is on its first."""
    clips = clips_in(world)
    jobs = [clips.label(name) for name in ("b-car", "b-road")]
    jobs += [clips.audit(f"{name}-check", name) for name in ("b-car", "b-road")]
    world.create("b", jobs, pacing="dependency")
    world.finish("b-car", labeled=0.6)
    world.finish("b-car-a2")
    world.exists("b-car-check")
    world.exists("b-road")
    eventually(lambda: world.rows("b", "BATCH")[0].get("park"), "the wave is parked")


def saved(home: Path) -> bool:
    """Whether a snapshot taken from now on is there: what came before it is in it."""
    current = home / "state" / "current"
    before = current.read_text() if current.exists() else ""
    return eventually(lambda: current.exists() and current.read_text() != before, "a snapshot", 20)


def end(world: World, how: signal.Signals) -> None:
    """Ends the server and waits until it is gone."""
    pid = int(world.contract["pid"])
    os.kill(pid, how)
    status = Path(f"/proc/{pid}/stat")

    def gone() -> bool:
        return not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z"

    eventually(gone, "the server is gone")


def goes_on_to_the_end(world: World) -> None:
    """Ends every job that runs; the batch has to end COMPLETE, with all its labels."""
    world.listen()
    for name in ("b-road", "b-car-check", "b-road-check"):
        world.finish(name)
    shown, message = world.ended("b")
    assert (shown["status"], message["status"]) == ("COMPLETE", "SUCCESS")
    for job in jobs_of(shown).values():
        assert len(world.lines(job["jobOutputS3Uri"])) == 5
        assert job["numItemsLabeled"] == 5
    assert len(world.labeling_jobs("b")) == 5


def resumed(home: Path, how: signal.Signals) -> World:
    """The world again; the terminal says that it is the former one, and how that ended."""
    world = open_world(home)
    assert "resumed" in world.said
    assert ("killed" in world.said) == (how == signal.SIGKILL)
    assert "1 running execution(s) could not go on" in world.said
    return world


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
def test_a_batch_goes_on_after_its_aws_was(home: Path, how: signal.Signals) -> None:
    # Given a batch in mid-work
    world = open_world(home, fresh=True)
    a_lane_under_way(world)
    before = world.show("b")
    if how == signal.SIGKILL:
        assert saved(home)
    # When its AWS ends and is started again, on whatever ports
    end(world, how)
    again = resumed(home, how)
    # Then nothing half-done is called complete
    after = again.show("b")
    assert after["status"] == "IN_PROGRESS"
    assert {n: j["batchStatus"] for n, j in jobs_of(after).items()} == {
        n: j["batchStatus"] for n, j in jobs_of(before).items()
    }
    # And a fresh execution takes the batch to its end
    goes_on_to_the_end(again)
    generations = [row["detail"]["why"] for row in again.timeline("b", "GENERATION_STARTED")]
    assert generations == ["its execution ended FAILED"]


def test_a_batch_survives_restart_after_restart(home: Path) -> None:
    world = open_world(home, fresh=True)
    a_lane_under_way(world)
    for generation in (2, 3):
        end(world, signal.SIGTERM)
        world = resumed(home, signal.SIGTERM)

        def replaced(world: World = world, generation: int = generation) -> bool:
            row = world.rows("b", "BATCH")[0]
            return row["generation"] == generation and "executionArn" in row

        # Each restart is as good as the first: the reconciler sees what no event tells.
        eventually(replaced, f"execution {generation} takes over")
    goes_on_to_the_end(world)


def test_a_kill_while_jobs_are_being_started_makes_none_twice(home: Path) -> None:
    # Given eight jobs, half of which exist when the lights go out
    world = open_world(home, fresh=True)
    clips = clips_in(world)
    names = [f"b-{number}" for number in range(8)]
    world.fault("sagemaker.CreateLabelingJob", "ThrottlingException", times=-1, probability=0.5)
    world.create("b", [clips.label(name) for name in names])
    eventually(lambda: len(world.control("jobs")["jobs"]) >= 2, "some exist")
    assert saved(home)
    end(world, signal.SIGKILL)
    # When it is started again
    again = open_world(home)
    again.listen()
    for name in names:
        again.finish(name)
    # Then each job was made once, and the batch ends with all of them
    shown, _ = again.ended("b")
    assert shown["status"] == "COMPLETE"
    assert sorted(again.labeling_jobs("b")) == names


def test_a_kill_at_once_is_said_and_leaves_no_half_batch(home: Path) -> None:
    world = open_world(home, fresh=True)
    world.create("b", [clips_in(world).label("b-car")])
    end(world, signal.SIGKILL)
    again = open_world(home)
    # Then one is told that the state is not all that there was
    assert "killed" in again.said or "could not be resumed" in again.said
    status, _ = again.http(f"{again.contract['apiUrl']}/batch/show?batchId=b")
    if status == 200:
        again.listen()
        again.finish("b-car")
        assert again.ended("b")[0]["status"] == "COMPLETE"
    else:
        assert status == 404
