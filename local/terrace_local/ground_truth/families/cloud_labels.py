"""Label files of point clouds: cuboids per frame, and boxes on camera images (3D-2D)."""

from typing import Any

from terrace_local.ground_truth.categories import Categories
from terrace_local.ground_truth.families.cloud_input import CloudFrame
from terrace_local.ground_truth.families.seqlabel import SeqLabelError
from terrace_local.workers.sequence import Drawn, SequenceLabels
from terrace_local.workers.shapes import shape_from_json, shape_to_json

LIDAR = "lidar"
_TOP = "tracking-annotations"

Sensors = dict[str, SequenceLabels]
"""`lidar` and `camera-0`, `camera-1` ...: what is drawn on the data of each."""


def to_inline(labels: SequenceLabels, categories: Categories) -> dict[str, Any]:
    """The label of a single frame, as the manifest holds it: cuboids without identities."""
    rows = [_row(drawn, categories) for drawn in labels.frames.get(0, [])]
    for row in rows:
        row.pop("object-id", None)
    return {"annotations": rows}


def from_inline(value: Any, class_map: dict[str, str]) -> SequenceLabels:
    """Reads what `to_inline` writes; names stand in for the identities.

    Raises:
        SeqLabelError: when it is no such label.
    """
    labels = SequenceLabels()
    try:
        for number, row in enumerate(value["annotations"]):
            labels.add(0, _drawn({"object-id": row.get("object-name", number), **row}, class_map))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SeqLabelError(f"it cannot be understood: {error!r}") from error
    return labels


def to_file(sensors: Sensors, frames: list[CloudFrame], categories: Categories) -> dict[str, Any]:
    """The content of SeqLabel.json; with cameras, one part for each of lidar and cameras."""
    parts = {
        sensor: {_TOP: [_frame(sensor, labels, place, frame, categories)
                        for place, frame in enumerate(frames)]}
        for sensor, labels in sensors.items()
    }  # fmt: skip
    return parts if len(parts) > 1 else parts[LIDAR]


def from_file(data: Any, frames: list[CloudFrame], class_map: dict[str, str]) -> Sensors:
    """Reads what `to_file` writes.

    Raises:
        SeqLabelError: when it is no label file of these frames.
    """
    try:
        parts = {LIDAR: data} if _TOP in data else data
        return {sensor: _part(part[_TOP], frames, class_map) for sensor, part in parts.items()}
    except SeqLabelError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SeqLabelError(f"it cannot be understood: {error!r}") from error


def _frame(
    sensor: str, labels: SequenceLabels, place: int, frame: CloudFrame, categories: Categories
) -> dict[str, Any]:
    # Ground Truth names the file that it makes of a frame for its tool.
    name = f"{frame.name}.pcd"
    is_lidar = sensor == LIDAR
    return {
        "frame-number" if is_lidar else "frame-no": frame.number,
        "frame-name" if is_lidar else "frame": name,
        "annotations": [_row(drawn, categories) for drawn in labels.frames.get(place, [])],
        "frame-attributes": labels.frame_attributes.get(place, {}),
    }


def _row(drawn: Drawn, categories: Categories) -> dict[str, Any]:
    return {
        "label-category-attributes": dict(drawn.attributes),
        "object-name": drawn.object_name,
        # An integer here, a string in video: that is how AWS has it.
        "class-id": categories.index_of(drawn.label),
        **shape_to_json(drawn.shape),
        "object-id": drawn.object_id,
    }


def _part(rows: Any, frames: list[CloudFrame], class_map: dict[str, str]) -> SequenceLabels:
    by_name = {frame.name: place for place, frame in enumerate(frames)}
    by_number = {frame.number: place for place, frame in enumerate(frames)}
    labels = SequenceLabels()
    for row in rows:
        name = str(row.get("frame-name", row.get("frame", ""))).removesuffix(".pcd")
        number = row.get("frame-number", row.get("frame-no"))
        place = by_name.get(name, by_number.get(int(number)) if number is not None else None)
        if place is None:
            raise SeqLabelError(f"frame {name or number} is not in the sequence")
        for annotation in row["annotations"]:
            labels.add(place, _drawn(annotation, class_map))
        answers = row.get("frame-attributes") or {}
        if answers:
            labels.frame_attributes[place] = {key: str(value) for key, value in answers.items()}
    return labels


def _drawn(row: dict[str, Any], class_map: dict[str, str]) -> Drawn:
    class_id = str(row["class-id"])
    if class_id not in class_map:
        raise SeqLabelError(f"class {class_id} is not in the class-map")
    answers = row.get("label-category-attributes") or {}
    return Drawn(
        label=class_map[class_id],
        shape=shape_from_json(row),
        object_id=str(row["object-id"]),
        object_name=row.get("object-name"),
        attributes={key: str(value) for key, value in answers.items()},
    )
