"""BatchStore: a decision never rests on an old copy of a row."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from terrace.domain.status import BatchStatus
from terrace.ports import BatchStore
from tests.contract.conftest import Aws
from tests.contract.rows import AT, a_batch, a_claim, a_job

READS: dict[str, Callable[[BatchStore], Any]] = {
    "get_batch": lambda store: store.get_batch("b"),
    "load": lambda store: store.load("b"),
    "get_job": lambda store: store.get_job("b", 1, "car"),
    "get_claim": lambda store: store.get_claim("car"),
    "cursor": lambda store: store.cursor(),
    "reserve": lambda store: store.reserve(a_claim(batch_id="c")),
    "create_batch": lambda store: store.create_batch(a_batch()),
    "list_batches": lambda store: store.list_batches(BatchStatus.IN_PROGRESS, 10, None),
    "open_batches": lambda store: list(store.open_batches(None)),
}


@pytest.fixture
def asked(aws: Aws) -> Iterator[list[dict[str, Any]]]:
    """The parameters of every read that was sent."""
    found: list[dict[str, Any]] = []
    events = aws.client("dynamodb").meta.events
    for operation in ("GetItem", "Query"):
        events.register(
            f"provide-client-params.dynamodb.{operation}",
            lambda params, **_: found.append(params),
            unique_id=f"asked-{operation}",
        )
    yield found
    for operation in ("GetItem", "Query"):
        name = f"provide-client-params.dynamodb.{operation}"
        events.unregister(name, unique_id=f"asked-{operation}")


@pytest.mark.parametrize("name", READS)
def test_every_read_but_those_of_an_index_is_strongly_consistent(
    store: BatchStore, asked: list[dict[str, Any]], name: str
) -> None:
    store.create_batch(a_batch())
    store.put_job(a_job())
    store.reserve(a_claim())
    store.set_cursor(AT)
    asked.clear()
    READS[name](store)
    assert asked
    for parameters in asked:
        assert parameters.get("ConsistentRead", False) is ("IndexName" not in parameters)
