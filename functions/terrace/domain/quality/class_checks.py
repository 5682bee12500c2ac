"""Checks of classes: unlike the items around it, rare, or not agreed upon by its workers."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from terrace.domain.label_values import (
    BoxesLabel,
    ClassesLabel,
    ClassLabel,
    CuboidsLabel,
    SpansLabel,
)
from terrace.domain.quality.findings import Finding
from terrace.domain.quality.span_checks import words_of
from terrace.domain.quality.subjects import NEIGHBOURS_MIN, Rules, Subject, neighbours, quoted

_Named = tuple[str, int | None, float | None]
"""Class name, place of the object or None for the item itself, confidence."""


def check(subjects: Sequence[Subject], rules: Rules) -> Iterator[Finding]:
    """Findings about class names; a reviewer's verdicts are no classes."""
    classes = [one for one in subjects if not one.verdict]
    yield from _unlike_neighbours(classes, rules)
    yield from _rare(classes, rules)
    yield from _unsure(classes, rules)


def _name(found: ClassLabel) -> str:
    return found.name if found.name is not None else f"class {found.number}"


def _unlike_neighbours(subjects: Sequence[Subject], rules: Rules) -> Iterator[Finding]:
    """Worked number: 10 neighbours, 9 of them `day`, and the item is `night`: 0.9."""
    if "class-neighbours" not in rules:
        return
    names = {one.index: _name(one.value) for one in subjects if isinstance(one.value, ClassLabel)}
    for subject, around in neighbours(one for one in subjects if one.index in names):
        if len(around) < NEIGHBOURS_MIN:
            continue
        own = names[subject.index]
        counts = Counter(names[one.index] for one in around)
        usual, number = counts.most_common(1)[0]
        value = number / len(around)
        if usual != own and rules.flags("class-neighbours", value):
            sentence = (
                f"{_capital(subject.name)} is {own}; of the {len(around)} items around it "
                f"{number} are {usual}."
            )
            yield rules.finding("class-neighbours", subject, sentence, label=own, value=value)


def _rare(subjects: Sequence[Subject], rules: Rules) -> Iterator[Finding]:
    """Worked number: 1 of 200 objects is a `van`: 0.005, which is the threshold."""
    if "rare-class" not in rules:
        return
    all_named = [(subject, named) for subject in subjects for named in _named(subject)]
    counts = Counter(named[0] for _, named in all_named)
    total = counts.total()
    for subject, (name, place, _) in all_named:
        share = counts[name] / total
        # The only class there is cannot be rare.
        if len(counts) > 1 and rules.flags("rare-class", share):
            where = subject.name if place is None else f"object {place} of {subject.name}"
            sentence = f"{_capital(where)} is {name}, as only {counts[name]} of {total:,} are."
            yield rules.finding(
                "rare-class", subject, sentence, place=place, label=name, value=share
            )


def _unsure(subjects: Sequence[Subject], rules: Rules) -> Iterator[Finding]:
    """Worked number: confidences of 0.95 and one of 0.51, threshold 0.6: that one is named.

    Where the median is at the threshold or below, nothing is said: Ground Truth writes 0, or 0.09,
    where one worker was asked, and that is no opinion.
    """
    if "low-confidence" not in rules:
        return
    sure = [
        (subject, name, place, confidence)
        for subject in subjects
        for name, place, confidence in _named(subject)
        if confidence is not None and np.isfinite(confidence)
    ]
    usual = float(np.median([row[3] for row in sure])) if sure else 0.0
    if rules.flags("low-confidence", usual):
        return
    for subject, name, place, confidence in sure:
        if rules.flags("low-confidence", confidence):
            what = subject.name if place is None else f"{_span(subject, place)} of {subject.name}"
            sentence = (
                f"{_capital(what)} is {name} with a confidence of {confidence:.2f}; {usual:.2f} is "
                "usual."
            )
            yield rules.finding(
                "low-confidence", subject, sentence, place=place, label=name, value=confidence
            )


def _named(subject: Subject) -> list[_Named]:
    """Everything of an item that has a class."""
    value = subject.value
    if isinstance(value, ClassLabel):
        return [(_name(value), None, value.confidence)]
    if isinstance(value, ClassesLabel):
        return [(_name(one), None, one.confidence) for one in value.classes]
    if isinstance(value, SpansLabel):
        return [(span.label, at, span.confidence) for at, span in enumerate(value.spans)]
    if isinstance(value, BoxesLabel | CuboidsLabel):
        shapes = value.boxes if isinstance(value, BoxesLabel) else value.cuboids
        numbers = [shape.class_number for shape in shapes]
        return [
            (value.class_names.get(number, f"class {number}"), at, None)
            for at, number in enumerate(numbers)
        ]
    return []


def _span(subject: Subject, place: int) -> str:
    value = subject.value
    words = words_of(subject, value.spans[place]) if isinstance(value, SpansLabel) else None
    return quoted(words) if words else f"entity {place}"


def _capital(text: str) -> str:
    """A sentence's first word; a file's name stays as it is."""
    return f"{text[0].upper()}{text[1:]}" if text.startswith(("line ", "object ")) else text
