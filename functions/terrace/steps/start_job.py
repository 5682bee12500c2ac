"""StartJob: claim the name, create the labeling job, look at the marks again.

Safe to repeat at any point: the claim, the tags and the output path say whose a labeling job is,
so that what exists already is adopted and never made twice. The same step, given the error that
the Map caught, settles a start that broke: what exists is adopted, what does not exist goes back
to PENDING if waiting can help, and is FAILED if it cannot.
"""

import hashlib

from pydantic import BaseModel

from terrace.domain import labeling_request, modalities, s3uri
from terrace.domain.plan import nothing_new, to_stop
from terrace.domain.records import BatchRecord, JobRecord, Mark, attempt_name
from terrace.domain.request import OnJobFailure
from terrace.domain.settle import still_wanted
from terrace.domain.status import JobStatus
from terrace.errors import (
    BadRequestError,
    ConflictError,
    LimitExceededError,
    NameTakenError,
    PermanentError,
)
from terrace.ports import BatchStore, Clock, LabelingEngine, LabelingJob, Notifier
from terrace.steps.aftermath import Aftermath, announce_failure
from terrace.steps.fail_batch import REASON_MAX, MachineError

NONCE_TAG = f"{labeling_request.TAG_PREFIX}nonce"
DEFER_FIRST = 60.0
DEFER_MAX = 900.0
"""Seconds until a job that AWS refused for now is tried again; doubled each time."""

QUOTA = frozenset({"LimitExceededError", "ThrottledError"})
"""Error names that pass with time alone: such a job waits for as long as it takes."""
PASSING = ("TransientError", "ConflictError", "Lambda.", "Runtime.", "Sandbox.", "States.")
"""Starts of error names that may pass: tried again later, at most PASSING_MAX times."""
PASSING_MAX = 20
"""With waits that double up to 15 minutes: some four hours."""


OUT_OF_ROOM = frozenset(
    {"Sandbox.Timedout", "States.Timeout", "Runtime.ExitError", "Runtime.OutOfMemory"}
)
"""What becomes of a call that has too much to do. A gate that ended so in all tries of the machine
will end so again: its job is not tried for hours."""
TOO_LARGE = (
    "its gate broke off in every try, for want of time or memory; give it fewer items (several "
    "batches) or fewer checks, or a check of your own that answers faster"
)


class StartJobInput(BaseModel):
    """One job of a wave; `error` is what the Map caught, if it did."""

    batchId: str
    generation: int
    level: int
    jobName: str
    error: MachineError | None = None


class Start:
    """One start, with the ports it needs."""

    def __init__(
        self,
        *,
        store: BatchStore,
        engine: LabelingEngine,
        notifier: Notifier,
        clock: Clock,
        region: str,
        role_arn: str,
        batch_bucket: str,
        pre_annotation_arn: str | None = None,
        post_annotation_arn: str | None = None,
    ) -> None:
        self._store = store
        self._engine = engine
        self._notifier = notifier
        self._clock = clock
        self._region = region
        self._role_arn = role_arn
        self._bucket = batch_bucket
        self._custom = {
            "pre_annotation_arn": pre_annotation_arn,
            "post_annotation_arn": post_annotation_arn,
        }

    def run(self, step: StartJobInput) -> None:
        """Starts the job, or settles why it did not start."""
        batch = self._store.get_batch(step.batchId)
        job = self._store.get_job(step.batchId, step.level, step.jobName)
        if batch is None or job is None or batch.generation != step.generation:
            return
        if to_stop(batch, [job]):
            self._stop_asked(job, step.error)
            return
        if job.status not in {JobStatus.PENDING, JobStatus.STARTING}:
            return
        if step.error is not None:
            self._settle_broken(job, step.error)
        elif nothing_new(batch, [job]):
            self._settle_marked(job)
        else:
            self._start(batch, job.model_copy(update={"generation": step.generation}))

    # --- the straight way ----------------------------------------------------------------
    def _start(self, batch: BatchRecord, job: JobRecord) -> None:
        nonce, first = nonce_of(batch, job), job.nonce is None
        claim = self._store.claim(job, nonce, self._clock.now())
        if claim.holder is not None:
            self._fail(job, "NAME_TAKEN", name_taken_by_batch(job, claim.holder.batchId))
            return
        if not claim.won:
            return
        job = job.model_copy(update={"status": JobStatus.STARTING, "nonce": nonce})
        try:
            arn = self._engine.create(self._request(batch, job, nonce))
        except NameTakenError:
            self._adopt_or_fail(job)
            return
        except LimitExceededError as error:
            self._defer(job, str(error), quota=True)
            return
        except BadRequestError as error:
            # An earlier call for this attempt may still take effect; without one, none can.
            self._fail(job, "CREATE_REFUSED", str(error), sure=first)
            return
        self._created(job, arn)

    def _request(self, batch: BatchRecord, job: JobRecord, nonce: str) -> dict[str, object]:
        modality = modalities.get(job.spec.jobModality)
        if job.inputManifestS3Uri is None:
            raise ConflictError(f"{job.jobName}: its input is not prepared yet")
        template = None
        if modality.human_task_ui is None:
            template = job.spec.uiTemplateS3Uri or ui_template_uri(
                self._bucket, batch.batchId, job.jobName
            )
        return labeling_request.build(
            job.spec.model_copy(update={"stoppingConditions": still_wanted(job)}),
            modality,
            batch_id=batch.batchId,
            nonce=nonce,
            attempt=job.attempt,
            attempt_name=job.attemptName,
            label_attribute_name=job.labelAttributeName,
            region=self._region,
            role_arn=self._role_arn,
            manifest_uri=job.inputManifestS3Uri,
            category_uri=job.labelCategoryS3Uri,
            output_path=output_path(self._bucket, job),
            ui_template_uri=template,
            **self._custom,
        )

    def _created(self, job: JobRecord, arn: str) -> None:
        """Records the labeling job; if it should not run (any more), stops it."""
        recorded = self._store.job_created(job, arn, self._clock.now())
        batch = self._store.get_batch(job.batchId)
        if batch is not None and (batch.mark is not None or batch.stop is not None):
            self._stop(job)
        if not recorded:
            self._stop_if_given_up(job, arn)
            return
        self._store.add_event(
            job.batchId,
            "JOB_STARTED",
            {"jobName": job.jobName, "attempt": job.attempt, "labelingJobArn": arn},
            self._clock.now(),
        )

    def _stop_if_given_up(self, job: JobRecord, arn: str) -> None:
        """The row ended as "never created" while the creation was on its way."""
        row = self._store.get_job(job.batchId, job.level, job.jobName)
        if row is None or not row.ended or row.attempt != job.attempt or row.labelingJobArn:
            return
        self._engine.stop(job.attemptName)
        # The claim stays open until it has ended: a retry waits for its labels until then.
        told = {"labelingJobArn": arn, "stopRequestedAt": self._clock.now()}
        self._store.annotate_job(row, told)

    def _stop_asked(self, job: JobRecord, error: MachineError | None) -> None:
        """Stops a running job of a batch that is being stopped; where it cannot be, goes on.

        The reconciler asks again for as long as it runs: the machine need not.
        """
        if error is None:
            self._stop(job)
            return
        now = self._clock.now()
        self._store.annotate_job(job, {"stopRequestedAt": now})
        why = f"{error.Error}: {error.Cause}"[:REASON_MAX]
        self._store.add_event(job.batchId, "STOP_BROKEN", {"jobName": job.jobName, "why": why}, now)

    def _stop(self, job: JobRecord) -> None:
        """Stops the labeling job; its end is settled like any other."""
        self._engine.stop(job.attemptName)
        self._store.annotate_job(job, {"stopRequestedAt": self._clock.now()})

    # --- what else can be found ------------------------------------------------------------
    def _adopt_or_fail(self, job: JobRecord) -> None:
        found = self._engine.describe(job.attemptName)
        if found is None:
            raise ConflictError(f"labeling job {job.attemptName}: in use, but not to be described")
        if is_ours(found, job, self._bucket):
            self._created(job, found.arn)
        else:
            self._fail(job, "NAME_TAKEN", name_taken_by_job(job, found))

    def _settle_marked(self, job: JobRecord) -> None:
        """In a marked batch: a claimed start either has a labeling job, or never happens."""
        if job.status is not JobStatus.STARTING:
            return
        found = self._engine.describe(job.attemptName)
        if found is not None and is_ours(found, job, self._bucket):
            self._created(job, found.arn)
        else:
            self._store.back_to_pending(job, None, None)

    def _settle_broken(self, job: JobRecord, error: MachineError) -> None:
        """After the Map's Catch: describe first; only what does not exist can be FAILED."""
        if job.status is JobStatus.STARTING:
            try:
                found = self._engine.describe(job.attemptName)
            except PermanentError as unseen:
                # Whether it exists cannot be said now; raising would only bring us back at once.
                error = MachineError(Error="TransientError", Cause=f"{error.Cause}; {unseen}")
                found = None
            if found is not None and is_ours(found, job, self._bucket):
                self._created(job, found.arn)
                return
        if _gate_too_large(job, error):
            self._fail(job, error.Error, f"{TOO_LARGE} ({error.Error}: {error.Cause})"[:REASON_MAX])
            return
        quota = error.Error in QUOTA
        if quota or (error.Error.startswith(PASSING) and job.brokenStarts < PASSING_MAX):
            self._defer(job, f"{error.Error}: {error.Cause}", quota=quota)
        else:
            self._fail(job, error.Error, error.Cause[:REASON_MAX])

    def _defer(self, job: JobRecord, why: str, *, quota: bool) -> None:
        """Back to PENDING: a job's end, or the reconciler, brings it back."""
        now = self._clock.now()
        times = job.deferrals if quota else job.brokenStarts
        until = now + min(DEFER_MAX, DEFER_FIRST * 2 ** min(times, 8))
        if job.status is JobStatus.PENDING:
            count = "deferrals" if quota else "brokenStarts"
            changes = {
                "deferredAt": now if quota else None,
                "notBefore": until,
                count: times + 1,
            }
            self._store.annotate_job(job, changes)
        else:
            self._store.back_to_pending(job, until, now if quota else None)
        self._store.add_event(
            job.batchId,
            "JOB_DEFERRED",
            {"jobName": job.jobName, "attempt": job.attempt, "why": why[:REASON_MAX]},
            now,
        )

    def _fail(self, job: JobRecord, code: str, reason: str, *, sure: bool = False) -> None:
        """The job cannot be started. Under `onJobFailure: fail` its batch is marked with it."""
        now = self._clock.now()
        batch = self._store.get_batch(job.batchId)
        text = f"{job.attemptName} could not be started: {reason}"
        changes: dict[str, object] = {
            "failureReason": text,
            "endedAt": now,
            "claimOpen": job.status is JobStatus.STARTING and code != "NAME_TAKEN" and not sure,
        }
        if job.attempts:
            # The file of their labels is named when the batch ends.
            changes["numItemsLabeled"] = sum(attempt.numItemsLabeled for attempt in job.attempts)
        mark = None
        if batch is not None and fails_with_its_jobs(batch):
            mark = job_failure_mark(job, text, now)
        if self._store.end_attempt(job, JobStatus.FAILED, changes, mark):
            self._store.add_event(
                job.batchId,
                "JOB_FAILED",
                {"jobName": job.jobName, "code": code, "reason": text},
                now,
            )
        failed = self._store.get_job(job.batchId, job.level, job.jobName)
        if batch is not None and failed is not None:
            # A message that cannot be sent now is sent by the reconciler.
            announce_failure(
                batch,
                failed,
                Aftermath(),
                store=self._store,
                notifier=self._notifier,
                clock=self._clock,
            )


def nonce_of(batch: BatchRecord, job: JobRecord) -> str:
    """What proves that a labeling job is this attempt's: the same at every repetition."""
    text = f"{batch.uid}/{job.jobName}/{job.attempt}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def output_path(bucket: str, job: JobRecord) -> str:
    """The S3OutputPath of one attempt, used by no other."""
    return s3uri.of(bucket, "batches", job.batchId, "outputs", job.jobName, f"a{job.attempt}/")


def ui_template_uri(bucket: str, batch_id: str, job_name: str) -> str:
    """Where a job's worker UI template is put."""
    return s3uri.of(bucket, "batches", batch_id, "ui", f"{job_name}.liquid.html")


def is_attempt(found: LabelingJob, job: JobRecord, bucket: str) -> bool:
    """Whether a labeling job is this attempt's: names are never used twice, so a recorded ARN is
    proof, whatever became of the tags."""
    return found.arn == job.labelingJobArn or is_ours(found, job, bucket)


def is_ours(found: LabelingJob, job: JobRecord, bucket: str) -> bool:
    """Whether a labeling job was made by this attempt: its nonce and its output path."""
    return (
        job.nonce is not None
        and found.tags.get(NONCE_TAG) == job.nonce
        and found.outputPath.rstrip("/") == output_path(bucket, job).rstrip("/")
    )


def fails_with_its_jobs(batch: BatchRecord) -> bool:
    """Whether a failed job ends the batch; one that is being stopped ends STOPPED."""
    return batch.onJobFailure is OnJobFailure.fail and batch.stop is None


def job_failure_mark(job: JobRecord, reason: str | None, at: float) -> Mark:
    """The mark a failed job puts on its batch under `onJobFailure: fail`."""
    return Mark(
        kind="fail",
        at=at,
        errorType="JobFailed",
        reason=f"{job.jobName}: {reason or 'failed'}"[:REASON_MAX],
    )


def name_taken_by_batch(job: JobRecord, holder: str) -> str:
    """Both names, so that the user can find the other batch."""
    return (
        f"the labeling job name {attempt_name(job.jobName, job.attempt)} is already used by batch "
        f"{holder}; names can never be used twice: choose another jobName"
    )


def name_taken_by_job(job: JobRecord, found: LabelingJob) -> str:
    """Both names, so that the user can find the other job."""
    return (
        f"a labeling job {found.name} ({found.arn}) that is not of batch {job.batchId} exists "
        f"already, so {job.attemptName} cannot be created; choose another jobName"
    )


def _gate_too_large(job: JobRecord, error: MachineError) -> bool:
    """The error is PrepareInput's, of a job with a gate: no input has been saved yet."""
    unprepared = job.status is JobStatus.PENDING and job.inputManifestS3Uri is None
    gated = job.spec.inputConfig.gate is not None
    return unprepared and gated and error.Error in OUT_OF_ROOM
