"""The output of a review of clips as everybody else reads one: a line for every whole item.

Ground Truth's own manifest of such a job has a line for each clip. Beside it, at the end of the
batch, stands one of all items of the lane with their latest labels.
"""

from collections.abc import Iterable

from terrace.domain import s3uri
from terrace.domain.records import JobRecord
from terrace.errors import PermanentError
from terrace.ports import ObjectStore
from terrace.steps import lane


def whole_output_uri(bucket: str, job: JobRecord) -> str:
    """Where it is, for a job with `wholesS3Uri`."""
    folder = ("batches", job.batchId, "outputs", job.jobName, "whole")
    return s3uri.of(bucket, *folder, "output.manifest")


def write_whole_outputs(jobs: Iterable[JobRecord], objects: ObjectStore, bucket: str) -> list[str]:
    """Writes it for every review of clips that left an output; what could not be, and why.

    Repeating it writes the same bytes.
    """
    problems = []
    for job in jobs:
        if job.wholesS3Uri is None or job.outputManifestS3Uri is None:
            continue
        try:
            lines = (item.item.text for item in lane.after(job, objects))
            objects.write_lines(whole_output_uri(bucket, job), lines)
        except (PermanentError, ValueError) as error:
            problems.append(f"whole items of {job.jobName}: {error}")
    return problems
