"""Gates on whole items: what is chosen goes to people, the rest goes on as it is."""

from typing import Any

import pytest

from terrace.steps import lane as lanes
from tests.fakes.house import House
from tests.steps.boxes import GOOD, TWICE, boxes_label, lane, people, rows

OWN = "arn:aws:lambda:us-east-1:111122223333:function:mine"
BAD = {3, 7}


def drawn(number: int, item: dict[str, Any]) -> Any:
    return TWICE if number in BAD else GOOD


def mended(number: int, item: dict[str, Any]) -> Any:
    return [(10, 10, 40, 30)]


def passed(number: int, item: dict[str, Any]) -> Any:
    return "Pass"


def until_review(house: House, gate: dict[str, Any] | None, count: int = 10, **more: Any) -> None:
    house.post(lane(house, count, gate, **more))
    house.turn()
    people(house, "car", drawn)


def test_only_what_a_check_flags_goes_to_people_and_all_of_it_to_the_next_level(
    house: House,
) -> None:
    # Given ten images, of which two have a box drawn twice
    until_review(house, {"checks": ["duplicate-box"]})
    # When the gate has chosen, then people see these two
    assert people(house, "review", mended) == sorted(BAD)
    # And the next level sees all ten, each with its latest label
    job = house.jobs()["last"]
    given = rows(house, job.inputManifestS3Uri)
    assert len(given) == 10
    assert [len(line[job.auditedAttributeName or ""]["annotations"]) for line in given] == [1] * 10
    people(house, "last", passed)
    assert house.batch().status == "COMPLETE"
    final = house.batch().final
    assert final is not None
    assert (final.unlabeledItems, final.unreviewedItems) == (0, 0)


def test_a_gate_leaves_a_record_of_why(house: House) -> None:
    until_review(house, {"checks": ["duplicate-box"]})
    gate = house.jobs()["review"].gate
    assert gate is not None
    assert (gate.items, gate.flagged, gate.selected) == (10, 2, 2)
    assert gate.byCheck == {"duplicate-box": 2}
    decisions = rows(house, gate.decisionsS3Uri)
    assert [row["item"] for row in decisions] == list(range(10))
    assert [row["item"] for row in decisions if row["sent"]] == sorted(BAD)
    assert decisions[3]["reasons"][0].startswith("duplicate-box: ")
    assert decisions[0]["reasons"] == ["accepted as it is: no check flagged it"]
    found = rows(house, gate.findingsS3Uri)
    assert {row["item"] for row in found} == BAD
    job = house.jobs()["review"]
    accepted = lanes.accepted(job, house.objects)
    assert accepted == set(range(10)) - BAD


def test_a_gate_that_selects_nothing_ends_its_job_as_skipped_and_the_lane_goes_on(
    house: House,
) -> None:
    until_review(house, {"checks": ["box-outside"]})
    assert house.statuses()["review"] == "SKIPPED"
    assert "review" not in house.engine.jobs
    assert len(people(house, "last", passed)) == 10
    assert house.batch().status == "COMPLETE"


def test_beyond_the_budget_an_item_is_accepted_and_on_record(house: House) -> None:
    until_review(house, {"checks": ["duplicate-box"], "budget": {"count": 1}})
    sent = people(house, "review", mended)
    assert len(sent) == 1
    assert set(sent) < BAD
    gate = house.jobs()["review"].gate
    assert gate is not None
    (left,) = BAD - set(sent)
    row = rows(house, gate.decisionsS3Uri)[left]
    assert row["reasons"][0] == "accepted as it is: beyond the budget"
    assert row["reasons"][1].startswith("duplicate-box: ")
    assert (gate.flagged, gate.selected) == (2, 1)


def test_where_a_verdict_says_fail(house: House) -> None:
    # Given a lane whose verification is followed by a repair of what failed
    request = lane(house, 6, None)
    first, repair, last = request["labelingJobs"]
    verify = {**last, "jobName": "verify", "jobLevel": 2}
    verify["inputConfig"] = {"chainFromJobName": "car"}
    repair |= {"jobLevel": 3}
    repair["inputConfig"] = {"chainFromJobName": "verify", "gate": {"where": {"verdict": "fail"}}}
    request["labelingJobs"] = [first, verify, repair]
    house.post(request)
    house.turn()
    people(house, "car", drawn)
    people(house, "verify", lambda number, item: "Fail" if number in {2, 4} else "Pass")
    # Then only what failed is repaired
    assert people(house, "review", mended) == [2, 4]
    assert house.batch().status == "COMPLETE"


def dated(made: Any, day: int, kind: str) -> dict[str, Any]:
    about = {
        "type": f"groundtruth/{kind}",
        "human-annotated": "yes",
        "creation-date": f"2026-11-{day}T10:00:00.000000",
    }
    if isinstance(made, str):
        return {"label": int(made == "Fail"), "metadata": {**about, "class-name": made}}
    more = {"objects": [{"confidence": 0}] * len(made), "class-map": {"0": "Vehicle"}}
    return {"label": boxes_label(made), "metadata": {**about, **more}}


@pytest.mark.parametrize("answered", [{2, 4}, {2}], ids=["both", "one of two"])
def test_a_verdict_is_about_the_label_that_it_was_given_for(
    house: House, answered: set[int]
) -> None:
    # Given a repair of what a verification called wrong, and the same gate once more behind it
    request = lane(house, 6, None)
    first, repair, last = request["labelingJobs"]
    verify = {**last, "jobName": "verify", "jobLevel": 2}
    verify["inputConfig"] = {"chainFromJobName": "car"}
    gate = {"where": {"verdict": "fail"}}
    repair |= {"jobLevel": 3, "onIncomplete": "continue"}
    repair["inputConfig"] = {"chainFromJobName": "verify", "gate": gate}
    again = {**repair, "jobName": "again", "jobLevel": 4}
    again["inputConfig"] = {"chainFromJobName": "review", "gate": gate}
    request["labelingJobs"] = [first, verify, repair, again]
    house.post(request)
    house.turn()
    boxes, verdict = "object-detection", "label-verification"
    people(house, "car", lambda number, item: dated(GOOD, 20, boxes))
    failed = {2, 4}
    said = {number: "Fail" if number in failed else "Pass" for number in range(6)}
    people(house, "verify", lambda number, item: dated(said[number], 21, verdict))
    mend = {number: dated(GOOD, 22, boxes) for number in answered}
    name = "review"
    while name.lower() in house.engine.jobs and house.statuses()["review"] == "IN_PROGRESS":
        assert set(people(house, name, lambda number, item: mend.get(number))) <= failed
        name = f"review-a{house.jobs()['review'].attempt}"
    # Then only what was not mended goes to people again
    if answered == failed:
        assert house.statuses()["again"] == "SKIPPED"
    else:
        assert people(house, "again", mended) == [4]


def test_the_users_own_function_names_items(house: House) -> None:
    def own(event: Any) -> Any:
        assert event["version"] == 1
        assert (event["batchId"], event["jobName"]) == ("b", "review")
        return {
            "findings": [
                {"item": item["item"], "sentence": "It is a van.", "severity": "error"}
                for item in event["items"]
                if item["line"]["source-ref"].endswith("0005.jpg")
            ]
        }

    house.functions.answers[OWN] = own
    until_review(house, {"checks": [{"check": "lambda", "functionArn": OWN}]})
    assert people(house, "review", mended) == [5]
    gate = house.jobs()["review"].gate
    assert gate is not None
    assert rows(house, gate.findingsS3Uri)[0]["sentence"] == "It is a van."
    assert len(house.functions.calls) == 1


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"findings": [{"item": 99, "sentence": "x"}]}, "item is 99, which it was not asked about"),
        ({"findings": [{"item": 1}]}, "$.findings[0].sentence"),
        ({"finding": []}, "$.findings"),
        ([], "wrong at $"),
        ("no", "wrong at $"),
    ],
    ids=["an item it was not given", "no sentence", "another key", "a list", "a text"],
)
def test_an_own_function_that_answers_wrongly_fails_its_job_alone(
    house: House, answer: Any, said: str
) -> None:
    house.functions.answers[OWN] = lambda event: answer
    gate = {"checks": [{"check": "lambda", "functionArn": OWN}]}
    request = {**lane(house, 10, gate), "onJobFailure": "continue"}
    house.post(request)
    house.turn()
    people(house, "car", drawn)
    job = house.jobs()["review"]
    assert job.status == "FAILED"
    assert OWN in (job.failureReason or "")
    assert said in (job.failureReason or "")
    # The labels made before are kept, and the batch tells of what is missing.
    assert house.batch().status == "COMPLETE_WITH_ERRORS"


def test_an_own_function_that_fails_is_named(house: House) -> None:
    def own(event: Any) -> Any:
        raise RuntimeError("no model")

    house.functions.answers[OWN] = own
    until_review(house, {"checks": [{"check": "lambda", "functionArn": OWN}]})
    job = house.jobs()["review"]
    assert job.status == "FAILED"
    assert "no model" in (job.failureReason or "")


def test_a_sample_beside_a_check_is_either(house: House) -> None:
    until_review(house, {"checks": ["duplicate-box"], "sample": {"count": 4}}, count=20)
    sent = people(house, "review", mended)
    assert set(sent) >= BAD
    assert 4 <= len(sent) <= 6


def test_a_gates_percent_is_the_sampling_rate_by_another_name(house: House) -> None:
    until_review(house, {"sample": {"percent": 30}})
    sent = people(house, "review", mended)
    assert set(sent) == lanes.sample(list(range(10)), 30, "review")


def test_what_was_chosen_stays_chosen_where_people_left_items_without_an_answer(
    house: House,
) -> None:
    until_review(house, {"checks": ["duplicate-box"]})
    people(house, "review", lambda number, item: None if number == 7 else GOOD)
    # The second attempt has the one that is missing, and nothing else.
    assert people(house, "review-a2", mended) == [7]
    assert len(people(house, "last", passed)) == 10
    assert house.batch().status == "COMPLETE"
