"""Augmented manifests: JSON Lines with one data object each, and the labels made for it so far.

Everything streams: functions take lines one by one and hold no manifest in memory. Lines are
numbered from 1 in what people read, and indexed from 0 in what programs keep; Ground Truth's own
`datasetObjectId` is the index. Rules are Ground Truth's (guide, "input manifest file").
"""

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from terrace.domain import json_text, s3uri
from terrace.domain.problems import Problem

LINE_MAX = 100_000
ATTRIBUTE_MAX = 20_000
TERRACE = "terrace"
"""The attribute of a final manifest's line that holds its provenance."""
TERRACE_LABELS = "terrace-labels-ref"
"""The attribute of a final manifest's line that names the file with all lanes' labels."""
METADATA = "-metadata"
SOURCES = ("source-ref", "source")

Data = dict[str, Any]


class Item(Struct, frozen=True):
    """One line of a manifest, read."""

    number: int
    """Line number, from 1."""
    text: str
    """The line as it stands in the file."""
    data: Data

    @property
    def index(self) -> int:
        """Position in the manifest, from 0."""
        return self.number - 1

    @property
    def source(self) -> str:
        """The data object: an S3 URI (`source-ref`), or the text itself (`source`)."""
        data = self.data
        for key in SOURCES:
            if key in data:
                return str(data[key])
        return ""


def at_line(uri: str, number: int) -> str:
    """How a problem says where it is: `s3://bucket/key line 3`."""
    return f"{uri} line {number}"


def dump(data: Data) -> str:
    """One manifest line for the data, without a line break; keys keep their order."""
    return json_text.dumps(data)


def parse_line(
    number: int,
    text: str,
    *,
    uri: str = "",
    sources: tuple[str, ...] = SOURCES,
    limits: bool = True,
) -> Item | Problem | None:
    """The item on a line, what is wrong with the line, or None where the line is blank.

    Args:
        number: line number, from 1.
        text: the line without its line break.
        uri: of the manifest; problems name it.
        sources: the keys that may hold the data object for this task.
        limits: False for manifests that Ground Truth wrote: what it took is right, and it does
            not hold itself to the length limits of its input.
    """
    if not text.strip():
        return None
    if limits and len(text) > LINE_MAX:
        return Problem(
            path=at_line(uri, number),
            code="MANIFEST_LINE_TOO_LONG",
            problem=f"the line has {len(text)} characters",
            fix=f"at most {LINE_MAX}: keep long data in a file of its own and point to it",
        )
    try:
        data = json_text.loads(text, strict=limits)
    except json_text.JsonError as error:
        reason = "the file starts with a byte order mark" if text[0] == "\ufeff" else str(error)
        return Problem(
            path=at_line(uri, number),
            code="MANIFEST_LINE_NOT_JSON",
            problem=f"the line is not JSON: {reason}",
            fix='one JSON object on each line, such as {"source-ref": "s3://bucket/image.jpg"}',
        )
    if not isinstance(data, dict):
        return Problem(
            path=at_line(uri, number),
            code="MANIFEST_LINE_NO_OBJECT",
            problem=f"the line holds a JSON {_kind(data)}, not an object",
            fix='one JSON object on each line, such as {"source-ref": "s3://bucket/image.jpg"}',
        )
    if not limits and sources[0] in data:
        return Item(number, text, data)
    where = at_line(uri, number)
    return _wrong_keys(where, text, data, sources, limits) or Item(number, text, data)


def _wrong_keys(
    where: str, text: str, data: Data, sources: tuple[str, ...], limits: bool
) -> Problem | None:
    """The first thing wrong with the keys and values of a line."""
    found = [key for key in sources if key in data]
    if not found:
        return Problem(
            path=where,
            code="MANIFEST_LINE_WITHOUT_SOURCE",
            problem=f"the line has no {' and no '.join(sources)}; its keys are {_names(data)}",
            fix=f"name the data object with {' or '.join(sources)}",
        )
    if not limits:
        return None
    source = data[found[0]]
    wrong = (
        s3uri.problem(source)
        if found[0] == "source-ref"
        else None
        if isinstance(source, str) and source.strip()
        else "must be a text that is not empty"
    )
    if wrong:
        return Problem(
            path=where,
            code="MANIFEST_SOURCE_INVALID",
            problem=f"{found[0]} {_short(source)} {wrong}",
            fix="a full S3 URI, s3://bucket/key" if found[0] == "source-ref" else "the text",
        )
    for key, value in data.items():
        if key.startswith("$"):
            return Problem(
                path=where,
                code="MANIFEST_KEY_RESERVED",
                problem=f"the key {_short(key)} starts with $, which Ground Truth keeps for itself",
                fix="rename the key",
            )
        # A short line cannot hold a long value, so values are measured only on long lines.
        if len(text) > ATTRIBUTE_MAX:
            size = len(value) if isinstance(value, str) else len(dump({"": value})) - 5
            if size > ATTRIBUTE_MAX:
                return Problem(
                    path=where,
                    code="MANIFEST_ATTRIBUTE_TOO_LONG",
                    problem=f"the value of {_short(key)} has {size} characters",
                    fix=f"at most {ATTRIBUTE_MAX}: keep long data in a file of its own",
                )
    return None


def _kind(value: object) -> str:
    """What JSON calls a value."""
    if isinstance(value, list):
        return "array"
    return {str: "string", bool: "boolean", type(None): "null"}.get(type(value), "number")


def _names(data: Data) -> str:
    return ", ".join(_short(key) for key in list(data)[:8]) or "none"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:117]}..."


def read(
    lines: Iterable[str],
    *,
    uri: str = "",
    sources: tuple[str, ...] = SOURCES,
    limits: bool = True,
) -> Iterator[Item | Problem]:
    """Items and problems of a manifest in order; blank lines at its end are no problem."""
    blanks: list[int] = []
    for number, text in enumerate(lines, start=1):
        found = parse_line(number, text, uri=uri, sources=sources, limits=limits)
        if found is None:
            blanks.append(number)
            continue
        if blanks:
            yield from (blank_line(uri, blank) for blank in blanks)
            blanks.clear()
        yield found


def blank_line(uri: str, number: int) -> Problem:
    """The problem of a blank line that stands between items."""
    return Problem(
        path=at_line(uri, number),
        code="MANIFEST_LINE_BLANK",
        problem="the line is blank, and other lines follow",
        fix="remove it: every line must hold one JSON object",
    )


# --- labels ------------------------------------------------------------------------------------


def metadata(data: Data, attribute: str) -> Data:
    """The attribute's `-metadata`; empty where there is none or it is no object."""
    found = data.get(f"{attribute}{METADATA}")
    return found if isinstance(found, dict) else {}


def is_labeled(item: Item, attribute: str) -> bool:
    """True if the line carries a label that somebody can use.

    A failed item has only `<attribute>-metadata`, with a `failure-reason`. Class 0 and an empty
    list of boxes are labels; null and an empty text are not.
    """
    return item.data.get(attribute) not in (None, "")


def failure_reason(item: Item, attribute: str) -> str | None:
    """Why the item got no label, in Ground Truth's words; None where it does not say."""
    if is_labeled(item, attribute):
        return None
    reason = metadata(item.data, attribute).get("failure-reason")
    return str(reason) if reason else None


def without(item: Item, attribute: str) -> Data:
    """The line's data less the attribute and its metadata: as if it had never been tried."""
    dropped = {attribute, f"{attribute}{METADATA}"}
    return {key: value for key, value in item.data.items() if key not in dropped}


def text_without(item: Item, attribute: str) -> str:
    """The line less the attribute; untouched, byte for byte, where it has none."""
    if attribute in item.data or f"{attribute}{METADATA}" in item.data:
        return dump(without(item, attribute))
    return item.text
