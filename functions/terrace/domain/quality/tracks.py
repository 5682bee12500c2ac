"""A track: one object through the frames of a sequence."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrace.domain.quality.shape_reading import Kind

Sensor = str


@dataclass(frozen=True)
class Track:
    """One object through the frames in which it has a readable label."""

    id: str
    name: str
    """`object-name`, else the id: as people know it."""
    label: str
    """Class: the object's name without its number (`Vehicle:1` -> `Vehicle`), else the class-id."""
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


def class_of(one: dict[str, Any]) -> str:
    """Class of a label: the object's name without its number, else the class number."""
    name = one.get("object-name")
    if isinstance(name, str) and name:
        head, colon, tail = name.rpartition(":")
        return head if colon and tail.isdigit() else name
    return f"class {one.get('class-id', '?')}"


def attributes_of(one: dict[str, Any]) -> dict[str, Any]:
    """Attributes of a label; none where they are missing or no object."""
    found = one.get("label-category-attributes")
    return found if isinstance(found, dict) else {}
