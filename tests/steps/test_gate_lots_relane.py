"""A rejected lot is sent whole: also what owed an earlier review, and what came into it late."""

from typing import Any

from tests.fakes.house import House
from tests.steps.boxes import GOOD, lane, people, rows
from tests.steps.test_gate_lots import MOVED, PROMISE, good, moved, passed
from tests.steps.test_gate_retry import retry

COUNT = 40
DECLINED = set(range(10))


def a_lot_behind_a_review_that_gave_up(house: House) -> None:
    """People decline ten images; the promise behind that review is made for all forty."""
    request = lane(house, COUNT, None, onIncomplete="continue")
    second = {
        **request["labelingJobs"][1],
        **{"jobName": "second", "jobLevel": 3},
        "inputConfig": {"chainFromJobName": "review", "gate": PROMISE},
    }
    request["labelingJobs"][2:] = [second]
    house.post(request)
    house.turn()
    people(house, "car", good)
    people(house, "review", lambda number, item: None if number in DECLINED else GOOD)


def test_items_that_owe_an_earlier_review_are_sent_with_the_rejected_lot(house: House) -> None:
    a_lot_behind_a_review_that_gave_up(house)
    first = people(house, "second", moved)
    assert DECLINED - set(first)
    second = people(house, "second-a2", moved)
    assert sorted([*first, *second]) == list(range(COUNT))
    job = house.jobs()["second"]
    assert (job.status, job.numItems, job.numItemsLabeled) == ("COMPLETE", COUNT, COUNT)
    assert job.gate is not None
    assert job.gate.selected == COUNT
    assert all(row["sent"] for row in rows(house, job.gate.decisionsS3Uri))
    final = house.batch().final
    assert final is not None
    assert final.unreviewedItems == 0


def test_an_accepted_lot_does_not_settle_what_an_earlier_review_owes(house: House) -> None:
    a_lot_behind_a_review_that_gave_up(house)
    looked = set(people(house, "second", good))
    assert house.statuses()["second"] == "COMPLETE"
    final = house.batch().final
    assert final is not None
    told = rows(house, final.unreviewedManifestS3Uri)
    assert len(told) == len(DECLINED - looked) > 0
    assert all(line["terrace-record"]["reason"].startswith("review: ") for line in told)


def test_items_that_join_a_rejected_lot_later_are_sent_and_on_record_as_sent(
    house: House,
) -> None:
    late = range(COUNT - 5, COUNT)
    request = lane(house, COUNT, PROMISE)
    request["labelingJobs"][0]["onIncomplete"] = "continue"
    house.post(request)
    house.turn()
    people(house, "car", lambda number, item: None if number in late else GOOD)
    people(house, "review", moved)
    people(house, "review-a2", moved)
    people(house, "last", passed)
    # When the batch is retried, and the five that had no label get one
    retry(house)
    people(house, "car-a2", good)
    job = house.jobs()["review"]
    assert job.gate is not None
    decided = rows(house, job.gate.decisionsS3Uri)
    assert [row["item"] for row in decided if not row["sent"]] == []
    assert job.gate.selected == len(decided) == COUNT
    reasons: dict[int, Any] = {row["item"]: row["reasons"] for row in decided}
    assert any("everything is sent" in reasons[number][0] for number in late)
    assert people(house, job.attemptName, lambda number, item: MOVED) == list(late)
