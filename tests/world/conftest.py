"""The world's AWS, where the contract tests of the store are run on it."""

import uuid

import pytest

from terrace.adapters.dynamodb_store import DynamoBatchStore
from tests.world.aws.dynamodb import DynamoDb


@pytest.fixture
def table() -> str:
    return f"t{uuid.uuid4().hex}"


@pytest.fixture
def store(table: str) -> DynamoBatchStore:
    """The shipped store on the world's DynamoDB."""
    return DynamoBatchStore(DynamoDb(lambda: 0.0), table)
