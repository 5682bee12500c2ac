"""AWS in memory for one module of tests; a table, buckets, a machine and topics for each test."""

import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws

from terrace.adapters.dynamodb_store import DynamoBatchStore
from terrace.adapters.s3_objects import S3ObjectStore
from tests.stack_template import resource

REGION = "us-east-1"
ONCE = Config(retries={"total_max_attempts": 1}, signature_version="v4")
ONCE_S3 = ONCE.merge(Config(signature_version="s3v4"))


class Aws:
    """One client per service."""

    def __init__(self) -> None:
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        if service not in self._clients:
            config = ONCE_S3 if service == "s3" else ONCE
            self._clients[service] = boto3.client(service, REGION, config=config)
        return self._clients[service]


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    with mock_aws():
        yield Aws()


@pytest.fixture
def table(aws: Aws) -> str:
    """A new table with the keys and indexes of template.yaml."""
    name = f"t{uuid.uuid4().hex}"
    wanted = resource("BatchTable")
    parts = ("BillingMode", "KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes")
    aws.client("dynamodb").create_table(TableName=name, **{part: wanted[part] for part in parts})
    return name


@pytest.fixture
def store(aws: Aws, table: str) -> DynamoBatchStore:
    return DynamoBatchStore(aws.client("dynamodb"), table)


@pytest.fixture
def bucket(aws: Aws) -> str:
    name = f"b{uuid.uuid4().hex}"
    aws.client("s3").create_bucket(Bucket=name)
    return name


@pytest.fixture
def objects(aws: Aws) -> S3ObjectStore:
    return S3ObjectStore(aws.client("s3"))
