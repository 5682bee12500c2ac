"""Frames that a user's own function names, and how much it may say."""

from typing import Any

import pytest

from terrace.steps import gate_own
from tests.fakes.aws import FastS3
from tests.fakes.house import House
from tests.steps.test_clip_jobs import FRAMES, built, do, jobs_with, lines, posted
from tests.steps.test_gate_items import OWN, until_review

__all__ = ["built"]
GATE = {"checks": [{"check": "lambda", "functionArn": OWN}], "unit": "clip", "context": 1}


def reviewed(house: House, **found: Any) -> None:
    """A review of clips, behind a function that finds this in the second sequence."""
    house.functions.answers[OWN] = lambda event: {
        "findings": [{"item": 1, "sentence": "It is a van.", "severity": "error", **found}]
    }
    first, _, review = jobs_with()
    review = {**review, "jobLevel": 2}
    review["inputConfig"] = {"chainFromJobName": "car", "gate": GATE}
    posted(house, first, review)
    do(house, "car")


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"frameNo": FRAMES}, f".frameNo is {FRAMES}, and item 1 has {FRAMES} frames; right is 0"),
        ({"frame": "none.jpg"}, ".frame is the name of no frame of item 1"),
        ({"frame": "000005.jpg", "frameNo": 5}, ".frameNo is 5, and its frame is number 4"),
    ],
    ids=["one past the last", "another name", "two frames"],
)
def test_a_frame_that_is_not_there_is_no_answer(
    built: tuple[House, FastS3], found: dict[str, Any], said: str
) -> None:
    house, _ = built
    reviewed(house, **found)
    job = house.jobs()["adjust"]
    assert job.status == "FAILED"
    assert f"{OWN}: $.findings[0]{said}" in (job.failureReason or "")


@pytest.mark.parametrize(
    "found", [{"frame": "000005.jpg"}, {"frameNo": 4}, {"frame": "000005.jpg", "frameNo": 4}]
)
def test_a_frame_may_be_named_or_counted(
    built: tuple[House, FastS3], found: dict[str, Any]
) -> None:
    house, _ = built
    reviewed(house, **found)
    gate = house.jobs()["adjust"].gate
    assert gate is not None
    sent = {row["item"]: row["frames"] for row in lines(house, gate.decisionsS3Uri) if row["sent"]}
    assert sent == {1: [3, 4, 5]}


@pytest.mark.parametrize("item", [True, "1", 1.0])
def test_an_item_is_a_whole_number(house: House, item: Any) -> None:
    house.functions.answers[OWN] = lambda event: {"findings": [{"item": item, "sentence": "x"}]}
    until_review(house, {"checks": [{"check": "lambda", "functionArn": OWN}]})
    job = house.jobs()["review"]
    assert job.status == "FAILED"
    assert "$.findings[0].item" in (job.failureReason or "")


def test_all_slices_together_may_not_say_more_than_fits(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate_own, "SLICE_ITEMS", 2)
    monkeypatch.setattr(gate_own, "FINDINGS_IN_ALL", 3)
    house.functions.answers[OWN] = lambda event: {
        "findings": [{"item": one["item"], "sentence": "x"} for one in event["items"]]
    }
    until_review(house, {"checks": [{"check": "lambda", "functionArn": OWN}]})
    job = house.jobs()["review"]
    assert job.status == "FAILED"
    assert "more than 3 things by slice 1" in (job.failureReason or "")
    assert len(house.functions.calls) == 2
