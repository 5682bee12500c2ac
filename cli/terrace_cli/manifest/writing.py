"""Puts made files where they were asked for, and never over something else unasked."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from terrace.domain import s3uri
from terrace_cli.errors import EXIT_WRONG, TerraceError


class Writer:
    """Writes paths and `s3://` URIs.

    Args:
        s3: makes the boto3 client; not called where nothing is in S3.
        replace: True to write over files that have another content.
    """

    def __init__(self, s3: Callable[[], Any], *, replace: bool = False) -> None:
        self._s3 = s3
        self._replace = replace

    def put(self, files: Mapping[str, bytes]) -> None:
        """Writes all files, or none where one of them is there with another content.

        Raises:
            TerraceError: one is there, or cannot be written.
        """
        missing = {place: data for place, data in files.items() if not self._same(place, data)}
        for place, data in missing.items():
            if place.startswith(s3uri.SCHEME):
                self._put_object(place, data)
            else:
                _put_file(Path(place), data)

    def _same(self, place: str, data: bytes) -> bool:
        """True if it is there already, byte for byte."""
        there = self._read(place)
        if there is None or there == data:
            return there is not None
        if not self._replace:
            raise TerraceError(
                f"{place} exists already, with another content",
                "name another place, or say --replace",
                EXIT_WRONG,
            )
        return False

    def _read(self, place: str) -> bytes | None:
        if not place.startswith(s3uri.SCHEME):
            try:
                return Path(place).read_bytes()
            except FileNotFoundError:
                return None
            except OSError as error:
                raise _refused(place, error.strerror) from error
        from botocore.exceptions import BotoCoreError, ClientError

        if wrong := s3uri.problem(place):
            raise TerraceError(f"cannot write {place!r}: it {wrong}", exit_code=EXIT_WRONG)
        at = s3uri.parse(place)
        try:
            data: bytes = self._s3().get_object(Bucket=at.bucket, Key=at.key)["Body"].read()
        except ClientError as error:
            if error.response["Error"].get("Code") == "NoSuchKey":
                return None
            raise _refused(place, str(error)) from error
        except BotoCoreError as error:
            raise _refused(place, str(error)) from error
        return data

    def _put_object(self, place: str, data: bytes) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        at = s3uri.parse(place)
        # Between looking and writing somebody else may have written.
        only_new = {} if self._replace else {"IfNoneMatch": "*"}
        try:
            self._s3().put_object(Bucket=at.bucket, Key=at.key, Body=data, **only_new)
        except (ClientError, BotoCoreError) as error:
            raise _refused(place, str(error)) from error


def _put_file(path: Path, data: bytes) -> None:
    aside = path.with_name(f".{path.name[:100]}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_bytes(data)
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise _refused(str(path), error.strerror) from error


def _refused(place: str, why: str | None) -> TerraceError:
    hint = (
        "the bucket must exist, and your AWS credentials must allow s3:GetObject and s3:PutObject"
        if place.startswith(s3uri.SCHEME)
        else ""
    )
    return TerraceError(f"cannot write {place}: {why}", hint, EXIT_WRONG)
