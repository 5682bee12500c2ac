"""The rules of CreateLabelingJob as the fact sheet has them, written again without Terrace's table.

`broken_rules(request, task, ...)` looks only at the request and at the fact sheet's JSON, so that a
wrong row of the table cannot hide behind itself. Rule numbers are sections of ground_truth.md.
"""

import re
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
ATTRIBUTE = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,126}")
KEYWORD = re.compile(r"[A-Za-z0-9]+( [A-Za-z0-9]+)*")
S3 = re.compile(r"s3://([^/]+)/?(.*)")
LAMBDA = re.compile(r"arn:aws:lambda:([a-z0-9-]+):([0-9]{12}):function:(.+)")
UI = re.compile(r"arn:aws:sagemaker:([a-z0-9-]+):([0-9]{12}):human-task-ui/(.+)")
REQUIRED = ("LabelingJobName", "LabelAttributeName", "InputConfig", "OutputConfig", "RoleArn")
HUMAN = (
    "WorkteamArn",
    "UiConfig",
    "TaskTitle",
    "TaskDescription",
    "NumberOfHumanWorkersPerDataObject",
    "TaskTimeLimitInSeconds",
)


def broken_rules(request: Json, fact: Json, facts: Json, region: str) -> list[str]:
    """What the fact sheet forbids in a request for one of its task types, in one Region.

    Args:
        request: for CreateLabelingJob.
        fact: the task type's entry of `task_types`.
        facts: the whole fact sheet.
        region: where the request is sent.
    """
    return [
        *_names(request, fact),
        *_parts(request, fact),
        *_functions(request, fact, facts, region),
        *_ui(request, fact, facts, region),
        *_numbers(request, fact, facts),
        *_texts(request),
    ]


def _names(request: Json, fact: Json) -> Iterator[str]:
    if not NAME.fullmatch(request["LabelingJobName"]) or len(request["LabelingJobName"]) > 63:
        yield "1: LabelingJobName"
    attribute = request["LabelAttributeName"]
    if not ATTRIBUTE.fullmatch(attribute) or len(attribute) > 127:
        yield "1: LabelAttributeName"
    if attribute.endswith("-metadata") or attribute in ("source", "source-ref"):
        yield "1: LabelAttributeName is reserved"
    wanted = fact["label_attribute_suffix"].startswith("must_end_ref")
    if attribute.endswith("-ref") != wanted:
        yield "1.1: suffix of LabelAttributeName"


def _parts(request: Json, fact: Json) -> Iterator[str]:
    yield from (f"1: {name} is missing" for name in REQUIRED if name not in request)
    human = request.get("HumanTaskConfig", {})
    yield from (f"1: HumanTaskConfig.{name} is missing" for name in HUMAN if name not in human)
    if "SnsDataSource" in request["InputConfig"]["DataSource"]:
        yield "9: streaming"
    if "SnsTopicArn" in request["OutputConfig"]:
        yield "9: streaming output"
    if "LabelingJobAlgorithmsConfig" in request:
        yield "9: automated labeling"
    if "PublicWorkforceTaskPrice" in human:
        yield "0: Mechanical Turk"
    if fact["id"] != "custom" and "LabelCategoryConfigS3Uri" not in request:
        yield "1: LabelCategoryConfigS3Uri is missing"
    for uri in (
        request["InputConfig"]["DataSource"]["S3DataSource"]["ManifestS3Uri"],
        request["OutputConfig"]["S3OutputPath"],
        request.get("LabelCategoryConfigS3Uri", "s3://b/k"),
    ):
        if not S3.fullmatch(uri) or len(uri) > 1024:
            yield f"1: {uri}"
    known = {"FreeOfPersonallyIdentifiableInformation", "FreeOfAdultContent"}
    given = request["InputConfig"].get("DataAttributes", {}).get("ContentClassifiers", [])
    if not set(given) <= known:
        yield "1: ContentClassifiers"
    if len(request.get("Tags", [])) > 50:
        yield "1: Tags"


def _functions(request: Json, fact: Json, facts: Json, region: str) -> Iterator[str]:
    human = request["HumanTaskConfig"]
    acs = human.get("AnnotationConsolidationConfig", {}).get("AnnotationConsolidationLambdaArn", "")
    for arn, key in ((human.get("PreHumanTaskLambdaArn", ""), "pre_lambda"), (acs, "acs_lambda")):
        parts = LAMBDA.fullmatch(arn)
        if parts is None or parts[1] != region:
            yield f"1: {key} {arn}"
        elif fact[key] is not None and (
            parts[2] != facts["region_accounts"][region] or parts[3] != fact[key]
        ):
            yield f"1.1: {key} {arn}"


def _ui(request: Json, fact: Json, facts: Json, region: str) -> Iterator[str]:
    ui = request["HumanTaskConfig"]["UiConfig"]
    if list(ui) != [fact["ui_param"]]:
        yield f"1.1: UiConfig has {list(ui)}"
    elif fact["ui_param"] == "HumanTaskUiArn":
        parts = UI.fullmatch(ui["HumanTaskUiArn"])
        wanted = (region, facts["human_task_ui_account"], fact["human_task_ui"])
        if parts is None or parts.groups() != wanted:
            yield f"2: {ui}"
    elif not S3.fullmatch(ui["UiTemplateS3Uri"]):
        yield f"1: {ui}"


def _numbers(request: Json, fact: Json, facts: Json) -> Iterator[str]:
    human = request["HumanTaskConfig"]
    workers = fact["number_of_workers"]
    if not workers["min"] <= human["NumberOfHumanWorkersPerDataObject"] <= workers["max"]:
        yield "1.1: workers"
    longest = fact["task_time_limit_max_seconds"]
    most = longest if isinstance(longest, int) else 2_592_000
    if not 30 <= human["TaskTimeLimitInSeconds"] <= most:
        yield "1.2: TaskTimeLimitInSeconds"
    offered = facts["quotas"]["time"]["task_availability_seconds"]["private_vendor"]["max"]
    if not 60 <= human["TaskAvailabilityLifetimeInSeconds"] <= offered:
        yield "1.2: TaskAvailabilityLifetimeInSeconds"
    if not 1 <= human["MaxConcurrentTaskCount"] <= 5000:
        yield "1: MaxConcurrentTaskCount"
    stopping = request.get("StoppingConditions", {})
    if stopping.get("MaxHumanLabeledObjectCount", 1) < 1:
        yield "1: MaxHumanLabeledObjectCount"
    if not 1 <= stopping.get("MaxPercentageOfInputDatasetLabeled", 1) <= 100:
        yield "1: MaxPercentageOfInputDatasetLabeled"


def _texts(request: Json) -> Iterator[str]:
    human = request["HumanTaskConfig"]
    if not 1 <= len(human["TaskTitle"]) <= 128:
        yield "1: TaskTitle"
    if not 1 <= len(human["TaskDescription"]) <= 255:
        yield "1: TaskDescription"
    words = human["TaskKeywords"]
    if not 1 <= len(words) <= 5 or any(len(w) > 30 or not KEYWORD.fullmatch(w) for w in words):
        yield "1: TaskKeywords"
