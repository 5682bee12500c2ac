"""Handler transform_batch: from the event of the machine to checked jobs, or to problems."""

from tests.functions.behind.conftest import AUDIT, JOB, World


def test_a_right_batch_goes_on_to_its_plan(world: World) -> None:
    world.posted()
    assert world.invoke("transform_batch.first_call") == {"next": "plan", "seconds": 0}
    assert {name: job.status for name, job in world.house.jobs("street-42").items()} == {
        JOB: "PENDING",
        AUDIT: "PENDING",
    }
    assert world.batch.transformedAt is not None


def test_the_teams_and_limits_of_the_stack_fill_what_the_request_leaves_open(world: World) -> None:
    world.posted()
    world.invoke("transform_batch.first_call")
    assert world.job(JOB).spec.workteamArn == world.values["FIRST_LEVEL_WORKTEAM_ARN"]
    assert world.job(AUDIT).spec.workteamArn == world.values["SECOND_LEVEL_WORKTEAM_ARN"]


def test_a_repeated_call_answers_the_same_and_changes_nothing(world: World) -> None:
    world.posted()
    world.invoke("transform_batch.first_call")
    before = world.house.store.load("street-42")
    assert world.invoke("transform_batch.first_call") == {"next": "plan", "seconds": 0}
    assert world.house.store.load("street-42") == before


def test_what_is_wrong_in_s3_ends_the_batch_with_its_problems(world: World) -> None:
    world.posted()
    world.house.objects.delete(world.house.categories())
    assert world.invoke("transform_batch.first_call") == {"next": "finalize", "seconds": 0}
    mark = world.batch.mark
    assert mark is not None
    assert (mark.kind, len(mark.problems)) == ("invalid", 1)
    assert "labelCategoryConfigS3Uri" in mark.problems[0].path


def test_a_stale_generation_ends_quietly(world: World) -> None:
    world.posted()
    assert world.invoke("transform_batch.first_call", generation=2) == {"next": "end", "seconds": 0}
