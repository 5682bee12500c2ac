"""A table: one CSV row a box, first the columns of AWS's YOLO walk-through.

An image without boxes has a row of its own with an empty category. Pixels from 0.
"""

from collections.abc import Iterable, Mapping

from terrace.domain.exports import geometry
from terrace.domain.exports.model import BoxShape, Files, Head, Item
from terrace.domain.exports.numbers import plain
from terrace.domain.exports.text import cell, dumps, row

COLUMNS = (
    *("img_file", "category", "box_left", "box_top", "box_height", "box_width"),
    *("img_width", "img_height"),
    *("class_id", "track_id", "object_name", "attributes", "sequence", "frame", "subset", "source"),
)


def image_path(item: Item) -> str:
    """As in the column img_file."""
    return item.name


def write(items: Iterable[Item], head: Head, files: Files) -> None:
    """Writes `labels.csv`."""
    files.append("labels.csv", row(COLUMNS))
    known: dict[str, tuple[str, int]] = {}
    for item in items:
        for label in {one.label for one in item.objects} | {tag.label for tag in item.tags}:
            if label not in known:
                known[label] = (cell(label), head.number(label, item.uri))
        files.append("labels.csv", _rows(item, known))


def _rows(item: Item, known: Mapping[str, tuple[str, int]]) -> str:
    """The rows of an item. `known`: class names as they stand in a row, with their numbers."""
    name = cell(item.name)
    width, height = item.size or ("", "")
    frame = item.frame if item.sequence else ""
    end = f"{cell(item.sequence)},{frame},{cell(item.subset)},{cell(item.uri)}\n"
    found = []
    for one in item.objects:
        shape = one.shape
        box = shape if isinstance(shape, BoxShape) else geometry.box_of(shape)
        if box is None:
            continue
        label, number = known[one.label]
        if one.track is None is one.name and not one.attributes:
            about = ",,"
        else:
            said = cell(dumps(dict(one.attributes))) if one.attributes else ""
            about = f"{cell(one.track)},{cell(one.name)},{said}"
        found.append(
            f"{name},{label},{plain(box.left)},{plain(box.top)},{plain(box.height)},"
            f"{plain(box.width)},{width},{height},{number},{about},{end}"
        )
    for tag in item.tags:
        label, number = known[tag.label]
        found.append(f"{name},{label},,,,,{width},{height},{number},,,,{end}")
    return "".join(found) or f"{name},,,,,,{width},{height},,,,,{end}"
