"""With a key of your own everything at rest is under it; without one, under AWS's keys."""

from pathlib import Path
from typing import Any

import pytest

from terrace_cli.checks.expand import expand
from terrace_cli.checks.resolve import Resolver
from terrace_cli.checks.rights import EVERYTHING_ON, rights

ROOT = Path(__file__).resolve().parents[2]
KEY = EVERYTHING_ON["KmsKeyArn"]
AT_REST = {
    "AWS::S3::Bucket": "BucketEncryption",
    "AWS::DynamoDB::Table": "SSESpecification",
    "AWS::SNS::Topic": "KmsMasterKeyId",
    "AWS::SQS::Queue": "KmsMasterKeyId",
    "AWS::Logs::LogGroup": "KmsKeyId",
}


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    return expand(ROOT / "template.yaml")


def at_rest(resolver: Resolver) -> dict[str, str]:
    """What each resource that keeps data says of its encryption."""
    return {
        name: str(resolver.resource(name).get(AT_REST[resource["Type"]], ""))
        for name, resource in resolver.template["Resources"].items()
        if resource["Type"] in AT_REST
    }


def test_with_a_key_everything_at_rest_is_under_it(template: dict[str, Any]) -> None:
    found = at_rest(Resolver(template, {"KmsKeyArn": KEY}))
    without = {name for name, encryption in found.items() if KEY not in encryption}
    # S3 delivers access logs only to buckets under its own keys; the script is no secret.
    assert without == {"AccessLogBucket", "SkeletonUiBucket"}
    assert len(found) == 27


def test_without_a_key_no_key_is_named_and_aws_encrypts(template: dict[str, Any]) -> None:
    resolver = Resolver(template)
    found = at_rest(resolver)
    assert not [name for name, encryption in found.items() if "arn:aws:kms" in encryption]
    assert "AES256" in found["BatchBucket"]
    assert "'SSEEnabled': True" in found["BatchTable"]
    assert found["BatchTopic"] == "alias/aws/sns"
    assert resolver.resource("JobEventQueue")["SqsManagedSseEnabled"] is True


def test_rights_on_the_key_are_given_only_where_there_is_one(template: dict[str, Any]) -> None:
    def on_keys(resolver: Resolver) -> set[tuple[str, str]]:
        return {
            (right.action, right.resource)
            for right in rights(resolver)
            if right.action.startswith("kms:")
        }

    assert on_keys(Resolver(template)) == set()
    assert on_keys(Resolver(template, {"KmsKeyArn": KEY})) == {
        ("kms:Decrypt", KEY),
        ("kms:GenerateDataKey", KEY),
    }


def test_rights_on_the_key_are_held_to_the_services_that_store_the_data(
    template: dict[str, Any],
) -> None:
    resolver = Resolver(template, {"KmsKeyArn": KEY})
    for name in ("KeyReadPolicy", "KeyWritePolicy"):
        (statement,) = resolver.resource(name)["PolicyDocument"]["Statement"]
        services = statement["Condition"]["StringEquals"]["kms:ViaService"]
        found = {services} if isinstance(services, str) else set(services)
        assert found <= {
            f"{one}.us-east-1.amazonaws.com" for one in ("dynamodb", "s3", "sns", "sqs")
        }


def test_every_role_that_touches_stored_data_may_use_the_key(template: dict[str, Any]) -> None:
    # Given all rights with a key, then whoever may read or write data may decrypt it
    given = rights(Resolver(template, {"KmsKeyArn": KEY}))
    keyed = {right.holder for right in given if right.action == "kms:Decrypt"}
    data = {"s3:GetObject", "dynamodb:GetItem", "sns:Publish", "sqs:ReceiveMessage"}
    users = {right.holder for right in given if right.action in data}
    people = {"BatchDeleterPolicy"}
    assert users - people == keyed
    writers = {right.holder for right in given if right.action in {"s3:PutObject", "sns:Publish"}}
    assert writers <= {r.holder for r in given if r.action == "kms:GenerateDataKey"}
