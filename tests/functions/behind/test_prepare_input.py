"""Handler prepare_input: the job's row names the input that its labeling job will read."""

from tests.functions.behind.conftest import JOB, World


def test_a_job_is_given_its_manifest_and_its_categories(world: World) -> None:
    world.planned()
    assert world.invoke("prepare_input.job") == {"next": "start"}
    job = world.job()
    assert job.numItems == 3
    assert world.house.objects.exists(job.inputManifestS3Uri or "")
    categories = world.house.objects.get_json(job.labelCategoryS3Uri or "")
    assert [label["label"] for label in categories["labels"]] == ["Vehicle"]


def test_a_repeated_call_prepares_the_same(world: World) -> None:
    world.planned()
    world.invoke("prepare_input.job")
    before = world.job()
    assert world.invoke("prepare_input.job") == {"next": "start"}
    assert world.job() == before


def test_a_job_that_runs_is_not_prepared_again(world: World) -> None:
    world.running()
    assert world.invoke("prepare_input.job") == {"next": "skip"}


def test_nothing_is_prepared_for_a_stale_generation(world: World) -> None:
    world.planned()
    assert world.invoke("prepare_input.job", generation=9) == {"next": "skip"}
    assert world.job(JOB).inputManifestS3Uri is None
