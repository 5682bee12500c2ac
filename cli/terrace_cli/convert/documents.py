"""What a manifest points to: in S3, on this disk, or in a local copy of an S3 folder."""

import functools
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from terrace.domain import json_text, s3uri
from terrace.domain.exports.model import ExportError, Item, Raster, Size
from terrace_cli.convert import pictures
from terrace_cli.errors import EXIT_WRONG, TerraceError

HEADER = 256 * 1024
"""Bytes of an image that say how large it is; JPEG files with long comments need more."""


class Documents:
    """Reads places: `s3://` URIs, or paths.

    Args:
        s3: makes the boto3 client; not called where nothing is in S3.
        copies: S3 folders, and the local folders that have copies of them.
    """

    def __init__(self, s3: Callable[[], Any], copies: Sequence[tuple[str, Path]] = ()) -> None:
        self._client = functools.cache(s3)
        self._copies = copies
        self.json = functools.lru_cache(maxsize=4)(self._json)

    def lines(self, place: str) -> Callable[[], Iterator[str]]:
        """A manifest, begun anew at each call; an object replaced between two is an error."""
        path = self._path(place)
        if path is not None:
            return lambda: _file_lines(path)
        store = self._store()
        with _said(place):
            etag = store.head(place).etag

        def read() -> Iterator[str]:
            with _said(place):
                for line in store.read_lines(place, etag=etag):
                    yield line.text

        return read

    def _json(self, uri: str) -> Any:
        try:
            return json_text.loads(self.data(uri).decode("utf-8-sig"), strict=False)
        except json_text.JsonError as error:
            raise TerraceError(f"{uri} is not JSON: {error}", exit_code=EXIT_WRONG) from None
        except UnicodeDecodeError as error:
            raise TerraceError(f"{uri} is not UTF-8 (byte {error.start})") from None

    def text(self, uri: str) -> str:
        """A text that was labeled."""
        try:
            return self.data(uri).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise TerraceError(f"{uri} is not UTF-8 (byte {error.start})") from None

    def mask(self, uri: str, colors: dict[int, tuple[str, str]], labels: tuple[str, ...]) -> Raster:
        """A mask's pixels as classes."""
        return pictures.raster(self.data(uri), uri, colors, labels)

    def data(self, uri: str) -> bytes:
        """A whole file."""
        path = self._path(uri)
        if path is not None:
            try:
                return path.read_bytes()
            except OSError as error:
                raise _unreadable(uri, path, error) from error
        return self._get(uri)

    def size(self, uri: str) -> Size:
        """Of an image; TerraceError where it cannot be read."""
        path = self._path(uri)
        if path is not None:
            try:
                with path.open("rb") as file:
                    found = pictures.size(file)
            except OSError as error:
                raise _unreadable(uri, path, error) from error
        else:
            found = pictures.size(io.BytesIO(self._get(uri, HEADER)))
            found = found or pictures.size(io.BytesIO(self._get(uri)))
        if found is None:
            raise TerraceError(
                f"{uri} is no image that can be read", "give --image-size", EXIT_WRONG
            )
        return found

    def _path(self, place: str) -> Path | None:
        """Where a place is on this machine; None for S3."""
        if not place.startswith(s3uri.SCHEME):
            return Path(place)
        for prefix, folder in self._copies:
            if place.startswith(prefix):
                inside = Path(folder, *place.removeprefix(prefix).split("/"))
                if inside.resolve().is_relative_to(folder.resolve()):
                    return inside
        return None

    def _store(self) -> Any:
        from terrace.adapters.s3_objects import S3ObjectStore

        return S3ObjectStore(self._client())

    def _get(self, uri: str, most: int | None = None) -> bytes:
        from botocore.exceptions import BotoCoreError, ClientError

        problem = s3uri.problem(uri)
        if problem:
            raise TerraceError(f"{uri!r} {problem}", exit_code=EXIT_WRONG)
        place = s3uri.parse(uri)
        part = {"Range": f"bytes=0-{most - 1}"} if most else {}
        try:
            found = self._client().get_object(Bucket=place.bucket, Key=place.key, **part)
            data: bytes = found["Body"].read()
        except ClientError as error:
            code = error.response["Error"].get("Code", "")
            raise TerraceError(
                f"cannot read {uri}: {code}",
                "it must exist and your AWS credentials must allow s3:GetObject on it, or give a "
                "local copy with --copy S3FOLDER=DIR",
            ) from error
        except BotoCoreError as error:
            raise TerraceError(
                f"cannot read {uri}: {error}", "check --profile and --region (or your credentials)"
            ) from error
        return data


class Sizes:
    """The sizes of images whose labels do not say them.

    Args:
        given: of all images, where the user said it.
        documents: for reading images.
        needed: whether the format needs sizes at all; otherwise no image is read.
    """

    def __init__(self, given: Size | None, documents: Documents, *, needed: bool) -> None:
        self._given, self._documents, self._needed = given, documents, needed
        self._sequence: tuple[str, Size] | None = None

    def __call__(self, item: Item) -> Size | None:
        """The frames of a video are all as large as its first one."""
        if self._given is not None or not self._needed or not item.uri or item.text is not None:
            return self._given
        if item.sequence is None:
            return self._documents.size(item.uri)
        if self._sequence is None or self._sequence[0] != item.sequence:
            self._sequence = (item.sequence, self._documents.size(item.uri))
        return self._sequence[1]


class _said:
    """What S3 says no to, in words of the command line."""

    def __init__(self, place: str) -> None:
        self._place = place

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        from botocore.exceptions import BotoCoreError

        from terrace.errors import TerraceError as Refused

        if isinstance(error, ExportError):
            return
        if isinstance(error, Refused | BotoCoreError | ValueError):
            raise TerraceError(f"cannot read {self._place}: {error}") from error


def _file_lines(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="\n") as file:
            for line in file:
                yield line.rstrip("\n")
    except OSError as error:
        raise _unreadable(str(path), path, error) from error
    except UnicodeDecodeError as error:
        raise TerraceError(f"{path} is not UTF-8 (byte {error.start})") from None


def _unreadable(uri: str, path: Path, error: OSError) -> TerraceError:
    where = uri if uri == str(path) else f"{uri} ({path})"
    return TerraceError(f"cannot read {where}: {error.strerror}", exit_code=EXIT_WRONG)
