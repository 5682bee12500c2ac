"""A lot on trial: were the labels of the sample wrong, and what follows for all that it stands for.

A label of the sample was wrong if the review changed it, or called it a Fail, or gave no answer:
what nobody could judge is no proof of anything.
"""

import json
from collections.abc import Iterator

from terrace.domain import manifest, modalities, outputs, s3uri
from terrace.domain.gates_where import verdict_of
from terrace.domain.json_reading import UnreadableError
from terrace.domain.label_reading import read_item
from terrace.domain.manifest import Item
from terrace.domain.quality import changes
from terrace.domain.records import GateResult, JobRecord, LotResult
from terrace.errors import AccessDeniedError, NotFoundError
from terrace.ports import ObjectStore
from terrace.steps import lane, mask_files
from terrace.steps.gate import manifest_line
from terrace.steps.job_output import merged_output, texts


class Lots:
    """Judges lots. Repeating it says the same."""

    def __init__(self, objects: ObjectStore, batch_bucket: str) -> None:
        self._objects = objects
        self._bucket = batch_bucket

    def judge(self, job: JobRecord) -> LotResult:
        """The job's lot with what its sample says of it.

        Raises:
            ValueError: the job has no lot.
        """
        lot = _lot(job)
        # What checks flagged was sent beside the sample, and says nothing of the lot.
        sample = self._sample(job)
        wrong = sum(
            1 for place, item in self._answers(job) if place in sample and self._wrong(job, item)
        )
        return lot.model_copy(update={"wrong": wrong, "accepted": wrong <= lot.allowed})

    def reject(
        self, job: JobRecord, judged: LotResult, waiting: set[int], folder: str
    ) -> GateResult:
        """The gate's result once everything is sent, with the decisions written anew."""
        gate = job.gate
        if gate is None:
            raise ValueError(f"{job.jobName} has no gate")
        why = (
            f"{judged.wrong} of the {judged.looked} items of the sample were wrong, "
            f"{judged.allowed} allowed: everything is sent"
        )

        def rows() -> Iterator[str]:
            for text in texts(self._objects, gate.decisionsS3Uri):
                row = json.loads(text)
                if row["item"] in waiting:
                    row |= {"sent": True, "reasons": [why]}
                yield manifest_line(row)

        uri = s3uri.join(folder, "decisions.jsonl")
        self._objects.write_lines(uri, rows())
        return gate.model_copy(
            update={
                "lot": judged,
                "selected": gate.selected + len(waiting),
                "decisionsS3Uri": uri,
            }
        )

    def _sample(self, job: JobRecord) -> set[int]:
        """Places of the items that were sent to judge the lot by."""
        decisions = job.gate.decisionsS3Uri if job.gate is not None else ""
        rows = (json.loads(text) for text in texts(self._objects, decisions))
        return {row["item"] for row in rows if row["sent"] and row.get("sample")}

    def _answers(self, job: JobRecord) -> Iterator[tuple[int, Item]]:
        """Each of the job's own items as it came back, with its place in the lane."""
        uri = merged_output(job, job.attempts, self._objects, self._bucket)
        if uri is None or job.carriedS3Uri is None:
            raise ValueError(f"{job.jobName}: its sample left no output")
        places: list[int] = self._objects.get_json(lane.selected_uri(job.carriedS3Uri))
        for index, item, _ in outputs.split(texts(self._objects, uri), job.labelAttributeName):
            yield places[index], item

    def _wrong(self, job: JobRecord, item: Item) -> bool:
        attribute, audited = job.labelAttributeName, job.auditedAttributeName or ""
        if not manifest.is_labeled(item, attribute):
            return True
        if modalities.get(job.spec.jobModality).verdict_labels:
            said = manifest.metadata(item.data, attribute).get("class-name")
            return verdict_of(said) != "pass"
        try:
            labels = read_item(item).labels
            return changes.item_changed(
                labels[audited],
                labels[attribute],
                documents=self._objects.get_json,
                digest=mask_files.digester(self._objects),
            )
        except (UnreadableError, NotFoundError, AccessDeniedError, KeyError, ValueError):
            # A label that cannot be compared proves nothing.
            return True


def incomplete_reason(job: JobRecord, labeled: int, items: int) -> str:
    """Why a job whose lot was accepted is still not complete."""
    return (
        f"{labeled} of {items} items were labeled after {len(job.attempts)} attempt(s); the lot "
        "was accepted without the others"
    )


def _lot(job: JobRecord) -> LotResult:
    lot = job.gate.lot if job.gate is not None else None
    if lot is None:
        raise ValueError(f"{job.jobName} has no lot")
    return lot
