"""The whole of Terrace in one process: real steps and real adapters over moto's AWS.

`House.turn()` walks a batch's executions through the machine's states as `batch.asl.yaml` does,
until each waits or has ended. Ground Truth, Step Functions and SNS are fakes with handles.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import boto3
from moto import mock_aws

from terrace.adapters.dynamodb_store import DynamoBatchStore
from terrace.adapters.s3_objects import S3ObjectStore
from terrace.domain import defaults
from terrace.domain.limits import Limits
from terrace.domain.records import BatchRecord, JobRecord, execution_name
from terrace.domain.request import BatchRequest
from terrace.errors import TerraceError
from terrace.runtime.worker_pages import template
from terrace.steps.deliver_batch import DeliverBatch, DeliverBatchInput, Exports
from terrace.steps.deliver_exports import Exporter, exports_wanted
from terrace.steps.fail_batch import FailBatchInput, MachineError, fail_batch
from terrace.steps.finalize_batch import FinalizeBatchInput, finalize_batch
from terrace.steps.generations import ensure_running
from terrace.steps.notify import Notify
from terrace.steps.park_wave import ParkWaveInput, park_wave
from terrace.steps.plan_wave import PlanWaveInput, plan_wave
from terrace.steps.post_process import PostProcessing
from terrace.steps.prepare_input import Prepare, PrepareInputInput
from terrace.steps.reconcile import Reconcile, ReconcileInput, Repairs
from terrace.steps.report_labels import LabelExaminer
from terrace.steps.settle_job import Settle, Settled
from terrace.steps.start_job import Start, StartJobInput
from terrace.steps.transform_batch import Transform, TransformBatchInput
from terrace.steps.transformation import Transformation
from terrace.steps.write_report import WriteReport, WriteReportInput
from tests.fakes.clock import ManualClock
from tests.fakes.engine import ACCOUNT, REGION, FakeEngine
from tests.fakes.functions import FakeFunctions
from tests.fakes.notifier import FakeNotifier
from tests.fakes.workflow import FakeWorkflow

BUCKET, INPUTS, TABLE = "batch-bucket", "input-bucket", "table"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/labeling"
PERIOD = 900.0


def team(name: str) -> str:
    return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:workteam/private-crowd/{name}"


def function(name: str) -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:smgt-workflow-{name}"


LIMITS = Limits(
    region=REGION,
    input_buckets=frozenset({BUCKET, INPUTS}),
    first_level_workteam_arn=team("first"),
    second_level_workteam_arn=team("second"),
)
VIDEO_CORS = {"AllowedMethods": ["GET", "HEAD", "PUT"], "AllowedOrigins": ["*"]}


@dataclass
class Run:
    """One execution of the machine, at the state it waits in."""

    batch_id: str
    generation: int
    state: str = "TransformBatch"
    wave: int = 0
    token: str | None = None
    jobs: list[tuple[int, str]] = field(default_factory=list)


@dataclass
class House:
    """Everything, wired by hand."""

    store: DynamoBatchStore
    objects: S3ObjectStore
    engine: FakeEngine
    workflow: FakeWorkflow
    notifier: FakeNotifier
    clock: ManualClock
    functions: FakeFunctions = field(default_factory=FakeFunctions)
    limits: Limits = LIMITS
    event_bound: int = 12_000
    transform_seconds: float = 240.0
    report_seconds: float = 780.0
    deliver_seconds: float = 720.0
    runs: dict[str, Run] = field(default_factory=dict)
    starts: int = 0

    # --- what a client does --------------------------------------------------------------
    def post(self, request: dict[str, Any]) -> BatchRecord:
        """Creates a batch as POST /batch/create does, for a request that is right."""
        filled = BatchRequest.model_validate(request)
        uri = f"s3://{BUCKET}/batches/{filled.batchId}/request.json"
        self.objects.put_json(uri, request)
        now = self.clock.now()
        batch = self.store.create_batch(
            BatchRecord(
                batchId=filled.batchId,
                uid=self.clock.token(),
                status="IN_PROGRESS",
                pacing=filled.pacing,
                onJobFailure=filled.onJobFailure,
                destinationSnsArn=filled.destinationSnsArn,
                requestS3Uri=uri,
                requestDigest="digest",
                createdAt=now,
                updatedAt=now,
                movedAt=now,
            )
        )
        ensure_running(batch, store=self.store, workflow=self.workflow, clock=self.clock)
        return batch

    def manifest(self, name: str = "clip", items: int = 3) -> str:
        """Uploads a manifest of video sequences with two frames each; returns its URI."""
        lines = []
        for index in range(items):
            prefix = f"s3://{INPUTS}/{name}/frames{index}/"
            for frame in ("000001.jpg", "000002.jpg"):
                self.objects.put_text(f"{prefix}{frame}", "x", "image/jpeg")
            frames = [{"frame-no": n, "frame": f"00000{n}.jpg"} for n in (1, 2)]
            sequence = {"seq-no": index, "prefix": prefix, "number-of-frames": 2, "frames": frames}
            uri = f"s3://{INPUTS}/{name}/seq{index}.json"
            self.objects.put_json(uri, sequence)
            lines.append(json.dumps({"source-ref": uri}))
        uri = f"s3://{INPUTS}/{name}.manifest"
        self.objects.write_lines(uri, iter(lines))
        return uri

    def categories(self, name: str = "categories") -> str:
        uri = f"s3://{INPUTS}/{name}.json"
        self.objects.put_json(
            uri, {"document-version": "2020-08-15", "labels": [{"label": "Vehicle"}]}
        )
        return uri

    # --- the machine -----------------------------------------------------------------------
    def turn(self) -> None:
        """Runs every execution until it waits or has ended."""
        moved = True
        while moved:
            moved = False
            for name, payload in list(self.workflow.started.items()):
                run = self.runs.setdefault(name, Run(payload["batchId"], payload["generation"]))
                if self.workflow.status[name] == "RUNNING":
                    moved = self._step(name, run) or moved

    def _step(self, name: str, run: Run) -> bool:
        if run.state == "WaitForJobs":
            if run.token in self.workflow.waiting:
                return False
            run.state = "PlanWave"
        try:
            getattr(self, f"_{run.state}")(run)
        except TerraceError as error:
            if run.state in {"FailBatch", "Notify"}:
                raise
            self._error = MachineError(Error=type(error).__name__, Cause=str(error))
            # An end that cannot be written is EndBroken: the reconciler takes the batch up again.
            run.state = "Failed" if run.state == "FinalizeBatch" else "FailBatch"
        if run.state in {"Succeeded", "Failed"}:
            self.workflow.status[name] = run.state.upper()
        return True

    @property
    def transform(self) -> Transform:
        return Transform(
            store=self.store,
            objects=self.objects,
            engine=self.engine,
            notifier=self.notifier,
            clock=self.clock,
            filled=lambda raw: defaults.fill(BatchRequest.model_validate(raw), self.limits),
            region=REGION,
            role_arn=ROLE,
            allowed_buckets=LIMITS.input_buckets,
            batch_bucket=BUCKET,
            seconds=self.transform_seconds,
            transformation=Transformation(
                functions=self.functions,
                store=self.store,
                objects=self.objects,
                clock=self.clock,
                limits=self.limits,
                batch_bucket=BUCKET,
            ),
        )

    def _TransformBatch(self, run: Run) -> None:
        step = TransformBatchInput(batchId=run.batch_id, generation=run.generation)
        found = self.transform.run(step)
        self.clock.advance(found.seconds)
        run.state = {
            "again": "TransformBatch",
            "wait": "TransformBatch",
            "plan": "PlanWave",
            "finalize": "FinalizeBatch",
            "end": "Succeeded",
        }[found.next]

    def _PlanWave(self, run: Run) -> None:
        found = plan_wave(
            PlanWaveInput(batchId=run.batch_id, generation=run.generation, wave=run.wave),
            store=self.store,
            workflow=self.workflow,
            clock=self.clock,
            event_bound=self.event_bound,
            generation_days=180,
        )
        run.wave = found.wave
        run.jobs = [(job.level, job.jobName) for job in found.jobs]
        run.state = {
            "start": "StartJobs",
            "wait": "ParkWave",
            "finalize": "FinalizeBatch",
            "end": "Succeeded",
        }[found.next]

    def _StartJobs(self, run: Run) -> None:
        for level, job_name in run.jobs:
            self.start_job(run.batch_id, run.generation, level, job_name)
        run.state = "ParkWave"

    def start_job(self, batch_id: str, generation: int, level: int, job_name: str) -> None:
        """PrepareInput, then StartJob; an error goes to SettleStart, as the Map's Catch does."""
        ids = {"batchId": batch_id, "generation": generation, "level": level, "jobName": job_name}
        prepare = Prepare(self.store, self.objects, self.clock, BUCKET, template, self.functions)
        start = self.start
        try:
            if prepare.run(PrepareInputInput(**ids)).next == "start":
                self.starts += 1
                start.run(StartJobInput(**ids))
        except (TerraceError, ValueError) as error:
            caught = MachineError(Error=type(error).__name__, Cause=str(error))
            # SettleStart has a Catch of its own: the row is left as it is.
            with suppress(TerraceError):
                start.run(StartJobInput(**ids, error=caught))

    @property
    def start(self) -> Start:
        return Start(
            store=self.store,
            engine=self.engine,
            notifier=self.notifier,
            clock=self.clock,
            region=REGION,
            role_arn=ROLE,
            batch_bucket=BUCKET,
            pre_annotation_arn=function("pre-annotation"),
            post_annotation_arn=function("post-annotation"),
        )

    def _ParkWave(self, run: Run) -> None:
        run.token = self.clock.token()
        self.workflow.waiting.add(run.token)
        run.state = "WaitForJobs"
        step = ParkWaveInput(
            batchId=run.batch_id, generation=run.generation, wave=run.wave, token=run.token
        )
        park_wave(step, store=self.store, workflow=self.workflow, clock=self.clock)

    def _FailBatch(self, run: Run) -> None:
        step = FailBatchInput(batchId=run.batch_id, generation=run.generation, error=self._error)
        found = fail_batch(step, store=self.store, clock=self.clock)
        run.wave = found.wave
        run.state = {"wait": "ParkWave", "finalize": "FinalizeBatch", "end": "Succeeded"}[
            found.next
        ]

    def _FinalizeBatch(self, run: Run) -> None:
        step = FinalizeBatchInput(batchId=run.batch_id, generation=run.generation)
        found = finalize_batch(
            step,
            store=self.store,
            objects=self.objects,
            clock=self.clock,
            batch_bucket=BUCKET,
        )
        self._outcome = found.outcome
        run.state = {"notify": "WriteReport", "wait": "ParkWave", "end": "Succeeded"}[found.next]

    def _WriteReport(self, run: Run) -> None:
        step = WriteReportInput(batchId=run.batch_id, generation=run.generation)
        run.state = "DeliverBatch"
        # The machine's own Catch: reporting is never in the way of the end message.
        with suppress(TerraceError):
            if self.report.run(step).next == "again":
                run.state = "WriteReport"

    def _DeliverBatch(self, run: Run) -> None:
        step = DeliverBatchInput(batchId=run.batch_id, generation=run.generation)
        run.state = "Notify"
        # The machine's own Catch: delivering is never in the way of the end message.
        with suppress(TerraceError):
            found = self.deliver.run(step)
            self.clock.advance(found.seconds)
            if found.next in {"again", "wait"}:
                run.state = "DeliverBatch"

    def _Notify(self, run: Run) -> None:
        # The machine's own Catch: the reconciler sends again.
        with suppress(TerraceError):
            self.notify.run(run.batch_id, run.generation)
        failed = self._outcome in {"FAILED", "VALIDATION_FAIL"}
        run.state = "Failed" if failed else "Succeeded"

    # --- events, clock ---------------------------------------------------------------------
    @property
    def settle(self) -> Settle:
        return Settle(
            store=self.store,
            objects=self.objects,
            engine=self.engine,
            workflow=self.workflow,
            notifier=self.notifier,
            clock=self.clock,
            batch_bucket=BUCKET,
        )

    @property
    def report(self) -> WriteReport:
        return WriteReport(
            self.store,
            self.objects,
            self.clock,
            BUCKET,
            LabelExaminer(self.objects),
            self.report_seconds,
        )

    @property
    def deliver(self) -> DeliverBatch:
        return DeliverBatch(
            self.store,
            self.objects,
            self.clock,
            BUCKET,
            exports=Exports(exports_wanted, Exporter(self.objects, self.clock)),
            post_process=PostProcessing(self.functions, self.objects, self.clock, BUCKET),
            seconds=self.deliver_seconds,
        )

    @property
    def notify(self) -> Notify:
        return Notify(self.store, self.objects, self.notifier, self.clock, BUCKET)

    def event(self, name: str) -> Settled:
        """An event about a labeling job arrives; then the machine runs on."""
        settled = self.settle.by_name(name)
        self.turn()
        return settled

    def finish(self, name: str, status: str = "Completed", **how: Any) -> Settled:
        """People finish a job, and its event arrives."""
        self.engine.finish(name, status, **how)
        return self.event(name)

    def reconcile(self, after: float = PERIOD + 1, execution: str | None = None) -> Repairs:
        """A reconciler pass, one period later; then the machine runs on."""
        self.clock.advance(after)
        settle = replace(self.settle, look_again_after=PERIOD / 2)
        step = Reconcile(settle, self.notify, PERIOD, 86_400, 86_400)
        repairs = step.run(ReconcileInput(executionName=execution), self.clock.now() + 600)
        self.turn()
        return repairs

    # --- what is true ----------------------------------------------------------------------
    def batch(self, batch_id: str = "b") -> BatchRecord:
        found = self.store.get_batch(batch_id)
        assert found is not None
        return found

    def jobs(self, batch_id: str = "b") -> dict[str, JobRecord]:
        found = self.store.load(batch_id)
        assert found is not None
        return {job.jobName: job for job in found[1]}

    def statuses(self, batch_id: str = "b") -> dict[str, str]:
        return {name: job.status.value for name, job in self.jobs(batch_id).items()}

    def kill(self, batch_id: str = "b", status: str = "ABORTED") -> str:
        """Ends the current execution from outside; returns its name."""
        name = execution_name(batch_id, self.batch(batch_id).generation)
        self.workflow.status[name] = status
        return name


@contextmanager
def a_house() -> Iterator[House]:
    """A fresh house: table, buckets and clock."""
    with mock_aws():
        dynamo = boto3.client("dynamodb", REGION)
        dynamo.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[
                {"AttributeName": "PK", "KeyType": "HASH"},
                {"AttributeName": "SK", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": kind}
                for name, kind in (
                    ("PK", "S"),
                    ("SK", "S"),
                    ("batchStatus", "S"),
                    ("openKey", "S"),
                    ("createdAt", "N"),
                )
            ],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": index,
                    "KeySchema": [
                        {"AttributeName": key, "KeyType": "HASH"},
                        {"AttributeName": "createdAt", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                }
                for index, key in (("byStatus", "batchStatus"), ("open", "openKey"))
            ],
        )
        s3 = boto3.client("s3", REGION)
        for bucket in (BUCKET, INPUTS):
            s3.create_bucket(Bucket=bucket)
            s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [VIDEO_CORS]})
        clock = ManualClock()
        objects = S3ObjectStore(s3)
        yield House(
            store=DynamoBatchStore(dynamo, TABLE),
            objects=objects,
            engine=FakeEngine(objects, clock.now),
            workflow=FakeWorkflow(),
            notifier=FakeNotifier(),
            clock=clock,
        )
