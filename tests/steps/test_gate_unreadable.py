"""What cannot be read is never accepted, whatever a gate asks: people see it, or it is told."""

from typing import Any

import pytest

from terrace.domain.gates import NO_CLIPS
from tests.fakes.house import House
from tests.steps.boxes import people, rows
from tests.steps.test_gate_items import OWN
from tests.steps.test_gate_tracks import CATEGORIES, drawn

WRONG = ["[]", "null", "{}", "{not json"]
ITEM_GATES: list[dict[str, Any]] = [
    {"sample": {"percent": 1}},
    {"checks": ["label-flip"]},
    {"checks": ["label-flip"], "where": {"label": ["Person"]}},
    {"checks": [{"check": "lambda", "functionArn": OWN}]},
]
CLIP_GATES: list[dict[str, Any]] = [
    {"sample": {"percent": 100}, "unit": "clip", "context": 0},
    {"checks": ["label-flip"], "unit": "clip", "context": 0},
]


def reviewed(house: House, gate: dict[str, Any], *, labels: str = "", sequence: str = "") -> None:
    """A lane of four sequences, of which the third has such files; label-flip finds nothing."""
    house.functions.answers[OWN] = lambda event: {"findings": []}
    names = [{"label": "Vehicle"}, {"label": "Person"}]
    house.objects.put_json(CATEGORIES, {"document-version": "2020-08-15", "labels": names})
    first = {
        "jobName": "car",
        "jobLevel": 1,
        "jobModality": "VideoObjectTracking",
        "inputConfig": {"inputManifestS3Uri": house.manifest(items=4)},
        "labelCategoryConfigS3Uri": CATEGORIES,
    }
    review = {
        "jobName": "review",
        "jobLevel": 2,
        "jobModality": "VideoObjectTrackingAdjustment",
        "inputConfig": {"chainFromJobName": "car", "gate": gate},
    }
    house.post({"batchId": "b", "labelingJobs": [first, review]})
    house.turn()
    draw = drawn(house, broken=set(), flipped=set())
    places: dict[int, int] = {}

    def draws(number: int, item: dict[str, Any]) -> Any:
        answer = draw(number, item)
        places[number] = len(places)
        if places[number] == 2 and labels:
            house.objects.put_text(answer["label"], labels, "application/json")
        if places[number] == 2 and sequence:
            house.objects.put_text(item["source-ref"], sequence, "application/json")
        return answer

    people(house, "car", draws)


def told(house: House) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Decisions, and what was unreadable."""
    gate = house.jobs()["review"].gate
    assert gate is not None
    found = rows(house, gate.findingsS3Uri)
    return rows(house, gate.decisionsS3Uri), [one for one in found if one["check"] == "unreadable"]


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("gate", ITEM_GATES, ids=str)
def test_an_item_whose_labels_cannot_be_read_goes_to_people(
    house: House, gate: dict[str, Any], wrong: str
) -> None:
    reviewed(house, gate, labels=wrong)
    decisions, found = told(house)
    assert [one["item"] for one in found] == [2]
    assert decisions[2]["sent"]
    assert decisions[2]["reasons"][0].startswith("unreadable: The label file")
    assert house.jobs()["review"].status == "IN_PROGRESS"


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("gate", CLIP_GATES, ids=str)
def test_a_clip_gate_tells_of_an_item_that_it_cannot_cut_and_goes_on(
    house: House, gate: dict[str, Any], wrong: str
) -> None:
    reviewed(house, gate, labels=wrong)
    decisions, found = told(house)
    assert [one["item"] for one in found] == [2]
    assert decisions[2]["reasons"][0] == NO_CLIPS
    assert house.jobs()["review"].status != "FAILED"


@pytest.mark.parametrize(
    "wrong", [*WRONG, '{"frames": []}', '{"frames": [1]}', '{"frames": [{"frame": 1}]}']
)
@pytest.mark.parametrize("gate", [ITEM_GATES[0], CLIP_GATES[0]], ids=str)
def test_a_sequence_file_without_frames_is_as_bad(
    house: House, gate: dict[str, Any], wrong: str
) -> None:
    reviewed(house, gate, sequence=wrong)
    decisions, found = told(house)
    assert [one["item"] for one in found] == [2]
    assert decisions[2]["sent"] == ("unit" not in gate)
    assert house.jobs()["review"].status != "FAILED"
