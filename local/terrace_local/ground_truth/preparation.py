"""From a request to a job whose tasks can be shown: reads and checks all of its input."""

from typing import Any

from terrace_local.ground_truth.categories import Categories, parse_categories
from terrace_local.ground_truth.families import FAMILIES
from terrace_local.ground_truth.families.base import Invoke, Prepared
from terrace_local.ground_truth.jobs import Job
from terrace_local.ground_truth.manifest import Line, parse_manifest
from terrace_local.ground_truth.s3files import InputProblem, S3Files
from terrace_local.ground_truth.worker_page import WorkerPage
from terrace_local.workers.crew import Crew
from terrace_local.workers.mix import ErrorMix
from terrace_local.workers.truth_source import TruthSource

# Ground Truth sends ten objects first, to see that the task works, then sets of
# MaxConcurrentTaskCount.
PROBE_OBJECTS = 10
CONCURRENT_OBJECTS = 1_000

_NO_PERSONAL_DATA = "FreeOfPersonallyIdentifiableInformation"


def read_lines(job: Job, files: S3Files) -> list[Line]:
    """The job's input manifest.

    Raises:
        InputProblem: when it cannot be read or is not one.
    """
    uri = job.request["InputConfig"]["DataSource"]["S3DataSource"]["ManifestS3Uri"]
    body = files.read(uri, "the input manifest")
    return parse_manifest(body, uri, job.task_type.max_objects)


def read_categories(job: Job, files: S3Files) -> Categories:
    """The job's category file; a custom job may have none.

    Raises:
        InputProblem: when it cannot be read or breaks a rule.
    """
    uri = job.request.get("LabelCategoryConfigS3Uri")
    if uri is None:
        return Categories((), (), "BoundingBox", None)
    return parse_categories(
        files.read_json(uri, "the label category configuration file"), job.task_type
    )


def read_page(job: Job, files: S3Files) -> WorkerPage | None:
    """The job's worker task template; None where AWS keeps the worker UI.

    Raises:
        InputProblem: when it cannot be read, is too long or no Liquid template.
    """
    uri = job.request["HumanTaskConfig"]["UiConfig"].get("UiTemplateS3Uri")
    if uri is None:
        return None
    text = files.read(uri, "the worker task template").decode("utf-8", "replace")
    return WorkerPage(text, uri, files.presign)


def prepare(
    job: Job,
    files: S3Files,
    truths: TruthSource,
    people: tuple[ErrorMix, int],
    pace: float,
    *,
    invoke: Invoke,
) -> Prepared:
    """Reads the manifest, category file, template and items of a job.

    Args:
        job: The job.
        files: S3 as the job's role sees it.
        truths: What simulated workers know.
        people: Error mix and seed.
        pace: Simulated seconds in a real one.
        invoke: Calls a Lambda function with the job's role.

    Raises:
        InputProblem: its text is the job's FailureReason.
    """
    mix, seed = people
    request: dict[str, Any] = job.request
    human_task = request["HumanTaskConfig"]
    _check_public(job)
    lines = read_lines(job, files)
    categories = read_categories(job, files)
    page = read_page(job, files)
    per_item = human_task["NumberOfHumanWorkersPerDataObject"]
    # A line that holds the attribute is labeled; what is left of a failed attempt is metadata
    # without the attribute, and is labeled again.
    todo = [index for index, line in enumerate(lines) if job.attribute not in line.data]
    prepared = Prepared(
        job_name=job.name,
        root=job.root,
        attribute=job.attribute,
        task_type=job.task_type,
        categories=categories,
        people_per_item=per_item,
        lines=lines,
        todo=todo,
        files=files,
        crew=Crew(job.workteam_arn, job.region, mix, seed, at_least=per_item),
        truths=truths,
        seconds_per_second=pace,
        iteration_of=_iterations(todo, human_task.get("MaxConcurrentTaskCount")),
        arn=job.arn,
        request=request,
        page=page,
        invoke=invoke,
    )
    FAMILIES[job.task_type.family].prepare(prepared, page.text if page is not None else None)
    return prepared


def _check_public(job: Job) -> None:
    """What goes to Mechanical Turk must be declared free of personal data.

    Raises:
        InputProblem: when it is not: the job fails, its request was accepted.
    """
    attributes = job.request["InputConfig"].get("DataAttributes", {})
    declared = attributes.get("ContentClassifiers", [])
    if "/public-crowd/" in job.workteam_arn and _NO_PERSONAL_DATA not in declared:
        raise InputProblem(
            f"ClientError: ContentClassifiers must hold {_NO_PERSONAL_DATA} for the public "
            "workforce."
        )


def _iterations(todo: list[int], concurrent: int | None) -> dict[int, int]:
    size = concurrent or CONCURRENT_OBJECTS
    return {
        index: 1 if place < PROBE_OBJECTS else 2 + (place - PROBE_OBJECTS) // size
        for place, index in enumerate(todo)
    }
