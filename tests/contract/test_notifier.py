"""Notifier: the same tests on SNS and on the fake that the step tests rest on."""

import json
import uuid
from collections.abc import Iterator
from typing import Any, Protocol

import boto3
import pytest
from botocore.stub import Stubber

from terrace.adapters.sns_notifier import SnsNotifier
from terrace.errors import AccessDeniedError, TerraceError, ThrottledError, TransientError
from terrace.ports import Notifier
from tests.contract.conftest import Aws
from tests.fakes.notifier import FakeNotifier

OWN = "arn:aws:sns:us-east-1:111122223333:own"
ATTRIBUTES = {"batchId": "b", "status": "SUCCESS", "eventType": "BATCH_COMPLETE"}


class Subject(Protocol):
    """A Notifier with a topic of its own and one of somebody else."""

    port: Notifier
    other: str

    def received(self, *, own: bool) -> list[dict[str, Any]]:
        """What subscribers of a topic got: body and attributes."""


class Fake:
    other = "arn:aws:sns:us-east-1:111122223333:other"

    def __init__(self) -> None:
        self.port = FakeNotifier()

    def received(self, *, own: bool) -> list[dict[str, Any]]:
        topic = None if own else self.other
        return [
            {name: value for name, value in sent.items() if name != "topic"}
            for sent in self.port.sent
            if sent["topic"] == topic
        ]


class Sns:
    """Topics with a queue behind each, as a user has them."""

    def __init__(self, aws: Aws) -> None:
        self._sns, self._sqs = aws.client("sns"), aws.client("sqs")
        self._queues: dict[bool, str] = {}
        self.own = self._topic("own")
        self.other = self._topic("other")
        self.port = SnsNotifier(self._sns, self.own)

    def _topic(self, kind: str) -> str:
        name = f"{kind}-{uuid.uuid4().hex}"
        arn: str = self._sns.create_topic(Name=name)["TopicArn"]
        url = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        queue = attributes["Attributes"]["QueueArn"]
        self._sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue)
        self._queues[kind == "own"] = url
        return arn

    def received(self, *, own: bool) -> list[dict[str, Any]]:
        found = self._sqs.receive_message(QueueUrl=self._queues[own], MaxNumberOfMessages=10)
        messages = [json.loads(message["Body"]) for message in found.get("Messages", [])]
        return [
            {
                "body": json.loads(message["Message"]),
                **{n: a["Value"] for n, a in message["MessageAttributes"].items()},
            }
            for message in messages
        ]


@pytest.fixture(params=["SNS", "fake"])
def subject(request: pytest.FixtureRequest, aws: Aws) -> Subject:
    return Sns(aws) if request.param == "SNS" else Fake()


def test_a_message_without_a_topic_goes_to_the_stacks_own(subject: Subject) -> None:
    subject.port.publish(None, "Terrace batch b: SUCCESS", '{"batchId": "b"}', ATTRIBUTES)
    assert subject.received(own=True) == [{"body": {"batchId": "b"}, **ATTRIBUTES}]
    assert subject.received(own=False) == []


def test_a_message_for_a_topic_goes_there_only(subject: Subject) -> None:
    subject.port.publish(subject.other, "s", '{"n": 1}', ATTRIBUTES)
    assert subject.received(own=True) == []
    assert subject.received(own=False) == [{"body": {"n": 1}, **ATTRIBUTES}]


def test_a_topic_that_exists_is_no_problem(subject: Subject) -> None:
    assert subject.port.topic_problem(subject.other) is None


def test_text_of_any_script_arrives_as_it_was_sent(subject: Subject) -> None:
    subject.port.publish(None, "s", json.dumps({"reason": "日本 é"}), ATTRIBUTES)
    [found] = subject.received(own=True)
    assert found["body"] == {"reason": "日本 é"}


# --- what only the adapter can show ---------------------------------------------------------


def test_a_topic_that_does_not_exist_is_said_to_be_missing(aws: Aws) -> None:
    notifier = SnsNotifier(aws.client("sns"), OWN)
    missing = "arn:aws:sns:us-east-1:123456789012:missing"
    assert notifier.topic_problem(missing) == "the topic does not exist"


Stub = tuple[Stubber, SnsNotifier]


@pytest.fixture
def stub() -> Iterator[Stub]:
    client = boto3.client("sns", "us-east-1")
    with Stubber(client) as stubbed:
        yield stubbed, SnsNotifier(client, OWN)
        stubbed.assert_no_pending_responses()


def test_attributes_are_strings_that_filter_policies_can_read(stub: Stub) -> None:
    expected = {
        "TopicArn": OWN,
        "Subject": "s",
        "Message": "{}",
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": value} for name, value in ATTRIBUTES.items()
        },
    }
    stub[0].add_response("publish", {"MessageId": "m"}, expected)
    stub[1].publish(None, "s", "{}", ATTRIBUTES)


@pytest.mark.parametrize("code", ["AuthorizationError", "InvalidParameter"])
def test_a_topic_that_cannot_be_read_is_a_problem_in_words(stub: Stub, code: str) -> None:
    stub[0].add_client_error("get_topic_attributes", code)
    problem = stub[1].topic_problem(OWN)
    assert problem is not None
    assert code in problem


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("AuthorizationError", 403, AccessDeniedError),
        ("ThrottledException", 429, ThrottledError),
        ("InternalError", 500, TransientError),
    ],
)
def test_a_message_that_cannot_be_sent_is_an_error(
    stub: Stub, code: str, status: int, error: type[TerraceError]
) -> None:
    stub[0].add_client_error("publish", code, http_status_code=status)
    with pytest.raises(error):
        stub[1].publish(None, "s", "{}", ATTRIBUTES)


def test_a_busy_sns_is_no_verdict_on_the_topic(stub: Stub) -> None:
    stub[0].add_client_error("get_topic_attributes", "InternalError", http_status_code=500)
    with pytest.raises(TransientError):
        stub[1].topic_problem(OWN)
