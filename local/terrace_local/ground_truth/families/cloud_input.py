"""Point clouds as input: frames with their metadata, sequence files, and the points themselves."""

import math
import struct
from dataclasses import dataclass
from posixpath import basename, dirname
from typing import Any

from terrace_local.ground_truth.families.base import ItemProblem, Prepared
from terrace_local.ground_truth.s3files import InputProblem, S3Files

FRAMES = 500
IMAGES = 8
_FIELDS = {"xyz": 3, "xyzi": 4, "xyzrgb": 6, "xyzirgb": 7}
FORMATS = tuple(f"{kind}/{fields}" for kind in ("binary", "text") for fields in _FIELDS)
_BY_ENDING = {".bin": "binary/xyzi", ".txt": "text/xyzi"}
_NUMBER_BYTES = 4

Point = tuple[float, float, float]


@dataclass(frozen=True)
class CloudFrame:
    """One frame of a point cloud.

    Attributes:
        name: As the sequence file names it; of a single frame, its file name.
        number: `frame-no`, or its place in the sequence.
        uri: Where its points are.
        format: One of `FORMATS`.
        images: URIs of the camera images taken with it, camera by camera.
    """

    name: str
    number: int
    uri: str
    format: str
    images: tuple[str, ...]


def single_frame(line: dict[str, Any]) -> CloudFrame:
    """The frame that a manifest line names.

    Raises:
        ItemProblem: when its metadata is not as documented.
    """
    uri = str(line.get("source-ref", ""))
    metadata = line.get("source-ref-metadata", {})
    try:
        if not isinstance(metadata, dict):
            raise ValueError("source-ref-metadata must be an object")
        if metadata and not _is_number(metadata.get("unix-timestamp")):
            raise ValueError("source-ref-metadata needs a unix-timestamp")
        prefix = metadata.get("prefix", f"{dirname(uri)}/")
        return _frame(basename(uri), 0, uri, metadata, prefix)
    except ValueError as error:
        raise ItemProblem(f"ClientError: The frame {uri} is invalid: {error}.") from error


def sequence_frames(files: S3Files, uri: str) -> list[CloudFrame]:
    """The frames of a sequence file, in its order.

    Raises:
        InputProblem: when it cannot be read or is not as documented.
    """
    data = files.read_json(uri, "the sequence file")
    try:
        return _sequence(data)
    except (KeyError, TypeError, ValueError) as error:
        text = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise InputProblem(f"ClientError: The sequence file {uri} is invalid: {text}.") from error


def _sequence(data: Any) -> list[CloudFrame]:
    if not isinstance(data, dict) or not isinstance(data.get("frames"), list):
        raise ValueError("it must be an object with a list `frames`")
    rows, prefix = data["frames"], data["prefix"]
    if not isinstance(prefix, str) or not prefix.startswith("s3://") or prefix[-1] != "/":
        raise ValueError("`prefix` must be an S3 URI that ends with /")
    if data["number-of-frames"] != len(rows):
        raise ValueError(f"number-of-frames is {data['number-of-frames']}, not {len(rows)}")
    if not 0 < len(rows) <= FRAMES:
        raise ValueError(f"{len(rows)} frames; possible are 1 to {FRAMES}")
    times = [row["unix-timestamp"] for row in rows]
    if not all(_is_number(time) for time in times) or sorted(set(times)) != times:
        raise ValueError("every unix-timestamp must be a number greater than the one before")
    frames = []
    for place, row in enumerate(rows):
        own = row.get("prefix", prefix)
        number = row.get("frame-no", place)
        frames.append(_frame(str(row["frame"]), int(number), own + row["frame"], row, own))
    if len({frame.name for frame in frames}) != len(frames):
        raise ValueError("a frame is listed twice")
    return frames


def _frame(name: str, number: int, uri: str, row: dict[str, Any], prefix: str) -> CloudFrame:
    ending = name[name.rfind(".") :]
    shape = row.get("format", _BY_ENDING.get(ending))
    if shape not in FORMATS:
        raise ValueError(f"format {shape!r} of {name} is none of {', '.join(FORMATS)}")
    _check_pose(row.get("ego-vehicle-pose"), name)
    images = row.get("images", [])
    if not isinstance(images, list) or len(images) > IMAGES:
        raise ValueError(f"{name} has more than {IMAGES} images")
    for image in images:
        lacking = [
            key
            for key in ("image-path", "unix-timestamp", "fx", "fy", "cx", "cy", "position",
                        "heading")
            if key not in image
        ]  # fmt: skip
        if lacking:
            raise ValueError(f"an image of {name} lacks {', '.join(lacking)}")
    paths = tuple(prefix + str(image["image-path"]) for image in images)
    return CloudFrame(name, number, uri, shape, paths)


def _check_pose(pose: Any, name: str) -> None:
    if not pose:
        return
    for part, keys in (("position", "x y z"), ("heading", "qx qy qz qw")):
        row = pose.get(part) if isinstance(pose, dict) else None
        if not isinstance(row, dict) or not all(_is_number(row.get(k)) for k in keys.split()):
            raise ValueError(f"ego-vehicle-pose.{part} of {name} needs {keys.replace(' ', ', ')}")


def read_points(prepared: Prepared, frame: CloudFrame) -> list[Point]:
    """Where a frame's points are, in the order of its file.

    Raises:
        ItemProblem: when the file is missing or not of its format.
    """
    try:
        body = prepared.files.read(frame.uri, "the point cloud frame")
    except InputProblem as error:
        raise ItemProblem(str(error)) from error
    kind, fields = frame.format.split("/")
    try:
        return parse_points(body, kind, _FIELDS[fields])
    except ValueError as error:
        text = f"The frame {frame.uri} is not {frame.format}: {error}"
        raise ItemProblem(f"ClientError: {text}.") from error


def parse_points(body: bytes, kind: str, fields: int) -> list[Point]:
    """The first three numbers of each point.

    Raises:
        ValueError: when the bytes are not of that format.
    """
    if kind == "text":
        rows = [line.split() for line in body.decode("utf-8").splitlines() if line.strip()]
        if any(len(row) != fields for row in rows):
            raise ValueError(f"every line must have {fields} numbers")
        points = [(float(row[0]), float(row[1]), float(row[2])) for row in rows]
    else:
        size = fields * _NUMBER_BYTES
        if len(body) % size:
            raise ValueError(f"its {len(body)} bytes are no multiple of {size}")
        points = [struct.unpack_from("<3f", body, at) for at in range(0, len(body), size)]
    if not points:
        raise ValueError("it has no points")
    if not all(math.isfinite(value) for point in points for value in point):
        raise ValueError("a coordinate is no finite number")
    return points


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
