"""Labels of point clouds: cuboids in the line, label files, and a class per point."""

import json
import zlib
from typing import Any

from terrace_cli.gt_shapes.frames import check_box, check_identity
from terrace_cli.gt_shapes.report import (
    At,
    Fetch,
    class_map,
    colour_map,
    parse,
    same_classes,
)

_CUBOID = "center-x center-y center-z length width height roll pitch yaw"
_COMMON = "class-id object-name label-category-attributes"
_TOP = "tracking-annotations"
_NUMBERS = {"xyz": 3, "xyzi": 4, "xyzrgb": 6, "xyzirgb": 7}


def check_inline(value: Any, metadata: dict[str, Any], at: At, meta: At) -> None:
    """Object detection: cuboids in the line."""
    meta.inside("dataset-object-attributes").of(metadata.get("dataset-object-attributes"), "object")
    meta.inside("objects").of(metadata.get("objects"), "list")
    spot = meta.inside("class_map")
    known = class_map(metadata.get("class_map"), spot)
    if at.keys(value, "annotations") and at.inside("annotations").of(value["annotations"], "list"):
        used: set[str] = set()
        for number, row in enumerate(value["annotations"]):
            used |= _check_cuboid(row, at.inside("annotations").inside(number), identity=False)
        same_classes(used, set(known), spot)


def check_tracks(
    metadata: dict[str, Any],
    meta: At,
    file: tuple[bytes, str] | None,
    line: dict[str, Any],
    fetch: Fetch | None,
) -> None:
    """Object tracking: a label file, with a part per sensor for 3D-2D."""
    spot = meta.inside("class-map")
    known = class_map(metadata.get("class-map"), spot)
    numbers = []
    rows = metadata.get("objects")
    if meta.inside("objects").of(rows, "list"):
        for order, row in enumerate(rows):
            place = meta.inside("objects").inside(order)
            if place.keys(row, "frame-no confidence"):
                place.inside("frame-no").of(row["frame-no"], "integer")
                place.inside("confidence").of(row["confidence"], "list")
                numbers.append(row["frame-no"])
    if file is None:
        return
    at = At(meta.report, file[1], meta.strict)
    data = parse(file[0], at)
    if data is None or not at.of(data, "object"):
        return
    same_classes(check_track_file(data, at), set(known), spot)
    listed = _sequence_frames(line, fetch)
    part = data.get("lidar", data)
    if listed is not None and isinstance(part, dict) and isinstance(part.get(_TOP), list):
        found = [frame.get("frame-number") for frame in part[_TOP] if isinstance(frame, dict)]
        at.need(set(found) <= set(listed), f"has frames {found}, the sequence {listed}")
        meta.inside("objects").need(numbers == listed, f"has {numbers}, the sequence {listed}")


def check_track_file(data: dict[str, Any], at: At) -> set[str]:
    """The content of a label file; returns the classes used."""
    if _TOP in data:
        return _check_part(data, at, is_lidar=True) if at.keys(data, _TOP) else set()
    used: set[str] = set()
    at.need("lidar" in data, f"has neither {_TOP} nor lidar")
    for sensor, part in data.items():
        number = sensor.removeprefix("camera-")
        is_camera = sensor.startswith("camera-") and number.isdigit()
        spot = at.inside(sensor)
        if at.need(sensor == "lidar" or is_camera, f"{sensor} is no sensor") and spot.keys(
            part, _TOP
        ):
            used |= _check_part(part, spot, is_lidar=sensor == "lidar")
    return used


def _check_part(data: dict[str, Any], at: At, is_lidar: bool) -> set[str]:
    at = at.inside(_TOP)
    used: set[str] = set()
    if not at.of(data[_TOP], "list"):
        return used
    number_key, name_key = ("frame-number", "frame-name") if is_lidar else ("frame-no", "frame")
    names: dict[str, str] = {}
    for order, frame in enumerate(data[_TOP]):
        spot = at.inside(order)
        if not spot.keys(frame, f"{number_key} {name_key} annotations frame-attributes"):
            continue
        spot.inside(number_key).of(frame[number_key], "integer")
        spot.inside(name_key).of(frame[name_key], "string")
        spot.inside("frame-attributes").of(frame["frame-attributes"], "object")
        if not spot.inside("annotations").of(frame["annotations"], "list"):
            continue
        for place, row in enumerate(frame["annotations"]):
            where = spot.inside("annotations").inside(place)
            check = _check_cuboid if is_lidar else _check_camera_box
            used |= check(row, where, identity=True)
            if isinstance(row, dict) and isinstance(row.get("object-id"), str):
                known = names.setdefault(row["object-id"], str(row.get("object-name")))
                same = known == row.get("object-name")
                where.need(same, f"is called {row.get('object-name')}, elsewhere {known}")
    return used


def _check_cuboid(row: Any, at: At, identity: bool) -> set[str]:
    needed = f"{_COMMON} {_CUBOID}" + (" object-id" if identity else "")
    if not at.keys(row, needed):
        return set()
    for key in _CUBOID.split():
        at.inside(key).of(row[key], "number")
    sides = [row[key] for key in ("length", "width", "height")]
    if all(isinstance(side, int | float) for side in sides):
        at.need(min(sides) > 0, "a cuboid's sides must be longer than 0")
    return _check_object(row, at, identity)


def _check_camera_box(row: Any, at: At, identity: bool) -> set[str]:
    if not at.keys(row, f"{_COMMON} object-id width height top left"):
        return set()
    check_box(row, at)
    return _check_object(row, at, identity)


def _check_object(row: dict[str, Any], at: At, identity: bool) -> set[str]:
    at.inside("class-id").of(row["class-id"], "integer")
    at.inside("label-category-attributes").of(row["label-category-attributes"], "object")
    if identity:
        check_identity(row, at)
    else:
        at.inside("object-name").of(row["object-name"], "string")
    return {str(row["class-id"])}


def check_points(
    metadata: dict[str, Any],
    meta: At,
    file: tuple[bytes, str] | None,
    line: dict[str, Any],
    fetch: Fetch | None,
) -> None:
    """Segmentation: a compressed file of one byte per point."""
    meta.inside("dataset-object-attributes").of(metadata.get("dataset-object-attributes"), "object")
    colours = colour_map(metadata.get("color-map"), meta.inside("color-map"), "Background")
    if file is None:
        return
    at = At(meta.report, file[1], meta.strict)
    try:
        classes = zlib.decompress(file[0])
    except zlib.error as error:
        at.bad(f"is not compressed by zlib: {error}")
        return
    foreign = sorted({str(value) for value in classes} - set(colours))
    at.need(not foreign, f"has classes that are not in the color-map: {', '.join(foreign[:5])}")
    points = _count_points(line, fetch)
    if points is not None:
        at.need(len(classes) == points, f"has {len(classes)} bytes for {points} points")


def _count_points(line: dict[str, Any], fetch: Fetch | None) -> int | None:
    if fetch is None:
        return None
    source = str(line.get("source-ref"))
    default = "text/xyzi" if source.endswith(".txt") else "binary/xyzi"
    kind, _, numbers = str(line.get("source-ref-metadata", {}).get("format", default)).partition(
        "/"
    )
    try:
        body = fetch(source)
    except LookupError:
        return None
    if kind == "text":
        return sum(1 for row in body.splitlines() if row.strip())
    return len(body) // (4 * _NUMBERS[numbers])


def _sequence_frames(line: dict[str, Any], fetch: Fetch | None) -> list[int] | None:
    if fetch is None:
        return None
    try:
        rows = json.loads(fetch(line["source-ref"]))["frames"]
    except (LookupError, ValueError, TypeError):
        return None
    return [int(row.get("frame-no", place)) for place, row in enumerate(rows)]
