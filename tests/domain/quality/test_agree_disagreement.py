"""The check `disagreement` and the summary of agreement: from workers' answers to words."""

import base64
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from terrace.domain.privacy import pseudonym
from terrace.domain.quality import answers, disagreement
from terrace.domain.quality.answers import BoxMark, SpanMark
from terrace.domain.quality.catalog import CHECKS
from terrace.domain.quality.findings import Severity
from terrace.domain.worker_responses import WorkerAnswer

PERSON = "private.us-east-1.000000000000000"
Content = Any


def answer(who: str, content: Content, *, at: str = "2026", seconds: float | None = None) -> Any:
    return WorkerAnswer(f"{PERSON}{who}", at, None, seconds, "element", content)


def answered(*items: dict[str, Content]) -> dict[int, tuple[WorkerAnswer, ...]]:
    """Items with their answers by worker."""
    return {
        at: tuple(answer(who, content) for who, content in of.items())
        for at, of in enumerate(items)
    }


def said(*items: str) -> dict[int, tuple[WorkerAnswer, ...]]:
    return answered(
        *({who: {"label": c} for who, c in zip("abcdefg", of, strict=False)} for of in items)
    )


def drawn(*boxes: tuple[str, float, float, float, float]) -> Content:
    keys = ("label", "left", "top", "width", "height")
    return {"boundingBoxes": [dict(zip(keys, box, strict=True)) for box in boxes]}


def marked(*spans: tuple[int, int, str]) -> Content:
    keys = ("startOffset", "endOffset", "label")
    return {"entities": [dict(zip(keys, span, strict=True)) for span in spans]}


def painted(rows: list[list[int]]) -> Content:
    colors = [(255, 255, 255), (31, 119, 180), (255, 127, 14)]
    image = Image.new("RGB", (len(rows[0]), len(rows)))
    image.putdata([colors[value] for row in rows for value in row])
    out = io.BytesIO()
    image.save(out, "PNG")
    return {
        "labelMappings": {"Road": {"color": "#1f77b4"}, "Sky": {"color": "#ff7f0e"}},
        "labeledImage": {"pngImageData": base64.b64encode(out.getvalue()).decode()},
    }


WORDS = (
    *("label", "labels", "boundingBoxes", "left", "top", "width", "height", "entities", "color"),
    *("startOffset", "endOffset", "labelMappings", "labeledImage", "pngImageData"),
)
CAR = ("Car", 10.0, 20.0, 100.0, 50.0)
BUS = ("Bus", 10.0, 20.0, 100.0, 50.0)
FAR = ("Car", 400.0, 20.0, 80.0, 50.0)


# --- classes and verdicts ------------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["class", "verdict"])
def test_the_worked_number_worst_first_in_words(shape: Any) -> None:
    found = disagreement.check(said("AAB", "AAB", "BBB"), shape, threshold=0.9)
    assert [one.item for one in found] == [0, 1]
    first = found[0]
    assert first.value == pytest.approx(0.8605, abs=5e-5)
    assert (first.check, first.severity, first.label, first.threshold) == (
        "disagreement",
        Severity.warning,
        "A",
        0.9,
    )
    assert first.sentence == (
        "2 of 3 workers said A, 1 said B; by how reliable they are elsewhere, A is right with a "
        "probability of 86 %."
    )


def test_without_a_threshold_it_is_the_catalogs() -> None:
    items = said("AAABB", "AAAAA", "BBBBB", "AABBA", "AAAAA", "BBBBB")
    default = CHECKS["disagreement"].threshold
    assert default is not None
    assert disagreement.check(items, "class") == disagreement.check(
        items, "class", threshold=default
    )
    assert disagreement.check(items, "class", threshold=0.0) == []
    assert len(disagreement.check(items, "class", threshold=1.0)) == 6


def test_one_worker_cannot_disagree() -> None:
    assert disagreement.check(said("A", "B", "A"), "class", threshold=1.0) == []
    summary = disagreement.summary(said("A", "B"), "class")
    assert (summary.compared, summary.workers, summary.answers) == (0, 1, 2)
    assert summary.why is not None
    assert summary.measures["alpha"].value is None


def test_a_lone_answer_among_others_is_judged_by_its_worker() -> None:
    found = disagreement.check(said("AAB", "AAB", "BBB", "A"), "class", threshold=1.0)
    (lone,) = [one for one in found if one.item == 3]
    assert lone.sentence.startswith("The only worker who answered said A;")


@pytest.mark.parametrize("shape", ["frames", "cuboids", "cloud-mask", "custom"])
def test_labels_of_one_worker_each_are_not_compared_and_it_says_so(shape: Any) -> None:
    items = answered({"a": {"trackingAnnotations": {}}}, {})
    assert disagreement.check(items, shape) == []
    summary = disagreement.summary(items, shape)
    assert (summary.items, summary.answers, summary.measures) == (1, 1, {})
    assert summary.why is not None
    assert "one worker each" in summary.why


def test_nothing_at_all() -> None:
    for shape in answers.COMPARABLE:
        assert disagreement.check({}, shape) == []
        assert disagreement.summary({}, shape).why is not None


def test_the_summary_of_three_items() -> None:
    summary = disagreement.summary(said("AA", "AB", "BB"), "class")
    values = {name: one.value for name, one in summary.measures.items()}
    assert values["percent"] == pytest.approx(2 / 3)
    assert values["fleiss"] == pytest.approx(1 / 3)
    assert values["alpha"] == pytest.approx(4 / 9)
    assert (summary.items, summary.compared, summary.workers, summary.answers) == (3, 3, 2, 6)
    assert summary.units == "items"


# --- who said it stays out -----------------------------------------------------------------------


def test_no_worker_is_named_in_what_leaves() -> None:
    items = said("AAB", "ABB")
    text = json.dumps(disagreement.summary(items, "class").to_dict())
    text += json.dumps([one.to_dict() for one in disagreement.check(items, "class", threshold=1)])
    assert PERSON not in text
    assert pseudonym(f"{PERSON}a") in text


def test_time_on_task_is_the_median_of_each_worker() -> None:
    items = {
        at: (answer("a", {"label": "A"}, seconds=spent), answer("b", {"label": "A"}))
        for at, spent in enumerate([3.0, 100.0, 5.0])
    }
    rows = {row.worker: row for row in disagreement.summary(items, "class").table}
    assert rows[pseudonym(f"{PERSON}a")].seconds == 5.0
    assert rows[pseudonym(f"{PERSON}b")].seconds is None


# --- answers that cannot be read -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "content", "words"),
    [
        ("class", {"label": ""}, '"label"'),
        ("class", ["x"], '"label"'),
        ("classes", {"labels": "rain"}, '"labels"'),
        ("classes", {"labels": ["rain", 3]}, 'entry of "labels"'),
        ("boxes", {"boxes": []}, '"boundingBoxes"'),
        ("boxes", drawn(("Car", float("nan"), 0, 1, 1)), "box 0 has no finite"),
        ("boxes", drawn(("Car", 10**400, 0, 1, 1)), "box 0 has no finite"),
        ("boxes", drawn(CAR, ("Car", 0, 0, -1, 1)), "box 1 has a negative size"),
        ("boxes", drawn(("", 0, 0, 1, 1)), "box 0 has no label"),
        ("boxes", {"boundingBoxes": ["x"]}, "box 0 has no label"),
        ("spans", {}, '"entities"'),
        ("spans", marked((5, 3, "PER")), "entity 0 needs whole"),
        ("spans", marked((0, 3, "")), "entity 0 has no label"),
        ("mask", {"labelMappings": {}}, "pngImageData"),
        ("mask", {"labelMappings": {}, "labeledImage": {"pngImageData": "eA=="}}, "not a PNG"),
        ("mask", painted([[1]]) | {"labelMappings": {"Road": {"color": "blue"}}}, "#rrggbb"),
    ],
)
def test_what_cannot_be_read_is_told_and_not_dropped(shape: Any, content: Any, words: str) -> None:
    items = answered({"a": content}, {})
    (problem,) = disagreement.summary(items, shape).problems
    assert problem.item == 0
    assert problem.worker == pseudonym(f"{PERSON}a")
    assert words in problem.problem
    (finding,) = disagreement.check(items, shape)
    assert finding.severity is Severity.info
    assert words in finding.sentence


def test_of_two_answers_of_a_worker_the_later_counts() -> None:
    items = {
        0: (
            answer("a", {"label": "B"}, at="2026-02"),
            answer("a", {"label": "A"}, at="2026-01"),
            answer("b", {"label": "B"}, at="2026-01"),
        )
    }
    found = answers.classes(items)
    assert set(found.by_item[0].values()) == {"B"}
    assert "the later answer counts" in found.problems[0].problem


def test_masks_of_different_sizes_are_told() -> None:
    items = answered({"a": painted([[1, 0]]), "b": painted([[1], [0]])})
    assert "different sizes" in disagreement.summary(items, "mask").problems[0].problem
    assert disagreement.check(items, "mask")[0].severity is Severity.info


def test_parts_are_read_as_they_are() -> None:
    read = answers.boxes(answered({"a": drawn(CAR)}))
    assert list(read.by_item[0].values()) == [(BoxMark(*CAR),)]
    entities = answers.spans(answered({"a": marked((4, 9, "PER"), (0, 2, "ORG"))}))
    assert list(entities.by_item[0].values()) == [(SpanMark(0, 2, "ORG"), SpanMark(4, 9, "PER"))]


# --- the other shapes ----------------------------------------------------------------------------


def test_any_number_of_classes() -> None:
    items = answered(
        *[{who: {"labels": ["rain"]} for who in "abc"}] * 4,
        {"a": {"labels": ["rain", "night"]}, "b": {"labels": ["rain"]}, "c": {"labels": []}},
    )
    found = disagreement.check(items, "classes", threshold=0.95)
    sentences = {(one.item, one.sentence.split(";")[0]) for one in found}
    assert (4, "2 of 3 workers chose rain") in sentences
    summary = disagreement.summary(items, "classes")
    assert summary.units == "classes of items"
    assert summary.measures["alphaJaccard"].value is not None


def test_boxes_that_some_workers_missed_or_named_otherwise() -> None:
    usual = {who: drawn(CAR) for who in "abc"}
    items = answered(
        usual,
        usual,
        usual,
        {"a": drawn(CAR, FAR), "b": drawn(CAR), "c": drawn(BUS)},
    )
    found = disagreement.check(items, "boxes", threshold=0.95)
    by_place = {one.sentence.split(";")[0]: one for one in found}
    far = by_place["1 of 3 workers marked a box at 400, 20 (80 x 50 px): 1 as Car"]
    assert far.label is None
    assert "it is not there with a probability" in far.sentence
    car = by_place["3 of 3 workers marked a box at 10, 20 (100 x 50 px): 2 as Car, 1 as Bus"]
    assert (car.item, car.label) == (3, "Car")
    summary = disagreement.summary(items, "boxes")
    assert summary.units == "objects"
    # Pairs of the last image: 1 - 1/2, 1 - 0 and 1 - 0 over the larger number of boxes.
    assert summary.measures["alphaIoU"].value is not None
    assert 0 < summary.measures["alphaIoU"].value < 1


def test_images_on_which_nobody_drew_anything_are_agreed() -> None:
    items = answered({"a": drawn(), "b": drawn()}, {"a": drawn(CAR), "b": drawn(CAR)})
    assert disagreement.check(items, "boxes", threshold=0.9) == []
    assert disagreement.summary(items, "boxes").measures["alphaIoU"].value == 1.0


def test_entities() -> None:
    items = answered(
        *[{who: marked((0, 4, "PER")) for who in "abc"}] * 3,
        {"a": marked((0, 4, "PER")), "b": marked((0, 8, "PER")), "c": marked()},
    )
    summary = disagreement.summary(items, "spans")
    assert summary.measures["exact"].value == pytest.approx(3 / 4)
    assert summary.measures["overlap"].value == pytest.approx((3 + 0.5 / 3) / 4)
    assert {"alphaExact", "alphaOverlap"} <= summary.measures.keys()
    (found,) = disagreement.check(items, "spans", threshold=0.9)
    assert found.item == 3
    assert found.sentence.startswith("2 of 3 workers marked an entity at characters 0 to 4: 2 as")


def test_masks() -> None:
    same = painted([[1, 1, 0], [2, 2, 0]])
    items = answered(
        {"a": same, "b": same, "c": same},
        {"a": same, "b": same, "c": painted([[0, 0, 0], [2, 0, 0]])},
    )
    summary = disagreement.summary(items, "mask")
    assert summary.measures["likeness"].value == pytest.approx((1 + (1 + 1 + 0.25) / 3) / 2)
    assert summary.measures["alphaPixels"].value is not None
    (found,) = disagreement.check(items, "mask")
    assert (found.item, found.value) == (1, pytest.approx(0.75))
    assert (
        found.sentence == "The masks of 3 workers share 75 % with what most painted, one only 25 %."
    )


# --- whatever a page sends -----------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("shape", answers.COMPARABLE)
@given(contents=st.lists(JSON, min_size=1, max_size=4))
def test_no_answer_breaks_the_check_and_none_is_lost_in_silence(
    shape: Any, contents: list[Content]
) -> None:
    items = {0: tuple(answer(str(at), content) for at, content in enumerate(contents))}
    summary = disagreement.summary(items, shape)
    json.dumps([one.to_dict() for one in disagreement.check(items, shape)], allow_nan=False)
    json.dumps(summary.to_dict(), allow_nan=False)
    told = {problem.worker for problem in summary.problems}
    assert summary.answers + len(told) >= len(contents)


@pytest.mark.parametrize("content", [{"labelMappings": {"R": {"color": "#gggggg"}}}, {}])
def test_a_colour_that_is_none_is_told(content: Content) -> None:
    given_mask = painted([[1]]) | content
    problems = disagreement.summary(answered({"a": given_mask}), "mask").problems
    assert [("#rrggbb" in one.problem) for one in problems] == ([True] if content else [])


# --- always --------------------------------------------------------------------------------------


@given(
    st.lists(st.text("AB", min_size=0, max_size=4), max_size=6),
    st.floats(0, 1),
)
def test_findings_are_below_the_threshold_and_worst_first(items: list[str], limit: float) -> None:
    found = disagreement.check(said(*items), "class", threshold=limit)
    values = [one.value for one in found if one.value is not None]
    assert values == sorted(values)
    assert all(0 <= value < limit for value in values)
    assert all(items[one.item] for one in found)
    json.dumps(disagreement.summary(said(*items), "class").to_dict(), allow_nan=False)
