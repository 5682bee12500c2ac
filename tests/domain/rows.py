"""Rows of an imagined batch, made from a request."""

from typing import Any

from terrace.domain import defaults
from terrace.domain.records import BatchRecord, JobRecord
from terrace.domain.request import BatchRequest
from terrace.domain.status import JobStatus
from tests.domain.requests import LIMITS

AT = 1_800_000_000.0


def batch_row(request: dict[str, Any], **more: Any) -> BatchRecord:
    """The batch row as `create` writes it."""
    return BatchRecord.model_validate(
        {
            "batchId": request["batchId"],
            "uid": "u" * 32,
            "status": "IN_PROGRESS",
            "pacing": request.get("pacing", "level"),
            "onJobFailure": request.get("onJobFailure", "fail"),
            "requestS3Uri": "s3://batch/request.json",
            "requestDigest": "d",
            "createdAt": AT,
            "updatedAt": AT,
            "movedAt": AT,
            "executionArn": "arn:aws:states:us-west-2:111122223333:execution:batch:b",
            **more,
        }
    )


def job_rows(request: dict[str, Any], **status: Any) -> list[JobRecord]:
    """Job rows as TransformBatch writes them; `status` by name, `-` written `_`, or a dict."""
    specs = defaults.fill(BatchRequest.model_validate(request), LIMITS).labelingJobs
    levels = {spec.jobName: spec.jobLevel for spec in specs}
    rows = []
    for index, spec in enumerate(specs):
        found = status.get(spec.jobName.replace("-", "_"), JobStatus.PENDING)
        changes = found if isinstance(found, dict) else {"status": found}
        source = spec.inputConfig.chainFromJobName
        row = JobRecord(
            batchId=request["batchId"],
            jobName=spec.jobName,
            level=spec.jobLevel,
            index=index,
            spec=spec,
            sourceLevel=levels[source] if source else None,
            labelAttributeName=spec.labelAttributeName or "",
        )
        rows.append(row.model_copy(update=changes))
    return rows
