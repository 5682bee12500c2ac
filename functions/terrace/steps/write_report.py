"""WriteReport: what the levels of an ended batch did, in files; never in the way of its end.

The report is written twice: first as far as the rows know it, then, job by job, with what the
labels say. A call that runs out of time yields and is called again; each job's part is a file of
its own, so that nothing is done twice. A job whose part kills the function comes last from then on,
and is left out after two tries; each death has a call to note it, so that the machine's retries are
not used up by one job after the other.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from pydantic import BaseModel

from terrace.domain import s3uri, show
from terrace.domain.plan import effective_statuses
from terrace.domain.quality import report_rows
from terrace.domain.quality.report import JobFile, JobReport
from terrace.domain.records import BatchRecord, JobRecord, ReportRecord
from terrace.domain.status import BatchStatus, JobStatus
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
    problems: tuple[str, ...] = ()
    """Parts that should be known, and are not."""


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
        if batch.report is None or batch.report.generation != batch.generation:
            self._write(batch, rows, request, None, ["the labels have not been examined yet"])
        jobs = show.all_jobs(batch, rows, request)
        statuses = effective_statuses(batch, jobs)
        by_name = {job.jobName: job for job in jobs}
        files = {job.jobName: self._file(batch, job) for job in jobs}
        in_time = started - (batch.endedAt or started) < self.yield_for
        if self._broke_off(batch, files) and in_time:
            return WriteReportOutput(next="again", reportS3Uri=batch.reportS3Uri)
        examined: dict[str, JobReport] = {}
        problems: list[str] = []
        for job in sorted(jobs, key=lambda one: _done_first(files[one.jobName])):
            file = files[job.jobName]
            late = self.clock.now() - started > self.seconds
            if late or (file.report is None and 0 < file.tries < TRIES):
                # What is known is not lost if this call dies now, or the next one.
                missing = len(jobs) - len(examined)
                not_yet = f"the labels of {missing} job(s) have not been examined yet"
                self._write(batch, rows, request, examined, [*problems, not_yet], last=False)
            if late:
                if self.clock.now() - (batch.endedAt or started) < self.yield_for:
                    return WriteReportOutput(next="again", reportS3Uri=batch.reportS3Uri)
                left = len(jobs) - len(examined)
                problems.append(f"there was no time left for the labels of {left} job(s)")
                break
            report, trouble = self._job(batch, job, statuses[job.jobName], by_name, file)
            examined[job.jobName] = report
            if trouble:
                problems.append(f"{job.jobName}: {trouble}")
        uri = self._write(batch, rows, request, examined, problems)
        return WriteReportOutput(next="notify", reportS3Uri=uri, problems=problems)

    def _broke_off(self, batch: BatchRecord, files: Mapping[str, JobFile]) -> bool:
        """Notes the jobs in whose part a call has died; True where that was not known."""
        found = False
        for name, file in files.items():
            if file.report is None and file.tries > file.brokenOff:
                noted = file.model_copy(update={"brokenOff": file.tries})
                uri = job_uri(self.batch_bucket, batch.batchId, name)
                self.objects.put_json(uri, noted.model_dump(mode="json"))
                found = True
        return found

    def _write(
        self,
        batch: BatchRecord,
        rows: list[JobRecord],
        request: Any,
        examined: dict[str, JobReport] | None,
        problems: list[str],
        *,
        last: bool = True,
    ) -> str:
        """The batch's file, then the row that names it. `last`: no call is to follow."""
        now = self.clock.now()
        uri = report_uri(self.batch_bucket, batch.batchId, batch.generation)
        report = report_rows.of_rows(
            batch, rows, request, now, examined=examined, problems=problems
        )
        report = report.model_copy(update={"reportS3Uri": uri})
        self.objects.put_json(uri, report.model_dump(mode="json"))
        complete = report.complete
        record = ReportRecord(s3Uri=uri, generation=batch.generation, complete=complete, at=now)
        if self.store.set_report(batch.batchId, record) and examined is not None and last:
            told = {"reportS3Uri": uri, "complete": complete, "problems": len(problems)}
            self.store.add_event(batch.batchId, "REPORT_WRITTEN", told, now)
        return uri

    def _job(
        self,
        batch: BatchRecord,
        job: JobRecord,
        status: JobStatus,
        by_name: Mapping[str, JobRecord],
        file: JobFile,
    ) -> tuple[JobReport, str]:
        """One job's report, and what was in its way; an earlier call may have written it."""
        if job.outputManifestS3Uri is None:
            why = dict.fromkeys(report_rows.LOOKED_AT, "the job left no labels")
            return report_rows.job_of_row(batch, job, status, by_name, why_not=why), ""
        if file.report is not None:
            return file.report, file.problem
        uri = job_uri(self.batch_bucket, batch.batchId, job.jobName)
        if file.tries >= TRIES:
            trouble = f"examining its labels broke off {file.tries} times"
            seen = LookedAt({}, dict.fromkeys(report_rows.LOOKED_AT, trouble), (trouble,))
        else:
            begun = file.model_copy(update={"tries": file.tries + 1})
            self.objects.put_json(uri, begun.model_dump(mode="json"))
            try:
                seen = self._seen(batch, job, by_name, uri.removesuffix(".json"))
            except TransientError:
                # It was in order to begin it, and nothing of the job's own stopped it.
                with suppress(TerraceError):
                    self.objects.put_json(uri, file.model_dump(mode="json"))
                raise
            file = begun
        fields = {**seen.fields, "reportS3Uri": uri}
        report = report_rows.job_of_row(
            batch, job, status, by_name, looked_at=fields, why_not=seen.why_not
        )
        trouble = "; ".join(seen.problems)
        done = file.model_copy(update={"report": report, "problem": trouble})
        self.objects.put_json(uri, done.model_dump(mode="json"))
        return report, trouble

    def _seen(
        self, batch: BatchRecord, job: JobRecord, by_name: Mapping[str, JobRecord], folder: str
    ) -> LookedAt:
        try:
            return self.examine(batch, job, _compared_with(job, by_name), folder)
        except TransientError:
            raise
        except Exception as error:  # noqa: BLE001
            # A report has many parts, and one job's must not cost the others theirs.
            trouble = f"its labels could not be {in_words(error)}"
        return LookedAt({}, dict.fromkeys(report_rows.LOOKED_AT, trouble), (trouble,))

    def _file(self, batch: BatchRecord, job: JobRecord) -> JobFile:
        """What an earlier call left of this job's part; empty where it is of an older state."""
        fresh = JobFile(
            batchId=batch.batchId,
            jobName=job.jobName,
            generation=batch.generation,
            attempt=job.attempt,
        )
        if job.outputManifestS3Uri is None:
            return fresh
        try:
            uri = job_uri(self.batch_bucket, batch.batchId, job.jobName)
            found = JobFile.model_validate(self.objects.get_json(uri))
        except (NotFoundError, ValueError):
            return fresh
        same = (found.generation, found.attempt) == (fresh.generation, fresh.attempt)
        return found if same else fresh


def in_words(error: Exception) -> str:
    """What went wrong, without text that may quote labels."""
    if isinstance(error, TerraceError):
        return f"read: {error}"
    return f"examined ({type(error).__name__})"


def report_uri(bucket: str, batch_id: str, generation: int) -> str:
    """Of one end of the batch: a report on an earlier end that is late does not replace it."""
    return s3uri.of(bucket, "batches", batch_id, "reports", f"report-g{generation}.json")


def job_uri(bucket: str, batch_id: str, job_name: str) -> str:
    """A folder of their own: jobs may have any name."""
    return s3uri.of(bucket, "batches", batch_id, "reports", "jobs", f"{job_name}.json")


def _done_first(file: JobFile) -> int:
    """What is there, then what was never begun, then what broke off."""
    return -1 if file.report is not None else file.tries


def _compared_with(job: JobRecord, by_name: Mapping[str, JobRecord]) -> JobRecord | None:
    """The job whose label a review was given: verifications in between have left it as it was."""
    found = by_name.get(job.spec.inputConfig.chainFromJobName or "")
    while found is not None and found.labelAttributeName != job.auditedAttributeName:
        found = by_name.get(found.spec.inputConfig.chainFromJobName or "")
    return found
