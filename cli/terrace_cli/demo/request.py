"""The demo's batch: two lanes of three levels each."""

import secrets
import time
from dataclasses import dataclass
from typing import Any

BOXES, LINES, IMAGES = "vehicle", "lane", "image"


@dataclass(frozen=True)
class Lane:
    """Three jobs that chain: label, then a review, then an adjustment.

    Attributes:
        name: What is labeled; part of the jobs' names.
        modalities: Of the three levels.
        shape: `box` or `polyline`, as the truth calls it.
        suffixes: What tells the three jobs' names apart.
    """

    name: str
    modalities: tuple[str, str, str]
    shape: str
    suffixes: tuple[str, str, str] = ("", "-audit", "-adjust")

    def jobs(self, batch_id: str) -> tuple[str, str, str]:
        """The names of its jobs, level by level."""
        first, second, third = (f"{batch_id}-{self.name}{suffix}" for suffix in self.suffixes)
        return first, second, third


VEHICLES = Lane(
    BOXES,
    ("VideoObjectTracking", "VideoObjectTrackingAudit", "VideoObjectTrackingAdjustment"),
    "box",
)
LANES = Lane(
    LINES,
    ("VideoObjectDetection", "VideoObjectDetectionAudit", "VideoObjectDetectionAdjustment"),
    "polyline",
)


@dataclass(frozen=True)
class Material:
    """What a lane starts from: S3 URIs of its manifest and of its label category file."""

    manifest: str
    categories: str


def new_batch_id(now: float | None = None) -> str:
    """An id no batch had before: Ground Truth's names are spent for ever."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(now))
    return f"demo-{stamp}-{secrets.token_hex(2)}"


def demo_request(batch_id: str, lanes: dict[Lane, Material]) -> dict[str, Any]:
    """The body of `POST /batch/create`: three jobs for each lane."""
    jobs: list[dict[str, Any]] = []
    for level in range(3):
        for lane, material in lanes.items():
            names = lane.jobs(batch_id)
            job: dict[str, Any] = {
                "jobName": names[level],
                "jobLevel": level + 1,
                "jobModality": lane.modalities[level],
            }
            if level == 0:
                job["inputConfig"] = {"inputManifestS3Uri": material.manifest}
                job["labelCategoryConfigS3Uri"] = material.categories
            else:
                job["inputConfig"] = {"chainFromJobName": names[level - 1]}
            jobs.append(job)
    return {"batchId": batch_id, "labelingJobs": jobs}


def image_job(batch_id: str, material: Material) -> dict[str, Any]:
    """One image BoundingBox job, beside the lanes."""
    return {
        "jobName": f"{batch_id}-{IMAGES}",
        "jobLevel": 1,
        "jobModality": "BoundingBox",
        "inputConfig": {"inputManifestS3Uri": material.manifest},
        "labelCategoryConfigS3Uri": material.categories,
    }


def image_review(batch_id: str) -> dict[str, Any]:
    """The adjustment of the image job's boxes."""
    return {
        "jobName": f"{batch_id}-{IMAGES}-adjust",
        "jobLevel": 2,
        "jobModality": "BoundingBoxAdjustment",
        "inputConfig": {"chainFromJobName": f"{batch_id}-{IMAGES}"},
    }
