"""Retries of retries, of parts, and of what may still come to be: nothing is lost or made twice."""

import json
from typing import Any

import pytest

from terrace.domain.records import Retry, Stop
from terrace.domain.request import StopMode
from terrace.errors import BadRequestError, PermanentError, TransientError
from terrace.steps.api_errors import BatchStateError
from terrace.steps.api_retry import RetryBatch
from terrace.steps.job_output import merged_output
from tests.fakes.house import BUCKET, House, Run
from tests.steps.conftest import two_levels
from tests.steps.test_start import raising
from tests.steps.test_stop_retry import labels, retry, settle_all, stop


def lane_of_three(house: House, **more: Any) -> dict[str, Any]:
    """One lane: label, audit, audit of the audit; three sequences."""
    jobs = [
        {
            "jobName": "car",
            "jobLevel": 1,
            "jobModality": "VideoObjectTracking",
            "inputConfig": {"inputManifestS3Uri": house.manifest()},
            "labelCategoryConfigS3Uri": house.categories(),
        }
    ]
    for level, name, source in ((2, "check", "car"), (3, "adjust", "check")):
        jobs.append(
            {
                "jobName": name,
                "jobLevel": level,
                "jobModality": "VideoObjectTrackingAudit",
                "inputConfig": {"chainFromJobName": source, **more},
            }
        )
    return {"batchId": "b", "labelingJobs": jobs}


def incomplete_lane(house: House, labeled: float = 1 / 3, **more: Any) -> None:
    """Given a lane of three whose first job left items without a label; reviews of the rest."""
    request = lane_of_three(house, **more)
    request["labelingJobs"][0]["onIncomplete"] = "continue"
    house.post(request)
    house.turn()
    house.finish("car", labeled=labeled)
    house.finish("check")
    house.finish("adjust")
    assert house.batch().status == "COMPLETE_WITH_ERRORS"


def always(error: Exception) -> Any:
    """A function that raises, whatever it is called with."""

    def call(*_: Any) -> Any:
        raise error

    return call


def given(house: House, name: str) -> list[str]:
    """What the job's current attempt was given, by the sequence."""
    uri = house.jobs()[name].inputManifestS3Uri or ""
    sources = [json.loads(line.text)["source-ref"] for line in house.objects.read_lines(uri)]
    return [source.rsplit("/", 1)[1] for source in sources]


# --- a lane of three levels -------------------------------------------------------------------


def test_new_labels_go_through_all_of_their_lane_and_old_ones_do_not(house: House) -> None:
    incomplete_lane(house)
    retry(house)
    house.finish("car-a2")
    assert given(house, "check") == ["seq1.json", "seq2.json"]
    house.finish("check-a2")
    assert given(house, "adjust") == ["seq1.json", "seq2.json"]
    house.finish("adjust-a2")
    assert house.batch().status == "COMPLETE"
    for name in ("car", "check", "adjust"):
        assert labels(house, name) == [True, True, True]


def test_a_lane_without_new_labels_ends_without_people(house: House) -> None:
    incomplete_lane(house)
    retry(house)
    house.finish("car-a2", labeled=0)
    assert house.statuses() == {"car": "INCOMPLETE", "check": "COMPLETE", "adjust": "COMPLETE"}
    assert set(house.engine.jobs) == {"car", "check", "adjust", "car-a2"}
    assert house.batch().status == "COMPLETE_WITH_ERRORS"


def test_a_stopped_job_whose_items_all_have_labels_is_complete_without_people(
    house: House,
) -> None:
    house.post(lane_of_three(house))
    house.turn()
    house.engine.finish("car", "Stopped", labeled=1.0)
    stop(house)
    settle_all(house)
    assert house.statuses()["car"] == "STOPPED"
    retry(house)
    assert house.statuses()["car"] == "COMPLETE"
    assert "car-a2" not in house.engine.jobs
    house.finish("check")
    house.finish("adjust")
    assert house.batch().status == "COMPLETE"


def test_items_that_a_stopped_retry_did_not_come_to_are_reviewed_by_the_next(
    house: House,
) -> None:
    incomplete_lane(house)
    retry(house)
    house.finish("car-a2")
    # The review of the new labels is stopped before anybody has looked at them.
    stop(house)
    settle_all(house)
    assert house.statuses() == {"car": "COMPLETE", "check": "STOPPED", "adjust": "INCOMPLETE"}
    retry(house)
    assert given(house, "check") == ["seq1.json", "seq2.json"]
    house.finish("check-a3")
    assert given(house, "adjust") == ["seq1.json", "seq2.json"]
    house.finish("adjust-a2")
    assert house.batch().status == "COMPLETE"
    assert labels(house, "adjust") == [True, True, True]


def test_a_lane_that_a_retry_never_looked_through_is_looked_through_by_the_next(
    house: House,
) -> None:
    incomplete_lane(house)
    # The source has new labels, and its review's input cannot be prepared: the run ends there.
    retry(house)
    house.engine.finish("car-a2")
    house.objects.put_json = always(PermanentError("denied"))  # type: ignore[method-assign]
    house.event("car-a2")
    del house.objects.put_json  # type: ignore[attr-defined]
    assert house.statuses()["check"] == "FAILED"
    assert house.batch().status == "FAILED"
    retry(house)
    assert given(house, "check") == ["seq1.json", "seq2.json"]
    for name in ("check-a3", "adjust-a2"):
        house.finish(name)
    assert house.batch().status == "COMPLETE"
    assert labels(house, "check") == labels(house, "adjust") == [True, True, True]


def test_a_crash_while_a_lane_is_looked_through_changes_nothing(house: House) -> None:
    incomplete_lane(house)
    retry(house)
    house.engine.finish("car-a2")
    real, died = house.store.save_input, []

    def dying(job: Any) -> bool:
        if job.jobName == "check" and len(died) < 2:
            died.append(job)
            raise TransientError("crash")
        return real(job)

    house.store.save_input = dying  # type: ignore[method-assign]
    house.event("car-a2")
    house.reconcile()
    house.reconcile()
    assert len(died) == 2
    house.finish("check-a2")
    house.finish("adjust-a2")
    assert house.batch().status == "COMPLETE"
    assert labels(house, "check") == labels(house, "adjust") == [True, True, True]


def test_a_skipped_review_gets_what_its_source_labels_in_the_retry(house: House) -> None:
    incomplete_skipped(house)
    retry(house)
    house.finish("car-a2")
    assert given(house, "check") == ["seq0.json", "seq1.json", "seq2.json"]
    house.finish("check")
    house.finish("adjust")
    assert house.batch().status == "COMPLETE"
    assert labels(house, "adjust") == [True, True, True]


def incomplete_skipped(house: House) -> None:
    """Given a lane of which nothing was labeled, and so nothing reviewed."""
    request = lane_of_three(house)
    request["onJobFailure"] = "continue"
    house.post(request)
    house.turn()
    house.engine.finish("car", labeled=0)
    job = house.jobs()["car"]
    # As an engine that ends INCOMPLETE with an output in which nothing is labeled.
    house.store.end_attempt(job, "INCOMPLETE", {})  # type: ignore[arg-type]
    house.store.annotate_job(
        job,
        {
            "outputManifestS3Uri": house.engine.jobs["car"].outputManifestS3Uri,
            "numItemsLabeled": 0,
            "endedAt": house.clock.now(),
        },
    )
    house.settle.after("b")
    house.turn()
    assert house.statuses() == {"car": "INCOMPLETE", "check": "SKIPPED", "adjust": "SKIPPED"}


def test_a_sample_keeps_what_was_chosen_and_grows_by_its_share(house: House) -> None:
    incomplete_lane(house, downSamplingRate=50)
    assert given(house, "check") == ["seq0.json"]
    retry(house)
    house.finish("car-a2")
    # Half of three items are two: the one that was reviewed, and one more.
    assert len(given(house, "check")) == 1
    house.finish("check-a2")
    house.turn()
    assert house.jobs()["check"].numItems == 2
    assert len(given(house, "adjust")) <= 1


# --- parts of a batch ---------------------------------------------------------------------------


def two_failed(house: House) -> None:
    house.post(two_levels(house))
    house.turn()
    house.finish("car", "Failed", labeled=0, manifest="absent")
    house.finish("road", "Failed", labeled=0, manifest="absent")
    assert house.batch().status == "FAILED"


def test_a_named_job_runs_although_another_has_failed_before(house: House) -> None:
    # Given onJobFailure: fail, and a failed job that is not to be tried again
    two_failed(house)
    retry(house, jobNames=["car"])
    house.finish("car-a2")
    house.finish("car-audit")
    assert house.statuses() == {
        "car": "COMPLETE",
        "car-audit": "COMPLETE",
        "road": "FAILED",
        "road-audit": "DROPPED",
    }
    assert house.batch().status == "FAILED"
    # It can be retried on its own later.
    retry(house, jobNames=["road"])
    house.finish("road-a2")
    house.finish("road-audit")
    assert house.batch().status == "COMPLETE"


def test_a_named_job_that_fails_again_ends_the_batch(house: House) -> None:
    two_failed(house)
    retry(house, jobNames=["car"])
    house.finish("car-a2", "Failed", labeled=0, manifest="absent")
    assert house.batch().status == "FAILED"
    assert "car-audit" not in house.engine.jobs


def test_a_named_job_whose_source_stays_failed_is_refused(house: House) -> None:
    two_failed(house)
    with pytest.raises(BatchStateError) as refused:
        retry(house, jobNames=["car-audit"])
    assert "car" in refused.value.problems[0].fix


# --- before it was accepted ---------------------------------------------------------------------


def test_a_batch_stopped_before_it_was_checked_is_checked_by_its_retry(house: House) -> None:
    house.post(two_levels(house))
    stop(house)
    assert house.batch().transformedAt is None
    with pytest.raises(BatchStateError):
        retry(house, jobNames=["car"])
    retry(house)
    for name in ("car", "road", "car-audit", "road-audit"):
        house.finish(name)
    assert house.batch().status == "COMPLETE"
    assert not house.batch().retry_pending


def test_names_given_back_by_a_stop_are_taken_again_by_the_retry(house: House) -> None:
    # Given a stop in the middle of the checks, when the names were reserved already
    house.transform_seconds = -1
    house.post(two_levels(house))
    for _ in range(6):
        house._step("b", house.runs.setdefault("b", Run("b", 1)))
    assert house.store.get_claim("car") is not None
    stop(house)
    assert house.batch().status == "STOPPED"
    assert house.store.get_claim("car") is None
    house.transform_seconds = 240
    retry(house)
    assert house.store.get_claim("road-audit") is not None
    house.finish("car")
    house.finish("road")
    assert house.statuses()["car-audit"] == "IN_PROGRESS"


# --- claims that may still come to be -------------------------------------------------------------


def lost_create(house: House) -> None:
    """Given a batch stopped while the answer of a create was still out."""
    house.engine.before_create = raising(TransientError("timed out"), "car")
    house.post(two_levels(house))
    house.turn()
    house.engine.before_create = lambda name: None
    stop(house)
    settle_all(house)
    assert house.batch().status == "STOPPED"
    assert house.jobs()["car"].claimOpen


def test_a_retry_goes_on_with_a_claim_whose_job_may_come_to_be(house: House) -> None:
    lost_create(house)
    car = house.jobs()["car"]
    retry(house)
    # The same attempt is asked for again: had the first call taken effect, it would be adopted.
    assert (house.jobs()["car"].attempt, house.jobs()["car"].nonce) == (1, car.nonce)
    assert house.engine.creates.count("car") == 2
    house.finish("car")
    house.finish("road-a2")
    house.finish("car-audit")
    house.finish("road-audit")
    assert house.batch().status == "COMPLETE"


def test_every_name_used_stays_on_record(house: House) -> None:
    # Given a job that came to be after its batch was stopped, and was stopped by the reconciler
    lost_create(house)
    late = house.jobs()["car"]
    house.engine.create(
        {
            "LabelingJobName": "car",
            "OutputConfig": {"S3OutputPath": "s3://batch-bucket/batches/b/outputs/car/a1/"},
            "Tags": [{"Key": "terrace:nonce", "Value": late.nonce}],
            "LabelAttributeName": "car-ref",
            "InputConfig": {
                "DataSource": {"S3DataSource": {"ManifestS3Uri": late.inputManifestS3Uri}}
            },
        }
    )
    house.reconcile()
    assert "car" in house.engine.stopped
    # The next pass finds it ended: what it leaves is known from then on.
    house.reconcile()
    retry(house)
    car = house.jobs()["car"]
    assert [(a.name, a.status) for a in car.attempts] == [("car", "UNKNOWN")]
    house.finish("car-a2")
    assert labels(house, "car") == [True, True, True]


def test_a_name_that_was_refused_is_on_record_and_its_input_is_prepared_anew(
    house: House,
) -> None:
    house.engine.before_create = raising(BadRequestError("bad category file"), "car")
    house.post(two_levels(house))
    house.turn()
    house.engine.before_create = lambda name: None
    assert house.batch().status == "FAILED"
    retry(house)
    car = house.jobs()["car"]
    assert [(a.name, a.status, a.made) for a in car.attempts] == [("car", "NOT_CREATED", False)]
    assert (car.attempt, car.status) == (2, "IN_PROGRESS")
    house.finish("car-a2")
    assert labels(house, "car") == [True, True, True]


# --- generations, repeated calls, messages --------------------------------------------------------


def test_a_retry_whose_execution_died_is_done_by_the_next_one(house: House) -> None:
    two_failed(house)
    RetryBatch(house.store, house.workflow, house.clock).run('{"batchId": "b"}')
    house.kill()
    house.reconcile()
    assert house.batch().generation == 3
    for name in ("car-a2", "road-a2", "car-audit", "road-audit"):
        house.finish(name)
    assert house.batch().status == "COMPLETE"


def test_the_same_retry_twice_is_one(house: House) -> None:
    two_failed(house)
    retry(house)
    before = house.batch()
    retry(house)
    assert house.batch() == before
    with pytest.raises(BatchStateError):
        retry(house, jobNames=["car"])


def test_of_two_retries_at_once_one_is_told_that_it_lost(house: House) -> None:
    two_failed(house)
    step = RetryBatch(house.store, house.workflow, house.clock)
    real = house.store.reopen_batch

    def late(batch: Any, wanted: Retry) -> Any:
        house.store.reopen_batch = real  # type: ignore[method-assign]
        step.run('{"batchId": "b"}')
        return real(batch, wanted)

    house.store.reopen_batch = late  # type: ignore[method-assign]
    with pytest.raises(BatchStateError):
        step.run('{"batchId": "b"}')
    house.turn()
    assert house.batch().generation == 2
    assert house.engine.creates.count("car-a2") == 1


def test_a_retry_whose_start_was_lost_is_healed_by_the_same_call(house: House) -> None:
    two_failed(house)
    real = house.workflow.start
    house.workflow.start = always(TransientError("503"))  # type: ignore[method-assign]
    with pytest.raises(TransientError):
        retry(house)
    house.workflow.start = real  # type: ignore[method-assign]
    retry(house)
    assert house.statuses()["car"] == "IN_PROGRESS"


def test_what_ended_before_is_not_told_again(house: House) -> None:
    house.post(two_levels(house))
    house.turn()
    house.finish("car")
    house.finish("road")
    house.finish("car-audit")
    house.finish("road-audit", "Failed", labeled=0, manifest="absent")
    told = len(house.notifier.of("LEVEL_COMPLETE"))
    RetryBatch(house.store, house.workflow, house.clock).run('{"batchId": "b"}')
    house.reconcile()
    assert len(house.notifier.of("LEVEL_COMPLETE")) == told
    assert len(house.notifier.of("JOB_FAILED")) == 1
    house.finish("road-audit-a2")
    assert len(house.notifier.of("LEVEL_COMPLETE")) == told + 1
    assert house.batch().status == "COMPLETE"


def test_a_late_word_of_the_first_end_does_not_silence_the_second(house: House) -> None:
    two_failed(house)
    retry(house)
    house.finish("car-a2", "Failed", labeled=0, manifest="absent")
    house.notify.store.message_sent = lambda *_: None  # type: ignore[method-assign]
    house.finish("road-a2")
    del house.store.message_sent  # type: ignore[attr-defined]
    assert house.batch().status == "FAILED"
    house.store.message_sent("b", house.clock.now(), 1)
    assert house.batch().messageSentAt is None


# --- stop, wherever the batch is ------------------------------------------------------------------


def test_a_stop_before_a_retry_has_opened_its_jobs_keeps_what_there_is(house: House) -> None:
    incomplete_lane(house)
    RetryBatch(house.store, house.workflow, house.clock).run('{"batchId": "b"}')
    stop(house)
    assert house.batch().status == "STOPPED"
    assert labels(house, "car") == [True, False, False]
    assert labels(house, "adjust") == [True]
    retry(house)
    for name in ("car-a2", "check-a2", "adjust-a2"):
        house.finish(name)
    assert house.batch().status == "COMPLETE"


@pytest.mark.parametrize("mode", ["stop", "drain"])
def test_a_batch_that_had_failed_says_so_when_it_is_stopped(house: House, mode: str) -> None:
    house.post(two_levels(house))
    house.turn()
    house.finish("car", "Failed", labeled=0, manifest="absent")
    assert "it ends FAILED" in stop(house, mode)
    assert house.engine.stopped == (["road"] if mode == "stop" else [])
    if mode == "drain":
        house.engine.finish("road")
    settle_all(house)
    assert house.batch().status == "FAILED"


def test_a_job_that_fails_while_its_batch_drains_is_told_and_the_batch_ends_stopped(
    house: House,
) -> None:
    house.post(two_levels(house))
    house.turn()
    stop(house, "drain")
    house.finish("car", "Failed", labeled=0, manifest="absent")
    house.finish("road")
    assert house.batch().status == "STOPPED"
    assert len(house.notifier.of("JOB_FAILED")) == 1


def test_a_stop_between_claim_and_create_stops_the_job_that_was_made(house: House) -> None:
    def stop_meanwhile(name: str) -> None:
        if name == "car":
            stop_only(house)

    house.post(two_levels(house))
    house.engine.before_create = stop_meanwhile
    house.turn()
    assert house.engine.creates == ["car"]
    assert house.engine.stopped == ["car"]
    settle_all(house)
    assert house.batch().status == "STOPPED"


def stop_only(house: House) -> None:
    house.store.set_stop("b", Stop(mode=StopMode.stop, at=house.clock.now()))


def test_a_crash_between_create_and_its_record_in_a_stopped_batch_is_made_good(
    house: House,
) -> None:
    def crash_once(name: str) -> None:
        house.engine.after_create = lambda name: None
        stop_only(house)
        raise TransientError("killed")

    house.engine.after_create = crash_once
    house.post(two_levels(house))
    house.turn()
    assert house.engine.stopped == ["car"]
    settle_all(house)
    assert house.batch().status == "STOPPED"
    assert house.statuses()["car"] == "STOPPED"


def test_a_stop_outlives_the_hand_over_to_a_fresh_execution(house: House) -> None:
    house.post(two_levels(house))
    house.turn()
    house.kill()
    stop_only(house)
    house.reconcile()
    assert house.batch().generation == 2
    assert sorted(set(house.engine.stopped)) == ["car", "road"]
    house.reconcile()
    assert house.batch().status == "STOPPED"


def test_a_job_that_cannot_be_stopped_does_not_keep_the_machine_busy(house: House) -> None:
    house.post(two_levels(house))
    house.turn()
    real = house.engine.stop
    house.engine.stop = always(PermanentError("denied"))  # type: ignore[method-assign]
    stop(house)
    assert house.batch().status == "IN_PROGRESS"
    wave = house.batch().wave
    house.turn()
    assert house.batch().wave == wave
    house.engine.stop = real  # type: ignore[method-assign]
    # The reconciler asks again.
    house.reconcile()
    house.reconcile()
    assert house.batch().status == "STOPPED"


def test_many_jobs_are_stopped_wave_after_wave_without_waiting(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.post(two_levels(house))
    house.turn()
    house.clock.advance(30 * 86_400)
    monkeypatch.setattr("terrace.domain.plan.WAVE_MAX", 1)
    stop(house)
    assert sorted(house.engine.stopped) == ["car", "road"]


def test_a_retry_weeks_later_has_its_own_time_to_get_started(house: House) -> None:
    two_failed(house)
    house.clock.advance(30 * 86_400)
    # Given starts that break before they can say why
    real = house.store.claim
    house.store.claim = always(TransientError("503"))  # type: ignore[method-assign]
    retry(house)
    house.reconcile()
    assert house.batch().mark is None
    house.store.claim = real  # type: ignore[method-assign]
    house.reconcile(3600)
    for name in ("car-a2", "road-a2", "car-audit", "road-audit"):
        house.finish(name)
    assert house.batch().status == "COMPLETE"


def test_a_late_merge_that_knows_fewer_attempts_takes_no_label_away(house: House) -> None:
    house.post(two_levels(house))
    house.turn()
    house.finish("car", labeled=1 / 3)
    house.finish("car-a2", labeled=1 / 2)
    house.finish("car-a3")
    car = house.jobs()["car"]
    # A FinalizeBatch that read the rows before the last attempt was settled writes now.
    stale = merged_output(car, car.attempts[:2], house.objects, BUCKET)
    assert stale != car.outputManifestS3Uri
    assert labels(house, "car") == [True, True, True]
