"""How good labels are, measured against the hidden truth: what each level of people changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from terrace_local.workers.shapes import Shape, likeness, shape_from_json
from terrace_local.workers.truth import VideoTruth

SAME_THING = 0.3
"""A drawn shape and a true one are the same thing from this likeness on."""
GOOD = 0.7
"""Below this likeness a shape counts as badly drawn."""
SHAPE_KEYS = ("annotations", "polylines", "polygons", "keypoints")


@dataclass(frozen=True)
class Score:
    """Counts over frames: an object seen in 60 frames is 60 labels.

    Attributes:
        truth: Labels there should be.
        labels: Labels there are.
        missing: True objects nobody drew.
        extra: Labels of nothing.
        wrong_class: Labels of the right thing with the wrong class.
        badly_drawn: Labels of the right thing and class, likeness below 0.7.
        judged_fail: Labels a reviewer gave the verdict Fail.
        found: Of those, labels that are wrong indeed.
    """

    truth: int = 0
    labels: int = 0
    missing: int = 0
    extra: int = 0
    wrong_class: int = 0
    badly_drawn: int = 0
    judged_fail: int = 0
    found: int = 0

    @property
    def errors(self) -> int:
        """Everything that is wrong."""
        return self.missing + self.wrong_labels

    @property
    def wrong_labels(self) -> int:
        """Labels that are there and wrong: what a reviewer can find."""
        return self.extra + self.wrong_class + self.badly_drawn

    def __add__(self, other: "Score") -> "Score":
        return Score(*(a + b for a, b in zip(_values(self), _values(other), strict=True)))


def _values(score: Score) -> tuple[int, ...]:
    return (
        score.truth,
        score.labels,
        score.missing,
        score.extra,
        score.wrong_class,
        score.badly_drawn,
        score.judged_fail,
        score.found,
    )


@dataclass(frozen=True)
class _Label:
    shape: Shape
    label: str
    fail: bool


def score_sequence(
    labels: dict[str, Any], class_map: dict[str, str], truth: VideoTruth, kind: str
) -> Score:
    """Compares one SeqLabel file with the truth of its sequence, frame by frame.

    Args:
        labels: Content of SeqLabel.json.
        class_map: Class id -> label, of the manifest line's metadata.
        truth: What is really there.
        kind: `box` or `polyline`: which of the true objects were asked for.
    """
    drawn = {str(frame["frame"]): list(_read(frame, class_map)) for frame in _frames(labels)}
    wanted: dict[str, list[tuple[Shape, str]]] = {}
    for thing in truth.objects:
        if thing.kind == kind:
            for name, shape in thing.frames.items():
                wanted.setdefault(name, []).append((shape, thing.label))
    total = Score()
    for name in sorted(drawn.keys() | wanted.keys()):
        total += _score_frame(drawn.get(name, []), wanted.get(name, []))
    return total


def _score_frame(drawn: list[_Label], wanted: list[tuple[Shape, str]]) -> Score:
    """Pairs the likest first, so that a good label is never taken for a neighbour's bad one."""
    pairs = sorted(
        (
            (likeness(shape, label.shape), row, column)
            for row, (shape, _) in enumerate(wanted)
            for column, label in enumerate(drawn)
        ),
        reverse=True,
    )
    partner: dict[int, tuple[int, float]] = {}
    taken: set[int] = set()
    for like, row, column in pairs:
        if like >= SAME_THING and row not in taken and column not in partner:
            partner[column] = (row, like)
            taken.add(row)
    extra = wrong = bad = fail = found = 0
    for column, label in enumerate(drawn):
        is_wrong = True
        if column not in partner:
            extra += 1
        elif wanted[partner[column][0]][1] != label.label:
            wrong += 1
        elif partner[column][1] < GOOD:
            bad += 1
        else:
            is_wrong = False
        fail += label.fail
        found += label.fail and is_wrong
    return Score(len(wanted), len(drawn), len(wanted) - len(taken), extra, wrong, bad, fail, found)


def _frames(labels: dict[str, Any]) -> list[dict[str, Any]]:
    return list(labels.get("tracking-annotations") or labels.get("detection-annotations") or [])


def _read(frame: dict[str, Any], class_map: dict[str, str]) -> Iterator[_Label]:
    for key in SHAPE_KEYS:
        for row in frame.get(key) or []:
            attributes = row.get("label-category-attributes") or {}
            yield _Label(
                shape_from_json(row),
                class_map.get(str(row.get("class-id")), ""),
                attributes.get("audit") == "Fail",
            )
