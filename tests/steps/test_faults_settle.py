"""Ends of labeling jobs that are told wrongly, late, or of things that are gone."""

from dataclasses import replace
from typing import Any

from terrace.domain.records import Counters
from terrace.errors import AccessDeniedError
from terrace.ports import LabelingJob
from tests.fakes.house import House
from tests.steps.conftest import two_levels

DAY = 86_400


def with_timeout(house: House, seconds: int) -> dict[str, Any]:
    request = two_levels(house)
    request["labelingJobs"][0] |= {
        "jobCompletionTimeoutInSeconds": seconds,
        "taskTimeLimitInSeconds": 60,
        "taskAvailabilityLifetimeInSeconds": 60,
    }
    return request


def test_a_job_that_completes_while_it_is_being_stopped_for_its_timeout_is_complete(
    house: House,
) -> None:
    house.post(with_timeout(house, 1000))
    house.turn()
    job = house.jobs()["car"]
    house.store.annotate_job(job, {"expiredAt": house.clock.now()})
    house.finish("car")
    assert house.statuses()["car"] == "COMPLETE"


def test_a_failed_job_with_every_label_is_never_complete_and_never_run_again(
    house: House,
) -> None:
    house.post(two_levels(house))
    house.turn()
    house.finish("car", "Failed", reason="InternalServerError: at the very end")
    job = house.jobs()["car"]
    assert (job.status, job.numItemsLabeled, job.attempt) == ("INCOMPLETE", 3, 1)
    assert "ended Failed" in (job.failureReason or "")
    for name in ("road", "car-audit", "road-audit"):
        house.finish(name)
    assert house.batch().status == "COMPLETE_WITH_ERRORS"


def test_labels_are_taken_though_the_users_manifest_was_deleted_meanwhile(house: House) -> None:
    house.post(two_levels(house))
    house.turn()
    house.engine.finish("car", labeled=1 / 3)
    house.engine.finish("road")
    house.objects.delete(house.jobs()["car"].inputManifestS3Uri or "")
    house.reconcile()
    assert house.statuses()["road"] == "COMPLETE"
    house.finish("car-a2")
    job = house.jobs()["car"]
    assert (job.status, job.numItemsLabeled) == ("COMPLETE", 3)
    merged = [line.text for line in house.objects.read_lines(job.outputManifestS3Uri or "")]
    assert ["s3://labels/car/0" in line for line in merged] == [True, False, False]
    assert ["s3://labels/car-a2/" in line for line in merged] == [False, True, True]


def test_a_short_output_is_still_found_when_the_manifest_was_deleted(house: House) -> None:
    house.post(two_levels(house))
    house.turn()
    house.engine.finish("car")
    job = house.jobs()["car"]
    found = house.engine.jobs["car"].outputManifestS3Uri or ""
    lines = [line.text for line in house.objects.read_lines(found)]
    house.objects.write_lines(found, iter(lines[:2]))
    house.engine.jobs["car"] = replace(house.engine.jobs["car"], counters=Counters(totalLabeled=2))
    house.objects.delete(job.inputManifestS3Uri or "")
    house.reconcile()
    house.reconcile()
    assert house.statuses()["car"] == "FAILED"


def test_one_job_that_cannot_be_looked_at_keeps_no_other_from_being_settled(house: House) -> None:
    house.post(two_levels(house, pacing="dependency"))
    house.turn()
    house.engine.finish("car")
    house.engine.finish("road")
    describe = house.engine.describe

    def denied(name: str) -> LabelingJob | None:
        if name == "car":
            raise AccessDeniedError("DescribeLabelingJob car")
        return describe(name)

    house.engine.describe = denied  # type: ignore[method-assign]
    repairs = house.reconcile()
    assert house.statuses()["road-audit"] == "IN_PROGRESS"
    assert any("DescribeLabelingJob car" in error for error in repairs.errors)


def test_a_topic_that_is_down_keeps_no_batch_from_going_on(house: House) -> None:
    house.post(two_levels(house))
    house.turn()
    house.reconcile()
    house.notifier.down = True
    house.engine.finish("road")
    house.reconcile(after=2 * DAY)
    assert house.statuses()["road"] == "COMPLETE"
    house.notifier.down = False
    house.reconcile()
    assert [m["jobName"] for m in house.notifier.of("JOB_STALLED")] == ["car"]


def test_a_labeling_job_that_is_gone_fails_its_job_instead_of_hanging(house: House) -> None:
    house.post(two_levels(house))
    house.turn()
    del house.engine.jobs["car"]
    house.reconcile()
    assert house.statuses()["car"] == "IN_PROGRESS"
    house.reconcile()
    assert house.statuses()["car"] == "FAILED"
    assert "no longer exists" in (house.jobs()["car"].failureReason or "")
    house.finish("road")
    assert house.batch().status == "FAILED"


def test_a_labeling_job_whose_tags_were_taken_away_is_still_ours(house: House) -> None:
    house.post(two_levels(house))
    house.turn()
    house.engine.jobs["car"] = replace(house.engine.jobs["car"], tags={})
    house.finish("car")
    assert house.statuses()["car"] == "COMPLETE"


def test_a_second_attempt_is_asked_only_for_what_the_stopping_condition_still_wants(
    house: House,
) -> None:
    request = two_levels(house)
    request["labelingJobs"][0]["inputConfig"] = {"inputManifestS3Uri": house.manifest("big", 10)}
    request["labelingJobs"][0]["stoppingConditions"] = {"maxPercentageOfInputDatasetLabeled": 50}
    house.post(request)
    house.turn()
    house.finish("car", labeled=0.3)
    again = house.engine.requests["car-a2"]["StoppingConditions"]
    assert again == {"MaxHumanLabeledObjectCount": 2}
    house.finish("car-a2", labeled=2 / 7)
    job = house.jobs()["car"]
    assert (job.status, job.numItemsLabeled) == ("COMPLETE", 5)


def test_counters_read_before_the_end_are_not_written_after_it(house: House) -> None:
    house.post(two_levels(house))
    house.turn()
    house.engine.progress("car", 1)
    early = house.engine.jobs["car"]
    snapshot = house.jobs()["car"]
    house.finish("car")
    assert house.settle.job(snapshot, early) == "running"
    counters = house.jobs()["car"].counters
    assert counters is not None
    assert counters.totalLabeled == 3
