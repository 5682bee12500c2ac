"""An example batch for every modality: label, then every review that Ground Truth has for it.

`events/api.create.<Modality>.json` holds the same batches as API events, for the docs, for
`sam local invoke` and for tests; `python -m terrace_cli.demo.examples` writes them from here.
"""

import json
from pathlib import Path
from typing import Any

from terrace.domain.modalities import MODALITIES, Modality
from terrace_local.samples import MODALITIES as SAMPLED
from terrace_local.samples import PAGE, has_page, variants

NAMES = SAMPLED
"""Every base modality, in the order they are shown."""
EVENT_SAMPLES = "s3://in-bucket/samples/"
PEOPLE = 3
"""Answers per item where more than one person may give one."""

_REVIEWS = {"audit": "audit", "verification": "verify", "adjustment": "adjust"}
# Where it needs no more of them, since Ground Truth fixes it.
_ONE_PERSON = ("video-frame", "3d")


def reviews_of(base: str) -> list[Modality]:
    """The reviews of a base modality, in the order they are best done in."""
    rows = [row for row in MODALITIES.values() if row.base == base and row.review]
    return sorted(rows, key=lambda row: list(_REVIEWS).index(str(row.review)))


def sample_base(samples: str, modality: str, variant: str) -> str:
    """Where a sample lives below the folder of all samples."""
    return f"{samples}{modality}/{variant}/" if variant else f"{samples}{modality}/"


def first_jobs(modality: str, batch_id: str) -> list[str]:
    """The names of the jobs of level 1."""
    return [f"{batch_id}-{variant or 'items'}" for variant in variants(modality)]


def example_request(modality: str, batch_id: str, samples: str) -> dict[str, Any]:
    """The body of `POST /batch/create`.

    Args:
        modality: A base modality.
        batch_id: Of the batch; part of the jobs' names.
        samples: Folder of all samples; see `sample_base`.
    """
    jobs: list[dict[str, Any]] = []
    for variant, first in zip(variants(modality), first_jobs(modality, batch_id), strict=True):
        base = sample_base(samples, modality, variant)
        row = MODALITIES[modality]
        label: dict[str, Any] = {
            "jobName": first,
            "jobLevel": 1,
            "jobModality": modality,
            "inputConfig": {"inputManifestS3Uri": f"{base}items.manifest"},
            "labelCategoryConfigS3Uri": f"{base}labels.json",
            "onIncomplete": "retry",
            "maxAttempts": 3,
        }
        if row.family not in (*_ONE_PERSON, "custom"):
            label["numberOfHumanWorkersPerDataObject"] = PEOPLE
        own_page = has_page(modality, variant)
        if own_page:
            label["uiTemplateS3Uri"] = base + PAGE
        jobs.append(label)
        before = first
        steps = [(review.name, _REVIEWS[str(review.review)]) for review in reviews_of(modality)]
        if modality == "Custom" and not own_page:
            # A custom job that chains from a custom job is a review of it.
            steps = [(modality, "review")]
        for level, (name, suffix) in enumerate(steps, start=2):
            job = {
                "jobName": f"{first}-{suffix}",
                "jobLevel": level,
                "jobModality": name,
                "inputConfig": {"chainFromJobName": before},
            }
            jobs.append(job)
            before = job["jobName"]
    jobs.sort(key=lambda job: job["jobLevel"])
    return {"batchId": batch_id, "pacing": "dependency", "labelingJobs": jobs}


def example_event(modality: str) -> dict[str, Any]:
    """The same batch as an event of API Gateway's."""
    body = example_request(modality, f"example-{modality}", EVENT_SAMPLES)
    return {
        "resource": "/batch/create",
        "path": "/batch/create",
        "httpMethod": "POST",
        "headers": {"Content-Type": "application/json"},
        "multiValueHeaders": {"Content-Type": ["application/json"]},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": "/batch/create",
            "httpMethod": "POST",
            "path": "/prod/batch/create",
            "stage": "prod",
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "accountId": "111122223333",
            "identity": {"sourceIp": "127.0.0.1"},
        },
        "body": json.dumps(body),
        "isBase64Encoded": False,
    }


def event_files() -> dict[str, str]:
    """File name -> content, for every modality."""
    return {
        f"api.create.{name}.json": json.dumps(example_event(name), indent=2) + "\n"
        for name in NAMES
    }


if __name__ == "__main__":
    for file, content in event_files().items():
        (Path("events") / file).write_text(content, encoding="utf-8")
