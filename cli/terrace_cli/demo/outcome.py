"""What came of an example batch: how it ended, and whether its files are Ground Truth's."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from terrace_cli.demo.results import read_s3
from terrace_cli.gt_shapes import Report, check_job, check_manifest
from terrace_cli.views import BatchView

_MANIFEST = "/manifests/output/output.manifest"
_MERGED = re.compile(r".+/merged/[^/]+/output\.manifest")


@dataclass
class Outcome:
    """One example batch.

    Attributes:
        modality: Its base modality.
        status: How the batch ended.
        jobs: Labeling jobs that ran, every attempt counted.
        report: What the check of all their files came to.
        changed: Items that a review changed.
        missing: What should have happened and did not.
        seconds: From its creation until it was seen to have ended.
    """

    modality: str
    status: str
    jobs: int = 0
    report: Report = field(default_factory=Report)
    changed: int = 0
    missing: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        """True if it is all that it should be."""
        return self.status == "COMPLETE" and not self.report.problems and not self.missing


def look_at(
    s3: Any, sagemaker: Any, batch: BatchView, *, modality: str, bucket: str, seconds: float
) -> Outcome:
    """Reads every file of every labeling job of a batch.

    Args:
        s3: A boto3 S3 client.
        sagemaker: A boto3 SageMaker client.
        batch: The batch, ended.
        modality: Its base modality.
        bucket: The batch bucket.
        seconds: How long it took.
    """
    outcome = Outcome(modality, batch.status, seconds=seconds)
    uris = list(_uris(s3, bucket, f"batches/{batch.batch_id}/outputs/"))
    roots = sorted(uri.removesuffix(_MANIFEST) for uri in uris if uri.endswith(_MANIFEST))
    levels = {job.attribute: job.level for job in batch.jobs}

    @cache
    def fetch(uri: str) -> bytes:
        try:
            return read_s3(s3, uri)
        except (s3.exceptions.NoSuchKey, s3.exceptions.NoSuchBucket, ValueError) as error:
            raise LookupError(uri) from error

    for root in roots:
        outcome.jobs += 1
        job = sagemaker.describe_labeling_job(LabelingJobName=root.rsplit("/", 1)[1])
        attribute = job["LabelAttributeName"]
        source = job["InputConfig"]["DataSource"]["S3DataSource"]["ManifestS3Uri"]
        below = [uri for uri in uris if uri.startswith(f"{root}/")]
        report = check_job(root, below, attribute, fetch, fetch(source))
        outcome.report.add(report)
        if levels.get(attribute, 1) > 1:
            outcome.changed += _adjusted(fetch(root + _MANIFEST), attribute)
    for uri in uris:
        if _MERGED.fullmatch(uri):
            # Several attempts in one: its lines are those of the attempts, so they count once.
            merged = check_manifest(fetch(uri), uri, fetch=fetch, strict=True)
            outcome.report.problems += merged.problems
    expected = sum(job.status == "COMPLETE" for job in batch.jobs)
    if len(roots) < expected:
        outcome.missing.append(f"{expected} jobs are COMPLETE, {len(roots)} have an output")
    return outcome


def _adjusted(manifest: bytes, attribute: str) -> int:
    """Items whose labels this review changed; earlier reviews' marks on the line do not count."""
    count = 0
    for line in filter(None, manifest.decode("utf-8").split("\n")):
        row = json.loads(line)
        value, metadata = row.get(attribute), row.get(f"{attribute}-metadata") or {}
        # The skeleton page says it in the label itself.
        modified = isinstance(value, dict) and value.get("was_modified") is True
        count += modified or metadata.get("adjustment-status") == "adjusted"
    return count


def _uris(s3: Any, bucket: str, prefix: str) -> Iterator[str]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for row in page.get("Contents", []):
            yield f"s3://{bucket}/{row['Key']}"
