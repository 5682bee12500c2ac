"""Cuboids in metres: the shape that things in point clouds are labeled with."""

import math
from dataclasses import dataclass, fields, replace
from typing import Any

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Cuboid:
    """A box in world coordinates: centre and size in metres, rotation in radians.

    ``length`` lies along x, ``width`` along y, ``height`` along z before it is turned; ``yaw``
    turns it counter-clockwise about z (right-handed, as in Ground Truth since 2022-09-02).
    """

    center_x: float
    center_y: float
    center_z: float
    length: float
    width: float
    height: float
    roll: float = 0.0
    pitch: float = 0.0
    yaw: float = 0.0

    @property
    def size(self) -> float:
        """The length that errors are scaled by: of a cube of its volume, in metres."""
        return float((self.length * self.width * self.height) ** (1 / 3))

    def moved(self, dx: float, dy: float) -> "Cuboid":
        """The same cuboid shifted on the ground."""
        return replace(self, center_x=self.center_x + dx, center_y=self.center_y + dy)

    def grown(self, factor: float) -> "Cuboid":
        """The cuboid with its sides times ``factor``, about the same centre."""
        return replace(
            self,
            length=self.length * factor,
            width=self.width * factor,
            height=self.height * factor,
        )

    def inside(self, _width: float, _height: float) -> "Cuboid":
        """A cuboid is not on a picture: nothing of it is cut off."""
        return self

    def rounded(self) -> "Cuboid":
        """Millimetres and milliradians: finer than anybody draws."""
        return Cuboid(*(round(getattr(self, f.name), 3) for f in fields(self)))

    def holds(self, point: Vector, margin: float = 0.0) -> bool:
        """Whether a point lies in it, or within ``margin`` metres (roll and pitch count as 0)."""
        dx, dy = point[0] - self.center_x, point[1] - self.center_y
        c, s = math.cos(self.yaw), math.sin(self.yaw)
        along, across = dx * c + dy * s, dy * c - dx * s
        return (
            abs(along) <= self.length / 2 + margin
            and abs(across) <= self.width / 2 + margin
            and abs(point[2] - self.center_z) <= self.height / 2 + margin
        )

    def corners(self) -> list[Vector]:
        """Its eight corners (roll and pitch are taken as 0)."""
        c, s = math.cos(self.yaw), math.sin(self.yaw)
        found = []
        for sx in (-0.5, 0.5):
            for sy in (-0.5, 0.5):
                x, y = sx * self.length, sy * self.width
                for sz in (-0.5, 0.5):
                    found.append(
                        (
                            self.center_x + x * c - y * s,
                            self.center_y + x * s + y * c,
                            self.center_z + sz * self.height,
                        )
                    )
        return found

    def to_json(self) -> dict[str, float]:
        """As label files write it: ``center-x`` and so on."""
        return {f.name.replace("_", "-"): _number(getattr(self, f.name)) for f in fields(self)}

    @staticmethod
    def from_json(row: dict[str, Any]) -> "Cuboid":
        """Reads what `to_json` writes.

        Raises:
            KeyError, TypeError, ValueError: when a number is missing or is none.
        """
        return Cuboid(**{f.name: float(row[f.name.replace("_", "-")]) for f in fields(Cuboid)})


def overlap(a: Cuboid, b: Cuboid) -> float:
    """How well two cuboids agree, 0 to 1: common volume over joint volume, as if not turned.

    The boxes are compared in the frame of ``a``: rotations of a few degrees hardly matter there,
    and a difference of the rotations themselves counts by its cosine. Two cuboids of 4 x 2 x 2 m
    that lie 2 m apart along x share a third of their joint volume: 0.333.
    """
    dx, dy = b.center_x - a.center_x, b.center_y - a.center_y
    c, s = math.cos(a.yaw), math.sin(a.yaw)
    away = (dx * c + dy * s, dy * c - dx * s, b.center_z - a.center_z)
    common = 1.0
    for gap, one, other in zip(
        away, (a.length, a.width, a.height), (b.length, b.width, b.height), strict=True
    ):
        low, high = max(-one / 2, gap - other / 2), min(one / 2, gap + other / 2)
        common *= max(0.0, high - low)
    volume = a.length * a.width * a.height + b.length * b.width * b.height - common
    return common / volume * abs(math.cos(a.yaw - b.yaw)) if volume > 0 else 0.0


def _number(value: float) -> float:
    # Label files hold 4, not 4.0, wherever the number is whole.
    return int(value) if float(value).is_integer() else value
