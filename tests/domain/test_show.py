"""What `show` says, in the shape that clients of 2021 read."""

from typing import Any

import pytest

from terrace.domain.problems import Problem
from terrace.domain.records import AttemptRecord, Counters, Mark
from terrace.domain.show import batch_view, dump
from terrace.domain.status import BatchStatus, JobStatus
from tests.domain.requests import audit_job, batch, contract_2021, label_job
from tests.domain.rows import AT, batch_row, job_rows

DONE = JobStatus.COMPLETE
KEYS_2021_BATCH = {
    "batchId", "status", "inputLabelingJobs", "firstLevel", "secondLevel", "thirdLevel",
}  # fmt: skip
KEYS_2021_LEVEL = {"status", "numChildBatches", "numChildBatchesComplete", "jobLevels"}
KEYS_2021_JOB = {
    "batchId", "batchStatus", "labelingJobName", "labelAttributeName", "labelCategoryS3Uri",
    "jobInputS3Uri", "jobInputS3Url", "jobOutputS3Uri", "jobOutputS3Url",
}  # fmt: skip


def link(uri: str) -> str:
    return f"https://{uri.removeprefix('s3://')}?signed"


def test_a_complete_batch_of_2021_has_the_keys_and_values_of_2021() -> None:
    # Given the notebook's batch, all done
    request = contract_2021()
    names = [job["jobName"] for job in request["labelingJobs"]]
    outputs = {name: f"s3://batch/{name}/output.manifest" for name in names}
    rows = [
        row.model_copy(
            update={
                "status": DONE,
                "outputManifestS3Uri": outputs[row.jobName],
                "jobInputS3Uri": outputs.get(row.spec.inputConfig.chainFromJobName or ""),
            }
        )
        for row in job_rows(request)
    ]

    # When it is shown
    view = batch_view(
        batch_row(request, status="COMPLETE", transformedAt=AT, endedAt=AT), rows, request, link
    )
    data = dump(view)

    # Then
    assert set(data) >= KEYS_2021_BATCH
    assert data["status"] == "COMPLETE"
    assert data["inputLabelingJobs"] == request["labelingJobs"]
    assert data["thirdLevel"] == {
        "status": "COMPLETE", "numChildBatches": 0, "numChildBatchesComplete": 0, "jobLevels": [],
    }  # fmt: skip
    assert "fourthLevel" not in data
    for level in ("firstLevel", "secondLevel"):
        assert set(data[level]) == KEYS_2021_LEVEL
        assert data[level]["status"] == "COMPLETE"
        assert (data[level]["numChildBatches"], data[level]["numChildBatchesComplete"]) == (2, 2)
        assert all(set(job) >= KEYS_2021_JOB for job in data[level]["jobLevels"])
    lane, audit = data["firstLevel"]["jobLevels"][1], data["secondLevel"]["jobLevels"][1]
    assert lane["batchId"] == "nb-track-1a2b3c4d-first_level-nb-track-1a2b3c4d-lane"
    assert lane["labelAttributeName"] == "nb-track-1a2b3c4d-lane-ref"
    assert lane["labelCategoryS3Uri"] == "s3://in-bucket/tracking_manifests/lane.json"
    assert lane["jobInputS3Uri"].endswith("clip-13.manifest")
    assert lane["jobOutputS3Url"] == link(lane["jobOutputS3Uri"])
    assert audit["jobInputS3Uri"] == lane["jobOutputS3Uri"]
    assert audit["labelCategoryS3Uri"] == lane["labelCategoryS3Uri"]


def test_all_jobs_are_there_before_any_row_exists() -> None:
    request = contract_2021()

    data = dump(batch_view(batch_row(request), [], request, link))

    assert data["firstLevel"]["status"] == "PENDING"
    assert data["thirdLevel"]["status"] == "PENDING"
    job = data["secondLevel"]["jobLevels"][0]
    assert job["batchStatus"] == "PENDING"
    assert job["labelAttributeName"] == "nb-track-1a2b3c4d-vehicle-audit-ref"
    assert job["jobInputS3Uri"] is None
    first = data["firstLevel"]["jobLevels"][0]
    assert first["jobInputS3Uri"] is not None
    assert first["jobInputS3Url"] is None, "nobody has looked whether the manifest exists"


def test_a_batch_that_failed_validation_shows_every_error_and_no_running_job() -> None:
    request = contract_2021()
    problem = Problem(path="s3://in-bucket/x", code="NOT_FOUND", problem="p", fix="f")
    mark = Mark(kind="invalid", at=AT, errorType="ValidationFailed", reason="r", problems=[problem])

    data = dump(batch_view(batch_row(request, status="VALIDATION_FAIL", mark=mark), [], request))

    assert data["errors"] == [problem.model_dump()]
    assert data["failureReason"] == "r"
    jobs = data["firstLevel"]["jobLevels"] + data["secondLevel"]["jobLevels"]
    assert {job["batchStatus"] for job in jobs} == {"DROPPED"}
    assert data["thirdLevel"]["status"] == "PENDING"


def test_jobs_that_can_no_longer_start_say_why() -> None:
    request = batch(label_job(), audit_job(), label_job("road"), onJobFailure="continue")
    rows = job_rows(
        request, car={"status": JobStatus.FAILED, "failureReason": "nothing labeled"}, road=DONE
    )

    data = dump(batch_view(batch_row(request), rows, request))

    assert data["firstLevel"]["status"] == "FAILED"
    assert data["firstLevel"]["numChildBatchesComplete"] == 1
    (audit,) = data["secondLevel"]["jobLevels"]
    assert audit["batchStatus"] == "DROPPED"
    assert "car" in audit["failureReason"]


def test_levels_past_the_third_are_there_if_they_are_used() -> None:
    request = batch(label_job(), audit_job(level=5))

    data = dump(batch_view(batch_row(request), job_rows(request), request))

    assert data["fourthLevel"]["numChildBatches"] == 0
    assert data["fifthLevel"]["numChildBatches"] == 1
    assert data["fifthLevel"]["jobLevels"][0]["batchId"] == "b-fifth_level-car-audit"
    assert "sixthLevel" not in data


@pytest.mark.parametrize(
    ("row", "labeled"),
    [
        ({}, None),
        ({"numItems": 10, "counters": Counters(totalLabeled=4)}, 4),
        (
            {
                "numItems": 10,
                "attempt": 2,
                "counters": Counters(totalLabeled=1),
                "attempts": [
                    AttemptRecord(attempt=1, name="car", status="Completed", numItemsLabeled=8)
                ],
            },
            9,
        ),
        ({"status": DONE, "numItemsLabeled": 10, "counters": Counters(totalLabeled=2)}, 10),
    ],
    ids=["nothing known", "one attempt runs", "the second attempt runs", "ended"],
)
def test_progress_counts_all_attempts(row: dict[str, Any], labeled: int | None) -> None:
    request = batch(label_job())
    rows = job_rows(request, car={"status": JobStatus.IN_PROGRESS, **row})

    data = dump(batch_view(batch_row(request), rows, request))

    assert data["firstLevel"]["jobLevels"][0]["numItemsLabeled"] == labeled


def test_above_200_jobs_there_are_no_links() -> None:
    request = batch(*[label_job(f"j{n}") for n in range(201)])
    view = batch_view(batch_row(request, transformedAt=AT), job_rows(request), request, link)

    assert all(job.jobInputS3Url is None for job in view.firstLevel.jobLevels)


@pytest.mark.parametrize("status", list(BatchStatus))
def test_an_unused_level_is_complete_only_if_the_batch_is(status: BatchStatus) -> None:
    request = batch(label_job())

    view = batch_view(batch_row(request, status=status), job_rows(request), request)

    assert (view.thirdLevel.status == "COMPLETE") is (
        status in {BatchStatus.COMPLETE, BatchStatus.COMPLETE_WITH_ERRORS}
    )
