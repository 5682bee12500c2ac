"""What is kept of a batch that did not end as it had to: record, timeline, executions' histories.

A violation tells what came out; only these tell why. They are read before the embedded AWS ends,
because the histories of its executions end with it.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import ClientError

from bench.crowd import PatientWorld


def suspects(names: Iterable[str], violations: Iterable[str]) -> list[str]:
    """Names of the batches that a violation begins with."""
    said = {found.group(1) for text in violations if (found := re.match(r"([^\s(]+) \(", text))}
    return [name for name in names if name in said]


def keep(world: PatientWorld, names: Iterable[str], folder: Path) -> list[Path]:
    """Writes one JSON file per batch; nothing may inject faults meanwhile.

    Returns:
        The files.
    """
    files = []
    for name in names:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.json"
        try:
            shown: Any = world.ask("GET", f"/batch/show?batchId={name}")
        except RuntimeError as error:
            # A batch that was never made is what there is to know of it.
            shown = f"not readable: {error}"
        found = {
            "show": shown,
            "rows": _rows(world, name),
            "executions": _histories(world, name),
        }
        path.write_text(json.dumps(found, indent=1, default=str), encoding="utf-8")
        files.append(path)
    return files


def machine_errors(world: PatientWorld) -> Counter[str]:
    """What failed in all executions so far, retried or not, by the state and the error's name."""
    found: Counter[str] = Counter()
    for _, arn in _executions(world):
        state = "?"
        for event in world.history(arn):
            state = event.get("stateEnteredEventDetails", {}).get("name", state)
            for kind in ("taskFailedEventDetails", "taskTimedOutEventDetails"):
                if kind in event:
                    found[f"{state}: {event[kind].get('error', '?')}"] += 1
    return found


def _executions(world: PatientWorld) -> Iterator[tuple[str, str]]:
    """Status and ARN of every execution."""
    pages = world.client("stepfunctions").get_paginator("list_executions")
    for page in pages.paginate(stateMachineArn=world.contract["stateMachineArn"]):
        for execution in page["executions"]:
            yield execution["status"], execution["executionArn"]


def _rows(world: PatientWorld, name: str) -> list[dict[str, Any]]:
    """All of the batch that is in the table, timeline included."""
    read = TypeDeserializer().deserialize
    pages = (
        world.client("dynamodb")
        .get_paginator("query")
        .paginate(
            TableName=world.contract["tableName"],
            KeyConditionExpression="PK = :p",
            ExpressionAttributeValues={":p": {"S": f"BATCH#{name}"}},
            ConsistentRead=True,
        )
    )
    return [
        {key: read(value) for key, value in item.items()}
        for page in pages
        for item in page["Items"]
    ]


def _histories(world: PatientWorld, name: str) -> dict[str, Any]:
    """Events of every execution that was given this batch, by its ARN."""
    machine = world.client("stepfunctions")
    found: dict[str, Any] = {}
    for status, arn in _executions(world):
        try:
            given = json.loads(machine.describe_execution(executionArn=arn)["input"])
        except ClientError as error:
            found[arn] = f"not readable: {error}"
            continue
        if given.get("batchId") == name:
            found[arn] = {"status": status, "events": world.history(arn)}
    return found
