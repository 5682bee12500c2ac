"""Is a request right? Every problem in one pass, each with its path and what would be right.

Form (`validation_schema`) and meaning (`validation_jobs`, `validation_chains`) are checked
together: a broken job hides nothing of what is wrong with the others. Pure, and never an
exception, whatever the input. What needs S3 or AWS is checked later, by TransformBatch.
"""

from pydantic import ValidationError

from terrace.domain import defaults, modalities, validation_json, validation_schema
from terrace.domain.limits import Limits
from terrace.domain.problems import Problem
from terrace.domain.request import JOBS_MAX, BatchRequest
from terrace.domain.validation_chains import check_chains
from terrace.domain.validation_exports import check_exports
from terrace.domain.validation_findings import Findings, first_of, shown
from terrace.domain.validation_gates import check_gates
from terrace.domain.validation_jobs import BATCH_ID_MAX, check_job, check_name, check_topic
from terrace.domain.validation_own import check_own_functions, makes_inputs

JOBS_READ_MAX = 2 * JOBS_MAX
"""A longer list is refused anyway; reading all of it could take longer than the API may."""

__all__ = ["Limits", "check_request", "parse", "warnings_of"]

parse = validation_json.parse


def check_request(raw: object, limits: Limits) -> tuple[BatchRequest | None, list[Problem]]:
    """The request, or everything that is wrong with it.

    Args:
        raw: what the body's JSON says.
        limits: what the stack allows.

    Returns:
        The request as sent (defaults are filled in by `defaults.fill`) and no problems, or None
        and at least one problem.
    """
    found = Findings()
    if not isinstance(raw, dict):
        found.add((), "WRONG_TYPE", f"the body is {shown(raw)}", "send one JSON object")
        return None, found.done()
    sent = raw.get("labelingJobs")
    shortened = {**raw, "labelingJobs": first_of(sent, JOBS_READ_MAX)}
    if not validation_json.check_values(shortened, found):
        return None, found.done()
    _check_head(raw, limits, found)
    drafts = _check_jobs(sent, limits, found, made=makes_inputs(raw, limits))
    check_exports(raw.get("exports"), drafts, found)
    if found.problems:
        return None, found.done()
    try:
        return BatchRequest.model_validate(raw), []
    except ValidationError as error:
        validation_schema.note_errors(error, BatchRequest, (), raw, found)
        return None, found.done()


def warnings_of(request: BatchRequest, limits: Limits) -> list[Problem]:
    """What is allowed and still likely to be a mistake; for a request that was found right."""
    found = Findings()
    for index, job in enumerate(defaults.fill(request, limits).labelingJobs):
        modality = modalities.get(job.jobModality)
        limit, availability = defaults.task_times(job, modality)
        path = ("labelingJobs", index, "taskTimeLimitInSeconds")
        if limit > modalities.SEVEN_DAYS:
            found.add(
                path,
                "LONG_TASK_TIME",
                f"is {limit:,} seconds; AWS's guide and API text disagree on more than 604,800",
                "604800 or less is safe",
            )
        if limit > availability:
            found.add(
                path,
                "TASK_TIME_OVER_AVAILABILITY",
                f"is {limit:,} seconds, longer than tasks are offered ({availability:,})",
                "a longer taskAvailabilityLifetimeInSeconds, or a shorter task time",
            )
        if job.uiTemplateS3Uri is not None and job.instructions is not None:
            found.add(
                ("labelingJobs", index, "instructions"),
                "INSTRUCTIONS_NOT_SHOWN",
                "are not put into a worker page of your own",
                "write them into the page at uiTemplateS3Uri, or leave that out for Terrace's page",
            )
    return found.done()


def _check_head(raw: dict[str, object], limits: Limits, found: Findings) -> None:
    """The fields beside the jobs, and what concerns the stack as a whole."""
    if limits.region not in modalities.REGION_ACCOUNTS:
        known = ", ".join(modalities.REGION_ACCOUNTS)
        found.add(
            (),
            "REGION_NOT_SUPPORTED",
            f"this stack is in {limits.region}, where Ground Truth has no built-in tasks",
            f"deploy it to one of {known}",
        )
    validation_schema.check_head(raw, found)
    batch_id = raw.get("batchId")
    if isinstance(batch_id, str) and not found.is_broken("batchId"):
        check_name(("batchId",), batch_id, BATCH_ID_MAX, found)
    topic = raw.get("destinationSnsArn")
    if isinstance(topic, str) and not found.is_broken("destinationSnsArn"):
        check_topic(("destinationSnsArn",), topic, limits, found)
    check_own_functions(raw, limits, found)


def _check_jobs(
    sent: object, limits: Limits, found: Findings, *, made: bool
) -> list[validation_schema.Draft]:
    """The list of jobs and every job in it. `made`: a transformation may make their inputs."""
    path = ("labelingJobs",)
    fix = f"a list of 1 to {JOBS_MAX:,} jobs"
    if sent is None:
        found.broken(path, "REQUIRED", "is missing", fix)
        return []
    if not isinstance(sent, list):
        found.broken(path, "WRONG_TYPE", f"is {shown(sent)}", fix)
        return []
    if not sent:
        found.add(path, "WRONG_LENGTH", "is an empty list", fix)
    if len(sent) > JOBS_MAX:
        found.add(path, "TOO_MANY_JOBS", f"holds {len(sent):,} jobs", f"{fix}; split the batch")
    read = sent[:JOBS_READ_MAX]
    drafts = [validation_schema.draft_of(index, job, found) for index, job in enumerate(read)]
    for draft in drafts:
        if draft.readable:
            check_job(draft, limits, found, made=made)
    check_chains(drafts, found, whole=len(read) == len(sent))
    check_gates(drafts, limits, found)
    return drafts
