"""A lane of images with boxes, labeled as Ground Truth writes it, and what reviewers make of it."""

import json
import re
from collections.abc import Callable
from typing import Any

from terrace.domain import s3uri
from terrace.domain.records import Counters
from tests.fakes.house import INPUTS, House

Box = tuple[float, float, float, float]
GOOD: list[Box] = [(10, 10, 40, 30)]
TWICE: list[Box] = [(10, 10, 40, 30), (11, 10, 40, 30)]
"""Two boxes on one thing: the check duplicate-box speaks."""


def images(house: House, count: int) -> str:
    """Uploads a manifest of images; returns its URI."""
    lines = []
    for index in range(count):
        uri = f"s3://{INPUTS}/img/{index:04}.jpg"
        house.objects.put_text(uri, "x", "image/jpeg")
        lines.append(json.dumps({"source-ref": uri}))
    uri = f"s3://{INPUTS}/images.manifest"
    house.objects.write_lines(uri, iter(lines))
    return uri


def lane(house: House, count: int, gate: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
    """A batch: boxes are drawn, then reviewed behind a gate, then looked at once more."""
    review: dict[str, Any] = {"chainFromJobName": "car"}
    if gate is not None:
        review["gate"] = gate
    return {
        "batchId": "b",
        "labelingJobs": [
            {
                "jobName": "car",
                "jobLevel": 1,
                "jobModality": "BoundingBox",
                "inputConfig": {"inputManifestS3Uri": images(house, count)},
                "labelCategoryConfigS3Uri": house.categories(),
            },
            {
                "jobName": "review",
                "jobLevel": 2,
                "jobModality": "BoundingBoxAdjustment",
                "inputConfig": review,
                **more,
            },
            {
                "jobName": "last",
                "jobLevel": 3,
                "jobModality": "BoundingBoxVerification",
                "inputConfig": {"chainFromJobName": "review"},
            },
        ],
    }


def boxes_label(boxes: list[Box]) -> dict[str, Any]:
    made = [
        {"class_id": 0, "left": left, "top": top, "width": width, "height": height}
        for left, top, width, height in boxes
    ]
    return {"image_size": [{"width": 640, "height": 480, "depth": 3}], "annotations": made}


def people(
    house: House,
    name: str,
    draw: Callable[[int, dict[str, Any]], Any],
    *,
    status: str = "Completed",
) -> list[int]:
    """People work on a labeling job's images: boxes, a verdict's name, or None for no answer.

    A dict is a label of another kind, `{"label": ..., "metadata": ...}`.

    Returns the numbers of the images that they were given.
    """
    job = house.engine.jobs[name.lower()]
    request = house.engine.requests[name.lower()]
    attribute = request["LabelAttributeName"]
    given = request["InputConfig"]["DataSource"]["S3DataSource"]["ManifestS3Uri"]
    items = [json.loads(line.text) for line in house.objects.read_lines(given)]
    seen, labeled = [], 0
    for item in items:
        number = int(re.sub(r"\D", "", item["source-ref"].rsplit("/", 1)[-1]))
        seen.append(number)
        answer = draw(number, item)
        about = f"{attribute}-metadata"
        if answer is None:
            item[about] = {"failure-reason": "ClientError: Annotation tasks expired."}
            continue
        labeled += 1
        if isinstance(answer, dict):
            item[attribute], item[about] = answer["label"], answer["metadata"]
            continue
        if isinstance(answer, str):
            item[attribute] = 0 if answer == "Pass" else 1
            item[about] = {
                "class-name": answer,
                "type": "groundtruth/label-verification",
                "human-annotated": "yes",
            }
            continue
        item[attribute] = boxes_label(answer)
        item[about] = {
            "objects": [{"confidence": 0}] * len(answer),
            "class-map": {"0": "Vehicle"},
            "type": "groundtruth/object-detection",
            "human-annotated": "yes",
            "creation-date": "2026-11-20T10:00:00.000000",
        }
    uri = s3uri.join(job.outputPath, job.name, "manifests/output/output.manifest")
    house.objects.write_lines(uri, (json.dumps(item) for item in items))
    house.engine.jobs[name.lower()] = type(job)(
        **{
            **vars(job),
            "status": status,
            "counters": Counters(totalLabeled=labeled),
            "outputManifestS3Uri": uri,
        }
    )
    house.event(name)
    return seen


def rows(house: House, uri: str | None) -> list[dict[str, Any]]:
    assert uri is not None
    return [json.loads(line.text) for line in house.objects.read_lines(uri)]
