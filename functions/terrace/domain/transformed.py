"""A request with what its transformation made: judged as if the user had written it so."""

from dataclasses import replace
from typing import Any

from terrace.domain import validation
from terrace.domain.limits import Limits
from terrace.domain.own_functions import JobInput, TransformationAnswer
from terrace.domain.problems import Problem
from terrace.domain.request import BatchRequest
from terrace.domain.validation_findings import shown

PATH = "$.transformation"
PROBLEMS_MAX = 50
MADE = ("NO_SOURCE", "REQUIRED")
"""Codes of what a request may leave to a transformation, and else may not."""


def problem(code: str, what: str, fix: str) -> Problem:
    """Something wrong with the transformation, or with what it answered."""
    return Problem(path=PATH, code=code, problem=what, fix=fix)


def apply(
    raw: dict[str, Any], answer: TransformationAnswer, limits: Limits
) -> tuple[BatchRequest | None, list[Problem]]:
    """The request with the answer's inputs in it, or all that is wrong with them.

    Args:
        raw: the request as it was sent, found right but for what was to be made.
        answer: of a transformation that is done.
        limits: what the stack allows.
    """
    inputs = answer.inputs or {}
    found = list(_misplaced(raw, inputs))
    if found:
        return None, found[:PROBLEMS_MAX]
    jobs = [_with(job, inputs.get(job["jobName"])) for job in raw["labelingJobs"]]
    whole = {name: value for name, value in raw.items() if name != "transformation"}
    # Nothing is left to be made: what is missing now, is missing.
    strict = replace(limits, transformation_arn=None)
    request, problems = validation.check_request({**whole, "labelingJobs": jobs}, strict)
    if request is None:
        told = [
            problem(one.code, f"what it answered leaves {one.path}: {one.problem}", one.fix)
            for one in problems[:PROBLEMS_MAX]
        ]
        return None, told
    return request, []


def left_open(raw: dict[str, Any], request: BatchRequest, limits: Limits) -> list[Problem]:
    """What jobs lack that a transformation was to make, in a request that has none (any more).

    Args:
        raw: the request as it was sent, found right when it came.
        request: the same, filled.
        limits: what the stack allows.
    """
    starts = [job for job in request.labelingJobs if job.inputConfig.chainFromJobName is None]
    if all(job.inputConfig.inputManifestS3Uri and job.labelCategoryConfigS3Uri for job in starts):
        return []
    _, problems = validation.check_request(raw, replace(limits, transformation_arn=None))
    return [one for one in problems if one.code in MADE]


def _misplaced(raw: dict[str, Any], inputs: dict[str, JobInput]) -> list[Problem]:
    """Inputs of jobs that there are not, or that take theirs from another job."""
    chained = {
        job["jobName"]: (job.get("inputConfig") or {}).get("chainFromJobName") is not None
        for job in raw["labelingJobs"]
    }
    starts = [name for name, chains in chained.items() if not chains]
    return [
        problem(
            "TRANSFORMATION_UNKNOWN_JOB" if name not in chained else "TRANSFORMATION_CHAINED_JOB",
            f"it answered inputs for {shown(name)}, which is chained"
            if name in chained
            else "it answered inputs for what is no job of this batch",
            f"inputs by the names of jobs that start a lane: {', '.join(starts[:10])}",
        )
        for name in inputs
        if chained.get(name, True)
    ]


def _with(job: dict[str, Any], made: JobInput | None) -> dict[str, Any]:
    if made is None:
        return job
    config = {**(job.get("inputConfig") or {}), "inputManifestS3Uri": made.inputManifestS3Uri}
    changed = {**job, "inputConfig": config}
    if made.labelCategoryConfigS3Uri is not None:
        changed["labelCategoryConfigS3Uri"] = made.labelCategoryConfigS3Uri
    return changed
