"""What a gate looks at: each item's label as checks need it, read once, item by item.

What cannot be read is no reason to accept an item: it becomes a finding that flags it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from terrace.domain import gates_where, manifest, modalities
from terrace.domain.gates import UNREADABLE
from terrace.domain.gates_where import Match, Verdict
from terrace.domain.json_reading import UnreadableError
from terrace.domain.label_reading import read_item
from terrace.domain.label_values import LabeledItem
from terrace.domain.manifest import Item
from terrace.domain.modalities import Shape
from terrace.domain.quality.findings import Finding, Severity
from terrace.domain.records import JobRecord
from terrace.domain.request import Gate
from terrace.errors import AccessDeniedError, NotFoundError
from terrace.ports import ObjectStore
from terrace.steps import class_names, lane
from terrace.steps.lane import LaneItem

UNREADABLE_CHECK = "unreadable"
"""Name of the finding that says that a label or sequence file could not be read."""


@dataclass
class Seen:
    """One item, read."""

    place: int
    match: Match
    labeled: LabeledItem
    document: Any = None
    """The parsed SeqLabel.json of an item whose labels are in one."""
    class_names: dict[int, str] = field(default_factory=dict)
    """Of its label, by class number."""
    frames: list[str] = field(default_factory=list)
    """File names of the sequence's frames."""
    findings: list[Finding] = field(default_factory=list)
    """What could not be read."""


@dataclass(frozen=True)
class Reader:
    """Reads the items of one lane for one gate."""

    objects: ObjectStore
    gate: Gate
    shape: Shape
    """Of the lane's labels."""
    sequences: bool
    """Each item names a sequence file."""
    verdicts: tuple[str, ...]
    """Attributes of the lane's verifications, the latest last."""
    class_names: dict[int, str] = field(default_factory=dict)
    """Of the lane's category file, for labels of frames."""

    def read(self, item: LaneItem, audited: str) -> Seen:
        """One item; never an exception for what is in its files."""
        attribute = item.attribute or audited
        labeled = _labeled(item, audited)
        seen = Seen(item.index, Match(True), labeled)
        if "" in labeled.failures:
            said = f"The label cannot be read: {labeled.failures['']}"
            seen.findings.append(_unreadable(item.index, said))
        value, about = item.item.data.get(attribute), manifest.metadata(item.item.data, attribute)
        if self.shape == "frames":
            seen.document = self._json(str(value), "label file", seen)
            seen.class_names = class_names.of_label(labeled, audited, self.class_names)
        if self.sequences:
            seen.frames = _frames(self._json(item.item.source, "sequence file", seen), seen)
        seen.match = gates_where.match(
            self.gate.where, self.shape, value, about, seen.document, self._said(item.item.data)
        )
        return seen

    def _said(self, data: dict[str, Any]) -> list[Verdict | None]:
        names = (manifest.metadata(data, name).get("class-name") for name in self.verdicts)
        return [gates_where.verdict_of(name) for name in names if name is not None]

    def _json(self, uri: str, what: str, seen: Seen) -> Any:
        try:
            return self.objects.get_json(uri)
        except (NotFoundError, AccessDeniedError, ValueError) as error:
            said = f"The {what} {uri} cannot be read: {error}"
            seen.findings.append(_unreadable(seen.place, said))
            return None


def reader(
    objects: ObjectStore,
    job: JobRecord,
    gate: Gate,
    source: JobRecord,
    back: Callable[[JobRecord], JobRecord | None],
) -> Reader:
    """The reader for a job's gate. `back` finds the job that a job chains from."""
    modality = modalities.get(job.spec.jobModality)
    verdicts: list[str] = []
    current: JobRecord | None = source
    while current is not None:
        if modalities.get(current.spec.jobModality).verdict_labels:
            verdicts.append(current.labelAttributeName)
        current = back(current)
    return Reader(
        objects,
        gate,
        modality.base_shape,
        modality.sequences,
        tuple(reversed(verdicts)),
        class_names.of_lane(source, back, objects) if modality.base_shape == "frames" else {},
    )


def unreadable_of(seen: Seen) -> Iterator[tuple[int, Finding]]:
    """What could not be read, as facts that flag the item whatever a gate asks for."""
    return ((UNREADABLE, finding) for finding in seen.findings)


def _labeled(item: LaneItem, audited: str) -> LabeledItem:
    """The line with its label under the attribute that is reviewed, at its place in the lane."""
    number = item.index + 1
    text = lane.with_attribute(item, audited)
    found = manifest.parse_line(number, text, limits=False)
    if not isinstance(found, Item):
        return LabeledItem(number, {}, {}, {"": found.code if found is not None else "it is blank"})
    try:
        return read_item(found)
    except UnreadableError as error:
        return LabeledItem(number, found.data, {}, {"": str(error)})


def _frames(raw: Any, seen: Seen) -> list[str]:
    frames = raw.get("frames") if isinstance(raw, dict) else None
    if raw is None:
        return []
    if not isinstance(frames, list):
        said = "The sequence file has no list of frames."
        seen.findings.append(_unreadable(seen.place, said))
        return []
    return [str(one.get("frame", "")) if isinstance(one, dict) else "" for one in frames]


def _unreadable(place: int, sentence: str) -> Finding:
    return Finding(
        check=UNREADABLE_CHECK,
        severity=Severity.error,
        sentence=f"{sentence.rstrip('.')}.",
        item=place,
    )
