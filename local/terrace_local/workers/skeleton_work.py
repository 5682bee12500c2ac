"""People who place skeletons of keypoints on a picture, and who correct them."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from terrace_local.workers.image_work import ImageTask
from terrace_local.workers.seeds import chance, coin
from terrace_local.workers.shapes import Box
from terrace_local.workers.truth import ImageTruth

Point = tuple[float, float]
Skeleton = dict[str, Any]
# Label of a keypoint -> where it is; None: it is not on the picture.
Target = dict[str, Point | None]

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
        own = [_own_place(row) for row in rows]
        if isinstance(box, dict):
            frame = _frame(box)
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
        given = given.get("updated_annotations")
    skeletons = []
    for row in given or []:
        # The component also takes the shape that AWS documents: `annotations`.
        points = row.get("keypoints", row.get("annotations")) if isinstance(row, dict) else None
        if not isinstance(points, list):
            raise ValueError("initialValues is not a list of skeletons")
        skeletons.append({**row, "keypoints": points})
    return skeletons


def true_skeletons(truth: ImageTruth, rig: Rig) -> list[Target]:
    """Where the keypoints of each thing are: as the truth says, else as the rig fits its box."""
    if truth.skeletons:
        return [
            {str(p["label"]): (p["x"], p["y"]) if {"x", "y"} <= set(p) else None for p in row}
            for row in truth.skeletons
        ]
    return [
        {
            label: _spot(place, box)
            for (_, label), place in zip(rig.classes, rig.places, strict=True)
        }
        for _, box in truth.objects
    ]


def place_skeletons(targets: Sequence[Target], rig: Rig, task: ImageTask) -> list[Skeleton]:
    """What a person places who was asked for a skeleton on each object.

    Whole skeletons may be missed, two points swapped, a point set beside its place.
    """
    errors, care = task.mix.label, task.person.care
    placed = []
    for number, target in enumerate(targets):
        rng = chance(*task.seed, "skeleton", number)
        size = _size(target)
        is_missed = rng.random() < errors.missedObject * care
        labels = [label for _, label in rig.classes]
        seen = dict(zip(labels, labels, strict=True))
        if len(labels) > 1 and rng.random() < errors.identitySwap * care:
            first, second = rng.sample(labels, 2)
            seen[first], seen[second] = second, first
        drawn: Target = {}
        for label in labels:
            dice, slip = rng.random(), rng.uniform(*errors.driftSize) / 4
            reach = slip * size if dice < errors.drift * care else 0.0
            dx = task.person.bias[0] + rng.gauss(0, errors.jitter * care) * size + reach
            dy = task.person.bias[1] + rng.gauss(0, errors.jitter * care) * size
            spot = target.get(seen[label])
            drawn[label] = None if spot is None else (spot[0] + dx, spot[1] + dy)
        if not is_missed:
            placed.append(_skeleton(f"skeleton-{len(placed) + 1}", drawn, rig, task))
    return placed


def correct_skeletons(
    given: list[Skeleton], targets: Sequence[Target] | None, rig: Rig, task: ImageTask
) -> tuple[list[Skeleton], bool]:
    """The skeletons after a person looked for points to move, and whether anything was changed.

    Args:
        given: The skeletons under review.
        targets: Where the keypoints really are; None: nobody knows, so sometimes one is moved.
        rig: The keypoints.
        task: The picture and the person.
    """
    review = task.mix.review
    after: list[Skeleton] = json.loads(json.dumps(given))
    if targets is None:
        is_doubtful = bool(after) and coin(review.guessedFailShare, *task.seed, "guess")
        return after, is_doubtful and _nudge(after[0], task)
    changed = False
    share = review.findShare * review.repairShare
    left = list(targets)
    for row, skeleton in enumerate(after):
        target = _nearest(skeleton, left)
        if target is None:
            continue
        left.remove(target)
        for point in skeleton["keypoints"]:
            spot = target.get(str(point.get("label")))
            if spot is None or not {"x", "y"} <= set(point):
                continue
            x, y = _inside(spot, task)
            off = math.hypot(point["x"] - x, point["y"] - y)
            if off > _NEAR * _size(target) and coin(share, *task.seed, row, point["label"]):
                point["x"], point["y"] = round(x, 2), round(y, 2)
                changed = True
    for number, target in enumerate(left):
        if coin(share, *task.seed, "missed", number):
            after.append(_skeleton(f"skeleton-{len(after) + 1}", target, rig, task))
            changed = True
    return after, changed


def _nudge(skeleton: Skeleton, task: ImageTask) -> bool:
    for point in skeleton["keypoints"]:
        if {"x", "y"} <= set(point):
            x = point["x"] + 3 if point["x"] + 3 <= task.width else point["x"] - 3
            point["x"] = round(x, 2)
            return True
    return False


def _nearest(skeleton: Skeleton, targets: list[Target]) -> Target | None:
    """The object that the skeleton is of: its points lie nearest to that object's."""
    points = {p.get("label"): (p["x"], p["y"]) for p in skeleton["keypoints"] if "x" in p}

    def gap(target: Target) -> float:
        """Distance of the two middles, in object sizes."""
        there = [spot for spot in target.values() if spot is not None]
        if not there or not points:
            return math.inf
        (mx, my), (x, y) = _middle(there), _middle(list(points.values()))
        return math.hypot(mx - x, my - y) / _size(target)

    near = min(((gap(target), n) for n, target in enumerate(targets)), default=(math.inf, 0))
    return targets[near[1]] if near[0] < 1 else None


def _middle(points: list[Point]) -> Point:
    return sum(x for x, _ in points) / len(points), sum(y for _, y in points) / len(points)


def _size(target: Target) -> float:
    """The length that errors are scaled by: that of a box around the points, at least 1."""
    there = [spot for spot in target.values() if spot is not None] or [(0.0, 0.0)]
    xs, ys = [x for x, _ in there], [y for _, y in there]
    return Box(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)).size


def _skeleton(ident: str, target: Target, rig: Rig, task: ImageTask) -> Skeleton:
    keypoints: list[dict[str, Any]] = []
    for key, label in rig.classes:
        spot = target.get(label)
        if spot is None:
            keypoints.append({"id": key, "label": label, "visibility": "absent"})
            continue
        x, y = _inside(spot, task)
        where = {"x": round(x, 2), "y": round(y, 2)}
        keypoints.append({"id": key, "label": label, **where, "visibility": "visible"})
    return {"id": ident, "keypoints": keypoints}


def _inside(point: Point, task: ImageTask) -> Point:
    return min(max(point[0], 0.0), task.width), min(max(point[1], 0.0), task.height)


def _spot(place: Point, box: Box) -> Point:
    return box.left + place[0] * box.width, box.top + place[1] * box.height


def _own_place(row: dict[str, Any]) -> Point | None:
    """A keypoint's own place; None where the rig gives none."""
    return None if row.get("x") is None else (float(row["x"]), float(row["y"]))


def _frame(box: dict[str, Any]) -> Box:
    """A rig's box, as AWS documents it (right, bottom) or with width and height."""
    left, top = float(box["left"]), float(box["top"])
    width = float(box["right"]) - left if "right" in box else float(box["width"])
    height = float(box["bottom"]) - top if "bottom" in box else float(box["height"])
    return Box(left, top, width, height)


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
