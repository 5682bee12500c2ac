"""A retried lane behind a gate: what was chosen stays chosen, new items go through the gate."""

import json
from typing import Any

from terrace.steps.api_retry import RetryBatch
from terrace.steps.job_output import texts
from tests.fakes.house import House
from tests.steps.boxes import GOOD, TWICE, lane, people


def retry(house: House) -> None:
    RetryBatch(house.store, house.workflow, house.clock).run('{"batchId": "b"}')
    house.turn()


def drawn(number: int, item: dict[str, Any]) -> Any:
    """Images 1 and 4 are wrong; 4 and 5 get no answer at first."""
    return TWICE if number in {1, 4} else GOOD


def test_new_items_go_through_the_gate_and_old_ones_stay_chosen(house: House) -> None:
    # Given a lane whose first job left two images unlabeled, and whose gate sent one to people
    request = lane(house, 6, {"checks": ["duplicate-box"]})
    request["labelingJobs"][0]["onIncomplete"] = "continue"
    house.post(request)
    house.turn()
    people(house, "car", lambda n, item: None if n in {4, 5} else drawn(n, item))
    assert people(house, "review", lambda n, item: GOOD) == [1]
    people(house, "last", lambda n, item: "Pass")
    assert house.batch().status == "COMPLETE_WITH_ERRORS"
    # When the batch is retried, and the two are labeled, one of them wrongly
    retry(house)
    assert people(house, "car-a2", drawn) == [4, 5]
    # Then people see that one, and not again what they have seen
    assert people(house, "review-a2", lambda n, item: GOOD) == [4]
    job = house.jobs()["review"]
    assert (job.numItems, job.numItemsLabeled, job.status) == (2, 2, "COMPLETE")
    assert people(house, "last-a2", lambda n, item: "Pass") == [4, 5]
    assert house.batch().status == "COMPLETE"


def test_a_lot_that_grew_is_judged_again_as_a_whole(house: House) -> None:
    promise = {"sample": {"maxErrorRate": 0.3, "confidence": 0.8}}
    request = lane(house, 30, promise)
    request["labelingJobs"][0]["onIncomplete"] = "continue"
    house.post(request)
    house.turn()
    people(house, "car", lambda n, item: None if n >= 20 else GOOD)
    first = people(house, "review", lambda n, item: GOOD)
    people(house, "last", lambda n, item: "Pass")
    before = house.jobs()["review"].gate
    assert before is not None
    assert before.lot is not None
    assert (before.lot.size, before.lot.accepted) == (20, True)
    retry(house)
    people(house, "car-a2", lambda n, item: GOOD)
    # Then the lot has all thirty, and what the sample lacks is looked at
    row = house.jobs()["review"]
    assert row.gate is not None
    assert row.gate.lot is not None
    assert row.gate.lot.size == 30
    if row.status == "IN_PROGRESS":
        name = row.attemptName
        assert not set(people(house, name, lambda n, item: GOOD)) & set(first)
    done = house.jobs()["review"]
    assert done.status == "COMPLETE"
    assert done.gate is not None
    assert done.gate.lot is not None
    assert (done.gate.lot.size, done.gate.lot.accepted) == (30, True)


def test_of_carried_items_only_those_with_a_label_are_carried_on_as_they_are(house: House) -> None:
    request = lane(house, 4, {"checks": ["duplicate-box"]})
    request["labelingJobs"][0]["onIncomplete"] = "continue"
    house.post(request)
    house.turn()
    people(house, "car", lambda n, item: None if n == 3 else drawn(n, item))
    carried = house.jobs()["review"].carriedS3Uri
    assert carried is not None
    # Image 1 was sent, and image 3 had no label yet: it may have one by now.
    rows = [json.loads(text) for text in texts(house.objects, carried)]
    assert [row["index"] for row in rows if row["attribute"] is not None] == [0, 2]
