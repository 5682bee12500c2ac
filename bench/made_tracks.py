"""Label files made for `video_quality.py --made`: motion as one meets it, nothing wrong in it."""

import random
from dataclasses import dataclass, field
from math import pi, sin
from typing import Any

FRAMES = 200


@dataclass(frozen=True)
class Scene:
    """How objects move, and how steadily they are labeled. Lengths in pixels a frame."""

    says: str
    tremble: float = 1.0
    """Deviation of each edge as drawn."""
    memory: float = 0.0
    """Share of an edge's error that stays to the next frame."""
    key_frames: int = 1
    """A person draws every so many frames; between them the tool interpolates."""
    shake: float = 0.0
    """The camera's own motion: deviation of its way from frame to frame."""
    push: float = 0.02
    """Acceleration: deviation of the change of speed."""
    gait: tuple[float, int] = (0.08, 25)
    """People walking: share by which the width swings, and in how many frames."""
    heights: tuple[float, float] = (40.0, 150.0)
    objects: int = 8


SCENES = {
    "steady": Scene("a steady hand", tremble=0.3),
    "hand": Scene("a hand that trembles by 1 px"),
    "rough": Scene("by 2 px, slowly", tremble=2.0, memory=0.7),
    "key frames": Scene("drawn every 5 frames, by 2 px", tremble=2.0, key_frames=5),
    "walking": Scene("people at 10 frames/s", gait=(0.15, 10), push=0.3),
    "hand-held": Scene("a camera that shakes by 4 px", shake=4.0),
    "jolting": Scene("a camera that shakes by 10 px", shake=10.0),
    "small": Scene("objects of 15-40 px", heights=(15.0, 40.0)),
}


@dataclass
class _Hand:
    """Errors of the edges of one object as it is drawn, which may last."""

    scene: Scene
    rng: random.Random
    last: list[float] = field(default_factory=lambda: [0.0] * 4)

    def next(self) -> list[float]:
        keep = self.scene.memory
        new = (1 - keep**2) ** 0.5 * self.scene.tremble
        self.last = [keep * error + self.rng.gauss(0, new) for error in self.last]
        return self.last


def made(scene: Scene, seed: int) -> dict[str, Any]:
    """A SeqLabel.json of one sequence."""
    rng = random.Random(f"made/{seed}")
    way = [(0.0, 0.0)]
    for _ in range(FRAMES):
        way.append((way[-1][0] + rng.gauss(0, scene.shake), way[-1][1] + rng.gauss(0, scene.shake)))
    frames: list[dict[str, Any]] = [
        {
            "annotations": [],
            "frame-no": str(number),
            "frame": f"{number + 1:06d}.jpg",
            "frame-attributes": {},
        }
        for number in range(FRAMES)
    ]
    for index in range(scene.objects):
        first, last = rng.randrange(FRAMES // 3), rng.randrange(2 * FRAMES // 3, FRAMES)
        for number, edges in enumerate(_edges(scene, rng, way)):
            left, top, right, bottom = (round(edge) for edge in edges)
            if first <= number < last:
                frames[number]["annotations"].append(
                    {
                        "left": left,
                        "top": top,
                        "width": max(2, right - left),
                        "height": max(2, bottom - top),
                        "class-id": "0",
                        "object-id": f"id-{index}",
                        "object-name": f"Thing:{index + 1}",
                        "label-category-attributes": {},
                    }
                )
    return {"tracking-annotations": frames}


def _edges(
    scene: Scene, rng: random.Random, way: list[tuple[float, float]]
) -> list[tuple[float, ...]]:
    """Left, top, right, bottom of one object in every frame, as drawn."""
    tall, shape = rng.uniform(*scene.heights), rng.uniform(0.35, 2.0)
    x, y = rng.uniform(200, 1500), rng.uniform(200, 900)
    speed = [rng.gauss(0, 3) * tall / 60, rng.gauss(0, 3) * tall / 60]
    grow, phase = 1 + rng.gauss(0, 0.003), rng.uniform(0, 2 * pi)
    swing, period = scene.gait
    hand = _Hand(scene, rng)
    drawn: list[tuple[float, ...]] = []
    for number in range(FRAMES):
        speed = [one + rng.gauss(0, scene.push) for one in speed]
        x, y, tall = x + speed[0], y + speed[1], tall * grow
        wide = tall * shape * (1 + swing * sin(phase + 2 * pi * number / period))
        cx, cy = x + way[number][0], y + way[number][1]
        true = (cx - wide / 2, cy - tall / 2, cx + wide / 2, cy + tall / 2)
        drawn.append(tuple(a + b for a, b in zip(true, hand.next(), strict=True)))
    if scene.key_frames == 1:
        return drawn
    every = scene.key_frames
    filled = []
    for number in range(FRAMES):
        before = number // every * every
        after = min(before + every, FRAMES - 1)
        share = (number - before) / (after - before) if after > before else 0.0
        filled.append(
            tuple(a + (b - a) * share for a, b in zip(drawn[before], drawn[after], strict=True))
        )
    return filled
