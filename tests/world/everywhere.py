"""A stop, and a retry, at every state a batch enters and at every AWS call it makes.

A place is a state's n-th entry or the n-th AWS call. For each, a world of its own runs the same
batch, the order is given there, and what must hold is looked at; the invariants are watched
throughout (nothing is claimed after the stop, no label is lost, every labeling job is on record).
"""

from collections.abc import Callable
from dataclasses import dataclass

from tests.world.aws.sagemaker import Plan
from tests.world.scene import HOUR, MINUTE, Scene

ORDERS = ("stop", "drain", "retry")


@dataclass(frozen=True)
class Place:
    """Where in the life of the batch the order is given; `what` is call, or state."""

    what: str
    number: int
    """Of the call, or of the state entered, from 1."""


@dataclass(frozen=True)
class Lane:
    """One lane of two levels; its first labeling job delivers half, so it has two attempts."""

    def begin(self) -> Scene:
        scene = Scene(seed="everywhere")
        scene.plans["car"] = Plan(HOUR, share=0.5)
        return scene

    @staticmethod
    def post(scene: Scene) -> None:
        scene.post(scene.request(scene.label("car"), scene.audit("car")))


def places() -> list[Place]:
    """All places of the batch when nothing is ordered."""
    lane = Lane()
    scene = lane.begin()
    with scene.running():
        states = _count_states(scene)
        lane.post(scene)
        assert scene.until_over() == "COMPLETE"
        calls = scene.world.calls.count
    return [Place("state", n + 1) for n in range(len(states))] + [
        Place("call", n + 1) for n in range(calls)
    ]


def _count_states(scene: Scene) -> list[str]:
    seen: list[str] = []
    scene.world.outside.entered = lambda execution, state: seen.append(state)
    return seen


def _order_at(scene: Scene, place: Place, give: Callable[[], None]) -> None:
    """Gives the order when the place is reached, once."""
    count = 0

    def reached(*_: object) -> None:
        nonlocal count
        count += 1
        if count == place.number:
            give()

    if place.what == "call":
        scene.world.calls.on_call = reached
    else:
        scene.world.outside.entered = reached


def ordered(place: Place, order: str) -> None:
    """Runs the batch with one order at a place; AssertionError where something does not hold."""
    lane = Lane()
    scene = lane.begin()
    with scene.running():
        _order_at(scene, place, lambda: _give(scene, order))
        lane.post(scene)
        status = scene.until_over()
        if order == "retry":
            # Nothing has ended that could be retried, so nothing changes.
            assert status == "COMPLETE", (place, order, status)
            _all_done(scene)
            return
        _stopped(scene, place, order, status)


def _give(scene: Scene, order: str) -> None:
    if order == "retry":
        scene.order("retry")
    else:
        scene.order("stop", mode=order)


def _stopped(scene: Scene, place: Place, order: str, status: str) -> None:
    """A stop is either too late or too early, or it ends the batch; a retry makes it whole."""
    said = str([answer.body for answer in scene.answers])
    accepted = "is being stopped" in said or "was stopped;" in said
    assert status == ("STOPPED" if accepted else "COMPLETE"), (place, order, status)
    assert not scene.world.live("b"), (place, order)
    listed = {name for row in scene.world.jobs("b") for name in _names(row)}
    assert set(scene.created()) <= listed, (place, order, scene.created(), listed)
    # Again, and it changes nothing.
    before = scene.statuses()
    _give(scene, order)
    scene.run(MINUTE)
    assert scene.statuses() == before, (place, order)
    # Twice at once, and it is one retry.
    scene.order("retry")
    scene.order("retry")
    scene.run(MINUTE)
    assert scene.until_over() == "COMPLETE", (place, order, scene.statuses())
    _all_done(scene)


def _names(row: object) -> set[str]:
    attempts = {attempt.name for attempt in row.attempts}  # type: ignore[attr-defined]
    current = {row.attemptName} if row.labelingJobArn else set()  # type: ignore[attr-defined]
    return attempts | current


def _all_done(scene: Scene) -> None:
    # The end is written a little before its execution has ended.
    scene.run(MINUTE)
    assert set(scene.statuses().values()) == {"COMPLETE"}, scene.statuses()
    assert not scene.world.live("b")
    scene.watch.at_the_end(["b"])
    scene.check()


def sweep(every: int = 1, first: int = 0) -> int:
    """Each order at each state, and at every so many-th call; returns how many there were."""
    count = 0
    for place in places():
        if place.what == "call" and place.number % every != first:
            continue
        for order in ORDERS:
            ordered(place, order)
            count += 1
    return count
