"""What is really in a text, a video clip or a whole picture: its classes and named spans.

An *item truth* is one JSON file per folder, ``items.truth.json``::

    {"note.txt": {"labels": ["sad"],
                  "entities": [{"startOffset": 0, "endOffset": 3, "label": "Person"}]}}

It lies where an image truth lies (see `truth`). Texts that stand in the manifest itself are looked
up by their whole text in the file that their line names in a key of its own, which Ground Truth
passes through: ``"truth-ref": "s3://bucket/.../items.truth.json"``; without it, in
``.terrace-truth/items.truth.json`` of the manifest's bucket.
"""

import json
from dataclasses import dataclass
from posixpath import dirname, join
from typing import Any

from terrace_local.workers.truth import TRUTH_PREFIX, TruthError, split_s3

ITEMS_FILE = "items.truth.json"
TRUTH_REF = "truth-ref"


@dataclass(frozen=True)
class Span:
    """Characters ``start`` to ``end`` (excluded) of a text, and what they name."""

    start: int
    end: int
    label: str


@dataclass(frozen=True)
class ItemTruth:
    """What people could find out about one object; the first of ``labels`` matters most."""

    labels: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """This object's part of the file's content."""
        entities = [
            {"startOffset": span.start, "endOffset": span.end, "label": span.label}
            for span in self.spans
        ]
        return {"labels": list(self.labels), "entities": entities}

    @staticmethod
    def from_json(data: Any) -> "ItemTruth":
        """Reads one object's part of a file.

        Raises:
            TruthError: when a field is missing or of the wrong type.
        """
        try:
            labels = tuple(str(label) for label in data.get("labels", []))
            spans = tuple(
                Span(int(row["startOffset"]), int(row["endOffset"]), str(row["label"]))
                for row in data.get("entities", [])
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise TruthError(f"not an item truth: {error!r}") from error
        return ItemTruth(labels, spans)


def all_items(data: Any) -> dict[str, ItemTruth]:
    """Reads a file's content.

    Raises:
        TruthError: when it is no item truth.
    """
    if not isinstance(data, dict):
        raise TruthError("an item truth file maps file names or texts to what is in them")
    return {name: ItemTruth.from_json(row) for name, row in data.items()}


def items_truth_key(source_ref: str) -> str:
    """Key of the file for an object's folder, in the object's own bucket."""
    return join(TRUTH_PREFIX + dirname(split_s3(source_ref)[1]), ITEMS_FILE)


def write_item_truth(s3: Any, place: str, truths: dict[str, ItemTruth]) -> str:
    """Hides the truth of a folder of objects, or of inline texts; returns the S3 URI written.

    Args:
        s3: A boto3 S3 client.
        place: ``s3://bucket/<dir>/``, the folder of the objects; for texts that stand in
            manifests the manifests' ``s3://bucket/``.
        truths: File name, or whole text, of each object -> what is really in it.
    """
    bucket = split_s3(place)[0]
    key = items_truth_key(place.rstrip("/") + "/any")
    body = json.dumps({name: truth.to_json() for name, truth in truths.items()}).encode()
    s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")
    return f"s3://{bucket}/{key}"
