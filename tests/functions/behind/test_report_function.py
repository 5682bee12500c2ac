"""Handler write_report: the report of an ended batch is in S3, and on record."""

from tests.functions.behind.conftest import World


def test_the_report_of_an_ended_batch_is_written(world: World) -> None:
    # Given a batch that failed after its checks
    world.posted()
    world.invoke("transform_batch.first_call")
    world.invoke("fail_batch.lambda_error")
    world.invoke("finalize_batch.over")
    # Then the machine goes on to the message, and the record names the file
    assert world.invoke("write_report.ended") == {"next": "notify"}
    record = world.batch.report
    assert record is not None
    assert record.complete
    assert world.house.objects.get_json(record.s3Uri)["status"] == "FAILED"


def test_called_again_it_answers_the_same(world: World) -> None:
    world.posted()
    world.invoke("transform_batch.first_call")
    world.invoke("fail_batch.lambda_error")
    world.invoke("finalize_batch.over")
    first = world.invoke("write_report.ended")
    before = world.batch.report
    assert world.invoke("write_report.ended") == first
    assert world.batch.report == before


def test_a_stale_generation_and_a_batch_that_runs_get_no_report(world: World) -> None:
    world.running()
    assert world.invoke("write_report.ended") == {"next": "notify"}
    assert world.invoke("write_report.ended", generation=4) == {"next": "notify"}
    assert world.batch.report is None
