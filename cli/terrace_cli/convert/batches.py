"""What of batches is exported: their final manifests, and the category files of their jobs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from terrace_cli.errors import EXIT_WRONG, TerraceError

Json = dict[str, Any]
OUTPUTS = {
    "accepted": "finalManifestS3Uri",
    "rejected": "rejectedManifestS3Uri",
    "unlabeled": "unlabeledManifestS3Uri",
}
"""Outcomes of items, and the output of a batch that lists them."""


@dataclass
class Categories(Mapping[str, Any]):
    """Category files by job, each read when it is asked for."""

    read: Callable[[str], Any]
    uris: dict[str, str] = field(default_factory=dict)
    _read: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, job: str) -> Any:
        uri = self.uris[job]
        if uri not in self._read:
            found = self.read(uri)
            if not isinstance(found, dict):
                raise TerraceError(
                    f"{uri} is no label category file", '{"labels": [...]}', EXIT_WRONG
                )
            self._read[uri] = found
        return self._read[uri]

    def __iter__(self) -> Iterator[str]:
        return iter(self.uris)

    def __len__(self) -> int:
        return len(self.uris)


def manifests(shown: Json, include: Sequence[str]) -> list[str]:
    """The final manifests of a batch that are wanted; an outcome that no item has is left out.

    Args:
        shown: the answer of `GET /batch/show`.
        include: outcomes.

    Raises:
        TerraceError: the batch has not ended, or its manifests are not written.
    """
    name = shown.get("batchId")
    outputs = shown.get("outputs") or {}
    if shown.get("status") == "IN_PROGRESS":
        raise TerraceError(
            f"the batch {name} has not ended yet",
            f"wait for it: terrace watch {name}",
        )
    if not any(outputs.get(key) for key in OUTPUTS.values()):
        if not shown.get("toldAt") and outputs.get("deliveryProblem") is None:
            raise TerraceError(
                f"the batch {name} has ended, and is still being delivered",
                f"wait for it: terrace watch {name}",
            )
        told = (outputs.get("deliveryProblem"), outputs.get("recordProblem"))
        why = "; ".join(one for one in told if one)
        raise TerraceError(
            f"the batch {name} ({shown.get('status')}) has no final manifest"
            + (f": {why}" if why else ""),
            "outputs of single jobs: terrace convert <jobOutputS3Uri> (terrace show)",
        )
    return [outputs[OUTPUTS[one]] for one in dict.fromkeys(include) if outputs.get(OUTPUTS[one])]


def category_uris(shown: Json) -> dict[str, str]:
    """The category file of each job of a batch."""
    levels = [level for level in shown.values() if isinstance(level, dict) and "jobLevels" in level]
    rows = [row for level in levels for row in level["jobLevels"] or []]
    return {
        str(row["labelingJobName"]): row["labelCategoryS3Uri"]
        for row in rows
        if row.get("labelCategoryS3Uri")
    }
