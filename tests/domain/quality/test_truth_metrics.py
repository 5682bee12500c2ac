"""Precision, recall, overlap and masks, where the truth is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrace.domain.quality.change import Change, Changes, Judged
from terrace.domain.quality.change_summary import Reviewed, summarize
from terrace.domain.quality.metrics import Score, compare, mask_scores, pooled, total
from terrace.domain.quality.things import Place, Thing, Things, one_place


def _boxes(*boxes):
    return one_place("boxes", [Thing("box", label, numbers) for label, *numbers in boxes])


def test_the_worked_numbers_of_a_score():
    score = Score(truth=6, labels=4, right=3)
    assert (score.precision, score.recall, score.f1) == (0.75, 0.5, 0.6)
    assert Score(2, 2, 2, 0.9 + 0.7).meanOverlap == pytest.approx(0.8)


def test_the_worked_number_of_an_item():
    truth = one_place(
        "boxes",
        [Thing("box", "car", (0, 0, 10, 10)), Thing("box", "bus", (50, 0, 10, 10))],
    )
    labels = one_place(
        "boxes",
        [Thing("box", "car", (0, 0, 10, 8)), Thing("box", "car", (50, 0, 10, 10))],
    )
    found = compare(truth, labels)
    assert found == {"car": Score(1, 2, 1, 0.8), "bus": Score(1, 0, 0, 0.0)}
    assert total(found) == Score(2, 2, 1, 0.8)
    assert pooled([found, found])["car"] == Score(2, 4, 2, 1.6)


def test_nothing_there_and_nothing_labeled_has_no_score_and_is_perfect():
    empty = one_place("boxes", [])
    score = total(compare(empty, empty))
    assert (score.precision, score.recall, score.f1, score.meanOverlap) == (None,) * 4
    assert score.perfect
    assert not Score(0, 1).perfect


def test_a_class_is_right_or_wrong():
    owl, duck = (one_place("class", [Thing("class", name)]) for name in ("owl", "duck"))
    assert total(compare(owl, owl)).f1 == 1
    assert total(compare(owl, duck)).f1 == 0


def test_as_many_as_possible_are_right_and_each_counts_once():
    # The first label is most like the first truth, but only it can serve the second as well.
    truth = _spans((0, 10), (5, 15))
    labels = _spans((0, 10), (0, 6))
    assert total(compare(truth, labels, least=0.3)).right == 2
    assert total(compare(_spans((0, 10)), _spans((0, 10), (0, 10)))).right == 1


def _spans(*spans):
    return one_place("spans", [Thing("span", "name", span) for span in spans])


def test_frames_by_name():
    def doc(*frames):
        places = tuple(Place(tuple(things), name) for name, things in frames)
        return Things("frames", places)

    box = Thing("box", "car", (0, 0, 9, 9), id="a")
    truth, labels = doc(("1", [box]), ("2", [box])), doc(("2", [box]), ("3", [box]))
    assert total(compare(truth, labels)) == Score(2, 2, 1, 1.0)


@pytest.mark.parametrize("least", [0, -1, 1.1, float("nan")])
def test_a_threshold_that_is_none(least):
    with pytest.raises(ValueError, match="least"):
        compare(_spans(), _spans(), least=least)


def test_masks_are_no_things():
    with pytest.raises(ValueError, match="no things"):
        compare(Things("mask", content="s3://b/1"), Things("mask", content="s3://b/1"))


def test_the_worked_number_of_masks():
    found = mask_scores(
        np.array([[1, 1], [0, 0]]), np.array([[1, 0], [0, 0]]), {0: "BACKGROUND", 1: "car", 2: "x"}
    )
    assert found.byClass == {"BACKGROUND": pytest.approx(2 / 3), "car": 0.5, "x": None}
    assert found.mean == pytest.approx(7 / 12)
    assert found.accuracy == 0.75


def test_masks_without_pixels_and_of_other_sizes():
    empty = np.zeros((0, 0), dtype=int)
    assert (mask_scores(empty, empty, {}).mean, mask_scores(empty, empty, {}).accuracy) == (
        None,
        None,
    )
    with pytest.raises(ValueError, match="sizes"):
        mask_scores(np.zeros((1, 2), dtype=int), np.zeros((2, 1), dtype=int), {})


NUMBER = st.integers(0, 30)
BOXES = st.lists(
    st.tuples(st.sampled_from("ab"), NUMBER, NUMBER, st.integers(1, 20), st.integers(1, 20)),
    max_size=6,
).map(lambda boxes: _boxes(*boxes))


@settings(deadline=None)
@given(BOXES, BOXES, st.floats(0.01, 1), st.floats(0.01, 1))
def test_bounds_symmetry_and_thresholds(truth, labels, one, other):
    low, high = sorted((one, other))
    found, back = compare(truth, labels, least=low), compare(labels, truth, least=low)
    assert found.keys() == back.keys()
    for label, score in found.items():
        assert (score.precision, score.recall) == (back[label].recall, back[label].precision)
        for value in (score.precision, score.recall, score.f1, score.meanOverlap):
            assert value is None or 0 <= value <= 1 + 1e-12
    assert total(compare(truth, labels, least=high)).right <= total(found).right
    assert total(compare(truth, truth, least=high)).perfect


@settings(deadline=None)
@given(BOXES, BOXES, st.sampled_from([0.125, 0.5, 2.0, 1024.0]))
def test_enlarging_everything_changes_no_score(truth, labels, factor):
    def larger(things):
        return _boxes(
            *((t.label, *(n * factor for n in t.numbers)) for t in things.places[0].things)
        )

    assert compare(larger(truth), larger(labels)) == compare(truth, labels)


# --- over a whole job ----------------------------------------------------------


def test_the_worked_number_of_a_summary():
    one = Changes(1, 2, (Change(("added",), "car"), Change(("moved",), "car", overlap=0.5)))
    other = Changes(1, 1, (Change(("moved",), "bus", overlap=0.95),))
    found = summarize([Reviewed(0, one, "worker-a"), Reviewed(1, other, "worker-b")], tolerance=0.1)
    assert (found.all.corrections, found.all.nudged, found.all.itemsCorrected) == (2, 1, 1)
    assert found.all.correctionsPerItem == 1.0
    assert (found.byClass["car"].added, found.byClass["car"].moved) == (1, 1)
    assert (found.byClass["bus"].corrections, found.byClass["bus"].moved) == (0, 0)
    assert found.byWorker["worker-b"].items == 1
    assert found.to_dict()["byWorker"]["worker-a"]["correctionsPerItem"] == 2.0


def test_no_item_reviewed_has_no_rate():
    assert summarize([]).all.correctionsPerItem is None


def test_fail_verdicts_are_counted_by_class():
    changes = Changes(2, 2, verdicts=(Judged(False, "audit", "car"), Judged(True, "audit", "car")))
    found = summarize([Reviewed(0, changes)])
    assert (found.all.failVerdicts, found.byClass["car"].failVerdicts) == (1, 1)
    assert found.all.itemsCorrected == 0
