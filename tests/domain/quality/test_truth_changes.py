"""between and item_changed: what a level changed, for every kind of label."""

import copy
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrace.domain.label_values import (
    Box,
    BoxesLabel,
    ClassesLabel,
    ClassLabel,
    Cuboid,
    CuboidsLabel,
    CustomLabel,
    FramesLabel,
    Label,
    MaskLabel,
    Span,
    SpansLabel,
)
from terrace.domain.quality.changes import between, item_changed
from terrace.domain.quality.things_reading import of_document

SAMPLE = Path(__file__).parents[4] / "shared/data/gt_video_tracking_mot17_13/SeqLabel.json"


def _label(value, kind="groundtruth/object-detection", adjusted=None):
    return Label("a", kind, value, "job", None, True, adjusted)


def _boxes(*boxes, names=None):
    found = tuple(Box(*box) for box in boxes)
    return _label(BoxesLabel(found, names or {0: "car", 1: "bus"}, (640, 480)))


def _frame(number, *boxes, attributes=None, key="annotations"):
    """A frame; each box is (id, left, top, width, height[, class[, attributes]])."""
    entries = []
    for name, left, top, width, height, *more in boxes:
        entry = {"left": left, "top": top, "width": width, "height": height}
        entry |= {"class-id": str(more[0] if more else 0), "object-name": f"Car:{name}"}
        entry["label-category-attributes"] = more[1] if len(more) > 1 else {}
        if name is not None:
            entry["object-id"] = name
        entries.append(entry)
    frame = {"frame-no": str(number), "frame": f"{number + 1:06}.jpg", key: entries}
    return frame | {"frame-attributes": attributes or {}}


def _track(*frames):
    return {"tracking-annotations": list(frames)}


def _kinds(found):
    return [change.kinds for change in found.changes]


# --- boxes ------------------------------------------------------------


def test_the_worked_number():
    before = _boxes((0, 0, 0, 10, 10), (0, 50, 0, 10, 10))
    after = _boxes((0, 0, 0, 10, 5), (0, 90, 0, 10, 10))
    found = between(before, after)
    assert sorted(_kinds(found)) == [("added",), ("moved",), ("removed",)]
    assert found.corrections() == 3
    (moved,) = (change for change in found.changes if "moved" in change.kinds)
    assert moved.overlap == 0.5


def test_the_worked_number_of_the_tolerance():
    found = between(_boxes((0, 0, 0, 100, 100)), _boxes((0, 0, 0, 100, 92)))
    assert found.changes[0].overlap == pytest.approx(0.92)
    assert (found.corrections(0.1), found.corrections(0.05)) == (0, 1)
    half = between(_boxes((0, 0, 0, 10, 10)), _boxes((0, 0, 0, 10, 5)))
    assert (half.corrections(0.5), half.corrections(0.49)) == (0, 1)


def test_half_a_pixel_is_no_change():
    assert between(_boxes((0, 1, 2, 30, 40)), _boxes((0, 1.4, 2, 29.6, 40))).changes == ()


def test_another_class_at_the_same_place_is_a_relabeled_object():
    found = between(_boxes((0, 0, 0, 10, 10)), _boxes((1, 0, 0, 10, 10)))
    assert _kinds(found) == [("relabeled",)]
    assert (found.changes[0].label, found.changes[0].toLabel) == ("car", "bus")


def test_an_object_that_was_removed_with_another_one_drawn_elsewhere_is_not_moved():
    found = between(_boxes((0, 0, 0, 10, 10)), _boxes((0, 300, 300, 10, 10)))
    assert _kinds(found) == [("added",), ("removed",)]


def test_no_label_before_and_none_after():
    assert _kinds(between(None, _boxes((0, 0, 0, 1, 1)))) == [("added",)]
    assert _kinds(between(_boxes((0, 0, 0, 1, 1)), None)) == [("removed",)]
    assert between(None, None).changes == ()
    assert between(_boxes(), _boxes()).changes == ()


# --- other labels in the line ------------------------------------------------------------


def _class(name, number=0):
    return _label(ClassLabel(number, name, None), "groundtruth/image-classification")


def test_classes_are_relabeled_added_removed():
    assert _kinds(between(_class("owl"), _class("duck"))) == [("relabeled",)]
    assert between(_class("owl"), _class("owl")).changes == ()
    before, after = (
        _label(ClassesLabel(tuple(ClassLabel(0, name, None) for name in names)))
        for names in (("a", "b"), ("b", "c", "d"))
    )
    assert sorted(_kinds(between(before, after))) == [("added",), ("added",), ("removed",)]


def test_spans():
    before, after = (
        _label(SpansLabel(tuple(Span(*span, None) for span in spans), ()))
        for spans in (
            [(0, 5, "name"), (10, 20, "place"), (30, 35, "name")],
            [(0, 5, "name"), (10, 22, "place"), (30, 35, "date")],
        )
    )
    found = between(before, after)
    assert sorted(_kinds(found)) == [("moved",), ("relabeled",)]


def test_cuboids():
    def cuboids(*centres):
        found = tuple(
            Cuboid(0, None, (x, 0.0, 0.0), (4.0, 2.0, 2.0), (0.0, 0.0, 0.0), {}) for x in centres
        )
        return _label(CuboidsLabel(found, {0: "car"}))

    assert _kinds(between(cuboids(0, 50), cuboids(1, 50))) == [("moved",)]
    assert between(cuboids(0, 50), cuboids(50, 0)).changes == ()


def test_masks_are_compared_by_their_bytes():
    def mask(uri, adjusted=None):
        return _label(MaskLabel(uri, {}), "groundtruth/semantic-segmentation", adjusted)

    assert between(mask("s3://b/1"), mask("s3://b/1")).changes == ()
    assert _kinds(between(mask("s3://b/1"), mask("s3://b/2"))) == [("content",)]
    assert between(mask("s3://b/1"), mask("s3://b/2"), digest=lambda uri: "same").changes == ()
    assert between(mask("s3://b/1"), mask("s3://b/2", adjusted=False)).changes == ()
    assert item_changed(mask("s3://b/1"), mask("s3://b/2"), digest=lambda uri: uri)


def test_custom_labels_are_compared_as_a_whole():
    one, same, other = (
        _label(CustomLabel(content), "groundtruth/custom")
        for content in ({"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": 2, "b": 2})
    )
    assert between(one, same).changes == ()
    assert _kinds(between(one, other)) == [("content",)]
    assert _kinds(between(None, one)) == [("added",)]
    assert _kinds(between(one, None)) == [("removed",)]


def test_a_verification_says_pass_or_fail_and_changes_nothing():
    def verdict(name):
        return _label(ClassLabel(0, name, 0.9), "groundtruth/label-verification")

    boxes = _boxes((0, 0, 0, 10, 10))
    assert between(boxes, verdict("Fail")).failed == 1
    assert between(boxes, verdict("Fail")).changes == ()
    assert item_changed(boxes, verdict("fail"))
    assert not item_changed(boxes, verdict("Pass"))


# --- sequences ------------------------------------------------------------


def test_frames_are_told_apart_by_file_name_whatever_their_order_and_numbers():
    before = _track(_frame(0, ("a", 0, 0, 10, 10)), _frame(1, ("a", 5, 0, 10, 10)))
    after = copy.deepcopy(before)
    after["tracking-annotations"].reverse()
    for frame in after["tracking-annotations"]:
        frame["frame-no"] = str(int(frame["frame-no"]) + 100)
    assert between(before, after).changes == ()


def test_a_box_that_was_missing_one_moved_and_one_too_many():
    before = _track(
        _frame(0, ("a", 0, 0, 10, 10), ("b", 100, 0, 20, 20)),
        _frame(1, ("b", 100, 0, 20, 20), ("c", 300, 0, 9, 9)),
    )
    after = _track(
        _frame(0, ("a", 0, 0, 10, 10), ("b", 100, 0, 20, 20)),
        _frame(1, ("a", 2, 0, 10, 10), ("b", 100, 0, 20, 10)),
    )
    found = between(before, after, names={0: "car"})
    assert [(c.kinds, c.object, c.frame, c.frameNo) for c in found.changes] == [
        (("added",), "a", "000002.jpg", 1),
        (("moved",), "b", "000002.jpg", 1),
        (("removed",), "c", "000002.jpg", 1),
    ]
    assert found.changes[1].overlap == 0.5
    assert (found.before, found.after) == (4, 4)


def test_a_frame_only_one_label_has():
    before = _track(_frame(0, ("a", 0, 0, 10, 10)))
    after = _track(_frame(0, ("a", 0, 0, 10, 10)), _frame(1, ("a", 0, 0, 10, 10)))
    assert _kinds(between(before, after)) == [("added",)]
    assert _kinds(between(after, before)) == [("removed",)]


def test_ids_given_anew_are_no_change():
    before = _track(*(_frame(n, ("a", 0, 0, 10, 10), ("b", 50, 0, 10, 10)) for n in range(4)))
    after = _track(*(_frame(n, ("x", 0, 0, 10, 10), ("y", 50, 0, 10, 10)) for n in range(4)))
    assert between(before, after).changes == ()


def test_an_object_that_was_moved_far_keeps_its_id_whatever_is_nearer():
    before = _track(_frame(0, ("a", 0, 0, 10, 10), ("b", 100, 0, 10, 10)))
    after = _track(_frame(0, ("a", 95, 0, 10, 10), ("b", 200, 0, 10, 10)))
    found = between(before, after)
    assert [(c.kinds, c.object, c.overlap) for c in found.changes] == [
        (("moved",), "a", 0.0),
        (("moved",), "b", 0.0),
    ]


@pytest.mark.parametrize("new", ["0", "z"], ids=["sorted before", "sorted behind"])
def test_of_two_halves_of_a_track_the_one_that_kept_its_id_is_it(new):
    before = _track(*(_frame(n, ("a", 0, 0, 10, 10)) for n in range(4)))
    after = _track(*(_frame(n, ("a" if n < 2 else new, 0, 0, 10, 10)) for n in range(4)))
    found = between(before, after)
    assert [(c.kinds, c.frameNo, c.toObject) for c in found.changes] == [
        (("identity",), 2, new),
        (("identity",), 3, new),
    ]


def test_two_tracks_that_were_swapped_from_some_frame_on_are_changes_of_identity():
    before = _track(*(_frame(n, ("a", 0, 0, 10, 10), ("b", 50, 0, 10, 10)) for n in range(5)))
    after = copy.deepcopy(before)
    for frame in after["tracking-annotations"][3:]:
        for box in frame["annotations"]:
            box["object-id"] = {"a": "b", "b": "a"}[box["object-id"]]
    found = between(before, after)
    assert _kinds(found) == [("identity",)] * 4
    assert {change.frameNo for change in found.changes} == {3, 4}
    assert item_changed(before, after)


def test_another_color_is_a_correction_and_another_question_is_not():
    def doc(attributes):
        return _track(
            _frame(0, ("a", 0, 0, 10, 10, 0, attributes), ("b", 50, 0, 9, 9, 0, attributes))
        )

    assert _kinds(between(doc({"Color": "Red"}), doc({"Color": "Blue"}))) == [("attributes",)] * 2
    found = between(doc({"Color": "Red"}), doc({"Color": "Red", "Occluded": "no"}))
    assert _kinds(found) == [("answered",)] * 2
    assert found.corrections() == 0
    back = between(doc({"Color": "Red", "Occluded": "no"}), doc({"Color": "Red"}))
    assert _kinds(back) == [("answered",)] * 2


@pytest.mark.parametrize("left", [-0.25, 0.25], ids=["sorted before", "sorted behind"])
def test_whichever_level_asked_more_it_is_no_correction(left):
    asked = _track(_frame(0, ("a", left, 0, 9, 9, 0, {"Color": "Red", "Occluded": "no"})))
    not_asked = _track(_frame(0, ("a", 0, 0, 9, 9, 0, {"Color": "Red"})))
    assert _kinds(between(asked, not_asked)) == [("answered",)]
    assert _kinds(between(not_asked, asked)) == [("answered",)]


def test_an_answer_forgotten_for_one_object_only_is_a_correction():
    before = _track(_frame(0, ("a", 0, 0, 9, 9, 0, {"Color": "Red"}), ("b", 50, 0, 9, 9)))
    after = _track(
        _frame(0, ("a", 0, 0, 9, 9, 0, {"Color": "Red"}), ("b", 50, 0, 9, 9, 0, {"Color": "Blue"}))
    )
    found = between(before, after)
    assert [(c.kinds, c.object, dict(c.attributes)) for c in found.changes] == [
        (("attributes",), "b", {"Color": (None, "Blue")})
    ]


def test_verdicts_of_an_audit_are_no_changes_of_the_label():
    before = _track(_frame(0, ("a", 0, 0, 9, 9)), _frame(1, ("a", 0, 0, 9, 9)))
    after = _track(
        _frame(0, ("a", 0, 0, 9, 9, 0, {"audit": "Pass"}), attributes={"Frame_Quality": "Pass"}),
        _frame(1, ("a", 0, 0, 9, 9, 0, {"audit": "Fail"}), attributes={"Frame_Quality": "fail"}),
    )
    found = between(before, after)
    assert found.changes == ()
    assert found.failed == 2
    assert [(v.passed, v.frameNo, v.object) for v in found.verdicts if v.object] == [
        (True, 0, "a"),
        (False, 1, "a"),
    ]
    assert item_changed(before, after)


def test_a_verdict_that_the_next_level_no_longer_asks_for_is_no_change():
    before = _track(_frame(0, ("a", 0, 0, 9, 9, 0, {"audit": "Fail"})))
    after = _track(_frame(0, ("a", 0, 0, 9, 9)))
    assert between(before, after).changes == ()
    assert not item_changed(before, after)


def test_3d_sensors_are_compared_each_by_itself():
    cuboid = {
        **{f"center-{axis}": 0 for axis in "xyz"},
        **dict.fromkeys(("length", "width", "height"), 2),
        **dict.fromkeys(("roll", "pitch", "yaw"), 0),
        **{"object-id": "a", "class-id": 0},
    }
    clouds = [{"frame-number": 0, "frame-name": "0.bin", "annotations": [cuboid]}]
    images = [_frame(0, ("a", 0, 0, 9, 9))]
    before = {
        "lidar": {"tracking-annotations": clouds},
        "camera-0": {"tracking-annotations": images},
    }
    after = copy.deepcopy(before)
    after["lidar"]["tracking-annotations"][0]["annotations"][0]["center-x"] = 0.5
    found = between(before, after)
    assert [(change.sensor, change.kinds) for change in found.changes] == [("lidar", ("moved",))]


def test_labels_of_frames_are_read_where_they_are():
    files = {
        "s3://b/1": _track(_frame(0, ("a", 0, 0, 9, 9))),
        "s3://b/2": _track(_frame(0, ("a", 0, 0, 9, 5))),
    }
    one, other = (_label(FramesLabel(uri, {0: "car"})) for uri in files)
    assert between(one, one).changes == ()
    assert _kinds(between(one, other, documents=files.__getitem__)) == [("moved",)]
    with pytest.raises(ValueError, match="give `documents`"):
        between(one, other)


NAN = float("nan")


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ([], "no JSON object"),
        ({}, "neither"),
        ({"tracking-annotations": 5}, "is no list"),
        ({"tracking-annotations": [7]}, "frame 0: is no object"),
        ({"tracking-annotations": [{"annotations": []}]}, "neither a name nor a number"),
        (_track(_frame(0, ("a", NAN, 0, 9, 9))), "no number for left"),
        (_track(_frame(0, ("a", 0, 0, -9, 9))), "negative width"),
        (_track(_frame(0), _frame(0)), "is there already"),
        (_track(_frame(0) | {"annotations": [{"left": 1}]}), "has no class-id"),
        (_track(_frame(0) | {"polygons": [{"class-id": 0, "vertices": []}]}), "has no vertices"),
        (_track(_frame(0) | {"annotations": None}), "annotations is no list"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_read_is_named(broken, said):
    found = between(broken, _track())
    assert any(said in one for one in found.unreadable)
    assert between(broken, broken).changes == ()


def test_a_label_that_could_not_be_read_and_now_can_was_wrong():
    broken = _track(_frame(0, ("a", 0, 0, 9, 9), ("b", 0, 0, -1, 9)))
    fine = _track(_frame(0, ("a", 0, 0, 9, 9)))
    assert item_changed(broken, fine)
    assert not item_changed(broken, broken)


def test_frames_without_frame_attributes():
    frame = _frame(0, ("a", 0, 0, 9, 9))
    del frame["frame-attributes"]
    assert between(_track(frame), _track(_frame(0, ("a", 0, 0, 9, 9)))).changes == ()


@pytest.mark.skipif(not SAMPLE.exists(), reason="shared/data is not here")
def test_the_aws_sample_repaired_is_seen_as_exactly_its_repairs():
    before = json.loads(SAMPLE.read_text(encoding="utf-8"))
    after = copy.deepcopy(before)
    frames = {frame["frame-no"]: frame for frame in after["tracking-annotations"]}
    (wrong,) = (b for b in frames["102"]["annotations"] if b["object-name"] == "Vehicle:2")
    wrong["width"] += 20
    (copied,) = (b for b in frames["216"]["annotations"] if b["object-name"] == "Vehicle:1")
    frames["217"]["annotations"].append(copy.deepcopy(copied))
    found = between(before, after)
    assert [(c.frameNo, c.objectName, c.kinds) for c in found.changes] == [
        (102, "Vehicle:2", ("moved",)),
        (217, "Vehicle:1", ("added",)),
    ]
    assert (found.before, found.after) == (890, 891)


# --- properties ------------------------------------------------------------

COORDINATE = st.integers(0, 40)
BOX = st.tuples(st.integers(0, 1), COORDINATE, COORDINATE, st.integers(0, 20), st.integers(0, 20))
BOXES = st.lists(BOX, max_size=5)
TRACK = st.lists(
    st.lists(
        st.tuples(
            st.sampled_from("abc"),
            COORDINATE,
            COORDINATE,
            st.integers(1, 20),
            st.integers(1, 20),
            st.integers(0, 1),
            st.dictionaries(st.sampled_from(["Color", "audit"]), st.sampled_from(["x", "Fail"])),
        ),
        max_size=3,
        unique_by=lambda box: box[0],
    ),
    max_size=4,
).map(lambda frames: _track(*(_frame(number, *boxes) for number, boxes in enumerate(frames))))


def _tally(found, turned=False):
    """What changed, as a multiset; from the other side if `turned`."""
    opposite = {"added": "removed", "removed": "added"}

    def kinds(change):
        return tuple(opposite.get(kind, kind) if turned else kind for kind in change.kinds)

    def ends(change):
        labels = (change.label, change.toLabel or change.label)
        objects = (change.object, change.toObject or change.object)
        return (labels[::-1], objects[::-1]) if turned else (labels, objects)

    return sorted(
        (kinds(c), ends(c), c.frame or "", c.overlap or 0.0, len(c.attributes))
        for c in found.changes
    )


@settings(deadline=None)
@given(BOXES, BOXES)
def test_boxes_seen_from_the_other_side(first, second):
    a, b = _boxes(*first), _boxes(*second)
    assert _tally(between(a, b)) == _tally(between(b, a), turned=True)
    assert between(a, a).changes == ()


def test_ties_fall_the_same_way_from_either_side():
    """Found by trying 60,000 cases without the turning in `_compare`."""
    first = _boxes((1, 8, 4, 8, 8), (0, 8, 0, 8, 8), (1, 4, 4, 8, 8))
    second = _boxes((1, 4, 0, 8, 8), (0, 8, 4, 8, 8), (0, 4, 4, 8, 8))
    assert _tally(between(first, second)) == _tally(between(second, first), turned=True)


@settings(deadline=None)
@given(TRACK, TRACK)
def test_tracks_seen_from_the_other_side(first, second):
    found, back = between(first, second), between(second, first)
    assert found.count("added") == back.count("removed")
    assert found.count("removed") == back.count("added")
    for kind in ("moved", "relabeled", "identity", "attributes", "answered"):
        assert found.count(kind) == back.count(kind)
    assert found.corrections(0.1) == back.corrections(0.1)
    assert _tally(found) == _tally(back, turned=True)
    assert between(first, first).changes == ()


@settings(deadline=None)
@given(TRACK, TRACK, st.randoms())
def test_the_order_of_frames_and_boxes_means_nothing(first, second, random):
    mixed = copy.deepcopy(second)
    random.shuffle(mixed["tracking-annotations"])
    for frame in mixed["tracking-annotations"]:
        random.shuffle(frame["annotations"])
    assert between(first, mixed) == between(first, second)


@settings(deadline=None)
@given(TRACK, TRACK)
def test_every_object_is_accounted_for(first, second):
    found = between(first, second)
    same_before = found.before - found.count("removed")
    assert same_before == found.after - found.count("added") >= 0
    assert of_document(first).count == found.before


@settings(deadline=None)
@given(BOXES, BOXES, st.floats(0, 1), st.floats(0, 1))
def test_more_tolerance_never_finds_more(first, second, one, other):
    found = between(_boxes(*first), _boxes(*second))
    low, high = sorted((one, other))
    assert found.corrections(high) <= found.corrections(low) <= len(found.changes)
