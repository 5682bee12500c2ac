"""Named entities: CoNLL columns with B-, I- and O, or JSON lines with offsets.

CoNLL knows tokens, not characters: words and single signs, cut where an entity begins or ends
inside one, so that no entity changes. Entities that overlap cannot be written and are refused. JSON
lines are doccano's: `{"text": ..., "label": [[start, end, name]]}`, the end outside; classes of the
whole text are in `labels`. A text without entities is there in both.
"""

import re
from collections.abc import Iterable
from itertools import pairwise

from terrace.domain.exports.model import ExportError, Files, Head, Item, TextSpan
from terrace.domain.exports.text import dumps, one_word

_TOKEN = re.compile(r"\w+|[^\w\s]")


def text_path(item: Item) -> str:
    """Texts are in the file itself."""
    return item.name


def write_conll(items: Iterable[Item], head: Head, files: Files) -> None:
    """Writes `<subset>.conll`: `token<TAB>tag`, an empty line behind each text."""
    one_word(head.classes, "conll")
    for subset in head.subsets:
        files.append(f"{subset}.conll", "")
    for item in items:
        lines = [f"{token}\t{tag}\n" for token, tag in tagged(item)]
        files.append(f"{item.subset}.conll", "".join([*lines, "\n"]))


def write_jsonl(items: Iterable[Item], head: Head, files: Files) -> None:
    """Writes `<subset>.jsonl`."""
    for subset in head.subsets:
        files.append(f"{subset}.jsonl", "")
    for item in items:
        spans = sorted(spans_of(item), key=lambda span: (span.start, span.end))
        line: dict[str, object] = {"text": item.text or ""}
        if item.uri:
            line = {"source": item.uri, **line}
        line["label"] = [[span.start, span.end, span.label] for span in spans]
        if item.tags:
            line["labels"] = [tag.label for tag in item.tags]
        files.append(f"{item.subset}.jsonl", dumps(line) + "\n")


def tagged(item: Item) -> list[tuple[str, str]]:
    """Tokens and their tags: "Max lives" with Max as PER is [("Max", "B-PER"), ("lives", "O")]."""
    text = item.text or ""
    spans = sorted(spans_of(item), key=lambda span: (span.start, span.end))
    for before, after in pairwise(spans):
        if after.start < before.end:
            raise ExportError(
                item.uri or item.name,
                "ENTITIES_OVERLAP",
                f"entities {before.label[:50]!r} and {after.label[:50]!r} overlap at character "
                f"{after.start}",
                "jsonl, which holds them",
            )
    found: list[tuple[str, str]] = []
    at = 0
    for span in spans:
        found += [(token, "O") for token in _TOKEN.findall(text[at : span.start])]
        inner = _TOKEN.findall(text[span.start : span.end])
        found += [(token, f"{'I' if i else 'B'}-{span.label}") for i, token in enumerate(inner)]
        at = span.end
    return found + [(token, "O") for token in _TOKEN.findall(text[at:])]


def spans_of(item: Item) -> tuple[TextSpan, ...]:
    """The entities; ExportError for one that ends behind the text."""
    length = len(item.text or "")
    for span in item.spans:
        if span.end > length:
            raise ExportError(
                item.uri or item.name,
                "ENTITY_OUTSIDE",
                f"an entity ends at character {span.end} of {length}",
                "the text that was labeled",
            )
    return item.spans
