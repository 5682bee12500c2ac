"""The output of a review of clips as everybody else reads one: a line for every whole item.

Ground Truth's own manifest of such a job has a line for each clip. Beside it, at the end of the
batch, stands one of all items of the lane with their latest labels.
"""

from collections.abc import Iterable

from terrace.domain.records import JobRecord
from terrace.errors import PermanentError
from terrace.ports import ObjectStore
from terrace.steps import lane


def write_whole_outputs(
    jobs: Iterable[JobRecord], objects: ObjectStore
) -> tuple[list[str], list[str]]:
    """Writes it for every review of clips that left an output. Repeating it writes the same bytes.

    Returns:
        Names of the jobs whose file is there now; what could not be written, and why.
    """
    written, problems = [], []
    for job in jobs:
        uri = job.wholeOutputS3Uri
        if uri is None or job.outputManifestS3Uri is None:
            continue
        try:
            objects.write_lines(uri, (item.item.text for item in lane.after(job, objects)))
        except (PermanentError, ValueError) as error:
            problems.append(f"whole items of {job.jobName}: {error}")
        else:
            written.append(job.jobName)
    return written, problems
