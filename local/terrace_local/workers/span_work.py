"""People who mark names in a text."""

import re

from terrace_local.ground_truth.categories import Categories
from terrace_local.workers.crew import Person
from terrace_local.workers.item_truth import Span
from terrace_local.workers.mix import ErrorMix
from terrace_local.workers.seeds import chance

# What looks like a name to somebody who knows nothing: capitalised words, numbers.
_NAMELIKE = re.compile(r"[A-Z][\w'’-]*(?: [A-Z][\w'’-]*)*|\d[\d.,:/-]*")
_WORD = re.compile(r"\S+")


def guess_spans(text: str, categories: Categories, *seed: object) -> tuple[Span, ...]:
    """What is said to be named in a text nobody knows: up to five words that look like names."""
    found = list(_NAMELIKE.finditer(text)) or list(_WORD.finditer(text))[:1]
    spans = []
    for number, match in enumerate(found[:5]):
        label = chance(*seed, "guess", number).choice(categories.names)
        spans.append(Span(match.start(), match.end(), label))
    return tuple(spans)


def mark_spans(
    right: tuple[Span, ...],
    text: str,
    categories: Categories,
    person: Person,
    mix: ErrorMix,
    *seed: object,
) -> list[Span]:
    """What a person marks: names may be missed, cut short or long, or given another label."""
    errors, care = mix.label, person.care
    marked = []
    for number, span in enumerate(right):
        index = categories.index_of(span.label)
        if index is None or not 0 <= span.start < span.end <= len(text):
            continue
        rng = chance(*seed, "span", number)
        # Every draw happens in any case, so that one rate does not change what another does.
        dice = [rng.random() for _ in range(3)]
        other = rng.randrange(len(categories.names))
        start, end = span.start, span.end
        if dice[0] < errors.missedObject * care:
            continue
        if dice[1] < errors.looseBox * care:
            start, end = _slipped(text, span)
        name = categories.names[other if dice[2] < errors.wrongClass * care else index]
        marked.append(Span(start, end, name))
    return marked


def _slipped(text: str, span: Span) -> tuple[int, int]:
    """Without its first word; a single word with what follows it up to the next word's end."""
    blank = text.find(" ", span.start, span.end - 1)
    if blank >= 0:
        return blank + 1, span.end
    following = _WORD.search(text, span.end)
    return span.start, following.end() if following else span.end
