"""BatchStore on DynamoDB: one table, every write conditional (DESIGN.md sections 4 and 5)."""

import base64
import json
import re
import uuid
from collections.abc import Iterator
from typing import Any

from terrace.adapters import dynamodb_codec as codec
from terrace.adapters.dynamodb_table import Table, Update
from terrace.domain.problems import Problem
from terrace.domain.records import (
    BatchRecord,
    ClaimRecord,
    Counters,
    DeliveryRecord,
    FinalRecord,
    JobRecord,
    Mark,
    Park,
    ReportRecord,
    Retry,
    Stop,
)
from terrace.domain.request import StopMode
from terrace.domain.status import BATCH_TERMINAL, JOB_TERMINAL, BatchStatus, JobStatus
from terrace.errors import BadRequestError, ConflictError
from terrace.ports import ClaimOutcome, Json, Page

RESERVE_TRIES = 5
_TERMINAL = sorted(status.value for status in JOB_TERMINAL)
_LIVE = sorted(status.value for status in JobStatus if status not in JOB_TERMINAL)
# Named one by one: `<> IN_PROGRESS` also holds for a row that is not there.
_ENDED = sorted(BATCH_TERMINAL)
_PAGE_KEY = {"PK": ["S"], "SK": ["S"], "batchStatus": ["S"], "createdAt": ["N"]}
"""Attributes and types of a place in the index `byStatus`."""
_CURSOR_KEY = codec.key("RECONCILER", "CURSOR")


class DynamoBatchStore:
    """The rows of section 5. Reads are strongly consistent, but for the two indexes."""

    def __init__(self, client: Any, table_name: str) -> None:
        self._table = Table(client, table_name)

    # --- batches -----------------------------------------------------------------------
    def create_batch(self, batch: BatchRecord) -> BatchRecord:
        if self._table.put(codec.batch_item(batch, is_open=True), only_new=True):
            return batch
        standing = self.get_batch(batch.batchId)
        if standing is None or standing.status is not BatchStatus.VALIDATION_FAIL:
            return standing or batch
        again = batch.model_copy(update={"generation": standing.generation + 1})
        condition = (
            Update(codec.batch_key(batch.batchId))
            .where("batchStatus", "=", BatchStatus.VALIDATION_FAIL)
            .where("generation", "=", standing.generation)
        )
        if self._table.replace(codec.batch_item(again, is_open=True), condition):
            return again
        return self.get_batch(batch.batchId) or again

    def get_batch(self, batch_id: str) -> BatchRecord | None:
        item = self._table.get(codec.batch_key(batch_id))
        return codec.to_batch(item) if item else None

    def load(self, batch_id: str) -> tuple[BatchRecord, list[JobRecord]] | None:
        batch = self.get_batch(batch_id)
        if batch is None:
            return None
        items = self._table.query(
            KeyConditionExpression="PK = :pk AND begins_with(SK, :job)",
            ExpressionAttributeValues={
                ":pk": {"S": codec.batch_pk(batch_id)},
                ":job": {"S": "JOB#"},
            },
            ConsistentRead=True,
        )
        jobs = sorted((codec.to_job(item) for item in items), key=lambda j: (j.level, j.index))
        return batch, jobs

    def list_batches(self, status: BatchStatus, limit: int, token: str | None) -> Page:
        parameters: dict[str, Any] = {
            "IndexName": "byStatus",
            "KeyConditionExpression": "batchStatus = :s",
            "ExpressionAttributeValues": {":s": {"S": status.value}},
            "ScanIndexForward": False,
            "Limit": limit,
        }
        if token:
            parameters["ExclusiveStartKey"] = _page_key(token, status)
        items, last = self._table.query_page(**parameters)
        found = [self.get_batch(item["PK"]["S"].removeprefix("BATCH#")) for item in items]
        # The index is read late by nature: a batch that has moved on is not listed wrongly.
        batches = [batch for batch in found if batch is not None and batch.status is status]
        return Page(batches, _page_token(last) if last else None)

    def open_batches(self, after: float | None) -> Iterator[str]:
        for item in self._table.query(
            IndexName="open",
            KeyConditionExpression="openKey = :o AND createdAt > :after",
            ExpressionAttributeValues={
                ":o": {"S": codec.OPEN},
                ":after": codec.encode(after or 0.0),
            },
        ):
            yield item["PK"]["S"].removeprefix("BATCH#")

    # --- transform ---------------------------------------------------------------------
    def reserve(self, claim: ClaimRecord) -> ClaimRecord:
        fields = codec.plain(claim)
        item = {name: codec.encode(value) for name, value in fields.items()}
        row = Update(codec.claim_key(claim.name))
        # A name that an earlier posting of the batch left reserved is taken over.
        left = f"({row.test('batchId', '=', claim.batchId)} AND {row.absent('nonce')})"
        row.where_any(row.absent("PK"), left)
        for _ in range(RESERVE_TRIES):
            if self._table.replace({**item, **codec.claim_key(claim.name)}, row):
                return claim
            holder = self.get_claim(claim.name)
            if holder is not None:
                return holder
            # Given back between the two calls: it is free now.
        raise ConflictError(f"the name {claim.name} is taken and given back all the time")

    def free(self, claim: ClaimRecord) -> None:
        self._table.delete(
            Update(codec.claim_key(claim.name))
            .where("batchId", "=", claim.batchId)
            .where("uid", "=", claim.uid)
            .where_absent("nonce")
        )

    def put_job(self, job: JobRecord) -> None:
        self._table.put(codec.job_item(job), only_new=True)

    def remove_job(self, job: JobRecord) -> None:
        self._table.delete(
            self._row(job).where("generation", "=", job.generation).where_absent("nonce")
        )

    def finish_transform(
        self, batch_id: str, generation: int, at: float, warnings: list[Problem]
    ) -> bool:
        return self._table.update(
            Update(codec.batch_key(batch_id))
            .set(transformedAt=at, updatedAt=at, warnings=warnings)
            .where("generation", "=", generation)
        )

    # --- generations, waves, waiting ---------------------------------------------------
    def next_generation(self, batch: BatchRecord, at: float) -> BatchRecord | None:
        won = self._table.update(
            Update(codec.batch_key(batch.batchId))
            .set(
                generation=batch.generation + 1,
                executionArn=None,
                executionStartedAt=None,
                park=None,
                turnEvents=0,
                updatedAt=at,
                movedAt=at,
            )
            .where("generation", "=", batch.generation)
            .where("batchStatus", "=", BatchStatus.IN_PROGRESS)
        )
        return self.get_batch(batch.batchId) if won else None

    def set_execution(self, batch_id: str, generation: int, arn: str, at: float) -> None:
        self._table.update(
            Update(codec.batch_key(batch_id))
            .set(executionArn=arn, executionStartedAt=at)
            .where("generation", "=", generation)
            .where_absent("executionArn")
        )

    def advance_wave(
        self, batch_id: str, generation: int, wave: int, turn_events: int, at: float
    ) -> bool:
        return self._table.update(
            Update(codec.batch_key(batch_id))
            .set(wave=wave, turnEvents=turn_events, movedAt=at, updatedAt=at)
            .where("generation", "=", generation)
            .where_in("wave", [wave - 1, wave])
        )

    def park(self, batch_id: str, park: Park) -> bool:
        update = Update(codec.batch_key(batch_id)).set(park=park)
        same_wave = (
            f"({update.test('park.wave', '=', park.wave)}"
            f" AND {update.test('park.retry', '<=', park.retry)})"
        )
        same_generation = (
            f"({update.test('park.generation', '=', park.generation)}"
            f" AND ({update.test('park.wave', '<', park.wave)} OR {same_wave}))"
        )
        update.where("generation", "=", park.generation).where_any(
            update.absent("park"),
            update.test("park.generation", "<", park.generation),
            same_generation,
        )
        return self._table.update(update)

    def note_nudge(self, batch_id: str, park: Park, at: float) -> None:
        self._table.update(
            Update(codec.batch_key(batch_id))
            .set_once("park.nudgedAt", at)
            .where("park.token", "=", park.token)
        )

    # --- marks and the end -------------------------------------------------------------
    def set_mark(self, batch_id: str, mark: Mark, generation: int | None = None) -> bool:
        update = (
            Update(codec.batch_key(batch_id))
            .set(mark=mark, updatedAt=mark.at)
            .where("batchStatus", "=", BatchStatus.IN_PROGRESS)
            .where_absent("mark")
        )
        if mark.kind == "invalid":
            # Once a batch is accepted, its labeling jobs are being made.
            update.where_absent("transformedAt")
        if generation is not None:
            update.where("generation", "=", generation)
        return self._table.update(update)

    def set_stop(self, batch_id: str, stop: Stop) -> bool:
        update = Update(codec.batch_key(batch_id)).set(stop=stop, updatedAt=stop.at)
        update.where("batchStatus", "=", BatchStatus.IN_PROGRESS)
        alternatives = [update.absent("stop")]
        if stop.mode is StopMode.stop:
            alternatives.append(update.test("stop.mode", "=", StopMode.drain))
        update.where_any(*alternatives)
        return self._table.update(update)

    def reopen_batch(self, batch: BatchRecord, retry: Retry) -> BatchRecord | None:
        row = (
            Update(codec.batch_key(batch.batchId))
            .set(
                batchStatus=BatchStatus.IN_PROGRESS,
                generation=retry.generation,
                retry=retry,
                openKey=codec.OPEN,
                executionArn=None,
                executionStartedAt=None,
                park=None,
                mark=None,
                stop=None,
                endedAt=None,
                messageSentAt=None,
                levelsAnnounced=batch.levelsAnnounced,
                turnEvents=0,
                updatedAt=retry.at,
                movedAt=retry.at,
            )
            .where("generation", "=", retry.generation - 1)
            .where("batchStatus", "=", batch.status)
            .where_absent("deletedAt")
        )
        # A transaction carries a token: where its answer is lost, the SDK's second sending finds
        # the first. An update would meet its own condition, and be taken for somebody else's.
        held = self._table.transact([{"Update": row.request(self._table.name)}])
        return self.get_batch(batch.batchId) if held == [] else None

    def retry_done(self, batch_id: str, retry: Retry, at: float) -> None:
        done = {"retry.doneAt": at}
        self._table.update(
            Update(codec.batch_key(batch_id))
            .set(**done)
            .where("retry.generation", "=", retry.generation)
        )

    def reopen_job(self, job: JobRecord, generation: int, changes: dict[str, Json]) -> bool:
        return self._table.update(
            self._row(job)
            .set(status=JobStatus.PENDING, generation=generation, **changes)
            .where("status", "=", job.status)
            .where("generation", "<", generation)
        )

    def end_batch(
        self,
        batch_id: str,
        generation: int,
        status: BatchStatus,
        at: float,
        final: FinalRecord | None = None,
    ) -> bool:
        return self._table.update(
            Update(codec.batch_key(batch_id))
            .set(batchStatus=status, endedAt=at, updatedAt=at, park=None, final=final)
            .where("generation", "=", generation)
            .where("batchStatus", "=", BatchStatus.IN_PROGRESS)
        )

    def set_report(self, batch_id: str, report: ReportRecord) -> bool:
        return self._table.update(
            Update(codec.batch_key(batch_id))
            .set(report=report)
            .where("generation", "=", report.generation)
            .where_in("batchStatus", _ENDED)
        )

    def set_delivery(self, batch_id: str, delivery: DeliveryRecord) -> bool:
        return self._table.update(
            Update(codec.batch_key(batch_id))
            .set(delivery=delivery)
            .where("generation", "=", delivery.generation)
            .where_in("batchStatus", _ENDED)
        )

    def message_sent(self, batch_id: str, at: float, generation: int | None = None) -> None:
        update = Update(codec.batch_key(batch_id)).set(messageSentAt=at)
        if generation is not None:
            update.where("generation", "=", generation)
        self._table.update(update.where_in("batchStatus", _ENDED))

    def close_batch(self, batch_id: str) -> None:
        update = Update(codec.batch_key(batch_id)).set(openKey=None)
        update.where_in("batchStatus", _ENDED)
        self._table.update(update.where_exists("messageSentAt"))

    def level_announced(self, batch_id: str, level: int) -> None:
        # Added in the row, not read and written back: two levels may end at the same time.
        update = Update(codec.batch_key(batch_id))
        update.sets.append(
            f"{update.name('levelsAnnounced')} = "
            f"list_append({update.name('levelsAnnounced')}, {update.value([level])})"
        )
        update.conditions.append(
            f"NOT contains({update.name('levelsAnnounced')}, {update.value(level)})"
        )
        self._table.update(update.where_exists("levelsAnnounced"))

    # --- jobs --------------------------------------------------------------------------
    def get_job(self, batch_id: str, level: int, job_name: str) -> JobRecord | None:
        item = self._table.get(codec.job_key(batch_id, level, job_name))
        return codec.to_job(item) if item else None

    def claim(self, job: JobRecord, nonce: str, at: float) -> ClaimOutcome:
        name = job.attemptName.lower()
        claim = Update(codec.claim_key(name)).set(
            name=name,
            batchId=job.batchId,
            level=job.level,
            jobName=job.jobName,
            attempt=job.attempt,
            nonce=nonce,
        )
        claim.set_once("created", False)
        ours = " AND ".join(
            [
                claim.test("batchId", "=", job.batchId),
                claim.test("jobName", "=", job.jobName),
                claim.test("attempt", "=", job.attempt),
            ]
        )
        claim.where_any(claim.absent("PK"), f"({ours})")
        batch = (
            Update(codec.batch_key(job.batchId))
            .where("generation", "=", job.generation)
            .where("batchStatus", "=", BatchStatus.IN_PROGRESS)
            .where_absent("mark")
            .where_absent("stop")
        )
        row = (
            self._row(job)
            .set(
                status=JobStatus.STARTING,
                generation=job.generation,
                nonce=nonce,
                claimOpen=True,
                attemptStartedAt=at,
                deferredAt=None,
                notBefore=None,
            )
            .where_in("status", [JobStatus.PENDING, JobStatus.STARTING])
            .where("generation", "<=", job.generation)
        )
        held = self._table.transact(
            [
                {"Update": claim.request(self._table.name)},
                {"ConditionCheck": batch.check(self._table.name)},
                {"Update": row.request(self._table.name)},
            ]
        )
        if not held:
            return ClaimOutcome(won=True)
        if not held[0]:
            return ClaimOutcome(won=False, holder=self.get_claim(name))
        return ClaimOutcome(won=False, stale=True)

    def _row(self, job: JobRecord) -> Update:
        """An update of the job's row that holds only while it is at the same attempt."""
        return Update(codec.job_key(job.batchId, job.level, job.jobName)).where(
            "attempt", "=", job.attempt
        )

    def save_input(self, job: JobRecord) -> bool:
        return self._table.update(
            self._row(job)
            .set(
                inputManifestS3Uri=job.inputManifestS3Uri,
                linesS3Uri=job.linesS3Uri,
                jobInputS3Uri=job.jobInputS3Uri,
                carriedS3Uri=job.carriedS3Uri,
                labelCategoryS3Uri=job.labelCategoryS3Uri,
                auditedAttributeName=job.auditedAttributeName,
                numItems=job.numItems,
                attempts=job.attempts,
                givenManifestS3Uri=job.givenManifestS3Uri,
                relane=job.relane,
                gate=job.gate,
                judgeLot=job.judgeLot,
                wholesS3Uri=job.wholesS3Uri,
            )
            .where_in("status", [JobStatus.PENDING, JobStatus.STARTING])
        )

    def job_created(self, job: JobRecord, arn: str, at: float) -> bool:
        row = (
            self._row(job)
            .set(status=JobStatus.IN_PROGRESS, labelingJobArn=arn, claimOpen=False)
            .set_once("startedAt", at)
            .where_in("status", [JobStatus.PENDING, JobStatus.STARTING])
        )
        claim = Update(codec.claim_key(job.attemptName)).set(created=True)
        claim.where("batchId", "=", job.batchId)
        held = self._table.transact(
            [
                {"Update": row.request(self._table.name)},
                {"Update": claim.request(self._table.name)},
            ]
        )
        return not held

    def back_to_pending(
        self, job: JobRecord, not_before: float | None, deferred_at: float | None
    ) -> bool:
        refused = deferred_at is not None
        broke = not refused and not_before is not None
        return self._table.update(
            self._row(job)
            .set(
                status=JobStatus.PENDING,
                notBefore=not_before,
                deferredAt=deferred_at,
                deferrals=job.deferrals + refused,
                brokenStarts=job.brokenStarts + broke,
            )
            .where("status", "=", JobStatus.STARTING)
        )

    def end_attempt(
        self,
        job: JobRecord,
        status: JobStatus,
        changes: dict[str, Json],
        mark: Mark | None = None,
    ) -> bool:
        row = self._row(job).set(status=status, **changes).where_in("status", _LIVE)
        if mark is None:
            return self._table.update(row)
        batch = Update(codec.batch_key(job.batchId)).set_once("mark", mark).set(updatedAt=mark.at)
        batch.where("batchStatus", "=", BatchStatus.IN_PROGRESS)
        held = self._table.transact(
            [
                {"Update": row.request(self._table.name)},
                {"Update": batch.request(self._table.name)},
            ]
        )
        return not held

    def annotate_job(self, job: JobRecord, changes: dict[str, Json]) -> bool:
        return self._table.update(self._row(job).set(**changes))

    def note_counters(self, job: JobRecord, counters: Counters, at: float) -> bool:
        return self._table.update(
            self._row(job).set(counters=counters, countersAt=at).where_in("status", _LIVE)
        )

    # --- claims, timeline, cursor ------------------------------------------------------
    def get_claim(self, name: str) -> ClaimRecord | None:
        item = self._table.get(codec.claim_key(name))
        return codec.to_claim(item) if item else None

    def add_event(self, batch_id: str, what: str, detail: dict[str, Json], at: float) -> None:
        # Sorts by time; the random tail keeps two events of one millisecond apart.
        stamp = f"{int(at * 1000):013d}-{uuid.uuid4().hex[:8]}"
        fields = {"what": what, "at": at, "detail": detail}
        item = {name: codec.encode(value) for name, value in fields.items()}
        self._table.put({**item, **codec.key(codec.batch_pk(batch_id), f"EVENT#{stamp}")})

    def cursor(self) -> float | None:
        item = self._table.get(_CURSOR_KEY)
        return float(codec.decode(item)["after"]) if item and "after" in item else None

    def set_cursor(self, cursor: float | None) -> None:
        self._table.update(Update(_CURSOR_KEY).set(after=cursor))


def _page_token(key: codec.Values) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def _page_key(token: str, status: BatchStatus) -> codec.Values:
    try:
        key: codec.Values = json.loads(base64.urlsafe_b64decode(token.encode()))
        kinds = {name: [*value.keys()] for name, value in key.items()}
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise BadRequestError("nextToken is not one this API gave out") from error
    if kinds != _PAGE_KEY or not _is_place(key, status):
        raise BadRequestError("nextToken is not one this API gave out")
    return key


def _is_place(key: codec.Values, status: BatchStatus) -> bool:
    """Whether a row of the index could stand there: DynamoDB itself looks less closely."""
    batch, row = key["PK"]["S"], key["SK"]["S"]
    created = key["createdAt"]["N"]
    return (
        isinstance(batch, str)
        and batch.startswith(codec.batch_pk(""))
        and row == codec.BATCH_SK
        and key["batchStatus"]["S"] == status.value
        and isinstance(created, str)
        and re.fullmatch(r"[0-9]{1,20}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?", created) is not None
    )
