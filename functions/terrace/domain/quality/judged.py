"""Answers of several workers, judged: what each item's come to and how sure that is.

One way in for every shape. Classes and verdicts are voted on by item; of any number of classes
each is voted on, yes or no; boxes and spans are grouped and each group is voted on; masks are voted
on by pixel.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from terrace.domain.modality import Shape
from terrace.domain.quality import answers as reading
from terrace.domain.quality import boxes_consensus, consensus, mask_vote, spans_consensus
from terrace.domain.quality import dawid_skene as ds
from terrace.domain.quality import votes as counting
from terrace.domain.quality.answers import (
    Answers,
    BoxMark,
    Given,
    MaskMark,
    SpanMark,
    Unreadable,
)
from terrace.domain.quality.consensus import Consensus
from terrace.domain.quality.mask_vote import Mask
from terrace.domain.quality.objects_consensus import NOTHING, Group, object_votes
from terrace.domain.quality.votes import Votes

YES, NO = "yes", "no"


@dataclass(frozen=True)
class Judgement:
    """What one unit of an item comes to: the item, one of its classes, or one of its objects."""

    item: int
    label: str
    """Class; NOTHING where most workers marked no such object; empty for masks."""
    value: float
    """Posterior of the label, 0 to 1; for masks the mean IoU of the workers' with the vote."""
    said: str
    """Who said what, in words: `3 of 5 workers said Duck, 2 said Goose`."""
    votes: int
    agreeing: int
    by_majority: str
    """What most said."""


@dataclass(frozen=True)
class Judged:
    """All answers of a job, judged."""

    shape: Shape
    items: int
    """Items with an answer that could be read."""
    compared: int
    """Items with answers of two workers or more."""
    judgements: list[Judgement]
    problems: list[Unreadable]
    votes: Votes
    """Of units as told above; none for masks."""
    fitted: ds.Estimate
    given: Given[object]
    masks: dict[int, dict[str, Mask]] = field(default_factory=dict)

    @property
    def workers(self) -> list[str]:
        """Pseudonyms of all who answered, ascending."""
        return sorted({worker for of_item in self.given.by_item.values() for worker in of_item})


def judge(answers: Answers, shape: Shape) -> Judged:
    """Reads and judges.

    Raises:
        ValueError: A shape whose answers cannot be compared (not in `answers.COMPARABLE`).
    """
    if shape in ("class", "verdict"):
        return _classes(reading.classes(answers), shape)
    if shape == "classes":
        return _class_sets(reading.class_sets(answers))
    if shape == "boxes":
        return _boxes(reading.boxes(answers))
    if shape == "spans":
        return _spans(reading.spans(answers))
    if shape == "mask":
        return _masks(reading.masks(answers))
    raise ValueError(f"answers of shape {shape} cannot be compared")


def _judged(
    shape: Shape,
    given: Given[object],
    votes: Votes,
    fitted: ds.Estimate,
    judgements: Sequence[Judgement],
) -> Judged:
    return Judged(
        shape=shape,
        items=len(given.by_item),
        compared=given.compared,
        judgements=list(judgements),
        problems=given.problems,
        votes=votes,
        fitted=fitted,
        given=given,
    )


def _classes(given: Given[str], shape: Shape) -> Judged:
    votes = reading.class_votes(given)
    fitted = ds.estimate(votes)
    rows = []
    for found in consensus.consolidate(votes, fitted):
        item = _number(found.unit)
        rows.append(_judgement(item, found, _said(given.by_item[item])))
    return _judged(shape, _any(given), votes, fitted, rows)


def _class_sets(given: Given[frozenset[str]]) -> Judged:
    """Every class that anybody chose anywhere is asked of every item: was it chosen or not."""
    names = sorted({name for of in given.by_item.values() for said in of.values() for name in said})
    votes = counting.of(
        ((item, name), worker, YES if name in said else NO)
        for item, of_item in given.by_item.items()
        for worker, said in of_item.items()
        for name in names
    )
    fitted = ds.estimate(votes)
    rows = []
    for found in consensus.consolidate(votes, fitted):
        item, name = _pair(found.unit)
        chosen = sum(name in said for said in given.by_item[item].values())
        workers = f"{chosen} of {_workers(found.votes)} chose {name}"
        label = name if found.label == YES else NOTHING
        majority = name if found.majority == YES else NOTHING
        rows.append(
            Judgement(item, label, found.posterior, workers, found.votes, found.agreeing, majority)
        )
    return _judged("classes", _any(given), votes, fitted, rows)


def _boxes(given: Given[tuple[BoxMark, ...]]) -> Judged:
    groups = [one for item, of in given.by_item.items() for one in boxes_consensus.groups(item, of)]
    votes = object_votes(groups)
    fitted = ds.estimate(votes)
    rows = []
    for group, found in zip(groups, consensus.consolidate(votes, fitted), strict=True):
        left, top, width, height = boxes_consensus.combined(list(group.marks.values()))
        place = f"at {left:.0f}, {top:.0f} ({width:.0f} x {height:.0f} px)"
        rows.append(_judgement(group.item, found, _marked(group, "a box", place)))
    return _judged("boxes", _any(given), votes, fitted, rows)


def _spans(given: Given[tuple[SpanMark, ...]]) -> Judged:
    groups = [one for item, of in given.by_item.items() for one in spans_consensus.groups(item, of)]
    votes = object_votes(groups)
    fitted = ds.estimate(votes)
    rows = []
    for group, found in zip(groups, consensus.consolidate(votes, fitted), strict=True):
        start, end = spans_consensus.combined(list(group.marks.values()))
        place = f"at characters {start} to {end}"
        rows.append(_judgement(group.item, found, _marked(group, "an entity", place)))
    return _judged("spans", _any(given), votes, fitted, rows)


def _masks(given: Given[MaskMark]) -> Judged:
    names = sorted(
        {name for of in given.by_item.values() for mark in of.values() for name, _ in mark.colors}
    )
    problems = list(given.problems)
    decoded: dict[int, dict[str, Mask]] = {}
    rows = []
    for item, of_item in given.by_item.items():
        for worker, mark in of_item.items():
            try:
                decoded.setdefault(item, {})[worker] = mask_vote.decode(mark, names)
            except ValueError as error:
                problems.append(Unreadable(item, worker, f"the mask {error}"))
        readable = decoded.get(item, {})
        if len(readable) < 2:
            continue
        try:
            found = mask_vote.vote(readable)
        except ValueError as error:
            problems.append(Unreadable(item, "", str(error)))
            del decoded[item]
            continue
        least = min(found.likeness.values())
        value = sum(found.likeness.values()) / len(found.likeness)
        share = f"share {value * 100:.0f} % with what most painted, one only {least * 100:.0f} %"
        said = f"the masks of {_workers(len(readable))} {share}"
        rows.append(Judgement(item, "", value, said, len(readable), len(readable), ""))
    nothing = counting.of(())
    compared = sum(len(of_item) >= 2 for of_item in decoded.values())
    return Judged(
        shape="mask",
        items=len(decoded),
        compared=compared,
        judgements=rows,
        problems=problems,
        votes=nothing,
        fitted=ds.estimate(nothing),
        given=_any(given),
        masks=decoded,
    )


# --- words ---------------------------------------------------------------------------------------


def _judgement(item: int, found: Consensus, said: str) -> Judgement:
    return Judgement(
        item, found.label, found.posterior, said, found.votes, found.agreeing, found.majority
    )


def _said(of_item: dict[str, str]) -> str:
    tally: dict[str, int] = {}
    for label in of_item.values():
        tally[label] = tally.get(label, 0) + 1
    rows = sorted(tally.items(), key=lambda row: (-row[1], row[0]))
    if len(of_item) == 1:
        return f"the only worker who answered said {rows[0][0]}"
    parts = [f"{often} said {label}" for label, often in rows[1:]]
    label, often = rows[0]
    return ", ".join([f"{often} of {_workers(len(of_item))} said {label}", *parts])


def _marked(group: Group[BoxMark] | Group[SpanMark], what: str, place: str) -> str:
    tally: dict[str, int] = {}
    for mark in group.marks.values():
        tally[mark.label] = tally.get(mark.label, 0) + 1
    rows = sorted(tally.items(), key=lambda row: (-row[1], row[0]))
    names = ", ".join(f"{often} as {label}" for label, often in rows)
    return f"{len(group.marks)} of {_workers(len(group.asked))} marked {what} {place}: {names}"


def _workers(number: int) -> str:
    return f"{number} worker" if number == 1 else f"{number} workers"


def _any(given: Given[Any]) -> Given[object]:
    return given


def _number(unit: object) -> int:
    assert isinstance(unit, int)
    return unit


def _pair(unit: object) -> tuple[int, str]:
    assert isinstance(unit, tuple)
    item, name = unit
    return int(item), str(name)
