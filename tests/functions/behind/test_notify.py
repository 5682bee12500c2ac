"""Handler notify: the end message reaches the topic's subscribers."""

import pytest

from terrace.errors import TerraceError
from tests.functions.behind.conftest import World


def over(world: World) -> None:
    """Given a batch that has ended FAILED."""
    world.posted()
    world.invoke("transform_batch.first_call")
    world.invoke("fail_batch.lambda_error")
    world.invoke("finalize_batch.over")
    assert world.messages() == []


def test_the_end_of_a_batch_is_published_and_on_record(world: World) -> None:
    over(world)
    assert world.invoke("notify.ended") == {}
    [message] = world.messages()
    assert (message["batchId"], message["status"]) == ("street-42", "FAILED")
    assert message["batchInfo"]["batchId"] == "street-42"
    assert "InternalServerError" in message["errorString"]
    assert world.batch.messageSentAt is not None
    assert list(world.house.store.open_batches(None)) == []


def test_a_repeated_call_may_send_again_with_the_same_dedup_id(world: World) -> None:
    over(world)
    world.invoke("notify.ended")
    [first] = world.messages()
    world.invoke("notify.ended")
    assert {message["dedupId"] for message in world.messages()} <= {first["dedupId"]}


def test_a_batch_that_still_runs_has_no_end_message(world: World) -> None:
    world.running()
    world.invoke("notify.ended")
    assert world.messages() == []
    assert world.batch.messageSentAt is None


def test_a_topic_that_cannot_be_reached_is_an_error_and_the_batch_stays_open(world: World) -> None:
    over(world)
    world.values["TOPIC_ARN"] += "-gone"
    with pytest.raises(TerraceError):
        world.invoke("notify.ended")
    assert list(world.house.store.open_batches(None)) == ["street-42"]
