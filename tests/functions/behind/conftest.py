"""A handler's world: the environment that template.yaml gives it, and AWS in memory.

Everything between event and answer is real: settings, wiring, steps, adapters, clients. AWS is
moto, and Ground Truth is the local one.
"""

import importlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from terrace.adapters.sfn_workflow import StepFunctionsWorkflow
from terrace.domain.records import BatchRecord, JobRecord
from terrace.runtime import wiring
from tests.contract.ground_truth_wire import GroundTruthWire, ground_truth
from tests.fakes.engine import REGION
from tests.fakes.house import BUCKET, INPUTS, ROLE, TABLE, House, a_house, function, team
from tests.stack_template import ROOT, template

BATCH, JOB, AUDIT = "street-42", "street-42-car", "street-42-car-audit"
EVENTS = ROOT / "events"


def event(name: str) -> Any:
    """The content of `events/<name>.json`."""
    return json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))


def properties(function: str) -> dict[str, Any]:
    """The template's properties of a function, by the name of its folder."""
    for resource in template()["Resources"].values():
        found: dict[str, Any] = resource.get("Properties", {})
        if found.get("Handler") == f"{function}.app.handler":
            return found
    raise LookupError(f"template.yaml has no function {function}")


@dataclass
class Context:
    """What Lambda passes beside the event."""

    function_name: str
    memory_limit_in_mb: int = 512
    aws_request_id: str = "6f0a2f1e-6f2b-4a9e-9d9c-0f5b1c1d2e3f"
    log_stream_name: str = "stream"

    @property
    def invoked_function_arn(self) -> str:
        return f"arn:aws:lambda:{REGION}:111122223333:function:{self.function_name}"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 60_000


@dataclass
class World:
    """The house, its handlers, and what they did to AWS."""

    house: House
    wire: GroundTruthWire
    values: dict[str, str]
    patch: pytest.MonkeyPatch
    machine_arn: str
    released: list[str] = field(default_factory=list)

    def environment(self, function: str) -> dict[str, str]:
        """The variables of a function: those the template names, and no others."""
        given = template()["Globals"]["Function"]["Environment"]["Variables"]
        given = given | properties(function).get("Environment", {}).get("Variables", {})
        return {
            name: value if isinstance(value, str) else self.values[name]
            for name, value in given.items()
        }

    def wired(self, function: str) -> Any:
        """The function's ports, wired anew in its own environment, as in a fresh container."""
        for name in self.values:
            self.patch.delenv(name, raising=False)
        # Another test of the same process may have silenced metrics.
        self.patch.delenv("POWERTOOLS_METRICS_DISABLED", raising=False)
        for name, value in self.environment(function).items():
            self.patch.setenv(name, value)
        build = getattr(wiring, function)
        build.cache_clear()
        return build()

    def invoke(self, name: str, **changes: Any) -> Any:
        """Calls the handler that `events/<name>.json` is for; the answer as Lambda sends it."""
        return self.send(name.split(".", 1)[0], event(name) | changes)

    def send(self, function: str, payload: Any) -> Any:
        """Calls a handler with a payload."""
        self.wired(function)
        handler = importlib.import_module(f"{function}.app").handler
        answer = json.loads(json.dumps(handler(payload, Context(function))))
        getattr(wiring, function).cache_clear()
        return answer

    # --- what has happened before ------------------------------------------------------------
    def posted(self, **changes: Any) -> None:
        """Given a batch of two levels, posted two minutes ago."""
        request = {
            "batchId": BATCH,
            "labelingJobs": [
                {
                    "jobName": JOB,
                    "jobLevel": 1,
                    "jobModality": "VideoObjectTracking",
                    "inputConfig": {"inputManifestS3Uri": self.house.manifest()},
                    "labelCategoryConfigS3Uri": self.house.categories(),
                },
                {
                    "jobName": AUDIT,
                    "jobLevel": 2,
                    "jobModality": "VideoObjectTrackingAudit",
                    "inputConfig": {"chainFromJobName": JOB},
                },
            ],
        }
        self.house.post(request | changes)

    def planned(self) -> None:
        """Given a batch whose first wave is to start."""
        self.posted()
        assert self.invoke("transform_batch.first_call") == {"next": "plan", "seconds": 0}
        assert self.invoke("plan_wave.first_turn")["next"] == "start"

    def running(self) -> None:
        """Given a batch whose first job runs and whose machine waits."""
        self.planned()
        self.invoke("prepare_input.job")
        self.invoke("start_job.job")
        self.invoke("park_wave.token")

    def finish(self, name: str = JOB, status: str = "Completed", labeled: float = 1.0) -> None:
        """People finish a labeling job; nobody is told."""
        body = json.dumps({"status": status, "labeled": labeled, "event": False}).encode()
        code, answer = self.wire.service.control("POST", f"/_terrace/jobs/{name}/finish", body)
        assert code == 200, answer

    # --- what is true ------------------------------------------------------------------------
    @property
    def batch(self) -> BatchRecord:
        return self.house.batch(BATCH)

    def job(self, name: str = JOB) -> JobRecord:
        return self.house.jobs(BATCH)[name]

    def messages(self) -> list[dict[str, Any]]:
        """What subscribers of the stack's topic received since the last look."""
        sqs = boto3.client("sqs", REGION)
        url = sqs.get_queue_url(QueueName="subscriber")["QueueUrl"]
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(json.loads(message["Body"])["Message"]) for message in found]


def _topic() -> str:
    sns, sqs = boto3.client("sns", REGION), boto3.client("sqs", REGION)
    arn: str = sns.create_topic(Name="batch")["TopicArn"]
    sqs.create_queue(QueueName="subscriber")
    queue = arn.replace(":sns:", ":sqs:").replace(":batch", ":subscriber")
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue)
    return arn


PEOPLE = {"UserPool": "us-east-1_Ab1", "UserGroup": "labelers", "ClientId": "client1"}


_session = boto3.session.Session()
_HOOKED = {"sagemaker", "stepfunctions", "cognito-idp"}


@cache
def _plain(service: str, config: Any) -> Any:
    return _session.client(service, REGION, config=config)


def _shared(service: str, region: str = REGION, config: Any = None) -> Any:
    """One client for all tests, where no test hangs anything on it: they are slow to make."""
    del region  # there is one
    if service in _HOOKED:
        return _session.client(service, REGION, config=config)
    return _plain(service, config)


def _one_worker(**_: Any) -> Any:
    """Cognito's answer to ListUsersInGroup; moto's own needs more than the project installs."""
    return SimpleNamespace(status_code=200), {"Users": [{"Username": "ann"}]}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(boto3, "client", _shared)
    with a_house() as house, ground_truth(boto3.client("s3", REGION), []) as service:
        wire = GroundTruthWire(service)
        sagemaker = wire.attach(boto3.client("sagemaker", REGION))
        for name in ("first", "second"):
            sagemaker.create_workteam(
                WorkteamName=name,
                Description="people",
                MemberDefinitions=[{"CognitoMemberDefinition": PEOPLE}],
            )
        boto3.client("iam", REGION).create_role(
            RoleName="labeling", AssumeRolePolicyDocument="{}", MaxSessionDuration=43_200
        )
        step_functions = boto3.client("stepfunctions", REGION)
        machine = step_functions.create_state_machine(
            name="batch",
            definition='{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}',
            roleArn=ROLE,
        )["stateMachineArn"]
        house.workflow = StepFunctionsWorkflow(step_functions, machine)  # type: ignore[assignment]
        house.clock.at = time.time() - 120
        topic = _topic()
        values = {
            "TABLE_NAME": TABLE,
            "BATCH_BUCKET": BUCKET,
            "INPUT_BUCKETS": f"{INPUTS},{BUCKET}",
            "INPUT_PREFIXES": "",
            "WORKTEAM_ARNS": f"{team('first')},{team('second')}",
            "FIRST_LEVEL_WORKTEAM_ARN": team("first"),
            "SECOND_LEVEL_WORKTEAM_ARN": team("second"),
            "TOPIC_ARN": topic,
            "TOPIC_ARNS": topic,
            "STATE_MACHINE_ARN": machine,
            "EXECUTION_ROLE_ARN": ROLE,
            "PRE_ANNOTATION_ARN": function("pre-annotation"),
            "POST_ANNOTATION_ARN": function("post-annotation"),
            "FUNCTION_ARNS": "",
            "TRANSFORMATION_FUNCTION_ARN": "",
            "POST_PROCESSING_FUNCTION_ARN": "",
            "KMS_KEY_ARN": "",
            "SKELETON_UI_BUCKET": "",
            "SKELETON_UI_DOMAIN": "",
            "JOB_COMPLETION_TIMEOUT_SECONDS": "2592000",
            "EVENT_BOUND": "12000",
            "RECONCILE_PERIOD_SECONDS": "900",
            "LOG_LEVEL": "INFO",
            "POWERTOOLS_SERVICE_NAME": "terrace",
            "POWERTOOLS_METRICS_NAMESPACE": "Terrace",
        }
        built = World(house, wire, values, monkeypatch, machine)
        really = wiring._client

        @cache  # as in a container that is warm
        def client(service_name: str, *config: Any) -> Any:
            made = really(service_name, *config)
            if service_name == "sagemaker":
                return wire.attach(made)
            if service_name == "cognito-idp":
                hook = "before-call.cognito-identity-provider.ListUsersInGroup"
                made.meta.events.register(hook, _one_worker)
            if service_name == "stepfunctions":
                made.meta.events.register(
                    "before-call.sfn.SendTaskSuccess",
                    lambda params, **_: built.released.append(
                        json.loads(params["body"])["taskToken"]
                    ),
                )
            return made

        monkeypatch.setattr(wiring, "_client", client)
        yield built
        for name in (ROOT / "functions").iterdir():
            build = getattr(wiring, name.name, None)
            if build is not None and hasattr(build, "cache_clear"):
                build.cache_clear()
