"""BatchStore: a labeling job's name belongs to one attempt of one batch, whatever its case."""

from typing import Any

import pytest

from terrace.domain.records import Stop
from terrace.domain.request import StopMode
from terrace.domain.status import JOB_TERMINAL, BatchStatus, JobStatus
from terrace.ports import BatchStore
from tests.contract.rows import AT, a_batch, a_claim, a_job, a_mark


def two_batches(store: BatchStore) -> None:
    """Given batches b and c whose jobs have the same name but for its case."""
    for batch_id, name in (("b", "car"), ("c", "CAR")):
        store.create_batch(a_batch(batch_id))
        store.put_job(a_job(name, batch_id=batch_id))


def test_a_name_is_reserved_by_one_batch(store: BatchStore) -> None:
    assert store.reserve(a_claim("Car", "b")).batchId == "b"
    assert store.reserve(a_claim("cAR", "c")).batchId == "b"
    assert store.reserve(a_claim("Car", "b")).batchId == "b"


def test_a_reservation_is_given_back_by_its_holder_only(store: BatchStore) -> None:
    store.reserve(a_claim(batch_id="b"))
    store.free(a_claim(batch_id="c"))
    assert store.get_claim("car") is not None
    store.free(a_claim(batch_id="b"))
    assert store.get_claim("car") is None
    store.free(a_claim(batch_id="b"))


def test_a_later_posting_of_the_batch_takes_a_reservation_over(store: BatchStore) -> None:
    store.reserve(a_claim(uid="first"))
    assert store.reserve(a_claim(uid="second")).uid == "second"
    store.free(a_claim(uid="first"))
    claim = store.get_claim("car")
    assert claim is not None
    assert claim.uid == "second"


def test_a_claimed_name_is_not_reserved_again_by_its_own_batch(store: BatchStore) -> None:
    two_batches(store)
    store.claim(a_job(), "n", AT)
    assert store.reserve(a_claim()).nonce == "n"


def test_a_claimed_name_is_never_given_back(store: BatchStore) -> None:
    two_batches(store)
    store.reserve(a_claim())
    assert store.claim(a_job(), "n", AT).won
    store.free(a_claim())
    claim = store.get_claim("car")
    assert claim is not None
    assert (claim.nonce, claim.created) == ("n", False)


def test_two_batches_claim_one_name_and_the_second_learns_who_holds_it(store: BatchStore) -> None:
    two_batches(store)
    assert store.claim(a_job("car", batch_id="b"), "n1", AT).won
    second = store.claim(a_job("CAR", batch_id="c"), "n2", AT)
    assert (second.won, second.stale) == (False, False)
    assert second.holder is not None
    assert (second.holder.batchId, second.holder.nonce) == ("b", "n1")
    job = store.get_job("c", 1, "CAR")
    assert job is not None
    assert (job.status, job.claimOpen) == (JobStatus.PENDING, False)


def test_a_reservation_of_another_batch_stops_a_claim(store: BatchStore) -> None:
    two_batches(store)
    store.reserve(a_claim("CAR", "c"))
    outcome = store.claim(a_job("car", batch_id="b"), "n", AT)
    assert outcome.holder is not None
    assert outcome.holder.batchId == "c"


def test_the_same_attempt_may_claim_again_after_a_crash(store: BatchStore) -> None:
    two_batches(store)
    assert store.claim(a_job(), "n", AT).won
    assert store.claim(a_job(), "n", AT + 1).won
    job = store.get_job("b", 1, "car")
    assert job is not None
    assert (job.status, job.nonce, job.claimOpen) == (JobStatus.STARTING, "n", True)
    assert job.attemptStartedAt == AT + 1


def test_another_attempt_of_the_same_job_has_a_name_of_its_own(store: BatchStore) -> None:
    store.create_batch(a_batch())
    store.put_job(a_job(attempt=2))
    assert store.claim(a_job(attempt=2), "n", AT).won
    claim = store.get_claim("car-a2")
    assert claim is not None
    assert (claim.jobName, claim.attempt) == ("car", 2)
    assert store.get_claim("car") is None


def test_a_claim_clears_what_made_the_job_wait(store: BatchStore) -> None:
    store.create_batch(a_batch())
    store.put_job(a_job(notBefore=AT, deferredAt=AT, deferrals=2))
    store.claim(a_job(), "n", AT)
    job = store.get_job("b", 1, "car")
    assert job is not None
    assert (job.notBefore, job.deferredAt, job.deferrals) == (None, None, 2)


def test_a_claim_survives_created_being_set(store: BatchStore) -> None:
    two_batches(store)
    store.claim(a_job(), "n", AT)
    store.job_created(a_job(), "arn", AT)
    assert not store.claim(a_job(), "n", AT).won
    claim = store.get_claim("car")
    assert claim is not None
    assert claim.created


def refused(store: BatchStore, **job: Any) -> None:
    """The claim is stale, and nothing of it was written."""
    before = store.get_job("b", 1, "car")
    outcome = store.claim(a_job(**job), "n", AT)
    assert (outcome.won, outcome.stale, outcome.holder) == (False, True, None)
    assert store.get_claim("car") is None
    assert store.get_job("b", 1, "car") == before


def test_a_stale_generation_claims_nothing(store: BatchStore) -> None:
    two_batches(store)
    store.next_generation(a_batch(), AT)
    refused(store, generation=1)


def test_a_generation_that_is_not_there_yet_claims_nothing(store: BatchStore) -> None:
    two_batches(store)
    refused(store, generation=2)


@pytest.mark.parametrize("kind", ["fail", "invalid"])
def test_nothing_is_claimed_in_a_marked_batch(store: BatchStore, kind: str) -> None:
    two_batches(store)
    store.set_mark("b", a_mark(kind))
    refused(store)


@pytest.mark.parametrize("mode", list(StopMode))
def test_nothing_is_claimed_in_a_batch_that_is_being_stopped(
    store: BatchStore, mode: StopMode
) -> None:
    two_batches(store)
    store.set_stop("b", Stop(mode=mode, at=AT))
    refused(store)


def test_nothing_is_claimed_in_a_batch_that_has_ended(store: BatchStore) -> None:
    two_batches(store)
    store.end_batch("b", 1, BatchStatus.COMPLETE, AT)
    refused(store)


@pytest.mark.parametrize("status", sorted({*JOB_TERMINAL, JobStatus.IN_PROGRESS}))
def test_a_job_that_runs_or_ended_is_not_claimed(store: BatchStore, status: JobStatus) -> None:
    store.create_batch(a_batch())
    store.put_job(a_job(status=status))
    refused(store)


def test_a_row_that_a_later_generation_started_is_not_claimed(store: BatchStore) -> None:
    store.create_batch(a_batch())
    store.put_job(a_job(generation=5))
    refused(store, generation=1)


def test_a_row_of_another_attempt_is_not_claimed(store: BatchStore) -> None:
    store.create_batch(a_batch())
    store.put_job(a_job(attempt=2))
    refused(store, attempt=1)
