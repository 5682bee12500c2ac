"""What a check found, and small checks that all others are made of."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Fetch = Callable[[str], bytes]
"""Gives the bytes of an S3 URI; raises LookupError when there is no such object."""

_S3 = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/.+")


@dataclass
class Report:
    """The outcome of checking some files.

    Attributes:
        problems: `place: what is wrong`, in the order found.
        labels: Metadata `type` -> how many labels of it were checked.
        failed: Failed lines.
        unlabeled: Lines without the attribute that was asked for, and without a reason.
        statuses: `adjustment-status` -> how often.
        files: Annotation files that were read.
    """

    problems: list[str] = field(default_factory=list)
    labels: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    unlabeled: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    files: int = 0

    def add(self, other: Report) -> None:
        """Takes in what another check found."""
        self.problems += other.problems
        self.labels += other.labels
        self.failed += other.failed
        self.unlabeled += other.unlabeled
        self.statuses += other.statuses
        self.files += other.files


@dataclass(frozen=True)
class At:
    """A place in a file, to which problems are reported."""

    report: Report
    where: str
    strict: bool = False

    def inside(self, key: str | int) -> At:
        """A place below this one."""
        step = f"[{key}]" if isinstance(key, int) else f".{key}"
        return At(self.report, self.where + step, self.strict)

    def bad(self, text: str) -> None:
        """Reports a problem here."""
        self.report.problems.append(f"{self.where}: {text}")

    def need(self, is_so: bool, text: str) -> bool:
        """Reports a problem unless it is so; gives back whether it is."""
        if not is_so:
            self.bad(text)
        return is_so

    def of(self, value: Any, kind: str) -> bool:
        """Whether a value is of a kind: `object`, `list`, `string`, `integer` or `number`."""
        return self.need(_KINDS[kind](value), f"must be a {kind}, not {_shown(value)}")

    def keys(self, row: Any, needed: str, optional: str = "") -> bool:
        """Whether a value is an object with exactly these keys (separated by blanks)."""
        if not self.of(row, "object"):
            return False
        missing = [key for key in needed.split() if key not in row]
        foreign = [key for key in row if key not in (*needed.split(), *optional.split())]
        fine = self.need(not missing, f"lacks {', '.join(missing)}")
        return self.need(not foreign, f"has unknown {', '.join(map(str, foreign))}") and fine

    def s3(self, value: Any) -> bool:
        """Whether a value is the URI of an S3 object; the guide's examples have placeholders."""
        is_one = isinstance(value, str) and (not self.strict or bool(_S3.fullmatch(value)))
        return self.need(is_one, f"must be an S3 URI, not {_shown(value)}")

    def share(self, value: Any) -> bool:
        """Whether a value is a number from 0 to 1, as confidences are."""
        fine = _KINDS["number"](value) and 0 <= value <= 1
        return self.need(fine, f"must be a number from 0 to 1, not {_shown(value)}")


_KINDS: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "list": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool)
    and not math.isnan(value),
}  # fmt: skip


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=True, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."


def parse(body: bytes, at: At) -> Any:
    """The JSON in some bytes; None, with a problem reported, when there is none."""
    try:
        return json.loads(body.decode("utf-8"))
    except ValueError as error:
        at.bad(f"is not JSON: {error}")
        return None


def class_map(value: Any, at: At) -> dict[str, str]:
    """A map of class indexes to names; empty when it is none."""
    if not at.of(value, "object"):
        return {}
    for key, name in value.items():
        at.need(key.isdigit(), f"key {key!r} is no class index")
        at.inside(key).need(isinstance(name, str) and name != "", "must be a class name")
    return {str(key): str(name) for key, name in value.items()}


def same_classes(used: set[str], known: set[str], at: At) -> None:
    """Every class that is used must be in the map, and (strict) no other."""
    lacking = sorted(used - known)
    at.need(not lacking, f"lacks class {', '.join(lacking)}, which is used")
    if at.strict:
        extra = sorted(known - used)
        at.need(not extra, f"has class {', '.join(extra)}, which is not used")


def colour_map(value: Any, at: At, background: str) -> dict[str, str]:
    """A colour map: class index -> hex colour, class 0 being the background."""
    if not at.of(value, "object"):
        return {}
    for key, row in value.items():
        spot = at.inside(key)
        at.need(key.isdigit(), f"key {key!r} is no class index")
        if spot.keys(row, "class-name hex-color", "confidence"):
            spot.inside("class-name").of(row["class-name"], "string")
            hexed = isinstance(row["hex-color"], str) and re.fullmatch(
                r"#[0-9a-fA-F]{6}", row["hex-color"]
            )
            spot.inside("hex-color").need(bool(hexed), "must be a colour such as #2ca02c")
            if "confidence" in row:
                spot.inside("confidence").share(row["confidence"])
    first = value.get("0", {}).get("class-name") if isinstance(value.get("0"), dict) else None
    at.need(first == background, f"class 0 must be {background}, not {first!r}")
    return {
        str(key): str(row.get("hex-color", "")).lower()
        for key, row in value.items()
        if isinstance(row, dict)
    }
