"""Reading what labeling jobs left behind, and merging a job's attempts into one manifest."""

from collections.abc import Iterator
from dataclasses import dataclass

from terrace.domain import manifest, outputs, s3uri
from terrace.domain.outputs import AttemptOutput, ManifestSummary
from terrace.domain.privacy import names_a_worker, pseudonymous
from terrace.domain.records import AttemptRecord, JobRecord
from terrace.domain.settle import Output
from terrace.errors import NotFoundError
from terrace.ports import LabelingJob, ObjectStore


@dataclass(frozen=True)
class SeenOutput:
    """An attempt's output manifest, counted against the manifest that went in."""

    uri: str
    kind: Output
    problem: str | None
    summary: ManifestSummary


def texts(objects: ObjectStore, uri: str) -> Iterator[str]:
    """The lines of a manifest, worker identities as pseudonyms: what is read here is handed on."""
    return (pseudonymous(line.text) for line in objects.read_lines(uri))


def look_at_output(job: JobRecord, found: LabelingJob, objects: ObjectStore) -> SeenOutput:
    """Reads the attempt's output manifest beside its input, and holds it against the counters.

    Of an input that its owner has deleted while people worked, the number of items is known.
    Fewer labels than Ground Truth counted is a contradiction: labels that people made are not
    in the file. More is not: the labels are there to be read.
    """
    uri = found.outputManifestS3Uri or s3uri.join(
        found.outputPath, found.name, "manifests/output/output.manifest"
    )
    given = job.inputManifestS3Uri
    if given is None:
        raise ValueError(f"{job.attemptName} ended, but its row knows no input manifest")
    try:
        objects.head(uri)
    except NotFoundError:
        return SeenOutput(uri, Output.absent, f"{uri} does not exist", ManifestSummary())
    try:
        summary = _count(job, uri, given, objects)
    except ValueError as error:
        return SeenOutput(uri, Output.broken, str(error), ManifestSummary())
    if summary.broken is not None:
        problem = f"{summary.broken.path}: {summary.broken.problem}"
        return SeenOutput(uri, Output.broken, problem, summary)
    if len(summary.labeled) < found.counters.totalLabeled:
        problem = (
            f"{uri} holds {len(summary.labeled)} labels, but the labeling job's counters say "
            f"{found.counters.totalLabeled}"
        )
        return SeenOutput(uri, Output.broken, problem, summary)
    return SeenOutput(uri, Output.readable, None, summary)


def _count(job: JobRecord, uri: str, given: str, objects: ObjectStore) -> ManifestSummary:
    attribute = job.labelAttributeName
    if objects.exists(given):
        return outputs.compare(texts(objects, uri), texts(objects, given), attribute, uri)
    summary = outputs.summarize(texts(objects, uri), attribute, uri)
    expected = (job.numItems or 0) - sum(attempt.numItemsLabeled for attempt in job.attempts)
    if summary.broken is None and job.numItems is not None and summary.lines != expected:
        raise ValueError(f"{uri} has {summary.lines} lines, not {expected} as its input had")
    return summary


def merged_output(
    job: JobRecord, attempts: list[AttemptRecord], objects: ObjectStore, bucket: str
) -> str | None:
    """Where the job's whole output is: the only attempt's own, or all attempts merged.

    Writing it again gives the same bytes, so a repeated settle changes nothing; and each merge has
    a file of its own, so that a late one, which knows fewer attempts, takes nothing away.
    """
    readable = [attempt for attempt in attempts if attempt.outputManifestS3Uri is not None]
    if not readable:
        return None
    alone = len(attempts) == 1 and job.givenManifestS3Uri is None
    if alone and not _names_workers(job, readable[0], objects):
        return readable[0].outputManifestS3Uri
    name = f"a{attempts[-1].attempt}"
    if job.givenManifestS3Uri is not None:
        name += f"-of-{job.givenManifestS3Uri.rsplit('/', 2)[1]}"
    folder = s3uri.of(bucket, "batches", job.batchId, "outputs", job.jobName, "merged", name)
    uri = s3uri.join(folder, "output.manifest")
    parts = [
        AttemptOutput(texts(objects, attempt.outputManifestS3Uri or ""), lines_of(attempt, objects))
        for attempt in readable
    ]
    merged = outputs.merge(_job_lines(job, readable[0], objects), parts, job.labelAttributeName)
    objects.write_lines(uri, merged)
    return uri


def _names_workers(job: JobRecord, attempt: AttemptRecord, objects: ObjectStore) -> bool:
    """Whether an output may not be handed on as it is: only a Lambda not of AWS names workers."""
    if job.spec.annotationConsolidationLambdaArn is None:
        return False
    lines = objects.read_lines(attempt.outputManifestS3Uri or "")
    return any(names_a_worker(line.text) for line in lines)


def _job_lines(job: JobRecord, first: AttemptRecord, objects: ObjectStore) -> Iterator[str]:
    """The job's own lines: written for a retry, or from what an attempt at all of them gave back.

    Its input may be a user's file, which may have been replaced or deleted since.
    """
    if job.givenManifestS3Uri is not None:
        yield from texts(objects, job.givenManifestS3Uri)
        return
    if first.linesS3Uri is not None or first.outputManifestS3Uri is None:
        raise ValueError(f"{job.jobName}: no attempt at all of its items left an output manifest")
    for _, item, _ in outputs.split(
        texts(objects, first.outputManifestS3Uri), job.labelAttributeName
    ):
        yield manifest.text_without(item, job.labelAttributeName)


def labeled_by(job: JobRecord, objects: ObjectStore) -> set[int]:
    """The job's own items that one of its ended attempts has labeled."""
    found: set[int] = set()
    for attempt in job.attempts:
        if attempt.outputManifestS3Uri is None:
            continue
        lines = lines_of(attempt, objects)
        for index, _, labeled in outputs.split(
            texts(objects, attempt.outputManifestS3Uri), job.labelAttributeName
        ):
            if labeled:
                found.add(lines[index] if lines is not None else index)
    return found


def lines_of(attempt: AttemptRecord, objects: ObjectStore) -> list[int] | None:
    """For each line of the attempt's manifest, the job's own line; None: all of them."""
    if attempt.linesS3Uri is None:
        return None
    found: list[int] = objects.get_json(attempt.linesS3Uri)
    return found
