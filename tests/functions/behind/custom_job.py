"""A Custom job and its review on record, as they are while people work."""

from typing import Any

from terrace.domain.records import ClaimRecord, JobRecord
from terrace.domain.request import JobSpec
from tests.fakes.house import INPUTS
from tests.functions.behind.conftest import World

BATCH, JOB, REVIEW = "pose-7", "pose-7-people", "pose-7-people-check"
CATEGORIES = f"s3://{INPUTS}/pose/categories.json"
NOSE = {"id": 0, "label": "nose", "x": 101.5, "y": 40.25, "visibility": "visible"}
PERSON = {"id": "skeleton-1", "keypoints": [NOSE]}


def recorded(world: World, name: str = JOB, **changes: Any) -> JobRecord:
    """Writes the rows of a job that runs; returns the job's."""
    spec = {
        "jobName": name,
        "jobLevel": 1,
        "jobModality": "Custom",
        "inputConfig": {"inputManifestS3Uri": f"s3://{INPUTS}/pose.manifest"},
    }
    job = JobRecord.model_validate(
        {
            "batchId": BATCH,
            "jobName": name,
            "level": 1,
            "index": 0,
            "spec": JobSpec.model_validate(spec),
            "status": "IN_PROGRESS",
            "labelAttributeName": name,
            "inputManifestS3Uri": f"s3://{INPUTS}/pose.manifest",
        }
        | changes
    )
    world.house.store.put_job(job)
    world.house.store.reserve(
        ClaimRecord(name=name, batchId=BATCH, level=1, jobName=name, attempt=1)
    )
    return job
