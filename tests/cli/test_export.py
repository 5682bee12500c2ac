"""`terrace export`: a batch's final manifests in the formats of trainers, on this machine."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result
from moto import mock_aws
from PIL import Image

from terrace.domain.exports.formats import FORMATS
from terrace_cli.delivered import delivered_lines
from terrace_cli.main import cli
from tests.cli.fake_api import FakeApi

BUCKET = "batch-bucket"
Json = dict[str, Any]


class Batches:
    """A batch bucket, and what the API says of its batches."""

    def __init__(self, s3: Any, api: FakeApi, folder: Path) -> None:
        self.s3, self.folder = s3, folder
        self.shown: list[Json] = []
        api.answers = self.shown

    def put(self, key: str, content: Any) -> str:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=data)
        return f"s3://{BUCKET}/{key}"

    def add(self, batch_id: str, status: str = "COMPLETE", **manifests: list[Json]) -> None:
        """A batch with one lane `<id>-car`, and its final manifests by outcome."""
        outputs = {}
        for outcome, lines in manifests.items():
            key = "final" if outcome == "accepted" else outcome
            text = "".join(json.dumps(line) + "\n" for line in lines).encode()
            outputs[f"{key}ManifestS3Uri"] = self.put(f"{batch_id}/{outcome}.manifest", text)
        row = {
            "labelingJobName": f"{batch_id}-car",
            "labelCategoryS3Uri": self.put(
                f"{batch_id}/c.json", {"labels": [{"label": "bus"}, {"label": "car"}]}
            ),
        }
        level = {"status": "COMPLETE", "jobLevels": [row]}
        self.shown.append(
            {"batchId": batch_id, "status": status, "firstLevel": level, "outputs": outputs}
        )

    def run(self, *args: Any) -> Result:
        return CliRunner().invoke(cli, ["export", *map(str, args)])

    def done(self, *args: Any) -> str:
        result = self.run(*args)
        assert result.exit_code == 0, result.output
        return result.output

    def rows(self, path: str) -> list[dict[str, str]]:
        return list(csv.DictReader((self.folder / path).open()))


@pytest.fixture
def batches(
    api: FakeApi,
    here: Callable[..., Json],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[Batches]:
    here()
    with mock_aws():
        client = boto3.client("s3", "us-east-1")
        client.create_bucket(Bucket=BUCKET)
        monkeypatch.setattr("terrace_cli.commands.export._s3", lambda *_: lambda: client)
        yield Batches(client, api, tmp_path)


def line(
    name: str, batch_id: str = "zoo", status: str = "accepted", label: Json | None = None
) -> Json:
    """A line with one box of a car in it."""
    job = f"{batch_id}-car"
    box = {"class_id": 0, "left": 5, "top": 1, "width": 10, "height": 20}
    size = {"width": 100, "height": 80, "depth": 3}
    return {
        "source-ref": f"s3://{BUCKET}/set/{name}",
        job: {"image_size": [size], "annotations": [box]} if label is None else label,
        f"{job}-metadata": {"type": "groundtruth/object-detection", "class-map": {"0": "car"}},
        "terrace": {
            "batch": batch_id,
            "outcome": status,
            "lanes": [
                {
                    "lane": job,
                    "attribute": job,
                    "status": status,
                    "history": [
                        {"job": job, "modality": "BoundingBox", "level": 1, "attribute": job}
                    ],
                }
            ],
        },
    }


def test_one_format_is_written_with_the_ids_of_the_category_file(batches: Batches) -> None:
    batches.add("zoo", accepted=[line("a/x.png"), line("b/x.png")], rejected=[line("c.png")])
    said = batches.done("zoo", "--format", "csv")
    assert "zoo-csv: csv, 2 items, 2 classes" in said
    rows = batches.rows("zoo-csv/labels.csv")
    assert [(row["img_file"], row["category"], row["class_id"]) for row in rows] == [
        ("a/x.png", "car", "1"),
        ("b/x.png", "car", "1"),
    ]


def test_include_takes_the_rejected_too(batches: Batches) -> None:
    batches.add("zoo", accepted=[line("a.png")], rejected=[line("c.png", status="rejected")])
    both = ["--include", "accepted", "--include", "rejected"]
    assert "2 items" in batches.done("zoo", "--format", "csv", *both)
    [row] = (
        batches.done("zoo", "--format", "csv", "--out", "r", "--include", "rejected"),
        *batches.rows("r/labels.csv"),
    )[1:]
    assert row["img_file"] == "c.png"


def test_all_writes_what_can_hold_the_labels_and_says_why_the_others_cannot(
    batches: Batches,
) -> None:
    batches.add("zoo", accepted=[line("a.png")])
    said = batches.done("zoo", "--format", "all")
    written = {path.name for path in (batches.folder / "zoo-exports").iterdir()}
    assert written >= {"coco", "yolo", "voc", "cvat", "labelme", "csv", "ground-truth", "kitti"}
    for name in FORMATS:
        assert (name in written) != (f"{name}: not written: " in said)
    assert "conll: not written" in said
    assert "conll has no place for the labels of zoo-car" in said


def test_of_several_formats_those_that_can_be_written_are_and_the_error_stays_one(
    batches: Batches,
) -> None:
    batches.add("zoo", accepted=[line("a.png")])
    result = batches.run("zoo", "--format", "mot", "--format", "coco", "--out", "out")
    assert result.exit_code == 2
    assert "mot: not written: " in result.output
    assert (batches.folder / "out/coco/annotations/instances_train.json").is_file()
    assert not (batches.folder / "out/mot").exists()


def test_several_batches_are_one_data_set_where_one_class_is_said_to_be_the_same(
    batches: Batches,
) -> None:
    batches.add("zoo", accepted=[line("one/x.png")])
    batches.add("new", accepted=[line("two/x.png", "new")])
    shown = list(batches.shown)
    result = batches.run("zoo", "new", "--format", "csv")
    assert result.exit_code == 2
    assert "zoo-car and new-car both have it" in result.output
    batches.shown[:] = shown
    batches.done("zoo", "new", "--format", "csv", "--on-conflict", "same")
    rows = batches.rows("zoo-new-csv/labels.csv")
    assert [(row["img_file"], row["class_id"]) for row in rows] == [
        ("one/x.png", "1"),
        ("two/x.png", "1"),
    ]
    batches.shown[:] = shown
    batches.done("zoo", "new", "--format", "csv", "--on-conflict", "prefix", "--out", "p")
    assert [row["category"] for row in batches.rows("p/labels.csv")] == [
        "zoo-car/car",
        "new-car/car",
    ]


def _two_rounds(batches: Batches, old: list[str], new: list[str]) -> None:
    """Two batches with a job of one name; the second one's boxes are of the last of its classes."""
    for batch_id, names in (("old", old), ("new", new)):
        there = line(f"{batch_id}/a.png", "zoo")
        there["zoo-car-metadata"]["class-map"] = {"0": names[-1]}
        batches.add(batch_id, accepted=[there])
        row = batches.shown[-1]["firstLevel"]["jobLevels"][0]
        config = {"labels": [{"label": name} for name in names]}
        row["labelingJobName"] = "zoo-car"
        row["labelCategoryS3Uri"] = batches.put(f"{batch_id}/c.json", config)


@pytest.mark.parametrize("order", [("old", "new"), ("new", "old")])
def test_a_second_round_with_more_classes_is_one_data_set_in_either_order(
    batches: Batches, order: tuple[str, str]
) -> None:
    _two_rounds(batches, ["car", "bus"], ["car", "bus", "van"])
    if order[0] == "new":
        batches.shown.reverse()
    batches.done(*order, "--format", "csv", "--out", "out")
    rows = {row["category"]: row["class_id"] for row in batches.rows("out/labels.csv")}
    assert rows == {"bus": "1", "van": "2"}


def test_category_files_of_one_job_that_contradict_each_other_are_both_named(
    batches: Batches,
) -> None:
    _two_rounds(batches, ["bus", "car"], ["car", "bus", "van"])
    result = batches.run("old", "new", "--format", "csv", "--out", "out")
    assert result.exit_code == 2
    assert f"s3://{BUCKET}/old/c.json and s3://{BUCKET}/new/c.json" in result.output
    assert not (batches.folder / "out").exists()


def test_images_are_copied_and_one_base_name_in_two_folders_stays_two(batches: Batches) -> None:
    for folder, color in (("a", "red"), ("b", "blue")):
        picture = io.BytesIO()
        Image.new("RGB", (100, 80), color).save(picture, "PNG")
        batches.put(f"set/{folder}/x.png", picture.getvalue())
    batches.add("zoo", accepted=[line("a/x.png"), line("b/x.png")])
    batches.done("zoo", "--format", "yolo", "--copy-images", "--out", "out")
    for folder, color in (("a", (255, 0, 0)), ("b", (0, 0, 255))):
        with Image.open(batches.folder / f"out/images/train/{folder}/x.png") as found:
            assert found.getpixel((0, 0)) == color
        assert (batches.folder / f"out/labels/train/{folder}/x.txt").is_file()


def test_items_that_only_another_lane_has_labeled_are_said(batches: Batches) -> None:
    alone = line("a.png")
    empty = {"lane": "road", "attribute": None, "status": "unlabeled", "history": []}
    alone["terrace"]["lanes"].append(empty)
    both = line("b.png")
    other = {"road": both["zoo-car"], "road-metadata": both["zoo-car-metadata"]}
    both |= other
    both["terrace"]["lanes"].append({**empty, "attribute": "road", "status": "accepted"})
    batches.add("zoo", accepted=[alone, both])
    said = batches.done("zoo", "--format", "csv", "--on-conflict", "same")
    assert "1 items have no such label of road, only of other lanes" in said


def test_lines_whose_label_a_reviewer_rejected_are_told_from_those_never_labeled(
    batches: Batches,
) -> None:
    failed = line("b.png")
    road = {"lane": "road", "attribute": "road", "status": "accepted", "history": []}
    failed["terrace"]["lanes"] = [{**failed["terrace"]["lanes"][0], "status": "rejected"}, road]
    never = {key: value for key, value in line("c.png").items() if not key.startswith("zoo-car")}
    never["terrace"]["lanes"] = [{**never["terrace"]["lanes"][0], "status": "unlabeled"}, road]
    batches.add("zoo", accepted=[line("a.png"), failed, never])
    said = batches.done("zoo", "--format", "csv", "--attribute", "zoo-car")
    assert "2 lines have none of these attributes (rejected: 1, unlabeled: 1) and" in said


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["zoo", "--format", "cocoo"], 2, "did you mean coco?"),
        (["zoo", "--format", "csv", "--image-size", "big"], 2, "is not WIDTHxHEIGHT"),
        (["zoo", "--format", "conll"], 2, "conll has no place for the labels of zoo-car"),
        (["zoo", "--format", "csv", "--attribute", "cat"], 2, "label attributes there are: zoo-"),
        (["zoo", "--format", "csv", "--include", "unlabeled"], 2, "no item is unlabeled"),
        (["zoo", "--format", "csv", "--out", ".terrace"], 2, "exists already"),
    ],
)
def test_what_cannot_be_done_is_said(
    batches: Batches, words: list[str], code: int, says: str
) -> None:
    batches.add("zoo", accepted=[line("a.png")])
    result = batches.run(*words)
    assert (result.exit_code, says in result.output) == (code, True), result.output


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ((404, {"message": "unknown"}), "there is no batch zoo"),
        ({"batchId": "zoo", "status": "IN_PROGRESS", "outputs": {}}, "has not ended yet"),
        (
            {
                "batchId": "zoo",
                "status": "FAILED",
                "toldAt": "2026-11-21T10:00:00Z",
                "outputs": {"deliveryProblem": "S3 said no", "recordProblem": "it broke"},
            },
            "the batch zoo (FAILED) has no final manifest: S3 said no; it broke",
        ),
        (
            {"batchId": "zoo", "status": "COMPLETE", "toldAt": None, "outputs": {}},
            "wait for it: terrace watch zoo",
        ),
        (
            {"batchId": "zoo", "status": "COMPLETE", "deletedAt": "2026-11-21", "outputs": {}},
            "the data of the batch zoo was deleted at 2026-11-21",
        ),
    ],
)
def test_a_batch_without_final_manifests_is_said(batches: Batches, answer: Any, says: str) -> None:
    batches.shown.append(answer)
    result = batches.run("zoo", "--format", "csv")
    wrong = isinstance(answer, tuple) or "deletedAt" in answer
    assert result.exit_code == (2 if wrong else 1)
    assert says in result.output


def test_nothing_is_left_of_an_export_that_is_broken_off(
    batches: Batches, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    batches.add("zoo", accepted=[line("a.png")])
    monkeypatch.setattr("terrace.domain.exports.table._rows", interrupted)
    assert batches.run("zoo", "--format", "csv").exit_code != 0
    assert [path.name for path in batches.folder.iterdir()] == [".terrace"]


def test_what_a_format_has_no_place_for_is_shown_with_the_batch() -> None:
    record = {"format": "mot", "s3Uri": "s3://b/f/", "items": 3, "problem": None}
    more = {"leftOut": {"kinds": None, "polyline": 4}, "lacking": {"car-ref": 2}}
    told = delivered_lines({"exports": [{**record, **more}]})
    assert told[-3:] == [
        "mot: s3://b/f/ (3 items)",
        "  2 items have no such label of car-ref, only of other lanes",
        "  it has no place for: kinds, 4 polyline",
    ]


def test_an_export_that_is_nowhere_is_shown_without_a_place() -> None:
    told = delivered_lines({"exports": [{"format": "mot", "s3Uri": None, "problem": "no video"}]})
    assert told == ["mot: not whole: no video"]


def test_all_fails_where_a_format_could_hold_the_labels_but_was_not_written(
    batches: Batches,
) -> None:
    batches.add("zoo", accepted=[line("one/x.png")])
    batches.add("ark", accepted=[line("two/x.png", "ark")])
    batches.shown.extend(batches.shown)
    both = ["zoo", "ark", "--format", "all"]
    result = batches.run(*both, "--out", "out")
    assert result.exit_code == 2
    assert "csv: not written: " in result.output
    assert "the option is --on-conflict prefix" in result.output
    # What has no place for the labels alone is no failure
    assert "conll: not written: " in batches.done(*both, "--out", "ok", "--on-conflict", "prefix")


def test_all_fails_where_the_folder_of_one_format_exists(batches: Batches) -> None:
    batches.add("zoo", accepted=[line("a.png")])
    (batches.folder / "out" / "csv").mkdir(parents=True)
    (batches.folder / "out" / "csv" / "mine.txt").write_text("mine")
    result = batches.run("zoo", "--format", "all", "--out", "out")
    assert result.exit_code == 2
    assert "csv could not be written" in result.output
    assert (batches.folder / "out/coco/annotations/instances_train.json").is_file()


@pytest.mark.parametrize("home", ["home", "s3://bucket/folder", "s3://bucket/", "s3://B_/x/", ""])
def test_a_home_that_is_no_folder_in_s3_is_refused(batches: Batches, home: str) -> None:
    batches.add("zoo", accepted=[line("a.png")])
    result = batches.run("zoo", "--format", "ground-truth", "--home", home)
    assert result.exit_code == 2
    assert "is not s3://bucket/folder/" in result.output
    assert [path.name for path in batches.folder.iterdir()] == [".terrace"]
