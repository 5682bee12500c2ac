"""From the bytes of a body to a JSON value, and what only the text can tell (double keys)."""

import json
import math
import unicodedata
from collections.abc import Iterator
from typing import Any

from terrace.domain.problems import Problem
from terrace.domain.validation_findings import Findings, Path, shown

DEPTH_MAX = 16
"""The deepest legal request has 5 levels."""
_INTEGER_DIGITS_MAX = 300
_ALLOWED_CONTROLS = frozenset("\t\n\r")


VALUES_MAX = 100_000
"""1,000 jobs with every field and every tag hold fewer; more could take longer than the API may."""


class _Repeated(dict[str, Any]):
    """An object in which keys stand more than once; the last one counts, as everywhere."""

    keys_repeated: tuple[str, ...] = ()


def parse(body: str | bytes) -> tuple[object, list[Problem]]:
    """The JSON value of a body; with problems, the value is what could be read (maybe None)."""
    found = Findings()
    if isinstance(body, bytes):
        try:
            body = body.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            found.add(
                (),
                "NOT_UTF8",
                f"the body is not UTF-8: byte {error.start} cannot be read",
                "send the JSON text in UTF-8",
            )
            return None, found.done()
    body = body.removeprefix("\ufeff")
    if not body.strip():
        found.add(
            (), "EMPTY_BODY", "the body is empty", 'send {"batchId": ..., "labelingJobs": ...}'
        )
        return None, found.done()
    try:
        repeated: list[_Repeated] = []
        value = json.loads(
            body, object_pairs_hook=lambda pairs: _object(pairs, repeated), parse_int=_integer
        )
    except json.JSONDecodeError as error:
        found.add(
            (),
            "INVALID_JSON",
            f"the body is no JSON: {error.msg} at line {error.lineno}, column {error.colno}",
            "send one JSON object",
        )
        return None, found.done()
    except RecursionError:
        found.add((), *_TOO_DEEP)
        return None, found.done()
    if repeated:
        _note_repeated(value, found)
    return value, found.done()


def check_values(value: object, found: Findings) -> bool:
    """Notes what no field may hold; False if the value is too deep, or too much, to go on."""
    for count, (path, inner) in enumerate(walk(value)):
        if len(path) > DEPTH_MAX:
            found.broken(path[:DEPTH_MAX], *_TOO_DEEP)
            return False
        if count > VALUES_MAX:
            found.add(
                (),
                "TOO_MANY_VALUES",
                f"the request holds more than {VALUES_MAX:,} values",
                "1,000 jobs with everything said need fewer; split the batch",
            )
            return False
        if isinstance(inner, float) and not math.isfinite(inner):
            found.broken(
                path,
                "NOT_A_FINITE_NUMBER",
                f"is {inner}, which is no number that JSON knows",
                "give a finite number",
            )
        elif isinstance(inner, str):
            wrong = _text_problem(inner)
            if wrong:
                found.broken(path, "INVALID_CHARACTER", f"{shown(inner)} {wrong}", "remove it")
        elif isinstance(inner, dict):
            for key in inner:
                wrong = _text_problem(key)
                if wrong:
                    found.broken(
                        path, "INVALID_CHARACTER", f"the key {shown(key)} {wrong}", "remove it"
                    )
    return True


def walk(value: object) -> Iterator[tuple[Path, object]]:
    """Every value in the tree with its path, without recursion; nothing below DEPTH_MAX + 1."""
    yield (), value
    stack: list[Iterator[tuple[Path, object]]] = [_children((), value)]
    while stack:
        for path, inner in stack[-1]:
            yield path, inner
            if isinstance(inner, dict | list) and len(path) <= DEPTH_MAX:
                stack.append(_children(path, inner))
                break
        else:
            stack.pop()


def _children(path: Path, value: object) -> Iterator[tuple[Path, object]]:
    if isinstance(value, dict):
        yield from (((*path, key), inner) for key, inner in value.items())
    elif isinstance(value, list):
        yield from (((*path, i), inner) for i, inner in enumerate(value))


_TOO_DEEP = (
    "NESTED_TOO_DEEPLY",
    f"objects and lists are nested deeper than {DEPTH_MAX}",
    "a request needs no more than 5 levels",
)


def _object(pairs: list[tuple[str, Any]], repeated: list[_Repeated]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    seen: set[str] = set()
    twice: dict[str, None] = {}
    for key, _ in pairs:
        if key in seen:
            twice[key] = None
        seen.add(key)
    marked = _Repeated(made)
    marked.keys_repeated = tuple(twice)
    repeated.append(marked)
    return marked


def _integer(text: str) -> int | float:
    # Python refuses integers of more than 4,300 digits; as a float it is infinite, and is found.
    return int(text) if len(text) <= _INTEGER_DIGITS_MAX else float(text)


def _note_repeated(value: object, found: Findings) -> None:
    for path, inner in walk(value):
        if isinstance(inner, _Repeated):
            for key in inner.keys_repeated:
                found.add(
                    (*path, key),
                    "DUPLICATE_KEY",
                    f"the key {shown(key)} stands more than once in the same object",
                    "keep one of them",
                )


def _text_problem(text: str) -> str | None:
    if text.isascii() and text.isprintable():
        return None
    for character in text:
        category = unicodedata.category(character)
        if category == "Cs":
            return "holds half a Unicode character (a lone surrogate)"
        if category == "Cc" and character not in _ALLOWED_CONTROLS:
            return f"holds the control character U+{ord(character):04X}"
    return None
