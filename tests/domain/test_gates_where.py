"""A gate's `where`: all conditions for one same object, in every shape of label."""

from typing import Any

import pytest

from terrace.domain.gates_where import match, verdict_of
from terrace.domain.modalities import Shape
from terrace.domain.request import GateWhere

CLASSES = {"class-map": {"0": "Car", "1": "Person"}}


def where(**given: Any) -> GateWhere:
    return GateWhere.model_validate(given)


def boxes(*numbers: int) -> dict[str, Any]:
    return {"annotations": [{"class_id": n} for n in numbers]}


def frame(number: Any, *objects: dict[str, Any], **attributes: str) -> dict[str, Any]:
    return {
        "frame-no": str(number),
        "frame": f"{number}.jpg",
        "annotations": list(objects),
        "frame-attributes": attributes,
    }


def thing(name: str, number: str = "0", **attributes: Any) -> dict[str, Any]:
    return {
        "object-id": name,
        "object-name": f"Car:{name}",
        "class-id": number,
        "label-category-attributes": attributes,
    }


def sequence(*frames: dict[str, Any]) -> dict[str, Any]:
    return {"tracking-annotations": list(frames)}


def test_nothing_asked_holds_for_everything() -> None:
    found = match(None, "boxes", boxes(0, 1), CLASSES)
    assert (found.holds, found.classes, found.objects) == (True, ("Car", "Person"), None)
    assert found.covers("0", None)


def test_a_class_of_boxes_names_these_boxes() -> None:
    found = match(where(label=["Person"]), "boxes", boxes(0, 1), CLASSES)
    assert found.objects == {"1"}
    assert found.covers("1", None)
    assert not found.covers("0", None)
    assert found.covers(None, None)


@pytest.mark.parametrize(
    ("shape", "value", "about"),
    [
        ("class", 0, {"class-name": "Car"}),
        ("classes", [0], CLASSES),
        ("spans", {"annotations": {"entities": [{"label": "Car"}]}}, {}),
        ("mask", "s3://b/m.png", {"internal-color-map": {"0": {"class-name": "Car"}}}),
        ("boxes", boxes(0), CLASSES),
        ("cuboids", {"annotations": [{"class-id": 0}]}, {"class_map": {"0": "Car"}}),
    ],
)
def test_each_shape_of_label_has_classes(shape: Shape, value: Any, about: Any) -> None:
    assert match(where(label=["Car"]), shape, value, about).holds
    assert not match(where(label=["Bus"]), shape, value, about).holds


def test_conditions_hold_for_one_same_object() -> None:
    # A moving car and a parked person: there is no moving person.
    document = sequence(frame(0, thing("a", moving="yes"), thing("b", "1", moving="no")))
    asked = {"attribute": {"moving": "yes"}}
    assert match(where(label=["Car"], **asked), "frames", "", CLASSES, document).holds
    assert not match(where(label=["Person"], **asked), "frames", "", CLASSES, document).holds


def test_an_audits_fail_is_of_an_object_or_of_its_frame() -> None:
    document = sequence(
        frame(0, thing("a", audit="Pass"), Frame_Quality="Pass"),
        frame(1, thing("a", audit="Fail"), thing("b", audit="Pass")),
        frame(2, thing("b"), Frame_Quality="Fail"),
        frame(3, Frame_Quality="Fail"),
    )
    found = match(where(verdict="fail"), "frames", "", CLASSES, document)
    assert found.frames == (1, 2, 3)
    assert found.objects == {"a", "b"}
    assert match(where(verdict="pass"), "frames", "", CLASSES, document).frames == (0, 1)


def test_a_verifications_verdict_is_of_the_item_and_the_latest_counts() -> None:
    asked = where(verdict="fail")
    assert match(asked, "boxes", boxes(0), CLASSES, verdicts=["pass", "fail"]).holds
    assert not match(asked, "boxes", boxes(0), CLASSES, verdicts=["fail", "pass"]).holds
    assert not match(asked, "boxes", boxes(0), CLASSES).holds


def test_an_attribute_may_have_one_of_several_values() -> None:
    document = sequence(frame(0, thing("a", colour=["red", "blue"]), weather="rain"))
    for asked in ({"colour": "blue"}, {"colour": ["x", "red"]}, {"weather": "rain"}):
        assert match(where(attribute=asked), "frames", "", CLASSES, document).holds
    assert not match(where(attribute={"colour": "green"}), "frames", "", CLASSES, document).holds


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"tracking-annotations": None},
        {"tracking-annotations": [None, {"frame-no": "x"}, {"frame-no": "0", "annotations": 7}]},
        {"tracking-annotations": [{"frame-no": "0", "annotations": [None, {"class-id": {}}]}]},
    ],
)
def test_a_broken_label_matches_nothing_and_breaks_nothing(document: Any) -> None:
    assert not match(where(label=["Car"]), "frames", "", CLASSES, document).holds


@pytest.mark.parametrize(
    ("name", "verdict"),
    [("Pass", "pass"), (" FAIL ", "fail"), ("Wrong", "fail"), ("Hard to say", None), (None, None)],
)
def test_a_verdict_is_told_by_its_name(name: object, verdict: str | None) -> None:
    assert verdict_of(name) == verdict
