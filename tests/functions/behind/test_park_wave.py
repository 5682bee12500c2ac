"""Handler park_wave: the token is kept, and released at once if there is work already."""

from tests.functions.behind.conftest import World, event

TOKEN = event("park_wave.token")["token"]


def test_a_token_is_kept_while_jobs_run(world: World) -> None:
    world.running()
    park = world.batch.park
    assert park is not None
    assert (park.generation, park.wave, park.retry, park.token) == (1, 1, 0, TOKEN)
    assert world.released == []


def test_a_token_that_comes_after_the_last_job_ended_is_released_at_once(world: World) -> None:
    world.planned()
    world.invoke("prepare_input.job")
    world.invoke("start_job.job")
    world.finish()
    world.invoke("on_job_event.completed")
    assert world.released == []
    assert world.invoke("park_wave.token") == {}
    assert world.released == [TOKEN]


def test_an_older_token_does_not_replace_a_newer_one(world: World) -> None:
    world.running()
    world.invoke("park_wave.token", retry=1, token="newer")
    world.invoke("park_wave.token")
    park = world.batch.park
    assert park is not None
    assert park.token == "newer"


def test_the_token_is_never_logged(world: World, capsys: object) -> None:
    world.running()
    assert TOKEN not in capsys.readouterr().out  # type: ignore[attr-defined]
