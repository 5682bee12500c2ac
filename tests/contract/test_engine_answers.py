"""GroundTruthEngine: what it makes of answers that the local Ground Truth never gives."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from terrace.engines.ground_truth import GroundTruthEngine
from terrace.errors import (
    AccessDeniedError,
    BadRequestError,
    LimitExceededError,
    NameTakenError,
    NotFoundError,
    TerraceError,
    ThrottledError,
    TransientError,
)

TEAM = "arn:aws:sagemaker:us-east-1:111122223333:workteam/private-crowd/first"
ROLE = "arn:aws:iam::111122223333:role/path/labeling"
ARN = "arn:aws:sagemaker:us-east-1:111122223333:labeling-job/car"
HUMAN = {
    "WorkteamArn": TEAM,
    "UiConfig": {"UiTemplateS3Uri": "s3://b/t"},
    "TaskTitle": "t",
    "TaskDescription": "d",
    "NumberOfHumanWorkersPerDataObject": 1,
    "TaskTimeLimitInSeconds": 60,
}
INPUT = {"DataSource": {"S3DataSource": {"ManifestS3Uri": "s3://b/m"}}}
REQUEST = {
    "LabelingJobName": "car",
    "LabelAttributeName": "car",
    "InputConfig": INPUT,
    "OutputConfig": {"S3OutputPath": "s3://b/o/"},
    "RoleArn": ROLE,
    "HumanTaskConfig": HUMAN,
}


@dataclass
class Aws:
    """An engine whose three services answer as they are told."""

    sagemaker: Stubber
    cognito: Stubber
    iam: Stubber
    engine: GroundTruthEngine


@pytest.fixture
def aws() -> Iterator[Aws]:
    clients = [boto3.client(name, "us-east-1") for name in ("sagemaker", "cognito-idp", "iam")]
    stubs = [Stubber(client) for client in clients]
    for stub in stubs:
        stub.activate()
    yield Aws(*stubs, GroundTruthEngine(*clients))
    for stub in stubs:
        stub.assert_no_pending_responses()


def described(status: str) -> dict[str, Any]:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return {
        **REQUEST,
        "LabelingJobArn": ARN,
        "LabelingJobStatus": status,
        "LabelCounters": {"TotalLabeled": 1},
        "CreationTime": at,
        "LastModifiedTime": at,
        "JobReferenceCode": "r",
    }


def summary(name: str, at: float) -> dict[str, Any]:
    return {
        "LabelingJobName": name,
        "LabelingJobArn": ARN,
        "CreationTime": datetime.fromtimestamp(at, UTC),
        "LastModifiedTime": datetime.fromtimestamp(at, UTC),
        "LabelingJobStatus": "InProgress",
        "LabelCounters": {},
        "WorkteamArn": TEAM,
    }


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("ResourceInUse", NameTakenError),
        ("ResourceLimitExceeded", LimitExceededError),
        ("ThrottlingException", ThrottledError),
        ("ValidationException", BadRequestError),
    ],
)
def test_a_refused_create_says_why_by_its_error(
    aws: Aws, code: str, error: type[TerraceError]
) -> None:
    aws.sagemaker.add_client_error("create_labeling_job", code, "words")
    with pytest.raises(error, match="CreateLabelingJob car"):
        aws.engine.create(REQUEST)


def test_an_answer_that_never_came_is_transient(aws: Aws) -> None:
    aws.sagemaker.add_client_error("create_labeling_job", "InternalFailure", http_status_code=500)
    with pytest.raises(TransientError):
        aws.engine.create(REQUEST)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ResourceNotFound", "Requested resource not found."),
        ("ValidationException", "Could not find labeling job car"),
        ("ValidationException", "The labeling job does not exist."),
    ],
)
def test_every_way_to_say_that_a_job_is_missing_is_none(aws: Aws, code: str, message: str) -> None:
    aws.sagemaker.add_client_error("describe_labeling_job", code, message)
    assert aws.engine.describe("car") is None


def test_a_describe_that_was_refused_is_not_a_missing_job(aws: Aws) -> None:
    aws.sagemaker.add_client_error("describe_labeling_job", "ThrottlingException")
    with pytest.raises(ThrottledError):
        aws.engine.describe("car")


def test_counters_that_are_not_given_are_zero(aws: Aws) -> None:
    aws.sagemaker.add_response("describe_labeling_job", described("InProgress"))
    found = aws.engine.describe("car")
    assert found is not None
    assert (found.counters.totalLabeled, found.counters.unlabeled, found.tags) == (1, 0, {})


def test_a_listing_asks_for_the_second_before_and_leaves_out_what_is_older(aws: Aws) -> None:
    aws.sagemaker.add_response(
        "list_labeling_jobs",
        {"LabelingJobSummaryList": [summary("older", 999.5), summary("same", 1000.0)]},
        {
            "CreationTimeAfter": datetime.fromtimestamp(999, UTC),
            "SortBy": "CreationTime",
            "SortOrder": "Ascending",
            "MaxResults": 100,
        },
    )
    assert [job.name for job in aws.engine.list_since(1000.0)] == ["same"]


def test_a_page_that_is_throttled_is_an_error_not_a_short_list(aws: Aws) -> None:
    page = {"LabelingJobSummaryList": [summary("one", 2000.0)], "NextToken": "next"}
    aws.sagemaker.add_response("list_labeling_jobs", page)
    aws.sagemaker.add_client_error("list_labeling_jobs", "ThrottlingException")
    with pytest.raises(ThrottledError):
        list(aws.engine.list_since(1000.0))


@pytest.mark.parametrize("status", ["Completed", "Failed", "Stopped", "Stopping"])
def test_a_refused_stop_of_what_has_ended_is_no_error(aws: Aws, status: str) -> None:
    aws.sagemaker.add_client_error("stop_labeling_job", "ValidationException")
    aws.sagemaker.add_response("describe_labeling_job", described(status))
    aws.engine.stop("car")


def test_a_refused_stop_of_what_still_runs_is_an_error(aws: Aws) -> None:
    aws.sagemaker.add_client_error("stop_labeling_job", "ValidationException")
    aws.sagemaker.add_response("describe_labeling_job", described("InProgress"))
    with pytest.raises(BadRequestError):
        aws.engine.stop("car")


def team(*members: dict[str, Any]) -> dict[str, Any]:
    return {
        "Workteam": {
            "WorkteamName": "first",
            "WorkteamArn": TEAM,
            "Description": "d",
            "MemberDefinitions": list(members),
        }
    }


COGNITO = {"CognitoMemberDefinition": {"UserPool": "us_1", "UserGroup": "g", "ClientId": "c"}}
OIDC = {"OidcMemberDefinition": {"Groups": ["g"]}}
USER = {"Username": "ann"}


@pytest.mark.parametrize(
    ("users", "problem"),
    [([USER], None), ([], "the work team has no members: nobody is in its Cognito group")],
)
def test_a_team_is_as_good_as_the_people_in_its_group(
    aws: Aws, users: list[dict[str, Any]], problem: str | None
) -> None:
    aws.sagemaker.add_response("describe_workteam", team(COGNITO))
    aws.cognito.add_response(
        "list_users_in_group",
        {"Users": users},
        {"UserPoolId": "us_1", "GroupName": "g", "Limit": 1},
    )
    assert aws.engine.workteam_problem(TEAM) == problem


def test_one_group_with_people_is_enough(aws: Aws) -> None:
    aws.sagemaker.add_response("describe_workteam", team(COGNITO, COGNITO))
    aws.cognito.add_response("list_users_in_group", {"Users": []})
    aws.cognito.add_response("list_users_in_group", {"Users": [USER]})
    assert aws.engine.workteam_problem(TEAM) is None


def test_a_group_that_may_not_be_read_is_not_proved_empty(aws: Aws) -> None:
    aws.sagemaker.add_response("describe_workteam", team(COGNITO))
    aws.cognito.add_client_error("list_users_in_group", "AccessDeniedException")
    assert aws.engine.workteam_problem(TEAM) is None


def test_members_of_another_identity_provider_cannot_be_counted(aws: Aws) -> None:
    aws.sagemaker.add_response("describe_workteam", team(COGNITO, OIDC))
    assert aws.engine.workteam_problem(TEAM) is None


def test_a_team_of_a_vendor_is_not_looked_up(aws: Aws) -> None:
    arn = "arn:aws:sagemaker:us-east-1:111122223333:workteam/vendor-crowd/v"
    assert aws.engine.workteam_problem(arn) is None


def test_a_role_says_how_long_its_sessions_may_last(aws: Aws) -> None:
    role = {
        "Path": "/path/",
        "RoleName": "labeling",
        "RoleId": "AROAAAAAAAAAAAAAAAAA",
        "Arn": ROLE,
        "CreateDate": datetime(2026, 1, 1, tzinfo=UTC),
        "MaxSessionDuration": 43200,
    }
    aws.iam.add_response("get_role", {"Role": role}, {"RoleName": "labeling"})
    assert aws.engine.role_session_seconds(ROLE) == 43200


def test_a_role_that_may_not_be_read_and_a_missing_one_are_errors(aws: Aws) -> None:
    aws.iam.add_client_error("get_role", "AccessDenied", http_status_code=403)
    with pytest.raises(AccessDeniedError):
        aws.engine.role_session_seconds(ROLE)
    aws.iam.add_client_error("get_role", "NoSuchEntity", http_status_code=404)
    with pytest.raises(NotFoundError):
        aws.engine.role_session_seconds(ROLE)
