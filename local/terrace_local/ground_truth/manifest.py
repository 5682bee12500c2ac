"""Input manifests: one data object per line, and which of them are a job's to label."""

import json
from dataclasses import dataclass
from typing import Any

from terrace_local.ground_truth.s3files import InputProblem

LINE_CHARS = 100_000
ATTRIBUTE_CHARS = 20_000


@dataclass(frozen=True)
class Line:
    """One line: its parsed content, and its text as it stood there."""

    data: dict[str, Any]
    text: str

    @property
    def source(self) -> str:
        """The S3 URI (or inline text) of the data object."""
        return str(self.data.get("source-ref", self.data.get("source", "")))

    @property
    def by_reference(self) -> bool:
        """Whether the line names an S3 object; else it holds the text itself."""
        return "source-ref" in self.data


def parse_manifest(body: bytes, uri: str, most: int) -> list[Line]:
    """Reads a JSON Lines manifest of at most so many objects; blank lines are skipped.

    Raises:
        InputProblem: with the number of the first bad line and what is wrong with it.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _problem(uri, f"it is not UTF-8 ({error})") from error
    lines = [
        _line(raw, number, uri)
        for number, raw in enumerate(text.split("\n"), start=1)
        if raw.strip()
    ]
    if not lines:
        raise _problem(uri, "it holds no data objects")
    if len(lines) > most:
        raise _problem(uri, f"{len(lines)} data objects, at most {most} are possible")
    return lines


def _problem(uri: str, text: str) -> InputProblem:
    return InputProblem(f"ClientError: The input manifest {uri} is invalid: {text}.")


def _line(raw: str, number: int, uri: str) -> Line:
    if len(raw) > LINE_CHARS:
        raise _problem(uri, f"line {number} is longer than {LINE_CHARS} characters")
    try:
        data = json.loads(raw)
    except ValueError as error:
        raise _problem(uri, f"line {number} is not valid JSON ({error})") from error
    if not isinstance(data, dict):
        raise _problem(uri, f"line {number} is not a JSON object")
    if not isinstance(data.get("source-ref", data.get("source")), str):
        raise _problem(uri, f"line {number} has neither source-ref nor source")
    for key, value in data.items():
        if isinstance(value, str) and len(value) > ATTRIBUTE_CHARS:
            raise _problem(
                uri,
                f"attribute {key} of line {number} is longer than {ATTRIBUTE_CHARS} characters",
            )
        if key.startswith("$"):
            raise _problem(uri, f"line {number} has the attribute {key}, which starts with $")
    return Line(data, raw.rstrip("\r"))
