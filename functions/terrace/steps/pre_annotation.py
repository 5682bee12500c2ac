"""PreAnnotation: what a Custom job's page is given for one data object."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from terrace.domain import categories, custom_task
from terrace.ports import BatchStore, ObjectStore
from terrace.steps.labeling_job_row import row_of


class PreAnnotationInput(BaseModel):
    """Ground Truth's event; what it may add is of no concern here."""

    model_config = ConfigDict(hide_input_in_errors=True)

    labelingJobArn: str
    dataObject: dict[str, Any]


class PreAnnotation:
    """One call: one data object.

    Args:
        store: rows of jobs.
        objects: category files.
        labels: by labeling job, what earlier calls found; filled in here. A labeling job's
            categories cannot change.
    """

    def __init__(
        self, store: BatchStore, objects: ObjectStore, labels: dict[str, list[str] | None]
    ) -> None:
        self._store = store
        self._objects = objects
        self._labels = labels

    def run(self, event: PreAnnotationInput) -> dict[str, Any]:
        """See `domain.custom_task.task_input`.

        Raises:
            ValueError: where the data object, or the category file, cannot be read.
        """
        if event.labelingJobArn not in self._labels:
            self._labels[event.labelingJobArn] = self._read_labels(event.labelingJobArn)
        return custom_task.task_input(event.dataObject, self._labels[event.labelingJobArn])

    def _read_labels(self, arn: str) -> list[str] | None:
        job = row_of(arn, self._store)
        if job is None or job.labelCategoryS3Uri is None:
            return None
        return categories.label_names(self._objects.get_json(job.labelCategoryS3Uri)) or None
