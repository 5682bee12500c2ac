"""Samples that are the same at every repetition: seeded by name, item by item. Pure.

Each item has a rank of its own, made of the seed and its place in the lane. A sample takes the
lowest ranks, so that items that come later join it or not, and reshuffle nothing.
"""

import hashlib
import heapq
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from terrace.domain.request import GateSample


def ranked(places: Iterable[int], seed: str) -> list[int]:
    """The places in the order in which samples take them."""
    return sorted(places, key=lambda place: hashlib.sha256(f"{seed}:{place}".encode()).digest())


def take(
    places: Sequence[int], sample: GateSample, seed: str, classes: Mapping[int, Sequence[str]]
) -> set[int]:
    """The sample of `percent` or `count` items.

    Worked numbers: 25 percent of 10 items are ceil(2.5) = 3. Stratified, 10 percent of 95 cars and
    5 trucks are ceil(9.5) = 10 cars and ceil(0.5) = 1 truck; a count of 10 is 9 cars and 1 truck.

    Args:
        places: of the items to choose from.
        sample: what was asked for.
        seed: the same seed gives the same sample.
        classes: of each item's label; an item of several counts for the rarest of them.
    """
    if sample.stratify is None:
        return set(ranked(places, seed)[: _wanted(len(places), sample)])
    strata = _strata(places, classes)
    if sample.count is None:
        shares = {name: _wanted(len(inside), sample) for name, inside in strata.items()}
    else:
        shares = _shares({name: len(inside) for name, inside in strata.items()}, sample.count)
    return {
        place for name, inside in strata.items() for place in ranked(inside, seed)[: shares[name]]
    }


def at_most(total: int, percent: float | None, count: int | None) -> int:
    """A budget in items or frames. Worked numbers: 25 percent of 10 are 2: at most means at most.

    Rounding errors of the percentage do not take one away: 29 percent of 100 are 29.
    """
    if count is not None:
        return min(total, count)
    return min(total, math.floor(total * (percent or 0.0) / 100 + 1e-9))


def _wanted(total: int, sample: GateSample) -> int:
    if sample.count is not None:
        return min(total, sample.count)
    return math.ceil(total * (sample.percent or 0.0) / 100)


def _strata(places: Sequence[int], classes: Mapping[int, Sequence[str]]) -> dict[str, list[int]]:
    """The places by class; items without a class are a stratum of their own."""
    totals = Counter(name for place in places for name in set(classes.get(place, ())))
    strata: dict[str, list[int]] = {}
    for place in places:
        names = classes.get(place, ())
        rarest = min(names, key=lambda name: (totals[name], name), default="")
        strata.setdefault(rarest, []).append(place)
    return strata


def _shares(sizes: Mapping[str, int], count: int) -> dict[str, int]:
    """A count parted by size: one for each stratum first, rarest first; then who is most behind."""
    total = sum(sizes.values())
    count = min(count, total)
    shares = dict.fromkeys(sizes, 0)
    for name in sorted(sizes, key=lambda name: (sizes[name], name))[:count]:
        shares[name] = 1
    behind = [(shares[name] - count * size / total, name) for name, size in sizes.items()]
    heapq.heapify(behind)
    for _ in range(count - sum(shares.values())):
        lead, name = heapq.heappop(behind)
        shares[name] += 1
        if shares[name] < sizes[name]:
            heapq.heappush(behind, (lead + 1, name))
    return shares
