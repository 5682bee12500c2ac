"""SNS in memory."""

import json
from collections.abc import Callable
from typing import Any

from tests.world.aws.errors import aws_error


class Sns:
    """`hooks` hear of every message: (topic, body, attributes)."""

    def __init__(self, topics: list[str]) -> None:
        self.topics = topics
        self.sent: list[dict[str, Any]] = []
        self.hooks: list[Callable[[dict[str, Any]], None]] = []

    def publish(self, **p: Any) -> dict[str, Any]:
        if p["TopicArn"] not in self.topics:
            raise aws_error("NotFound", "Topic does not exist", 404)
        message = {
            "topic": p["TopicArn"],
            "body": json.loads(p["Message"]),
            **{name: value["StringValue"] for name, value in p["MessageAttributes"].items()},
        }
        self.sent.append(message)
        for hook in self.hooks:
            hook(message)
        return {"MessageId": str(len(self.sent))}

    def get_topic_attributes(self, **p: Any) -> dict[str, Any]:
        if p["TopicArn"] not in self.topics:
            raise aws_error("NotFound", "Topic does not exist", 404)
        return {"Attributes": {}}
