"""What a Custom job's pages are given: the answer of the pre-annotation function.

Contract: Ground Truth guide, "Custom labeling: Lambda requirements" (version 2018-10-16; real
events carry 2018-10-06).
"""

from typing import Any

from terrace.domain import json_values
from terrace.domain.manifest import SOURCES

Json = Any


def task_input(data_object: dict[str, Json], labels: list[str] | None) -> dict[str, Json]:
    """The whole answer for one data object.

    Args:
        data_object: the manifest's line, as Ground Truth sends it.
        labels: names of the job's label category file, in its order; None where it has none.

    Returns:
        `taskInput` with `taskObject` (the text, or the S3 URI of the file), `dataObject` (the
        line, which holds the answers of earlier jobs) and `labels`; a template reads them as
        `task.input.…`. And that people are asked.

    Raises:
        ValueError: where the line names no data object.
    """
    source = next((data_object[key] for key in SOURCES if key in data_object), None)
    if not isinstance(source, str):
        raise ValueError(f"dataObject has neither {' nor '.join(SOURCES)}")
    return {
        "taskInput": json_values.sendable(
            {"taskObject": source, "dataObject": data_object, "labels": labels}
        ),
        "isHumanAnnotationRequired": "true",
    }


def labeling_job_name(arn: str) -> str:
    """A labeling job's name by its ARN: lower case, as Ground Truth writes it there."""
    return arn.rsplit("/", 1)[-1].lower()
