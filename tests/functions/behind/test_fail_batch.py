"""Handler fail_batch: an error of the machine becomes a mark; labels that come are waited for."""

from tests.functions.behind.conftest import World


def test_a_batch_in_which_nothing_runs_is_finalized(world: World) -> None:
    world.posted()
    answer = world.invoke("fail_batch.lambda_error")
    assert answer["next"] == "finalize"
    mark = world.batch.mark
    assert mark is not None
    assert mark.kind == "fail"
    assert "InternalServerError" in mark.reason


def test_a_running_job_is_waited_for(world: World) -> None:
    world.running()
    answer = world.invoke("fail_batch.timeout")
    assert answer["next"] == "wait"
    assert answer["wave"] >= 1
    assert world.job().status == "IN_PROGRESS"


def test_the_first_error_stays(world: World) -> None:
    world.posted()
    world.invoke("fail_batch.lambda_error")
    first = world.batch.mark
    world.invoke("fail_batch.timeout")
    assert world.batch.mark == first


def test_a_stale_generation_marks_nothing(world: World) -> None:
    world.posted()
    assert world.invoke("fail_batch.timeout", generation=3)["next"] == "end"
    assert world.batch.mark is None
