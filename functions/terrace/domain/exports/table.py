"""A table: one CSV row a box, first the columns of AWS's YOLO walk-through.

An image without boxes has a row of its own with an empty category. Pixels from 0.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from terrace.domain.exports import geometry
from terrace.domain.exports.model import Files, Head, Item
from terrace.domain.exports.numbers import plain
from terrace.domain.exports.text import dumps, row

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
        files.append("labels.csv", "".join(row(values) for values in _rows(item, head)))


def _rows(item: Item, head: Head) -> Iterator[list[Any]]:
    size = item.size or ("", "")
    video = [item.sequence, item.frame if item.sequence else None, item.subset, item.uri]
    found = 0
    for one in item.objects:
        box = geometry.box_of(one.shape)
        if box is None:
            continue
        found += 1
        placed = [plain(value) for value in (box.left, box.top, box.height, box.width)]
        said = dumps(dict(one.attributes)) if one.attributes else None
        class_id = head.number(one.label, item.uri)
        about = [class_id, one.track, one.name, said]
        yield [item.name, one.label, *placed, *size, *about, *video]
    for tag in item.tags:
        found += 1
        about = [head.number(tag.label, item.uri), None, None, None]
        yield [item.name, tag.label, *[""] * 4, *size, *about, *video]
    if not found:
        yield [item.name, "", *[""] * 4, *size, *[None] * 4, *video]
