"""Files of an export on a function's own disk, until all of them are written and go to S3.

Small files wait packed in one zip file (a million of them would fill a disk's blocks otherwise),
files that grow in one of their own. The same files give the same bytes: no date is in them.
"""

import codecs
import errno
import tempfile
import zipfile
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from terrace.domain.exports.model import Spool
from terrace.errors import OutOfRoomError
from terrace.ports import Upload

ROOM = 1_000 * 1024 * 1024
"""Bytes of a function's 2 GB of disk that one export may take; putting its files together into one
may take as much again."""
FILES_MAX = 200_000
"""Files of one export: a zip file's list of them is held in memory, 1 KB each."""
OPEN_MAX = 64
PIECE = 1024 * 1024
TYPES = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".manifest": "application/x-ndjson",
    ".png": "image/png",
    ".xml": "application/xml",
    ".yaml": "application/yaml",
    ".zip": "application/zip",
}
PLAIN = "text/plain"
_OLDEST = (1980, 1, 1, 0, 0, 0)
"""The earliest date that a zip file can say: of every file in it."""


class _Room:
    """How much more may be written."""

    def __init__(self, room: int) -> None:
        self._whole = self._left = room

    def take(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise OutOfRoomError(
                f"the files are more than {self._whole // 1024 // 1024} MB, which is what a "
                "function's own disk holds"
            )

    def give(self, size: int) -> None:
        self._left += size


class DiskSpool:
    """A text that waits on disk."""

    def __init__(self, folder: Path, room: _Room) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - read() closes it
        self._room, self._size = room, 0

    def write(self, text: str) -> None:
        data = _bytes(text)
        self._room.take(len(data))
        self._size += len(data)
        self._file.write(data)

    def read(self) -> Iterator[str]:
        self._file.seek(0)
        # A character may lie across two pieces.
        decoder = codecs.getincrementaldecoder("utf-8")("surrogatepass")
        while piece := self._file.read(PIECE):
            yield decoder.decode(piece)
        self._file.close()
        self._room.give(self._size)


class DiskStaging:
    """Files kept aside in a temporary folder; a context manager."""

    def __init__(self, room: int = ROOM) -> None:
        self._room = _Room(room)

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="terrace-export-")
        self._root = Path(self._folder.name)
        self._packed = zipfile.ZipFile(self._root / "small.zip", "w", zipfile.ZIP_DEFLATED)
        self._grown: dict[str, Path] = {}
        self._open: OrderedDict[str, IO[bytes]] = OrderedDict()
        self._names: set[str] = set()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(OSError) if error is not None else nullcontext():
            for file in self._open.values():
                file.close()
            self._packed.close()
        self._folder.cleanup()
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            # Somebody else has some of the room: an earlier call that was cut off.
            raise OutOfRoomError("the function's own disk is full") from error

    def write(self, path: str, content: str | bytes) -> None:
        self._new(path)
        data = _bytes(content) if isinstance(content, str) else content
        before = self._packed.start_dir
        self._packed.writestr(_entry(path), data)
        self._room.take(self._packed.start_dir - before)

    def append(self, path: str, text: str) -> None:
        file = self._open.get(path)
        if file is None:
            place = self._grown.get(path)
            if place is None:
                self._new(path)
                place = self._grown[path] = self._root / f"grown-{len(self._grown)}"
            if len(self._open) >= OPEN_MAX:
                self._open.popitem(last=False)[1].close()
            file = self._open[path] = place.open("ab")
        else:
            self._open.move_to_end(path)
        data = _bytes(text)
        self._room.take(len(data))
        file.write(data)

    def spool(self) -> Spool:
        return DiskSpool(self._root, self._room)

    def uploads(self, folder: str, *, together: str | None, most: int) -> list[Upload]:
        for file in self._open.values():
            file.close()
        self._open.clear()
        if len(self._names) <= most:
            # Opened anew: what is being written cannot be read by several at a time.
            self._packed.close()
            self._packed = zipfile.ZipFile(self._root / "small.zip")
            return [self._upload(folder, path) for path in sorted(self._names)]
        if together is None:
            raise OutOfRoomError(
                f"there are {len(self._names)} files, which must not be put together into one; "
                f"at most {most} are written one by one"
            )
        for path, place in sorted(self._grown.items()):
            with place.open("rb") as source, self._packed.open(_entry(path), "w") as target:
                while piece := source.read(PIECE):
                    target.write(piece)
            place.unlink()
        self._packed.close()
        whole = self._root / "small.zip"
        return [Upload(f"{folder}{together}", partial(_pieces, whole), TYPES[".zip"])]

    def _upload(self, folder: str, path: str) -> Upload:
        place = self._grown.get(path)
        pieces = partial(_pieces, place) if place is not None else partial(self._unpacked, path)
        dot = path.rfind(".")
        return Upload(f"{folder}{path}", pieces, TYPES.get(path[dot:] if dot > 0 else "", PLAIN))

    def _unpacked(self, path: str) -> Iterator[bytes]:
        yield self._packed.read(path)

    def _new(self, path: str) -> None:
        if path in self._names:
            raise FileExistsError(f"{path} is written twice")
        # Names are made safe before; nothing that was missed may lead out of the folder.
        if not path or path.startswith("/") or ".." in path.split("/"):
            raise ValueError(f"{path!r} is no path inside an export")
        if len(self._names) >= FILES_MAX:
            raise OutOfRoomError(f"there are more than {FILES_MAX} files")
        self._names.add(path)


def _entry(path: str) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(path, _OLDEST)
    made.compress_type = zipfile.ZIP_DEFLATED
    # As any new file is; without it, unzip makes files that nobody may read.
    made.external_attr = 0o644 << 16
    return made


def _pieces(place: Path) -> Iterator[bytes]:
    with place.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
