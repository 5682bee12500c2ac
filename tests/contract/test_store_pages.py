"""BatchStore: nothing is lost behind the first page of a query."""

import base64
import json
from typing import Any

import pytest

from terrace.adapters.dynamodb_store import DynamoBatchStore
from terrace.domain.status import BatchStatus
from terrace.errors import BadRequestError
from terrace.ports import BatchStore
from tests.contract.conftest import Aws
from tests.contract.rows import AT, a_batch, a_job

BIG = "x" * 100_000


def test_a_batch_larger_than_a_page_of_dynamodb_is_loaded_whole(
    aws: Aws, store: BatchStore
) -> None:
    queries: list[Any] = []
    aws.client("dynamodb").meta.events.register(
        "before-call.dynamodb.Query", lambda **call: queries.append(call), unique_id="pages"
    )
    store.create_batch(a_batch())
    for index in range(24):
        store.put_job(a_job(f"j{index}", failureReason=BIG, index=index))
    found = store.load("b")
    aws.client("dynamodb").meta.events.unregister("before-call.dynamodb.Query", unique_id="pages")
    assert found is not None
    assert [job.index for job in found[1]] == list(range(24))
    assert len(queries) > 1  # else the rows were too small to prove anything


def test_batches_are_listed_newest_first_in_pages_without_gap_or_double(
    store: BatchStore,
) -> None:
    for index in range(5):
        store.create_batch(a_batch(f"b{index}", createdAt=AT + index))
    store.create_batch(a_batch("other", createdAt=AT))
    store.end_batch("other", 1, BatchStatus.FAILED, AT)
    seen, token = [], None
    for _ in range(10):
        page = store.list_batches(BatchStatus.IN_PROGRESS, 2, token)
        seen += [batch.batchId for batch in page.batches]
        token = page.nextToken
        if token is None:
            break
    assert seen == ["b4", "b3", "b2", "b1", "b0"]


def test_a_status_without_batches_is_an_empty_page(store: BatchStore) -> None:
    page = store.list_batches(BatchStatus.COMPLETE, 10, None)
    assert (page.batches, page.nextToken) == ([], None)


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


@pytest.mark.parametrize(
    "token",
    [
        "%%%",
        "abc",
        "ümlaut",
        encoded([1]),
        encoded({"PK": "b"}),
        encoded({}),
        encoded({"PK": {"S": "BATCH#b"}}),
        encoded({"PK": {"X": "1"}, "SK": {"S": "BATCH"}}),
    ],
)
def test_a_token_that_was_never_given_out_is_refused(store: BatchStore, token: str) -> None:
    with pytest.raises(BadRequestError):
        store.list_batches(BatchStatus.IN_PROGRESS, 10, token)


def test_open_batches_come_oldest_first_from_a_place_on(store: BatchStore) -> None:
    for index in (2, 0, 1):
        store.create_batch(a_batch(f"b{index}", createdAt=AT + index))
    assert list(store.open_batches(None)) == ["b0", "b1", "b2"]
    assert list(store.open_batches(AT)) == ["b1", "b2"]


def test_many_open_batches_are_all_seen(aws: Aws, table: str) -> None:
    class SmallPages:
        """DynamoDB with pages of three rows, whatever their size."""

        def __getattr__(self, name: str) -> Any:
            return getattr(aws.client("dynamodb"), name)

        def query(self, **parameters: Any) -> Any:
            return aws.client("dynamodb").query(**parameters, Limit=3)

    store = DynamoBatchStore(SmallPages(), table)
    for index in range(7):
        store.create_batch(a_batch(f"b{index}", createdAt=AT + index))
    assert list(store.open_batches(None)) == [f"b{index}" for index in range(7)]


def test_events_of_one_moment_are_all_kept(aws: Aws, table: str, store: BatchStore) -> None:
    for number in range(3):
        store.add_event("b", "JOB_ENDED", {"number": number, "reason": ""}, AT)
    found = aws.client("dynamodb").query(
        TableName=table,
        KeyConditionExpression="PK = :b AND begins_with(SK, :e)",
        ExpressionAttributeValues={":b": {"S": "BATCH#b"}, ":e": {"S": "EVENT#"}},
    )
    assert sorted(int(i["detail"]["M"]["number"]["N"]) for i in found["Items"]) == [0, 1, 2]
