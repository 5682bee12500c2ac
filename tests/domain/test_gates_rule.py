"""A gate's rule: where AND (checks OR sample), worst first, within the budget."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.domain import gates
from terrace.domain.gates import Facts, choose
from terrace.domain.gates_sample import at_most, ranked, take
from terrace.domain.quality.findings import Finding, Severity
from terrace.domain.request import Gate, GateSample


def a_gate(**given: Any) -> Gate:
    return Gate.model_validate(given)


def found(item: int, value: float = 2.0, frame: int | None = None, check: str = "x") -> Finding:
    return Finding(
        check=check,
        severity=Severity.warning,
        sentence=f"item {item} is odd",
        item=item,
        frameNo=frame,
        value=value,
        threshold=1.0,
    )


def fact(place: int, *findings: tuple[int, Finding], **more: Any) -> Facts:
    return Facts(place=place, findings=tuple(findings), **more)


CHECKS = [{"check": "x"}, {"check": "y"}]


def test_one_check_that_flags_is_enough() -> None:
    facts = [fact(0), fact(1, (0, found(1))), fact(2, (1, found(2)))]
    assert choose(a_gate(checks=CHECKS), facts, "job").chosen == {1, 2}


def test_combined_by_all_every_check_has_to_flag_an_item() -> None:
    facts = [fact(0, (0, found(0)), (1, found(0))), fact(1, (0, found(1)))]
    made = choose(a_gate(checks=CHECKS, combine="all"), facts, "job")
    assert made.chosen == {0}
    assert made.carried == {1: gates.NOT_FLAGGED}


def test_combined_by_all_checks_of_a_clip_have_to_meet_in_one_frame() -> None:
    apart = fact(0, (0, found(0, frame=3)), (1, found(0, frame=4)), length=9)
    together = fact(1, (0, found(1, frame=3)), (1, found(1, frame=3)), length=9)
    of_all = fact(2, (0, found(2)), (1, found(2, frame=5)), length=9)
    made = choose(
        a_gate(checks=CHECKS, combine="all", unit="clip"), [apart, together, of_all], "job"
    )
    assert made.chosen == {1, 2}
    assert [flag.frameNo for flag in made.frames[1]] == [3]
    assert max(made.frames[2], key=lambda flag: flag.score).frameNo == 5


@pytest.mark.parametrize("frame", [9, 10, 10**6])
def test_a_finding_about_a_frame_that_the_sequence_has_not_is_about_all_of_it(frame: int) -> None:
    facts = [fact(0, (0, found(0, frame=frame)), length=9)]
    made = choose(a_gate(checks=CHECKS, unit="clip"), facts, "job")
    assert [flag.frameNo for flag in made.frames[0]] == list(range(9))
    both = [fact(0, (0, found(0, frame=frame)), (1, found(0, frame=4)), length=9)]
    made = choose(a_gate(checks=CHECKS, combine="all", unit="clip"), both, "job")
    assert made.chosen == {0}


UNREAD = (gates.UNREADABLE, found(5))


@pytest.mark.parametrize("number", [gates.UNREADABLE, gates.PARTLY_UNREADABLE])
@pytest.mark.parametrize("sample", [{"percent": 1}, {"count": 1}])
def test_what_cannot_be_read_goes_to_people_beside_any_sample(
    sample: dict[str, Any], number: int
) -> None:
    facts = [fact(n, *[(number, found(n))] * (n in {5, 6, 7})) for n in range(10)]
    made = choose(a_gate(sample=sample), facts, "job")
    assert made.chosen >= {5, 6, 7}
    assert made.flagged == {5, 6, 7}
    assert made.reasons[5][0] == "x: item 5 is odd"


def test_a_promise_is_not_about_what_cannot_be_read() -> None:
    facts = [fact(n, *[UNREAD] * (n == 5)) for n in range(40)]
    gate = a_gate(sample={"maxErrorRate": 0.2, "confidence": 0.8})
    made = choose(gate, facts, "job")
    assert made.lot is not None
    assert made.lot.size == 39
    assert 5 in made.chosen
    assert 5 not in made.unlooked


def test_where_stands_before_checks_and_sample() -> None:
    facts = [fact(0, (0, found(0)), matches=False), fact(1, matches=False), fact(2), fact(3)]
    made = choose(a_gate(where={"label": ["a"]}, sample={"percent": 100}), facts, "job")
    assert made.chosen == {2, 3}
    assert made.carried[0] == gates.NO_MATCH


def test_where_alone_sends_what_it_holds_for() -> None:
    made = choose(a_gate(where={"label": ["a"]}), [fact(0), fact(1, matches=False)], "job")
    assert (made.chosen, made.flagged) == ({0}, {0})
    assert made.reasons[0] == [gates.MATCHES]


def test_the_budget_keeps_the_worst() -> None:
    facts = [fact(n, (0, found(n, value=float(n + 2)))) for n in range(10)]
    made = choose(a_gate(checks=["x"], budget={"percent": 35}), facts, "job")
    assert made.chosen == {7, 8, 9}
    assert made.carried[0] == gates.BEYOND
    assert made.reasons[0] == ["x: item 0 is odd"]


def test_a_budget_keeps_findings_before_the_sample() -> None:
    facts = [fact(n) for n in range(9)] + [fact(9, (0, found(9)))]
    made = choose(a_gate(checks=["x"], sample={"count": 5}, budget={"count": 1}), facts, "job")
    assert made.chosen == {9}


def test_what_was_given_before_stays_chosen_and_counts() -> None:
    facts = [fact(n, (0, found(n, value=float(n + 2)))) for n in range(5)]
    made = choose(a_gate(checks=["x"], budget={"count": 2}), facts, "job", frozenset({0, 77}))
    assert made.chosen == {0, 4}
    assert made.reasons[0][0] == gates.TAKEN


def test_what_cannot_be_read_goes_to_people_and_no_clip_is_cut_from_it() -> None:
    facts = [fact(0, (gates.UNREADABLE, found(0))), fact(1, (0, found(1, frame=0)))]
    assert choose(a_gate(checks=CHECKS, combine="all"), facts, "job").chosen == {0}
    made = choose(a_gate(checks=["x"], unit="clip"), facts, "job")
    assert (made.chosen, made.broken) == ({1}, {0})
    assert made.carried[0] == gates.NO_CLIPS


def test_a_promise_is_about_what_no_check_flags() -> None:
    facts = [fact(n) for n in range(40)] + [fact(40, (0, found(40)))]
    sample = {"maxErrorRate": 0.2, "confidence": 0.8}
    made = choose(a_gate(checks=["x"], sample=sample), facts, "job")
    assert made.lot is not None
    assert made.lot.size == 40
    assert 40 in made.chosen
    assert len(made.chosen) == made.lot.looked + 1
    assert made.unlooked == set(range(40)) - made.chosen


def test_a_lot_that_has_to_be_looked_at_whole_is_none() -> None:
    sample = {"maxErrorRate": 0.01, "confidence": 0.99}
    made = choose(a_gate(sample=sample), [fact(n) for n in range(5)], "job")
    assert (made.lot, made.chosen) == (None, set(range(5)))


def test_many_reasons_are_shortened() -> None:
    many = [(0, found(0, frame=n, check=f"c{n}")) for n in range(30)]
    made = choose(a_gate(checks=["x"]), [fact(0, *many, length=30)], "job")
    assert len(made.reasons[0]) == gates.REASONS_MAX + 1
    assert made.reasons[0][-1] == "and 10 more"


def test_nothing_to_choose_from() -> None:
    made = choose(a_gate(checks=["x"], sample={"count": 3}), [], "job")
    assert (made.chosen, made.carried) == (set(), {})


@given(
    count=st.integers(0, 60),
    odd=st.sets(st.integers(0, 59)),
    budget=st.one_of(st.none(), st.integers(1, 60)),
    wanted=st.integers(1, 30),
)
def test_every_item_is_chosen_or_carried_with_a_reason(
    count: int, odd: set[int], budget: int | None, wanted: int
) -> None:
    facts = [fact(n, *([(0, found(n))] if n in odd else [])) for n in range(count)]
    given_ = {"checks": ["x"], "sample": {"count": wanted}}
    gate = a_gate(**given_, **({"budget": {"count": budget}} if budget else {}))
    made = choose(gate, facts, "job")
    assert made.chosen | set(made.carried) == set(range(count))
    assert not made.chosen & set(made.carried)
    assert budget is None or len(made.chosen) <= budget
    assert choose(gate, list(reversed(facts)), "job").chosen == made.chosen


# --- samples -----------------------------------------------------------------------------------


@given(st.integers(0, 50), st.integers(0, 50))
def test_items_that_come_later_reshuffle_nothing(first: int, more: int) -> None:
    before = ranked(range(first), "seed")
    after = ranked(range(first + more), "seed")
    assert [place for place in after if place < first] == before


def test_another_seed_is_another_sample() -> None:
    places = list(range(100))
    sample = GateSample(count=10)
    assert take(places, sample, "a", {}) != take(places, sample, "b", {})


@pytest.mark.parametrize(
    ("asked", "cars", "trucks"), [({"percent": 10}, 10, 1), ({"count": 10}, 9, 1)]
)
def test_a_stratified_sample_has_the_rare_class_in_it(
    asked: dict[str, Any], cars: int, trucks: int
) -> None:
    classes = {n: ["car"] if n < 95 else ["truck"] for n in range(100)}
    sample = GateSample.model_validate({**asked, "stratify": "label"})
    got = take(list(range(100)), sample, "seed", classes)
    assert sum(n < 95 for n in got) == cars
    assert sum(n >= 95 for n in got) == trucks


def test_an_item_of_two_classes_counts_for_the_rarer() -> None:
    classes = {0: ["car", "truck"], 1: ["car"], 2: ["car"], 3: []}
    sample = GateSample(count=3, stratify="label")
    got = take([0, 1, 2, 3], sample, "seed", classes)
    assert {0, 3} <= got
    assert len(got) == 3


@given(
    total=st.integers(1, 300),
    count=st.integers(1, 400),
    rare=st.integers(0, 10),
)
def test_a_stratified_count_is_kept(total: int, count: int, rare: int) -> None:
    classes = {n: ["rare"] if n < rare else ["usual"] for n in range(total)}
    got = take(list(range(total)), GateSample(count=count, stratify="label"), "seed", classes)
    assert len(got) == min(total, count)


@pytest.mark.parametrize(
    ("total", "percent", "most"), [(10, 25, 2), (100, 29, 29), (3, 25, 0), (0, 50, 0), (7, 100, 7)]
)
def test_at_most_means_at_most(total: int, percent: float, most: int) -> None:
    assert at_most(total, percent, None) == most
