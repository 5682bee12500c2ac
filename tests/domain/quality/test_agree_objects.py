"""Boxes and entities of several workers: grouped, combined, compared."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.domain.quality import boxes_consensus, spans_consensus
from terrace.domain.quality.answers import BoxMark, SpanMark
from terrace.domain.quality.grouping import group
from terrace.domain.quality.objects_consensus import NOTHING, object_votes, settle

CAR = BoxMark("Car", 0, 0, 100, 50)
NEAR = BoxMark("Car", 4, 0, 100, 50)
FAR = BoxMark("Car", 400, 0, 100, 50)


def boxes(least: int = 0, most: int = 4) -> st.SearchStrategy[list[BoxMark]]:
    """Boxes on a small grid, so that many overlap."""
    side = st.integers(0, 12).map(float)
    size = st.integers(1, 8).map(float)
    one = st.builds(BoxMark, st.sampled_from(["Car", "Bus"]), side, side, size, size)
    return st.lists(one, min_size=least, max_size=most)


def spans() -> st.SearchStrategy[list[SpanMark]]:
    def made(start: int, size: int, label: str) -> SpanMark:
        return SpanMark(start, start + size, label)

    one = st.builds(made, st.integers(0, 20), st.integers(0, 8), st.sampled_from(["PER", "ORG"]))
    return st.lists(one, max_size=4, unique=True)


# --- grouping ------------------------------------------------------------------------------------


def test_the_worked_number_of_average_linkage() -> None:
    likeness = np.array([[1, 0.8, 0.3], [0.8, 1, 0.6], [0.3, 0.6, 1]])
    assert group(likeness, ["a", "b", "c"], least=0.5) == [[0, 1], [2]]
    assert group(likeness, ["a", "b", "c"], least=0.4) == [[0, 1, 2]]


def test_two_marks_of_one_worker_are_never_one_thing() -> None:
    assert group(np.ones((3, 3)), ["a", "a", "b"], least=0.5) == [[0, 2], [1]]
    assert group(np.ones((0, 0)), [], least=0.5) == []
    assert group(np.ones((1, 1)), ["a"], least=0.5) == [[0]]


def test_a_box_that_one_worker_missed_is_one_object_of_all_three() -> None:
    (car, far) = boxes_consensus.groups(7, {"a": [CAR, FAR], "b": [NEAR], "c": [CAR]})
    assert set(car.marks) == {"a", "b", "c"}
    assert set(far.marks) == {"a"}
    assert (far.item, far.number, far.asked) == (7, 1, ("a", "b", "c"))


def test_at_one_place_a_box_of_the_same_class_goes_first() -> None:
    rider = BoxMark("Rider", 0, 0, 100, 52)
    found = boxes_consensus.groups(0, {"a": [CAR, rider], "b": [rider, CAR]})
    assert [{m.label for m in one.marks.values()} for one in found] == [{"Car"}, {"Rider"}]


@given(boxes(), boxes(), boxes())
def test_every_box_is_in_one_group_whoever_comes_first(
    a: list[BoxMark], b: list[BoxMark], c: list[BoxMark]
) -> None:
    answers = {"a": a, "b": b, "c": c}
    found = boxes_consensus.groups(0, answers)
    assert sum(len(one.marks) for one in found) == len(a) + len(b) + len(c)
    for order in permutations(answers):
        again = boxes_consensus.groups(0, {name: answers[name][::-1] for name in order})
        assert again == found


@given(boxes(least=1))
def test_workers_who_draw_the_same_make_as_many_groups_as_one_drew(drawn: list[BoxMark]) -> None:
    found = boxes_consensus.groups(0, {"a": drawn, "b": drawn, "c": drawn})
    assert len(found) == len(drawn)
    assert all(len(one.marks) == 3 for one in found)


# --- votes on objects ----------------------------------------------------------------------------


def test_who_marked_nothing_voted_for_nothing() -> None:
    groups = boxes_consensus.groups(0, {"a": [CAR], "b": [NEAR], "c": []})
    votes = object_votes(groups)
    assert votes.classes == (NOTHING, "Car")
    assert votes.counts().tolist() == [[1, 2]]


def test_an_object_that_one_of_five_saw_is_not_there_and_what_four_saw_is() -> None:
    answers = {name: [CAR, FAR] if name == "a" else [CAR] for name in "abcde"}
    found = settle([one for item in range(6) for one in boxes_consensus.groups(item, answers)])
    assert [one.consensus.label for one in found] == ["Car", NOTHING] * 6
    assert settle([]) == []


# --- combining -----------------------------------------------------------------------------------


def test_the_median_of_every_edge() -> None:
    marks = [
        BoxMark("Car", 10, 0, 10, 10),
        BoxMark("Car", 12, 0, 10, 10),
        BoxMark("Car", 11, 0, 29, 10),
    ]
    assert boxes_consensus.combined(marks) == (11, 0, 11, 10)
    assert boxes_consensus.spread([CAR, CAR]) == 1.0


@given(boxes(least=1))
def test_a_combined_box_lies_within_what_was_drawn(drawn: list[BoxMark]) -> None:
    left, top, width, height = boxes_consensus.combined(drawn)
    assert width >= 0
    assert height >= 0
    assert min(m.left for m in drawn) <= left
    assert left + width <= max(m.left + m.width for m in drawn)
    assert min(m.top for m in drawn) <= top
    assert top + height <= max(m.top + m.height for m in drawn)
    assert 0 <= boxes_consensus.spread(drawn) <= 1


# --- distances -----------------------------------------------------------------------------------


def test_the_worked_numbers_of_box_distance() -> None:
    # 100 wide and shifted by 100/9: IoU 0.8.
    shifted = BoxMark("Car", 100 / 9, 0, 100, 50)
    assert boxes_consensus.distance([CAR], [shifted]) == pytest.approx(0.2)
    assert boxes_consensus.distance([CAR], [shifted, FAR]) == pytest.approx(0.6)
    assert boxes_consensus.distance([], []) == 0.0
    assert boxes_consensus.distance([CAR], []) == 1.0
    assert boxes_consensus.distance([CAR], [BoxMark("Bus", *CAR.bounds)]) == 1.0


@given(boxes(), boxes(), st.floats(0.1, 10), st.integers(-50, 50))
def test_box_distance_is_symmetric_bounded_and_knows_no_scale_or_place(
    one: list[BoxMark], other: list[BoxMark], scale: float, shift: int
) -> None:
    def moved(marks: list[BoxMark]) -> list[BoxMark]:
        return [
            BoxMark(m.label, *(scale * v for v in (m.left + shift, m.top, m.width, m.height)))
            for m in marks
        ]

    found = boxes_consensus.distance(one, other)
    assert 0 <= found <= 1
    assert boxes_consensus.distance(other, one) == pytest.approx(found)
    assert boxes_consensus.distance(one, one) == pytest.approx(0)
    assert boxes_consensus.distance(moved(one), moved(other)) == pytest.approx(found, abs=1e-6)


# --- entities ------------------------------------------------------------------------------------


def test_the_worked_numbers_of_entities() -> None:
    one, other = SpanMark(0, 10, "PER"), SpanMark(5, 15, "PER")
    assert spans_consensus.jaccard(one, other) == pytest.approx(1 / 3)
    assert spans_consensus.jaccard(SpanMark(3, 3, "PER"), SpanMark(3, 3, "ORG")) == 1.0
    assert spans_consensus.overlap_distance([one], [other]) == pytest.approx(2 / 3)
    assert spans_consensus.exact_distance([one], [other]) == 1.0
    three = [one, other, SpanMark(20, 22, "ORG")]
    assert spans_consensus.exact_distance(three[:2], three) == pytest.approx(0.2)
    late, early = SpanMark(3, 9, "PER"), SpanMark(0, 9, "PER")
    assert spans_consensus.combined([late, late, early]) == (3, 9)
    assert spans_consensus.combined([late, SpanMark(0, 12, "PER")]) == (0, 9)


@given(spans(), spans())
def test_span_distances_are_symmetric_and_bounded(
    one: list[SpanMark], other: list[SpanMark]
) -> None:
    for distance in (spans_consensus.exact_distance, spans_consensus.overlap_distance):
        found = distance(one, other)
        assert -1e-12 <= found <= 1
        assert distance(other, one) == pytest.approx(found)
        assert distance(one, one) == pytest.approx(0)


@given(spans(), spans(), spans())
def test_entities_group_alike_whoever_comes_first(
    a: list[SpanMark], b: list[SpanMark], c: list[SpanMark]
) -> None:
    answers = {"a": a, "b": b, "c": c}
    found = spans_consensus.groups(0, answers)
    assert sum(len(one.marks) for one in found) == len(a) + len(b) + len(c)
    for order in permutations(answers):
        assert spans_consensus.groups(0, {name: answers[name] for name in order}) == found


def test_mean_agreement_of_texts_leaves_out_those_of_one_worker() -> None:
    name, longer = SpanMark(0, 4, "PER"), SpanMark(0, 8, "PER")
    texts = [[[name], [name], [longer]], [[name]], [[], []]]
    assert spans_consensus.mean_agreement(texts, exact=True) == pytest.approx((1 / 3 + 1) / 2)
    assert spans_consensus.mean_agreement(texts, exact=False) == pytest.approx((2 / 3 + 1) / 2)
    assert spans_consensus.mean_agreement([[[name]]], exact=True) is None
