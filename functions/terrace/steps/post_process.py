"""The post-processing: a function of the user's that is called when all of a batch is delivered.

It may merge, convert, hand over: its own files, and a small result that is told with the end of
the batch. Whatever it does or fails to do, the batch keeps its status and its labels; a failure is
on record beside them. What it answered is kept in S3 before it stands on the batch's row: a
function that has answered is never called again for this end of the batch.
"""

from dataclasses import dataclass
from typing import Any

from pydantic import Field

from terrace.domain import s3uri
from terrace.domain.own_functions import (
    RIGHT_POST_PROCESSING,
    Export,
    Manifests,
    PostProcessingAnswer,
    PostProcessingEvent,
    idempotency_id,
    output_prefix,
)
from terrace.domain.records import BatchRecord, DeliveryRecord, PostProcessingRecord
from terrace.domain.request import OwnFunction
from terrace.errors import OwnFunctionError, PermanentError, TransientError
from terrace.ports import Clock, Functions, ObjectStore
from terrace.steps.own_functions import Asked, asked_before, check_plain, read_answer

ASK_FOR = 1_800.0
"""Seconds from the first call in which it may not be done; the end message waits for it."""
ERROR_MAX = 1_000


class PostProcessed(Asked):
    """What is known of it in S3: its calls, and once it has answered, what came of it."""

    record: PostProcessingRecord | None = Field(default=None)


@dataclass(frozen=True)
class PostProcessing:
    """The extension point with its ports, as `steps.deliver_batch` asks for it."""

    functions: Functions
    objects: ObjectStore
    clock: Clock
    batch_bucket: str
    stack_arn: str | None = None
    """The stack's own function, for requests that name none."""

    def wanted(self, request: Any) -> bool:
        """True where a function is to be called for this request."""
        return wanted(request, self.stack_arn) is not None

    def __call__(
        self, batch: BatchRecord, request: Any, delivery: DeliveryRecord
    ) -> PostProcessingRecord | int:
        """See `post_process`.

        Raises:
            ValueError: no function is wanted.
        """
        function = wanted(request, self.stack_arn)
        if function is None:
            raise ValueError(f"{batch.batchId}: no postProcessing is wanted")
        return post_process(
            function,
            batch,
            delivery,
            functions=self.functions,
            objects=self.objects,
            clock=self.clock,
            batch_bucket=self.batch_bucket,
        )


def wanted(request: Any, stack_arn: str | None) -> OwnFunction | None:
    """The function of a request as it was sent, or the stack's where it names none."""
    given = request.get("postProcessing") if isinstance(request, dict) else None
    if given is not None:
        return OwnFunction.model_validate(given)
    return OwnFunction(functionArn=stack_arn) if stack_arn else None


def post_process(
    function: OwnFunction,
    batch: BatchRecord,
    delivery: DeliveryRecord,
    *,
    functions: Functions,
    objects: ObjectStore,
    clock: Clock,
    batch_bucket: str,
) -> PostProcessingRecord | int:
    """One call of the function, unless it has answered.

    Args:
        function: of the request, or of the stack.
        batch: that has ended.
        delivery: with all but the post-processing in it.
        functions: calls it.
        objects: where its answer is kept.
        clock: the time.
        batch_bucket: Terrace's own.

    Returns:
        What came of it, or the seconds to wait before the next call.

    Raises:
        TransientError: S3 could not be used just now; the machine tries again.
    """
    uri = kept_uri(batch_bucket, batch.batchId, delivery.generation)
    arn = function.functionArn
    kept = asked_before(PostProcessed, objects, uri, arn, clock.now())
    if kept.record is not None:
        return kept.record
    kept = kept.again()
    # Before the call: a call that dies with us has been a call.
    objects.put_json(uri, kept.model_dump(mode="json"))
    event = _event(function, batch, delivery, kept, batch_bucket)
    record = _call(functions, arn, event, kept, clock)
    if record is None:
        return kept.wait
    beside = asked_before(PostProcessed, objects, uri, arn, clock.now())
    if beside.record is not None:
        # A call beside this one has its answer: the first that is kept counts.
        return beside.record
    objects.put_json(uri, kept.model_copy(update={"record": record}).model_dump(mode="json"))
    return record


def kept_uri(bucket: str, batch_id: str, generation: int) -> str:
    """Of one end of the batch: a retried batch is processed anew."""
    return s3uri.of(bucket, "batches", batch_id, "final", f"g{generation}", "post-processing.json")


def _call(
    functions: Functions, arn: str, event: dict[str, Any], kept: Asked, clock: Clock
) -> PostProcessingRecord | None:
    """None: not done, and there is time to ask again."""
    trouble = "it said each time that it is not done"
    try:
        answer = functions.call(arn, event)
        check_plain(answer, arn)
        told = read_answer(PostProcessingAnswer, answer, arn, RIGHT_POST_PROCESSING)
        if told.done:
            return PostProcessingRecord(status="DONE", result=told.result)
    except TransientError as error:
        # Nothing is known to be wrong with the function; the end message must not wait for long.
        trouble = str(error)
    except PermanentError as error:
        return PostProcessingRecord(status="FAILED", error=str(error)[:ERROR_MAX])
    if clock.now() - kept.since <= ASK_FOR:
        return None
    late = OwnFunctionError(
        f"{arn}: not done after {ASK_FOR:,.0f} s, {kept.calls} calls: {trouble}"
    )
    return PostProcessingRecord(status="FAILED", error=str(late)[:ERROR_MAX])


def _event(
    function: OwnFunction,
    batch: BatchRecord,
    delivery: DeliveryRecord,
    kept: Asked,
    batch_bucket: str,
) -> dict[str, Any]:
    found = delivery.model_dump()
    event = PostProcessingEvent(
        batchId=batch.batchId,
        idempotencyId=idempotency_id("postProcessing", batch.uid, delivery.generation),
        call=kept.calls,
        payload=function.payload,
        requestS3Uri=batch.requestS3Uri,
        outputPrefixS3Uri=output_prefix(batch_bucket, batch.batchId, delivery.generation),
        generation=delivery.generation,
        status=batch.status.value,
        final=Manifests.model_validate(found),
        exports=[Export.model_validate(one) for one in found["exports"]],
        reportS3Uri=batch.reportS3Uri,
    )
    return event.model_dump(mode="json")
