"""One run of the world: batches are posted, people work, things go wrong, and then no more."""

import copy
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.world import requests
from tests.world.aws.sagemaker import DAY, Plan
from tests.world.directed import Aim, aim_of
from tests.world.faults import CONFLICT, CRASH_BEFORE, EVERYWHERE, QUOTA, SLOW, Script
from tests.world.house import INPUTS, OTHER_TOPIC, PERIOD, Answered, World
from tests.world.invariants import Violation, Watch
from tests.world.sites import call_sites
from tests.world.situations import SITUATIONS, Situation

HOUR = 3600.0
EXPORTED = 0.1
"""Of all batches."""
ASLEEP = 12 * PERIOD
"""Seconds between two passes of the reconciler while nothing changes."""
Json = Any


@dataclass
class Report:
    """What a run was, and what it found."""

    seed: object
    violations: list[Violation]
    years: float
    nemesis: Counter[str]
    faults: Counter[tuple[str, str]]
    calls: Counter[str]
    statuses: Counter[str]
    jobs: int
    longest_idle: float
    digest: int
    invocations: int
    errors: list[tuple[str, BaseException]] = field(default_factory=list)
    shapes: Counter[str] = field(default_factory=Counter)
    """Batches by pacing and number of jobs."""


class Story:
    """A run; everything in it is drawn from the seed."""

    def __init__(self, seed: object, *, most: int = 40, situation: str | None = None) -> None:
        self.situation: Situation | None = SITUATIONS[situation] if situation else None
        self.world = World(seed, plan=self._plan)
        self.random = self.world.random
        self.watch = Watch(self.world)
        self.most = most
        self.done: Counter[str] = Counter()
        self.batches: list[str] = []
        self.calm = False
        self.requests: dict[str, Json] = {}
        self.clean = self.random.random() < 0.5
        """People always finish what they are given."""
        self.paused_until = 0.0
        self.last_changes = -1
        self.next_tick = 0.0
        self.watch.on_change = self._changed
        self.unchanged = 0
        self.flawless = self.random.random() < 0.25
        """Nothing goes wrong from the start: then the reconciler is never needed, and is off."""
        self.quick = self.random.random() < (0.7 if self.flawless else 0.3)
        """People are done in no time: ends race with everything."""
        if self.quick:
            self.world.events.usual = self.random.choice([(0.0, 0.05), (0.0, 0.2), (0.1, 2.0)])
        self.aim: Aim | None = aim_of(seed)
        if self.aim is not None:
            self.flawless = False
            self.clean = self.clean and not self.aim.untidy
        if self.situation is not None:
            self.aim, self.quick = None, False
            self.flawless = self.situation.alone
        self.shapes: Counter[str] = Counter()
        self.series = 0
        """Of ticks: a new one begins when all is calm."""

    # --- people ----------------------------------------------------------------------------
    def _plan(self, name: str) -> Plan:
        random = self.random
        if self.situation is not None and not self.calm:
            return Plan(random.uniform(*self.situation.people), share=self.situation.share)
        plan = Plan(
            random.uniform(0, random.choice([0.1, 0.4, 2.0])) if self.quick else self._seconds()
        )
        if self.flawless or self.clean or random.random() < 0.6:
            return plan
        plan.share = random.choice([0.0, 0.3, 0.7, 1.0])
        plan.status = random.choices(["Completed", "Failed", "Stopped"], [6, 2, 1])[0]
        if random.random() < 0.25:
            plan.manifest = random.choice(["absent", "truncated", "late", "late"])
            plan.late = random.choice([5.0, 60.0, PERIOD / 2 - 10.0])
            self.done[f"manifest {plan.manifest}"] += 1
        if random.random() < 0.05:
            plan.miscount = random.choice([-1, 1])
            self.done["counters wrong"] += 1
        if random.random() < 0.03:
            plan.seconds = 31 * DAY
            self.done["job expires at 30 days"] += 1
        return plan

    def _seconds(self) -> float:
        random = self.random
        usual = random.choice([600.0, 2 * HOUR, 8 * HOUR, 1.5 * DAY, 4 * DAY])
        return usual * random.uniform(0.5, 1.5)

    # --- users -------------------------------------------------------------------------------
    def _post(self, request: Json, tries: int = 8) -> None:
        batch_id = request["batchId"]

        def answered(answer: Answered) -> None:
            if answer.code in {429, 502, 503, 500} and tries > 1:
                delay = self.random.choice([1.0, 30.0, 600.0])
                self.world.scheduler.after(delay, lambda: self._post(request, tries - 1))
            elif answer.code not in {200, 409, 429, 502, 503, 500}:
                self.watch.wrong("API", f"create of {batch_id}: {answer.code} {answer.body}")

        self.world.api("POST", "/batch/create", request, answered)

    def _order(self, path: str, body: Json) -> None:
        """Stop or retry, by a user who sends it again if it does not get through."""

        def send(tries: int) -> None:
            if self.calm:
                return

            def answered(answer: Answered) -> None:
                if answer.code in {429, 500, 502, 503} and tries > 1:
                    self.world.scheduler.after(20.0, lambda: send(tries - 1))
                elif answer.code not in {200, 404, 409, 429, 500, 502, 503}:
                    self.watch.wrong("API", f"{path}: {answer.code} {answer.body}")

            self.world.api("POST", path, body, answered)

        send(5)

    def _show(self, batch_id: str) -> None:
        self.watch.show_agrees(batch_id)
        self.world.api("GET", "/batch/show", {"batchId": batch_id}, lambda answer: None)
        self.world.api("GET", "/batch/show", {"limit": "2"}, lambda answer: None)

    # --- the clock's reconciler --------------------------------------------------------------
    def _tick(self, series: int = 0) -> None:
        """Every period; where nothing has changed for four, the clock skips to the next change.

        A pass over an unchanged world does the same as the last one, which was nothing.
        """
        if series != self.series:
            return
        world = self.world
        paused = world.scheduler.now < self.paused_until
        same = self.watch.changes == self.last_changes and not paused
        self.unchanged = self.unchanged + 1 if same else 0
        self.last_changes = self.watch.changes
        late = self.random.uniform(0, 5.0) if not self.calm else 1.0
        asleep = self.unchanged >= 4
        self.next_tick = world.scheduler.now + (ASLEEP if asleep else PERIOD) + late - 1.0
        world.scheduler.after(self.next_tick - world.scheduler.now, lambda: self._tick(series))
        if not paused and not self.flawless:
            world.tick()

    def _changed(self) -> None:
        """A change while the clock skips: the passes are a period apart again."""
        now = self.world.scheduler.now
        if self.next_tick > now + PERIOD:
            self.unchanged = 0
            self.series += 1
            # On the grid of the passes that were skipped.
            self.next_tick -= (self.next_tick - now) // PERIOD * PERIOD
            series = self.series
            self.world.scheduler.after(self.next_tick - now, lambda: self._tick(series))

    # --- the situation -----------------------------------------------------------------------
    def _bring_about(self, situation: Situation) -> None:
        """The one thing this run is about; the rest of its world is as it should be."""
        world, random = self.world, self.random
        world.settings["EVENT_BOUND"] = str(situation.event_bound)
        world.events.twice, world.events.drop = situation.events_twice, situation.events_drop
        if situation.zombies is not None:
            world.zombies_of, world.zombies = situation.zombies
        for one in situation.troubles:
            seconds = random.uniform(*one.seconds)
            script = Script(one.site, one.kind, one.times, one.skip, seconds)
            world.faults.scripts.append(script)
        waiting = list(situation.moments)

        def reached(site: str) -> None:
            for moment in [one for one in waiting if one.site == site]:
                waiting.remove(moment)
                delay = random.uniform(0.0, moment.within)
                world.scheduler.after(delay, lambda name=moment.deed: self._deed(name))

        world.calls.on_site = reached

    def _stop_for_good(self) -> None:
        self._order("/batch/stop", {"batchId": self._any_batch(), "mode": "stop"})

    def _no_messages(self) -> None:
        """Until all is calm; a second sending does not help either."""
        self.world.faults.hidden = 0.0
        self.world.faults.down.add("sns")

    # --- the nemesis -------------------------------------------------------------------------
    def _nemesis(self, span: float) -> None:
        world, random, faults = self.world, self.random, self.world.faults
        if self.flawless:
            self.done["nothing at all"] += 1
            if random.random() < 0.6:
                # No fault, and yet every order of things: nobody may need the reconciler for it.
                self.done["calls take seconds"] += 1
                faults.rate, faults.flat, faults.pauses = 0.08, True, (1.0, 3.0, 5.0)
                faults.weights = {one: float(one == SLOW) for one in (*EVERYWHERE, CONFLICT, QUOTA)}
            return
        world.settings["EVENT_BOUND"] = random.choice(["12000", "12000", "150", "400"])
        world.dynamo.index_lag = random.choice([0.0, 0.5, 5.0])
        kind = random.choice(["none", "few", "few", "many", "storm", "focus", "site", "site"])
        if self.aim is not None:
            kind = random.choice(["none", "few"])
            self._take_aim(self.aim, span)
        faults.rate = {
            "none": 0.0,
            "few": 0.01,
            "many": 0.05,
            "storm": 0.2,
            "focus": 0.3,
            "site": 0.4,
        }[kind]
        if kind == "focus":
            faults.focus = random.choice(FOCUS)
        if kind == "site":
            faults.site = random.choice(call_sites())
        self.done[f"call faults: {kind}"] += 1
        if kind != "none" and random.random() < 0.5:
            chosen = random.sample(EVERYWHERE, random.randint(1, 3))
            faults.weights = {one: float(one in chosen) for one in EVERYWHERE}
        world.zombies = random.choice([0.0, 0.0, 0.02, 0.15])
        events = world.events
        events.drop = random.choice([0.0, 0.0, 0.1, 0.5, 1.0])
        events.twice = random.choice([0.0, 0.2, 1.0])
        events.late = random.choice([0.0, 0.2, 0.8])
        if kind == "storm":
            world.scheduler.after(span * random.random(), lambda: setattr(faults, "rate", 0.01))
        for _ in range(random.choice([0, 1, 2, 4, 8])):
            name = random.choice(list(DEEDS))
            at = span * random.random() ** 2
            if random.random() < 0.35:
                # While the batch is checked and its first level is half created.
                at = random.uniform(0.0, random.choice([5.0, 60.0]))
            world.scheduler.after(at, lambda name=name: self._deed(name))

    def _take_aim(self, aim: Aim, span: float) -> None:
        """One fault at one call site, a few times, in a story that comes there."""
        random = self.random
        self.done["aimed at a call site"] += 1
        for _ in range(random.choice([1, 1, 2])):
            self.world.faults.scripts.append(
                Script(
                    aim.site,
                    aim.kind,
                    times=random.choice([1, 1, 2, 5]),
                    skip=random.choice([0, 0, 0, 1, 3]) * (not aim.rare),
                    seconds=random.choice([2.0, 20.0, 65.0, 200.0]),
                )
            )
        for name in aim.deeds:
            # Half of them while the batch has surely not ended yet.
            at = random.choice([random.uniform(1.0, 60.0), span * random.uniform(0.0, 0.3)])
            self.world.scheduler.after(at, lambda name=name: self._deed(name))

    def _deed(self, name: str) -> None:
        if not self.calm:
            self.done[name] += 1
            (DEEDS | SITUATION_DEEDS)[name](self)

    def _trap(self) -> None:
        """A first posting dies between its rows and its acceptance, and its input goes away."""
        world, faults = self.world, self.world.faults
        faults.site, faults.rate = "DynamoBatchStore.finish_transform", 1.0
        faults.weights = {one: float(one == CRASH_BEFORE) for one in EVERYWHERE}
        keys = [key for key in world.s3.objects if key[1].endswith(".manifest")]
        key = self.random.choice(keys)
        text = world.s3.objects[key]
        world.scheduler.after(
            self.random.uniform(0.2, 2.0), lambda: world.s3.objects.pop(key, None)
        )

        def mend() -> None:
            world.s3.objects[key] = text
            faults.site, faults.rate = "DynamoBatchStore.remove_job", 0.5
            faults.weights = {}
            for batch_id in self.batches:
                self._post(self.requests[batch_id])

        for delay in (60.0, 1500.0):
            world.scheduler.after(delay, mend)

    def _foreign_job(self) -> None:
        """Somebody else takes a name that a batch has reserved."""
        world = self.world
        names = [
            row.attemptName
            for batch_id in self.batches
            for row in world.jobs(batch_id)
            if not row.ended
        ]
        names = [name for name in names if name.lower() not in world.sagemaker.jobs]
        manifests = [key for key in world.s3.objects if key[1].endswith(".manifest")]
        if names and manifests and world.sagemaker.quota is None:
            bucket, key = self.random.choice(manifests)
            if bucket != INPUTS:
                # An output may be cut off, and then no labeling job can be made of it.
                bucket, key = next(one for one in manifests if one[0] == INPUTS)
            world.sagemaker.create_labeling_job(
                LabelingJobName=self.random.choice(names),
                LabelAttributeName="other",
                InputConfig={
                    "DataSource": {"S3DataSource": {"ManifestS3Uri": f"s3://{bucket}/{key}"}}
                },
                OutputConfig={"S3OutputPath": f"s3://{bucket}/other/"},
            )

    def _any_batch(self) -> str:
        return self.random.choice(self.batches)

    def _abort(self) -> None:
        running = [e for e in self.world.stepfunctions.executions.values() if e.status == "RUNNING"]
        if running:
            self.random.choice(running).abort(self.random.choice(["ABORTED", "TIMED_OUT"]))

    def _redrive(self) -> None:
        over = [
            e
            for e in self.world.stepfunctions.executions.values()
            if e.status in {"FAILED", "ABORTED", "TIMED_OUT"}
        ]
        if over:
            self.random.choice(over).redrive()

    def _abort_and_redrive(self) -> None:
        running = [e for e in self.world.stepfunctions.executions.values() if e.status == "RUNNING"]
        if running:
            execution = self.random.choice(running)
            execution.abort()
            self.world.scheduler.after(self.random.choice([1.0, 300.0, 5000.0]), execution.redrive)

    def _kill(self) -> None:
        tasks = list(self.world.scheduler._workers)
        if tasks:
            self.random.choice(tasks).kill()

    def _stop(self) -> None:
        mode = self.random.choice(["stop", "drain"])
        self._order("/batch/stop", {"batchId": self._any_batch(), "mode": mode})

    def _retry(self) -> None:
        self._order("/batch/retry", {"batchId": self._any_batch()})

    def _stop_then_retry(self) -> None:
        batch_id = self._any_batch()
        self._order("/batch/stop", {"batchId": batch_id, "mode": "stop"})
        for delay in (30.0, 300.0, 4000.0, 2 * DAY):
            self.world.scheduler.after(
                delay, lambda: self._order("/batch/retry", {"batchId": batch_id})
            )

    def _post_again(self) -> None:
        self._post(self.requests[self._any_batch()])

    def _no_events(self) -> None:
        self.world.events.down_until = self.world.scheduler.now + 25 * HOUR

    def _service_down(self) -> None:
        service = self.random.choice(["sns", "sagemaker", "s3", "dynamodb", "stepfunctions"])
        down = self.world.faults.down
        down.add(service)
        self.done[f"{service} down"] += 1
        seconds = self.random.choice([60.0, 1800.0, 8 * HOUR])
        self.world.scheduler.after(seconds, lambda: down.discard(service))

    def _quota(self) -> None:
        sagemaker = self.world.sagemaker
        sagemaker.quota = self.random.choice([0, 1, 2])
        seconds = self.random.choice([2 * HOUR, 12 * HOUR])
        self.world.scheduler.after(seconds, lambda: setattr(sagemaker, "quota", None))

    def _stop_by_hand(self) -> None:
        live = [job for job in self.world.sagemaker.jobs.values() if job.live]
        if live:
            name = self.random.choice(live).name
            self.world.sagemaker.stop_labeling_job(LabelingJobName=name)

    def _foreign_event(self) -> None:
        self.world.events.send(
            '{"resources": ["arn:aws:sagemaker:us-east-1:111122223333:labeling-job/other"]}'
        )

    def _no_ticks(self) -> None:
        self.paused_until = self.world.scheduler.now + 2 * HOUR

    def _topic_gone(self) -> None:
        """Its owner deletes the topic of one batch, after all was checked."""
        topics = self.world.sns.topics
        if OTHER_TOPIC in topics and all(
            batch is not None and batch.transformedAt is not None
            for batch in map(self.world.batch, self.batches)
        ):
            topics.remove(OTHER_TOPIC)

    def _old_events(self) -> None:
        for job in list(self.world.sagemaker.jobs.values())[:5]:
            self.world.events.job_status(job)

    # --- the run -------------------------------------------------------------------------------
    def run(self) -> Report:
        world, random = self.world, self.random
        span = random.choice([2 * HOUR, DAY, 4 * DAY])
        if self.situation is not None:
            span = self.situation.span
            self._bring_about(self.situation)
        else:
            self._nemesis(span)
        size = min(self.most, random.choices([3, 6, 12, 40], [60, 28, 10, 2])[0])
        count = random.choice([1, 1, 1, 2])
        with world.running():
            try:
                self._begin(count, size)
                self._until(world.scheduler.start + span)
                self._calm_down()
                self._finish()
                self._aftermath()
            except Violation as violation:
                self.watch.violations.append(violation)
            return self._report()

    def _begin(self, count: int, size: int) -> None:
        world, random = self.world, self.random
        for number in range(count):
            batch_id = f"b{number}"
            prefix = "B0" if number and random.random() < 0.2 else None
            request = requests.draw(world, batch_id, size, prefix)
            self._ask_for_exports(request)
            wrong = self.aim is not None and self.aim.wrong_request
            if wrong or random.random() < 0.08:
                mended = copy.deepcopy(request)
                broken = request["labelingJobs"][-1]["inputConfig"]
                if "inputManifestS3Uri" in broken:
                    broken["inputManifestS3Uri"] += ".gone"
                    self.done["request wrong in meaning"] += 1
                    for delay in (random.uniform(0, 300.0), 2000.0, 7000.0):
                        world.scheduler.after(delay, lambda r=mended: self._post(r))
            told = self.aim or self.situation
            if random.random() < 0.2 or (told is not None and told.own_topic):
                request["destinationSnsArn"] = OTHER_TOPIC
            self.shapes[_shape(request)] += 1
            self.batches.append(batch_id)
            self.requests[batch_id] = request
            first = 0.0
            for _ in range(random.choice([1, 1, 2, 3])):
                first = random.uniform(0, 2.0)
                world.scheduler.after(first, lambda r=request: self._post(r))
            for _ in range(self.situation.posts - 1 if self.situation is not None else 0):
                world.scheduler.after(first, lambda r=request: self._post(r))
            world.scheduler.after(random.uniform(0, DAY), lambda b=batch_id: self._show(b))
            if self.flawless:
                self.watch.watch_liveness(batch_id, 240.0)
        trap = self.aim is not None and self.aim.trap
        if not self.flawless and (trap or random.random() < 0.03):
            self.done["input goes away before it is accepted"] += 1
            self._trap()
        world.scheduler.after(random.uniform(0, PERIOD), self._tick)

    def _ask_for_exports(self, request: Json) -> None:
        """Some batches are exported at their end; in these, people draw boxes."""
        batch_id = request["batchId"]
        # Of its own, so that a seed without exports is the world that it was.
        chance = Random(f"exports {self.world.seed} {batch_id}")
        aimed = self.aim is not None and self.aim.exports
        if self.situation is None and (aimed or chance.random() < EXPORTED):
            request["exports"] = [dict(one) for one in requests.EXPORTS]
            self.world.sagemaker.drawn.add(batch_id)
            self.done["exports asked for"] += 1

    def _wrong(self) -> bool:
        return bool(self.watch.violations)

    def _until(self, at: float) -> None:
        self.world.scheduler.run(lambda: self._wrong() or self.world.scheduler.now >= at, at)
        self.world.scheduler.now = max(self.world.scheduler.now, at)

    def _calm_down(self) -> None:
        """The last fault was: from here on everything works as it should."""
        world = self.world
        self.calm = True
        world.faults.rate = 0.0
        world.faults.scripts.clear()
        world.faults.down.clear()
        world.sagemaker.quota = None
        world.zombies = 0.0
        world.events.drop = world.events.late = world.events.twice = 0.0
        world.events.down_until = 0.0
        world.dynamo.index_lag = 0.0
        self.paused_until = 0.0
        world.events.redrive_dlq()
        self.clean = True
        self.unchanged = 0
        self.series += 1
        world.scheduler.after(self.random.uniform(0, PERIOD), lambda: self._tick(self.series))
        for batch_id in self.batches:
            if world.batch(batch_id) is None:
                self._post(self.requests[batch_id])
            self.watch.watch_liveness(batch_id)

    def _closed(self) -> bool:
        if self._wrong():
            return True
        for batch_id in self.batches:
            item = self.world.dynamo.items.get((f"BATCH#{batch_id}", "BATCH"))
            if item is None:
                return False
            batch = self.world.batch(batch_id) if "openKey" in item else None
            if batch is not None and not self.watch.given_up(batch):
                return False
        return True

    def _finish(self) -> None:
        limit = self.world.scheduler.now + 150 * DAY
        closed = self.world.scheduler.run(self._closed, limit)
        if not closed and not self._wrong():
            open_ = [b for b in self.batches if self.world.batch(b) is not None]
            self.watch.wrong("I8", f"{open_} never came off the work list")

    def _aftermath(self) -> None:
        """A day later, everything that waited has woken up."""
        if self._wrong():
            return
        self._until(self.world.scheduler.now + DAY)
        if not self._wrong():
            self.watch.at_the_end(self.batches)
            for batch_id in self.batches:
                self.watch.show_agrees(batch_id)

    def _report(self) -> Report:
        world = self.world
        found = Counter(
            batch.status.value if (batch := world.batch(name)) else "NONE" for name in self.batches
        )
        events = world.events
        self.done["events dropped"] += events.dropped
        self.done["events twice"] += events.duplicated
        self.done["events late"] += events.delayed
        self.done["zombie functions"] += world.zombies_made
        ours = [e for e in world.lambdas.errors if not _expected(e[1])]
        for function, error in ours:
            self.watch.wrong("unhandled", f"{function}: {type(error).__name__}: {error}")
        return Report(
            seed=world.seed,
            violations=self.watch.violations,
            years=(world.scheduler.now - world.scheduler.start) / (365.25 * DAY),
            nemesis=+self.done,
            faults=world.faults.hits,
            calls=world.faults.calls,
            statuses=found,
            jobs=len(world.sagemaker.jobs),
            longest_idle=self.watch.longest_idle,
            digest=world.calls.digest,
            invocations=world.lambdas.calls,
            errors=ours,
            shapes=self.shapes,
        )


def _shape(request: Json) -> str:
    jobs = len(request["labelingJobs"])
    size = next(most for most in SIZES if jobs <= most)
    return f"{request.get('pacing', 'level')}, up to {size} jobs"


SIZES = (1, 3, 6, 12, 40)
SHAPES = [f"{pacing}, up to {size} jobs" for pacing in ("level", "dependency") for size in SIZES]
"""What batches there must be in a full set of runs."""


def _expected(error: BaseException) -> bool:
    from terrace.errors import TerraceError

    return isinstance(error, TerraceError)


FOCUS = [
    "api",
    "transform_batch",
    "plan_wave",
    "prepare_input",
    "start_job",
    "park_wave",
    "on_job_event",
    "reconcile",
    "finalize_batch",
    "write_report",
    "deliver_batch",
    "notify",
    "fail_batch",
]
DEEDS = {
    "execution aborted": Story._abort,
    "execution redriven": Story._redrive,
    "execution aborted, then redriven": Story._abort_and_redrive,
    "function killed": Story._kill,
    "batch stopped": Story._stop,
    "batch retried": Story._retry,
    "batch stopped, then retried": Story._stop_then_retry,
    "posted again": Story._post_again,
    "no events for 25 hours": Story._no_events,
    "service down": Story._service_down,
    "quota full": Story._quota,
    "labeling job stopped by hand": Story._stop_by_hand,
    "name taken by a foreign job": Story._foreign_job,
    "event of a foreign job": Story._foreign_event,
    "reconciler off for two hours": Story._no_ticks,
    "old events again": Story._old_events,
    "topic of a batch deleted": Story._topic_gone,
}
SITUATION_DEEDS = {
    "batch stopped for good": Story._stop_for_good,
    "sns down for good": Story._no_messages,
}
"""What only situations do."""
