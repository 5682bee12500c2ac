"""How good labels are where the truth is known: precision, recall, F1 and mean overlap.

The same for objects, spans and classes: a labeled thing is right if a true one of the same class is
at least so alike (`likeness`), each counted once (PASCAL VOC 2010 takes an IoU of 0.5).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrace.domain.quality.likeness import likeness, match
from terrace.domain.quality.things import Thing, Things

AT = 0.5


@dataclass(frozen=True)
class Score:
    """Counts of one class, item or job; they add up."""

    truth: int = 0
    """True things."""
    labels: int = 0
    """Labeled things."""
    right: int = 0
    """Labeled things that are true ones."""
    overlap: float = 0.0
    """Sum of the likeness of the right ones."""

    def __add__(self, other: "Score") -> "Score":
        return Score(
            self.truth + other.truth,
            self.labels + other.labels,
            self.right + other.right,
            self.overlap + other.overlap,
        )

    @property
    def precision(self) -> float | None:
        """Share of the labeled things that are right; None where nothing was labeled.

        Worked number: 3 of 4 labeled boxes are right: 0.75.
        """
        return self.right / self.labels if self.labels else None

    @property
    def recall(self) -> float | None:
        """Share of the true things that were labeled; None where nothing is there.

        Worked number: 3 of 6 true boxes were found: 0.5.
        """
        return self.right / self.truth if self.truth else None

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall; None where there is nothing, true or labeled.

        Worked number: 3 right, 4 labeled, 6 true: 2 x 3 / (4 + 6) = 0.6.
        """
        both = self.truth + self.labels
        return 2 * self.right / both if both else None

    @property
    def meanOverlap(self) -> float | None:
        """Mean likeness (for boxes: IoU) of the right ones; None where none is.

        Worked number: right boxes of IoU 0.9 and 0.7: 0.8.
        """
        return self.overlap / self.right if self.right else None

    @property
    def perfect(self) -> bool:
        """True if everything true was labeled and nothing else; also of nothing."""
        return self.truth == self.labels == self.right

    def to_dict(self) -> dict[str, Any]:
        """As JSON, with the shares."""
        return {
            "truth": self.truth,
            "labels": self.labels,
            "right": self.right,
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
            "meanOverlap": self.meanOverlap,
        }


def compare(truth: Things, labels: Things, *, least: float = AT) -> dict[str, Score]:
    """Scores of one item by class; classes that are in neither are not there.

    Worked number: true boxes car (0, 0, 10, 10) and bus (50, 0, 10, 10), labeled car (0, 0, 10, 8)
    and car (50, 0, 10, 10): car 1 of 1 found, 1 of 2 right (IoU 0.8); bus 0 of 1 found.

    Args:
        truth: what is there.
        labels: what was labeled. Frames are told apart by sensor and file name.
        least: likeness from which on a thing is right, above 0, at most 1.

    Raises:
        ValueError: `least` is not in its range, or a label is compared as a whole (masks: see
            `mask_scores`; Custom labels: equal or not).
    """
    if not 0 < least <= 1:
        raise ValueError(f"least is {least}: a likeness above 0 and at most 1")
    if truth.content is not None or labels.content is not None:
        raise ValueError("masks, Custom labels and unread files hold no things to compare")
    found: dict[str, Score] = {}
    others = {place.key: place.things for place in labels.places}
    for place in truth.places:
        _compare(place.things, others.pop(place.key, ()), least, found)
    for things in others.values():
        _compare((), things, least, found)
    return found


def total(scores: Mapping[str, Score]) -> Score:
    """All classes together."""
    return sum(scores.values(), Score())


def pooled(items: Iterable[Mapping[str, Score]]) -> dict[str, Score]:
    """Scores by class over many items: counts are added, so large items count for more."""
    found: dict[str, Score] = {}
    for scores in items:
        for label, score in scores.items():
            found[label] = found.get(label, Score()) + score
    return found


def _compare(
    truth: tuple[Thing, ...], labels: tuple[Thing, ...], least: float, found: dict[str, Score]
) -> None:
    for label in sorted({thing.label for thing in (*truth, *labels)}):
        mine = [thing for thing in truth if thing.label == label]
        theirs = [thing for thing in labels if thing.label == label]
        alike = likeness(mine, theirs)
        # As many right ones as there can be; among those, the most alike.
        allowed = alike >= least
        pairs = match(alike + (len(mine) + 1.0) * allowed, allowed)
        score = Score(len(mine), len(theirs), len(pairs), sum(float(alike[pair]) for pair in pairs))
        found[label] = found.get(label, Score()) + score


@dataclass(frozen=True)
class MaskScore:
    """Two masks of the same size, pixel by pixel."""

    byClass: dict[str, float | None]
    """IoU; None for a class that is in neither."""
    mean: float | None
    """Mean over the classes that are in either."""
    accuracy: float | None
    """Share of all pixels that are of the same class; None for masks without pixels."""


def mask_scores(
    truth: NDArray[np.integer[Any]], labels: NDArray[np.integer[Any]], names: Mapping[int, str]
) -> MaskScore:
    """IoU of each class of two masks.

    Worked number: [[1, 1], [0, 0]] and [[1, 0], [0, 0]]: class 1 shares 1 of 2 pixels: 0.5; class 0
    2 of 3: 0.667; mean 0.583; accuracy 3 / 4.

    Args:
        truth: class number of each pixel, any shape.
        labels: the same, of the same shape.
        names: class names by number; pixels of other numbers are called "class 7".

    Raises:
        ValueError: the shapes differ.
    """
    if truth.shape != labels.shape:
        raise ValueError(f"the masks are of different sizes: {truth.shape} and {labels.shape}")
    by_class: dict[str, float | None] = dict.fromkeys(names.values())
    for number in np.union1d(truth, labels).tolist():
        mine, theirs = truth == number, labels == number
        name = names.get(number, f"class {number}")
        by_class[name] = float((mine & theirs).sum() / (mine | theirs).sum())
    known = [value for value in by_class.values() if value is not None]
    return MaskScore(
        by_class,
        sum(known) / len(known) if known else None,
        float((truth == labels).mean()) if truth.size else None,
    )
