"""The world put together: AWS in memory, the shipped handlers, one clock and one seed."""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import terrace
from terrace.adapters import dynamodb_codec as codec
from terrace.adapters import dynamodb_store, dynamodb_table, s3_objects
from terrace.domain.records import BatchRecord, ClaimRecord, JobRecord
from terrace.runtime import observability, wiring
from tests.world.aws.dynamodb import DynamoDb
from tests.world.aws.own_functions import OwnFunctions
from tests.world.aws.s3 import S3
from tests.world.aws.sagemaker import ACCOUNT, REGION, Cognito, Iam, Job, Plan, SageMaker
from tests.world.aws.sns import Sns
from tests.world.aws.stepfunctions import MACHINE, StepFunctions
from tests.world.events import Events
from tests.world.faults import CallWorld, Client
from tests.world.lambdas import Lambdas
from tests.world.machine import Answer, Execution, Outside
from tests.world.pool import Pool
from tests.world.scheduler import Scheduler, Task

Json = Any
FUNCTIONS = Path(terrace.__file__).resolve().parents[1]
TABLE, BUCKET, INPUTS = "table", "batch-bucket", "input-bucket"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:terrace"
OTHER_TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:of-one-batch"
PERIOD = 900.0
TEAMS = ("first", "second")


def team(name: str) -> str:
    return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:workteam/private-crowd/{name}"


def function(name: str) -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:smgt-workflow-{name}"


ENVIRONMENT = {
    "AWS_REGION": REGION,
    "TABLE_NAME": TABLE,
    "BATCH_BUCKET": BUCKET,
    "INPUT_BUCKETS": INPUTS,
    "FIRST_LEVEL_WORKTEAM_ARN": team("first"),
    "SECOND_LEVEL_WORKTEAM_ARN": team("second"),
    "EXECUTION_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/labeling",
    "PRE_ANNOTATION_ARN": function("pre-annotation"),
    "POST_ANNOTATION_ARN": function("post-annotation"),
    "TOPIC_ARN": TOPIC,
    "TOPIC_ARNS": OTHER_TOPIC,
    "STATE_MACHINE_ARN": MACHINE,
    "RECONCILE_PERIOD_SECONDS": str(PERIOD),
    "RECONCILE_SECONDS": "600",
    "EVENT_BOUND": "12000",
    "GENERATION_DAYS": "180",
}


def _remembered(decode: Callable[[Json], Any], known: dict[int, tuple[Json, Any]]) -> Any:
    """A decoder that reads each stored item once: items and records are never changed in place."""

    def read(item: Json) -> Any:
        found = known.get(id(item))
        if found is None:
            if len(known) > 5000:
                known.clear()
            found = known[id(item)] = (item, decode(item))
        return found[1]

    return read


class WorldClock:
    """The only clock there is."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler

    def now(self) -> float:
        return self._scheduler.now

    def token(self) -> str:
        return f"{self._scheduler.random.getrandbits(128):032x}"


@dataclass
class Answered:
    """What a client of the API got."""

    code: int
    body: Json


class World:
    """Everything; `seed` decides all that is left open."""

    def __init__(self, seed: object, *, plan: Callable[[str], Plan] | None = None) -> None:
        self.seed = seed
        self.scheduler = Scheduler(seed)
        self.random = self.scheduler.random
        now, after = (lambda: self.scheduler.now), self.scheduler.after
        self.clock = WorldClock(self.scheduler)
        self.dynamo = DynamoDb(now)
        self.s3 = S3([BUCKET, INPUTS])
        self.sagemaker = SageMaker(self.s3, now, after, plan or (lambda name: Plan()))
        self.sagemaker.teams.update(TEAMS)
        self.sns = Sns([TOPIC, OTHER_TOPIC])
        self.outside = Outside(
            invoke=self._invoke_from_machine,
            after=after,
            uniform=self.random.uniform,
            now=now,
            token=self.clock.token,
            tokens={},
            ended=self._execution_ended,
        )
        self.stepfunctions = StepFunctions(self.outside)
        self.own = OwnFunctions()
        self.calls = CallWorld(
            self.scheduler,
            {
                "dynamodb": self.dynamo,
                "s3": self.s3,
                "sagemaker": self.sagemaker,
                "sns": self.sns,
                "lambda": self.own,
                "stepfunctions": self.stepfunctions,
                "cognito-idp": Cognito(),
                "iam": Iam(),
            },
        )
        self.faults = self.calls.faults
        self.lambdas = Lambdas(self.scheduler, FUNCTIONS)
        self.events = Events(self.scheduler, self.lambdas)
        self.events.to_reconciler = self._reconcile_on_event
        self.sagemaker.on_status.append(self.events.job_status)
        self.zombies = 0.0
        """How often a machine is told that a function failed that runs on."""
        self.zombies_of: str | None = None
        """The one function that becomes one; None: any."""
        self.zombies_made = 0
        self.ticks = 0
        self.ticking = False
        self.settings: dict[str, str] = {}

    # --- wiring ------------------------------------------------------------------------------
    @contextmanager
    def running(self) -> Iterator["World"]:
        """Within it, the shipped code's clients, clock and environment are the world's."""
        builders = [getattr(wiring, name) for name in _WIRED]
        before = (wiring._client, wiring.SystemClock, dict(os.environ))
        modules = (dynamodb_table.time, dynamodb_table.random, dynamodb_store.uuid)
        decoders = (codec.to_job, codec.to_batch)
        pool = s3_objects.ThreadPoolExecutor
        s3_objects.ThreadPoolExecutor = Pool  # type: ignore[misc,assignment]
        codec.to_job = _remembered(codec.to_job, {})
        codec.to_batch = _remembered(codec.to_batch, {})
        level = observability.logger.log_level
        provider = observability.metrics.provider
        wiring._client = self._client  # type: ignore[assignment]
        wiring.SystemClock = lambda: self.clock  # type: ignore[assignment,misc]
        dynamodb_table.time = SimpleNamespace(  # type: ignore[assignment]
            sleep=self.scheduler.sleep, time=time.time
        )
        dynamodb_table.random = self.random  # type: ignore[assignment]
        dynamodb_store.uuid = SimpleNamespace(  # type: ignore[assignment]
            uuid4=lambda: SimpleNamespace(hex=self.clock.token())
        )
        observability.logger.setLevel("CRITICAL")
        provider.add_metric = lambda *args, **more: None  # type: ignore[method-assign]
        provider.flush_metrics = lambda *args, **more: None  # type: ignore[method-assign]
        os.environ.update(ENVIRONMENT | self.settings)
        for build in builders:
            build.cache_clear()
        try:
            yield self
        finally:
            self.scheduler.close()
            wiring._client, wiring.SystemClock, environment = before  # type: ignore[misc,assignment]
            os.environ.clear()
            os.environ.update(environment)
            dynamodb_table.time, dynamodb_table.random, dynamodb_store.uuid = modules
            codec.to_job, codec.to_batch = decoders
            s3_objects.ThreadPoolExecutor = pool  # type: ignore[misc]
            observability.logger.setLevel(level)
            del provider.add_metric
            del provider.flush_metrics
            for build in builders:
                build.cache_clear()

    def _client(self, service: str, config: Any = None) -> Client:
        retries = getattr(config, "retries", None) or {"total_max_attempts": 4}
        return Client(self.calls, service, retries["total_max_attempts"])

    # --- what calls functions ------------------------------------------------------------------
    def _invoke_from_machine(
        self, function: str, payload: Json, answer: Answer, execution: Execution
    ) -> None:
        folder = "".join(f"_{c.lower()}" if c.isupper() else c for c in function).lstrip("_")
        task = self.lambdas.invoke(folder, payload, answer)
        chosen = self.zombies_of in {None, folder}
        if chosen and self.zombies and self.random.random() < self.zombies:
            # The connection breaks: the machine tries again while the function runs on.
            self.zombies_made += 1
            task.on_end = lambda result, error: None
            self.scheduler.after(
                self.random.choice([0.05, 0.2, 1.0]),
                lambda: answer(None, "Lambda.SdkClientException", "connection reset"),
            )

    def _execution_ended(self, execution: Execution) -> None:
        self.events.execution_ended(execution)

    def _reconcile_on_event(self, event: Json, tries: int = 2) -> None:
        def answered(payload: Json, error: str | None, cause: str) -> None:
            if error is not None and tries > 1:
                # An asynchronous invocation is tried once more.
                self.scheduler.after(60.0, lambda: self._reconcile_on_event(event, tries - 1))

        self.lambdas.invoke("reconcile", event, answered)

    def tick(self) -> Task:
        """One scheduled pass of the reconciler."""
        self.ticks += 1
        return self.lambdas.invoke("reconcile", {"source": "aws.events"}, lambda *answer: None)

    def api(self, method: str, path: str, body: Json, answer: Callable[[Answered], None]) -> Task:
        """A client calls the API; a dead or late function is a 502."""
        query = body if method == "GET" else None
        event = {
            "resource": path,
            "path": path,
            "httpMethod": method,
            "headers": {"Content-Type": "application/json"},
            "multiValueHeaders": {"Content-Type": ["application/json"]},
            "queryStringParameters": query,
            "multiValueQueryStringParameters": {k: [v] for k, v in (query or {}).items()} or None,
            "pathParameters": None,
            "stageVariables": None,
            "requestContext": {"requestId": "r", "httpMethod": method, "path": path},
            "body": None if method == "GET" else json.dumps(body),
            "isBase64Encoded": False,
        }

        def answered(payload: Json, error: str | None, cause: str) -> None:
            if error is not None:
                answer(Answered(502, {}))
            else:
                answer(Answered(payload["statusCode"], json.loads(payload["body"])))

        return self.lambdas.invoke("api", event, answered)

    # --- what is true ----------------------------------------------------------------------------
    def batch(self, batch_id: str) -> BatchRecord | None:
        item = self.dynamo.items.get((codec.batch_pk(batch_id), codec.BATCH_SK))
        return codec.to_batch(item) if item else None

    def jobs(self, batch_id: str) -> list[JobRecord]:
        rows = self.dynamo._partitions.get(codec.batch_pk(batch_id), {})
        found = [codec.to_job(row) for sk, row in rows.items() if sk.startswith("JOB#")]
        return sorted(found, key=lambda job: (job.level, job.index))

    def claim(self, name: str) -> ClaimRecord | None:
        item = self.dynamo.items.get((codec.claim_pk(name), codec.CLAIM_SK))
        return codec.to_claim(item) if item else None

    def labeling_jobs(self, batch_id: str) -> list[Job]:
        return [j for j in self.sagemaker.jobs.values() if j.tags.get("terrace:batch") == batch_id]

    def live(self, batch_id: str) -> list[Job]:
        return [job for job in self.labeling_jobs(batch_id) if job.live]

    def lines(self, uri: str) -> list[Json] | None:
        """The parsed lines of a manifest, or None where there is no such object."""
        text = self.s3.text(uri)
        return None if text is None else [json.loads(t) for t in text.splitlines() if t.strip()]


_WIRED = (
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
)
