"""Handler start_job: claim, create, and what becomes of a start that broke."""

from tests.functions.behind.conftest import JOB, World


def test_a_labeling_job_is_created_and_on_record(world: World) -> None:
    world.planned()
    world.invoke("prepare_input.job")
    assert world.invoke("start_job.job") == {}
    job = world.job()
    made = world.wired("reconcile").engine.describe(JOB)
    assert made is not None
    assert (job.status, job.labelingJobArn) == ("IN_PROGRESS", made.arn)
    assert made.tags["terrace:nonce"] == job.nonce
    assert made.outputPath == f"s3://batch-bucket/batches/street-42/outputs/{JOB}/a1/"


def test_a_repeated_start_creates_no_second_labeling_job(world: World) -> None:
    world.running()
    world.invoke("start_job.job")
    assert world.wire.calls.count("CreateLabelingJob") == 1


def test_create_is_sent_once_where_the_service_is_unwell(world: World) -> None:
    client = world.wired("start_job").engine._sagemaker
    assert client.meta.config.retries["total_max_attempts"] == 1


def test_a_start_that_was_throttled_waits_for_its_turn(world: World) -> None:
    world.planned()
    world.invoke("prepare_input.job")
    assert world.invoke("start_job.throttled") == {}
    job = world.job()
    assert (job.status, job.deferrals) == ("PENDING", 1)
    assert job.notBefore is not None


def test_a_start_that_can_never_work_fails_the_job_and_is_announced(world: World) -> None:
    world.planned()
    assert world.invoke("start_job.refused") == {}
    job = world.job()
    assert job.status == "FAILED"
    assert "InvalidRequest" in (job.failureReason or "")
    assert world.batch.mark is not None
    [message] = world.messages()
    assert (message["status"], message["batchId"]) == ("IN_PROGRESS", "street-42")


def test_a_job_that_exists_after_all_is_adopted_not_failed(world: World) -> None:
    world.running()
    store, job = world.house.store, world.job()
    store._table.update(store._row(job).set(status="STARTING", labelingJobArn=None))
    world.invoke("start_job.refused")
    assert (world.job().status, world.job().labelingJobArn) == ("IN_PROGRESS", job.labelingJobArn)
