"""Quotas and passing errors delay what they hit, for as long as it takes, and nothing else."""

from typing import Any

from terrace.errors import AccessDeniedError, LimitExceededError, TransientError
from tests.fakes.house import House
from tests.steps.conftest import two_levels
from tests.steps.test_start import raising


def many(house: House, count: int, **more: Any) -> dict[str, Any]:
    """One level of so many jobs."""
    manifest, categories = house.manifest(), house.categories()
    jobs = [
        {
            "jobName": f"j{number:03d}",
            "jobLevel": 1,
            "jobModality": "VideoObjectTracking",
            "inputConfig": {"inputManifestS3Uri": manifest},
            "labelCategoryConfigS3Uri": categories,
        }
        for number in range(count)
    ]
    return {"batchId": "b", "labelingJobs": jobs, **more}


def everything_refused(house: House) -> None:
    def refuse(name: str) -> None:
        if len(house.engine.creates) > 100:
            raise AssertionError("it tries again and again")
        raise LimitExceededError("quota")

    house.engine.before_create = refuse


def test_a_full_quota_is_probed_once_a_pass_and_not_again_and_again(house: House) -> None:
    everything_refused(house)
    house.post(many(house, 12))
    house.turn()
    assert len(house.engine.creates) == 12
    house.reconcile()
    assert len(house.engine.creates) <= 22
    house.engine.before_create = lambda name: None
    house.reconcile()
    assert set(house.statuses().values()) == {"IN_PROGRESS"}


def test_no_job_that_waits_for_the_quota_is_passed_over_for_ever(house: House) -> None:
    everything_refused(house)
    house.post(many(house, 12))
    house.turn()
    house.engine.creates.clear()
    for _ in range(2):
        house.reconcile()
    assert set(house.engine.creates) == set(house.jobs())


def test_hours_of_quota_and_then_one_lost_answer_fail_no_job(house: House) -> None:
    house.engine.before_create = raising(LimitExceededError("quota"), "car")
    house.post(two_levels(house))
    house.turn()
    for _ in range(25):
        house.reconcile()
    house.engine.before_create = raising(TransientError("connection reset"), "car", times=1)
    house.reconcile()
    assert house.statuses()["car"] == "PENDING"
    house.reconcile()
    assert house.statuses()["car"] == "IN_PROGRESS"


def test_a_job_that_waits_after_a_passing_error_holds_no_other_job_back(house: House) -> None:
    house.engine.before_create = raising(TransientError("connection reset"), "car")
    house.post(two_levels(house, pacing="dependency"))
    house.turn()
    house.clock.advance(1)
    house.finish("road")
    assert house.engine.creates.count("car") == 1
    assert house.statuses()["road-audit"] == "IN_PROGRESS"


def test_an_error_that_never_passes_fails_the_job_in_the_end(house: House) -> None:
    house.engine.before_create = raising(TransientError("connection reset"), "car")
    house.post(two_levels(house))
    house.turn()
    for _ in range(25):
        house.reconcile()
    assert house.statuses()["car"] == "FAILED"
    assert "connection reset" in (house.jobs()["car"].failureReason or "")


def test_a_start_that_can_neither_create_nor_describe_does_not_spin(house: House) -> None:
    looks: list[str] = []

    def describe(name: str) -> Any:
        looks.append(name)
        assert len(looks) < 20, "it looks again and again"
        raise AccessDeniedError("no DescribeLabelingJob")

    def refuse(name: str) -> None:
        house.engine.describe = describe  # type: ignore[method-assign]
        raise AccessDeniedError("no CreateLabelingJob")

    house.engine.before_create = refuse
    house.post(many(house, 1))
    house.turn()
    assert house.statuses() == {"j000": "PENDING"}
    assert house.jobs()["j000"].claimOpen
