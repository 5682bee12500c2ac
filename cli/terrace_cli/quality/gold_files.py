"""Gold items in files: manifests, keys and worker responses, read and written for the commands."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from terrace.domain import json_text, manifest, s3uri, worker_responses
from terrace.domain.json_reading import UnreadableError
from terrace.domain.label_values import LabeledItem
from terrace.domain.problems import Problem
from terrace.domain.quality import gold, gold_mix, gold_truth
from terrace.domain.quality.gold import GoldReport
from terrace.domain.quality.gold_mix import Mixed
from terrace.domain.quality.gold_truth import Gold
from terrace.domain.quality.item_checks import read as read_items
from terrace.domain.worker_responses import WorkerAnswer
from terrace_cli.errors import EXIT_WRONG, TerraceError
from terrace_cli.quality.places import Places
from terrace_cli.s3 import client_of
from terrace_cli.target import Choice

SHOWN_MAX = 10
"""Problems of one file that are told: a wrong writer makes the same mistake in every line."""
_RESPONSE = re.compile(r"(?:\A|/)(?:iteration-(\d+)/)?(\d+)/[^/]+\.json\Z")


@dataclass
class Scored:
    """What `gold score` found."""

    report: GoldReport
    attribute: str
    notes: list[str] = field(default_factory=list)
    """What could not be used, and why."""


class Files:
    """Reads and writes paths and s3:// URIs; what is wrong with one is a TerraceError."""

    def __init__(self, choice: Choice) -> None:
        self._choice = choice
        self._made: Any = None
        self._places = Places(self._s3)

    def mix(
        self,
        place: str,
        gold_place: str,
        *,
        percent: float,
        seed: str,
        attribute: str | None,
        out: str,
        key: str,
    ) -> Mixed:
        """Writes the mixed manifest and its key; nothing where anything given is wrong."""
        if out in (place, gold_place, key) or key in (place, gold_place):
            raise _wrong(
                f"{out} and {key} would be written over each other, or over what is read",
                "give other names with --out and --key",
            )
        items = self._items(place)
        known = self._gold(gold_place, attribute)
        if known.problems:
            raise _many(f"{gold_place} is no gold manifest", known.problems)
        mixed = gold_mix.mix(items, known, percent=percent, seed=seed)
        # The key first: a mixed manifest without one would have gold that nobody can find.
        self._places.write(key, json.dumps(mixed.key.to_dict(), ensure_ascii=False) + "\n")
        self._places.write(out, _text(mixed.lines))
        return mixed

    def score(
        self,
        place: str,
        gold_place: str,
        *,
        attribute: str | None,
        gold_attribute: str | None,
        responses: str | None,
        least: float,
    ) -> Scored:
        """Scores an output manifest, and workers where their responses are given."""
        known = self._gold(gold_place, gold_attribute or attribute)
        if not known.truths:
            raise _many(f"{gold_place} has no gold item", known.problems)
        items = list(read_items(self._places.lines(place, "the manifest"), place))
        notes = [f"{one.path}: {one.problem}; not scored" for one in known.problems]
        notes += [
            f"{manifest.at_line(place, item.number)}: {name} {why}"
            for item in items
            for name, why in item.failures.items()
        ]
        chosen = attribute or _only(items, place)
        if not any(chosen in item.labels for item in items):
            raise _wrong(f"no line of {place} has a label {chosen}", _names(items))
        answers = self._answers(responses, len(items), notes) if responses else None
        report = gold.score(
            items,
            known,
            chosen,
            answers=answers,
            least=least,
            documents=self._document,
            masks=lambda uri: self._places.data(uri, "the mask"),
        )
        if not report.items:
            raise _wrong(
                f"no item of {place} is in {gold_place}",
                "gold items are told by the same source-ref, or the same source",
            )
        if answers is not None and not report.workers:
            notes.append(f"{responses} has no answer to a gold item: no worker is scored")
        return Scored(report, chosen, notes)

    def split(self, place: str, key: str, *, out: str, gold_out: str | None) -> tuple[int, int]:
        """Writes a manifest's own items and its gold ones; how many there are of each."""
        if len({place, key, out, gold_out} - {None}) < (3 if gold_out is None else 4):
            raise _wrong("a file would be written over another one", "give other names")
        try:
            where = gold_mix.read_key(self._places.text(key, "the key"))
        except ValueError as error:
            raise _wrong(f"{key} {error}") from error
        own: list[str] = []
        known: list[str] = []
        try:
            for line, gold_place in gold_mix.take_out(
                self._places.lines(place, "the manifest"), where
            ):
                (own if gold_place is None else known).append(line)
        except ValueError as error:
            raise _wrong(f"{place} {error}") from error
        self._places.write(out, _text(own))
        if gold_out is not None:
            self._places.write(gold_out, _text(known))
        return len(own), len(known)

    # --- reading ---------------------------------------------------------------------------

    def _items(self, place: str) -> list[manifest.Item]:
        found = list(
            manifest.read(self._places.lines(place, "the manifest"), uri=place, limits=False)
        )
        problems = [one for one in found if isinstance(one, Problem)]
        if problems:
            raise _many(f"{place} is no manifest", problems)
        return [one for one in found if not isinstance(one, Problem)]

    def _gold(self, place: str, attribute: str | None) -> Gold:
        lines = self._places.lines(place, "the gold manifest")
        return gold_truth.read(lines, uri=place, attribute=attribute)

    def _document(self, uri: str) -> Any:
        return self._json(uri, "the labels")

    def _json(self, place: str, what: str) -> Any:
        try:
            return json_text.loads(self._places.text(place, what), strict=False)
        except json_text.JsonError as error:
            raise _wrong(f"{what} {place} is not JSON: {error}") from error

    def _answers(
        self, prefix: str, items: int, notes: list[str]
    ) -> dict[int, tuple[WorkerAnswer, ...]]:
        found: dict[int, tuple[WorkerAnswer, ...]] = {}
        seen = 0
        for place in sorted(self._listed(prefix)):
            matched = _RESPONSE.search(place)
            if matched is None:
                continue
            seen += 1
            item = int(matched[2])
            if item >= items:
                notes.append(f"{place} is of line {item + 1}, and the manifest has {items}")
                continue
            try:
                read = worker_responses.read(self._json(place, "the worker response"), place)
            except UnreadableError as error:
                notes.append(str(error))
                continue
            found[item] = (*found.get(item, ()), *read)
        if not seen:
            raise _wrong(
                f"no worker response is under {prefix}",
                "it is <job>/annotations/worker-response/ of the labeling job's output",
            )
        return found

    def _listed(self, prefix: str) -> Iterator[str]:
        """All files under a folder or S3 prefix."""
        if not prefix.startswith(s3uri.SCHEME):
            folder = Path(prefix)
            yield from (path.as_posix() for path in folder.rglob("*.json") if path.is_file())
            return
        from botocore.exceptions import BotoCoreError, ClientError

        at = s3uri.parse(f"{prefix.rstrip('/')}/")
        try:
            pages = self._s3().get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=at.bucket, Prefix=at.key):
                yield from (s3uri.of(at.bucket, row["Key"]) for row in page.get("Contents", []))
        except (ClientError, BotoCoreError) as error:
            raise _wrong(
                f"cannot list {prefix}: {error}",
                "your AWS credentials must allow s3:ListBucket on the bucket",
            ) from error

    def _s3(self) -> Any:
        if self._made is None:
            self._made = client_of(self._choice)
        return self._made


def _only(items: list[LabeledItem], place: str) -> str:
    counts = Counter(name for item in items for name in item.labels)
    if len(counts) != 1:
        raise _wrong(
            f"{place} has {'several labels' if counts else 'no label'}",
            f"choose one with --attribute: {', '.join(counts)}" if counts else _names(items),
        )
    return next(iter(counts))


def _names(items: list[LabeledItem]) -> str:
    counts = Counter(name for item in items for name in item.labels)
    return f"it has {', '.join(counts)}" if counts else "it has no label that can be read"


def _text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _many(what: str, problems: list[Problem]) -> TerraceError:
    told = [f"  {one.path}: {one.problem} ({one.fix})" for one in problems[:SHOWN_MAX]]
    more = len(problems) - len(told)
    if more > 0:
        told.append(f"  and {more} more")
    return _wrong("\n".join([f"{what}:", *told] if told else [what]), "")


def _wrong(message: str, hint: str = "") -> TerraceError:
    return TerraceError(message, hint, EXIT_WRONG)
