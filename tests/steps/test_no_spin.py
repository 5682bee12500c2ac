"""What is broken for good is tried once a period, not thousands of times an hour."""

from typing import Any

from terrace.domain.status import JobStatus
from terrace.errors import AccessDeniedError
from terrace.steps.park_wave import CLOCK_MARGIN, VAIN_MAX
from tests.fakes.house import PERIOD, House
from tests.steps.conftest import two_levels

LANES = ("car", "road", "car-audit", "road-audit")


def break_start_job(house: House) -> list[str]:
    """StartJob's role lacks a right, so that it can neither claim a name nor say so."""
    tries: list[str] = []
    end_attempt = house.store.end_attempt

    def claim(job: Any, *_: Any) -> Any:
        tries.append(job.jobName)
        house.clock.advance(1.0)
        raise AccessDeniedError("dynamodb:UpdateItem")

    def end(job: Any, status: JobStatus, *rest: Any) -> bool:
        if status is JobStatus.FAILED:
            raise AccessDeniedError("dynamodb:UpdateItem")
        return end_attempt(job, status, *rest)

    house.store.claim = claim  # type: ignore[method-assign]
    house.store.end_attempt = end  # type: ignore[method-assign]
    return tries


def test_a_wave_that_changes_nothing_is_tried_again_once_a_period(house: House) -> None:
    tries = break_start_job(house)
    house.post(two_levels(house))
    house.turn()
    # Within the clocks' margin a few turns cannot be told from real ones.
    assert len(tries) <= 2 * (CLOCK_MARGIN + 1)
    for _ in range(3):
        before = len(tries)
        house.reconcile()
        assert len(tries) - before == 2
    assert house.batch().status == "IN_PROGRESS"


def test_a_start_that_breaks_for_an_hour_fails_the_batch_and_names_the_jobs(house: House) -> None:
    break_start_job(house)
    house.post(two_levels(house))
    house.turn()
    for _ in range(int(VAIN_MAX / PERIOD) + 1):
        house.reconcile()
    batch = house.batch()
    assert batch.status == "FAILED"
    assert batch.mark is not None
    assert batch.mark.errorType == "StartFailed"
    assert "car, road" in batch.mark.reason
    assert set(house.statuses().values()) == {"DROPPED"}


def test_a_start_that_is_mended_in_time_goes_on(house: House) -> None:
    claim, end_attempt = house.store.claim, house.store.end_attempt
    break_start_job(house)
    house.post(two_levels(house))
    house.turn()
    house.reconcile()
    house.store.claim = claim  # type: ignore[method-assign]
    house.store.end_attempt = end_attempt  # type: ignore[method-assign]
    house.reconcile()
    for name in LANES:
        house.finish(name)
    assert house.batch().status == "COMPLETE"


def test_an_end_that_cannot_be_written_is_tried_once_a_period_and_does_not_fail_the_batch(
    house: House,
) -> None:
    # Given an end that may not be written
    tries: list[str] = []
    end_batch = house.store.end_batch

    def denied(batch_id: str, *_: Any) -> bool:
        tries.append(batch_id)
        raise AccessDeniedError("dynamodb:UpdateItem")

    house.store.end_batch = denied  # type: ignore[method-assign]
    house.post(two_levels(house))
    house.turn()
    for name in LANES:
        house.finish(name)
    # Then its execution ends after the first error, and nothing is marked: all labels exist
    assert (len(tries), house.batch().mark) == (1, None)
    # And the next executions try once each, one a period
    house.reconcile()
    house.reconcile()
    assert (len(tries), house.batch().generation) == (3, 3)
    # And the batch ends once it may
    house.store.end_batch = end_batch  # type: ignore[method-assign]
    house.reconcile()
    assert house.batch().status == "COMPLETE"
    assert set(house.statuses().values()) == {"COMPLETE"}
