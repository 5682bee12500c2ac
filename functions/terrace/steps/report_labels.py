"""What the labels of one job say, for its report: one sequence at a time in memory."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from terrace.domain import modalities
from terrace.domain.records import BatchRecord, JobRecord
from terrace.errors import TransientError
from terrace.ports import ObjectStore
from terrace.steps import report_answers, report_findings, report_sequences
from terrace.steps.report_changes import Comparison
from terrace.steps.report_items import Items
from terrace.steps.write_report import LookedAt, in_words

ONLY_JUDGED = "people judged labels, and changed none: see the job that it chains from"
NOTHING_BEFORE = "it labeled what had no label before"
NO_CHECK = "no check is made for labels of this kind"


NO_CLIPS = "people were given clips, and its gold items are whole sequences"
Parts = dict[str, Any]


@dataclass(frozen=True)
class LabelExaminer:
    """Reads a job's output, the labels it was made from, and its workers' answers."""

    objects: ObjectStore

    def __call__(
        self, batch: BatchRecord, job: JobRecord, source: JobRecord | None, folder: str
    ) -> LookedAt:
        """Fields of the job's report that come from labels.

        What cannot be read costs the part it belongs to, and no other.

        Raises:
            TransientError: it cannot be read just now.
        """
        if job.outputManifestS3Uri is None:
            raise ValueError(f"{job.jobName} left no output")
        return _Examination(self.objects, job, job.outputManifestS3Uri, source, folder).run()


class _Examination:
    """Of one job."""

    def __init__(
        self,
        objects: ObjectStore,
        job: JobRecord,
        manifest: str,
        source: JobRecord | None,
        folder: str,
    ) -> None:
        self.objects, self.job, self.source, self.folder = objects, job, source, folder
        self.modality = modalities.get(job.spec.jobModality)
        self.items = Items(objects, manifest)
        self.answers: report_answers.Answers = {}
        self.fields: Parts = {}
        self.why: dict[str, str] = {}
        self.problems: list[str] = []

    def run(self) -> LookedAt:
        """Part by part."""
        self._part(("findings", "series"), self._findings)
        self._part(("agreement", "workers"), self._agreement)
        self._part(("changes",), self._changes)
        self._part(("gold",), self._gold)
        return LookedAt(self.fields, self.why, tuple(self.problems))

    def _part(self, names: tuple[str, ...], make: Callable[[], Parts]) -> None:
        try:
            self.fields.update(make())
        except TransientError:
            raise
        except Exception as error:  # noqa: BLE001
            # The text of what is no TerraceError may quote labels.
            said = f"could not be {in_words(error)}"
            self.why.update(dict.fromkeys(names, f"it {said}"))
            self.problems.append(f"its {' and '.join(names)} {said}")

    def _findings(self) -> Parts:
        attribute = self.job.labelAttributeName
        if self.modality.verdict_labels or self.modality.custom:
            reason = ONLY_JUDGED if self.modality.verdict_labels else NO_CHECK
            self.why["findings"] = self.why["series"] = reason
            return {}
        fields: Parts = {}
        if self.modality.output_shape == "frames":
            found, checked, fields["series"] = report_sequences.of_sequences(
                self.items, self.job, self.objects, self.folder
            )
        else:
            found, checked = report_findings.of_items(self.items, attribute)
            self.why["series"] = "its items are no sequences of frames"
        fields["findings"] = report_findings.summed(found, checked, self.folder, self.objects)
        return fields

    def _agreement(self) -> Parts:
        self.answers, unreadable = report_answers.read(self.job, self.objects)
        if not self.answers:
            self.why["agreement"] = self.why["workers"] = report_answers.NO_ANSWERS
            return {}
        agreement, workers = report_answers.summary(self.job, self.answers)
        return {"agreement": {**agreement, "unreadable": unreadable[:20]}, "workers": workers}

    def _changes(self) -> Parts:
        before = self.job.auditedAttributeName
        if before is None:
            self.why["changes"] = NOTHING_BEFORE
            return {}
        workers_of = report_answers.single_workers(self.answers)
        compared = Comparison(self.objects, before, self.job.labelAttributeName, workers_of)
        source = self.source
        against = source.jobName if source is not None else f"the given labels ({before})"
        return {"changes": compared.run(self.items, against)}

    def _gold(self) -> Parts:
        uri = self.job.spec.inputConfig.goldManifestS3Uri
        if uri is None:
            self.why["gold"] = "it has no gold items"
        elif self.modality.verdict_labels or self.modality.custom:
            self.why["gold"] = NO_CHECK
        elif self.job.wholesS3Uri is not None:
            self.why["gold"] = NO_CLIPS
        else:
            found = report_answers.gold(self.job, uri, self.items, self.answers, self.objects)
            if found["items"]:
                return {"gold": found}
            self.why["gold"] = _no_gold(uri, found["problems"])
        return {}


def _no_gold(uri: str, problems: list[str]) -> str:
    said = f"none of its items is a gold item of {uri}"
    return f"{said}; of that file cannot be used: {problems[0]}" if problems else said
