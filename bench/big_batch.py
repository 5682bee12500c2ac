"""A big batch on the local AWS: time, history events and state transitions per job.

Usage: .venv/bin/python bench/big_batch.py [--levels 4] [--jobs 100] [--items 3] [--failing 0.05]
                                           [--pacing level|dependency] [--event-bound 12000]

Starts a local AWS of its own in a temporary folder, posts one batch of `levels x jobs` jobs
(label, then reviews in turn), lets a share of the labeling jobs end with half of their items
labeled (they are retried), waits for the end, and counts every execution's history with
GetExecutionHistory. Prints one JSON object. Exit code 0 only if the batch ended COMPLETE and
every history stayed under the bound.
"""

import argparse
import json
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import boto3

from terrace_local import cli_commands

REVIEWS = ("VideoObjectTrackingAudit", "VideoObjectTrackingAdjustment")


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--levels", type=int, default=4)
    parser.add_argument("--jobs", type=int, default=100, help="per level")
    parser.add_argument("--items", type=int, default=3, help="per job")
    parser.add_argument("--failing", type=float, default=0.05, help="share that ends half labeled")
    parser.add_argument("--pacing", choices=("level", "dependency"), default="level")
    parser.add_argument("--event-bound", type=int, default=12_000)
    parser.add_argument("--reconcile-seconds", type=int, default=30)
    parser.add_argument("--speed", type=float, default=200.0)
    parser.add_argument("--timeout", type=float, default=1500.0, help="seconds")
    return parser.parse_args()


class World:
    """The local AWS that the benchmark started."""

    def __init__(self, contract: Path) -> None:
        self.contract = json.loads(contract.read_text())
        self._keys = {
            "endpoint_url": self.contract["awsEndpoint"],
            "region_name": self.contract["region"],
            "aws_access_key_id": "bench",
            "aws_secret_access_key": "bench",
        }

    def client(self, service: str) -> Any:
        return boto3.client(service, **self._keys)

    def http(self, url: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            url, data, {"Content-Type": "application/json"}, method="POST" if data else "GET"
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def api(self, path: str, body: Any = None) -> Any:
        return self.http(self.contract["apiUrl"] + path, body)

    def control(self, path: str, body: Any = None) -> Any:
        return self.http(self.contract["awsEndpoint"] + path, body)


def upload(world: World, items: int) -> dict[str, str]:
    """One manifest that all first-level jobs share, of sequences with two frames."""
    s3, bucket = world.client("s3"), world.contract["inputBucket"]

    def put(key: str, body: Any) -> str:
        s3.put_object(Bucket=bucket, Key=key, Body=body)
        return f"s3://{bucket}/{key}"

    lines = []
    for index in range(items):
        for frame in (1, 2):
            put(f"big/frames{index}/{frame:06d}.jpg", b"not a picture")
        frames = [{"frame-no": n, "frame": f"{n:06d}.jpg"} for n in (1, 2)]
        sequence = {
            "seq-no": index,
            "prefix": f"s3://{bucket}/big/frames{index}/",
            "number-of-frames": 2,
            "frames": frames,
        }
        lines.append(json.dumps({"source-ref": put(f"big/seq{index}.json", json.dumps(sequence))}))
    labels = {"document-version": "2020-08-15", "labels": [{"label": "Vehicle"}]}
    return {
        "manifest": put("big/input.manifest", "\n".join(lines)),
        "categories": put("big/categories.json", json.dumps(labels)),
    }


def request(options: argparse.Namespace, inputs: dict[str, str]) -> dict[str, Any]:
    """The batch: every lane is label, then reviews up to the last level."""
    jobs: list[dict[str, Any]] = []
    for number in range(options.jobs):
        for level in range(1, options.levels + 1):
            job: dict[str, Any] = {"jobName": f"big-{number}-l{level}", "jobLevel": level}
            if level == 1:
                job |= {
                    "jobModality": "VideoObjectTracking",
                    "inputConfig": {"inputManifestS3Uri": inputs["manifest"]},
                    "labelCategoryConfigS3Uri": inputs["categories"],
                }
            else:
                job |= {
                    "jobModality": REVIEWS[level % 2],
                    "inputConfig": {"chainFromJobName": f"big-{number}-l{level - 1}"},
                }
            jobs.append(job)
    return {"batchId": "big", "labelingJobs": jobs, "pacing": options.pacing}


def wait(world: World, timeout: float) -> str:
    """The batch's final status; progress goes to standard error."""
    began = time.monotonic()
    while time.monotonic() - began < timeout:
        time.sleep(5)
        shown = world.api("/batch/show?batchId=big")
        counts: dict[str, int] = {}
        for name, level in shown.items():
            if name.endswith("Level") and isinstance(level, dict):
                for job in level["jobLevels"]:
                    counts[job["batchStatus"]] = counts.get(job["batchStatus"], 0) + 1
        print(f"{time.monotonic() - began:6.0f} s {shown['status']} {counts}", file=sys.stderr)
        if shown["status"] != "IN_PROGRESS":
            return str(shown["status"])
    return "TIMED_OUT"


def histories(world: World) -> list[dict[str, Any]]:
    """Events and state entries of every execution of the machine."""
    sfn = world.client("stepfunctions")
    found = []
    machine = world.contract["stateMachineArn"]
    for page in sfn.get_paginator("list_executions").paginate(stateMachineArn=machine):
        for execution in page["executions"]:
            pages = sfn.get_paginator("get_execution_history").paginate(
                executionArn=execution["executionArn"], includeExecutionData=False
            )
            kinds = [event["type"] for p in pages for event in p["events"]]
            found.append(
                {
                    "name": execution["name"],
                    "status": execution["status"],
                    "events": len(kinds),
                    "transitions": sum(1 for kind in kinds if kind.endswith("StateEntered")),
                    "turns": sum(1 for kind in kinds if kind == "MapStateEntered"),
                }
            )
    return found


def main() -> int:
    """Runs it; prints one JSON object."""
    options = arguments()
    with tempfile.TemporaryDirectory() as folder:
        code = cli_commands.up(
            port=0,
            api_port=0,
            speed=options.speed,
            reconcile_seconds=options.reconcile_seconds,
            parameters={"EventBound": str(options.event_bound)},
            state_dir=folder,
            detach=True,
            fresh=True,
            say=lambda text: print(text, file=sys.stderr),
        )
        if code:
            return code
        try:
            return measure(options, World(Path(folder) / "local.json"))
        finally:
            cli_commands.down(state_dir=folder, say=lambda text: None)


def measure(options: argparse.Namespace, world: World) -> int:
    """One run against a local AWS that is up."""
    inputs = upload(world, options.items)
    world.control(
        "/_terrace/outcomes",
        {"match": "big-*", "probability": options.failing, "status": "Completed", "labeled": 0.5},
    )
    began = time.monotonic()
    world.api("/batch/create", request(options, inputs))
    status = wait(world, options.timeout)
    seconds = time.monotonic() - began
    executions = histories(world)
    labeling = world.client("sagemaker").get_paginator("list_labeling_jobs")
    created = sum(len(page["LabelingJobSummaryList"]) for page in labeling.paginate())
    jobs = options.levels * options.jobs
    most = max(execution["events"] for execution in executions)
    result = {
        "status": status,
        "jobs": jobs,
        "labelingJobs": created,
        "pacing": options.pacing,
        "seconds": round(seconds, 1),
        "eventBound": options.event_bound,
        "executions": len(executions),
        "mostEventsInOneHistory": most,
        "eventsPerLabelingJob": round(sum(e["events"] for e in executions) / created, 2),
        "transitionsPerLabelingJob": round(sum(e["transitions"] for e in executions) / created, 2),
        "histories": executions,
    }
    print(json.dumps(result, indent=1))
    return 0 if status == "COMPLETE" and most <= options.event_bound else 1


if __name__ == "__main__":
    sys.exit(main())
