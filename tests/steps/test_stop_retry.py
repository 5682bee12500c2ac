"""Stopping and retrying: nothing starts after the stop, and no finished work is done again."""

import json
from typing import Any

import pytest

from terrace.errors import BadRequestError, TransientError
from terrace.steps.api_errors import BatchStateError, InvalidRequestError, UnknownBatchError
from terrace.steps.api_retry import RetryBatch
from terrace.steps.api_stop import StopBatch
from tests.fakes.house import House, Run
from tests.steps.conftest import two_levels


def stop(house: House, mode: str = "stop", batch_id: str = "b") -> str:
    step = StopBatch(house.store, house.workflow, house.clock)
    answer = step.run(json.dumps({"batchId": batch_id, "mode": mode}))
    house.turn()
    return answer.message


def retry(house: House, **more: Any) -> None:
    step = RetryBatch(house.store, house.workflow, house.clock)
    step.run(json.dumps({"batchId": "b", **more}))
    house.turn()


def settle_all(house: House) -> None:
    """The events of everything that has ended arrive."""
    for job in list(house.engine.jobs.values()):
        if job.terminal:
            house.event(job.name)


def labels(house: House, name: str) -> list[bool]:
    """For each of the job's items, whether its output carries the job's label."""
    job = house.jobs()[name]
    lines = house.objects.read_lines(job.outputManifestS3Uri or "")
    return [job.labelAttributeName in json.loads(line.text) for line in lines]


# --- stop --------------------------------------------------------------------------------------


def test_stop_stops_what_runs_keeps_its_labels_and_ends_stopped(house: House) -> None:
    house.post(two_levels(house))
    house.turn()
    house.finish("car")
    stop(house)
    assert house.engine.stopped == ["road"]
    settle_all(house)
    assert house.batch().status == "STOPPED"
    assert house.statuses() == {
        "car": "COMPLETE",
        "road": "STOPPED",
        "car-audit": "DROPPED",
        "road-audit": "DROPPED",
    }
    [end] = house.notifier.of("BATCH_COMPLETE")
    assert end["status"] == "STOPPED"
    assert house.notifier.of("JOB_FAILED") == []


def test_drain_starts_nothing_new_and_lets_running_jobs_finish(house: House) -> None:
    house.post(two_levels(house))
    house.turn()
    stop(house, "drain")
    house.finish("car")
    house.finish("road")
    assert house.engine.stopped == []
    assert house.batch().status == "STOPPED"
    assert house.statuses()["car"] == "COMPLETE"
    assert "car-audit" not in house.engine.jobs


def test_a_drain_can_become_a_stop_but_not_the_reverse(house: House) -> None:
    house.post(two_levels(house))
    house.turn()
    stop(house, "drain")
    stop(house, "stop")
    assert sorted(house.engine.stopped) == ["car", "road"]
    assert "mode stop" in stop(house, "drain")


def test_stop_before_anything_was_checked_frees_the_names(house: House) -> None:
    house.post(two_levels(house))
    stop(house)
    assert house.batch().status == "STOPPED"
    assert house.engine.creates == []
    assert house.store.get_claim("car") is None


def test_stop_twice_and_stop_after_the_end_change_nothing(house: House) -> None:
    house.post(two_levels(house))
    house.turn()
    stop(house)
    settle_all(house)
    before = house.batch()
    assert "had ended already" in stop(house)
    assert house.batch() == before


def test_a_stopped_job_that_waits_for_its_next_attempt_keeps_its_labels(house: House) -> None:
    house.post(two_levels(house))
    house.turn()
    house.engine.finish("car", labeled=1 / 3)
    house.settle.by_name("car")
    stop(house)
    settle_all(house)
    assert house.batch().status == "STOPPED"
    assert house.jobs()["car"].numItemsLabeled == 1
    assert labels(house, "car") == [True, False, False]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("{", InvalidRequestError),
        ("[]", InvalidRequestError),
        ('{"batchId": "b", "mode": "kill"}', InvalidRequestError),
        ('{"batchId": "b", "now": true}', InvalidRequestError),
        ('{"batchId": "nobody"}', UnknownBatchError),
    ],
)
def test_a_wrong_stop_request_is_refused(house: House, body: str, error: type) -> None:
    with pytest.raises(error):
        StopBatch(house.store, house.workflow, house.clock).run(body)


# --- retry -------------------------------------------------------------------------------------


def test_a_stopped_batch_goes_on_where_it_was(house: House) -> None:
    house.post(two_levels(house))
    house.turn()
    house.finish("car")
    house.engine.finish("road", "Stopped", labeled=1 / 3)
    stop(house)
    settle_all(house)
    house.clock.advance(90 * 86_400)
    retry(house)
    assert house.batch().generation == 2
    assert house.statuses()["car"] == "COMPLETE"
    given = house.jobs()["road"].inputManifestS3Uri or ""
    assert len(list(house.objects.read_lines(given))) == 2
    house.finish("road-a2")
    house.finish("car-audit")
    house.finish("road-audit")
    assert house.batch().status == "COMPLETE"
    assert house.engine.creates.count("car") == 1
    assert labels(house, "road") == [True, True, True]
    assert [end["status"] for end in house.notifier.of("BATCH_COMPLETE")] == [
        "STOPPED",
        "SUCCESS",
    ]


def test_a_review_that_was_done_sees_only_the_items_its_source_labeled_since(house: House) -> None:
    house.post(two_levels(house))
    house.turn()
    for name in ("car", "car-a2", "car-a3"):
        house.finish(name, labeled=1 / 3 if name == "car" else 0)
    house.finish("road")
    house.finish("car-audit")
    house.finish("road-audit")
    assert house.batch().status == "COMPLETE_WITH_ERRORS"
    assert labels(house, "car-audit") == [True]
    retry(house)
    assert house.statuses()["road-audit"] == "COMPLETE"
    house.finish("car-a4")
    audit = house.jobs()["car-audit"]
    assert (audit.attempt, audit.status) == (2, "IN_PROGRESS")
    given = [line.text for line in house.objects.read_lines(audit.inputManifestS3Uri or "")]
    assert ["seq0" in text for text in given] == [False, False]
    house.finish("car-audit-a2")
    assert house.batch().status == "COMPLETE"
    assert labels(house, "car-audit") == [True, True, True]
    assert house.jobs()["car-audit"].numItems == 3


def test_a_review_with_nothing_new_to_see_is_complete_without_people(house: House) -> None:
    house.post(two_levels(house, onJobFailure="continue"))
    house.turn()
    for name in ("car", "car-a2", "car-a3"):
        house.finish(name, labeled=2 / 3 if name == "car" else 0)
    house.finish("road")
    house.finish("car-audit")
    house.finish("road-audit")
    retry(house)
    for name in ("car-a4", "car-a5", "car-a6"):
        house.finish(name, labeled=0)
    assert house.statuses()["car-audit"] == "COMPLETE"
    assert house.batch().status == "COMPLETE_WITH_ERRORS"
    assert "car-audit-a2" not in house.engine.jobs
    assert labels(house, "car-audit") == [True, True]


def test_a_failed_start_is_tried_again_under_a_new_name(house: House) -> None:
    def refuse(name: str) -> None:
        if name == "car":
            raise BadRequestError("ValidationException")

    house.engine.before_create = refuse
    house.post(two_levels(house, onJobFailure="continue"))
    house.turn()
    house.finish("road")
    house.finish("road-audit")
    assert house.batch().status == "COMPLETE_WITH_ERRORS"
    retry(house)
    for name in ("car-a2", "car-audit"):
        house.finish(name)
    assert house.batch().status == "COMPLETE"


def test_only_named_jobs_and_what_depends_on_them_run_again(house: House) -> None:
    house.post(two_levels(house, onJobFailure="continue"))
    house.turn()
    house.finish("car", "Failed", labeled=0, manifest="absent")
    house.finish("road", "Failed", labeled=0, manifest="absent")
    assert house.batch().status == "FAILED"
    retry(house, jobNames=["car"])
    house.finish("car-a2")
    house.finish("car-audit")
    assert house.batch().status == "COMPLETE_WITH_ERRORS"
    assert "road-a2" not in house.engine.jobs
    assert house.statuses()["road-audit"] == "DROPPED"


def test_a_retry_that_died_half_way_is_finished_by_the_next_call(house: House) -> None:
    house.post(two_levels(house))
    house.turn()
    house.finish("car", "Failed", labeled=0, manifest="absent")
    house.finish("road", "Failed", labeled=0, manifest="absent")
    real, calls = house.store.reopen_job, []

    def dying(*args: Any) -> bool:
        calls.append(args)
        if len(calls) == 2:
            raise TransientError("crash")
        return real(*args)

    house.store.reopen_job = dying  # type: ignore[method-assign]
    RetryBatch(house.store, house.workflow, house.clock).run('{"batchId": "b"}')
    with pytest.raises(TransientError):
        house._TransformBatch(Run("b", 2))
    house.turn()  # Step Functions calls TransformBatch again
    for name in ("car-a2", "road-a2", "car-audit", "road-audit"):
        house.finish(name)
    assert house.batch().status == "COMPLETE"


@pytest.mark.parametrize("state", ["running", "complete", "invalid", "unknown job"])
def test_what_cannot_be_retried_is_refused_and_untouched(house: House, state: str) -> None:
    request = two_levels(house)
    if state == "invalid":
        request["labelingJobs"][0]["inputConfig"]["inputManifestS3Uri"] = "s3://input-bucket/no"
    house.post(request)
    house.turn()
    if state == "complete":
        for name in ("car", "road", "car-audit", "road-audit"):
            house.finish(name)
    if state == "unknown job":
        stop(house)
        settle_all(house)
    before = house.batch()
    names = {"jobNames": ["nobody"]} if state == "unknown job" else {}
    with pytest.raises(BatchStateError):
        retry(house, **names)
    assert house.batch() == before
