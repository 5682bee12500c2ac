"""Answers that get lost, executions that come twice, and calls that come too late."""

from typing import Any

import pytest

from terrace.domain.records import BatchRecord, Mark, Stop
from terrace.domain.request import StopMode
from terrace.errors import BadRequestError, TransientError
from terrace.steps.transform_batch import Transform, TransformBatchInput
from tests.fakes.house import BUCKET, House
from tests.steps.conftest import two_levels
from tests.steps.test_start import raising

LANES = ("car", "road", "car-audit", "road-audit")


def create_late(house: House, name: str, nonce: str | None) -> None:
    """CreateLabelingJob takes effect after everybody has given it up."""
    house.engine.create(
        {
            "LabelingJobName": name,
            "OutputConfig": {"S3OutputPath": f"s3://{BUCKET}/batches/b/outputs/{name}/a1/"},
            "Tags": [{"Key": "terrace:nonce", "Value": nonce}],
            "LabelAttributeName": f"{name}-ref",
            "InputConfig": {
                "DataSource": {
                    "S3DataSource": {"ManifestS3Uri": house.jobs()[name].inputManifestS3Uri}
                }
            },
        }
    )


# --- the end of a batch ---------------------------------------------------------------------


def test_an_end_whose_answer_was_lost_is_still_told_by_the_machine(house: House) -> None:
    house.post(two_levels(house))
    house.turn()
    end_batch = house.store.end_batch

    def answer_lost(*what: Any) -> bool:
        end_batch(*what)
        return False

    house.store.end_batch = answer_lost  # type: ignore[method-assign]
    for name in LANES:
        house.finish(name)
    assert house.batch().status == "COMPLETE"
    assert len(house.notifier.of("BATCH_COMPLETE")) == 1


def test_labels_are_named_where_the_next_attempt_could_not_be_started(house: House) -> None:
    house.engine.before_create = raising(BadRequestError("ValidationException"), "car-a2")
    house.post(two_levels(house))
    house.turn()
    house.finish("car", labeled=1 / 3)
    house.finish("road")
    car = house.jobs()["car"]
    assert (car.status, car.numItemsLabeled) == ("FAILED", 1)
    assert car.outputManifestS3Uri is not None
    assert house.batch().status == "FAILED"


def test_a_batch_ends_though_labels_of_an_attempt_were_deleted_by_hand(house: House) -> None:
    house.post(two_levels(house))
    house.turn()
    house.finish("car", labeled=1 / 3)
    house.engine.finish("car-a2", labeled=1 / 2)
    house.settle.by_name("car-a2")
    house.objects.delete(house.jobs()["car"].attempts[0].outputManifestS3Uri or "")
    house.finish("road", "Failed", labeled=0, manifest="absent")
    assert house.batch().status == "FAILED"
    assert "could not be merged" in (house.jobs()["car"].failureReason or "")


def test_the_end_of_a_level_is_told_later_if_the_topic_was_down(house: House) -> None:
    house.post(two_levels(house))
    house.turn()
    for name in LANES[:3]:
        house.finish(name)
    publish = house.notifier.publish

    def only_ends(topic: str | None, subject: str, body: str, about: dict[str, str]) -> None:
        if about["eventType"] != "BATCH_COMPLETE":
            raise TransientError("SNS Publish: InternalError")
        publish(topic, subject, body, about)

    house.notifier.publish = only_ends  # type: ignore[method-assign]
    house.finish("road-audit")
    assert house.batch().messageSentAt is not None
    house.notifier.publish = publish  # type: ignore[method-assign]
    house.reconcile()
    assert [m["level"] for m in house.notifier.of("LEVEL_COMPLETE")] == [1, 2]
    assert list(house.store.open_batches(None)) == []


# --- starts that come too late ----------------------------------------------------------------


def test_a_job_created_after_its_batch_ended_is_found_and_stopped(house: House) -> None:
    house.post(two_levels(house))

    def marked_meanwhile(name: str) -> None:
        # The caller gets no answer, and the job is not there yet either.
        house.store.set_mark("b", Mark(kind="fail", at=house.clock.now(), reason="test"))
        raise TransientError("read timed out")

    house.engine.before_create = marked_meanwhile
    house.turn()
    house.reconcile(after=60)
    assert house.batch().status == "FAILED"
    assert house.jobs()["car"].claimOpen
    house.engine.before_create = lambda name: None
    create_late(house, "car", house.jobs()["car"].nonce)
    house.reconcile()
    assert house.engine.stopped == ["car"]
    assert house.jobs()["car"].labelingJobArn is not None
    # One more look, when it has come to its end.
    house.reconcile()
    assert house.engine.stopped == ["car"]
    assert list(house.store.open_batches(None)) == []


def test_a_start_that_finds_itself_given_up_stops_its_own_job(house: House) -> None:
    house.post(two_levels(house, onJobFailure="continue"))

    def given_up_meanwhile(name: str) -> None:
        if name == "car":
            job = house.jobs()["car"]
            end = {"endedAt": house.clock.now(), "claimOpen": True}
            house.store.end_attempt(job, "FAILED", end)  # type: ignore[arg-type]

    house.engine.before_create = given_up_meanwhile
    house.turn()
    assert house.engine.stopped == ["car"]
    car = house.jobs()["car"]
    assert car.labelingJobArn is not None
    assert car.status == "FAILED"
    # Until it has ended, nobody may ask for its items again.
    assert (car.claimOpen, car.stopRequestedAt) == (True, house.clock.now())


def test_a_mark_set_just_before_the_claim_keeps_the_job_from_starting(house: House) -> None:
    house.post(two_levels(house))
    claim = house.store.claim

    def overtaken(*what: Any) -> Any:
        house.store.set_mark("b", Mark(kind="fail", at=house.clock.now(), reason="test"))
        return claim(*what)

    house.store.claim = overtaken  # type: ignore[method-assign]
    house.turn()
    assert house.engine.creates == []
    assert house.batch().status == "FAILED"
    assert set(house.statuses().values()) == {"DROPPED"}


def test_a_generation_that_ends_just_before_the_claim_starts_nothing(house: House) -> None:
    house.post(two_levels(house))
    claim = house.store.claim
    replaced: list[int] = []

    def overtaken(*what: Any) -> Any:
        if not replaced:
            replaced.append(house.batch().generation)
            house.store.next_generation(house.batch(), house.clock.now())
        return claim(*what)

    house.store.claim = overtaken  # type: ignore[method-assign]
    house.turn()
    assert house.engine.creates == []
    house.reconcile()
    assert sorted(house.engine.creates) == ["car", "road"]


def test_a_batch_told_to_stop_stops_what_runs_at_the_next_pass(house: House) -> None:
    house.post(two_levels(house))
    house.turn()
    # The stop was written, and whoever wrote it died before it could wake the batch up.
    house.store.set_stop("b", Stop(mode=StopMode.stop, at=house.clock.now()))
    house.reconcile()
    assert sorted(house.engine.stopped) == ["car", "road"]
    house.reconcile()
    assert house.batch().status == "STOPPED"


# --- validation -------------------------------------------------------------------------------


def wrong(house: House) -> dict[str, Any]:
    request = two_levels(house)
    request["labelingJobs"][0]["inputConfig"] = {"inputManifestS3Uri": "s3://input-bucket/none"}
    return request


def test_names_are_given_back_though_the_step_died_on_the_way(house: House) -> None:
    house.post(wrong(house))
    free = house.store.free
    died = []

    def dies_once(claim: Any) -> None:
        if not died:
            died.append(claim)
            raise TransientError("DynamoDB DeleteItem: InternalServerError")
        free(claim)

    house.store.free = dies_once  # type: ignore[method-assign]
    step = TransformBatchInput(batchId="b", generation=1)
    with pytest.raises(TransientError):
        house.transform.run(step)
    house.turn()
    assert house.batch().status == "VALIDATION_FAIL"
    assert [house.store.get_claim(name) for name in LANES] == [None] * 4


def test_a_stale_check_gives_back_no_name_that_a_newer_one_holds(house: House) -> None:
    house.post(two_levels(house))
    stale: Transform = house.transform
    get_json = house.objects.get_json

    def overtaken(uri: str, *more: Any) -> Any:
        if "request" in uri:
            house.store.next_generation(house.batch(), house.clock.now())
            return {**get_json(uri), **wrong(house)}
        return get_json(uri, *more)

    house.objects.get_json = overtaken  # type: ignore[method-assign]
    stale.run(TransformBatchInput(batchId="b", generation=1))
    assert house.batch().mark is None
    assert all(house.store.get_claim(name) is not None for name in LANES)


def test_a_batch_posted_again_has_no_rows_of_its_first_posting(house: House) -> None:
    house.post(two_levels(house))
    step = TransformBatchInput(batchId="b", generation=1)
    finish = house.store.finish_transform

    def dies(*what: Any) -> bool:
        raise TransientError("DynamoDB UpdateItem: InternalServerError")

    house.store.finish_transform = dies  # type: ignore[method-assign]
    with pytest.raises(TransientError):
        house.transform.run(step)
    house.store.finish_transform = finish  # type: ignore[method-assign]
    house.objects.delete("s3://input-bucket/clip.manifest")
    house.turn()
    assert house.batch().status == "VALIDATION_FAIL"
    request = two_levels(house)
    request["labelingJobs"] = request["labelingJobs"][:1]
    request["labelingJobs"][0]["taskTitle"] = "second posting"
    house.post(request)
    house.turn()
    assert house.statuses() == {"car": "IN_PROGRESS"}
    assert house.jobs()["car"].spec.taskTitle == "second posting"
    house.finish("car")
    assert house.batch().status == "COMPLETE"


# --- the reconciler ---------------------------------------------------------------------------


def three_batches(house: House) -> None:
    for number in range(3):
        request = two_levels(house)
        job = request["labelingJobs"][0] | {"jobName": f"j{number}"}
        house.post({"batchId": f"b{number}", "labelingJobs": [job]})
        house.clock.advance(1)
    house.turn()
    for number in range(3):
        house.engine.finish(f"j{number}")


def ended(house: House) -> list[str]:
    return [b.batchId for b in (house.batch(f"b{n}") for n in range(3)) if b.ended]


def test_a_pass_that_runs_out_of_time_goes_on_where_it_was(house: House) -> None:
    three_batches(house)
    describe = house.engine.describe

    def slow(name: str) -> Any:
        house.clock.advance(700)
        return describe(name)

    house.engine.describe = slow  # type: ignore[method-assign]
    seen = []
    for _ in range(3):
        house.reconcile()
        seen.append(ended(house))
    assert seen == [["b0"], ["b0", "b1"], ["b0", "b1", "b2"]]


def test_a_batch_that_breaks_the_pass_does_so_once_and_the_others_go_on(house: House) -> None:
    three_batches(house)
    load = house.store.load
    loads: list[str] = []

    def broken(batch_id: str) -> tuple[BatchRecord, list[Any]] | None:
        loads.append(batch_id)
        if batch_id == "b0" and loads.count("b0") % 2 == 0:
            raise KeyError("a row no code has ever seen")
        return load(batch_id)

    house.store.load = broken  # type: ignore[method-assign]
    with pytest.raises(KeyError):
        house.reconcile()
    with pytest.raises(KeyError):
        # It is the last one now.
        house.reconcile()
    house.turn()
    assert ended(house) == ["b1", "b2"]


def test_executions_that_die_at_once_are_replaced_once_a_pass(house: House) -> None:
    house.post(two_levels(house))
    house.turn()
    house.reconcile(after=1, execution=house.kill())
    assert house.batch().generation == 2
    for _ in range(3):
        house.reconcile(after=1, execution=house.kill())
    assert house.batch().generation == 2
    house.reconcile()
    assert house.batch().generation == 3
    for name in LANES:
        house.finish(name)
    assert house.batch().status == "COMPLETE"
