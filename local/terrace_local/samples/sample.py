"""A sample: the input of one labeling job, in memory, with the truth that nobody is shown."""

import json
import mimetypes
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from terrace_local.workers.item_truth import ItemTruth
from terrace_local.workers.truth import split_s3

MANIFEST = "items.manifest"
LABELS = "labels.json"
PAGE = "page.liquid.html"
THREADS = 8


@dataclass(frozen=True)
class Sample:
    """What a labeling job starts from.

    Attributes:
        base: `s3://bucket/prefix/` that the files name one another by.
        files: Path below `base` -> content: everything workers may see.
        truth: Key in the bucket -> content: what is really on the items.
    """

    base: str
    files: dict[str, bytes]
    truth: dict[str, bytes]

    @property
    def manifest_uri(self) -> str:
        """The input manifest."""
        return self.base + MANIFEST

    @property
    def categories_uri(self) -> str:
        """The label category file."""
        return self.base + LABELS

    @property
    def items(self) -> int:
        """Lines of the manifest."""
        return len(self.files[MANIFEST].splitlines())

    def upload(self, s3: Any) -> int:
        """Puts everything into its bucket; returns the number of objects written.

        Args:
            s3: A boto3 S3 client (its clients may be shared by threads).
        """
        bucket, prefix = split_s3(self.base)
        objects = {prefix + path: body for path, body in self.files.items()} | self.truth

        def put(key: str) -> None:
            kind = mimetypes.guess_type(key)[0] or "application/octet-stream"
            s3.put_object(Bucket=bucket, Key=key, Body=objects[key], ContentType=kind)

        with ThreadPoolExecutor(THREADS) as pool:
            # list() so that the first failed upload is raised here.
            return len(list(pool.map(put, objects)))


def manifest(lines: list[dict[str, Any]]) -> bytes:
    """JSON Lines."""
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()


def as_json(content: Any) -> bytes:
    """A JSON file for people."""
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


def simple_labels(names: list[str], **more: Any) -> bytes:
    """A category file of images, texts and clips."""
    rows = [{"label": name} for name in names]
    return as_json({"document-version": "2018-11-28", "labels": rows, **more})


def items_truth(truths: dict[str, ItemTruth]) -> bytes:
    """A truth file of texts or clips."""
    return as_json({name: truth.to_json() for name, truth in truths.items()})
