"""Labeling jobs in memory, with outputs in the object store as Ground Truth lays them out."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from terrace.domain import s3uri
from terrace.domain.records import Counters
from terrace.errors import NameTakenError
from terrace.ports import LabelingJob, ObjectStore

REGION, ACCOUNT = "us-east-1", "111122223333"


@dataclass
class FakeEngine:
    """`before_create` and `after_create` may raise what AWS would: a call that fails, or whose
    answer is lost after it took effect."""

    objects: ObjectStore
    now: Callable[[], float]
    jobs: dict[str, LabelingJob] = field(default_factory=dict)
    requests: dict[str, dict[str, Any]] = field(default_factory=dict)
    stopped: list[str] = field(default_factory=list)
    creates: list[str] = field(default_factory=list)
    before_create: Callable[[str], None] = lambda name: None
    after_create: Callable[[str], None] = lambda name: None
    session: int = 43_200
    team_problem: str | None = None

    def create(self, request: dict[str, Any]) -> str:
        name = request["LabelingJobName"]
        self.creates.append(name)
        self.before_create(name)
        if name.lower() in self.jobs:
            raise NameTakenError(f"CreateLabelingJob {name}: ResourceInUse")
        arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:labeling-job/{name.lower()}"
        self.jobs[name.lower()] = LabelingJob(
            name=name,
            arn=arn,
            status="InProgress",
            counters=Counters(),
            createdAt=self.now(),
            outputPath=request["OutputConfig"]["S3OutputPath"],
            tags={tag["Key"]: tag["Value"] for tag in request["Tags"]},
        )
        self.requests[name.lower()] = request
        self.after_create(name)
        return arn

    def describe(self, name: str) -> LabelingJob | None:
        return self.jobs.get(name.lower())

    def list_since(self, since: float) -> Iterator[LabelingJob]:
        yield from (
            replace(job, tags={}, outputPath="")
            for job in self.jobs.values()
            if job.createdAt >= since
        )

    def stop(self, name: str) -> None:
        self.stopped.append(name)
        if name.lower() in self.jobs and not self.jobs[name.lower()].terminal:
            self.finish(name, "Stopped", labeled=0)

    def workteam_problem(self, arn: str) -> str | None:
        return self.team_problem

    def role_session_seconds(self, role_arn: str) -> int:
        return self.session

    # --- what people do ----------------------------------------------------------------------
    def finish(
        self,
        name: str,
        status: str = "Completed",
        *,
        labeled: float = 1.0,
        manifest: str = "ok",
        counted: int | None = None,
        reason: str | None = None,
    ) -> None:
        """Ends a job with a share of its items labeled."""
        job = self.jobs[name.lower()]
        request = self.requests[name.lower()]
        attribute = request["LabelAttributeName"]
        given = request["InputConfig"]["DataSource"]["S3DataSource"]["ManifestS3Uri"]
        items = [json.loads(line.text) for line in self.objects.read_lines(given)]
        done = round(labeled * len(items))
        for index, item in enumerate(items):
            about = f"{attribute}-metadata"
            if index < done:
                item[attribute] = f"s3://labels/{job.name}/{index}/SeqLabel.json"
                item[about] = {"type": "groundtruth/video-object-tracking"}
            elif status == "Completed":
                item[about] = {"failure-reason": "ClientError: Annotation tasks expired."}
        uri = s3uri.join(job.outputPath, job.name, "manifests/output/output.manifest")
        lines = [json.dumps(item) for item in items]
        if manifest == "truncated":
            lines[-1] = lines[-1][:20]
        if manifest != "absent":
            self.objects.write_lines(uri, iter(lines))
        self.jobs[name.lower()] = replace(
            job,
            status=status,
            counters=Counters(totalLabeled=done if counted is None else counted),
            outputManifestS3Uri=uri,
            failureReason=reason,
        )

    def progress(self, name: str, labeled: int) -> None:
        job = self.jobs[name.lower()]
        self.jobs[name.lower()] = replace(job, counters=Counters(totalLabeled=labeled))
