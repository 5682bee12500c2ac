"""Texts put safely into files of other formats: XML, YAML, CSV, lists of lines."""

import json
from collections.abc import Iterable, Sequence
from json.encoder import encode_basestring
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from terrace.domain.exports.model import ExportError, Head


def cell(value: Any, separator: str = ",") -> str:
    """One field of a CSV file, in quotes where a reader would need them; None is an empty one."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else str(value)
    if separator in text or '"' in text or "\n" in text or "\r" in text:
        return '"' + text.replace('"', '""') + '"'
    return text


def row(values: Iterable[Any], separator: str = ",") -> str:
    """One line of a CSV file with its line break; None is an empty field."""
    # A line of one empty field would be no line to a reader.
    return (separator.join([cell(value, separator) for value in values]) or '""') + "\n"


def quoted(text: str) -> str:
    """A text as JSON, as `dumps` writes it."""
    if text.isascii():
        return encode_basestring(text)
    return dumps(text)


def dumps(value: Any) -> str:
    """JSON in one line, readable in every language; half characters escaped."""
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value)
    return text


def xml(value: object) -> str:
    """A text between two tags. Characters that XML cannot hold become the replacement sign."""
    return escape(_xml_characters(str(value)))


def attribute(value: object) -> str:
    """An attribute's value with its quotes."""
    return quoteattr(_xml_characters(str(value)))


def _xml_characters(text: str) -> str:
    return "".join(
        one
        if one in "\t\n" or " " <= one < "\ud800" or "\ue000" <= one not in "\ufffe\uffff"
        else "\ufffd"
        for one in text
    )


def yaml(value: str) -> str:
    """A text as a YAML scalar in double quotes (YAML 1.2, 5.7): `"a \\"b\\""`."""
    made = "".join(
        f"\\{one}" if one in '"\\' else one if one.isprintable() else f"\\U{ord(one):08X}"
        for one in value
    )
    return f'"{made}"'


def each_on_a_line(head: Head, format_name: str) -> str:
    """The class names, one on each line; ExportError for one that would not come back so.

    Readers of such lists take blanks off both ends, and skip empty lines.
    """
    for name in head.classes:
        if name != name.strip():
            raise ExportError(
                f"class {name!r}",
                "CLASS_NAME_UNFIT",
                f"{format_name} keeps class names in lines, and readers cut blanks off their ends",
                "a name without blanks at its ends",
            )
    return "".join(f"{name}\n" for name in head.classes)


def one_word(names: Sequence[str], format_name: str) -> None:
    """Refuses a class name with a blank, where a format separates by blanks."""
    for name in names:
        if len(name.split()) != 1 or name != name.strip():
            raise ExportError(
                f"class {name!r}",
                "CLASS_NAME_UNFIT",
                f"{format_name} separates its fields by blanks, and the name has one",
                f"a name of one word, such as {'_'.join(name.split()) or 'car'!r}",
            )


def meta(head: Head) -> str:
    """`dataset_meta.json`: class names for formats that have no place for them (Datumaro's)."""
    return dumps({"label_map": {str(i): name for i, name in enumerate(head.classes)}}) + "\n"
