"""What workers wrote, read into values that can be compared: by the shape of the label.

A part of an answer that cannot be read (a box without a number in it) is never dropped silently:
it is a problem that says whose answer to which item it was, and what would be right.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Generic, TypeVar

from terrace.domain.modality import Shape
from terrace.domain.privacy import pseudonym
from terrace.domain.quality import votes as counting
from terrace.domain.quality.votes import Votes
from terrace.domain.worker_responses import WorkerAnswer

Value = TypeVar("Value")
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True, slots=True)
class BoxMark:
    """A box that a worker drew, in pixels."""

    label: str
    left: float
    top: float
    width: float
    height: float

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """(left, top, width, height)."""
        return (self.left, self.top, self.width, self.height)


@dataclass(frozen=True, order=True)
class SpanMark:
    """A stretch of text that a worker marked; `end` is not part of it."""

    start: int
    end: int
    label: str


@dataclass(frozen=True)
class MaskMark:
    """A mask that a worker painted, as it was sent."""

    png: str
    """Base64."""
    colors: tuple[tuple[str, str], ...]
    """(class, `#rrggbb`), classes ascending."""


@dataclass(frozen=True)
class Unreadable:
    """A part of an answer that could not be read, or an answer that does not count."""

    item: int
    worker: str
    """A pseudonym."""
    problem: str
    """What is wrong and what would be right."""


@dataclass(frozen=True)
class Given(Generic[Value]):
    """Every item's answers by pseudonym, and what could not be read."""

    by_item: dict[int, dict[str, Value]]
    problems: list[Unreadable] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    """Median time a worker spent on a task, for those whose file says it."""

    @property
    def compared(self) -> int:
        """Items with answers of two workers or more."""
        return sum(len(answers) >= 2 for answers in self.by_item.values())


Answers = Mapping[int, tuple[WorkerAnswer, ...]]


def votes(answers: Answers) -> Votes:
    """Votes on the class of each item (or the verdict on it)."""
    return class_votes(classes(answers))


def class_votes(given: Given[str]) -> Votes:
    """The same, of answers that were read before."""
    return counting.of(
        (item, worker, label)
        for item, of_item in given.by_item.items()
        for worker, label in of_item.items()
    )


def classes(answers: Answers) -> Given[str]:
    """One class an answer: `{"label": "Duck"}`; a verification's verdict is written alike."""
    return _read(answers, _class)


def class_sets(answers: Answers) -> Given[frozenset[str]]:
    """Any number of classes: `{"labels": ["rain", "night"]}`."""
    return _read(answers, _class_set)


def boxes(answers: Answers) -> Given[tuple[BoxMark, ...]]:
    """Boxes: `{"boundingBoxes": [{"label", "left", "top", "width", "height"}]}`, any number."""
    return _read(answers, _boxes)


def spans(answers: Answers) -> Given[tuple[SpanMark, ...]]:
    """Named entities: `{"entities": [{"startOffset", "endOffset", "label"}]}`."""
    return _read(answers, _spans)


def masks(answers: Answers) -> Given[MaskMark]:
    """Masks: `{"labelMappings": {class: {"color"}}, "labeledImage": {"pngImageData"}}`."""
    return _read(answers, _mask)


COMPARABLE: tuple[Shape, ...] = ("class", "verdict", "classes", "boxes", "spans", "mask")
"""Shapes that several workers label; frames and point clouds have one worker (Ground Truth's rule),
what a Custom job's page sends is known to its own function only."""


# --- reading -------------------------------------------------------------------------------------


class _AnswerError(ValueError):
    """The whole answer cannot be read; the text says why."""


def _read(answers: Answers, reader: Any) -> Given[Any]:
    by_item: dict[int, dict[str, Any]] = {}
    problems: list[Unreadable] = []
    times: dict[str, list[float]] = {}
    for item, of_item in sorted(answers.items()):
        found: dict[str, Any] = {}
        # The latest answer of a worker counts; the order in the file says nothing.
        for answer in sorted(of_item, key=lambda one: (one.submitted, str(one.content))):
            worker = pseudonym(answer.worker_id)
            if worker in found:
                problems.append(Unreadable(item, worker, "answered twice: the later answer counts"))
            try:
                found[worker], wrong = reader(answer.content)
            except _AnswerError as error:
                problems.append(Unreadable(item, worker, str(error)))
                continue
            problems += [Unreadable(item, worker, text) for text in wrong]
            if answer.seconds is not None and math.isfinite(answer.seconds):
                times.setdefault(worker, []).append(answer.seconds)
        if found:
            by_item[item] = found
    return Given(by_item, problems, {name: median(spent) for name, spent in times.items()})


def _class(content: Any) -> tuple[str, list[str]]:
    label = content.get("label") if isinstance(content, dict) else None
    if not isinstance(label, str) or not label:
        raise _AnswerError('has no "label": the name of a class is expected there')
    return label, []


def _class_set(content: Any) -> tuple[frozenset[str], list[str]]:
    labels = content.get("labels") if isinstance(content, dict) else None
    if not isinstance(labels, list):
        raise _AnswerError('has no list "labels": names of classes are expected there')
    good = [label for label in labels if isinstance(label, str) and label]
    wrong = ['an entry of "labels" is no name of a class'] * (len(labels) - len(good))
    return frozenset(good), wrong


def _boxes(content: Any) -> tuple[tuple[BoxMark, ...], list[str]]:
    rows = content.get("boundingBoxes") if isinstance(content, dict) else None
    if not isinstance(rows, list):
        raise _AnswerError('has no list "boundingBoxes"')
    found, wrong = [], []
    for place, row in enumerate(rows):
        sizes = [_number(row, key) for key in ("left", "top", "width", "height")]
        label = row.get("label") if isinstance(row, dict) else None
        left, top, width, height = sizes
        if not isinstance(label, str) or not label:
            wrong.append(f"box {place} has no label")
        elif left is None or top is None or width is None or height is None:
            wrong.append(f"box {place} has no finite left, top, width and height")
        elif width < 0 or height < 0:
            wrong.append(f"box {place} has a negative size")
        else:
            found.append(BoxMark(label, left, top, width, height))
    return tuple(found), wrong


def _spans(content: Any) -> tuple[tuple[SpanMark, ...], list[str]]:
    rows = content.get("entities") if isinstance(content, dict) else None
    if not isinstance(rows, list):
        raise _AnswerError('has no list "entities"')
    found, wrong = set(), []
    for place, row in enumerate(rows):
        start, end = (_number(row, key) for key in ("startOffset", "endOffset"))
        label = row.get("label") if isinstance(row, dict) else None
        if not isinstance(label, str) or not label:
            wrong.append(f"entity {place} has no label")
        elif start is None or end is None or start < 0 or end < start or start % 1 or end % 1:
            wrong.append(f"entity {place} needs whole startOffset and endOffset, the end behind")
        else:
            found.add(SpanMark(int(start), int(end), label))
    return tuple(sorted(found)), wrong


def _mask(content: Any) -> tuple[MaskMark, list[str]]:
    content = content if isinstance(content, dict) else {}
    image, mappings = content.get("labeledImage"), content.get("labelMappings")
    png = image.get("pngImageData") if isinstance(image, dict) else None
    if not isinstance(png, str) or not isinstance(mappings, dict):
        raise _AnswerError('has no "labeledImage.pngImageData" and "labelMappings"')
    colors, wrong = [], []
    for name, about in sorted(mappings.items()):
        color = about.get("color") if isinstance(about, dict) else None
        if isinstance(color, str) and _COLOR.fullmatch(color):
            colors.append((name, color.lower()))
        else:
            wrong.append("a class of labelMappings has no colour #rrggbb")
    return MaskMark(png, tuple(colors)), wrong


def _number(row: Any, key: str) -> float | None:
    value = row.get(key) if isinstance(row, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e300 and math.isfinite(value) else None
