"""Roles are enforced; people from outside are not asked who they are."""

from typing import Any

import boto3
import pytest

from terrace_local.stepfunctions.tokens import new_token
from tests.local.conftest import Sample

pytestmark = pytest.mark.local_aws


def refused(answer: tuple[str | None, Any], action: str) -> bool:
    """Whether a function's call failed for a missing permission."""
    error, payload = answer
    if error is None:
        return False
    message = payload["errorMessage"]
    return "AccessDenied" in message and action in message


def test_a_client_with_a_twelve_digit_key_is_in_the_same_account(aws: Sample) -> None:
    # MiniStack would give such a key an account of its own.
    sts = boto3.client(
        "sts",
        endpoint_url=aws.endpoint,
        region_name="us-east-1",
        aws_access_key_id="111122223333",
        aws_secret_access_key="x",
    )
    assert sts.get_caller_identity()["Account"] == aws.contract["accountId"]


def test_a_function_may_do_what_its_role_allows_on_that_table_only(aws: Sample) -> None:
    item = {"PK": {"S": "iam"}, "SK": {"S": "1"}, "kind": {"S": "k"}}
    assert aws.call_as_function("dynamodb", "put_item", TableName=aws.table, Item=item)[0] is None
    denied = aws.call_as_function(
        "dynamodb", "delete_item", TableName=aws.table, Key={"PK": {"S": "iam"}, "SK": {"S": "1"}}
    )
    assert refused(denied, "dynamodb:DeleteItem")


def test_a_right_on_an_index_is_no_right_on_its_table(aws: Sample) -> None:
    query = {"ExpressionAttributeValues": {":v": {"S": "x"}}, "TableName": aws.table}
    by_kind = aws.call_as_function(
        "dynamodb", "query", IndexName="byKind", KeyConditionExpression="kind = :v", **query
    )
    by_key = aws.call_as_function("dynamodb", "query", KeyConditionExpression="PK = :v", **query)
    assert by_kind[0] is None
    assert refused(by_key, "dynamodb:Query")


@pytest.mark.parametrize(
    ("service", "method", "arguments"),
    [
        ("s3", "get_bucket_cors", {"Bucket": "batchBucket"}),
        ("s3", "get_bucket_location", {"Bucket": "batchBucket"}),
        ("sns", "get_topic_attributes", {"TopicArn": "topicArn"}),
        ("iam", "get_role", {"RoleName": "executionRoleArn"}),
    ],
)
def test_reads_that_checks_before_the_first_job_need_work(
    aws: Sample, service: str, method: str, arguments: dict[str, str]
) -> None:
    given = {key: aws.contract[name] for key, name in arguments.items()}
    if "RoleName" in given:
        given["RoleName"] = given["RoleName"].rsplit("/", 1)[-1]
    # The bucket's policy refuses what does not come over TLS: loopback counts as safe.
    assert aws.call_as_function(service, method, **given)[0] is None


def test_a_bucket_the_role_does_not_name_is_closed(aws: Sample) -> None:
    denied = aws.call_as_function("s3", "list_objects_v2", Bucket=aws.contract["inputBucket"])
    assert refused(denied, "s3:ListBucket")


def test_labeling_jobs_are_checked_by_their_name(aws: Sample) -> None:
    allowed = aws.call_as_function(
        "sagemaker", "describe_labeling_job", LabelingJobName="allowed-none"
    )
    other = aws.call_as_function("sagemaker", "describe_labeling_job", LabelingJobName="other-none")
    assert "AccessDenied" not in allowed[1]["errorMessage"]
    assert refused(other, "sagemaker:DescribeLabelingJob")


def test_listing_labeling_jobs_needs_a_right_on_everything(aws: Sample) -> None:
    denied = aws.call_as_function("sagemaker", "list_labeling_jobs")
    assert refused(denied, "sagemaker:ListLabelingJobs")


def test_a_token_is_answered_with_a_right_on_its_own_machine(aws: Sample) -> None:
    def send(machine: str) -> tuple[str | None, Any]:
        token = new_token(machine)
        return aws.call_as_function(
            "stepfunctions", "send_task_success", taskToken=token, output="{}"
        )

    own, other = send(aws.machine), send(aws.machine.replace(":stateMachine:", ":stateMachine:x"))
    assert "TaskDoesNotExist" in own[1]["errorMessage"]
    assert refused(other, "states:SendTaskSuccess")


def test_every_call_of_a_role_is_on_record(aws: Sample) -> None:
    # Given a refused call of a function
    aws.call_as_function("s3", "list_buckets")
    # When the record is read
    _, answer = aws.control("calls")
    # Then it names role, action, resource and outcome, and leaves the administrator out
    denied = [call for call in answer["calls"] if call["action"] == "s3:ListAllMyBuckets"]
    assert denied
    assert denied[0]["allowed"] is False
    assert "HelloFunctionRole" in denied[0]["principal"]
    assert all(call["principal"] != "administrator" for call in answer["calls"])
