"""Reading JSON that somebody else wrote: a value, or where exactly it is not what it should be.

    at = Node.parse(text, "s3://bucket/SeqLabel.json")
    at["tracking-annotations"].items()[0]["frame-no"].integer()

A value that is not as expected raises UnreadableError, whose problem names file, line and place.
"""

import math
import re
from dataclasses import dataclass
from typing import Any, NoReturn

from terrace.domain import json_text
from terrace.domain.problems import Problem

LARGEST = 1.7976931348623157e308
"""A float holds no more (IEEE 754, double precision)."""
_DIGITS = re.compile(r"[0-9]{1,18}")
"""More of them no number of a class, frame or item has; Python refuses 4,301."""
_NAMES = {
    dict: "an object",
    list: "a list",
    str: "a text",
    bool: "true or false",
    type(None): "null",
}


def is_whole(text: str) -> bool:
    """True for a text that stands for a whole number of 0 or more, as `Node.integer` takes it."""
    return _DIGITS.fullmatch(text) is not None


class UnreadableError(ValueError):
    """What was read is not as it should be; `problem` says where and what would be right."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.path}: {problem.problem} ({problem.fix})")
        self.problem = problem


@dataclass(frozen=True)
class Node:
    """A value of a JSON document, and where it stands."""

    value: Any
    where: str
    """File, and line if it has any: `s3://bucket/output.manifest line 3`."""
    path: str = "$"

    @classmethod
    def parse(cls, text: str, where: str) -> "Node":
        """The document in a text."""
        try:
            return cls(json_text.loads(text), where)
        except json_text.JsonError as error:
            problem = Problem(
                path=where,
                code="ANNOTATION_NOT_JSON",
                problem=f"is not JSON: {error}",
                fix="the file as Ground Truth wrote it",
            )
            raise UnreadableError(problem) from None

    def fail(self, problem: str, fix: str) -> NoReturn:
        """Says that the value is not as it should be."""
        path = f"{self.where} {self.path}"
        raise UnreadableError(
            Problem(path=path, code="ANNOTATION_UNREADABLE", problem=problem, fix=fix)
        )

    def _unlike(self, wanted: str) -> NoReturn:
        self.fail(f"is {_NAMES.get(type(self.value), 'a number')}, not {wanted}", wanted)

    # --- going in ------------------------------------------------------------------------------
    def __contains__(self, key: str) -> bool:
        return isinstance(self.value, dict) and key in self.value

    def __getitem__(self, key: str) -> "Node":
        """A member of an object, which must be there."""
        if not isinstance(self.value, dict):
            self._unlike("an object")
        if key not in self.value:
            self.fail(f"has no {key!r}", f"an object with {key!r}")
        return Node(self.value[key], self.where, f"{self.path}.{key}")

    def get(self, key: str) -> "Node | None":
        """A member of an object; None where it is absent or null."""
        return self[key] if key in self and self.value[key] is not None else None

    def members(self) -> list[tuple[str, "Node"]]:
        """All members of an object."""
        if not isinstance(self.value, dict):
            self._unlike("an object")
        return [(key, self[key]) for key in self.value]

    def items(self) -> list["Node"]:
        """The entries of a list."""
        if not isinstance(self.value, list):
            self._unlike("a list")
        return [
            Node(entry, self.where, f"{self.path}[{index}]")
            for index, entry in enumerate(self.value)
        ]

    # --- values --------------------------------------------------------------------------------
    def text(self) -> str:
        """A text that is not empty."""
        if not isinstance(self.value, str) or not self.value:
            self._unlike("a text that is not empty")
        return str(self.value)

    def number(self) -> float:
        """A finite number."""
        number = isinstance(self.value, int | float) and not isinstance(self.value, bool)
        if not number or not abs(self.value) <= LARGEST or math.isnan(self.value):
            self._unlike("a number")
        return float(self.value)

    def integer(self) -> int:
        """A whole number of 0 or more; as a text too, as Ground Truth writes some of them."""
        if isinstance(self.value, str) and is_whole(self.value):
            return int(self.value)
        whole = isinstance(self.value, int) and not isinstance(self.value, bool)
        if not whole or self.value < 0:
            self._unlike("a whole number of 0 or more")
        return int(self.value)
