"""The hidden truth of point clouds: one JSON file per frame or sequence of frames.

::

    {"ground": {"label": "Road", "below": 0.15},               (optional)
     "objects": [
       {"objectId": "car-1", "label": "Car", "attributes": {"Type": "Sedan"},
        "frames": {"0.txt": {"center-x": 1, "center-y": 2, "center-z": 0.8, "length": 4,
                             "width": 2, "height": 1.6, "roll": 0, "pitch": 0, "yaw": 0.3}},
        "cameras": {"camera-0": {"0.txt": {"left": 1, "top": 2, "width": 3, "height": 4}}}}]}

``cameras`` holds boxes on the images of a frame, for 3D-2D jobs. ``ground`` says which points
outside every cuboid have a class: those whose z is below that height (metres).

The file lies where that of a video sequence would: ``s3://B/<dir>/frame1.bin`` ->
``.terrace-truth/<dir>/frame1.truth.json`` in B.
"""

from dataclasses import dataclass, field
from typing import Any

from terrace_local.workers.cuboids import Cuboid
from terrace_local.workers.shapes import Box, shape_from_json, shape_to_json
from terrace_local.workers.truth import TruthError


@dataclass(frozen=True)
class CloudThing:
    """One thing that is really there.

    Attributes:
        frames: Frame file name -> its cuboid.
        cameras: Camera (``camera-0``) -> frame file name -> its box on that image.
    """

    object_id: str
    label: str
    frames: dict[str, Cuboid]
    cameras: dict[str, dict[str, Box]] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CloudTruth:
    """All that is really in one frame or sequence; ``ground`` is a class and a height."""

    things: tuple[CloudThing, ...]
    ground: tuple[str, float] | None = None

    def to_json(self) -> dict[str, Any]:
        """The file's content (see the module's docstring)."""
        data: dict[str, Any] = {"objects": [_thing_out(thing) for thing in self.things]}
        if self.ground is not None:
            data["ground"] = {"label": self.ground[0], "below": self.ground[1]}
        return data

    @staticmethod
    def from_json(data: Any) -> "CloudTruth":
        """Reads a file's content.

        Raises:
            TruthError: when a field is missing or of the wrong type.
        """
        try:
            things = tuple(_thing_in(row) for row in data["objects"])
            ground = data.get("ground")
            if ground is not None:
                return CloudTruth(things, (str(ground["label"]), float(ground["below"])))
            return CloudTruth(things)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise TruthError(f"not a point cloud truth: {error!r}") from error


def _thing_out(thing: CloudThing) -> dict[str, Any]:
    row: dict[str, Any] = {
        "objectId": thing.object_id,
        "label": thing.label,
        "frames": {name: cuboid.to_json() for name, cuboid in thing.frames.items()},
    }
    if thing.cameras:
        row["cameras"] = {
            camera: {name: shape_to_json(box) for name, box in boxes.items()}
            for camera, boxes in thing.cameras.items()
        }
    if thing.attributes:
        row["attributes"] = dict(thing.attributes)
    return row


def _thing_in(row: dict[str, Any]) -> CloudThing:
    cameras: dict[str, dict[str, Box]] = {}
    for camera, boxes in row.get("cameras", {}).items():
        for name, data in boxes.items():
            box = shape_from_json(data)
            if not isinstance(box, Box):
                raise TruthError("a camera's shapes are boxes")
            cameras.setdefault(camera, {})[name] = box
    return CloudThing(
        object_id=str(row["objectId"]),
        label=str(row["label"]),
        frames={name: Cuboid.from_json(data) for name, data in row["frames"].items()},
        cameras=cameras,
        attributes={key: str(value) for key, value in row.get("attributes", {}).items()},
    )
