"""The transformation: a function of the user's that makes the manifests, before any check.

What it answered, or why it failed, is kept in S3 beside the request and decides from then on: a
function that has answered is never called again for this posting of the batch. Until then it may
be: a call of ours can die, and a function may say that it is not done. The idempotency id is the
same each time.
"""

import hashlib
import json
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, ConfigDict

from terrace.domain import s3uri, transformed
from terrace.domain.limits import Limits
from terrace.domain.own_functions import (
    REQUEST_MAX,
    RIGHT_TRANSFORMATION,
    TransformationAnswer,
    TransformationEvent,
    idempotency_id,
    input_prefix,
)
from terrace.domain.places import Places
from terrace.domain.problems import Problem
from terrace.domain.records import BatchRecord
from terrace.domain.request import BatchRequest, OwnFunction
from terrace.errors import NotFoundError, OwnFunctionError, PermanentError, TransientError
from terrace.ports import BatchStore, Clock, Functions, ObjectStore
from terrace.steps.own_functions import Asked, asked_before, check_plain, read_answer

ASK_FOR = 3_600.0
"""Seconds from the first call in which a transformation may say that it is not done, or AWS that
it cannot be called just now."""


class Kept(BaseModel):
    """What came of it: an answer, or the one problem that is told."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    functionArn: str
    calls: int
    at: float
    answer: TransformationAnswer | None = None
    problem: Problem | None = None


@dataclass(frozen=True)
class Outcome:
    """The request to go on with, or problems, or how many seconds to wait before the next call."""

    request: BatchRequest | None = None
    problems: tuple[Problem, ...] = ()
    wait: int = 0
    digest: str = ""
    """Of the answer: what was seen of another one does not count for it."""
    places: Places | None = None
    """What the request may name, with the place that the function was given."""


@dataclass(frozen=True)
class Transformation:
    """The extension point with its ports."""

    functions: Functions
    store: BatchStore
    objects: ObjectStore
    clock: Clock
    limits: Limits
    batch_bucket: str

    def run(self, batch: BatchRecord, wanted: OwnFunction, raw: dict[str, Any]) -> Outcome:
        """Asks the function, unless it has answered; then judges what it made.

        Args:
            batch: that is being transformed.
            wanted: the function, of the request or of the stack.
            raw: the request as it was sent.

        Raises:
            TransientError: S3 or the table could not be used just now; the machine tries again.
        """
        kept = self._kept(batch)
        if kept is None:
            found = self._ask(batch, wanted, raw)
            if isinstance(found, int):
                return Outcome(wait=found)
            # A call beside this one may have its answer by now: the first that is kept counts.
            kept = self._kept(batch) or self._keep(batch, found)
        if kept.answer is None:
            return Outcome(problems=(kept.problem,) if kept.problem is not None else ())
        limits = self._limits(batch)
        request, problems = transformed.apply(raw, kept.answer, limits)
        text = kept.answer.model_dump_json()
        return Outcome(
            request=request,
            problems=tuple(problems),
            digest=hashlib.sha256(text.encode()).hexdigest(),
            places=limits.places,
        )

    def kept_uri(self, batch: BatchRecord) -> str:
        """Beside the request. Of this posting: one that was refused may be posted again."""
        name = f"transformation-{batch.uid}.json"
        return s3uri.of(self.batch_bucket, "batches", batch.batchId, name)

    def _kept(self, batch: BatchRecord) -> Kept | None:
        try:
            return Kept.model_validate(self.objects.get_json(self.kept_uri(batch)))
        except NotFoundError:
            return None

    def _keep(self, batch: BatchRecord, kept: Kept) -> Kept:
        self.objects.put_json(self.kept_uri(batch), kept.model_dump(mode="json"))
        told = {"functionArn": kept.functionArn, "calls": kept.calls}
        what = "TRANSFORMED" if kept.answer is not None else "TRANSFORMATION_FAILED"
        self.store.add_event(batch.batchId, what, told, kept.at)
        return kept

    def _ask(self, batch: BatchRecord, wanted: OwnFunction, raw: dict[str, Any]) -> Kept | int:
        """One call. Seconds to wait, where the function is not done, or AWS is busy."""
        arn, now = wanted.functionArn, self.clock.now()
        # A batch that was stopped meanwhile, and retried, has its whole time again.
        name = f"transformation-{batch.uid}-{batch.run}.json"
        place = s3uri.of(self.batch_bucket, "batches-working", batch.batchId, name)
        asked = asked_before(Asked, self.objects, place, arn, now).again()
        # Before the call: a call that dies with us has been a call.
        self.objects.put_json(place, asked.model_dump(mode="json"))
        try:
            try:
                answer = self.functions.call(arn, self._event(batch, wanted, raw, asked))
            except TransientError as error:
                # Weather passes; what is still there after all this time, does not.
                if now - asked.since <= ASK_FOR:
                    return asked.wait
                raise OwnFunctionError(
                    f"{arn}: AWS could not call it, {ASK_FOR:,.0f} s long: {error}"
                ) from None
            check_plain(answer, arn)
            told = read_answer(TransformationAnswer, answer, arn, RIGHT_TRANSFORMATION)
            now = self.clock.now()
            if not told.done and now - asked.since > ASK_FOR:
                raise OwnFunctionError(
                    f"{arn}: not done after {ASK_FOR:,.0f} s and {asked.calls} calls"
                )
        except PermanentError as error:
            wrong = transformed.problem(
                "TRANSFORMATION_FAILED",
                f"the function did not make the batch's inputs: {error}",
                "mend the function (its own log says more), then post the batch again",
            )
            return Kept(functionArn=arn, calls=asked.calls, at=self.clock.now(), problem=wrong)
        if not told.done:
            return asked.wait
        return Kept(functionArn=arn, calls=asked.calls, at=now, answer=told)

    def _event(
        self, batch: BatchRecord, wanted: OwnFunction, raw: dict[str, Any], asked: Asked
    ) -> dict[str, Any]:
        short = len(json.dumps(raw)) <= REQUEST_MAX
        event = TransformationEvent(
            batchId=batch.batchId,
            idempotencyId=idempotency_id("transformation", batch.uid),
            call=asked.calls,
            payload=wanted.payload,
            requestS3Uri=batch.requestS3Uri,
            request=raw if short else None,
            outputPrefixS3Uri=input_prefix(self.batch_bucket, batch.batchId, batch.uid),
        )
        return event.model_dump(mode="json")

    def _limits(self, batch: BatchRecord) -> Limits:
        """What it wrote where it was told to, may be named, whatever the list of prefixes."""
        places = self.limits.places
        if not places.prefixes:
            return self.limits
        more = places.prefixes | {input_prefix(self.batch_bucket, batch.batchId, batch.uid)}
        return replace(self.limits, places=replace(places, prefixes=frozenset(more)))
