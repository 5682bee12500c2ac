"""Folders of frames: each becomes a sequence."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from terrace.domain import input_checks, s3uri
from terrace.domain.exports.names import safe
from terrace.domain.modalities import Modality
from terrace.domain.problems import Problem
from terrace_cli.convert import pictures
from terrace_cli.convert.disk import Output
from terrace_cli.manifest.lines import refuse
from terrace_cli.manifest.listing import ENDS, Found
from terrace_cli.manifest.sequences import Clip, in_order

FRAMES = "frames"
Step = Callable[[str, int, int | None], None]


@dataclass(frozen=True)
class Folder:
    """The frames that stand in one folder."""

    name: str
    """Its path below the listed folder; empty for that one itself."""
    frames: Sequence[Found]


def folders(found: Sequence[Found]) -> tuple[list[Folder], int]:
    """Folders with images directly in them, in their files' order; and how many files are none."""
    grouped: dict[str, list[Found]] = {}
    others = 0
    for one in found:
        if one.end in ENDS["image"]:
            grouped.setdefault(one.folder, []).append(one)
        else:
            others += 1
    return [Folder(name, frames) for name, frames in grouped.items()], others


def clips(found: Sequence[Folder], place: str, *, as_named: bool) -> list[Clip]:
    """Clips of folders that stay where they are.

    Args:
        found: the folders.
        place: that they are in; it gives its name to frames that stand directly in it.
        as_named: True to take the order of the names' bytes, in which workers see them.

    Raises:
        TerraceError: frames are numbered without leading zeros, and `as_named` is not said.
    """
    made = []
    for one in found:
        names = [frame.base for frame in one.frames]
        if as_named:
            names.sort(key=lambda name: name.encode("utf-8", "surrogateescape"))
        else:
            in_order(names, f"{place.rstrip('/')}/{one.name}".rstrip("/"))
        made.append(Clip(one.name or _own_name(place), one.name, names))
    return made


def copied(
    found: Sequence[Folder], place: str, output: Output, *, renumber: bool, step: Step
) -> list[Clip]:
    """Copies the frames of folders of this machine to `output`, and the clips that they are there.

    Args:
        found: the folders.
        place: that they are in.
        output: where they are copied to, below `frames/`.
        renumber: True to call them `000001.jpg`, ... in their natural order.
        step: told how far it is.

    Raises:
        TerraceError: they are numbered without leading zeros, and `renumber` is not said.
    """
    made = []
    whole, done = sum(len(one.frames) for one in found), 0
    for one in found:
        name = one.name or _own_name(place)
        folder = f"{FRAMES}/{safe(name)}"
        names = [frame.base for frame in one.frames]
        if renumber:
            digits = max(6, len(str(len(names))))
            names = [
                f"{number:0{digits}d}{frame.end}" for number, frame in enumerate(one.frames, 1)
            ]
        else:
            in_order(names, f"{place.rstrip('/')}/{one.name}".rstrip("/"))
        for frame, new in zip(one.frames, names, strict=True):
            output.write(f"{folder}/{new}", Path(place, frame.name).read_bytes())
            done += 1
            step("copying", done, whole)
        made.append(Clip(name, folder, names))
    return made


def check(found: Sequence[Folder], place: str, modality: Modality, step: Step) -> list[str]:
    """Refuses frames that would show nothing; says which folders have images of several sizes.

    Frames in S3 are known by their length only; those of this machine are opened.

    Raises:
        TerraceError: a frame is empty, too large, or no image.
    """
    here = not place.startswith(s3uri.SCHEME)
    problems: list[Problem] = []
    odd: list[str] = []
    whole, done = sum(len(one.frames) for one in found), 0
    for one in found:
        sizes = set()
        for frame in one.frames:
            path = f"{place.rstrip('/')}/{frame.name}"
            size = _size(path) if here and frame.size else None
            if not frame.size or (here and size is None):
                what = "the file is empty" if not frame.size else "it is no image that can be read"
                problems.append(
                    Problem(path=path, code="FRAME_UNREADABLE", problem=what, fix="a whole image")
                )
            elif large := input_checks.size_problem(path, frame.size, modality, path):
                problems.append(large)
            sizes.add(size)
            done += 1
            step("checking", done, whole)
        if len(sizes - {None}) > 1:
            odd.append(one.name or _own_name(place))
    refuse(problems)
    return odd


@functools.lru_cache(maxsize=1)
def _size(path: str) -> Any:
    try:
        with Path(path).open("rb") as file:
            return pictures.size(file)
    except OSError:
        return None


def _own_name(place: str) -> str:
    if place.startswith(s3uri.SCHEME):
        return place.rstrip("/").rpartition("/")[2] or "clip"
    return Path(place).resolve().name or "clip"
