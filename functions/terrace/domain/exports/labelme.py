"""LabelMe (labelmeai): one JSON file beside each image.

Corners in pixels from 0; a box is `rectangle` with two corners, a polyline `linestrip`, a keypoint
`point` whose group is its object. Classes of a whole image are flags. Source: labelmeai/labelme,
labelme/label_file.py, file version 5.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from terrace.domain.exports.holding import sized
from terrace.domain.exports.model import (
    BoxShape,
    Files,
    Head,
    Item,
    KeypointsShape,
    Object,
    Point,
    PolygonShape,
    PolylineShape,
)
from terrace.domain.exports.numbers import number
from terrace.domain.exports.text import dumps

Json = dict[str, Any]


def image_path(item: Item) -> str:
    """Beside its file of labels."""
    return item.name


def write(items: Iterable[Item], head: Head, files: Files) -> None:
    """Writes `<image>.json` for each image, also for one without labels."""
    files.write("flags.txt", "".join(f"{name}\n" for name in head.classes))
    for item in items:
        width, height = sized(item)
        document = {
            "version": "5.5.0",
            "flags": {tag.label: True for tag in item.tags},
            "shapes": [
                shape
                for index, one in enumerate(item.objects)
                for shape in _shapes(one, index, head)
            ],
            "imagePath": item.name.rsplit("/", 1)[-1],
            "imageData": None,
            "imageHeight": height,
            "imageWidth": width,
        }
        files.write(f"{item.stem}.json", dumps(document) + "\n")


def _shapes(one: Object, index: int, head: Head) -> Iterator[Json]:
    head.number(one.label)
    shape = one.shape
    if isinstance(shape, BoxShape):
        corners = ((shape.left, shape.top), (shape.right, shape.bottom))
        yield _shape(one, "rectangle", corners, None)
    elif isinstance(shape, PolygonShape):
        yield _shape(one, "polygon", shape.points, None)
    elif isinstance(shape, PolylineShape):
        yield _shape(one, "linestrip", shape.points, None)
    else:
        assert isinstance(shape, KeypointsShape)
        for point in shape.points:
            if point.visibility:
                found = _shape(one, "point", ((point.x, point.y),), index)
                hidden = ", hidden" if point.visibility == 1 else ""
                yield {**found, "description": f"{point.name}{hidden}"}


def _shape(one: Object, kind: str, points: Iterable[Point], group: int | None) -> Json:
    return {
        "label": one.label,
        "points": [[number(x), number(y)] for x, y in points],
        "group_id": group,
        "description": one.name or "",
        "shape_type": kind,
        "flags": {},
    }
