"""Ground Truth in memory: names that are spent for ever, people who work, outputs in S3."""

import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.world.aws.errors import aws_error
from tests.world.aws.s3 import S3

REGION, ACCOUNT = "us-east-1", "111122223333"
DAY = 86_400.0
LIFETIME = 30 * DAY
"""A labeling job that is not done by then fails."""
TERMINAL = frozenset({"Completed", "Failed", "Stopped"})


@dataclass
class Plan:
    """What will become of a labeling job, drawn when it is created."""

    seconds: float = 3600.0
    status: str = "Completed"
    share: float = 1.0
    """Of its items, how many get a label."""
    manifest: str = "ok"
    """ok | absent | truncated | late (absent at first)."""
    late: float = 0.0
    miscount: int = 0
    """Labels that the counters claim beyond what the manifest holds."""


@dataclass
class Job:
    """One labeling job, and what is true of it."""

    name: str
    arn: str
    request: dict[str, Any]
    createdAt: float
    items: list[dict[str, Any]]
    plan: Plan
    tags: dict[str, str]
    status: str = "InProgress"
    endedAt: float | None = None
    labels: dict[int, Any] = field(default_factory=dict)
    """By line of its manifest: the labels people made (known when it has ended)."""
    counted: int = 0
    stopping: bool = False
    trusted: bool = False
    """Its manifest is (or will be) there, whole, and agrees with its counters."""

    @property
    def live(self) -> bool:
        return self.status not in TERMINAL

    @property
    def attribute(self) -> str:
        found: str = self.request["LabelAttributeName"]
        return found

    @property
    def output_uri(self) -> str:
        base = self.request["OutputConfig"]["S3OutputPath"].rstrip("/")
        return f"{base}/{self.name}/manifests/output/output.manifest"

    def wanted(self) -> int:
        """Labels after which its stopping conditions end it."""
        most = len(self.items)
        conditions = self.request.get("StoppingConditions", {})
        if "MaxHumanLabeledObjectCount" in conditions:
            most = min(most, conditions["MaxHumanLabeledObjectCount"])
        if "MaxPercentageOfInputDatasetLabeled" in conditions:
            percent = conditions["MaxPercentageOfInputDatasetLabeled"]
            most = min(most, -(-len(self.items) * percent // 100))
        return most


class SageMaker:
    """`on_status` hears of every change of status (that is what EventBridge is told)."""

    def __init__(
        self,
        s3: S3,
        now: Callable[[], float],
        after: Callable[[float, Callable[[], None]], None],
        plan: Callable[[str], Plan],
    ) -> None:
        self._s3 = s3
        self._now = now
        self._after = after
        self._plan = plan
        self.jobs: dict[str, Job] = {}
        self.quota: int | None = None
        self.teams: set[str] = set()
        self.drawn: set[str] = set()
        """Batches in which people draw boxes; in others a label is no more than a name."""
        self.on_create: list[Callable[[Job], None]] = []
        self.on_status: list[Callable[[Job], None]] = []

    # --- the API -----------------------------------------------------------------------------
    def create_labeling_job(self, **p: Any) -> dict[str, Any]:
        name = p["LabelingJobName"]
        if name.lower() in self.jobs:
            raise aws_error("ResourceInUse", f"Labeling Job {name} already exists")
        if self.quota is not None and len([j for j in self.jobs.values() if j.live]) >= self.quota:
            raise aws_error("ResourceLimitExceeded", "The account-level service limit is reached")
        text = self._s3.text(p["InputConfig"]["DataSource"]["S3DataSource"]["ManifestS3Uri"])
        if text is None:
            raise aws_error("ValidationException", "the manifest does not exist")
        job = Job(
            name=name,
            arn=f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:labeling-job/{name.lower()}",
            request=p,
            createdAt=self._now(),
            items=[json.loads(line) for line in text.splitlines() if line.strip()],
            plan=self._plan(name),
            tags={tag["Key"]: tag["Value"] for tag in p.get("Tags", [])},
        )
        self.jobs[name.lower()] = job
        self._after(min(job.plan.seconds, LIFETIME), lambda: self.people_done(job))
        for hook in self.on_create:
            hook(job)
        return {"LabelingJobArn": job.arn}

    def describe_labeling_job(self, **p: Any) -> dict[str, Any]:
        job = self.jobs.get(p["LabelingJobName"].lower())
        if job is None:
            raise aws_error("ResourceNotFound", "could not find it")
        found = {**self._summary(job), "OutputConfig": job.request["OutputConfig"]}
        found["Tags"] = [{"Key": key, "Value": value} for key, value in job.tags.items()]
        if not job.live:
            found["LabelingJobOutput"] = {"OutputDatasetS3Uri": job.output_uri}
        if job.status == "Failed":
            found["FailureReason"] = "ClientError: the world wanted it so"
        return found

    def list_labeling_jobs(self, **p: Any) -> dict[str, Any]:
        after = p["CreationTimeAfter"].timestamp()
        found = sorted(
            (job for job in self.jobs.values() if job.createdAt > after),
            key=lambda job: (job.createdAt, job.name),
        )
        start = int(p.get("NextToken", 0))
        size = min(p.get("MaxResults", 10), 10)
        page = {"LabelingJobSummaryList": [self._summary(j) for j in found[start : start + size]]}
        if len(found) > start + size:
            page["NextToken"] = str(start + size)  # type: ignore[assignment]
        return page

    def stop_labeling_job(self, **p: Any) -> dict[str, Any]:
        job = self.jobs.get(p["LabelingJobName"].lower())
        if job is None:
            raise aws_error("ResourceNotFound", "could not find it")
        if job.live and not job.stopping:
            job.stopping = True
            job.status = "Stopping"
            self._after(20.0, lambda: self._stopped(job))
        return {}

    def describe_workteam(self, **p: Any) -> dict[str, Any]:
        name = p["WorkteamName"]
        if name not in self.teams:
            raise aws_error("ValidationException", "the team does not exist")
        arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:workteam/private-crowd/{name}"
        member = {"CognitoMemberDefinition": {"UserPool": "pool", "UserGroup": name}}
        return {"Workteam": {"WorkteamArn": arn, "MemberDefinitions": [member]}}

    def _summary(self, job: Job) -> dict[str, Any]:
        return {
            "LabelingJobName": job.name,
            "LabelingJobArn": job.arn,
            "LabelingJobStatus": job.status,
            "CreationTime": datetime.fromtimestamp(job.createdAt, UTC),
            "LabelCounters": {"TotalLabeled": self._progress(job), "HumanLabeled": 0},
        }

    def _progress(self, job: Job) -> int:
        if not job.live:
            return job.counted
        share = min(1.0, (self._now() - job.createdAt) / job.plan.seconds)
        return int(share * job.plan.share * job.wanted())

    # --- what people do ----------------------------------------------------------------------
    def people_done(self, job: Job) -> None:
        if not job.live or job.stopping:
            return
        if job.plan.seconds > LIFETIME:
            self.end(job, "Failed", self._progress(job))
        else:
            self.end(job, job.plan.status, round(job.plan.share * job.wanted()))

    def _stopped(self, job: Job) -> None:
        if job.live:
            self.end(job, "Stopped", self._progress(job))

    def end(self, job: Job, status: str, labeled: int) -> None:
        """The labeling job ends with so many of its items labeled."""
        job.status = status
        job.endedAt = self._now()
        drawn = job.tags.get("terrace:batch") in self.drawn and not _verifies(job)
        made = {n: f"s3://labels/{job.name}/{n}" for n in range(labeled)}
        job.labels = {n: _boxes(n, uri) if drawn else uri for n, uri in made.items()}
        job.counted = labeled + job.plan.miscount
        manifest = job.plan.manifest
        job.trusted = manifest in {"ok", "late"} and job.plan.miscount <= 0
        if manifest == "late":
            self._after(job.plan.late, lambda: self._write(job, whole=True))
        elif manifest != "absent":
            self._write(job, whole=manifest == "ok")
        for hook in self.on_status:
            hook(job)

    def _write(self, job: Job, *, whole: bool) -> None:
        lines = []
        about = f"{job.attribute}-metadata"
        for number, item in enumerate(job.items):
            line = dict(item)
            if number in job.labels:
                line[job.attribute] = job.labels[number]
                line[about] = {"type": "groundtruth/world", "human-annotated": "yes"}
                if isinstance(job.labels[number], dict):
                    line[about] |= {"type": "groundtruth/object-detection"}
                    line[about]["class-map"] = {"0": "Car"}
                if _verifies(job):
                    bad = zlib.crc32(f"{job.name}/{number}".encode()) % 4 == 0
                    line[about]["class-name"] = "Fail" if bad else "Pass"
            elif job.status == "Completed":
                line[about] = {"failure-reason": "ClientError: Annotation tasks expired."}
            lines.append(json.dumps(line))
        text = "\n".join(lines) + "\n"
        self._s3.put(job.output_uri, text if whole else text[: max(0, len(text) - 25)])

    def get_paginator(self, operation: str) -> "Paginator":
        raise NotImplementedError("the client makes its own, so that each page is a call")


def _verifies(job: Job) -> bool:
    # Jobs of strangers say less of themselves.
    task = job.request.get("HumanTaskConfig", {}).get("PreHumanTaskLambdaArn", "")
    return "Verification" in task


def _boxes(number: int, made: str) -> dict[str, Any]:
    """A box of a car, in an image that the label does not say the size of."""
    box = {"class_id": 0, "left": number, "top": 1, "width": 9, "height": 9}
    return {"annotations": [box], "made": made}


@dataclass
class Paginator:
    """botocore's paginator over the world's client: each page is a call like any other."""

    call: Callable[..., dict[str, Any]]

    def paginate(self, PaginationConfig: dict[str, Any], **p: Any) -> Iterator[dict[str, Any]]:
        p["MaxResults"] = PaginationConfig["PageSize"]
        while True:
            page = self.call(**p)
            yield page
            if "NextToken" not in page:
                return
            p["NextToken"] = page["NextToken"]


class Cognito:
    """Every team has somebody in it."""

    @staticmethod
    def list_users_in_group(**p: Any) -> dict[str, Any]:
        return {"Users": [{"Username": "ann"}]}


class Iam:
    """The role that labeling jobs run under."""

    @staticmethod
    def get_role(**p: Any) -> dict[str, Any]:
        return {"Role": {"MaxSessionDuration": 43_200}}
