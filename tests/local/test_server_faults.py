"""Faults on request, in front of every service."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, HTTPClientError

from terrace_local.gateway.faults import BadFault, FaultBook
from terrace_local.gateway.operations import Operation
from tests.local.conftest import Sample

GET = Operation("dynamodb", "GetItem")


def fault(**changes: Any) -> dict[str, Any]:
    """A fault request."""
    return {"service": "dynamodb", "operation": "GetItem", "error": "Boom", **changes}


def test_a_fault_fires_as_often_as_it_was_asked_to() -> None:
    book = FaultBook()
    book.add(fault(times=2))
    assert [book.draw(GET) is not None for _ in range(4)] == [True, True, False, False]
    assert not book


def test_the_same_seed_gives_the_same_failures() -> None:
    def run() -> list[bool]:
        book = FaultBook(seed=3)
        book.add(fault(probability=0.3, times=-1))
        return [book.draw(GET) is not None for _ in range(200)]

    first = run()
    assert first == run()
    assert 30 < sum(first) < 90


def test_a_fault_speaks_of_its_own_operation_only() -> None:
    book = FaultBook()
    book.add(fault())
    assert book.draw(Operation("dynamodb", "PutItem")) is None
    assert book.draw(Operation("s3", "GetItem")) is None


@pytest.mark.parametrize(
    "request_",
    [
        {"service": "s3"},
        fault(probability=2),
        fault(when="during"),
        fault(times="often"),
        fault(tiems=2),
    ],
    ids=["fields missing", "not a probability", "unknown moment", "not a number", "misspelt"],
)
def test_a_senseless_fault_is_refused(request_: dict[str, Any]) -> None:
    with pytest.raises(BadFault):
        FaultBook().add(request_)


@pytest.fixture
def clean(aws: Sample) -> Iterator[Sample]:
    """The local AWS without any fault, before and after."""
    aws.control("faults", method="DELETE")
    yield aws
    aws.control("faults", method="DELETE")


@pytest.mark.local_aws
@pytest.mark.parametrize(
    ("service", "operation", "call"),
    [
        ("sagemaker", "ListWorkteams", ("list_workteams", {})),
        ("dynamodb", "ListTables", ("list_tables", {})),
        ("sns", "ListTopics", ("list_topics", {})),
        ("s3", "ListBuckets", ("list_buckets", {})),
        ("stepfunctions", "ListStateMachines", ("list_state_machines", {})),
        ("events", "ListRules", ("list_rules", {})),
        ("sqs", "ListQueues", ("list_queues", {})),
    ],
)
def test_a_client_of_any_service_reads_the_error_that_was_asked_for(
    clean: Sample, service: str, operation: str, call: tuple[str, dict[str, Any]]
) -> None:
    clean.control(
        "faults",
        {"service": service, "operation": operation, "error": "ThrottlingException"},
    )
    client = clean.client(service)
    with pytest.raises(ClientError) as caught:
        getattr(client, call[0])(**call[1])
    assert caught.value.response["Error"]["Code"] == "ThrottlingException"
    # Then only once
    getattr(client, call[0])(**call[1])
    assert clean.control("faults")[1]["faults"][0]["hits"] == 1


@pytest.mark.local_aws
def test_after_means_the_call_took_effect_and_the_answer_was_lost(clean: Sample) -> None:
    clean.control(
        "faults",
        {
            "service": "dynamodb",
            "operation": "PutItem",
            "error": "InternalServerError",
            "when": "after",
        },
    )
    dynamodb = clean.client("dynamodb")
    item = {"PK": {"S": "after"}, "SK": {"S": "1"}}
    with pytest.raises(ClientError):
        dynamodb.put_item(TableName=clean.table, Item=item)
    assert dynamodb.get_item(TableName=clean.table, Key=item)["Item"] == item


@pytest.mark.local_aws
def test_a_reset_connection_is_no_answer_at_all(clean: Sample) -> None:
    clean.control(
        "faults", {"service": "s3", "operation": "ListBuckets", "error": "ConnectionReset"}
    )
    with pytest.raises(HTTPClientError):
        clean.client("s3").list_buckets()
    clean.client("s3").list_buckets()


def test_a_fault_may_speak_of_one_path_only() -> None:
    book = FaultBook()
    asked = {"service": "lambda", "operation": "Invoke", "error": "ConnectionReset"}
    book.add({**asked, "path": "transform-batch"})
    call = Operation("lambda", "Invoke")
    assert book.draw(call, "/2015-03-31/functions/terrace-reconcile/invocations") is None
    assert book.draw(call, "/2015-03-31/functions/terrace-transform-batch/invocations") is not None
