"""Single images for classification, boxes, segmentation and keypoints."""

import math
import random
from dataclasses import dataclass

from PIL import Image, ImageDraw

from terrace_local.clip.photos import BACKGROUNDS, CUTOUTS, open_background, open_cutout
from terrace_local.clip.photos import photo_folder as photos_of
from terrace_local.clip.render import jpeg, render_scene
from terrace_local.clip.scene import plan_scene
from terrace_local.samples.sample import LABELS, MANIFEST, Sample, as_json, manifest, simple_labels
from terrace_local.workers.shapes import Box
from terrace_local.workers.truth import IMAGES_FILE, TRUTH_PREFIX, ImageTruth, split_s3

WIDTH, HEIGHT = 320, 180
_STILL = 10
"""Which frame of a scene is taken: its vehicles have come apart from the edges by then."""


@dataclass(frozen=True)
class _Picture:
    body: bytes
    truth: ImageTruth


def classes(base: str, seed: int, items: int) -> Sample:
    """One photograph per image: what is it of?"""
    folder = photos_of()
    rng = random.Random(f"classes/{seed}")
    names = sorted(cutout.name for cutout in CUTOUTS)
    pictures = []
    for number in range(items):
        cutout = CUTOUTS[(seed + number) % len(CUTOUTS)]
        ground = open_background(folder, BACKGROUNDS[number % len(BACKGROUNDS)], WIDTH, HEIGHT)
        height = rng.randint(HEIGHT // 2, HEIGHT - 20)
        size = (min(WIDTH - 20, round(height * cutout.aspect)), height)
        place = (rng.randint(0, WIDTH - size[0]), rng.randint(0, HEIGHT - size[1]))
        ground.paste(open_cutout(folder, cutout).resize(size), place)
        truth = ImageTruth((), WIDTH, HEIGHT, (cutout.name,))
        pictures.append(_Picture(jpeg(ground), truth))
    return _sample(base, pictures, simple_labels(names))


def multi_classes(base: str, seed: int, items: int) -> Sample:
    """Several photographs per image: which are on it?"""
    labels = simple_labels(sorted(cutout.name for cutout in CUTOUTS))
    return _sample(base, _stills(seed, items), labels)


def boxes(base: str, seed: int, items: int) -> Sample:
    """Several photographs per image: where are they, and are they wide or tall?"""
    return _sample(base, _stills(seed, items), simple_labels(["Car", "Van"]))


def _stills(seed: int, items: int) -> list[_Picture]:
    folder = photos_of()
    pictures = []
    for number in range(1, items + 1):
        scene = plan_scene(number, seed + 2000, WIDTH, HEIGHT, _STILL + 2)
        frames = list(render_scene(scene, folder))
        name, body = frames[number % len(frames)]
        found, seen = [], []
        for thing in scene.truth().objects:
            shape = thing.frames.get(name)
            if isinstance(shape, Box):
                found.append((thing.label, shape))
                seen.append(thing.object_id.split("-", 1)[1])
        truth = ImageTruth(tuple(found), WIDTH, HEIGHT, tuple(sorted(seen)))
        pictures.append(_Picture(body, truth))
    return pictures


def _sample(base: str, pictures: list[_Picture], labels: bytes) -> Sample:
    bucket, prefix = split_s3(base)
    assert bucket
    files: dict[str, bytes] = {LABELS: labels}
    truths: dict[str, dict[str, object]] = {}
    lines = []
    for number, picture in enumerate(pictures, start=1):
        name = f"{number:04d}.jpg"
        files[f"images/{name}"] = picture.body
        truths[name] = picture.truth.to_json()
        lines.append({"source-ref": f"{base}images/{name}"})
    files[MANIFEST] = manifest(lines)
    key = f"{TRUTH_PREFIX}{prefix}images/{IMAGES_FILE}"
    return Sample(base, files, {key: as_json(truths)})


# --- skeletons -----------------------------------------------------------------------------------

# A box truck from the left: name, colour, and where it lies on the truck (shares of its size).
TRUCK_POINTS: tuple[tuple[str, str, float, float], ...] = (
    ("box top rear", "#e6194b", 0.02, 0.05),
    ("box top front", "#f58231", 0.66, 0.05),
    ("box bottom rear", "#800000", 0.02, 0.78),
    ("box bottom front", "#9a6324", 0.66, 0.78),
    ("cab top", "#3cb44b", 0.82, 0.24),
    ("cab front", "#4363d8", 0.98, 0.78),
    ("rear wheel", "#911eb4", 0.20, 0.88),
    ("front wheel", "#f032e6", 0.80, 0.88),
)
TRUCK_RIG = (
    ("box top rear", "box top front"),
    ("box top front", "box bottom front"),
    ("box bottom front", "box bottom rear"),
    ("box bottom rear", "box top rear"),
    ("box top front", "cab top"),
    ("cab top", "cab front"),
    ("cab front", "box bottom front"),
    ("box bottom rear", "rear wheel"),
    ("cab front", "front wheel"),
)


def skeletons(base: str, seed: int, items: int) -> Sample:
    """Box trucks to be marked with keypoints: a Custom job with the skeleton worker UI."""
    width, height = 160, 90
    pictures = [_truck(seed, number) for number in range(items)]
    labels = simple_labels(
        ["truck"],
        keypointClasses=[
            {"id": str(order), "color": colour, "label": name,
             "x": round(80 + x * width), "y": round(45 + y * height)}
            for order, (name, colour, x, y) in enumerate(TRUCK_POINTS)
        ],
        skeletonRig=[list(pair) for pair in TRUCK_RIG],
        skeletonBoundingBox={"left": 80, "top": 45, "width": width, "height": height},
    )  # fmt: skip
    return _sample(base, pictures, labels)


def _truck(seed: int, number: int) -> _Picture:
    rng = random.Random(f"truck/{seed}/{number}")
    ground = open_background(photos_of(), BACKGROUNDS[number % len(BACKGROUNDS)], WIDTH, HEIGHT)
    width = rng.randint(150, 230)
    height = round(width * 0.55)
    left, top = rng.randint(10, WIDTH - width - 10), rng.randint(10, HEIGHT - height - 10)
    at = {name: (left + x * width, top + y * height) for name, _, x, y in TRUCK_POINTS}
    brush = ImageDraw.Draw(ground)
    colours = [tuple(rng.randint(90, 250) for _ in range(3)) for _ in range(2)]
    brush.rectangle([at["box top rear"], at["box bottom front"]], fill=colours[0], outline="black")
    cab = [(at["box top front"][0], at["cab top"][1]), at["cab top"], at["cab front"],
           at["box bottom front"]]  # fmt: skip
    brush.polygon(cab, fill=colours[1], outline="black")
    for wheel in ("rear wheel", "front wheel"):
        x, y = at[wheel]
        r = max(6, math.floor(height * 0.11))
        brush.ellipse([x - r, y - r, x + r, y + r], fill="black", outline="white")
    points = [
        {"label": name, "x": round(x, 2), "y": round(y, 2), "visibility": "visible"}
        for name, (x, y) in at.items()
    ]
    box = Box(left, top, width, height)
    truth = ImageTruth((("truck", box),), WIDTH, HEIGHT, ("truck",), (tuple(points),))
    return _Picture(jpeg(ground), truth)


def still_pictures(seed: int, number: int, count: int) -> tuple[list[Image.Image], str]:
    """Pictures of one photograph that moves over the ground, and which one it is."""
    folder = photos_of()
    rng = random.Random(f"moving/{seed}/{number}")
    cutout = CUTOUTS[(seed + number) % len(CUTOUTS)]
    ground = open_background(folder, BACKGROUNDS[number % len(BACKGROUNDS)], WIDTH, HEIGHT)
    height = rng.randint(60, 90)
    thing = open_cutout(folder, cutout).resize((round(height * cutout.aspect), height))
    y = rng.randint(10, HEIGHT - height - 10)
    pictures = []
    for step in range(count):
        picture = ground.copy()
        picture.paste(thing, (round((WIDTH - thing.width) * step / max(1, count - 1)), y))
        pictures.append(picture)
    return pictures, cutout.name
