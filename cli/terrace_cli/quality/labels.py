"""What LABELS names: one SeqLabel.json, or an output manifest with a label in each line."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from terrace.domain import s3uri
from terrace.domain.clip_labels import frame_names
from terrace.domain.label_values import FramesLabel, LabeledItem
from terrace.domain.manifest import SOURCES
from terrace.domain.quality.item_checks import read
from terrace_cli.errors import EXIT_WRONG, TerraceError
from terrace_cli.quality.places import Places

SEQLABEL_KEYS = ("tracking-annotations", "detection-annotations")


@dataclass(frozen=True)
class SequenceFile:
    """The frames that a task showed."""

    uri: str
    document: dict[str, Any]
    frames: tuple[str, ...]
    """File names in the order that `frame-no` counts."""


@dataclass(frozen=True)
class Sequence:
    """One sequence's labels."""

    item: int
    uri: str
    document: Any
    """The SeqLabel.json, parsed; NaN may be in it."""
    file: SequenceFile | None
    class_names: dict[int, str] = field(default_factory=dict)
    """By class number, as the manifest's line says; empty without a manifest."""


@dataclass
class Labels:
    """Everything that is to be looked at."""

    place: str
    attribute: str | None
    """The label attribute of a manifest; None for a SeqLabel.json."""
    items: list[LabeledItem] = field(default_factory=list)
    sequences: list[Sequence] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What could not be looked at, and why."""


def load(place: str, places: Places, *, manifest: str | None, attribute: str | None) -> Labels:
    """Finds out what a file is, and reads it and the files it names.

    Args:
        place: a path or `s3://` URI.
        places: reads files.
        manifest: of a SeqLabel.json: the manifest that its sequence file stands in.
        attribute: the label of a manifest; needed where it has several.

    Raises:
        TerraceError: It cannot be read, or is neither.
    """
    first = _first_line(place, places)
    if _is_line(first):
        if manifest is not None:
            raise _wrong(f"{place} is a manifest itself", "leave --manifest out")
        return _of_manifest(place, places, attribute)
    if not first:
        raise _wrong(f"{place} is empty", "a SeqLabel.json or an output manifest")
    document = parsed(places.text(place, "the labels"), place)
    if not _is_seqlabel(document):
        raise _wrong(
            f"{place} is neither a SeqLabel.json nor an output manifest",
            "a SeqLabel.json has tracking-annotations or detection-annotations; each line of a "
            "manifest has source-ref or source",
        )
    if attribute is not None:
        raise _wrong(f"{place} is a SeqLabel.json, without attributes", "leave --attribute out")
    labels = Labels(place, None)
    if manifest is None:
        labels.sequences.append(Sequence(0, place, document, None))
    else:
        labels.sequences.append(_in_line(place, document, manifest, places))
    return labels


def is_manifest(place: str, places: Places) -> bool:
    """True where each line is an item of its own; False for a SeqLabel.json and anything else.

    Raises:
        TerraceError: It cannot be read.
    """
    return _is_line(_first_line(place, places))


def _first_line(place: str, places: Places) -> str:
    return next((line for line in places.lines(place, "the labels") if line.strip()), "")


def parsed(text: str, place: str) -> Any:
    """A JSON document, NaN and Infinity included: they become findings, not the end."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _wrong(f"{place} is not JSON: {error}", "the file as Ground Truth wrote it") from None


def _is_line(text: str) -> bool:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and any(key in found for key in SOURCES)


def _is_seqlabel(document: Any) -> bool:
    if not isinstance(document, dict):
        return False
    held = [document, *(value for value in document.values() if isinstance(value, dict))]
    return any(key in one for one in held for key in SEQLABEL_KEYS)


# --- manifests -----------------------------------------------------------------------------------


def _of_manifest(place: str, places: Places, attribute: str | None) -> Labels:
    items = list(read(places.lines(place, "the manifest"), place))
    chosen = attribute if attribute is not None else _only_attribute(items, place)
    if not any(chosen in item.labels or chosen in item.failures for item in items):
        raise _wrong(f"no line of {place} has a label {chosen}", _labels_of(items))
    labels = Labels(place, chosen, items)
    for index, item in enumerate(items):
        label = item.labels.get(chosen)
        if label is not None and isinstance(label.value, FramesLabel):
            uri = label.value.uri
            document = parsed(places.text(uri, f"the labels of line {item.number}"), uri)
            file = _sequence_file(item, document, places, labels.notes)
            names = label.value.class_names
            labels.sequences.append(Sequence(index, uri, document, file, names))
    return labels


def _only_attribute(items: list[LabeledItem], place: str) -> str:
    counts = Counter(name for item in items for name in item.labels)
    if not counts:
        raise _wrong(
            f"no line of {place} has a label",
            "an output manifest has NAME and NAME-metadata with a type; a line that cannot be read "
            f"says: {_first_failure(items)}",
        )
    if len(counts) > 1:
        raise _wrong(
            f"{place} has several labels", f"choose one with --attribute: {_names(counts)}"
        )
    return next(iter(counts))


def _first_failure(items: list[LabeledItem]) -> str:
    return next((text for item in items for text in item.failures.values()), "nothing")


def _labels_of(items: list[LabeledItem]) -> str:
    counts = Counter(name for item in items for name in item.labels)
    return f"it has {_names(counts)}" if counts else "it has none at all"


def _names(counts: Counter[str]) -> str:
    return ", ".join(f"{name} ({number} lines)" for name, number in counts.most_common(10))


# --- sequence files ------------------------------------------------------------------------------


def line_of(place: str, manifest: str, places: Places) -> tuple[int, LabeledItem]:
    """The line that a SeqLabel.json belongs to: the one that names it, or the only one.

    Raises:
        TerraceError: None is, or several are.
    """
    items = list(read(places.lines(manifest, "the manifest"), manifest))
    named = [
        (index, item)
        for index, item in enumerate(items)
        if any(_same(value, place) for value in item.data.values())
    ]
    if not named and len(items) == 1:
        named = [(0, items[0])]
    if len(named) != 1:
        found = "several lines" if named else "no line"
        raise _wrong(
            f"{found} of {manifest} ({len(items)} lines) can be the one of {place}",
            "give an output manifest whose lines name the label file, or one with this line only",
        )
    return named[0]


def _in_line(place: str, document: Any, manifest: str, places: Places) -> Sequence:
    index, item = line_of(place, manifest, places)
    notes: list[str] = []
    file = _sequence_file(item, document, places, notes)
    if notes:
        raise _wrong(notes[0], "a sequence file as Ground Truth takes it")
    return Sequence(index, place, document, file, _class_names(item, place))


def _class_names(item: LabeledItem, place: str) -> dict[int, str]:
    """Of the label that a file holds: the one that names it, or the line's only one of frames."""
    held = [one.value for one in item.labels.values() if isinstance(one.value, FramesLabel)]
    named = [value for value in held if _same(value.uri, place)] or held
    return named[0].class_names if len(named) == 1 else {}


def _same(value: object, place: str) -> bool:
    """True for the same URI, and for a copy on this machine that ends like it."""
    if not isinstance(value, str) or not value.startswith(s3uri.SCHEME):
        return False
    if place.startswith(s3uri.SCHEME):
        return value == place
    tail = value.rsplit("/", 2)[-2:]
    return place.replace("\\", "/").split("/")[-2:] == tail


def _sequence_file(
    item: LabeledItem, labels: Any, places: Places, notes: list[str]
) -> SequenceFile | None:
    """The item's sequence file; None, with a note, where it cannot be read."""
    uri = str(item.data.get("source-ref", ""))
    try:
        document = parsed(places.text(uri, "the sequence file"), uri)
        frames = _frame_names(document, labels)
    except TerraceError as error:
        notes.append(
            f"frames without labels are not known for line {item.number}, and not checked: {error}"
        )
        return None
    return SequenceFile(uri, document, tuple(frames))


def _frame_names(document: Any, labels: Any) -> list[str]:
    if not isinstance(document, dict):
        raise _wrong("the sequence file holds no JSON object", "")
    try:
        return frame_names(document, labels if isinstance(labels, dict) else None)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        # Labels that cannot be read are told by the checks; they cannot tell the order of frames.
        if labels is None:
            raise _wrong(f"it is no sequence file: {error!r}", "") from None
        return _frame_names(document, None)


def _wrong(message: str, hint: str) -> TerraceError:
    return TerraceError(message, hint, EXIT_WRONG)
