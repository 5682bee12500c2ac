"""Acceptance sampling: the sample is looked at, then the lot is accepted or sent whole."""

from typing import Any

import pytest

from terrace.domain import show
from terrace.domain.acceptance import plan
from terrace.domain.quality.report_rows import job_of_row
from terrace.domain.records import Stop
from terrace.domain.request import StopMode
from tests.fakes.house import House
from tests.steps.boxes import GOOD, lane, people, rows

COUNT = 40
PROMISE = {"sample": {"maxErrorRate": 0.2, "confidence": 0.8}}
LOOKED = plan(COUNT, 0.2, 0.8).looked
MOVED = [(100, 100, 40, 30)]


def good(number: int, item: dict[str, Any]) -> Any:
    return GOOD


def moved(number: int, item: dict[str, Any]) -> Any:
    return MOVED


class Died(Exception):
    pass


def passed(number: int, item: dict[str, Any]) -> Any:
    return "Pass"


def sampled(house: House, gate: dict[str, Any] = PROMISE, **more: Any) -> None:
    house.post(lane(house, COUNT, gate, **more))
    house.turn()
    people(house, "car", good)


def test_a_sample_without_errors_accepts_the_lot_without_asking_anybody_again(
    house: House,
) -> None:
    # Given a promise that needs a look at a part of the images
    sampled(house)
    assert 0 < LOOKED < COUNT
    # When people find nothing wrong in the sample
    assert len(people(house, "review", good)) == LOOKED
    # Then the job is done, and no second labeling job was made
    job = house.jobs()["review"]
    assert job.status == "COMPLETE"
    assert house.engine.creates == ["car", "review", "last"]
    assert job.gate is not None
    assert job.gate.lot is not None
    lot = job.gate.lot
    assert (lot.size, lot.looked, lot.wrong, lot.accepted) == (COUNT, LOOKED, 0, True)
    # And neither show nor the report tells of one
    batch = house.batch()
    told = show.batch_view(
        batch, list(house.jobs().values()), house.objects.get_json(batch.requestS3Uri)
    )
    row = next(row for row in show.jobs_in(show.dump(told)) if row["labelingJobName"] == "review")
    assert (row["attempt"], len(row["attempts"])) == (1, 1)
    reported = job_of_row(batch, job, job.status, house.jobs())
    assert (reported.attempts, len(reported.endedAttempts)) == (1, 1)
    # And the next level sees every image
    assert len(people(house, "last", passed)) == COUNT
    final = house.batch().final
    assert final is not None
    assert final.unreviewedItems == 0


def test_a_wrong_label_in_the_sample_sends_everything(house: House) -> None:
    sampled(house)
    first = people(house, "review", moved)
    job = house.jobs()["review"]
    assert (job.status, job.attempt) == ("IN_PROGRESS", 2)
    assert job.gate is not None
    assert job.gate.lot is not None
    assert (job.gate.lot.wrong, job.gate.lot.accepted) == (LOOKED, False)
    # The second attempt has what nobody looked at, and nothing that somebody did.
    second = people(house, "review-a2", moved)
    assert sorted([*first, *second]) == list(range(COUNT))
    job = house.jobs()["review"]
    assert (job.status, job.numItems, job.numItemsLabeled) == ("COMPLETE", COUNT, COUNT)
    decisions = rows(house, job.gate.decisionsS3Uri if job.gate else None)
    assert all(row["sent"] for row in decisions)
    # And the next level sees the mended label of every image.
    last = house.jobs()["last"]
    attribute = last.auditedAttributeName or ""
    given = rows(house, last.inputManifestS3Uri)
    assert [line[attribute]["annotations"][0]["left"] for line in given] == [100] * COUNT


def test_so_many_wrong_labels_as_are_allowed_accept_the_lot(house: House) -> None:
    gate = {"sample": {**PROMISE["sample"], "allowedErrors": 1}}
    sampled(house, gate)
    wrong = iter([MOVED])
    people(house, "review", lambda number, item: next(wrong, GOOD))
    lot = house.jobs()["review"].gate.lot  # type: ignore[union-attr]
    assert lot is not None
    assert (lot.wrong, lot.allowed, lot.accepted) == (1, 1, True)
    assert house.statuses()["review"] == "COMPLETE"


def test_a_verification_judges_by_its_verdicts(house: House) -> None:
    sampled(house, jobModality="BoundingBoxVerification")
    fails = iter(["Fail"])
    people(house, "review", lambda number, item: next(fails, "Pass"))
    assert house.jobs()["review"].attempt == 2
    assert len(people(house, "review-a2", passed)) == COUNT - LOOKED
    assert house.statuses()["review"] == "COMPLETE"


def test_judging_does_not_count_as_an_attempt(house: House) -> None:
    # Given a job that may be tried once
    sampled(house, maxAttempts=1)
    people(house, "review", moved)
    # Then its lot is still sent whole
    people(house, "review-a2", good)
    assert house.statuses()["review"] == "COMPLETE"


def test_what_nobody_could_judge_is_no_proof(house: House) -> None:
    sampled(house, onIncomplete="continue")
    missing = iter([None])
    people(house, "review", lambda number, item: next(missing, GOOD))
    lot = house.jobs()["review"].gate.lot  # type: ignore[union-attr]
    assert lot is not None
    assert (lot.wrong, lot.accepted) == (1, False)
    # The one without an answer is asked for again, with the rest.
    assert len(people(house, "review-a2", good)) == COUNT - LOOKED + 1


def test_a_stopped_batch_does_not_judge_and_says_what_was_not_looked_at(house: House) -> None:
    sampled(house)
    house.store.set_stop("b", Stop(mode=StopMode.drain, at=house.clock.now()))
    people(house, "review", good)
    job = house.jobs()["review"]
    assert job.status == "INCOMPLETE"
    assert "before the sample was judged" in (job.failureReason or "")
    assert house.batch().status == "STOPPED"
    final = house.batch().final
    assert final is not None
    # The sample was reviewed; nobody vouches for the rest.
    assert final.unreviewedItems == COUNT
    manifest = rows(house, final.unreviewedManifestS3Uri)
    reasons = [line["terrace-record"]["reason"] for line in manifest]
    assert len(reasons) == COUNT


@pytest.mark.parametrize("wrong", [False, True], ids=["accepted", "sent whole"])
def test_a_crash_at_any_write_of_the_judging_changes_nothing(
    house: House, wrong: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a sample that is back
    sampled(house)
    objects, store = type(house.objects), type(house.store)
    made = {"left": 0}

    def dying(real: Any) -> Any:
        def call(*args: Any, **more: Any) -> Any:
            made["left"] -= 1
            if made["left"] == 0:
                raise Died
            return real(*args, **more)

        return call

    for owner, name in (
        (objects, "put_json"),
        (objects, "write_lines"),
        (store, "save_input"),
        (store, "end_attempt"),
        (store, "add_event"),
    ):
        monkeypatch.setattr(owner, name, dying(getattr(owner, name)))
    # When PrepareInput dies at its first write, its second, ... and is called again each time
    crashes = 0
    real = house.start_job

    def until_it_lives(*args: Any) -> None:
        nonlocal crashes
        for at in range(1, 60):
            made["left"] = at
            try:
                real(*args)
            except Died:
                crashes += 1
                continue
            made["left"] = 0
            return

    monkeypatch.setattr(house, "start_job", until_it_lives)
    people(house, "review", moved if wrong else good)
    made["left"] = 0
    assert crashes >= 2
    # Then the lot is judged once, and nothing is asked twice
    if wrong:
        assert len(people(house, "review-a2", good)) == COUNT - LOOKED
    job = house.jobs()["review"]
    assert job.status == "COMPLETE"
    assert house.engine.creates[:2] == ["car", "review"]
    assert len(set(house.engine.creates)) == len(house.engine.creates)
