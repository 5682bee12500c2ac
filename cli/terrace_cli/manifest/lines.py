"""Manifests of made lines: held to the checks that Terrace makes before a job, and cut to size."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from terrace.domain import input_checks, manifest
from terrace.domain.input_checks import ManifestRule, ManifestTally
from terrace.domain.modalities import Modality
from terrace.domain.problems import Problem
from terrace_cli.errors import EXIT_WRONG, TerraceError

SHOWN_MAX = 5
_NEW_LABEL = "made-by-terrace-manifest"
"""No label is in a manifest that was just made, so any name does for the checks."""


@dataclass
class Made:
    """Manifests, ready to be written."""

    texts: list[str] = field(default_factory=list)
    """One for each job: Ground Truth's limits of lines are kept."""
    counts: list[int] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def named(self, name: str) -> Iterator[tuple[str, str, int]]:
        """Name, text and number of lines of each: `input.manifest`, or `input-1.manifest`, ..."""
        stem, dot, end = name.rpartition(".")
        if not dot or "/" in end:
            stem, dot, end = name, "", ""
        for number, (text, count) in enumerate(zip(self.texts, self.counts, strict=True), start=1):
            many = f"{stem}-{number}{dot}{end}"
            yield (many if len(self.texts) > 1 else name), text, count


def make(
    lines: Iterable[tuple[str, int, dict[str, Any]]], modality: Modality, buckets: Iterable[str]
) -> Made:
    """Manifests of these lines, checked.

    Args:
        lines: where a line comes from (a file and the line in it, for errors), and its data.
        modality: of the jobs that will read them; it says how many lines a manifest may have.
        buckets: of the data objects. Whether the stack may read them is checked at create.

    Raises:
        TerraceError: Terrace would refuse the manifest; every problem is named, up to five.
    """
    most = modality.max_sequences or modality.max_items
    made, allowed = Made(), frozenset(buckets)
    kept: list[str] = []
    tallies: dict[str, tuple[ManifestRule, ManifestTally]] = {}

    def end() -> None:
        made.texts.append("".join(kept))
        made.counts.append(len(kept))
        kept.clear()
        problems, warnings = _verdict(tallies.values())
        refuse(problems)
        # One mistake of a writer is in every manifest: once is enough.
        made.warnings = made.warnings or warnings
        tallies.clear()

    for where, number, data in lines:
        if len(kept) == most:
            end()
        if where not in tallies:
            rule = ManifestRule(where, modality, _NEW_LABEL, None, allowed)
            tallies[where] = rule, ManifestTally()
        rule, tally = tallies[where]
        text = manifest.dump(data)
        input_checks.look(tally, rule, number, text)
        kept.append(f"{text}\n")
    end()
    return made


def _verdict(
    tallies: Iterable[tuple[ManifestRule, ManifestTally]],
) -> tuple[list[Problem], list[Problem]]:
    problems: list[Problem] = []
    warnings: list[Problem] = []
    for rule, tally in tallies:
        problems += input_checks.conclude(tally, rule)
        warnings += [
            one
            for one in input_checks.warnings(tally, rule)
            # Here all of them were made and checked.
            if one.code != "SEQUENCES_NOT_READ"
        ]
    return problems, warnings


def refuse(problems: list[Problem]) -> None:
    """Raises TerraceError with the first problems, if there are any."""
    if not problems:
        return
    shown = [f"{one.path}: {one.problem}" for one in problems[:SHOWN_MAX]]
    if len(problems) > SHOWN_MAX:
        shown.append(f"and {len(problems) - SHOWN_MAX} more")
    raise TerraceError("\n  ".join(shown), f"right would be: {problems[0].fix}", EXIT_WRONG)
