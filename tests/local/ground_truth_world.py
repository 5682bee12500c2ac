"""A small world for Ground Truth tests: S3 in memory, a clip whose truth is known, a team."""

import io
import json
import time
from collections.abc import Callable
from typing import Any

import boto3
from PIL import Image

from terrace_local.ground_truth.service import GroundTruthConfig, GroundTruthService
from terrace_local.ground_truth.task_types import TASK_TYPES
from terrace_local.workers.shapes import Box, Polyline
from terrace_local.workers.truth import (
    ImageTruth,
    TruthObject,
    VideoTruth,
    write_image_truth,
    write_video_truth,
)

REGION = "us-east-1"
ACCOUNT = "111122223333"
LAMBDAS = "arn:aws:lambda:us-east-1:432418664414:function"
UIS = "arn:aws:sagemaker:us-east-1:394669845002:human-task-ui"
FRAMES = [f"{number:06d}.jpg" for number in range(1, 25)]
VERDICT = {"name": "audit", "type": "string", "enum": ["Pass", "Fail"]}
FRAME_VERDICT = {**VERDICT, "name": "Frame_Quality", "description": "Is the frame good?"}
TERMINAL = ("Completed", "Failed", "Stopped")


class World:
    """Buckets `in` and `out`, three sequences with a truth, three images, and the service."""

    def __init__(self, **config: Any) -> None:
        self.s3 = boto3.client(
            "s3", region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test"
        )
        for bucket in ("in-bucket", "out-bucket"):
            self.s3.create_bucket(Bucket=bucket)
        self.events: list[dict[str, Any]] = []
        self.service = self.new_service(**config)
        self.team = self.new_team()
        self.manifest = self.clip()

    def new_service(self, **config: Any) -> GroundTruthService:
        """A service over the same S3, not started; fast unless told otherwise."""
        config = {"speed": 400.0, "account": ACCOUNT, "region": REGION, **config}
        return GroundTruthService(GroundTruthConfig(**config), self.s3, self.events.append)

    # -- data ------------------------------------------------------------------------------

    def put(self, key: str, body: Any, bucket: str = "in-bucket") -> str:
        if not isinstance(body, bytes | str):
            body = json.dumps(body)
        self.s3.put_object(Bucket=bucket, Key=key, Body=body)
        return f"s3://{bucket}/{key}"

    def get(self, uri: str) -> bytes:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return bytes(self.s3.get_object(Bucket=bucket, Key=key)["Body"].read())

    def json(self, uri: str) -> Any:
        return json.loads(self.get(uri))

    def lines(self, uri: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.get(uri).decode().splitlines()]

    def keys(self, prefix: str, bucket: str = "out-bucket") -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [row["Key"] for page in pages for row in page.get("Contents", [])]

    def sequence(self, name: str, frames: list[str] = FRAMES) -> str:
        content = {
            "version": "2020-07-01",
            "seq-no": 1,
            "prefix": f"s3://in-bucket/frames/{name}/",
            "number-of-frames": len(frames),
            "frames": [{"frame-no": n, "frame": f} for n, f in enumerate(frames, start=1)],
        }
        return self.put(f"clips/{name}.json", content)

    def clip(self, sequences: int = 3, with_truth: bool = True) -> str:
        uris = [self.sequence(f"seq{n}") for n in range(1, sequences + 1)]
        for uri in uris if with_truth else []:
            name = uri.rsplit("/", 1)[-1].removesuffix(".json")
            write_video_truth(self.s3, uri, f"s3://in-bucket/frames/{name}/", clip_truth())
        return self.put("clip.manifest", manifest({"source-ref": uri} for uri in uris))

    def images(self, count: int = 3) -> str:
        truths = {}
        for number in range(count):
            picture = io.BytesIO()
            Image.new("RGB", (200, 100), (9, 9, number)).save(picture, "PNG")
            self.put(f"photos/{number}.png", picture.getvalue())
            boxes = (("Cat", Box(10, 10, 40, 30)), ("Dog", Box(90, 20, 50, 60)))
            truths[f"{number}.png"] = ImageTruth(boxes, 200, 100)
        write_image_truth(self.s3, "s3://in-bucket/photos/", truths)
        refs = ({"source-ref": f"s3://in-bucket/photos/{n}.png"} for n in range(count))
        return self.put("images.manifest", manifest(refs))

    def categories(self, *labels: str, **more: Any) -> str:
        rows = [{"label": label} for label in labels or ("Car", "Van")]
        return self.put(f"categories-{time.time_ns()}.json", {"labels": rows, **more})

    def audit_categories(self, audited: str, edits: str = "any", **more: Any) -> str:
        rows = [
            {"label": label, "editsAllowed": edits, "attributes": [VERDICT]}
            for label in ("Car", "Van")
        ]
        return self.put(
            f"categories-{time.time_ns()}.json",
            {
                "labels": rows,
                "auditLabelAttributeName": audited,
                "frameAttributes": [FRAME_VERDICT],
                **more,
            },
        )

    # -- calls -----------------------------------------------------------------------------

    def call(self, action: str, **payload: Any) -> dict[str, Any]:
        return self.service.handle(action, payload, REGION, ACCOUNT)

    def new_team(self) -> str:
        member = {"UserPool": "us-east-1_a", "UserGroup": "g", "ClientId": "c"}
        answer = self.call(
            "CreateWorkteam",
            WorkteamName="first-level",
            Description="people",
            MemberDefinitions=[{"CognitoMemberDefinition": member}],
        )
        return str(answer["WorkteamArn"])

    def video_request(self, name: str, **changes: Any) -> dict[str, Any]:
        """A good CreateLabelingJob request; `task` and `review` choose the type."""
        task = changes.pop("task", "VideoObjectTracking")
        function = ("Adjustment" if changes.pop("review", False) else "") + task
        request = self._request(name, f"{name}-ref", function)
        request["HumanTaskConfig"]["UiConfig"] = {"HumanTaskUiArn": f"{UIS}/{task}"}
        return self._changed(request, changes)

    def image_request(self, name: str, **changes: Any) -> dict[str, Any]:
        function = changes.pop("task", "BoundingBox")
        request = self._request(name, name, function)
        template = changes.pop("template", "<crowd-form></crowd-form>")
        uri = self.put(f"templates/{name}.liquid", template)
        request["HumanTaskConfig"]["UiConfig"] = {"UiTemplateS3Uri": uri}
        return self._changed(request, changes)

    def any_request(self, name: str, task: str, **changes: Any) -> dict[str, Any]:
        """A good request of any built-in type; `template` and `people` are optional."""
        row = TASK_TYPES[task]
        request = self._request(name, f"{name}-ref" if row.ref_suffix else name, task)
        template = changes.pop("template", "<crowd-form></crowd-form>")
        if row.human_task_ui is not None:
            ui = {"HumanTaskUiArn": f"{UIS}/{row.human_task_ui}"}
        else:
            ui = {"UiTemplateS3Uri": self.put(f"templates/{name}.liquid", template)}
        request["HumanTaskConfig"]["UiConfig"] = ui
        people = changes.pop("people", 1)
        request["HumanTaskConfig"]["NumberOfHumanWorkersPerDataObject"] = people
        return self._changed(request, changes)

    def custom_request(self, name: str, template: str, **changes: Any) -> dict[str, Any]:
        """A custom job with the functions `before` and `after` of this account."""
        functions = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function"
        request = self.any_request(name, "Custom", template=template, **changes)
        del request["LabelCategoryConfigS3Uri"]
        request["HumanTaskConfig"]["PreHumanTaskLambdaArn"] = f"{functions}:before"
        consolidation = {"AnnotationConsolidationLambdaArn": f"{functions}:after"}
        request["HumanTaskConfig"]["AnnotationConsolidationConfig"] = consolidation
        return self._changed(request, {k: v for k, v in changes.items() if k == "categories"})

    def _request(self, name: str, attribute: str, function: str) -> dict[str, Any]:
        return {
            "LabelingJobName": name,
            "LabelAttributeName": attribute,
            "InputConfig": {"DataSource": {"S3DataSource": {"ManifestS3Uri": self.manifest}}},
            "OutputConfig": {"S3OutputPath": "s3://out-bucket/out/"},
            "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/execution",
            "LabelCategoryConfigS3Uri": "s3://in-bucket/none.json",
            "HumanTaskConfig": {
                "WorkteamArn": self.team,
                "PreHumanTaskLambdaArn": f"{LAMBDAS}:PRE-{function}",
                "AnnotationConsolidationConfig": {
                    "AnnotationConsolidationLambdaArn": f"{LAMBDAS}:ACS-{function}"
                },
                "TaskTitle": "Label",
                "TaskDescription": "Please label.",
                "NumberOfHumanWorkersPerDataObject": 1,
                "TaskTimeLimitInSeconds": 3600,
            },
        }

    def _changed(self, request: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
        if "manifest" in changes:
            source = {"S3DataSource": {"ManifestS3Uri": changes.pop("manifest")}}
            request["InputConfig"] = {"DataSource": source}
        if "categories" in changes:
            request["LabelCategoryConfigS3Uri"] = changes.pop("categories")
        human_task = {**request["HumanTaskConfig"], **changes.pop("human", {})}
        return {**request, "HumanTaskConfig": human_task, **changes}

    def run(self, request: dict[str, Any]) -> dict[str, Any]:
        """Creates a job and waits for its end; returns its description."""
        self.call("CreateLabelingJob", **request)
        return self.ended(request["LabelingJobName"])

    def describe(self, name: str) -> dict[str, Any]:
        return self.call("DescribeLabelingJob", LabelingJobName=name)

    def ended(self, name: str) -> dict[str, Any]:
        self.until(lambda: self.describe(name)["LabelingJobStatus"] in TERMINAL)
        return self.describe(name)

    def running(self, name: str) -> None:
        self.until(lambda: self.describe(name)["LabelingJobStatus"] == "InProgress")

    def told(self, count: int = 1) -> list[str]:
        """Statuses of the events, once there are ``count``: they follow the end of a job."""
        self.until(lambda: len(self.events) >= count)
        return [event["detail"]["LabelingJobStatus"] for event in self.events]

    @staticmethod
    def until(is_so: Callable[[], bool], seconds: float = 10.0) -> None:
        end = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < end, "it did not happen in time"
            time.sleep(0.005)

    def control(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        data = b"" if body is None else json.dumps(body).encode()
        return self.service.control(method, f"/_terrace/{path}", data)


def manifest(rows: Any) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def clip_truth() -> VideoTruth:
    """Four boxes that move apart from one another, and a lane."""
    cars = tuple(
        TruthObject(
            f"car-{n}",
            "Car" if n % 2 else "Van",
            "box",
            {f: Box(20 + 100 * n + i, 30 + 40 * n, 60, 40) for i, f in enumerate(FRAMES)},
        )
        for n in range(4)
    )
    lane = {f: Polyline(((10 + i, 250), (60 + i, 200), (120 + i, 170))) for i, f in
            enumerate(FRAMES)}  # fmt: skip
    return VideoTruth((*cars, TruthObject("lane", "Lane", "polyline", lane)), 480, 270)
