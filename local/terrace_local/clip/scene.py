"""What moves where: the plan of one sequence, from which frames and truth are both made.

Nothing here draws. All positions are whole pixels, so the truth is exact.
"""

import math
import random
from dataclasses import dataclass

from terrace_local.clip.photos import BACKGROUNDS, CUTOUTS, Cutout
from terrace_local.workers.shapes import Box, Polyline, Shape
from terrace_local.workers.truth import TruthObject, VideoTruth

PAN_X, PAN_Y = 90, 24
"""How far the camera moves over the background in one sequence, in pixels."""
VISIBLE_SHARE = 0.25
"""A vehicle counts as visible while at least this share of it is on the frame and uncovered."""
LANE_WIDTH = 5
LANE_VERTICES = 5


@dataclass(frozen=True)
class Vehicle:
    """One cut-out on its way across the frame."""

    object_id: str
    cutout: Cutout
    start: tuple[float, float]
    """Centre at the first frame, in frame pixels."""
    end: tuple[float, float]
    height_start: float
    height_end: float
    sway: float
    """Height of the sine the path is bent by, in pixels."""
    phase: float

    def box(self, t: float) -> Box:
        """Where it is at t (0 first frame, 1 last frame), also beyond the frame's edges."""
        height = self.height_start + (self.height_end - self.height_start) * t
        x = self.start[0] + (self.end[0] - self.start[0]) * t
        y = self.start[1] + (self.end[1] - self.start[1]) * t
        y += self.sway * math.sin(self.phase + 2 * math.pi * t)
        width = height * self.cutout.aspect
        return Box(x - width / 2, y - height / 2, width, height).rounded()


@dataclass(frozen=True)
class Lane:
    """A painted line on the ground, in background pixels."""

    object_id: str
    vertices: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Scene:
    """The plan of one sequence."""

    name: str
    background: str
    width: int
    height: int
    frames: int
    vehicles: tuple[Vehicle, ...]
    """Back to front: later ones cover earlier ones."""
    lanes: tuple[Lane, ...]

    def time(self, index: int) -> float:
        """0 at the first frame, 1 at the last."""
        return index / max(1, self.frames - 1)

    def pan(self, index: int) -> tuple[int, int]:
        """Left-top corner of the frame on the background: slow, with soft start and end."""
        eased = 0.5 - 0.5 * math.cos(math.pi * self.time(index))
        return round(PAN_X * eased), round(PAN_Y * eased)

    def frame_name(self, index: int) -> str:
        """File name of a frame; they count from 1."""
        return f"{index + 1:06d}.jpg"

    def frame_names(self) -> list[str]:
        """All file names in order."""
        return [self.frame_name(index) for index in range(self.frames)]

    def truth(self) -> VideoTruth:
        """What is really on the frames: the vehicles that can be seen, and every lane."""
        objects = []
        for depth, vehicle in enumerate(self.vehicles):
            shapes: dict[str, Shape] = {}
            for index in range(self.frames):
                seen = self._seen(depth, index)
                if seen is not None:
                    shapes[self.frame_name(index)] = seen
            attributes = {"Moving": "Dynamic"}
            label = vehicle.cutout.label
            objects.append(TruthObject(vehicle.object_id, label, "box", shapes, attributes))
        for lane in self.lanes:
            lines: dict[str, Shape] = {}
            for index in range(self.frames):
                x, y = self.pan(index)
                moved = tuple((float(vx - x), float(vy - y)) for vx, vy in lane.vertices)
                lines[self.frame_name(index)] = Polyline(moved)
            objects.append(TruthObject(lane.object_id, "Lane", "polyline", lines))
        return VideoTruth(tuple(objects), self.width, self.height)

    def _seen(self, depth: int, index: int) -> Box | None:
        """A vehicle's box on the frame, or None while too little of it shows."""
        t = self.time(index)
        whole = self.vehicles[depth].box(t)
        on_frame = whole.inside(self.width, self.height)
        if on_frame is None:
            return None
        # Those in front may overlap one another: the largest cover is a fair lower bound.
        covers = (_common(on_frame, other.box(t)) for other in self.vehicles[depth + 1 :])
        area = on_frame.width * on_frame.height - max(covers, default=0.0)
        return on_frame if area >= VISIBLE_SHARE * whole.width * whole.height else None


def _common(a: Box, b: Box) -> float:
    width = min(a.left + a.width, b.left + b.width) - max(a.left, b.left)
    height = min(a.top + a.height, b.top + b.height) - max(a.top, b.top)
    return max(0.0, width) * max(0.0, height)


def plan_scene(number: int, seed: int, width: int, height: int, frames: int) -> Scene:
    """The plan of sequence `number` (from 1); the same arguments give the same plan."""
    rng = random.Random(f"clip/{seed}/{number}")
    cars = [cutout for cutout in CUTOUTS if cutout.label == "Car"]
    vans = [cutout for cutout in CUTOUTS if cutout.label == "Van"]
    # Both classes in every sequence, so that a wrong class can be seen as one.
    chosen = rng.sample(cars, 2) + rng.sample(vans, 2 if number % 2 else 1)
    rng.shuffle(chosen)
    vehicles = tuple(
        _vehicle(
            rng,
            f"seq{number}-{cutout.name}",
            cutout,
            depth=place / (len(chosen) - 1),
            # Those next to one another in depth drive against one another: their paths cross.
            from_right=place % 2 == 1,
            size=(width, height),
        )
        for place, cutout in enumerate(chosen)
    )
    return Scene(
        name=f"seq{number}",
        background=BACKGROUNDS[(number - 1) % len(BACKGROUNDS)],
        width=width,
        height=height,
        frames=frames,
        vehicles=vehicles,
        lanes=_lanes(rng, number, 3 if number % 2 else 2, width, height),
    )


def _vehicle(
    rng: random.Random,
    object_id: str,
    cutout: Cutout,
    *,
    depth: float,
    from_right: bool,
    size: tuple[int, int],
) -> Vehicle:
    """A vehicle at `depth`: 0 the farthest and smallest, 1 the nearest and biggest."""
    width, height = size
    own = height * (0.2 + 0.16 * depth)
    left, right = rng.uniform(-0.02, 0.2) * width, rng.uniform(0.8, 1.02) * width
    if from_right:
        left, right = right, left
    y = height * (0.3 + 0.4 * depth)
    return Vehicle(
        object_id=object_id,
        cutout=cutout,
        start=(left, y + rng.uniform(-0.05, 0.05) * height),
        end=(right, y + rng.uniform(-0.12, 0.12) * height),
        height_start=own * rng.uniform(0.8, 1.0),
        height_end=own * rng.uniform(1.1, 1.4),
        sway=rng.uniform(0.01, 0.06) * height,
        phase=rng.uniform(0, 2 * math.pi),
    )


def _lanes(
    rng: random.Random, number: int, count: int, width: int, height: int
) -> tuple[Lane, ...]:
    """Lines that run up the ground like a road's, on screen in every frame of the pan."""
    # The part of the background that every frame shows, with a margin for the line's width.
    left, right = PAN_X + LANE_WIDTH, width - LANE_WIDTH
    top, bottom = PAN_Y + LANE_WIDTH, height - LANE_WIDTH
    lanes = []
    for place in range(count):
        share = (place + 0.5) / count
        foot = left + (right - left) * share
        head = left + (right - left) * (0.5 + (share - 0.5) * rng.uniform(0.45, 0.65))
        bend = rng.uniform(-0.04, 0.04) * width
        vertices = []
        for step in range(LANE_VERTICES):
            t = step / (LANE_VERTICES - 1)
            x = foot + (head - foot) * t + bend * math.sin(math.pi * t)
            vertices.append((round(min(max(x, left), right)), round(bottom + (top - bottom) * t)))
        lanes.append(Lane(f"seq{number}-lane-{place + 1}", tuple(vertices)))
    return tuple(lanes)
