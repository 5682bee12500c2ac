"""Gates over masks: a mask that was saved anew is the same mask, and gold masks are compared."""

import io
import json
from typing import Any

import pytest
from PIL import Image

from tests.fakes.house import INPUTS, House
from tests.steps.boxes import lane, people, rows

WHITE, RED = (255, 255, 255), (255, 0, 0)
COUNT = 12
GOLD = f"s3://{INPUTS}/gold.manifest"


def upload(house: House, name: str, columns: int, compress_level: int) -> str:
    """A mask of 4 x 4 pixels whose first columns are red; returns its URI."""
    image = Image.new("RGB", (4, 4), WHITE)
    image.paste(RED, (0, 0, columns, 4))
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=compress_level)
    uri = f"s3://{INPUTS}/masks/{name}.png"
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    house.objects._client.put_object(Bucket=bucket, Key=key, Body=file.getvalue())
    return uri


def mask(uri: str) -> dict[str, Any]:
    colors = {
        "0": {"class-name": "BACKGROUND", "hex-color": "#ffffff", "confidence": 0},
        "1": {"class-name": "Vehicle", "hex-color": "#ff0000", "confidence": 0},
    }
    about = {
        "internal-color-map": colors,
        "type": "groundtruth/semantic-segmentation",
        "human-annotated": "yes",
        "creation-date": "2026-11-20T10:00:00.000000",
    }
    return {"label": uri, "metadata": about}


def masks(house: House, gate: dict[str, Any], **more: Any) -> None:
    request = lane(house, COUNT, gate)
    first, review, _ = request["labelingJobs"]
    first["jobModality"] = "SemanticSegmentation"
    review["jobModality"] = "SemanticSegmentationAdjustment"
    review["inputConfig"] |= more
    request["labelingJobs"] = [first, review]
    house.post(request)
    house.turn()
    assert house.statuses()["car"] == "IN_PROGRESS", house.batch().mark


def painted(house: House, wrong: set[int], level: int, name: str) -> Any:
    def draw(number: int, item: dict[str, Any]) -> Any:
        columns = 4 if number in wrong else 2
        return mask(upload(house, f"{name}{number}", columns, level))

    return draw


@pytest.mark.parametrize(("repainted", "accepted"), [(set(), True), (set(range(COUNT)), False)])
def test_a_mask_saved_anew_is_wrong_only_if_its_pixels_changed(
    house: House, repainted: set[int], accepted: bool
) -> None:
    gate = {"sample": {"maxErrorRate": 0.3, "confidence": 0.8}}
    masks(house, gate)
    people(house, "car", painted(house, set(), 0, "a"))
    looked = people(house, "review", painted(house, repainted, 9, "b"))
    lot = house.jobs()["review"].gate.lot  # type: ignore[union-attr]
    assert lot is not None
    assert lot.wrong == len(repainted & set(looked))
    assert lot.accepted is accepted


def test_a_mask_that_cannot_be_read_proves_nothing(house: House) -> None:
    masks(house, {"sample": {"maxErrorRate": 0.3, "confidence": 0.8}})
    people(house, "car", painted(house, set(), 0, "a"))
    given = mask(f"s3://{INPUTS}/masks/gone.png")
    looked = people(house, "review", lambda number, item: given)
    lot = house.jobs()["review"].gate.lot  # type: ignore[union-attr]
    assert lot is not None
    assert (lot.wrong, lot.accepted) == (len(looked), False)


def test_gold_masks_are_compared_by_pixel(house: House) -> None:
    known = [
        {"source-ref": f"s3://{INPUTS}/img/{number:04}.jpg", "car-ref": made["label"]}
        | {"car-ref-metadata": made["metadata"]}
        for number in range(3)
        for made in [mask(upload(house, f"gold{number}", 2, 5))]
    ]
    house.objects.write_lines(GOLD, (json.dumps(line) for line in known))
    masks(house, {"checks": ["gold"]}, goldManifestS3Uri=GOLD)
    people(house, "car", painted(house, {2, 7}, 0, "a"))
    gate = house.jobs()["review"].gate
    assert gate is not None
    found = rows(house, gate.findingsS3Uri)
    assert [(row["item"], row["value"]) for row in found] == [(2, 0.5)]
    assert people(house, "review", painted(house, set(), 9, "b")) == [2]
