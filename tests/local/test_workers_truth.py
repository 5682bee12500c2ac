"""The hidden truth: its files, and how it is found."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from terrace_local.ground_truth.s3files import S3Files
from terrace_local.workers.shapes import Box, Polyline
from terrace_local.workers.truth import (
    ImageTruth,
    TruthError,
    TruthObject,
    VideoTruth,
    frames_truth_key,
    images_truth_key,
    video_truth_key,
)
from terrace_local.workers.truth_source import TruthSource
from tests.local.ground_truth_world import World, clip_truth

NUMBERS = st.floats(0, 4000, allow_nan=False)
BOXES = st.builds(Box, NUMBERS, NUMBERS, NUMBERS, NUMBERS)
LINES = st.builds(Polyline, st.lists(st.tuples(NUMBERS, NUMBERS), min_size=2).map(tuple))


@pytest.fixture
def world() -> Iterator[World]:
    with mock_aws():
        yield World()


def source(world: World, place: str | None = None) -> TruthSource:
    files = S3Files(lambda: world.s3)
    return TruthSource(files.read_if_there, files.holds_any, place)


@given(st.dictionaries(st.text(), st.one_of(BOXES, LINES)))
def test_a_video_truth_survives_a_round_trip(frames: dict[str, Any]) -> None:
    truth = VideoTruth((TruthObject("a", "Car", "box", frames, {"Color": "Red"}),), 480, 270)

    assert VideoTruth.from_json(json.loads(json.dumps(truth.to_json()))) == truth


def test_an_image_truth_survives_a_round_trip() -> None:
    truth = ImageTruth((("Cat", Box(1, 2, 3, 4)),), 200, 100)

    assert ImageTruth.from_json(json.loads(json.dumps(truth.to_json()))) == truth


def test_keys_lie_under_the_hidden_prefix() -> None:
    assert video_truth_key("s3://b/clips/seq1.json") == ".terrace-truth/clips/seq1.truth.json"
    assert video_truth_key("s3://b/seq1.json") == ".terrace-truth/seq1.truth.json"
    assert frames_truth_key("s3://b/frames/seq1/") == ".terrace-truth/frames/seq1.truth.json"
    assert images_truth_key("s3://b/p/1.png") == ".terrace-truth/p/images.truth.json"


def test_a_sequence_finds_its_truth_by_its_file(world: World) -> None:
    assert source(world).video("s3://in-bucket/clips/seq1.json", "s3://x/y/") == clip_truth()


def test_a_clip_cut_out_of_a_sequence_finds_the_truth_by_its_frames(world: World) -> None:
    found = source(world).video("s3://out-bucket/cut-7.json", "s3://in-bucket/frames/seq1/")

    assert found == clip_truth()


def test_data_without_truth_has_none(world: World) -> None:
    assert source(world).video("s3://out-bucket/a.json", "s3://out-bucket/f/") is None
    assert source(world).image("s3://out-bucket/a.png") is None


def test_images_find_theirs_by_folder_and_name(world: World) -> None:
    world.images(1)

    truth = source(world).image("s3://in-bucket/photos/0.png")

    assert truth is not None
    assert truth.objects[0] == ("Cat", Box(10, 10, 40, 30))
    assert source(world).image("s3://in-bucket/photos/other.png") is None


def test_truth_can_lie_in_a_folder_or_under_another_prefix(world: World, tmp_path: Path) -> None:
    (tmp_path / "seq1.truth.json").write_text(json.dumps(clip_truth().to_json()))
    world.put("elsewhere/seq1.truth.json", clip_truth().to_json())

    for place in (str(tmp_path), "s3://in-bucket/elsewhere/"):
        found = source(world, place).video("s3://any/clips/seq1.json", "s3://any/f/")
        assert found == clip_truth()


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b'{"objects": [{}]}', b'{"objects": [], "width": "x", "height": 1}']
)
def test_a_broken_truth_is_not_taken_for_none(world: World, content: bytes) -> None:
    world.put(".terrace-truth/clips/seq1.truth.json", content)

    with pytest.raises(TruthError, match=r"seq1\.truth\.json"):
        source(world).video("s3://in-bucket/clips/seq1.json", "s3://in-bucket/f/")
