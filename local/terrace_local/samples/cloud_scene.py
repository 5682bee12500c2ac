"""What a lidar and a camera on a car see of a few things on a street: made up, but consistent.

World coordinates in metres: x ahead, y to the left, z up; the ground is z = 0.
"""

import math
import random
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageDraw

from terrace_local.clip.render import jpeg
from terrace_local.workers.cloud_truth import CloudThing, CloudTruth
from terrace_local.workers.cuboids import Cuboid, Vector
from terrace_local.workers.shapes import Box

WIDTH, HEIGHT, FOCAL = 320, 180, 260.0
CAMERA_HEIGHT = 1.6
GROUND = ("Road", 0.15)
CAMERA = "camera-0"
_ON_GROUND, _ON_THING = 360, 90
# A camera that looks ahead: its z axis is the world's x, its x axis the world's -y.
_LOOKS_AHEAD = {"qx": -0.5, "qy": 0.5, "qz": -0.5, "qw": 0.5}
_COLOURS = {"Car": (40, 90, 200), "Pedestrian": (220, 80, 40)}

Points = list[tuple[float, float, float, float]]


@dataclass(frozen=True)
class _Mover:
    object_id: str
    label: str
    start: Cuboid
    speed: float
    """Metres a frame, along its own length."""

    def at(self, index: int) -> Cuboid:
        way = self.speed * index
        return self.start.moved(way * math.cos(self.start.yaw), way * math.sin(self.start.yaw))


@dataclass(frozen=True)
class Street:
    """One sequence of frames, taken from a car that drives ahead."""

    name: str
    movers: tuple[_Mover, ...]
    frames: int
    began: float
    """POSIX time of the first frame."""

    def ego(self, index: int) -> Vector:
        """Where the car with the lidar is."""
        return (0.8 * index, 0.0, 0.0)

    def frame_name(self, index: int, ending: str) -> str:
        """File name of a frame."""
        return f"{self.name}-{index}.{ending}"

    def pose(self, index: int) -> dict[str, Any]:
        """`ego-vehicle-pose` of a frame."""
        x, y, z = self.ego(index)
        return {
            "heading": {"qx": 0, "qy": 0, "qz": 0, "qw": 1},
            "position": {"x": round(x, 3), "y": y, "z": z},
        }

    def time(self, index: int) -> float:
        """`unix-timestamp` of a frame."""
        return self.began + index / 10

    def camera(self, index: int, path: str) -> dict[str, Any]:
        """An entry of `images` of a frame."""
        x, y, z = self.ego(index)
        return {
            "image-path": path,
            "unix-timestamp": self.time(index),
            "fx": FOCAL,
            "fy": FOCAL,
            "cx": WIDTH / 2,
            "cy": HEIGHT / 2,
            "k1": 0,
            "k2": 0,
            "k3": 0,
            "k4": 0,
            "p1": 0,
            "p2": 0,
            "skew": 0,
            "position": {"x": round(x, 3), "y": y, "z": z + CAMERA_HEIGHT},
            "heading": _LOOKS_AHEAD,
            "camera-model": "pinhole",
        }

    def points(self, index: int) -> Points:
        """What the lidar measured: x, y, z and intensity; some on the ground, some on things."""
        rng = random.Random(f"points/{self.name}/{index}")
        ego = self.ego(index)
        cuboids = [mover.at(index) for mover in self.movers]
        points: Points = []
        while len(points) < _ON_GROUND:
            far, angle = 3 + 27 * rng.random() ** 2, rng.uniform(-math.pi, math.pi)
            spot = (ego[0] + far * math.cos(angle), far * math.sin(angle), rng.uniform(-0.05, 0.05))
            if not any(cuboid.holds(spot, 0.1) for cuboid in cuboids):
                points.append((*_rounded(spot), round(rng.uniform(0.05, 0.3), 3)))
        for cuboid in cuboids:
            for _ in range(_ON_THING):
                points.append((*_rounded(_on_surface(cuboid, rng)), round(rng.random(), 3)))
        return points

    def picture(self, index: int) -> bytes:
        """What the camera saw, as a JPEG: each thing a block of its class's colour."""
        picture = Image.new("RGB", (WIDTH, HEIGHT), (150, 190, 230))
        brush = ImageDraw.Draw(picture)
        brush.rectangle([0, HEIGHT / 2, WIDTH, HEIGHT], fill=(95, 95, 95))
        ego = self.ego(index)
        far_first = sorted(self.movers, key=lambda mover: -mover.at(index).center_x)
        for mover in far_first:
            spots = [_seen(corner, ego) for corner in mover.at(index).corners()]
            if all(spot is not None for spot in spots):
                hull = _hull([spot for spot in spots if spot is not None])
                brush.polygon(hull, fill=_COLOURS[mover.label], outline="black")
        return jpeg(picture)

    def truth(self, indexes: range, ending: str, cameras: bool) -> CloudTruth:
        """What is really on these frames."""
        things = []
        for mover in self.movers:
            cuboids: dict[str, Cuboid] = {}
            boxes: dict[str, Box] = {}
            for index in indexes:
                name = self.frame_name(index, ending)
                cuboids[name] = mover.at(index)
                box = self._box(mover, index) if cameras else None
                if box is not None:
                    boxes[name] = box
            attributes = {"Type": "Sedan"} if mover.label == "Car" else {}
            seen = {CAMERA: boxes} if boxes else {}
            things.append(CloudThing(mover.object_id, mover.label, cuboids, seen, attributes))
        return CloudTruth(tuple(things), GROUND)

    def _box(self, mover: _Mover, index: int) -> Box | None:
        """The box around a thing on the camera's image; None while it is not all in view."""
        spots = [_seen(corner, self.ego(index)) for corner in mover.at(index).corners()]
        if any(spot is None for spot in spots):
            return None
        xs = [spot[0] for spot in spots if spot is not None]
        ys = [spot[1] for spot in spots if spot is not None]
        whole = Box(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))
        on_image = whole.inside(WIDTH, HEIGHT)
        return on_image.rounded() if on_image is not None else None


def plan_street(number: int, seed: int, frames: int) -> Street:
    """Street `number` (from 1): two or three cars and a pedestrian ahead of the lidar."""
    rng = random.Random(f"street/{seed}/{number}")
    movers = []
    for place in range(2 + number % 2):
        length, width, height = rng.uniform(3.8, 4.8), rng.uniform(1.7, 2.0), rng.uniform(1.4, 1.8)
        x, y = 10 + 7 * place + rng.uniform(-1, 1), (-3.4, 3.4, 0.0)[place] + rng.uniform(-0.4, 0.4)
        yaw = rng.uniform(-0.15, 0.15)
        start = Cuboid(*(round(v, 3) for v in (x, y, height / 2 + 0.2, length, width, height)),
                       yaw=round(yaw, 3))  # fmt: skip
        movers.append(_Mover(f"s{number}-car-{place}", "Car", start, rng.uniform(0.6, 1.2)))
    walker = Cuboid(
        round(9 + rng.uniform(0, 4), 3), round(-6.5 + rng.uniform(-1, 1), 3), 1.05, 0.6, 0.6, 1.7
    )
    movers.append(_Mover(f"s{number}-walker", "Pedestrian", walker, 0.12))
    return Street(f"street{number}", tuple(movers), frames, 1_566_861_644.75 + 100 * number)


def _rounded(spot: Vector) -> Vector:
    return (round(spot[0], 3), round(spot[1], 3), round(spot[2], 3))


def _on_surface(cuboid: Cuboid, rng: random.Random) -> Vector:
    """A point just under the skin of a cuboid's sides."""
    along, across = rng.uniform(-0.48, 0.48), rng.uniform(-0.48, 0.48)
    if rng.random() < 0.5:
        along = math.copysign(0.48, along)
    else:
        across = math.copysign(0.48, across)
    x, y = along * cuboid.length, across * cuboid.width
    c, s = math.cos(cuboid.yaw), math.sin(cuboid.yaw)
    return (
        cuboid.center_x + x * c - y * s,
        cuboid.center_y + x * s + y * c,
        cuboid.center_z + rng.uniform(-0.48, 0.48) * cuboid.height,
    )


def _seen(spot: Vector, ego: Vector) -> tuple[float, float] | None:
    """Where a point of the world lies on the camera's image, in pixels; None behind it."""
    ahead, left, up = spot[0] - ego[0], spot[1] - ego[1], spot[2] - ego[2] - CAMERA_HEIGHT
    if ahead < 0.5:
        return None
    return WIDTH / 2 - FOCAL * left / ahead, HEIGHT / 2 - FOCAL * up / ahead


def _hull(spots: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The convex outline of a few points (monotone chain)."""
    ordered = sorted(set(spots))

    def half(row: list[tuple[float, float]]) -> list[tuple[float, float]]:
        kept: list[tuple[float, float]] = []
        for p in row:
            while len(kept) > 1 and _turn(kept[-2], kept[-1], p) <= 0:
                kept.pop()
            kept.append(p)
        return kept[:-1]

    return half(ordered) + half(ordered[::-1])


def _turn(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
