"""Handler finalize_batch: ends a batch in which nothing runs, and only such a one."""

from tests.functions.behind.conftest import AUDIT, JOB, World


def test_a_batch_whose_jobs_all_ended_is_complete(world: World) -> None:
    world.running()
    world.finish(JOB)
    world.invoke("on_job_event.completed")
    assert world.invoke("plan_wave.after_a_wait")["next"] == "start"
    world.invoke("prepare_input.job", level=2, jobName=AUDIT)
    world.invoke("start_job.job", level=2, jobName=AUDIT)
    world.finish(AUDIT)
    world.invoke("reconcile.schedule")
    assert world.invoke("plan_wave.after_a_wait", wave=2)["next"] == "finalize"
    answer = world.invoke("finalize_batch.over")
    assert (answer["outcome"], answer["next"]) == ("COMPLETE", "notify")
    assert world.batch.status == "COMPLETE"


def test_a_batch_that_was_marked_before_it_started_ends_failed(world: World) -> None:
    world.posted()
    world.invoke("fail_batch.timeout")
    answer = world.invoke("finalize_batch.over")
    assert (answer["outcome"], answer["next"]) == ("FAILED", "notify")
    assert world.batch.status == "FAILED"


def test_a_batch_in_which_a_job_still_runs_is_waited_for(world: World) -> None:
    world.running()
    answer = world.invoke("finalize_batch.over")
    assert answer["next"] == "wait"
    assert world.batch.status == "IN_PROGRESS"


def test_a_batch_found_wrong_ends_as_that_and_frees_its_names(world: World) -> None:
    world.posted()
    world.house.objects.delete(world.house.categories())
    world.invoke("transform_batch.first_call")
    answer = world.invoke("finalize_batch.over")
    assert answer["outcome"] == "VALIDATION_FAIL"
    assert world.house.store.get_claim("street-42-car") is None


def test_a_repeated_call_tells_the_same_outcome(world: World) -> None:
    world.posted()
    world.invoke("fail_batch.timeout")
    first = world.invoke("finalize_batch.over")
    ended_at = world.batch.endedAt
    assert world.invoke("finalize_batch.over") == first
    assert world.batch.endedAt == ended_at


def test_a_stale_generation_ends_quietly(world: World) -> None:
    world.posted()
    assert world.invoke("finalize_batch.over", generation=4)["next"] == "end"
