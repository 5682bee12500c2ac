"""Listens to the topic as any subscriber does: a queue of its own, with a filter on the batch."""

import json
import time
from typing import Any

from terrace_cli.delivered import delivered_lines
from terrace_cli.views import batch_view

WAIT_SECONDS = 2


class TopicListener:
    """A queue that is subscribed to the topic, for the messages of one batch."""

    def __init__(self, sns: Any, sqs: Any, topic_arn: str, batch_id: str) -> None:
        self._sns, self._sqs = sns, sqs
        self._seen: set[str] = set()
        self.queue_url: str = sqs.create_queue(QueueName=f"terrace-{batch_id}")["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=self.queue_url, AttributeNames=["QueueArn"])
        self.queue_arn: str = attributes["Attributes"]["QueueArn"]
        policy = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "sns.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": self.queue_arn,
                    "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
                }
            ],
        }
        sqs.set_queue_attributes(QueueUrl=self.queue_url, Attributes={"Policy": json.dumps(policy)})
        self._subscription: str = sns.subscribe(
            TopicArn=topic_arn,
            Protocol="sqs",
            Endpoint=self.queue_arn,
            Attributes={
                "FilterPolicy": json.dumps({"batchId": [batch_id]}),
                "RawMessageDelivery": "true",
            },
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]

    def receive(self, wait_seconds: int = 0) -> list[dict[str, Any]]:
        """New messages, oldest first; one that comes twice is given once."""
        found: list[dict[str, Any]] = []
        rows = self._sqs.receive_message(
            QueueUrl=self.queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=wait_seconds
        ).get("Messages", [])
        for row in rows:
            body = json.loads(row["Body"])
            self._sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=row["ReceiptHandle"])
            key = str(body.get("dedupId") or row["MessageId"])
            if key not in self._seen:
                self._seen.add(key)
                found.append(body)
        return found

    def until_end(self, seconds: float) -> list[dict[str, Any]]:
        """All messages up to the batch's end message, or what came in the time given."""
        found: list[dict[str, Any]] = []
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not any(is_end(row) for row in found):
            found += self.receive(WAIT_SECONDS)
        return found

    def close(self) -> None:
        """Takes queue and subscription away."""
        self._sns.unsubscribe(SubscriptionArn=self._subscription)
        self._sqs.delete_queue(QueueUrl=self.queue_url)


def is_end(message: dict[str, Any]) -> bool:
    """Whether a message says how its batch ended; others have the status IN_PROGRESS."""
    return message.get("status") != "IN_PROGRESS"


def end_lines(message: dict[str, Any]) -> list[str]:
    """An end message as people read it."""
    lines = [
        f"status   {message.get('status')}",
        f"message  {message.get('message')}",
        f"batchId  {message.get('batchId')}",
        f"token    {message.get('token')}",
    ]
    if message.get("errorString"):
        lines.append(f"error    {message.get('errorType')}: {message['errorString']}")
    for row in message.get("failedJobs") or []:
        lines.append(f"failed   {row.get('jobName')} ({row.get('status')}): {row.get('reason')}")
    lines += [f"final    {line}" for line in delivered_lines(message.get("outputs") or {})]
    if message.get("batchInfoS3Uri"):
        lines.append(f"details  {message['batchInfoS3Uri']}")
    if message.get("batchInfo"):
        info = batch_view(message["batchInfo"])
        for level in info.levels:
            jobs = ", ".join(f"{info.short(job.name)} {job.status}" for job in info.level(level))
            lines.append(f"level {level}  {info.level_status.get(level, '')}: {jobs}")
    return lines
