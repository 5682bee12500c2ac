"""Consensus by Dawid-Skene with a prior: worked numbers, and what always holds."""

import numpy as np
import pytest
from hypothesis import given

from terrace.domain.quality import consensus, dawid_skene, votes, workers
from terrace.domain.quality.sureness import sureness
from tests.domain.quality.test_agree_coefficients import Triples, by_unit, some_votes


def test_the_worked_number_of_three_workers() -> None:
    found = dawid_skene.estimate(by_unit("AAB", "AAB", "BBB"))
    assert found.posterior[:2, 0] == pytest.approx(0.9971, abs=5e-5)
    assert found.confusion[2, 0, 0] == pytest.approx(0.2047, abs=5e-5)


def test_the_usual_prior_grows_with_the_root_of_the_number_of_classes() -> None:
    two, ten = dawid_skene.usual(2), dawid_skene.usual(10)
    assert (ten.off_diagonal, ten.diagonal) == (0.2, 1.0)
    assert (two.off_diagonal, two.diagonal) == (
        pytest.approx(0.0894, abs=5e-5),
        pytest.approx(0.4472, abs=5e-5),
    )


def test_who_is_often_wrong_loses_to_who_is_not_although_they_are_more() -> None:
    known = ["AAAAABB", "BBBBBAA", "AAAAABA", "BBBBBAB"] * 5
    contested = votes.of(
        [(unit, "abcdefg"[at], said) for unit, of in enumerate(known) for at, said in enumerate(of)]
        + [(99, who, said) for who, said in zip("abfg", "AABB", strict=True)]
        + [(99, "h", "B")]
    )
    found = {one.unit: one for one in consensus.consolidate(contested)}[99]
    assert (found.majority, found.label, found.second) == ("B", "A", "B")
    assert (found.votes, found.agreeing) == (5, 2)


def test_the_worked_number_of_a_consensus() -> None:
    (found,) = consensus.consolidate(by_unit("AAB"))
    assert (found.label, found.majority, found.second) == ("A", "A", "B")
    assert (found.votes, found.agreeing) == (3, 2)
    assert found.posterior == pytest.approx(0.7701, abs=5e-5)


def test_without_a_prior_a_row_that_nobody_knows_is_even() -> None:
    never_b = votes.of([(0, "a", "A"), (0, "b", "A")], classes=["B"])
    found = dawid_skene.estimate(never_b, dawid_skene.PLAIN)
    assert found.confusion[0].tolist() == [[1.0, 0.0], [0.5, 0.5]]


def test_what_nobody_said_is_never_the_answer() -> None:
    given_votes = votes.of([(0, "a", "A"), (0, "b", "A"), (1, "c", "B"), (2, "a", "A")])
    assert _fit(given_votes).posterior[1].argmax() == 0
    found = {one.unit: one for one in consensus.consolidate(given_votes)}
    assert found[1].label == "B"
    assert found[1].posterior < found[0].posterior


def test_one_vote_does_not_overrule_three_and_two_may() -> None:
    # a is always right, b, c and d together are wrong as often as not.
    known = ["AABBA", "BBAAB", "AABAB", "BBABA", "AAABB", "BBBAA"] * 5
    rows = [(u, "abcde"[at], said) for u, of in enumerate(known) for at, said in enumerate(of)]
    alone = [(99, "a", "A"), *((99, who, "B") for who in "cde")]
    helped = [*alone, (99, "b", "A")]
    for contested, label in ((alone, "B"), (helped, "A")):
        given_votes = votes.of(rows + contested)
        at = given_votes.units.index(99)
        assert given_votes.classes[int(_fit(given_votes).posterior[at].argmax())] == "A"
        found = {one.unit: one for one in consensus.consolidate(given_votes)}
        assert found[99].label == label


def test_votes_tied_between_equals_go_to_the_first_class() -> None:
    (found,) = consensus.consolidate(by_unit("BA"))
    assert (found.label, found.majority) == ("A", "A")


def test_no_votes_is_no_consensus() -> None:
    nothing = votes.of([])
    assert consensus.consolidate(nothing) == []
    assert sureness(nothing, dawid_skene.estimate(nothing)).tolist() == []
    assert workers.table(nothing, dawid_skene.estimate(nothing)) == []


@given(some_votes(least=1))
def test_probabilities_are_probabilities_and_names_do_not_matter(rows: Triples) -> None:
    given_votes = votes.of(rows)
    found = dawid_skene.estimate(given_votes)
    for shares in (found.posterior, found.confusion, found.classes):
        assert np.all(shares >= 0)
        assert np.allclose(shares.sum(axis=-1), 1)
    sure = sureness(given_votes, found)
    assert np.all((sure >= 0) & (sure <= 1))
    renamed = votes.of([(9 - unit, f"z{worker}", choice) for unit, worker, choice in rows])
    again = dawid_skene.estimate(renamed)
    assert np.allclose(again.posterior[::-1], found.posterior, atol=1e-6)
    assert np.allclose(sureness(renamed, again)[::-1], sure, atol=1e-5)


@given(some_votes(least=1))
def test_classes_may_change_their_names(rows: Triples) -> None:
    swap = {"A": "C", "B": "B", "C": "A"}
    names = "ABC"
    found = dawid_skene.estimate(votes.of(rows, classes=names))
    other = votes.of([(u, w, swap[c]) for u, w, c in rows], classes=names)
    assert np.allclose(dawid_skene.estimate(other).posterior[:, ::-1], found.posterior, atol=1e-6)


@given(some_votes(least=1))
def test_where_all_agree_on_everything_the_consensus_is_theirs(rows: Triples) -> None:
    by = {unit: choice for unit, _, choice in rows}
    found = consensus.consolidate(votes.of([(unit, who, by[unit]) for unit, who, _ in rows]))
    assert {one.unit: one.label for one in found} == by
    assert all(one.label == one.majority and one.agreeing == one.votes for one in found)
    assert all(one.second is None for one in found)


def test_a_contested_item_is_less_sure_than_one_that_all_agree_on() -> None:
    found = consensus.consolidate(by_unit("AAAAA", "AAABB", "AAAAB", "BBBBB", "BBBBB"))
    sure = {one.unit: one.posterior for one in found}
    assert sure[1] < sure[2] < sure[0]


# --- workers -------------------------------------------------------------------------------------


def test_the_workers_table_of_the_worked_number() -> None:
    given_votes = by_unit("AAB", "AAB")
    rows = workers.table(given_votes, dawid_skene.estimate(given_votes), {"a": 12.5})
    by = {row.worker: row for row in rows}
    assert rows[0].worker == "c"
    assert (by["a"].agreement, by["c"].agreement) == (0.5, 0.0)
    assert (by["a"].accuracy, by["c"].accuracy) == (1.0, 0.0)
    assert by["c"].confusion == {"A": {"B": 2}}
    assert (by["a"].seconds, by["c"].seconds) == (12.5, None)
    assert by["a"].posterior is not None
    assert by["a"].posterior > 0.9


def test_a_worker_whose_items_nobody_else_answered_is_not_judged() -> None:
    given_votes = votes.of([(0, "a", "A"), (0, "b", "A"), (1, "c", "B")])
    alone = {row.worker: row for row in workers.table(given_votes, _fit(given_votes))}["c"]
    assert (alone.answers, alone.shared) == (1, 0)
    unknown = (alone.agreement, alone.accuracy, alone.posterior, alone.skill)
    assert (unknown, alone.confusion) == ((None,) * 4, {})
    assert [row.worker for row in workers.table(given_votes, _fit(given_votes))][-1] == "c"


def test_one_lucky_answer_does_not_make_an_expert() -> None:
    steady = [(unit, who, "AB"[unit % 2]) for unit in range(20) for who in "abc"]
    given_votes = votes.of([*steady, (0, "lucky", "A")])
    rows = {row.worker: row for row in workers.table(given_votes, _fit(given_votes))}
    assert rows["lucky"].accuracy == rows["a"].accuracy == 1.0
    lucky, steady_one = rows["lucky"].skill, rows["a"].skill
    assert lucky is not None
    assert steady_one is not None
    assert lucky < steady_one


def _fit(given_votes: votes.Votes) -> dawid_skene.Estimate:
    return dawid_skene.estimate(given_votes)
