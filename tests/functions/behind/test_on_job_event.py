"""Handler on_job_event: SQS batches of EventBridge events, each believed only as far as it goes."""

import pytest

from tests.functions.behind.conftest import JOB, World, event

TOKEN = event("park_wave.token")["token"]


def test_the_end_of_a_job_is_settled_and_the_machine_wakes_up(world: World) -> None:
    world.running()
    world.finish()
    assert world.invoke("on_job_event.completed") == {"batchItemFailures": []}
    job = world.job()
    assert (job.status, job.numItemsLabeled) == ("COMPLETE", 3)
    assert world.house.objects.exists(job.outputManifestS3Uri or "")
    assert world.released == [TOKEN]


def test_an_event_that_comes_twice_and_one_of_a_strange_job_change_nothing(world: World) -> None:
    world.running()
    world.finish()
    assert world.invoke("on_job_event.twice_and_foreign") == {"batchItemFailures": []}
    once = world.job()
    assert world.invoke("on_job_event.twice_and_foreign") == {"batchItemFailures": []}
    assert world.job() == once


def test_an_event_is_not_believed_while_the_job_still_runs(world: World) -> None:
    world.running()
    assert world.invoke("on_job_event.completed") == {"batchItemFailures": []}
    assert world.job().status == "IN_PROGRESS"
    assert world.released == []


def test_only_the_record_that_cannot_be_read_comes_again(world: World) -> None:
    world.running()
    world.finish()
    answer = world.invoke("on_job_event.one_unreadable")
    unreadable = event("on_job_event.one_unreadable")["Records"][0]["messageId"]
    assert answer == {"batchItemFailures": [{"itemIdentifier": unreadable}]}
    assert world.job().status == "COMPLETE"


@pytest.mark.filterwarnings("ignore:No application metrics")
def test_every_record_comes_again_when_the_table_is_gone(world: World) -> None:
    world.running()
    world.values["TABLE_NAME"] = "no-such-table"
    answer = world.invoke("on_job_event.completed")
    assert len(answer["batchItemFailures"]) == 1


def test_a_stopped_job_is_not_complete(world: World) -> None:
    world.running()
    world.finish(JOB, "Stopped", labeled=1 / 3)
    world.invoke("on_job_event.completed")
    assert (world.job().status, world.job().numItemsLabeled) == ("STOPPED", 1)
