"""BatchStore when DynamoDB is busy: conflicts are tried again, a lost condition is not."""

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import ANY, Stubber

from terrace.adapters import dynamodb_table
from terrace.adapters.dynamodb_store import DynamoBatchStore
from terrace.domain.status import JobStatus
from terrace.errors import (
    BadRequestError,
    ConflictError,
    TerraceError,
    ThrottledError,
    TransientError,
)
from tests.contract.rows import AT, a_batch, a_job, a_mark

TRIES = dynamodb_table.CONFLICT_TRIES


class Busy:
    """A store whose DynamoDB answers as it is told."""

    def __init__(self) -> None:
        client = boto3.client("dynamodb", "us-east-1")
        self.stub = Stubber(client)
        self.store = DynamoBatchStore(client, "t")

    def update_fails(self, code: str, times: int = 1, status: int = 400) -> None:
        for _ in range(times):
            self.stub.add_client_error("update_item", code, http_status_code=status)

    def cancelled(self, *codes: str, times: int = 1) -> None:
        reasons = [{"Code": code} for code in codes]
        for _ in range(times):
            self.stub.add_client_error(
                "transact_write_items",
                "TransactionCanceledException",
                modeled_fields={"CancellationReasons": reasons},
            )


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Busy]:
    monkeypatch.setattr(dynamodb_table, "_pause", lambda attempt: None)
    world = Busy()
    with world.stub:
        yield world
        world.stub.assert_no_pending_responses()


def test_a_write_beside_a_transaction_is_tried_again(busy: Busy) -> None:
    busy.update_fails("TransactionConflictException", times=2)
    busy.stub.add_response("update_item", {}, {"TableName": "t"} | dict.fromkeys(UPDATE, ANY))
    assert busy.store.set_mark("b", a_mark())


UPDATE = (
    "Key",
    "UpdateExpression",
    "ConditionExpression",
    "ExpressionAttributeNames",
    "ExpressionAttributeValues",
)


def test_transactions_in_the_way_every_time_are_a_conflict_not_a_lost_condition(
    busy: Busy,
) -> None:
    busy.update_fails("TransactionConflictException", times=TRIES)
    with pytest.raises(ConflictError):
        busy.store.set_mark("b", a_mark())


def test_a_lost_condition_is_not_tried_again(busy: Busy) -> None:
    busy.update_fails("ConditionalCheckFailedException")
    assert not busy.store.set_mark("b", a_mark())


@pytest.mark.parametrize("passing", ["TransactionConflict", "ThrottlingError"])
def test_a_cancelled_transaction_is_tried_again(busy: Busy, passing: str) -> None:
    busy.cancelled("None", passing, "None", times=2)
    busy.stub.add_response("transact_write_items", {})
    assert busy.store.claim(a_job(), "n", AT).won


def test_a_condition_that_failed_beside_a_conflict_counts(busy: Busy) -> None:
    busy.cancelled("None", "ConditionalCheckFailed", "TransactionConflict")
    outcome = busy.store.claim(a_job(), "n", AT)
    assert (outcome.won, outcome.stale) == (False, True)


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        ("TransactionConflict", ConflictError),
        ("ThrottlingError", ThrottledError),
        ("ProvisionedThroughputExceeded", ThrottledError),
    ],
)
def test_a_transaction_that_never_passes_raises_what_can_be_retried(
    busy: Busy, reason: str, error: type[TerraceError]
) -> None:
    busy.cancelled("None", reason, times=TRIES)
    with pytest.raises(error):
        busy.store.end_attempt(a_job(), JobStatus.FAILED, {}, a_mark())


def test_a_transaction_that_can_never_work_is_not_tried_again(busy: Busy) -> None:
    busy.cancelled("ItemCollectionSizeLimitExceeded", "None")
    with pytest.raises(BadRequestError):
        busy.store.job_created(a_job(), "arn", AT)


Call = Callable[[DynamoBatchStore], Any]
CALLS: dict[str, tuple[str, Call]] = {
    "get_batch": ("get_item", lambda s: s.get_batch("b")),
    "create_batch": ("put_item", lambda s: s.create_batch(a_batch())),
    "set_mark": ("update_item", lambda s: s.set_mark("b", a_mark())),
    "open_batches": ("query", lambda s: list(s.open_batches(None))),
    "claim": ("transact_write_items", lambda s: s.claim(a_job(), "n", AT)),
}
ANSWERS = {
    ("ProvisionedThroughputExceededException", 400): ThrottledError,
    ("ThrottlingException", 400): ThrottledError,
    ("InternalServerError", 500): TransientError,
    ("ValidationException", 400): BadRequestError,
}


@pytest.mark.parametrize(("answer", "error"), ANSWERS.items(), ids=str)
@pytest.mark.parametrize("name", CALLS)
def test_what_dynamodb_says_comes_out_as_an_error_of_terrace(
    busy: Busy, name: str, answer: tuple[str, int], error: type[TerraceError]
) -> None:
    operation, call = CALLS[name]
    busy.stub.add_client_error(operation, answer[0], http_status_code=answer[1])
    with pytest.raises(error, match=answer[0]):
        call(busy.store)


@pytest.mark.parametrize("name", CALLS)
def test_a_connection_that_cannot_be_made_is_transient(name: str) -> None:
    class NoNetwork:
        def __getattr__(self, operation: str) -> Any:
            def call(**_: Any) -> None:
                raise EndpointConnectionError(endpoint_url="https://dynamodb")

            return call

    with pytest.raises(TransientError):
        CALLS[name][1](DynamoBatchStore(NoNetwork(), "t"))
