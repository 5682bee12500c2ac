"""BatchStore: waves advance once, and only the newest task token is kept."""

import itertools

import pytest

from terrace.domain.records import Park
from terrace.domain.status import BatchStatus
from terrace.ports import BatchStore
from tests.contract.rows import AT, a_batch, a_park

ORDERS = list(itertools.product((1, 2), (1, 2), (0, 1)))


def stored_park(store: BatchStore) -> Park | None:
    batch = store.get_batch("b")
    assert batch is not None
    return batch.park


@pytest.fixture
def batch(store: BatchStore) -> BatchStore:
    store.create_batch(a_batch())
    return store


def test_a_wave_advances_by_one(batch: BatchStore) -> None:
    assert batch.advance_wave("b", 1, 1, 29, AT + 1)
    assert batch.advance_wave("b", 1, 2, 58, AT + 2)
    row = batch.get_batch("b")
    assert row is not None
    assert (row.wave, row.turnEvents, row.movedAt) == (2, 58, AT + 2)


def test_a_repeated_step_may_set_the_same_wave(batch: BatchStore) -> None:
    assert batch.advance_wave("b", 1, 1, 29, AT)
    assert batch.advance_wave("b", 1, 1, 29, AT)


@pytest.mark.parametrize("wave", [2, 3])
def test_a_wave_cannot_be_skipped(batch: BatchStore, wave: int) -> None:
    assert not batch.advance_wave("b", 1, wave, 0, AT)


def test_a_wave_cannot_go_back(batch: BatchStore) -> None:
    batch.advance_wave("b", 1, 1, 0, AT)
    batch.advance_wave("b", 1, 2, 0, AT)
    assert not batch.advance_wave("b", 1, 1, 0, AT)


def test_a_stale_generation_moves_nothing(batch: BatchStore) -> None:
    row = batch.get_batch("b")
    assert row is not None
    batch.next_generation(row, AT)
    assert not batch.advance_wave("b", 1, 1, 0, AT)
    assert not batch.park("b", a_park(generation=1))
    assert stored_park(batch) is None


def test_the_same_token_is_stored_again(batch: BatchStore) -> None:
    park = a_park(token="a" * 1024)
    assert batch.park("b", park)
    assert batch.park("b", park)
    assert stored_park(batch) == park


@pytest.mark.parametrize(("old", "new"), list(itertools.product(ORDERS, ORDERS)), ids=str)
def test_only_a_newer_park_replaces_the_stored_one(
    store: BatchStore, old: tuple[int, int, int], new: tuple[int, int, int]
) -> None:
    # A row whose generation is the newer of the two, and which still holds the old token.
    generation = max(old[0], new[0])
    store.create_batch(a_batch(generation=generation, park=a_park(*old, token="old")))
    # The same order again is the same task: Lambda's own retry, or a token that was lost.
    assert store.park("b", a_park(*new, token="new")) is (new >= old)
    kept = stored_park(store)
    assert kept is not None
    assert kept.token == ("new" if new >= old else "old")


def test_the_first_nudge_of_a_park_is_noted(batch: BatchStore) -> None:
    park = a_park()
    batch.park("b", park)
    batch.note_nudge("b", park, AT + 1)
    batch.note_nudge("b", park, AT + 2)
    kept = stored_park(batch)
    assert kept is not None
    assert kept.nudgedAt == AT + 1


def test_a_nudge_of_an_older_token_is_not_noted(batch: BatchStore) -> None:
    batch.park("b", a_park(wave=1, token="old"))
    batch.park("b", a_park(wave=2, token="new"))
    batch.note_nudge("b", a_park(wave=1, token="old"), AT)
    kept = stored_park(batch)
    assert kept is not None
    assert (kept.token, kept.nudgedAt) == ("new", None)


def test_a_nudge_without_a_park_is_no_error(batch: BatchStore) -> None:
    batch.note_nudge("b", a_park(), AT)
    assert stored_park(batch) is None


def test_the_end_of_a_batch_forgets_the_token(batch: BatchStore) -> None:
    batch.park("b", a_park())
    batch.end_batch("b", 1, BatchStatus.COMPLETE, AT)
    assert stored_park(batch) is None
