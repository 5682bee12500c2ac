"""Hypothesis drives the world: any order of users' orders, people's work, faults and time.

Hypothesis shrinks what fails to the fewest steps, and prints them: they are the replay.
"""

from contextlib import AbstractContextManager
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.world.aws.sagemaker import DAY, Plan
from tests.world.faults import EVERYWHERE, Script
from tests.world.house import PERIOD
from tests.world.scene import HOUR, MINUTE, Scene
from tests.world.sites import call_sites, kinds_of

PAIRS = [(site, kind) for site in call_sites() for kind in kinds_of(site)]
NAMES = ("car", "road", "van")


class Batches(RuleBasedStateMachine):
    """One batch of three lanes and two levels; every invariant is watched at every write."""

    def __init__(self) -> None:
        super().__init__()
        self.scene = Scene(seed="stateful")
        self.open: AbstractContextManager[Any] = self.scene.running()
        self.open.__enter__()
        self.request: Any = None

    @initialize(pacing=st.sampled_from(["level", "dependency"]), policy=st.booleans())
    def post(self, pacing: str, policy: bool) -> None:
        scene = self.scene
        labels = [scene.label(name) for name in NAMES]
        self.request = scene.request(
            *labels,
            *(scene.audit(name) for name in NAMES),
            pacing=pacing,
            onJobFailure="fail" if policy else "continue",
        )
        # People finish nothing by themselves: the rules below say when.
        scene.usual = Plan(29 * DAY)
        scene.post(self.request)

    # --- users ---------------------------------------------------------------------------------
    @rule()
    def post_again(self) -> None:
        self.scene.post(self.request)

    @rule(mode=st.sampled_from(["stop", "drain"]))
    def stop(self, mode: str) -> None:
        self.scene.order("stop", mode=mode)

    @rule()
    def retry(self) -> None:
        self.scene.order("retry")

    # --- people --------------------------------------------------------------------------------
    def _live(self) -> list[Any]:
        return self.scene.world.live("b")

    @precondition(lambda self: self._live())
    @rule(
        which=st.integers(0, 5),
        status=st.sampled_from(["Completed", "Completed", "Failed"]),
        share=st.sampled_from([0.0, 0.5, 1.0, 1.0]),
    )
    def finish(self, which: int, status: str, share: float) -> None:
        live = self._live()
        job = live[which % len(live)]
        job.plan = Plan(status=status, share=share)
        self.scene.world.sagemaker.people_done(job)

    @precondition(lambda self: self._live())
    @rule(which=st.integers(0, 5))
    def stop_by_hand(self, which: int) -> None:
        live = self._live()
        name = live[which % len(live)].name
        self.scene.world.sagemaker.stop_labeling_job(LabelingJobName=name)

    # --- what goes wrong -------------------------------------------------------------------------
    @rule(pair=st.sampled_from(PAIRS), skip=st.integers(0, 2))
    def fault(self, pair: tuple[str, str], skip: int) -> None:
        site, kind = pair
        self.scene.world.faults.scripts.append(Script(site, kind, skip=skip, seconds=20.0))

    @rule(share=st.sampled_from([0.0, 0.3]))
    def many_faults(self, share: float) -> None:
        self.scene.world.faults.rate = share
        self.scene.world.faults.flat = True
        self.scene.world.faults.weights = dict.fromkeys(EVERYWHERE, 1.0)

    @rule(drop=st.sampled_from([0.0, 1.0]))
    def drop_events(self, drop: float) -> None:
        self.scene.world.events.drop = drop

    @rule()
    def abort(self) -> None:
        for execution in list(self.scene.world.stepfunctions.executions.values()):
            if execution.status == "RUNNING":
                execution.abort()

    # --- time ------------------------------------------------------------------------------------
    @rule(seconds=st.sampled_from([0.05, 1.0, 10.0, MINUTE, PERIOD, 3 * HOUR]))
    def time_goes_by(self, seconds: float) -> None:
        self.scene.run(seconds)

    @invariant()
    def nothing_is_violated(self) -> None:
        self.scene.check()

    def teardown(self) -> None:
        """Nothing goes wrong any more, and people finish: the batch must come to its end."""
        try:
            if self.request is not None:
                self._come_to_an_end()
        finally:
            self.open.__exit__(None, None, None)

    def _come_to_an_end(self) -> None:
        scene, world = self.scene, self.scene.world
        world.faults.scripts.clear()
        world.faults.rate = world.events.drop = 0.0
        scene.usual = Plan(HOUR)
        if world.batch("b") is None:
            scene.post(self.request)
            scene.run(MINUTE)
        scene.watch.watch_liveness("b")
        for job in self._live():
            job.plan = Plan()
            world.sagemaker.people_done(job)
        scene.until_over()
        scene.run(DAY)
        scene.watch.at_the_end(["b"])
        scene.watch.show_agrees("b")
        scene.check()


def test_any_order_of_things() -> None:
    run_state_machine_as_test(
        Batches,
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            derandomize=True,
            deadline=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
