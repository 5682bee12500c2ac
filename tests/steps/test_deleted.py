"""A batch whose data was deleted is shown as a record, and never runs again."""

import json

import pytest

from terrace.domain import show
from terrace.domain.records import Retry
from terrace.domain.status import BatchStatus
from terrace.steps.api_errors import BatchStateError
from terrace.steps.api_retry import RetryBatch
from terrace.steps.api_show import Show
from tests.fakes.house import House
from tests.steps.conftest import two_levels
from tests.steps.test_start import run_out


def ended_and_deleted(house: House) -> str:
    """A batch that failed, and whose data somebody deleted since."""
    house.post(two_levels(house))
    house.turn()
    house.finish("road", status="Failed", manifest="absent")
    run_out(house)
    batch = house.batch()
    assert batch.ended
    house.store._table._client.update_item(  # type: ignore[attr-defined]
        TableName="table",
        Key={"PK": {"S": f"BATCH#{batch.batchId}"}, "SK": {"S": "BATCH"}},
        UpdateExpression="SET deletedAt = :at",
        ExpressionAttributeValues={":at": {"N": "1700000000.5"}},
    )
    house.objects.delete(batch.requestS3Uri)
    return batch.batchId


def test_it_is_shown_from_its_rows_without_links(house: House) -> None:
    shown = Show(store=house.store, objects=house.objects).one(ended_and_deleted(house))
    assert shown["deletedAt"] == "2023-11-14T22:13:20.500Z"
    assert shown["inputLabelingJobs"] is None
    names = [job["labelingJobName"] for job in show.jobs_in(shown)]
    assert sorted(names) == sorted(house.jobs())
    assert "X-Amz-Signature" not in json.dumps(shown)


def test_it_cannot_be_retried(house: House) -> None:
    batch_id = ended_and_deleted(house)
    retry = RetryBatch(store=house.store, workflow=house.workflow, clock=house.clock)
    with pytest.raises(BatchStateError) as refused:
        retry.run(json.dumps({"batchId": batch_id}))
    assert refused.value.problems[0].problem == "its data was deleted"


def test_a_retry_that_had_looked_before_loses_to_the_deletion(house: House) -> None:
    # Given a retry that read the row before it was deleted
    ended_and_deleted(house)
    batch = house.batch().model_copy(update={"deletedAt": None})
    # When it opens the batch again, then the row refuses
    again = Retry(generation=batch.generation + 1, at=house.clock.now())
    assert house.store.reopen_batch(batch, again) is None
    assert house.batch().status is not BatchStatus.IN_PROGRESS


def test_names_it_never_used_are_free_for_others(house: House) -> None:
    # Given a deleted batch: car ran, car-audit was never started
    ended_and_deleted(house)
    request = two_levels(house, batchId="c")
    for name in ("car", "car-audit"):
        only = {**request["labelingJobs"][0], "jobName": name}
        house.post({"batchId": f"c-{name}", "labelingJobs": [only]})
    house.turn()
    assert house.batch("c-car").status == "VALIDATION_FAIL"
    assert house.batch("c-car-audit").status == "IN_PROGRESS"


def test_names_a_retry_would_need_are_kept(house: House) -> None:
    # Given a batch that failed, and was not deleted
    request = two_levels(house)
    house.post(request)
    house.turn()
    house.finish("road", status="Failed", manifest="absent")
    run_out(house)
    only = {**request["labelingJobs"][0], "jobName": "car-audit"}
    house.post({"batchId": "c", "labelingJobs": [only]})
    house.turn()
    assert house.batch("c").status == "VALIDATION_FAIL"
