"""What a clip's files hold, and how its answers get back into the whole sequence's labels.

A frame is known by its file name (`FramePlaces`): Ground Truth counts the frames of a clip anew.
`frame-no` of a SeqLabel.json is a frame's place in what workers see: for video the order of the
names' bytes, whatever the sequence file's own order is; point clouds stay in the file's order.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from terrace.domain.frame_places import FramePlaces
from terrace.domain.seqlabel import SHAPE_KEYS
from terrace.domain.seqlabel_rows import (
    NUMBER_KEYS,
    Document,
    annotations_of,
    integer_of,
    lists_of,
    name_of,
    number_of,
    with_lists,
)

ClassMap = Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """What came back for one clip."""

    names: tuple[str, ...]
    """File names of the clip's frames, in the clip's order."""
    labels: Document
    """Its SeqLabel.json."""
    class_map: ClassMap = field(default_factory=dict)
    """Class numbers of `labels` and their names."""


@dataclass(frozen=True)
class Merged:
    """The whole sequence's labels with the answers in their place."""

    labels: Document
    class_map: dict[str, str]


def frame_names(sequence: Document, labels: Document | None = None) -> list[str]:
    """File names of a sequence's frames, in the order that `frame-no` counts.

    Where the file's order and that of the names differ, the labels show which one was counted.

    Raises:
        ValueError: it is no sequence file.
    """
    frames = sequence.get("frames")
    if not isinstance(frames, list):
        raise ValueError("the sequence file has no list of frames")
    names = [str(frame["frame"]) for frame in frames]
    shown = sorted(names, key=lambda name: name.encode("utf-8", "surrogatepass"))
    if names == shown or labels is None:
        return names if names == shown or _of_clouds(frames) else shown
    as_filed, as_shown = _agreement(labels, names), _agreement(labels, shown)
    if as_filed == as_shown:
        return names if _of_clouds(frames) else shown
    return names if as_filed > as_shown else shown


def _of_clouds(frames: list[Any]) -> bool:
    return any("ego-vehicle-pose" in frame or "format" in frame for frame in frames)


def _agreement(labels: Document, names: Sequence[str]) -> int:
    """How many labeled frames have the number that they have in this order."""
    places = FramePlaces(names)
    return sum(
        1
        for rows in lists_of(labels).values()
        for row in rows
        if places.find(name_of(row)) == number_of(row)
    )


class _Names:
    """File names of frames in their order."""

    def __init__(self, names: Sequence[str]) -> None:
        self._places = FramePlaces(names, range(len(names)))
        self.place = self._places.by_name
        self._names = names

    def of(self, row: Document) -> str | None:
        """A frame's name among these; by its number where it bears another (a camera's image)."""
        place = self._places.find(name_of(row), number_of(row))
        return None if place is None else self._names[place]


# --- cutting -----------------------------------------------------------------------------------


def cut_sequence(sequence: Document, names: Sequence[str], seq_no: int) -> Document:
    """The sequence file of a clip: the same frames with all they carry, numbered as the file does.

    Args:
        sequence: of the whole.
        names: of the clip's frames.
        seq_no: the clip's own: two clips of one sequence are two sequences.
    """
    wanted = set(names)
    kept = [copy.deepcopy(frame) for frame in sequence["frames"] if str(frame["frame"]) in wanted]
    first = integer_of(sequence["frames"][0].get("frame-no"))
    for index, frame in enumerate(kept):
        if "frame-no" in frame:
            number = index + (1 if first is None else first)
            frame["frame-no"] = str(number) if isinstance(frame["frame-no"], str) else number
    rest = {key: copy.deepcopy(value) for key, value in sequence.items() if key != "frames"}
    return {**rest, "seq-no": seq_no, "number-of-frames": len(kept), "frames": kept}


def cut_labels(labels: Document, whole: Sequence[str], names: Sequence[str]) -> Document:
    """A clip's part of the labels, `frame-no` counted from 0 in the clip.

    Args:
        labels: SeqLabel.json of the whole sequence.
        whole: file names of its frames, in the order that `frame-no` counts.
        names: of the clip's frames, in that same order.
    """
    place, known = _Names(names).place, _Names(whole)

    def part(rows: list[Document]) -> list[Document]:
        found = []
        for row in rows:
            index = place.get(known.of(row) or "")
            if index is not None:
                found.append(_numbered(copy.deepcopy(row), index))
        return found

    return with_lists(labels, {key: part(rows) for key, rows in lists_of(labels).items()})


# --- merging -----------------------------------------------------------------------------------


def merge(
    labels: Document, whole: Sequence[str], answers: Sequence[Answer], class_map: ClassMap
) -> Merged:
    """The labels of the whole sequence, the frames of answered clips as the answers have them.

    Everything about other frames is as it was. An answer that leaves a frame out says that it is
    empty. Objects keep their ids; a name that another object bears already becomes the next free
    one of its kind (`Car:3`), and class numbers those of the whole, by the classes' names.

    Worked example: of frames a, b, c, clip (b) comes back with another box. Then a and c are the
    very same, b has the new box under its old `frame-no` "1".
    """
    classes = dict(class_map)
    names = _ObjectNames(labels)
    lists = {key: list(rows) for key, rows in lists_of(labels).items()}
    every = _Names(whole)
    for answer in answers:
        renumber = _class_numbers(answer, classes)
        found, reviewed = lists_of(answer.labels), _Names(answer.names)
        for key in [*lists, *(key for key in found if key not in lists)]:
            rows = {
                name: _translated(row, renumber, names)
                for row in found.get(key, [])
                if (name := reviewed.of(row)) is not None
            }
            lists[key] = _replaced(lists.get(key, []), rows, every, reviewed)
    return Merged(with_lists(labels, lists), classes)


def _replaced(
    old: list[Document], new: dict[str, Document], whole: _Names, reviewed: _Names
) -> list[Document]:
    """A list of frames with the reviewed ones exchanged for the new, by name."""
    left = dict(new)
    result: list[Document] = []
    for row in old:
        name = whole.of(row)
        if name not in reviewed.place:
            result.append(row)
            continue
        answer = left.pop(name, None)
        result.append(_emptied(row) if answer is None else _like(answer, row))
    added = [_numbered(row, whole.place[name]) for name, row in left.items()]
    if not added:
        return result
    numbers = [number_of(row) for row in old]
    in_order = all(a is not None and b is not None and a < b for a, b in pairwise(numbers))
    added.sort(key=lambda row: number_of(row) or 0)
    result += added
    return sorted(result, key=lambda row: number_of(row) or 0) if in_order else result


def _emptied(row: Document) -> Document:
    """A frame that a reviewer left empty; what was said of the frame before is void too."""
    result = {key: value for key, value in row.items() if key not in SHAPE_KEYS}
    shapes = [key for key in SHAPE_KEYS if key in row] or ["annotations"]
    result.update({key: [] for key in shapes})
    if "frame-attributes" in result:
        result["frame-attributes"] = {}
    return result


def _like(answer: Document, row: Document) -> Document:
    """The answer with the frame number as the whole writes it, keys in the whole's order."""
    number = next((key for key in NUMBER_KEYS if key in row), None)
    taken = {key: value for key, value in answer.items() if key not in NUMBER_KEYS}
    if number is not None:
        taken[number] = row[number]
    order = [key for key in row if key in taken]
    return {key: taken[key] for key in [*order, *(key for key in taken if key not in row)]}


def _class_numbers(answer: Answer, classes: dict[str, str]) -> dict[str, str]:
    """The answer's class numbers as the whole's; classes that are new to it join its map."""
    by_name = {name: number for number, name in classes.items()}
    renumber: dict[str, str] = {}
    for number, name in answer.class_map.items():
        known = by_name.get(name)
        if known is None:
            known = str(number) if number not in classes else _free_number(classes)
            classes[known] = name
            by_name[name] = known
        renumber[str(number)] = known
    return renumber


def _free_number(classes: Mapping[str, str]) -> str:
    return str(max((int(number) for number in classes if number.isdigit()), default=-1) + 1)


class _ObjectNames:
    """Who bears which name in the whole sequence."""

    def __init__(self, labels: Document) -> None:
        self._ids: dict[str, set[str]] = {}
        self._given: dict[tuple[str, str], str] = {}
        for rows in lists_of(labels).values():
            for row in rows:
                for one in annotations_of(row):
                    if "object-id" in one and isinstance(one.get("object-name"), str):
                        self._ids.setdefault(one["object-name"], set()).add(str(one["object-id"]))

    def free(self, object_id: str, name: str) -> str:
        """The name, or the next free one where it is another object's."""
        given = self._given.get((object_id, name))
        if given is None:
            given = name
            kind, _, number = name.rpartition(":")
            count = int(number) if kind and number.isdigit() else 1
            while object_id not in self._ids.get(given, {object_id}):
                count += 1
                given = f"{kind or name}:{count}"
            self._ids.setdefault(given, set()).add(object_id)
            self._given[object_id, name] = given
        return given


def _translated(row: Document, renumber: dict[str, str], names: _ObjectNames) -> Document:
    """An answered frame in the words of the whole: class numbers, objects' names."""
    result = copy.deepcopy(row)
    for one in annotations_of(result):
        number = one.get("class-id")
        known = renumber.get(str(number))
        if known is not None:
            one["class-id"] = int(known) if isinstance(number, int) else known
        if "object-id" in one and isinstance(one.get("object-name"), str):
            one["object-name"] = names.free(str(one["object-id"]), one["object-name"])
    return result


def _numbered(row: Document, number: int) -> Document:
    """The frame with another number, in the form that it had: a text or a number."""
    key = next((key for key in NUMBER_KEYS if key in row), NUMBER_KEYS[0])
    row[key] = number if isinstance(row.get(key), int) else str(number)
    return row
