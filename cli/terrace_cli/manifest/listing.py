"""What files there are in a folder of this machine or of S3, in the order that people count."""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from terrace.domain import s3uri
from terrace_cli.errors import EXIT_WRONG, TerraceError

Kind = Literal["image", "text", "cloud", "video"]
ENDS: dict[Kind, tuple[str, ...]] = {
    "image": (".jpg", ".jpeg", ".png"),
    "text": (".txt",),
    "cloud": (".bin",),
    "video": (".mp4", ".ogg", ".webm"),
}
"""What Ground Truth's workers can be shown (guide, "supported data formats")."""
PLURAL: dict[Kind, str] = {
    "image": "images",
    "text": "texts",
    "cloud": "point clouds",
    "video": "videos",
}
MODALITIES: dict[Kind, str] = {
    "image": "BoundingBox",
    "text": "TextMultiClass",
    "cloud": "PointCloudObjectDetection",
    "video": "VideoMultiClass",
}
"""A modality whose rules hold for a kind of file, where the user names none."""
_DIGITS = re.compile(r"([0-9]+)")


@dataclass(frozen=True)
class Found:
    """One file."""

    name: str
    """Path below the folder, with `/`."""
    size: int
    changed: float
    """Unix time of its last change."""
    etag: str = ""
    """S3's, without quotes; empty on this machine."""

    @property
    def folder(self) -> str:
        """The folder below the listed one; empty for the listed one itself."""
        return self.name.rpartition("/")[0]

    @property
    def base(self) -> str:
        """The file's own name."""
        return self.name.rpartition("/")[2]

    @property
    def end(self) -> str:
        """Its extension in lower case, `.jpg`; empty where it has none."""
        return os.path.splitext(self.base)[1].lower()


def natural(name: str) -> tuple[Any, ...]:
    """Sorts `frame2` before `frame10`, folder by folder.

    >>> sorted(["b/10.jpg", "b/9.jpg", "a/11.jpg"], key=natural)
    ['a/11.jpg', 'b/9.jpg', 'b/10.jpg']
    """
    parts = tuple(
        tuple(
            (0, int(piece), "") if index % 2 else (1, 0, piece.casefold())
            for index, piece in enumerate(_DIGITS.split(part))
            if piece
        )
        for part in name.split("/")
    )
    return parts, name


def folder_uri(place: str) -> str:
    """An S3 folder, ending with `/`.

    Raises:
        TerraceError: it is no S3 URI.
    """
    uri = place if place.endswith("/") else f"{place}/"
    if wrong := s3uri.problem(uri, key_needed=False):
        raise TerraceError(
            f"{place!r} {wrong}", "an S3 folder looks like s3://bucket/folder/", EXIT_WRONG
        )
    return uri


def files(place: str, s3: Callable[[], Any]) -> list[Found]:
    """All files below a folder, naturally sorted; names that begin with a dot are passed by.

    Raises:
        TerraceError: it cannot be listed, is no folder, or has nothing in it.
    """
    found = _bucket(place, s3) if place.startswith(s3uri.SCHEME) else _disk(place)
    if not found:
        raise TerraceError(f"{place} has no files in it", exit_code=EXIT_WRONG)
    return sorted(found, key=lambda one: natural(one.name))


def _disk(place: str) -> list[Found]:
    root = Path(place)
    if not root.is_dir():
        problem = "is no folder" if root.exists() else "does not exist"
        raise TerraceError(f"{place} {problem}", "a folder or s3://bucket/folder/", EXIT_WRONG)
    found = []

    def refuse(error: OSError) -> None:
        raise TerraceError(
            f"cannot read {error.filename}: {error.strerror}", exit_code=EXIT_WRONG
        ) from error

    for folder, inner, names in os.walk(root, onerror=refuse):
        inner[:] = [name for name in inner if not name.startswith(".")]
        below = Path(folder).relative_to(root).as_posix()
        for name in names:
            path = Path(folder, name)
            if name.startswith(".") or not path.is_file():
                continue
            about = path.stat()
            whole = name if below == "." else f"{below}/{name}"
            found.append(Found(whole, about.st_size, about.st_mtime))
    return found


def _bucket(place: str, s3: Callable[[], Any]) -> list[Found]:
    from botocore.exceptions import BotoCoreError, ClientError

    at = s3uri.parse(folder_uri(place), key_needed=False)
    found = []
    try:
        pages = s3().get_paginator("list_objects_v2").paginate(Bucket=at.bucket, Prefix=at.key)
        for page in pages:
            for row in page.get("Contents", []):
                name = row["Key"][len(at.key) :]
                # Consoles make empty objects that stand for folders.
                if not name or name.endswith("/"):
                    continue
                if any(part.startswith(".") for part in name.split("/")):
                    continue
                changed = row["LastModified"].timestamp()
                found.append(Found(name, row["Size"], changed, row["ETag"].strip('"')))
    except (ClientError, BotoCoreError) as error:
        raise TerraceError(
            f"cannot list {place}: {error}",
            "the bucket must exist, and your AWS credentials must allow s3:ListBucket on it",
        ) from error
    return found


def of_kind(found: Sequence[Found], kind: Kind | None, place: str) -> tuple[Kind, list[Found]]:
    """The files of one kind.

    Args:
        found: all files.
        kind: the one that is wanted; None: the only one there is.
        place: for errors.

    Raises:
        TerraceError: there are none, or several kinds and none was named.
    """
    if kind is not None:
        ends = (*ENDS[kind], ".txt") if kind == "cloud" else ENDS[kind]
        chosen = [one for one in found if one.end in ends]
        if not chosen:
            raise TerraceError(
                f"{place} has no {PLURAL[kind]} in it, only {_ends(found)}",
                f"{PLURAL[kind]} end with {', '.join(ends)}",
                EXIT_WRONG,
            )
        return kind, chosen
    by_kind = {one: [f for f in found if f.end in ends] for one, ends in ENDS.items()}
    there = {one: chosen for one, chosen in by_kind.items() if chosen}
    if not there:
        known = "; ".join(f"{PLURAL[one]}: {', '.join(ends)}" for one, ends in ENDS.items())
        raise TerraceError(
            f"{place} has nothing in it that workers can be shown, only {_ends(found)}",
            f"{known} (files of other kinds must be converted)",
            EXIT_WRONG,
        )
    if len(there) > 1:
        counts = ", ".join(f"{len(chosen)} {PLURAL[one]}" for one, chosen in there.items())
        raise TerraceError(
            f"{place} has {counts} in it: a manifest has one kind",
            f"say which with --kind {'|'.join(there)}",
            EXIT_WRONG,
        )
    return next(iter(there.items()))


def _ends(found: Iterable[Found]) -> str:
    """`3 .webp, 1 without an ending`: what files there are."""
    counts = Counter(one.end for one in found).most_common(6)
    return ", ".join(f"{count} {end or 'without an ending'}" for end, count in counts)
