"""Does one thing per event, so that tests can see what its role allows."""

import json
import os
import time

import boto3
from lib.errors import FatalError, TransientError


def handler(event, context):
    """One function behind every trigger of the sample stack."""
    if "Records" in event:
        return _records(event["Records"])
    if "requestContext" in event:
        body = json.loads(event["body"] or "{}")
        answer = {"path": event["path"], "method": event["httpMethod"], "body": body}
        return {"statusCode": 200, "body": json.dumps(answer)}
    if event.get("source") == "aws.events":
        boto3.client("sns").publish(TopicArn=os.environ["TOPIC_ARN"], Message=json.dumps(event))
        return {}
    if event.get("raise") == "FatalError":
        raise FatalError("no")
    if event.get("raise") == "TransientError":
        raise TransientError("not yet")
    if event.get("exit"):
        os._exit(3)
    if event.get("sleep"):
        time.sleep(event["sleep"])
    if event.get("call"):
        client, method, arguments = event["call"]
        result = getattr(boto3.client(client), method)(**arguments)
        result.pop("ResponseMetadata", None)
        return json.loads(json.dumps(result, default=str))
    print("hello", event)
    return {"hello": event, "pid": os.getpid(), "remaining": context.get_remaining_time_in_millis()}


def _records(records):
    failed = []
    for record in records:
        body = json.loads(record["body"])
        if body.get("poison"):
            failed.append({"itemIdentifier": record["messageId"]})
            continue
        boto3.client("sns").publish(TopicArn=os.environ["TOPIC_ARN"], Message=record["body"])
    return {"batchItemFailures": failed}
