"""Checks of the entities of texts: their edges, overlaps, and labels unlike everywhere else."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from terrace.domain.label_values import Span, SpansLabel
from terrace.domain.quality.findings import Finding
from terrace.domain.quality.subjects import Rules, Subject, quoted

OCCURRENCES_MIN = 5
"""Of the same words, from which on they have a usual label."""
_Placed = tuple[Subject, int, Span]


def check(subjects: Sequence[Subject], rules: Rules) -> Iterator[Finding]:
    """Findings of all entities. What needs the text is silent where it is in a file of its own."""
    texts = [(one, one.value) for one in subjects if isinstance(one.value, SpansLabel)]
    for subject, value in texts:
        for place, span in enumerate(value.spans):
            yield from _edges(subject, place, span, rules)
        yield from _overlaps(subject, value, rules)
    yield from _labels(texts, rules)


def length(text: str) -> int:
    """Characters of a text as a browser counts them (UTF-16): those past U+FFFF are two.

    Worked numbers: "cafe" is 4, one emoji is 2. Offsets may come from either way of counting, so
    only what is outside both is outside.
    """
    if text.isascii():
        return len(text)
    return len(text) + sum(character > "\uffff" for character in text)


def words_of(subject: Subject, span: Span) -> str | None:
    """What an entity names; None where the text is in a file, or behind a character of two.

    Worked number: in an emoji and "ab", offsets 1-2 are the first letter for one way of counting
    and half of the emoji for the other, so nothing is said of them.
    """
    text = subject.text
    if text is None or not (text.isascii() or max(text[: span.end], default="") <= "\uffff"):
        return None
    return text[span.start : span.end]


def _edges(subject: Subject, place: int, span: Span, rules: Rules) -> Iterator[Finding]:
    text = subject.text
    if text is not None and span.end > len(text) and (beyond := span.end - length(text)) > 0:
        if rules.flags("span-outside", beyond):
            sentence = (
                f"Entity {place} ({span.label}) of {subject.name} ends at {span.end}; the text has "
                f"{length(text)} characters."
            )
            yield _finding("span-outside", (subject, place, span), sentence, beyond, rules)
        return
    words = words_of(subject, span)
    if span.end <= span.start or (words is not None and not words.strip()):
        if "span-empty" in rules:
            yield _empty(subject, place, span, rules)
        return
    spaces = 0 if words is None else len(words) - len(words.strip())
    if words is not None and spaces and rules.flags("span-spaces", spaces):
        sentence = (
            f"{quoted(words)} ({span.label}) of {subject.name} has {spaces} "
            f"{'space' if spaces == 1 else 'spaces'} at its ends."
        )
        yield _finding("span-spaces", (subject, place, span), sentence, spaces, rules)


def _empty(subject: Subject, place: int, span: Span, rules: Rules) -> Finding:
    sentence = f"Entity {place} ({span.label}) of {subject.name} has no visible character."
    return _finding("span-empty", (subject, place, span), sentence, 0, rules)


def _overlaps(subject: Subject, value: SpansLabel, rules: Rules) -> Iterator[Finding]:
    """Worked number: entities 0-5 and 3-9 share the characters 3 and 4: 2.

    Each entity is held against the one before it that reaches farthest, so that a long list takes
    no longer than its sorting.
    """
    if "span-overlap" not in rules:
        return
    order = sorted(enumerate(value.spans), key=lambda row: (row[1].start, row[1].end, row[0]))
    farthest: tuple[int, Span] | None = None
    for place, span in order:
        if farthest is not None:
            other_place, other = farthest
            shared = min(span.end, other.end) - span.start
            if shared > 0 and rules.flags("span-overlap", shared):
                sentence = (
                    f"{_words(subject, place, span)} ({span.label}) and "
                    f"{_words(subject, other_place, other)} ({other.label}) of {subject.name} "
                    f"share {shared} {'character' if shared == 1 else 'characters'}."
                )
                yield _finding("span-overlap", (subject, place, span), sentence, shared, rules)
        if farthest is None or span.end > farthest[1].end:
            farthest = (place, span)


def _labels(texts: Sequence[tuple[Subject, SpansLabel]], rules: Rules) -> Iterator[Finding]:
    """Worked number: "Acme" is Company 9 times and Person once: 0.9 of all have the other label."""
    if "span-label" not in rules:
        return
    known: dict[str, list[_Placed]] = defaultdict(list)
    for subject, value in texts:
        for place, span in enumerate(value.spans):
            words = words_of(subject, span)
            if words and words.strip():
                known[" ".join(words.split()).casefold()].append((subject, place, span))
    for places in known.values():
        usual, number = Counter(span.label for _, _, span in places).most_common(1)[0]
        share = number / len(places)
        if len(places) < OCCURRENCES_MIN or not rules.flags("span-label", share):
            continue
        for subject, place, span in places:
            if span.label != usual:
                sentence = (
                    f"{_words(subject, place, span)} of {subject.name} is {span.label}; the same "
                    f"words are {usual} in {number} of {len(places)} places."
                )
                yield _finding("span-label", (subject, place, span), sentence, share, rules)


def _words(subject: Subject, place: int, span: Span) -> str:
    words = words_of(subject, span)
    return quoted(words) if words and words.strip() else f"entity {place}"


def _finding(
    name: str,
    placed: _Placed,
    sentence: str,
    value: float,
    rules: Rules,
) -> Finding:
    subject, place, span = placed
    return rules.finding(
        name,
        subject,
        f"{sentence[0].upper()}{sentence[1:]}",
        place=place,
        object_name=f"entity {place}",
        label=span.label,
        value=float(value),
    )
