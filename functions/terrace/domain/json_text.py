"""JSON from outside as a value that is safe to walk, to copy, to quote and to write again."""

import json
import math
from typing import Any, NoReturn

import msgspec

DEPTH_MAX = 64
"""Levels of objects and lists; Ground Truth's own files have 8 at most."""


class JsonError(ValueError):
    """The text is no JSON, or JSON that nobody could work with. Says where, quotes nothing."""


def loads(text: str, *, strict: bool = True, finite: bool = True) -> Any:
    """The value of a JSON text.

    Args:
        text: of one document.
        strict: False for files that Ground Truth has worked with already: there a key may stand
            twice (the last one counts, as it did there), and depth is bounded by Python alone.
        finite: False for readers that name what is no number, one by one: NaN and numbers that are
            infinite or too large are null.

    Raises:
        JsonError: it is no JSON; it holds NaN, an infinite number, or a whole number of more than
            4,300 digits; a key stands twice in one object; it is nested deeper than DEPTH_MAX.
    """
    if finite and not strict:
        # Takes only what the other decoder takes, with the same result (a property test holds it
        # to that): NaN, numbers too large and half characters are left to it.
        try:
            return _QUICK.decode(text)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            pass
    if text.startswith("\ufeff"):
        raise JsonError("it starts with a byte order mark")
    try:
        value = _DECODERS[strict, finite].decode(text)
    except JsonError:
        raise
    except json.JSONDecodeError as error:
        raise JsonError(str(error)) from None
    except ValueError:
        # Python says which of its own limits would have to be raised.
        raise JsonError("a whole number has more than 4,300 digits") from None
    except RecursionError:
        raise JsonError(_TOO_DEEP) from None
    # Without so many brackets it cannot be too deep.
    may_be_deep = strict and text.count("[") + text.count("{") > DEPTH_MAX
    if may_be_deep and isinstance(value, dict | list) and _deep(value):
        raise JsonError(_TOO_DEEP)
    return value


def dumps(value: Any) -> str:
    """A value that was read here as JSON without blanks, in every language's own letters.

    Half a character, written as \\udXXX by somebody, stays escaped: nothing else can be stored.
    """
    try:
        return _ENCODER.encode(value).decode()
    except (TypeError, ValueError, OverflowError, RecursionError):
        return _dumps_slowly(value)


def _dumps_slowly(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"))
    return text


_TOO_DEEP = f"objects and lists are nested deeper than {DEPTH_MAX}"


def _deep(value: Any) -> bool:
    """Level by level: no recursion, and no more at once than the widest level."""
    level = [value]
    for _ in range(DEPTH_MAX):
        level = [
            inner
            for one in level
            for inner in (one.values() if isinstance(one, dict) else one)
            if isinstance(inner, dict | list)
        ]
    return bool(level)


def _no_constant(name: str) -> NoReturn:
    raise JsonError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise JsonError("a number is too large")
    return value


def _null(_: str) -> None:
    return None


def _finite_or_null(text: str) -> float | None:
    value = float(text)
    return None if math.isinf(value) else value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise JsonError(f"the key {key[:80]!r} stands twice in one object")
        seen.add(key)
    return made


_QUICK = msgspec.json.Decoder()
_ENCODER = msgspec.json.Encoder()
_DECODERS = {
    (strict, finite): json.JSONDecoder(
        parse_constant=_no_constant if finite else _null,
        parse_float=_finite if finite else _finite_or_null,
        object_pairs_hook=_once if strict else None,
    )
    for strict in (True, False)
    for finite in (True, False)
}
"""Made once: making one takes as long as decoding a short line."""
