"""Checks of the boxes of images: duplicates, edges of the image, sizes and shapes of a class."""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from terrace.domain.label_values import Box, BoxesLabel
from terrace.domain.quality.findings import Finding
from terrace.domain.quality.outliers import deviations
from terrace.domain.quality.subjects import Rules, Subject, times

CLASS_MIN = 10
"""Boxes of a class from which on there is such a thing as its usual size."""
IMAGES_MIN = 5
"""Images that they must be from: thirty sandwiches on one tray are no measure for others."""
FLOOR = 0.2
"""Least scale of log sizes: sizes within a fifth of each other are never told apart."""
EDGE_PX = 2.0
"""A box as near to the image's edge as this may be cut off by it: its shape says nothing."""


@dataclass(frozen=True)
class _Placed:
    """A box that can be measured, and where it stands."""

    subject: Subject
    place: int
    box: Box
    label: str
    image: tuple[int, int] | None

    @property
    def name(self) -> str:
        at = f"{self.box.left:.0f}, {self.box.top:.0f}"
        return f"Box {self.place} ({self.label}, at {at}) of {self.subject.name}"

    @property
    def corners(self) -> tuple[float, float, float, float]:
        box = self.box
        return box.left, box.top, box.left + box.width, box.top + box.height


def check(subjects: Sequence[Subject], rules: Rules) -> Iterator[Finding]:
    """Findings of all boxes; a box that cannot be measured is `degenerate-box` and nothing else."""
    classes: dict[str, list[_Placed]] = defaultdict(list)
    for subject in subjects:
        if not isinstance(subject.value, BoxesLabel):
            continue
        sound: list[_Placed] = []
        for placed in _placed(subject, subject.value):
            flat = _flat(placed, rules)
            if flat is not None:
                yield from flat
                continue
            sound.append(placed)
            classes[placed.label].append(placed)
            yield from _outside(placed, rules)
        yield from _pairs(sound, rules)
    for placed_of_class in classes.values():
        images = {one.subject.index for one in placed_of_class}
        if len(placed_of_class) >= CLASS_MIN and len(images) >= IMAGES_MIN:
            yield from _sizes(placed_of_class, rules)
            yield from _shapes(placed_of_class, rules)


def _placed(subject: Subject, value: BoxesLabel) -> Iterator[_Placed]:
    size = value.image_size
    image = size if size is not None and size[0] > 0 and size[1] > 0 else None
    for place, box in enumerate(value.boxes):
        label = value.class_names.get(box.class_number, f"class {box.class_number}")
        yield _Placed(subject, place, box, label, image)


# --- one box -------------------------------------------------------------------------------------


def _flat(placed: _Placed, rules: Rules) -> list[Finding] | None:
    """Findings of a box without area, none if nobody asked; None for a box that has one.

    Worked number: 40 x 0.5 px has a smaller side of 0.5, and the threshold is 1.
    """
    box = placed.box
    if not all(map(math.isfinite, (box.left, box.top, box.width, box.height))):
        found = "has a coordinate that is no number"
        side = None
    else:
        side = min(box.width, box.height)
        found = f"is {box.width:g} x {box.height:g} px: a click, not a box"
    name = "degenerate-box"
    wrong = side is None or side <= 0 or rules.flags(name, side)
    if not wrong:
        return None
    if name not in rules:
        return []
    sentence = f"{placed.name} {found}."
    return [_finding(rules, name, placed, sentence, side)]


def _outside(placed: _Placed, rules: Rules) -> Iterator[Finding]:
    """Worked number: left 90, width 15 in an image 100 px wide is 5 px outside."""
    if placed.image is None:
        return
    left, top, right, bottom = placed.corners
    beyond = max(-left, -top, right - placed.image[0], bottom - placed.image[1])
    if beyond > 0 and rules.flags("box-outside", beyond):
        width, height = placed.image
        sentence = f"{placed.name} reaches {beyond:.0f} px out of its image of {width} x {height}."
        yield _finding(rules, "box-outside", placed, sentence, beyond)


# --- two boxes -----------------------------------------------------------------------------------


def ious(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intersection over union of each box with each.

    Worked number: (0, 0, 2, 2) and (1, 0, 3, 2) share 2 of 6 square pixels: 1/3.

    Args:
        corners: shape (n, 4): left, top, right, bottom, of boxes with an area.

    Returns:
        Shape (n, n), symmetric, ones on the diagonal.
    """
    low = np.maximum(corners[:, None, :2], corners[None, :, :2])
    high = np.minimum(corners[:, None, 2:], corners[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0.0, None), axis=2)
    areas = np.prod(corners[:, 2:] - corners[:, :2], axis=1)
    found: NDArray[np.float64] = shared / (areas[:, None] + areas[None, :] - shared)
    return found


def _pairs(boxes: list[_Placed], rules: Rules) -> Iterator[Finding]:
    if len(boxes) < 2 or not ("duplicate-box" in rules or "double-label" in rules):
        return
    overlaps = np.triu(ious(np.array([one.corners for one in boxes])), k=1)
    for first, second in np.argwhere(overlaps > 0):
        one, other = boxes[first], boxes[second]
        same = one.label == other.label
        name = "duplicate-box" if same else "double-label"
        value = float(overlaps[first, second])
        if rules.flags(name, value):
            what = "both are" if same else f"one is {one.label}, the other"
            sentence = (
                f"Boxes {one.place} and {other.place} of {one.subject.name} lie on each other "
                f"({value:.0%}): {what} {other.label}."
            )
            yield _finding(rules, name, other, sentence, value)


# --- all boxes of a class ------------------------------------------------------------------------


def _sizes(boxes: list[_Placed], rules: Rules) -> Iterator[Finding]:
    """Worked number: areas of 1,000 px in 20 boxes, one of 16: ln(1,000 / 16) / 0.2 = 20.7."""
    if "box-size" not in rules:
        return
    # A share of the image where every image's size is known: images may differ in resolution.
    shares = all(one.image is not None for one in boxes)
    logs = [
        math.log(one.box.width)
        + math.log(one.box.height)
        - (math.log(one.image[0] * one.image[1]) if shares and one.image else 0.0)
        for one in boxes
    ]
    middle = float(np.median(logs))
    for one, log, off in zip(boxes, logs, deviations(logs, FLOOR), strict=True):
        if rules.flags("box-size", abs(float(off))):
            usual = (
                f"{math.exp(middle):.2%} of the image" if shares else f"{math.exp(middle):.0f} px"
            )
            sentence = (
                f"{one.name} is {times(math.exp(log - middle))} large as {one.label} usually is "
                f"({usual})."
            )
            yield _finding(rules, "box-size", one, sentence, abs(float(off)))


def _shapes(boxes: list[_Placed], rules: Rules) -> Iterator[Finding]:
    """Worked number: 20 boxes of 100 x 100, one of 100 x 25: ln(4) / 0.2 = 6.93 deviations."""
    whole = [one for one in boxes if not _cut(one)]
    if "box-shape" not in rules or len(whole) < CLASS_MIN:
        return
    logs = [math.log(one.box.width) - math.log(one.box.height) for one in whole]
    middle = float(np.median(logs))
    for one, log, off in zip(whole, logs, deviations(logs, FLOOR), strict=True):
        if rules.flags("box-shape", abs(float(off))):
            sentence = (
                f"{one.name} is {math.exp(log):.2g} times as wide as high; {one.label} is usually "
                f"{math.exp(middle):.2g} times."
            )
            yield _finding(rules, "box-shape", one, sentence, abs(float(off)))


def _cut(placed: _Placed) -> bool:
    """True for a box at its image's edge: what it shows may go on outside."""
    if placed.image is None:
        return False
    left, top, right, bottom = placed.corners
    room = min(left, top, placed.image[0] - right, placed.image[1] - bottom)
    return room <= EDGE_PX


def _finding(
    rules: Rules, name: str, placed: _Placed, sentence: str, value: float | None
) -> Finding:
    return rules.finding(
        name,
        placed.subject,
        sentence,
        place=placed.place,
        object_name=f"box {placed.place}",
        label=placed.label,
        value=value,
    )
