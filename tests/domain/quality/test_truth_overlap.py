"""iou: bounds, symmetry, scale, and boxes that are none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrace.domain.quality.overlap import iou, iou_pairs

NAN, INF = float("nan"), float("inf")
NUMBER = st.floats(-1e4, 1e4, allow_subnormal=False)
SIZE = st.floats(1e-3, 1e4)
BOX = st.tuples(NUMBER, NUMBER, SIZE, SIZE)
BOXES = st.lists(BOX, min_size=1, max_size=6)


def test_the_worked_number():
    assert iou([(0, 0, 10, 10)], [(5, 0, 10, 10)])[0, 0] == pytest.approx(1 / 3)


def test_every_box_with_every_box():
    found = iou([(0, 0, 4, 4), (100, 0, 4, 4)], [(0, 0, 4, 4), (0, 0, 4, 2), (50, 50, 1, 1)])
    assert found.tolist() == [[1.0, 0.5, 0.0], [0.0, 0.0, 0.0]]


@pytest.mark.parametrize(("n", "m"), [(0, 0), (0, 2), (2, 0)], ids=str)
def test_no_boxes(n, m):
    assert iou([(0, 0, 1, 1)] * n, [(0, 0, 1, 1)] * m).shape == (n, m)


def test_touching_boxes_share_nothing():
    assert iou([(0, 0, 1, 1)], [(1, 0, 1, 1)])[0, 0] == 0


def test_a_box_of_no_area_is_its_equal_only():
    assert iou([(3, 3, 0, 5)], [(3, 3, 0, 5), (3, 3, 0, 4), (0, 0, 9, 9)]).tolist() == [[1, 0, 0]]


@pytest.mark.parametrize(
    "wrong", [(NAN, 0, 1, 1), (0, 0, INF, 1), (0, 0, -2, 3), (0, 0, -2, -3)], ids=str
)
def test_what_is_no_box_overlaps_nothing(wrong):
    found = iou([wrong, (0, 0, 1, 1)], [wrong, (0, 0, 1, 1)])
    assert found.tolist() == [[0, 0], [0, 1]]


def test_numbers_at_the_ends_of_the_range():
    assert iou([(0, 0, 1e200, 1e200)], [(0, 0, 1e200, 5e199)])[0, 0] == pytest.approx(0.5)
    assert iou([(0, 0, 1e-200, 1e-200)], [(0, 0, 1e-200, 5e-201)])[0, 0] == pytest.approx(0.5)


def test_rows_of_another_length_are_an_error():
    with pytest.raises(ValueError, match="left, top, width, height"):
        iou([(0, 0, 1)], [(0, 0, 1, 1)])
    with pytest.raises(ValueError, match="cannot be paired"):
        iou_pairs([(0, 0, 1, 1)], [])


@settings(deadline=None)
@given(BOXES, BOXES)
def test_bounds_and_symmetry(first, second):
    found = iou(first, second)
    assert ((found >= 0) & (found <= 1)).all()
    assert np.array_equal(found, iou(second, first).T)
    assert np.array_equal(np.diag(iou(first, first)), np.ones(len(first)))


@settings(deadline=None)
@given(BOXES, BOXES, st.floats(1e-3, 1e3))
def test_enlarging_everything_changes_nothing(first, second, factor):
    larger = iou(np.array(first) * factor, np.array(second) * factor)
    assert larger == pytest.approx(iou(first, second), abs=1e-9)


@settings(deadline=None)
@given(BOXES)
def test_pairs_are_the_diagonal(boxes):
    other = list(reversed(boxes))
    assert np.array_equal(iou_pairs(boxes, other), np.diag(iou(boxes, other)))
