"""Named entities of several workers: grouped by shared characters, agreement exact and by overlap.

Source: Ground Truth groups entities by their Jaccard index, takes the boundary that most chose
(else the median) and the label that most assigned (guide, "Consolidate annotations").
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from statistics import median_low

import numpy as np

from terrace.domain.quality.answers import SpanMark
from terrace.domain.quality.assignment import assign
from terrace.domain.quality.grouping import group, unlike_labels
from terrace.domain.quality.objects_consensus import Group

SAME_SPAN = 0.3
"""Jaccard index of the characters from which on two spans are taken to mean the same entity."""


def groups(item: int, answers: Mapping[str, Sequence[SpanMark]]) -> list[Group[SpanMark]]:
    """The entities of one text; the order of workers does not matter."""
    rows = sorted((mark, worker) for worker in answers for mark in answers[worker])
    marks, owners = [row[0] for row in rows], [row[1] for row in rows]
    overlap = np.array([[jaccard(a, b) for b in marks] for a in marks]).reshape(
        len(marks), len(marks)
    )
    alike = overlap - unlike_labels([mark.label for mark in marks])
    likeness = np.where(overlap >= SAME_SPAN, alike, 0.0)
    asked = tuple(sorted(answers))
    return [
        Group(item, number, {owners[at]: marks[at] for at in members}, asked)
        for number, members in enumerate(group(likeness, owners, least=SAME_SPAN - 0.1))
    ]


def jaccard(one: SpanMark, other: SpanMark) -> float:
    """Shared characters by all characters; equal boundaries are 1, also of an empty span.

    Worked number: 0 to 10 and 5 to 15 share 5 of 15 characters: 0.3333.
    """
    if (one.start, one.end) == (other.start, other.end):
        return 1.0
    both = min(one.end, other.end) - max(one.start, other.start)
    either = max(one.end, other.end) - min(one.start, other.start)
    return max(both, 0) / either


def combined(marks: Sequence[SpanMark]) -> tuple[int, int]:
    """Start and end that most chose; where several are level, the lower median.

    Worked number: 3-9, 3-9, 0-9: 3-9. 3-9, 0-12: no boundary leads, the lower medians are 0-9.
    """
    both = Counter((mark.start, mark.end) for mark in marks).most_common(2)
    if len(both) == 1 or both[0][1] > both[1][1]:
        return both[0][0]
    return (median_low(mark.start for mark in marks), median_low(mark.end for mark in marks))


def exact_distance(one: Sequence[SpanMark], other: Sequence[SpanMark]) -> float:
    """1 - F1 of spans with the same boundaries and the same label.

    Worked number: 2 and 3 spans of which 2 are the same: 1 - 2 x 2 / 5 = 0.2.
    """
    if not one and not other:
        return 0.0
    return 1.0 - 2 * len(set(one) & set(other)) / (len(set(one)) + len(set(other)))


def overlap_distance(one: Sequence[SpanMark], other: Sequence[SpanMark]) -> float:
    """1 - mean Jaccard index of spans of the same label, matched for the highest total.

    Worked number: 0-10 and 5-15 with one label: 1 - 0.3333 = 0.6667.
    """
    if not one or not other:
        return 0.0 if len(one) == len(other) else 1.0
    worth = np.array([[jaccard(a, b) if a.label == b.label else 0.0 for b in other] for a in one])
    total = sum(float(worth[row, column]) for row, column in assign(1.0 - worth))
    return 1.0 - min(total / max(len(one), len(other)), 1.0)


def mean_agreement(texts: Sequence[Sequence[Sequence[SpanMark]]], *, exact: bool) -> float | None:
    """Mean over texts of 1 - distance over pairs of answers; None without a pair anywhere."""
    distance = exact_distance if exact else overlap_distance
    found = [
        sum(1 - distance(a, b) for a, b in combinations(answers, 2))
        / (len(answers) * (len(answers) - 1) / 2)
        for answers in texts
        if len(answers) >= 2
    ]
    return sum(found) / len(found) if found else None
