"""Where a report and what it points to are read from: the API, and S3 where that can be reached."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from terrace_cli.errors import TerraceError

Json = dict[str, Any]
Fetch = Callable[[str], bytes]
"""The bytes of an S3 URI; LookupError with a sentence where they cannot be read."""


@dataclass
class Material:
    """A report, with a way to its files."""

    report: Json
    fetch: Fetch
    missing: list[str] = field(default_factory=list)
    """What could not be read, in sentences: the page says so."""

    def json_of(self, uri: str) -> Any:
        """A JSON file, or None: then `missing` has a line more."""
        raw = self.bytes_of(uri)
        if raw is None:
            return None
        try:
            return json.loads(raw)
        except ValueError:
            self._note(f"{uri} is no JSON")
            return None

    def bytes_of(self, uri: str) -> bytes | None:
        """A file, or None: then `missing` has a line more."""
        try:
            return self.fetch(uri)
        except LookupError as error:
            self._note(str(error.args[0] if error.args else error))
            return None

    def _note(self, text: str) -> None:
        if text not in self.missing:
            self.missing.append(text)

    def jobs(self) -> Iterator[Json]:
        """All jobs, by level."""
        for level in self.report.get("levels") or []:
            yield from level.get("jobs") or []


def s3_files(client_of: Callable[[], Any]) -> Fetch:
    """Files of S3, with the credentials of the caller; the client is made when one is asked for."""
    from botocore.exceptions import BotoCoreError, ClientError

    made: list[Any] = []

    def client() -> Any:
        if not made:
            try:
                made.append(client_of())
            except (TerraceError, BotoCoreError, ClientError) as error:
                raise LookupError(f"S3 cannot be read: {error}") from error
        return made[0]

    def fetch(uri: str) -> bytes:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        try:
            body: bytes = client().get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            raise LookupError(f"{uri} cannot be read ({code})") from error
        except BotoCoreError as error:
            raise LookupError(f"{uri} cannot be read ({type(error).__name__})") from error
        return body

    return fetch


def whole(answer: Json, fetch: Fetch) -> Json:
    """The report itself, where the API answered only with its place.

    Raises:
        TerraceError: it cannot be read there.
    """
    if "levels" in answer:
        return answer
    uri = str(answer.get("reportS3Uri", ""))
    try:
        found: Json = json.loads(fetch(uri))
    except (LookupError, ValueError) as error:
        raise TerraceError(
            f"the report is too large for the API, and could not be read at {uri}",
            "name the stack with --stack, and use credentials that may read its batch bucket",
        ) from error
    return found
