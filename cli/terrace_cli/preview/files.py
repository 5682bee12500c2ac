"""Files of a preview: on this machine, or in S3 with the caller's own credentials."""

import base64
import mimetypes
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from terrace.domain import s3uri
from terrace_cli.errors import EXIT_WRONG, TerraceError

INLINE_MAX = 5 * 1024 * 1024
"""Bytes of a picture that is put into the page; what is larger is linked."""
TEXT_MAX = 16 * 1024 * 1024
LINK_SECONDS = 3_600
CHUNK = 1024 * 1024


class Files:
    """Reads places: paths, or `s3://` URIs.

    Args:
        s3: Makes the boto3 client; not called where nothing is in S3.
    """

    def __init__(self, s3: Callable[[], Any]) -> None:
        self._make = s3
        self._client: Any = None
        self.shown: list[str] = []
        """Addresses of what the page was allowed to show, in order."""
        self.linked = False
        """Whether the page has links that work for an hour, for whoever has it."""

    def text(self, place: str, what: str) -> str:
        """A whole text file.

        Raises:
            TerraceError: It cannot be read, is too long or is not UTF-8.
        """
        data = self.data(place, what, TEXT_MAX)
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise _wrong(f"{what} {place} is not UTF-8 (byte {error.start})") from error

    def lines(self, place: str, what: str) -> Iterator[str]:
        """The lines of a text file of any length, one by one."""
        try:
            if place.startswith(s3uri.SCHEME):
                for raw in split_lines(_chunks(self._get(place, what)["Body"], place, what)):
                    yield raw.decode("utf-8-sig")
            else:
                with Path(place).open(encoding="utf-8-sig") as file:
                    for line in file:
                        yield line.rstrip("\n")
        except OSError as error:
            raise _wrong(f"cannot read {what} {place}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise _wrong(f"{what} {place} is not UTF-8 (byte {error.start})") from error

    def show(self, uri: str) -> str:
        """An address that a browser can show: a small picture itself, or a link for an hour.

        Raises:
            TerraceError: The object is not there or may not be read.
        """
        kind = mimetypes.guess_type(s3uri.parse(uri).key)[0] or ""
        found = self._get(uri, "the object")
        if kind.startswith("image/") and found["ContentLength"] <= INLINE_MAX:
            data = base64.b64encode(found["Body"].read()).decode()
            address = f"data:{kind};base64,{data}"
        else:
            found["Body"].close()
            self.linked = True
            address = self._s3().generate_presigned_url(
                "get_object", Params=_where(uri), ExpiresIn=LINK_SECONDS
            )
        self.shown.append(address)
        return address

    def data(self, place: str, what: str, most: int) -> bytes:
        """A whole file of at most so many bytes.

        Raises:
            TerraceError: It cannot be read or is longer.
        """
        if place.startswith(s3uri.SCHEME):
            chunks = _chunks(self._get(place, what)["Body"], place, what)
            data = bytearray()
            for chunk in chunks:
                data += chunk
                if len(data) > most:
                    break
        else:
            try:
                with Path(place).open("rb") as file:
                    data = bytearray(file.read(most + 1))
            except OSError as error:
                raise _wrong(f"cannot read {what} {place}: {error.strerror}") from error
        if len(data) > most:
            raise _wrong(f"{what} {place} is longer than {most} bytes")
        return bytes(data)

    def _get(self, uri: str, what: str) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError

        problem = s3uri.problem(uri)
        if problem:
            raise _wrong(f"{what} {uri!r} {problem}")
        try:
            return self._s3().get_object(**_where(uri))
        except ClientError as error:
            code = error.response["Error"].get("Code", "")
            raise TerraceError(
                f"cannot read {what} {uri}: {code}",
                "it must exist, and your AWS credentials must allow s3:GetObject on it",
            ) from error
        except BotoCoreError as error:
            raise TerraceError(
                f"cannot read {what} {uri}: {error}",
                "check --profile and --region (or your AWS credentials)",
            ) from error

    def _s3(self) -> Any:
        if self._client is None:
            self._client = self._make()
        return self._client


def _chunks(body: Any, place: str, what: str) -> Iterator[bytes]:
    """The object in pieces.

    Raises:
        TerraceError: The connection broke on the way.
    """
    from botocore.exceptions import BotoCoreError

    try:
        yield from body.iter_chunks(CHUNK)
    except BotoCoreError as error:
        raise TerraceError(f"cannot read {what} {place}: {error}", "try it again") from error


def split_lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Lines without their breaks.

    botocore's own `iter_lines` copies what it has of a line with every chunk: a label file of
    20 MB, which is one line, would take it minutes.
    """
    parts: list[bytes] = []
    for chunk in chunks:
        first, *more = chunk.split(b"\n")
        parts.append(first)
        if more:
            yield b"".join(parts).removesuffix(b"\r")
            yield from (line.removesuffix(b"\r") for line in more[:-1])
            parts = [more[-1]]
    if last := b"".join(parts):
        yield last.removesuffix(b"\r")


def _where(uri: str) -> dict[str, str]:
    place = s3uri.parse(uri)
    return {"Bucket": place.bucket, "Key": place.key}


def _wrong(text: str) -> TerraceError:
    return TerraceError(text, exit_code=EXIT_WRONG)
