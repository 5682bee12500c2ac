"""Labels of every kind as one: things at places, to be compared with other labels or with truth.

A thing is one labeled object (or class, or span); a place is a frame of a sequence, or the whole
item. What cannot be read as a thing is named in `unreadable`, never left out in silence. Readers
are in `things_reading`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from terrace.domain.modality import Shape

ThingKind = Literal["box", "cuboid", "polylines", "polygons", "keypoints", "span", "class"]

ROUNDING: dict[ThingKind, float] = {
    "box": 0.5,
    "cuboid": 1e-3,
    "polylines": 0.5,
    "polygons": 0.5,
    "keypoints": 0.5,
    "span": 0.0,
    "class": 0.0,
}
"""Coordinates that differ by no more are the same: half a pixel, a millimetre (a milliradian).

Tools write whole pixels or floats for the same box (fact sheet, 4.3).
"""


@dataclass(frozen=True)
class Thing:
    """One labeled object."""

    kind: ThingKind
    label: str
    """Class name; "class 3" where only the number is known."""
    numbers: tuple[float, ...] = ()
    """box: left, top, width, height (pixels). cuboid: centre x, y, z, length, width, height
    (metres), roll, pitch, yaw (radians). Points: x, y, x, y... (pixels). span: start, end.
    """
    id: str | None = None
    """`object-id` of a track."""
    name: str | None = None
    """`object-name`: what workers see."""
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def order(self) -> tuple[Any, ...]:
        """A sort key that depends on nothing but the thing itself."""
        return (
            self.kind,
            self.label,
            self.numbers,
            self.id or "",
            self.name or "",
            sorted((key, repr(value)) for key, value in self.attributes.items()),
        )


@dataclass(frozen=True)
class Place:
    """Where things are: a frame, or the item itself."""

    things: tuple[Thing, ...]
    """In the order of `Thing.order`: the order in a file means nothing."""
    frame: str | None = None
    """File name of the frame, which workers see."""
    number: int | None = None
    """`frame-no`, from 0."""
    sensor: str = ""
    """`lidar`, `camera-0`... of 3D-2D tracking."""
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str]:
        """The same frame in two files: by its file name, or its number where it has no name."""
        return (self.sensor, self.frame if self.frame is not None else f"#{self.number}")


@dataclass(frozen=True)
class Things:
    """A whole label."""

    shape: Shape
    places: tuple[Place, ...] = ()
    content: str | None = None
    """Of masks and Custom labels, which are compared as a whole: the URI, or JSON."""
    unreadable: tuple[str, ...] = ()
    """Where something is that cannot be read, and why."""

    @property
    def count(self) -> int:
        """Number of things; in a sequence, of things in frames."""
        return sum(len(place.things) for place in self.places)


def one_place(shape: Shape, things: list[Thing], unreadable: list[str] | None = None) -> Things:
    """A label without frames."""
    ordered = tuple(sorted(things, key=lambda thing: thing.order))
    return Things(shape, (Place(ordered),), unreadable=tuple(unreadable or ()))
