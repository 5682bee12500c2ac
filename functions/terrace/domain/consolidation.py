"""Answers of a Custom job's workers, made into labels: what the post-annotation function returns.

Contract: Ground Truth guide, "Custom labeling: Lambda requirements". The payload is a list of
`{datasetObjectId, dataObject, annotations: [{workerId, annotationData: {content | s3Uri}}]}`,
`content` a JSON string with the fields of the worker's form; the answer is a list of
`{datasetObjectId, consolidatedAnnotation: {content: {<label attribute>: …}}}`, to which Ground
Truth adds the metadata. One bad answer costs nobody else's: it is left out, and named.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from terrace.domain import json_values, manifest, skeleton_answers
from terrace.domain.privacy import pseudonym

Json = Any

RESPONSE_MAX = 6_000_000
"""Bytes. Lambda refuses an answer above 6 MB, and with it every label of the call."""


LABEL_MAX = manifest.ATTRIBUTE_MAX
"""Characters of a label that a chained job can read as an attribute of its manifest."""


@dataclass(frozen=True)
class Skipped:
    """An answer that made no label. Says nothing of what the answer held."""

    datasetObjectId: str
    worker: str | None
    """Pseudonym; None where the whole data object is skipped."""
    why: str


@dataclass
class Consolidated:
    """Labels, and the answers that made none."""

    labels: list[dict[str, Json]] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)


@dataclass(frozen=True)
class _Answer:
    worker: str
    content: dict[str, Json]


def consolidate(
    payload: Json,
    label_attribute: str,
    *,
    originals: Mapping[str, Json] | None = None,
    fetch: Callable[[str], Json] | None = None,
    response_max: int = RESPONSE_MAX,
) -> Consolidated:
    """One label for each data object that has an answer which can be used.

    Args:
        payload: the parsed payload file.
        label_attribute: `labelAttributeName` of the event.
        originals: by datasetObjectId, the labels that the workers were shown; None: not known.
        fetch: reads an answer that Ground Truth put into S3 instead of the payload; ValueError
            where there is none to be read.
        response_max: bytes the answer may have as JSON.

    Raises:
        ValueError: where the payload is no list at all.
    """
    if not isinstance(payload, list):
        raise ValueError("the payload is no JSON list of data objects")
    found = Consolidated()
    for data_object in payload:
        label = _label(data_object, originals, fetch, found.skipped)
        if label is not None:
            found.labels.append(
                {
                    "datasetObjectId": data_object["datasetObjectId"],
                    "consolidatedAnnotation": {"content": {label_attribute: label}},
                }
            )
    _fit(found, label_attribute, response_max)
    return found


def ids(payload: Json) -> set[str]:
    """The datasetObjectIds of a payload, as far as it can be read."""
    objects = payload if isinstance(payload, list) else []
    return {str(one.get("datasetObjectId")) for one in objects if isinstance(one, dict)}


def _label(
    data_object: Json,
    originals: Mapping[str, Json] | None,
    fetch: Callable[[str], Json] | None,
    skipped: list[Skipped],
) -> Json:
    """The label of one data object, or None where no answer of it can be used."""
    if not isinstance(data_object, dict) or "datasetObjectId" not in data_object:
        skipped.append(Skipped("?", None, "it is no data object with a datasetObjectId"))
        return None
    name = str(data_object["datasetObjectId"])
    annotations = data_object.get("annotations")
    if not isinstance(annotations, list) or not annotations:
        skipped.append(Skipped(name, None, "it has no list of annotations"))
        return None
    answers, skeletons = [], []
    for annotation in annotations:
        worker = _worker(annotation)
        try:
            answer = _Answer(worker, _content(annotation, fetch))
            if skeleton_answers.is_one(answer.content):
                skeletons.append((worker, skeleton_answers.read(answer.content)))
            else:
                answers.append(answer)
        except ValueError as error:
            skipped.append(Skipped(name, worker, str(error)))
    if skeletons:
        # The same page for every worker: an answer of another kind was made by no such page.
        skipped += [Skipped(name, other.worker, "it is no skeleton answer") for other in answers]
        source = data_object.get("dataObject")
        records = [
            skeleton_answers.record(
                answer,
                dataset_object_id=name,
                source=source.get("s3Uri") if isinstance(source, dict) else None,
                worker=worker,
                original=skeleton_answers.UNKNOWN if originals is None else originals.get(name),
            )
            for worker, answer in skeletons
        ]
        # Points of several people are not averaged: whose skeleton is whose is not known.
        label = records[0] | ({"other_answers": records[1:]} if len(records) > 1 else {})
        if len(manifest.dump(label)) > LABEL_MAX:
            _without_originals(label)
        return label
    if answers:
        return {"workers": [{"workerId": one.worker, "answer": one.content} for one in answers]}
    return None


def _worker(annotation: Json) -> str:
    identity = annotation.get("workerId") if isinstance(annotation, dict) else None
    return pseudonym(identity if isinstance(identity, str) else "")


def _content(annotation: Json, fetch: Callable[[str], Json] | None) -> dict[str, Json]:
    """The fields of one worker's form.

    Raises:
        ValueError: says what is wrong and never quotes the answer.
    """
    data = annotation.get("annotationData") if isinstance(annotation, dict) else None
    if not isinstance(data, Mapping):
        raise ValueError("it has no annotationData")
    content = data.get("content")
    if content is None and isinstance(data.get("s3Uri"), str) and fetch is not None:
        content = fetch(data["s3Uri"])
    if isinstance(content, str):
        content = json_values.parse(content, "annotationData.content")
    if not isinstance(content, dict):
        raise ValueError("annotationData.content is no JSON object")
    made: dict[str, Json] = json_values.sendable(content)
    return made


def _fit(found: Consolidated, label_attribute: str, response_max: int) -> None:
    """Keeps the answer below Lambda's limit, at the cost of as little as possible.

    What workers were shown goes first: it is on the manifest's line anyway. Then the largest
    labels, one by one, each named: their items are given to people again.
    """
    sizes = [_size(label) for label in found.labels]
    if sum(sizes) + 2 <= response_max:
        return
    for label in found.labels:
        _without_originals(label["consolidatedAnnotation"]["content"][label_attribute])
    sizes = [_size(label) for label in found.labels]
    total, out = sum(sizes) + 2, set()
    for index in sorted(range(len(sizes)), key=lambda at: -sizes[at]):
        if total <= response_max:
            break
        total -= sizes[index]
        out.add(index)
        name = str(found.labels[index]["datasetObjectId"])
        why = f"its label has {sizes[index]} bytes, and all of a call at most {response_max}"
        found.skipped.append(Skipped(name, None, why))
    found.labels = [label for index, label in enumerate(found.labels) if index not in out]


def _without_originals(label: dict[str, Json]) -> None:
    """Takes out what workers were shown: the manifest's line has it under the earlier attribute."""
    if "original_annotations" in label:
        for record in (label, *label.get("other_answers", [])):
            record["original_annotations"] = None


def _size(label: Json) -> int:
    """Bytes as JSON at most (escaped ASCII), with a comma."""
    return len(json.dumps(label)) + 2
