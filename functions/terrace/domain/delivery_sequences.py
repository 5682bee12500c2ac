"""One label file of a sequence for all of its lanes: boxes and polylines by frame. Pure."""

import copy
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from terrace.domain.manifest import TERRACE_LABELS
from terrace.domain.seqlabel import DETECTION, SHAPE_KEYS, TRACKING
from terrace.domain.seqlabel_rows import (
    NAME_KEYS,
    NUMBER_KEYS,
    Document,
    annotations_of,
    lists_of,
    name_of,
    number_of,
    with_lists,
)

LABELS = TERRACE_LABELS
"""The attribute of a final line that names the merged file."""
_FRAME = "frame-attributes"


@dataclass(frozen=True)
class LaneLabels:
    """What one lane says of the sequence."""

    lane: str
    labels: Document
    """Its SeqLabel.json."""
    class_map: Mapping[str, str]
    """Its class numbers and their names."""


@dataclass(frozen=True)
class MergedLabels:
    """The lanes' labels in one file."""

    labels: Document
    class_map: dict[str, str]


def merge(lanes: Sequence[LaneLabels]) -> MergedLabels:
    """All lanes' objects by frame, known by its file name (by its number where it has none).

    The first lane's numbers, ids and names stay as they are. A later lane's class gets the number
    that its name has already, or the next free one; an object id that another lane uses becomes
    `<lane>:<id>`; an object name that is taken becomes the next free one of its kind (`Car:3`); an
    attribute of a frame that two lanes answer differently becomes `<name> (<lane>)`. Where one
    lane tracks and another does not, the objects of the latter get an id of their own in each
    frame, so that the file is one of tracks.

    Worked example: `car` has box `Car:1` in a.jpg, `road` a polyline in a.jpg and b.jpg. The file
    has a.jpg with both, and b.jpg with the polyline.
    """
    classes = _Classes()
    objects = _Objects()
    tracked = any(key == TRACKING for lane in lanes for _, key in lists_of(lane.labels))
    labels: Document = {}
    frames: dict[tuple[str, str], dict[str, Document]] = defaultdict(dict)
    for lane in lanes:
        labels = {**copy.deepcopy(lane.labels), **labels}
        renumber = classes.join(lane.class_map)
        for (sensor, kind), rows in lists_of(lane.labels).items():
            written = TRACKING if tracked and not sensor else kind
            for row in rows:
                own = copy.deepcopy(row)
                for number, one in enumerate(annotations_of(own)):
                    renumber.change(one)
                    if written == TRACKING and "object-id" not in one:
                        one["object-id"] = f"{lane.lane}-{_key(own)}-{number}"
                    objects.change(lane.lane, one)
                _join(frames[sensor, written], own, lane.lane)
    if tracked:
        labels.pop(DETECTION, None)
    found = {key: _sorted(list(rows.values())) for key, rows in frames.items()}
    return MergedLabels(with_lists(labels, found), classes.names)


def _key(row: Document) -> str:
    name = name_of(row)
    return name if name is not None else str(number_of(row))


def _join(frames: dict[str, Document], row: Document, lane: str) -> None:
    """Adds a lane's frame to what the lanes before it said of that frame."""
    known = frames.setdefault(_key(row), row)
    if known is row:
        return
    for key, value in row.items():
        if key in SHAPE_KEYS and isinstance(value, list):
            known[key] = [*(known.get(key) or []), *value]
        elif key == _FRAME and isinstance(value, dict):
            known[key] = _answers(known.get(key), value, lane)
        elif key not in (*NUMBER_KEYS, *NAME_KEYS):
            known.setdefault(key, value)


def _answers(before: object, more: Document, lane: str) -> Document:
    found: Document = dict(before) if isinstance(before, dict) else {}
    for name, value in more.items():
        if found.setdefault(name, value) != value:
            found[f"{name} ({lane})"] = value
    return found


def _sorted(rows: list[Document]) -> list[Document]:
    """By frame number, where every frame has one."""
    numbers = [number_of(row) for row in rows]
    if any(number is None for number in numbers):
        return rows
    return sorted(rows, key=lambda row: number_of(row) or 0)


class _Renumber:
    def __init__(self, numbers: dict[str, str]) -> None:
        self._numbers = numbers

    def change(self, one: Document) -> None:
        number = one.get("class-id")
        known = self._numbers.get(str(number))
        if known is not None:
            one["class-id"] = int(known) if isinstance(number, int) and known.isdigit() else known


class _Classes:
    """Class numbers of the merged file."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}

    def join(self, class_map: Mapping[str, str]) -> _Renumber:
        numbers = {name: number for number, name in self.names.items()}
        renumber: dict[str, str] = {}
        for number, name in class_map.items():
            known = numbers.get(name)
            if known is None:
                known = number if number not in self.names else self._free()
                self.names[known] = name
                numbers[name] = known
            renumber[number] = known
        return _Renumber(renumber)

    def _free(self) -> str:
        taken = [int(number) for number in self.names if number.isdigit()]
        return str(max(taken, default=-1) + 1)


class _Objects:
    """Who bears which id and which name."""

    def __init__(self) -> None:
        self._lane_of: dict[str, str] = {}
        self._bearer: dict[str, tuple[str, str]] = {}
        self._given: dict[tuple[str, str, str], str] = {}

    def change(self, lane: str, one: Document) -> None:
        if "object-id" not in one:
            # Without an id nobody can follow the object; a name alone cannot collide.
            return
        own = str(one["object-id"])
        if self._lane_of.setdefault(own, lane) != lane:
            one["object-id"] = f"{lane}:{own}"
        name = one.get("object-name")
        if isinstance(name, str):
            one["object-name"] = self._name(lane, own, name)

    def _name(self, lane: str, own: str, name: str) -> str:
        given = self._given.get((lane, own, name))
        if given is None:
            given = name
            kind, _, number = name.rpartition(":")
            count = int(number) if kind and number.isdigit() else 1
            while self._bearer.setdefault(given, (lane, own)) != (lane, own):
                count += 1
                given = f"{kind or name}:{count}"
            self._given[lane, own, name] = given
        return given
