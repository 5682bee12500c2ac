"""A table, as CSV or Parquet: one row a box, first the columns of AWS's YOLO walk-through.

An image without boxes has a row of its own without a category. Pixels from 0.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from terrace.domain.exports import geometry, parquet
from terrace.domain.exports.model import Files, Head, Item
from terrace.domain.exports.numbers import plain
from terrace.domain.exports.parquet import Column
from terrace.domain.exports.text import dumps, row

COLUMNS = (
    Column("img_file", "text"),
    Column("category", "text"),
    Column("box_left", "double"),
    Column("box_top", "double"),
    Column("box_height", "double"),
    Column("box_width", "double"),
    Column("img_width", "integer"),
    Column("img_height", "integer"),
    Column("class_id", "integer"),
    Column("track_id", "text"),
    Column("object_name", "text"),
    Column("attributes", "text"),
    Column("sequence", "text"),
    Column("frame", "integer"),
    Column("subset", "text"),
    Column("source", "text"),
)
_NOWHERE = (None, None, None, None)


def image_path(item: Item) -> str:
    """As in the column img_file."""
    return item.name


def write(items: Iterable[Item], head: Head, files: Files) -> None:
    """Writes `labels.csv`."""
    files.append("labels.csv", row(column.name for column in COLUMNS))
    for item in items:
        lines = (row(_plain(value) for value in values) for values in _rows(item, head))
        files.append("labels.csv", "".join(lines))


def write_parquet(items: Iterable[Item], head: Head, files: Files) -> None:
    """Writes `labels.parquet`."""
    rows = (values for item in items for values in _rows(item, head))
    files.write("labels.parquet", parquet.written(COLUMNS, rows))


def _plain(value: Any) -> Any:
    return plain(value) if isinstance(value, float) else value


def _rows(item: Item, head: Head) -> Iterator[list[Any]]:
    size = item.size or (None, None)
    video = [item.sequence, item.frame if item.sequence else None, item.subset, item.uri]
    found = 0
    for one in item.objects:
        box = geometry.box_of(one.shape)
        if box is None:
            continue
        found += 1
        placed = [float(value) for value in (box.left, box.top, box.height, box.width)]
        said = dumps(dict(one.attributes)) if one.attributes else None
        class_id = head.number(one.label, item.uri)
        about = [class_id, one.track, one.name, said]
        yield [item.name, one.label, *placed, *size, *about, *video]
    for tag in item.tags:
        found += 1
        about = [head.number(tag.label, item.uri), None, None, None]
        yield [item.name, tag.label, *_NOWHERE, *size, *about, *video]
    if not found:
        yield [item.name, None, *_NOWHERE, *size, *[None] * 4, *video]
