"""A batch that has ended, as rows and files: labels and verdicts item by item, as a test says."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from terrace.domain.manifest import Data
from terrace.domain.records import BatchRecord, JobRecord
from terrace.domain.status import BatchStatus, JobStatus
from terrace.steps import lane
from tests.domain.rows import batch_row, job_rows
from tests.fakes.house import BUCKET, INPUTS, House

NOTHING = ""
"""An item to which a job gave no answer."""
LABEL = "label"


@dataclass
class Job:
    """What one job of a lane answered, item by item."""

    name: str
    modality: str
    answers: Sequence[str] = ()
    """By place: LABEL, a verdict, or NOTHING."""
    status: JobStatus = JobStatus.COMPLETE
    lost: bool = False
    """True: it left no output at all."""
    attribute: str | None = None


@dataclass
class Lane:
    """A lane of images, from its start manifest on."""

    jobs: list[Job]
    manifest: str = f"s3://{INPUTS}/a.manifest"


@dataclass
class Ended:
    """The batch with its rows and files."""

    batch: BatchRecord
    jobs: list[JobRecord]
    lanes: list[Lane] = field(default_factory=list)


def attribute_of(job: Job) -> str:
    return job.attribute or job.name


def label(job: Job, place: int) -> Data:
    """A class of an image, as Ground Truth writes it."""
    name = attribute_of(job)
    said = job.answers[place]
    about = {
        "class-name": said,
        "confidence": 0.9,
        "human-annotated": "yes",
        "job-name": f"labeling-job/{job.name}",
        "creation-date": f"2026-11-21T10:00:0{place % 10}.000000",
        "type": "groundtruth/label-verification"
        if job.modality.endswith("Verification")
        else "groundtruth/object-detection",
    }
    value: Any = 0
    if not job.modality.endswith("Verification"):
        value = {
            "annotations": [{"class_id": 0, "left": place, "top": 0, "width": 9, "height": 9}],
            "image_size": [{"width": 99, "height": 99, "depth": 3}],
            "made": job.name,
        }
        about = {**about, "class-map": {"0": "Car"}, "objects": [{"confidence": 0.9}]}
        del about["class-name"]
    return {name: value, f"{name}-metadata": about}


def ended(house: House, manifests: dict[str, list[Data]], lanes: list[Lane]) -> Ended:
    """Writes what the jobs left, and the rows that say so."""
    for uri, lines in manifests.items():
        house.objects.write_lines(uri, (json.dumps(line) for line in lines))
    specs: list[dict[str, Any]] = []
    for one in lanes:
        for level, job in enumerate(one.jobs, start=1):
            start = {"inputManifestS3Uri": one.manifest}
            chained = {"chainFromJobName": one.jobs[level - 2].name}
            specs.append(
                {
                    "jobName": job.name,
                    "jobLevel": level,
                    "jobModality": job.modality,
                    "inputConfig": start if level == 1 else chained,
                    "labelAttributeName": attribute_of(job),
                    "labelCategoryConfigS3Uri": f"s3://{INPUTS}/categories.json",
                }
            )
    request = {"batchId": "b", "labelingJobs": specs}
    uri = f"s3://{BUCKET}/batches/b/request.json"
    house.objects.put_json(uri, request)
    rows = {job.jobName: job for job in job_rows(request)}
    for one in lanes:
        _lane(house, one, manifests[one.manifest], rows)
        first = rows[one.jobs[0].name]
        checked = {
            "startETag": house.objects.head(one.manifest).etag,
            "startLines": len(manifests[one.manifest]),
        }
        rows[first.jobName] = first.model_copy(update=checked)
    jobs = list(rows.values())
    batch = batch_row(
        request,
        status=BatchStatus.COMPLETE_WITH_ERRORS,
        requestS3Uri=uri,
        transformedAt=house.clock.now(),
        endedAt=house.clock.now(),
    )
    return Ended(batch, jobs, lanes)


def stored(house: House, found: Ended) -> Ended:
    """The same, in the table."""
    open_batch = found.batch.model_copy(update={"status": BatchStatus.IN_PROGRESS, "endedAt": None})
    house.store.create_batch(open_batch)
    for job in found.jobs:
        house.store.put_job(job)
    assert house.store.end_batch("b", 1, found.batch.status, house.clock.now())
    return found


def _lane(house: House, one: Lane, start: list[Data], rows: dict[str, JobRecord]) -> None:
    latest: dict[int, str | None] = dict.fromkeys(range(len(start)))
    why: dict[int, str] = {}
    data = {place: dict(line) for place, line in enumerate(start)}
    kept: str | None = None
    for number, job in enumerate(one.jobs):
        folder = f"s3://{BUCKET}/batches/b/outputs/{job.name}"
        changes: dict[str, Any] = {"status": job.status, "auditedAttributeName": kept}
        given = [place for place in data if number == 0 or latest[place] is not None]
        if number and len(given) < len(data):
            carried = f"s3://{BUCKET}/batches/b/inputs/{job.name}/carried.manifest"
            rest = [place for place in data if place not in given]
            house.objects.write_lines(
                carried,
                (
                    lane.carry_line(_item(place, data[place], latest[place]), why[place])
                    for place in rest
                ),
            )
            house.objects.put_json(lane.selected_uri(carried), given)
            changes["carriedS3Uri"] = carried
        if job.lost:
            changes["failureReason"] = "ClientError: it failed"
            rows[job.name] = rows[job.name].model_copy(update=changes)
            break
        for place in given:
            old = latest[place]
            if old is not None and kept is not None and old != kept:
                # As PrepareInput does: every item has its latest label under one attribute.
                data[place][kept] = data[place][old]
                data[place][f"{kept}-metadata"] = data[place][f"{old}-metadata"]
                latest[place] = kept
            if job.answers[place] == NOTHING:
                failed = {"failure-reason": "ClientError: nobody came", "job-name": job.name}
                data[place][f"{attribute_of(job)}-metadata"] = failed
                if latest[place] is None:
                    why[place] = f"{job.name}: ClientError: nobody came"
                continue
            data[place] |= label(job, place)
            if not job.modality.endswith("Verification"):
                latest[place] = attribute_of(job)
        if not job.modality.endswith("Verification"):
            kept = attribute_of(job)
        output = f"{folder}/output.manifest"
        house.objects.write_lines(output, (json.dumps(data[place]) for place in given))
        changes["outputManifestS3Uri"] = output
        rows[job.name] = rows[job.name].model_copy(update=changes)


def _item(place: int, data: Data, attribute: str | None) -> lane.LaneItem:
    text = json.dumps(data)
    return lane.LaneItem(place, lane.Item(place + 1, text, data), attribute)
