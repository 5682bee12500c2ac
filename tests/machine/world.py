"""The real stack on the embedded AWS, as any client from outside sees it: HTTP and plain boto3."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import boto3
from botocore.config import Config

from terrace_local.cli_commands import down, read_contract, up

T = TypeVar("T")
Json = dict[str, Any]

RECONCILE_SECONDS = 3
"""The reconciler's period in these tests: nothing may take much longer than that by itself."""
PATIENCE = 120.0
"""Seconds after which something did not happen: much more than it takes on a busy machine."""
LEVELS = ("firstLevel", "secondLevel", "thirdLevel", "fourthLevel")
MESSAGE_STATUS = {
    "COMPLETE": "SUCCESS",
    "COMPLETE_WITH_ERRORS": "SUCCESS_WITH_ERRORS",
    "FAILED": "FAILED",
    "VALIDATION_FAIL": "FAILED",
    "STOPPED": "STOPPED",
}


def eventually(look: Callable[[], T | None], what: str, seconds: float = PATIENCE) -> T:
    """What `look` finds, as soon as it finds something."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)


def open_world(home: Path, **options: Any) -> "World":
    """Starts the embedded AWS with the repository's template in a process of its own."""
    said: list[str] = []
    settings = {
        "port": 0,
        "api_port": 0,
        "workers": "manual",
        "speed": 20.0,
        "reconcile_seconds": RECONCILE_SECONDS,
        "state_dir": home,
        "detach": True,
        "say": said.append,
        **options,
    }
    code = up(**settings)
    assert code == 0, "\n".join(said)
    contract = read_contract(home)
    assert contract is not None
    return World(contract, home, "\n".join(said))


class World:
    """One run of the embedded AWS, and what a client does with it."""

    config = Config(retries={"total_max_attempts": 1})
    """Of its boto3 clients: what goes wrong is seen at once."""

    def __init__(self, contract: Json, home: Path, said: str) -> None:
        self.contract = contract
        self.home = home
        self.said = said
        self.bucket: str = contract["inputBucket"]
        self._clients: dict[str, Any] = {}
        self._queue: str | None = None
        self._heard: list[Json] = []

    def close(self) -> None:
        """Stops it."""
        down(self.home, say=lambda _: None)

    # --- the wires -----------------------------------------------------------------------------
    def client(self, service: str) -> Any:
        """A boto3 client with nothing special but the endpoint, and `config`."""
        if service not in self._clients:
            self._clients[service] = boto3.client(
                service,
                endpoint_url=self.contract["awsEndpoint"],
                region_name=self.contract["region"],
                aws_access_key_id="anybody",
                aws_secret_access_key="anything",
                config=self.config,
            )
        return self._clients[service]

    def http(
        self, url: str, body: Any = None, method: str | None = None
    ) -> tuple[int, dict[str, Any]]:
        """One request; bytes are sent as they are, all else as JSON."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(
            url, data, {"Content-Type": "application/json"}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"{}")

    def post(self, body: Any) -> tuple[int, Json]:
        """POST /batch/create."""
        return self.http(f"{self.contract['apiUrl']}/batch/create", body, "POST")

    def control(self, path: str, body: Any = None, method: str | None = None) -> Json:
        """A request to the control endpoint that must succeed."""
        url = f"{self.contract['awsEndpoint']}/_terrace/{path}"
        status, answer = self.http(url, body, method)
        assert status == 200, answer
        return answer

    # --- batches -------------------------------------------------------------------------------
    def create(self, batch: str, jobs: list[Json], **more: Any) -> None:
        """Posts a batch that must be accepted. From here on its messages are listened to."""
        self.listen()
        status, answer = self.post({"batchId": batch, "labelingJobs": jobs, **more})
        assert status == 200, answer

    def show(self, batch: str) -> Json:
        """GET /batch/show of one batch."""
        status, answer = self.http(f"{self.contract['apiUrl']}/batch/show?batchId={batch}")
        assert status == 200, answer
        return answer

    def job(self, batch: str, name: str) -> Json:
        """One job of a batch, as `show` has it."""
        return jobs_of(self.show(batch))[name]

    def until_job(self, batch: str, name: str, *statuses: str, seconds: float = PATIENCE) -> Json:
        """The job, once it has one of these statuses."""

        def look() -> Json | None:
            job = self.job(batch, name)
            return job if job["batchStatus"] in statuses else None

        return eventually(look, f"{name} is {' or '.join(statuses)}", seconds)

    def until_ended(self, batch: str, seconds: float = PATIENCE) -> Json:
        """`show` of a batch once it has ended."""

        def look() -> Json | None:
            shown = self.show(batch)
            return shown if shown["status"] != "IN_PROGRESS" else None

        return eventually(look, f"{batch} ends", seconds)

    def ended(self, batch: str, seconds: float = PATIENCE) -> tuple[Json, Json]:
        """`show` and the end message of a batch that has ended; what must always hold, holds."""
        shown = self.until_ended(batch, seconds)
        message = self.end_message(batch)
        self._check_the_end(shown, message)
        return shown, message

    def _check_the_end(self, shown: Json, message: Json) -> None:
        assert message["status"] == MESSAGE_STATUS[shown["status"]]
        assert message["batchStatus"] == shown["status"]
        assert statuses_of(message["batchInfo"]) == statuses_of(shown)
        self.check_the_record(shown)

    def check_the_record(self, shown: Json) -> None:
        """Every labeling job is on record, one an attempt, none before what it depends on."""
        made = self.labeling_jobs(shown["batchId"])
        jobs = jobs_of(shown)
        recorded = [a["labelingJobName"] for job in jobs.values() for a in job["attempts"]]
        for job in jobs.values():
            if job["labelingJobArn"]:
                last = job["labelingJobArn"].rsplit("/", 1)[1]
                recorded += [] if last in map(str.lower, recorded) else [last]
        assert sorted(map(str.lower, recorded)) == sorted(made)
        by_level = shown["pacing"] == "level"
        for job in jobs.values():
            source, level = job["chainFromJobName"], job["jobLevel"]
            needed = [
                each
                for name, each in jobs.items()
                if name == source or (by_level and each["jobLevel"] < level)
            ]
            # Of the last attempt: in a retried batch, an earlier level may have run again since.
            arn = job["labelingJobArn"]
            for earlier in needed if arn else []:
                assert earlier["endedAt"] is not None
                assert seconds_of(earlier["endedAt"]) <= made[arn.rsplit("/", 1)[1]] + 0.01

    # --- labeling jobs -------------------------------------------------------------------------
    def labeling_jobs(self, batch: str) -> dict[str, float]:
        """Lower-case names of the batch's labeling jobs, by their tags, and when they were made."""
        sagemaker = self.client("sagemaker")
        found = {}
        pages = sagemaker.get_paginator("list_labeling_jobs").paginate(NameContains=batch)
        for page in pages:
            for summary in page["LabelingJobSummaryList"]:
                name = summary["LabelingJobName"]
                job = sagemaker.describe_labeling_job(LabelingJobName=name)
                if batch in {tag["Value"] for tag in job.get("Tags", [])}:
                    found[name.lower()] = job["CreationTime"].timestamp()
        return found

    def exists(self, name: str, seconds: float = PATIENCE) -> Json:
        """The labeling job, as the control endpoint lists it, once it exists."""

        def look() -> Json | None:
            rows = self.control("jobs")["jobs"]
            return next((row for row in rows if row["name"] == name), None)

        return eventually(look, f"labeling job {name} exists", seconds)

    def finish(self, name: str, **ending: Any) -> Json:
        """Ends a labeling job, once it exists."""
        self.exists(name)
        return self.control(f"jobs/{name}/finish", ending)

    # --- faults --------------------------------------------------------------------------------
    def fault(self, operation: str, error: str, **more: Any) -> None:
        """The next call of `service.Operation` fails."""
        service, name = operation.split(".")
        self.control("faults", {"service": service, "operation": name, "error": error, **more})

    def hits(self) -> list[int]:
        """How often each fault has hit, in the order they were asked for."""
        return [fault["hits"] for fault in self.control("faults")["faults"]]

    # --- the record and the messages -----------------------------------------------------------
    def rows(self, batch: str, kind: str) -> list[Json]:
        """Rows of the table whose sort key starts so, as plain values."""
        from boto3.dynamodb.types import TypeDeserializer

        read = TypeDeserializer().deserialize
        found = self.client("dynamodb").query(
            TableName=self.contract["tableName"],
            KeyConditionExpression="PK = :p AND begins_with(SK, :s)",
            ExpressionAttributeValues={":p": {"S": f"BATCH#{batch}"}, ":s": {"S": kind}},
            ConsistentRead=True,
        )
        return [{key: read(value) for key, value in item.items()} for item in found["Items"]]

    def timeline(self, batch: str, event: str) -> list[Json]:
        """What happened to a batch, of one type, in order."""
        return [row for row in self.rows(batch, "EVENT#") if row["what"] == event]

    def history(self, execution: str) -> list[Json]:
        """GetExecutionHistory, all pages."""
        pages = self.client("stepfunctions").get_paginator("get_execution_history")
        return [
            event for page in pages.paginate(executionArn=execution) for event in page["events"]
        ]

    def listen(self) -> None:
        """Subscribes a queue to the topic, once."""
        if self._queue is not None:
            return
        sqs = self.client("sqs")
        self._queue = sqs.create_queue(QueueName="listener")["QueueUrl"]
        found = sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])
        arn = found["Attributes"]["QueueArn"]
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sqs.set_queue_attributes(QueueUrl=self._queue, Attributes={"Policy": policy})
        self.client("sns").subscribe(
            TopicArn=self.contract["topicArn"], Protocol="sqs", Endpoint=arn
        )

    def heard(self) -> list[Json]:
        """Every message of every batch so far."""
        sqs = self.client("sqs")
        while True:
            got = sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10)
            for message in got.get("Messages", []):
                self._heard.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
            if not got.get("Messages"):
                break
        return [json.loads(envelope["Message"]) for envelope in self._heard]

    def messages(self, batch: str) -> list[Json]:
        """Every message of the batch so far."""
        return [message for message in self.heard() if message["batchId"] == batch]

    def end_message(self, batch: str) -> Json:
        """The message of the batch's end; there is one."""
        kind = "BATCH_COMPLETE"
        found = eventually(
            lambda: [m for m in self.messages(batch) if m["eventType"] == kind],
            f"the end message of {batch} comes",
        )
        assert len({message["dedupId"] for message in found}) == 1
        return found[0]

    # --- data ----------------------------------------------------------------------------------
    def put(self, key: str, body: Any) -> str:
        """Stores text, bytes, or JSON in the input bucket; returns the URI."""
        data = body if isinstance(body, bytes | str) else json.dumps(body)
        self.client("s3").put_object(Bucket=self.bucket, Key=key, Body=data)
        return f"s3://{self.bucket}/{key}"

    def read(self, uri: str) -> bytes:
        """An object's bytes."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return bytes(self.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())

    def write(self, uri: str, text: str) -> None:
        """Puts an object where a URI says."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        self.client("s3").put_object(Bucket=bucket, Key=key, Body=text.encode())

    def lines(self, uri: str) -> list[Json]:
        """A manifest's lines."""
        return [json.loads(line) for line in self.read(uri).splitlines()]

    def sequences(self, folder: str, count: int, frames: int = 2) -> str:
        """A manifest of `count` video sequences in a folder of the input bucket."""
        lines = []
        for number in range(count):
            prefix = f"{folder}/clip{number}/"
            names = [f"{frame:06d}.jpg" for frame in range(frames)]
            for name in names:
                self.put(f"{prefix}{name}", b"not a picture")
            sequence = {
                "seq-no": number,
                "prefix": f"s3://{self.bucket}/{prefix}",
                "number-of-frames": frames,
                "frames": [{"frame-no": n, "frame": name} for n, name in enumerate(names)],
            }
            lines.append({"source-ref": self.put(f"{folder}/seq{number}.json", sequence)})
        return self.put(f"{folder}/input.manifest", "\n".join(map(json.dumps, lines)))

    def categories(self, key: str, label: str = "Vehicle", kind: str = "BoundingBox") -> str:
        """A label category file."""
        content = {
            "document-version": "2020-08-15",
            "labels": [{"label": label}],
            "instructions": {"shortInstruction": "draw", "fullInstruction": "draw all"},
            "annotationType": kind,
        }
        return self.put(key, content)


def jobs_of(shown: Json) -> dict[str, Json]:
    """All jobs of a batch by name."""
    return {
        job["labelingJobName"]: job
        for level in LEVELS
        for job in shown.get(level, {}).get("jobLevels", [])
    }


def statuses_of(shown: Json) -> dict[str, str]:
    """Statuses of the batch's levels and jobs."""
    levels = {name: shown[name]["status"] for name in LEVELS if name in shown}
    return levels | {name: job["batchStatus"] for name, job in jobs_of(shown).items()}


def seconds_of(stamp: str) -> float:
    """A time of `show` as epoch seconds."""
    from datetime import datetime

    return datetime.fromisoformat(stamp).timestamp()


@contextmanager
def private_world(home: Path, **options: Any) -> Iterator[World]:
    """A world for one test, ended whatever happens."""
    try:
        yield open_world(home, **options)
    finally:
        down(home, say=lambda _: None)
