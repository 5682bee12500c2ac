"""Output manifests: what was labeled, whether it can be trusted, and how attempts are merged.

An output manifest must be the manifest that went in, line by line, plus one attribute. Anything
else is a contradiction, and is never mistaken for an answer.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from terrace.domain import manifest
from terrace.domain.manifest import METADATA, Item
from terrace.domain.problems import Problem


@dataclass
class ManifestSummary:
    """What an output manifest says of one attribute. Indexes count lines from 0."""

    lines: int = 0
    labeled: list[int] = field(default_factory=list)
    failed: dict[int, str] = field(default_factory=dict)
    """Items without a label, with Ground Truth's reason."""
    untouched: list[int] = field(default_factory=list)
    """Items without a label and without a reason: nobody came to them."""
    broken: Problem | None = None
    """The first thing that makes the manifest untrustworthy; what follows it was not read."""

    @property
    def missing(self) -> list[int]:
        """Items that still lack a label, in order."""
        return sorted([*self.failed, *self.untouched])

    @property
    def first_reason(self) -> str | None:
        """Why the first failed item failed."""
        return self.failed[min(self.failed)] if self.failed else None


def summarize(lines: Iterable[str], attribute: str, uri: str = "") -> ManifestSummary:
    """Counts an output manifest by itself; `broken` is set at the first unreadable line."""
    summary = ManifestSummary()
    for found in manifest.read(lines, uri=uri, limits=False):
        if isinstance(found, Problem):
            summary.broken = found
            break
        _count(summary, found, attribute)
    return summary


def compare(
    output: Iterable[str], given: Iterable[str], attribute: str, uri: str = ""
) -> ManifestSummary:
    """Counts an output manifest against the manifest that the labeling job was given.

    `broken` is set where a line is unreadable, is about another data object than the line that
    went in, or where there are fewer or more lines. Reading stops there.
    """
    summary = ManifestSummary()
    outputs = manifest.read(output, uri=uri, limits=False)
    inputs = manifest.read(given, limits=False)
    for index, (after, before) in enumerate(zip_longest(outputs, inputs)):
        summary.broken = _contradiction(after, before, uri, index)
        if summary.broken or not isinstance(after, Item):
            break
        _count(summary, after, attribute)
    return summary


def _count(summary: ManifestSummary, item: Item, attribute: str) -> None:
    index = summary.lines
    summary.lines += 1
    if manifest.is_labeled(item, attribute):
        summary.labeled.append(index)
        return
    reason = manifest.failure_reason(item, attribute)
    if reason is None:
        summary.untouched.append(index)
    else:
        summary.failed[index] = reason


def _contradiction(
    after: Item | Problem | None, before: Item | Problem | None, uri: str, index: int
) -> Problem | None:
    """Why an output line cannot belong to the input line at the same place."""
    if isinstance(after, Problem):
        return after
    if isinstance(before, Problem):
        # Ours to get right: Terrace wrote or checked every manifest that it hands over.
        return before
    where = manifest.at_line(uri, after.number if after else index + 1)
    if after is None:
        return Problem(
            path=where,
            code="OUTPUT_TOO_SHORT",
            problem=f"the output manifest ends after {index} lines; the input has more",
            fix="Ground Truth writes one line for each line it was given",
        )
    if before is None:
        return Problem(
            path=where,
            code="OUTPUT_TOO_LONG",
            problem=f"the output manifest goes on after the {index} lines of the input",
            fix="Ground Truth writes one line for each line it was given",
        )
    if after.source != before.source:
        return Problem(
            path=where,
            code="OUTPUT_OTHER_ITEM",
            problem=f"the line is about {after.source[:200]!r}, not {before.source[:200]!r}",
            fix="output lines stand in the order of the input",
        )
    return None


def still_missing(lines: Iterable[str], attribute: str) -> Iterator[tuple[int, str]]:
    """What a new attempt gets: (index, line) of each item without a label.

    Stale `<attribute>-metadata` is removed, so that the item looks as if it was never tried.
    Raises ValueError at an unreadable line: only manifests found in order come here.
    """
    for index, item in enumerate(_items(lines)):
        if not manifest.is_labeled(item, attribute):
            yield index, manifest.text_without(item, attribute)


def split(lines: Iterable[str], attribute: str) -> Iterator[tuple[int, Item, bool]]:
    """(index, item, carries the label) for each line; ValueError at an unreadable line."""
    for index, item in enumerate(_items(lines)):
        yield index, item, manifest.is_labeled(item, attribute)


def compose(earlier: Sequence[int] | None, indexes: Iterable[int]) -> list[int]:
    """Translates indexes of an attempt's manifest into indexes of the job's own.

    Args:
        earlier: for each line of the attempt's manifest, the job's own line; None where the
            attempt was given all of them.
        indexes: lines of the attempt's manifest.
    """
    return [earlier[index] if earlier is not None else index for index in indexes]


@dataclass(frozen=True)
class AttemptOutput:
    """An attempt's output manifest, and which of the job's lines its lines are."""

    output: Iterable[str]
    lines: Sequence[int] | None = None
    """Strictly rising indexes of the job's own lines; None: all of them."""


def merge(given: Iterable[str], attempts: Sequence[AttemptOutput], attribute: str) -> Iterator[str]:
    """The job's whole output, line by line in the job's own order; nothing is lost.

    Each line is the line that the job was given plus the newest label that an attempt made for
    it; where no attempt did, the newest failure's metadata. An attribute that was there before
    stays as it was, whatever an attempt's output says of it.

    Raises ValueError where an attempt's output has fewer lines than it should, an unreadable
    line, or a line about another data object.
    """
    cursors = [_Cursor(attempt) for attempt in attempts]
    for index, item in enumerate(_items(given)):
        found = [line for cursor in cursors if (line := cursor.take(index)) is not None]
        for line in found:
            if line.source != item.source:
                # Its source may be the text itself, and errors are logged.
                raise ValueError(f"item {index}: output of another data object")
        best = next((n for n in reversed(found) if manifest.is_labeled(n, attribute)), None)
        if best is None:
            key = f"{attribute}{METADATA}"
            best = next((n for n in reversed(found) if key in n.data), None)
        yield _with_label(item, best, attribute) if best else item.text
    for number, cursor in enumerate(cursors, start=1):
        if not cursor.done():
            raise ValueError(f"the output of attempt {number} has lines that the input has not")


def _with_label(item: Item, answer: Item, attribute: str) -> str:
    """The given line with the attribute and metadata of an output line."""
    data = manifest.without(item, attribute)
    for key in (attribute, f"{attribute}{METADATA}"):
        if key in answer.data:
            data[key] = answer.data[key]
    # Ground Truth's own text is kept where it says the same.
    return answer.text if data == answer.data else manifest.dump(data)


class _Cursor:
    """Walks an attempt's output beside the job's lines."""

    def __init__(self, attempt: AttemptOutput) -> None:
        self._output = _items(attempt.output)
        self._lines = attempt.lines
        self._next = 0

    def take(self, index: int) -> Item | None:
        """The attempt's line for the job's line `index`, if it was given it."""
        if self._lines is not None and index not in self._lines[self._next : self._next + 1]:
            return None
        self._next += 1
        line = next(self._output, None)
        if line is None:
            raise ValueError(f"an attempt's output ends before line {self._next}")
        return line

    def done(self) -> bool:
        """True if every line of the output was taken."""
        expected = self._lines is None or self._next == len(self._lines)
        return expected and next(self._output, None) is None


def _items(lines: Iterable[str]) -> Iterator[Item]:
    for found in manifest.read(lines, limits=False):
        if isinstance(found, Problem):
            raise ValueError(f"{found.path.strip()}: {found.code} ({found.fix})")
        yield found
