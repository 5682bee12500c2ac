"""What the labels of one job say, for its report: one sequence at a time in memory."""

from dataclasses import dataclass
from typing import Any

from terrace.domain import modalities
from terrace.domain.records import BatchRecord, JobRecord
from terrace.ports import ObjectStore
from terrace.steps import report_answers, report_findings, report_sequences
from terrace.steps.report_changes import Comparison
from terrace.steps.report_items import Items
from terrace.steps.write_report import LookedAt

ONLY_JUDGED = "people judged labels, and changed none: see the job that it chains from"
NOTHING_BEFORE = "it labeled what had no label before"
NO_CHECK = "no check is made for labels of this kind"


@dataclass(frozen=True)
class LabelExaminer:
    """Reads a job's output, the labels it was made from, and its workers' answers."""

    objects: ObjectStore

    def __call__(
        self, batch: BatchRecord, job: JobRecord, source: JobRecord | None, folder: str
    ) -> LookedAt:
        """Fields of the job's report that come from labels.

        Raises:
            TerraceError: the job's manifest cannot be read.
        """
        if job.outputManifestS3Uri is None:
            raise ValueError(f"{job.jobName} left no output")
        modality = modalities.get(job.spec.jobModality)
        items = Items(self.objects, job.outputManifestS3Uri)
        fields: dict[str, Any] = {}
        why: dict[str, str] = {}

        if modality.verdict_labels:
            why["findings"] = why["series"] = ONLY_JUDGED
        elif modality.custom:
            why["findings"] = why["series"] = NO_CHECK
        elif modality.output_shape == "frames":
            found, series = report_sequences.of_sequences(items, job, self.objects, folder)
            fields["findings"] = report_findings.summed(found, items.count, folder, self.objects)
            fields["series"] = series
        else:
            found = report_findings.of_items(items, job.labelAttributeName)
            fields["findings"] = report_findings.summed(found, items.count, folder, self.objects)
            why["series"] = "its items are no sequences of frames"

        answers, unreadable = report_answers.read(job, self.objects)
        if answers:
            agreement, workers = report_answers.summary(job, answers)
            fields["agreement"] = {**agreement, "unreadable": unreadable[:20]}
            fields["workers"] = workers
        else:
            why["agreement"] = why["workers"] = report_answers.NO_ANSWERS

        before = job.auditedAttributeName
        if before is None:
            why["changes"] = NOTHING_BEFORE
        else:
            workers_of = report_answers.single_workers(answers)
            compared = Comparison(self.objects, before, job.labelAttributeName, workers_of)
            against = source.jobName if source is not None else f"the given labels ({before})"
            fields["changes"] = compared.run(items, against)
        gold_uri = job.spec.inputConfig.goldManifestS3Uri
        if gold_uri is None:
            why["gold"] = "it has no gold items"
        elif modality.verdict_labels or modality.custom:
            why["gold"] = NO_CHECK
        else:
            fields["gold"] = report_answers.gold(job, gold_uri, items, answers, self.objects)
        return LookedAt(fields, why)
