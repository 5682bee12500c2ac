"""Everything a request leaves open, said out loud: a stored job names all that it is run with.

Defaults are those of the 2021 sample where they are legal for the task, and otherwise the
longest or smallest legal value. What was given is never changed.
"""

from terrace.domain import labeling_request, modalities
from terrace.domain.limits import THIRTY_DAYS, Limits
from terrace.domain.manifest import SOURCES, TERRACE, TERRACE_LABELS
from terrace.domain.modalities import Modality
from terrace.domain.request import BatchRequest, JobSpec, OwnFunction

REF = "-ref"
METADATA = "-metadata"
RESERVED_ATTRIBUTES = frozenset({*SOURCES, TERRACE, TERRACE_LABELS})
"""What an item is, and what Terrace itself writes into the lines of final manifests."""
AVAILABILITY_MIN = 60
TASK_TIME_MIN = 30
"""Seconds; CreateLabelingJob's own minimums."""


def fill(request: BatchRequest, limits: Limits) -> BatchRequest:
    """The request with every default written into it. Filling twice changes nothing."""
    jobs = [_fill_job(job, limits) for job in request.labelingJobs]
    transformation = request.transformation
    if transformation is None and limits.transformation_arn is not None:
        transformation = OwnFunction(functionArn=limits.transformation_arn)
    return request.model_copy(update={"labelingJobs": jobs, "transformation": transformation})


def label_attribute_name(spec: JobSpec) -> str:
    """The attribute a job writes its labels to: as given, or made from its name.

    `<jobName>-ref` where Ground Truth wants the suffix, else the name itself. A name that
    Ground Truth would refuse as an attribute (it ends in `-ref` or `-metadata`, or is `source`),
    or that is Terrace's own in final manifests, gets `-label` behind it.
    """
    if spec.labelAttributeName is not None:
        return spec.labelAttributeName
    name = spec.jobName
    if modalities.get(spec.jobModality).attribute_ref_suffix:
        made = f"{name}{REF}"
        return f"{name}-label{REF}" if made in RESERVED_ATTRIBUTES else made
    if name.endswith((REF, METADATA)) or name in RESERVED_ATTRIBUTES:
        return f"{name}-label"
    return name


def workteam_arn(spec: JobSpec, limits: Limits) -> str:
    """The team that works on a job: the first-level one at level 1, the second-level one after."""
    if spec.workteamArn is not None:
        return spec.workteamArn
    return (
        limits.first_level_workteam_arn if spec.jobLevel == 1 else limits.second_level_workteam_arn
    )


def task_times(spec: JobSpec, modality: Modality) -> tuple[int, int]:
    """Seconds a worker may hold a task, and seconds a task is offered.

    Where the job has a completion timeout of its own, what was not given is made to fit into it:
    a job must never be cut off while a task that it still offers may be open.
    """
    limit = spec.taskTimeLimitInSeconds
    availability = spec.taskAvailabilityLifetimeInSeconds
    timeout = spec.jobCompletionTimeoutInSeconds
    if timeout is None:
        return (
            limit if limit is not None else modality.task_time_limit_default,
            availability if availability is not None else modality.availability_default,
        )
    if limit is None:
        offered = availability if availability is not None else timeout // 2
        room = timeout - max(AVAILABILITY_MIN, offered)
        limit = max(TASK_TIME_MIN, min(modality.task_time_limit_default, room))
    if availability is None:
        room = timeout - limit
        availability = max(AVAILABILITY_MIN, min(modality.availability_default, room))
    return limit, availability


def completion_timeout(spec: JobSpec, modality: Modality, limits: Limits) -> int:
    """Seconds until a labeling job is stopped: the stack's value, but never too short for it.

    Worked number: 864,000 s offered + 604,800 s for the last task = 1,468,800 s at least.
    """
    if spec.jobCompletionTimeoutInSeconds is not None:
        return spec.jobCompletionTimeoutInSeconds
    needed = sum(task_times(spec, modality))
    return min(THIRTY_DAYS, max(limits.job_completion_timeout_seconds, needed))


def _fill_job(spec: JobSpec, limits: Limits) -> JobSpec:
    modality = modalities.get(spec.jobModality)
    time_limit, availability = task_times(spec, modality)
    return spec.model_copy(
        update={
            "labelAttributeName": label_attribute_name(spec),
            "workteamArn": workteam_arn(spec, limits),
            "numberOfHumanWorkersPerDataObject": spec.numberOfHumanWorkersPerDataObject
            or modality.workers_default,
            "maxConcurrentTaskCount": spec.maxConcurrentTaskCount
            or labeling_request.DEFAULT_CONCURRENCY,
            "taskTimeLimitInSeconds": time_limit,
            "taskAvailabilityLifetimeInSeconds": availability,
            "jobCompletionTimeoutInSeconds": completion_timeout(spec, modality, limits),
            "taskTitle": spec.taskTitle or labeling_request.default_title(spec.jobName, modality),
            "taskDescription": spec.taskDescription
            or labeling_request.default_description(spec.jobName, modality),
            "taskKeywords": spec.taskKeywords or labeling_request.default_keywords(modality),
        }
    )
