"""Messages: keys of 2021, no success that is none, nothing that a topic would refuse."""

import json
from typing import Any

import pytest

from terrace.domain import messages
from terrace.domain.problems import Problem
from terrace.domain.records import Mark, Stop
from terrace.domain.request import StopMode
from terrace.domain.status import BatchStatus, JobStatus
from tests.domain.requests import audit_job, batch, contract_2021, label_job
from tests.domain.rows import AT, batch_row, job_rows

SNS_MAX = 262_144
DONE, FAILED = JobStatus.COMPLETE, JobStatus.FAILED


def end(request: dict[str, Any], batch_more: dict[str, Any], **jobs: Any) -> dict[str, Any]:
    row = batch_row(request, endedAt=AT, **batch_more)
    message = messages.batch_end(row, job_rows(request, **jobs), request, "s3://b/info.json")
    assert len(message.body.encode()) + 300 < SNS_MAX
    assert message.attributes["eventType"] == "BATCH_COMPLETE"
    body: dict[str, Any] = json.loads(message.body)
    assert message.attributes["status"] == body["status"]
    return body


def test_a_success_has_the_keys_of_2021() -> None:
    request = contract_2021()
    names = {job["jobName"].replace("-", "_"): DONE for job in request["labelingJobs"]}

    body = end(request, {"status": "COMPLETE"}, **names)

    assert body["batchId"] == "nb-track-1a2b3c4d"
    assert body["message"] == "Batch processing has completed successfully."
    assert body["status"] == "SUCCESS"
    assert body["token"].startswith("arn:aws:states:")
    assert body["batchInfo"]["secondLevel"]["numChildBatchesComplete"] == 2
    assert not {"errorType", "errorString", "failedJobs", "errors"} & set(body)
    urls = [job["jobOutputS3Url"] for job in body["batchInfo"]["firstLevel"]["jobLevels"]]
    assert urls == [None, None]


def test_a_failure_names_the_failed_jobs_causes_first() -> None:
    request = batch(label_job(), audit_job(), label_job("road"))
    mark = Mark(kind="fail", at=AT, errorType="JobFailed", reason="road: nothing labeled")

    body = end(
        request,
        {"status": "FAILED", "mark": mark},
        car=DONE,
        road={"status": FAILED, "failureReason": "nothing labeled"},
    )

    assert body["message"] == "Batch processing failed"
    assert (body["status"], body["errorType"]) == ("FAILED", "JobFailed")
    assert body["errorString"] == "road: nothing labeled"
    assert [(job["jobName"], job["status"]) for job in body["failedJobs"]] == [
        ("road", "FAILED"),
        ("car-audit", "DROPPED"),
    ]


def test_a_batch_with_errors_never_says_success_alone() -> None:
    request = batch(label_job(), onJobFailure="continue")

    body = end(request, {"status": "COMPLETE_WITH_ERRORS"}, car=JobStatus.INCOMPLETE)

    assert body["status"] == "SUCCESS_WITH_ERRORS"
    assert "success" not in body["message"].lower()
    assert body["errorType"] == "LabelsMissing"
    assert body["failedJobs"][0]["jobName"] == "car"


def test_a_refused_batch_carries_its_errors() -> None:
    problem = Problem(path="s3://in-bucket/x", code="NOT_FOUND", problem="is not there", fix="f")
    mark = Mark(kind="invalid", at=AT, reason="1 problem", problems=[problem])

    body = end(batch(), {"status": "VALIDATION_FAIL", "mark": mark})

    assert (body["status"], body["errorType"]) == ("FAILED", "ValidationFailed")
    assert body["errorString"] == "s3://in-bucket/x: is not there"
    assert body["errors"] == [problem.model_dump()]
    assert body["failedJobs"] == []


def test_a_stopped_batch_says_so() -> None:
    stop = Stop(mode=StopMode.stop, at=AT)

    body = end(batch(), {"status": "STOPPED", "stop": stop})

    assert (body["status"], body["errorType"]) == ("STOPPED", "Stopped")


@pytest.mark.parametrize("status", [s for s in BatchStatus if s is not BatchStatus.IN_PROGRESS])
def test_every_end_has_a_message_that_can_be_told_apart(status: BatchStatus) -> None:
    first = end(batch(), {"status": status, "generation": 1}, car=DONE)
    again = end(batch(), {"status": status, "generation": 1}, car=DONE)
    later = end(batch(), {"status": status, "generation": 2}, car=DONE)

    assert first["dedupId"] == again["dedupId"] != later["dedupId"]


def test_a_large_batch_points_to_its_info_and_still_fits() -> None:
    # Given 1,000 failed jobs with long reasons in another script
    request = batch(*[label_job(f"job{n}") for n in range(1000)])
    reason = "失敗" * 1000
    rows = [
        row.model_copy(update={"status": FAILED, "failureReason": reason})
        for row in job_rows(request)
    ]

    message = messages.batch_end(
        batch_row(request, status="FAILED"), rows, request, "s3://b/info.json"
    )

    body = json.loads(message.body)
    assert len(message.body.encode()) < SNS_MAX
    assert body["batchInfoS3Uri"] == "s3://b/info.json"
    assert "batchInfo" not in body
    assert message.info is not None
    assert len(message.info["firstLevel"]["jobLevels"]) == 1000
    assert body["failedJobs"]


def test_a_levels_end_is_not_the_batchs_end() -> None:
    request = batch(label_job(), label_job("road"), audit_job())
    rows = job_rows(request, car=DONE, road=JobStatus.INCOMPLETE)

    message = messages.level_complete(batch_row(request), rows, 1)

    body = json.loads(message.body)
    assert body["status"] == message.attributes["status"] == "IN_PROGRESS"
    assert message.attributes["eventType"] == "LEVEL_COMPLETE"
    assert (body["level"], body["levelStatus"], body["numChildBatches"]) == (1, "COMPLETE", 2)


def test_a_failed_job_is_announced_with_its_reason_and_a_legal_subject() -> None:
    request = batch(label_job("n" * 60), batchId="b" * 63)
    rows = job_rows(request, **{"n" * 60: {"status": FAILED, "failureReason": "é\n" * 3000}})

    message = messages.job_failed(batch_row(request), rows[0])

    body = json.loads(message.body)
    assert len(message.subject) <= 100
    assert message.subject.isascii()
    assert message.subject.isprintable()
    assert (body["eventType"], body["status"]) == ("JOB_FAILED", "IN_PROGRESS")
    assert len(body["reason"]) == 2000


def test_a_stalled_job_says_since_when() -> None:
    request = batch(label_job())
    rows = job_rows(request, car={"status": JobStatus.IN_PROGRESS, "countersAt": AT})

    body = json.loads(messages.job_stalled(batch_row(request), rows[0]).body)

    assert body["eventType"] == "JOB_STALLED"
    assert "2027-01-15T08:00:00.000Z" in body["message"]
