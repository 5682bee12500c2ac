"""A label file with a number that is none: a gate names the box, and checks the others."""

import json
from typing import Any

import pytest

from terrace.domain.manifest import Item
from terrace.domain.quality import sequence
from terrace.domain.request import Gate
from terrace.steps.gate_reading import Reader, Seen
from terrace.steps.lane import LaneItem
from tests.fakes.house import BUCKET, House

LABEL = f"s3://{BUCKET}/SeqLabel.json"


def box(frame: int, left: Any) -> dict[str, Any]:
    about = {"class-id": "0", "object-id": "1", "object-name": "Car:1"}
    place = {"left": left, "top": 1, "width": 5, "height": 7}
    return {"frame-no": frame, "frame": f"{frame}.jpg", "annotations": [{**about, **place}]}


def read(house: House, gate: dict[str, Any], left: float = float("nan")) -> Seen:
    frames = [box(0, 1), box(1, left), box(2, 3)]
    house.objects.put_json(LABEL, {"tracking-annotations": frames})
    about = {"type": "groundtruth/video-object-tracking", "class-map": {"0": "Car"}}
    data = {"source-ref": f"s3://{BUCKET}/seq.json", "car": LABEL, "car-metadata": about}
    reader = Reader(house.objects, Gate.model_validate(gate), "frames", False, ())
    return reader.read(LaneItem(0, Item(1, json.dumps(data), data), "car"), "car")


@pytest.mark.parametrize("left", [float("nan"), float("inf"), float("-inf")])
def test_where_tracks_are_checked_the_box_is_named_and_the_rest_is_checked(
    house: House, left: float
) -> None:
    seen = read(house, {"checks": ["missing-frame"]}, left)
    assert seen.findings == []
    loaded = sequence.load(seen.document)
    assert loaded.objects == 2
    [bad] = loaded.findings
    assert (bad.frameNo, bad.objectName) == (1, "Car:1")


@pytest.mark.parametrize(
    "gate", [{"where": {"label": ["Car"]}}, {"checks": ["missing-frame"], "unit": "clip"}]
)
def test_where_nobody_would_name_it_or_clips_are_cut_the_file_is_unreadable(
    house: House, gate: dict[str, Any]
) -> None:
    [said] = read(house, gate).findings
    assert "NaN is not JSON" in said.sentence


def test_a_number_that_is_too_large_is_null_for_those_who_look_for_mistakes(house: House) -> None:
    house.objects.put_text(LABEL, '{"a": 1e999, "b": -1e999, "c": 1e300, "d": NaN}', "x")
    found = house.objects.get_json(LABEL, lenient=True)
    assert found == {"a": None, "b": None, "c": 1e300, "d": None}
    with pytest.raises(ValueError, match="too large"):
        house.objects.get_json(LABEL)
