"""assign: the cheapest one-to-one assignment, judged by trying all of them."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from terrace.domain.quality.assignment import assign

INF = float("inf")


def _total(cost, pairs):
    return sum(cost[row][column] for row, column in pairs)


def _best(cost):
    """(number of allowed pairs, their least total), by trying every assignment."""
    matrix = np.asarray(cost, dtype=float)
    if matrix.shape[0] > matrix.shape[1]:
        matrix = matrix.T
    rows, columns = matrix.shape
    best = (0, 0.0)
    for order in permutations(range(columns), rows):
        kept = [matrix[row, column] for row, column in enumerate(order)]
        kept = [value for value in kept if value != INF]
        found = (-len(kept), sum(kept))
        best = min(best, found)
    return -best[0], best[1]


def test_the_worked_number():
    assert assign([[4, 1, 3], [2, 0, 5], [3, 2, 2]]) == [(0, 1), (1, 0), (2, 2)]


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)], ids=str)
def test_nothing_to_assign(shape):
    assert assign(np.zeros(shape)) == []


def test_one_of_each():
    assert assign([[-3.5]]) == [(0, 0)]


def test_more_rows_than_columns_leaves_the_dear_ones_out():
    assert assign([[5], [1], [3]]) == [(1, 0)]


def test_forbidden_pairs_are_never_made_and_as_many_others_as_possible_are():
    # Row 0 would be cheapest at column 0, but row 1 can go nowhere else.
    assert assign([[0, 100], [1, INF]]) == [(0, 1), (1, 0)]
    assert assign([[INF, INF], [INF, 2]]) == [(1, 1)]
    assert assign([[INF]]) == []


@pytest.mark.parametrize("wrong", [float("nan"), -INF], ids=["nan", "minus-infinity"])
def test_a_cost_that_is_none_is_an_error(wrong):
    with pytest.raises(ValueError, match="NaN or minus infinity"):
        assign([[1.0, wrong]])


def test_a_list_is_no_matrix():
    with pytest.raises(ValueError, match="2 dimensions"):
        assign([1.0, 2.0])


COSTS = arrays.arrays(
    float,
    arrays.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=5),
    elements=st.one_of(
        st.integers(-9, 9).map(float), st.floats(-1e6, 1e6, allow_subnormal=False), st.just(INF)
    ),
)


@settings(deadline=None)
@given(COSTS)
def test_no_other_assignment_is_cheaper(cost):
    pairs = assign(cost)
    count, total = _best(cost)
    assert len(pairs) == count
    assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == count
    assert _total(cost, pairs) == pytest.approx(total, rel=1e-9, abs=1e-6)


@settings(deadline=None)
@given(COSTS, st.randoms())
def test_the_order_of_rows_and_columns_does_not_change_the_total(cost, random):
    rows, columns = list(range(cost.shape[0])), list(range(cost.shape[1]))
    random.shuffle(rows)
    random.shuffle(columns)
    mixed = cost[np.ix_(rows, columns)]
    assert len(assign(mixed)) == len(assign(cost))
    assert _total(mixed, assign(mixed)) == pytest.approx(
        _total(cost, assign(cost)), rel=1e-9, abs=1e-6
    )


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_prices_prove_a_large_assignment_cheapest(seed):
    """No exchange of two partners makes 60 x 80 cheaper: a cheap necessary condition at size."""
    cost = np.random.default_rng(seed).random((60, 80))
    pairs = assign(cost)
    assert [row for row, _ in pairs] == list(range(60))
    columns = np.array([column for _, column in pairs])
    own = cost[np.arange(60), columns]
    swapped = cost[:, columns] + cost[:, columns].T
    assert (own[:, None] + own[None, :] <= swapped + 1e-9).all()
    free = np.setdiff1d(np.arange(80), columns)
    assert (own[:, None] <= cost[:, free] + 1e-9).all()
