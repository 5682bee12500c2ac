"""Starts when AWS is unwell: one labeling job per attempt, all of them on record."""

from typing import Any

import pytest

from terrace.errors import (
    BadRequestError,
    LimitExceededError,
    PermanentError,
    ThrottledError,
    TransientError,
)
from tests.fakes.house import House
from tests.steps.conftest import two_levels


def raising(error: Exception, *names: str, times: int = 10**6) -> Any:
    """A hook that raises for these labeling jobs, so many times."""
    left = {"times": times}

    def hook(name: str) -> None:
        if name in names and left["times"] > 0:
            left["times"] -= 1
            raise error

    return hook


def run_out(house: House) -> None:
    """People finish whatever runs, until the batch has ended."""
    for _ in range(20):
        running = [j for j in house.engine.jobs.values() if not j.terminal]
        for job in running:
            house.finish(job.name)
        if house.batch().ended:
            return
        house.reconcile()


@pytest.mark.parametrize("error", [ThrottledError("slow down"), LimitExceededError("quota")])
def test_a_quota_delays_a_job_and_fails_none(house: House, error: Exception) -> None:
    house.engine.before_create = raising(error, "car")
    house.post(two_levels(house))
    house.turn()
    assert house.statuses()["car"] == "PENDING"
    assert house.jobs()["car"].notBefore is not None
    for _ in range(12):
        house.reconcile()
    assert house.statuses()["car"] == "PENDING"
    house.engine.before_create = lambda name: None
    house.reconcile()
    assert house.statuses()["car"] == "IN_PROGRESS"
    run_out(house)
    assert house.batch().status == "COMPLETE"


def test_the_end_of_a_job_brings_back_one_that_waits_for_the_quota(house: House) -> None:
    house.engine.before_create = raising(LimitExceededError("quota"), "car", times=1)
    house.post(two_levels(house))
    house.turn()
    house.clock.advance(1)
    house.finish("road")
    assert house.statuses()["car"] == "IN_PROGRESS"


def test_a_lost_answer_is_adopted_not_created_twice(house: House) -> None:
    house.engine.after_create = raising(TransientError("connection reset"), "car")
    house.post(two_levels(house))
    house.turn()
    assert house.statuses()["car"] == "IN_PROGRESS"
    assert house.engine.creates.count("car") == 1


def test_a_repeated_start_meets_its_own_job_and_adopts_it(house: House) -> None:
    house.engine.after_create = raising(TransientError("connection reset"), "car")
    house.post(two_levels(house))
    house.turn()
    job = house.jobs()["car"]
    house.store._table.update(  # the row as a crash right after the create would leave it
        house.store._row(job).set(status="STARTING", labelingJobArn=None)
    )
    house.start_job("b", 1, 1, "car")
    assert house.statuses()["car"] == "IN_PROGRESS"
    assert len([n for n in house.engine.jobs if n == "car"]) == 1


def test_a_refused_request_fails_the_job_at_once_and_says_why(house: House) -> None:
    house.engine.before_create = raising(BadRequestError("ValidationException: bad"), "car")
    house.post(two_levels(house))
    house.turn()
    assert "ValidationException: bad" in (house.jobs()["car"].failureReason or "")
    assert len(house.notifier.of("JOB_FAILED")) == 1


def test_a_foreign_job_of_the_same_name_is_never_adopted(house: House) -> None:
    request = two_levels(house)
    house.post({**request, "batchId": "a", "labelingJobs": request["labelingJobs"][:1]})
    house.post({**request, "batchId": "b"})
    house.turn()
    batch = house.batch("b")
    assert batch.status == "VALIDATION_FAIL"
    assert batch.mark is not None
    assert "of batch a" in batch.mark.problems[0].problem
    assert house.store.get_claim("road") is None
    assert len(house.engine.creates) == 1


def test_a_name_taken_between_check_and_start_names_both_jobs(house: House) -> None:
    house.post(two_levels(house))

    def taken(name: str) -> None:
        if name == "car" and "car" not in house.engine.jobs:
            foreign = dict(house.engine.requests.get("car", {}))
            request = {
                "LabelingJobName": "CAR",
                "OutputConfig": {"S3OutputPath": "s3://elsewhere/"},
                "Tags": [],
                **foreign,
            }
            house.engine.before_create = lambda name: None
            house.engine.create(request)

    house.engine.before_create = taken
    house.turn()
    reason = house.jobs()["car"].failureReason or ""
    assert "CAR" in reason
    assert "car cannot be created" in reason


def test_a_batch_marked_while_a_job_is_created_stops_that_job(house: House) -> None:
    house.post(two_levels(house))

    def mark(name: str) -> None:
        if name == "car":
            from terrace.domain.records import Mark

            house.store.set_mark("b", Mark(kind="fail", at=house.clock.now(), reason="test"))

    house.engine.after_create = mark
    house.turn()
    assert house.engine.stopped == ["car"]
    assert "road" not in house.engine.jobs
    house.event("car")
    assert house.batch().status == "FAILED"


def test_a_claim_whose_create_took_effect_late_is_found_and_stopped(house: House) -> None:
    house.engine.before_create = raising(RuntimeErrorLike("x"), "car")
    house.post(two_levels(house))
    house.turn()
    assert house.statuses()["car"] == "FAILED"
    assert house.jobs()["car"].claimOpen
    job = house.jobs()["car"]
    house.engine.before_create = lambda name: None
    house.engine.create(
        {
            "LabelingJobName": "car",
            "OutputConfig": {"S3OutputPath": "s3://batch-bucket/batches/b/outputs/car/a1/"},
            "Tags": [{"Key": "terrace:nonce", "Value": job.nonce}],
            "LabelAttributeName": "car-ref",
            "InputConfig": {
                "DataSource": {"S3DataSource": {"ManifestS3Uri": job.inputManifestS3Uri}}
            },
        }
    )
    house.reconcile()
    assert house.engine.stopped == ["car"]
    assert house.jobs()["car"].labelingJobArn is not None


class RuntimeErrorLike(PermanentError):
    """An error of a name that no rule knows."""
