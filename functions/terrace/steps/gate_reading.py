"""What a gate looks at: each item's label as checks need it, read once, item by item.

What cannot be read is no reason to accept an item: it becomes a finding that flags it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from terrace.domain import gates_where, manifest, modalities
from terrace.domain.clip_labels import frame_names
from terrace.domain.gates_where import Match, Verdict
from terrace.domain.json_reading import UnreadableError
from terrace.domain.label_reading import read_item
from terrace.domain.label_values import LabeledItem
from terrace.domain.manifest import Item
from terrace.domain.modalities import Shape
from terrace.domain.quality import sequence
from terrace.domain.quality.catalog_tracks import TRACK_CHECKS
from terrace.domain.quality.findings import Finding, Severity
from terrace.domain.records import JobRecord
from terrace.domain.request import Gate, GateUnit
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
    labeled: LabeledItem | None
    """None as soon as the checks have seen it."""
    document: Any = None
    """The parsed SeqLabel.json of an item whose labels are in one."""
    class_names: dict[int, str] = field(default_factory=dict)
    """Of its label, by class number."""
    frames: list[str] = field(default_factory=list)
    """File names of the sequence's frames, in the order that the label counts."""
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
    lasting: frozenset[str] = frozenset()
    """Of `verdicts`, those behind which clips were reviewed: of a whole item whose frames were seen
    in part, they still hold."""
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
            self._labels(str(value), seen)
            seen.class_names = class_names.of_label(labeled, audited, self.class_names)
        if self.sequences:
            self._frames(item.item.source, seen)
        seen.match = gates_where.match(
            self.gate.where,
            self.shape,
            value,
            about,
            seen.document,
            self._said(item.item.data, about),
        )
        return seen

    def _said(self, data: dict[str, Any], label: dict[str, Any]) -> list[Verdict | None]:
        told = [
            about
            for name in self.verdicts
            if (about := manifest.metadata(data, name))
            if name in self.lasting or not gates_where.is_stale(about, label)
        ]
        names = (one.get("class-name") for one in told)
        return [gates_where.verdict_of(name) for name in names if name is not None]

    def _labels(self, uri: str, seen: Seen) -> None:
        for document in self._json(uri, "label file", seen, lenient=self._names_boxes):
            seen.document = document
            seen.findings += sequence.of_file(document, item=seen.place)

    def _frames(self, uri: str, seen: Seen) -> None:
        for raw in self._json(uri, "sequence file", seen):
            why = _no_frames(raw)
            if why is not None:
                said = f"The sequence file {uri} {why}"
                seen.findings.append(_unreadable(seen.place, said))
                continue
            labels = seen.document if isinstance(seen.document, dict) else None
            seen.frames = frame_names(raw, labels)

    @property
    def _names_boxes(self) -> bool:
        """Whether what is no number is found by its box, and flagged; clips are cut of no such."""
        names = {row.name for row in TRACK_CHECKS}
        checked = any(wanted.check in names for wanted in self.gate.checks or [])
        return checked and self.gate.unit is GateUnit.item

    def _json(self, uri: str, what: str, seen: Seen, *, lenient: bool = False) -> Iterator[Any]:
        """What a file holds (it may be null); nothing where it cannot be read."""
        try:
            found = self.objects.get_json(uri, lenient=lenient)
        except (NotFoundError, AccessDeniedError, ValueError) as error:
            said = f"The {what} {uri} cannot be read: {error}"
            seen.findings.append(_unreadable(seen.place, said))
            return
        yield found


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
    lasting: set[str] = set()
    clipped = False
    current: JobRecord | None = source
    while current is not None:
        if modalities.get(current.spec.jobModality).verdict_labels:
            verdicts.append(current.labelAttributeName)
            lasting |= {current.labelAttributeName} if clipped else set()
        given = current.spec.inputConfig.gate
        clipped = clipped or (given is not None and given.unit is GateUnit.clip)
        current = back(current)
    return Reader(
        objects,
        gate,
        modality.base_shape,
        modality.sequences,
        tuple(reversed(verdicts)),
        frozenset(lasting),
        class_names.of_lane(source, back, objects) if modality.base_shape == "frames" else {},
    )


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


def _no_frames(raw: Any) -> str | None:
    """Why a sequence file's frames cannot be told apart; None: they can."""
    frames = raw.get("frames") if isinstance(raw, dict) else None
    if not isinstance(frames, list) or not frames:
        return "has no list of frames"
    for place, one in enumerate(frames):
        if not isinstance(one, dict) or not isinstance(one.get("frame"), str):
            return f"names no file in entry {place} of its frames"
    return None


def _unreadable(place: int, sentence: str) -> Finding:
    return Finding(
        check=UNREADABLE_CHECK,
        severity=Severity.error,
        sentence=f"{sentence.rstrip('.')}.",
        item=place,
    )
