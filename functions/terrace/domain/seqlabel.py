"""SeqLabel.json, read: the labels of a sequence of video frames or point clouds, frame by frame.

Frames need not be in order, and only frames with labels need be there. `frame-no` of video is the
frame's place in the sequence as a text, from 0, whatever the sequence file numbers from.
"""

import re
from dataclasses import dataclass
from typing import Any

from terrace.domain.json_reading import Node
from terrace.domain.label_reading import box, cuboid
from terrace.domain.label_values import Box, Cuboid

TRACKING, DETECTION = "tracking-annotations", "detection-annotations"
SENSORS = re.compile(r"lidar|camera-\d+")
"""Outer keys of 3D-2D tracking: the point cloud, and each camera's images."""
SHAPE_KEYS = ("annotations", "polylines", "polygons", "keypoints")


@dataclass(frozen=True)
class Points:
    """A polyline, polygon or keypoint, in pixels."""

    class_number: int
    kind: str
    """polylines | polygons | keypoints."""
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Annotation:
    """One labeled object in one frame."""

    shape: Box | Points | Cuboid
    object_id: str | None
    """The same in every frame of a tracked object, and in every sensor."""
    object_name: str | None
    attributes: dict[str, Any]


@dataclass(frozen=True)
class Frame:
    """One frame of a sequence."""

    number: int
    name: str
    annotations: tuple[Annotation, ...]
    attributes: dict[str, Any]


@dataclass(frozen=True)
class SeqLabel:
    """A whole file."""

    tracking: bool
    """True: an object keeps its id from frame to frame."""
    sensors: dict[str, tuple[Frame, ...]]
    """Frames by sensor: `lidar` and `camera-0`... of 3D-2D tracking; else only one, named ""."""

    @property
    def frames(self) -> tuple[Frame, ...]:
        """The frames of the sequence itself: the only ones, or the point clouds."""
        return self.sensors.get("") or self.sensors.get("lidar", ())


def read(document: Any, uri: str) -> SeqLabel:
    """A SeqLabel.json, parsed before; UnreadableError with file, place and reason."""
    node = Node(document, uri)
    keys = [key for key, _ in node.members()]
    if TRACKING in keys or DETECTION in keys:
        tracking = TRACKING in keys
        return SeqLabel(tracking, {"": _frames(node, tracking)})
    sensors = [key for key in keys if SENSORS.fullmatch(key)]
    if not sensors:
        node.fail(
            f"has neither {TRACKING} nor {DETECTION}", f"a SeqLabel.json: {{{TRACKING!r}: [...]}}"
        )
    return SeqLabel(True, {key: _frames(node[key], tracking=True) for key in sensors})


def _frames(node: Node, tracking: bool) -> tuple[Frame, ...]:
    frames: dict[int, Frame] = {}
    for entry in node[TRACKING if tracking else DETECTION].items():
        frame = _frame(entry, tracking)
        if frame.number in frames:
            entry.fail(f"frame {frame.number} is there already", "every frame once")
        frames[frame.number] = frame
    return tuple(frames.values())


def _frame(entry: Node, tracking: bool) -> Frame:
    number = entry.get("frame-no") or entry["frame-number"]
    name = entry.get("frame") or entry["frame-name"]
    found: list[Annotation] = []
    keys = [key for key in SHAPE_KEYS if key in entry]
    if not keys:
        entry.fail("has no annotations", f"one of {', '.join(SHAPE_KEYS)}")
    for key in keys:
        found += [_annotation(one, key, tracking) for one in entry[key].items()]
    return Frame(number.integer(), name.text(), tuple(found), _values(entry, "frame-attributes"))


def _annotation(one: Node, key: str, tracking: bool) -> Annotation:
    number = one["class-id"].integer()
    shape: Box | Points | Cuboid
    if key != "annotations":
        shape = _points(one, key, number)
    elif "center-x" in one:
        shape = cuboid(one, number)
    else:
        shape = box(one, number)
    name = one.get("object-name")
    return Annotation(
        shape,
        one["object-id"].text() if tracking else None,
        name.text() if name else None,
        _values(one, "label-category-attributes"),
    )


def _points(one: Node, key: str, number: int) -> Points:
    vertices = [one] if key == "keypoints" else one["vertices"].items()
    points = tuple((vertex["x"].number(), vertex["y"].number()) for vertex in vertices)
    if not points:
        one.fail("has no vertices", '"vertices": [{"x": 1, "y": 2}]')
    return Points(number, key, points)


def _values(node: Node, key: str) -> dict[str, Any]:
    """Attributes: a worker's answers by the attribute's name."""
    found = node.get(key)
    return {name: member.value for name, member in found.members()} if found else {}
