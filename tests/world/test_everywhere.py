"""Stop and retry at every state; at each call, a part here and all with `make world RUNS=2000`."""

import pytest

from tests.world import everywhere

PLACES = everywhere.places()
STATES = [place for place in PLACES if place.what == "state"]
CALLS = [place for place in PLACES if place.what == "call"]


def test_there_is_a_place_for_each_state_and_call() -> None:
    assert len(STATES) > 20
    assert len(CALLS) > 100


@pytest.mark.parametrize("order", everywhere.ORDERS)
def test_at_every_state(order: str) -> None:
    for place in STATES:
        everywhere.ordered(place, order)


@pytest.mark.parametrize("order", everywhere.ORDERS)
def test_at_calls(order: str) -> None:
    for place in CALLS[:: len(CALLS) // 25]:
        everywhere.ordered(place, order)
