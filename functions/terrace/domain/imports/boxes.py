"""What the readers of other formats share: checked numbers, names, and errors that say where."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from terrace.domain import s3uri
from terrace.domain.exports.classes import check
from terrace.domain.exports.model import BoxShape, ExportError, Item
from terrace.domain.exports.names import Names

ROUNDING = 1e-6
"""Pixels: formats that keep both edges give a box without width one of -8.7e-18."""
IMAGE_EXTENSIONS = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff")


@dataclass(frozen=True)
class Read:
    """A data set that was read."""

    classes: tuple[str, ...]
    items: tuple[Item, ...]
    keypoints: dict[str, tuple[str, ...]]


def made(classes: Sequence[str], items: Sequence[Item], where: str) -> Read:
    """Checks the names of the classes; ExportError for a blank one or one that is there twice."""
    check(classes, where)
    twice = [name for name in dict.fromkeys(classes) if list(classes).count(name) > 1]
    if twice:
        fail(where, f"the class {twice[0]!r} is there twice", "each class once")
    return Read(tuple(classes), tuple(items), {})


def fail(where: str, problem: str, fix: str) -> NoReturn:
    """Says what a reader cannot take."""
    raise ExportError(where, "IMPORT_UNREADABLE", problem, fix)


def finite(value: object, where: str) -> float:
    """A number; a text of one too."""
    try:
        found = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        fail(where, f"{str(value)[:50]!r} is no number", "a number")
    if not math.isfinite(found):
        fail(where, "a number is not finite", "a number")
    return found


def box(left: float, top: float, width: float, height: float, where: str) -> BoxShape:
    """A box; ExportError for a negative size (one that is less than a rounding error is 0)."""
    width, height = (0.0 if -ROUNDING < part < 0 else part for part in (width, height))
    if width < 0 or height < 0:
        fail(where, f"a box is {width} x {height}", "a width and a height of 0 or more")
    return BoxShape(left, top, width, height)


def uri(prefix: str | None, path: str) -> str:
    """Where an image is: below the S3 folder that was given, else its path as it stands."""
    return path if prefix is None else s3uri.join(prefix, path)


def names() -> Names:
    """Safe and unique names for items."""
    return Names("")
