"""A lane's items between two jobs: every item with its latest label, in the lane's own order.

A job may have been given only some of its lane's items (a sample, those that carry a label). What
was not given is *carried*: kept in a file beside the job, with its latest label and the reason, so
that the next job of the lane, and the end of the batch, see every item.
"""

import heapq
import json
import math
from collections.abc import Iterator

from msgspec import Struct

from terrace.domain import gates_sample, manifest, modalities, outputs, s3uri
from terrace.domain.gates import NOT_IN_SAMPLE
from terrace.domain.manifest import METADATA, Item
from terrace.domain.problems import Problem
from terrace.domain.records import JobRecord
from terrace.ports import ObjectStore
from terrace.steps.clip_answers import after_clips
from terrace.steps.job_output import texts

ACCEPTED = NOT_IN_SAMPLE
"""Why an item was carried although nothing is wrong with it; in carried files written before they
said `accepted`, the only such reason."""
_MAXIMA = {
    "MANIFEST_LINE_TOO_LONG": manifest.LINE_MAX,
    "MANIFEST_ATTRIBUTE_TOO_LONG": manifest.ATTRIBUTE_MAX,
}


class LaneItem(Struct, frozen=True):
    """One item of a lane."""

    index: int
    """Position in the lane, from 0."""
    item: Item
    attribute: str | None
    """The attribute that holds its latest label; None: it has none."""
    why: str = ""
    """Why it has no label, an older one, or no verdict on the one it has; or why it stands."""
    accepted: bool = False
    """`why` is no complaint: the label stands as it is, by the rule of a job's gate or sample."""


def carried_uri(bucket: str, batch_id: str, job_name: str) -> str:
    return s3uri.of(bucket, "batches", batch_id, "inputs", job_name, "carried.manifest")


def selected_uri(carried: str) -> str:
    """Beside the carried items: for each line that was given to people, its place in the lane."""
    return carried.removesuffix("carried.manifest") + "selected.json"


def label_attribute(job: JobRecord) -> str:
    """The attribute in which a job leaves the lane's label: a verdict is not one."""
    if modalities.get(job.spec.jobModality).makes_base_labels:
        return job.labelAttributeName
    return job.auditedAttributeName or job.labelAttributeName


def after(source: JobRecord, objects: ObjectStore) -> Iterator[LaneItem]:
    """The lane's items after a job of it has ended."""
    carried = source.carriedS3Uri
    given = _given(source, objects) if source.wholesS3Uri is None else _wholes(source, objects)
    if carried is None:
        return given
    return heapq.merge(given, carried_items(source, objects), key=lambda lane: lane.index)


def _given(source: JobRecord, objects: ObjectStore) -> Iterator[LaneItem]:
    """What the job gave to people, with what came back."""
    if source.outputManifestS3Uri is None:
        return
    places: list[int] | None = None
    if source.carriedS3Uri is not None:
        places = objects.get_json(selected_uri(source.carriedS3Uri))
    attribute = label_attribute(source)
    older = source.auditedAttributeName
    for index, item, labeled in outputs.split(
        texts(objects, source.outputManifestS3Uri), attribute
    ):
        place = places[index] if places is not None else index
        why = _unanswered(source, item)
        if labeled:
            yield LaneItem(place, item, attribute, why)
            continue
        has_older = older is not None and manifest.is_labeled(item, older)
        yield LaneItem(place, item, older if has_older else None, why)


def _wholes(source: JobRecord, objects: ObjectStore) -> Iterator[LaneItem]:
    """The items of which clips went to people, with what came back for those frames."""
    older, newer = source.auditedAttributeName, label_attribute(source)
    for whole in after_clips(source, objects):
        item = Item(whole.place + 1, manifest.dump(whole.data), whole.data)
        yield LaneItem(whole.place, item, newer if whole.answered else older, whole.why)


def _unanswered(job: JobRecord, item: Item) -> str:
    """Why the job gave no answer for an item; empty where it did.

    A verification answers in an attribute of its own, beside the lane's label.
    """
    if manifest.is_labeled(item, job.labelAttributeName):
        return ""
    failed = manifest.failure_reason(item, job.labelAttributeName)
    return f"{job.jobName}: {failed}" if failed else f"not labeled by {job.jobName}"


def carried_items(job: JobRecord, objects: ObjectStore) -> Iterator[LaneItem]:
    """What a job did not give to people, in the lane's order; nothing where it gave all."""
    uri = job.carriedS3Uri
    if uri is None:
        return
    lot = job.gate.lot if job.gate is not None else None
    for number, text in enumerate(texts(objects, uri), start=1):
        found = json.loads(text)
        why = found["why"]
        stands = found.get("accepted", why == ACCEPTED)
        if found.get("lot") and (lot is None or not lot.accepted):
            earlier = "" if stands else f"{why}; "
            stands, why = False, f"{earlier}not looked at, and {job.jobName} did not vouch for it"
        item = Item(number, manifest.dump(found["line"]), found["line"])
        yield LaneItem(found["index"], item, found["attribute"], why, stands)


def accepted(job: JobRecord, objects: ObjectStore) -> set[int]:
    """Places of the items that a job carried, and with which nothing is wrong."""
    return {item.index for item in carried_items(job, objects) if item.accepted}


def waiting(carried: str, objects: ObjectStore) -> list[int]:
    """Places of the carried items that are accepted only if the job's lot is."""
    lines = (json.loads(text) for text in texts(objects, carried))
    return [found["index"] for found in lines if found.get("lot")]


def carried_reasons(carried: str, objects: ObjectStore) -> dict[int, str]:
    """By place, why each carried item was not given to people."""
    lines = (json.loads(text) for text in texts(objects, carried))
    return {found["index"]: found["why"] for found in lines}


def starts_labeled(first: JobRecord) -> bool:
    """True if a lane's first job reviews labels that its items came with."""
    return first.spec.inputConfig.auditLabelAttributeName is not None


def start_uri(first: JobRecord) -> str | None:
    """The manifest from which `before` reads what a lane's first job was given."""
    if first.carriedS3Uri is not None:
        return first.jobInputS3Uri
    return first.spec.inputConfig.inputManifestS3Uri


def before(first: JobRecord, objects: ObjectStore) -> Iterator[LaneItem]:
    """The lane's items as they were when its first job was to begin."""
    uri = start_uri(first)
    if uri is None:
        raise ValueError(f"{first.jobName} starts a lane, and names no manifest")
    attribute = first.auditedAttributeName or first.spec.inputConfig.auditLabelAttributeName
    if first.carriedS3Uri is not None:
        return heapq.merge(
            _not_given(first, first.carriedS3Uri, uri, attribute, objects),
            carried_items(first, objects),
            key=lambda lane: lane.index,
        )
    if attribute is not None:
        return of_manifest(uri, attribute, objects)
    return (
        LaneItem(index, item, None) for index, item, _ in outputs.split(texts(objects, uri), "")
    )


def _not_given(
    job: JobRecord, carried: str, uri: str, attribute: str | None, objects: ObjectStore
) -> Iterator[LaneItem]:
    """What was prepared for people, and never came back from them."""
    places: list[int] = objects.get_json(selected_uri(carried))
    for index, item, _ in outputs.split(texts(objects, uri), job.labelAttributeName):
        yield LaneItem(places[index], item, attribute)


def of_manifest(uri: str, attribute: str, objects: ObjectStore) -> Iterator[LaneItem]:
    """The items of a manifest that starts a lane with a review."""
    for found in manifest.read(texts(objects, uri), uri=uri):
        if isinstance(found, Problem):
            # The problem's own text may quote the item, and errors are logged.
            raise ValueError(f"{found.path}: {found.code} ({found.fix})")
        labeled = manifest.is_labeled(found, attribute)
        why = "" if labeled else f"it does not carry {attribute}"
        yield LaneItem(found.index, found, attribute if labeled else None, why)


def too_long(text: str) -> str | None:
    """Why Ground Truth would not read a line; None: it does."""
    if len(text) <= manifest.ATTRIBUTE_MAX:
        return None
    found = manifest.parse_line(1, text)
    if isinstance(found, Problem) and found.code in _MAXIMA:
        return f"{found.problem}, Ground Truth reads at most {_MAXIMA[found.code]:,}"
    return None


def carry_line(lane: LaneItem, why: str, *, accepted: bool = False, lot: bool = False) -> str:
    """One line of a carried file. `lot`: the item is accepted only if the job's lot is."""
    return manifest.dump(
        {
            "index": lane.index,
            "attribute": lane.attribute,
            "why": why,
            "accepted": accepted,
            "lot": lot,
            "line": lane.item.data,
        }
    )


def with_attribute(lane: LaneItem, attribute: str) -> str:
    """The item's line with its latest label under the attribute that is going to be reviewed."""
    if lane.attribute is None or lane.attribute == attribute:
        return lane.item.text
    data = dict(lane.item.data)
    data[attribute] = data[lane.attribute]
    metadata = f"{lane.attribute}{METADATA}"
    if metadata in data:
        data[f"{attribute}{METADATA}"] = data[metadata]
    return manifest.dump(data)


def sample(
    indexes: list[int], percent: float, seed: str, taken: frozenset[int] = frozenset()
) -> set[int]:
    """Which items a down-sampling rate selects: seeded by name, so the same at every repetition.

    Worked number: 25 percent of 10 items is ceil(2.5) = 3 items. What is `taken` already stays
    chosen and counts.
    """
    wanted = math.ceil(len(indexes) * percent / 100)
    free = gates_sample.ranked((index for index in indexes if index not in taken), seed)
    return {*taken, *free[: max(0, wanted - len(taken))]}
