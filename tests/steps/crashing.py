"""A house in which every call may be the last one: seeded crashes, lost answers, and races.

Each call that a step makes on its ports may: die before or after it took effect, fail in passing,
or find that somebody else (people, an event, the reconciler, the machine) acted just before it.
Steps are run again as Step Functions, SQS and the schedule would.
"""

import json
import random
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from terrace.adapters import dynamodb_codec as codec
from terrace.adapters.dynamodb_store import DynamoBatchStore
from terrace.adapters.s3_objects import S3ObjectStore
from terrace.domain.status import JOB_FEEDS_NEXT, JOB_RANK, JOB_TERMINAL
from terrace.errors import LimitExceededError, TerraceError, ThrottledError, TransientError
from terrace.steps.fail_batch import MachineError
from terrace.steps.park_wave import ParkWaveInput, park_wave
from terrace.steps.prepare_input import Prepare, PrepareInputInput
from terrace.steps.reconcile import Reconcile, ReconcileInput
from terrace.steps.start_job import Start, StartJobInput
from tests.fakes.aws import FastDynamo, FastS3
from tests.fakes.clock import ManualClock
from tests.fakes.engine import REGION, FakeEngine
from tests.fakes.functions import FakeFunctions
from tests.fakes.house import BUCKET, PERIOD, ROLE, TABLE, VIDEO_CORS, House, Run, template
from tests.fakes.notifier import FakeNotifier
from tests.fakes.workflow import FakeWorkflow

TRIES = 7
"""A task of the machine: once, and six retries."""


REFUSED = 0.15
"""Share of labeling jobs that the account's quota refuses."""
LATE = 0.15
"""Share of labeling jobs that are made after their caller has gone."""


class CrashError(Exception):
    """The process is gone, as if it never was; what it did so far stands."""


@dataclass
class Nemesis:
    """Decides, call by call, what goes wrong. Quiet until `active`."""

    rng: random.Random
    crashes: float
    """Share of calls that go wrong."""
    races: float
    """Share of calls just before which somebody else acts."""
    active: bool = False
    nested: bool = False
    interfere: Callable[[], None] = lambda: None
    late: list[Callable[[], object]] = field(default_factory=list)
    """Calls whose caller is gone, and which take effect even so."""

    def call(self, name: str, function: Callable[..., Any], *args: Any, **more: Any) -> Any:
        if not self.active:
            return function(*args, **more)
        if not self.nested and self.rng.random() < self.races:
            self.nested = True
            try:
                self.interfere()
            finally:
                self.nested = False
        if name == "create":
            self._maybe_no_answer(lambda: function(*args, **more))
        fate = self.rng.random() / self.crashes
        if fate < 0.3:
            raise CrashError(f"before {name}")
        if fate < 0.5:
            kind = self.rng.choice([TransientError, ThrottledError])
            raise kind(f"{name}: not now")
        answer = function(*args, **more)
        if fate < 0.8:
            raise CrashError(f"after {name}")
        if fate < 1.0:
            raise TransientError(f"{name}: the answer was lost")
        return answer

    def _maybe_no_answer(self, create: Callable[[], object]) -> None:
        """CreateLabelingJob is refused, or its caller dies while it is on its way."""
        fate = self.rng.random()
        if fate < REFUSED:
            raise LimitExceededError("CreateLabelingJob: ResourceLimitExceeded")
        if fate < REFUSED + LATE:
            self.late.append(create)
            raise self.rng.choice([CrashError, TransientError])("create: no answer")


class Faulty:
    """A port behind which the nemesis sits."""

    def __init__(self, port: Any, nemesis: Nemesis) -> None:
        self._port = port
        self._nemesis = nemesis

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if not callable(found):
            return found
        return lambda *args, **more: self._nemesis.call(name, found, *args, **more)


@dataclass
class World(House):
    """A house whose steps see faulty ports; what tests and people see is not."""

    nemesis: Nemesis = field(default_factory=lambda: Nemesis(random.Random(0), 0.0, 0.0))
    retry: int = 0
    in_machine: bool = False
    queue: list[str] = field(default_factory=list)
    """Events on their way."""
    too_early: list[str] = field(default_factory=list)

    @property
    def rng(self) -> random.Random:
        return self.nemesis.rng

    # --- Step Functions --------------------------------------------------------------------
    def _tried(self, step: Callable[[], Any], tries: int = TRIES) -> Any:
        """A task with its Retry; raises what its Catch would see."""
        error: Exception = CrashError("never tried")
        for self.retry in range(tries):
            try:
                return step()
            except CrashError as crash:
                error = crash
            except TransientError as passing:
                error = passing
        raise error

    @staticmethod
    def _caught(error: Exception) -> MachineError:
        name = "Lambda.Unknown" if isinstance(error, CrashError) else type(error).__name__
        return MachineError(Error=name, Cause=str(error))

    def turn(self) -> None:
        if self.in_machine:
            return
        self.in_machine = True
        try:
            super().turn()
        finally:
            self.in_machine = False

    def _step(self, name: str, run: Run) -> bool:
        if run.state == "WaitForJobs":
            if run.token in self.workflow.waiting:
                return False
            run.state = "PlanWave"
        state = run.state
        try:
            self._tried(lambda: getattr(self, f"_{state}")(run))
        except (TerraceError, CrashError, ValueError) as error:
            self._error = self._caught(error)
            run.state = "Died" if state == "FailBatch" else "FailBatch"
        ended = {"Succeeded": "SUCCEEDED", "Failed": "FAILED", "Died": "FAILED"}
        if run.state in ended and self.workflow.status[name] == "RUNNING":
            self.workflow.status[name] = ended[run.state]
        return self.workflow.status[name] == "RUNNING"

    def _ParkWave(self, run: Run) -> None:
        # Every try has a token of its own; the token of a try that broke is dead.
        self.workflow.waiting.discard(run.token or "")
        run.token = self.clock.token()
        self.workflow.waiting.add(run.token)
        step = ParkWaveInput(
            batchId=run.batch_id,
            generation=run.generation,
            wave=run.wave,
            retry=self.retry,
            token=run.token,
        )
        park_wave(step, store=self.store, workflow=self.workflow, clock=self.clock)
        run.state = "WaitForJobs"

    def start_job(self, batch_id: str, generation: int, level: int, job_name: str) -> None:
        ids = {"batchId": batch_id, "generation": generation, "level": level, "jobName": job_name}
        prepare = Prepare(self.store, self.objects, self.clock, BUCKET, template, FakeFunctions())
        start = Start(
            store=self.store,
            engine=self.engine,
            notifier=self.notifier,
            clock=self.clock,
            region=REGION,
            role_arn=ROLE,
            batch_bucket=BUCKET,
        )
        # Few tries, so that the way of the Map's Catch is gone often.
        tries = self.rng.choice([1, 1, 2, TRIES])
        try:
            step = PrepareInputInput(**ids)  # type: ignore[arg-type]
            if self._tried(lambda: prepare.run(step), tries).next == "start":
                begin = StartJobInput(**ids)  # type: ignore[arg-type]
                self._tried(lambda: start.run(begin), tries)
        except (TerraceError, CrashError, ValueError) as error:
            broken = StartJobInput(**ids, error=self._caught(error))  # type: ignore[arg-type]
            try:
                self._tried(lambda: start.run(broken), tries)
            except (TerraceError, CrashError):
                return  # LeaveJob

    # --- what happens beside it --------------------------------------------------------------
    @property
    def people(self) -> FakeEngine:
        engine: FakeEngine = self.engine._port  # type: ignore[attr-defined]
        return engine

    def running(self) -> list[str]:
        return sorted(job.name for job in self.people.jobs.values() if not job.terminal)

    def someone_works(self) -> None:
        """People end one labeling job, some way; its event comes never, once or twice."""
        if not (names := self.running()):
            return
        name = self.rng.choice(names)
        how = self.rng.choices(
            [
                {},
                {"labeled": 0.5},
                {"labeled": 0.0},
                {"status": "Failed", "labeled": 0.5},
                {"manifest": "truncated"},
            ],
            [12, 6, 2, 1, 1],
        )[0]
        self.people.finish(name, **how)  # type: ignore[arg-type]
        self.queue += [name] * self.rng.choice([0, 1, 1, 2])

    def arrive(self, name: str) -> None:
        """An event; a crash brings it back, at most twice, then it is lost."""
        for _ in range(3):
            try:
                self.settle.by_name(name)
            except (CrashError, TerraceError):
                continue
            return

    def a_pass(self, execution: str | None = None) -> None:
        reconcile = Reconcile(self.settle, self.notify, PERIOD, 86_400, 86_400)
        try:
            reconcile.run(ReconcileInput(executionName=execution), self.clock.now() + 600)
        except (CrashError, TerraceError):
            return

    def something(self) -> None:
        """What may happen at any moment, also in the middle of a step."""
        what = self.rng.choice(["work", "event", "event", "pass", "turn", "stray", "timeout"])
        if what == "work":
            self.someone_works()
        elif what == "event" and self.queue:
            self.arrive(self.queue.pop(self.rng.randrange(len(self.queue))))
        elif what == "stray" and self.people.jobs:
            self.arrive(self.rng.choice(sorted(self.people.jobs)))
        elif what == "pass":
            self.a_pass()
        elif what == "turn":
            self.turn()
        elif what == "timeout" and self.workflow.waiting and self.rng.random() < 0.2:
            self.workflow.waiting.discard(self.rng.choice(sorted(self.workflow.waiting)))

    def let_time_pass(self, seconds: float) -> None:
        """Calls on their way arrive some time, at the latest when their Lambda is timed out."""
        late, self.nemesis.late = self.nemesis.late, []
        for create in late:
            if seconds < 60 and self.rng.random() < 0.6:
                self.nemesis.late.append(create)
                continue
            with suppress(TerraceError):
                create()
        self.clock.advance(seconds)

    # --- what must hold at every moment ------------------------------------------------------
    def watch_create(self, name: str) -> None:
        """I2: nothing starts before what it depends on has ended."""
        found = self.real_store.load("b")
        assert found is not None
        batch, jobs = found
        rows = {job.jobName: job for job in jobs}
        job = rows[re.sub(r"-a\d$", "", name)]
        source = job.spec.inputConfig.chainFromJobName
        if source is not None and rows[source].status not in JOB_FEEDS_NEXT:
            self.too_early.append(name)
        lower = [row for row in jobs if row.level < job.level]
        if batch.pacing == "level" and any(row.status not in JOB_TERMINAL for row in lower):
            self.too_early.append(name)

    def watch_write(self, before: dict[str, Any], after: dict[str, Any]) -> None:
        """I3: within an attempt the status only rises; what is terminal stays. I4: marks bind."""
        if not after["SK"]["S"].startswith("JOB#") or not before:
            return
        old, new = codec.to_job(before), codec.to_job(after)
        fell = JOB_RANK[new.status] < JOB_RANK[old.status] and old.status != "STARTING"
        if old.attempt == new.attempt:
            assert not fell, (old, new)
            assert not old.ended or old.status == new.status, (old, new)
        else:
            assert (new.attempt, old.ended) == (old.attempt + 1, False), (old, new)
        if new.status == "STARTING":
            batch = self.real_store.get_batch(new.batchId)
            assert batch is not None
            assert batch.mark is None, new
            assert not batch.ended, new

    @property
    def real_store(self) -> DynamoBatchStore:
        store: DynamoBatchStore = self.store._port  # type: ignore[attr-defined]
        return store


KINDS = ((0.002, 0.01), (0.005, 0.2), (0.01, 0.05), (0.03, 0.03), (0.05, 0.3))
"""(crashes, races): from a bad day to the end of the world."""


def a_world(seed: int) -> World:
    """A world with its own nemesis."""
    nemesis = Nemesis(random.Random(seed), *KINDS[seed % len(KINDS)])
    clock = ManualClock()
    real = S3ObjectStore(FastS3(VIDEO_CORS))
    engine = FakeEngine(real, clock.now)
    dynamo = FastDynamo()

    def faulty(port: Any) -> Any:
        return Faulty(port, nemesis)

    world = World(
        store=faulty(DynamoBatchStore(dynamo, TABLE)),
        objects=faulty(real),
        engine=faulty(engine),
        workflow=FakeWorkflow(),
        notifier=faulty(FakeNotifier()),
        clock=clock,
        nemesis=nemesis,
    )
    engine.before_create = world.watch_create
    dynamo.watch = world.watch_write
    nemesis.interfere = world.something
    return world


def labels_in(world: World, uri: str | None, attribute: str) -> set[str]:
    """The data objects that carry a label in a manifest; an unreadable line counts for nothing."""
    found = set()
    if uri is not None and world.objects.exists(uri):
        for line in world.objects.read_lines(uri):
            try:
                item = json.loads(line.text)
            except ValueError:
                continue
            if item.get(attribute):
                found.add(item["source-ref"])
    return found
