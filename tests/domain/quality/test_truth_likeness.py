"""likeness and match: every kind of thing, worked numbers, bounds, symmetry, scale."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrace.domain.quality.likeness import likeness, match, unmoved
from terrace.domain.quality.overlap_cuboids import cuboid_iou
from terrace.domain.quality.things import Thing

NUMBER = st.floats(-1e3, 1e3, allow_subnormal=False).map(lambda x: round(x, 3))
SIZE = st.floats(0.01, 1e3).map(lambda x: round(x, 3))


def _points(kind, count):
    return st.lists(NUMBER, min_size=2 * count, max_size=2 * count).map(
        lambda numbers: Thing(kind, "a", tuple(numbers))
    )


CUBOID = st.tuples(
    NUMBER, NUMBER, NUMBER, SIZE, SIZE, SIZE, st.just(0.0), st.just(0.0), st.floats(-4, 4)
)
SPAN = st.tuples(st.integers(0, 500), st.integers(0, 50)).map(lambda s: (s[0], s[0] + s[1]))
THING = st.one_of(
    st.tuples(NUMBER, NUMBER, SIZE, SIZE).map(lambda n: Thing("box", "a", n)),
    CUBOID.map(lambda n: Thing("cuboid", "a", n)),
    SPAN.map(lambda n: Thing("span", "a", n)),
    _points("keypoints", 1),
    _points("polylines", 3),
    _points("polygons", 4),
)
THINGS = st.lists(THING, min_size=1, max_size=5)


def _one(a, b):
    return likeness([a], [b])[0, 0]


def test_the_worked_number_of_spans():
    assert _one(Thing("span", "a", (0, 10)), Thing("span", "a", (5, 10))) == 0.5


def test_the_worked_number_of_polylines():
    line = Thing("polylines", "a", (0, 0, 100, 0))
    assert _one(line, Thing("polylines", "a", (0, 10, 100, 10))) == pytest.approx(0.9)


def test_the_worked_number_of_cuboids():
    cube = (0.0, 0, 0, 2, 2, 2, 0, 0, 0)
    for axis in range(3):
        for step in (1, -1):
            moved = [*cube]
            moved[axis] += step
            assert cuboid_iou(cube, tuple(moved)) == pytest.approx(1 / 3)


def test_a_cuboid_turned_by_a_quarter_is_itself_if_square_and_by_an_eighth_shares_an_octagon():
    cube = (5.0, 5, 0, 2, 2, 2, 0, 0, 0)
    assert cuboid_iou(cube, (*cube[:8], math.pi / 2)) == pytest.approx(1)
    octagon = 8 * (math.sqrt(2) - 1)  # of two unit-centred squares of side 2
    assert cuboid_iou(cube, (*cube[:8], math.pi / 4)) == pytest.approx(octagon / (8 - octagon))


def test_cuboids_that_are_none_or_apart_share_nothing():
    cube = (0.0, 0, 0, 2, 2, 2, 0, 0, 0)
    assert cuboid_iou(cube, (0, 0, 3, 2, 2, 2, 0, 0, 0)) == 0
    assert cuboid_iou(cube, (9, 0, 0, 2, 2, 2, 0, 0, 0)) == 0
    assert cuboid_iou(cube, (0, 0, 0, -2, 2, 2, 0, 0, 0)) == 0
    assert cuboid_iou((float("nan"), *cube[1:]), (float("nan"), *cube[1:])) == 0


def test_where_a_polygon_starts_does_not_matter():
    square = Thing("polygons", "a", (0, 0, 100, 0, 100, 100, 0, 100))
    turned = Thing("polygons", "a", (100, 100, 0, 100, 0, 0, 100, 0))
    assert _one(square, turned) == pytest.approx(1, abs=0.01)


def test_one_vertex_and_things_of_other_kinds():
    point = Thing("polylines", "a", (3, 3))
    assert _one(point, point) == 1
    assert _one(point, Thing("polylines", "a", (4, 3))) == 0
    assert _one(point, Thing("box", "a", (3, 3, 1, 1))) == 0
    assert likeness([], [point]).shape == (0, 1)


def test_a_keypoint_beside_itself_is_nearly_the_same():
    eye = Thing("keypoints", "eye", (1000.0, 500.0))
    assert _one(eye, Thing("keypoints", "eye", (1005.0, 500.0))) > 0.9
    assert _one(eye, Thing("keypoints", "eye", (10.0, 500.0))) == 0


@settings(deadline=None)
@given(THINGS, THINGS)
def test_bounds_and_symmetry(first, second):
    found = likeness(first, second)
    assert ((found >= 0) & (found <= 1)).all()
    assert found == pytest.approx(likeness(second, first).T, abs=1e-9)
    assert np.diag(likeness(first, first)) == pytest.approx(1)


@settings(deadline=None)
@given(THING, THING, st.floats(0.01, 100))
def test_enlarging_everything_changes_nothing(one, other, factor):
    def larger(thing):
        if thing.kind == "cuboid":
            sizes = tuple(n * factor for n in thing.numbers[:6])
            return Thing("cuboid", "a", (*sizes, *thing.numbers[6:]))
        return Thing(thing.kind, "a", tuple(n * factor for n in thing.numbers))

    assert _one(larger(one), larger(other)) == pytest.approx(_one(one, other), abs=1e-6)


def test_one_good_pair_is_worth_more_than_two_poor_ones():
    weight = np.array([[0.9, 0.3], [0.3, 0.0]])
    assert match(weight, weight > 0) == [(0, 0)]
    assert match(weight, weight > 2) == []


def test_rounding_is_no_move():
    box = Thing("box", "a", (1, 2, 3, 4))
    assert unmoved(box, Thing("box", "a", (1.5, 2, 2.5, 4)))
    assert not unmoved(box, Thing("box", "a", (1.6, 2, 3, 4)))
    assert not unmoved(Thing("span", "a", (0, 5)), Thing("span", "a", (0, 6)))
    assert not unmoved(
        Thing("polylines", "a", (0, 0, 1, 1)), Thing("polylines", "a", (0, 0, 1, 1, 2, 2))
    )
