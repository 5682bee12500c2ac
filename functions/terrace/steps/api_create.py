"""POST /batch/create: check everything that needs no AWS, write one row, start one execution.

Safe to repeat at any point. The same content again gives the same batch, and heals a crash
between the row and the execution; other content under the same id changes nothing.
"""

import hashlib
import json
from dataclasses import dataclass

from terrace.domain import s3uri, validation
from terrace.domain.limits import Limits
from terrace.domain.problems import Problem
from terrace.domain.records import BatchRecord
from terrace.domain.request import BatchRequest
from terrace.domain.status import BatchStatus
from terrace.domain.views import CreateAnswer
from terrace.ports import BatchStore, Clock, ObjectStore, Workflow
from terrace.steps.api_errors import BatchExistsError, InvalidRequestError, RequestTooLargeError
from terrace.steps.generations import ensure_running

BODY_MAX_BYTES = 5 * 1024 * 1024
"""Below Lambda's 6 MB for an event, with room for the escapes of JSON in JSON."""
WARNINGS_MAX = 20
"""Kept on the batch row, which DynamoDB limits to 400 KB."""


@dataclass(frozen=True)
class Create:
    """The step with its ports."""

    store: BatchStore
    objects: ObjectStore
    workflow: Workflow
    clock: Clock
    limits: Limits
    batch_bucket: str

    def run(self, body: str | bytes) -> CreateAnswer:
        """Accepts a batch, or says everything that is wrong with it.

        Raises:
            RequestTooLargeError: the body is above 5 MB.
            InvalidRequestError: with every problem.
            BatchExistsError: the id is taken by a batch with other content.
        """
        text, request = read_request(body, self.limits)
        digest = digest_of(request)
        batch = self.store.get_batch(request.batchId)
        if batch is None or batch.status is BatchStatus.VALIDATION_FAIL:
            batch = self._create(text, request, digest)
        if batch.requestDigest != digest:
            raise _exists(request.batchId)
        if not batch.ended:
            ensure_running(batch, store=self.store, workflow=self.workflow, clock=self.clock)
        return CreateAnswer(
            batchId=batch.batchId,
            status=batch.status,
            message=f"Batch processor successfully triggered with BatchId : {batch.batchId}",
        )

    def _create(self, text: str, request: BatchRequest, digest: str) -> BatchRecord:
        """Stores the request, then the row: the row never points to nothing."""
        uri = s3uri.of(self.batch_bucket, "batches", request.batchId, f"request-{digest[:16]}.json")
        self.objects.put_text(uri, text, "application/json")
        now = self.clock.now()
        mine = BatchRecord(
            batchId=request.batchId,
            uid=self.clock.token(),
            status=BatchStatus.IN_PROGRESS,
            pacing=request.pacing,
            onJobFailure=request.onJobFailure,
            destinationSnsArn=request.destinationSnsArn,
            requestS3Uri=uri,
            requestDigest=digest,
            createdAt=now,
            updatedAt=now,
            movedAt=now,
            warnings=validation.warnings_of(request, self.limits)[:WARNINGS_MAX],
        )
        standing = self.store.create_batch(mine)
        if standing.uid == mine.uid:
            self.store.add_event(
                mine.batchId,
                "BATCH_CREATED",
                {"jobs": len(request.labelingJobs), "generation": standing.generation},
                now,
            )
        return standing


def read_request(body: str | bytes, limits: Limits) -> tuple[str, BatchRequest]:
    """The body as text, and the request in it; every problem at once where it is not right."""
    size = len(body) if isinstance(body, bytes) else len(body.encode("utf-8", "surrogatepass"))
    if size > BODY_MAX_BYTES:
        raise RequestTooLargeError(
            "The request is too large.",
            [
                Problem(
                    path="$",
                    code="BODY_TOO_LARGE",
                    problem=f"the body has {size:,} bytes",
                    fix=f"at most {BODY_MAX_BYTES:,} bytes; split the batch",
                )
            ],
        )
    value, problems = validation.parse(body)
    if value is None and problems:
        raise _invalid(problems)
    request, more = validation.check_request(value, limits)
    problems = [*problems, *more]
    if request is None or problems:
        raise _invalid(problems)
    text = body.decode("utf-8-sig") if isinstance(body, bytes) else body.removeprefix("\ufeff")
    return text, request


def digest_of(request: BatchRequest) -> str:
    """The same for the same content, whatever the stack's defaults and the body's spelling.

    "100" and 100 are the same, so are null, a default said aloud and a field left out; the order
    of jobs counts, the order of keys does not.
    """
    content = request.model_dump(mode="json", exclude_defaults=True)
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _invalid(problems: list[Problem]) -> InvalidRequestError:
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    return InvalidRequestError(f"The request is not valid: {count}.", problems)


def _exists(batch_id: str) -> BatchExistsError:
    return BatchExistsError(
        f"Batch {batch_id} exists already with other content.",
        [
            Problem(
                path="$.batchId",
                code="BATCH_EXISTS",
                problem=f"the batch {batch_id} was created with another request",
                fix="choose another batchId, or send the very same request again",
            )
        ],
    )
