"""What the deterministic world (tests/world) found in the shipped code, each as a small case."""

from dataclasses import replace
from typing import Any

from terrace.domain.records import BatchRecord
from terrace.ports import BatchStore
from terrace.steps.transform_batch import TransformBatchInput
from tests.fakes.house import PERIOD, House
from tests.steps.conftest import two_levels


def test_a_released_execution_that_did_not_move_is_replaced_at_the_next_pass(house: House) -> None:
    # Given a batch whose stored token is dead, as after a redrive: its release moves nothing
    house.post(two_levels(house))
    house.turn()
    house.engine.finish("car")
    house.engine.finish("road")
    house.workflow.waiting.clear()
    house.runs["b"].token = "a token that is not stored"
    house.workflow.waiting.add("a token that is not stored")
    house.reconcile()
    assert house.batch().generation == 1
    # When the next pass comes a moment less than a period later
    house.reconcile(after=PERIOD - 0.1)
    # Then the batch has a fresh execution, and goes on
    assert house.batch().generation == 2
    assert house.statuses()["car-audit"] == "IN_PROGRESS"


def test_a_pass_right_after_the_event_is_no_second_look_at_an_output(house: House) -> None:
    # Given a labeling job whose manifest is not there yet when its event comes
    house.post(two_levels(house))
    house.turn()
    house.finish("car", manifest="absent")
    # When the reconciler comes some seconds later, and the manifest some seconds after that
    house.reconcile(after=5)
    assert house.statuses()["car"] == "IN_PROGRESS"
    house.engine.finish("car")
    house.reconcile()
    # Then the labels that people made are kept
    assert house.statuses()["car"] == "COMPLETE"


def test_an_output_that_is_not_there_a_period_later_is_given_up(house: House) -> None:
    house.post(two_levels(house))
    house.turn()
    house.finish("car", manifest="absent")
    house.reconcile(after=5)
    house.reconcile()
    assert house.statuses()["car"] == "FAILED"


def test_a_late_check_beside_the_one_that_accepted_refuses_nothing(house: House) -> None:
    # Given two calls of TransformBatch at once: the connection to the first was lost
    house.post(two_levels(house))
    late = house.transform
    checked = late.run(TransformBatchInput(batchId="b", generation=1))
    assert checked.next == "plan"
    accepted = house.batch().transformedAt
    # When the one has accepted the batch and its jobs run, and the other finds their names taken
    house.turn()
    seen = house.batch().model_copy(update={"transformedAt": None})
    found = _Seen(house.store, seen)
    answer = replace(late, store=found).run(TransformBatchInput(batchId="b", generation=1))
    # Then nothing is marked, no name is given back, and the batch goes on
    assert (answer.next, house.batch().mark) == ("plan", None)
    assert house.batch().transformedAt == accepted
    assert house.store.get_claim("car-audit") is not None
    assert house.statuses()["car"] == "IN_PROGRESS"


class _Seen:
    """A store whose first reading of the batch is an old one."""

    def __init__(self, store: BatchStore, first: BatchRecord) -> None:
        self._store = store
        self._first: BatchRecord | None = first

    def get_batch(self, batch_id: str) -> BatchRecord | None:
        first, self._first = self._first, None
        return first or self._store.get_batch(batch_id)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)
