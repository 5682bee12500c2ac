"""Checks of the cuboids of single point clouds: without volume, or of an unusual size."""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from terrace.domain.label_values import Cuboid, CuboidsLabel
from terrace.domain.quality.findings import Finding
from terrace.domain.quality.outliers import deviations
from terrace.domain.quality.subjects import Rules, Subject, times

CLASS_MIN = 10
"""Cuboids of a class from which on there is such a thing as its usual size."""
FLOOR = 0.1
"""Least scale of log sides: cars differ by a tenth, and no lens makes the far ones smaller."""
SIDES = ("long", "wide", "high")
_Placed = tuple[Subject, int, Cuboid, str]


def check(subjects: Sequence[Subject], rules: Rules) -> Iterator[Finding]:
    """Findings of all cuboids; one without volume is `degenerate-box` and nothing else."""
    classes: dict[str, list[_Placed]] = defaultdict(list)
    for subject in subjects:
        if not isinstance(subject.value, CuboidsLabel):
            continue
        for place, cuboid in enumerate(subject.value.cuboids):
            label = subject.value.class_names.get(
                cuboid.class_number, f"class {cuboid.class_number}"
            )
            placed = (subject, place, cuboid, label)
            numbers = (*cuboid.center, *cuboid.size, *cuboid.angles)
            if not all(map(math.isfinite, numbers)) or min(cuboid.size) <= 0:
                yield from _flat(placed, rules)
            else:
                classes[label].append(placed)
    for placed_of_class in classes.values():
        if len(placed_of_class) >= CLASS_MIN and "cuboid-size" in rules:
            yield from _sizes(placed_of_class, rules)


def _flat(placed: _Placed, rules: Rules) -> Iterator[Finding]:
    if "degenerate-box" not in rules:
        return
    side = min(placed[2].size)
    size = " x ".join(f"{one:g}" for one in placed[2].size)
    sentence = f"{_name(placed)} has no volume ({size} m), or a coordinate that is no number."
    value = side if math.isfinite(side) else None
    yield _finding(rules, "degenerate-box", placed, sentence, value)


def _sizes(cuboids: list[_Placed], rules: Rules) -> Iterator[Finding]:
    """Of three sides the worst one speaks.

    Worked number: 20 cars 4 m long and one of 8 m: ln(2) / 0.1 = 6.93 deviations.
    """
    logs = np.log([one[2].size for one in cuboids])
    offs = np.column_stack([deviations(list(side), FLOOR) for side in logs.T])
    for placed, log, off in zip(cuboids, logs, offs, strict=True):
        side = int(np.argmax(np.abs(off)))
        value = abs(float(off[side]))
        if rules.flags("cuboid-size", value):
            usual = math.exp(float(np.median(logs[:, side])))
            sentence = (
                f"{_name(placed)} is {times(math.exp(float(log[side])) / usual)} {SIDES[side]} as "
                f"{placed[3]} usually is ({usual:.2g} m)."
            )
            yield _finding(rules, "cuboid-size", placed, sentence, value)


def _name(placed: _Placed) -> str:
    subject, place, cuboid, label = placed
    return f"{cuboid.name or f'Cuboid {place}'} ({label}) of {subject.name}"


def _finding(
    rules: Rules, name: str, placed: _Placed, sentence: str, value: float | None
) -> Finding:
    subject, place, cuboid, label = placed
    return rules.finding(
        name,
        subject,
        sentence,
        place=place,
        object_name=cuboid.name or f"cuboid {place}",
        label=label,
        value=value,
    )
