"""Files that quality commands read and write: on this machine, or in S3."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from terrace.domain import s3uri
from terrace_cli.errors import EXIT_WRONG, TerraceError
from terrace_cli.preview.files import Files

FILE_MAX = 512 * 1024 * 1024
"""Bytes of one label file: 2,000 frames of 1,000 objects each are less."""


class Places:
    """Reads and writes paths and `s3://` URIs; what fails is the caller's to mend (exit code 2).

    Args:
        s3: Makes the boto3 client; not called where nothing is in S3.
    """

    def __init__(self, s3: Callable[[], Any]) -> None:
        self._make = s3
        self._made: Any = None
        self._files = Files(self._s3)

    def lines(self, place: str, what: str) -> Iterator[str]:
        """The lines of a text file, one by one."""
        try:
            yield from self._files.lines(place, what)
        except TerraceError as error:
            raise _wrong(error) from error

    def text(self, place: str, what: str) -> str:
        """A whole text file."""
        data = self.data(place, what)
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise TerraceError(
                f"{what} {place} is not UTF-8 (byte {error.start})", exit_code=EXIT_WRONG
            ) from error

    def data(self, place: str, what: str) -> bytes:
        """A whole file."""
        try:
            return self._files.data(place, what, FILE_MAX)
        except TerraceError as error:
            raise _wrong(error) from error

    def write(self, place: str, text: str) -> None:
        """Writes a text file; folders on the way to it are made."""
        if not place.startswith(s3uri.SCHEME):
            path = Path(place)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            except OSError as error:
                raise TerraceError(
                    f"cannot write {place}: {error.strerror}", exit_code=EXIT_WRONG
                ) from error
            return
        from botocore.exceptions import BotoCoreError, ClientError

        if problem := s3uri.problem(place):
            raise TerraceError(f"cannot write {place}: it {problem}", exit_code=EXIT_WRONG)
        at = s3uri.parse(place)
        try:
            self._s3().put_object(Bucket=at.bucket, Key=at.key, Body=text.encode())
        except (ClientError, BotoCoreError) as error:
            raise TerraceError(
                f"cannot write {place}: {error}",
                "the bucket must exist, and your AWS credentials must allow s3:PutObject on it",
                EXIT_WRONG,
            ) from error

    def _s3(self) -> Any:
        if self._made is None:
            self._made = self._make()
        return self._made


def joined(folder: str, name: str) -> str:
    """A file in a folder, or an object under a prefix."""
    return f"{folder.rstrip('/')}/{name}"


def _wrong(error: TerraceError) -> TerraceError:
    return TerraceError(str(error), error.hint, EXIT_WRONG)
