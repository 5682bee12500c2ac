"""PostAnnotation: the answers that workers gave in a Custom job, made into labels."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from terrace.domain import consolidation, json_values
from terrace.domain.consolidation import Consolidated
from terrace.errors import PermanentError
from terrace.ports import BatchStore, ObjectStore
from terrace.steps.labeling_job_row import row_of

PAYLOAD_MAX = 64 * 1024 * 1024
"""Bytes of a payload file, a tenth of the function's memory; answers of text are far smaller."""


class Payload(BaseModel):
    """Where the answers are."""

    model_config = ConfigDict(hide_input_in_errors=True)

    s3Uri: str


class PostAnnotationInput(BaseModel):
    """Ground Truth's event; `labelCategories`, `roleArn` and what it may add are not needed."""

    model_config = ConfigDict(hide_input_in_errors=True)

    labelingJobArn: str
    labelAttributeName: str
    payload: Payload


class PostAnnotation:
    """One call: the answers of some data objects of one labeling job."""

    def __init__(self, store: BatchStore, objects: ObjectStore) -> None:
        self._store = store
        self._objects = objects

    def run(self, event: PostAnnotationInput) -> Consolidated:
        """See `domain.consolidation.consolidate`.

        Raises:
            ValueError: where the payload file is no JSON list.
        """
        payload = self._objects.get_json(event.payload.s3Uri, PAYLOAD_MAX)
        try:
            shown = self._shown(event.labelingJobArn, consolidation.ids(payload))
        except (PermanentError, ValueError):
            # Gone, or changed: labels are worth more than the record of what they replace.
            shown = None
        return consolidation.consolidate(
            payload, event.labelAttributeName, originals=shown, fetch=self._fetch
        )

    def _shown(self, arn: str, wanted: set[str]) -> dict[str, Any] | None:
        """By datasetObjectId, the earlier labels that workers were shown; None: not known."""
        job = row_of(arn, self._store)
        if job is None or job.inputManifestS3Uri is None:
            return None
        if job.auditedAttributeName is None:
            return {}
        found = {}
        lines = self._objects.read_lines(job.inputManifestS3Uri)
        for index, line in enumerate(line for line in lines if line.text.strip()):
            if str(index) in wanted:
                data = json_values.parse(line.text, f"{job.inputManifestS3Uri} line {line.number}")
                found[str(index)] = data.get(job.auditedAttributeName)
        return found

    def _fetch(self, uri: str) -> Any:
        try:
            return self._objects.get_json(uri)
        except PermanentError as error:
            raise ValueError(f"its answer cannot be read: {error}") from error
