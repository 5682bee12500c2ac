"""Every format by its name: what it holds, what it loses, who writes it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from terrace.domain.exports import (
    coco,
    coco_panoptic,
    cvat,
    ground_truth,
    image_list,
    kitti,
    label_studio,
    labelme,
    masks,
    mot,
    ner,
    nuscenes,
    open_images,
    table,
    table_parquet,
    voc,
    yolo,
)
from terrace.domain.exports.holding import Holds, Tally, fit
from terrace.domain.exports.model import ExportError, Files, Head, Item, Kind
from terrace.domain.exports.text import row

IMAGES = "images.csv"
"""In every export: where the format looks for each image, and where the image is."""
_BOX: frozenset[Kind] = frozenset({"box"})
_DRAWN: frozenset[Kind] = frozenset({"polygon", "keypoints"})


@dataclass(frozen=True)
class Format:
    """One format.

    Attributes:
        name: as users type it.
        title: what it is, for a list.
        holds: what it has a place for.
        write: the function that writes it.
        image_path: where it looks for an item's data object.
        conventions: what its numbers count from, and what is lost, in a sentence or two.
    """

    name: str
    title: str
    holds: Holds
    write: Callable[[Iterable[Item], Head, Files], None]
    image_path: Callable[[Item], str]
    conventions: str


def _holds(*kinds: Kind, boxed: frozenset[Kind] = frozenset(), inside: bool = False) -> Holds:
    return Holds(frozenset(kinds), boxed, inside, size=True)


_ROWS = (
    Format(
        "coco",
        "COCO instances: boxes, polygons, masks as runs",
        replace(_holds("box", "polygon", "mask"), size=False),
        coco.write,
        coco.image_path,
        "Pixels from 0, [left, top, width, height]; category ids from 1. Exact.",
    ),
    Format(
        "coco-keypoints",
        "COCO keypoints",
        replace(_holds("keypoints"), size=False),
        coco.write_keypoints,
        coco.image_path,
        "Points in the order of the category file; visibility 0, 1, 2. The rig is not known.",
    ),
    Format(
        "coco-panoptic",
        "COCO panoptic: PNG of segments",
        _holds("mask"),
        coco_panoptic.write,
        coco.image_path,
        "One segment a class and image: Ground Truth's masks tell no instances apart.",
    ),
    Format(
        "yolo",
        "YOLO detection, Ultralytics layout",
        _holds("box", boxed=_DRAWN, inside=True),
        yolo.write_detect,
        yolo.image_path,
        "class x_center y_center width height, 0 to 1, ten places; cut off at the image's edge.",
    ),
    Format(
        "yolo-segment",
        "YOLO segmentation, Ultralytics layout",
        _holds("polygon", "box", inside=True),
        yolo.write_segment,
        yolo.image_path,
        "class x1 y1 x2 y2 ..., 0 to 1; a box is its four corners.",
    ),
    Format(
        "yolo-pose",
        "YOLO pose, Ultralytics layout",
        _holds("keypoints"),
        yolo.write_pose,
        yolo.image_path,
        "Box, then x y visibility of each point; all classes have the same points.",
    ),
    Format(
        "darknet",
        "YOLO detection, Darknet layout",
        _holds("box", boxed=_DRAWN, inside=True),
        yolo.write_darknet,
        yolo.darknet_image_path,
        "As yolo; class names in obj.names, so none with blanks at its ends.",
    ),
    Format(
        "voc",
        "Pascal VOC",
        _holds("box", boxed=_DRAWN),
        voc.write,
        voc.image_path,
        "Pixels from 1, both ends inside: xmin = left + 1, xmax = left + width.",
    ),
    Format(
        "mot",
        "MOT Challenge, a folder a video",
        _holds("box", boxed=_DRAWN),
        mot.write,
        mot.image_path,
        "Frames, tracks, classes and pixels from 1. Attributes are lost; the frame rate is given.",
    ),
    Format(
        "cvat",
        "CVAT XML 1.1 for images",
        _holds("box", "polygon", "polyline", "keypoints", "class"),
        cvat.write,
        cvat.image_path,
        "Pixels from 0. Names and visibility of an object's points are lost.",
    ),
    Format(
        "cvat-video",
        "CVAT XML 1.1 for video, a file a sequence",
        _holds("box", "polygon", "polyline", "keypoints"),
        cvat.write_video,
        cvat.image_path,
        "Pixels and frames from 0; every labeled frame is a key frame.",
    ),
    Format(
        "kitti",
        "KITTI object detection",
        replace(_holds("box", boxed=_DRAWN), size=False),
        kitti.write,
        kitti.image_path,
        "Pixels from 0. Class names of one word only; attributes are lost.",
    ),
    Format(
        "kitti-3d",
        "KITTI cuboids",
        Holds(frozenset({"cuboid"})),
        kitti.write_cuboids,
        kitti.cloud_path,
        "Camera axes by a fixed rotation (calib/), metres. Roll, pitch and tracks are lost.",
    ),
    Format(
        "nuscenes",
        "nuScenes tables of cuboids",
        Holds(frozenset({"cuboid"})),
        nuscenes.write,
        nuscenes.cloud_path,
        "Frame of the point cloud, metres, quaternions. No tables of sensors and poses.",
    ),
    Format(
        "label-studio",
        "Label Studio JSON tasks",
        _holds("box", "polygon", "keypoints", "class", "spans"),
        label_studio.write,
        label_studio.image_path,
        "Percent of the image, 0 to 100. Polylines are left out.",
    ),
    Format(
        "labelme",
        "LabelMe JSON, a file an image",
        _holds("box", "polygon", "polyline", "keypoints", "class"),
        labelme.write,
        labelme.image_path,
        "Pixels from 0. Attributes and tracks are lost.",
    ),
    Format(
        "open-images",
        "Open Images CSV",
        _holds("box", "class", boxed=_DRAWN, inside=True),
        open_images.write,
        open_images.image_path,
        "Edges 0 to 1, ten places; cut off at the image's edge. Tracks and attributes are lost.",
    ),
    Format(
        "masks",
        "Indexed PNG masks, Pascal VOC layout",
        _holds("mask"),
        masks.write,
        masks.image_path,
        "A pixel is class id + 1, 0 background; at most 255 classes.",
    ),
    Format(
        "csv",
        "A table, one row a box",
        Holds(frozenset({"box", "class"}), _DRAWN | {"polyline"}),
        table.write,
        table.image_path,
        "Pixels from 0. Of polygons, polylines and points only the box around them.",
    ),
    Format(
        "parquet",
        "The same table as Apache Parquet",
        Holds(frozenset({"box", "class"}), _DRAWN | {"polyline"}),
        table_parquet.write,
        table.image_path,
        "As csv, with types: text, double, integer; what is not there is null.",
    ),
    Format(
        "conll",
        "CoNLL columns of tokens and B- I- O",
        Holds(frozenset({"spans"})),
        ner.write_conll,
        ner.text_path,
        "White space is lost; overlapping entities and names with blanks are refused.",
    ),
    Format(
        "jsonl",
        "JSON lines of texts: entities by offsets, classes",
        Holds(frozenset({"spans", "class"})),
        ner.write_jsonl,
        ner.text_path,
        "Characters from 0, the end outside. Exact.",
    ),
    Format(
        "imagenet",
        "Image classification: ImageNet lists and folders",
        Holds(frozenset({"class"})),
        image_list.write,
        image_list.image_path,
        "Class ids from 0. Confidences are lost.",
    ),
    Format(
        "ground-truth",
        "Augmented manifest, to start an adjustment job",
        _holds("box", boxed=_DRAWN),
        ground_truth.write,
        ground_truth.image_path,
        "Pixels from 0. Boxes of images and of videos, with tracks.",
    ),
)
FORMATS: dict[str, Format] = {one.name: one for one in _ROWS}


def check(chosen: Format, kinds: Iterable[Kind], where: str) -> None:
    """Refuses a format that would leave out every label there is."""
    there = set(kinds)
    if there and not there & chosen.holds.any_of:
        fitting = [one.name for one in _ROWS if there & one.holds.any_of]
        raise ExportError(
            where,
            "FORMAT_UNFIT",
            f"{chosen.name} has no place for {_listed(there)}",
            f"one of {', '.join(fitting) or 'no format here'}",
        )


def export(chosen: Format, items: Iterable[Item], head: Head, files: Files) -> Tally:
    """Writes a data set in a format; what was written and what left out is in the tally."""
    tally = Tally()
    files.append(IMAGES, row(("file", "source")))
    chosen.write(_with_images(fit(items, chosen.holds, tally), chosen, files), head, files)
    return tally


def _with_images(items: Iterable[Item], chosen: Format, files: Files) -> Iterator[Item]:
    for item in items:
        if item.uri:
            files.append(IMAGES, row((chosen.image_path(item), item.uri)))
        yield item


def _listed(kinds: Iterable[Kind]) -> str:
    return ", ".join(sorted(_PLURAL[kind] for kind in kinds))


_PLURAL: dict[Kind, str] = {
    "class": "classes of whole items",
    "box": "boxes",
    "polygon": "polygons",
    "polyline": "polylines",
    "keypoints": "keypoints",
    "mask": "masks",
    "spans": "named entities",
    "cuboid": "cuboids",
}
