"""Gates over sequences: classes have names, and what cannot be read goes to people."""

from typing import Any

from tests.fakes.house import INPUTS, House
from tests.steps.boxes import people, rows

CATEGORIES = f"s3://{INPUTS}/two.json"


def drawn(house: House, broken: set[int], flipped: set[int]) -> Any:
    """Two frames of one object: flat in its second frame, or of two classes."""

    def draw(number: int, item: dict[str, Any]) -> Any:
        frames = []
        for frame in (0, 1):
            flat = number in broken and frame == 1
            one = {
                "object-id": "4f0c",
                "object-name": "Auto:1",
                "class-id": "1" if number in flipped and frame == 0 else "0",
                "label-category-attributes": {},
                **{"left": 10, "top": 10, "width": 40, "height": 0 if flat else 30},
            }
            frames.append(
                {"frame-no": frame, "frame": f"00000{frame + 1}.jpg", "annotations": [one]}
            )
        uri = f"s3://{INPUTS}/labels/{number}/SeqLabel.json"
        house.objects.put_json(uri, {"tracking-annotations": frames})
        about = {
            # The other class is in the category file alone.
            "class-map": {"0": "Vehicle"},
            "type": "groundtruth/video-object-tracking",
            "human-annotated": "yes",
            "creation-date": "2026-11-20T10:00:00.000000",
        }
        return {"label": uri, "metadata": about}

    return draw


def reviewed(house: House, gate: dict[str, Any]) -> None:
    labels = [{"label": "Other"}, {"label": "Person"}]
    house.objects.put_json(CATEGORIES, {"document-version": "2020-08-15", "labels": labels})
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
    people(house, "car", drawn(house, broken={1}, flipped={3}))


def findings(house: House) -> list[dict[str, Any]]:
    gate = house.jobs()["review"].gate
    assert gate is not None
    return rows(house, gate.findingsS3Uri)


def test_classes_are_named_by_the_line_and_else_by_the_category_file(house: House) -> None:
    reviewed(house, {"checks": ["label-flip"]})
    (flip,) = [row for row in findings(house) if row["check"] == "label-flip"]
    assert (flip["item"], flip["label"]) == (3, "Vehicle")
    assert '"Vehicle"' in flip["sentence"]
    assert '"Person"' in flip["sentence"]


def test_a_label_that_cannot_be_checked_goes_to_people_whatever_a_gate_asks(house: House) -> None:
    # Given a gate about a class that nothing has, and a box without a height
    reviewed(house, {"checks": ["label-flip"], "where": {"label": ["Person"]}})
    (flat,) = [row for row in findings(house) if row["check"] == "degenerate"]
    assert (flat["item"], flat["frameNo"], flat["label"]) == (1, 1, "Vehicle")
    # Then people see it, and the record says why
    gate = house.jobs()["review"].gate
    assert gate is not None
    decisions = rows(house, gate.decisionsS3Uri)
    assert [row["item"] for row in decisions if row["sent"]] == [1]
    assert any("has no extent" in reason for reason in decisions[1]["reasons"])


def test_a_label_that_cannot_be_checked_is_cut_into_a_clip(house: House) -> None:
    reviewed(house, {"checks": ["label-flip"], "unit": "clip", "context": 0})
    gate = house.jobs()["review"].gate
    assert gate is not None
    sent = {row["item"]: row["frames"] for row in rows(house, gate.decisionsS3Uri) if row["sent"]}
    assert sent == {1: [1], 3: [1]}
