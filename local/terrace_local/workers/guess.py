"""What people answer when no truth is known: plausible shapes from chance, and they say so."""

from terrace_local.ground_truth.categories import Categories
from terrace_local.workers.seeds import chance
from terrace_local.workers.shapes import KINDS, Box, Point, Polygon, Polyline, Shape
from terrace_local.workers.truth import ImageTruth, TruthObject, VideoTruth

KNOWN = "hidden truth"
GUESSED = "none (seeded guess)"

# When the picture cannot be read either.
DEFAULT_SIZE = (1280, 720)


def guess_video(
    frames: tuple[str, ...], size: tuple[int, int], categories: Categories, *seed: object
) -> VideoTruth:
    """One to three objects per sequence that glide through the picture."""
    width, height = size
    rng = chance(*seed, "guess")
    objects = []
    for number in range(rng.randint(1, 3)):
        label = rng.choice(categories.names)
        dx, dy = rng.uniform(-0.002, 0.002) * width, rng.uniform(-0.001, 0.001) * height
        start: Shape
        kind = KINDS[categories.annotation_type]
        if kind == "polyline":
            x, y = rng.uniform(0.1, 0.6) * width, rng.uniform(0.5, 0.9) * height
            step = rng.uniform(0.05, 0.12) * width
            rise = rng.uniform(-0.1, 0.0) * height
            start = Polyline(tuple((x + i * step, y + i * rise) for i in range(4)))
        else:
            w, h = rng.uniform(0.08, 0.2) * width, rng.uniform(0.08, 0.2) * height
            left, top = rng.uniform(0, width - w), rng.uniform(0, height - h)
            if kind == "polygon":
                start = Polygon(((left, top), (left + w, top + h / 3), (left + w / 2, top + h)))
            elif kind == "keypoint":
                start = Point(left, top)
            else:
                start = Box(left, top, w, h)
        track = {name: start.moved(dx * i, dy * i) for i, name in enumerate(frames)}
        objects.append(TruthObject(f"guess-{number}", label, kind, track))
    return VideoTruth(tuple(objects), width, height)


def guess_image(size: tuple[int, int], categories: Categories, *seed: object) -> ImageTruth:
    """One to three boxes inside the image."""
    width, height = size
    rng = chance(*seed, "guess")
    objects = []
    for _ in range(rng.randint(1, 3)):
        w, h = rng.uniform(0.1, 0.4) * width, rng.uniform(0.1, 0.4) * height
        box = Box(rng.uniform(0, width - w), rng.uniform(0, height - h), w, h)
        objects.append((rng.choice(categories.names), box))
    return ImageTruth(tuple(objects), width, height)
