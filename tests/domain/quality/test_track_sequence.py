"""SeqLabel.json read tolerantly: whatever is in the file, it is a track or a finding."""

import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terrace.domain.quality.sequence import load
from terrace.domain.quality.track_checks import check
from tests.domain.quality.track_samples import (
    box,
    boxes,
    findings,
    frame,
    labels_of,
    seqlabel,
    shapes,
)


def names(document: Any) -> list[str]:
    return [one.check for one in load(document).findings]


def test_frames_count_by_their_number_not_by_their_place() -> None:
    # Given a file whose frames stand in any order, and of which frame 3 has no labels
    document = seqlabel(frame(4, box(14)), frame(0, box(10)), frame(2, box(12)), frame(1, box(11)))
    # When it is read
    loaded = load(document)
    # Then the track is in the order of its numbers
    (track,) = loaded.tracks
    assert track.frames.tolist() == [0, 1, 2, 4]
    assert track.coordinates[:, 0].tolist() == [10, 11, 12, 14]
    assert loaded.findings == []
    # And the frame that is missing has a finding, by both names where the caller knows the file
    given_names = [f"{n}.png" for n in range(5)]
    (missing,) = check(loaded, frames=given_names)
    assert (missing.check, missing.frameNo, missing.frame) == ("missing-frame", 3, "3.png")
    assert missing.sentence == (
        "Car:1 is not labeled in frame 3.png (frame 3), though it is labeled in frame 000003.jpg "
        "(frame 2) and frame 000005.jpg (frame 4)."
    )


@pytest.mark.parametrize("number", [7, "7", 7.0, " 7 "], ids=repr)
def test_a_frame_number_is_a_number_or_a_text(number: Any) -> None:
    loaded = load(seqlabel(frame(0, box(), **{"frame-no": number})))
    assert loaded.tracks[0].frames.tolist() == [7]


@pytest.mark.parametrize(
    "number", [None, "seven", -1, 1.5, True, [], 10**12, float("nan")], ids=repr
)
def test_a_frame_without_a_number_is_told(number: Any) -> None:
    document = seqlabel(frame(0, box()), frame(1, box(), **{"frame-no": number}))
    loaded = load(document)
    assert loaded.tracks[0].frames.tolist() == [0]
    (told,) = loaded.findings
    assert (told.check, told.frame) == ("unreadable", "000002.jpg")
    assert "no frame number that can be read" in told.sentence


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        "text",
        {},
        {"tracking-annotations": None},
        {"detection-annotations": {}},
        {"lidar": []},
        {"tracking-annotations": [None]},
        {"tracking-annotations": [{"frame-no": "0", "frame": "a", "annotations": {}}]},
        {"tracking-annotations": [{"frame-no": "0", "frame": "a", "annotations": ["box"]}]},
    ],
    ids=json.dumps,
)
def test_what_is_no_label_file_is_told_and_never_raises(document: Any) -> None:
    assert names(document) == ["unreadable"]
    assert [one.check for one in findings(document)] == ["unreadable"]


@pytest.mark.parametrize(
    "document",
    [seqlabel(), seqlabel(frame(0)), seqlabel(frame(0), frame(1))],
    ids=["no frames", "an empty frame", "empty frames"],
)
def test_an_empty_sequence_is_no_mistake(document: Any) -> None:
    assert load(document).tracks == ()
    assert findings(document) == []


def test_frame_attributes_may_be_missing_and_are_kept_where_they_are() -> None:
    bare = frame(0, box())
    del bare["frame-attributes"]
    loaded = load(seqlabel(bare, frame(1, box(), **{"frame-attributes": {"Weather": "rain"}})))
    assert loaded.frame_attributes == {"": {1: {"Weather": "rain"}}}
    assert loaded.findings == []


def test_an_object_that_is_twice_in_a_frame_counts_once_and_is_told() -> None:
    document = seqlabel(frame(0, box(1), box(50)), frame(1, box(2)))
    loaded = load(document)
    assert loaded.tracks[0].coordinates[:, 0].tolist() == [1, 2]
    (told,) = loaded.findings
    assert (told.check, told.frameNo, told.objectName) == ("duplicate-id", 0, "Car:1")


def test_a_frame_that_is_there_twice_counts_once_and_is_told() -> None:
    loaded = load(seqlabel(frame(0, box(1)), frame(0, box(99)), frame(1, box(2))))
    assert loaded.tracks[0].coordinates[:, 0].tolist() == [1, 2]
    (told,) = loaded.findings
    assert (told.check, told.frameNo, told.frame) == ("duplicate-frame", 0, "000001.jpg")


@pytest.mark.parametrize(
    ("wrong", "check_name", "words"),
    [
        ({"width": float("nan")}, "unreadable", "no usable number as width"),
        ({"left": float("inf")}, "unreadable", "no usable number as left"),
        ({"top": "12"}, "unreadable", "no usable number as top"),
        ({"top": True}, "unreadable", "no usable number as top"),
        ({"left": None}, "unreadable", "no usable number as left"),
        ({"left": 10**400}, "unreadable", "no usable number as left"),
        ({"width": -4}, "degenerate", "its width is -4"),
        ({"height": 0}, "degenerate", "its height is 0"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_box_that_cannot_be_is_told_and_the_others_are_checked(
    wrong: dict[str, Any], check_name: str, words: str
) -> None:
    # Given five frames, in one of which the box cannot be
    document = seqlabel(*(frame(n, box(10 + n)) for n in range(5)))
    labels_of(document, 2)[0].update(wrong)
    # When they are checked, then that label is told, and nothing else: it is there, if useless
    loaded = load(document)
    assert loaded.tracks[0].frames.tolist() == [0, 1, 3, 4]
    (told,) = loaded.findings
    assert (told.check, told.frameNo, told.objectName) == (check_name, 2, "Car:1")
    assert words in told.sentence
    assert "frame 000003.jpg (frame 2)" in told.sentence
    assert check(loaded) == [told]


@pytest.mark.parametrize(
    ("kind", "wrong", "check_name"),
    [
        ("polygon", {"vertices": [{"x": 1, "y": 1}, {"x": 2, "y": 2}]}, "degenerate"),
        ("polygon", {"vertices": [{"x": 1, "y": 1}] * 5}, "degenerate"),
        ("polyline", {"vertices": [{"x": 1, "y": 1}]}, "degenerate"),
        ("polyline", {"vertices": []}, "degenerate"),
        ("polyline", {"vertices": None}, "unreadable"),
        ("polyline", {"vertices": [{"x": 1}, {"x": 1, "y": 2}]}, "unreadable"),
        ("polygon", {"vertices": [1, 2, 3]}, "unreadable"),
        ("keypoint", {"x": float("nan")}, "unreadable"),
        ("cuboid", {"length": -1}, "degenerate"),
        ("cuboid", {"yaw": "north"}, "unreadable"),
    ],
)
def test_other_shapes_that_cannot_be_are_told(
    kind: str, wrong: dict[str, Any], check_name: str
) -> None:
    document = shapes(kind, frames=6)
    labels_of(document, 3)[0].update(wrong)
    loaded = load(document)
    (told,) = loaded.findings
    assert (told.check, told.frameNo, told.objectName) == (check_name, 3, "Car:1")
    assert [track.kind for track in loaded.tracks] == [kind, kind]
    assert [len(track) for track in loaded.tracks] == [5, 6]


def test_point_clouds_with_their_cameras_are_read_by_sensor() -> None:
    clouds = shapes("cuboid", frames=5)["tracking-annotations"]
    for entry in clouds:
        entry["frame-number"] = int(entry.pop("frame-no"))
        entry["frame-name"] = entry.pop("frame").replace("jpg", "bin")
    document = {
        "lidar": {"tracking-annotations": clouds},
        "camera-0": {"tracking-annotations": [frame(n, box(10 + n)) for n in range(5)]},
    }
    loaded = load(document)
    assert [(track.sensor, track.kind) for track in loaded.tracks] == [
        ("lidar", "cuboid"),
        ("lidar", "cuboid"),
        ("camera-0", "box"),
    ]
    assert loaded.frame_name(0, "lidar") == "000001.bin"
    assert loaded.frame_name(0, "camera-0") == "000001.jpg"
    assert loaded.findings == []


def test_a_label_without_an_id_is_told_in_tracking() -> None:
    nameless = box()
    del nameless["object-id"]
    (told,) = load(seqlabel(frame(0, nameless, box()))).findings
    assert (told.check, told.frameNo) == ("unreadable", 0)


def test_labels_of_detection_are_linked_by_their_place() -> None:
    # Given boxes without ids, one of which is missing in a frame and one of which is too narrow
    document = {"detection-annotations": boxes(2, 30)["tracking-annotations"]}
    for entry in document["detection-annotations"]:
        for one in entry["annotations"]:
            one.pop("object-id")
            one["object-name"] = None
    frames = document["detection-annotations"]
    frames[20]["annotations"].pop(0)
    frames[10]["annotations"][1]["width"] -= 40
    # When they are checked
    loaded = load(document)
    found = check(loaded)
    # Then they are two objects, and both errors are found
    assert [len(track) for track in loaded.tracks] == [29, 30]
    assert ("missing-frame", 20) in {(one.check, one.frameNo) for one in found}
    assert ("size", 10) in {(one.check, one.frameNo) for one in found}
    assert {one.object for one in found} == {None}


def test_a_frame_behind_the_sequences_end_is_told() -> None:
    document = seqlabel(*(frame(n, box(n)) for n in range(6)))
    (told,) = check(load(document), frames=["a.jpg", "b.jpg", "c.jpg"])
    assert (told.check, told.frameNo, told.objectName) == ("unreadable", 3, "Car:1")


values = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3), st.just([]),
    st.just({}), st.just("0"), st.integers(0, 5),
)  # fmt: skip


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_is_in_the_file_every_label_is_a_track_or_a_finding(data: st.DataObject) -> None:
    # Given a file of which any value may be anything
    document = copy.deepcopy(boxes(2, 6))
    for _ in range(data.draw(st.integers(1, 4))):
        entry = data.draw(st.sampled_from(document["tracking-annotations"]))
        within = data.draw(st.sampled_from([entry, *(entry.get("annotations") or [])]))
        if isinstance(within, dict) and isinstance(entry.get("annotations"), list):
            key = data.draw(st.sampled_from(sorted(within)))
            if key not in ("annotations", "object-id"):
                within[key] = data.draw(values)
    # When it is read and checked
    loaded = load(document)
    found = check(loaded)
    # Then nothing was dropped silently: a label is in a track, or in its frame's or its own finding
    lost_frames = sum(
        one.object is None and one.check in ("unreadable", "duplicate-frame")
        for one in loaded.findings
    )
    told = sum(one.object is not None for one in loaded.findings)
    assert loaded.objects + told + 2 * lost_frames == 12
    # And every number in a finding is one, so that it can be written as JSON
    json.dumps([one.to_dict() for one in found], allow_nan=False)
