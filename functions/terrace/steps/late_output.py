"""Labels that were there only after their attempt had been written off.

An attempt may be on record without an output: its manifest came late, could not be read at the
time, or belongs to a labeling job that came to be after its claim was given up. Before anybody is
asked again for its items, the place where Ground Truth writes is looked at once more.
"""

from terrace.domain.records import AttemptRecord, Counters, JobRecord
from terrace.domain.settle import Output
from terrace.ports import LabelingJob, ObjectStore
from terrace.steps.job_output import look_at_output
from terrace.steps.start_job import output_path


def look_again(job: JobRecord, objects: ObjectStore, bucket: str) -> JobRecord:
    """The job, with the output of its newest attempt that has left one unnoticed.

    Only attempts after the last known output are looked at, and one is taken: attempts without
    an output were given the same items, whose labels must not be counted twice.

    Raises:
        TerraceError: the place cannot be looked at, so nothing is known of the labels.
    """
    for place in range(len(job.attempts) - 1, -1, -1):
        attempt = job.attempts[place]
        if attempt.outputManifestS3Uri is not None:
            break
        if not attempt.made or attempt.inputManifestS3Uri is None:
            continue
        found = _left_by(job, place, objects, bucket)
        if found is not None:
            attempts = [*job.attempts[:place], found, *job.attempts[place + 1 :]]
            return job.model_copy(update={"attempts": attempts})
    return job


def _left_by(job: JobRecord, place: int, objects: ObjectStore, bucket: str) -> AttemptRecord | None:
    attempt = job.attempts[place]
    then = job.model_copy(
        update={
            "attempt": attempt.attempt,
            "attempts": job.attempts[:place],
            "inputManifestS3Uri": attempt.inputManifestS3Uri,
            "linesS3Uri": attempt.linesS3Uri,
        }
    )
    labeling_job = LabelingJob(
        name=attempt.name,
        arn="",
        status=attempt.status,
        counters=Counters(),
        createdAt=0.0,
        outputPath=output_path(bucket, then),
    )
    seen = look_at_output(then, labeling_job, objects)
    if seen.kind is not Output.readable:
        return None
    return attempt.model_copy(
        update={
            "outputManifestS3Uri": seen.uri,
            "numItems": seen.summary.lines,
            "numItemsLabeled": len(seen.summary.labeled),
        }
    )
