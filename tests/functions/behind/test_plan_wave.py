"""Handler plan_wave: which jobs of the batch start now."""

from tests.functions.behind.conftest import AUDIT, JOB, World


def test_the_first_turn_starts_the_first_level(world: World) -> None:
    world.posted()
    world.invoke("transform_batch.first_call")
    assert world.invoke("plan_wave.first_turn") == {
        "next": "start",
        "wave": 1,
        "jobs": [{"level": 1, "jobName": JOB}],
    }


def test_a_running_job_is_waited_for(world: World) -> None:
    world.running()
    answer = world.invoke("plan_wave.after_a_wait")
    assert (answer["next"], answer["jobs"]) == ("wait", [])


def test_the_end_of_the_first_level_starts_the_second(world: World) -> None:
    world.running()
    world.finish()
    world.invoke("on_job_event.completed")
    answer = world.invoke("plan_wave.after_a_wait")
    assert (answer["next"], answer["wave"]) == ("start", 2)
    assert answer["jobs"] == [{"level": 2, "jobName": AUDIT}]


def test_a_stale_generation_ends_quietly(world: World) -> None:
    world.posted()
    answer = world.invoke("plan_wave.first_turn", generation=7)
    assert (answer["next"], answer["jobs"]) == ("end", [])
