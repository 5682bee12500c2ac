"""One batch, from label to audit, and everything that can come between."""

from tests.fakes.house import House
from tests.steps.conftest import two_levels


def test_a_batch_runs_level_by_level_to_complete(house: House) -> None:
    house.post(two_levels(house))
    house.turn()
    # The end of the batch believes a start manifest only if it is the one that was checked
    car = house.jobs()["car"]
    start = car.spec.inputConfig.inputManifestS3Uri or ""
    assert car.startETag == house.objects.head(start).etag
    assert car.startLines == sum(1 for _ in house.objects.read_lines(start))
    assert house.jobs()["car-audit"].startETag is None
    assert house.statuses() == {
        "car": "IN_PROGRESS",
        "road": "IN_PROGRESS",
        "car-audit": "PENDING",
        "road-audit": "PENDING",
    }
    house.finish("car")
    assert house.statuses()["car-audit"] == "PENDING"
    house.finish("road")
    assert house.statuses()["car-audit"] == "IN_PROGRESS"
    house.finish("car-audit")
    house.finish("road-audit")
    assert house.batch().status == "COMPLETE"
    [end] = house.notifier.of("BATCH_COMPLETE")
    assert end["status"] == "SUCCESS"
    assert [m["level"] for m in house.notifier.of("LEVEL_COMPLETE")] == [1, 2]
    assert set(house.workflow.status.values()) == {"SUCCEEDED"}


def test_a_lane_does_not_wait_for_the_other_in_dependency_pacing(house: House) -> None:
    house.post(two_levels(house, pacing="dependency"))
    house.turn()
    house.finish("car")
    assert house.statuses()["car-audit"] == "IN_PROGRESS"
    assert house.statuses()["road"] == "IN_PROGRESS"


def test_the_audit_is_given_the_labels_of_the_job_before(house: House) -> None:
    house.post(two_levels(house))
    house.turn()
    house.finish("car")
    house.finish("road")
    audit = house.jobs()["car-audit"]
    assert audit.inputManifestS3Uri == house.jobs()["car"].outputManifestS3Uri
    made = house.objects.get_json(audit.labelCategoryS3Uri or "")
    assert made["auditLabelAttributeName"] == "car-ref"


def test_an_event_that_comes_twice_changes_nothing(house: House) -> None:
    house.post(two_levels(house))
    house.turn()
    house.finish("car")
    before = house.jobs()["car"]
    assert house.event("car").outcome == "late"
    assert house.jobs()["car"] == before
    assert house.statuses()["car-audit"] == "PENDING"


def test_a_lost_event_is_found_by_the_reconciler(house: House) -> None:
    house.post(two_levels(house))
    house.turn()
    house.engine.finish("car")
    house.engine.finish("road")
    repairs = house.reconcile()
    assert repairs.counts["settled_COMPLETE"] == 2
    assert house.statuses()["car-audit"] == "IN_PROGRESS"


def test_missing_items_are_labeled_again_and_merged_in_their_order(house: House) -> None:
    house.post(two_levels(house))
    house.turn()
    house.finish("car", labeled=1 / 3)
    job = house.jobs()["car"]
    assert (job.status, job.attempt) == ("IN_PROGRESS", 2)
    given = [line.text for line in house.objects.read_lines(job.inputManifestS3Uri or "")]
    assert len(given) == 2
    assert "car-ref-metadata" not in given[0]
    house.finish("car-a2")
    job = house.jobs()["car"]
    assert (job.status, job.numItems, job.numItemsLabeled) == ("COMPLETE", 3, 3)
    merged = [line.text for line in house.objects.read_lines(job.outputManifestS3Uri or "")]
    assert [f"seq{i}.json" in text for i, text in enumerate(merged)] == [True] * 3
    assert "s3://labels/car/0" in merged[0]
    assert "s3://labels/car-a2/0" in merged[1]


def test_a_late_event_of_an_old_attempt_cannot_settle_the_new_one(house: House) -> None:
    house.post(two_levels(house))
    house.turn()
    house.finish("car", labeled=1 / 3)
    assert house.event("car").outcome == "late"
    assert house.statuses()["car"] == "IN_PROGRESS"


def test_attempts_used_up_with_some_labels_is_incomplete_and_feeds_the_audit(house: House) -> None:
    house.post(two_levels(house))
    house.turn()
    house.finish("road")
    for name in ("car", "car-a2", "car-a3"):
        house.finish(name, labeled=0.34 if name == "car" else 0)
    assert house.statuses()["car"] == "INCOMPLETE"
    audit = house.jobs()["car-audit"]
    assert audit.numItems == 1
    house.finish("car-audit")
    house.finish("road-audit")
    assert house.batch().status == "COMPLETE_WITH_ERRORS"
    [end] = house.notifier.of("BATCH_COMPLETE")
    assert end["status"] == "SUCCESS_WITH_ERRORS"


def test_a_failed_job_fails_the_batch_when_the_last_running_job_has_ended(house: House) -> None:
    house.post(two_levels(house))
    house.turn()
    house.finish("car", "Failed", labeled=0, manifest="absent", reason="ClientError: no")
    assert house.statuses()["car"] == "FAILED"
    assert house.batch().status == "IN_PROGRESS"
    [failed] = house.notifier.of("JOB_FAILED")
    assert failed["status"] == "IN_PROGRESS"
    house.finish("road")
    assert house.batch().status == "FAILED"
    assert house.statuses()["car-audit"] == "DROPPED"
    [end] = house.notifier.of("BATCH_COMPLETE")
    assert (end["status"], "ClientError: no" in end["errorString"]) == ("FAILED", True)


def test_with_continue_only_the_lane_of_the_failed_job_is_dropped(house: House) -> None:
    house.post(two_levels(house, onJobFailure="continue"))
    house.turn()
    house.finish("car", "Failed", labeled=0, manifest="absent")
    house.finish("road")
    assert house.statuses()["road-audit"] == "IN_PROGRESS"
    house.finish("road-audit")
    assert house.batch().status == "COMPLETE_WITH_ERRORS"
    assert house.statuses()["car-audit"] == "DROPPED"


def test_a_job_stopped_by_hand_is_never_complete(house: House) -> None:
    house.post(two_levels(house))
    house.turn()
    house.finish("car", "Stopped", labeled=1 / 3)
    house.finish("road")
    assert house.statuses()["car"] == "STOPPED"
    assert house.jobs()["car"].numItemsLabeled == 1
    assert house.batch().status == "FAILED"


def test_an_absent_manifest_is_looked_at_again_and_then_failed_never_rerun(house: House) -> None:
    house.post(two_levels(house))
    house.turn()
    house.finish("car", manifest="absent")
    assert house.statuses()["car"] == "IN_PROGRESS"
    house.event("car")
    assert house.statuses()["car"] == "IN_PROGRESS"
    house.reconcile()
    assert house.statuses()["car"] == "FAILED"
    assert "does not exist" in (house.jobs()["car"].failureReason or "")
    assert house.engine.creates.count("car-a2") == 0


def test_a_truncated_manifest_is_failed_with_its_line(house: House) -> None:
    house.post(two_levels(house))
    house.turn()
    house.finish("car", manifest="truncated")
    house.reconcile()
    assert "line 3" in (house.jobs()["car"].failureReason or "")


def test_an_aborted_execution_is_replaced_and_adopts_what_runs(house: House) -> None:
    house.post(two_levels(house))
    house.turn()
    name = house.kill()
    house.reconcile(after=1, execution=name)
    assert house.batch().generation == 2
    house.finish("car")
    house.finish("road")
    house.finish("car-audit")
    house.finish("road-audit")
    assert house.batch().status == "COMPLETE"
    assert sorted(house.engine.creates) == ["car", "car-audit", "road", "road-audit"]


def test_a_low_bound_hands_the_batch_over_to_fresh_executions(house: House) -> None:
    house.event_bound = 100
    house.post(two_levels(house))
    house.turn()
    for name in ("car", "road", "car-audit", "road-audit"):
        house.finish(name)
    assert house.batch().status == "COMPLETE"
    assert house.batch().generation > 1
    assert len(house.notifier.of("BATCH_COMPLETE")) == 1


def test_a_message_that_could_not_be_sent_is_sent_by_the_reconciler(house: House) -> None:
    house.post(two_levels(house))
    house.turn()
    house.notifier.down = True
    for name in ("car", "road", "car-audit", "road-audit"):
        house.finish(name)
    assert house.batch().status == "COMPLETE"
    assert house.batch().messageSentAt is None
    house.notifier.down = False
    house.reconcile()
    assert len(house.notifier.of("BATCH_COMPLETE")) == 1
    assert list(house.store.open_batches(None)) == []


def test_a_job_past_its_timeout_is_stopped_and_failed_with_its_labels(house: House) -> None:
    request = two_levels(house)
    request["labelingJobs"][0] |= {
        "jobCompletionTimeoutInSeconds": 1000,
        "taskTimeLimitInSeconds": 60,
        "taskAvailabilityLifetimeInSeconds": 60,
    }
    house.post(request)
    house.turn()
    house.reconcile(after=1001)
    assert house.engine.stopped == ["car"]
    house.reconcile()
    assert house.statuses()["car"] == "FAILED"
    assert "not finished within 1000 seconds" in (house.jobs()["car"].failureReason or "")


def test_labels_of_a_job_that_waits_for_its_next_attempt_are_kept_when_the_batch_fails(
    house: House,
) -> None:
    house.post(two_levels(house))
    house.turn()
    house.engine.finish("car", labeled=1 / 3)
    settled = house.settle.by_name("car")  # the machine has not woken up yet
    assert settled.outcome == "PENDING"
    house.finish("road", "Failed", labeled=0, manifest="absent")
    assert house.batch().status == "FAILED"
    car = house.jobs()["car"]
    assert (car.status, car.numItemsLabeled) == ("INCOMPLETE", 1)
    assert car.outputManifestS3Uri is not None
