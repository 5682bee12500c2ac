"""BatchStore: stop and retry. A stop is never taken back but by a retry; a retry opens once."""

from typing import Any

import pytest

from terrace.domain.records import BatchRecord, JobRecord, Retry, Stop
from terrace.domain.request import StopMode
from terrace.domain.status import BATCH_TERMINAL, JOB_TERMINAL, BatchStatus, JobStatus
from terrace.ports import BatchStore
from tests.contract.rows import AT, a_batch, a_job, a_mark, a_park

STOP, DRAIN = Stop(mode=StopMode.stop, at=AT + 1), Stop(mode=StopMode.drain, at=AT + 2)


def batch_of(store: BatchStore) -> BatchRecord:
    found = store.get_batch("b")
    assert found is not None
    return found


def job_of(store: BatchStore) -> JobRecord:
    found = store.get_job("b", 1, "car")
    assert found is not None
    return found


# --- set_stop -----------------------------------------------------------------------------------


def test_a_running_batch_is_stopped_once(store: BatchStore) -> None:
    store.create_batch(a_batch())
    assert store.set_stop("b", STOP)
    assert not store.set_stop("b", Stop(mode=StopMode.stop, at=AT + 9))
    assert batch_of(store).stop == STOP
    assert batch_of(store).updatedAt == STOP.at


def test_a_drain_becomes_a_stop_and_never_the_reverse(store: BatchStore) -> None:
    store.create_batch(a_batch())
    assert store.set_stop("b", DRAIN)
    assert not store.set_stop("b", DRAIN)
    assert store.set_stop("b", STOP)
    assert not store.set_stop("b", DRAIN)
    assert batch_of(store).stop == STOP


def test_a_marked_batch_can_be_stopped_and_keeps_its_mark(store: BatchStore) -> None:
    store.create_batch(a_batch())
    store.set_mark("b", a_mark())
    assert store.set_stop("b", STOP)
    assert (batch_of(store).mark, batch_of(store).stop) == (a_mark(), STOP)


@pytest.mark.parametrize("status", sorted(BATCH_TERMINAL))
def test_an_ended_batch_is_not_stopped(store: BatchStore, status: BatchStatus) -> None:
    store.create_batch(a_batch())
    store.end_batch("b", 1, status, AT)
    assert not store.set_stop("b", STOP)
    assert batch_of(store).stop is None


def test_a_batch_that_is_not_there_is_not_stopped_into_being(store: BatchStore) -> None:
    assert not store.set_stop("nobody", STOP)
    assert store.get_batch("nobody") is None


def test_a_stop_outlives_a_new_generation(store: BatchStore) -> None:
    batch = store.create_batch(a_batch())
    store.set_stop("b", STOP)
    fresh = store.next_generation(batch, AT)
    assert fresh is not None
    assert fresh.stop == STOP


# --- reopen_batch -------------------------------------------------------------------------------


def ended(store: BatchStore, status: BatchStatus = BatchStatus.STOPPED) -> BatchRecord:
    """Given an ended batch that has been told of and closed."""
    store.create_batch(a_batch(turnEvents=99, wave=7))
    store.set_execution("b", 1, "arn:one", AT)
    store.park("b", a_park(wave=7))
    store.set_stop("b", STOP)
    store.set_mark("b", a_mark())
    for level in (1, 2):
        store.level_announced("b", level)
    store.end_batch("b", 1, status, AT + 3)
    store.message_sent("b", AT + 4)
    store.close_batch("b")
    assert list(store.open_batches(None)) == []
    return batch_of(store)


def a_retry(generation: int = 2, **more: Any) -> Retry:
    return Retry(generation=generation, at=AT + 50, **more)


def test_an_ended_batch_is_opened_as_a_new_generation(store: BatchStore) -> None:
    batch = ended(store)
    wanted = a_retry(jobNames=["car"])
    opened = store.reopen_batch(batch.model_copy(update={"levelsAnnounced": [1]}), wanted)
    assert opened == batch_of(store)
    assert opened is not None
    assert (opened.status, opened.generation) == (BatchStatus.IN_PROGRESS, 2)
    assert opened.retry == wanted
    assert (opened.stop, opened.mark, opened.park, opened.endedAt) == (None, None, None, None)
    assert (opened.executionArn, opened.messageSentAt, opened.turnEvents) == (None, None, 0)
    assert (opened.wave, opened.levelsAnnounced) == (7, [1])
    assert (opened.createdAt, opened.updatedAt) == (batch.createdAt, wanted.at)
    assert list(store.open_batches(None)) == ["b"]


def test_of_two_retries_one_opens_the_batch(store: BatchStore) -> None:
    batch = ended(store)
    assert store.reopen_batch(batch, a_retry(jobNames=["car"])) is not None
    assert store.reopen_batch(batch, a_retry(jobNames=["road"])) is None
    retry = batch_of(store).retry
    assert retry is not None
    assert retry.jobNames == ["car"]


def test_a_batch_that_ended_otherwise_meanwhile_is_not_opened(store: BatchStore) -> None:
    batch = ended(store)
    assert store.reopen_batch(batch, a_retry()) is not None
    store.end_batch("b", 2, BatchStatus.FAILED, AT + 60)
    assert store.reopen_batch(batch, a_retry(2)) is None
    assert store.reopen_batch(batch, a_retry(3)) is None


def test_a_running_batch_is_not_opened(store: BatchStore) -> None:
    batch = store.create_batch(a_batch())
    stale = batch.model_copy(update={"status": BatchStatus.FAILED})
    assert store.reopen_batch(stale, a_retry()) is None
    assert batch_of(store) == batch


def test_a_late_close_of_the_old_run_leaves_the_new_one_open(store: BatchStore) -> None:
    store.reopen_batch(ended(store), a_retry())
    store.message_sent("b", AT + 70)
    store.close_batch("b")
    assert batch_of(store).messageSentAt is None
    assert list(store.open_batches(None)) == ["b"]


def test_a_word_of_the_first_end_is_none_of_the_second(store: BatchStore) -> None:
    store.reopen_batch(ended(store), a_retry())
    store.end_batch("b", 2, BatchStatus.COMPLETE, AT + 60)
    store.message_sent("b", AT + 70, 1)
    assert batch_of(store).messageSentAt is None
    store.message_sent("b", AT + 71, 2)
    assert batch_of(store).messageSentAt == AT + 71


# --- retry_done ---------------------------------------------------------------------------------


def test_a_retry_is_noted_as_done_whatever_generation_did_it(store: BatchStore) -> None:
    opened = store.reopen_batch(ended(store), a_retry())
    assert opened is not None
    assert opened.retry_pending
    store.next_generation(opened, AT + 60)
    store.retry_done("b", a_retry(), AT + 61)
    assert batch_of(store).retry == a_retry(doneAt=AT + 61)
    assert (batch_of(store).run, batch_of(store).retry_pending) == (2, False)


def test_an_old_retry_is_not_noted_on_a_newer_one(store: BatchStore) -> None:
    store.reopen_batch(ended(store), a_retry())
    store.end_batch("b", 2, BatchStatus.FAILED, AT + 60)
    store.reopen_batch(batch_of(store), a_retry(3))
    store.retry_done("b", a_retry(2), AT + 61)
    assert batch_of(store).retry_pending


# --- reopen_job ---------------------------------------------------------------------------------

CHANGES = {"attempt": 2, "firstAttempt": 2, "nonce": None, "endedAt": None, "failureReason": None}


def a_failed_job(store: BatchStore, **more: Any) -> JobRecord:
    fields = {"status": JobStatus.FAILED, "nonce": "n", "endedAt": AT, "failureReason": "why"}
    job = a_job(**(fields | more))
    store.put_job(job)
    return job


@pytest.mark.parametrize("status", sorted(JOB_TERMINAL))
def test_an_ended_row_is_opened_for_its_next_attempt(store: BatchStore, status: JobStatus) -> None:
    job = a_failed_job(store, status=status)
    assert store.reopen_job(job, 2, CHANGES)
    wanted = {"status": JobStatus.PENDING, "generation": 2, **CHANGES}
    assert job_of(store) == job.model_copy(update=wanted)


def test_a_row_is_opened_once(store: BatchStore) -> None:
    job = a_failed_job(store)
    assert store.reopen_job(job, 2, CHANGES)
    assert not store.reopen_job(job, 2, {**CHANGES, "failureReason": "second"})
    assert job_of(store).failureReason is None


def test_a_row_of_the_run_is_not_opened_by_a_call_that_comes_late(store: BatchStore) -> None:
    # Given a job that kept its attempt, was opened, and has ended again
    job = a_failed_job(store)
    keep = {"attempt": 1}
    assert store.reopen_job(job, 2, keep)
    store.end_attempt(job_of(store), JobStatus.FAILED, {})
    assert not store.reopen_job(job, 2, keep)
    assert job_of(store).status is JobStatus.FAILED


def test_a_row_that_is_not_as_it_was_read_is_left_alone(store: BatchStore) -> None:
    job = a_failed_job(store)
    other = job.model_copy(update={"status": JobStatus.STOPPED})
    assert not store.reopen_job(other, 2, CHANGES)
    assert not store.reopen_job(job.model_copy(update={"attempt": 3}), 2, CHANGES)
    assert job_of(store) == job


def test_a_row_that_is_not_there_is_not_opened_into_being(store: BatchStore) -> None:
    assert not store.reopen_job(a_job(status=JobStatus.FAILED), 2, CHANGES)
    assert store.get_job("b", 1, "car") is None


def test_what_prepare_input_made_of_a_retried_lane_is_saved_in_one_write(
    store: BatchStore,
) -> None:
    store.put_job(a_job(relane=True))
    made = {
        "inputManifestS3Uri": "s3://b/in",
        "givenManifestS3Uri": "s3://b/given",
        "carriedS3Uri": "s3://b/carried",
        "numItems": 3,
        "relane": False,
    }
    wanted = job_of(store).model_copy(update=made)
    assert store.save_input(wanted)
    assert job_of(store) == wanted
