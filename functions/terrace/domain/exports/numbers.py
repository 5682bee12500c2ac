"""Numbers as texts: short, exact to what a format needs, the same on every machine."""

import functools

KNOWN = 16_384
"""Texts of numbers that are remembered: most boxes are of whole pixels."""
PLACES = 10
"""Of fractions of an image: 1e-10 of 10,000 pixels is a millionth of a pixel."""


@functools.lru_cache(maxsize=KNOWN)
def plain(value: float) -> str:
    """A number that reads back as the same float: `12.0` is `12`, `0.1` is `0.1`.

    Never in scientific notation, which some trainers' readers do not know.
    """
    if value == int(value) and abs(value) < 1e16:
        return str(int(value))
    text = repr(value)
    return f"{value:.17f}".rstrip("0").rstrip(".") if "e" in text else text


def fraction(value: float) -> str:
    """A fraction of an image, 0 to 1, with ten places at most: `0.5`."""
    text = f"{value:.{PLACES}f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def number(value: float) -> int | float:
    """For JSON: 12.0 becomes 12."""
    return int(value) if value == int(value) and abs(value) < 2**53 else value


@functools.lru_cache(maxsize=KNOWN)
def json_number(value: float) -> str:
    """The same as text: 12.0 becomes `12`."""
    whole = int(value)
    return str(whole) if whole == value and -(2**53) < whole < 2**53 else repr(value)
