"""DynamoDB's condition and update expressions: the part of the grammar that Terrace uses.

Parsed once per text, into functions of (item, names, values). Anything else is refused, so that a
new expression in the adapter cannot be misread here.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any

from tests.world.aws.errors import aws_error

Item = dict[str, Any]
Names = dict[str, str]
Condition = Callable[[Item, Names, Item], bool]
Change = Callable[[Item, Names, Item, Item], None]
"""(item before, names, values, item being made)"""


class UnknownGrammarError(Exception):
    """The adapter uses what this world cannot read: the world must learn it first."""


_TOKEN = re.compile(r"\s*(<>|<=|>=|[=<>(),]|[#:\w.]+)")


def _tokens(text: str) -> list[str]:
    found, place = [], 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise UnknownGrammarError(f"cannot read {text!r} at {place}")
        found.append(match.group(1))
        place = match.end()
        while place < len(text) and text[place] == " ":
            place += 1
    return found


_PREFIX = re.compile(r"begins_with\(SK, (:\w+)\)")


def _path(token: str, names: Names) -> list[str]:
    return [names[part] if part.startswith("#") else part for part in token.split(".")]


def _look(item: Item, token: str, names: Names) -> Any:
    """The attribute value at a path, or None."""
    if token in item and token[0] != "#" and "." not in token:
        return item[token]
    first, *rest = _path(token, names)
    value = item.get(first)
    for part in rest:
        value = value.get("M", {}).get(part) if value else None
    return value


def _number(value: Any) -> Any:
    if value is None:
        return None
    [(kind, inner)] = value.items()
    return (kind, Decimal(inner)) if kind == "N" else (kind, inner)


def _contains(value: Any, wanted: Any) -> bool:
    listed = (value or {}).get("L", [])
    return any(_compare("=", one, wanted) for one in listed)


def _compare(operator: str, left: Any, right: Any) -> bool:
    if left is None or right is None:
        return False
    a, b = _number(left), _number(right)
    if operator == "=":
        return bool(a == b)
    if operator == "<>":
        return bool(a != b)
    if a[0] != b[0]:
        return False
    return {
        "<": a[1] < b[1],
        "<=": a[1] <= b[1],
        ">": a[1] > b[1],
        ">=": a[1] >= b[1],
    }[operator]


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens = _tokens(text)
        self.place = 0

    def peek(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self, wanted: str | None = None) -> str:
        token = self.peek()
        if not token or (wanted is not None and token != wanted):
            raise UnknownGrammarError(f"expected {wanted}, found {token!r}")
        self.place += 1
        return token

    def either(self) -> Condition:
        parts = [self.both()]
        while self.peek() == "OR":
            self.take()
            parts.append(self.both())
        if len(parts) == 1:
            return parts[0]
        return lambda item, names, values: any(part(item, names, values) for part in parts)

    def both(self) -> Condition:
        parts = [self.one()]
        while self.peek() == "AND":
            self.take()
            parts.append(self.one())
        if len(parts) == 1:
            return parts[0]
        return lambda item, names, values: all(part(item, names, values) for part in parts)

    def one(self) -> Condition:
        token = self.take()
        if token == "NOT":
            refused = self.one()
            return lambda item, names, values: not refused(item, names, values)
        if token == "contains":
            self.take("(")
            path = self.take()
            self.take(",")
            wanted_value = self.take()
            self.take(")")
            return lambda item, names, values: _contains(
                _look(item, path, names), values[wanted_value]
            )
        if token == "(":
            inner = self.either()
            self.take(")")
            return inner
        if token in {"attribute_exists", "attribute_not_exists"}:
            self.take("(")
            path = self.take()
            self.take(")")
            wanted = token == "attribute_exists"
            return lambda item, names, values: (_look(item, path, names) is not None) == wanted
        if token == "begins_with":
            self.take("(")
            path = self.take()
            self.take(",")
            start = self.take()
            self.take(")")
            return lambda item, names, values: (_look(item, path, names) or {"S": ""})[
                "S"
            ].startswith(values[start]["S"])
        operator = self.take()
        if operator == "IN":
            self.take("(")
            listed = [self.take()]
            while self.peek() == ",":
                self.take()
                listed.append(self.take())
            self.take(")")
            return lambda item, names, values: any(
                _compare("=", _look(item, token, names), values[one]) for one in listed
            )
        right = self.take()
        if not right.startswith(":") or operator not in {"=", "<>", "<", "<=", ">", ">="}:
            raise UnknownGrammarError(f"cannot read {token} {operator} {right}")
        return lambda item, names, values: _compare(
            operator, _look(item, token, names), values[right]
        )


@cache
def condition(text: str) -> Condition:
    """A ConditionExpression or KeyConditionExpression as a function."""
    parser = _Parser(text)
    found = parser.either()
    if parser.peek():
        raise UnknownGrammarError(f"cannot read {text!r} to its end")
    return found


def prefix_of(text: str, values: dict[str, Any]) -> str:
    """What all sort keys begin with that a key condition asks for; the timeline's rows are many."""
    match = _PREFIX.search(text)
    return values[match.group(1)]["S"] if match is not None else ""


def _put(new: Item, path: list[str], value: Any) -> None:
    *parents, last = path
    place = new
    for part in parents:
        inner = place.get(part)
        if inner is None or "M" not in inner:
            raise aws_error("ValidationException", "The document path is invalid for update")
        inner = {"M": dict(inner["M"])}
        place[part] = inner
        place = inner["M"]
    place[last] = value


def _drop(new: Item, path: list[str]) -> None:
    if len(path) == 1:
        new.pop(path[0], None)
        return
    raise aws_error("ValidationException", "REMOVE of a nested attribute is not used here")


@cache
def update(text: str) -> list[Change]:
    """An UpdateExpression as functions that change a copy of the item."""
    parser = _Parser(text)
    changes: list[Change] = []
    clause = ""
    while parser.peek():
        if parser.peek() in {"SET", "REMOVE"}:
            clause = parser.take()
        elif parser.peek() == ",":
            parser.take()
        path = parser.take()
        if clause == "REMOVE":
            changes.append(lambda old, names, values, new, p=path: _drop(new, _path(p, names)))
            continue
        parser.take("=")
        token = parser.take()
        if token == "list_append":
            parser.take("(")
            looked = parser.take()
            parser.take(",")
            value = parser.take()
            parser.take(")")

            def append(  # noqa: PLR0917
                old: Item,
                names: Names,
                values: Item,
                new: Item,
                p: str = path,
                looked: str = looked,
                value: str = value,
            ) -> None:
                standing = _look(old, looked, names)
                if standing is None or "L" not in standing:
                    raise aws_error("ValidationException", "list_append to what is no list")
                _put(new, _path(p, names), {"L": [*standing["L"], *values[value]["L"]]})

            changes.append(append)
            continue
        if token == "if_not_exists":
            parser.take("(")
            looked = parser.take()
            parser.take(",")
            value = parser.take()
            parser.take(")")
        else:
            looked, value = "", token

        def change(  # noqa: PLR0917
            old: Item,
            names: Names,
            values: Item,
            new: Item,
            p: str = path,
            looked: str = looked,
            value: str = value,
        ) -> None:
            standing = _look(old, looked, names) if looked else None
            _put(new, _path(p, names), values[value] if standing is None else standing)

        changes.append(change)
    return changes
