"""One wrong thing at a time: what is said about it, and where."""

from dataclasses import replace
from typing import Any

import pytest

from terrace.domain import modalities
from terrace.domain.validation import check_request, warnings_of
from tests.domain.requests import (
    LIMITS,
    TEAM,
    TOPIC,
    audit_job,
    batch,
    boxes_job,
    contract_2021,
    found,
    label_job,
    problems_of,
)

JOB = "$.labelingJobs[0]"
PRE = "arn:aws:lambda:us-west-2:111122223333:function:SageMaker-own"
PUBLIC_TEAM = "arn:aws:sagemaker:us-west-2:394669845002:workteam/public-crowd/default"


def test_the_request_of_the_2021_notebook_is_right() -> None:
    request, problems = check_request(contract_2021(), LIMITS)

    assert problems == []
    assert request is not None
    first = request.labelingJobs[0]
    assert (first.jobLevel, first.taskTimeLimitInSeconds) == (1, 604_800)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(batch(), id="one job"),
        pytest.param(batch(boxes_job()), id="an image job"),
        pytest.param(batch(label_job(level=2), audit_job(level=9)), id="levels with gaps"),
        pytest.param(batch(label_job("a"), label_job("b")), id="one manifest for many jobs"),
        pytest.param(batch(destinationSnsArn=TOPIC), id="an allowed topic"),
        pytest.param(batch(destinationSnsArn=None, pacing=None), id="null means not given"),
        pytest.param(batch(label_job(taskDescription="cats \U0001f408")), id="emoji in a text"),
        pytest.param(batch(label_job(jobLevel="1.0")), id="a whole number with a decimal point"),
        pytest.param(
            batch(
                boxes_job(),
                audit_job("v", 2, "boxes", jobModality="BoundingBoxVerification"),
                audit_job("a", 3, "v", jobModality="BoundingBoxAdjustment"),
            ),
            id="an adjustment after a verification goes on with the boxes before it",
        ),
        pytest.param(
            batch(
                label_job(
                    jobModality="VideoObjectTrackingAudit",
                    inputConfig={
                        "inputManifestS3Uri": "s3://in-bucket/old.manifest",
                        "auditLabelAttributeName": "old-ref",
                    },
                )
            ),
            id="a review of labels that a manifest brings along",
        ),
        pytest.param(
            batch(label_job(), audit_job(inputConfig={
                "chainFromJobName": "car", "downSamplingRate": "12.5"})),
            id="a decimal sampling rate on a chained job",
        ),
        pytest.param(
            batch(label_job(inputConfig={
                "inputManifestS3Uri": "s3://in-bucket/x", "downSamplingRate": 100})),
            id="everything, said aloud, on an unchained job",
        ),
        pytest.param(
            batch(exports=["coco", {"format": "mot", "include": ["accepted", "rejected"],
                "attributes": ["car-ref"], "onNameConflict": "prefix", "valPercent": "20"}]),
            id="formats that can hold what the jobs make",
        ),
    ],
)  # fmt: skip
def test_is_right(raw: dict[str, Any]) -> None:
    assert problems_of(raw) == []


@pytest.mark.parametrize(
    ("raw", "path", "code"),
    [
        (None, "$", "WRONG_TYPE"),
        ([], "$", "WRONG_TYPE"),
        ("text", "$", "WRONG_TYPE"),
        ({}, "$.batchId", "REQUIRED"),
        ({}, "$.labelingJobs", "REQUIRED"),
        (batch(batchId=None), "$.batchId", "REQUIRED"),
        (batch(batchId=7), "$.batchId", "WRONG_TYPE"),
        (batch(batchId=""), "$.batchId", "NAME_INVALID"),
        (batch(batchId="my_batch"), "$.batchId", "NAME_INVALID"),
        (batch(batchId="b\n"), "$.batchId", "NAME_INVALID"),
        (batch(batchId="b" * 64), "$.batchId", "NAME_TOO_LONG"),
        (batch(labelingJobs={}), "$.labelingJobs", "WRONG_TYPE"),
        (batch(labelingJobs=[]), "$.labelingJobs", "WRONG_LENGTH"),
        (batch(pacing="fast"), "$.pacing", "UNKNOWN_VALUE"),
        (batch(onJobFailure=1), "$.onJobFailure", "UNKNOWN_VALUE"),
        (batch(batchID="b"), "$.batchID", "UNKNOWN_FIELD"),
        (batch(exports={"coco": {}}), "$.exports", "WRONG_TYPE"),
        (batch(exports=["coco"] * 51), "$.exports", "WRONG_LENGTH"),
        (batch(exports=[3]), "$.exports[0]", "WRONG_TYPE"),
        (batch(exports=[{}]), "$.exports[0].format", "REQUIRED"),
        (batch(exports=["yolov8"]), "$.exports[0].format", "FORMAT_UNKNOWN"),
        (batch(exports=["csv", {"format": "csv"}]), "$.exports[1].format", "EXPORT_TWICE"),
        (batch(exports=["conll"]), "$.exports[0].format", "FORMAT_UNFIT"),
        (batch(exports=["masks"]), "$.exports[0].format", "FORMAT_UNFIT"),
        (
            batch(exports=[{"format": "csv", "attributes": ["cars-ref"]}]),
            "$.exports[0].attributes[0]",
            "ATTRIBUTE_UNKNOWN",
        ),
        (
            batch(exports=[{"format": "csv", "include": ["failed"]}]),
            "$.exports[0].include[0]",
            "UNKNOWN_VALUE",
        ),
        (batch(exports=[{"format": "csv", "include": []}]), "$.exports[0].include", "WRONG_LENGTH"),
        (
            batch(exports=[{"format": "csv", "valPercent": 100}]),
            "$.exports[0].valPercent",
            "OUT_OF_RANGE",
        ),
        (
            batch(exports=[{"format": "csv", "onNameConflict": "merge"}]),
            "$.exports[0].onNameConflict",
            "UNKNOWN_VALUE",
        ),
        (batch(exports=[{"format": "csv", "formats": 1}]), "$.exports[0].formats", "UNKNOWN_FIELD"),
        (batch(destinationSnsArn="topic"), "$.destinationSnsArn", "TOPIC_ARN_INVALID"),
        (batch(destinationSnsArn=f"{TOPIC}.fifo"), "$.destinationSnsArn", "TOPIC_ARN_INVALID"),
        (batch(destinationSnsArn=f"{TOPIC}x"), "$.destinationSnsArn", "TOPIC_NOT_ALLOWED"),
        (
            batch(destinationSnsArn=TOPIC.replace("us-west-2", "us-east-1")),
            "$.destinationSnsArn",
            "WRONG_REGION",
        ),
        (batch("job"), JOB, "WRONG_TYPE"),
        (batch(None), JOB, "WRONG_TYPE"),
    ],
)
def test_wrong_in_the_request(raw: object, path: str, code: str) -> None:
    assert (path, code) in found(raw)


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"jobName": "x" * 65}, "jobName", "NAME_TOO_LONG"),
        ({"jobName": "x" * 61}, "jobName", "NAME_TOO_LONG"),
        ({"jobName": "my_job"}, "jobName", "NAME_INVALID"),
        ({"jobName": "-job"}, "jobName", "NAME_INVALID"),
        ({"jobName": "jöb"}, "jobName", "NAME_INVALID"),
        ({"jobName": "job-a2"}, "jobName", "NAME_RESERVED"),
        ({"jobName": "job-A12"}, "jobName", "NAME_RESERVED"),
        ({"jobName": 5}, "jobName", "WRONG_TYPE"),
        ({"jobName": None}, "jobName", "REQUIRED"),
        ({"jobType": "STREAMING"}, "jobType", "NOT_SUPPORTED"),
        ({"labelingJobAlgorithmsConfig": {}}, "labelingJobAlgorithmsConfig", "NOT_SUPPORTED"),
        ({"automatedLabeling": True}, "automatedLabeling", "NOT_SUPPORTED"),
        (
            {"inputConfig": {"inputManifestS3Uri": "s3://in-bucket/x", "snsTopicArn": "a"}},
            "inputConfig.snsTopicArn",
            "NOT_SUPPORTED",
        ),
        ({"jobType": "batch"}, "jobType", "UNKNOWN_VALUE"),
        ({"jobLevel": 0}, "jobLevel", "OUT_OF_RANGE"),
        ({"jobLevel": 11}, "jobLevel", "OUT_OF_RANGE"),
        ({"jobLevel": "first"}, "jobLevel", "WRONG_TYPE"),
        ({"jobLevel": True}, "jobLevel", "WRONG_TYPE"),
        ({"jobLevel": 1.5}, "jobLevel", "WRONG_TYPE"),
        ({"jobLevel": "1_0"}, "jobLevel", "WRONG_TYPE"),
        ({"jobLevel": 10**400}, "jobLevel", "OUT_OF_RANGE"),
        ({"jobLevel": float("nan")}, "jobLevel", "NOT_A_FINITE_NUMBER"),
        ({"jobModality": "VideoTracking"}, "jobModality", "UNKNOWN_MODALITY"),
        ({"engine": "label-studio"}, "engine", "NOT_BUILT_YET"),
        ({"gate": {}}, "gate", "UNKNOWN_FIELD"),
        ({"workTeamArn": TEAM}, "workTeamArn", "UNKNOWN_FIELD"),
        ({"inputConfig": {}}, "inputConfig", "NO_SOURCE"),
        ({"inputConfig": "s3://in-bucket/x"}, "inputConfig", "WRONG_TYPE"),
        (
            {"inputConfig": {"inputManifestS3Uri": "s3://in-bucket/x", "chainFromJobName": "car"}},
            "inputConfig",
            "TWO_SOURCES",
        ),
        (
            {"inputConfig": {"inputManifestS3Uri": "s3://in-bucket/x", "gate": {}}},
            "inputConfig.gate",
            "ONLY_WHEN_CHAINED",
        ),
        (
            {"inputConfig": {"inputManifestS3Uri": "s3://in-bucket/x", "downSamplingRate": 50}},
            "inputConfig.downSamplingRate",
            "ONLY_WHEN_CHAINED",
        ),
        (
            {"inputConfig": {"inputManifestS3Uri": "s3://in-bucket/x", "downSamplingRate": 0}},
            "inputConfig.downSamplingRate",
            "OUT_OF_RANGE",
        ),
        (
            {
                "inputConfig": {
                    "inputManifestS3Uri": "s3://in-bucket/x",
                    "auditLabelAttributeName": "y-ref",
                }
            },
            "inputConfig.auditLabelAttributeName",
            "ONLY_FOR_REVIEWS",
        ),
        (
            {"jobModality": "VideoObjectTrackingVerification"},
            "inputConfig.auditLabelAttributeName",
            "REQUIRED",
        ),
        (
            {"inputConfig": {"inputManifestS3Uri": "s3://other/x"}},
            "inputConfig.inputManifestS3Uri",
            "BUCKET_NOT_ALLOWED",
        ),
        (
            {"inputConfig": {"inputManifestS3Uri": "http://in-bucket/x"}},
            "inputConfig.inputManifestS3Uri",
            "S3_URI_INVALID",
        ),
        (
            {"inputConfig": {"inputManifestS3Uri": "s3://in-bucket"}},
            "inputConfig.inputManifestS3Uri",
            "S3_URI_INVALID",
        ),
        ({"labelCategoryConfigS3Uri": None}, "labelCategoryConfigS3Uri", "REQUIRED"),
        ({"labelCategoryConfigS3Uri": "s3://o/x"}, "labelCategoryConfigS3Uri", "S3_URI_INVALID"),
        ({"uiTemplateS3Uri": "s3://in-bucket/t"}, "uiTemplateS3Uri", "NOT_FOR_THIS_MODALITY"),
        ({"preHumanTaskLambdaArn": "arn"}, "preHumanTaskLambdaArn", "NOT_FOR_THIS_MODALITY"),
        (
            {"instructions": {"goodExampleS3Uri": "s3://in-bucket/good.png"}},
            "instructions.goodExampleS3Uri",
            "NOT_FOR_THIS_MODALITY",
        ),
        ({"outputKmsKeyId": "a key"}, "outputKmsKeyId", "KMS_KEY_NOT_ALLOWED"),
        ({"labelAttributeName": "car"}, "labelAttributeName", "ATTRIBUTE_SUFFIX"),
        ({"labelAttributeName": "my_car-ref"}, "labelAttributeName", "NAME_INVALID"),
        ({"labelAttributeName": "source-ref"}, "labelAttributeName", "ATTRIBUTE_RESERVED"),
        ({"labelAttributeName": "terrace-labels-ref"}, "labelAttributeName", "ATTRIBUTE_RESERVED"),
        ({"labelAttributeName": "x-metadata"}, "labelAttributeName", "ATTRIBUTE_RESERVED"),
        ({"labelAttributeName": "x" * 124 + "-ref"}, "labelAttributeName", "NAME_TOO_LONG"),
        ({"workteamArn": "team"}, "workteamArn", "WORKTEAM_ARN_INVALID"),
        ({"workteamArn": f"{TEAM}-third"}, "workteamArn", "WORKTEAM_NOT_ALLOWED"),
        ({"workteamArn": TEAM.replace("west-2", "west-1")}, "workteamArn", "WRONG_REGION"),
        ({"workteamArn": PUBLIC_TEAM}, "workteamArn", "NOT_BUILT_YET"),
        (
            {"numberOfHumanWorkersPerDataObject": 2},
            "numberOfHumanWorkersPerDataObject",
            "OUT_OF_RANGE",
        ),
        ({"maxConcurrentTaskCount": 5001}, "maxConcurrentTaskCount", "OUT_OF_RANGE"),
        ({"taskTimeLimitInSeconds": 29}, "taskTimeLimitInSeconds", "OUT_OF_RANGE"),
        ({"taskTimeLimitInSeconds": 2_592_001}, "taskTimeLimitInSeconds", "OUT_OF_RANGE"),
        (
            {"taskAvailabilityLifetimeInSeconds": 2_592_001},
            "taskAvailabilityLifetimeInSeconds",
            "OUT_OF_RANGE",
        ),
        (
            {"jobCompletionTimeoutInSeconds": 89},
            "jobCompletionTimeoutInSeconds",
            "TIMEOUT_TOO_SHORT",
        ),
        (
            {"jobCompletionTimeoutInSeconds": 3600, "taskTimeLimitInSeconds": 7200},
            "jobCompletionTimeoutInSeconds",
            "TIMEOUT_TOO_SHORT",
        ),
        ({"taskTitle": "x" * 129}, "taskTitle", "WRONG_LENGTH"),
        ({"taskDescription": ""}, "taskDescription", "WRONG_LENGTH"),
        ({"taskTitle": "cats \U0001f408"}, "taskTitle", "TEXT_INVALID"),
        ({"taskDescription": "two\nlines"}, "taskDescription", "TEXT_INVALID"),
        ({"taskKeywords": []}, "taskKeywords", "WRONG_LENGTH"),
        ({"taskKeywords": ["a"] * 6}, "taskKeywords", "WRONG_LENGTH"),
        ({"taskKeywords": ["ok", "not_ok"]}, "taskKeywords[1]", "KEYWORD_INVALID"),
        ({"taskKeywords": ["ok", 3]}, "taskKeywords[1]", "WRONG_TYPE"),
        (
            {"instructions": {"shortInstruction": "x" * 256}},
            "instructions.shortInstruction",
            "WRONG_LENGTH",
        ),
        (
            {"instructions": {"fullInstruction": "x" * 2049}},
            "instructions.fullInstruction",
            "WRONG_LENGTH",
        ),
        ({"instructions": {"short": "x"}}, "instructions.short", "UNKNOWN_FIELD"),
        ({"contentClassifiers": ["Nice"]}, "contentClassifiers[0]", "UNKNOWN_VALUE"),
        ({"tags": {"terrace:batch": "x"}}, 'tags["terrace:batch"]', "TAG_RESERVED"),
        ({"tags": {"AWS:x": "x"}}, 'tags["AWS:x"]', "TAG_RESERVED"),
        ({"tags": {"k": "!"}}, "tags.k", "TAG_INVALID"),
        ({"tags": {str(n): "" for n in range(47)}}, "tags", "WRONG_LENGTH"),
        (
            {"stoppingConditions": {"maxPercentageOfInputDatasetLabeled": 101}},
            "stoppingConditions.maxPercentageOfInputDatasetLabeled",
            "OUT_OF_RANGE",
        ),
        ({"onIncomplete": "never"}, "onIncomplete", "UNKNOWN_VALUE"),
        ({"maxAttempts": 10}, "maxAttempts", "OUT_OF_RANGE"),
    ],
)
def test_wrong_in_a_job(change: dict[str, Any], path: str, code: str) -> None:
    assert (f"{JOB}.{path}", code) in found(batch(label_job(**change)))


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"labelAttributeName": "boxes-ref"}, "labelAttributeName", "ATTRIBUTE_SUFFIX"),
        ({"taskTimeLimitInSeconds": 28_801}, "taskTimeLimitInSeconds", "OUT_OF_RANGE"),
        (
            {"numberOfHumanWorkersPerDataObject": 10},
            "numberOfHumanWorkersPerDataObject",
            "OUT_OF_RANGE",
        ),
    ],
)
def test_wrong_in_an_image_job(change: dict[str, Any], path: str, code: str) -> None:
    assert found(batch(boxes_job(**change))) == {(f"{JOB}.{path}", code)}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({}, set(), id="with categories, which may hold keypoints"),
        pytest.param(
            {"labelCategoryConfigS3Uri": None},
            {("uiTemplateS3Uri", "REQUIRED")},
            id="with neither a page nor categories",
        ),
        pytest.param(
            {"labelCategoryConfigS3Uri": None, "uiTemplateS3Uri": "s3://in-bucket/t.html"},
            set(),
            id="with a page and no categories",
        ),
        pytest.param(
            {"preHumanTaskLambdaArn": PRE, "annotationConsolidationLambdaArn": PRE},
            set(),
            id="with functions on the stack's list",
        ),
        pytest.param(
            {"preHumanTaskLambdaArn": f"{PRE}-other"},
            {("preHumanTaskLambdaArn", "FUNCTION_NOT_ALLOWED")},
            id="with a function that is not on the list",
        ),
        pytest.param(
            {"annotationConsolidationLambdaArn": PRE.replace("west-2", "east-1")},
            {("annotationConsolidationLambdaArn", "WRONG_REGION")},
            id="with a function elsewhere",
        ),
        pytest.param(
            {"preHumanTaskLambdaArn": "my-function"},
            {("preHumanTaskLambdaArn", "FUNCTION_ARN_INVALID")},
            id="with the name of a function",
        ),
        pytest.param(
            {
                "inputConfig": {
                    "inputManifestS3Uri": "s3://in-bucket/x",
                    "auditLabelAttributeName": "poses",
                }
            },
            set(),
            id="that reviews labels of a manifest",
        ),
        pytest.param(
            {"instructions": {"badExampleS3Uri": "s3://other/bad.png"}},
            {("instructions.badExampleS3Uri", "BUCKET_NOT_ALLOWED")},
            id="with an example image in another bucket",
        ),
    ],
)
def test_a_custom_job(change: dict[str, Any], expected: set[tuple[str, str]]) -> None:
    job = label_job(**{"jobModality": "Custom", **change})
    limits = replace(LIMITS, function_arns=frozenset({PRE}))
    assert found(batch(job), limits) == {(f"{JOB}.{path}", code) for path, code in expected}


def test_a_custom_job_chains_from_a_custom_job_and_from_no_other() -> None:
    first = label_job("a", jobModality="Custom")
    review = audit_job("b", 2, "a", jobModality="Custom")
    other = audit_job("b", 2, "a", jobModality="BoundingBoxAdjustment")

    assert found(batch(first, review)) == set()
    assert found(batch(first, other)) == {
        ("$.labelingJobs[1].inputConfig.chainFromJobName", "CHAIN_OTHER_TASK")
    }


@pytest.mark.parametrize("name", modalities.MODALITIES)
def test_each_modality_can_be_asked_for_in_each_region(name: str) -> None:
    # Given a label job, or a label job and its review
    row = modalities.get(name)
    jobs = [label_job("a", jobModality=row.base, labelAttributeName=None)]
    if row.review:
        jobs.append(audit_job("b", 2, "a", jobModality=name))
    # Then the request is right wherever Ground Truth is
    for region in modalities.REGION_ACCOUNTS:
        team = TEAM.replace("us-west-2", region)
        limits = replace(
            LIMITS,
            region=region,
            first_level_workteam_arn=f"{team}-first-level",
            second_level_workteam_arn=f"{team}-second-level",
        )
        assert problems_of(batch(*jobs), limits) == []


@pytest.mark.parametrize(
    ("jobs", "expected"),
    [
        pytest.param(
            [label_job("Car"), label_job("car")],
            {("$.labelingJobs[1].jobName", "NAME_NOT_UNIQUE")},
            id="names equal but for case",
        ),
        pytest.param(
            [label_job(), audit_job(source="cart")],
            {("$.labelingJobs[1].inputConfig.chainFromJobName", "CHAIN_UNKNOWN_JOB")},
            id="a chain to an unknown job",
        ),
        pytest.param(
            [label_job(), audit_job(source="Car")],
            {("$.labelingJobs[1].inputConfig.chainFromJobName", "CHAIN_UNKNOWN_JOB")},
            id="a chain to a name in other case",
        ),
        pytest.param(
            [audit_job("self", source="self")],
            {("$.labelingJobs[0].inputConfig.chainFromJobName", "CHAIN_TO_ITSELF")},
            id="a chain to itself",
        ),
        pytest.param(
            [label_job(level=2), audit_job(level=2)],
            {("$.labelingJobs[1].inputConfig.chainFromJobName", "CHAIN_NOT_LOWER")},
            id="a chain to the same level",
        ),
        pytest.param(
            [label_job(level=3), audit_job(level=2)],
            {("$.labelingJobs[1].inputConfig.chainFromJobName", "CHAIN_NOT_LOWER")},
            id="a chain to a higher level",
        ),
        pytest.param(
            [audit_job("a", 2, "b"), audit_job("b", 3, "a")],
            {
                ("$.labelingJobs[0].inputConfig.chainFromJobName", "CHAIN_NOT_LOWER"),
                ("$.labelingJobs[0].inputConfig.chainFromJobName", "CHAIN_CYCLE"),
            },
            id="a cycle",
        ),
        pytest.param(
            [label_job(), audit_job(jobModality="VideoObjectDetectionAudit")],
            {("$.labelingJobs[1].inputConfig.chainFromJobName", "CHAIN_OTHER_TASK")},
            id="a review of another task's labels",
        ),
        pytest.param(
            [label_job(), audit_job(labelAttributeName="car-ref")],
            {("$.labelingJobs[1].labelAttributeName", "ATTRIBUTE_NOT_UNIQUE")},
            id="the attribute of an earlier job of the lane",
        ),
        pytest.param(
            [
                label_job(
                    jobModality="VideoObjectTrackingAudit",
                    inputConfig={
                        "inputManifestS3Uri": "s3://in-bucket/x",
                        "auditLabelAttributeName": "car-ref",
                    },
                )
            ],
            {("$.labelingJobs[0].labelAttributeName", "ATTRIBUTE_NOT_UNIQUE")},
            id="the attribute under review",
        ),
        pytest.param(
            [
                label_job(),
                audit_job(
                    inputConfig={"chainFromJobName": "car", "auditLabelAttributeName": "car-ref"}
                ),
            ],
            {("$.labelingJobs[1].inputConfig.auditLabelAttributeName", "NOT_WHEN_CHAINED")},
            id="a chained job that names what it reviews",
        ),
        pytest.param(
            [
                label_job(),
                audit_job(),
                audit_job("again", 3, "car-audit", jobModality="VideoObjectTracking"),
            ],
            {("$.labelingJobs[2].labelCategoryConfigS3Uri", "REQUIRED")},
            id="a label job that would inherit a review's category file",
        ),
    ],
)
def test_wrong_between_jobs(jobs: list[Any], expected: set[tuple[str, str]]) -> None:
    assert found(batch(*jobs)) == expected


def test_every_problem_is_found_even_where_other_jobs_cannot_be_read() -> None:
    # Given a request with a broken job, a badly named job and a broken chain
    raw = batch(
        "no job",
        label_job("my_job", jobLevel="x", numberOfHumanWorkersPerDataObject=3),
        audit_job("audit", 2, "my_jobs", gate={}, tags={"aws:a": "b"}),
        batchId="b_b",
        colour="red",
    )

    # Then all of it is said at once
    assert found(raw) == {
        ("$.batchId", "NAME_INVALID"),
        ("$.colour", "UNKNOWN_FIELD"),
        ("$.labelingJobs[0]", "WRONG_TYPE"),
        ("$.labelingJobs[1].jobName", "NAME_INVALID"),
        ("$.labelingJobs[1].jobLevel", "WRONG_TYPE"),
        ("$.labelingJobs[1].numberOfHumanWorkersPerDataObject", "OUT_OF_RANGE"),
        ("$.labelingJobs[2].gate", "UNKNOWN_FIELD"),
        ("$.labelingJobs[2].tags[\"aws:a\"]", "TAG_RESERVED"),
        ("$.labelingJobs[2].inputConfig.chainFromJobName", "CHAIN_UNKNOWN_JOB"),
    }  # fmt: skip


def test_a_chain_to_a_badly_named_job_is_not_called_unknown_as_well() -> None:
    raw = batch(label_job("my_job"), audit_job(source="my_job"))

    assert found(raw) == {("$.labelingJobs[0].jobName", "NAME_INVALID")}


def test_the_words_say_what_was_found_and_what_is_meant() -> None:
    raw = batch(label_job(jobModality="VideoObjectTrackin", jobLevel=11, workTeamArn="x"))
    by_path = {problem.path: problem for problem in problems_of(raw)}

    assert "11" in by_path[f"{JOB}.jobLevel"].problem
    assert by_path[f"{JOB}.jobLevel"].fix == "give a whole number, 1 to 10"
    assert 'did you mean "workteamArn"?' in by_path[f"{JOB}.workTeamArn"].fix
    fix = by_path[f"{JOB}.jobModality"].fix
    assert 'did you mean "VideoObjectTracking"?' in fix
    assert all(name in fix for name in modalities.MODALITIES)


def test_a_name_with_odd_characters_says_which() -> None:
    (problem,) = problems_of(batch(label_job("a_b c_ü")))

    assert '" ", "_", "ü"' in problem.problem


def test_1001_jobs_are_too_many_and_1000_are_not() -> None:
    jobs = [label_job(f"job{n}") for n in range(1001)]

    assert problems_of(batch(*jobs[:1000])) == []
    assert found(batch(*jobs)) == {("$.labelingJobs", "TOO_MANY_JOBS")}


def test_a_list_that_is_far_too_long_is_refused_quickly() -> None:
    assert ("$.labelingJobs", "TOO_MANY_JOBS") in found(batch(*([{}] * 300_000)))


def test_more_problems_than_an_answer_can_hold_are_counted() -> None:
    problems = problems_of(batch(*[{"jobName": f"j{n}"} for n in range(1000)]))

    assert problems[-1].code == "TOO_MANY_PROBLEMS"
    assert len(problems) == 2001


def test_a_region_without_ground_truth_is_said_once() -> None:
    limits = replace(LIMITS, region="eu-north-1")
    codes = [problem.code for problem in problems_of(batch(), limits)]

    assert codes == ["REGION_NOT_SUPPORTED"]


def test_the_stacks_own_teams_are_allowed_without_a_list() -> None:
    for team in ("first-level", "second-level"):
        assert problems_of(batch(label_job(workteamArn=f"{TEAM}-{team}"))) == []


def test_a_long_task_time_is_a_warning() -> None:
    request, _ = check_request(batch(label_job(taskTimeLimitInSeconds=1_000_000)), LIMITS)
    assert request is not None

    codes = [warning.code for warning in warnings_of(request, LIMITS)]

    assert codes == ["LONG_TASK_TIME", "TASK_TIME_OVER_AVAILABILITY"]
    plain, _ = check_request(batch(), LIMITS)
    assert plain is not None
    assert warnings_of(plain, LIMITS) == []


def test_instructions_beside_a_page_of_ones_own_are_a_warning() -> None:
    job = label_job(
        jobModality="BoundingBox",
        uiTemplateS3Uri="s3://in-bucket/page.html",
        instructions={"shortInstruction": "Draw every car."},
    )
    request, problems = check_request(batch(job), LIMITS)
    assert request is not None, problems

    (warning,) = warnings_of(request, LIMITS)

    assert (warning.path, warning.code) == (
        "$.labelingJobs[0].instructions",
        "INSTRUCTIONS_NOT_SHOWN",
    )
