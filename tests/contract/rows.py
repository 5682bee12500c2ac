"""Batches, jobs, claims and parks to write: ordinary ones, with what a test wants changed."""

from typing import Any

from terrace.domain.records import BatchRecord, ClaimRecord, JobRecord, Mark, Park
from terrace.domain.request import JobSpec

AT = 1_800_000_000.25


def a_batch(batch_id: str = "b", **changes: Any) -> BatchRecord:
    fields: dict[str, Any] = {
        "batchId": batch_id,
        "uid": "u1",
        "status": "IN_PROGRESS",
        "pacing": "level",
        "onJobFailure": "fail",
        "requestS3Uri": f"s3://batch-bucket/batches/{batch_id}/request.json",
        "requestDigest": "d1",
        "createdAt": AT,
        "updatedAt": AT,
        "movedAt": AT,
    }
    return BatchRecord.model_validate(fields | changes)


def a_job(name: str = "car", level: int = 1, batch_id: str = "b", **changes: Any) -> JobRecord:
    spec = JobSpec.model_validate(
        {
            "jobName": name,
            "jobLevel": level,
            "jobModality": "VideoObjectTracking",
            "inputConfig": {"inputManifestS3Uri": "s3://input-bucket/clip.manifest"},
        }
    )
    fields: dict[str, Any] = {
        "batchId": batch_id,
        "jobName": name,
        "level": level,
        "index": 0,
        "spec": spec,
        "labelAttributeName": f"{name}-ref",
    }
    return JobRecord.model_validate(fields | changes)


def a_claim(name: str = "car", batch_id: str = "b", **changes: Any) -> ClaimRecord:
    fields: dict[str, Any] = {
        "name": name.lower(),
        "batchId": batch_id,
        "level": 1,
        "jobName": name,
        "attempt": 1,
    }
    return ClaimRecord.model_validate(fields | changes)


def a_mark(kind: str = "fail", **changes: Any) -> Mark:
    return Mark(kind=kind, at=AT + 5, reason="because", **changes)


def a_park(generation: int = 1, wave: int = 1, retry: int = 0, token: str = "t") -> Park:
    return Park(generation=generation, wave=wave, retry=retry, token=token, at=AT)
