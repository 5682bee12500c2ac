"""The hidden truth of items that have no boxes: texts, clips, and images as a whole.

One JSON file per folder of items, ``items.truth.json``, maps each item to what is true of it::

    {"clip1.webm": {"classes": ["Car"]},
     "<SHA-256 of the text>": {"classes": ["Praise"],
                               "entities": [{"startOffset": 0, "endOffset": 5, "label": "City"}]}}

Items with a ``source-ref`` in bucket B are named by their file name; their truth file is
``.terrace-truth/<dir>/items.truth.json`` in B. Inline texts (``source``) have no bucket: they are
named by the SHA-256 of their UTF-8 bytes, and their manifest line says where the truth is, in a
key of its own that Ground Truth passes through: ``"truth-ref": "s3://B/.../items.truth.json"``.

Offsets count characters (code points), the end is exclusive.
"""

import hashlib
import json
from dataclasses import dataclass
from posixpath import dirname, join
from typing import Any

from terrace_local.workers.truth import TRUTH_PREFIX, TruthError, split_s3

ITEMS_FILE = "items.truth.json"
TRUTH_REF = "truth-ref"


@dataclass(frozen=True)
class Entity:
    """A stretch of a text and what it names."""

    start: int
    end: int
    label: str


@dataclass(frozen=True)
class ItemTruth:
    """What is true of one item.

    Attributes:
        classes: Every class that applies, the one that applies most first.
        entities: Of a text: what its stretches name, in order.
    """

    classes: tuple[str, ...] = ()
    entities: tuple[Entity, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """This item's part of the file's content (see the module's docstring)."""
        data: dict[str, Any] = {"classes": list(self.classes)}
        if self.entities:
            data["entities"] = [
                {"startOffset": e.start, "endOffset": e.end, "label": e.label}
                for e in self.entities
            ]
        return data

    @staticmethod
    def from_json(data: Any) -> "ItemTruth":
        """Reads one item's part of a file.

        Raises:
            TruthError: when a field is missing or of the wrong type.
        """
        try:
            entities = tuple(
                Entity(int(row["startOffset"]), int(row["endOffset"]), str(row["label"]))
                for row in data.get("entities", [])
            )
            return ItemTruth(tuple(str(name) for name in data.get("classes", [])), entities)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise TruthError(f"not an item truth: {error!r}") from error


def text_name(text: str) -> str:
    """What an inline text is called in a truth file."""
    return hashlib.sha256(text.encode()).hexdigest()


def items_truth_key(source_ref: str) -> str:
    """Key of the truth file of all items in an item's folder, in the item's own bucket."""
    _, key = split_s3(source_ref)
    return join(TRUTH_PREFIX + dirname(key), ITEMS_FILE)


def items_truth_body(truths: dict[str, ItemTruth]) -> bytes:
    """The file's content, for a folder of items."""
    content = {name: truth.to_json() for name, truth in truths.items()}
    return json.dumps(content, ensure_ascii=False).encode()
