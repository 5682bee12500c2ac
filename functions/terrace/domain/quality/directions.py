"""Directed review: what the checks found, in the instructions that reviewers read.

The user's own instructions come first and are never cut. What does not fit is left out from the
least bad end, with the number of what is missing and where the whole list is. Every frame has both
of its names, the file's and its number from 0; in a clip, whose workers see other numbers, only the
file's. Lines of the manifest that was checked are not told: the review has a manifest of its own.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from terrace.domain.quality.findings import Finding, worst_first
from terrace.domain.request import Instructions

SHORT_MAX, FULL_MAX = 254, 2047
"""Characters of a category file's texts: fewer than 255 and 2,048 (guide, label category file)."""
HEAD = "Please look here first:"
_LINE = re.compile(r" \(line \d+\)")
_NUMBER = re.compile(r" \(frame \d+\)")


def instructions(
    findings: Sequence[Finding],
    given: Instructions | None,
    *,
    short_max: int = SHORT_MAX,
    full_max: int = FULL_MAX,
    list_uri: str,
    names: Mapping[int, str] | None = None,
    clips: bool = False,
) -> tuple[str, str]:
    """The short and the full instruction of a review job, at most so many characters long.

    Without findings, the given texts as they are.

    Worked example: one finding at frame 102 and no instructions given make the short text
    `Please look here first: 000102.jpg (frame 102).`

    Args:
        findings: what reviewers should look at, in any order.
        given: the user's own texts; either stands for the other where one is missing.
        short_max: characters; a given text that is longer stays as it is.
        full_max: the same of the full text.
        list_uri: where all findings are.
        names: of items, by their place: what workers know a sequence by.
        clips: workers see parts of the sequences, whose frames have other numbers.
    """
    own = given or Instructions()
    short = own.shortInstruction or (own.fullInstruction or "")[:short_max]
    full = own.fullInstruction or own.shortInstruction or ""
    ranked = _ranked([_for_workers(finding, clips) for finding in findings])
    if not ranked:
        return short, full
    known = names or {}
    several = len({finding.item for finding in ranked}) > 1
    return (
        _fitted(
            short,
            " ",
            ranked,
            short_max,
            lambda some, more: _in_short(some, more, known, several, clips),
        ),
        _fitted(
            full,
            "\n\n",
            ranked,
            full_max,
            lambda some, more: _in_full(some, more, known, several, clips, list_uri),
        ),
    )


def _ranked(findings: Sequence[Finding]) -> list[Finding]:
    """Worst first, every sentence about a place once."""
    seen: dict[tuple[int, int | None, str], Finding] = {}
    for finding in sorted(findings, key=lambda one: (worst_first(one), one.sentence)):
        seen.setdefault((finding.item, finding.frameNo, finding.sentence), finding)
    return list(seen.values())


def _fitted(
    own: str,
    between: str,
    ranked: Sequence[Finding],
    most: int,
    told: Callable[[Sequence[Finding], int], str],
) -> str:
    """The user's text and as many findings as there is room for; at least how many there are."""
    head = f"{own}{between}" if own else ""
    best = own
    for count in range(len(ranked) + 1):
        text = head + told(ranked[:count], len(ranked) - count)
        if len(text) <= most:
            best = text
        elif count:
            break
    return best


def _for_workers(finding: Finding, clips: bool) -> Finding:
    """Without what workers cannot see: lines of a manifest, numbers of frames they do not have."""
    sentence = _LINE.sub("", finding.sentence)
    if not clips or finding.frame is None:
        return replace(finding, sentence=sentence)
    return replace(finding, sentence=_NUMBER.sub("", sentence))


def _in_short(
    some: Sequence[Finding], more: int, names: Mapping[int, str], several: bool, clips: bool
) -> str:
    """`Please look here first: 000102.jpg (frame 102) and 3 more.`

    Of several sequences, each place with its own: `Sequence 2: 000102.jpg (frame 102)`.
    """
    places = list(dict.fromkeys(_placed(finding, names, several, clips) for finding in some))
    if not places:
        return f"{more} things to look at: see the full instructions."
    listed = ", ".join(places)
    return f"{HEAD} {listed} and {more} more." if more else f"{HEAD} {listed}."


def _placed(finding: Finding, names: Mapping[int, str], several: bool, clips: bool) -> str:
    place = _place(finding, names, clips)
    if finding.frameNo is None or not several:
        return place
    return f"{_sequence(finding.item, names)}: {place}"


def _sequence(item: int, names: Mapping[int, str]) -> str:
    return names.get(item, f"Sequence {item + 1}")


def _place(finding: Finding, names: Mapping[int, str], clips: bool) -> str:
    if finding.frameNo is None:
        return names.get(finding.item, f"item {finding.item + 1}")
    if not finding.frame:
        return f"frame {finding.frameNo}"
    return finding.frame if clips else f"{finding.frame} (frame {finding.frameNo})"


def _in_full(  # noqa: PLR0917
    some: Sequence[Finding],
    more: int,
    names: Mapping[int, str],
    several: bool,
    clips: bool,
    list_uri: str,
) -> str:
    """A line for each finding, by sequence and frame."""
    lines = [HEAD] if some else []
    by_place = sorted(
        some, key=lambda one: (one.item, _first(one.frameNo), one.check, one.sentence)
    )
    item: int | None = None
    for finding in by_place:
        if several and finding.item != item:
            item = finding.item
            lines.append(f"{_sequence(item, names)}:")
        lines.append(f"- {_sentence(finding, names, clips)}")
    if more:
        lines.append(f"and {more} more: {list_uri}" if some else f"{more} findings: {list_uri}")
    return "\n".join(lines)


def _first(number: int | None) -> int:
    return -1 if number is None else number


def _sentence(finding: Finding, names: Mapping[int, str], clips: bool) -> str:
    """The sentence, with the place in front where it does not say it itself."""
    told = finding.frame and finding.frame in finding.sentence
    if told or (finding.frameNo is None and finding.item not in names):
        return finding.sentence
    return f"{_place(finding, names, clips)}: {finding.sentence}"
