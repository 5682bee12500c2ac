"""Acceptance sampling: how many items to look at, so that those nobody looked at can be trusted.

A lot is accepted if its sample, drawn at random, holds at most `allowed` wrong items. What the
sample holds is mended by the people who look at it, so the promise is about the rest: that its
error rate is below `max_error_rate`, with `confidence`. Lots are finite, so the count of wrong
items in the sample is hypergeometric (Schilling and Neubauer, Acceptance Sampling in Quality
Control, type A plans); nothing is approximated. Pure.
"""

import math
from dataclasses import dataclass
from fractions import Fraction

LOT_MAX = 10_000_000
"""Far beyond a Ground Truth job's 100,000 items."""
ROUNDING = 1e-9
"""Probabilities are sums of floats: a plan that meets its promise exactly is not refused for it."""


@dataclass(frozen=True)
class Plan:
    """How a lot is judged."""

    size: int
    """Items of the lot."""
    looked: int
    """Of those, how many are looked at."""
    allowed: int
    """Wrong items in the sample with which the lot is still accepted."""

    @property
    def whole(self) -> bool:
        """True if everything has to be looked at: nothing is left to be promised about."""
        return self.looked >= self.size


def plan(size: int, max_error_rate: float, confidence: float, allowed: int = 0) -> Plan:
    """The smallest sample that keeps the promise.

    Worked numbers, at an error rate below 5 % with a confidence of 95 %: of 1,000 items 61 are
    looked at and none may be wrong; with one allowed 96; of 30 items 29; of 100,000 items 59.

    Args:
        size: items of the lot.
        max_error_rate: above 0, below 1.
        confidence: above 0, below 1.
        allowed: wrong items in the sample that do not reject the lot.

    Raises:
        ValueError: for a rate, a confidence or a count that means nothing.
    """
    if not (0 < max_error_rate < 1 and 0 < confidence < 1):
        raise ValueError("max_error_rate and confidence must be above 0 and below 1")
    if not 0 <= size <= LOT_MAX or allowed < 0:
        raise ValueError(f"a lot has 0 to {LOT_MAX:,} items, and no fewer than 0 may be wrong")
    most = 1 - confidence + ROUNDING
    low = 0
    while low < size:
        # Up to `high`, as few wrong items break the promise: there, more looks are never worse.
        least = _least(size - low, max_error_rate)
        high = _last_with(size, max_error_rate, least)
        if risk(size, high, max_error_rate, allowed) <= most:
            while low < high:
                middle = (low + high) // 2
                if risk(size, middle, max_error_rate, allowed) <= most:
                    high = middle
                else:
                    low = middle + 1
            return Plan(size, low, allowed)
        low = high + 1
    return Plan(size, size, allowed)


def risk(size: int, looked: int, max_error_rate: float, allowed: int = 0) -> float:
    """How likely a lot is accepted although the rest of it breaks the promise, at worst.

    The worst lot is the one with just enough wrong items that, with j of them in the sample, the
    rest has an error rate of `max_error_rate`: P(at most j in the sample), j = 0 .. allowed.

    Worked number: of 10 items 4 are looked at, below 50 %: 3 wrong of the 6 left break it; the
    chance to see none of 3 in 10 with 4 looks is C(7,4) / C(10,4) = 35 / 210 = 0.1667.
    """
    rest = size - looked
    if rest <= 0:
        return 0.0
    least = _least(rest, max_error_rate)
    return max(_at_most(size, least + j, looked, j) for j in range(min(allowed, looked) + 1))


def _least(rest: int, rate: float) -> int:
    """Fewest wrong items among `rest` with which their error rate is not below `rate`."""
    return max(1, math.ceil(Fraction(str(rate)) * rest))


def _last_with(size: int, rate: float, least: int) -> int:
    """The largest sample after which `least` wrong items are still the fewest that break it."""
    if least == 1:
        return size - 1
    # ceil(rate * rest) >= least  <=>  rest > (least - 1) / rate
    return size - (math.floor(Fraction(least - 1) / Fraction(str(rate))) + 1)


def _at_most(size: int, wrong: int, looked: int, most: int) -> float:
    """P(at most `most` of `wrong` items are in a sample of `looked` from `size`)."""
    whole = _log_choose(size, looked)
    total = 0.0
    for found in range(most + 1):
        if found > wrong or looked - found > size - wrong:
            continue
        part = _log_choose(wrong, found) + _log_choose(size - wrong, looked - found)
        total += math.exp(part - whole)
    return min(1.0, total)


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
