"""What a batch does next: the examples of the design, then what holds for every batch."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.domain.plan import (
    PROBE_MAX,
    WAVE_MAX,
    effective_statuses,
    level_status,
    next_wave,
    nothing_new,
)
from terrace.domain.records import BatchRecord, JobRecord
from terrace.domain.status import (
    JOB_CLEAN,
    JOB_FEEDS_NEXT,
    JOB_TERMINAL,
    BatchStatus,
    JobStatus,
    LevelStatus,
)
from tests.domain.plan_rows import AT, ENDED, a_batch, a_job, a_mark, any_batches, any_jobs


def started(batch: BatchRecord, *jobs: JobRecord, now: float = AT) -> list[str]:
    return [job.jobName for job in next_wave(batch, list(jobs), now).starts]


# --- pacing -------------------------------------------------------------------------------------


def test_level_pacing_waits_for_all_of_the_lower_level() -> None:
    jobs = [
        a_job("car", status="COMPLETE"),
        a_job("road", status="IN_PROGRESS"),
        a_job("car-audit", 2, "car"),
    ]
    assert not next_wave(a_batch(), jobs, AT).nudge
    assert started(a_batch(pacing="dependency"), *jobs) == ["car-audit"]


def test_an_unchained_job_of_level_two_starts_at_once_in_dependency_pacing() -> None:
    jobs = [a_job("car", status="IN_PROGRESS"), a_job("other", 2)]
    assert started(a_batch(), *jobs) == []
    assert started(a_batch(pacing="dependency"), *jobs) == ["other"]


@pytest.mark.parametrize("status", sorted(JOB_FEEDS_NEXT))
def test_a_lane_goes_on_from_whatever_delivers(status: JobStatus) -> None:
    assert started(a_batch(), a_job("car", status=status), a_job("audit", 2, "car")) == ["audit"]


def test_a_starting_job_is_always_listed_because_its_starter_may_be_dead() -> None:
    car = a_job("car", status="STARTING")
    assert started(a_batch(), car) == ["car"]
    assert started(a_batch(mark=a_mark()), car) == ["car"]


def test_a_wave_is_at_most_two_hundred_jobs() -> None:
    jobs = [a_job(f"j{number}", index=number) for number in range(250)]
    assert len(started(a_batch(), *jobs)) == WAVE_MAX


# --- failures and ends --------------------------------------------------------------------------


def test_a_failed_job_stops_new_starts_and_ends_the_batch_when_nothing_runs() -> None:
    failed, running = a_job("car", status="FAILED"), a_job("road", status="IN_PROGRESS")
    waiting = a_job("next", 2, "road")
    wave = next_wave(a_batch(), [failed, running, waiting], AT)
    assert (wave.starts, wave.over) == ([], False)
    done = a_job("road", status="COMPLETE")
    wave = next_wave(a_batch(), [failed, done, waiting], AT)
    assert (wave.over, wave.outcome) == (True, BatchStatus.FAILED)


def test_with_continue_what_depends_on_a_failed_job_is_dropped_down_to_its_last_level() -> None:
    batch = a_batch(onJobFailure="continue")
    jobs = [
        a_job("car", status="FAILED"),
        a_job("road", status="COMPLETE"),
        a_job("car-audit", 2, "car"),
        a_job("road-audit", 2, "road"),
        a_job("car-adjust", 3, "car-audit"),
    ]
    assert started(batch, *jobs) == ["road-audit"]
    statuses = effective_statuses(batch, jobs)
    assert [statuses["car-audit"], statuses["car-adjust"]] == [JobStatus.DROPPED] * 2
    jobs[3] = a_job("road-audit", 2, "road", status="COMPLETE")
    assert next_wave(batch, jobs, AT).outcome is BatchStatus.COMPLETE_WITH_ERRORS


@pytest.mark.parametrize(
    ("statuses", "policy", "outcome"),
    [
        (["COMPLETE", "SKIPPED"], "fail", "COMPLETE"),
        (["COMPLETE", "INCOMPLETE"], "fail", "COMPLETE_WITH_ERRORS"),
        (["COMPLETE", "STOPPED"], "fail", "FAILED"),
        (["COMPLETE", "STOPPED"], "continue", "COMPLETE_WITH_ERRORS"),
        (["FAILED", "FAILED"], "continue", "FAILED"),
        (["INCOMPLETE", "FAILED"], "continue", "COMPLETE_WITH_ERRORS"),
    ],
)
def test_a_batch_is_called_what_its_jobs_are(
    statuses: list[str], policy: str, outcome: str
) -> None:
    jobs = [a_job(f"j{index}", status=status) for index, status in enumerate(statuses)]
    assert next_wave(a_batch(onJobFailure=policy), jobs, AT).outcome == outcome


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [("fail", "FAILED"), ("invalid", "VALIDATION_FAIL")],
)
def test_a_mark_says_how_the_batch_ends_once_nothing_runs(kind: str, outcome: str) -> None:
    batch = a_batch(mark=a_mark(kind))
    wave = next_wave(batch, [a_job("car")], AT)
    assert (wave.starts, wave.over, wave.outcome) == ([], True, outcome)


def test_a_job_between_two_attempts_is_not_dropped_by_a_mark_its_labels_count() -> None:
    car = a_job("car", attempt=2, attempts=[ENDED])
    statuses = effective_statuses(a_batch(mark=a_mark()), [car])
    assert statuses["car"] is JobStatus.INCOMPLETE


def test_a_batch_whose_rows_are_not_written_yet_is_not_over() -> None:
    assert not next_wave(a_batch(), [], AT).nudge
    assert next_wave(a_batch(mark=a_mark()), [], AT).outcome is BatchStatus.FAILED


# --- quotas ---------------------------------------------------------------------------------------


def refused(name: str, at: float, until: float, **more: float) -> JobRecord:
    return a_job(name, deferredAt=at, notBefore=until, **more)


def test_a_refused_job_waits_until_a_job_ends_or_its_time_has_come() -> None:
    car = refused("car", AT, AT + 60)
    running = a_job("road", status="IN_PROGRESS")
    assert next_wave(a_batch(), [car, running], AT + 1).wait_until == AT + 60
    assert started(a_batch(), car, running, now=AT + 60) == ["car"]
    ended = a_job("road", status="COMPLETE", endedAt=AT + 1)
    assert started(a_batch(), car, ended, now=AT + 2) == ["car"]


def test_an_ended_attempt_frees_a_place_too() -> None:
    again = ENDED.model_copy(update={"endedAt": AT + 1})
    road = a_job("road", status="IN_PROGRESS", attempt=2, attempts=[again])
    assert started(a_batch(), refused("car", AT, AT + 60), road, now=AT + 2) == ["car"]


def test_one_refusal_ends_the_probe_for_all_of_the_batch() -> None:
    jobs = [refused(f"j{number:02d}", AT, AT + 60, index=number) for number in range(15)]
    assert len(started(a_batch(), *jobs, now=AT + 60)) == PROBE_MAX
    jobs[0] = refused("j00", AT + 61, AT + 181)
    assert started(a_batch(), *jobs, now=AT + 62) == []


def test_the_next_probe_begins_with_those_refused_longest_ago() -> None:
    jobs = [refused(f"j{number:02d}", AT + number, AT + 60, index=number) for number in range(15)]
    jobs[0] = refused("j00", AT + 30, AT + 60)
    chosen = started(a_batch(), *jobs, now=AT + 100)
    assert chosen[0] == "j01"
    assert "j00" not in chosen


def test_a_job_that_waits_after_a_passing_error_holds_nobody_back() -> None:
    broken = a_job("car", notBefore=AT + 60, brokenStarts=1)
    assert started(a_batch(), broken, a_job("road")) == ["road"]
    assert started(a_batch(), broken, now=AT + 60) == ["car"]


# --- levels -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statuses", "level"),
    [
        (["PENDING", "PENDING"], "PENDING"),
        (["PENDING", "STARTING"], "IN_PROGRESS"),
        (["COMPLETE", "PENDING"], "IN_PROGRESS"),
        (["COMPLETE", "INCOMPLETE", "SKIPPED"], "COMPLETE"),
        (["COMPLETE", "DROPPED"], "FAILED"),
        (["STOPPED", "COMPLETE"], "STOPPED"),
        (["STOPPED", "FAILED"], "FAILED"),
    ],
)
def test_a_level_is_called_what_its_jobs_are(statuses: list[str], level: str) -> None:
    assert level_status([JobStatus(status) for status in statuses]) is LevelStatus(level)


# --- whatever the batch -------------------------------------------------------------------------

NOWS = st.sampled_from([AT, AT + 51, AT + 10_000])


@given(any_batches, any_jobs(), NOWS)
def test_nothing_starts_before_what_it_depends_on_has_delivered(
    batch: BatchRecord, jobs: list[JobRecord], now: float
) -> None:
    statuses = {job.jobName: job.status for job in jobs}
    effective = effective_statuses(batch, jobs)
    for job in next_wave(batch, jobs, now).starts:
        if job.status is JobStatus.STARTING:
            continue
        source = job.spec.inputConfig.chainFromJobName
        assert source is None or statuses[source] in JOB_FEEDS_NEXT
        if batch.pacing == "level":
            lower = [effective[other.jobName] for other in jobs if other.level < job.level]
            assert set(lower) <= JOB_TERMINAL


@given(any_batches, any_jobs(), NOWS)
def test_a_closed_batch_starts_nothing_new(
    batch: BatchRecord, jobs: list[JobRecord], now: float
) -> None:
    if nothing_new(batch, jobs):
        starts = next_wave(batch, jobs, now).starts
        assert {job.status for job in starts} <= {JobStatus.STARTING}


@given(any_batches, any_jobs(), NOWS)
def test_a_batch_is_over_if_and_only_if_no_job_runs_and_none_will(
    batch: BatchRecord, jobs: list[JobRecord], now: float
) -> None:
    wave = next_wave(batch, jobs, now)
    effective = set(effective_statuses(batch, jobs).values())
    assert wave.over == (effective <= JOB_TERMINAL)
    assert (wave.outcome is not None) == wave.over
    assert not (wave.over and wave.starts)
    assert wave.nudge == (wave.over or bool(wave.starts))


@given(any_batches, any_jobs(), NOWS)
def test_complete_means_that_every_job_delivered_everything(
    batch: BatchRecord, jobs: list[JobRecord], now: float
) -> None:
    outcome = next_wave(batch, jobs, now).outcome
    if outcome is BatchStatus.COMPLETE:
        assert {job.status for job in jobs} <= JOB_CLEAN
        assert batch.mark is None


@given(any_batches, any_jobs())
def test_no_batch_hangs_it_runs_or_ends_or_starts_something_in_time(
    batch: BatchRecord, jobs: list[JobRecord]
) -> None:
    # Given that no labeling job runs, and that every wait of a quota is over
    still = [job for job in jobs if job.status is not JobStatus.IN_PROGRESS]
    names = {job.jobName for job in still}
    still = [j for j in still if (j.spec.inputConfig.chainFromJobName or j.jobName) in names]
    while (
        {j.spec.inputConfig.chainFromJobName for j in still} - {None} - {j.jobName for j in still}
    ):
        names = {job.jobName for job in still}
        still = [j for j in still if (j.spec.inputConfig.chainFromJobName or j.jobName) in names]
    if still:
        assert next_wave(batch, still, AT + 10_000).nudge


@given(any_batches, any_jobs(), NOWS)
def test_what_is_terminal_or_runs_is_never_listed(
    batch: BatchRecord, jobs: list[JobRecord], now: float
) -> None:
    starts = next_wave(batch, jobs, now).starts
    assert {job.status for job in starts} <= {JobStatus.PENDING, JobStatus.STARTING}
    assert len({job.jobName for job in starts}) == len(starts) <= WAVE_MAX
