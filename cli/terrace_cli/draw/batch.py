"""What of a batch is drawn: the outputs of the jobs at the ends of its lanes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from terrace.domain.modalities import MODALITIES
from terrace_cli.errors import EXIT_WRONG, TerraceError

Json = dict[str, Any]


@dataclass(frozen=True)
class Part:
    """One manifest of a batch."""

    job: str
    place: str
    attributes: tuple[str, ...]
    categories: str | None


def parts(shown: Json, wanted: Sequence[str]) -> list[Part]:
    """The manifests to draw, in the order of the request.

    Args:
        shown: the answer of `GET /batch/show`.
        wanted: names of jobs; none: those that no other job with an output goes on from.

    Raises:
        TerraceError: a job is not in the batch, or has no output; or none has.
    """
    rows = {str(row.get("labelingJobName")): row for row in _rows(shown)}
    having = {name: row for name, row in rows.items() if row.get("jobOutputS3Uri")}
    for name in wanted:
        if name not in having:
            problem = "has no output yet" if name in rows else "is no job of the batch"
            raise TerraceError(
                f"{name} {problem}",
                f"jobs with an output: {', '.join(having) or 'none'}",
                EXIT_WRONG,
            )
    if not having:
        raise TerraceError(
            f"the batch {shown.get('batchId')} ({shown.get('status')}) has no outputs yet",
            "wait for its jobs: terrace watch",
        )
    followed = {row.get("chainFromJobName") for row in having.values()}
    chosen = wanted or [name for name in having if name not in followed]
    return [_part(name, having[name], rows) for name in chosen]


def _rows(shown: Json) -> list[Json]:
    levels = [level for level in shown.values() if isinstance(level, dict) and "jobLevels" in level]
    return [row for level in levels for row in level["jobLevels"] or []]


def _part(name: str, row: Json, rows: dict[str, Json]) -> Part:
    attributes = [str(row["labelAttributeName"])]
    labels = row
    # A verdict is a caption: what was judged is drawn with it.
    while _judges(labels) and labels.get("chainFromJobName") in rows:
        labels = rows[labels["chainFromJobName"]]
        attributes.append(str(labels["labelAttributeName"]))
    categories = labels.get("labelCategoryS3Uri")
    return Part(name, row["jobOutputS3Uri"], tuple(attributes), categories)


def _judges(row: Json) -> bool:
    modality = MODALITIES.get(str(row.get("jobModality")))
    return modality is not None and modality.verdict_labels
