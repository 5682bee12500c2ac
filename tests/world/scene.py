"""A world in which one thing goes wrong, told by name; and the table of those things."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from tests.world import requests
from tests.world.aws.sagemaker import DAY, Plan
from tests.world.faults import Script
from tests.world.house import PERIOD, Answered, World
from tests.world.invariants import Watch
from tests.world.machine import Execution

HOUR = 3600.0
MINUTE = 60.0


@dataclass(frozen=True)
class NamedFault:
    """One line of docs/reliability.md."""

    fault: str
    guarantee: str
    test: str


FAULTS: dict[str, NamedFault] = {}
"""By the name of the test."""


def fault(what: str, guarantee: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Puts a test into the table of docs/reliability.md."""

    def listed(test: Callable[[], None]) -> Callable[[], None]:
        FAULTS[test.__name__] = NamedFault(what, guarantee, test.__name__)
        return test

    return listed


class Scene:
    """A world whose people, faults and times are told, with every invariant watched."""

    def __init__(self, *, reconciler: bool = True, seed: object = "scene") -> None:
        self.plans: dict[str, Plan] = {}
        self.usual = Plan(HOUR)
        """What becomes of labeling jobs that are not in `plans`."""
        self.world = World(seed, plan=lambda name: self.plans.get(name) or replace(self.usual))
        self.world.scheduler.stay = 0.5
        self.watch = Watch(self.world)
        self.answers: list[Answered] = []
        self.reconciler = reconciler
        self.manifest = requests.upload(self.world, "clip", 4)
        self.categories = requests.categories(self.world)

    # --- what is asked for -------------------------------------------------------------------
    def label(self, name: str, **more: Any) -> Any:
        return requests.label(self.manifest, self.categories, name, **more)

    @staticmethod
    def audit(source: str, level: int = 2, **more: Any) -> Any:
        return requests.review(source, f"{source}-audit", level, **more)

    def request(self, *jobs: Any, batch_id: str = "b", **more: Any) -> Any:
        """Two lanes of two levels, unless jobs are given."""
        car, road = self.label("car"), self.label("road")
        usual = [car, road, self.audit("car"), self.audit("road")]
        return {"batchId": batch_id, "labelingJobs": list(jobs) or usual, **more}

    def post(self, request: Any, times: int = 1) -> None:
        for _ in range(times):
            self.world.api("POST", "/batch/create", request, self.answers.append)

    def order(self, what: str, batch_id: str = "b", **more: Any) -> None:
        body = {"batchId": batch_id, **more}
        self.world.api("POST", f"/batch/{what}", body, self.answers.append)

    # --- what goes wrong ---------------------------------------------------------------------
    def at(self, site: str, kind: str, times: int = 1, **more: Any) -> None:
        """A fault at a call site, a number of times."""
        self.world.faults.scripts.append(Script(site, kind, times, **more))

    def after(self, seconds: float, what: Callable[[], Any]) -> None:
        self.world.scheduler.after(seconds, lambda: (what(), None)[1])

    def execution(self) -> Execution:
        """The newest one."""
        return list(self.world.stepfunctions.executions.values())[-1]

    # --- what happens ------------------------------------------------------------------------
    def _tick(self) -> None:
        self.world.tick()
        self.world.scheduler.after(PERIOD, self._tick)

    @contextmanager
    def running(self) -> Iterator["Scene"]:
        with self.world.running():
            if self.reconciler:
                self.world.scheduler.after(PERIOD, self._tick)
            yield self

    def run(self, seconds: float) -> None:
        """So much time goes by."""
        end = self.world.scheduler.now + seconds
        self.world.scheduler.run(lambda: False, end)
        self.world.scheduler.now = max(end, self.world.scheduler.now)

    def until_over(self, batch_id: str = "b", days: float = 20.0) -> str:
        """Until the batch has ended and everybody was told; its status."""
        key = (f"BATCH#{batch_id}", "BATCH")

        def over() -> bool:
            item = self.world.dynamo.items.get(key)
            return item is not None and "openKey" not in item

        limit = self.world.scheduler.now + days * DAY
        assert self.world.scheduler.run(over, limit), f"not over: {self.statuses(batch_id)}"
        batch = self.world.batch(batch_id)
        assert batch is not None
        self.check()
        return batch.status.value

    def check(self) -> None:
        """No invariant was violated, and no function met an error that is not Terrace's own."""
        assert not self.watch.violations, [str(one) for one in self.watch.violations]

    # --- what is true ------------------------------------------------------------------------
    def statuses(self, batch_id: str = "b") -> dict[str, str]:
        return {job.jobName: job.status.value for job in self.world.jobs(batch_id)}

    def created(self) -> list[str]:
        """Names of all labeling jobs there are, in the order of their creation."""
        return [job.name for job in self.world.sagemaker.jobs.values()]

    def ends_told(self) -> list[str]:
        sent = self.world.sns.sent
        return [m["body"]["status"] for m in sent if m["eventType"] == "BATCH_COMPLETE"]

    def timeline(self, what: str, batch_id: str = "b") -> list[Any]:
        """Rows of the batch's timeline of one kind."""
        rows = self.world.dynamo._partitions[f"BATCH#{batch_id}"]
        events = [row for sk, row in rows.items() if sk.startswith("EVENT#")]
        return [row for row in events if what in str(row)]

    def sent(self, kind: str) -> int:
        return len([m for m in self.world.sns.sent if m["eventType"] == kind])
