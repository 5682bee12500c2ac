"""How far the workers of a job agree, in one record for reports."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, cast

from terrace.domain.modality import Shape
from terrace.domain.quality import agreement, alpha, boxes_consensus, mask_vote, spans_consensus
from terrace.domain.quality.answers import COMPARABLE, Answers, Unreadable
from terrace.domain.quality.coefficients import NOBODY, Coefficient
from terrace.domain.quality.judged import Judged, judge
from terrace.domain.quality.workers import WorkerQuality
from terrace.domain.quality.workers import table as worker_table

SET_PAIRS = 500_000
"""Pairs of different sets that are compared: 1,000 different sets, in half a second."""
ONE_WORKER = "Labels of this kind are made by one worker each: there is nothing to compare."


@dataclass(frozen=True)
class AgreementSummary:
    """What several workers' answers say about a job. Workers are pseudonyms."""

    shape: str
    items: int
    """Items with a readable answer."""
    compared: int
    """Items with answers of two workers or more: what the measures rest on."""
    workers: int
    answers: int
    measures: dict[str, Coefficient] = field(default_factory=dict)
    """`percent`, `cohen` (mean over pairs), `fleiss`, `alpha` by unit; for boxes `alphaIoU`, spans
    `exact`, `overlap`, `alphaExact`, `alphaOverlap`, classes `alphaJaccard`, masks `alphaPixels`,
    `likeness` (mean IoU with the vote)."""
    units: str = "items"
    """What is voted on: items, classes of items, objects, pixels."""
    overruled: int = 0
    """Units whose consensus is not what most workers said."""
    table: list[WorkerQuality] = field(default_factory=list)
    """Every worker, least skilled first."""
    problems: list[Unreadable] = field(default_factory=list)
    why: str | None = None
    """Why there is nothing to say, where that is so."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def summary(answers_by_item: Answers, shape: Shape) -> AgreementSummary:
    """Percent agreement, kappas, alpha and the workers' table of a job.

    Worked number: two workers, items AA, AB, BB: percent 0.6667, fleiss 0.3333, alpha 0.4444.
    """
    if shape not in COMPARABLE:
        workers = {answer.worker_id for of in answers_by_item.values() for answer in of}
        answered = sum(len(of) for of in answers_by_item.values())
        items = sum(bool(of) for of in answers_by_item.values())
        return AgreementSummary(shape, items, 0, len(workers), answered, why=ONE_WORKER)
    return of_judged(judge(answers_by_item, shape))


def of_judged(judged: Judged) -> AgreementSummary:
    """The same, of answers that were judged before."""
    votes = judged.votes
    table = worker_table(votes, judged.fitted, judged.given.seconds) if len(votes) else []
    return AgreementSummary(
        shape=judged.shape,
        items=judged.items,
        compared=judged.compared,
        workers=len(judged.workers),
        answers=sum(len(of_item) for of_item in judged.given.by_item.values()),
        measures=_measures(judged),
        units=_UNITS[judged.shape],
        overruled=sum(row.label != row.by_majority for row in judged.judgements),
        table=table,
        problems=judged.problems,
        why=None if judged.compared else NOBODY,
    )


_UNITS: dict[Shape, str] = {
    "class": "items",
    "verdict": "items",
    "classes": "classes of items",
    "boxes": "objects",
    "spans": "objects",
    "mask": "pixels",
}


def _measures(judged: Judged) -> dict[str, Coefficient]:
    if judged.shape == "mask":
        return _of_masks(judged)
    found = {
        "percent": agreement.percent(judged.votes),
        "cohen": agreement.mean_cohen(judged.votes),
        "fleiss": agreement.fleiss(judged.votes),
        "alpha": alpha.nominal(judged.votes),
    }
    answers = [list(of_item.values()) for _, of_item in sorted(judged.given.by_item.items())]
    if judged.shape == "classes":
        found["alphaJaccard"] = _by(answers, set_distance, SET_PAIRS)
    if judged.shape == "boxes":
        found["alphaIoU"] = _by(answers, boxes_consensus.distance)
    if judged.shape == "spans":
        texts = cast(Any, answers)
        for name, exact in (("exact", True), ("overlap", False)):
            mean = spans_consensus.mean_agreement(texts, exact=exact)
            why = NOBODY if mean is None else None
            found[name] = Coefficient(mean, judged.compared, _paired(answers), why)
        found["alphaExact"] = _by(answers, spans_consensus.exact_distance)
        found["alphaOverlap"] = _by(answers, spans_consensus.overlap_distance)
    return found


def _of_masks(judged: Judged) -> dict[str, Coefficient]:
    images = [list(of_item.values()) for of_item in judged.masks.values()]
    likeness = [row.value for row in judged.judgements]
    mean = sum(likeness) / len(likeness) if likeness else None
    why = NOBODY if mean is None else None
    return {
        "likeness": Coefficient(mean, len(likeness), _paired(images), why),
        "alphaPixels": mask_vote.pixel_alpha(images),
    }


def set_distance(one: frozenset[str], other: frozenset[str]) -> float:
    """1 - Jaccard index of two sets of classes; two empty ones are equal.

    Worked number: {rain, night} and {rain}: 1 - 1/2 = 0.5.
    """
    return 1 - len(one & other) / len(one | other) if one | other else 0.0


def _by(
    answers: Sequence[Sequence[object]],
    distance: Callable[[Any, Any], float],
    most_pairs: int = alpha.MOST_PAIRS,
) -> Coefficient:
    return alpha.by_distance(answers, distance, most_pairs=most_pairs)


def _paired(answers: Sequence[Sequence[object]]) -> int:
    return sum(len(of_item) for of_item in answers if len(of_item) >= 2)
