"""A SeqLabel.json as it stands: its lists of frames, and what a frame says of itself.

Nothing is checked here, and nothing that is not known is dropped: for merging and cutting.
"""

from collections.abc import Iterator
from typing import Any

from terrace.domain.seqlabel import DETECTION, SENSORS, SHAPE_KEYS, TRACKING

Document = dict[str, Any]
NUMBER_KEYS = ("frame-no", "frame-number")
NAME_KEYS = ("frame", "frame-name")


def lists_of(labels: Document) -> dict[tuple[str, str], list[Document]]:
    """The lists of frames of a SeqLabel.json: by sensor (or "") and kind."""
    found: dict[tuple[str, str], list[Document]] = {}
    for key in (TRACKING, DETECTION):
        if isinstance(labels.get(key), list):
            found["", key] = labels[key]
    for sensor, inner in labels.items():
        if SENSORS.fullmatch(sensor) and isinstance(inner, dict):
            found.update(
                {(sensor, key): inner[key] for key in (TRACKING, DETECTION) if key in inner}
            )
    return found


def with_lists(labels: Document, lists: dict[tuple[str, str], list[Document]]) -> Document:
    """The file with these lists; whatever else it holds is kept."""
    result = dict(labels)
    for (sensor, key), rows in lists.items():
        if sensor:
            inner = result.get(sensor)
            result[sensor] = {**(inner if isinstance(inner, dict) else {}), key: rows}
        else:
            result[key] = rows
    return result


def annotations_of(row: Document) -> Iterator[Document]:
    for key in SHAPE_KEYS:
        for one in row.get(key) or []:
            if isinstance(one, dict):
                yield one


def name_of(row: Document) -> str | None:
    return next((str(row[key]) for key in NAME_KEYS if row.get(key)), None)


def number_of(row: Document) -> int | None:
    return next((integer_of(row[key]) for key in NUMBER_KEYS if key in row), None)


def integer_of(value: object) -> int | None:
    if isinstance(value, str) and value.strip().isdigit():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
