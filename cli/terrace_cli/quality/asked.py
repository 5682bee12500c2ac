"""Which checks the command line asks for, and at which thresholds."""

import math
from collections.abc import Sequence
from difflib import get_close_matches

from terrace.domain.quality.appearance import NAME as APPEARANCE
from terrace.domain.quality.catalog import CHECKS
from terrace_cli.errors import EXIT_WRONG, TerraceError

NEEDS_ANSWERS = frozenset({"workers", "own"})
"""Kinds that a label file alone cannot be looked at for."""
Asked = dict[str, float | None]


def read(names: str | None, thresholds: Sequence[str], *, pictures: bool) -> Asked:
    """Names of checks and their thresholds, None for a check's own.

    Args:
        names: as typed: `size,missing-frame`; None: all that labels can be looked at for.
        thresholds: as typed: `size=0.3`.
        pictures: whether the frames can be read.

    Raises:
        TerraceError: Something in it is not as it must be; the message says what would be.
    """
    possible = [row.name for row in CHECKS.values() if not row.kinds & NEEDS_ANSWERS]
    if names is None:
        asked: Asked = {name: None for name in possible if pictures or name != APPEARANCE}
    else:
        asked = dict.fromkeys(_named(names))
    for name in asked:
        if CHECKS[name].kinds & NEEDS_ANSWERS:
            raise _wrong(
                f"check {name} needs more than the labels: answers of workers, or your function",
                "name it in the gate of a chained job",
            )
    if APPEARANCE in asked and not pictures:
        raise _wrong(f"check {APPEARANCE} needs the pictures", "say where they are: --frames")
    for text in thresholds:
        name, value = _threshold(text)
        if name not in asked:
            raise _wrong(f"--threshold {text}: check {name} is not asked for", _known(asked))
        asked[name] = value
    return asked


def _named(names: str) -> list[str]:
    found = [name.strip() for name in names.split(",") if name.strip()]
    if not found:
        raise _wrong("--checks names no check", _known(CHECKS))
    for name in found:
        _must_exist(name)
    return found


def _threshold(text: str) -> tuple[str, float]:
    name, equals, number = text.partition("=")
    name = name.strip()
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if not equals or not math.isfinite(value):
        raise _wrong(f"--threshold {text!r} is not NAME=NUMBER", "such as --threshold box-size=5")
    _must_exist(name)
    if CHECKS[name].threshold is None:
        raise _wrong(f"check {name} compares nothing with a number", "leave --threshold out")
    if value < 0:
        raise _wrong(
            f"--threshold {text}: a threshold is 0 or more", f"such as --threshold {name}=1"
        )
    return name, value


def _must_exist(name: str) -> None:
    if name not in CHECKS:
        close = get_close_matches(name, CHECKS, n=1)
        hint = f"did you mean {close[0]}?" if close else _known(CHECKS)
        raise _wrong(f"there is no check {name!r}", hint)


def _known(names: Asked | dict[str, object]) -> str:
    return f"known are {', '.join(names)}"


def _wrong(message: str, hint: str) -> TerraceError:
    return TerraceError(message, hint, EXIT_WRONG)
