"""COCO instances or keypoints, read: a file of `images`, `annotations` and `categories`.

The box is `bbox`; polygons and masks are not read (a box is what a pre-label for people needs),
keypoints are. Classes come in the order of the category ids. The file is held in memory whole.
"""

from typing import Any, Literal

from terrace.domain.exports.model import Folder, Item, Keypoint, KeypointsShape, Object, Shape
from terrace.domain.imports.boxes import Read, box, fail, finite, made, names, uri
from terrace.domain.json_reading import Node


def read(folder: Folder, prefix: str | None = None) -> Read:
    """The data set of the only JSON file of a folder, or of the one in `annotations/`."""
    listed = [name for name in folder.names() if name.endswith(".json")]
    found = [name for name in listed if name.startswith("annotations/")] or listed
    if len(found) != 1:
        fail("coco", f"there are {len(found)} JSON files", "one file, or a folder with one")
    return parse(folder.text(found[0]), found[0], prefix)


def parse(text: str, where: str, prefix: str | None = None) -> Read:
    """The data set of a COCO file."""
    node = Node.parse(text, where)
    categories = sorted(node["categories"].items(), key=lambda one: one["id"].integer())
    classes = {one["id"].integer(): one["name"].text() for one in categories}
    points = {
        one["id"].integer(): tuple(point.text() for point in one["keypoints"].items())
        for one in categories
        if "keypoints" in one
    }
    by_image: dict[int, list[Object]] = {}
    for one in node["annotations"].items():
        number = one["category_id"].integer()
        if number not in classes:
            one.fail(f"category {number} is not in categories", "an id of categories")
        shape = _shape(one, points.get(number, ()))
        if shape is not None:
            known = by_image.setdefault(one["image_id"].integer(), [])
            known.append(Object(classes[number], shape))
    give = names()
    items: list[Item] = []
    for image in node["images"].items():
        path = image["file_name"].text()
        size = (image["width"].integer(), image["height"].integer()) if "width" in image else None
        objects = tuple(by_image.pop(image["id"].integer(), ()))
        items.append(Item(give.give(path), uri(prefix, path), size=size, objects=objects))
    if by_image:
        node.fail(f"{len(by_image)} image ids of annotations are not in images", "all images")
    found = made(list(classes.values()), items, where)
    named = {classes[number]: listed for number, listed in points.items()}
    return Read(found.classes, found.items, named)


def _shape(one: Node, points: tuple[str, ...]) -> Shape | None:
    bounds = None
    if one.get("bbox") is not None:
        parts = one["bbox"].items()
        if len(parts) != 4:
            one["bbox"].fail(f"has {len(parts)} numbers", "[left, top, width, height]")
        left, top, width, height = (part.number() for part in parts)
        bounds = box(left, top, width, height, f"{one.where} {one.path}.bbox")
    if points and one.get("keypoints") is not None:
        values: list[Any] = [part.number() for part in one["keypoints"].items()]
        if len(values) != 3 * len(points):
            one["keypoints"].fail(
                f"has {len(values)} numbers for {len(points)} points", "x, y, visibility of each"
            )
        listed = []
        for index, name in enumerate(points):
            x, y, seen = values[3 * index : 3 * index + 3]
            visibility: Literal[0, 1, 2] = 2 if seen >= 2 else 1 if seen == 1 else 0
            listed.append(Keypoint(name, finite(x, one.path), finite(y, one.path), visibility))
        return KeypointsShape(tuple(listed), bounds)
    return bounds
