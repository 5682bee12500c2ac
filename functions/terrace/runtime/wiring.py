"""The one place where adapters are built: settings and ports for each function, made once.

A function's module is imported by Lambda once per container; its first call builds what it needs.
"""

import os
from functools import cache
from typing import Any, NamedTuple

import boto3
from botocore.config import Config

from terrace.adapters.dynamodb_store import DynamoBatchStore
from terrace.adapters.lambda_functions import LambdaFunctions
from terrace.adapters.s3_objects import READERS, S3ObjectStore
from terrace.adapters.sfn_workflow import StepFunctionsWorkflow
from terrace.adapters.sns_notifier import SnsNotifier
from terrace.adapters.system_clock import SystemClock
from terrace.engines.ground_truth import GroundTruthEngine
from terrace.ports import (
    BatchStore,
    Clock,
    Functions,
    LabelingEngine,
    Notifier,
    ObjectStore,
    Workflow,
)
from terrace.runtime import settings as s

_FAST = Config(
    retries={"mode": "standard", "total_max_attempts": 4},
    connect_timeout=5,
    read_timeout=20,
)
# CreateLabelingJob has no client token: a second send by the SDK would meet our own job. That is
# adopted, but the step should know it; so the retries of the machine are the only ones.
_ONCE = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=60)
_S3 = Config(
    retries={"mode": "standard", "total_max_attempts": 4},
    signature_version="s3v4",
    connect_timeout=5,
    read_timeout=60,
    max_pool_connections=READERS,
)


# A function of the user's is asked once: whether to ask again is the machine's to say. It may take
# as long as one call of ours leaves it.
# The line is silent until it answers: keep-alive keeps what is between from cutting it.
_OWN = Config(
    retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=600, tcp_keepalive=True
)


class Api(NamedTuple):
    settings: s.ApiSettings
    store: BatchStore
    objects: ObjectStore
    workflow: Workflow
    clock: Clock


class TransformBatch(NamedTuple):
    settings: s.TransformBatchSettings
    store: BatchStore
    objects: ObjectStore
    engine: LabelingEngine
    notifier: Notifier
    clock: Clock
    functions: Functions


class PlanWave(NamedTuple):
    settings: s.PlanWaveSettings
    store: BatchStore
    workflow: Workflow
    clock: Clock


class PrepareInput(NamedTuple):
    settings: s.PrepareInputSettings
    store: BatchStore
    objects: ObjectStore
    clock: Clock
    functions: Functions


class StartJob(NamedTuple):
    settings: s.StartJobSettings
    store: BatchStore
    engine: LabelingEngine
    notifier: Notifier
    clock: Clock


class ParkWave(NamedTuple):
    settings: s.ParkWaveSettings
    store: BatchStore
    workflow: Workflow
    clock: Clock


class OnJobEvent(NamedTuple):
    settings: s.SettleSettings
    store: BatchStore
    objects: ObjectStore
    engine: LabelingEngine
    workflow: Workflow
    notifier: Notifier
    clock: Clock


class Reconcile(NamedTuple):
    settings: s.ReconcileSettings
    store: BatchStore
    objects: ObjectStore
    engine: LabelingEngine
    workflow: Workflow
    notifier: Notifier
    clock: Clock


class FinalizeBatch(NamedTuple):
    settings: s.FinalizeBatchSettings
    store: BatchStore
    objects: ObjectStore
    clock: Clock


class WriteReport(NamedTuple):
    settings: s.WriteReportSettings
    store: BatchStore
    objects: ObjectStore
    clock: Clock


class DeliverBatch(NamedTuple):
    settings: s.DeliverBatchSettings
    store: BatchStore
    objects: ObjectStore
    clock: Clock
    functions: Functions


class Notify(NamedTuple):
    settings: s.NotifySettings
    store: BatchStore
    objects: ObjectStore
    notifier: Notifier
    clock: Clock


class FailBatch(NamedTuple):
    settings: s.FailBatchSettings
    store: BatchStore
    clock: Clock


class PreAnnotation(NamedTuple):
    settings: s.PreAnnotationSettings
    store: BatchStore
    objects: ObjectStore
    labels: dict[str, list[str] | None]
    """By labeling job, what its category file says: called once per data object."""


class PostAnnotation(NamedTuple):
    settings: s.PostAnnotationSettings
    store: BatchStore
    objects: ObjectStore


def _client(service: str, config: Config = _FAST) -> Any:
    return boto3.client(service, config=config)


def _store(settings: s.StoreSettings) -> BatchStore:
    return DynamoBatchStore(_client("dynamodb"), settings.table_name)


def _objects() -> ObjectStore:
    return S3ObjectStore(_client("s3", _S3))


def _workflow(state_machine_arn: str) -> Workflow:
    return StepFunctionsWorkflow(_client("stepfunctions"), state_machine_arn)


@cache
def api() -> Api:
    settings = s.ApiSettings.read(os.environ)
    return Api(
        settings,
        _store(settings),
        _objects(),
        _workflow(settings.state_machine_arn),
        SystemClock(),
    )


@cache
def transform_batch() -> TransformBatch:
    settings = s.TransformBatchSettings.read(os.environ)
    engine = GroundTruthEngine(_client("sagemaker"), _client("cognito-idp"), _client("iam"))
    notifier = SnsNotifier(_client("sns"), "")
    functions = LambdaFunctions(_client("lambda", _OWN))
    return TransformBatch(
        settings, _store(settings), _objects(), engine, notifier, SystemClock(), functions
    )


@cache
def plan_wave() -> PlanWave:
    settings = s.PlanWaveSettings.read(os.environ)
    return PlanWave(
        settings, _store(settings), _workflow(settings.state_machine_arn), SystemClock()
    )


@cache
def prepare_input() -> PrepareInput:
    settings = s.PrepareInputSettings.read(os.environ)
    functions = LambdaFunctions(_client("lambda", _OWN))
    return PrepareInput(settings, _store(settings), _objects(), SystemClock(), functions)


@cache
def start_job() -> StartJob:
    settings = s.StartJobSettings.read(os.environ)
    engine = GroundTruthEngine(_client("sagemaker", _ONCE))
    notifier = SnsNotifier(_client("sns"), settings.topic_arn)
    return StartJob(settings, _store(settings), engine, notifier, SystemClock())


@cache
def park_wave() -> ParkWave:
    settings = s.ParkWaveSettings.read(os.environ)
    return ParkWave(
        settings, _store(settings), _workflow(settings.state_machine_arn), SystemClock()
    )


@cache
def on_job_event() -> OnJobEvent:
    settings = s.SettleSettings.read(os.environ)
    return OnJobEvent(
        settings,
        _store(settings),
        _objects(),
        GroundTruthEngine(_client("sagemaker")),
        _workflow(settings.state_machine_arn),
        SnsNotifier(_client("sns"), settings.topic_arn),
        SystemClock(),
    )


@cache
def reconcile() -> Reconcile:
    settings = s.ReconcileSettings.read(os.environ)
    return Reconcile(
        settings,
        _store(settings),
        _objects(),
        GroundTruthEngine(_client("sagemaker")),
        _workflow(settings.state_machine_arn),
        SnsNotifier(_client("sns"), settings.topic_arn),
        SystemClock(),
    )


@cache
def finalize_batch() -> FinalizeBatch:
    settings = s.FinalizeBatchSettings.read(os.environ)
    return FinalizeBatch(settings, _store(settings), _objects(), SystemClock())


@cache
def write_report() -> WriteReport:
    settings = s.WriteReportSettings.read(os.environ)
    return WriteReport(settings, _store(settings), _objects(), SystemClock())


@cache
def deliver_batch() -> DeliverBatch:
    settings = s.DeliverBatchSettings.read(os.environ)
    functions = LambdaFunctions(_client("lambda", _OWN))
    return DeliverBatch(settings, _store(settings), _objects(), SystemClock(), functions)


@cache
def notify() -> Notify:
    settings = s.NotifySettings.read(os.environ)
    return Notify(
        settings,
        _store(settings),
        _objects(),
        SnsNotifier(_client("sns"), settings.topic_arn),
        SystemClock(),
    )


@cache
def fail_batch() -> FailBatch:
    settings = s.FailBatchSettings.read(os.environ)
    return FailBatch(settings, _store(settings), SystemClock())


@cache
def pre_annotation() -> PreAnnotation:
    settings = s.PreAnnotationSettings.read(os.environ)
    return PreAnnotation(settings, _store(settings), _objects(), {})


@cache
def post_annotation() -> PostAnnotation:
    settings = s.PostAnnotationSettings.read(os.environ)
    return PostAnnotation(settings, _store(settings), _objects())
