"""Every way an event reaches a function or a queue."""

import json
import time

import pytest

from tests.local.conftest import Sample, eventually

pytestmark = pytest.mark.local_aws


def test_the_api_port_hands_a_proxy_event_to_the_function(aws: Sample) -> None:
    status, answer = aws.http(f"{aws.contract['apiUrl']}/hello", {"a": 1})
    assert status == 200
    assert answer == {"path": "/hello", "method": "POST", "body": {"a": 1}}


def test_a_path_the_api_does_not_have_is_refused_as_api_gateway_refuses_it(aws: Sample) -> None:
    status, answer = aws.http(f"{aws.contract['apiUrl']}/nothing", {})
    assert (status, answer["message"]) == (403, "Missing Authentication Token")


def test_the_schedule_sends_the_rule_s_own_event(aws: Sample) -> None:
    # Given --reconcile-seconds 2, When a few seconds pass
    bodies = aws.received(8, "Scheduled Event")
    # Then the function behind rate(15 minutes) was invoked with EventBridge's event
    event = json.loads(bodies[0])
    assert event["detail-type"] == "Scheduled Event"
    assert event["resources"][0].startswith("arn:aws:events:us-east-1:")


def test_a_service_event_goes_through_a_rule_and_a_queue_to_the_function(aws: Sample) -> None:
    # Given a rule -> queue -> function -> topic -> queue, When a message comes to the first queue
    work = next(url for url in aws.contract["queueUrls"] if "-Work-" in url)
    aws.client("sqs").send_message(QueueUrl=work, MessageBody='{"good": "one-42"}')
    # Then it comes out at the end
    assert aws.received(10, "one-42")


def test_only_the_failed_message_of_a_batch_ends_in_the_dead_letter_queue(aws: Sample) -> None:
    work = next(url for url in aws.contract["queueUrls"] if "-Work-" in url)
    dead = next(url for url in aws.contract["queueUrls"] if "DeadWork" in url)
    sqs = aws.client("sqs")
    for body in ('{"poison": "bad-7"}', '{"good": "fine-7"}'):
        sqs.send_message(QueueUrl=work, MessageBody=body)
    assert aws.received(10, "fine-7")

    def buried() -> list[str]:
        found = sqs.receive_message(QueueUrl=dead, MaxNumberOfMessages=10, VisibilityTimeout=0)
        return [message["Body"] for message in found.get("Messages", [])]

    assert eventually(buried, seconds=30) == ['{"poison": "bad-7"}']


def test_an_execution_s_status_changes_reach_a_rule_with_an_input_transformer(
    aws: Sample,
) -> None:
    execution = aws.start(f"status-{time.time_ns()}", seconds=1)
    name = execution.rsplit(":", 1)[-1]
    assert aws.received(10, f'{{"execution": "{name}", "ended": "RUNNING"}}')
    assert aws.received(10, f'{{"execution": "{name}", "ended": "FAILED"}}')
