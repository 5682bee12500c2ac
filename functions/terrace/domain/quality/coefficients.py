"""A coefficient that may have no answer: the number, or why there is none."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Coefficient:
    """A measure of agreement; exactly one of `value` and `why` is there."""

    value: float | None
    """1: everybody always agrees; 0: as chance would have it; below: worse than chance."""
    units: int = 0
    """Units with two or more answers: all that it rests on."""
    answers: int = 0
    """Answers to those units."""
    why: str | None = None
    """Why there is no value, in one sentence."""
    estimated: bool = False
    """The chance in it is the mean of a fixed draw of pairs of answers, not of all pairs."""


NOBODY = "No item has answers of two workers, so there is nothing to compare."
ONE_CLASS = (
    "All answers are the same: chance alone would agree as well, so this measure says nothing."
)
EACH_PAIR_ONE_CLASS = (
    "Any two workers have always said one and the same class where they share items: chance alone "
    "would agree as well, so this measure says nothing."
)
TOO_ALIKE = "The answers that differ are too much alike to say what chance would give."
