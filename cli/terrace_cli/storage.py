"""The table and the bucket behind a target, for the one command that does not go through the API.

It acts with the caller's own credentials: who may do this is decided by the caller's IAM policies
(the stack's BatchDeleterPolicy gives just enough), and no function of the stack has the right.
"""

from dataclasses import dataclass
from typing import Any

from terrace_cli.errors import EXIT_WRONG, NoTarget
from terrace_cli.target import Choice, find_target

NEEDED = ("TableName", "BatchBucket")


@dataclass(frozen=True)
class Storage:
    """Where the data of batches is, and clients for it."""

    table: str
    bucket: str
    dynamodb: Any
    s3: Any
    sts: Any
    where: str


def storage_of(choice: Choice) -> Storage:
    """The storage of the Terrace the user means.

    Raises:
        NoTarget: There is none, or only the address of its API was given.
    """
    if choice.api_url:
        raise NoTarget(
            "this command does not go through the API",
            "name the stack with --stack NAME, or a local run with --local FILE",
            EXIT_WRONG,
        )
    target = find_target(choice)
    if target.local is not None:
        return _local(target.local, target.where)
    return _deployed(choice, target.where)


def _local(contract: dict[str, Any], where: str) -> Storage:
    import boto3
    from botocore.config import Config

    missing = [name for name in ("tableName", "batchBucket") if name not in contract]
    if missing:
        raise NoTarget(f"the local run does not say its {', '.join(missing)}", "is it starting?")
    session = boto3.Session(
        aws_access_key_id="test", aws_secret_access_key="test", region_name=contract["region"]
    )
    config = Config(s3={"addressing_style": "path"}, proxies={})
    dynamodb, s3, sts = (
        session.client(name, endpoint_url=contract["awsEndpoint"], config=config)
        for name in ("dynamodb", "s3", "sts")
    )
    return Storage(contract["tableName"], contract["batchBucket"], dynamodb, s3, sts, where)


def _deployed(choice: Choice, where: str) -> Storage:
    import boto3

    session = boto3.Session(profile_name=choice.profile, region_name=choice.region)
    stacks = session.client("cloudformation").describe_stacks(StackName=choice.stack)["Stacks"]
    outputs = {row["OutputKey"]: row["OutputValue"] for row in stacks[0].get("Outputs", [])}
    missing = [name for name in NEEDED if name not in outputs]
    if missing:
        raise NoTarget(
            f"the stack {choice.stack} has no output {', '.join(missing)}", "is it of Terrace?"
        )
    dynamodb, s3, sts = (session.client(name) for name in ("dynamodb", "s3", "sts"))
    return Storage(outputs["TableName"], outputs["BatchBucket"], dynamodb, s3, sts, where)
