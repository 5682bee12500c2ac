"""What the labels of one job say, for its report: one sequence at a time in memory."""

from dataclasses import dataclass

from terrace.domain.quality.report_rows import LOOKED_AT
from terrace.domain.records import BatchRecord, JobRecord
from terrace.ports import ObjectStore
from terrace.steps.write_report import LookedAt


@dataclass(frozen=True)
class LabelExaminer:
    """Reads a job's output and what it was made from."""

    objects: ObjectStore

    def __call__(
        self, batch: BatchRecord, job: JobRecord, source: JobRecord | None, folder: str
    ) -> LookedAt:
        """Fields of the job's report that come from labels.

        Raises:
            TerraceError: a file cannot be read.
        """
        return LookedAt({}, dict.fromkeys(LOOKED_AT, "this is not examined yet"))
