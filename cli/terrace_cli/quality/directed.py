"""A directed audit: people see only what was flagged, and read in the task where to look.

Made of what was found: a manifest with the flagged items and their labels, a category file whose
instructions name the flagged frames, the whole list of findings, and the request of a batch.
"""

import copy
import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from posixpath import basename, splitext
from typing import Any

from pydantic import ValidationError

from terrace.domain import clips, manifest
from terrace.domain.clip_labels import cut_labels, cut_sequence
from terrace.domain.clips import Clip, FrameFlag
from terrace.domain.label_reading import read_item
from terrace.domain.label_values import LabeledItem
from terrace.domain.modalities import MODALITIES, Modality, reviews_of
from terrace.domain.quality.directions import instructions
from terrace.domain.quality.findings import Finding, excess
from terrace.domain.request import BatchRequest, Instructions
from terrace_cli.errors import EXIT_WRONG, TerraceError
from terrace_cli.quality.checking import Result
from terrace_cli.quality.labels import Sequence
from terrace_cli.quality.places import joined
from terrace_cli.quality.sequences import FLAGGED

Json = dict[str, Any]
PREFERRED = ("audit", "adjustment")
"""Reviews that can repair what they find, the one that also asks for a verdict first."""


@dataclass(frozen=True)
class Wanted:
    """What the audit is to be made of.

    Attributes:
        attribute: The label under review.
        folder: `s3://` prefix that the files will lie under.
        categories: The label category file, parsed.
        batch_id: Of the request; None: made from the content.
        context: Frames shown before and after a flagged one; None: whole sequences.
    """

    attribute: str
    folder: str
    categories: Json
    batch_id: str | None
    context: int | None


@dataclass
class Audit:
    """Files by their names under the folder, and the request."""

    request: Json
    files: dict[str, str] = field(default_factory=dict)
    items: int = 0
    frames: int | None = None
    """That people will see, where they are sequences."""


def prepare(result: Result, items: Mapping[int, LabeledItem], wanted: Wanted) -> Audit:
    """Everything of a directed audit.

    Args:
        result: of the checks.
        items: manifest lines with their labels, by `Finding.item`.
        wanted: the rest.

    Raises:
        TerraceError: Nothing is flagged, or the label cannot be reviewed.
    """
    found = [one for one in result.findings if one.severity.rank >= FLAGGED.rank]
    sent = {one.item for one in found} & set(items)
    labeled = {at: items[at] for at in sorted(sent) if wanted.attribute in items[at].labels}
    if not labeled:
        raise TerraceError(
            f"no item with a label {wanted.attribute} has a finding of severity {FLAGGED} or above",
            "there is nothing to audit; a lower threshold finds more: --threshold NAME=NUMBER",
        )
    modality = review_of(labeled, wanted.attribute)
    told = [one for one in found if one.item in labeled]
    audit = Audit(request={}, items=len(labeled))
    by_item = {one.sequence.item: one.sequence for one in result.sequences}
    lines = [items[at].data for at in labeled]
    if modality.sequences:
        audit.frames = sum(_frames_of(by_item[at]) for at in labeled)
    if wanted.context is not None:
        lines = _clips(told, labeled, by_item, wanted, audit)
    audit.files["audit.manifest"] = "".join(manifest.dump(line) + "\n" for line in lines)
    findings = "".join(json.dumps(one.to_dict(), ensure_ascii=False) + "\n" for one in told)
    audit.files["findings.jsonl"] = findings
    texts = _instructions(told, labeled, wanted)
    categories = copy.deepcopy(wanted.categories)
    job: Json = {}
    if modality.instructions_in_categories:
        categories["instructions"] = texts
    else:
        job["instructions"] = texts
    audit.files["categories.json"] = json.dumps(categories, ensure_ascii=False, indent=1) + "\n"
    audit.request = _request(modality, wanted, audit, job)
    audit.files["batch.json"] = json.dumps(audit.request, ensure_ascii=False, indent=1) + "\n"
    return audit


def with_label(item: LabeledItem, attribute: str, uri: str, about: Json) -> LabeledItem:
    """A line of an input manifest, with the label file that was checked as its label."""
    data = {**item.data, attribute: uri, f"{attribute}{manifest.METADATA}": about}
    return read_item(manifest.Item(item.number, manifest.dump(data), data))


def metadata_of(sequence: Sequence, created: str) -> Json:
    """What Ground Truth would have written beside a SeqLabel.json.

    Args:
        sequence: with its document; class names are taken from `object-name` (`Car:1` -> Car).
        created: time, ISO 8601.
    """
    document = sequence.document
    sensors = [one for one in document.values() if isinstance(one, dict)]
    if sensors:
        kind = "groundtruth/point_cloud_object_tracking"
    elif "tracking-annotations" in document:
        kind = "groundtruth/video-object-tracking"
    else:
        kind = "groundtruth/video-object-detection"
    names: dict[str, str] = {}
    for one in _labels(document):
        number, name = one.get("class-id"), one.get("object-name")
        if isinstance(number, int | str) and str(number).isdigit():
            head = name.rpartition(":")[0] or name if isinstance(name, str) else ""
            names.setdefault(str(number), head or f"class {number}")
    return {
        "class-map": names,
        "human-annotated": "yes",
        "creation-date": created,
        "type": kind,
    }


def review_of(items: Mapping[int, LabeledItem], attribute: str) -> Modality:
    """The modality that reviews these labels, and can repair them.

    Raises:
        TerraceError: The labels are of several kinds, or Ground Truth cannot review them.
    """
    kinds = {item.labels[attribute].type for item in items.values()}
    if len(kinds) > 1:
        raise _wrong(f"label {attribute} is of several types: {', '.join(sorted(kinds))}", "")
    (kind,) = kinds
    bases = [row for row in MODALITIES.values() if row.review is None and row.output_type == kind]
    reviews = {row.review: row for base in bases for row in reviews_of(base)}
    for review in PREFERRED:
        if review in reviews:
            return reviews[review]
    raise _wrong(
        f"Ground Truth has no review of labels of type {kind}",
        "boxes, masks, video frames and point clouds can be reviewed (docs/modalities.md)",
    )


# --- parts ---------------------------------------------------------------------------------------


def _clips(
    told: list[Finding],
    items: Mapping[int, LabeledItem],
    sequences: Mapping[int, Sequence],
    wanted: Wanted,
    audit: Audit,
) -> list[Json]:
    """Manifest lines of clips around the flagged frames; their files go into the audit."""
    flags: dict[int, list[FrameFlag]] = defaultdict(list)
    for one in told:
        if one.frameNo is not None:
            flags[one.item].append(
                FrameFlag(one.frameNo, one.severity.rank * 1e6 + excess(one), one.sentence)
            )
    for at in items:
        if at not in sequences or sequences[at].file is None:
            raise _wrong(
                f"item {at} is no sequence whose frames are known, so no clip can be cut of it",
                "leave --clips out, or give the manifest that names the sequence file: --manifest",
            )
    lengths = {at: _frames_of(sequences[at]) for at in items}
    assert wanted.context is not None
    plan = clips.plan(flags, lengths, context=wanted.context, budget=None)
    if not plan:
        raise TerraceError("no finding names a frame", "leave --clips out")
    audit.frames = sum(len(clip.frames) for clip in plan)
    lines = []
    for number, clip in enumerate(plan, start=1):
        folder = f"clips/{number:03}"
        for name, document in _cut(number, clip, sequences[clip.place]).items():
            audit.files[f"{folder}/{name}"] = json.dumps(document, ensure_ascii=False) + "\n"
        lines.append(_clip_line(folder, items[clip.place], wanted))
    return lines


def _cut(number: int, clip: Clip, whole: Sequence) -> dict[str, Json]:
    """A clip's sequence file, and its part of the labels."""
    assert whole.file is not None
    names = [whole.file.frames[at] for at in clip.frames]
    return {
        "sequence.json": cut_sequence(whole.file.document, names, number),
        "SeqLabel.json": cut_labels(whole.document, whole.file.frames, names),
    }


def _clip_line(folder: str, item: LabeledItem, wanted: Wanted) -> Json:
    about = item.data[f"{wanted.attribute}{manifest.METADATA}"]
    return {
        "source-ref": joined(wanted.folder, f"{folder}/sequence.json"),
        wanted.attribute: joined(wanted.folder, f"{folder}/SeqLabel.json"),
        f"{wanted.attribute}{manifest.METADATA}": about,
    }


def _instructions(told: list[Finding], items: Mapping[int, LabeledItem], wanted: Wanted) -> Json:
    given = wanted.categories.get("instructions")
    texts = given if isinstance(given, dict) else {}
    own = Instructions(
        **{
            key: texts[key]
            for key in ("shortInstruction", "fullInstruction")
            if isinstance(texts.get(key), str)
        }
    )
    names = {at: _known_as(item) for at, item in items.items()}
    short, full = instructions(
        told,
        own,
        list_uri=joined(wanted.folder, "findings.jsonl"),
        names=names,
        clips=wanted.context is not None,
    )
    return {"shortInstruction": short, "fullInstruction": full}


def _known_as(item: LabeledItem) -> str:
    """An image by its file; a sequence by its sequence file, whose extension tells nothing."""
    file = basename(str(item.data.get("source-ref", "")))
    stem, extension = splitext(file)
    return (stem if extension == ".json" else file) or f"item {item.number}"


def _request(modality: Modality, wanted: Wanted, audit: Audit, more: Json) -> Json:
    batch_id = wanted.batch_id or f"directed-audit-{_digest(wanted, audit)}"
    request = {
        "batchId": batch_id,
        "labelingJobs": [
            {
                "jobName": f"{batch_id}-review",
                "jobLevel": 1,
                "jobModality": modality.name,
                "inputConfig": {
                    "inputManifestS3Uri": joined(wanted.folder, "audit.manifest"),
                    "auditLabelAttributeName": wanted.attribute,
                },
                "labelCategoryConfigS3Uri": joined(wanted.folder, "categories.json"),
                **more,
            }
        ],
    }
    try:
        BatchRequest.model_validate(request)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise _wrong(
            f"the request would be refused: {where}: {first['msg']}",
            "a shorter or plainer --batch-id: letters, digits and single dashes, at most 53",
        ) from error
    return request


def _digest(wanted: Wanted, audit: Audit) -> str:
    """The same for the same findings about the same items: twice the same audit is one batch.

    Without the metadata of labels, in which the time stands.
    """
    about = f"{wanted.attribute}{manifest.METADATA}"
    lines = [json.loads(line) for line in audit.files["audit.manifest"].split("\n") if line]
    bare = [{key: value for key, value in line.items() if key != about} for line in lines]
    files = {name: text for name, text in audit.files.items() if name != "audit.manifest"}
    content = json.dumps([wanted.folder, bare, files], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:10]


def _frames_of(sequence: Sequence) -> int:
    if sequence.file is not None:
        return len(sequence.file.frames)
    return sum(len(rows) for rows in sequence.document.values() if isinstance(rows, list))


def _labels(document: Json) -> list[Json]:
    """Every label of a SeqLabel.json, whatever its shape."""
    holders = [document, *(one for one in document.values() if isinstance(one, dict))]
    frames = [
        frame
        for holder in holders
        for rows in holder.values()
        if isinstance(rows, list)
        for frame in rows
        if isinstance(frame, dict)
    ]
    return [
        one
        for frame in frames
        for rows in frame.values()
        if isinstance(rows, list)
        for one in rows
        if isinstance(one, dict)
    ]


def _wrong(message: str, hint: str) -> TerraceError:
    return TerraceError(message, hint, EXIT_WRONG)
