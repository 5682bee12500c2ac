"""Each error of a track is named: its frame, its object, and not its neighbours."""

import copy
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrace.domain.quality.catalog import CHECKS
from terrace.domain.quality.findings import Severity
from terrace.domain.quality.sequence import load
from terrace.domain.quality.track_checks import DEFAULTS, check
from tests.data.shared_data import sample_json
from tests.domain.quality.track_samples import (
    Json,
    box,
    boxes,
    findings,
    frame,
    label_of,
    labels_of,
    loud,
    places,
    seqlabel,
    shapes,
    thing,
)


def named(found: Any) -> set[tuple[str, int | None, str | None]]:
    return {(one.check, one.frameNo, one.objectName) for one in found}


# --- AWS's own file ------------------------------------------------------------------------------


@pytest.fixture
def aws() -> Json:
    found: Json = sample_json("../gt_video_tracking_mot17_13/SeqLabel.json")
    return found


def test_the_known_flaws_of_awss_file_are_named_and_little_else(aws: Json) -> None:
    found = loud(aws)
    assert ("missing-frame", 217, "Vehicle:1") in named(found)
    assert ("size", 138, "Vehicle:1") in named(found)
    assert ("size", 139, "Vehicle:1") in named(found)
    assert ("position", 102, "Vehicle:2") in named(found)
    assert ("size", 102, "Vehicle:2") in named(found)
    assert ("size", 284, "Vehicle:2") in named(found)
    # Vehicle:3 is 18 px too high in one frame, and hops about while it drives into the picture.
    others = places(found) - {
        *((217, "Vehicle:1"), (138, "Vehicle:1"), (139, "Vehicle:1")),
        *((102, "Vehicle:2"), (284, "Vehicle:2")),
    }
    assert others == {(10, "Vehicle:3"), (40, "Vehicle:3")}
    (low,) = [one for one in found if one.check == "size" and one.frameNo == 102]
    assert low.frame == "000103.jpg"
    assert low.sentence == (
        "Vehicle:2 in frame 000103.jpg (frame 102) is 30 % shorter than in the frames around it."
    )


# --- one error, one frame ------------------------------------------------------------------------

ERRORS = {
    "narrower": ("size", lambda one: one.update(width=round(one["width"] * 0.7))),
    "taller": ("size", lambda one: one.update(height=round(one["height"] * 1.3))),
    "aside": ("position", lambda one: one.update(left=one["left"] + round(one["width"] * 0.3))),
    "too high": ("position", lambda one: one.update(top=one["top"] - round(one["height"] * 0.3))),
}


@given(
    error=st.sampled_from(sorted(ERRORS)),
    number=st.integers(1, 58),
    index=st.integers(1, 3),
    seed=st.integers(0, 200),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_a_single_bad_frame_is_named_and_not_its_neighbours(
    error: str, number: int, index: int, seed: int
) -> None:
    # Given objects that move evenly, one of which has one wrong box
    document = boxes(seed=seed)
    kind, spoil = ERRORS[error]
    spoil(label_of(document, number, index))
    before = places(loud(boxes(seed=seed)))
    # When they are checked, then that frame and object are named, and nothing more than before
    found = loud(document)
    assert (kind, number, f"Car:{index}") in named(found)
    assert places(found) - before == {(number, f"Car:{index}")}


def test_two_and_three_bad_frames_are_all_named() -> None:
    for length in (2, 3):
        document = boxes()
        for number in range(20, 20 + length):
            one = label_of(document, number, 2)
            one["width"] = round(one["width"] * 0.7)
        assert {one.frameNo for one in loud(document)} == set(range(20, 20 + length))


@pytest.mark.parametrize("tremble", [0, 0.3, 1.0, 1.5])
def test_even_motion_growth_and_a_trembling_hand_are_hardly_ever_errors(tremble: float) -> None:
    # Given 30 files of 180 labels each, with a hand's tremble of up to 1.5 px at boxes of 60 px
    flagged = [len(places(loud(boxes(seed=seed, tremble=tremble)))) for seed in range(30)]
    # Then at most 3 of 891 labels are flagged
    assert sum(flagged) / (30 * 180) <= 3 / 891


def test_a_turn_and_a_stop_are_no_errors() -> None:
    # Given an object that drives, stops at once, and drives back: corners in its path, no noise
    path = [5 * n for n in range(20)] + [95] * 20 + [95 - 7 * n for n in range(20)]
    document = seqlabel(*(frame(n, box(100 + x)) for n, x in enumerate(path)))
    # When it is checked, then nothing is flagged: the motion of one side always fits
    assert findings(document) == []


def test_a_shaking_camera_is_no_error_of_the_labels() -> None:
    # Given objects that all jump by the same way, frame by frame
    rng = random.Random(3)
    document = boxes(5, 60)
    for entry in document["tracking-annotations"]:
        dx, dy = rng.gauss(0, 12), rng.gauss(0, 12)
        for one in entry["annotations"]:
            one["left"], one["top"] = round(one["left"] + dx), round(one["top"] + dy)
    # When they are checked, then none is flagged, and a box that is beside its place is found
    assert loud(document) == []
    one = label_of(document, 30, 2)
    one["left"] += round(one["width"] * 0.3)
    assert places(loud(document)) == {(30, "Car:2")}


@pytest.mark.parametrize("kind", ["polyline", "polygon", "keypoint", "cuboid"])
def test_every_kind_of_shape_is_found_where_it_is_beside_its_track(kind: str) -> None:
    document = shapes(kind)
    assert loud(document) == []
    one = label_of(document, 20, 1)
    if kind == "keypoint":
        one["x"] += 60
    elif kind == "cuboid":
        one["center-x"] += 2.0
    else:
        for vertex in one["vertices"]:
            vertex["x"] += 40
    found = loud(document)
    assert places(found) == {(20, "Car:1")}
    assert "position" in {one.check for one in found}


@pytest.mark.parametrize("kind", ["polyline", "polygon"])
def test_a_corner_that_is_drawn_elsewhere_bends_the_shape(kind: str) -> None:
    document = shapes(kind)
    label_of(document, 20, 1)["vertices"][1]["y"] += 45
    found = loud(document)
    assert ("shape", 20, "Car:1") in named(found)
    assert places(found) == {(20, "Car:1")}


def test_a_cuboid_turned_or_squeezed_for_a_frame_is_found_and_a_turn_through_pi_is_not() -> None:
    document = shapes("cuboid")
    assert loud(document) == []  # its yaw passes pi on the way
    label_of(document, 20, 1)["yaw"] += 0.6
    label_of(document, 25, 2)["length"] = 2.5
    assert {("rotation", 20, "Car:1"), ("size", 25, "Car:2")} <= named(loud(document))
    assert places(loud(document)) == {(20, "Car:1"), (25, "Car:2")}
    (turned,) = [one for one in loud(document) if one.check == "rotation"]
    assert "turned to the left by 34 degrees" in turned.sentence


def test_a_polygon_that_starts_at_another_corner_is_the_same_polygon() -> None:
    document = shapes("polygon")
    vertices = label_of(document, 20, 1)["vertices"]
    vertices[:] = vertices[2:] + vertices[:2]
    label_of(document, 25, 1)["vertices"].reverse()
    assert loud(document) == []


def test_little_overlap_is_said_by_its_own_check() -> None:
    document = boxes()
    one = label_of(document, 20, 2)
    one["left"] += round(one["width"] * 0.6)
    (overlap,) = [one for one in loud(document) if one.check == "rolling-iou"]
    assert (overlap.frameNo, overlap.objectName, overlap.threshold) == (20, "Car:2", 0.5)
    assert overlap.value == pytest.approx(0.25, abs=0.03)  # 0.4 of 1.6 widths


# --- gaps ----------------------------------------------------------------------------------------


def test_every_missing_frame_of_a_short_gap_is_named() -> None:
    document = boxes()
    for number in (10, 20, 21, 22):
        labels = labels_of(document, number)
        labels[:] = [one for one in labels if one["object-id"] != "id-2"]
    found = findings(document)
    assert named(found) == {("missing-frame", n, "Car:2") for n in (10, 20, 21, 22)}
    assert {one.severity for one in found} == {Severity.error}
    assert [one.value for one in found] == [1, 3, 3, 3]


def test_a_gap_of_more_than_three_frames_may_be_an_occlusion() -> None:
    document = boxes()
    for number in range(20, 24):
        labels = labels_of(document, number)
        labels[:] = [one for one in labels if one["object-id"] != "id-2"]
    found = findings(document)
    assert named(found) == {("missing-frame", n, "Car:2") for n in range(20, 24)}
    assert {one.severity for one in found} == {Severity.warning}


def test_a_long_gap_is_a_re_appearance_where_the_object_is_back() -> None:
    document = boxes()
    for number in range(20, 40):
        labels = labels_of(document, number)
        labels[:] = [one for one in labels if one["object-id"] != "id-2"]
    (back,) = findings(document)
    assert (back.check, back.frameNo, back.value) == ("reappearance", 40, 20)
    assert back.severity is Severity.info
    assert back.sentence == (
        "Car:2 is back in frame 000041.jpg (frame 40) after 20 frames without a label."
    )


def test_appearing_late_and_leaving_early_is_nothing_missing() -> None:
    document = boxes()
    for number in (*range(15), *range(45, 60)):
        labels = labels_of(document, number)
        labels[:] = [one for one in labels if one["object-id"] != "id-2"]
    assert findings(document) == []


def test_an_object_of_one_frame_is_noted() -> None:
    document = boxes()
    labels_of(document, 30).append(box(900, 900, **thing(9)))
    (single,) = findings(document)
    assert (single.check, single.frameNo, single.objectName) == ("single-frame", 30, "Car:9")
    assert single.severity is Severity.info


# --- ids -----------------------------------------------------------------------------------------


def swap(document: Json, numbers: Any, a: int = 1, b: int = 2) -> None:
    for number in numbers:
        one, other = label_of(document, number, a), label_of(document, number, b)
        one["object-id"], other["object-id"] = other["object-id"], one["object-id"]
        one["object-name"], other["object-name"] = other["object-name"], one["object-name"]


def test_ids_swapped_in_one_frame_are_named_at_that_frame() -> None:
    document = boxes()
    swap(document, [30])
    found = loud(document)
    assert places(found) == {(30, "Car:1"), (30, "Car:2")}
    swaps = [one for one in found if one.check == "identity"]
    assert named(swaps) == {("identity", 30, "Car:1"), ("identity", 30, "Car:2")}
    assert swaps[0].sentence == (
        "Car:1 and Car:2 have swapped places in frame 000031.jpg (frame 30)."
    )


def test_ids_swapped_for_good_are_named_where_that_begins() -> None:
    document = boxes()
    swap(document, range(30, 60))
    found = loud(document)
    assert ("identity", 30, "Car:1") in named(found)
    assert {one.frameNo for one in found} == {30}
    assert "from frame 000031.jpg (frame 30) on" in found[0].sentence


def test_an_id_that_takes_over_the_label_of_another_object_is_named() -> None:
    # Given that Car:2 ends in frame 29, and from 30 on Car:1 is where Car:2 was
    document = boxes()
    for number in range(30, 60):
        labels = labels_of(document, number)
        labels[:] = [one for one in labels if one["object-id"] != "id-1"]
        label_of(document, number, 2).update(thing(1))
    found = loud(document)
    assert named(found) == {("identity", 30, "Car:1")}
    assert "where Car:2 was" in found[0].sentence


def test_an_object_that_goes_on_under_a_new_id_is_named() -> None:
    document = boxes()
    for number in range(30, 60):
        label_of(document, number, 2).update(thing(7))
    found = loud(document)
    assert named(found) == {("identity", 30, "Car:7")}
    assert found[0].severity is Severity.warning


def test_a_lasting_jump_is_named_where_it_begins() -> None:
    document = boxes()
    for number in range(30, 60):
        label_of(document, number, 3)["left"] += 400
    assert named(loud(document)) == {("jump", 30, "Car:3")}


def test_a_lasting_change_of_size_is_named_where_it_begins() -> None:
    document = boxes()
    for number in range(30, 60):
        one = label_of(document, number, 3)
        one["height"] = round(one["height"] * 1.8)
    found = [one for one in loud(document) if one.check == "size-step"]
    assert named(found) == {("size-step", 30, "Car:3")}
    assert "taller than before" in found[0].sentence


# --- classes, attributes, twins, edges -----------------------------------------------------------


def test_a_class_that_flips_is_named_with_its_frames() -> None:
    document = boxes()
    for number in (30, 31):
        label_of(document, number, 2)["class-id"] = "4"
    (flip,) = loud(document)
    assert (flip.check, flip.frameNo, flip.value) == ("label-flip", 30, 2)
    assert flip.sentence == (
        "Car:2 is labeled as class 4 in frame 000031.jpg (frame 30) (2 frames from it on), and as "
        '"Car" in most frames.'
    )
    named_by_file = check(load(document, class_names={0: "Car", 4: "Van"}))
    (flip,) = [one for one in named_by_file if one.check == "label-flip"]
    assert 'as "Van" in frame 000031.jpg' in flip.sentence


def test_objects_without_ids_or_names_are_called_by_their_class() -> None:
    document = boxes(objects=1)
    for number in range(60):
        one = label_of(document, number, 1)
        del one["object-id"], one["object-name"]
    labels_of(document, 30)[0]["height"] = 0
    labels_of(document, 40)[0]["left"] += 15
    tracking = dict(document)
    document["detection-annotations"] = document.pop("tracking-annotations")
    found = check(load(document, class_names={0: "Car"}))
    assert found
    assert {one.label for one in found} == {"Car"}
    (flat,) = [one for one in found if one.check == "degenerate"]
    assert flat.sentence.startswith("A label of Car in frame 000031.jpg (frame 30) has no extent")
    assert not [one.sentence for one in found if "class 0" in one.sentence]
    assert not [one for one in found if one.check == "missing-frame"]
    (moved,) = [one for one in found if (one.frameNo, one.check) == (40, "position")]
    left, top = (labels_of(tracking, 40)[0][key] for key in ("left", "top"))
    assert f"Car, object 1 (at {left}, {top}) in frame 000041.jpg (frame 40)" in moved.sentence
    unnamed = check(load(document))
    assert {one.label for one in unnamed} == {"class 0"}


def test_verdicts_of_an_audit_are_no_attributes_of_the_object() -> None:
    document = boxes()
    for number in range(60):
        label_of(document, number, 1)["label-category-attributes"] = {
            "audit": "FAIL" if number in {30, 41} else "pass",
            "Color": "Red" if number == 20 else "Blue",
        }
        label_of(document, number, 2)["label-category-attributes"] = (
            {} if number == 30 else {"audit": "Pass"}
        )
    flips = [one for one in loud(document) if one.check == "attribute-flip"]
    assert [(one.frameNo, one.sentence[:5]) for one in flips] == [(20, "Color")]


def test_an_attribute_that_flips_and_comes_back_is_named_and_a_change_is_not() -> None:
    document = boxes()
    for number in range(60):
        label_of(document, number, 1)["label-category-attributes"] = {
            "Color": "Red" if number == 30 else "Blue"
        }
        label_of(document, number, 2)["label-category-attributes"] = {"Door": f"{number >= 40}"}
    (flip,) = loud(document)
    assert (flip.check, flip.frameNo, flip.objectName) == ("attribute-flip", 30, "Car:1")
    assert '"Red"' in flip.sentence
    assert '"Blue"' in flip.sentence


def test_two_tracks_on_one_another_are_named_once() -> None:
    document = boxes()
    for number in range(20, 50):
        one = label_of(document, number, 2)
        labels_of(document, number).append({**one, "left": one["left"] + 2, **thing(8)})
    (twin,) = [one for one in loud(document) if one.check == "duplicate-track"]
    assert (twin.frameNo, twin.objectName) == (20, "Car:8")
    assert twin.sentence == (
        "Car:8 lies on Car:2 in 30 of their 30 common frames, first in frame 000021.jpg (frame 20):"
        " are they one object?"
    )


def test_tracks_that_only_cross_are_no_twins() -> None:
    frames = [
        frame(n, box(100 + 4 * n, **thing(1)), box(260 - 4 * n, **thing(2))) for n in range(40)
    ]
    assert loud(seqlabel(*frames)) == []


def test_a_label_outside_its_image_is_named_where_that_begins() -> None:
    document = seqlabel(*(frame(n, box(400 + 5 * n)) for n in range(40)))
    assert findings(document) == []  # nobody said how large the image is
    (out,) = findings(document, image_size=(500, 200))
    # 40 px wide: half of it is outside from left 480 on, in frame 16
    assert (out.check, out.frameNo, out.value) == ("out-of-image", 16, 1.0)
    assert out.sentence.endswith("frame 000017.jpg (frame 16) and 23 more frames.")
    (left,) = findings(seqlabel(frame(0, box(-50)), frame(1, box(-50))))
    assert (left.check, left.frameNo) == ("out-of-image", 0)


def test_a_polygon_that_crosses_itself_is_noted() -> None:
    document = shapes("polygon", frames=3)
    crossed = [{"x": x, "y": y} for x, y in ((0, 0), (90, 90), (90, 0), (0, 90))]
    for number in range(3):
        label_of(document, number, 1)["vertices"] = crossed
    (note,) = [one for one in findings(document) if one.check == "self-crossing"]
    assert (note.severity, note.frameNo, note.value) == (Severity.info, 0, 3)


# --- what is asked for ---------------------------------------------------------------------------


def test_only_the_checks_that_are_asked_for_speak_with_their_thresholds() -> None:
    document = boxes()
    one = label_of(document, 20, 2)
    one["left"] += round(one["width"] * 0.3)
    labels_of(document, 40).pop()
    assert named(loud(document, checks={"position": None})) == {("position", 20, "Car:2")}
    assert named(loud(document, checks={"position": 0.25})) == {("position", 20, "Car:2")}
    assert loud(document, checks={"position": 0.5}) == []
    assert named(loud(document, checks={"missing-frame": None, "class-outlier": None})) == {
        ("missing-frame", 40, "Car:3")
    }
    assert loud(document, checks={}) == []


def test_any_threshold_is_an_answer() -> None:
    document = boxes()
    labels_of(document, 40).pop()
    for threshold in (0.0, -1.0, 1e300, float("inf"), float("nan")):
        for name in sorted(DEFAULTS):
            findings(document, checks={name: threshold})
    far = seqlabel(frame(0, box()), frame(900_000_000, box()))
    assert named(findings(far, checks={"missing-frame": 1e12})) == set()


def test_every_finding_is_of_a_check_in_the_catalog_with_its_item() -> None:
    document = boxes()
    swap(document, [30])
    labels_of(document, 40).pop()
    found = check(load(document, item=7))
    assert found
    for one in found:
        assert CHECKS[one.check].kinds == {"track"}
        assert one.item == 7
        assert one.threshold == CHECKS[one.check].threshold
        assert one.value is None or CHECKS[one.check].unit
    # `appearance` looks at pictures, not at labels
    of_labels = {row.name for row in CHECKS.values() if "track" in row.kinds} - {"appearance"}
    assert set(DEFAULTS) == of_labels


# --- what must not matter ------------------------------------------------------------------------


def spoiled() -> Json:
    document = boxes()
    one = label_of(document, 20, 2)
    one["left"] += round(one["width"] * 0.3)
    labels_of(document, 40).pop()
    swap(document, [50])
    return document


@given(st.randoms(use_true_random=False))
@settings(max_examples=15, deadline=None)
def test_the_order_of_frames_and_labels_does_not_matter(rng: random.Random) -> None:
    document = spoiled()
    expected = {(one.check, one.frameNo, one.objectName, one.value) for one in findings(document)}
    shuffled = copy.deepcopy(document)
    rng.shuffle(shuffled["tracking-annotations"])
    for entry in shuffled["tracking-annotations"]:
        rng.shuffle(entry["annotations"])
    found = {(one.check, one.frameNo, one.objectName, one.value) for one in findings(shuffled)}
    assert found == expected


@given(dx=st.integers(-50, 5000), dy=st.integers(-50, 5000), times=st.sampled_from([1, 2, 3]))
@settings(max_examples=20, deadline=None, derandomize=True)
def test_place_and_a_finer_picture_do_not_matter(dx: int, dy: int, times: int) -> None:
    expected = {(one.check, one.frameNo, one.objectName) for one in loud(spoiled())}
    moved = spoiled()
    for entry in moved["tracking-annotations"]:
        for one in entry["annotations"]:
            one.update({key: one[key] * times for key in ("left", "top", "width", "height")})
            one["left"], one["top"] = one["left"] + dx, one["top"] + dy
    found = {(one.check, one.frameNo, one.objectName) for one in loud(moved)}
    assert expected <= found
    assert {place[1:] for place in found} == {place[1:] for place in expected}


def test_a_mirror_does_not_matter() -> None:
    mirrored = spoiled()
    for entry in mirrored["tracking-annotations"]:
        for one in entry["annotations"]:
            one["left"] = 3000 - one["left"] - one["width"]
    assert named(loud(mirrored)) == named(loud(spoiled()))
