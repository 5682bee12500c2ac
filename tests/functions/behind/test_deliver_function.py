"""Handler deliver_batch: the final manifests of an ended batch are in S3, and on record."""

import json

from tests.functions.behind.conftest import World


def test_every_item_of_a_batch_that_failed_is_delivered_with_the_reason(world: World) -> None:
    # Given a batch that failed after its checks
    world.posted()
    world.invoke("transform_batch.first_call")
    world.invoke("fail_batch.lambda_error")
    world.invoke("finalize_batch.over")
    # When it is delivered
    first = world.invoke("deliver_batch.ended")
    # Then nothing was labeled, and each line of the manifest says why
    assert first["next"] == "notify"
    record = world.batch.delivered
    assert record is not None
    assert record.complete, record.problem
    assert record.items == record.unlabeled
    lines = list(world.house.objects.read_lines(record.unlabeledManifestS3Uri or ""))
    assert len(lines) == record.items
    assert all("never started" in json.loads(line.text)["terrace"]["reason"] for line in lines)
    # And a call that is repeated answers the same
    assert world.invoke("deliver_batch.ended") == first
    assert world.batch.delivered == record


def test_a_stale_generation_and_a_batch_that_runs_are_not_delivered(world: World) -> None:
    world.running()
    assert world.invoke("deliver_batch.ended")["next"] == "notify"
    assert world.invoke("deliver_batch.ended", generation=4)["next"] == "notify"
    assert world.batch.delivery is None
