"""Which formats can hold what a job makes: by its modality, or by a label of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from terrace.domain import categories, skeleton_answers
from terrace.domain.exports.formats import FORMATS, Format
from terrace.domain.exports.model import Kind
from terrace.domain.json_reading import Node
from terrace.domain.label_reading import shape_of
from terrace.domain.modalities import MODALITIES, Modality, Shape

Medium = Literal["image", "video", "text", "clip", "cloud"]
"""What was labeled; `clip` is a video as one file, `video` its frames."""

_KINDS: dict[Shape, frozenset[Kind]] = {
    "class": frozenset({"class"}),
    "classes": frozenset({"class"}),
    "boxes": frozenset({"box"}),
    "mask": frozenset({"mask"}),
    "spans": frozenset({"spans"}),
    "cuboids": frozenset({"cuboid"}),
}
_DRAWN: dict[str, Kind] = {
    "BoundingBox": "box",
    "Polyline": "polyline",
    "Polygon": "polygon",
    "Keypoint": "keypoints",
}
"""By annotationType of a video's category file."""
_TABLE: frozenset[Medium] = frozenset({"image", "video", "text", "clip"})
_MEDIA: dict[str, frozenset[Medium]] = {
    "mot": frozenset({"video"}),
    "cvat-video": frozenset({"video"}),
    "conll": frozenset({"text"}),
    "jsonl": frozenset({"text"}),
    "kitti-3d": frozenset({"cloud"}),
    "nuscenes": frozenset({"cloud"}),
    "imagenet": frozenset({"image", "clip"}),
    "csv": _TABLE,
    "parquet": _TABLE,
    "label-studio": frozenset({"image", "video", "text"}),
}
_IMAGES: frozenset[Medium] = frozenset({"image", "video"})
"""Of all other formats."""
_FAMILIES: dict[str, Medium] = {
    "video-frame": "video",
    "image": "image",
    "text": "text",
    "video-clip": "clip",
    "3d": "cloud",
    "custom": "image",
}


@dataclass(frozen=True)
class Material:
    """What a lane's labels are made of; no kind at all: no format here holds them."""

    kinds: frozenset[Kind]
    medium: Medium


def of_modality(modality: Modality) -> Material:
    """What a job of a modality can make, before anybody has looked into its category file."""
    medium = _FAMILIES[modality.family]
    if modality.custom:
        # A Custom job may be a skeleton's; whether it is stands in its category file.
        return Material(frozenset({"keypoints"}), medium)
    return Material(_kinds(modality.base_shape, medium, None), medium)


def of_label(value: Any, about: Node, config: Mapping[str, Any] | None) -> Material:
    """What one label is made of.

    Args:
        value: of the label attribute.
        about: its metadata.
        config: the category file of its job, where it is known.
    """
    kind = about["type"].text()
    shape = shape_of(about)
    row = next((one for one in MODALITIES.values() if one.output_type == kind), None)
    medium = _FAMILIES[row.family] if row is not None else "clip"
    if shape == "custom":
        is_skeleton = isinstance(value, list) or (
            isinstance(value, dict) and "updated_annotations" in value
        )
        known = is_skeleton and skeleton_answers.earlier(value) is not None
        return Material(frozenset({"keypoints"} if known else ()), medium)
    return Material(_kinds(shape, medium, config), medium)


def _kinds(shape: Shape, medium: Medium, config: Mapping[str, Any] | None) -> frozenset[Kind]:
    if shape != "frames":
        return _KINDS.get(shape, frozenset())
    if medium == "cloud":
        return frozenset({"cuboid"})
    drawn = _DRAWN.get(categories.annotation_type(dict(config))) if config is not None else None
    return frozenset({drawn}) if drawn is not None else frozenset(_DRAWN.values())


def fits(chosen: Format, material: Material) -> bool:
    """True where a format has a place for some of it."""
    media = _MEDIA.get(chosen.name, _IMAGES)
    return material.medium in media and bool(material.kinds & chosen.holds.any_of)


def fitting(materials: Iterable[Material]) -> list[str]:
    """Names of the formats that have a place for some of what there is."""
    there = list(materials)
    return [name for name, one in FORMATS.items() if any(fits(one, material) for material in there)]
