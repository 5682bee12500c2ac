"""Crops as vectors, and objects that look unlike themselves."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from terrace.domain.quality.appearance import Looks, check, spikes, steps
from terrace.domain.quality.looks import (
    crop,
    distances,
    hog_and_color,
    resized,
    to_lab,
    unit,
)


def picture(seed: int, tint: tuple[int, int, int] = (1, 1, 1), size: int = 48) -> np.ndarray:
    """A smooth pattern of its own for every seed, in a colour."""
    chance = np.random.default_rng(seed)
    coarse = chance.integers(60, 255, (6, 6, 1)).repeat(size // 6, 0).repeat(size // 6, 1)
    return (coarse * np.array(tint) // max(tint)).astype(np.uint8)


def noisy(image: np.ndarray, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).integers(-6, 7, image.shape)
    return np.clip(image.astype(int) + noise, 0, 255).astype(np.uint8)


def looks_of(images: list[np.ndarray], embed=hog_and_color) -> Looks:  # type: ignore[no-untyped-def]
    """One object in frames 10, 11, ... of a sequence."""
    numbers = range(10, 10 + len(images))
    vectors = embed([noisy(image, seed) for seed, image in enumerate(images)])
    return Looks("id-1", "Car:1", "Car", numbers, [f"{n:06}.jpg" for n in numbers], vectors)


CAR, BUS = picture(1, (3, 1, 1)), picture(2, (1, 1, 3))


def test_an_object_that_stays_itself_is_not_named() -> None:
    assert check(looks_of([CAR] * 30)) == []


def test_another_object_in_one_frame_is_named_with_both_names_of_the_frame() -> None:
    images = [CAR] * 30
    images[12] = BUS
    (found,) = check(looks_of(images), item=4)
    assert (found.frameNo, found.frame, found.item) == (22, "000022.jpg", 4)
    assert (found.object, found.objectName, found.label) == ("id-1", "Car:1", "Car")
    assert "Car:1 looks unlike itself in 000022.jpg (frame 22)" in found.sentence
    assert found.value is not None
    assert found.threshold == 6.0
    assert found.value > 6


def test_another_object_from_a_frame_on_is_named_once_where_it_begins() -> None:
    (found,) = check(looks_of([CAR] * 15 + [BUS] * 15))
    assert found.frameNo == 25
    assert "looks like something else from 000025.jpg (frame 25) on" in found.sentence


def test_a_slow_change_is_none() -> None:
    turning = [
        (CAR * (1 - share) + BUS * share).astype(np.uint8) for share in np.linspace(0, 1, 60)
    ]
    assert check(looks_of(turning)) == []


@pytest.mark.parametrize("number", range(8))
def test_too_few_crops_say_nothing(number: int) -> None:
    assert check(looks_of([CAR, BUS, CAR, BUS, CAR, BUS, BUS][:number])) == []


def test_a_model_whose_vectors_are_no_numbers_does_not_spoil_the_rest() -> None:
    def broken(images: list[np.ndarray]) -> np.ndarray:
        found = np.ones((len(images), 3))
        found[5] = np.nan
        return found

    (found,) = check(looks_of([CAR] * 20, broken))
    assert found.frameNo == 15


def test_the_worked_numbers() -> None:
    a, b = np.array([1.0, 0]), np.array([0, 1.0])
    assert list(spikes(np.array([a, a, b, a, a]))) == [0, 0, 1, 0, 0]
    assert list(steps(np.array([a, a, a, b, b, b]))) == [0, 0, 0, 1, 0, 0]
    assert distances(np.array([[1.0, 0]]), np.array([[0.6, 0.8]]))[0] == pytest.approx(0.4)
    assert to_lab(np.array([255.0, 0, 0])) == pytest.approx([53.24, 80.09, 67.20], abs=0.01)
    row = np.array([[[v] * 3 for v in (0, 0, 8, 4)]] * 2, dtype=np.uint8)
    assert resized(row, 2)[0, :, 0] == pytest.approx([0, 6])


def test_a_crop_ends_at_its_image_and_is_none_where_nothing_is_left() -> None:
    image = np.zeros((50, 100, 3), np.uint8)
    found = crop(image, 90, 10, 20, 12)
    assert found is not None
    assert found.shape == (12, 10, 3)
    assert crop(image, 98, 10, 20, 12) is None
    assert crop(image, 200, 10, 20, 12) is None
    assert crop(image, float("nan"), 10, 20, 12) is None
    assert crop(image, 10, 10, 20, -12) is None


def test_no_crops_are_no_rows() -> None:
    assert hog_and_color([]).shape == hog_and_color([CAR])[:0].shape


side = st.integers(4, 70)
pixels = st.tuples(side, side).flatmap(
    lambda size: arrays(np.uint8, (*size, 3), elements=st.integers(0, 255))
)


@settings(deadline=None)
@given(pixels, pixels)
def test_vectors_have_length_one_and_distances_are_bounded_and_symmetric(
    one: np.ndarray, other: np.ndarray
) -> None:
    vectors = hog_and_color([one, other])
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)
    assert (vectors >= 0).all()
    there, back = distances(vectors[:1], vectors[1:]), distances(vectors[1:], vectors[:1])
    assert 0 <= there[0] == back[0] <= 1
    assert distances(vectors, vectors) == pytest.approx([0, 0])
    # Twice as large is the same look, up to how pixels fall into cells
    larger = one[:20, :20].repeat(64, 0).repeat(64, 1)
    assert distances(hog_and_color([larger]), hog_and_color([larger[::2, ::2]]))[0] < 1e-6


@settings(deadline=None)
@given(st.lists(st.lists(st.floats(-5, 5), min_size=3, max_size=3), max_size=20))
def test_spikes_and_steps_are_bounded_and_the_same_backwards(rows: list[list[float]]) -> None:
    vectors = unit(np.array(rows, dtype=float).reshape(-1, 3))
    for measure, turned in ((spikes, slice(None, None, -1)), (steps, None)):
        found = measure(vectors)
        assert found.shape == (len(rows),)
        assert ((found >= 0) & (found <= 2)).all()
        if turned is not None:
            assert np.allclose(measure(vectors[::-1]), found[::-1])
