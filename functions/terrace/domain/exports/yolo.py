"""YOLO in Ultralytics' layout, for detection, segmentation and pose; and Darknet's own layout.

A line is `class x_center y_center width height`, all but the class divided by the image's width or
height: 0 to 1. A box of 50 x 100 at (100, 200) in an image of 1000 x 800 is
`0 0.125 0.3125 0.05 0.125`. What sticks out of an image is cut off: Ultralytics skips the whole
image otherwise. Every image has its .txt, an empty one where nothing is labeled. Segmentation has
`class x1 y1 x2 y2 ...` (a box is its four corners), pose the box followed by `x y visibility` of
each point. Source: docs.ultralytics.com/datasets; AlexeyAB/darknet, README.
"""

from collections.abc import Callable, Iterable

from terrace.domain.exports import geometry
from terrace.domain.exports.holding import sized
from terrace.domain.exports.model import (
    BoxShape,
    ExportError,
    Files,
    Head,
    Item,
    KeypointsShape,
    Object,
    PolygonShape,
    Size,
)
from terrace.domain.exports.numbers import fraction
from terrace.domain.exports.text import each_on_a_line, yaml


def image_path(item: Item) -> str:
    """Ultralytics finds labels by putting `labels` in the place of `images`."""
    return f"images/{item.subset}/{item.name}"


def darknet_image_path(item: Item) -> str:
    """Darknet finds the labels beside the image."""
    return f"obj_{item.subset}_data/{item.name}"


def write_detect(items: Iterable[Item], head: Head, files: Files) -> None:
    """Boxes."""
    _ultralytics(items, head, files, _box_line)


def write_segment(items: Iterable[Item], head: Head, files: Files) -> None:
    """Polygons."""
    _ultralytics(items, head, files, _polygon_line)


def write_pose(items: Iterable[Item], head: Head, files: Files) -> None:
    """Points of objects: the same names, in the same order, for every class."""
    names = _points(head)

    def line(one: Object, size: Size, number: int) -> str:
        return _pose_line(one, size, number, names)

    _ultralytics(items, head, files, line, f"kpt_shape: [{len(names)}, 3]\n")


def write_darknet(items: Iterable[Item], head: Head, files: Files) -> None:
    """`obj.data`, `obj.names`, and a list of images a subset; labels beside the images."""
    subsets = {name: "valid" if name == "val" else name for name in head.subsets}
    lines = [f"classes = {len(head.classes)}\n"]
    lines += [f"{key} = data/{key}.txt\n" for key in subsets.values()]
    lines += ["names = data/obj.names\n", "backup = backup/\n"]
    files.write("obj.data", "".join(lines))
    files.write("obj.names", each_on_a_line(head, "darknet"))
    for key in subsets.values():
        files.append(f"{key}.txt", "")
    for item in items:
        files.append(f"{subsets[item.subset]}.txt", f"data/{darknet_image_path(item)}\n")
        _labels(f"obj_{item.subset}_data/{item.stem}.txt", item, head, files, _box_line)


def _ultralytics(
    items: Iterable[Item],
    head: Head,
    files: Files,
    line: Callable[[Object, Size, int], str],
    more: str = "",
) -> None:
    # Both keys must be there: without a part held back, validation is on what was trained with.
    held_back = "val" if "val" in head.subsets else "train"
    names = "".join(f"  {i}: {yaml(name)}\n" for i, name in enumerate(head.classes))
    files.write(
        "data.yaml",
        f"path: .\ntrain: images/train\nval: images/{held_back}\n{more}"
        f"nc: {len(head.classes)}\nnames:{' {}' if not names else ''}\n{names}",
    )
    for item in items:
        _labels(f"labels/{item.subset}/{item.stem}.txt", item, head, files, line)


def _labels(
    path: str,
    item: Item,
    head: Head,
    files: Files,
    line: Callable[[Object, Size, int], str],
) -> None:
    size = sized(item)
    lines = [line(one, size, head.number(one.label, item.uri)) for one in item.objects]
    files.write(path, "".join(lines))


def _box(box: BoxShape, size: Size) -> str:
    return " ".join(
        (
            fraction((box.left + box.width / 2) / size[0]),
            fraction((box.top + box.height / 2) / size[1]),
            fraction(box.width / size[0]),
            fraction(box.height / size[1]),
        )
    )


def _box_line(one: Object, size: Size, number: int) -> str:
    assert isinstance(one.shape, BoxShape)
    return f"{number} {_box(one.shape, size)}\n"


def _polygon_line(one: Object, size: Size, number: int) -> str:
    if isinstance(one.shape, PolygonShape) and len(one.shape.points) >= 3:
        points = one.shape.points
    else:
        box = geometry.box_of(one.shape) or BoxShape(0, 0, 0, 0)
        points = (
            (box.left, box.top),
            (box.right, box.top),
            (box.right, box.bottom),
            (box.left, box.bottom),
        )
    parts = [f"{fraction(x / size[0])} {fraction(y / size[1])}" for x, y in points]
    return f"{number} {' '.join(parts)}\n"


def _pose_line(one: Object, size: Size, number: int, names: tuple[str, ...]) -> str:
    assert isinstance(one.shape, KeypointsShape)
    box = geometry.box_of(one.shape) or BoxShape(0, 0, 0, 0)
    box = geometry.clipped(box, size) or BoxShape(0, 0, 0, 0)
    placed = {point.name: point for point in one.shape.points if point.visibility}
    parts = []
    for name in names:
        point = placed.get(name)
        if point is None:
            parts.append("0 0 0")
            continue
        ((x, y),) = geometry.clipped_points([(point.x, point.y)], size)
        parts.append(f"{fraction(x / size[0])} {fraction(y / size[1])} {point.visibility}")
    return f"{number} {_box(box, size)} {' '.join(parts)}\n"


def _points(head: Head) -> tuple[str, ...]:
    """The points that every object of a pose file has; ExportError where classes differ."""
    lists = {names for names in head.keypoints.values() if names}
    if len(lists) > 1 and any(len(names) > 1 for names in lists):
        raise ExportError(
            "keypoints",
            "KEYPOINTS_DIFFER",
            "classes have different points, and a YOLO pose file has one list for all",
            "one class, or coco-keypoints, which has a list for each class",
        )
    if len(lists) > 1:
        # Keypoints of videos: every object is one point, whatever its class is called.
        raise ExportError(
            "keypoints",
            "KEYPOINTS_SINGLE",
            "objects are single points of several classes, not poses",
            "coco-keypoints or csv",
        )
    return next(iter(lists), ())
