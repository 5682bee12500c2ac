"""DeliverBatch: what is on record of a delivery, however often a call dies; and that it ends."""

import json
from typing import Any

import pytest

from terrace.domain import messages, show
from terrace.domain.records import DeliveryRecord, ExportRecord
from terrace.domain.status import JobStatus
from terrace.errors import TransientError
from terrace.steps.deliver_batch import (
    OUTAGES,
    TRIES,
    YIELD_FOR,
    DeliverBatch,
    DeliverBatchInput,
    Exports,
)
from terrace_cli.delivered import delivered_lines
from tests.fakes.house import BUCKET, INPUTS, House
from tests.steps.final_rows import LABEL, NOTHING, Ended, Job, Lane, ended, stored

A = f"s3://{INPUTS}/a.manifest"
STEP = DeliverBatchInput(batchId="b", generation=1)
CALLS = 40


class DiedError(BaseException):
    """The process is gone: nothing after it runs."""


class Wanted:
    def __init__(self, name: str) -> None:
        self.format = name


def three(house: House) -> Ended:
    """An ended batch of three images: accepted, rejected, unlabeled."""
    images = [{"source-ref": f"s3://{INPUTS}/{name}.jpg"} for name in "xyz"]
    lane = Lane(
        [
            Job("car", "BoundingBox", [LABEL, LABEL, NOTHING]),
            Job("car-check", "BoundingBoxVerification", ["Pass", "Fail", NOTHING]),
        ]
    )
    return stored(house, ended(house, {A: images}, [lane]))


def deliver(house: House, exports: Exports | None = None) -> DeliverBatch:
    return DeliverBatch(house.store, house.objects, house.clock, BUCKET, exports=exports)


def machine(house: House, step: DeliverBatch) -> int:
    """Calls it as the machine does: two retries of a call that dies; the calls it took."""
    calls = failed = 0
    while calls < CALLS:
        calls += 1
        try:
            answer = step.run(STEP)
        except (DiedError, TransientError):
            failed += 1
            if failed == 3:
                return calls
            continue
        failed = 0
        if answer.next == "notify":
            return calls
    raise AssertionError("the machine would call it for ever")


def delivery(house: House) -> DeliveryRecord:
    found = house.batch().delivered
    assert found is not None
    return found


def two_exports(write: Any) -> Exports:
    return Exports(lambda request: [Wanted("coco"), Wanted("voc")], write)


def good(wanted: Wanted, *args: Any, folder: str, **more: Any) -> ExportRecord:
    return ExportRecord(format=wanted.format, s3Uri=folder, files=1, items=1, labels=1)


def test_counts_and_files_are_on_record_in_show_and_in_the_end_message(house: House) -> None:
    found = three(house)
    assert machine(house, deliver(house)) == 1
    done = delivery(house)
    assert done.complete
    assert (done.items, done.accepted, done.rejected, done.unlabeled) == (3, 1, 1, 1)
    batch = house.batch()
    outputs = show.dump(show.batch_view(batch, found.jobs, _request(house)))["outputs"]
    assert outputs["items"] == outputs["accepted"] + outputs["rejected"] + outputs["unlabeled"]
    for key in ("finalManifestS3Uri", "rejectedManifestS3Uri", "unlabeledManifestS3Uri"):
        [line] = list(house.objects.read_lines(outputs[key]))
        assert json.loads(line.text)["terrace"]["batch"] == "b"
    # And the message carries the same, even where it has no room for the jobs
    message = messages.batch_end(batch, found.jobs, _request(house), "s3://b/info.json")
    assert json.loads(message.body)["outputs"] == outputs
    # And a call that is repeated changes nothing
    assert machine(house, deliver(house)) == 1
    assert delivery(house) == done


def _request(house: House) -> Any:
    return house.objects.get_json(f"s3://{BUCKET}/batches/b/request.json")


def test_another_end_of_the_batch_and_one_that_runs_are_left_alone(house: House) -> None:
    three(house)
    stale = DeliverBatchInput(batchId="b", generation=2)
    assert deliver(house).run(stale).next == "notify"
    nobody = DeliverBatchInput(batchId="nobody", generation=1)
    assert deliver(house).run(nobody).next == "notify"
    assert house.batch().delivery is None


def test_exports_follow_the_manifests_one_by_one(house: House) -> None:
    three(house)
    machine(house, deliver(house, two_exports(good)))
    done = delivery(house)
    assert [one.format for one in done.exports] == ["coco", "voc"]
    assert done.exports[0].s3Uri == f"s3://{BUCKET}/batches/b/final/g1/exports/coco/"
    assert done.complete


def test_an_export_that_kills_every_call_costs_only_itself(house: House) -> None:
    three(house)
    calls: list[str] = []

    def deadly(wanted: Wanted, *args: Any, **more: Any) -> ExportRecord:
        calls.append(wanted.format)
        if wanted.format == "coco":
            raise DiedError
        return good(wanted, *args, **more)

    machine(house, deliver(house, two_exports(deadly)))
    done = delivery(house)
    assert calls == ["coco"] * TRIES + ["voc"]
    assert [one.problem for one in done.exports] == [f"writing it broke off {TRIES} times", None]
    assert (done.items, done.over, done.complete) == (3, True, False)


def test_manifests_that_kill_every_call_end_with_the_reason(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    three(house)

    def dying(*args: Any) -> int:
        raise DiedError

    monkeypatch.setattr(house.objects, "write_lines", dying)
    machine(house, deliver(house))
    done = delivery(house)
    assert (done.items, done.over, done.complete) == (None, True, False)
    assert done.problem == f"writing the manifests broke off {TRIES} times"


def test_a_service_that_is_away_for_a_while_costs_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    three(house)
    real = house.objects.write_lines
    away = [True] * 2

    def sometimes(*args: Any) -> int:
        if away:
            away.pop()
            raise TransientError("S3 is away")
        return real(*args)

    monkeypatch.setattr(house.objects, "write_lines", sometimes)
    assert machine(house, deliver(house)) == 3
    assert delivery(house).complete


def test_a_service_that_stays_away_is_waited_for_and_then_told(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = three(house)

    def away(*args: Any) -> int:
        raise TransientError("S3 is away")

    monkeypatch.setattr(house.objects, "write_lines", away)
    step = deliver(house)
    answers = [step.run(STEP) for _ in range(OUTAGES + 1)]
    assert [one.next for one in answers] == ["wait"] * OUTAGES + ["notify"]
    assert [one.seconds for one in answers[:6]] == [5, 10, 20, 40, 60, 60]
    assert "a service was away" in (delivery(house).problem or "")
    message = messages.batch_end(house.batch(), found.jobs, _request(house), "s3://b/info.json")
    assert "a service was away" in json.loads(message.body)["outputs"]["deliveryProblem"]


@pytest.mark.parametrize("bad", ["coco", "voc"])
def test_an_error_that_nobody_foresaw_costs_one_export_and_is_told_without_data(
    house: House, bad: str
) -> None:
    three(house)

    def wrong(wanted: Wanted, *args: Any, **more: Any) -> ExportRecord:
        if wanted.format == bad:
            raise KeyError("a label of the user's")
        return good(wanted, *args, **more)

    assert machine(house, deliver(house, two_exports(wrong))) == 1
    done = delivery(house)
    assert (done.items, done.over, done.complete) == (3, True, False)
    problems = {one.format: one.problem for one in done.exports}
    told = problems.pop(bad)
    assert "KeyError at test_deliver_batch.py:" in (told or "")
    assert "user's" not in (told or "")
    assert list(problems.values()) == [None]


def test_an_unforeseen_error_in_the_manifests_is_told(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    three(house)

    def full(*args: Any) -> int:
        raise OSError("no space left")

    monkeypatch.setattr(house.objects, "write_lines", full)
    assert machine(house, deliver(house)) == 1
    done = delivery(house)
    assert (done.items, done.over, done.complete) == (None, True, False)
    assert (done.problem or "").startswith("the manifests could not be written: OSError at ")


def test_an_end_that_is_told_before_it_is_delivered_says_so(house: House) -> None:
    found = three(house)
    request = _request(house)
    # While the machine may still deliver, nothing is known to be wrong
    assert show.outputs(house.batch()).deliveryProblem is None
    message = messages.batch_end(house.batch(), found.jobs, request, "s3://b/info.json")
    told = json.loads(message.body)["outputs"]
    assert told["deliveryProblem"] == show.BROKE_OFF
    assert json.loads(message.body)["batchInfo"]["outputs"] == told
    assert house.store.message_sent("b", house.clock.now(), 1) is not False
    assert show.outputs(house.batch()).deliveryProblem == show.BROKE_OFF


@pytest.mark.parametrize(
    ("name", "dies_at"), [("add_event", 1), *(("set_delivery", at) for at in (2, 6, 7, 8))]
)
@pytest.mark.parametrize("after", [False, True])
def test_a_call_that_dies_at_any_note_still_leaves_it_in_the_timeline(
    house: House, monkeypatch: pytest.MonkeyPatch, name: str, dies_at: int, after: bool
) -> None:
    three(house)
    events: list[str] = []
    add = house.store.add_event

    def added(batch_id: str, what: str, detail: Any, at: float) -> None:
        add(batch_id, what, detail, at)
        events.append(what)

    monkeypatch.setattr(house.store, "add_event", added)
    real, count = getattr(house.store, name), 0

    def dying(*args: Any) -> Any:
        nonlocal count
        count += 1
        if count == dies_at and not after:
            raise DiedError
        found = real(*args)
        if count == dies_at:
            raise DiedError
        return found

    monkeypatch.setattr(house.store, name, dying)
    machine(house, deliver(house, two_exports(good)))
    assert delivery(house).complete
    # Twice where it died between the event and the note of it
    assert set(events) == {"DELIVERED"}
    assert len(events) <= 2


def test_an_output_that_is_gone_leaves_the_labels_before_it(house: House) -> None:
    three(house)
    gone = f"s3://{BUCKET}/batches/b/outputs/car-check/output.manifest"
    house.objects.delete(gone)
    assert machine(house, deliver(house)) == 1
    done = delivery(house)
    assert (done.items, done.accepted, done.unlabeled, done.complete) == (3, 2, 1, False)
    assert "car-check: its labels could not be read" in (done.problem or "")
    lines = house.objects.read_lines(done.outputManifestS3Uri or "")
    for about in (json.loads(line.text)["terrace"] for line in lines):
        assert gone in about["reason"]
        assert [one["what"] for one in about["lanes"][0]["history"]] == ["labeled", "not answered"]


def test_an_output_that_breaks_off_in_the_middle_keeps_what_is_before_and_behind(
    house: House,
) -> None:
    three(house)
    uri = f"s3://{BUCKET}/batches/b/outputs/car-check/output.manifest"
    first, _ = (line.text for line in house.objects.read_lines(uri))
    house.objects.write_lines(uri, iter([first, '{"source-ref": "s3://']))
    assert machine(house, deliver(house)) == 1
    done = delivery(house)
    assert (done.items, done.accepted, done.unlabeled) == (3, 2, 1)
    lines = house.objects.read_lines(done.outputManifestS3Uri or "")
    passed, older = (json.loads(line.text)["terrace"] for line in lines)
    assert passed["lanes"][0]["history"][1]["verdict"] == "Pass"
    assert "could not be read" in older["reason"]


def test_labels_of_which_nothing_can_be_read_are_told_and_end_it(house: House) -> None:
    three(house)
    for job in ("car", "car-check"):
        house.objects.delete(f"s3://{BUCKET}/batches/b/outputs/{job}/output.manifest")
    assert machine(house, deliver(house)) == 1
    done = delivery(house)
    assert (done.items, done.unlabeled, done.complete) == (3, 3, False)
    assert "its labels could not be read" in (done.problem or "")


def test_items_that_are_not_known_are_null_and_end_the_delivery_all_the_same(house: House) -> None:
    lost = Lane([Job("car", "BoundingBox", lost=True, status=JobStatus.FAILED)])
    a = [{"source-ref": f"s3://{INPUTS}/x.jpg"}]
    found = stored(house, ended(house, {A: a}, [lost]))
    house.objects.delete(A)
    assert machine(house, deliver(house, two_exports(good))) == 1
    done = delivery(house)
    assert (done.items, done.accepted, done.rejected, done.unlabeled) == (None, 0, 0, None)
    assert (done.over, done.complete, len(done.exports)) == (True, False, 2)
    shown = show.dump(show.batch_view(house.batch(), found.jobs, _request(house)))["outputs"]
    assert shown["items"] is None
    assert "are not known" in shown["deliveryProblem"]
    told = delivered_lines(shown)
    assert told[0] == "0 accepted, 0 rejected; how many items there are is not known"


def test_after_two_hours_nothing_more_is_begun(house: House) -> None:
    three(house)
    house.clock.advance(YIELD_FOR)
    assert machine(house, deliver(house)) == 1
    assert "within 2 hours" in (delivery(house).problem or "")


def test_what_a_retry_of_the_batch_makes_void_is_not_shown(house: House) -> None:
    three(house)
    machine(house, deliver(house))
    batch = house.batch().model_copy(update={"generation": 2})
    assert show.outputs(batch).items is None
    assert show.outputs(batch).finalManifestS3Uri is None
