"""Reads labels and SeqLabel.json as things; says what could not be read."""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from terrace.domain.label_values import (
    BoxesLabel,
    ClassesLabel,
    ClassLabel,
    CuboidsLabel,
    CustomLabel,
    FramesLabel,
    Label,
    MaskLabel,
    SpansLabel,
)
from terrace.domain.modality import Shape
from terrace.domain.quality.things import Place, Thing, ThingKind, Things, one_place
from terrace.domain.seqlabel import DETECTION, SENSORS, SHAPE_KEYS, TRACKING

Json = Any
Names = Mapping[int, str]

CUBOID = (
    *("center-x", "center-y", "center-z"),
    *("length", "width", "height"),
    *("roll", "pitch", "yaw"),
)
BOX = ("left", "top", "width", "height")
VERIFICATION = "groundtruth/label-verification"
_KINDS: dict[str, ThingKind] = {
    "polylines": "polylines",
    "polygons": "polygons",
    "keypoints": "keypoints",
}


def of_label(label: Label, document: Json = None) -> Things:
    """A label of a manifest's line.

    Args:
        label: as `label_reading` reads it.
        document: the parsed SeqLabel.json of a label of frames; without it only its URI is known.
    """
    value = label.value
    if isinstance(value, ClassLabel):
        shape: Shape = "verdict" if label.type == VERIFICATION else "class"
        return one_place(shape, [Thing("class", value.name or f"class {value.number}")])
    if isinstance(value, ClassesLabel):
        names = [one.name or f"class {one.number}" for one in value.classes]
        return one_place("classes", [Thing("class", name) for name in names])
    if isinstance(value, BoxesLabel):
        return one_place(
            "boxes",
            [
                Thing(
                    "box",
                    _class(box.class_number, value.class_names),
                    (box.left, box.top, box.width, box.height),
                )
                for box in value.boxes
            ],
        )
    if isinstance(value, SpansLabel):
        spans = [Thing("span", one.label, (one.start, one.end)) for one in value.spans]
        return one_place("spans", spans)
    if isinstance(value, CuboidsLabel):
        return one_place(
            "cuboids",
            [
                Thing(
                    "cuboid",
                    _class(one.class_number, value.class_names),
                    (*one.center, *one.size, *one.angles),
                    name=one.name,
                    attributes=one.attributes,
                )
                for one in value.cuboids
            ],
        )
    if isinstance(value, FramesLabel):
        if document is None:
            return Things("frames", content=value.uri)
        return of_document(document, value.class_names)
    if isinstance(value, MaskLabel):
        return Things("mask", content=value.uri)
    assert isinstance(value, CustomLabel)
    return Things("custom", content=json.dumps(value.content, sort_keys=True))


def _class(number: int, names: Names) -> str:
    return names.get(number) or f"class {number}"


# --- SeqLabel.json -------------------------------------------------------------------------------


def of_document(document: Json, names: Names | None = None) -> Things:
    """A parsed SeqLabel.json of any kind, however broken: frames in order, gaps, sensors.

    Args:
        document: the parsed file.
        names: class names by number, from the `class-map` in the manifest's line.
    """
    unreadable: list[str] = []
    places: dict[tuple[str, str], Place] = {}
    for sensor, frames in _sensors(document, unreadable):
        for index, frame in enumerate(frames):
            at = f"{sensor + ' ' if sensor else ''}frame {index}"
            place = _place(frame, sensor, names or {}, at, unreadable)
            if place is None:
                continue
            if place.key in places:
                unreadable.append(f"{at}: {place.key[1]} is there already")
                continue
            places[place.key] = place
    ordered = sorted(places.values(), key=lambda place: place.key)
    return Things("frames", tuple(ordered), unreadable=tuple(unreadable))


def _sensors(document: Json, unreadable: list[str]) -> Iterator[tuple[str, list[Json]]]:
    if not isinstance(document, Mapping):
        unreadable.append("the file holds no JSON object")
        return
    found = [("", document)]
    if TRACKING not in document and DETECTION not in document:
        found = [(key, document[key]) for key in document if SENSORS.fullmatch(str(key))]
        if not found:
            unreadable.append(f"the file has neither {TRACKING} nor {DETECTION}")
    for sensor, holder in found:
        inside = holder if isinstance(holder, Mapping) else {}
        frames = inside.get(TRACKING, inside.get(DETECTION))
        if isinstance(frames, list):
            yield sensor, frames
        else:
            unreadable.append(f"{sensor} {TRACKING} is no list".strip())


def _place(frame: Json, sensor: str, names: Names, at: str, unreadable: list[str]) -> Place | None:
    if not isinstance(frame, Mapping):
        unreadable.append(f"{at}: is no object")
        return None
    name = frame.get("frame", frame.get("frame-name"))
    number = whole(frame.get("frame-no", frame.get("frame-number")))
    if not (isinstance(name, str) and name) and number is None:
        unreadable.append(f"{at}: has neither a name nor a number")
        return None
    things: list[Thing] = []
    for key in SHAPE_KEYS:
        entries = frame.get(key, [])
        if not isinstance(entries, list):
            unreadable.append(f"{at}: {key} is no list")
            continue
        for index, entry in enumerate(entries):
            thing = _thing(entry, key, names)
            if isinstance(thing, str):
                unreadable.append(f"{at} {key}[{index}]: {thing}")
            else:
                things.append(thing)
    attributes = frame.get("frame-attributes")
    return Place(
        tuple(sorted(things, key=lambda thing: thing.order)),
        name if isinstance(name, str) and name else None,
        number,
        sensor,
        attributes if isinstance(attributes, Mapping) else {},
    )


def _thing(entry: Json, key: str, names: Names) -> Thing | str:
    """A thing, or why the entry is none."""
    if not isinstance(entry, Mapping):
        return "is no object"
    number = whole(entry.get("class-id"))
    if number is None:
        return "has no class-id"
    kind: ThingKind = _KINDS.get(key) or ("cuboid" if "center-x" in entry else "box")
    numbers = numbers_of(entry, kind)
    if isinstance(numbers, str):
        return numbers
    attributes = entry.get("label-category-attributes")
    identity, name = entry.get("object-id"), entry.get("object-name")
    return Thing(
        kind,
        _class(number, names),
        numbers,
        str(identity) if identity is not None else None,
        str(name) if name is not None else None,
        attributes if isinstance(attributes, Mapping) else {},
    )


def numbers_of(entry: Mapping[str, Json], kind: ThingKind) -> tuple[float, ...] | str:
    """The coordinates of a thing, or what is wrong with them."""
    if kind in ("box", "cuboid"):
        keys = BOX if kind == "box" else CUBOID
        # Roll and pitch are 0 wherever they are left out: vehicles stand on the ground.
        found: list[Any] = [entry.get(key, 0 if key in ("roll", "pitch") else None) for key in keys]
        for key, value in zip(keys, found, strict=True):
            if not _finite(value):
                return f"has no number for {key}"
            if key in ("length", "width", "height") and value < 0:
                return f"has a negative {key}"
        return tuple(float(value) for value in found)
    vertices = [entry] if kind == "keypoints" else entry.get("vertices")
    if not isinstance(vertices, list) or not vertices:
        return "has no vertices"
    points: list[float] = []
    for vertex in vertices:
        for axis in ("x", "y"):
            at: Any = vertex.get(axis) if isinstance(vertex, Mapping) else None
            if not _finite(at):
                return f"has a vertex without a number for {axis}"
            points.append(float(at))
    return tuple(points)


def _finite(value: Json) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value)


def whole(value: Json) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
