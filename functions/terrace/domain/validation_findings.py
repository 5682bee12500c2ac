"""Problems as they are collected: their paths, and the words for values that were found."""

import difflib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from terrace.domain.problems import Problem

Path = tuple[str | int, ...]

PROBLEMS_MAX = 2_000
"""More would not fit into the answer of a Lambda function (6 MB)."""
SHOWN_MAX = 80
CLOSE_MATCHES_MAX = 20
"""Looking for close matches takes time; after so many problems they are of no help either."""

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")


def json_path(path: Path) -> str:
    """`$.labelingJobs[3].inputConfig`; keys that are no plain words are quoted."""
    text = "$"
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN_KEY.fullmatch(part):
            text += f".{part}"
        else:
            text += f"[{shown(part)}]"
    return text


def shown(value: object) -> str:
    """A value as its author wrote it, shortened; objects and lists by their kind only."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, str):
        text = value if len(value) <= SHOWN_MAX else f"{value[:SHOWN_MAX]}..."
        # ensure_ascii: half Unicode characters must not travel on into the answer.
        return json.dumps(text, ensure_ascii=not text.isprintable())
    if value is None or isinstance(value, bool | int | float):
        text = "a huge number" if _huge(value) else json.dumps(value)
        return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}..."
    return f"a {type(value).__name__}"


def _huge(value: object) -> bool:
    # Python refuses to write integers of more than 4,300 digits.
    return isinstance(value, int) and value.bit_length() > 1_000


@dataclass
class Findings:
    """Collects problems; says one thing once."""

    problems: list[tuple[Path, Problem]] = field(default_factory=list)
    left_out: int = 0
    _seen: set[tuple[Path, str]] = field(default_factory=set)
    _broken: set[Path] = field(default_factory=set)
    _matched: int = 0

    def add(self, path: Path, code: str, problem: str, fix: str) -> None:
        """Notes a problem."""
        if (path, code) in self._seen:
            return
        self._seen.add((path, code))
        if len(self.problems) >= PROBLEMS_MAX:
            self.left_out += 1
            return
        made = Problem(path=json_path(path), code=code, problem=problem, fix=fix)
        self.problems.append((path, made))

    def broken(self, path: Path, code: str, problem: str, fix: str) -> None:
        """Notes a problem of form, the first at its path: it cannot be judged any further."""
        if path in self._broken:
            return
        self._broken.add(path)
        self.add(path, code, problem, fix)

    def is_broken(self, *path: str | int) -> bool:
        """True if something at or below the path has the wrong form."""
        return any(found[: len(path)] == path for found in self._broken)

    def near(self, word: str, options: Iterable[str]) -> str | None:
        """The option that is probably meant."""
        if self._matched >= CLOSE_MATCHES_MAX:
            return None
        self._matched += 1
        by_lower = {option.lower(): option for option in options if len(option) <= 100}
        found = difflib.get_close_matches(word[:100].lower(), by_lower, n=1, cutoff=0.6)
        return by_lower[found[0]] if found else None

    def done(self) -> list[Problem]:
        """All of them, job by job; the last one says so if there were too many."""
        problems = [made for _, made in sorted(self.problems, key=lambda entry: _place(entry[0]))]
        if not self.left_out:
            return problems
        more = Problem(
            path="$",
            code="TOO_MANY_PROBLEMS",
            problem=f"{self.left_out} more problems are not listed",
            fix="mend those that are listed, then send the request again",
        )
        return [*problems, more]


def _place(path: Path) -> int:
    """Jobs in their order, what concerns the whole request before them."""
    if len(path) > 1 and path[0] == "labelingJobs" and isinstance(path[1], int):
        return path[1]
    return -1


def did_you_mean(match: str | None) -> str:
    """A sentence for `fix`, or nothing."""
    return f"did you mean {shown(match)}? " if match else ""


def first_of(value: Any, most: int) -> Any:
    """The first entries of a list that is too long to be looked at whole."""
    return value[:most] if isinstance(value, list) and len(value) > most else value
