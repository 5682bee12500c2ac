"""Reviews of clips behind other reviews: what those owe, and what a retry mends, is not lost."""

from typing import Any

import pytest

from terrace.steps import lane
from tests.fakes.aws import FastS3
from tests.fakes.house import House
from tests.steps.test_clip_jobs import (
    SEQUENCES,
    built,
    changes,
    do,
    jobs_with,
    labels,
    lines,
    people,
    posted,
)
from tests.steps.test_stop_retry import retry

__all__ = ["built"]

OWN = "arn:aws:lambda:us-east-1:111122223333:function:mine"
CHECKS = {"checks": ["missing-frame", "position", "size"]}
CLIPS = {**CHECKS, "unit": "clip", "context": 1}
DECLINED = "a: declined"


def lane_of(house: House, gate: dict[str, Any] | None, frames: list[int], context: int = 0) -> None:
    """Boxes, review `a`, and behind it review `b` of clips at these frames of every sequence."""
    house.functions.answers[OWN] = lambda asked: {
        "findings": [
            {"item": item["item"], "sentence": "look", "frameNo": number}
            for item in asked["items"]
            for number in frames
        ]
    }
    second = {"checks": [{"check": "lambda", "functionArn": OWN}], "unit": "clip"}
    jobs = jobs_with()[:1]
    for name, chained, rule in (("a", "car", gate), ("b", "a", {**second, "context": context})):
        given: dict[str, Any] = {"chainFromJobName": chained, **({"gate": rule} if rule else {})}
        jobs.append(
            {
                "jobName": name,
                "jobLevel": len(jobs) + 1,
                "jobModality": "VideoObjectTrackingAdjustment",
                "inputConfig": given,
                "onIncomplete": "continue",
            }
        )
    posted(house, *jobs)


def declined_first(house: House, name: str) -> None:
    people(house).do(name, decline={0})
    house.event(name)


def after(house: House, name: str) -> dict[int, lane.LaneItem]:
    return {item.index: item for item in lane.after(house.jobs()[name], house.objects)}


@pytest.mark.parametrize("gate", [CLIPS, None], ids=["clips", "whole sequences"])
def test_what_one_review_owes_is_told_behind_the_next_and_what_a_retry_mends_reaches_it(
    built: tuple[House, FastS3], gate: dict[str, Any] | None
) -> None:
    # Given a review that left a part of item 0 open, and one of another frame behind it
    house, _ = built
    lane_of(house, gate, [39])
    do(house, "car")
    declined_first(house, "a")
    do(house, "b")
    found = after(house, "b")
    assert DECLINED in found[0].why
    assert [found[place].why for place in (1, 2)] == ["", ""]
    final = house.batch().final
    assert final is not None
    assert final.unreviewedItems == 1
    before = labels(house, house.jobs()["b"])
    # When a retry has it done
    retry(house)
    do(house, "a-a2")
    # Then what was mended is in the labels behind the second review too, and nothing is owed
    assert set(house.statuses().values()) == {"COMPLETE"}
    mended, now = (labels(house, house.jobs()[name]) for name in ("a", "b"))
    assert any(error[0] == 0 for error in changes(before, mended))
    assert not changes(now, mended)
    assert [item.why for item in after(house, "b").values()] == [""] * SEQUENCES
    final = house.batch().final
    assert final is not None
    assert final.unreviewedItems == 0


def test_a_review_of_every_frame_settles_what_an_earlier_one_owes(
    built: tuple[House, FastS3],
) -> None:
    house, _ = built
    lane_of(house, None, [20], context=20)
    do(house, "car")
    declined_first(house, "a")
    assert DECLINED.replace("a: ", "") in after(house, "a")[0].why
    do(house, "b")
    assert after(house, "b")[0].why == ""


def test_an_item_that_a_gate_let_pass_owes_nothing_behind_a_review_of_clips(
    built: tuple[House, FastS3],
) -> None:
    house, _ = built
    lane_of(house, {"where": {"attribute": {"Moving": "Never"}}}, [39])
    do(house, "car")
    assert all(item.accepted and item.why for item in after(house, "a").values())
    do(house, "b")
    assert house.batch().status == "COMPLETE"
    assert [item.why for item in after(house, "b").values()] == [""] * SEQUENCES


def test_an_answer_that_is_older_than_the_label_there_says_so(
    built: tuple[House, FastS3],
) -> None:
    house, _ = built
    lane_of(house, CLIPS, [10, 25], context=1)
    do(house, "car")
    declined_first(house, "a")
    do(house, "b")
    answered = labels(house, house.jobs()["b"])
    retry(house)
    do(house, "a-a2")
    # Frames 9 to 11 of item 0 were answered in b before a changed them; frame 25 was not touched.
    why = after(house, "b")[0].why
    assert why == (
        "frames 9 to 11 (000010.jpg to 000012.jpg): b answered before a changed the label there, "
        "and the answer of b stands"
    )
    assert not changes(answered, labels(house, house.jobs()["b"]))
    final = house.batch().final
    assert final is not None
    assert final.unreviewedItems == 1


def test_a_clip_that_is_asked_again_shows_the_labels_of_today(
    built: tuple[House, FastS3],
) -> None:
    house, _ = built
    lane_of(house, CLIPS, [10, 25], context=1)
    do(house, "car")
    declined_first(house, "a")
    declined_first(house, "b")
    retry(house)
    do(house, "a-a2")
    job = house.jobs()["b"]
    [given] = lines(house, job.inputManifestS3Uri)
    shown = house.objects.get_json(given[job.auditedAttributeName or ""])["tracking-annotations"]
    item = after(house, "a")[0]
    rows = house.objects.get_json(item.item.data[item.attribute or ""])["tracking-annotations"]
    wanted = [row for row in rows if int(row["frame-no"]) in {9, 10, 11}]
    assert [row["annotations"] for row in shown] == [row["annotations"] for row in wanted]
    assert [row["frame"] for row in shown] == ["000010.jpg", "000011.jpg", "000012.jpg"]
    do(house, "b-a2")
    assert house.batch().status == "COMPLETE"
    assert after(house, "b")[0].why == ""


def test_labels_that_cannot_be_read_any_more_leave_those_that_were_cut_and_are_told(
    built: tuple[House, FastS3],
) -> None:
    house, _ = built
    lane_of(house, None, [39])
    do(house, "car")
    declined_first(house, "a")
    do(house, "b")
    before = labels(house, house.jobs()["b"])
    retry(house)
    people(house).do("a-a2")
    [line] = lines(house, people(house).jobs["a-a2"].outputManifestS3Uri)
    house.objects.put_text(line["a-ref"], "{not json", "application/json")
    house.event("a-a2")
    assert house.statuses()["b"] == "COMPLETE"
    assert after(house, "b")[0].why.endswith("what a left of it later cannot be read")
    assert not changes(before, labels(house, house.jobs()["b"]))


def test_with_the_budget_spent_new_sequences_are_on_record_all_the_same(
    built: tuple[House, FastS3],
) -> None:
    house, _ = built
    jobs = jobs_with(budget={"count": 8})
    for job in jobs:
        job["onIncomplete"] = "continue"
    posted(house, *jobs)
    declined_first(house, "car")
    do(house, "audit")
    declined_first(house, "adjust")
    retry(house)
    do(house, "car-a2", "audit-a2", "adjust-a2")
    gate = house.jobs()["adjust"].gate
    assert gate is not None
    assert (gate.items, gate.selectedFrames) == (SEQUENCES, 8)
    decided = {row["item"]: row for row in lines(house, gate.decisionsS3Uri)}
    assert sorted(decided) == list(range(SEQUENCES))
    assert (decided[0]["sent"], decided[0]["frames"]) == (False, [])
    assert decided[0]["framesBeyondBudget"]


def test_directions_are_written_again_for_what_a_retry_sends(
    built: tuple[House, FastS3],
) -> None:
    house, _ = built
    jobs = jobs_with(where=None, **{**CHECKS, "unit": "item"})
    jobs[0]["onIncomplete"] = "continue"
    del jobs[2]["inputConfig"]["gate"]["context"]
    jobs[2]["inputConfig"]["chainFromJobName"] = "car"
    jobs[2]["jobLevel"] = 2
    posted(house, jobs[0], jobs[2])
    declined_first(house, "car")
    do(house, "adjust")
    retry(house)
    do(house, "car-a2")
    made = house.objects.get_json(people(house).requests["adjust-a2"]["LabelCategoryConfigS3Uri"])
    # Only the sequence that this attempt has: so it needs no heading.
    full = made["instructions"]["fullInstruction"]
    assert "Please look here first:\n- " in full
    assert ".jpg" in made["instructions"]["shortInstruction"]
