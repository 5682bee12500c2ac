"""EventBridge and SQS: events that come twice, late, in another order, or never."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.world.aws.sagemaker import Job
from tests.world.lambdas import Lambdas
from tests.world.machine import Execution
from tests.world.scheduler import Scheduler

VISIBILITY = 720.0
RECEIVES = 5
HOUR = 3600.0


@dataclass
class Message:
    """One message of the job-event queue."""

    number: int
    body: str
    receives: int = 0


@dataclass
class Events:
    """What the bus and the queue do with what they are told."""

    scheduler: Scheduler
    lambdas: Lambdas
    usual: tuple[float, float] = (0.1, 2.0)
    """Seconds an event takes when nothing is wrong."""
    drop: float = 0.0
    twice: float = 0.0
    late: float = 0.0
    down_until: float = 0.0
    """Until then EventBridge delivers nothing; what is 24 hours old by then is dropped."""
    dlq: list[Message] = field(default_factory=list)
    delivered: int = 0
    dropped: int = 0
    duplicated: int = 0
    delayed: int = 0
    _count: int = 0
    to_reconciler: Callable[[dict[str, Any]], None] = lambda event: None

    # --- Ground Truth's events -----------------------------------------------------------------
    def job_status(self, job: Job) -> None:
        """A labeling job's status has changed."""
        import json

        body = json.dumps(
            {
                "source": "aws.sagemaker",
                "detail-type": "SageMaker Ground Truth Labeling Job State Change",
                "resources": [job.arn],
                "detail": {"LabelingJobStatus": job.status},
            }
        )
        self._deliver(lambda: self.send(body))

    def _deliver(self, send: Callable[[], None]) -> None:
        random = self.scheduler.random
        if random.random() < self.drop:
            self.dropped += 1
            return
        times = 1
        if random.random() < self.twice:
            times += 1
            self.duplicated += 1
        for _ in range(times):
            delay = random.uniform(*self.usual)
            if random.random() < self.late:
                delay = random.choice([30.0, 1000.0, 5 * HOUR, 23 * HOUR])
                self.delayed += 1
            wait = self.down_until - self.scheduler.now
            if wait > 24 * HOUR:
                self.dropped += 1
                continue
            self.scheduler.after(max(delay, wait + delay), send)

    def send(self, body: str) -> None:
        """A message reaches the queue, and is received at once, alone."""
        self._count += 1
        self.receive([Message(self._count, body)])

    def receive(self, messages: list[Message]) -> None:
        """on_job_event gets messages; those that fail come again, and at last go to the DLQ."""
        for message in messages:
            message.receives += 1
        records = [
            {"messageId": str(message.number), "body": message.body, "eventSource": "aws:sqs"}
            for message in messages
        ]

        def answered(payload: Any, error: str | None, cause: str) -> None:
            failed = {one["itemIdentifier"] for one in (payload or {}).get("batchItemFailures", [])}
            for message in messages:
                if error is None and str(message.number) not in failed:
                    self.delivered += 1
                elif message.receives >= RECEIVES:
                    self.dlq.append(message)
                else:
                    self.scheduler.after(VISIBILITY, lambda m=message: self.receive([m]))

        self.lambdas.invoke("on_job_event", {"Records": records}, answered)

    def redrive_dlq(self) -> None:
        """Somebody moves the dead letters back."""
        dead, self.dlq = self.dlq, []
        for message in dead:
            message.receives = 0
        for start in range(0, len(dead), 10):
            self.receive(dead[start : start + 10])

    # --- executions that end -------------------------------------------------------------------
    def execution_ended(self, execution: Execution) -> None:
        event = {
            "source": "aws.states",
            "detail-type": "Step Functions Execution Status Change",
            "detail": {"name": execution.name, "status": execution.status},
        }
        self._deliver(lambda: self.to_reconciler(event))
