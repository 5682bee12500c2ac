"""The table of `table.py` as Apache Parquet: the same rows and columns, with types.

What an empty field is there is null here. Its rows are values and not text, so the two share their
columns only; a test holds them against each other.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from terrace.domain.exports import geometry, parquet
from terrace.domain.exports.model import Files, Head, Item
from terrace.domain.exports.parquet import Column, Type
from terrace.domain.exports.table import COLUMNS
from terrace.domain.exports.text import dumps

_NUMBERS: dict[str, Type] = {
    **dict.fromkeys(("box_left", "box_top", "box_height", "box_width"), "double"),
    **dict.fromkeys(("img_width", "img_height", "class_id", "frame"), "integer"),
}
_NOWHERE = (None, None, None, None)


def write(items: Iterable[Item], head: Head, files: Files) -> None:
    """Writes `labels.parquet`."""
    columns = [Column(name, _NUMBERS.get(name, "text")) for name in COLUMNS]
    rows = (values for item in items for values in _rows(item, head))
    files.write("labels.parquet", parquet.written(columns, rows))


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
        yield [item.name, one.label, *placed, *size, class_id, one.track, one.name, said, *video]
    for tag in item.tags:
        found += 1
        class_id = head.number(tag.label, item.uri)
        yield [item.name, tag.label, *_NOWHERE, *size, class_id, None, None, None, *video]
    if not found:
        yield [item.name, None, *_NOWHERE, *size, None, None, None, None, *video]
