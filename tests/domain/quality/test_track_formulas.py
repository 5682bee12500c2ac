"""The worked numbers of the track checks' docstrings, and what their formulas must keep to."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrace.domain.quality import (
    boxes,
    camera,
    flip_checks,
    frame_checks,
    local,
    outlines,
    rows,
    series,
    shape_reading,
    signals,
    spikes,
    track_tables,
)
from terrace.domain.quality.rows import Floats, Rows
from terrace.domain.quality.tracks import Track


def table(*tracks: list[float], scale: float = 1.0) -> Rows:
    """Rows of one channel: each list a track from frame 0 on."""
    values = [np.array(track, dtype=float).reshape(-1, 1) for track in tracks]
    frames = [np.arange(len(track)) for track in tracks]
    return rows.stack(values, [np.full_like(one, scale) for one in values], frames, 10)


def track(kind: shape_reading.Kind, coordinates: list[list[float]], **more: object) -> Track:
    values = np.array(coordinates, dtype=float)
    return Track("a", "Car:1", "Car", kind, "", np.arange(len(values)), values, **more)  # type: ignore[arg-type]


def points(*pairs: tuple[float, float]) -> Floats:
    return np.array(pairs, dtype=float)


SQUARE = points((0, 0), (2, 0), (2, 2), (0, 2))


# --- worked numbers ------------------------------------------------------------------------------


def test_runs_end_where_more_frames_are_missing_than_the_longest_gap() -> None:
    found = rows.stack(
        [np.zeros((4, 1))], [np.ones((4, 1))], [np.array([0, 1, 3, 20])], longest_gap=10
    )
    assert found.first.tolist() == [0, 0, 0, 3]
    assert found.last.tolist() == [2, 2, 2, 3]


def test_a_single_bad_value_deviates_alone() -> None:
    found = local.deviation(table([10, 11, 12, 20, 14, 15, 16]))
    assert found.plain[3, 0] == found.confirmed[3, 0] == 7
    assert found.plain[2, 0] == 0
    assert np.isnan(found.plain[[0, 6], 0]).all()


def test_median_of_nine() -> None:
    values = [np.array([float(one)]) for one in (9, 1, 8, 2, 7, 3, 6, 4, 5)]
    assert local.median_of_nine(values).tolist() == [5.0]


def test_noise_is_the_greater_of_mad_and_tail() -> None:
    one = table([0.0] * 41)
    plain = np.array([1.0] * 21 + [3.29] * 20).reshape(-1, 1)
    assert local.noise(one, plain, np.zeros(1))[0, 0] == pytest.approx(2.0)
    plain = np.full((41, 1), 1.0)
    assert local.noise(one, plain, np.zeros(1))[0, 0] == pytest.approx(1.4826, abs=1e-4)
    assert local.noise(one, plain, np.full(1, 5.0))[0, 0] == 5.0


def test_a_box_20_px_beside_its_track_is_20_times_its_noise() -> None:
    # Boxes of 100 px whose place is told with an error of about 1 px
    rng = np.random.default_rng(1)
    values = np.column_stack(
        [rng.normal(500, 1, 41), rng.normal(500, 1, 41), np.full(41, 100.0), np.full(41, 100.0)]
    )
    values[20, 0] += 20
    one = rows.stack([values], [np.full((41, 4), 100.0)], [np.arange(41)], 10)
    found = spikes.find(one, signals.SIGNALS["box"], {"position": 0.1, "size": 0.1})
    (spike,) = found.spikes
    assert (spike.row, spike.measure) == (20, "position")
    assert spike.value == pytest.approx(0.2, abs=0.03)
    assert 10 < spike.sure < 25


def test_the_length_of_a_shift() -> None:
    assert spikes.size_of("position", np.array([0.3, 0.4])) == pytest.approx(0.5)
    assert spikes.size_of("size", np.array([0.3, -0.4])) == pytest.approx(0.4)
    assert spikes.size_of("shape", np.array([0.3, 0.4, 0, 0])) == pytest.approx(0.5)


def test_a_jolt_of_the_camera_is_taken_out() -> None:
    frames = np.arange(40)
    moved = [
        np.column_stack([np.where(frames < 5, 0.0, jump) + 50 * at, np.zeros(40)])
        for at, jump in enumerate((8.0, 9.0, 10.0))
    ]
    one = rows.stack(moved, [np.full((40, 2), 10.0)] * 3, [frames] * 3, 10)
    steady = camera.steadied(one, slice(0, 2))
    left = [steady.values[at * 40 + 5, 0] - steady.values[at * 40 + 4, 0] for at in range(3)]
    assert left == [-1.0, 0.0, 1.0]


def test_two_objects_say_nothing_about_the_camera() -> None:
    frames = np.arange(40)
    moved = [np.column_stack([np.where(frames < 5, 0.0, 9.0), np.zeros(40)])] * 2
    one = rows.stack(moved, [np.full((40, 2), 10.0)] * 2, [frames] * 2, 10)
    assert camera.steadied(one, slice(0, 2)) is one


def test_a_box_is_measured_by_its_centre_and_size() -> None:
    assert signals.values(track("box", [[10, 20, 40, 60]])).tolist() == [[30, 50, 40, 60]]


def test_a_shrunken_box_is_not_measured_by_its_own_size() -> None:
    boxes_ = track("box", [[0, 0, size, 10] for size in (10, 10, 5, 10, 10)])
    assert signals.scales(boxes_)[:, 0].tolist() == [10] * 5


def test_overlap_of_boxes() -> None:
    a, b = np.array([0, 0, 2, 2.0]), np.array([1, 0, 2, 2.0])
    assert boxes.iou(a, b) == pytest.approx(1 / 3)
    assert boxes.iou(np.zeros(4), np.zeros(4)) == 0


def test_overlap_of_cuboids() -> None:
    cube = np.array([0, 0, 0, 1, 1, 1, 0.0])
    assert boxes.cuboid_iou(cube, cube + np.array([0, 0, 0.5, 0, 0, 0, 0])) == pytest.approx(1 / 3)
    turned = cube + np.array([0, 0, 0, 0, 0, 0, math.pi / 4])
    eight = 2 * (math.sqrt(2) - 1)  # a regular octagon within a unit square
    assert boxes.cuboid_iou(cube, turned) == pytest.approx(eight / (2 - eight))
    assert boxes.cuboid_iou(cube, cube * 0) == 0


def test_clipping_and_area() -> None:
    inner = boxes.clipped(SQUARE, SQUARE + 1)
    assert sorted(map(tuple, inner.tolist())) == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert boxes.area(points((0, 0), (2, 0), (2, 3), (0, 3))) == 6
    assert boxes.area(points((0, 0), (2, 0))) == 0


def test_outlines() -> None:
    line = outlines.resampled(points((0, 0), (4, 0)), 3, closed=False)
    assert line.tolist() == [[0, 0], [2, 0], [4, 0]]
    assert outlines.mean_distance(line, line + np.array([3, 4])) == 5
    crossed = points((0, 0), (2, 2), (2, 0), (0, 2))
    assert outlines.crosses_itself(crossed, closed=True)
    assert not outlines.crosses_itself(SQUARE, closed=True)
    assert not outlines.crosses_itself(points((0, 0), (1, 1)), closed=False)
    assert outlines.inside(points((1, 1), (3, 1)), SQUARE).tolist() == [True, False]
    assert outlines.polygon_iou(SQUARE, SQUARE + np.array([1, 0])) == pytest.approx(1 / 3, abs=0.02)


def test_shares_outside_and_stretches() -> None:
    assert frame_checks.outside(track("box", [[-30, 0, 40, 10]]), None).tolist() == [0.75]
    assert flip_checks.runs("aaba") == [(0, 2, "a"), (2, 1, "b"), (3, 1, "a")]


def test_the_size_of_keypoints() -> None:
    ends = [track("keypoint", [[0, 0]] * 3), track("keypoint", [[60, 80]] * 3)]
    assert track_tables._keypoint_size(ends) == 50
    assert track_tables._keypoint_size(ends[:1]) == signals.KEYPOINT_SIZE


def test_numbers_of_the_series() -> None:
    changes = series.size_changes(np.array([100.0, 150, 75]))
    assert np.isnan(changes[0])
    assert changes[1:].tolist() == [0.5, -0.5]
    means = series.rolling_mean(np.array([1.0, 2, 3, 4, 10]))
    assert means.tolist() == pytest.approx([2, 2.5, 4, 4.75, 17 / 3])
    assert shape_reading.number(12) == 12.0
    assert [shape_reading.number(one) for one in (float("nan"), "12", True, 1e300)] == [None] * 4


# --- what must hold for all numbers --------------------------------------------------------------

numbers = st.floats(-1000, 1000, allow_nan=False)
tracks = st.lists(numbers, min_size=3, max_size=60)
box_values = st.tuples(numbers, numbers, st.floats(0.1, 500), st.floats(0.1, 500)).map(np.array)
cuboids = st.tuples(
    *[st.floats(-5, 5)] * 3, *[st.floats(0.1, 9)] * 3, st.floats(-math.pi, math.pi)
).map(np.array)


@given(st.lists(numbers, min_size=9, max_size=9))
def test_the_network_is_the_median(values: list[float]) -> None:
    arrays = [np.array([value]) for value in values]
    assert local.median_of_nine(arrays)[0] == np.median(values)


@given(tracks, st.floats(0.01, 100), numbers)
@settings(deadline=None)
def test_deviation_scales_with_the_track_and_ignores_its_place(
    values: list[float], times: float, place: float
) -> None:
    plain = local.deviation(table(values)).plain
    other = local.deviation(table([times * value + place for value in values])).plain
    np.testing.assert_allclose(other, times * plain, rtol=1e-6, atol=1e-6 * (1 + times))


@given(tracks)
@settings(deadline=None)
def test_deviation_is_the_same_backwards(values: list[float]) -> None:
    plain = local.deviation(table(values)).plain
    back = local.deviation(table(values[::-1])).plain[::-1]
    np.testing.assert_allclose(plain, back, rtol=1e-9, atol=1e-9)


@given(st.floats(-50, 50), numbers, st.integers(3, 40))
def test_even_motion_deviates_nowhere(speed: float, start: float, length: int) -> None:
    plain = local.deviation(table([start + speed * n for n in range(length)])).plain
    assert np.nanmax(np.abs(plain)) < 1e-6


@given(tracks, tracks)
@settings(deadline=None)
def test_tracks_do_not_touch_one_another(a: list[float], b: list[float]) -> None:
    both = local.deviation(table(a, b)).plain
    np.testing.assert_array_equal(both[: len(a)], local.deviation(table(a)).plain)
    np.testing.assert_array_equal(both[len(a) :], local.deviation(table(b)).plain)


@given(box_values, box_values, st.floats(0.1, 10), numbers)
def test_overlap_is_bounded_symmetric_and_of_no_scale_or_place(
    a: Floats, b: Floats, times: float, place: float
) -> None:
    overlap = boxes.iou(a, b)
    assert 0 <= overlap <= 1
    assert overlap == pytest.approx(boxes.iou(b, a))
    assert boxes.iou(a, a) == pytest.approx(1)
    moved = np.array([place, place, 0, 0])
    assert boxes.iou(a * times + moved, b * times + moved) == pytest.approx(overlap, abs=1e-6)


@given(cuboids, cuboids)
@settings(deadline=None)
def test_overlap_of_cuboids_is_bounded_and_symmetric(a: Floats, b: Floats) -> None:
    overlap = boxes.cuboid_iou(a, b)
    assert -1e-9 <= overlap <= 1 + 1e-9
    assert overlap == pytest.approx(boxes.cuboid_iou(b, a), abs=1e-9)
    assert boxes.cuboid_iou(a, a) == pytest.approx(1)
    upright = np.concatenate((a[:6], [0.0]))
    other = np.concatenate((b[:6], [0.0]))
    assert boxes.cuboid_iou(upright, other) >= 0


@given(st.integers(0, 11), st.booleans())
def test_an_outline_is_aligned_whatever_its_first_point(shift: int, reverse: bool) -> None:
    first = outlines.resampled(points((0, 0), (9, 1), (8, 6), (2, 7)), 12, closed=True)
    second = np.roll(first[::-1] if reverse else first, shift, axis=0) + 3.0
    found = outlines.aligned(np.stack([first, second]), closed=True)
    np.testing.assert_allclose(found[1], first + 3.0)
