"""The life of labeling jobs: Initializing, InProgress, and one of three ends."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from terrace_local.ground_truth.clock import (
    JOB_LIFETIME_SECONDS,
    SIMULATED_SECONDS_PER_SECOND,
)
from terrace_local.ground_truth.config import GroundTruthConfig, WorkerMode
from terrace_local.ground_truth.events import state_change_event
from terrace_local.ground_truth.families import FAMILIES
from terrace_local.ground_truth.families.base import Invoke, ItemProblem, NotForPeople, Prepared
from terrace_local.ground_truth.functions import invoke
from terrace_local.ground_truth.jobs import ItemResult, Job, JobKey, JobStore
from terrace_local.ground_truth.outcomes import Ending, OutcomeRules, count_of, parse_ending
from terrace_local.ground_truth.output import (
    MANIFEST,
    labeled_result,
    output_manifest,
    write_iterations,
)
from terrace_local.ground_truth.planning import Turn, plan_turns
from terrace_local.ground_truth.preparation import prepare
from terrace_local.ground_truth.results import EXPIRED, dumps, failed_result
from terrace_local.ground_truth.role_clients import RoleClients
from terrace_local.ground_truth.s3files import InputProblem, S3Files
from terrace_local.ground_truth.scheduler import Scheduler
from terrace_local.ground_truth.task_types import PRIVATE_AVAILABILITY_SECONDS
from terrace_local.workers.mix import load_mix
from terrace_local.workers.truth import TruthError
from terrace_local.workers.truth_source import TruthSource

# Real seconds at speed 1.
INITIALIZING_SECONDS = 0.3
STOPPING_SECONDS = 0.2

UNREADABLE = b"\x1f\x8b\x08\x00\xff\xfe not a manifest"
REASON_CHARS = 1024


class Runner:
    """Moves every job through its life on a few threads.

    Locking: job records change only under the store's lock; S3 is never touched while holding
    it. Whoever sets ``claimed`` ends the job; answers that come in after that do not count.
    """

    def __init__(
        self,
        config: GroundTruthConfig,
        s3_client: Any,
        emit_event: Callable[[dict[str, Any]], None],
        store: JobStore,
        rules: OutcomeRules,
    ) -> None:
        self.mode: WorkerMode = config.workers
        self.speed = config.speed
        self.mix = load_mix(config.error_mix)
        self.seed = config.seed
        self._config = config
        self._emit = emit_event
        self._store = store
        self._rules = rules
        self._scheduler = Scheduler(config.threads, self._crashed)
        own = S3Files(lambda: s3_client)
        self._truths = TruthSource(own.read_if_there, own.holds_any, config.truth)
        self._prepared: dict[JobKey, Prepared] = {}
        self._waiting: dict[JobKey, set[int]] = {}
        self._s3 = RoleClients(config.s3_for_role, s3_client)
        self._lambdas = RoleClients(config.lambda_for_role, None)
        self._stopping = False

    # -- from outside ----------------------------------------------------------------------

    def start(self) -> None:
        """Starts the threads."""
        self._stopping = False
        self._scheduler.start()

    def stop(self) -> None:
        """Stops the threads after what they do right now."""
        self._stopping = True
        self._scheduler.stop()

    def begin(self, job: Job) -> None:
        """Takes up a new job, or one from before a restart."""
        if job.status == "Stopping":
            self._soon(STOPPING_SECONDS, job, lambda: self._end(job, Ending("Stopped")))
        else:
            self._soon(INITIALIZING_SECONDS, job, lambda: self._open(job))

    def stop_job(self, job: Job) -> None:
        """Begins to stop a running job; what is labeled so far is kept."""
        with self._store.locked():
            job.status = "Stopping"
            job.round += 1
            job.touch()
            job.note("STOPPING", "StopLabelingJob was called.")
        self._soon(STOPPING_SECONDS, job, lambda: self._end(job, Ending("Stopped")))

    def end_now(self, job: Job, ending: Ending) -> bool:
        """Ends a job in the caller's thread; False when it was ending or over already."""
        return self._end(job, ending)

    def label_share(self, job: Job, share: float) -> None:
        """Lets people answer the first items of a running job, up to that share.

        Raises:
            InputProblem: when the job's input is bad; it has then failed.
        """
        prepared = self._input_or_fail(job)
        target = count_of(share, len(prepared.todo))
        for index in prepared.todo[:target]:
            with self._store.locked():
                if index in job.results or job.claimed:
                    continue
            result = self._answered(job, prepared, index)
            with self._store.locked():
                if not job.claimed:
                    job.results[index] = result
                    job.touch()

    def set_mode(self, mode: WorkerMode) -> None:
        """Switches who answers, for running jobs too."""
        self.mode = mode
        for job in self._store.all():
            with self._store.locked():
                if job.status != "InProgress":
                    continue
                job.round += 1  # voids the answers that are under way
            if mode == "auto":
                self._soon(0, job, partial(self._plan, job))

    def announce(self, job: Job, status: str) -> None:
        """Sends the event of a job's end once more."""
        self._emit(state_change_event(job, status, time.time()))

    # -- beginning -------------------------------------------------------------------------

    def _soon(self, seconds: float, job: Job, task: Callable[[], object]) -> None:
        self._scheduler.after(seconds / self.speed, job.arn, lambda: (task(), None)[1])

    def _files(self, job: Job) -> S3Files:
        key = job.request["OutputConfig"].get("KmsKeyId")
        return S3Files(partial(self._s3.client, str(job.request["RoleArn"])), key)

    def _invoker(self, job: Job) -> Invoke:
        role = str(job.request["RoleArn"])
        return partial(invoke, partial(self._lambdas.client, role), role)

    def _input(self, job: Job) -> Prepared:
        with self._store.locked():
            known = self._prepared.get(job.key)
        if known is not None:
            return known
        pace = SIMULATED_SECONDS_PER_SECOND * self.speed
        people = (self.mix, self.seed)
        try:
            prepared = prepare(
                job, self._files(job), self._truths, people, pace, invoke=self._invoker(job)
            )
        except (ClientError, BotoCoreError) as error:
            # Assuming the job's role, or S3 itself, failed for good.
            raise InputProblem(f"ClientError: {error}") from error
        with self._store.locked():
            self._prepared[job.key] = prepared
            job.items = len(prepared.lines)
            job.skipped = len(prepared.lines) - len(prepared.todo)
        return prepared

    def _input_or_fail(self, job: Job) -> Prepared:
        try:
            return self._input(job)
        except InputProblem as problem:
            self._fail(job, str(problem))
            raise

    def _open(self, job: Job) -> None:
        with self._store.locked():
            if job.is_over or job.claimed:
                return
        try:
            prepared = self._input(job)
        except InputProblem as problem:
            self._fail(job, str(problem))
            return
        with self._store.locked():
            if job.status == "Initializing":
                job.status = "InProgress"
                job.touch()
            if job.status != "InProgress":
                return
            job.note("INPUT_READ", f"{len(prepared.todo)} of {job.items} objects to label.")
        if self.mode == "auto":
            self._plan(job)

    # -- working ---------------------------------------------------------------------------

    def _plan(self, job: Job) -> None:
        try:
            prepared = self._input(job)
        except InputProblem as problem:
            self._fail(job, str(problem))
            return
        with self._store.locked():
            if job.status != "InProgress" or job.claimed:
                return
            if job.outcome is None:
                job.outcome = self._rules.pick(job.name) or {}
            job.round += 1
            turn_of = job.round
            left = [index for index in prepared.todo if index not in job.results]
            done = len(job.results)
        ending, limit = self._planned_end(job, prepared)
        left = left[: max(0, limit - done)]
        human_task = job.request["HumanTaskConfig"]
        lifetime = human_task.get("TaskAvailabilityLifetimeInSeconds", PRIVATE_AVAILABILITY_SECONDS)
        plan = plan_turns(prepared, left, lifetime, may_decline=not job.outcome)
        pace = SIMULATED_SECONDS_PER_SECOND
        if plan.dies:
            reason = "ClientError: The labeling job has expired: it ran for 30 days."
            expired = Ending("Failed", reason=reason)
            self._soon(JOB_LIFETIME_SECONDS / pace, job, lambda: self._end(job, expired))
        with self._store.locked():
            if job.round != turn_of or job.claimed:
                return  # somebody planned anew, stopped or ended the job meanwhile
            self._waiting[job.key] = set(left)
        for turn in plan.turns:
            self._soon(
                turn.at / pace,
                job,
                partial(self._take_turn, job, turn_of, turn, ending),
            )
        if not plan.turns and not plan.dies:
            self._end(job, ending)

    def _planned_end(self, job: Job, prepared: Prepared) -> tuple[Ending, int]:
        """How the job will end, and after how many items."""
        total = len(prepared.todo)
        if job.outcome:
            ending = parse_ending(job.outcome)
            return ending, total if ending.labeled is None else count_of(ending.labeled, total)
        conditions = job.request.get("StoppingConditions", {})
        most = conditions.get("MaxHumanLabeledObjectCount", total)
        percent = conditions.get("MaxPercentageOfInputDatasetLabeled", 100)
        limit = min(total, most, max(1, len(prepared.lines) * percent // 100))
        return Ending("Stopped" if limit < total else "Completed"), limit

    def _take_turn(self, job: Job, turn_of: int, turn: Turn, ending: Ending) -> None:
        with self._store.locked():
            prepared = self._prepared.get(job.key)
            if job.round != turn_of or job.claimed or job.is_over or prepared is None:
                return
        if turn.expires:
            result = failed_result(EXPIRED, time.time())
        else:
            prepared.in_time[turn.index] = turn.people
            try:
                result = self._answered(job, prepared, turn.index)
            except (ClientError, BotoCoreError, InputProblem) as error:
                # While the whole AWS shuts down S3 may be gone first; the job goes on later.
                if not self._stopping:
                    self._fail(job, _reason(error))
                return
        with self._store.locked():
            if job.round != turn_of or job.claimed:
                return
            job.results[turn.index] = result
            job.touch()
            waiting = self._waiting[job.key]
            waiting.discard(turn.index)
            is_last = not waiting
        if is_last:
            self._end(job, ending)

    def _answered(self, job: Job, prepared: Prepared, index: int) -> ItemResult:
        moment = time.time()
        try:
            answer = FAMILIES[prepared.task_type.family].answer(prepared, index)
        except (ItemProblem, TruthError) as problem:
            return failed_result(str(problem), moment)
        except NotForPeople:
            return ItemResult(False, answered_at=moment, left=True)
        for file in answer.files:
            body = file.content if isinstance(file.content, bytes) else dumps(file.content)
            prepared.files.write(f"{job.root}/{file.path}", body, file.content_type)
        with self._store.locked():
            if job.truth is None:
                job.note("ANSWERS", f"Simulated workers answer; truth: {answer.truth}.")
                job.truth = answer.truth
            elif answer.truth not in job.truth:
                job.truth = f"{job.truth}, {answer.truth}"
        return labeled_result(job, answer, time.time())

    # -- ending ----------------------------------------------------------------------------

    def _claim(self, job: Job) -> bool:
        with self._store.locked():
            if job.claimed or job.is_over:
                return False
            job.claimed = True
            return True

    def _end(self, job: Job, ending: Ending) -> bool:
        """Writes the output, then turns the status, then tells."""
        if not self._claim(job):
            return False
        try:
            prepared = self._input(job)
        except InputProblem as problem:
            if self._unclaimed_by_shutdown(job):
                return False
            stopped = ending.status == "Stopped"
            status = "Stopped" if stopped else "Failed"
            self._close(job, Ending(status, event=ending.event, reason=str(problem)), None)
            return True
        try:
            self._settle_results(job, prepared, ending)
            self._write_output(job, prepared, ending)
        except (ClientError, BotoCoreError, InputProblem) as error:
            if self._unclaimed_by_shutdown(job):
                return False
            failed = Ending("Failed", event=ending.event, reason=_reason(error))
            self._close(job, failed, None)
            return True
        self._close(job, ending, f"{job.root}/{MANIFEST}")
        return True

    def _unclaimed_by_shutdown(self, job: Job) -> bool:
        """Gives a job back that could not be ended because the whole AWS is shutting down."""
        with self._store.locked():
            if self._stopping:
                job.claimed = False
            return self._stopping

    def _settle_results(self, job: Job, prepared: Prepared, ending: Ending) -> None:
        """Makes the results what the ending says: so many labeled, and the rest as it demands."""
        with self._store.locked():
            results = dict(job.results)
        completed = ending.status == "Completed"
        share = 1.0 if ending.labeled is None and completed else ending.labeled
        if share is not None:
            target = count_of(share, len(prepared.todo))
            forced: dict[int, ItemResult] = {}
            labeled = 0
            for index in prepared.todo:
                if labeled == target:
                    break
                known = results.get(index)
                if known is None or (ending.labeled is not None and not known.labeled):
                    known = self._answered(job, prepared, index)
                forced[index] = known
                labeled += known.labeled
            results = forced
        if completed:
            now = time.time()
            for index in prepared.todo:
                if index not in results:
                    results[index] = failed_result(EXPIRED, now)
        with self._store.locked():
            job.results = results

    def _write_output(self, job: Job, prepared: Prepared, ending: Ending) -> None:
        with self._store.locked():
            results = dict(job.results)
        results = write_iterations(job, prepared, results)
        with self._store.locked():
            job.results = results
        body = output_manifest(prepared.lines, job.attribute, results)
        if ending.manifest == "absent":
            return
        if ending.manifest == "truncated":
            # In the middle of the last line, so that the cut cannot be taken for the end.
            body = body[: len(body) - max(2, len(body.splitlines()[-1]) // 2)]
        elif ending.manifest == "unreadable":
            body = UNREADABLE
        prepared.files.write(f"{job.root}/{MANIFEST}", body, "application/jsonlines")

    def _fail(self, job: Job, reason: str) -> None:
        if not self._stopping and self._claim(job):
            self._close(job, Ending("Failed", reason=reason), None)

    def _close(self, job: Job, ending: Ending, output_uri: str | None) -> None:
        reason = ending.reason
        if reason is None and ending.status == "Failed":
            reason = "InternalServerError: The labeling job failed."
        with self._store.locked():
            job.final = job.counters()
            job.results = {}
            job.output_uri = output_uri
            job.failure_reason = reason[:REASON_CHARS] if reason else None
            job.status = ending.status
            job.touch()
            if output_uri is not None:
                job.note("EXPORTED_LABELED_MANIFEST", output_uri)
            job.note("JOB_ENDED", f"{ending.status}{f': {reason}' if reason else ''}")
            self._prepared.pop(job.key, None)
            self._waiting.pop(job.key, None)
        for _ in range(ending.event):
            self.announce(job, ending.status)

    def _crashed(self, arn: str, error: BaseException) -> None:
        """A fault of this service must end as a failed job, not as one that hangs."""
        for job in self._store.all():
            if job.arn == arn and not job.is_over:
                reason = f"InternalServerError: The local Ground Truth failed: {error!r}"
                self._close(job, Ending("Failed", reason=reason), None)


def _reason(error: Exception) -> str:
    """FailureReason for what ended a job on its way."""
    if isinstance(error, InputProblem):
        return str(error)
    return f"ClientError: Unable to write the output: {error}"
