"""Lines with boxes, as Ground Truth writes them, read many times faster than one by one.

Most long manifests are of boxes. Here a line is decoded straight into what an export needs
(msgspec checks types and limits on the way); whatever differs by a hair from what Ground Truth
usually writes gives None, and goes to `label_reading`, which knows the rest and says what is wrong.
So nothing is taken here that would be refused there, but for one thing: members that are not
exported are checked for being JSON, and not for numbers that no float holds or that have more
than 4,300 digits.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType
from msgspec.json import Decoder
from msgspec.structs import astuple

from terrace.domain.exports.bounds import NUMBER_MAX, SIDE_MAX
from terrace.domain.exports.classes import Classes, Seen
from terrace.domain.exports.model import BoxShape, Object, Size
from terrace.domain.json_reading import is_whole
from terrace.domain.label_reading import SHAPES
from terrace.domain.manifest import METADATA, SOURCES

MAPS_MAX = 10_000
"""Class-maps that are remembered: a line's has those classes only that are on its image."""
_Name = Annotated[str, Meta(min_length=1)]
_Count = Annotated[int, Meta(ge=0)]
_Side = Annotated[int, Meta(ge=0, le=SIDE_MAX)]
_Place = Annotated[float, Meta(ge=-NUMBER_MAX, le=NUMBER_MAX)]
_Length = Annotated[float, Meta(ge=0, le=NUMBER_MAX)]
_TYPES = tuple(sorted(name for name, shape in SHAPES.items() if shape == "boxes"))
_CLASS_NAMES = Decoder(dict[str, _Name])
_UNLIKE = (msgspec.MsgspecError, UnicodeError, RecursionError)
_Status = Literal["adjusted", "unadjusted"]
_Human = Literal["yes", "no", "true", "false"]


class _Box(Struct, gc=False):
    class_id: _Count
    left: _Place
    top: _Place
    width: _Length
    height: _Length


class _Size(Struct, gc=False):
    width: _Side
    height: _Side


class _Boxes(Struct):
    annotations: list[_Box]
    image_size: list[_Size] | None = None


class _About(Struct):
    type: Literal[_TYPES]  # type: ignore[valid-type]
    class_map: Raw = msgspec.field(name="class-map")
    status: _Status | None = msgspec.field(name="adjustment-status", default=None)
    human: _Human | None = msgspec.field(name="human-annotated", default=None)
    created: _Name | None = msgspec.field(name="creation-date", default=None)
    job: _Name | None = msgspec.field(name="job-name", default=None)


class _Drawn(Struct):
    """Of a label only how many boxes it has."""

    annotations: list[Raw]


class _Called(Struct):
    """Of metadata only what its classes are called."""

    type: Literal[_TYPES]  # type: ignore[valid-type]
    class_map: Raw = msgspec.field(name="class-map")


Found = tuple[str, Size | None, tuple[Object, ...]]
"""URI, size of the image, its boxes."""
Noted = tuple[str, int, Sequence[str]]
"""URI, number of boxes, attributes that have a label."""


def surveyor(attributes: Sequence[str], seen: Seen) -> Callable[[str], Noted | None]:
    """What notes the classes of a line; it gives None where `label_reading` has to look.

    Args:
        attributes: those that are asked for.
        seen: where classes are noted.
    """
    decode = _decoder(attributes, _Drawn, _Called)
    if decode is None:
        return lambda _: None
    every = tuple(attributes)
    lanes = [(1 + 2 * index, name, _ClassMaps()) for index, name in enumerate(every)]

    def read(text: str) -> Noted | None:
        try:
            line = astuple(decode(text))
        except _UNLIKE:
            return None
        boxes, having = 0, every
        for at, name, maps in lanes:
            value, about = line[at], line[at + 1]
            if value is UNSET:
                having = tuple(one for one in having if one != name)
                continue
            if about is UNSET:
                return None
            raw = bytes(about.class_map)
            if raw not in maps.read:
                called = maps.names(raw)
                if called is None:
                    return None
                for number, label in called.items():
                    seen.add(name, label, number)
            boxes += len(value.annotations)
        return (line[0], boxes, having) if having else None

    return read


def reader(attributes: Sequence[str], classes: Classes) -> Callable[[str], Found | None]:
    """What reads the boxes of a line; it gives None where `label_reading` has to look.

    Args:
        attributes: those that are asked for.
        classes: what classes are called in the data set.
    """
    decode = _decoder(attributes, _Boxes, _About)
    if decode is None:
        return lambda _: None
    lanes = [
        (1 + 2 * index, _ClassMaps(functools.partial(classes.name, name)))
        for index, name in enumerate(attributes)
    ]

    def read(text: str) -> Found | None:
        try:
            line = astuple(decode(text))
        except _UNLIKE:
            return None
        size: Size | None = None
        objects: list[Object] | None = None
        for at, maps in lanes:
            value, about = line[at], line[at + 1]
            if value is UNSET:
                continue
            names = None if about is UNSET else maps.names(bytes(about.class_map))
            if names is None:
                return None
            if value.image_size:
                first = value.image_size[0]
                mine = (first.width, first.height)
                if size is not None and mine != size:
                    return None
                size = mine
            try:
                drawn = [
                    Object(names[box.class_id], BoxShape(box.left, box.top, box.width, box.height))
                    for box in value.annotations
                ]
            except KeyError:
                return None
            objects = drawn if objects is None else objects + drawn
        return None if objects is None else (line[0], size, tuple(objects))

    return read


class _ClassMaps:
    """The class-maps of one attribute: few different ones, on very many lines.

    Args:
        named: what a class is called in the data set.
    """

    def __init__(self, named: Callable[[str], str] = str) -> None:
        self._named = named
        self.read: dict[bytes, dict[int, str]] = {}

    def names(self, raw: bytes) -> dict[int, str] | None:
        """Names by Ground Truth's numbers; None where it is no class-map."""
        known = self.read.get(raw)
        if known is not None:
            return known
        try:
            given = _CLASS_NAMES.decode(raw)
            if not all(map(is_whole, given)):
                return None
            made = {int(key): self._named(name) for key, name in given.items()}
        except _UNLIKE:
            return None
        if len(self.read) >= MAPS_MAX:
            self.read.clear()
        self.read[raw] = made
        return made


def _decoder(attributes: Sequence[str], value: type, about: type) -> Callable[[str], Any] | None:
    """Decodes a line to (URI, value, metadata, value, metadata, ...); None: no such names."""
    keys = [*SOURCES, *(key for name in attributes for key in (name, f"{name}{METADATA}"))]
    if len(set(keys)) < len(keys):
        return None
    fields: list[Any] = [("source", _Name)]
    renamed = {"source": "source-ref"}
    for index, name in enumerate(attributes):
        fields += [
            (f"value{index}", value | UnsetType, UNSET),
            (f"about{index}", about | UnsetType, UNSET),
        ]
        renamed |= {f"value{index}": name, f"about{index}": f"{name}{METADATA}"}
    try:
        return Decoder(msgspec.defstruct("Line", fields, rename=renamed)).decode
    except ValueError:
        # A name that msgspec's own messages could not quote.
        return None
