"""DeliverBatch: the final manifests of an ended batch, then its exports and what the user's own
function makes of them; never in the way of its end.

Each part is on record before the next one begins, so a call that dies, or runs out of time, costs
one part at most. Each death has a call to note it, so that the machine's retries are not used up by
one part after the other; a part in which three calls in a row died is left out, and told.
"""

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from pydantic import BaseModel

from terrace.domain.records import (
    BatchRecord,
    DeliveryRecord,
    ExportRecord,
    JobRecord,
    PostProcessingRecord,
)
from terrace.domain.status import BatchStatus
from terrace.errors import ObjectChangedError, PermanentError, TransientError
from terrace.ports import BatchStore, Clock, ObjectStore
from terrace.steps.category_files import CategoryFiles
from terrace.steps.final_manifest import FinalManifest, final_folder

CALL_SECONDS = 720.0
"""What one call may take; the function's time-out leaves room to join the parts."""
YIELD_FOR = 7_200.0
"""Seconds after the batch's end in which a call may ask for another one."""
SHARE = 0.25
"""Of a call's time: once it has gone, the next part is left to another call."""
OUTAGES = 15
"""Calls in a row that find a service away: some ten minutes, then the delivery ends."""
WAIT, WAIT_MAX = 5, 60
"""Seconds until the next such call: the first wait, which doubles, and the longest."""
TRIES = 3
"""Calls in a row that left nothing new behind before their part is left out."""


class DeliverBatchInput(BaseModel):
    """The batch that has ended."""

    batchId: str
    generation: int


class DeliverBatchOutput(BaseModel):
    """`again` while something is missing and there is time for it.

    `wait`: to be called again in so many seconds: a function of the user's is not done, or a
    service is away.
    """

    next: Literal["again", "wait", "notify"]
    seconds: int = 0
    problem: str | None = None


class Wanted(Protocol):
    """What is needed to know of an export that was asked for."""

    @property
    def format(self) -> str: ...


class WriteExport(Protocol):
    """Writes one export; what the user's data cause is told in `problem`. None: call again."""

    def __call__(
        self,
        wanted: Any,
        batch: BatchRecord,
        delivery: DeliveryRecord,
        *,
        folder: str,
        categories: Mapping[str, Any],
        out_of_time: Callable[[], bool],
    ) -> ExportRecord | None: ...


class PostProcess(Protocol):
    """Hands the delivery to the user's own function, where one is wanted."""

    def wanted(self, request: Any) -> bool: ...

    def __call__(
        self, batch: BatchRecord, request: Any, delivery: DeliveryRecord
    ) -> PostProcessingRecord | int:
        """What came of it; a number: it is still at work, to be called again in so many seconds."""


@dataclass(frozen=True)
class Exports:
    """What the request asks for, and who writes it."""

    wanted: Callable[[Any], Sequence[Wanted]]
    """From the stored request."""
    write: WriteExport


@dataclass(frozen=True)
class DeliverBatch:
    """The step with its ports. Without `exports` and `post_process` there are only manifests."""

    store: BatchStore
    objects: ObjectStore
    clock: Clock
    batch_bucket: str
    exports: Exports | None = None
    post_process: PostProcess | None = None
    seconds: float = CALL_SECONDS
    yield_for: float = YIELD_FOR

    def run(self, step: DeliverBatchInput) -> DeliverBatchOutput:
        """Delivers, or goes on with it. Safe to repeat.

        Raises:
            TransientError: S3 or the table could not be used just now; the machine tries again.
        """
        found = self.store.load(step.batchId)
        if found is None or not found[0].ended or found[0].generation != step.generation:
            return DeliverBatchOutput(next="notify")
        batch, jobs = found
        if batch.status is BatchStatus.VALIDATION_FAIL or batch.deletedAt is not None:
            # Nothing ran, or nothing of it is there any more.
            return DeliverBatchOutput(next="notify")
        if batch.transformedAt is None:
            # Its manifests were never checked, and no job was made.
            return DeliverBatchOutput(next="notify")
        started = self.clock.now()
        delivery = batch.delivered or DeliveryRecord(generation=batch.generation, at=started)
        if delivery.over:
            if not delivery.told:
                # The call that ended it died before it could say so.
                self.tell(batch, delivery)
            return DeliverBatchOutput(next="notify", problem=delivery.problem)
        if started - (batch.endedAt or started) >= self.yield_for:
            return self._out_of_time(batch, delivery)
        if delivery.tries > delivery.brokenOff:
            # A call has died: the machine counts its retries anew from here.
            self.note(batch, delivery.model_copy(update={"brokenOff": delivery.tries}))
            return DeliverBatchOutput(next="again")
        call = _Call(self, batch, jobs, started)
        return call.run(delivery)

    def _out_of_time(self, batch: BatchRecord, delivery: DeliveryRecord) -> DeliverBatchOutput:
        hours = self.yield_for / 3600
        problem = f"not everything was delivered within {hours:g} hours of the batch's end"
        ended = _ended(_with_problem(delivery, problem))
        self.note(batch, ended)
        self.tell(batch, ended)
        return DeliverBatchOutput(next="notify", problem=ended.problem)

    def note(self, batch: BatchRecord, delivery: DeliveryRecord) -> None:
        """Puts on record how far the delivery is."""
        now = self.clock.now()
        self.store.set_delivery(batch.batchId, delivery.model_copy(update={"at": now}))

    def tell(self, batch: BatchRecord, delivery: DeliveryRecord) -> None:
        """Says in the timeline how it ended: twice only where a call dies in between."""
        told: dict[str, Any] = {
            "items": delivery.items,
            "accepted": delivery.accepted,
            "rejected": delivery.rejected,
            "unlabeled": delivery.unlabeled,
            "exports": [one.format for one in delivery.exports],
        }
        if delivery.postProcessing is not None:
            told["postProcessing"] = delivery.postProcessing.status
        if delivery.problem is not None:
            told["problem"] = delivery.problem
        self.store.add_event(batch.batchId, "DELIVERED", told, self.clock.now())
        self.note(batch, delivery.model_copy(update={"told": True}))


@dataclass
class _Call:
    """One call of the step."""

    step: DeliverBatch
    batch: BatchRecord
    jobs: list[JobRecord]
    started: float
    _request: Any = field(default=None, init=False)
    _asked: Sequence[Wanted] | None = field(default=None, init=False)
    """Exports that the request wants; None: it was not read yet."""
    _category_files: CategoryFiles | None = field(default=None, init=False)
    _wait: int = field(default=0, init=False)
    """Seconds until the user's own function is to be asked again; 0: it is not waited for."""

    def run(self, delivery: DeliveryRecord) -> DeliverBatchOutput:
        """Part after part, until there is no time."""
        while not delivery.over:
            worn_out = delivery.tries >= TRIES
            tries = delivery.tries if worn_out else delivery.tries + 1
            begun = delivery.model_copy(update={"tries": tries})
            self.step.note(self.batch, begun)
            try:
                done = self._guarded(delivery, worn_out=worn_out)
            except TransientError as error:
                found = self._away(delivery, error)
                if isinstance(found, DeliverBatchOutput):
                    return found
                done = found
            except ObjectChangedError:
                # Read while somebody replaced it: the next call reads what is there then.
                self.step.note(self.batch, begun.model_copy(update={"brokenOff": tries}))
                return DeliverBatchOutput(next="again")
            if done is None:
                # It went further, and the next call goes on: that is no try.
                self.step.note(self.batch, _fresh(delivery))
                return DeliverBatchOutput(
                    next="wait" if self._wait else "again", seconds=self._wait
                )
            delivery = _fresh(done)
            self.step.note(self.batch, delivery)
            if not delivery.over and self._spent(SHARE):
                # An export, or a user's function, cannot be handed over: it begins with nearly all
                # of a call's time.
                return DeliverBatchOutput(next="again")
        self.step.tell(self.batch, delivery)
        return DeliverBatchOutput(next="notify", problem=delivery.problem)

    def _away(
        self, delivery: DeliveryRecord, error: TransientError
    ) -> DeliverBatchOutput | DeliveryRecord:
        """A service is away: that is waited out, for minutes, and is no try of the part."""
        outages = delivery.outages + 1
        if outages > OUTAGES:
            away = type(error).__name__
            return _ended(
                _with_problem(delivery, f"a service was away for {OUTAGES} calls in a row ({away})")
            )
        self.step.note(self.batch, delivery.model_copy(update={"outages": outages}))
        seconds = min(WAIT * 2 ** (outages - 1), WAIT_MAX)
        return DeliverBatchOutput(next="wait", seconds=seconds)

    def _guarded(self, delivery: DeliveryRecord, *, worn_out: bool) -> DeliveryRecord | None:
        """The next part; an error that nobody foresaw is told of that part, and ends only it."""
        try:
            return self._next(delivery, worn_out=worn_out)
        except (TransientError, ObjectChangedError):
            raise
        except PermanentError as error:
            return self._without(delivery, str(error))
        except Exception as error:  # noqa: BLE001
            return self._without(delivery, _unforeseen(error))

    def _without(self, delivery: DeliveryRecord, why: str) -> DeliveryRecord:
        """The record with its next part given up."""
        if not delivery.counted:
            return _ended(_with_problem(delivery, f"the manifests could not be written: {why}"))
        if self._asked is None:
            return _ended(_with_problem(delivery, f"the request could not be read: {why}"))
        if len(delivery.exports) < len(self._asked):
            name = self._asked[len(delivery.exports)].format
            found = ExportRecord(format=name, problem=f"it could not be made: {why}")
            return delivery.model_copy(update={"exports": [*delivery.exports, found]})
        if delivery.postProcessing is None:
            failed = PostProcessingRecord(status="FAILED", error=f"it could not be called: {why}")
            return delivery.model_copy(update={"postProcessing": failed})
        return _ended(_with_problem(delivery, why))

    def _wanted(self) -> Sequence[Wanted]:
        if self._asked is None:
            self._asked = self.step.exports.wanted(self.request) if self.step.exports else []
        return self._asked

    def out_of_time(self) -> bool:
        """Whether this call has to come to an end."""
        return self._spent(1.0)

    def _spent(self, share: float) -> bool:
        """Whether more than this share of the call's time has gone."""
        return self.step.clock.now() - self.started > self.step.seconds * share

    @property
    def request(self) -> Any:
        if self._request is None:
            self._request = self.step.objects.get_json(self.batch.requestS3Uri)
        return self._request

    def _next(self, delivery: DeliveryRecord, *, worn_out: bool) -> DeliveryRecord | None:
        """The record with its next part in it; None: that part needs another call."""
        if not delivery.counted:
            if worn_out:
                told = _with_problem(delivery, f"writing the manifests broke off {TRIES} times")
                return _ended(told)
            return self._manifests(delivery)
        wanted = self._wanted()
        if len(delivery.exports) < len(wanted):
            found = self._export(delivery, wanted[len(delivery.exports)], worn_out=worn_out)
            if found is None:
                return None
            return delivery.model_copy(update={"exports": [*delivery.exports, found]})
        own = self.step.post_process
        if own is not None and delivery.postProcessing is None and own.wanted(self.request):
            return self._post_process(delivery, own, worn_out=worn_out)
        return _ended(delivery)

    # --- parts -----------------------------------------------------------------------------
    @property
    def _final(self) -> FinalManifest:
        return FinalManifest(
            self.step.objects,
            self.step.batch_bucket,
            self.batch.batchId,
            self.batch.generation,
            self.jobs,
            self.out_of_time,
        )

    def _manifests(self, delivery: DeliveryRecord) -> DeliveryRecord | None:
        try:
            found = self._final.run()
        except ObjectChangedError:
            raise
        except (PermanentError, ValueError) as error:
            told = _with_problem(delivery, f"the manifests could not be written: {error}")
            return _ended(told)
        if found is None:
            return None
        changes = {
            "outputManifestS3Uri": found.output,
            "rejectedManifestS3Uri": found.rejected,
            "unlabeledManifestS3Uri": found.unlabeled,
            "written": True,
            "items": found.items,
            "accepted": found.accepted,
            "rejected": found.rejectedItems,
            "unlabeled": found.unlabeledItems,
        }
        done = delivery.model_copy(update=changes)
        return done if found.problem is None else _with_problem(done, found.problem)

    def _export(
        self, delivery: DeliveryRecord, wanted: Wanted, *, worn_out: bool
    ) -> ExportRecord | None:
        exports = self.step.exports
        if exports is None:
            raise ValueError("there is nobody to write exports")
        folder = f"{self._folder}/exports/{wanted.format}/"
        if worn_out:
            problem = f"writing it broke off {TRIES} times"
            return ExportRecord(format=wanted.format, s3Uri=None, problem=problem)
        return exports.write(
            wanted,
            self.batch,
            delivery,
            folder=folder,
            categories=self._categories(),
            out_of_time=self.out_of_time,
        )

    def _post_process(
        self, delivery: DeliveryRecord, post_process: PostProcess, *, worn_out: bool
    ) -> DeliveryRecord | None:
        found: PostProcessingRecord | int
        if worn_out:
            error = f"calling the function broke off {TRIES} times"
            found = PostProcessingRecord(status="FAILED", error=error)
        else:
            found = post_process(self.batch, self.request, delivery)
        if isinstance(found, int):
            self._wait = found
            return None
        return delivery.model_copy(update={"postProcessing": found})

    @property
    def _folder(self) -> str:
        return final_folder(self.step.batch_bucket, self.batch.batchId, self.batch.generation)

    def _categories(self) -> Mapping[str, Any]:
        """The category files that the labeling jobs were made with, by job."""
        if self._category_files is None:
            self._category_files = CategoryFiles(self.step.objects, self.jobs)
        return self._category_files


def _unforeseen(error: Exception) -> str:
    """Kind and place of an error: the text of one of no class of ours may quote the user's data."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{place.filename.rsplit('/', 1)[-1]}:{place.lineno}"
    return f"{type(error).__name__} at {where}, an error that Terrace did not foresee"


def _fresh(delivery: DeliveryRecord) -> DeliveryRecord:
    return delivery.model_copy(update={"tries": 0, "brokenOff": 0, "outages": 0})


def _ended(delivery: DeliveryRecord) -> DeliveryRecord:
    """Nothing more is tried; it is complete if all that was asked for is there."""
    post = delivery.postProcessing
    complete = (
        delivery.counted
        and delivery.problem is None
        and all(one.problem is None for one in delivery.exports)
        and (post is None or post.status == "DONE")
    )
    return delivery.model_copy(update={"over": True, "complete": complete})


def _with_problem(delivery: DeliveryRecord, problem: str) -> DeliveryRecord:
    told = problem if delivery.problem is None else f"{delivery.problem}; {problem}"
    return delivery.model_copy(update={"problem": told})
