"""What the planner does with a batch that is being stopped, and with one that was retried."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.domain.plan import next_wave, nothing_new, to_stop
from terrace.domain.records import JobRecord, Retry, Stop
from terrace.domain.request import StopMode
from terrace.domain.retry import NOT_DELIVERED, reopen, without_source
from terrace.domain.status import JOB_FEEDS_NEXT, JOB_TERMINAL, JobStatus
from tests.domain.plan_rows import AT, ENDED, a_batch, a_job, a_mark, any_jobs

STOP, DRAIN = (Stop(mode=mode, at=AT) for mode in (StopMode.stop, StopMode.drain))


def names(jobs: list[JobRecord]) -> list[str]:
    return [job.jobName for job in jobs]


# --- stop ---------------------------------------------------------------------------------------


def test_a_stop_lists_each_running_job_once_and_starts_nothing() -> None:
    running = a_job("car", status="IN_PROGRESS")
    asked = a_job("road", status="IN_PROGRESS", stopRequestedAt=AT)
    wave = next_wave(a_batch(stop=STOP), [running, asked, a_job("lane")], AT)
    assert names(wave.starts) == ["car"]
    wave = next_wave(a_batch(stop=STOP), [asked, a_job("lane")], AT)
    assert (wave.nudge, wave.over) == (False, False)


def test_a_drain_waits_for_what_runs() -> None:
    running = a_job("car", status="IN_PROGRESS")
    assert to_stop(a_batch(stop=DRAIN), [running]) == []
    assert not next_wave(a_batch(stop=DRAIN), [running, a_job("lane")], AT).nudge


@pytest.mark.parametrize("stop", [STOP, DRAIN])
def test_a_stopped_batch_is_over_when_nothing_runs(stop: Stop) -> None:
    done = a_job("car", status="COMPLETE")
    for jobs in ([], [a_job("road")], [done, a_job("road")], [done]):
        wave = next_wave(a_batch(stop=stop), jobs, AT)
        assert (wave.over, wave.outcome) == (True, "STOPPED")


def test_a_batch_that_failed_before_it_was_stopped_has_failed() -> None:
    assert next_wave(a_batch(stop=STOP, mark=a_mark()), [], AT).outcome == "FAILED"


@given(any_jobs(), st.sampled_from([STOP, DRAIN]))
def test_a_stop_ends_if_and_only_if_nothing_runs(jobs: list[JobRecord], stop: Stop) -> None:
    wave = next_wave(a_batch(stop=stop), jobs, AT)
    runs = [job for job in jobs if job.status in {JobStatus.STARTING, JobStatus.IN_PROGRESS}]
    assert wave.over == (not runs)
    assert set(names(wave.starts)) <= set(names(runs))


# --- retry --------------------------------------------------------------------------------------

RETRY = Retry(generation=3, at=AT)


def retried(**more: Any) -> Any:
    return a_batch(generation=4, retry=RETRY, **more)


def test_only_a_failure_of_this_run_ends_the_batch() -> None:
    old, new = (a_job("car", status="FAILED", generation=n) for n in (2, 3))
    assert not nothing_new(retried(), [old])
    assert nothing_new(retried(), [new])
    assert nothing_new(a_batch(), [a_job("car", status="STOPPED")])


def test_an_old_failure_still_makes_the_batch_a_failed_one() -> None:
    old, done = a_job("car", status="FAILED"), a_job("road", status="COMPLETE", generation=3)
    wave = next_wave(retried(), [old, done], AT)
    assert (wave.over, wave.outcome) == (True, "FAILED")


def ended(jobs: list[JobRecord]) -> list[JobRecord]:
    """As FinalizeBatch leaves them."""
    return [
        job if job.status in JOB_TERMINAL else job.model_copy(update={"status": JobStatus.DROPPED})
        for job in jobs
    ]


@given(any_jobs())
def test_a_retry_opens_what_did_not_deliver_and_what_depends_on_it(jobs: list[JobRecord]) -> None:
    rows = ended(jobs)
    opened = {found.job.jobName for found in reopen(rows, None, 2)}
    for job in rows:
        source = job.spec.inputConfig.chainFromJobName
        assert (job.jobName in opened) == (job.status in NOT_DELIVERED or source in opened)
    # So each of them has a source that delivers, or will be tried.
    assert without_source(rows, reopen(rows, None, 2)) == []


@given(any_jobs(), st.data())
def test_a_retry_that_died_anywhere_opens_the_rest(jobs: list[JobRecord], data: Any) -> None:
    rows = ended(jobs)
    whole = reopen(rows, None, 2)
    done = data.draw(st.integers(0, len(whole)))
    changes = {
        found.job.jobName: {"status": JobStatus.PENDING, "generation": 2, **found.changes}
        for found in whole[:done]
    }
    half = [job.model_copy(update=changes.get(job.jobName, {})) for job in rows]
    assert [f.changes for f in reopen(half, None, 2)] == [f.changes for f in whole[done:]]


@given(any_jobs())
def test_no_name_is_used_twice_but_for_a_claim_that_may_come_to_be(jobs: list[JobRecord]) -> None:
    for found in reopen(ended(jobs), None, 2):
        used = {attempt.attempt for attempt in found.job.attempts}
        if found.job.nonce is not None and not found.job.claimOpen:
            used.add(found.job.attempt)
        assert found.attempt not in used
        assert found.attempt >= found.job.attempt


@pytest.mark.parametrize("status", sorted(JOB_FEEDS_NEXT))
def test_a_named_job_needs_a_source_that_delivered_or_is_named(status: JobStatus) -> None:
    car, check = a_job("car", status="FAILED"), a_job("check", 2, "car", status="DROPPED")
    assert without_source([car, check], reopen([car, check], ["check"], 2)) == [("check", "car")]
    assert without_source([car, check], reopen([car, check], ["car"], 2)) == []
    fed = [car.model_copy(update={"status": status}), check]
    assert without_source(fed, reopen(fed, ["check"], 2)) == []


@pytest.mark.parametrize(
    ("row", "attempt"),
    [
        ({"status": "DROPPED"}, 1),
        ({"status": "FAILED"}, 2),
        ({"status": "STOPPED", "nonce": "n", "attempts": [ENDED]}, 2),
        ({"status": "INCOMPLETE", "attempt": 2, "attempts": [ENDED]}, 2),
        ({"status": "FAILED", "attempt": 2, "nonce": "n", "attempts": [ENDED]}, 3),
        ({"status": "DROPPED", "nonce": "n"}, 2),
        ({"status": "DROPPED", "nonce": "n", "claimOpen": True}, 1),
        ({"status": "FAILED", "nonce": "n", "claimOpen": True}, 1),
        ({"status": "FAILED", "nonce": "n", "claimOpen": True, "relane": True}, 2),
    ],
    ids=[
        "never tried",
        "failed before its claim",
        "stopped",
        "stopped between two attempts",
        "its second start failed",
        "claimed, and never came to be",
        "claimed, and may come to be",
        "refused, and may come to be",
        "may come to be with the wrong items",
    ],
)
def test_each_row_gets_its_next_attempt(row: dict[str, Any], attempt: int) -> None:
    (found,) = reopen([a_job("car", **row)], None, 2)
    assert found.attempt == attempt
    assert found.unsure == bool(row.get("relane"))
