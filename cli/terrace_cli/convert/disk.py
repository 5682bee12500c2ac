"""An export on this machine's disk, and a data set that is read from it."""

import os
import shutil
import tempfile
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import IO, Any, Self

from terrace.domain.exports.model import Size, Spool
from terrace_cli.convert import pictures
from terrace_cli.errors import EXIT_WRONG, TerraceError

OPEN_MAX = 64
"""Files that grow, open at once: a data set of many videos has one each."""
PIECE = 1024 * 1024


class Aside:
    """A text that waits on disk."""

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.TemporaryFile(  # noqa: SIM115 - read() closes it
            "w+", encoding="utf-8", newline="", dir=folder
        )

    def write(self, text: str) -> None:
        """Adds to it."""
        self._file.write(text)

    def read(self) -> Iterator[str]:
        """All of it, a megabyte at a time."""
        self._file.seek(0)
        while piece := self._file.read(PIECE):
            yield piece
        self._file.close()


class Output:
    """A folder that appears when everything in it is written, and not at all otherwise.

    Args:
        folder: must not exist, or be empty.

    Raises:
        TerraceError: it has something in it, or cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise TerraceError(
                f"{folder} exists already", "name a new or empty folder", exit_code=EXIT_WRONG
            )
        self._open: OrderedDict[str, IO[str]] = OrderedDict()
        self._grown: set[str] = set()
        self._folders: set[Path] = set()

    def __enter__(self) -> Self:
        try:
            self.folder.absolute().parent.mkdir(parents=True, exist_ok=True)
            made = tempfile.mkdtemp(prefix=".terrace-convert-", dir=self.folder.absolute().parent)
        except OSError as error:
            raise _unwritable(self.folder, error) from error
        self._made = Path(made)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        placed = False
        try:
            # The last text of a file is written when it is closed, and the disk may be full.
            with ExitStack() as closing:
                for file in self._open.values():
                    closing.callback(file.close)
            if error is None:
                # mkdtemp's folders are their maker's alone; what is delivered is as any new one.
                mask = os.umask(0)
                os.umask(mask)
                self._made.chmod(0o777 & ~mask)
                self._made.replace(self.folder)
                placed = True
        except OSError as refused:
            error = error or refused
        finally:
            if not placed:
                shutil.rmtree(self._made, ignore_errors=True)
        if isinstance(error, OSError):
            raise _unwritable(self.folder, error) from error

    def write(self, path: str, content: str | bytes) -> None:
        """A whole file."""
        data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
        with self._place(path).open("xb") as file:
            file.write(data)

    def append(self, path: str, text: str) -> None:
        """More of a file that grows."""
        file = self._open.get(path)
        if file is None:
            place = self._place(path)
            if len(self._open) >= OPEN_MAX:
                self._open.popitem(last=False)[1].close()
            mode = "a" if path in self._grown else "x"
            file = place.open(mode, encoding="utf-8", newline="")
            self._grown.add(path)
            self._open[path] = file
        else:
            self._open.move_to_end(path)
        file.write(text)

    def spool(self) -> Spool:
        """A text kept aside, on the same disk."""
        return Aside(self._made)

    def lines(self, path: str) -> Iterator[str]:
        """A file that was written, read again."""
        if path in self._open:
            self._open[path].flush()
        with self._place(path).open(encoding="utf-8", newline="") as file:
            yield from file

    def _place(self, path: str) -> Path:
        parts = PurePosixPath(path).parts
        # Names are made safe before; nothing that was missed may lead out of the folder.
        if not parts or path.startswith("/") or ".." in parts:
            raise ValueError(f"{path!r} is no path inside an export")
        place = self._made.joinpath(*parts)
        if place.parent not in self._folders:
            place.parent.mkdir(parents=True, exist_ok=True)
            self._folders.add(place.parent)
        return place


def _unwritable(folder: Path, error: OSError) -> TerraceError:
    return TerraceError(f"cannot write {folder}: {error.strerror or error}", exit_code=EXIT_WRONG)


class Input:
    """A folder, or a single file as a folder of one."""

    def __init__(self, place: Path) -> None:
        if not place.exists():
            raise TerraceError(f"{place} does not exist", exit_code=EXIT_WRONG)
        self._root = place if place.is_dir() else place.parent
        self._only = None if place.is_dir() else place.name
        self._names: list[str] | None = None

    def names(self) -> list[str]:
        """All files, sorted; links that lead out of the folder are not followed."""
        if self._only is not None:
            return [self._only]
        if self._names is None:
            self._names = sorted(
                Path(folder, name).relative_to(self._root).as_posix()
                for folder, _, names in os.walk(self._root)
                for name in names
            )
        return self._names

    def text(self, path: str) -> str:
        """A file of UTF-8."""
        try:
            return (self._root / path).read_text(encoding="utf-8-sig")
        except OSError as error:
            raise TerraceError(
                f"cannot read {path}: {error.strerror}", exit_code=EXIT_WRONG
            ) from error
        except UnicodeDecodeError as error:
            raise TerraceError(
                f"{path} is not UTF-8 (byte {error.start})", exit_code=EXIT_WRONG
            ) from error

    def yaml(self, path: str) -> Any:
        """A YAML file."""
        import yaml

        try:
            return yaml.safe_load(self.text(path))
        except yaml.YAMLError as error:
            raise TerraceError(f"{path} is not YAML: {error}", exit_code=EXIT_WRONG) from error

    def size(self, path: str) -> Size | None:
        """Of an image file."""
        try:
            with (self._root / path).open("rb") as file:
                return pictures.size(file)
        except OSError:
            return None
