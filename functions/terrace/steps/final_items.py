"""The items of a batch, each once, with what every lane says of it; streamed.

Lanes that start from the same manifest are joined by place. A batch with several start manifests
has an item once for each data object of them: the first manifest's items first, then what the next
one has besides. A data object that stands twice in one manifest is two items; its n-th line there
is joined with its n-th line in the others.
"""

import hashlib
from collections.abc import Iterator, Sequence, Set
from contextlib import ExitStack
from dataclasses import dataclass, field

from msgspec import Struct

from terrace.domain import manifest
from terrace.domain.delivery import Given, LanePart
from terrace.domain.manifest import METADATA, Data, Item
from terrace.domain.privacy import pseudonymous
from terrace.errors import AccessDeniedError, NotFoundError
from terrace.ports import ObjectStore
from terrace.steps.final_lanes import FinalLane, LaneReader, by_start
from terrace.steps.final_spool import Spool


class StartReplacedError(Exception):
    """A start manifest is not the one that was labeled: its lines may not be relied on."""

    def __init__(self, uri: str) -> None:
        super().__init__(f"{uri} has been replaced since it was labeled")
        self.uri = uri


class Whole(Struct, frozen=True):
    """An item with what all lanes say of it, in the batch's order of lanes."""

    given: Given
    parts: tuple[LanePart, ...]


@dataclass
class Items:
    """Reads a batch's items. `problems` is complete when all of them were read."""

    lanes: Sequence[FinalLane]
    objects: ObjectStore
    distrusted: frozenset[str] = frozenset()
    """Start manifests that have been replaced: their items are read from the lanes."""
    problems: list[str] = field(default_factory=list)
    known: bool = field(default=True, init=False)
    """False: there may be items that nothing tells of any more."""

    def read(self) -> Iterator[Whole]:
        """Every item once, always in the same order.

        Raises:
            StartReplacedError: add it to `distrusted`, and begin again.
            ObjectChangedError: a file was replaced while it was read: begin again.
        """
        groups = by_start(self.lanes)
        if len(groups) == 1:
            [(start, lanes)] = groups.items()
            yield from self._group(start, lanes, several=False)
            return
        order = {lane.about.name: place for place, lane in enumerate(self.lanes)}
        with ExitStack() as stack:
            spools = []
            for start, lanes in list(groups.items())[1:]:
                spool = stack.enter_context(Spool())
                spools.append(spool)
                for whole in self._group(start, lanes, several=True):
                    spool.put(_key(whole.given.data), whole.given, whole.parts)
            start, lanes = next(iter(groups.items()))
            for whole in self._group(start, lanes, several=True):
                key = _key(whole.given.data)
                yield _joined(whole.given, whole.parts, spools, key, order)
            for place, spool in enumerate(spools):
                for key, given, parts in spool.rest():
                    yield _joined(given, parts, spools[place + 1 :], key, order)

    # --- one start manifest ------------------------------------------------------------------
    def _group(self, start: str, lanes: list[FinalLane], *, several: bool) -> Iterator[Whole]:
        etags = {lane.first.startETag for lane in lanes if lane.first.startETag is not None}
        lines = self._lines(start, etags)
        changed = lines is None
        readers = [LaneReader(lane, self.objects, start_changed=changed) for lane in lanes]
        items = _of_lanes(readers) if lines is None else _of_start(start, lines, readers)
        told = start if several else None
        for index, data, digest, parts in items:
            yield Whole(Given(index, data, digest, told), parts)
        self.problems += [reader.problem for reader in readers if reader.problem is not None]
        if lines is None and not any(reader.whole for reader in readers):
            self.known = False
            counts = {lane.first.startLines for lane in lanes}
            there_were = f" ({counts.pop():,} when it was checked)" if counts != {None} else ""
            self.problems.append(
                f"the items of {start}{there_were} are not known: no job left all of them, and as "
                "it was checked it is not there any more"
            )

    def _lines(self, start: str, etags: Set[str]) -> "Iterator[tuple[str, Data]] | None":
        """Digest and data of each line; None where the manifest is gone, or another one."""
        try:
            found = self.objects.head(start)
        except (NotFoundError, AccessDeniedError) as error:
            self.problems.append(f"the hashes of the input are not known: {error}")
            return None
        if start in self.distrusted or not etags <= {found.etag}:
            self.problems.append(
                f"the hashes of the input are not known: {start} has been replaced since it was "
                "labeled"
            )
            return None
        return _read(self.objects, start, found.etag)


def _read(objects: ObjectStore, start: str, etag: str) -> Iterator[tuple[str, Data]]:
    for line in objects.read_lines(start, etag=etag):
        if not line.text.strip():
            continue
        item = manifest.parse_line(line.number, pseudonymous(line.text), limits=False)
        if not isinstance(item, Item):
            # It was checked before anybody labeled it.
            raise StartReplacedError(start)
        yield hashlib.sha256(line.text.encode()).hexdigest(), item.data


_Found = tuple[int, Data, str | None, tuple[LanePart, ...]]


def _of_start(
    start: str, lines: Iterator[tuple[str, Data]], readers: list[LaneReader]
) -> Iterator[_Found]:
    for index, (digest, data) in enumerate(lines):
        parts = []
        source = _source(data)
        for reader in readers:
            item = reader.take(index)
            if item is None:
                parts.append(reader.missing())
                continue
            if item.source != source:
                raise StartReplacedError(start)
            parts.append(item.part)
        yield index, data, digest, tuple(parts)
    if any(reader.head is not None for reader in readers):
        raise StartReplacedError(start)


def _of_lanes(readers: list[LaneReader]) -> Iterator[_Found]:
    """Without the start manifest: the lines less all that the batch's jobs have written."""
    made = {step.attribute for reader in readers for step in reader.lane.about.steps}
    made |= {f"{attribute}{METADATA}" for attribute in made}
    while heads := [reader.head for reader in readers if reader.head is not None]:
        first = min(heads, key=lambda item: item.index)
        data = {key: value for key, value in first.data.items() if key not in made}
        parts = []
        for reader in readers:
            # Two jobs may have begun before and after the manifest was replaced.
            same = reader.head is not None and reader.head.source == first.source
            item = reader.take(first.index) if same else None
            parts.append(reader.missing() if item is None else item.part)
        yield first.index, data, None, tuple(parts)


# --- several start manifests -----------------------------------------------------------------


def _source(data: Data) -> str:
    for key in manifest.SOURCES:
        if key in data:
            return str(data[key])
    return ""


def _key(data: Data) -> bytes:
    """The data object; short, for a text may be long."""
    return hashlib.sha256(_source(data).encode("utf-8", "surrogatepass")).digest()[:16]


def _joined(
    given: Given,
    parts: tuple[LanePart, ...],
    spools: list[Spool],
    key: bytes,
    order: dict[str, int],
) -> Whole:
    """The item with what the lanes of the other manifests say of the same data object."""
    everything, data = list(parts), dict(given.data)
    for spool in spools:
        found = spool.take(key)
        if found is not None:
            # The first manifest's own attributes count; what only another one has is kept.
            data = {**found[0].data, **data}
            everything += found[1]
    everything.sort(key=lambda part: order[part.about["lane"]])
    return Whole(Given(given.index, data, given.digest, given.manifest), tuple(everything))
