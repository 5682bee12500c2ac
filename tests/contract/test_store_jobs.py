"""BatchStore: a write of a job row holds only for its own attempt and a status before its own."""

from typing import Any

import pytest

from terrace.domain.records import Counters, JobRecord
from terrace.domain.status import JOB_TERMINAL, BatchStatus, JobStatus
from terrace.ports import BatchStore
from tests.contract.rows import AT, a_batch, a_job, a_mark

PARTS: dict[str, Any] = {"inputManifestS3Uri": "s3://input-bucket/m", "numItems": 3}


def row(store: BatchStore, name: str = "car") -> JobRecord:
    found = store.get_job("b", 1, name)
    assert found is not None
    return found


def with_job(store: BatchStore, **changes: Any) -> JobRecord:
    """Given a batch with one job in some state."""
    store.create_batch(a_batch())
    job = a_job(**changes)
    store.put_job(job)
    return job


def test_a_job_comes_back_as_it_was_written(store: BatchStore) -> None:
    job = with_job(
        store,
        counters=Counters(totalLabeled=2, unlabeled=1),
        startedAt=AT + 0.125,
        attempts=[{"attempt": 1, "name": "car", "status": "Completed", "numItems": 3}],
    )
    assert row(store) == job


def test_an_existing_row_is_left_alone(store: BatchStore) -> None:
    with_job(store, status="COMPLETE")
    store.put_job(a_job())
    assert row(store).status is JobStatus.COMPLETE


def test_prepared_input_is_recorded_and_none_takes_a_field_away(store: BatchStore) -> None:
    job = with_job(store, carriedS3Uri="s3://batch-bucket/old")
    assert store.save_input(job.model_copy(update={**PARTS, "carriedS3Uri": None}))
    stored = row(store)
    assert (stored.numItems, stored.carriedS3Uri) == (3, None)


@pytest.mark.parametrize("status", sorted(set(JobStatus) - {"PENDING", "STARTING"}))
def test_input_of_a_job_that_runs_or_ended_is_not_touched(
    store: BatchStore, status: JobStatus
) -> None:
    job = with_job(store, status=status)
    assert not store.save_input(job.model_copy(update=PARTS))
    assert row(store).numItems is None


def test_a_created_job_runs_and_its_claim_says_so(store: BatchStore) -> None:
    job = with_job(store, generation=1)
    assert store.claim(job, "n", AT).won
    assert store.job_created(job, "arn:job", AT + 1)
    stored, claim = row(store), store.get_claim("CAR")
    assert (stored.status, stored.labelingJobArn) == (JobStatus.IN_PROGRESS, "arn:job")
    assert (stored.startedAt, stored.claimOpen) == (AT + 1, False)
    assert claim is not None
    assert claim.created


def test_the_second_create_report_is_refused_and_changes_nothing(store: BatchStore) -> None:
    job = with_job(store)
    store.claim(job, "n", AT)
    store.job_created(job, "arn:one", AT + 1)
    assert not store.job_created(job, "arn:two", AT + 2)
    assert row(store).labelingJobArn == "arn:one"


def test_a_job_without_a_claim_of_its_batch_cannot_be_created(store: BatchStore) -> None:
    job = with_job(store)
    assert not store.job_created(job, "arn", AT)
    assert row(store).status is JobStatus.PENDING


def test_a_later_attempt_keeps_when_the_job_first_started(store: BatchStore) -> None:
    job = with_job(store, attempt=2, startedAt=AT - 100)
    store.claim(job, "n", AT)
    store.job_created(job, "arn", AT)
    assert row(store).startedAt == AT - 100


def test_a_start_that_did_not_happen_goes_back_to_pending(store: BatchStore) -> None:
    job = with_job(store)
    store.claim(job, "n", AT)
    assert store.back_to_pending(row(store), AT + 60, AT)
    stored = row(store)
    assert (stored.status, stored.notBefore, stored.deferredAt) == ("PENDING", AT + 60, AT)
    assert (stored.deferrals, stored.brokenStarts) == (1, 0)


def test_a_start_taken_back_without_a_deferral_counts_none(store: BatchStore) -> None:
    job = with_job(store)
    store.claim(job, "n", AT)
    assert store.back_to_pending(job, None, None)
    assert (row(store).deferrals, row(store).notBefore) == (0, None)
    assert row(store).brokenStarts == 0


@pytest.mark.parametrize("status", sorted(set(JobStatus) - {"STARTING"}))
def test_only_a_start_is_taken_back(store: BatchStore, status: JobStatus) -> None:
    job = with_job(store, status=status)
    assert not store.back_to_pending(job, None, None)
    assert row(store).status is status


@pytest.mark.parametrize("status", sorted(JOB_TERMINAL))
def test_a_terminal_row_ends_no_second_time(store: BatchStore, status: JobStatus) -> None:
    job = with_job(store, status=status)
    assert not store.end_attempt(job, JobStatus.FAILED, {"failureReason": "late"})
    assert not store.end_attempt(job, JobStatus.PENDING, {"attempt": 2})
    assert not store.end_attempt(job, JobStatus.FAILED, {}, a_mark())
    assert row(store) == job
    batch = store.get_batch("b")
    assert batch is not None
    assert batch.mark is None


def test_ending_an_attempt_and_opening_the_next_is_one_write(store: BatchStore) -> None:
    job = with_job(store, status="IN_PROGRESS", labelingJobArn="arn")
    changes = {"attempt": 2, "labelingJobArn": None, "attempts": []}
    assert store.end_attempt(job, JobStatus.PENDING, changes)
    stored = row(store)
    assert (stored.attempt, stored.status, stored.labelingJobArn) == (2, "PENDING", None)


def test_a_late_write_of_an_old_attempt_is_refused(store: BatchStore) -> None:
    job = with_job(store, attempt=2, status="IN_PROGRESS")
    old = job.model_copy(update={"attempt": 1})
    assert not store.end_attempt(old, JobStatus.FAILED, {})
    assert not store.end_attempt(old, JobStatus.FAILED, {}, a_mark())
    assert not store.annotate_job(old, {"numItems": 9})
    assert not store.save_input(old)
    assert row(store) == job


def test_a_failed_job_and_the_mark_of_its_batch_are_one_write(store: BatchStore) -> None:
    job = with_job(store, status="IN_PROGRESS")
    assert store.end_attempt(job, JobStatus.FAILED, {"failureReason": "no"}, a_mark())
    batch = store.get_batch("b")
    assert batch is not None
    assert (row(store).status, batch.mark) == ("FAILED", a_mark())


def test_a_second_failure_ends_its_job_and_leaves_the_first_mark(store: BatchStore) -> None:
    job = with_job(store, status="IN_PROGRESS")
    store.set_mark("b", a_mark("stop"))
    assert store.end_attempt(job, JobStatus.FAILED, {}, a_mark("fail"))
    batch = store.get_batch("b")
    assert batch is not None
    assert batch.mark == a_mark("stop")
    assert row(store).status is JobStatus.FAILED


def test_a_batch_that_has_ended_is_not_marked_any_more(store: BatchStore) -> None:
    job = with_job(store, status="IN_PROGRESS")
    store.end_batch("b", 1, BatchStatus.STOPPED, AT)
    assert not store.end_attempt(job, JobStatus.FAILED, {}, a_mark())
    batch = store.get_batch("b")
    assert batch is not None
    assert batch.mark is None


def test_facts_beside_the_status_are_written_on_the_same_attempt(store: BatchStore) -> None:
    job = with_job(store, status="COMPLETE")
    counters = Counters(totalLabeled=7)
    assert store.annotate_job(job, {"counters": counters, "countersAt": AT})
    assert (row(store).counters, row(store).status) == (counters, "COMPLETE")


def test_no_write_makes_a_row_that_was_not_there(store: BatchStore) -> None:
    store.create_batch(a_batch())
    job = a_job()
    assert not store.annotate_job(job, {"numItems": 1})
    assert not store.end_attempt(job, JobStatus.FAILED, {})
    assert not store.save_input(job)
    assert not store.claim(job, "n", AT).won
    assert store.get_job("b", 1, "car") is None


def test_a_row_that_was_never_claimed_is_removed_by_its_own_generation(store: BatchStore) -> None:
    job = with_job(store)
    store.remove_job(job.model_copy(update={"generation": 2}))
    store.remove_job(job.model_copy(update={"attempt": 2}))
    assert row(store) == job
    store.remove_job(job)
    assert store.get_job("b", 1, "car") is None


def test_a_claimed_row_is_never_removed(store: BatchStore) -> None:
    job = with_job(store)
    store.claim(job, "n", AT)
    store.remove_job(job)
    assert row(store).nonce == "n"


def test_counters_are_written_while_the_job_runs_and_not_after(store: BatchStore) -> None:
    job = with_job(store, status="IN_PROGRESS")
    assert store.note_counters(job, Counters(totalLabeled=1), AT)
    assert not store.note_counters(job.model_copy(update={"attempt": 2}), Counters(), AT)
    store.end_attempt(job, JobStatus.COMPLETE, {"counters": Counters(totalLabeled=3)})
    assert not store.note_counters(job, Counters(totalLabeled=2), AT)
    assert row(store).counters == Counters(totalLabeled=3)
