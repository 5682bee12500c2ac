"""What of batches is exported: their final manifests, and the category files of their jobs."""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from terrace.domain import categories as category_files
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
    """Category files by job, each read when it is asked for.

    Jobs of two batches may have one name. Where the labels of one file go on from those of the
    other, class ids are as in the longer one.
    """

    read: Callable[[str], Any]
    uris: dict[str, list[str]] = field(default_factory=dict)
    """By job: the file of each batch that has one, once each."""
    _chosen: dict[str, Any] = field(default_factory=dict)

    def add(self, shown: Json) -> None:
        """The files of one batch's jobs.

        Args:
            shown: the answer of `GET /batch/show`.
        """
        for job, uri in category_uris(shown).items():
            known = self.uris.setdefault(job, [])
            if uri not in known:
                known.append(uri)

    def __getitem__(self, job: str) -> Any:
        """The file of a job.

        Raises:
            TerraceError: it is no category file; those of two batches contradict each other.
        """
        uris = self.uris[job]
        if job not in self._chosen:
            found = [(uri, self._file(uri)) for uri in uris]
            longest = max(found, key=lambda one: _lengths(one[1]))
            for one in found:
                _check_goes_on(job, one, longest)
            self._chosen[job] = longest[1]
        return self._chosen[job]

    def _file(self, uri: str) -> Json:
        found = self.read(uri)
        if not isinstance(found, dict):
            raise TerraceError(f"{uri} is no label category file", '{"labels": [...]}', EXIT_WRONG)
        return found

    def __contains__(self, job: object) -> bool:
        return job in self.uris

    def __iter__(self) -> Iterator[str]:
        return iter(self.uris)

    def __len__(self) -> int:
        return len(self.uris)


def _check_goes_on(job: str, one: tuple[str, Json], longest: tuple[str, Json]) -> None:
    """Refuses a file whose labels the longest one does not begin with."""
    (uri, short), (longest_uri, long) = one, longest
    for names in (category_files.label_names, _points):
        there = names(short)
        if names(long)[: len(there)] != there:
            raise TerraceError(
                f"the batches have different label category files for the job {job}: {uri} and "
                f"{longest_uri}, and neither's labels go on from the other's",
                "export the batches one by one, or with --attribute the lanes that agree",
                EXIT_WRONG,
            )


def _lengths(config: Json) -> tuple[int, int]:
    return len(category_files.label_names(config)), len(_points(config))


def _points(config: Json) -> list[Any]:
    """Names of a skeleton's points."""
    points = config.get(category_files.KEYPOINTS)
    listed = points if isinstance(points, list) else []
    return [point.get("label") for point in listed if isinstance(point, dict)]


def manifests(shown: Json, include: Sequence[str]) -> list[str]:
    """The final manifests of a batch that are wanted; an outcome that no item has is left out.

    Args:
        shown: the answer of `GET /batch/show`.
        include: outcomes.

    Raises:
        TerraceError: the batch has not ended, its manifests are not written, or its data
            was deleted.
    """
    name = shown.get("batchId")
    outputs = shown.get("outputs") or {}
    if shown.get("status") == "IN_PROGRESS":
        raise TerraceError(
            f"the batch {name} has not ended yet",
            f"wait for it: terrace watch {name}",
        )
    if shown.get("deletedAt"):
        raise TerraceError(
            f"the data of the batch {name} was deleted at {shown['deletedAt']}",
            "there is nothing left of it to export",
            EXIT_WRONG,
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


def left_out(
    lines: Iterable[str], include: Collection[str], attributes: Collection[str]
) -> Counter[str]:
    """Lines of final manifests that have no label that is taken, by what became of its lanes.

    Args:
        lines: of manifests that were read without a fault before.
        include: outcomes; an accepted label is always taken.
        attributes: those that were asked for; empty: all.

    Worked number: of 10 lines, 2 that a reviewer rejected in the lane asked for: rejected 2.
    """
    found: Counter[str] = Counter()
    for line in filter(str.strip, lines):
        lanes = [one for one in json.loads(line)["terrace"]["lanes"] if _asked(one, attributes)]
        statuses = {str(one.get("status")) for one in lanes}
        if not statuses & {"accepted", *include}:
            found["rejected" if "rejected" in statuses else "unlabeled"] += 1
    return found


def _asked(lane: Json, attributes: Collection[str]) -> bool:
    made = {lane.get("attribute"), *(one.get("attribute") for one in lane.get("history") or [])}
    return not attributes or not made.isdisjoint(attributes)


def category_uris(shown: Json) -> dict[str, str]:
    """The category file of each job of a batch."""
    levels = [level for level in shown.values() if isinstance(level, dict) and "jobLevels" in level]
    rows = [row for level in levels for row in level["jobLevels"] or []]
    return {
        str(row["labelingJobName"]): row["labelCategoryS3Uri"]
        for row in rows
        if row.get("labelCategoryS3Uri")
    }
