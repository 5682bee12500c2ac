"""Gold items mixed into a manifest so that workers cannot tell, and taken out again afterwards.

Where they stand is written beside the manifest only, in the key. In the manifest a gold line has
the same keys, in the same order, as the lines around it; its label is left out.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from math import ceil
from typing import Any

from terrace.domain import json_text, manifest
from terrace.domain.manifest import METADATA, SOURCES, Item
from terrace.domain.problems import Problem
from terrace.domain.quality.gold_truth import Gold, Truth

FORMAT = 1


@dataclass(frozen=True)
class GoldPlace:
    """One gold item of a mixed manifest."""

    line: int
    """Index of its line, from 0: Ground Truth's `datasetObjectId`."""
    source: str
    inserted: bool
    """False: the item was in the manifest anyway, and stays there when gold is taken out."""


@dataclass(frozen=True)
class Key:
    """Beside a mixed manifest: where its gold is."""

    seed: str
    lines: int
    """Lines of the mixed manifest."""
    gold: tuple[GoldPlace, ...]
    format: int = FORMAT

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self) | {"gold": [asdict(place) for place in self.gold]}


@dataclass
class Mixed:
    """A mixed manifest and its key."""

    lines: list[str]
    key: Key
    notes: list[str] = field(default_factory=list)
    """What the user should know: too little gold, or gold that could be told apart."""


def mix(items: Iterable[Item], gold: Gold, *, percent: float, seed: str) -> Mixed:
    """Puts gold items between a manifest's lines, which keep their order and their text.

    The same manifest, gold, percent and seed give the same result everywhere. No gold item comes
    twice: one whose data object the manifest has already is gold where it stands.

    Worked number: 95 lines, none of them gold, 5 percent: 5 gold lines, 100 in all.

    Args:
        items: of the manifest, in order.
        gold: the known items.
        percent: share of gold in the mixed manifest, above 0 and below 100; at least that much,
            unless there is too little gold.
        seed: chooses which gold items come, and where.

    Raises:
        ValueError: percent is not between 0 and 100.
    """
    if not 0 < percent < 100:
        raise ValueError(f"percent is {percent}: a share above 0 and below 100")
    given = list(items)
    present = {item.source for item in given} & gold.truths.keys()
    there = sum(item.source in present for item in given)
    share = percent / 100
    wanted = max(0, ceil((share * len(given) - there) / (1 - share) - 1e-9)) if given else 0
    free = sorted(gold.truths.keys() - present, key=lambda source: _chance(seed, "gold", source))
    chosen = free[:wanted]
    notes = []
    if len(chosen) < wanted:
        notes.append(
            f"there is gold for {there + len(chosen)} items only; {percent:g} percent would be "
            f"{there + wanted}"
        )
    length = len(given) + len(chosen)
    by_chance = sorted(range(length), key=lambda at: _chance(seed, "place", str(at)))
    slots = dict(zip(sorted(by_chance[: len(chosen)]), chosen, strict=True))
    keys = _shared_keys(given)
    lines: list[str] = []
    places: list[GoldPlace] = []
    rest = iter(given)
    lacking: set[str] = set()
    for at in range(length):
        if at in slots:
            truth = gold.truths[slots[at]]
            data = _disguised(truth, keys)
            lines.append(manifest.dump(data))
            lacking |= set(keys) - data.keys() - set(SOURCES)
            places.append(GoldPlace(at, truth.item.source, inserted=True))
            continue
        item = next(rest)
        lines.append(item.text)
        if item.source in present:
            places.append(GoldPlace(at, item.source, inserted=False))
    if lacking:
        names = ", ".join(sorted(lacking))
        notes.append(
            f"gold lines lack {names}, which every line of the manifest has: a worker page that "
            "shows it could tell gold apart; add it to the gold manifest"
        )
    return Mixed(lines, Key(seed, length, tuple(places)), notes)


def take_out(lines: Iterable[str], key: Key) -> Iterator[tuple[str, GoldPlace | None]]:
    """Each line of an output manifest, with its gold place where the line was mixed in.

    What Ground Truth, or a batch whose input was the mixed manifest, wrote has the same lines in
    the same order; a final manifest may have fewer. Both are told by their data objects.

    Raises:
        ValueError: a line cannot be read.
    """
    inserted = {place.source: place for place in key.gold if place.inserted}
    for found in manifest.read(lines, limits=False):
        if isinstance(found, Problem):
            raise ValueError(f"{found.path.strip()}: {found.problem}")
        yield found.text, inserted.get(found.source)


def read_key(text: str) -> Key:
    """A key as `Key.to_dict` was written.

    Raises:
        ValueError: it is none.
    """
    try:
        data = json_text.loads(text)
        if data["format"] != FORMAT:
            raise ValueError(f"its format is not {FORMAT}")
        places = tuple(
            GoldPlace(int(row["line"]), str(row["source"]), bool(row["inserted"]))
            for row in data["gold"]
        )
        return Key(str(data["seed"]), int(data["lines"]), places)
    except (json_text.JsonError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"is no key of mixed gold ({type(error).__name__}); `terrace quality gold mix` "
            "writes one beside the manifest"
        ) from error


def _chance(*words: str) -> bytes:
    """The same number for the same words, on every machine and in every version."""
    return hashlib.sha256("\0".join(words).encode("utf-8", "surrogatepass")).digest()


def _shared_keys(items: list[Item]) -> list[str]:
    """The keys that every line has, in the order of the first."""
    if not items:
        return []
    shared = set(items[0].data).intersection(*(item.data for item in items))
    return [key for key in items[0].data if key in shared]


def _disguised(truth: Truth, keys: list[str]) -> manifest.Data:
    """A gold line without its label, and with no key that the lines around it have not."""
    attribute = truth.label.attribute
    hidden = {attribute, f"{attribute}{METADATA}"}
    data = truth.item.data
    order = [key for key in keys if key in data and key not in hidden]
    source = next(key for key in SOURCES if key in data)
    if source not in order:
        order.insert(0, source)
    return {key: data[key] for key in order}
