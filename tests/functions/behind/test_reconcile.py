"""Handler reconcile: on the clock it looks at all open batches, after an execution at its own."""

import json
from typing import Any

from tests.functions.behind.conftest import World, event


def ended(world: World, name: str) -> Any:
    """The event of an execution of the test's own machine."""
    found = event(name)
    found["detail"]["stateMachineArn"] = world.machine_arn
    return found


def test_a_lost_event_is_made_good_on_the_clock(world: World) -> None:
    world.running()
    world.finish()
    answer = world.invoke("reconcile.schedule")
    assert answer["batches"] == 1
    assert answer["repairs"]["settled_COMPLETE"] == 1
    assert world.job().status == "COMPLETE"
    assert world.released == [event("park_wave.token")["token"]]


def test_when_all_is_well_nothing_is_repaired(world: World) -> None:
    world.running()
    answer = world.invoke("reconcile.schedule")
    assert answer["batches"] == 1
    assert sum(answer["repairs"].values()) == 0


def test_no_open_batch_is_no_work(world: World) -> None:
    assert world.invoke("reconcile.schedule") == {"batches": 0, "repairs": {}}


def test_an_aborted_execution_is_replaced_at_once(world: World) -> None:
    world.running()
    client = world.house.workflow._client  # type: ignore[attr-defined]
    client.stop_execution(executionArn=world.batch.executionArn)
    answer = world.send("reconcile", ended(world, "reconcile.execution_aborted"))
    assert answer["repairs"]["generation"] == 1
    assert world.batch.generation == 2
    found = world.wired("reconcile").workflow.describe("street-42_g2")
    assert found is not None
    assert found.status == "RUNNING"


def test_the_end_of_an_older_generations_execution_is_ignored(world: World) -> None:
    world.running()
    world.house.store.next_generation(world.batch, world.house.clock.now())
    answer = world.send("reconcile", ended(world, "reconcile.execution_aborted"))
    assert answer == {"batches": 0, "repairs": {}}


def test_an_execution_that_succeeded_with_its_batch_needs_nothing(world: World) -> None:
    world.running()
    world.house.store.end_batch("street-42", 1, "COMPLETE", world.house.clock.now())
    world.house.store.message_sent("street-42", world.house.clock.now())
    answer = world.send("reconcile", ended(world, "reconcile.execution_succeeded"))
    assert answer["batches"] == 1
    assert sum(answer["repairs"].values()) == 0


def test_every_repair_is_a_metric(world: World, capsys: Any) -> None:
    world.running()
    world.finish()
    capsys.readouterr()
    world.invoke("reconcile.schedule")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    [emitted] = lines
    assert emitted["ReconcilerRepairs"] == [2.0]
    assert emitted["Repair_settled_COMPLETE"] == [1.0]
    assert emitted["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Terrace"
