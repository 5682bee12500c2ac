"""Writes what a review of clips is given: new sequence files, and their part of the labels.

Beside them lies what the answers are merged into later, so that nothing of the user's buckets is
read again: each whole item, its labels and the names of its frames. Repeating it writes the same
bytes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from terrace.domain import clips, manifest, s3uri
from terrace.domain.clip_labels import cut_labels, cut_sequence, frame_names
from terrace.domain.clips import Clip
from terrace.domain.manifest import METADATA, Item
from terrace.ports import ObjectStore
from terrace.steps import lane
from terrace.steps.clip_answers import WHOLES, clips_uri, label_file, whole_uris
from terrace.steps.lane import LaneItem


@dataclass(frozen=True)
class ClipsWritten:
    """What came of a plan."""

    lines: list[str]
    """Of the job's manifest: one for each clip, by place and first frame."""
    places: list[int]
    """For each line, the place in the lane of the item that it was cut from."""
    frames: int
    """Of all clips: what Ground Truth bills."""
    wholesS3Uri: str
    """The items that the clips were cut from."""


def write(
    plan: Sequence[Clip],
    items: Iterable[LaneItem],
    *,
    audited: str,
    folder: str,
    objects: ObjectStore,
) -> ClipsWritten:
    """Cuts the clips of a plan out of the lane's items.

    Args:
        plan: what `domain.clips.plan` made, by place and first frame.
        items: of the lane, in its order; those that the plan does not name are passed over.
        audited: the attribute that is reviewed.
        folder: S3 URI of a folder of this attempt's own.
        objects: where all of it is read and written.

    Raises:
        ValueError: a sequence or label file is not what it should be, or the plan names an item
            or a frame that is not there.
    """
    by_place = {place: list(found) for place, found in groupby(plan, key=lambda clip: clip.place)}
    lines: list[str] = []
    places: list[int] = []
    table: list[dict[str, Any]] = []
    wholes: list[str] = []
    for item in items:
        found = by_place.pop(item.index, None)
        if found is None:
            continue
        cut = whole(item, audited)
        wholes.append(whole_line(cut))
        sequence, labels = _sequence(item, objects), labels_of(cut, objects)
        names = frame_names(sequence, labels)
        labels_uri, names_uri = whole_uris(folder, item.index)
        objects.put_json(labels_uri, labels)
        objects.put_json(names_uri, names)
        for clip in found:
            if clip.frames[-1] >= len(names):
                raise ValueError(
                    f"item {item.index} has {len(names)} frames, and the plan names frame "
                    f"{clip.frames[-1]} (counted from 0)"
                )
            shown = [names[number] for number in clip.frames]
            base = s3uri.join(folder, f"clips/{item.index}-{clip.frames[0]}")
            source, part = s3uri.join(base, "sequence.json"), s3uri.join(base, "SeqLabel.json")
            objects.put_json(source, cut_sequence(sequence, shown, len(lines) + 1))
            objects.put_json(part, cut_labels(labels, names, shown))
            lines.append(_line(cut, audited, source, part))
            places.append(item.index)
            table.append({"item": item.index, "frames": list(clip.frames), "names": shown})
    if by_place:
        raise ValueError(f"the plan names items that the lane has not: {sorted(by_place)[:10]}")
    wholes_uri = s3uri.join(folder, WHOLES)
    objects.write_lines(wholes_uri, iter(wholes))
    objects.put_json(clips_uri(wholes_uri), table)
    return ClipsWritten(lines, places, clips.frames_of(plan), wholes_uri)


def whole_line(item: LaneItem) -> str:
    """One line of the whole items' file: with what earlier reviews owe the item, if any does."""
    return lane.carry_line(item, item.why, accepted=item.accepted)


def whole(item: LaneItem, audited: str) -> LaneItem:
    """The item with its latest label under the attribute under review.

    Raises:
        ValueError: it has no label.
    """
    text = lane.with_attribute(item, audited)
    found = manifest.parse_line(item.item.number, text, limits=False)
    if not isinstance(found, Item) or item.attribute is None:
        raise ValueError(f"item {item.index} carries no label that could be cut")
    return LaneItem(item.index, found, audited, item.why, item.accepted)


def _line(whole: LaneItem, audited: str, source: str, labels: str) -> str:
    """A clip's line: what stands for the whole sequence alone is left out."""
    data = whole.item.data
    made = {
        key: value
        for key, value in data.items()
        if f"{key}{METADATA}" not in data and not key.endswith(METADATA)
    }
    made["source-ref"], made[audited] = source, labels
    about = manifest.metadata(data, audited)
    if about:
        made[f"{audited}{METADATA}"] = about
    return manifest.dump(made)


def _sequence(item: LaneItem, objects: ObjectStore) -> dict[str, Any]:
    found = objects.get_json(item.item.source)
    if not isinstance(found, dict) or not isinstance(found.get("frames"), list):
        raise ValueError(f"{item.item.source} is no sequence file: it has no list of frames")
    return found


def labels_of(whole: LaneItem, objects: ObjectStore) -> dict[str, Any]:
    """What the item's label file says; ValueError where it is no SeqLabel.json."""
    return label_file(whole.item.data[whole.attribute or ""], objects)
