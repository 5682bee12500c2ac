"""Whole items: what has no label, what is empty, and what every kind of item has in common."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrace.domain.label_values import BoxesLabel, LabeledItem
from terrace.domain.quality.item_checks import OF_ITEMS, check, read
from terrace.domain.quality.subjects import Subject, neighbours
from tests.domain.quality.labeled import ATTRIBUTE, boxes, item, klass

FULL = boxes((10, 10, 50, 50))
EMPTY = boxes()


def of(name: str, items: list[LabeledItem]) -> list[int]:
    return [one.item for one in check(items, ATTRIBUTE, checks={name: None})]


def test_of_no_items_nothing_is_found() -> None:
    assert check([], ATTRIBUTE) == []


def test_an_empty_image_among_full_ones_is_named_with_its_file_and_line() -> None:
    items = [item(EMPTY if n == 4 else FULL, n) for n in range(1, 12)]
    (found,) = check(items, ATTRIBUTE, checks={"empty-item": None})
    assert (found.item, found.frame, found.value, found.threshold) == (3, "000004.jpg", 1.0, 0.8)
    assert found.sentence == (
        "Nothing is labeled in 000004.jpg (line 4); 8 of the 8 items around it have objects."
    )


def test_an_empty_image_where_every_other_is_empty_is_usual() -> None:
    assert of("empty-item", [item(EMPTY if n % 2 else FULL, n) for n in range(1, 20)]) == []


def test_neighbours_are_of_the_same_folder() -> None:
    # Given a folder of full images, and one of empty ones, turn by turn in the manifest
    items = [item(FULL if n % 2 else EMPTY, n, folder="ab"[n % 2]) for n in range(1, 30)]
    # Then each is like its own folder
    assert of("empty-item", items) == []


def test_with_three_neighbours_nothing_is_said() -> None:
    assert of("empty-item", [item(v, n) for n, v in enumerate([FULL, EMPTY, FULL, FULL], 1)]) == []


def test_the_worked_number_of_neighbours() -> None:
    subjects = [Subject(n, item(FULL, n + 1), None) for n in range(10)]
    found = {one.index: [other.index for other in around] for one, around in neighbours(subjects)}
    assert found[1] == [0, 2, 3, 4, 5, 6]


def test_an_item_without_the_label_is_a_finding_that_says_why() -> None:
    failed = item(None, 2, failures={ATTRIBUTE: "Annotation tasks expired."})
    found = check([item(FULL, 1), failed, item(None, 3)], ATTRIBUTE, checks={"no-label": None})
    assert [one.sentence for one in found] == [
        "No label label of 000002.jpg (line 2) can be read: Annotation tasks expired.",
        "No label label of 000003.jpg (line 3) can be read: it is not in the line.",
    ]


def test_a_line_that_cannot_be_read_keeps_its_place_and_becomes_a_finding() -> None:
    # Given a manifest whose second line is no JSON, and whose third has a box of negative width
    about = {"type": "groundtruth/object-detection", "class-map": {"0": "dog"}}
    box = {"class_id": 0, "left": 1, "top": 1, "width": -5, "height": 9}
    first, third = (
        json.dumps(
            {"source-ref": "s3://b/1.jpg", "label": {"annotations": found}, "label-metadata": about}
        )
        for found in ([], [box])
    )
    lines = [first, "{no json", third]
    # When it is read and checked
    found = check(read(lines, "s3://b/m"), "label")
    # Then both are named, by their places, and the first line was read
    assert [(one.check, one.item) for one in found] == [("no-label", 1), ("no-label", 2)]
    assert "not JSON" in found[0].sentence
    assert "is negative" in found[1].sentence


def test_an_unknown_check_is_refused_and_a_check_of_frames_is_left_alone() -> None:
    with pytest.raises(ValueError, match="no such check: box-sise"):
        check([], ATTRIBUTE, checks={"box-sise": None})
    assert check([item(None)], ATTRIBUTE, checks={"lambda": None}) == []


def test_a_threshold_of_ones_own_counts() -> None:
    items = [item(EMPTY if n in (3, 4, 5) else FULL, n) for n in range(1, 9)]
    assert of("empty-item", items) == []
    own = check(items, ATTRIBUTE, checks={"empty-item": 0.7})
    assert {one.item for one in own} == {2, 3, 4}
    assert {one.threshold for one in own} == {0.7}


coordinate = st.floats(-50, 1100) | st.sampled_from([math.nan, math.inf, 0.0, -3.0])
some_boxes = st.lists(st.tuples(*[coordinate] * 4), max_size=8)


@settings(deadline=None)
@given(st.lists(some_boxes, max_size=14))
def test_whatever_boxes_there_are_findings_are_finite_placed_and_worst_first(
    given_boxes: list[list[tuple[float, float, float, float]]],
) -> None:
    items = [item(boxes(*of_item), n) for n, of_item in enumerate(given_boxes, 1)]
    found = check(items, ATTRIBUTE)
    ranks = [one.severity.rank for one in found]
    assert ranks == sorted(ranks, reverse=True)
    for one in found:
        assert one.value is None or math.isfinite(one.value)
        assert one.sentence[-1] == "."
        assert one.check in {row.name for row in OF_ITEMS}
        label = items[one.item].labels[ATTRIBUTE].value
        assert isinstance(label, BoxesLabel)
        assert one.object is None or 0 <= int(one.object) < len(label.boxes)
    # Every box that is not a number, or has no area, is named
    wrong = {
        (at, str(place))
        for at, of_item in enumerate(given_boxes)
        for place, box in enumerate(of_item)
        if not all(map(math.isfinite, box)) or min(box[2:]) <= 0
    }
    assert wrong <= {(one.item, one.object) for one in found if one.check == "degenerate-box"}


def test_a_verdict_is_no_class() -> None:
    verdicts = [
        item(klass("Fail" if n == 3 else "Pass"), n, type="groundtruth/label-verification")
        for n in range(1, 300)
    ]
    assert check(verdicts, ATTRIBUTE) == []
