"""The record of one labeling job, and where all records are kept."""

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from terrace_local.ground_truth.arns import labeling_job_arn
from terrace_local.ground_truth.errors import ServiceError, not_found
from terrace_local.ground_truth.task_types import TASK_TYPES, TaskType

TERMINAL = ("Completed", "Failed", "Stopped")
LOG_LINES = 200

JobKey = tuple[str, str, str]


@dataclass
class ItemResult:
    """What became of one data object; ``labeled`` False is a failed line, unless it was `left`.

    Attributes:
        labeled: Whether the line gets a label.
        value: The label, as the manifest line holds it.
        metadata: The label's metadata.
        answers: ``{workerId, content | s3Uri}`` of each worker, for the consolidation files.
        answered_at: When, as a POSIX time.
        left: Nobody was asked: the line stays as it was.
    """

    labeled: bool
    value: Any = None
    metadata: dict[str, Any] = field(default_factory=dict)
    answers: list[dict[str, Any]] = field(default_factory=list)
    answered_at: float = 0.0
    left: bool = False


@dataclass
class Job:
    """One labeling job; change it only while holding the store's lock.

    Attributes:
        items: Lines of the manifest; None until it was read.
        skipped: Lines that already hold the label attribute: not this job's to label.
        results: Line index -> what became of it.
        claimed: Somebody is ending the job; nobody else may, and no answer counts any more.
        round: Number of the plan that is being worked off; answers of older plans are void.
        outcome: How an outcome rule wants it to end; empty when none does, None when not asked.
        final: The counters of a job that is over; its results are not kept.
    """

    region: str
    account: str
    request: dict[str, Any]
    task_type_name: str
    created: float
    modified: float
    status: str = "Initializing"
    failure_reason: str | None = None
    items: int | None = None
    skipped: int = 0
    results: dict[int, ItemResult] = field(default_factory=dict)
    claimed: bool = False
    round: int = 0
    outcome: dict[str, Any] | None = None
    output_uri: str | None = None
    truth: str | None = None
    log: list[dict[str, Any]] = field(default_factory=list)
    final: dict[str, int] | None = None

    @property
    def name(self) -> str:
        """The name as it was given."""
        return str(self.request["LabelingJobName"])

    @property
    def key(self) -> JobKey:
        """What makes it unique: Region, account and the name whatever its case."""
        return (self.region, self.account, self.name.lower())

    @property
    def arn(self) -> str:
        """The job's ARN, with the name in lower case."""
        return labeling_job_arn(self.region, self.account, self.name)

    @property
    def attribute(self) -> str:
        """The label attribute it writes."""
        return str(self.request["LabelAttributeName"])

    @property
    def workteam_arn(self) -> str:
        """The team its tasks go to."""
        return str(self.request["HumanTaskConfig"]["WorkteamArn"])

    @property
    def task_type(self) -> TaskType:
        """The row of its task type."""
        return TASK_TYPES[self.task_type_name]

    @property
    def root(self) -> str:
        """S3 URI of its output folder, without a slash at the end; the name's case is kept."""
        return f"{self.request['OutputConfig']['S3OutputPath'].rstrip('/')}/{self.name}"

    @property
    def reference_code(self) -> str:
        """Short code that workers see; fixed by the ARN and the time of creation."""
        return hashlib.sha256(f"{self.arn}{self.created}".encode()).hexdigest()[:12]

    @property
    def is_over(self) -> bool:
        """Whether the status will never change again."""
        return self.status in TERMINAL

    def counters(self) -> dict[str, int]:
        """LabelCounters; lines labeled before this job are in none of them."""
        if self.final is not None:
            return dict(self.final)
        labeled = sum(1 for result in self.results.values() if result.labeled)
        failed = sum(
            1 for result in self.results.values() if not result.labeled and not result.left
        )
        wanted = (self.items or 0) - self.skipped
        return {
            "TotalLabeled": labeled,
            "HumanLabeled": labeled,
            "MachineLabeled": 0,
            "FailedNonRetryableError": failed,
            "Unlabeled": max(0, wanted - labeled - failed),
        }

    def note(self, event: str, message: str) -> None:
        """Adds a line to the job's log (the newest are kept), in CloudWatch's words."""
        self.log.append(
            {
                "time": time.time(),
                "labeling-job-name": self.name,
                "event-name": event,
                "event-log-message": message,
            }
        )
        del self.log[:-LOG_LINES]

    def touch(self) -> None:
        """Sets LastModifiedTime to now."""
        self.modified = time.time()

    def to_json(self) -> dict[str, Any]:
        """The whole record as JSON-able data."""
        data = asdict(self)
        data["results"] = {str(index): result for index, result in data["results"].items()}
        return data

    @staticmethod
    def from_json(data: dict[str, Any]) -> "Job":
        """Takes back what `to_json` gave; a job that was just being ended is free again."""
        results = {int(i): ItemResult(**result) for i, result in data["results"].items()}
        return Job(**{**data, "results": results, "claimed": False})


class JobStore:
    """All jobs, under one lock."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._jobs: dict[JobKey, Job] = {}

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the lock for reading or changing jobs; never do I/O inside."""
        with self._lock:
            yield

    def add(self, job: Job) -> None:
        """Spends the name for ever.

        Raises:
            ServiceError: ResourceInUse, when a job has or had that name in any case.
        """
        with self._lock:
            if job.key in self._jobs:
                raise ServiceError(
                    "ResourceInUse",
                    f"Labeling Job names must be unique within an AWS account and region: a job "
                    f"with the name {self._jobs[job.key].name} already exists.",
                )
            self._jobs[job.key] = job

    def get(self, name: str, region: str, account: str) -> Job:
        """The job of that name in any case.

        Raises:
            ServiceError: ResourceNotFound.
        """
        with self._lock:
            job = self._jobs.get((region, account, name.lower()))
        if job is None:
            raise not_found()
        return job

    def find(self, name: str) -> Job | None:
        """The newest job of that name in any Region and account."""
        with self._lock:
            matches = [job for job in self._jobs.values() if job.name.lower() == name.lower()]
        return max(matches, key=lambda job: job.created, default=None)

    def all(self) -> list[Job]:
        """Every job, oldest first."""
        with self._lock:
            return sorted(self._jobs.values(), key=lambda job: job.created)

    def replace(self, jobs: list[Job]) -> None:
        """Forgets everything and keeps these."""
        with self._lock:
            self._jobs = {job.key: job for job in jobs}
