"""BatchStore: the life of a batch row. Whoever loses a condition is told so, and writes nothing."""

import pytest

from terrace.domain.problems import Problem
from terrace.domain.records import (
    DeliveryRecord,
    ExportRecord,
    PostProcessingRecord,
    ReportRecord,
)
from terrace.domain.status import BatchStatus
from terrace.ports import BatchStore
from tests.contract.rows import AT, a_batch, a_job, a_mark

PROBLEM = Problem(path="$", code="X", problem="wrong", fix="right")


def test_a_batch_comes_back_as_it_was_written(store: BatchStore) -> None:
    batch = a_batch(
        destinationSnsArn="arn:aws:sns:us-east-1:111122223333:t",
        turnEvents=17,
        warnings=[PROBLEM],
        levelsAnnounced=[1, 2],
        createdAt=1_799_999_999.123456,
    )
    assert store.create_batch(batch) == batch
    assert store.get_batch("b") == batch


def test_an_unknown_batch_is_none(store: BatchStore) -> None:
    assert store.get_batch("nobody") is None
    assert store.load("nobody") is None
    assert store.get_job("nobody", 1, "car") is None


@pytest.mark.parametrize("status", sorted(set(BatchStatus) - {BatchStatus.VALIDATION_FAIL}))
def test_a_second_create_finds_what_stands(store: BatchStore, status: BatchStatus) -> None:
    first = a_batch(uid="first")
    store.create_batch(first)
    if status is not BatchStatus.IN_PROGRESS:
        assert store.end_batch("b", 1, status, AT)
    standing = store.create_batch(a_batch(uid="second", requestDigest="other"))
    assert (standing.uid, standing.status, standing.requestDigest) == ("first", status, "d1")


def test_an_id_that_ended_validation_fail_is_taken_again_with_a_new_generation(
    store: BatchStore,
) -> None:
    store.create_batch(a_batch(uid="first"))
    store.set_mark("b", a_mark("invalid"))
    store.end_batch("b", 1, BatchStatus.VALIDATION_FAIL, AT)
    store.message_sent("b", AT)
    again = store.create_batch(a_batch(uid="second"))
    assert (again.uid, again.generation, again.status) == ("second", 2, BatchStatus.IN_PROGRESS)
    stored = store.get_batch("b")
    assert stored == again
    assert stored is not None
    assert (stored.mark, stored.messageSentAt, stored.endedAt) == (None, None, None)
    assert list(store.open_batches(None)) == ["b"]


def test_generation_two_is_won_once(store: BatchStore) -> None:
    batch = store.create_batch(a_batch(turnEvents=500, wave=7))
    store.set_execution("b", 1, "arn:one", AT)
    won = store.next_generation(batch, AT + 9)
    assert won is not None
    assert (won.generation, won.executionArn, won.park, won.turnEvents) == (2, None, None, 0)
    assert (won.wave, won.movedAt) == (7, AT + 9)
    assert store.next_generation(batch, AT + 10) is None


def test_an_ended_batch_gets_no_new_generation(store: BatchStore) -> None:
    batch = store.create_batch(a_batch())
    store.end_batch("b", 1, BatchStatus.STOPPED, AT)
    assert store.next_generation(batch, AT) is None


def test_the_first_execution_of_a_generation_stays(store: BatchStore) -> None:
    store.create_batch(a_batch())
    store.set_execution("b", 1, "arn:one", AT)
    store.set_execution("b", 1, "arn:two", AT)
    store.set_execution("b", 2, "arn:stale", AT)
    batch = store.get_batch("b")
    assert batch is not None
    assert batch.executionArn == "arn:one"


def test_a_batch_that_does_not_exist_is_never_made_by_an_update(store: BatchStore) -> None:
    store.set_execution("b", 1, "arn", AT)
    store.message_sent("b", AT)
    store.close_batch("b")
    assert not store.set_mark("b", a_mark())
    assert not store.end_batch("b", 1, BatchStatus.FAILED, AT)
    assert not store.finish_transform("b", 1, AT, [])
    assert not store.advance_wave("b", 1, 1, 0, AT)
    assert store.next_generation(a_batch(), AT) is None
    assert store.get_batch("b") is None


def test_a_stale_generation_ends_nothing(store: BatchStore) -> None:
    batch = store.create_batch(a_batch())
    store.next_generation(batch, AT)
    assert not store.end_batch("b", 1, BatchStatus.FAILED, AT)
    assert not store.finish_transform("b", 1, AT, [])
    assert store.end_batch("b", 2, BatchStatus.COMPLETE, AT)
    assert not store.end_batch("b", 2, BatchStatus.FAILED, AT)
    ended = store.get_batch("b")
    assert ended is not None
    assert ended.status is BatchStatus.COMPLETE


def test_warnings_of_the_checks_are_kept(store: BatchStore) -> None:
    store.create_batch(a_batch())
    assert store.finish_transform("b", 1, AT + 1, [PROBLEM])
    batch = store.get_batch("b")
    assert batch is not None
    assert (batch.transformedAt, batch.warnings) == (AT + 1, [PROBLEM])


def test_the_first_mark_stays(store: BatchStore) -> None:
    store.create_batch(a_batch())
    assert store.set_mark("b", a_mark("stop", problems=[PROBLEM]))
    assert not store.set_mark("b", a_mark("fail"))
    batch = store.get_batch("b")
    assert batch is not None
    assert batch.mark == a_mark("stop", problems=[PROBLEM])


def test_a_mark_for_an_older_generation_is_refused(store: BatchStore) -> None:
    store.next_generation(store.create_batch(a_batch()), AT)
    assert not store.set_mark("b", a_mark(), 1)
    assert store.set_mark("b", a_mark(), 2)


def test_an_ended_batch_cannot_be_marked(store: BatchStore) -> None:
    store.create_batch(a_batch())
    store.end_batch("b", 1, BatchStatus.COMPLETE, AT)
    assert not store.set_mark("b", a_mark())


def test_a_batch_is_open_until_its_message_is_out(store: BatchStore) -> None:
    store.create_batch(a_batch())
    store.close_batch("b")
    assert list(store.open_batches(None)) == ["b"]
    store.end_batch("b", 1, BatchStatus.COMPLETE, AT)
    store.close_batch("b")
    assert list(store.open_batches(None)) == ["b"]
    store.message_sent("b", AT + 2)
    store.close_batch("b")
    assert list(store.open_batches(None)) == []


def test_a_running_batch_is_not_closed_whatever_else_its_row_says(store: BatchStore) -> None:
    store.create_batch(a_batch(messageSentAt=AT))
    store.close_batch("b")
    assert list(store.open_batches(None)) == ["b"]


def test_a_message_of_a_running_batch_is_not_its_end_message(store: BatchStore) -> None:
    store.create_batch(a_batch())
    store.message_sent("b", AT)
    batch = store.get_batch("b")
    assert batch is not None
    assert batch.messageSentAt is None


def test_announced_levels_add_up(store: BatchStore) -> None:
    store.create_batch(a_batch())
    for level in (2, 1, 2):
        store.level_announced("b", level)
    batch = store.get_batch("b")
    assert batch is not None
    assert sorted(batch.levelsAnnounced) == [1, 2]


def test_a_level_of_a_batch_that_does_not_exist_is_not_announced(store: BatchStore) -> None:
    store.level_announced("b", 1)
    assert store.get_batch("b") is None


def test_load_gives_jobs_by_level_then_place_in_the_request(store: BatchStore) -> None:
    store.create_batch(a_batch())
    for name, level, index in (("z", 1, 0), ("a", 1, 3), ("m", 2, 2), ("k", 10, 1)):
        store.put_job(a_job(name, level, index=index))
    store.add_event("b", "CREATED", {"n": 1.5}, AT)
    found = store.load("b")
    assert found is not None
    assert [job.jobName for job in found[1]] == ["z", "a", "m", "k"]


def test_batches_whose_ids_begin_alike_are_kept_apart(store: BatchStore) -> None:
    for batch_id in ("b", "b1", "B"):
        store.create_batch(a_batch(batch_id))
        store.put_job(a_job(f"j-{batch_id}", batch_id=batch_id))
    found = store.load("b")
    assert found is not None
    assert [job.jobName for job in found[1]] == ["j-b"]


def test_the_reconcilers_place_is_kept_and_given_back(store: BatchStore) -> None:
    assert store.cursor() is None
    store.set_cursor(AT)
    assert store.cursor() == AT
    store.set_cursor(None)
    assert store.cursor() is None


def test_a_report_is_noted_of_an_ended_batch_of_its_own_generation(store: BatchStore) -> None:
    store.create_batch(a_batch())
    report = ReportRecord(s3Uri="s3://b/report.json", generation=1, complete=True, at=AT)
    assert not store.set_report("b", report)
    store.end_batch("b", 1, BatchStatus.COMPLETE, AT)
    assert not store.set_report("b", report.model_copy(update={"generation": 2}))
    assert store.set_report("b", report)
    # Written again, as a step that is repeated does
    assert store.set_report("b", report)
    found = store.get_batch("b")
    assert found is not None
    assert found.report == report
    assert found.reportS3Uri == report.s3Uri
    assert not store.set_report("nobody", report)


def test_the_report_of_an_older_end_is_not_that_of_a_batch_that_was_retried() -> None:
    report = ReportRecord(s3Uri="s3://b/report.json", generation=1, complete=True, at=AT)
    ended = a_batch(status=BatchStatus.COMPLETE, generation=2, report=report)
    assert ended.reportS3Uri is None
    assert a_batch(report=report).reportS3Uri is None
    assert ended.model_copy(update={"generation": 1}).reportS3Uri == report.s3Uri


def test_a_delivery_is_noted_of_an_ended_batch_of_its_own_generation(store: BatchStore) -> None:
    store.create_batch(a_batch())
    delivery = DeliveryRecord(
        generation=1,
        outputManifestS3Uri="s3://b/output.manifest",
        items=3,
        accepted=2,
        rejected=1,
        unlabeled=0,
        exports=[ExportRecord(format="coco", s3Uri="s3://b/coco/", files=1, items=2, labels=7)],
        postProcessing=PostProcessingRecord(status="DONE", result={"rows": 7}),
        complete=True,
        at=AT,
    )
    assert not store.set_delivery("b", delivery)
    store.end_batch("b", 1, BatchStatus.COMPLETE, AT)
    assert not store.set_delivery("b", delivery.model_copy(update={"generation": 2}))
    assert store.set_delivery("b", delivery)
    # Written again, as a step that is repeated does
    assert store.set_delivery("b", delivery)
    found = store.get_batch("b")
    assert found is not None
    assert found.delivered == delivery
    # A retry of the batch has another end, with a delivery of its own
    assert found.model_copy(update={"generation": 2}).delivered is None
    assert not store.set_delivery("nobody", delivery)
