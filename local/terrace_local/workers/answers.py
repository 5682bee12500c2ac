"""Answers to the questions of a category file (attributes of labels and frames)."""

import re
from collections.abc import Iterable

from terrace_local.ground_truth.categories import Attribute
from terrace_local.workers.seeds import chance
from terrace_local.workers.verdicts import verdict_words


def label_answers(
    attributes: Iterable[Attribute], known: dict[str, str], *seed: object
) -> dict[str, str]:
    """What a person who labels says about one object: what is true if known, else a guess.

    Questions for a verdict and free text are left open unless an answer is required.
    """
    given: dict[str, str] = {}
    for attribute in attributes:
        answer = _answer(attribute, known.get(attribute.name), *seed)
        if answer is not None:
            given[attribute.name] = answer
    return given


def frame_answers(
    attributes: Iterable[Attribute], objects_in_frame: int, *seed: object
) -> dict[str, str]:
    """The same about one frame; a question for a number *of* something is answered by counting."""
    given: dict[str, str] = {}
    for attribute in attributes:
        counts = attribute.is_number and re.search("number|count|how.?many", attribute.name, re.I)
        known = str(objects_in_frame) if counts else None
        answer = _answer(attribute, known, *seed)
        if answer is not None:
            given[attribute.name] = answer
    return given


def _answer(attribute: Attribute, known: str | None, *seed: object) -> str | None:
    rng = chance(*seed, attribute.name)
    verdict = verdict_words(attribute)
    if verdict is not None:
        return verdict[0] if attribute.required else None
    if attribute.choices:
        return known if known in attribute.choices else rng.choice(attribute.choices)
    if attribute.is_number:
        if known is not None:
            return known
        low = attribute.minimum if attribute.minimum is not None else 0
        high = attribute.maximum if attribute.maximum is not None else low + 10
        return str(rng.randint(int(low), max(int(low), int(high))))
    return known if known is not None else ("n/a" if attribute.required else None)
