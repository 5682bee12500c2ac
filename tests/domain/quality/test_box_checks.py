"""Boxes of images: duplicates, edges, sizes and shapes of a class."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrace.domain.label_values import Box, BoxesLabel, LabeledItem
from terrace.domain.quality.box_checks import ious
from terrace.domain.quality.findings import Finding
from terrace.domain.quality.item_checks import check
from terrace.domain.quality.outliers import deviations
from tests.domain.quality.labeled import ATTRIBUTE, boxes, item


def of(name: str, items: list[LabeledItem], threshold: float | None = None) -> list[Finding]:
    return check(items, ATTRIBUTE, checks={name: threshold})


def many(*odd: tuple[float, float, float, float]) -> list[LabeledItem]:
    """Twenty images with a box of 100 x 100 each, then the odd ones."""
    usual = [(200.0, 200.0, 100.0, 100.0)] * 20
    return [item(boxes(box), n) for n, box in enumerate([*usual, *odd], 1)]


def test_two_boxes_on_one_thing() -> None:
    same = boxes((10, 10, 100, 100), (12, 10, 100, 100), (500, 500, 40, 40))
    (found,) = of("duplicate-box", [item(same)])
    assert (found.object, found.value) == ("1", pytest.approx(98 / 102))
    assert found.sentence == (
        "Boxes 0 and 1 of 000001.jpg (line 1) lie on each other (96%): both are dog."
    )


def test_two_classes_on_one_thing_is_a_check_of_its_own() -> None:
    two = BoxesLabel((Box(0, 0, 0, 50, 50), Box(1, 0, 0, 50, 49)), {0: "dog", 1: "cat"}, None)
    (found,) = of("double-label", [item(two)])
    assert found.label == "cat"
    assert found.sentence.endswith("one is dog, the other cat.")
    assert of("duplicate-box", [item(two)]) == []


def test_a_box_out_of_its_image_by_two_pixels() -> None:
    (found,) = of("box-outside", [item(boxes((990, 10, 15, 20), (-1, 0, 5, 5)))])
    assert (found.object, found.value, found.severity) == ("0", 5.0, "error")
    assert of("box-outside", [item(boxes((0, 0, 1000, 1000)))], 0.0) == []
    assert of("box-outside", [item(boxes((990, 10, 15, 20), size=None))]) == []


@pytest.mark.parametrize("box", [(5, 5, 40, 0.5), (5, 5, 0, 0), (float("nan"), 5, 9, 9)])
def test_a_box_without_area_is_named_once_and_spoils_no_other_check(
    box: tuple[float, float, float, float],
) -> None:
    found = check(many(box), ATTRIBUTE)
    assert [(one.check, one.item, one.severity) for one in found] == [
        ("degenerate-box", 20, "error")
    ]


def test_a_tiny_box_of_a_class_whose_size_is_known() -> None:
    (found,) = of("box-size", many((200, 200, 4, 4)))
    # 16 instead of 10,000 square pixels: ln(625) / 0.2
    assert (found.item, found.value) == (20, pytest.approx(32.19, abs=0.01))
    assert "1/625 as large as dog usually is (1.00% of the image)" in found.sentence


def test_a_class_of_few_boxes_or_images_has_no_usual_size() -> None:
    assert of("box-size", many((200, 200, 4, 4))[15:]) == []
    tray = [item(boxes(*[(9.0, 9.0, 9.0, 9.0)] * 30), 1), item(boxes((9, 9, 900, 900)), 2)]
    assert of("box-size", tray) == []


def test_a_narrow_box_speaks_unless_the_image_cuts_it_off() -> None:
    (found,) = of("box-shape", many((200, 200, 100, 25)))
    assert found.value == pytest.approx(6.93, abs=0.01)
    assert of("box-shape", many((200, 975, 100, 25))) == []


def test_the_worked_number_of_iou_and_of_deviations() -> None:
    assert ious(np.array([[0, 0, 2, 2], [1, 0, 3, 2.0]]))[0, 1] == pytest.approx(1 / 3)
    assert deviations([1, 2, 3, 4, 100])[4] == pytest.approx(65.43, abs=0.01)
    assert deviations([]).shape == (0,)
    assert list(deviations([5, 5, 6])) == [0, 0, np.inf]


size = st.floats(0.5, 500)
corner = st.floats(-500, 500)
corners = st.lists(st.tuples(corner, corner, size, size), min_size=1, max_size=6).map(
    lambda rows: np.array([[x, y, x + w, y + h] for x, y, w, h in rows])
)


@settings(deadline=None)
@given(corners, st.floats(0.1, 10), st.floats(-100, 100))
def test_iou_is_bounded_symmetric_and_free_of_scale_and_place(
    given_corners: np.ndarray, scale: float, shift: float
) -> None:
    found = ious(given_corners)
    assert ((found >= 0) & (found <= 1 + 1e-9)).all()
    assert np.allclose(found, found.T)
    assert np.allclose(np.diag(found), 1)
    assert np.allclose(ious(given_corners * scale + shift), found, atol=1e-6)


numbers = st.lists(st.integers(-1000, 1000), min_size=1, max_size=30)


@settings(deadline=None)
@given(numbers, st.integers(1, 9), st.integers(-50, 50), st.randoms())
def test_deviations_are_free_of_scale_shift_and_order(
    values: list[int], scale: int, shift: int, chance: object
) -> None:
    found = deviations(values)
    assert np.allclose(deviations([scale * x + shift for x in values]), found)
    assert np.allclose(deviations(values[::-1]), found[::-1])
    assert np.median(found) == 0 or np.isclose(np.median(found), 0)
