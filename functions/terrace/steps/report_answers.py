"""What several workers' answers say: how far they agree, and how well each of them did."""

from statistics import median
from typing import Any

from terrace.domain import modalities
from terrace.domain.privacy import pseudonym
from terrace.domain.quality import agreement_summary, gold_truth
from terrace.domain.quality import gold as gold_scores
from terrace.domain.records import JobRecord
from terrace.domain.worker_responses import WorkerAnswer
from terrace.ports import ObjectStore
from terrace.steps import mask_files
from terrace.steps.gate_answers import answers
from terrace.steps.job_output import texts
from terrace.steps.report_items import Items

Answers = dict[int, tuple[WorkerAnswer, ...]]
TOLD = 20
"""Lines of a gold manifest of which the report says what is wrong."""
NO_ANSWERS = "Ground Truth left no worker responses for it"


def read(job: JobRecord, objects: ObjectStore) -> tuple[Answers, list[str]]:
    """By the place of the item in the job's output, and what could not be read."""
    found, unreadable = answers(job, None, objects)
    return found, [why for _, why in unreadable]


def single_workers(found: Answers) -> dict[int, str]:
    """By place, the pseudonym of who made a label, where exactly one person did."""
    return {
        place: pseudonym(given[0].worker_id)
        for place, given in found.items()
        if len({one.worker_id for one in given}) == 1
    }


def summary(job: JobRecord, found: Answers) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Agreement, and the workers' table. Workers are pseudonyms."""
    shape = modalities.get(job.spec.jobModality).output_shape
    told = agreement_summary.summary(found, shape).to_dict()
    workers = told.pop("table")
    if not workers:
        workers = _counted(found)
    return told, workers


def gold(
    job: JobRecord, uri: str, items: Items, found: Answers, objects: ObjectStore
) -> dict[str, Any]:
    """Scores of the labels, and of each worker, on the items whose label was known.

    `problems`: lines of the gold manifest that are no gold items, by the rule that the batch's
    check and the gate read it.

    Raises:
        TerraceError: the gold manifest cannot be read.
    """
    attribute = job.auditedAttributeName or job.labelAttributeName
    known = gold_truth.read(texts(objects, uri), uri=uri, attribute=attribute)
    report = gold_scores.score(
        items,
        known,
        job.labelAttributeName,
        answers=found,
        documents=objects.get_json,
        masks=mask_files.reader(objects),
    )
    wrong = [f"{one.path}: {one.problem} ({one.fix})" for one in known.problems[:TOLD]]
    return {**report.to_dict(), "problems": wrong}


def _counted(found: Answers) -> list[dict[str, Any]]:
    """Workers of a job whose answers cannot be compared: how much each did, and in what time."""
    seconds: dict[str, list[float | None]] = {}
    for given in found.values():
        for one in given:
            seconds.setdefault(pseudonym(one.worker_id), []).append(one.seconds)
    return [
        {"worker": worker, "answers": len(times), "seconds": _median(times)}
        for worker, times in sorted(seconds.items())
    ]


def _median(times: list[float | None]) -> float | None:
    known = [time for time in times if time is not None]
    return median(known) if known else None
