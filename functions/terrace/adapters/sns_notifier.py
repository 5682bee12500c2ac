"""Notifier on SNS."""

from typing import Any

from terrace.adapters.aws_errors import aws_call
from terrace.errors import AccessDeniedError, BadRequestError, NotFoundError


class SnsNotifier:
    """Publishes to the topic given, or to the stack's own."""

    def __init__(self, client: Any, topic_arn: str) -> None:
        self._client = client
        self._topic = topic_arn

    def publish(
        self, topic_arn: str | None, subject: str, message: str, attributes: dict[str, str]
    ) -> None:
        topic = topic_arn or self._topic
        with aws_call(f"SNS Publish {topic}"):
            self._client.publish(
                TopicArn=topic,
                Subject=subject,
                Message=message,
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value}
                    for name, value in attributes.items()
                },
            )

    def topic_problem(self, topic_arn: str) -> str | None:
        try:
            with aws_call(f"SNS GetTopicAttributes {topic_arn}"):
                self._client.get_topic_attributes(TopicArn=topic_arn)
        except NotFoundError:
            return "the topic does not exist"
        except (AccessDeniedError, BadRequestError) as error:
            return f"the topic cannot be used by this stack ({error})"
        return None
