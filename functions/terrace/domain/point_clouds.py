"""3D frames: what a manifest line, or a frame of a sequence file, says of a point cloud.

Rules are the Ground Truth guide's ("accepted raw 3D data formats", "create an input manifest file
for a 3D point cloud labeling job"): a time stamp; a known format; where cameras look along, each
image with its time, its lens and its place; quaternions and positions whole.
"""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

FORMATS = ("xyz", "xyzi", "xyzrgb", "xyzirgb")
BINARY, TEXT = "binary", "text"
KNOWN_ENDS = (".bin", ".txt")
"""What is in a file of this name needs no saying: binary/xyzi and text/xyzi."""
METADATA = "source-ref-metadata"
CAMERA_MODELS = ("pinhole", "fisheye")
LENS_NEEDED = ("fx", "fy", "cx", "cy")
LENS = (*LENS_NEEDED, "k1", "k2", "k3", "k4", "p1", "p2", "skew")
POSITION = ("x", "y", "z")
HEADING = ("qx", "qy", "qz", "qw")
SHOWN_MAX = 5
"""Problems told of one frame."""


class Wrong(NamedTuple):
    """One thing that is wrong, with its place in the frame: `images[2].fx`."""

    where: str
    problem: str
    fix: str


def check_frame(about: object, name: str, images_max: int | None) -> list[Wrong]:
    """What is wrong with a frame's description; at most SHOWN_MAX things.

    Args:
        about: `source-ref-metadata` of a manifest line, or a frame of a sequence file.
        name: of the point cloud file: its ending says the format where nothing else does.
        images_max: camera images that Ground Truth allows beside one cloud.
    """
    if not isinstance(about, dict):
        return [Wrong("", f"is {_short(about)}", 'an object: {"unix-timestamp": 1566861644.75}')]
    found: list[Wrong] = []
    for wrong in _wrongs(about, name, images_max):
        if len(found) == SHOWN_MAX:
            break
        found.append(wrong)
    return found


def _wrongs(about: dict[str, Any], name: str, images_max: int | None) -> Iterator[Wrong]:
    yield from _number(about, "unix-timestamp", "")
    yield from _format(about.get("format"), name)
    pose = about.get("ego-vehicle-pose")
    # The guide's own sequence file has an empty one: it says as much as none.
    if pose not in (None, {}):
        yield from _pose(pose, "ego-vehicle-pose")
    images = about.get("images")
    if images is None:
        return
    if not isinstance(images, list):
        yield Wrong("images", f"is {_short(images)}", "a list of camera images")
        return
    if images_max is not None and len(images) > images_max:
        yield Wrong(
            "images", f"has {len(images)} entries", f"at most {images_max} images for a point cloud"
        )
    for index, image in enumerate(images):
        yield from _image(image, f"images[{index}]")


def _format(given: object, name: str) -> Iterator[Wrong]:
    known = ", ".join(f"{kind}/{form}" for kind in (BINARY, TEXT) for form in FORMATS)
    if given is None:
        if not name.lower().endswith(KNOWN_ENDS):
            yield Wrong(
                "format",
                f"is missing, and the name {_short(name)} does not say it",
                f"one of {known}; only files named .bin and .txt need none",
            )
        return
    kind, _, form = given.partition("/") if isinstance(given, str) else ("", "", "")
    if kind not in (BINARY, TEXT) or form not in FORMATS:
        yield Wrong("format", f"is {_short(given)}", f"one of {known}")


def _image(image: object, where: str) -> Iterator[Wrong]:
    if not isinstance(image, dict):
        yield Wrong(where, f"is {_short(image)}", "an object that describes a camera image")
        return
    path = image.get("image-path")
    if not isinstance(path, str) or not path.strip():
        yield Wrong(
            f"{where}.image-path", f"is {_short(path)}", "the image's key behind the prefix"
        )
    elif {".", ".."} & set(path.split("/")) or path.startswith("/") or "//" in path:
        yield Wrong(
            f"{where}.image-path",
            f"{_short(path)} leads out of the prefix",
            "the image's key behind the prefix, without '.', '..' and empty parts",
        )
    yield from _number(image, "unix-timestamp", f"{where}.")
    for key in LENS:
        if key in LENS_NEEDED or key in image:
            yield from _number(image, key, f"{where}.")
    yield from _coordinates(image.get("position"), f"{where}.position", POSITION)
    yield from _coordinates(image.get("heading"), f"{where}.heading", HEADING)
    model = image.get("camera-model", CAMERA_MODELS[0])
    if model not in CAMERA_MODELS:
        yield Wrong(
            f"{where}.camera-model", f"is {_short(model)}", f"one of {', '.join(CAMERA_MODELS)}"
        )


def _pose(pose: object, where: str) -> Iterator[Wrong]:
    if not isinstance(pose, dict):
        yield Wrong(where, f"is {_short(pose)}", "an object with position and heading")
        return
    yield from _coordinates(pose.get("position"), f"{where}.position", POSITION)
    yield from _coordinates(pose.get("heading"), f"{where}.heading", HEADING)


def _coordinates(given: object, where: str, names: tuple[str, ...]) -> Iterator[Wrong]:
    if not isinstance(given, dict):
        yield Wrong(where, f"is {_short(given)}", f"an object with {', '.join(names)}")
        return
    for name in names:
        yield from _number(given, name, f"{where}.")


def _number(holder: dict[str, Any], key: str, prefix: str) -> Iterator[Wrong]:
    value = holder.get(key)
    if not is_number(value):
        said = "is missing" if value is None else f"is {_short(value)}"
        yield Wrong(f"{prefix}{key}", said, "a number")


def is_number(value: object) -> bool:
    """True for a finite JSON number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:97]}..."
