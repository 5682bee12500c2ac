"""Many batches at once on the embedded AWS, each of a kind whose end is known, and what must hold.

A kind says what is posted and what has to come out: status, labeling jobs, labels, messages. What
people do (partial completions, failures, events that come twice or never) is asked of the embedded
AWS by job name; throttling and crashes are whatever the caller injects meanwhile. Everything is
looked at from outside: API, boto3, a queue on the topic, the functions' log files.
"""

import json
import random
import re
import threading
import time
import urllib.error
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.config import Config

from tests.machine.conftest import Clips, clips_in
from tests.machine.world import MESSAGE_STATUS, Json, World, jobs_of

ITEMS = 5
SOME = 2
"""Items labeled where a share of 0.4 is."""
TERMINAL = ("Completed", "Failed", "Stopped")
STARTED_AND_LOST = {"DROPPED", "STOPPED", "PENDING"}


class PatientWorld(World):
    """A client that tries again, as those who live with throttling do."""

    config = Config(retries={"total_max_attempts": 12, "mode": "standard"}, max_pool_connections=32)

    def ask(self, method: str, path: str, body: Any = None, seconds: float = 900.0) -> Json:
        """A request to the API, repeated while the answer is that one should try again.

        Raises:
            RuntimeError: an answer that trying again does not change, or none in time.
        """
        deadline = time.monotonic() + seconds
        while True:
            try:
                status, answer = self.http(f"{self.contract['apiUrl']}{path}", body, method)
            except (urllib.error.URLError, OSError) as error:
                status, answer = 0, {"problem": str(error)}
            if status == 200:
                return answer
            if status not in (0, 429, 500, 502, 503, 504) or time.monotonic() > deadline:
                raise RuntimeError(f"{method} {path}: {status} {json.dumps(answer)[:300]}")
            time.sleep(random.uniform(0.2, 1.0))


@dataclass(frozen=True)
class Expected:
    """What has to come out of a batch."""

    status: str
    labeled: dict[str, int] = field(default_factory=dict)
    """Labels in the output of each job that delivers."""
    attempts: dict[str, int] = field(default_factory=dict)
    """Labeling jobs of each job."""
    failed: tuple[str, ...] = ()
    open_ended: tuple[str, ...] = ()
    """Jobs that ended or were never started, as it happened: both are right."""
    ends: tuple[int, int] = (1, 1)
    """Least and most ends that are told."""


@dataclass
class Batch:
    """One batch of the crowd."""

    name: str
    kind: str
    body: Json
    expected: Expected
    posted: float = 0.0
    over: float | None = None


Kind = Callable[[Clips, str], tuple[list[Json], Json, Expected]]


def _plain(clips: Clips, name: str) -> tuple[list[Json], Json, Expected]:
    car = f"{name}-car"
    return [clips.label(car)], {}, Expected("COMPLETE", {car: ITEMS}, {car: 1})


def _two_levels(clips: Clips, name: str) -> tuple[list[Json], Json, Expected]:
    car, road, check = (f"{name}-{part}" for part in ("car", "road", "check"))
    jobs = [clips.label(car), clips.label(road), clips.audit(check, car)]
    every = (car, road, check)
    return jobs, {}, Expected("COMPLETE", dict.fromkeys(every, ITEMS), dict.fromkeys(every, 1))


def _three_levels(clips: Clips, name: str) -> tuple[list[Json], Json, Expected]:
    car, road, check, repair = (f"{name}-{part}" for part in ("car", "road", "check", "repair"))
    jobs = [clips.label(car), clips.label(road), clips.audit(check, car)]
    jobs.append(clips.audit(repair, check, 3) | {"jobModality": "VideoObjectTrackingAdjustment"})
    every = (car, road, check, repair)
    expected = Expected("COMPLETE", dict.fromkeys(every, ITEMS), dict.fromkeys(every, 1))
    return jobs, {"pacing": "dependency"}, expected


def _partial(clips: Clips, name: str) -> tuple[list[Json], Json, Expected]:
    half, check = f"{name}-half", f"{name}-check"
    jobs = [clips.label(half), clips.audit(check, half)]
    return jobs, {}, Expected("COMPLETE", {half: ITEMS, check: ITEMS}, {half: 2, check: 1})


def _partial_kept(clips: Clips, name: str) -> tuple[list[Json], Json, Expected]:
    half, check = f"{name}-half", f"{name}-check"
    jobs = [clips.label(half, onIncomplete="continue"), clips.audit(check, half)]
    expected = Expected("COMPLETE_WITH_ERRORS", {half: SOME, check: SOME}, {half: 1, check: 1})
    return jobs, {}, expected


def _failed_partly(clips: Clips, name: str) -> tuple[list[Json], Json, Expected]:
    broken = f"{name}-broken"
    jobs = [clips.label(broken)]
    return jobs, {"pacing": "dependency"}, Expected("COMPLETE", {broken: ITEMS}, {broken: 2})


def _failed(clips: Clips, name: str) -> tuple[list[Json], Json, Expected]:
    bad, car, check = (f"{name}-{part}" for part in ("bad", "car", "check"))
    jobs = [clips.label(bad, onIncomplete="fail"), clips.label(car), clips.audit(check, car)]
    expected = Expected("FAILED", {}, {bad: 1, check: 0}, failed=(bad,), open_ended=(car,))
    return jobs, {"onJobFailure": "fail"}, expected


def _failed_beside(clips: Clips, name: str) -> tuple[list[Json], Json, Expected]:
    bad, none, car, check = (f"{name}-{part}" for part in ("bad", "none", "car", "check"))
    jobs = [clips.label(bad, onIncomplete="fail"), clips.audit(none, bad)]
    jobs += [clips.label(car), clips.audit(check, car)]
    more = {"onJobFailure": "continue", "pacing": "dependency"}
    expected = Expected(
        "COMPLETE_WITH_ERRORS",
        {car: ITEMS, check: ITEMS},
        {bad: 1, none: 0, car: 1, check: 1},
        failed=(bad,),
    )
    return jobs, more, expected


def _stopped(clips: Clips, name: str) -> tuple[list[Json], Json, Expected]:
    jobs, more, _ = _three_levels(clips, name)
    every = tuple(job["jobName"] for job in jobs)
    return jobs, more, Expected("STOPPED", {}, {f"{name}-repair": 0}, open_ended=every)


def _stopped_and_retried(clips: Clips, name: str) -> tuple[list[Json], Json, Expected]:
    jobs, more, expected = _three_levels(clips, name)
    # People who had begun are not asked again, so a second attempt is possible, not sure.
    return jobs, more, Expected("COMPLETE", expected.labeled, {}, ends=(1, 2))


def _refused(clips: Clips, name: str) -> tuple[list[Json], Json, Expected]:
    job = Clips(f"{clips.manifest}.none", clips.categories).label(f"{name}-car")
    # Such an id may be posted again, and a client that got no answer does.
    return [job], {}, Expected("VALIDATION_FAIL", {}, {f"{name}-car": 0}, ends=(1, 5))


KINDS: dict[str, Kind] = {
    "plain": _plain,
    "two levels": _two_levels,
    "three levels by dependency": _three_levels,
    "partial, labeled again": _partial,
    "partial, kept": _partial_kept,
    "failed partly, labeled again": _failed_partly,
    "failed": _failed,
    "failed, others go on": _failed_beside,
    "stopped": _stopped,
    "stopped, retried": _stopped_and_retried,
    "input missing": _refused,
    "posted three times": _two_levels,
}

PARTS: list[Json] = [
    {"match": "*-half", "status": "Completed", "labeled": 0.4},
    {"match": "*-broken", "status": "Failed", "labeled": 0.4, "failureReason": "asked for"},
    {"match": "*-bad", "status": "Failed", "labeled": 0.0, "failureReason": "asked for"},
    {"match": "*"},
]


class Crowd:
    """The batches that are under way on a world, and the people who post and stop them."""

    def __init__(self, world: PatientWorld) -> None:
        self.world = world
        self.clips = clips_in(world)
        self.batches: list[Batch] = []
        self.violations: list[str] = []
        self._lock = threading.Lock()
        world.listen()

    def endings(self, dropped: float = 0.0, twice: float = 1.0) -> None:
        """How labeling jobs end from now on, by their names; to be asked for while none runs.

        Args:
            dropped: share of the jobs whose end no event tells.
            twice: share of the others whose end is told twice.
        """
        self.world.control("outcomes", method="DELETE")
        for part in PARTS:
            for share, event in ((dropped, False), (twice, "twice"), (1.0, True)):
                rule = {**part, "event": event, "probability": share}
                self.world.control("outcomes", rule)

    def post(self, kind: str, name: str) -> Batch:
        """Posts a batch, and does to it what its kind says is done to it."""
        jobs, more, expected = KINDS[kind](self.clips, name)
        body = {"batchId": name, "labelingJobs": jobs, **more}
        batch = Batch(name, kind, body, expected, posted=time.time())
        with self._lock:
            self.batches.append(batch)
        try:
            self._act(batch)
        except Exception as error:  # noqa: BLE001
            # A thread's error would be lost; here it is a finding like any other.
            self._say(batch, f"{type(error).__name__}: {error}")
        return batch

    def _act(self, batch: Batch) -> None:
        world, name = self.world, {"batchId": batch.name}
        if batch.kind == "posted three times":
            with ThreadPoolExecutor(3) as clients:
                posts = [
                    clients.submit(world.ask, "POST", "/batch/create", batch.body) for _ in "123"
                ]
                answers = {json.dumps(post.result()["batchId"]) for post in posts}
            if len(answers) != 1:
                self._say(batch, f"one id, three posts, answers: {answers}")
            try:
                world.ask("POST", "/batch/create", {**batch.body, "onJobFailure": "continue"})
                self._say(batch, "another content under the same id was accepted")
            except RuntimeError as error:
                if ": 409 " not in str(error):
                    raise
            return
        world.ask("POST", "/batch/create", batch.body)
        if batch.kind.startswith("stopped"):
            world.ask("POST", "/batch/stop", name)
        if batch.kind == "stopped, retried":
            until = time.monotonic() + 600
            while self.status(batch) == "IN_PROGRESS" and time.monotonic() < until:
                time.sleep(1.0)
            world.ask("POST", "/batch/retry", name)

    def status(self, batch: Batch) -> str:
        """What the API says of it now."""
        return str(self.world.ask("GET", f"/batch/show?batchId={batch.name}")["status"])

    def look(self, batch: Batch) -> None:
        """Notes when it is over."""
        if batch.over is None and self.status(batch) != "IN_PROGRESS":
            batch.over = time.time()

    def _say(self, batch: Batch, text: str) -> None:
        with self._lock:
            self.violations.append(f"{batch.name} ({batch.kind}): {text}")

    # --- what must hold when all is over -------------------------------------------------------
    def check(self, seconds: float = 60.0) -> Counter[str]:
        """Looks at every batch, every labeling job and message; counts what there was.

        Args:
            seconds: how long the last messages may take.
        """
        counts: Counter[str] = Counter()
        made = self._labeling_jobs()
        told = self._told(seconds)
        for batch in self.batches:
            shown = self.world.show(batch.name)
            counts[f"batches {shown['status']}"] += 1
            names = made.pop(batch.name, {})
            counts["labeling jobs"] += len(names)
            self._check_record(batch, shown, names)
            self._check_labels(batch, shown, counts)
            self._check_messages(batch, shown, told.get(batch.name, []), counts)
        for name, jobs in made.items():
            self.violations.append(f"labeling jobs of no batch ({name}): {sorted(jobs)}")
        return counts

    def _labeling_jobs(self) -> dict[str, dict[str, str]]:
        """Status of every labeling job by name, by the batch whose name it begins with."""
        found: dict[str, dict[str, str]] = {}
        pages = self.world.client("sagemaker").get_paginator("list_labeling_jobs").paginate()
        for page in pages:
            for row in page["LabelingJobSummaryList"]:
                name = row["LabelingJobName"]
                found.setdefault(name.split("-")[0], {})[name] = row["LabelingJobStatus"]
        return found

    def _told(self, seconds: float) -> dict[str, list[Json]]:
        """Messages by batch, once every batch's last end has been told."""
        deadline = time.monotonic() + seconds
        while True:
            told: dict[str, list[Json]] = {}
            for message in self.world.heard():
                told.setdefault(message["batchId"], []).append(message)
            missing = [
                batch
                for batch in self.batches
                if not any(
                    m["eventType"] == "BATCH_COMPLETE" and m["batchStatus"] == batch.expected.status
                    for m in told.get(batch.name, [])
                )
            ]
            if not missing or time.monotonic() > deadline:
                return told
            time.sleep(0.5)

    def _check_record(self, batch: Batch, shown: Json, made: dict[str, str]) -> None:
        expected = batch.expected
        if shown["status"] != expected.status:
            self._say(batch, f"{shown['status']} instead of {expected.status}")
        running = [name for name, status in made.items() if status not in TERMINAL]
        if running:
            self._say(batch, f"over, and still runs: {running}")
        if len({name.lower() for name in made}) != len(made):
            self._say(batch, f"a name was created twice: {sorted(made)}")
        recorded = {
            attempt["labelingJobName"]
            for job in jobs_of(shown).values()
            for attempt in job["attempts"]
        } | {
            job["labelingJobArn"].rsplit("/", 1)[1]
            for job in jobs_of(shown).values()
            if job["labelingJobArn"]
        }
        if {name.lower() for name in recorded} != {name.lower() for name in made}:
            self._say(batch, f"on record {sorted(recorded)}, made {sorted(made)}")
        for job, count in expected.attempts.items():
            mine = [name for name in made if re.fullmatch(rf"{re.escape(job)}(-a\d+)?", name)]
            if len(mine) != count:
                self._say(batch, f"{job}: {count} labeling jobs expected, made {sorted(mine)}")

    def _check_labels(self, batch: Batch, shown: Json, counts: Counter[str]) -> None:
        for name, job in jobs_of(shown).items():
            wanted = batch.expected.labeled.get(name)
            uri = job["jobOutputS3Uri"]
            lines = self.world.lines(uri) if uri else []
            labels = sum(job["labelAttributeName"] in line for line in lines)
            counts["labels delivered"] += labels
            if labels != (job["numItemsLabeled"] or 0):
                self._say(batch, f"{name}: says {job['numItemsLabeled']} labels, file has {labels}")
            if wanted is not None and labels != wanted:
                self._say(batch, f"{name}: {labels} labels instead of {wanted}")
            if wanted is None and name in batch.expected.failed and job["batchStatus"] != "FAILED":
                self._say(batch, f"{name}: {job['batchStatus']} instead of FAILED")

    def _check_messages(
        self, batch: Batch, shown: Json, told: list[Json], counts: Counter[str]
    ) -> None:
        ends = [message for message in told if message["eventType"] == "BATCH_COMPLETE"]
        distinct = {message["dedupId"]: message for message in ends}
        counts["end messages"] += len(ends)
        counts["end messages told twice"] += len(ends) - len(distinct)
        least, most = batch.expected.ends
        if not least <= len(distinct) <= most:
            self._say(batch, f"{len(distinct)} ends were told: {sorted(distinct)}")
        last = [m for m in distinct.values() if m["batchStatus"] == shown["status"]]
        if not last or last[-1]["status"] != MESSAGE_STATUS[shown["status"]]:
            self._say(batch, "its end was not told, or not as it is")
        failed = {m["jobName"] for m in told if m["eventType"] == "JOB_FAILED"}
        # What a stop ends is told by the stop.
        if failed != set(batch.expected.failed) and not batch.kind.startswith("stopped"):
            self._say(batch, f"told as failed: {sorted(failed)}")

    def check_queues(self) -> dict[str, int]:
        """Messages in the stack's queues; those of dead letters have to be empty.

        A record that failed stays in its queue, invisible, until it comes again minutes later.
        """
        sqs = self.world.client("sqs")
        found = {}
        for url in sqs.list_queues().get("QueueUrls", []):
            name = url.rsplit("/", 1)[1]
            if name == "listener":
                continue
            counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            found[name] = sum(
                int(counts.get(f"ApproximateNumberOfMessages{what}", 0))
                for what in ("", "NotVisible", "Delayed")
            )
        self.violations += [
            f"{name} holds {count} messages"
            for name, count in found.items()
            if count and name.endswith("-dlq")
        ]
        return found


def logged_errors(logs: Path) -> Counter[str]:
    """Errors in the functions' logs by function and name of the error."""
    found: Counter[str] = Counter()
    for path in sorted(logs.glob("smgt-workflow-*.log*")):
        function = path.name.split(".")[0].removeprefix("smgt-workflow-")
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            if "[ERROR]" in line:
                name = re.search(r"\[ERROR\]\s+(?:\S+Z\s+\S+\s+)?([\w.]+)", line)
                found[f"{function}: {name.group(1) if name else line[:80]}"] += 1
            elif '"level":"ERROR"' in line or '"level":"CRITICAL"' in line:
                name = re.search(r'"exception_name":"(\w+)"', line)
                text = re.search(r'"message":"([^"]{0,80})', line)
                what = name.group(1) if name else text.group(1) if text else line[:80]
                found[f"{function}: {what}"] += 1
    return found


def unexpected(errors: Counter[str]) -> list[str]:
    """Errors that throttling, lost answers and killed functions do not explain."""
    from terrace import errors as known

    transient = {
        name
        for name, kind in vars(known).items()
        if isinstance(kind, type) and issubclass(kind, known.TransientError)
    }
    transient |= {"Runtime.ExitError", "Runtime"}
    return [
        f"log of {place} ({count} times)"
        for place, count in errors.items()
        if place.split(": ", 1)[1].rsplit(".", 1)[-1] not in transient
    ]
