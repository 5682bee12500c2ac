"""BatchStore: two writers at the same moment; between a read and a write the other one wins."""

from collections.abc import Callable
from typing import Any

from terrace.adapters.dynamodb_store import DynamoBatchStore
from terrace.domain.status import BatchStatus
from tests.contract.conftest import Aws
from tests.contract.rows import AT, a_batch, a_claim, a_mark


class Between:
    """A DynamoDB client that lets somebody else act once, right before an operation."""

    def __init__(self, client: Any, operation: str, act: Callable[[], object]) -> None:
        self._client = client
        self._operation = operation
        self._act: Callable[[], object] | None = act
        self.armed = False

    def __getattr__(self, name: str) -> Any:
        if name == self._operation and self.armed and self._act is not None:
            act, self._act = self._act, None
            act()
        return getattr(self._client, name)

    def get_item(self, **parameters: Any) -> Any:
        """From the first read on, the other writer may come."""
        found = self._client.get_item(**parameters)
        self.armed = True
        return found


def stores(
    aws: Aws, table: str, operation: str, act: Callable[[DynamoBatchStore], object]
) -> tuple[DynamoBatchStore, DynamoBatchStore]:
    """(ours, theirs): they act between our read and our write."""
    client = aws.client("dynamodb")
    theirs = DynamoBatchStore(client, table)
    return DynamoBatchStore(Between(client, operation, lambda: act(theirs)), table), theirs


def refused_batch(store: DynamoBatchStore) -> None:
    store.create_batch(a_batch(uid="first"))
    store.set_mark("b", a_mark("invalid"))
    store.end_batch("b", 1, BatchStatus.VALIDATION_FAIL, AT)


def test_of_two_postings_of_a_refused_id_one_stands(aws: Aws, table: str) -> None:
    ours, theirs = stores(
        aws, table, "put_item", lambda other: other.create_batch(a_batch(uid="theirs"))
    )
    refused_batch(theirs)
    standing = ours.create_batch(a_batch(uid="ours"))
    assert (standing.uid, standing.generation) == ("theirs", 2)
    assert theirs.get_batch("b") == standing


def test_a_posting_that_was_refused_again_meanwhile_is_not_written_over(
    aws: Aws, table: str
) -> None:
    def post_and_refuse(other: DynamoBatchStore) -> None:
        other.create_batch(a_batch(uid="theirs"))
        other.end_batch("b", 2, BatchStatus.VALIDATION_FAIL, AT)

    ours, theirs = stores(aws, table, "put_item", post_and_refuse)
    refused_batch(theirs)
    standing = ours.create_batch(a_batch(uid="ours"))
    assert (standing.uid, standing.status) == ("theirs", BatchStatus.VALIDATION_FAIL)


def test_a_name_given_back_between_our_refusal_and_our_look_is_taken(aws: Aws, table: str) -> None:
    class Freeing:
        """The other batch gives the name back right after our write was refused."""

        def __getattr__(self, name: str) -> Any:
            return getattr(aws.client("dynamodb"), name)

        def get_item(self, **parameters: Any) -> Any:
            DynamoBatchStore(aws.client("dynamodb"), table).free(a_claim(batch_id="c"))
            return aws.client("dynamodb").get_item(**parameters)

    DynamoBatchStore(aws.client("dynamodb"), table).reserve(a_claim(batch_id="c"))
    ours = DynamoBatchStore(Freeing(), table)
    holder = ours.reserve(a_claim(batch_id="b"))
    stored = ours.get_claim("car")
    assert holder.batchId == "b"
    assert stored is not None
    assert stored.batchId == "b"
