"""Video frame sequence files: AWS's own, and everything that can be wrong with one."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.domain import modalities, sequences
from tests.data.shared_data import sample_json

ROW = modalities.get("VideoObjectTracking")
URI = "s3://bucket/seq1.json"


def sequence(count: int = 3, **changes: Any) -> dict[str, Any]:
    frames = [{"frame-no": n, "frame": f"{n:06d}.jpg"} for n in range(count)]
    return {
        "seq-no": 1,
        "prefix": "s3://frames/clip/",
        "number-of-frames": count,
        "frames": frames,
        **changes,
    }


def frames(*given_frames: Any) -> dict[str, Any]:
    return sequence(frames=list(given_frames), **{"number-of-frames": len(given_frames)})


@pytest.mark.parametrize("name", ["video_sequence_file", "notebook_style_video_sequence_file"])
def test_aws_own_sequence_files_are_accepted(name: str) -> None:
    raw = sample_json(f"doc_derived/inputs/{name}.json")
    raw["prefix"] = raw["prefix"].lower()  # the guide's placeholder is no bucket name of today
    found = sequences.check(raw, ROW, URI)
    assert (found.problems, found.warnings) == ([], [])
    assert len(found.frames) == 3


def test_the_frames_own_bucket_is_told_so_that_it_can_be_allowed() -> None:
    found = sequences.check(sequence(), ROW, URI)
    assert (found.problems, found.bucket, found.prefix) == ([], "frames", "s3://frames/clip/")
    assert found.frames == ["000000.jpg", "000001.jpg", "000002.jpg"]


@pytest.mark.parametrize("first", [0, 1, 17, "0"])
def test_frame_numbers_may_start_anywhere_and_be_texts(first: Any) -> None:
    kind = type(first)
    given_frames = [{"frame-no": kind(int(first) + n), "frame": f"{n}.jpg"} for n in range(3)]
    assert sequences.check(frames(*given_frames), ROW, URI).problems == []


@pytest.mark.parametrize(
    ("raw", "code", "where"),
    [
        ([], "SEQUENCE_NO_OBJECT", ""),
        (sequence(**{"seq-no": "one"}), "SEQUENCE_NUMBER_INVALID", "seq-no"),
        (sequence(**{"seq-no": True}), "SEQUENCE_NUMBER_INVALID", "seq-no"),
        (sequence(prefix="s3://frames/clip"), "SEQUENCE_PREFIX_INVALID", "prefix"),
        (sequence(prefix="frames/clip/"), "SEQUENCE_PREFIX_INVALID", "prefix"),
        (sequence(prefix=None), "SEQUENCE_PREFIX_INVALID", "prefix"),
        (sequence(frames=[]), "SEQUENCE_WITHOUT_FRAMES", "frames"),
        (sequence(frames="all"), "SEQUENCE_WITHOUT_FRAMES", "frames"),
        (sequence(2001), "SEQUENCE_TOO_LONG", "frames"),
        (sequence(**{"number-of-frames": 4}), "SEQUENCE_COUNT_WRONG", "number-of-frames"),
        (sequence(**{"number-of-frames": "3"}), "SEQUENCE_COUNT_WRONG", "number-of-frames"),
        (frames({"frame-no": 1}), "SEQUENCE_FRAME_UNNAMED", "frames[0]"),
        (frames({"frame-no": 1, "frame": ""}), "SEQUENCE_FRAME_UNNAMED", "frames[0]"),
        (frames("1.jpg"), "SEQUENCE_FRAME_UNNAMED", "frames[0]"),
        (
            frames({"frame-no": 1, "frame": "1.jpg"}, {"frame-no": 2, "frame": "1.jpg"}),
            "SEQUENCE_FRAME_TWICE",
            "frames[1]",
        ),
        (
            frames({"frame-no": 1, "frame": "1.jpg"}, {"frame-no": 1, "frame": "2.jpg"}),
            "SEQUENCE_FRAME_NUMBER_TWICE",
            "frames[1]",
        ),
        (frames({"frame": "1.jpg"}), "SEQUENCE_FRAME_NUMBER_INVALID", "frames[0]"),
    ],
)
def test_what_would_fail_the_item_is_told_with_its_place(raw: Any, code: str, where: str) -> None:
    found = sequences.check(raw, ROW, URI)
    assert [(p.code, p.path) for p in found.problems] == [(code, f"{URI} {where}".rstrip())]


def test_two_thousand_frames_are_allowed() -> None:
    assert sequences.check(sequence(2000), ROW, URI).problems == []


def test_the_same_mistake_on_every_frame_is_told_a_few_times_and_counted() -> None:
    found = sequences.check(frames(*[{"frame": ""}] * 100), ROW, URI)
    assert len(found.problems) == sequences.SHOWN_MAX + 1
    assert "95 more" in found.problems[-1].problem


def test_frames_that_ground_truth_would_show_in_another_order_are_a_warning() -> None:
    found = sequences.check(
        frames(
            {"frame-no": 0, "frame": "1.jpg"},
            {"frame-no": 1, "frame": "2.jpg"},
            {"frame-no": 2, "frame": "10.jpg"},
        ),
        ROW,
        URI,
    )
    assert found.problems == []
    assert [w.code for w in found.warnings] == ["SEQUENCE_ORDER_CHANGES"]
    assert "'10.jpg'" in found.warnings[0].problem


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["seq-no", "prefix", "number-of-frames", "frames", "frame", "frame-no"]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=15,
)


@given(_json)
def test_no_file_makes_the_check_raise(raw: object) -> None:
    assert isinstance(sequences.check(raw, ROW, URI), sequences.Sequence)
