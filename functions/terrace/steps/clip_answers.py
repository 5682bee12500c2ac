"""Merges what people answered for clips into the labels of the whole sequences.

Nothing remembers that it was done: whoever needs the lane's items after a review of clips (the
next job, the end of the batch) merges again. The merged file's place is named after the answers
that are in it, so two who write at once write the same bytes, and a label that came late makes a
new file instead of changing one that was handed on.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from terrace.domain import manifest, outputs, s3uri
from terrace.domain.clip_labels import Answer, merge
from terrace.domain.manifest import METADATA, Data, Item
from terrace.domain.records import JobRecord
from terrace.ports import ObjectStore
from terrace.steps.job_output import texts

WHOLES = "wholes.manifest"


@dataclass(frozen=True)
class WholeItem:
    """An item of the lane of which clips went to people, with their answers in its labels."""

    place: int
    data: Data
    answered: bool
    """False: no clip of it came back, so its label is the one it had."""
    why: str
    """Which frames have no answer in this review or an earlier one, and why; empty: none."""


@dataclass(frozen=True)
class _Clip:
    """One clip's entry in clips.json, with the line that came back for it."""

    frames: list[int]
    names: list[str]
    item: Item


def clips_uri(wholes: str) -> str:
    """Beside the whole items: for each line of the job's manifest, item, frames, file names."""
    return wholes.removesuffix(WHOLES) + "clips.json"


def whole_uris(folder: str, place: int) -> tuple[str, str]:
    """Where a whole item's labels and the names of its frames are kept."""
    base = s3uri.join(folder, f"wholes/{place}")
    return s3uri.join(base, "SeqLabel.json"), s3uri.join(base, "frames.json")


def after_clips(job: JobRecord, objects: ObjectStore) -> Iterator[WholeItem]:
    """The items of which a job's clips were cut, in the lane's order, as they are after it.

    A clip without an answer leaves its frames as they were. Of a job that left no output,
    nothing is said.

    Raises:
        ValueError: an answer's label file is no SeqLabel.json, or the files of the job contradict
            each other.
    """
    if job.wholesS3Uri is None or job.outputManifestS3Uri is None:
        return
    table: list[dict[str, Any]] = objects.get_json(clips_uri(job.wholesS3Uri))
    answers = (
        item
        for _, item, _ in outputs.split(
            texts(objects, job.outputManifestS3Uri), job.labelAttributeName
        )
    )
    wholes = (json.loads(text) for text in texts(objects, job.wholesS3Uri))
    rows = zip(table, answers, strict=True)
    for place, found in groupby(rows, key=lambda row: int(row[0]["item"])):
        clips = [_Clip(row["frames"], row["names"], item) for row, item in found]
        whole = next(wholes, None)
        if whole is None or whole["index"] != place:
            raise ValueError(f"{job.wholesS3Uri} does not hold item {place} where it should")
        yield _with_answers(job, place, whole, clips, objects)


def _with_answers(
    job: JobRecord, place: int, whole: Data, clips: list[_Clip], objects: ObjectStore
) -> WholeItem:
    attribute, data = job.labelAttributeName, whole["line"]
    answered = [clip for clip in clips if manifest.is_labeled(clip.item, attribute)]
    unanswered = [_unanswered(job, clip) for clip in clips if clip not in answered]
    owed = "" if whole.get("accepted") else whole["why"]
    late = whole.get("late", "")
    if not answered:
        return WholeItem(place, data, False, _told(owed, late, *unanswered))
    labels_uri, names_uri = whole_uris(_folder(job), place)
    names = objects.get_json(names_uri)
    if {name for clip in answered for name in clip.names}.issuperset(names):
        # Every frame has been reviewed since.
        owed = ""
    about = [manifest.metadata(clip.item.data, attribute) for clip in answered]
    merged = merge(
        objects.get_json(labels_uri),
        names,
        [
            Answer(
                tuple(clip.names),
                label_file(clip.item.data[attribute], objects),
                _class_map(metadata),
            )
            for clip, metadata in zip(answered, about, strict=True)
        ],
        _class_map(manifest.metadata(data, job.auditedAttributeName or "")),
    )
    uri = _merged_uri(job, place, [str(clip.item.data[attribute]) for clip in answered])
    objects.put_json(uri, merged.labels)
    made = {
        **data,
        attribute: uri,
        f"{attribute}{METADATA}": _metadata(about, merged.class_map),
    }
    return WholeItem(place, made, True, _told(owed, late, *unanswered))


def _told(*reasons: str) -> str:
    return "; ".join(reason for reason in reasons if reason)


def _unanswered(job: JobRecord, clip: _Clip) -> str:
    """Which frames were not reviewed, and why."""
    which = frames_named(clip.frames, clip.names)
    failed = manifest.failure_reason(clip.item, job.labelAttributeName)
    return f"{which}: " + (f"{job.jobName}: {failed}" if failed else f"no answer in {job.jobName}")


def frames_named(frames: list[int], names: list[str]) -> str:
    """A clip's frames by both of their names."""
    if len(frames) == 1:
        return f"frame {frames[0]} ({names[0]})"
    return f"frames {frames[0]} to {frames[-1]} ({names[0]} to {names[-1]})"


def _metadata(about: list[Data], class_map: dict[str, str]) -> Data:
    """The metadata of the last answer, true of the whole: classes, whether anything changed."""
    last = max(about, key=lambda one: str(one.get("creation-date", "")))
    # Confidences by frame number of the clip would be about other frames of the whole.
    made = {key: value for key, value in last.items() if key != "objects"}
    if class_map:
        made["class-map"] = class_map
    if any(one.get("adjustment-status") == "adjusted" for one in about):
        made["adjustment-status"] = "adjusted"
    return made


def _class_map(metadata: Data) -> dict[str, str]:
    found = metadata.get("class-map")
    return {str(key): str(name) for key, name in found.items()} if isinstance(found, dict) else {}


def _folder(job: JobRecord) -> str:
    return (job.wholesS3Uri or "").removesuffix(f"/{WHOLES}")


def _merged_uri(job: JobRecord, place: int, answers: list[str]) -> str:
    digest = hashlib.sha256("\n".join([job.wholesS3Uri or "", *answers]).encode()).hexdigest()[:16]
    bucket = s3uri.parse(job.wholesS3Uri or "").bucket
    folder = ("batches", job.batchId, "outputs", job.jobName, "whole")
    return s3uri.of(bucket, *folder, f"{place}-{digest}", "SeqLabel.json")


def label_file(uri: object, objects: ObjectStore) -> dict[str, Any]:
    """What the label file of a sequence says.

    Raises:
        ValueError: it is no SeqLabel.json.
    """
    found = objects.get_json(str(uri))
    if not isinstance(found, dict):
        raise ValueError(f"{uri} is no SeqLabel.json: it holds no JSON object")
    return found
