"""A table: one CSV row a box, first the columns of AWS's YOLO walk-through.

An image without boxes has a row of its own with an empty category. Pixels from 0.
"""

from collections.abc import Iterable

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
    for item in items:
        files.append("labels.csv", _rows(item, head))


def _rows(item: Item, head: Head) -> str:
    name = cell(item.name)
    width, height = item.size or ("", "")
    frame = item.frame if item.sequence else ""
    end = f"{cell(item.sequence)},{frame},{cell(item.subset)},{cell(item.uri)}\n"
    found = []
    for one in item.objects:
        box = one.shape if isinstance(one.shape, BoxShape) else geometry.box_of(one.shape)
        if box is None:
            continue
        said = cell(dumps(dict(one.attributes))) if one.attributes else ""
        found.append(
            f"{name},{cell(one.label)},{plain(box.left)},{plain(box.top)},{plain(box.height)},"
            f"{plain(box.width)},{width},{height},{head.number(one.label, item.uri)},"
            f"{cell(one.track)},{cell(one.name)},{said},{end}"
        )
    for tag in item.tags:
        number = head.number(tag.label, item.uri)
        found.append(f"{name},{cell(tag.label)},,,,,{width},{height},{number},,,,{end}")
    return "".join(found) or f"{name},,,,,,{width},{height},,,,,{end}"
