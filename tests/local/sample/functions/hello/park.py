"""Stores the task token, or fails as it is told."""

import os

import boto3
from lib.errors import TransientError


def handler(event, context):
    """Park the token under (execution, retry count)."""
    boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"]).put_item(
        Item={
            "PK": event["execution"],
            "SK": f"TOKEN#{event['retry']}",
            "kind": "token",
            "token": event["token"],
        }
    )
    if event["fail"] and event["retry"] == 0:
        raise TransientError("parked, then failed")
    return {}
