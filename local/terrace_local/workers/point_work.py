"""People who paint the points of a cloud, and those who look over it again."""

from dataclasses import dataclass

from terrace_local.ground_truth.categories import Categories
from terrace_local.workers.cloud_truth import CloudTruth
from terrace_local.workers.crew import Person
from terrace_local.workers.cuboids import Vector
from terrace_local.workers.mix import ErrorMix
from terrace_local.workers.seeds import chance, coin

BACKGROUND = 0
"""Class of a point that nobody painted; the labels' own classes count from 1."""
GROUND = "the ground"
_CLUMP = 4.0
"""Side of the squares that a guess paints in one colour, in metres."""


@dataclass(frozen=True)
class PointTask:
    """One cloud in one person's hands; ``seed`` fixes every choice made in it."""

    points: list[Vector]
    categories: Categories
    person: Person
    mix: ErrorMix
    seed: tuple[object, ...]


@dataclass(frozen=True)
class _Part:
    """Points that belong together, and the class they should have."""

    name: str
    points: list[int]
    right: int


def paint(truth: CloudTruth | None, task: PointTask) -> list[int]:
    """The class of every point, as a person paints it who was asked to."""
    if truth is None:
        return _guessed(task)
    errors, care = task.mix.label, task.person.care
    classes = [BACKGROUND] * len(task.points)
    for part in _parts(truth, task):
        rng = chance(*task.seed, "part", part.name)
        dice = [rng.random() for _ in range(3)]
        share = rng.uniform(0.2, 0.6)
        others = [c for c in range(1, len(task.categories.labels) + 1) if c != part.right]
        other = rng.choice(others) if others else part.right
        painted = part.points
        if dice[0] < errors.missedObject * care:
            continue
        if dice[1] < (errors.looseBox + errors.drift) * care:
            painted = painted[int(len(painted) * share) :]  # the brush did not reach all of it
        colour = other if dice[2] < errors.wrongClass * care else part.right
        for point in painted:
            classes[point] = colour
    return classes


def look_over(
    given: list[int], truth: CloudTruth | None, task: PointTask, audits: bool
) -> tuple[list[int], int]:
    """The classes after a review, and how many errors it saw and left.

    Args:
        given: The classes under review.
        truth: What is really there; None: nothing is found.
        task: The cloud and the person; where no label may be edited, nothing is changed.
        audits: Whether a verdict is asked for first of all: then little is changed.
    """
    if truth is None:
        alarmed = coin(task.mix.review.guessedFailShare, *task.seed, "guess")
        return list(given), int(alarmed)
    review = task.mix.review
    after, left = list(given), 0
    for part in _parts(truth, task):
        wrong = [point for point in part.points if given[point] != part.right]
        if not wrong:
            continue
        share = min(1.0, review.findShare * (2 - task.person.care))
        if not coin(share, *task.seed, "see", part.name):
            continue
        repairs = review.auditEditShare if audits else review.repairShare
        may = not task.categories.nothing_editable
        if may and coin(repairs, *task.seed, "repair", part.name):
            for point in wrong:
                after[point] = part.right
        else:
            left += 1
    return after, left


def _parts(truth: CloudTruth, task: PointTask) -> list[_Part]:
    """Things and ground, each with its points; a class that the job does not know is background."""
    free = set(range(len(task.points)))
    parts = []
    for thing in truth.things:
        cuboids = list(thing.frames.values())
        inside = [p for p in sorted(free) if any(c.holds(task.points[p], 0.02) for c in cuboids)]
        free -= set(inside)
        parts.append(_Part(thing.object_id, inside, _class_of(thing.label, task)))
    if truth.ground is not None:
        label, below = truth.ground
        ground = [p for p in sorted(free) if task.points[p][2] < below]
        parts.append(_Part(GROUND, ground, _class_of(label, task)))
    return parts


def _class_of(label: str, task: PointTask) -> int:
    index = task.categories.index_of(label)
    return BACKGROUND if index is None else index + 1


def _guessed(task: PointTask) -> list[int]:
    """Squares of the ground in one colour each: plausible to look at, and no more."""
    count = len(task.categories.labels) + 1
    return [
        chance(*task.seed, "square", int(x // _CLUMP), int(y // _CLUMP)).randrange(count)
        for x, y, _ in task.points
    ]
