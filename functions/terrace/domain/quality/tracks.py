"""A track: one object through the frames of a sequence."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrace.domain.quality.shape_reading import Kind

Sensor = str
ClassNames = Mapping[str, str]
"""Class names by `class-id`, as a text."""
UNKNOWN_CLASS = "an unknown class"


@dataclass(frozen=True)
class Track:
    """One object through the frames in which it has a readable label."""

    id: str
    name: str
    """`object-name`, else the id: as people know it."""
    label: str
    """Class name (`class_of`)."""
    kind: Kind
    sensor: Sensor
    """`lidar`, `camera-0`...; "" where there is only one."""
    frames: NDArray[np.int64]
    """Frame numbers, ascending, each once; shape (n,)."""
    coordinates: NDArray[np.float64]
    """Shape (n, k), in pixels (metres and radians for cuboids). box: left, top, width, height;
    keypoint: x, y; cuboid: center x, y, z, length, width, height, roll, pitch, yaw; polyline and
    polygon: left, top, width, height around the points."""
    points: tuple[NDArray[np.float64], ...] = ()
    """Polyline and polygon: the vertices of each frame, shape (m, 2)."""
    classes: tuple[str, ...] = ()
    """`class-id` of each frame, as a text."""
    attributes: tuple[dict[str, Any], ...] = ()
    """`label-category-attributes` of each frame."""

    def __len__(self) -> int:
        return len(self.frames)


def name_of(one: dict[str, Any]) -> str:
    name, ident = one.get("object-name"), one.get("object-id")
    if isinstance(name, str) and name:
        return name
    return ident if isinstance(ident, str) else "a label"


def class_of(one: dict[str, Any], names: ClassNames) -> str:
    """Class of a label as people know it.

    Its class-id's name; where that has none, the object's name without its number (`Vehicle:1` ->
    `Vehicle`), else the number.
    """
    ident = one.get("class-id")
    known = names.get(str(ident))
    if known is not None:
        return known
    name = one.get("object-name")
    if isinstance(name, str) and name:
        return _head(name) or name
    return UNKNOWN_CLASS if ident is None else f"class {ident}"


def names_by_id(given: Mapping[int, str] | None, tracks: Iterable[Track]) -> ClassNames:
    """Class names by class-id: the given ones, and what the objects' names tell of the others.

    Worked number: none given, `Car:1` and `Car:2` of class 0, `Van:3` of class 0 in most frames:
    class 0 is Car, as most objects say.
    """
    found = {str(number): name for number, name in (given or {}).items()}
    told: dict[str, Counter[str]] = {}
    for track in tracks:
        ident = Counter(track.classes).most_common(1)[0][0]
        head = _head(track.name)
        if head and ident not in found:
            told.setdefault(ident, Counter())[head] += 1
    return {**{ident: heads.most_common(1)[0][0] for ident, heads in told.items()}, **found}


def _head(name: str) -> str | None:
    """`Vehicle` of `Vehicle:1`; None of a name that is not made so."""
    head, _, tail = name.rpartition(":")
    return head if head and tail.isdigit() else None


def attributes_of(one: dict[str, Any]) -> dict[str, Any]:
    """Attributes of a label; none where they are missing or no object."""
    found = one.get("label-category-attributes")
    return found if isinstance(found, dict) else {}
