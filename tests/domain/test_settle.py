"""What the end of a labeling job means: the examples of the design, then what always holds."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.domain.records import AttemptRecord, JobRecord
from terrace.domain.request import StoppingConditions
from terrace.domain.settle import Evidence, Output, Verdict, expected_labels, judge, still_wanted
from terrace.domain.status import JOB_TERMINAL, JobStatus
from tests.domain.plan_rows import AT, ENDED, a_job


def seen(status: str = "Completed", labeled: int = 3, items: int = 3, **more: Any) -> Evidence:
    fields: dict[str, Any] = {
        "engine_status": status,
        "engine_reason": None,
        "counted": labeled,
        "output": Output.readable,
        "output_problem": None,
        "labeled": labeled,
        "items": items,
        "labeled_before": 0,
        "stopped_by_mark": False,
        "looked_before": False,
    }
    return Evidence(**fields | more)


def running(**spec: Any) -> JobRecord:
    return a_job("car", status="IN_PROGRESS", spec=spec)


def absent(status: str, counted: int, **more: Any) -> Evidence:
    return seen(
        status, 0, 3, counted=counted, output=Output.absent, output_problem="is not there", **more
    )


# --- completed --------------------------------------------------------------------------------


def test_completed_with_every_label_is_complete() -> None:
    assert judge(running(), seen()) == Verdict(JobStatus.COMPLETE)


@pytest.mark.parametrize("labeled", [0, 2])
def test_completed_with_items_missing_is_tried_again(labeled: int) -> None:
    verdict = judge(running(), seen(labeled=labeled))
    assert (verdict.status, verdict.retry) == (JobStatus.PENDING, True)
    assert f"{labeled} of 3 items" in (verdict.reason or "")


@pytest.mark.parametrize(
    ("labeled", "before", "status"),
    [(0, 0, "FAILED"), (0, 1, "INCOMPLETE"), (1, 1, "INCOMPLETE"), (2, 1, "COMPLETE")],
)
def test_used_up_attempts_count_all_labels_of_the_job(
    labeled: int, before: int, status: str
) -> None:
    job = running(maxAttempts=1)
    verdict = judge(job, seen(labeled=labeled, items=3 - before, labeled_before=before))
    assert (verdict.status, verdict.retry) == (status, False)


@pytest.mark.parametrize(("policy", "status"), [("continue", "INCOMPLETE"), ("fail", "FAILED")])
def test_what_is_missing_is_what_the_job_says_it_is(policy: str, status: str) -> None:
    assert judge(running(onIncomplete=policy), seen(labeled=2)).status == status


def test_nothing_is_tried_again_in_a_batch_that_was_ended() -> None:
    assert judge(running(), seen(labeled=2, stopped_by_mark=True)).status == "INCOMPLETE"


# --- outputs that cannot be trusted -------------------------------------------------------------


@pytest.mark.parametrize("output", [Output.absent, Output.broken])
def test_a_bad_output_is_looked_at_again_then_failed_never_run_again(output: Output) -> None:
    first = seen(output=output, output_problem="line 3 is cut")
    assert judge(running(), first).status is None
    verdict = judge(running(), seen(output=output, output_problem="cut", looked_before=True))
    assert (verdict.status, verdict.retry) == (JobStatus.FAILED, False)
    assert "nothing is paid twice" in (verdict.reason or "")


@pytest.mark.parametrize("status", ["Failed", "Stopped"])
def test_a_job_that_ended_before_any_label_may_have_no_output(status: str) -> None:
    assert judge(running(), absent(status, 0)).status in {"FAILED", "STOPPED"}
    assert judge(running(), absent(status, 2)).status is None


# --- failed, stopped, expired ---------------------------------------------------------------------


def test_failed_without_output_is_not_run_again_for_the_same_reason() -> None:
    verdict = judge(running(), absent("Failed", 0, engine_reason="ClientError: no role"))
    assert (verdict.status, verdict.retry) == (JobStatus.FAILED, False)
    assert "ClientError: no role" in (verdict.reason or "")


def test_failed_with_some_labels_is_as_some() -> None:
    assert judge(running(), seen("Failed", 1)).retry


def test_failed_with_every_label_is_neither_complete_nor_run_again_for_nothing() -> None:
    verdict = judge(running(), seen("Failed", 3))
    assert (verdict.status, verdict.retry) == (JobStatus.INCOMPLETE, False)


@pytest.mark.parametrize("labeled", [0, 1, 3])
def test_stopped_by_hand_is_stopped_and_not_restarted(labeled: int) -> None:
    verdict = judge(running(), seen("Stopped", labeled))
    assert (verdict.status, verdict.retry) == (JobStatus.STOPPED, False)
    assert "outside Terrace" in (verdict.reason or "")


def test_stopped_for_its_timeout_is_failed_for_that_reason() -> None:
    job = running(jobCompletionTimeoutInSeconds=1000).model_copy(update={"expiredAt": AT})
    verdict = judge(job, seen("Stopped", 1))
    assert verdict.status is JobStatus.FAILED
    assert "not finished within 1000 seconds; 1 of 3" in (verdict.reason or "")
    assert judge(job, seen()).status is JobStatus.COMPLETE


# --- stopping conditions --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("conditions", "items", "labels"),
    [
        (None, 10, 10),
        ({"maxPercentageOfInputDatasetLabeled": 25}, 10, 3),
        ({"maxHumanLabeledObjectCount": 4}, 10, 4),
        ({"maxHumanLabeledObjectCount": 40}, 10, 10),
        ({"maxHumanLabeledObjectCount": 4, "maxPercentageOfInputDatasetLabeled": 30}, 10, 3),
    ],
)
def test_a_job_is_complete_with_what_its_stopping_conditions_ask_for(
    conditions: dict[str, int] | None, items: int, labels: int
) -> None:
    job = running(stoppingConditions=conditions)
    assert expected_labels(job, items) == labels
    assert judge(job, seen(labeled=labels, items=items)).status is JobStatus.COMPLETE
    assert judge(job, seen(labeled=labels - 1, items=items)).retry


def test_the_next_attempt_is_asked_for_the_rest() -> None:
    job = running(stoppingConditions={"maxHumanLabeledObjectCount": 2})
    assert still_wanted(job) == StoppingConditions(maxHumanLabeledObjectCount=2)
    again = job.model_copy(update={"attempt": 2, "attempts": [ENDED]})
    assert still_wanted(again) == StoppingConditions(maxHumanLabeledObjectCount=1)
    assert still_wanted(running()) is None


# --- whatever was seen ----------------------------------------------------------------------------


@st.composite
def any_evidence(draw: st.DrawFn) -> Evidence:
    items = draw(st.integers(0, 6))
    output = draw(st.sampled_from(Output))
    readable = output is Output.readable
    return seen(
        draw(st.sampled_from(["Completed", "Failed", "Stopped"])),
        draw(st.integers(0, items)) if readable else 0,
        items,
        counted=draw(st.integers(0, items)),
        output=output,
        output_problem=None if readable else "wrong",
        labeled_before=draw(st.integers(0, 3)),
        stopped_by_mark=draw(st.booleans()),
        looked_before=draw(st.booleans()),
    )


@st.composite
def any_running(draw: st.DrawFn) -> JobRecord:
    attempt = draw(st.integers(1, 3))
    earlier = [
        AttemptRecord(attempt=number, name="x", status="Completed") for number in range(1, attempt)
    ]
    job = running(onIncomplete=draw(st.sampled_from(["retry", "continue", "fail"])))
    expired = draw(st.sampled_from([None, AT]))
    return job.model_copy(update={"attempt": attempt, "attempts": earlier, "expiredAt": expired})


@given(any_running(), any_evidence())
def test_only_a_completed_job_with_every_label_in_a_readable_output_is_complete(
    job: JobRecord, evidence: Evidence
) -> None:
    whole = evidence.labeled == evidence.items and evidence.output is Output.readable
    is_complete = judge(job, evidence).status is JobStatus.COMPLETE
    assert is_complete == (whole and evidence.engine_status == "Completed")


@given(any_running(), any_evidence())
def test_a_new_attempt_has_items_to_label_and_a_right_to_be(
    job: JobRecord, evidence: Evidence
) -> None:
    verdict = judge(job, evidence)
    assert verdict.retry == (verdict.status is JobStatus.PENDING)
    if verdict.retry:
        assert evidence.labeled < evidence.items
        assert evidence.output is Output.readable
        assert evidence.engine_status != "Stopped"
        assert job.attempt < job.spec.maxAttempts
        assert not evidence.stopped_by_mark
        assert job.spec.onIncomplete == "retry"


@given(any_running(), any_evidence())
def test_whatever_is_not_complete_says_why(job: JobRecord, evidence: Evidence) -> None:
    verdict = judge(job, evidence)
    assert verdict.status in {*JOB_TERMINAL, JobStatus.PENDING, None}
    assert verdict.reason or verdict.status is JobStatus.COMPLETE


@given(any_running(), any_evidence())
def test_a_second_look_always_decides(job: JobRecord, evidence: Evidence) -> None:
    if evidence.looked_before:
        assert judge(job, evidence).status is not None
