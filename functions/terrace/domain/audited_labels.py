"""Can a label in a manifest be reviewed? Found out before a page that cannot show it is paid."""

import re
from typing import Any

from terrace.domain import s3uri
from terrace.domain.modalities import Modality, Shape

_FILES: dict[Shape, str] = {
    "mask": "the S3 URI of a PNG",
    "frames": "the S3 URI of a SeqLabel.json",
    "cloud-mask": "the S3 URI of a zlib file",
}
"""Labels that stand in a file of their own."""
BACKGROUND = "BACKGROUND"
"""Class 0 of every mask, which Ground Truth adds."""
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")


def problem(value: object, about: dict[str, Any], modality: Modality) -> tuple[str, str] | None:
    """What is wrong with a label and what would be right; None if it can be reviewed.

    Args:
        value: of the label attribute.
        about: its metadata; empty where there is none.
        modality: of the review. A Custom job's page may show any kind of label.
    """
    if modality.custom:
        return None
    kind = about.get("type")
    wanted = modality.base_type
    if kind is not None and wanted is not None and kind != wanted:
        return f"is of type {kind}", f"{modality.name} reviews {wanted}"
    shape = modality.base_shape
    if shape in _FILES and (wrong := s3uri.problem(value)):
        return wrong, _FILES[shape]
    if shape == "boxes" and (wrong := _boxes(value, about)):
        return wrong, "boxes as Ground Truth writes them"
    if shape == "mask" and (wrong := _colors(about.get("internal-color-map"))):
        # Without it Ground Truth cannot set the task up (guide, "verify and adjust labels").
        return f"has in its metadata {wrong}", (
            '"internal-color-map": {"1": {"class-name": "car", "hex-color": "#2ca02c"}}'
        )
    if shape == "cuboids" and (wrong := _cuboids(value)):
        return wrong, "cuboids as Ground Truth writes them"
    return None


def class_names(about: dict[str, Any]) -> set[str]:
    """The classes that a label's metadata names; a mask's background is none of a user's."""
    found: set[str] = set()
    for key in ("class-map", "class_map"):
        names = about.get(key)
        if isinstance(names, dict):
            found |= {name for name in names.values() if isinstance(name, str)}
    for key in ("internal-color-map", "color-map"):
        colors = about.get(key)
        for entry in colors.values() if isinstance(colors, dict) else ():
            name = entry.get("class-name") if isinstance(entry, dict) else None
            if isinstance(name, str) and name.upper() != BACKGROUND:
                found.add(name)
    return found


def _boxes(value: object, about: dict[str, Any]) -> str | None:
    """Boxes need numbers to be drawn with, and `class-map` to be named with."""
    boxes = value.get("annotations") if isinstance(value, dict) else None
    if not isinstance(boxes, list):
        return "has no list of annotations"
    names = about.get("class-map")
    for box in boxes:
        if not isinstance(box, dict):
            return "has an annotation that is no object"
        if missing := _no_number(box, ("left", "top", "width", "height")):
            return f"has a box without a number for {missing}"
        if not isinstance(names, dict) or str(box.get("class_id")) not in names:
            return f"has a box of class {box.get('class_id')!r}, which its class-map does not name"
    return None


def _cuboids(value: object) -> str | None:
    cuboids = value.get("annotations") if isinstance(value, dict) else None
    if not isinstance(cuboids, list):
        return "has no list of annotations"
    numbers = ("center-x", "center-y", "center-z", "length", "width", "height", "yaw")
    for cuboid in cuboids:
        if not isinstance(cuboid, dict):
            return "has an annotation that is no object"
        if missing := _no_number(cuboid, numbers):
            return f"has a cuboid without a number for {missing}"
    return None


def _colors(colors: object) -> str | None:
    if not isinstance(colors, dict) or not colors:
        return "no internal-color-map"
    for index, entry in colors.items():
        color = entry.get("hex-color") if isinstance(entry, dict) else None
        if not isinstance(color, str) or not _COLOR.fullmatch(color):
            return f"no hex-color for class {str(index)[:20]!r}"
    return None


def _no_number(holder: dict[str, Any], keys: tuple[str, ...]) -> str | None:
    """The first key that holds no number."""
    for key in keys:
        if isinstance(holder.get(key), bool) or not isinstance(holder.get(key), int | float):
            return key
    return None
