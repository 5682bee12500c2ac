"""What `GET /batch/show` says of one batch, as typed values for printing."""

from dataclasses import dataclass, field
from typing import Any

from terrace_cli.errors import ErrorRow

LEVEL_KEYS = (
    "firstLevel",
    "secondLevel",
    "thirdLevel",
    "fourthLevel",
    "fifthLevel",
    "sixthLevel",
    "seventhLevel",
    "eighthLevel",
    "ninthLevel",
    "tenthLevel",
)
BATCH_ENDED = frozenset(
    {"COMPLETE", "COMPLETE_WITH_ERRORS", "FAILED", "STOPPED", "VALIDATION_FAIL"}
)
JOB_ENDED = frozenset({"COMPLETE", "INCOMPLETE", "FAILED", "STOPPED", "SKIPPED", "DROPPED"})
JOB_FEEDS_NEXT = frozenset({"COMPLETE", "INCOMPLETE", "SKIPPED"})


@dataclass(frozen=True)
class JobView:
    """One job; counts are in items, None while they are not known."""

    name: str
    level: int
    status: str
    modality: str = ""
    chained_from: str | None = None
    attempt: int = 1
    items: int | None = None
    labeled: int | None = None
    failure: str = ""
    not_before: str = ""
    attribute: str = ""
    output: str | None = None
    gate: dict[str, Any] | None = None
    """What its gate chose, in numbers; None where it has none, or has not chosen yet."""

    @property
    def ended(self) -> bool:
        """True once its status can no longer change."""
        return self.status in JOB_ENDED


@dataclass(frozen=True)
class BatchView:
    """One batch with all of its jobs, level by level in the request's order."""

    batch_id: str
    status: str
    jobs: tuple[JobView, ...]
    level_status: dict[int, str] = field(default_factory=dict)
    pacing: str = "level"
    failure: str = ""
    stop_mode: str = ""
    """`stop` or `drain` once somebody asked for it."""
    generation: int = 1
    errors: tuple[ErrorRow, ...] = ()
    warnings: tuple[ErrorRow, ...] = ()
    raw: dict[str, Any] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        """True once the batch has its final status."""
        return self.status in BATCH_ENDED

    @property
    def gathering(self) -> bool:
        """True while it has ended and its report and final files are still being written."""
        return self.ended and "toldAt" in self.raw and self.raw["toldAt"] is None

    @property
    def stopping(self) -> bool:
        """True while it is being stopped."""
        return bool(self.stop_mode) and not self.ended

    @property
    def created_any(self) -> bool:
        """True once a labeling job of it exists, or has existed."""
        never = {"PENDING", "STARTING", "SKIPPED", "DROPPED"}
        return any(job.status not in never for job in self.jobs)

    def short(self, name: str) -> str:
        """A job's name without the batch's id in front, where all of them have it."""
        prefix = f"{self.batch_id}-"
        if all(job.name.startswith(prefix) for job in self.jobs):
            return name.removeprefix(prefix)
        return name

    def level(self, number: int) -> list[JobView]:
        """The jobs of one level."""
        return [job for job in self.jobs if job.level == number]

    @property
    def levels(self) -> list[int]:
        """The levels that have jobs."""
        return sorted({job.level for job in self.jobs})


def batch_view(answer: dict[str, Any]) -> BatchView:
    """Reads the answer of `show`; unknown keys are ignored, missing ones have defaults."""
    jobs: list[JobView] = []
    level_status: dict[int, str] = {}
    for number, key in enumerate(LEVEL_KEYS, start=1):
        level = answer.get(key) or {}
        rows = level.get("jobLevels") or []
        if rows:
            level_status[number] = str(level.get("status", ""))
        jobs += [_job(row, number) for row in rows]
    return BatchView(
        batch_id=str(answer.get("batchId", "")),
        status=str(answer.get("status", "")),
        jobs=tuple(jobs),
        level_status=level_status,
        pacing=str(answer.get("pacing") or "level"),
        failure=str(answer.get("failureReason") or ""),
        stop_mode=str(answer.get("stopMode") or ""),
        generation=int(answer.get("generation") or 1),
        errors=tuple(ErrorRow.many(answer.get("errors"))),
        warnings=tuple(ErrorRow.many(answer.get("warnings"))),
        raw=answer,
    )


def _job(row: dict[str, Any], level: int) -> JobView:
    return JobView(
        name=str(row.get("labelingJobName", "")),
        level=level,
        status=str(row.get("batchStatus", "")),
        modality=str(row.get("jobModality") or ""),
        chained_from=row.get("chainFromJobName") or None,
        attempt=int(row.get("attempt") or 1),
        items=row.get("numItems"),
        labeled=row.get("numItemsLabeled"),
        failure=str(row.get("failureReason") or ""),
        not_before=str(row.get("notBefore") or ""),
        attribute=str(row.get("labelAttributeName") or ""),
        output=row.get("jobOutputS3Uri") or None,
        gate=row.get("gate") or None,
    )
