"""Requests to start from, and the limits of an imagined stack."""

import copy
from typing import Any

from terrace.domain.limits import Limits
from terrace.domain.problems import Problem
from terrace.domain.validation import check_request

REGION, ACCOUNT = "us-west-2", "111122223333"
TEAM = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:workteam/private-crowd/smgt-workflow"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:labels"
LIMITS = Limits(
    region=REGION,
    input_buckets=frozenset({"in-bucket"}),
    first_level_workteam_arn=f"{TEAM}-first-level",
    second_level_workteam_arn=f"{TEAM}-second-level",
    topic_arns=frozenset({TOPIC}),
)

CONTRACT_2021: dict[str, Any] = {
    "batchId": "nb-track-1a2b3c4d",
    "labelingJobs": [
        {
            "jobName": "nb-track-1a2b3c4d-vehicle",
            "jobType": "BATCH",
            "jobLevel": "1",
            "jobModality": "VideoObjectTracking",
            "inputConfig": {
                "inputManifestS3Uri": "s3://in-bucket/tracking_manifests/clip-13.manifest"
            },
            "labelCategoryConfigS3Uri": "s3://in-bucket/tracking_manifests/vehicle.json",
            "taskAvailabilityLifetimeInSeconds": "864000",
            "taskTimeLimitInSeconds": "604800",
            "maxConcurrentTaskCount": "100",
            "workteamArn": f"{TEAM}-first-level",
        },
        {
            "jobName": "nb-track-1a2b3c4d-lane",
            "jobType": "BATCH",
            "jobLevel": "1",
            "jobModality": "VideoObjectDetection",
            "inputConfig": {
                "inputManifestS3Uri": "s3://in-bucket/tracking_manifests/clip-13.manifest"
            },
            "labelCategoryConfigS3Uri": "s3://in-bucket/tracking_manifests/lane.json",
        },
        {
            "jobName": "nb-track-1a2b3c4d-vehicle-audit",
            "jobType": "BATCH",
            "jobLevel": "2",
            "jobModality": "VideoObjectTrackingAudit",
            "inputConfig": {"chainFromJobName": "nb-track-1a2b3c4d-vehicle"},
        },
        {
            "jobName": "nb-track-1a2b3c4d-lane-audit",
            "jobType": "BATCH",
            "jobLevel": "2",
            "jobModality": "VideoObjectDetectionAudit",
            "inputConfig": {"chainFromJobName": "nb-track-1a2b3c4d-lane"},
        },
    ],
}


def contract_2021() -> dict[str, Any]:
    """The request of the 2021 notebook, to be changed at will."""
    return copy.deepcopy(CONTRACT_2021)


def label_job(name: str = "car", level: int = 1, **more: Any) -> dict[str, Any]:
    """A job that starts a lane."""
    return {
        "jobName": name,
        "jobLevel": level,
        "jobModality": "VideoObjectTracking",
        "inputConfig": {"inputManifestS3Uri": "s3://in-bucket/clip.manifest"},
        "labelCategoryConfigS3Uri": "s3://in-bucket/car.json",
        **more,
    }


def audit_job(
    name: str = "car-audit", level: int = 2, source: str = "car", **more: Any
) -> dict[str, Any]:
    """A job that goes on with a lane."""
    return {
        "jobName": name,
        "jobLevel": level,
        "jobModality": "VideoObjectTrackingAudit",
        "inputConfig": {"chainFromJobName": source},
        **more,
    }


def boxes_job(name: str = "boxes", **more: Any) -> dict[str, Any]:
    """An image job."""
    return label_job(name, **{"jobModality": "BoundingBox", **more})


def batch(*jobs: Any, **more: Any) -> dict[str, Any]:
    """A request with these jobs."""
    return {"batchId": "b", "labelingJobs": list(jobs or (label_job(),)), **more}


def problems_of(raw: object, limits: Limits = LIMITS) -> list[Problem]:
    """What is wrong with a request; a request is given if, and only if, nothing is."""
    request, problems = check_request(raw, limits)
    assert (request is None) == bool(problems)
    return problems


def found(raw: object, limits: Limits = LIMITS) -> set[tuple[str, str]]:
    """(path, code) of every problem."""
    return {(problem.path, problem.code) for problem in problems_of(raw, limits)}
