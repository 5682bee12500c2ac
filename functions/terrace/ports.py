"""What the steps need from the world. Adapters implement these; fakes are proved against them."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from msgspec import Struct

from terrace.domain.exports.model import Files
from terrace.domain.problems import Problem
from terrace.domain.records import (
    AttemptRecord,
    BatchRecord,
    ClaimRecord,
    Counters,
    DeliveryRecord,
    FinalRecord,
    JobRecord,
    Mark,
    Park,
    ReportRecord,
    Retry,
    Stop,
)
from terrace.domain.status import BatchStatus, JobStatus

Json = Any


class Clock(Protocol):
    """The time, and the only source of randomness."""

    def now(self) -> float:
        """Epoch seconds, UTC."""

    def token(self) -> str:
        """A new random identifier, 32 hex digits."""


@dataclass(frozen=True)
class Page:
    """One page of batches, newest first."""

    batches: list[BatchRecord]
    nextToken: str | None


@dataclass(frozen=True)
class ClaimOutcome:
    """What the claim transaction found: `won`, or exactly one reason why not."""

    won: bool
    holder: ClaimRecord | None = None
    stale: bool = False


class BatchStore(Protocol):
    """The table. Every read of a batch or its jobs is strongly consistent."""

    def create_batch(self, batch: BatchRecord) -> BatchRecord:
        """Writes the row if the id is free or ended VALIDATION_FAIL; returns what stands."""

    def get_batch(self, batch_id: str) -> BatchRecord | None: ...

    def load(self, batch_id: str) -> tuple[BatchRecord, list[JobRecord]] | None:
        """The batch and all of its jobs in one consistent query, jobs by level, then index."""

    def get_job(self, batch_id: str, level: int, job_name: str) -> JobRecord | None: ...

    def list_batches(self, status: BatchStatus, limit: int, token: str | None) -> Page: ...

    def open_batches(self, after: float | None) -> Iterator[str]:
        """Ids of batches whose end message is not out yet, made after `after`, oldest first."""

    # --- transform -------------------------------------------------------------------------
    def reserve(self, claim: ClaimRecord) -> ClaimRecord:
        """Takes the name for the batch; returns who holds it (maybe somebody else)."""

    def free(self, claim: ClaimRecord) -> None:
        """Gives a name back that this posting of the batch reserved and nobody claimed."""

    def put_job(self, job: JobRecord) -> None:
        """Writes a new row; an existing one is left alone."""

    def remove_job(self, job: JobRecord) -> None:
        """Removes a row of the same generation that was never claimed."""

    def finish_transform(
        self, batch_id: str, generation: int, at: float, warnings: list[Problem]
    ) -> bool: ...

    # --- generations, waves, waiting -------------------------------------------------------
    def next_generation(self, batch: BatchRecord, at: float) -> BatchRecord | None:
        """Conditionally writes generation + 1 (old token gone, estimate 0); None: lost the race."""

    def set_execution(self, batch_id: str, generation: int, arn: str, at: float) -> None: ...

    def advance_wave(
        self, batch_id: str, generation: int, wave: int, turn_events: int, at: float
    ) -> bool:
        """Sets the wave from `wave - 1` (or `wave`, on a retry of the same step) to `wave`."""

    def park(self, batch_id: str, park: Park) -> bool:
        """Stores the token if it is newer than the stored one, or the same token."""

    def note_nudge(self, batch_id: str, park: Park, at: float) -> None: ...

    # --- marks and the end -----------------------------------------------------------------
    def set_mark(self, batch_id: str, mark: Mark, generation: int | None = None) -> bool:
        """Sets the mark if there is none (and the generation is current, where one is given).

        `invalid` is never set on a batch that was accepted.
        """

    def set_stop(self, batch_id: str, stop: Stop) -> bool:
        """Sets the stop of a batch in progress; `drain` can become `stop`, never the reverse."""

    def reopen_batch(self, batch: BatchRecord, retry: Retry) -> BatchRecord | None:
        """Conditionally opens an ended batch again as generation + 1; None: lost the race.

        Levels that `batch` names as announced stay so.
        """

    def retry_done(self, batch_id: str, retry: Retry, at: float) -> None:
        """The rows are opened again: nothing is left of this retry to do."""

    def reopen_job(self, job: JobRecord, generation: int, changes: dict[str, Json]) -> bool:
        """A terminal row -> PENDING, if it is at the same attempt and of an older generation."""

    def end_batch(
        self,
        batch_id: str,
        generation: int,
        status: BatchStatus,
        at: float,
        final: FinalRecord | None = None,
    ) -> bool: ...

    def set_report(self, batch_id: str, report: ReportRecord) -> bool:
        """Records the report, if the batch has ended and is of the report's generation."""

    def set_delivery(self, batch_id: str, delivery: DeliveryRecord) -> bool:
        """Records the delivery, if the batch has ended and is of the delivery's generation."""

    def message_sent(self, batch_id: str, at: float, generation: int | None = None) -> None:
        """Records that the end message is out (of this generation, where one is given)."""

    def close_batch(self, batch_id: str) -> None:
        """Takes an ended batch whose message is out from the open index."""

    def level_announced(self, batch_id: str, level: int) -> None: ...

    # --- jobs ------------------------------------------------------------------------------
    def claim(self, job: JobRecord, nonce: str, at: float) -> ClaimOutcome:
        """One transaction: claim row, batch (generation current, no mark), job row -> STARTING."""

    def save_input(self, job: JobRecord) -> bool:
        """Records what PrepareInput made (inputs, categories, counts) on a PENDING/STARTING row."""

    def job_created(self, job: JobRecord, arn: str, at: float) -> bool:
        """PENDING or STARTING -> IN_PROGRESS of the same attempt; the claim row says created."""

    def back_to_pending(
        self, job: JobRecord, not_before: float | None, deferred_at: float | None
    ) -> bool:
        """STARTING -> PENDING of the same attempt: no labeling job was found.

        One may still come to be (an answer was lost), so the claim stays open. `deferred_at`: a
        quota refused it; `not_before` alone: the start broke.
        """

    def end_attempt(
        self,
        job: JobRecord,
        status: JobStatus,
        changes: dict[str, Json],
        mark: Mark | None = None,
    ) -> bool:
        """Ends the job (terminal status), or its attempt (PENDING with attempt + 1), in one write.

        Conditional on the row's attempt and on a status that is not terminal. With `mark`, the
        batch is marked in the same transaction, unless it is marked already.
        """

    def annotate_job(self, job: JobRecord, changes: dict[str, Json]) -> bool:
        """Writes facts beside the status (counters, notices), on the same attempt only."""

    def note_counters(self, job: JobRecord, counters: Counters, at: float) -> bool:
        """Writes the counters of an attempt that runs; never on a row that has ended."""

    # --- claims and timeline ---------------------------------------------------------------
    def get_claim(self, name: str) -> ClaimRecord | None: ...

    def add_event(self, batch_id: str, what: str, detail: dict[str, Json], at: float) -> None:
        """Appends to the timeline; never updates."""

    def cursor(self) -> float | None:
        """`createdAt` of the last batch the reconciler came to, if it ran out of time."""

    def set_cursor(self, cursor: float | None) -> None: ...


@dataclass(frozen=True)
class ObjectInfo:
    """What HeadObject says."""

    uri: str
    size: int
    etag: str


class Line(Struct, frozen=True, gc=False):
    """One line of a text object, without its line break."""

    number: int
    """From 1."""
    text: str
    end: int
    """Byte offset just behind the line: where a later read can go on."""


@dataclass(frozen=True)
class Upload:
    """An object to be written."""

    uri: str
    pieces: Callable[[], Iterator[bytes]]
    """Its content, begun anew at each call."""
    content_type: str


class Staging(Files, Protocol):
    """Files kept aside on the function's own disk, until all of them are written.

    `write`, `append` and `spool` raise OutOfRoomError where there is no more room for them.
    """

    def uploads(self, folder: str, *, together: str | None, most: int) -> list[Upload]:
        """What is to be written below an S3 folder; nothing can be added any more.

        Args:
            folder: URI that ends with `/`.
            together: name of the zip file that holds all of them where there are more than
                `most`; None: they must be objects of their own.
            most: files that are written one by one.

        Raises:
            OutOfRoomError: they are more than `most`, and must not be put together.
        """


class ObjectStore(Protocol):
    """S3. URIs are `s3://bucket/key`; a missing object raises NotFoundError."""

    def head(self, uri: str) -> ObjectInfo: ...

    def get_json(self, uri: str, max_bytes: int = ..., *, lenient: bool = False) -> Json:
        """Parses an object; ValueError with a clear text where it is not JSON or too large.

        `lenient`: for those who look for mistakes in a file; NaN and infinite numbers are null.
        """

    def get_bytes(self, uri: str, max_bytes: int) -> bytes:
        """A whole object; ValueError where it is larger: nothing of it is read then."""

    def get_start(self, uri: str, most: int) -> bytes:
        """The first bytes of an object: all of them where it has no more than `most`."""

    def get_jsons(self, uris: Iterable[str]) -> Iterator[tuple[str, Json | ValueError]]:
        """Parses many objects, in the order given; several are fetched at a time.

        Where `get_json` raises ValueError, that error stands in the object's place.
        """

    def read_lines(
        self, uri: str, *, start: int = 0, first_number: int = 1, etag: str | None = None
    ) -> Iterator[Line]:
        """Streams lines in constant memory; ObjectChangedError where the object was replaced.

        UnicodeDecodeError is raised as ValueError naming the line. A connection that drops is
        taken up again at the same byte of the same object version.
        """

    def put_json(self, uri: str, value: Json) -> None: ...

    def put_text(self, uri: str, text: str, content_type: str) -> None: ...

    def write_lines(self, uri: str, lines: Iterator[str]) -> int:
        """Streams lines (multipart where large); returns how many. Nothing appears on failure."""

    def put_many(self, uploads: Iterable[Upload]) -> int:
        """Writes objects, several at a time and large ones in parts; returns how many.

        The first that fails ends it: some of the others may be there then.
        """

    def staging(self) -> AbstractContextManager[Staging]:
        """A place for files that belong together; what it kept is gone when it is left."""

    def exists(self, uri: str) -> bool: ...

    def delete(self, uri: str) -> None: ...

    def keys(self, prefix: str) -> Iterator[str]:
        """URIs of all objects whose own starts with `prefix`, in the order of their keys."""

    def presign(self, uri: str, seconds: int) -> str: ...

    def bucket_region(self, bucket: str) -> str: ...

    def bucket_cors(self, bucket: str) -> list[dict[str, Json]]:
        """The CORS rules as S3 gives them; empty where there are none."""


@dataclass(frozen=True)
class LabelingJob:
    """What an engine says of one labeling job."""

    name: str
    arn: str
    status: str
    """Initializing | InProgress | Completed | Failed | Stopping | Stopped."""
    counters: Counters
    createdAt: float
    outputPath: str = ""
    """S3OutputPath; empty in listings."""
    outputManifestS3Uri: str | None = None
    failureReason: str | None = None
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def terminal(self) -> bool:
        return self.status in {"Completed", "Failed", "Stopped"}


class LabelingEngine(Protocol):
    """Who runs labeling jobs: Ground Truth."""

    def create(self, request: dict[str, Json]) -> str:
        """CreateLabelingJob; returns the ARN.

        Raises NameTakenError (ResourceInUse), LimitExceededError, ThrottledError, BadRequestError.
        """

    def describe(self, name: str) -> LabelingJob | None: ...

    def list_since(self, since: float) -> Iterator[LabelingJob]:
        """All labeling jobs created at or after `since`, in pages of 100."""

    def stop(self, name: str) -> None:
        """StopLabelingJob; a job that has ended or does not exist is no error."""

    def workteam_problem(self, arn: str) -> str | None:
        """Why this team cannot work (missing, no members), or None."""

    def role_session_seconds(self, role_arn: str) -> int:
        """MaxSessionDuration of the role.

        Raises:
            NotFoundError: there is no such role.
            AccessDeniedError: our role lacks `iam:GetRole` on it.
        """


@dataclass(frozen=True)
class Execution:
    """What Step Functions says of one execution."""

    arn: str
    status: str
    """RUNNING | SUCCEEDED | FAILED | TIMED_OUT | ABORTED | PENDING_REDRIVE."""


class Workflow(Protocol):
    """Step Functions."""

    def start(self, name: str, payload: dict[str, Json]) -> str:
        """StartExecution; the same name again returns the same ARN."""

    def describe(self, name: str) -> Execution | None: ...

    def release(self, token: str) -> bool:
        """SendTaskSuccess; False where the token is no longer waited for."""


class Notifier(Protocol):
    """SNS."""

    def publish(
        self, topic_arn: str | None, subject: str, message: str, attributes: dict[str, str]
    ) -> None:
        """Publishes to the topic given, or to the stack's own where it is None."""

    def topic_problem(self, topic_arn: str) -> str | None:
        """Why the topic cannot be published to, or None."""


class Functions(Protocol):
    """Lambda functions of the user's."""

    def call(self, arn: str, event: Json) -> Json:
        """Calls one and waits for its answer.

        Raises:
            ThrottledError: AWS asked us to slow down.
            NotFoundError, AccessDeniedError: there is none, or our role may not call it.
            OwnFunctionError: it failed, ran out of time, or answered with no JSON.
        """


__all__ = [
    "AttemptRecord",
    "BatchStore",
    "ClaimOutcome",
    "Clock",
    "Execution",
    "Functions",
    "LabelingEngine",
    "LabelingJob",
    "Line",
    "Notifier",
    "ObjectInfo",
    "ObjectStore",
    "Page",
    "Staging",
    "Upload",
    "Workflow",
]
