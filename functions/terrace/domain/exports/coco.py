"""COCO: one JSON file a subset with boxes, polygons and masks, or with keypoints.

Boxes are `[left, top, width, height]` in pixels from 0, as here. Category ids are class ids + 1, so
that 0 is free for background. A mask is run-length encoded with its runs as a list; a polygon of
fewer than three points keeps its box only. Images without labels are in `images` all the same.
Written as a stream: annotations wait in a spool until all images are written.
Source: cocodataset.org, "Data format"; cocoapi PythonAPI/pycocotools/coco.py.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from terrace.domain.exports import geometry, runs
from terrace.domain.exports.model import (
    BoxShape,
    Files,
    Head,
    Item,
    KeypointsShape,
    Object,
    PolygonShape,
    Spool,
)
from terrace.domain.exports.numbers import json_number, number
from terrace.domain.exports.text import dumps, quoted

Json = dict[str, Any]
_NEXT = ",\n"
Points = Mapping[str, tuple[str, ...]]


def image_path(item: Item) -> str:
    """Where pycocotools' users and Datumaro look for an image."""
    return f"images/{item.name}"


def write(items: Iterable[Item], head: Head, files: Files) -> None:
    """Writes `annotations/instances_<subset>.json`."""
    _write(items, head, files, "instances", None)


def write_keypoints(items: Iterable[Item], head: Head, files: Files) -> None:
    """Writes `annotations/person_keypoints_<subset>.json`; each class says its points' names."""
    _write(items, head, files, "person_keypoints", head.keypoints)


class _Subset:
    """One file that grows."""

    def __init__(self, path: str, files: Files, opening: Json) -> None:
        self.path, self._files = path, files
        self.images = self.annotations = 0
        self._spool: Spool = files.spool()
        text = dumps(opening)
        files.append(path, f'{text[:-1]}, "images": [')

    def image(self, item: Item) -> None:
        width, height = item.size or (0, 0)
        url = f', "coco_url": {quoted(item.uri)}' if item.uri else ""
        comma = "," if self.images else ""
        self.images += 1
        self._files.append(
            self.path,
            f'{comma}\n{{"id": {self.images}, "file_name": {quoted(item.name)}, '
            f'"width": {width}, "height": {height}{url}}}',
        )

    def annotate(self, annotations: Sequence[str]) -> None:
        """The annotations of the last image: the members of a JSON object, each."""
        if not annotations:
            return
        comma = "," if self.annotations else ""
        made = [
            f'{{"id": {number}, "image_id": {self.images}, {members}}}'
            for number, members in enumerate(annotations, start=self.annotations + 1)
        ]
        self.annotations += len(made)
        self._spool.write(f"{comma}\n{_NEXT.join(made)}")

    def close(self) -> None:
        self._files.append(self.path, '], "annotations": [')
        for text in self._spool.read():
            self._files.append(self.path, text)
        self._files.append(self.path, "]}\n")


def _write(
    items: Iterable[Item], head: Head, files: Files, task: str, keypoints: Points | None
) -> None:
    opening: Json = {
        "info": {"description": head.name, "date_created": head.created},
        "licenses": [],
        "categories": [_category(i, name, keypoints) for i, name in enumerate(head.classes)],
    }
    subsets = {
        name: _Subset(f"annotations/{task}_{name}.json", files, opening) for name in head.subsets
    }
    for item in items:
        subset = subsets[item.subset]
        subset.image(item)
        subset.annotate(_annotations(item, head))
    for subset in subsets.values():
        subset.close()


def _category(index: int, name: str, keypoints: Points | None) -> Json:
    found: Json = {"id": index + 1, "name": name, "supercategory": ""}
    if keypoints is not None:
        # Readers want both from every class of such a file, also from one without points.
        found |= {"keypoints": list(keypoints.get(name, ())), "skeleton": []}
    return found


def _annotations(item: Item, head: Head) -> list[str]:
    found = []
    for one in item.objects:
        category = head.number(one.label) + 1
        shape = one.shape
        if isinstance(shape, BoxShape) and not _says(one):
            found.append(
                f'"category_id": {category}, "segmentation": [], '
                f'"area": {number(shape.width * shape.height)}, '
                f'"bbox": [{json_number(shape.left)}, {json_number(shape.top)}, '
                f'{json_number(shape.width)}, {json_number(shape.height)}], "iscrowd": 0'
            )
        else:
            annotation = {"category_id": category, **_shape(one, head), **_said(one)}
            found.append(dumps(annotation)[1:-1])
    if item.raster is not None:
        by_column = runs.columns(item.raster)
        for value in runs.numbers(item.raster):
            lengths = runs.counts(by_column, value)
            annotation = {
                "category_id": head.number(item.raster.labels[value - 1]) + 1,
                "segmentation": {"counts": lengths, "size": [*reversed(item.raster.size)]},
                "area": runs.area(by_column, value),
                "bbox": _bbox(runs.box(item.raster, by_column, value)),
                "iscrowd": 0,
            }
            found.append(dumps(annotation)[1:-1])
    return found


def _shape(one: Object, head: Head) -> Json:
    shape = one.shape
    box = geometry.box_of(shape) or BoxShape(0, 0, 0, 0)
    found: Json = {
        "segmentation": [],
        "area": number(box.width * box.height),
        "bbox": _bbox(box),
        "iscrowd": 0,
    }
    if isinstance(shape, PolygonShape) and len(shape.points) >= 3:
        found["segmentation"] = [[number(part) for point in shape.points for part in point]]
        found["area"] = number(geometry.area(shape.points))
    if isinstance(shape, KeypointsShape):
        placed = {point.name: point for point in shape.points}
        names = head.keypoints.get(one.label, tuple(placed))
        listed = [placed.get(name) for name in names]
        found["keypoints"] = [
            part
            for point in listed
            for part in (
                (number(point.x), number(point.y), point.visibility)
                if point and point.visibility
                else (0, 0, 0)
            )
        ]
        found["num_keypoints"] = sum(1 for point in listed if point and point.visibility)
    return found


def _says(one: Object) -> bool:
    return one.track is not None or one.name is not None or bool(one.attributes)


def _said(one: Object) -> Json:
    """What Ground Truth knows beyond COCO, where Datumaro and CVAT look for it."""
    said = dict(one.attributes)
    if one.track is not None:
        said["track_id"] = one.track
    if one.name is not None:
        said["name"] = one.name
    return {"attributes": said} if said else {}


def _bbox(box: BoxShape) -> list[int | float]:
    return [number(part) for part in (box.left, box.top, box.width, box.height)]
