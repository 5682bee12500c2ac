"""A gate that has more to look at than a call has time for: its job fails, and says why."""

from typing import Any

import pytest

from terrace.steps import gate_time
from terrace.steps.fail_batch import MachineError
from terrace.steps.gate_own import SLICE_ITEMS
from terrace.steps.start_job import OUT_OF_ROOM, StartJobInput
from tests.fakes.house import House
from tests.stack_template import machine
from tests.steps.boxes import GOOD, lane, people
from tests.steps.test_gate_answers import answer_file, several
from tests.steps.test_gate_items import OWN

LATE = gate_time.GATE_SECONDS + 1


def label(house: House) -> None:
    """People draw; then the machine comes to the gate."""
    people(house, "car", lambda number, item: GOOD)


def why(house: House) -> str:
    """Why the gated job ended without a labeling job."""
    job = house.jobs()["review"]
    assert job.status == "FAILED"
    assert "review" not in house.engine.jobs
    return job.failureReason or ""


def test_slices_for_a_slow_function_end_with_the_time(house: House) -> None:
    # Given a function that takes all the time there is for the first of two slices
    def slow(event: Any) -> Any:
        house.clock.advance(LATE)
        return {"findings": []}

    house.functions.answers[OWN] = slow
    count = SLICE_ITEMS + 1
    house.post(lane(house, count, {"checks": [{"check": "lambda", "functionArn": OWN}]}))
    house.turn()
    # When the gate asks it
    label(house)
    # Then it is asked for no second slice, and the job says what there was too much of
    assert len(house.functions.calls) == 1
    assert f"at the slices for {OWN}, slice 2" in why(house)
    assert "fewer items" in why(house)


def test_answers_of_workers_that_take_too_long_to_read_fail_the_job(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    several(house, {"checks": ["disagreement"]})
    for line in range(4):
        answer_file(house, "car", line, GOOD, GOOD, GOOD)
    read = type(house.objects).get_jsons

    def slowly(self: Any, uris: Any) -> Any:
        for found in read(self, uris):
            house.clock.advance(LATE / 2)
            yield found

    monkeypatch.setattr(type(house.objects), "get_jsons", slowly)
    label(house)
    assert "it was at the worker answers, file 2" in why(house)


def settled(house: House, error: str) -> None:
    """The machine's Catch: PrepareInput of the review ended so in every try."""
    caught = MachineError(Error=error, Cause="x")
    house.start.run(
        StartJobInput(batchId="b", generation=1, level=2, jobName="review", error=caught)
    )


@pytest.mark.parametrize("error", sorted(OUT_OF_ROOM))
def test_a_gate_that_breaks_off_for_want_of_room_fails_its_job_at_once(
    house: House, error: str
) -> None:
    house.post(lane(house, 3, {"checks": ["duplicate-box"]}))
    house.turn()
    settled(house, error)
    assert "its gate broke off in every try, for want of time or memory" in why(house)
    assert error in why(house)


def test_what_may_pass_is_tried_again(house: House) -> None:
    house.post(lane(house, 3, {"checks": ["duplicate-box"]}))
    house.turn()
    settled(house, "TransientError")
    assert house.jobs()["review"].status == "PENDING"


@pytest.mark.parametrize("error", sorted(OUT_OF_ROOM))
def test_a_job_without_a_gate_is_tried_again_later(house: House, error: str) -> None:
    house.post(lane(house, 3, None))
    house.turn()
    settled(house, error)
    assert house.jobs()["review"].status == "PENDING"


def test_the_machine_gives_a_preparation_that_ran_out_of_time_one_more_try() -> None:
    (prepare,) = (
        states["PrepareInput"]
        for state in machine()["States"].values()
        if "PrepareInput"
        in (states := state.get("Iterator", state.get("ItemProcessor", {})).get("States", {}))
    )
    tries = {
        error: rule["MaxAttempts"] for rule in prepare["Retry"] for error in rule["ErrorEquals"]
    }
    assert (tries["Sandbox.Timedout"], tries["States.Timeout"]) == (1, 1)
    assert tries["TransientError"] > 1
