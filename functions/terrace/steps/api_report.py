"""GET /batch/report: the report on a batch; for one in progress, what the rows know so far."""

import json
from dataclasses import dataclass
from typing import Any

from terrace.domain.problems import Problem
from terrace.domain.quality import report_rows
from terrace.domain.quality.report import ReportPointer
from terrace.domain.records import BatchRecord
from terrace.domain.status import BatchStatus
from terrace.errors import NotFoundError
from terrace.ports import BatchStore, Clock, ObjectStore
from terrace.steps.api_errors import DataDeletedError, InvalidRequestError, unknown_batch
from terrace.steps.api_show import URL_SECONDS, well_formed

ANSWER_MAX_BYTES = 4_000_000
"""Lambda answers at most 6 MB, in which the body is a JSON text with its quotes escaped."""
WAITING = "the report on the labels is not written (yet): this is what the rows say"

REFUSED = "the request was refused, and nothing ran: no report on labels is written"


@dataclass(frozen=True)
class Report:
    """The step with its ports."""

    store: BatchStore
    objects: ObjectStore
    clock: Clock

    def one(self, batch_id: str | None) -> dict[str, Any]:
        """The batch's report, or where it is.

        Raises:
            InvalidRequestError: no batch was named.
            UnknownBatchError: there is no such batch.
            DataDeletedError: its data, the report with it, was deleted.
        """
        if not batch_id:
            raise InvalidRequestError("The query is not valid.", [_NO_BATCH])
        found = self.store.load(batch_id) if well_formed(batch_id) else None
        if found is None:
            raise unknown_batch(batch_id)
        batch, jobs = found
        if batch.deletedAt is not None:
            raise _deleted(batch_id)
        written = self._written(batch)
        if written is not None:
            return written
        request = self.objects.get_json(batch.requestS3Uri)
        refused = batch.status is BatchStatus.VALIDATION_FAIL
        problems = [REFUSED if refused else WAITING] if batch.ended else []
        report = report_rows.of_rows(batch, jobs, request, self.clock.now(), problems=problems)
        return report.model_dump(mode="json")

    def _written(self, batch: BatchRecord) -> dict[str, Any] | None:
        uri = batch.reportS3Uri
        if uri is None or batch.report is None:
            return None
        try:
            size = self.objects.head(uri).size
        except NotFoundError:
            return None
        if size > ANSWER_MAX_BYTES:
            pointer = ReportPointer(
                batchId=batch.batchId,
                complete=batch.report.complete,
                reportS3Uri=uri,
                reportUrl=self.objects.presign(uri, URL_SECONDS),
            )
            return pointer.model_dump(mode="json")
        found: dict[str, Any] = self.objects.get_json(uri)
        return found


_NO_BATCH = Problem(
    path="batchId",
    code="MISSING",
    problem="is not given",
    fix="GET /batch/report?batchId=...; GET /batch/show lists the batches",
)


def _deleted(batch_id: str) -> DataDeletedError:
    return DataDeletedError(
        "The data of this batch was deleted.",
        [
            Problem(
                path="batchId",
                code="DATA_DELETED",
                problem=f"the data of batch {json.dumps(batch_id)}, its report included, "
                "was deleted",
                fix="GET /batch/show?batchId=... still says how it ended",
            )
        ],
    )
