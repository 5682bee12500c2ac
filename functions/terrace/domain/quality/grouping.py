"""Marks of several workers, grouped: which of them mean the same thing.

Average linkage under one condition: a group holds at most one mark of a worker. Unlike matching
one worker after the other, the outcome does not depend on who comes first.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

LABEL_COST = 0.1
"""Taken off the likeness of two marks of different classes: the same place and class goes first."""


def group(likeness: NDArray[np.float64], owners: Sequence[str], *, least: float) -> list[list[int]]:
    """Groups of marks, each ascending, in the order of their first marks.

    The two groups with the highest mean likeness are joined, as long as it is `least` or more and
    no worker is in both.

    Worked number: marks 0, 1, 2 of workers a, b, c; 0 and 1 alike by 0.8, 1 and 2 by 0.6, 0 and 2
    by 0.3. First 0 and 1; 2 is like these by (0.6 + 0.3) / 2 = 0.45: at `least` 0.5 it stays alone.

    Args:
        likeness: n x n, symmetric, 0 to 1.
        owners: The worker of each mark.
        least: No groups are joined below it.
    """
    size = len(owners)
    linked = likeness.astype(np.float64).copy()
    names = {name: at for at, name in enumerate(sorted(set(owners)))}
    has = np.zeros((size, max(len(names), 1)), dtype=np.intp)
    for mark, owner in enumerate(owners):
        has[mark, names[owner]] = 1
    linked[has @ has.T > 0] = -np.inf
    groups: dict[int, list[int]] = {mark: [mark] for mark in range(size)}
    while len(groups) > 1:
        one, other = divmod(int(linked.argmax()), size)
        if not linked[one, other] >= least:
            break
        first, second = len(groups[one]), len(groups[other])
        # Groups that may not be joined are minus infinity, and stay it in any mean.
        mean = (first * linked[one] + second * linked[other]) / (first + second)
        linked[one], linked[:, one] = mean, mean
        linked[other], linked[:, other] = -np.inf, -np.inf
        linked[one, one] = -np.inf
        groups[one] = sorted(groups[one] + groups.pop(other))
    return sorted(groups.values())


def unlike_labels(labels: Sequence[str]) -> NDArray[np.float64]:
    """n x n: what different classes cost."""
    names = np.array(labels, dtype=object)
    return np.asarray((names[:, None] != names[None, :]) * LABEL_COST, dtype=np.float64)
