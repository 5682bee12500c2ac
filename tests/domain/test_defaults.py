"""What a request leaves open: the values of 2021 where they are legal, never a surprise."""

from dataclasses import replace
from typing import Any

import pytest

from terrace.domain import modalities
from terrace.domain.defaults import fill
from terrace.domain.limits import THIRTY_DAYS, Limits
from terrace.domain.request import JobSpec
from terrace.domain.validation import check_request
from tests.domain.requests import LIMITS, audit_job, batch, boxes_job, contract_2021, label_job


def filled(raw: dict[str, Any], limits: Limits = LIMITS) -> list[JobSpec]:
    request, problems = check_request(raw, limits)
    assert problems == []
    assert request is not None
    made = fill(request, limits)
    assert fill(made, limits) == made
    return made.labelingJobs


def test_the_2021_request_gets_the_values_of_2021() -> None:
    jobs = filled(contract_2021())

    assert [job.labelAttributeName for job in jobs] == [f"{job.jobName}-ref" for job in jobs]
    assert [str(job.workteamArn).rsplit("smgt-workflow-")[1] for job in jobs] == [
        "first-level",
        "first-level",
        "second-level",
        "second-level",
    ]
    lane = jobs[1]
    assert lane.maxConcurrentTaskCount == 100
    assert lane.taskAvailabilityLifetimeInSeconds == 864_000
    assert lane.taskTimeLimitInSeconds == 604_800
    assert lane.numberOfHumanWorkersPerDataObject == 1


@pytest.mark.parametrize("name", list(modalities.MODALITIES))
def test_nothing_is_left_open_and_all_of_it_is_legal(name: str) -> None:
    row = modalities.MODALITIES[name]
    source = {"inputManifestS3Uri": "s3://in-bucket/x"}
    if row.review:
        source["auditLabelAttributeName"] = "old"
    (job,) = filled(batch(label_job("n" * 60, jobModality=name, inputConfig=source)))

    assert str(job.labelAttributeName).endswith("-ref") is row.attribute_ref_suffix
    assert job.taskTimeLimitInSeconds <= row.task_time_limit_max  # type: ignore[operator]
    assert job.taskTitle is not None
    assert job.taskTitle.endswith("n" * 60)
    assert len(job.taskTitle) <= 128
    assert len(job.taskDescription or "") in range(1, 256)
    # And the filled request is still right, so that a stored one can be sent again.
    again = batch(job.model_dump(mode="json"))
    assert check_request(again, LIMITS)[1] == []


@pytest.mark.parametrize(
    ("name", "attribute"),
    [("x", "x"), ("x-ref", "x-ref-label"), ("source", "source-label"), ("terrace", "terrace-label"),
     ("x-metadata", "x-metadata-label")],
)  # fmt: skip
def test_an_image_jobs_attribute_is_one_that_ground_truth_takes(name: str, attribute: str) -> None:
    (job,) = filled(batch(boxes_job(name)))

    assert job.labelAttributeName == attribute


@pytest.mark.parametrize(
    ("given", "time", "availability", "timeout"),
    [
        ({}, 604_800, 864_000, 1_468_800),
        ({"jobCompletionTimeoutInSeconds": 3600}, 1800, 1800, 3600),
        ({"jobCompletionTimeoutInSeconds": 90}, 30, 60, 90),
        (
            {"jobCompletionTimeoutInSeconds": 3600, "taskTimeLimitInSeconds": 600},
            600,
            3000,
            3600,
        ),
        (
            {"jobCompletionTimeoutInSeconds": 3600, "taskAvailabilityLifetimeInSeconds": 3000},
            600,
            3000,
            3600,
        ),
        (
            {
                "taskTimeLimitInSeconds": 2_592_000,
                "taskAvailabilityLifetimeInSeconds": 2_592_000,
            },
            2_592_000,
            2_592_000,
            THIRTY_DAYS,
        ),
    ],
)
def test_a_job_is_never_cut_off_while_a_task_may_be_open(
    given: dict[str, Any], time: int, availability: int, timeout: int
) -> None:
    limits = replace(LIMITS, job_completion_timeout_seconds=60)
    (job,) = filled(batch(label_job(**given)), limits)

    assert job.taskTimeLimitInSeconds == time
    assert job.taskAvailabilityLifetimeInSeconds == availability
    assert job.jobCompletionTimeoutInSeconds == timeout


def test_what_was_given_is_never_changed() -> None:
    given = label_job(
        labelAttributeName="mine-ref",
        taskTitle="mine",
        taskKeywords=["mine"],
        maxConcurrentTaskCount="7",
        taskTimeLimitInSeconds=30,
    )
    (job,) = filled(batch(given))

    assert (job.labelAttributeName, job.taskTitle, job.taskKeywords) == (
        "mine-ref",
        "mine",
        ["mine"],
    )
    assert (job.maxConcurrentTaskCount, job.taskTimeLimitInSeconds) == (7, 30)


def test_the_second_level_team_works_on_every_level_after_the_first() -> None:
    jobs = filled(batch(label_job(), audit_job(level=7)))

    assert [str(job.workteamArn)[-12:] for job in jobs] == ["-first-level", "second-level"]
