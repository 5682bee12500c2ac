"""Trouble that passes is not held against a job, and labels that come late are not paid twice."""

import json
from typing import Any

import pytest

from terrace.domain.records import NOT_CREATED
from terrace.errors import AccessDeniedError, PermanentError
from terrace.ports import LabelingJob
from terrace.steps.api_errors import BatchStateError
from tests.fakes.house import House
from tests.steps.conftest import two_levels
from tests.steps.test_faults_races import create_late
from tests.steps.test_faults_settle import DAY, with_timeout
from tests.steps.test_retry_again import always, lost_create
from tests.steps.test_stop_retry import labels, retry, stop


def hiccup(house: House) -> None:
    """One pass in which no labeling job can be looked at."""
    engine = house.engine
    describe, list_since = engine.describe, engine.list_since
    denied = always(AccessDeniedError("denied"))
    engine.describe = engine.list_since = denied  # type: ignore[method-assign]
    house.reconcile()
    engine.describe, engine.list_since = describe, list_since  # type: ignore[method-assign]


def output_is_denied(house: House, name: str) -> Any:
    """From now on nobody may look at the output of a labeling job; returns what undoes it."""
    head = house.objects.head

    def denied(uri: str) -> Any:
        if f"/outputs/{name}/" in uri:
            raise AccessDeniedError(f"HeadObject {uri}")
        return head(uri)

    house.objects.head = denied  # type: ignore[method-assign]

    def allowed() -> None:
        house.objects.head = head  # type: ignore[method-assign]

    return allowed


def hidden_manifest(house: House, name: str) -> tuple[str, list[str]]:
    """Takes a labeling job's output manifest away; returns where it was, and its lines."""
    uri = house.engine.jobs[name].outputManifestS3Uri or ""
    lines = [line.text for line in house.objects.read_lines(uri)]
    house.objects.delete(uri)
    return uri, lines


def written_off(house: House, labeled: float) -> tuple[str, list[str]]:
    """Given car, FAILED for its output manifest, which was not there at two looks."""
    house.post(two_levels(house, onJobFailure="continue"))
    house.turn()
    house.engine.finish("car", labeled=labeled)
    uri, lines = hidden_manifest(house, "car")
    house.reconcile()
    house.reconcile()
    assert house.statuses()["car"] == "FAILED"
    house.finish("road")
    house.finish("road-audit")
    assert house.batch().ended
    return uri, lines


# --- patience ---------------------------------------------------------------------------------


def test_two_hiccups_days_apart_give_no_job_up(house: House) -> None:
    house.post(two_levels(house))
    house.turn()
    hiccup(house)
    for _ in range(3):
        house.reconcile(after=DAY)
    hiccup(house)
    assert house.statuses()["car"] == house.statuses()["road"] == "IN_PROGRESS"
    assert house.engine.stopped == []


def test_a_manifest_a_moment_late_has_its_second_look_whatever_was_before(house: House) -> None:
    house.post(two_levels(house))
    house.turn()
    hiccup(house)
    house.reconcile()
    house.engine.finish("car")
    uri, lines = hidden_manifest(house, "car")
    house.reconcile()
    assert house.statuses()["car"] == "IN_PROGRESS"
    house.objects.write_lines(uri, iter(lines))
    house.reconcile()
    assert house.statuses()["car"] == "COMPLETE"


def test_the_second_look_is_not_given_away_by_a_job_that_could_not_be_looked_at(
    house: House,
) -> None:
    house.post(two_levels(house))
    house.turn()
    hiccup(house)
    house.engine.finish("car")
    uri, lines = hidden_manifest(house, "car")
    house.reconcile()
    assert house.statuses()["car"] == "IN_PROGRESS"
    house.objects.write_lines(uri, iter(lines))
    house.reconcile()
    assert house.statuses()["car"] == "COMPLETE"


def test_a_job_that_was_given_up_is_stopped_once_it_can_be_looked_at(house: House) -> None:
    house.post(two_levels(house))
    house.turn()
    describe, list_since = house.engine.describe, house.engine.list_since

    def denied(name: str) -> LabelingJob | None:
        if name == "car":
            raise AccessDeniedError("DescribeLabelingJob car")
        return describe(name)

    house.engine.describe = denied  # type: ignore[method-assign]
    house.engine.list_since = lambda since: iter(())  # type: ignore[method-assign]
    house.reconcile()
    house.reconcile(after=DAY + 1)
    assert house.statuses()["car"] == "FAILED"
    assert not house.engine.jobs["car"].terminal
    house.engine.describe = describe  # type: ignore[method-assign]
    house.engine.list_since = list_since  # type: ignore[method-assign]
    house.reconcile()
    assert house.engine.stopped == ["car"]
    house.reconcile()
    assert not house.jobs()["car"].claimOpen


# --- trouble that is not the labeling job's -----------------------------------------------------


def test_a_message_that_cannot_be_published_fails_no_job(house: House) -> None:
    house.post(two_levels(house))
    house.turn()
    house.notifier.publish = always(PermanentError("KMSDisabled"))  # type: ignore[method-assign]
    for _ in range(5):
        repairs = house.reconcile(after=DAY + 1)
    assert any("KMSDisabled" in error for error in repairs.errors)
    assert house.statuses()["car"] == "IN_PROGRESS"


def test_a_stop_that_is_denied_fails_no_job(house: House) -> None:
    house.post(with_timeout(house, 1000))
    house.turn()
    house.engine.stop = always(AccessDeniedError("no StopLabelingJob"))  # type: ignore[method-assign]
    for _ in range(4):
        repairs = house.reconcile(after=DAY)
    assert any("StopLabelingJob" in error for error in repairs.errors)
    assert house.statuses()["car"] == "IN_PROGRESS"


# --- labels that come late ----------------------------------------------------------------------


def test_a_retry_takes_all_labels_of_a_manifest_that_came_late(house: House) -> None:
    uri, lines = written_off(house, labeled=1.0)
    house.objects.write_lines(uri, iter(lines))
    retry(house)
    assert "car-a2" not in house.engine.jobs
    car = house.jobs()["car"]
    assert (car.status, car.numItemsLabeled) == ("COMPLETE", 3)
    assert labels(house, "car") == [True, True, True]
    assert car.attempts[0].outputManifestS3Uri == uri


def test_a_retry_asks_only_for_what_a_late_manifest_lacks(house: House) -> None:
    uri, lines = written_off(house, labeled=1 / 3)
    house.objects.write_lines(uri, iter(lines))
    retry(house)
    given = house.jobs()["car"].inputManifestS3Uri or ""
    sources = [json.loads(line.text)["source-ref"] for line in house.objects.read_lines(given)]
    assert [source.rsplit("/", 1)[1] for source in sources] == ["seq1.json", "seq2.json"]
    house.finish("car-a2")
    car = house.jobs()["car"]
    assert (car.status, car.numItemsLabeled) == ("COMPLETE", 3)
    assert labels(house, "car") == [True, True, True]


def test_a_manifest_that_comes_after_two_attempts_is_taken_once(house: House) -> None:
    uri, lines = written_off(house, labeled=1 / 3)
    retry(house)
    house.engine.finish("car-a2", labeled=1 / 3)
    second = hidden_manifest(house, "car-a2")
    house.reconcile()
    house.reconcile()
    assert house.statuses()["car"] == "FAILED"
    house.objects.write_lines(uri, iter(lines))
    house.objects.write_lines(second[0], iter(second[1]))
    assert house.batch().ended
    retry(house)
    house.finish("car-a3")
    car = house.jobs()["car"]
    assert (car.status, car.numItemsLabeled) == ("COMPLETE", 3)
    assert labels(house, "car") == [True, True, True]


def test_a_manifest_that_never_comes_keeps_no_retry_from_running(house: House) -> None:
    written_off(house, labeled=1.0)
    retry(house)
    house.finish("car-a2")
    assert house.statuses()["car"] == "COMPLETE"


@pytest.mark.parametrize("seen_first", [True, False])
def test_labels_of_a_job_that_was_given_up_are_not_paid_twice(
    house: House, *, seen_first: bool
) -> None:
    house.post(two_levels(house, onJobFailure="continue"))
    house.turn()
    house.engine.finish("car")
    allowed = output_is_denied(house, "car")
    house.reconcile()
    house.reconcile(after=DAY + 1)
    assert house.statuses()["car"] == "FAILED"
    house.finish("road")
    house.finish("road-audit")
    allowed()
    if seen_first:
        house.reconcile()
    retry(house)
    house.reconcile()
    assert "car-a2" not in house.engine.jobs
    car = house.jobs()["car"]
    assert (car.status, car.numItemsLabeled) == ("COMPLETE", 3)
    assert labels(house, "car") == [True, True, True]


def test_no_retry_asks_again_while_the_labels_cannot_be_looked_at(house: House) -> None:
    house.post(two_levels(house, onJobFailure="continue"))
    house.turn()
    house.engine.finish("car")
    output_is_denied(house, "car")
    house.reconcile()
    house.reconcile(after=DAY + 1)
    house.finish("road")
    house.finish("road-audit")
    house.reconcile()
    retry(house)
    assert "car-a2" not in house.engine.jobs


# --- orphans --------------------------------------------------------------------------------------


def test_the_labels_of_an_orphan_are_kept_by_the_retry(house: House) -> None:
    lost_create(house)
    car = house.jobs()["car"]
    create_late(house, "car", car.nonce)
    house.engine.stop = house.engine.stopped.append  # type: ignore[method-assign]
    house.reconcile()
    assert house.engine.stopped == ["road", "car"]
    # It is on its way to its stop: what it leaves is not known yet.
    assert house.jobs()["car"].claimOpen
    with pytest.raises(BatchStateError, match="cannot be retried"):
        retry(house)
    house.engine.finish("car", "Stopped", labeled=1 / 3)
    house.reconcile()
    assert not house.jobs()["car"].claimOpen
    retry(house)
    house.finish("car-a2")
    car = house.jobs()["car"]
    assert (car.status, car.numItemsLabeled) == ("COMPLETE", 3)
    assert [one.numItemsLabeled for one in car.attempts] == [1, 2]
    assert NOT_CREATED not in {one.status for one in car.attempts}
    assert labels(house, "car") == [True, True, True]


# --- the end ------------------------------------------------------------------------------------


def test_the_reason_of_a_failure_does_not_grow_with_each_try_to_end_the_batch(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.post(two_levels(house, onJobFailure="continue"))
    house.turn()
    house.finish("car", labeled=1 / 3)
    house.engine.finish("car-a2")
    hidden_manifest(house, "car-a2")
    monkeypatch.setattr(
        "terrace.steps.finalize_batch.merged_output", always(PermanentError("denied"))
    )
    end_batch = house.store.end_batch
    house.store.end_batch = always(PermanentError("not now"))  # type: ignore[method-assign]
    stop(house)
    del house.engine.jobs["car-a2"]
    house.reconcile()
    house.reconcile()
    house.engine.finish("road", "Stopped")
    for _ in range(3):
        house.reconcile()
    house.store.end_batch = end_batch  # type: ignore[method-assign]
    house.reconcile()
    assert house.batch().ended
    assert (house.jobs()["car"].failureReason or "").count("could not be merged") == 1
