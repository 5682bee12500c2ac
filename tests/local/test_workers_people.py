"""The simulated people: seeded, as good and as bad as their error mix says."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace_local.ground_truth.categories import Categories, parse_categories
from terrace_local.ground_truth.task_types import TASK_TYPES
from terrace_local.workers.crew import Crew, Person
from terrace_local.workers.image_work import ImageTask, adjust_image, label_image, verify_image
from terrace_local.workers.mix import ErrorMix, Labeling, MixError, load_mix, mix_from_data
from terrace_local.workers.sequence import Assignment, Sequence, SequenceLabels
from terrace_local.workers.shapes import Box, Polyline, iou, likeness
from terrace_local.workers.truth import ImageTruth, VideoTruth
from terrace_local.workers.verdicts import is_bad, is_good, verification_words
from terrace_local.workers.video_labeling import label_sequence
from terrace_local.workers.video_review import VideoReviewer
from tests.local.ground_truth_world import FRAME_VERDICT, FRAMES, VERDICT, clip_truth

TEAM = "arn:aws:sagemaker:us-east-1:111122223333:workteam/private-crowd/first-level"
AVERAGE = Person("private.us-east-1.0123456789abcdef", None, 1.0, 1.0, (0.0, 0.0))
CLEAN = load_mix("clean")
SEQUENCE = Sequence(tuple(FRAMES), "s3://b/f/", 480, 270)


def categories(verdicts: bool = False, edits: str = "any") -> Categories:
    rows = [
        {"label": label, "editsAllowed": edits, "attributes": [VERDICT] if verdicts else []}
        for label in ("Car", "Van")
    ]
    data: dict[str, Any] = {"labels": rows, "auditLabelAttributeName": "a-ref"}
    if verdicts:
        data["frameAttributes"] = [FRAME_VERDICT]
    return parse_categories(data, TASK_TYPES["AdjustmentVideoObjectTracking"])


def task(seed: int = 1, asked: Categories | None = None) -> Assignment:
    return Assignment(SEQUENCE, asked or categories(), AVERAGE, True, (seed, "job", 0))


def boxes(labels: SequenceLabels, position: int) -> dict[str | None, Box]:
    row = labels.frames.get(position, [])
    return {d.object_name: d.shape for d in row if isinstance(d.shape, Box)}


def labeled(seed: int = 1, truth: VideoTruth | None = None, **errors: Any) -> SequenceLabels:
    model = dataclasses.replace(CLEAN.label, **errors)
    return label_sequence(truth or clip_truth(), task(seed), model)


def worst(labels: SequenceLabels) -> float:
    """The poorest agreement of any drawn box with the nearest true one."""
    things = [thing.frames for thing in clip_truth().objects]
    return min(
        max(likeness(frames[FRAMES[p]], drawn.shape) for frames in things)
        for p, row in labels.frames.items()
        for drawn in row
    )


# -- labeling ---------------------------------------------------------------------------------


def test_clean_people_hand_in_the_truth_of_the_classes_asked_for() -> None:
    labels = labeled()

    assert len(labels.frames) == len(FRAMES)
    assert boxes(labels, 3) == {
        "Van:1": Box(23, 30, 60, 40),
        "Car:1": Box(123, 70, 60, 40),
        "Van:2": Box(223, 110, 60, 40),
        "Car:2": Box(323, 150, 60, 40),
    }


def test_a_missed_object_is_in_no_frame() -> None:
    assert labeled(missedObject=1.0).frames == {}


def test_a_missed_run_leaves_3_to_20_frames_out() -> None:
    for seed in range(20):
        labels = labeled(seed, missedRun=1.0)
        seen = [sum("Car:1" in boxes(labels, p) for p in range(len(FRAMES)))]
        gap = len(FRAMES) - seen[0]
        assert 1 <= gap <= 20


def test_a_drift_grows_for_some_frames_and_snaps_back() -> None:
    labels = labeled(3, drift=1.0, driftSize=(1.0, 1.0), runFrames=(5, 5))
    true = clip_truth().objects[1].frames
    off = []
    for position, name in enumerate(FRAMES):
        drawn, right = boxes(labels, position)["Car:1"], true[name]
        assert isinstance(right, Box)
        off.append(abs(drawn.left - right.left))

    moved = [p for p, d in enumerate(off) if d > 0]
    assert 1 <= len(moved) <= 5
    assert moved == list(range(moved[0], moved[0] + len(moved)))
    assert off[moved[0] : moved[-1] + 1] == sorted(off[moved[0] : moved[-1] + 1])


def test_a_loose_box_is_larger_all_the_way() -> None:
    labels = labeled(looseBox=1.0, looseFactor=(1.5, 1.5))

    assert all(boxes(labels, p)["Car:1"].width == 90 for p in range(len(FRAMES)))


def test_a_wrong_class_is_another_one_of_the_job() -> None:
    names = {d.label for d in labeled(wrongClass=1.0).frames[0]}
    cars = [d for d in labeled(wrongClass=1.0).frames[0] if d.shape == Box(120, 70, 60, 40)]

    assert names == {"Car", "Van"}
    assert cars[0].label == "Van"


def test_an_identity_swap_exchanges_two_objects_from_some_frame_on() -> None:
    labels = labeled(identitySwap=1.0)
    first, last = boxes(labels, 0), boxes(labels, len(FRAMES) - 1)

    swapped = [name for name in first if abs(first[name].left - last[name].left) > 50]
    assert len(swapped) in (2, 4)
    for position in range(len(FRAMES)):
        ids = [d.object_id for d in labels.frames[position]]
        assert len(set(ids)) == 4


def test_a_biased_person_is_off_by_the_same_pixels_everywhere() -> None:
    person = dataclasses.replace(AVERAGE, bias=(4.0, -3.0))
    biased = dataclasses.replace(task(), person=person)

    labels = label_sequence(clip_truth(), biased, CLEAN.label)

    assert boxes(labels, 0)["Car:1"] == Box(124, 67, 60, 40)
    assert boxes(labels, 9)["Car:1"] == Box(133, 67, 60, 40)


def test_one_error_rate_does_not_change_what_another_does() -> None:
    both = labeled(5, looseBox=1.0, looseFactor=(1.5, 1.5), missedRun=0.5)
    one = labeled(5, missedRun=0.5)

    present = {p: set(boxes(both, p)) for p in range(len(FRAMES))}
    assert present == {p: set(boxes(one, p)) for p in range(len(FRAMES))}


@given(st.integers(0, 10_000))
def test_whatever_is_drawn_lies_on_the_picture(seed: int) -> None:
    errors = dataclasses.replace(Labeling(), drift=1.0, driftSize=(1.0, 5.0), looseBox=1.0)

    for row in label_sequence(clip_truth(), task(seed), errors).frames.values():
        for drawn in row:
            box = drawn.shape
            assert isinstance(box, Box)
            assert box.left >= 0
            assert box.left + box.width <= 480
            assert box.top >= 0
            assert box.top + box.height <= 270


# -- reviewing --------------------------------------------------------------------------------


def verdicts(labels: SequenceLabels) -> dict[str, set[str]]:
    """Verdicts per object name."""
    found: dict[str, set[str]] = {}
    for row in labels.frames.values():
        for drawn in row:
            found.setdefault(str(drawn.object_name), set()).add(drawn.attributes["audit"])
    return found


def test_an_audit_passes_good_labels() -> None:
    asked = categories(verdicts=True)
    review = VideoReviewer(task(asked=asked), clip_truth(), CLEAN.review).review(labeled())

    assert list(verdicts(review.labels).values()) == [{"Pass"}] * 4
    assert {a["Frame_Quality"] for a in review.labels.frame_attributes.values()} == {"Pass"}
    assert not review.changed


def test_an_audit_fails_what_is_wrong_and_leaves_it_as_it_is() -> None:
    given_labels = labeled(looseBox=1.0, looseFactor=(2.0, 2.0))

    asked = categories(verdicts=True)
    review = VideoReviewer(task(asked=asked), clip_truth(), CLEAN.review).review(given_labels)

    assert all(words == {"Fail"} for words in verdicts(review.labels).values())
    assert {a["Frame_Quality"] for a in review.labels.frame_attributes.values()} == {"Fail"}
    assert boxes(review.labels, 0) == boxes(given_labels, 0)
    assert not review.changed


def test_a_frame_fails_when_something_is_missing_in_it() -> None:
    given_labels = labeled(missedObject=1.0)

    asked = categories(verdicts=True)
    review = VideoReviewer(task(asked=asked), clip_truth(), CLEAN.review).review(given_labels)

    assert [a["Frame_Quality"] for a in review.labels.frame_attributes.values()] == ["Fail"] * len(
        FRAMES
    )


FAULTS: dict[str, dict[str, Any]] = {
    "loose boxes": {"looseBox": 1.0, "looseFactor": (2.0, 2.0)},
    "wrong classes": {"wrongClass": 1.0},
    "missed objects": {"missedObject": 1.0},
    "gaps": {"missedRun": 1.0},
    "drifts": {"drift": 1.0, "driftSize": (1.0, 1.0)},
    "swapped identities": {"identitySwap": 1.0},
    "everything": {"drift": 1.0, "identitySwap": 1.0, "wrongClass": 0.5, "missedRun": 1.0},
}


@pytest.mark.parametrize("errors", FAULTS.values(), ids=FAULTS.keys())
def test_a_perfect_adjuster_repairs_everything(errors: dict[str, Any]) -> None:
    given_labels = labeled(2, **errors)

    review = VideoReviewer(task(), clip_truth(), CLEAN.review).review(given_labels)

    assert review.changed
    assert worst(review.labels) >= CLEAN.review.acceptedLikeness
    for thing, label in ((thing, thing.label) for thing in clip_truth().objects[:4]):
        ids = set()
        for position, name in enumerate(FRAMES):
            near = [
                d
                for d in review.labels.frames[position]
                if likeness(thing.frames[name], d.shape) > 0.5
            ]
            assert [d.label for d in near] == [label]
            ids.add(near[0].object_id)
        assert len(ids) == 1


def test_an_adjuster_with_nothing_to_repair_changes_nothing() -> None:
    given_labels = labeled()

    review = VideoReviewer(task(), clip_truth(), CLEAN.review).review(given_labels)

    assert not review.changed
    assert review.labels.frames == given_labels.frames


def test_labels_that_may_not_be_edited_are_not() -> None:
    given_labels = labeled(looseBox=1.0, looseFactor=(2.0, 2.0))
    locked = task(asked=categories(edits="none"))

    review = VideoReviewer(locked, clip_truth(), CLEAN.review).review(given_labels)

    assert not review.changed
    assert review.labels.frames == given_labels.frames


def test_repairing_after_an_audit_turns_fail_into_pass() -> None:
    asked = categories(verdicts=True)
    given_labels = labeled(looseBox=1.0, looseFactor=(2.0, 2.0))
    audited = VideoReviewer(task(asked=asked), clip_truth(), CLEAN.review).review(given_labels)

    again = VideoReviewer(task(7, asked), clip_truth(), CLEAN.review).review(audited.labels)

    assert again.changed
    assert all(words == {"Pass"} for words in verdicts(again.labels).values())
    assert {a["Frame_Quality"] for a in again.labels.frame_attributes.values()} == {"Pass"}


def test_reviewers_find_about_the_share_that_the_mix_says() -> None:
    half = dataclasses.replace(CLEAN.review, findShare=0.5)
    asked = categories(verdicts=True)
    found = 0
    for seed in range(100):
        given_labels = labeled(seed, looseBox=1.0, looseFactor=(2.0, 2.0))
        review = VideoReviewer(task(seed, asked), clip_truth(), half).review(given_labels)
        found += sum("Fail" in words for words in verdicts(review.labels).values())

    assert 150 <= found <= 250  # of 400


def test_without_truth_a_reviewer_guesses_verdicts_and_edits_nothing() -> None:
    asked = categories(verdicts=True)
    review = dataclasses.replace(CLEAN.review, guessedFailShare=0.5)
    guesses = [
        VideoReviewer(task(seed, asked), None, review).review(labeled()) for seed in range(20)
    ]

    words = [word for guess in guesses for row in verdicts(guess.labels).values() for word in row]
    assert {"Pass", "Fail"} == set(words)
    assert not any(guess.changed for guess in guesses)


# -- images -----------------------------------------------------------------------------------

TRUTH = ImageTruth((("Cat", Box(10, 10, 40, 30)), ("Dog", Box(90, 20, 50, 60))), 200, 100)
PETS = parse_categories({"labels": [{"label": "Cat"}, {"label": "Dog"}]}, TASK_TYPES["BoundingBox"])
VERDICTS = [
    "Label(s) correct",
    "Incorrect label - missed object",
    "Incorrect label - bounding box not accurate enough",
]


def image_task(mix: ErrorMix = CLEAN, seed: int = 1) -> ImageTask:
    return ImageTask(200, 100, AVERAGE, mix, (seed, "job", 0))


def test_clean_people_draw_the_true_boxes() -> None:
    assert label_image(TRUTH, PETS, image_task()) == list(TRUTH.objects)


@pytest.mark.parametrize(
    ("given_boxes", "verdict"),
    [
        (list(TRUTH.objects), 0),
        ([TRUTH.objects[0]], 1),
        ([("Cat", Box(10, 10, 80, 60)), TRUTH.objects[1]], 2),
    ],
    ids=["good", "one is missing", "one is loose"],
)
def test_a_verifier_names_what_is_wrong(given_boxes: Any, verdict: int) -> None:
    assert verify_image(given_boxes, TRUTH, VERDICTS, image_task(), ["Cat", "Dog"])[0] == verdict


def test_an_adjuster_of_boxes_repairs_class_shape_and_absence() -> None:
    wrong = [("Dog", Box(10, 10, 40, 30)), ("Cat", Box(150, 5, 20, 10))]

    after, changed = adjust_image(wrong, TRUTH, PETS, image_task())

    assert changed
    assert sorted(after, key=lambda row: row[0]) == sorted(TRUTH.objects, key=lambda row: row[0])


# -- people, mixes, words, shapes -------------------------------------------------------------


def test_a_team_has_the_same_people_in_every_job_and_other_seeds_have_others() -> None:
    first = Crew(TEAM, "us-east-1", CLEAN, 1)
    again = Crew(TEAM, "us-east-1", CLEAN, 1)
    other = Crew(TEAM, "us-east-1", CLEAN, 2)

    assert [p.worker_id for p in first.people] == [p.worker_id for p in again.people]
    assert {p.worker_id for p in first.people}.isdisjoint(p.worker_id for p in other.people)
    assert len({p.worker_id for p in first.choose("job", 0, 5)}) == 5


@pytest.mark.parametrize("name", ["default", "clean", "sloppy"])
def test_every_mix_that_ships_can_be_loaded(name: str) -> None:
    assert load_mix(name).description


def test_the_default_mix_file_says_the_default_values() -> None:
    shipped = load_mix("default")

    assert dataclasses.replace(shipped, description="") == ErrorMix()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"label": {"missed": 0.1}}, "label has no missed"),
        ({"label": {"drift": 1.5}}, "share, 0 to 1"),
        ({"label": {"runFrames": [5, 3]}}, "from and to"),
        ({"review": {"findShare": "most"}}, "number"),
        ({"people": 0}, "whole number"),
        ([], "mapping"),
    ],
    ids=str,
)
def test_a_mix_that_makes_no_sense_is_refused_in_words(data: Any, words: str) -> None:
    with pytest.raises(MixError, match=words):
        mix_from_data(data)


def test_a_mix_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(MixError, match="clean, default, examples, slips, sloppy"):
        load_mix(str(tmp_path / "none.yaml"))


@pytest.mark.parametrize(
    ("word", "good", "bad"),
    [
        ("Pass", True, False),
        ("Fail", False, True),
        ("Label(s) correct", True, False),
        ("Incorrect label - missed object", False, True),
        ("Not OK", False, True),
        ("Blue", False, False),
    ],
)
def test_verdicts_are_told_by_their_words(word: str, good: bool, bad: bool) -> None:
    assert (is_good(word), is_bad(word)) == (good, bad)


def test_verification_labels_are_matched_to_what_is_wrong() -> None:
    good, bad = verification_words(VERDICTS)

    assert good == 0
    assert (bad["missed"], bad["shape"]) == (1, 2)
    assert verification_words(["Only"]) == (0, {"any": 0, "missed": 0, "shape": 0, "class": 0})


def test_boxes_shifted_by_half_share_a_third() -> None:
    assert iou(Box(0, 0, 10, 10), Box(5, 0, 10, 10)) == pytest.approx(1 / 3)
    assert iou(Box(0, 0, 10, 10), Box(10, 0, 10, 10)) == 0


def test_lines_agree_by_their_distance_in_sizes() -> None:
    line = Polyline(((0, 0), (40, 0)))  # size 40 / 4 = 10

    assert likeness(line, line) == 1
    assert likeness(line, line.moved(0, 5)) == pytest.approx(0.5)
    assert likeness(line, line.moved(0, 50)) == 0
    assert likeness(line, Box(0, 0, 1, 1)) == 0
