"""What must be true after every write, and at the end (DESIGN.md section 4, I1-I10)."""

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from terrace.adapters import dynamodb_codec as codec
from terrace.domain.records import BatchRecord, DeliveryRecord, JobRecord
from terrace.domain.request import OnJobFailure, Pacing, StopMode
from terrace.domain.settle import expected_labels
from terrace.domain.status import (
    BATCH_TERMINAL,
    JOB_CLEAN,
    JOB_FEEDS_NEXT,
    JOB_TERMINAL,
    BatchStatus,
    JobStatus,
)
from tests.world.aws.sagemaker import Job
from tests.world.house import PERIOD, World

END_STATUS = {
    BatchStatus.COMPLETE: "SUCCESS",
    BatchStatus.COMPLETE_WITH_ERRORS: "SUCCESS_WITH_ERRORS",
    BatchStatus.FAILED: "FAILED",
    BatchStatus.VALIDATION_FAIL: "FAILED",
    BatchStatus.STOPPED: "STOPPED",
}
RESEND_FOR = 86_400.0
IDLE_MAX = PERIOD + 300.0
"""Seconds, after the last fault, that a batch may stand without a running labeling job: one period
of the reconciler, and time for the work itself.

Where the first look of the protocol proves nothing, it looks a second time, and that is one period
more for each such thing: an output that may still come, a released execution that has yet to move,
a start that AWS refused for now.
"""


@dataclass
class Violation(Exception):
    """An invariant does not hold."""

    name: str
    what: str

    def __str__(self) -> str:
        return f"{self.name}: {self.what}"


@dataclass
class Watch:
    """Hears of every write, creation and message of a world; `violations` is what was wrong."""

    world: World
    violations: list[Violation] = field(default_factory=list)
    ends: dict[tuple[str, int], BatchStatus] = field(default_factory=dict)
    """(uid, generation) -> how that generation ended the batch."""
    told: set[tuple[str, int]] = field(default_factory=set)
    dedup: dict[str, str] = field(default_factory=dict)
    news: dict[tuple[Any, ...], str] = field(default_factory=dict)
    """What was told within a run of a batch -> its dedupId."""
    busy_at: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    """When a labeling job of the batch last began or ended."""
    longest_idle: float = 0.0
    changes: int = 0
    """Of rows of batches, and of labeling jobs."""
    on_change: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self.world.dynamo.hooks.append(self._written)
        self.world.sagemaker.on_create.append(self._created)
        self.world.sagemaker.on_status.append(self._job_ended)
        self.world.sns.hooks.append(self._published)

    def wrong(self, name: str, what: str) -> None:
        self.violations.append(Violation(name, what))

    def _change(self) -> None:
        self.changes += 1
        self.on_change()

    # --- writes ----------------------------------------------------------------------------
    def _written(self, key: Any, old: Any, new: Any) -> None:
        pk, sk = key
        if pk.startswith("BATCH#") and old != new:
            self._change()
        if sk == codec.BATCH_SK and old is not None and new is not None:
            self._batch_changed(codec.to_batch(old), codec.to_batch(new))
        elif sk.startswith("JOB#") and old is not None and new is not None:
            self._job_changed(pk.removeprefix("BATCH#"), codec.to_job(old), codec.to_job(new))

    def _writer_generation(self, batch_id: str) -> int | None:
        task = self.world.scheduler.current
        event = getattr(task.about, "event", None) if task is not None else None
        if isinstance(event, dict) and event.get("batchId") == batch_id:
            found: int | None = event.get("generation")
            return found
        return None

    def _batch_changed(self, old: BatchRecord, new: BatchRecord) -> None:
        name = new.batchId
        if new.generation not in {old.generation, old.generation + 1}:
            self.wrong("generation", f"{name}: {old.generation} -> {new.generation}")
        if old.uid != new.uid and new.generation == old.generation:
            self.wrong("create", f"{name}: its row was replaced by another posting")
        reopened = old.ended and not new.ended
        if reopened and new.generation != old.generation + 1:
            self.wrong("I3", f"{name}: {old.status} -> {new.status} in one generation")
        if old.ended and new.ended and new.status is not old.status:
            self.wrong("I3", f"{name}: {old.status} -> {new.status}")
        same_posting = old.uid == new.uid
        if same_posting and new.wave not in {old.wave, old.wave + 1}:
            self.wrong("I5", f"{name}: wave {old.wave} -> {new.wave}")
        if new.wave != old.wave and same_posting:
            writer = self._writer_generation(name)
            if writer is not None and writer != new.generation:
                self.wrong("I5", f"{name}: generation {writer} advanced {new.generation}'s wave")
            if old.ended:
                self.wrong("I5", f"{name}: the wave of an ended batch advanced")
        for part in ("mark", "stop"):
            if getattr(old, part) and not getattr(new, part) and not reopened:
                self.wrong("marks", f"{name}: its {part} was taken back")
        if new.park is not None and old.park is not None and old.park.order > new.park.order:
            self.wrong("park", f"{name}: token {old.park.order} replaced by {new.park.order}")
        if new.ended and not old.ended:
            self.ends[new.uid, new.generation] = new.status
            self._batch_ended(new)

    def _job_changed(self, batch_id: str, old: JobRecord, new: JobRecord) -> None:
        name = f"{batch_id}/{new.jobName}"
        if new.generation < old.generation or new.attempt < old.attempt:
            self.wrong("order", f"{name}: {old.generation}.{old.attempt} -> older")
        again = new.generation > old.generation
        if old.ended and new.status is not old.status and not again:
            self.wrong("I3", f"{name}: {old.status} -> {new.status} in one generation")
        if old.ended and not new.ended and new.status is not JobStatus.PENDING:
            self.wrong("I3", f"{name}: {old.status} -> {new.status}")
        if (
            old.status is JobStatus.IN_PROGRESS
            and new.attempt == old.attempt
            and new.status in {JobStatus.PENDING, JobStatus.STARTING}
        ):
            self.wrong("I3", f"{name}: {old.status} -> {new.status} in one attempt")
        current = self.world.sagemaker.jobs.get(old.attemptName.lower())
        mine = (
            current is not None
            and old.nonce is not None
            and current.tags.get("terrace:nonce") == old.nonce
        )
        moved_on = new.attempt > old.attempt or (new.ended and not old.ended)
        if moved_on and mine and current is not None and current.live and not new.claimOpen:
            self.wrong("I4", f"{name}: {old.status} -> {new.status} while {current.name} runs")
        if moved_on and not new.ended and not again and (not mine or current is None):
            self.wrong("attempts", f"{name}: attempt {old.attempt} was never created, next opened")
        if new.status is JobStatus.IN_PROGRESS and current is None:
            self.wrong("I6", f"{name}: IN_PROGRESS, but {new.attemptName} does not exist")
        foreign = current is not None and current.tags.get("terrace:nonce") != new.nonce
        if new.status is JobStatus.IN_PROGRESS and old.status is not new.status and foreign:
            self.wrong("I6", f"{name}: took {new.attemptName}, which is not its own, for its own")
        numbers = [attempt.attempt for attempt in new.attempts]
        if len(set(numbers)) < len(numbers):
            self.wrong("record", f"{name}: an attempt stands twice on its row: {numbers}")
        if new.status is JobStatus.STARTING and old.status is not JobStatus.STARTING:
            batch = self.world.batch(batch_id)
            if batch is not None and (batch.mark or batch.stop or batch.ended):
                self.wrong("marks", f"{name} was claimed after the mark")
        output = new.outputManifestS3Uri
        if output and output != old.outputManifestS3Uri and self.world.s3.text(output) is None:
            self.wrong("I9", f"{name}: the row names {output}, which does not exist")
        if new.status is not old.status and new.status is not JobStatus.PENDING:
            batch = self.world.batch(batch_id)
            writer = self._writer_generation(batch_id)
            if batch is not None and writer is not None and writer != batch.generation:
                self.wrong("generation", f"{name}: {new.status} by stale generation {writer}")

    # --- creations ---------------------------------------------------------------------------
    def _created(self, job: Job) -> None:
        self._change()
        world = self.world
        batch_id, name = job.tags.get("terrace:batch", ""), job.tags.get("terrace:job", "")
        if not batch_id:
            return
        self.busy_at[batch_id] = world.scheduler.now
        batch = world.batch(batch_id)
        rows = {row.jobName: row for row in world.jobs(batch_id)}
        row = rows.get(name)
        if batch is None or row is None:
            self.wrong("I6", f"{job.name} was created for no row")
            return
        siblings = [other for other in world.labeling_jobs(batch_id) if other is not job]
        siblings = [other for other in siblings if other.tags.get("terrace:job") == name]
        if [other for other in siblings if other.live]:
            self.wrong("I1", f"{job.name} was created while another attempt runs")
        claim = world.claim(job.name)
        if claim is None or claim.batchId != batch_id or claim.nonce is None:
            self.wrong("I6", f"{job.name} was created without a claim")
        self._dependencies(batch, rows, row)
        paid = {
            other.items[n]["source-ref"]
            for other in siblings
            if other.trusted
            for n in other.labels
        }
        twice = [item["source-ref"] for item in job.items if item["source-ref"] in paid]
        if twice:
            self.wrong("pays twice", f"{job.name} asks for {twice[0]} again")

    def _dependencies(self, batch: BatchRecord, rows: dict[str, JobRecord], row: JobRecord) -> None:
        source = row.spec.inputConfig.chainFromJobName
        if source is not None and rows[source].status not in JOB_FEEDS_NEXT:
            self.wrong("I2", f"{row.jobName} started while {source} is {rows[source].status}")
        if batch.pacing is Pacing.level:
            for other in rows.values():
                if other.level < row.level and other.status not in JOB_TERMINAL:
                    # A PENDING job that can no longer start is over, whatever its row says yet.
                    if other.status is JobStatus.PENDING and self._dead(other, rows):
                        continue
                    self.wrong("I2", f"{row.jobName} started while {other.jobName} is not over")

    @staticmethod
    def _dead(job: JobRecord, rows: dict[str, JobRecord]) -> bool:
        while job.status is JobStatus.PENDING and job.spec.inputConfig.chainFromJobName:
            job = rows[job.spec.inputConfig.chainFromJobName]
        return job.ended and job.status not in JOB_FEEDS_NEXT

    def _job_ended(self, job: Job) -> None:
        self._change()
        self.busy_at[job.tags.get("terrace:batch", "")] = self.world.scheduler.now

    # --- the end of a batch --------------------------------------------------------------------
    def _batch_ended(self, batch: BatchRecord) -> None:
        rows = self.world.jobs(batch.batchId)
        if batch.status is BatchStatus.VALIDATION_FAIL:
            if self.world.labeling_jobs(batch.batchId) and batch.generation == 1:
                self.wrong("I4", f"{batch.batchId}: VALIDATION_FAIL with labeling jobs")
            return
        for row in rows:
            if not row.ended:
                self.wrong("I4", f"{batch.batchId} ended while {row.jobName} is {row.status}")
            self._labels_kept(row)
        self._honest(batch, rows)

    def _honest(self, batch: BatchRecord, rows: list[JobRecord]) -> None:
        """The outcome is what the rows say, and the rows are what people did."""
        found = {row.status for row in rows}
        name = f"{batch.batchId} {batch.status}"
        if batch.status is BatchStatus.COMPLETE and not (found and found <= JOB_CLEAN):
            self.wrong("lies", f"{name} with jobs {sorted(found)}")
        if batch.status is BatchStatus.STOPPED and batch.stop is None:
            self.wrong("lies", f"{name}, but nobody stopped it")
        bad = found & {JobStatus.FAILED, JobStatus.STOPPED}
        good_end = {BatchStatus.COMPLETE, BatchStatus.COMPLETE_WITH_ERRORS}
        if bad and batch.onJobFailure is OnJobFailure.fail and batch.status in good_end:
            self.wrong("lies", f"{name} although a job failed")
        if batch.status is BatchStatus.FAILED and not bad and batch.mark is None and found:
            self.wrong("lies", f"{name} although nothing failed")
        for row in rows:
            if row.status is not JobStatus.COMPLETE:
                continue
            if row.lot_open:
                self.wrong("lies", f"{row.jobName} COMPLETE, and its lot is not judged")
            lines = self.world.lines(row.outputManifestS3Uri or "")
            labeled = [line for line in lines or [] if row.labelAttributeName in line]
            wanted = expected_labels(row, row.numItems or 0)
            if lines is None or len(labeled) < wanted:
                self.wrong("lies", f"{row.jobName} COMPLETE with {len(labeled)} of {wanted} labels")

    def _labels_kept(self, row: JobRecord) -> None:
        """Every label of a labeling job whose manifest can be trusted is in the job's output."""
        made: dict[str, list[Any]] = defaultdict(list)
        for job in self.world.labeling_jobs(row.batchId):
            known = job.tags.get("terrace:job") == row.jobName and job.trusted
            written = self.world.s3.text(job.output_uri) is not None
            late = job.endedAt is not None and job.plan.manifest == "late"
            if not known or not written or late or job.live:
                continue
            if row.claimOpen and job.name.lower() == row.attemptName.lower():
                continue
            for number, label in job.labels.items():
                made[job.items[number]["source-ref"]].append(label)
        if not made:
            return
        lines = self.world.lines(row.outputManifestS3Uri or "") or []
        kept = {line["source-ref"]: line.get(row.labelAttributeName) for line in lines}
        lost = [source for source, labels in made.items() if kept.get(source) not in labels]
        if lost:
            self.wrong("I9", f"{row.batchId}/{row.jobName} {row.status}: lost {lost}")

    # --- messages ----------------------------------------------------------------------------
    def _published(self, message: dict[str, Any]) -> None:
        body = message["body"]
        batch = self.world.batch(message["batchId"])
        if batch is None:
            self.wrong("I7", "a message about no batch")
            return
        dedup = body.get("dedupId")
        if not dedup:
            self.wrong("I7", f"{message['eventType']} of {batch.batchId} has no dedupId")
        if message["eventType"] == "BATCH_COMPLETE":
            # About the generation that it names: a user may have opened the batch again since.
            uid, generation, _ = dedup.rsplit("-", 2)
            ended = self.ends.get((uid, int(generation)))
            if ended is None:
                self.wrong("I7", f"{batch.batchId} was told to be over: {body['status']}")
            elif END_STATUS[ended] != body["status"]:
                self.wrong("lies", f"{batch.batchId} ended {ended}, told {body['status']}")
            if self.dedup.setdefault(dedup, body["status"]) != body["status"]:
                self.wrong("I7", f"{dedup} says two things")
            self.told.add((uid, int(generation)))
            return
        if body["status"] != "IN_PROGRESS":
            self.wrong(
                "I7", f"{message['eventType']} of {batch.batchId} could be taken for its end"
            )
        # Told again within a run, by whatever generation, it is the same message.
        about = body.get("level") or (body.get("jobName"), body.get("attempt"))
        news = (batch.uid, batch.run, message["eventType"], about)
        if self.news.setdefault(news, dedup) != dedup:
            self.wrong("I7", f"{news} was told as {self.news[news]} and as {dedup}")

    # --- liveness ------------------------------------------------------------------------------
    def watch_liveness(self, batch_id: str, idle_max: float = IDLE_MAX) -> None:
        """From now on nothing goes wrong any more: the batch must never stand idle for long."""
        world = self.world
        self.busy_at[batch_id] = max(self.busy_at[batch_id], world.scheduler.now)
        calm_since = world.scheduler.now
        seen: set[str] = set()

        def look() -> None:
            batch = world.batch(batch_id)
            if batch is None:
                # Not posted yet.
                world.scheduler.after(60.0, look)
                return
            if (batch.ended and batch.messageSentAt) or self.given_up(batch):
                if batch.messageSentAt:
                    over = batch.messageSentAt
                    idle = over - self.busy_at[batch_id]
                    self.longest_idle = max(self.longest_idle, idle)
                return
            if world.live(batch_id):
                self.busy_at[batch_id] = world.scheduler.now
            self._unwanted(batch, calm_since, idle_max)
            idle = world.scheduler.now - self.busy_at[batch_id]
            self.longest_idle = max(self.longest_idle, idle)
            if idle < 60.0:
                seen.clear()
            if idle > 60.0 and idle_max > PERIOD:
                seen.update(self._second_looks(batch))
            if idle > idle_max + PERIOD * len(seen):
                rows = {row.jobName: row.status.value for row in world.jobs(batch_id)}
                self.wrong("I8", f"{batch_id} has stood for {idle:.0f} s: {batch.status} {rows}")
                return
            world.scheduler.after(min(60.0, idle_max / 2), look)

        look()

    def _unwanted(self, batch: BatchRecord, calm_since: float, idle_max: float) -> None:
        """People are not kept at work for a batch that was told to stop."""
        if batch.stop is None or batch.stop.mode is not StopMode.stop:
            return
        since = max(calm_since, batch.stop.at)
        if self.world.scheduler.now - since <= idle_max + PERIOD:
            return
        for job in self.world.live(batch.batchId):
            if not job.stopping and job.createdAt < since:
                self.wrong("I11", f"{job.name} still asks people, {batch.batchId} was stopped")

    def given_up(self, batch: BatchRecord) -> bool:
        """For a whole day its end could not be told: by design that is an alarm, and no more."""
        if not batch.ended or batch.messageSentAt is not None:
            return False
        return self.world.scheduler.now - (batch.endedAt or 0.0) > RESEND_FOR

    def _second_looks(self, batch: BatchRecord) -> set[str]:
        """What the protocol says must be looked at once more before it decides."""
        found = set()
        if batch.park is not None and batch.park.nudgedAt is not None:
            found.add("released, not moved yet")
        for row in self.world.jobs(batch.batchId):
            if row.suspectAt is not None:
                found.add("output may still come")
            if row.notBefore is not None and not row.ended:
                found.add("start refused for now")
        return found

    # --- the end of the run --------------------------------------------------------------------
    def at_the_end(self, batch_ids: list[str]) -> None:
        """Everything is quiet: what is left must be in order."""
        world = self.world
        for batch_id in batch_ids:
            batch = world.batch(batch_id)
            if batch is None:
                continue
            if batch.status not in BATCH_TERMINAL:
                self.wrong("I8", f"{batch_id} has not ended")
                continue
            told = (batch.uid, batch.generation) in self.told
            if not told and not self.given_up(batch):
                self.wrong("I7", f"{batch_id} ended {batch.status}, and nobody was told")
            for job in world.live(batch_id):
                self.wrong("I4", f"{batch_id} has ended, and {job.name} still runs")
            rows = {row.jobName: row for row in world.jobs(batch_id)}
            for job in world.labeling_jobs(batch_id):
                row = rows.get(job.tags["terrace:job"])
                named = {a.name for a in row.attempts} if row is not None else set()
                current = row is not None and row.labelingJobArn == job.arn
                if job.name not in named and not current:
                    self.wrong("I6", f"{job.name} is on no record of {batch_id}")
            self._names_given_back(batch)
            self._delivered(batch, list(rows.values()))
        for execution in world.stepfunctions.executions.values():
            if execution.status == "RUNNING":
                self.wrong("I8", f"execution {execution.name} never ended: {execution.path[-3:]}")

    def _delivered(self, batch: BatchRecord, rows: list[JobRecord]) -> None:
        """Every item of the input is in exactly one final manifest, and the counts say so."""
        found = batch.delivered
        if found is None or not found.counted:
            return
        uris = (
            found.outputManifestS3Uri,
            found.rejectedManifestS3Uri,
            found.unlabeledManifestS3Uri,
        )
        files = [self.world.lines(uri) or [] if uri else [] for uri in uris]
        told = [found.accepted, found.rejected, found.unlabeled]
        if [len(lines) for lines in files] != told or found.items != sum(map(len, files)):
            self.wrong("lies", f"{batch.batchId}: {told} of {found.items} items were delivered")
        starts = {row.spec.inputConfig.inputManifestS3Uri for row in rows} - {None}
        given = {line["source-ref"] for uri in starts for line in self.world.lines(str(uri)) or []}
        kept = {line["source-ref"] for lines in files for line in lines}
        if given != kept:
            self.wrong("I9", f"{batch.batchId}: delivered {len(kept)} of {len(given)} data objects")

        self._exported(batch, found)

    def _exported(self, batch: BatchRecord, found: DeliveryRecord) -> None:
        """An export is whole, or has a problem; none is missing without a word."""
        wanted = self.world.s3.text(batch.requestS3Uri)
        asked = [one["format"] for one in json.loads(wanted or "{}").get("exports") or []]
        if found.over and found.problem is None and [one.format for one in found.exports] != asked:
            self.wrong("lies", f"{batch.batchId}: of {asked} it says nothing")
        for one in found.exports:
            if one.s3Uri is None:
                if one.problem is None or one.files:
                    self.wrong("lies", f"{batch.batchId}: {one} is nowhere")
                continue
            place = one.s3Uri.removeprefix("s3://")
            files = [key for key in map("/".join, self.world.s3.objects) if key.startswith(place)]
            whole = one.problem is None
            if (whole and (len(files) != one.files or not one.items)) or (one.files and not whole):
                self.wrong("lies", f"{batch.batchId}: {one} has the files {files}")

    def _names_given_back(self, batch: BatchRecord) -> None:
        if batch.status is not BatchStatus.VALIDATION_FAIL:
            return
        for (pk, sk), item in self.world.dynamo.items.items():
            if sk == codec.CLAIM_SK and item["batchId"]["S"] == batch.batchId:
                claim = codec.to_claim(item)
                if claim.nonce is None:
                    self.wrong("names", f"{batch.batchId} was refused and keeps {pk}")

    def show_agrees(self, batch_id: str) -> None:
        """I10: what the API shows is what is recorded, at this very moment."""
        from terrace.adapters.dynamodb_store import DynamoBatchStore
        from terrace.adapters.s3_objects import S3ObjectStore
        from terrace.steps.api_show import Show
        from tests.world.house import TABLE

        world = self.world
        batch = world.batch(batch_id)
        if batch is None:
            return
        view = Show(DynamoBatchStore(world.dynamo, TABLE), S3ObjectStore(world.s3)).one(batch_id)
        if view["status"] != batch.status:
            self.wrong("I10", f"{batch_id}: shown {view['status']}, recorded {batch.status}")
        shown = {
            job["labelingJobName"]: job
            for name, level in view.items()
            if name.endswith("Level") and isinstance(level, dict)
            for job in level["jobLevels"]
        }
        for row in world.jobs(batch_id):
            job = shown.get(row.jobName) or shown.get(row.attemptName)
            if job is None:
                self.wrong("I10", f"{batch_id}/{row.jobName} is not shown")
            elif (row.ended and job["batchStatus"] != row.status) or (
                not row.ended and job["batchStatus"] in {"COMPLETE", "SKIPPED"}
            ):
                self.wrong("I10", f"{row.jobName}: {job['batchStatus']} shown, {row.status} is")
