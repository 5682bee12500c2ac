"""The post-processing: a user's function behind the end of a batch."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest

from terrace.adapters import dynamodb_codec as codec
from terrace.adapters.s3_objects import S3ObjectStore
from terrace.domain.records import BatchRecord, DeliveryRecord, ExportRecord, PostProcessingRecord
from terrace.domain.request import OnJobFailure, OwnFunction, Pacing
from terrace.domain.status import BatchStatus
from terrace.errors import OwnFunctionError, ThrottledError
from terrace.steps.deliver_batch import DeliverBatchInput, Exports
from terrace.steps.post_process import kept_uri, post_process, wanted
from tests.fakes.aws import FastS3
from tests.fakes.clock import ManualClock
from tests.fakes.functions import FakeFunctions
from tests.fakes.house import BUCKET, VIDEO_CORS, House, function
from tests.steps.conftest import two_levels
from tests.steps.crashing import CrashError, a_world

OWN = function("own-post-processing")
FINAL = f"s3://{BUCKET}/batches/b/final/g1"
DELIVERY = DeliveryRecord(
    generation=1,
    outputManifestS3Uri=f"{FINAL}/output.manifest",
    items=5,
    accepted=5,
    rejected=0,
    unlabeled=0,
    exports=[
        ExportRecord(format="coco", s3Uri=f"{FINAL}/exports/coco/", files=1, items=5, labels=9)
    ],
    at=1.0,
)


def a_batch(generation: int = 1) -> BatchRecord:
    return BatchRecord(
        batchId="b",
        uid="u" * 32,
        status=BatchStatus.COMPLETE,
        pacing=Pacing.level,
        onJobFailure=OnJobFailure.fail,
        requestS3Uri=f"s3://{BUCKET}/batches/b/request.json",
        requestDigest="d",
        createdAt=0.0,
        updatedAt=0.0,
        movedAt=0.0,
        endedAt=1.0,
        generation=generation,
    )


@dataclass
class Desk:
    """The step with its ports in memory."""

    objects: Any = field(default_factory=lambda: S3ObjectStore(FastS3(VIDEO_CORS)))
    functions: Any = field(default_factory=FakeFunctions)
    clock: ManualClock = field(default_factory=ManualClock)
    generation: int = 1

    def answers(self, answer: Callable[[Any], Any]) -> None:
        self.functions.answers[OWN] = answer

    def run(self) -> PostProcessingRecord | int:
        return post_process(
            OwnFunction(functionArn=OWN, payload={"team": "a"}),
            a_batch(self.generation),
            DELIVERY.model_copy(update={"generation": self.generation}),
            functions=self.functions,
            objects=self.objects,
            clock=self.clock,
            batch_bucket=BUCKET,
        )

    def to_the_end(self) -> PostProcessingRecord:
        """As the machine goes round: waits, then calls again."""
        for _ in range(500):
            found = self.run()
            if isinstance(found, PostProcessingRecord):
                return found
            assert 2 <= found <= 60
            self.clock.advance(found)
        raise AssertionError("it never ends")

    @property
    def events(self) -> list[Any]:
        return [event for _, event in self.functions.calls]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def fails(error: Exception) -> Callable[[Any], Any]:
    def answer(_: Any) -> Any:
        raise error

    return answer


def test_it_is_told_what_was_delivered(desk: Desk) -> None:
    desk.answers(lambda _: {"done": True, "result": {"rows": 5}})

    assert desk.run() == PostProcessingRecord(status="DONE", result={"rows": 5})

    (event,) = desk.events
    assert event.pop("idempotencyId")
    assert event == {
        "version": 1,
        "event": "postProcessing",
        "batchId": "b",
        "call": 1,
        "payload": {"team": "a"},
        "requestS3Uri": f"s3://{BUCKET}/batches/b/request.json",
        "outputPrefixS3Uri": f"{FINAL}/post-processing/",
        "generation": 1,
        "status": "COMPLETE",
        "final": {
            "outputManifestS3Uri": f"{FINAL}/output.manifest",
            "rejectedManifestS3Uri": None,
            "unlabeledManifestS3Uri": None,
            "items": 5,
            "accepted": 5,
            "rejected": 0,
            "unlabeled": 0,
        },
        "exports": [
            {
                "format": "coco",
                "s3Uri": f"{FINAL}/exports/coco/",
                "files": 1,
                "items": 5,
                "labels": 9,
                "problem": None,
            }
        ],
        "reportS3Uri": None,
    }


def test_once_it_has_answered_it_is_never_called_again(desk: Desk) -> None:
    desk.answers(lambda _: {"done": True, "result": 1})
    assert desk.run() == desk.run() == desk.run()
    assert len(desk.events) == 1


def test_once_it_has_failed_it_is_never_called_again(desk: Desk) -> None:
    desk.answers(fails(ValueError("no room left")))
    first = desk.run()
    assert isinstance(first, PostProcessingRecord)
    assert (first.status, first.result) == ("FAILED", None)
    assert "no room left" in (first.error or "")
    assert desk.run() == first
    assert len(desk.events) == 1


def test_another_end_of_the_batch_is_processed_under_another_id(desk: Desk) -> None:
    desk.answers(lambda _: {"done": True})
    desk.run()
    desk.generation = 2
    desk.run()
    first, second = desk.events
    assert first["idempotencyId"] != second["idempotencyId"]
    assert second["outputPrefixS3Uri"].endswith("/final/g2/post-processing/")


def test_long_work_is_asked_for_again_under_one_id(desk: Desk) -> None:
    desk.answers(lambda event: {"done": event["call"] == 3})
    assert [desk.run(), desk.run()] == [2, 4]
    assert desk.run() == PostProcessingRecord(status="DONE")
    assert [event["call"] for event in desk.events] == [1, 2, 3]
    assert len({event["idempotencyId"] for event in desk.events}) == 1


def test_of_two_that_ask_at_a_time_the_first_answer_that_is_kept_counts(desk: Desk) -> None:
    def answer(event: Any) -> Any:
        if event["call"] == 1:
            # Another call asks, and is answered, while this one waits.
            desk.run()
        return {"done": True, "result": event["call"]}

    desk.answers(answer)
    assert desk.run() == desk.run() == PostProcessingRecord(status="DONE", result=2)


def test_work_that_never_ends_is_given_up_after_half_an_hour(desk: Desk) -> None:
    desk.answers(lambda _: {"done": False})
    began = desk.clock.now()
    found = desk.to_the_end()
    assert found.status == "FAILED"
    assert "not done after 1,800 s" in (found.error or "")
    assert 1_800 < desk.clock.now() - began < 1_900


class Busy:
    """Lambda throttles the first calls."""

    def __init__(self, times: int) -> None:
        self.left = times

    def call(self, arn: str, event: Any) -> Any:
        self.left -= 1
        if self.left >= 0:
            raise ThrottledError("TooManyRequestsException")
        return {"done": True}


def test_throttling_is_waited_out(desk: Desk) -> None:
    desk.functions = Busy(3)
    assert desk.to_the_end() == PostProcessingRecord(status="DONE")


def test_throttling_without_end_is_told_as_what_it_is(desk: Desk) -> None:
    desk.functions = Busy(10_000)
    found = desk.to_the_end()
    assert found.status == "FAILED"
    assert "TooManyRequestsException" in (found.error or "")


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (None, "at $"),
        ({}, "$.done"),
        ({"statusCode": 200}, "$.done"),
        ({"done": "yes"}, "$.done"),
        ({"done": False, "result": 1}, "a result belongs to an answer that is done"),
        ({"done": True, "result": "x" * 16_384}, "16,386 bytes of JSON, at most 16,384"),
        ({"done": True, "result": float("inf")}, "NOT_A_FINITE_NUMBER"),
        ({"done": True, "result": ["\ud800"]}, "INVALID_CHARACTER"),
        ({"done": True, "result": {"n": 10**38}}, "38 digits"),
        ({"done": True, "result": 1e-200}, "38 digits"),
        ({"done": True, "results": {}}, "at $.*:"),
    ],
)
def test_an_answer_against_the_contract_is_a_failure_with_the_reason(
    desk: Desk, told: Any, words: str
) -> None:
    desk.answers(lambda _: told)
    found = desk.run()
    assert isinstance(found, PostProcessingRecord)
    assert found.status == "FAILED"
    assert words in (found.error or "")


def test_a_long_error_is_cut(desk: Desk) -> None:
    desk.answers(fails(OwnFunctionError("x" * 5_000)))
    found = desk.run()
    assert isinstance(found, PostProcessingRecord)
    assert len(found.error or "") <= 1_000


@pytest.mark.parametrize("result", [None, 0, 1.5, -3, "", "x\n", [], {}, [{"a": [True, None]}]])
def test_whatever_result_is_taken_can_stand_on_the_row(desk: Desk, result: Any) -> None:
    desk.answers(lambda _: {"done": True, "result": result})
    record = desk.run()
    item = codec.batch_item(
        a_batch().model_copy(
            update={"delivery": DELIVERY.model_copy(update={"postProcessing": record})}
        ),
        is_open=False,
    )
    read = codec.to_batch(item).delivery
    assert read is not None
    assert read.postProcessing is not None
    assert read.postProcessing.result == result


class Dying:
    """A port of which one call of all is the last, before or after it took effect."""

    def __init__(self, port: Any, count: list[int], last: int, *, after: bool) -> None:
        self._port, self._count, self._last, self._after = port, count, last, after

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)

        def call(*args: Any, **more: Any) -> Any:
            self._count[0] += 1
            here = self._count[0] == self._last
            if here and not self._after:
                raise CrashError(f"before {name}")
            answer = found(*args, **more)
            if here:
                raise CrashError(f"after {name}")
            return answer

        return call


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_whatever_call_is_the_last_one_the_answer_that_is_kept_stands(after: bool) -> None:
    for last in range(1, 50):
        desk = Desk()
        desk.answers(
            lambda event: (
                {"done": True, "result": event["call"]} if event["call"] > 1 else {"done": False}
            )
        )
        count = [0]
        objects, functions = desk.objects, desk.functions
        desk.objects = Dying(objects, count, last, after=after)
        desk.functions = Dying(functions, count, last, after=after)
        try:
            found = desk.to_the_end()
        except CrashError:
            found = None
        desk.objects, desk.functions = objects, functions
        before = len(desk.events)
        at_last = desk.to_the_end()
        assert at_last.status == "DONE"
        assert len({event["idempotencyId"] for event in desk.events}) == 1
        assert found is None or (found == at_last and len(desk.events) == before)
        # An answer that nobody kept is asked for once more, and only that one.
        assert len(desk.events) <= 3
        if count[0] < last:
            assert last > 6
            return
    raise AssertionError("it never comes to its end")


@pytest.mark.parametrize(
    ("request_as_sent", "stack", "arn"),
    [
        ({"postProcessing": {"functionArn": OWN}}, "arn-of-the-stack", OWN),
        ({}, OWN, OWN),
        ({"postProcessing": None}, OWN, OWN),
        ({}, "", None),
        ({}, None, None),
        (None, OWN, OWN),
    ],
)
def test_the_requests_function_goes_before_the_stacks(
    request_as_sent: Any, stack: str | None, arn: str | None
) -> None:
    found = wanted(request_as_sent, stack)
    assert (found.functionArn if found else None) == arn


# --- at the end of a batch ------------------------------------------------------------------------
def ended(house: House, told: Any) -> dict[str, Any]:
    """A batch that people have finished, with a function behind it; its end message."""
    house.functions.answers[OWN] = told
    request = two_levels(house, postProcessing={"functionArn": OWN})
    request["labelingJobs"] = request["labelingJobs"][:1]
    house.post(request)
    house.turn()
    house.finish("car")
    (message,) = house.notifier.of("BATCH_COMPLETE")
    return message


@pytest.mark.parametrize("told", [{"done": True, "result": {"rows": 3}}, {"nonsense": 1}])
def test_the_batch_keeps_its_status_whatever_becomes_of_it(told: Any) -> None:
    house = a_world(0)

    message = ended(house, lambda event: told if event["call"] == 3 else {"done": False})

    batch = house.batch()
    assert batch.status is BatchStatus.COMPLETE
    assert message["status"] == "SUCCESS"
    delivery = batch.delivered
    assert delivery is not None
    assert delivery.postProcessing is not None
    assert delivery.accepted == 3
    done = "done" in told
    assert (delivery.postProcessing.status == "DONE", delivery.complete) == (done, done)
    shown = message["outputs"]["postProcessing"]
    assert shown["status"] == ("DONE" if done else "FAILED")
    assert shown["result"] == (told["result"] if done else None)
    assert ("$.done" in (shown["error"] or "")) is not done
    assert [event["call"] for _, event in house.functions.calls] == [1, 2, 3]
    (_, last) = house.functions.calls[-1]
    assert last["final"]["outputManifestS3Uri"] == delivery.outputManifestS3Uri
    assert (last["final"]["items"], last["final"]["accepted"]) == (3, 3)
    assert last["reportS3Uri"] == batch.reportS3Uri


def test_behind_slow_exports_the_function_has_a_call_of_its_own() -> None:
    """It may take ten minutes, and so much must be left of the call that waits for it."""
    house = a_world(0)
    ended(house, lambda _: {"done": True})
    house.functions.calls.clear()
    before = house.batch().delivered
    assert before is not None
    anew = {"over": False, "exports": [], "postProcessing": None}
    house.store.set_delivery("b", before.model_copy(update=anew))
    house.objects.delete(kept_uri(BUCKET, "b", 1))

    def slow(wanted: Any, *_: Any, folder: str, **__: Any) -> ExportRecord:
        house.clock.advance(300)
        return ExportRecord(format=wanted.format, s3Uri=folder)

    exports = Exports(wanted=lambda _: [SimpleNamespace(format="coco")], write=slow)
    deliver = replace(house.deliver, exports=exports)
    step = DeliverBatchInput(batchId="b", generation=1)

    assert deliver.run(step).next == "again"
    assert house.functions.calls == []
    assert deliver.run(step).next == "notify"
    ((_, event),) = house.functions.calls
    assert [export["format"] for export in event["exports"]] == ["coco"]


def test_without_a_function_nothing_is_called() -> None:
    house = a_world(0)
    request = two_levels(house)
    request["labelingJobs"] = request["labelingJobs"][:1]
    house.post(request)
    house.turn()
    house.finish("car")
    delivery = house.batch().delivered
    assert delivery is not None
    assert (delivery.postProcessing, delivery.complete) == (None, True)
    assert house.functions.calls == []
