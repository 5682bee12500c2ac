"""Messages in memory."""

import json
from dataclasses import dataclass, field
from typing import Any

from terrace.errors import TransientError


@dataclass
class FakeNotifier:
    """`down` makes every publish fail, as SNS does when it is unwell."""

    sent: list[dict[str, Any]] = field(default_factory=list)
    down: bool = False
    problem: str | None = None

    def publish(
        self, topic_arn: str | None, subject: str, message: str, attributes: dict[str, str]
    ) -> None:
        if self.down:
            raise TransientError("SNS Publish: InternalError")
        body = json.loads(message)
        self.sent.append({"topic": topic_arn, "body": body, **attributes})

    def topic_problem(self, topic_arn: str) -> str | None:
        return self.problem

    def of(self, event_type: str) -> list[dict[str, Any]]:
        return [found["body"] for found in self.sent if found["eventType"] == event_type]
