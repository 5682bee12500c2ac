"""Acceptance sampling: the promise is kept, with the smallest sample that keeps it."""

from fractions import Fraction
from math import ceil, comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrace.domain.acceptance import plan, risk


def exact(size: int, looked: int, rate: float, allowed: int) -> Fraction:
    """The same by counting: the worst of all lots that break the promise, in whole numbers."""
    rest = size - looked
    if rest <= 0:
        return Fraction(0)
    limit = Fraction(str(rate))
    worst = Fraction(0)
    for wrong in range(max(1, ceil(limit * rest)), size + 1):
        chance = Fraction(0)
        for seen in range(allowed + 1):
            if seen > min(wrong, looked) or looked - seen > size - wrong:
                continue
            if Fraction(wrong - seen, rest) >= limit:
                ways = comb(wrong, seen) * comb(size - wrong, looked - seen)
                chance += Fraction(ways, comb(size, looked))
        worst = max(worst, chance)
    return worst


@pytest.mark.parametrize(
    ("size", "allowed", "looked"), [(1_000, 0, 61), (1_000, 1, 96), (30, 0, 29), (100_000, 0, 59)]
)
def test_the_worked_numbers(size: int, allowed: int, looked: int) -> None:
    assert plan(size, 0.05, 0.95, allowed).looked == looked


def test_the_worked_risk() -> None:
    assert risk(10, 4, 0.5) == pytest.approx(35 / 210, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(
    size=st.integers(1, 40),
    rate=st.sampled_from([0.02, 0.05, 0.1, 0.25, 0.33, 0.5, 0.9]),
    confidence=st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99]),
    allowed=st.integers(0, 3),
)
def test_a_plan_is_the_smallest_that_keeps_its_promise(
    size: int, rate: float, confidence: float, allowed: int
) -> None:
    most = 1 - Fraction(str(confidence))
    wanted = next(n for n in range(size + 1) if exact(size, n, rate, allowed) <= most)
    assert plan(size, rate, confidence, allowed).looked == wanted
    assert risk(size, wanted, rate, allowed) == pytest.approx(
        float(exact(size, wanted, rate, allowed)), abs=1e-9
    )


@given(size=st.integers(0, 5_000), rate=st.floats(0.001, 0.9), confidence=st.floats(0.1, 0.999))
def test_no_plan_looks_at_more_than_there_is(size: int, rate: float, confidence: float) -> None:
    found = plan(size, rate, confidence)
    assert 0 <= found.looked <= size
    assert found.whole or risk(size, found.looked, rate) <= 1 - confidence + 1e-8


@pytest.mark.parametrize("rate", [0.0, 1.0, -0.1, float("nan")])
def test_a_rate_that_means_nothing_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="above 0 and below 1"):
        plan(10, rate, 0.9)


def test_an_empty_lot_needs_no_look() -> None:
    assert plan(0, 0.05, 0.95).looked == 0
