"""People who place skeletons of keypoints on a picture, and who correct them."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from terrace_local.workers.image_work import ImageTask
from terrace_local.workers.seeds import chance, coin
from terrace_local.workers.shapes import Box

Point = tuple[float, float]
Skeleton = dict[str, Any]

# A point is right when it is nearer to the truth than this share of the object's size.
_NEAR = 0.05


@dataclass(frozen=True)
class Rig:
    """The keypoints of a skeleton: (id, label), and where each lies in a box of side 1."""

    classes: tuple[tuple[str, str], ...]
    places: tuple[Point, ...]


def read_rig(attributes: dict[str, str]) -> Rig:
    """The rig that a ``crowd-2d-skeleton`` element was given.

    Points without a place of their own are set around an ellipse.

    Raises:
        ValueError: when there are no keypoint classes, or they cannot be understood.
    """
    rows = _json(attributes, "keypointclasses", [])
    box = _json(attributes, "skeletonboundingbox", None)
    if not isinstance(rows, list) or not rows:
        raise ValueError("keypointClasses is empty")
    try:
        classes = tuple((str(row.get("id", n)), str(row["label"])) for n, row in enumerate(rows))
        own = [(float(row["x"]), float(row["y"])) if "x" in row else None for row in rows]
        if isinstance(box, dict):
            frame = Box(*(float(box[key]) for key in ("left", "top", "width", "height")))
        else:
            xs = [p[0] for p in own if p is not None] or [0.0, 1.0]
            ys = [p[1] for p in own if p is not None] or [0.0, 1.0]
            frame = Box(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"the rig cannot be understood: {error!r}") from error
    places = tuple(
        _around(n, len(own)) if point is None else _in_frame(point, frame)
        for n, point in enumerate(own)
    )
    return Rig(classes, places)


def read_skeletons(attributes: dict[str, str]) -> list[Skeleton]:
    """The earlier skeletons that the element was given; [] when there are none.

    Raises:
        ValueError: when they cannot be understood.
    """
    given = _json(attributes, "initialvalues", [])
    if isinstance(given, dict):
        given = given.get("updated_annotations") or []
    if not isinstance(given, list) or not all(
        isinstance(row, dict) and isinstance(row.get("keypoints"), list) for row in given
    ):
        raise ValueError("initialValues is not a list of skeletons")
    return given


def place_skeletons(boxes: Sequence[Box], rig: Rig, task: ImageTask) -> list[Skeleton]:
    """What a person places who was asked for a skeleton on each object."""
    errors, care = task.mix.label, task.person.care
    placed = []
    for number, box in enumerate(boxes):
        rng = chance(*task.seed, "skeleton", number)
        if rng.random() < errors.missedObject * care:
            continue
        labels = list(range(len(rig.classes)))
        if len(labels) > 1 and rng.random() < errors.identitySwap * care:
            first, second = rng.sample(labels, 2)
            labels[first], labels[second] = labels[second], labels[first]
        points = []
        for n in labels:
            dice, slip = rng.random(), rng.uniform(*errors.driftSize) / 4
            reach = slip * box.size if dice < errors.drift * care else 0.0
            spot = _spot(rig.places[n], box)
            dx = task.person.bias[0] + rng.gauss(0, errors.jitter) * box.size + reach
            dy = task.person.bias[1] + rng.gauss(0, errors.jitter) * box.size
            points.append((spot[0] + dx, spot[1] + dy))
        placed.append(_skeleton(f"skeleton-{number + 1}", points, rig, task))
    return placed


def correct_skeletons(
    given: list[Skeleton], boxes: Sequence[Box] | None, rig: Rig, task: ImageTask
) -> tuple[list[Skeleton], bool]:
    """The skeletons after a person looked for points to move, and whether anything was changed.

    Args:
        given: The skeletons under review.
        boxes: Where the objects really are; None: nobody knows, so sometimes a point is moved.
        rig: The keypoints.
        task: The picture and the person.
    """
    review = task.mix.review
    after: list[Skeleton] = json.loads(json.dumps(given))
    changed = False
    if boxes is None:
        if after and coin(review.guessedFailShare, *task.seed, "guess"):
            changed = _nudge(after[0], task)
        return after, changed
    names = [label for _, label in rig.classes]
    unmatched = list(boxes)
    for row, skeleton in enumerate(after):
        box = _nearest(skeleton, rig, unmatched)
        if box is None:
            continue
        unmatched.remove(box)
        for point in skeleton["keypoints"]:
            if point.get("label") not in names or not {"x", "y"} <= set(point):
                continue
            spot = _inside(_spot(rig.places[names.index(point["label"])], box), task)
            off = math.hypot(point["x"] - spot[0], point["y"] - spot[1])
            seen = coin(review.findShare * review.repairShare, *task.seed, row, point["label"])
            if off > _NEAR * box.size and seen:
                point["x"], point["y"] = round(spot[0], 2), round(spot[1], 2)
                changed = True
    for number, box in enumerate(unmatched):
        if coin(review.findShare * review.repairShare, *task.seed, "missed", number):
            points = [_spot(place, box) for place in rig.places]
            after.append(_skeleton(f"skeleton-{len(after) + 1}", points, rig, task))
            changed = True
    return after, changed


def _nudge(skeleton: Skeleton, task: ImageTask) -> bool:
    for point in skeleton["keypoints"]:
        if {"x", "y"} <= set(point):
            x = point["x"] + 3 if point["x"] + 3 <= task.width else point["x"] - 3
            point["x"] = round(x, 2)
            return True
    return False


def _nearest(skeleton: Skeleton, rig: Rig, boxes: list[Box]) -> Box | None:
    """The object that the skeleton is of: its points' middle lies nearest to it, and within it."""
    points = [(p["x"], p["y"]) for p in skeleton["keypoints"] if {"x", "y"} <= set(p)]
    if not points:
        return None
    x, y = (sum(values) / len(points) for values in zip(*points, strict=True))

    def gap(box: Box) -> float:
        middle = [_spot(place, box) for place in rig.places]
        mx, my = (sum(values) / len(middle) for values in zip(*middle, strict=True))
        return math.hypot(mx - x, my - y) / box.size

    near = sorted((gap(box), n) for n, box in enumerate(boxes))
    return boxes[near[0][1]] if near and near[0][0] < 1 else None


def _skeleton(ident: str, points: list[Point], rig: Rig, task: ImageTask) -> Skeleton:
    keypoints = []
    for (key, label), point in zip(rig.classes, points, strict=True):
        x, y = _inside(point, task)
        spot = {"x": round(x, 2), "y": round(y, 2)}
        keypoints.append({"id": key, "label": label, **spot, "visibility": "visible"})
    return {"id": ident, "keypoints": keypoints}


def _inside(point: Point, task: ImageTask) -> Point:
    return min(max(point[0], 0.0), task.width), min(max(point[1], 0.0), task.height)


def _spot(place: Point, box: Box) -> Point:
    return box.left + place[0] * box.width, box.top + place[1] * box.height


def _in_frame(point: Point, frame: Box) -> Point:
    x = (point[0] - frame.left) / frame.width if frame.width else 0.5
    y = (point[1] - frame.top) / frame.height if frame.height else 0.5
    return x, y


def _around(number: int, count: int) -> Point:
    angle = 2 * math.pi * number / count
    return 0.5 + 0.5 * math.cos(angle), 0.5 + 0.5 * math.sin(angle)


def _json(attributes: dict[str, str], name: str, default: Any) -> Any:
    text = attributes.get(name, "").strip()
    if not text:
        return default
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(f"{name} is not JSON ({error})") from error
