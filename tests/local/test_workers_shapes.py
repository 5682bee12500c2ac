"""Outlines, points and cuboids in the hands of the simulated workers."""

import pytest

from terrace_local.workers.cuboids import Cuboid
from terrace_local.workers.shapes import (
    Box,
    Point,
    Polygon,
    Polyline,
    likeness,
    shape_from_json,
    shape_to_json,
)

SQUARE = Polygon(((10, 10), (50, 10), (50, 50), (10, 50)))
CUBOID = Cuboid(1, 2, 0.5, 4, 2, 1.5, yaw=0.25)


@pytest.mark.parametrize("shape", [SQUARE, Point(3, 4.5), CUBOID, Box(1, 2, 3, 4)])
def test_a_shape_is_read_as_it_was_written(shape: Polygon | Point | Cuboid | Box) -> None:
    assert shape_from_json(shape_to_json(shape), closed=isinstance(shape, Polygon)) == shape


def test_vertices_alone_do_not_say_whether_a_line_is_closed() -> None:
    data = shape_to_json(SQUARE)

    assert shape_from_json(data) == Polyline(SQUARE.vertices)
    with pytest.raises(ValueError, match="at least three"):
        shape_from_json({"vertices": [[0, 0], [1, 1]]}, closed=True)


@pytest.mark.parametrize("shape", [SQUARE, Point(30, 40), CUBOID])
def test_likeness_falls_from_one_to_nothing_as_shapes_part(
    shape: Polygon | Point | Cuboid,
) -> None:
    near, far = shape.moved(shape.size / 10, 0), shape.moved(shape.size * 9, 0)

    assert likeness(shape, shape) == pytest.approx(1)
    assert 0.5 < likeness(shape, near) < 1
    assert likeness(shape, far) == 0


def test_shapes_of_different_kinds_are_not_alike() -> None:
    assert likeness(SQUARE, Polyline(SQUARE.vertices)) == 0
    assert likeness(Point(1, 1), Box(0, 0, 2, 2)) == 0


def test_what_lies_beyond_the_picture_cannot_be_drawn() -> None:
    assert Point(5, 5).inside(10, 10) == Point(5, 5)
    assert Point(15, 5).inside(10, 10) is None
    assert SQUARE.inside(30, 30) == Polygon(((10, 10), (30, 10), (30, 30), (10, 30)))
    assert SQUARE.moved(100, 0).inside(30, 30) is None
