"""Batches of any shape for the planner, drawn by Hypothesis or written down."""

from typing import Any

from hypothesis import strategies as st

from terrace.domain.records import AttemptRecord, BatchRecord, JobRecord, Mark
from terrace.domain.request import JobSpec
from terrace.domain.status import JobStatus

AT = 1_800_000_000.0
ENDED = AttemptRecord(attempt=1, name="x", status="Completed", numItems=3, numItemsLabeled=1)


def a_batch(**more: Any) -> BatchRecord:
    fields: dict[str, Any] = {
        "batchId": "b",
        "uid": "u",
        "status": "IN_PROGRESS",
        "pacing": "level",
        "onJobFailure": "fail",
        "requestS3Uri": "s3://b/r.json",
        "requestDigest": "d",
        "createdAt": AT,
        "updatedAt": AT,
        "movedAt": AT,
    }
    return BatchRecord.model_validate(fields | more)


def a_mark(kind: str = "fail") -> Mark:
    return Mark(kind=kind, at=AT)


def a_job(name: str, level: int = 1, source: str | None = None, **more: Any) -> JobRecord:
    given = {"chainFromJobName": source} if source else {"inputManifestS3Uri": "s3://i/m"}
    spec = {
        "jobName": name,
        "jobLevel": level,
        "jobModality": "VideoObjectTracking",
        "inputConfig": given,
        **more.pop("spec", {}),
    }
    fields: dict[str, Any] = {
        "batchId": "b",
        "jobName": name,
        "level": level,
        "index": more.pop("index", 0),
        "spec": JobSpec.model_validate(spec),
        "labelAttributeName": f"{name}-ref",
        "numItems": 3,
    }
    return JobRecord.model_validate(fields | more)


@st.composite
def any_jobs(draw: st.DrawFn) -> list[JobRecord]:
    """Up to nine jobs on three levels, each with any status that its source allows or not."""
    jobs: list[JobRecord] = []
    for index in range(draw(st.integers(1, 9))):
        level = draw(st.integers(1, 3))
        below = [job.jobName for job in jobs if job.level < level]
        source = draw(st.sampled_from([None, *below])) if below else None
        status = draw(st.sampled_from(JobStatus))
        refused = draw(st.sampled_from([None, None, AT - 100, AT - 1]))
        wait = draw(st.sampled_from([None, AT - 50, AT + 50]))
        pending = status is JobStatus.PENDING
        more: dict[str, Any] = {
            "status": status,
            "index": index,
            "deferredAt": refused if pending else None,
            "notBefore": wait if pending else None,
            "endedAt": draw(st.sampled_from([AT - 200, AT])) if not pending else None,
        }
        if draw(st.booleans()):
            more |= {"attempt": 2, "attempts": [ENDED]}
        jobs.append(a_job(f"j{index}", level, source, **more))
    return jobs


any_batches = st.builds(
    a_batch,
    pacing=st.sampled_from(["level", "dependency"]),
    onJobFailure=st.sampled_from(["fail", "continue"]),
    mark=st.sampled_from([None, None, None, a_mark(), a_mark("stop")]),
)
