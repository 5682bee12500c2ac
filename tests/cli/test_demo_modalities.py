"""`terrace demo --modality`: which batches it makes, and when it calls one good."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from terrace.domain.modalities import MODALITIES
from terrace_cli.demo.examples import NAMES, event_files, example_request, first_jobs
from terrace_cli.demo.modalities import chosen
from terrace_cli.demo.outcome import Outcome, look_at
from terrace_cli.errors import EXIT_WRONG, TerraceError
from terrace_cli.gt_shapes import Report
from terrace_cli.views import BatchView
from tests.cli.shows import job, view

ROOT = Path(__file__).parents[2]


def test_the_event_files_hold_the_batches_that_the_demo_makes() -> None:
    for name, content in event_files().items():
        committed = (ROOT / "events" / name).read_text(encoding="utf-8")
        assert committed == content, "run `python -m terrace_cli.demo.examples`"


def test_every_modality_of_the_table_is_in_an_example() -> None:
    asked = {
        row["jobModality"]
        for name in NAMES
        for row in example_request(name, "b", "s3://in-bucket/samples/")["labelingJobs"]
    }

    assert asked == set(MODALITIES)


@pytest.mark.parametrize("name", NAMES)
def test_names_are_short_enough_for_a_second_attempt_and_each_review_follows_its_job(
    name: str,
) -> None:
    rows = example_request(name, f"ex-012345-{name}", "s3://in-bucket/samples/")["labelingJobs"]

    names = [row["jobName"] for row in rows]
    assert max(map(len, names)) <= 60
    assert names[: len(first_jobs(name, f"ex-012345-{name}"))] == first_jobs(
        name, f"ex-012345-{name}"
    )
    levels = {row["jobName"]: row["jobLevel"] for row in rows}
    for row in rows[len(first_jobs(name, "b")) :]:
        assert levels[row["inputConfig"]["chainFromJobName"]] == row["jobLevel"] - 1


def test_names_may_be_those_of_reviews_and_in_any_case() -> None:
    assert chosen("all") == list(NAMES)
    assert chosen("boundingbox, PointCloudObjectTrackingAudit,BoundingBoxAdjustment") == [
        "BoundingBox",
        "PointCloudObjectTracking",
    ]
    with pytest.raises(TerraceError, match="there is no modality Cuboids") as refused:
        chosen("BoundingBox,Cuboids")
    assert refused.value.exit_code == EXIT_WRONG
    assert "PointCloudObjectTracking" in refused.value.hint


def test_only_a_complete_batch_with_nothing_wrong_or_missing_is_good() -> None:
    assert Outcome("Custom", "COMPLETE").good
    assert not Outcome("Custom", "COMPLETE_WITH_ERRORS").good
    assert not Outcome("Custom", "COMPLETE", missing=["no item failed"]).good
    assert not Outcome("Custom", "COMPLETE", report=Report(problems=["x: y"])).good


class Bucket:
    """S3 as far as the reader of outputs uses it."""

    class exceptions:
        class NoSuchKey(Exception):
            pass

        class NoSuchBucket(Exception):
            pass

    def __init__(self, objects: dict[str, bytes]) -> None:
        self.objects = objects

    def get_paginator(self, _: str) -> "Bucket":
        return self

    def paginate(self, Bucket: str, Prefix: str) -> list[dict[str, Any]]:
        return [{"Contents": [{"Key": key} for key in self.objects if key.startswith(Prefix)]}]

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        if Key not in self.objects:
            raise self.exceptions.NoSuchKey(Key)
        return {"Body": io.BytesIO(self.objects[Key])}


class SageMaker:
    """What was asked for, by the name of the labeling job."""

    def __init__(self, jobs: dict[str, tuple[str, str]]) -> None:
        self.jobs = jobs

    def describe_labeling_job(self, LabelingJobName: str) -> dict[str, Any]:
        attribute, uri = self.jobs[LabelingJobName]
        source = {"S3DataSource": {"ManifestS3Uri": uri}}
        return {"LabelAttributeName": attribute, "InputConfig": {"DataSource": source}}


def read(objects: dict[str, bytes], sagemaker: SageMaker, batch: BatchView) -> Outcome:
    return look_at(
        Bucket(objects), sagemaker, batch, modality="TextMultiClass", bucket="bucket", seconds=1.0
    )


def line(name: str, **more: Any) -> dict[str, Any]:
    common = {
        "type": "groundtruth/text-classification",
        "class-name": "Praise",
        "confidence": 0,
        "human-annotated": "yes",
        "creation-date": "2026-11-20T09:51:00.148118",
        "job-name": f"labeling-job/{name}",
    }
    return {"source": "x", name: 0, f"{name}-metadata": {**common, **more}}


def test_every_attempt_is_read_and_what_a_review_changed_is_counted() -> None:
    failed = {
        "source": "x",
        "one-metadata": {"retry-count": 1, "failure-reason": "expired", "human-annotated": "true"},
    }
    folder = "batches/b1/outputs/one"
    output = "manifests/output/output.manifest"

    def body(row: dict[str, Any]) -> bytes:
        return (json.dumps(row) + "\n").encode()

    objects = {
        f"{folder}/a1/one/{output}": body(failed),
        f"{folder}/a2/one-a2/{output}": body(line("one")),
        f"batches/b1/outputs/two/a1/two/{output}": body(
            {**line("one"), **line("two", **{"adjustment-status": "adjusted"})}
        ),
        "items.manifest": body({"source": "x"}),
        "batches/b1/one.manifest": body(line("one")),
        "batches/other/outputs/x/manifests/output/output.manifest": b"never read",
    }
    batch = view(
        "COMPLETE",
        job("one", "COMPLETE", labelAttributeName="one"),
        job("two", "COMPLETE", level=2, labelAttributeName="two"),
    )

    sagemaker = SageMaker(
        {
            "one": ("one", "s3://bucket/items.manifest"),
            "one-a2": ("one", "s3://bucket/items.manifest"),
            "two": ("two", "s3://bucket/batches/b1/one.manifest"),
        }
    )
    outcome = read(objects, sagemaker, batch)

    assert outcome.report.problems == []
    assert (outcome.jobs, outcome.report.failed, outcome.changed) == (3, 1, 1)
    assert outcome.good

    objects[f"{folder}/a2/one-a2/{output}"] = body(line("one", confidence=7))
    outcome = read(objects, sagemaker, batch)

    assert not outcome.good
    assert "must be a number from 0 to 1" in outcome.report.problems[0]
