"""`terrace quality directed-audit`: files and request of a review of what was found."""

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result

from terrace.domain.categories import for_job
from terrace.domain.category_checks import check
from terrace.domain.modalities import get
from terrace_cli.main import cli
from tests.cli.test_quality_check import (
    BUCKET,
    apart,
    line,
    manifest,
    put,
    s3,
    seqlabel,
    sequence_file,
    write,
)
from tests.domain.requests import LIMITS, check_request

__all__ = ["apart", "s3"]
OUT = "s3://in-bucket/audit"
CATEGORIES = {
    "document-version": "2020-08-15",
    "labels": [{"label": "Car"}],
    "annotationType": "BoundingBox",
    "instructions": {"shortInstruction": "Draw cars.", "fullInstruction": "Draw every car."},
}


@pytest.fixture(autouse=True)
def bucket(s3: Any) -> None:
    s3.create_bucket(Bucket="in-bucket")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["quality", "directed-audit", *arguments])


def options(tmp_path: Path, *more: str, attribute: str = "car-ref") -> list[str]:
    categories = write(tmp_path / "categories.json", CATEGORIES)
    return ["--attribute", attribute, "--category-file", categories, *more]


def at(uri: str) -> Any:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    text = boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    return [json.loads(row) for row in text.splitlines()] if "manifest" in key else json.loads(text)


def accepted(request: dict[str, Any]) -> Any:
    made, problems = check_request(request, LIMITS)
    assert problems == []
    return made


def one_sequence(**boxes_at: Any) -> tuple[str, str]:
    """A SeqLabel.json in S3, and the input manifest of its sequence."""
    labels = put("out/SeqLabel.json", json.dumps(seqlabel(**boxes_at)))
    source = put("in/clip.json", sequence_file())
    return labels, put("in/input.manifest", json.dumps({"source-ref": source}))


def test_a_seqlabel_and_its_input_manifest_become_an_audit_that_create_accepts(
    tmp_path: Path,
) -> None:
    # Given a car that has no box in frame 9, and an input manifest that knows no label
    labels, given = one_sequence(f9=None)
    result = run(labels, "--manifest", given, "--out", OUT, *options(tmp_path))
    assert result.exit_code == 0, result.output
    # Then the request is one that is accepted, and the same is kept beside the files
    request = json.loads(result.stdout)
    job = accepted(request).labelingJobs[0]
    assert job.jobModality == "VideoObjectTrackingAudit"
    assert at(f"{OUT}/batch.json") == request
    # And the manifest points at the labels, with the metadata that a review needs
    (row,) = at(job.inputConfig.inputManifestS3Uri)
    assert row["car-ref"] == labels
    assert row["car-ref-metadata"]["type"] == "groundtruth/video-object-tracking"
    assert row["car-ref-metadata"]["class-map"] == {"0": "Car"}
    # And workers read where to look, in a file that Ground Truth takes
    categories = at(job.labelCategoryConfigS3Uri)
    assert "000009.jpg (frame 9)" in categories["instructions"]["shortInstruction"]
    assert categories["instructions"]["fullInstruction"].startswith("Draw every car.")
    modality = get("VideoObjectTrackingAudit")
    made = for_job(
        modality, own=categories, inherited=None, audited_attribute="car-ref", instructions=None
    )
    assert check(made, modality, "file").problems == []
    assert "1 items, 30 frames to review" in result.stderr


def test_the_same_labels_make_the_same_batch_and_others_another(tmp_path: Path) -> None:
    ids = []
    for frame in (9, 9, 12):
        labels, given = one_sequence(**{f"f{frame}": None})
        result = run(labels, "--manifest", given, "--out", OUT, *options(tmp_path))
        request = json.loads(result.stdout)
        row = at(f"{OUT}/audit.manifest")[0]
        assert row["car-ref"] == labels
        ids.append(request["batchId"])
    assert ids[0].startswith("directed-audit-")
    assert ids[0] == ids[1] != ids[2]


def test_clips_show_the_flagged_frames_and_their_labels_only(tmp_path: Path) -> None:
    labels, given = one_sequence(f9=None)
    result = run(
        *(labels, "--manifest", given, "--out", OUT, "--clips", "--context", "2"),
        *options(tmp_path),
    )
    assert result.exit_code == 0, result.output
    (row,) = at(f"{OUT}/audit.manifest")
    sequence, part = at(row["source-ref"]), at(row["car-ref"])
    names = [f"{n:06}.jpg" for n in range(7, 12)]
    assert [frame["frame"] for frame in sequence["frames"]] == names
    assert sequence["number-of-frames"] == 5
    assert [frame["frame"] for frame in part["tracking-annotations"]] == names
    assert "5 frames to review" in result.stderr


def test_a_local_file_is_put_beside_the_rest_and_the_folder_can_be_copied(tmp_path: Path) -> None:
    _, given = one_sequence()
    labels = write(tmp_path / "SeqLabel.json", seqlabel(f9=None))
    out = tmp_path / "audit"
    more = ["--manifest", given, "--out", str(out), "--as", OUT, "--batch-id", "my-audit"]
    result = run(labels, *more, *options(tmp_path))
    assert result.exit_code == 0, result.output
    assert f"aws s3 cp --recursive {out} {OUT}/" in result.stderr
    request = json.loads((out / "batch.json").read_text(encoding="utf-8"))
    assert (request["batchId"], accepted(request).labelingJobs[0].jobName) == (
        "my-audit",
        "my-audit-review",
    )
    row = json.loads((out / "audit.manifest").read_text(encoding="utf-8"))
    assert row["car-ref"] == f"{OUT}/labels/SeqLabel.json"
    copied = json.loads((out / "labels/SeqLabel.json").read_text(encoding="utf-8"))
    assert copied == seqlabel(f9=None)


def test_of_a_manifest_of_images_only_the_flagged_lines_are_sent(tmp_path: Path) -> None:
    path = tmp_path / "output.manifest"
    path.write_text(manifest(line(12, (600, 10, 90, 100))), encoding="utf-8")
    result = run(str(path), "--out", OUT, *options(tmp_path, attribute="label"))
    assert result.exit_code == 0, result.output
    job = accepted(json.loads(result.stdout)).labelingJobs[0]
    assert job.jobModality == "BoundingBoxAdjustment"
    rows = at(f"{OUT}/audit.manifest")
    assert [row["source-ref"] for row in rows] == [f"s3://{BUCKET}/images/012.jpg"]
    # Workers of images read the request's instructions, not the category file's
    assert "012.jpg" in job.instructions.shortInstruction
    assert "012.jpg" in job.instructions.fullInstruction
    assert "(line" not in job.instructions.fullInstruction
    assert at(f"{OUT}/categories.json")["instructions"] == CATEGORIES["instructions"]


def test_where_nothing_is_flagged_nothing_is_written(tmp_path: Path) -> None:
    labels, given = one_sequence()
    result = run(labels, "--manifest", given, "--out", OUT, *options(tmp_path))
    assert result.exit_code == 1
    assert "there is nothing to audit" in result.stderr
    assert "Contents" not in boto3.client("s3").list_objects_v2(Bucket="in-bucket")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--out", "folder"], "--as s3://"),
        (["--out", OUT, "--as", OUT], "in S3 already"),
        (["--out", "s3://X/y"], "s3://X/y"),
        (["--out", OUT, "--context", "3"], "--context is of --clips"),
        (["--out", OUT], "name the manifest"),
        (["--out", OUT, "--batch-id", "b" * 60], "the request would be refused"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, more: list[str], words: str) -> None:
    labels, given = one_sequence(f9=None)
    if "name the manifest" not in words:
        more = [*more, "--manifest", given]
    refused = run(labels, *more, *options(tmp_path))
    assert refused.exit_code == 2, refused.output
    assert words in refused.stderr


def test_labels_that_nobody_can_review_are_refused(tmp_path: Path) -> None:
    about = {"type": "groundtruth/text-classification", "class-name": "a", "confidence": 0.2}
    sure = {**about, "confidence": 0.9}
    rows = [
        {"source": f"text {n}", "mood": 0, "mood-metadata": about if n == 3 else sure}
        for n in range(9)
    ]
    path = tmp_path / "output.manifest"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    refused = run(str(path), "--out", OUT, *options(tmp_path, attribute="mood"))
    assert refused.exit_code == 2
    assert "no review of labels of type groundtruth/text-classification" in refused.stderr
