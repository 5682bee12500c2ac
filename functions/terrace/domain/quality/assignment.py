"""Who belongs to whom: the cheapest one-to-one assignment of rows to columns.

Shortest augmenting paths with dual prices, as in R. Jonker and A. Volgenant, "A shortest augmenting
path algorithm for dense and sparse linear assignment problems", Computing 38 (1987), 325-340; the
worst case is O(rows^2 x columns), and rows whose own best column is free cost one look.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def assign(cost: Any) -> list[tuple[int, int]]:
    """Pairs (row, column) of the least total cost, in the order of the rows.

    As many pairs as possible are made: min(rows, columns) where nothing is forbidden. Among equal
    totals the answer is always the same for the same matrix.

    Worked number: [[4, 1, 3], [2, 0, 5], [3, 2, 2]] -> [(0, 1), (1, 0), (2, 2)], in total
    1 + 2 + 2 = 5 (each row's own cheapest column would give column 1 twice).

    Args:
        cost: matrix of shape (rows, columns), any sizes, also 0; `inf`: this pair must not be.

    Raises:
        ValueError: not a matrix, or an entry is NaN or minus infinity.
    """
    given = np.asarray(cost, dtype=np.float64)
    if given.ndim != 2:
        raise ValueError(f"a cost matrix has 2 dimensions, this has {given.ndim}")
    if np.isnan(given).any() or np.isneginf(given).any():
        raise ValueError("a cost is NaN or minus infinity: leave a pair out with plus infinity")
    allowed = np.isfinite(given)
    if not allowed.any():
        return []
    if given.shape[0] > given.shape[1]:
        flipped = _solve(_finite(given.T, allowed.T))
        pairs = sorted((row, column) for column, row in flipped)
    else:
        pairs = _solve(_finite(given, allowed))
    return [(row, column) for row, column in pairs if allowed[row, column]]


def _finite(cost: FloatArray, allowed: NDArray[np.bool_]) -> FloatArray:
    """The same problem between 0 and 1; a forbidden pair costs more than all others together."""
    largest = float(np.abs(cost[allowed]).max())
    scaled = np.where(allowed, cost, 0.0) / (largest or 1.0)
    least = float(scaled[allowed].min())
    spread = float(scaled[allowed].max()) - least
    forbidden = (cost.shape[0] + 1) * (spread or 1.0)
    return np.where(allowed, scaled - least, forbidden)


def _solve(cost: FloatArray) -> list[tuple[int, int]]:
    """The assignment of every row; rows <= columns, all entries finite and at least 0."""
    columns = cost.shape[1]
    row_price = cost.min(axis=1)
    column_price = np.zeros(columns)
    row_of = np.full(columns, -1)
    # A row's cheapest column at prices 0 is a right start as long as nobody else has it.
    waiting = []
    for row, column in enumerate(cost.argmin(axis=1).tolist()):
        if row_of[column] < 0:
            row_of[column] = row
        else:
            waiting.append(row)
    for row in waiting:
        _augment(cost, row, row_price, column_price, row_of)
    found = [(int(row), column) for column, row in enumerate(row_of.tolist()) if row >= 0]
    return sorted(found)


def _augment(
    cost: FloatArray,
    start: int,
    row_price: FloatArray,
    column_price: FloatArray,
    row_of: NDArray[np.int_],
) -> None:
    """Finds a column for one more row along the shortest alternating path; changes the arrays."""
    columns = cost.shape[1]
    distance = np.full(columns, np.inf)
    before = np.full(columns, -1)
    done = np.zeros(columns, dtype=bool)
    row, column, length = start, -1, 0.0
    while True:
        reduced = length + cost[row] - row_price[row] - column_price
        closer = ~done & (reduced < distance)
        distance[closer] = reduced[closer]
        before[closer] = column
        column = int(np.where(done, np.inf, distance).argmin())
        length = float(distance[column])
        done[column] = True
        if row_of[column] < 0:
            break
        row = int(row_of[column])
    reached = np.flatnonzero(done & (row_of >= 0))
    row_price[row_of[reached]] += length - distance[reached]
    row_price[start] += length
    column_price[reached] -= length - distance[reached]
    while column >= 0:
        earlier = int(before[column])
        row_of[column] = row_of[earlier] if earlier >= 0 else start
        column = earlier
