"""WriteReport: what the levels of an ended batch did, in files; never in the way of its end.

The report is written twice: first as far as the rows know it, then, job by job, with what the
labels say. A call that runs out of time yields and is called again; each job's part is a file of
its own, so that nothing is done twice. A job whose part kills the function is left out after two
tries.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from pydantic import BaseModel

from terrace.domain import s3uri, show
from terrace.domain.plan import effective_statuses
from terrace.domain.quality import report_rows
from terrace.domain.quality.report import JobFile, JobReport
from terrace.domain.records import BatchRecord, JobRecord, ReportRecord
from terrace.domain.status import BatchStatus
from terrace.errors import NotFoundError, TerraceError, TransientError
from terrace.ports import BatchStore, Clock, ObjectStore

CALL_SECONDS = 780.0
"""What one call may take; the function's time-out leaves room for one slow sequence."""
YIELD_FOR = 1_800.0
"""Seconds after the batch's end in which a call may ask for another one."""
TRIES = 2
"""Starts of a job's part before it is left out: what died twice will die again."""


class WriteReportInput(BaseModel):
    """The batch that has ended."""

    batchId: str
    generation: int


class WriteReportOutput(BaseModel):
    """`again` while parts are missing and there is time for them."""

    next: Literal["again", "notify"]
    reportS3Uri: str | None = None
    problems: list[str] = []


@dataclass(frozen=True)
class LookedAt:
    """What a job's labels say: fields of its report, and reasons for those that are null."""

    fields: dict[str, Any]
    why_not: dict[str, str]


class Examiner(Protocol):
    """Looks at the labels of one job."""

    def __call__(
        self, batch: BatchRecord, job: JobRecord, source: JobRecord | None, folder: str
    ) -> LookedAt: ...


@dataclass(frozen=True)
class WriteReport:
    """The step with its ports."""

    store: BatchStore
    objects: ObjectStore
    clock: Clock
    batch_bucket: str
    examine: Examiner
    seconds: float = CALL_SECONDS
    yield_for: float = YIELD_FOR

    def run(self, step: WriteReportInput) -> WriteReportOutput:
        """Writes the report, or as much of it as there is time for. Safe to repeat.

        Raises:
            TransientError: S3 or the table could not be used just now; the machine tries again.
        """
        found = self.store.load(step.batchId)
        if found is None or not found[0].ended or found[0].generation != step.generation:
            return WriteReportOutput(next="notify")
        batch, rows = found
        if batch.status is BatchStatus.VALIDATION_FAIL or batch.deletedAt is not None:
            # Nothing ran, or nothing of it is there any more: the rows say it all.
            return WriteReportOutput(next="notify")
        if batch.reportS3Uri is not None and batch.report is not None and batch.report.complete:
            return WriteReportOutput(next="notify", reportS3Uri=batch.reportS3Uri)
        started = self.clock.now()
        request = self.objects.get_json(batch.requestS3Uri)
        if batch.reportS3Uri is None:
            self._write(batch, rows, request, None, ["the labels have not been examined yet"])
        jobs = show.all_jobs(batch, rows, request)
        examined: dict[str, JobReport] = {}
        problems: list[str] = []
        for job, status in _with_status(batch, jobs):
            if self.clock.now() - started > self.seconds:
                left = len(jobs) - len(examined)
                if self.clock.now() - (batch.endedAt or started) < self.yield_for:
                    return WriteReportOutput(next="again", reportS3Uri=batch.reportS3Uri)
                problems.append(f"there was no time left for the labels of {left} job(s)")
                break
            report, trouble = self._job(batch, job, status, jobs)
            examined[job.jobName] = report
            if trouble:
                problems.append(f"{job.jobName}: {trouble}")
        uri = self._write(batch, rows, request, examined, problems)
        return WriteReportOutput(next="notify", reportS3Uri=uri, problems=problems)

    def _write(
        self,
        batch: BatchRecord,
        rows: list[JobRecord],
        request: Any,
        examined: dict[str, JobReport] | None,
        problems: list[str],
    ) -> str:
        """The batch's file, then the row that names it."""
        now = self.clock.now()
        uri = report_uri(self.batch_bucket, batch.batchId)
        report = report_rows.of_rows(
            batch, rows, request, now, examined=examined, problems=problems
        )
        report = report.model_copy(update={"reportS3Uri": uri})
        self.objects.put_json(uri, report.model_dump(mode="json"))
        complete = report.complete
        record = ReportRecord(s3Uri=uri, generation=batch.generation, complete=complete, at=now)
        if self.store.set_report(batch.batchId, record) and examined is not None:
            told = {"reportS3Uri": uri, "complete": complete, "problems": len(problems)}
            self.store.add_event(batch.batchId, "REPORT_WRITTEN", told, now)
        return uri

    def _job(
        self, batch: BatchRecord, job: JobRecord, status: Any, jobs: list[JobRecord]
    ) -> tuple[JobReport, str]:
        """One job's report, and what was in its way; an earlier call may have written it."""
        by_name = {one.jobName: one for one in jobs}
        if job.outputManifestS3Uri is None:
            why = dict.fromkeys(report_rows.LOOKED_AT, "the job left no labels")
            return report_rows.job_of_row(batch, job, status, by_name, why_not=why), ""
        folder = s3uri.of(self.batch_bucket, "batches", batch.batchId, "reports", job.jobName)
        uri = f"{folder}.json"
        file = self._file(uri, batch, job)
        if file.report is not None:
            return file.report, file.problem
        trouble = ""
        if file.tries >= TRIES:
            trouble = f"examining its labels broke off {file.tries} times"
            seen = LookedAt({}, dict.fromkeys(report_rows.LOOKED_AT, trouble))
        else:
            file = file.model_copy(update={"tries": file.tries + 1})
            self.objects.put_json(uri, file.model_dump(mode="json"))
            seen, trouble = self._seen(batch, job, by_name, folder)
        fields = {**seen.fields, "reportS3Uri": uri}
        report = report_rows.job_of_row(
            batch, job, status, by_name, looked_at=fields, why_not=seen.why_not
        )
        done = file.model_copy(update={"report": report, "problem": trouble})
        self.objects.put_json(uri, done.model_dump(mode="json"))
        return report, trouble

    def _seen(
        self, batch: BatchRecord, job: JobRecord, by_name: dict[str, JobRecord], folder: str
    ) -> tuple[LookedAt, str]:
        source = by_name.get(job.spec.inputConfig.chainFromJobName or "")
        try:
            return self.examine(batch, job, source, folder), ""
        except TransientError:
            raise
        except TerraceError as error:
            trouble = f"its labels could not be read: {error}"
        except Exception as error:  # noqa: BLE001
            # A report has many parts, and one job's must not cost the others theirs. The text of
            # such an error may quote labels.
            trouble = f"its labels could not be examined ({type(error).__name__})"
        return LookedAt({}, dict.fromkeys(report_rows.LOOKED_AT, trouble)), trouble

    def _file(self, uri: str, batch: BatchRecord, job: JobRecord) -> JobFile:
        """What an earlier call left of this job's part; empty where it is of an older state."""
        fresh = JobFile(
            batchId=batch.batchId,
            jobName=job.jobName,
            generation=batch.generation,
            attempt=job.attempt,
        )
        try:
            found = JobFile.model_validate(self.objects.get_json(uri))
        except (NotFoundError, ValueError):
            return fresh
        same = (found.generation, found.attempt) == (fresh.generation, fresh.attempt)
        return found if same else fresh


def report_uri(bucket: str, batch_id: str) -> str:
    return s3uri.of(bucket, "batches", batch_id, "reports", "report.json")


def _with_status(batch: BatchRecord, jobs: list[JobRecord]) -> Iterator[tuple[JobRecord, Any]]:
    statuses = effective_statuses(batch, jobs)
    for job in jobs:
        yield job, statuses[job.jobName]
