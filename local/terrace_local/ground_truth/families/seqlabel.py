"""SeqLabel.json: the label file of one video sequence."""

from typing import Any

from terrace_local.ground_truth.categories import Categories
from terrace_local.workers.sequence import Drawn, Sequence, SequenceLabels
from terrace_local.workers.shapes import shape_from_json, shape_to_json

# annotationType -> where its shapes are: in the label file, and in what the worker hands in.
_KEYS = {
    "BoundingBox": ("annotations", "boundingBoxes"),
    "Polyline": ("polylines", "polylines"),
    "Polygon": ("polygons", "polygons"),
    "Keypoint": ("keypoints", "keypoints"),
}
_SHAPE_KEYS = [file_key for file_key, _ in _KEYS.values()]


class SeqLabelError(ValueError):
    """A label file cannot be shown to workers; the message says what is wrong in it."""


def to_seqlabel(
    labels: SequenceLabels, sequence: Sequence, categories: Categories, tracking: bool
) -> dict[str, Any]:
    """The file's content. Only frames with a shape or an answer appear; numbers as strings."""
    top = "tracking-annotations" if tracking else "detection-annotations"
    key, _ = _KEYS[categories.annotation_type]
    frames = [
        {
            key: [_shape_out(drawn, categories) for drawn in labels.frames.get(position, [])],
            "frame-no": str(position),
            "frame": sequence.frames[position],
            "frame-attributes": labels.frame_attributes.get(position, {}),
        }
        for position in labels.positions()
    ]
    return {top: frames}


def _shape_out(drawn: Drawn, categories: Categories) -> dict[str, Any]:
    row: dict[str, Any] = shape_to_json(drawn.shape)
    index = categories.index_of(drawn.label)
    row["class-id"] = str(index)
    row["label-category-attributes"] = dict(drawn.attributes)
    if drawn.object_id is not None:
        row["object-id"] = drawn.object_id
        row["object-name"] = drawn.object_name
    return row


def from_seqlabel(
    data: Any, sequence: Sequence, class_map: dict[str, str], tracking: bool
) -> SequenceLabels:
    """Reads a label file for review; frames are found by file name, then by number.

    Args:
        data: The parsed file.
        sequence: The frames of the item under review.
        class_map: Class id -> label, from the metadata of the label under review.
        tracking: Whether it must be tracking or detection labels.

    Raises:
        SeqLabelError: when it is no label file of this kind or names classes nobody knows.
    """
    top = "tracking-annotations" if tracking else "detection-annotations"
    if not isinstance(data, dict) or not isinstance(data.get(top), list):
        raise SeqLabelError(f"it has no {top}")
    by_name = {name: position for position, name in enumerate(sequence.frames)}
    labels = SequenceLabels()
    try:
        for frame in data[top]:
            position = by_name.get(frame.get("frame"))
            if position is None:
                position = int(frame["frame-no"])
            if not 0 <= position < len(sequence.frames):
                raise SeqLabelError(f"frame {frame.get('frame')} is not in the sequence")
            for key in _SHAPE_KEYS:
                for row in frame.get(key) or []:
                    labels.add(position, _shape_in(row, class_map, key == "polygons"))
            answers = frame.get("frame-attributes") or {}
            if answers:
                labels.frame_attributes[position] = {k: str(v) for k, v in answers.items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SeqLabelError(f"it cannot be understood: {error!r}") from error
    return labels


def _shape_in(row: dict[str, Any], class_map: dict[str, str], closed: bool) -> Drawn:
    class_id = str(row["class-id"])
    if class_id not in class_map:
        raise SeqLabelError(f"class {class_id} is not in the class-map")
    answers = row.get("label-category-attributes") or {}
    return Drawn(
        label=class_map[class_id],
        shape=shape_from_json(row, closed),
        object_id=row.get("object-id"),
        object_name=row.get("object-name"),
        attributes={k: str(v) for k, v in answers.items()},
    )


def worker_content(
    labels: SequenceLabels, sequence: Sequence, categories: Categories, position: int
) -> dict[str, Any]:
    """What the worker's tool hands in for one frame."""
    shapes = []
    for drawn in labels.frames.get(position, []):
        row: dict[str, Any] = {"label": drawn.label, **shape_to_json(drawn.shape)}
        row["labelCategoryAttributes"] = dict(drawn.attributes)
        if drawn.object_id is not None:
            row.update(objectId=drawn.object_id, objectName=drawn.object_name)
        shapes.append(row)
    _, key = _KEYS[categories.annotation_type]
    return {
        "trackingAnnotations": {
            "frameNumber": position,
            "frame": sequence.frames[position],
            key: shapes,
            "frameAttributes": labels.frame_attributes.get(position, {}),
        }
    }
