"""Agreement of workers on classes: worked numbers, nltk as a judge, and what always holds."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.metrics.agreement import AnnotationTask
from nltk.metrics.distance import jaccard_distance

from terrace.domain.quality import agreement, alpha, votes
from terrace.domain.quality.agreement_summary import set_distance
from terrace.domain.quality.coefficients import EACH_PAIR_ONE_CLASS
from terrace.domain.quality.votes import Votes

EXACT = 1e-9
KRIPPENDORFF = (
    "1 2 3 3 2 1 4 1 2 . . .",
    "1 2 3 3 2 2 4 1 2 5 . 3",
    ". 3 3 3 2 3 4 2 2 5 1 .",
    "1 2 3 3 2 4 4 1 2 5 1 .",
)
"""Krippendorff 2011, section C: four observers, twelve units."""

Triples = list[tuple[int, str, str]]


def by_unit(*units: str) -> Votes:
    """`AAB`: worker a said A, b said A, c said B."""
    return votes.of(
        (unit, worker, choice)
        for unit, said in enumerate(units)
        for worker, choice in zip("abcdefghi", said, strict=False)
    )


@st.composite
def some_votes(draw: st.DrawFn, least: int = 0) -> Triples:
    """Votes of up to 5 workers on up to 8 units, with gaps."""
    cells = [(unit, worker) for unit in range(8) for worker in "abcde"]
    chosen = draw(st.lists(st.sampled_from(cells), unique=True, min_size=least, max_size=40))
    return [(unit, worker, draw(st.sampled_from("ABC"))) for unit, worker in chosen]


MEASURES = (agreement.percent, agreement.fleiss, agreement.mean_cohen, alpha.nominal)


# --- worked numbers ------------------------------------------------------------------------------


def test_percent_is_the_mean_share_of_equal_pairs() -> None:
    found = agreement.percent(by_unit("AAB", "AA", "B"))
    assert found.value == pytest.approx(2 / 3, abs=EXACT)
    assert (found.units, found.answers) == (2, 5)


def test_fleiss_of_the_worked_number_and_of_his_own_kind_of_table() -> None:
    assert agreement.fleiss(by_unit("AAA", "AAB", "ABB", "BBB")).value == pytest.approx(1 / 3)


def test_cohen_of_the_worked_number() -> None:
    first = "Y" * 20 + "N" * 15 + "Y" * 5 + "N" * 10
    second = "Y" * 20 + "N" * 15 + "N" * 5 + "Y" * 10
    both = by_unit(*(a + b for a, b in zip(first, second, strict=True)))
    assert agreement.mean_cohen(both).value == pytest.approx(0.4, abs=EXACT)


def test_cohen_of_several_pairs_is_weighted_by_what_they_share() -> None:
    rows = [(unit, "a", "AB"[unit % 2]) for unit in range(10)]
    rows += [(unit, "b", "AB"[unit % 2]) for unit in range(4)]
    rows += [(unit, "c", "AB"[(unit // 2) % 2]) for unit in range(4, 10)]
    found = agreement.mean_cohen(votes.of(rows))
    alone = agreement.mean_cohen(votes.of([row for row in rows if row[1] != "b"]))
    assert alone.value is not None
    assert found.value == pytest.approx((4 * 1.0 + 6 * alone.value) / 10)


def test_alpha_of_krippendorffs_example() -> None:
    rows = [
        (unit, str(worker), choice)
        for worker, line in enumerate(KRIPPENDORFF)
        for unit, choice in enumerate(line.split())
        if choice != "."
    ]
    found = alpha.nominal(votes.of(rows))
    assert found.value == pytest.approx(0.743, abs=5e-4)
    assert (found.units, found.answers) == (11, 40)


def test_alpha_of_three_units_and_the_same_by_a_distance() -> None:
    units = ["AA", "AB", "BB"]
    assert alpha.nominal(by_unit(*units)).value == pytest.approx(4 / 9, abs=EXACT)
    by = alpha.by_distance(units, lambda a, b: float(a != b))
    assert by.value == pytest.approx(4 / 9, abs=EXACT)


def test_share_of_the_winner() -> None:
    assert agreement.share_of_winner(by_unit("AAABB", "AB")).tolist() == [0.6, 0.5]


# --- a published implementation beside -----------------------------------------------------------


def judge(rows: list[tuple[int, str, Any]], **more: Any) -> float | None:
    """nltk's alpha; None where it divides by nothing."""
    several = {unit for unit, _, _ in rows if sum(row[0] == unit for row in rows) > 1}
    data = [(worker, unit, choice) for unit, worker, choice in rows if unit in several]
    if len({choice for _, _, choice in data}) < 2:
        return None
    return float(AnnotationTask(data=data, **more).alpha())


@given(some_votes())
def test_alpha_equals_nltks(rows: Triples) -> None:
    found, expected = alpha.nominal(votes.of(rows)).value, judge(rows)
    assert found == (None if expected is None else pytest.approx(expected, abs=EXACT))


@given(
    st.lists(
        st.lists(st.frozensets(st.sampled_from("xyz")), min_size=2, max_size=4),
        min_size=1,
        max_size=6,
    )
)
def test_alpha_of_sets_equals_nltks_with_jaccard_distance(units: list[list[Any]]) -> None:
    # nltk's distance divides by nothing for two empty sets, so "nothing" is an entry of its own.
    filled = [[said or frozenset({"nothing"}) for said in unit] for unit in units]
    rows = [(u, str(w), said) for u, unit in enumerate(filled) for w, said in enumerate(unit)]
    found = alpha.by_distance(filled, set_distance).value
    expected = judge(rows, distance=jaccard_distance)
    assert found == (None if expected is None else pytest.approx(expected, abs=EXACT))


@given(some_votes(least=2))
def test_cohen_of_two_who_both_answered_all_equals_nltks(rows: Triples) -> None:
    both = {unit for unit, _, _ in rows if {"a", "b"} <= {row[1] for row in rows if row[0] == unit}}
    kept = [row for row in rows if row[0] in both and row[1] in "ab"]
    found = agreement.mean_cohen(votes.of(kept)).value
    if len({choice for _, _, choice in kept}) < 2:
        assert found is None
    else:
        data = [(worker, unit, choice) for unit, worker, choice in kept]
        assert found == pytest.approx(AnnotationTask(data=data).kappa_pairwise("a", "b"), abs=EXACT)


# --- what always holds ---------------------------------------------------------------------------


@pytest.mark.parametrize("measure", MEASURES)
@given(rows=some_votes())
def test_at_most_one_and_the_same_whoever_is_called_what(measure: Any, rows: Triples) -> None:
    swapped = [(7 - unit, worker, choice) for unit, worker, choice in reversed(rows)]
    renamed = [
        (unit, {"a": "e", "e": "a"}.get(worker, worker), {"A": "C", "C": "A"}.get(choice, choice))
        for unit, worker, choice in rows
    ]
    found = measure(votes.of(rows))
    assert (found.value is None) == (found.why is not None)
    if found.value is not None:
        assert math.isfinite(found.value)
        assert found.value <= 1 + EXACT
    for other in (swapped, renamed):
        again = measure(votes.of(other))
        assert again.why == found.why
        assert again.value == (None if found.value is None else pytest.approx(found.value))


@pytest.mark.parametrize("measure", MEASURES)
def test_everybody_agrees_is_one(measure: Any) -> None:
    assert measure(by_unit("AAA", "BBB", "AAA")).value == pytest.approx(1.0)


@pytest.mark.parametrize("measure", MEASURES)
def test_answers_of_one_worker_or_none_have_no_agreement_and_say_why(measure: Any) -> None:
    for nothing in (by_unit("A", "B"), votes.of([]), votes.of([(0, "a", "A"), (1, "b", "A")])):
        found = measure(nothing)
        assert found.value is None
        assert found.why is not None
        assert "two workers" in found.why


@pytest.mark.parametrize("measure", MEASURES[1:])
def test_all_the_same_class_has_no_value_beyond_chance_and_says_why(measure: Any) -> None:
    found = measure(by_unit("AAA", "AA"))
    assert found.value is None
    assert found.why is not None
    assert "All answers are the same" in found.why
    assert agreement.percent(by_unit("AAA", "AA")).value == 1.0


def test_pairs_that_each_know_one_class_are_not_said_to_be_all_the_same() -> None:
    # a and b said A of unit 0, c and d said B of unit 1.
    rows = [(0, "a", "A"), (0, "b", "A"), (1, "c", "B"), (1, "d", "B")]
    found = agreement.mean_cohen(votes.of(rows))
    assert found.value is None
    assert found.why == EACH_PAIR_ONE_CLASS


def test_chance_of_many_answers_is_estimated_from_drawn_pairs() -> None:
    units = [[(7 * unit + worker) % 211 for worker in range(3)] for unit in range(400)]
    whole = alpha.by_distance(units, lambda a, b: abs(a - b) / 211, most_pairs=10**9)
    quick = alpha.by_distance(units, lambda a, b: abs(a - b) / 211, most_pairs=6_000)
    assert (whole.estimated, quick.estimated) == (False, True)
    assert quick.value == pytest.approx(whole.value, abs=0.01)
    again = alpha.by_distance(units, lambda a, b: abs(a - b) / 211, most_pairs=6_000)
    assert quick == again


def test_two_workers_who_never_agree_are_at_worst_whatever_the_size() -> None:
    # One says X of everything, the other Y: half of all pairs by chance, all of those in a unit.
    for size in (60, 3_000, 10_000):
        found = alpha.by_distance([["X", "Y"]] * size, lambda a, b: float(a != b))
        chance = size / (2 * size - 1)
        assert found.value == pytest.approx(1 - 1 / chance, abs=EXACT)
        assert not found.estimated


def test_one_answer_in_thousands_that_differs_is_not_taken_for_none() -> None:
    units = [["A", "A"]] * 20_000 + [["A", "B"]]
    found = alpha.by_distance(units, lambda a, b: float(a != b))
    assert found.value == pytest.approx(0.0, abs=1e-4)


def test_rare_answers_are_drawn_as_often_as_they_are_unequal() -> None:
    # 300 different rare answers among 20,000 equal ones: nearly no pair differs.
    units: list[list[int]] = [[0, 0]] * 10_000 + [[n, 0] for n in range(1, 301)]
    found = alpha.by_distance(units, lambda a, b: float(a != b), most_pairs=1_000)
    assert found.estimated
    assert (
        found.value == alpha.by_distance(units, lambda a, b: float(a != b), most_pairs=10**9).value
    )


def test_answers_to_one_unit_are_not_taken_for_chance() -> None:
    # All agree, and no two units are alike: by chance nobody would agree.
    units = [[unit] * 3 for unit in range(300)] + [[0, 1, 2]]
    found = alpha.by_distance(units, lambda a, b: float(a != b), most_pairs=1_000).value
    assert found == pytest.approx(1 - 3 / 903, abs=0.004)


def test_pairs_are_every_two_votes_on_a_unit_once() -> None:
    found = by_unit("ABC", "A", "AB")
    first, second = found.pairs()
    pairs = zip(first.tolist(), second.tolist(), strict=True)
    assert sorted(pairs) == [(0, 1), (0, 2), (1, 2), (4, 5)]


def test_two_votes_of_a_worker_on_a_unit_are_refused() -> None:
    with pytest.raises(ValueError, match="two votes"):
        votes.of([(0, "a", "A"), (0, "a", "B")])


def test_columns_and_counts_of_votes_say_the_same() -> None:
    found = votes.of([(3, "b", "B"), (1, "a", "A"), (3, "a", "B")], classes=["C"])
    assert (found.units, found.workers, found.classes) == ((1, 3), ("a", "b"), ("A", "B", "C"))
    assert found.counts().tolist() == [[1, 0, 0], [0, 2, 0]]
    assert found.per_unit().tolist() == [1, 2]
