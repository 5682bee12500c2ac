"""What a batch delivered: fetched, copied to this machine, and measured against the truth."""

import json
from dataclasses import dataclass
from pathlib import Path
from posixpath import basename, splitext
from typing import Any

from terrace_cli.demo.request import Lane
from terrace_cli.demo.score import Score, score_sequence
from terrace_cli.views import BatchView
from terrace_local.workers.truth import VideoTruth, split_s3


@dataclass(frozen=True)
class LevelScore:
    """The score of one job's labels."""

    lane: str
    level: int
    job: str
    score: Score


def read_s3(s3: Any, uri: str) -> bytes:
    """The object at an S3 URI."""
    bucket, key = split_s3(uri)
    body: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return body


def read_manifest(s3: Any, uri: str) -> list[dict[str, Any]]:
    """The lines of a manifest."""
    text = read_s3(s3, uri).decode("utf-8")
    return [json.loads(line) for line in text.split("\n") if line.strip()]


def score_lane(
    s3: Any, batch: BatchView, lane: Lane, truths: dict[str, VideoTruth]
) -> list[LevelScore]:
    """The score of every job of a lane that has an output.

    Args:
        s3: A boto3 S3 client.
        batch: The batch, as `show` gives it.
        lane: The lane.
        truths: Sequence name -> what is really on its frames.
    """
    jobs = {job.name: job for job in batch.jobs}
    found: list[LevelScore] = []
    for name in lane.jobs(batch.batch_id):
        job = jobs.get(name)
        if job is None or not job.output:
            continue
        total = Score()
        for line in read_manifest(s3, job.output):
            if not isinstance(line.get(job.attribute), str):
                continue
            truth = truths[splitext(basename(line["source-ref"]))[0]]
            class_map = line[f"{job.attribute}-metadata"].get("class-map", {})
            labels = json.loads(read_s3(s3, line[job.attribute]))
            total += score_sequence(labels, class_map, truth, lane.shape)
        found.append(LevelScore(lane.name, job.level, name, total))
    return found


def copy_finals(s3: Any, batch: BatchView, folder: Path) -> list[Path]:
    """Copies manifest and label files of the jobs nothing chains from; returns what was written.

    A label file lands in `<job>/<item>/SeqLabel.json`, the manifest in `<job>/output.manifest`
    (its S3 URIs stay as they are).
    """
    chained = {job.chained_from for job in batch.jobs}
    written: list[Path] = []
    for job in batch.jobs:
        if job.name in chained or not job.output:
            continue
        place = folder / job.name
        written.append(_save(place / "output.manifest", read_s3(s3, job.output)))
        for number, line in enumerate(read_manifest(s3, job.output)):
            uri = line.get(job.attribute)
            if isinstance(uri, str) and uri.startswith("s3://"):
                written.append(_save(place / str(number) / basename(uri), read_s3(s3, uri)))
    return written


def _save(path: Path, body: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    return path
