"""The check `disagreement`: labels that workers do not agree on, likely wrong ones first.

A posterior ranks better than the share of votes: 3 of 5 reliable workers are worth more than 3 of 5
who are often wrong (`bench/consolidation.py` has the numbers).
"""

from terrace.domain.modality import Shape
from terrace.domain.quality.agreement_summary import AgreementSummary, summary
from terrace.domain.quality.answers import COMPARABLE, Answers
from terrace.domain.quality.catalog_workers import DISAGREEMENT
from terrace.domain.quality.findings import Finding, Severity
from terrace.domain.quality.judged import Judged, Judgement, judge
from terrace.domain.quality.objects_consensus import NOTHING

__all__ = ["AgreementSummary", "check", "from_judged", "summary"]


def check(
    answers_by_item: Answers, shape: Shape, *, threshold: float | None = None
) -> list[Finding]:
    """Every label whose posterior is below the threshold, worst first, and what could not be read.

    Nothing where no item has answers of two workers: one worker cannot disagree. Where some have, a
    lone answer is judged by how reliable its worker is elsewhere.

    Worked number: AAB, AAB, BBB of workers a, b, c: A has 0.8605 in the first two items, B 0.9294
    in the third; at a threshold of 0.9 the first two are found.

    Args:
        answers_by_item: Answers by the item's place in the lane or manifest, from 0.
        shape: Of the labels; frames, point clouds and Custom answers are not compared: none.
        threshold: A posterior, 0 to 1; the catalog's default if none is given. For masks the mean
            IoU of the workers' masks with the vote.
    """
    if shape not in COMPARABLE:
        return []
    return from_judged(judge(answers_by_item, shape), threshold=threshold)


def from_judged(judged: Judged, *, threshold: float | None = None) -> list[Finding]:
    """The same, of answers that were judged before."""
    limit = DISAGREEMENT.threshold if threshold is None else threshold
    assert limit is not None
    doubted = [row for row in judged.judgements if row.value < limit] if judged.compared else []
    doubted.sort(key=lambda row: (row.value, row.item, row.said))
    return [
        *(_finding(row, limit, voted=judged.shape != "mask") for row in doubted),
        *(
            Finding(
                check=DISAGREEMENT.name,
                severity=Severity.info,
                sentence=f"A worker's answer could not be used in full: {problem.problem}.",
                item=problem.item,
            )
            for problem in judged.problems
        ),
    ]


def _finding(row: Judgement, limit: float, *, voted: bool) -> Finding:
    return Finding(
        check=DISAGREEMENT.name,
        severity=DISAGREEMENT.severity,
        sentence=f"{_capital(row.said)}{_weighed(row) if voted else ''}.",
        item=row.item,
        label=row.label or None,
        value=row.value,
        threshold=limit,
    )


def _weighed(row: Judgement) -> str:
    sure = f"{row.value * 100:.0f} %" if row.value < 0.995 else "over 99 %"
    what = f"{row.label} is right" if row.label != NOTHING else "it is not there"
    return f"; by how reliable they are elsewhere, {what} with a probability of {sure}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
