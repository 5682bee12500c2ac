"""Boxes of several workers: grouped by overlap, one box each with the median of every edge.

Source: the median of each coordinate and grouping by IoU are what Ground Truth's guide says of its
own consolidation of boxes (match by Jaccard index, then combine), with the median for the mean:
one worker's slip of the hand moves a mean, not a median.
"""

from collections.abc import Mapping, Sequence
from statistics import median

import numpy as np

from terrace.domain.quality.answers import BoxMark
from terrace.domain.quality.assignment import assign
from terrace.domain.quality.grouping import group, unlike_labels
from terrace.domain.quality.objects_consensus import Group
from terrace.domain.quality.overlap import iou

SAME_BOX = 0.5
"""IoU from which on two boxes are taken to mean the same object."""


def groups(item: int, answers: Mapping[str, Sequence[BoxMark]]) -> list[Group[BoxMark]]:
    """The objects of one image; the order of workers and of their boxes does not matter."""
    marks = sorted(
        ((mark.bounds, mark.label, worker, mark) for worker in answers for mark in answers[worker]),
        key=lambda row: row[:3],
    )
    bounds, labels = [row[0] for row in marks], [row[1] for row in marks]
    owners, drawn = [row[2] for row in marks], [row[3] for row in marks]
    overlap = iou(bounds, bounds)
    likeness = np.where(overlap >= SAME_BOX, overlap - unlike_labels(labels), 0.0)
    asked = tuple(sorted(answers))
    return [
        Group(item, number, {owners[at]: drawn[at] for at in members}, asked)
        for number, members in enumerate(group(likeness, owners, least=SAME_BOX - 0.1))
    ]


def combined(marks: Sequence[BoxMark]) -> tuple[float, float, float, float]:
    """(left, top, width, height) of the median edges.

    Edges, not sizes: left, top, right and bottom each have their own median.

    Worked number: boxes from 10 to 20, from 12 to 22 and from 11 to 40 across: left 11, right 22,
    so width 11; the one that was drawn twice too wide does not show.
    """
    left, top = median(mark.left for mark in marks), median(mark.top for mark in marks)
    right = median(mark.left + mark.width for mark in marks)
    bottom = median(mark.top + mark.height for mark in marks)
    return (left, top, right - left, bottom - top)


def spread(marks: Sequence[BoxMark]) -> float:
    """Mean IoU of the boxes with their combination: 1 where all are equal."""
    return float(iou([mark.bounds for mark in marks], [combined(marks)]).mean())


def distance(one: Sequence[BoxMark], other: Sequence[BoxMark]) -> float:
    """1 - IoU of two workers' answers: of their boxes, matched one to one for the highest total.

    A box without a partner of its class counts 0, so the total is divided by the larger number of
    boxes. Two answers without boxes are equal.

    Worked number: one box each with IoU 0.8: 0.2. With one more box in one of them: the total of
    0.8 is divided by 2, so 0.6.
    """
    if not one or not other:
        return 0.0 if len(one) == len(other) else 1.0
    overlap = iou([mark.bounds for mark in one], [mark.bounds for mark in other])
    same = np.array([[a.label == b.label for b in other] for a in one], dtype=bool)
    worth = np.where(same, overlap, 0.0)
    total = sum(float(worth[row, column]) for row, column in assign(1.0 - worth))
    return 1.0 - min(total / max(len(one), len(other)), 1.0)
