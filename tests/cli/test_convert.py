"""`terrace convert`: manifests on disk and in S3, and clear words where something does not fit."""

import csv
import errno
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result
from moto import mock_aws
from PIL import Image

from terrace.domain.exports.formats import FORMATS
from terrace_cli.convert.disk import Output
from terrace_cli.errors import TerraceError
from terrace_cli.main import cli

BUCKET = "label-bucket"


def run(*args: Any) -> Result:
    return CliRunner().invoke(cli, ["convert", *map(str, args)])


def done(*args: Any) -> str:
    result = run(*args)
    assert result.exit_code == 0, result.output
    return result.output


def picture(width: int, height: int, kind: str = "PNG") -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(made, kind)
    return made.getvalue()


def boxes(name: str, *placed: int, size: bool = True, label: str = "boxes") -> dict[str, Any]:
    """A line with boxes of 10 x 20 pixels at some column."""
    made: dict[str, Any] = {
        "source-ref": f"s3://{BUCKET}/set/{name}",
        label: {
            "image_size": [{"width": 100, "height": 80, "depth": 3}],
            "annotations": [
                {"class_id": 0, "left": left, "top": 1, "width": 10, "height": 20}
                for left in placed
            ],
        },
        f"{label}-metadata": {
            "type": "groundtruth/object-detection",
            "class-map": {"0": "dog"} if placed else {},
            "human-annotated": "yes",
            "creation-date": "2026-01-01T00:00:00",
            "job-name": "labeling-job/x",
            "objects": [],
        },
    }
    if not size:
        del made[label]["image_size"]
    return made


def manifest(folder: Path, *lines: dict[str, Any], name: str = "output.manifest") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


@pytest.fixture
def given(tmp_path: Path) -> Path:
    """A manifest of two images of one base name, one of them empty."""
    return manifest(tmp_path, boxes("a/x.png", 5, 50), boxes("b/x.png"))


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3", "us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client


# --- what comes out ------------------------------------------------------------------------------


def test_a_manifest_becomes_yolo_and_the_outcome_is_said(given: Path, tmp_path: Path) -> None:
    out = tmp_path / "out" / "yolo"
    said = done(given, "--attribute", "boxes", "--format", "yolo", "--out", out)
    assert (
        out / "labels/train/a/x.txt"
    ).read_text() == "0 0.1 0.1375 0.1 0.25\n0 0.55 0.1375 0.1 0.25\n"
    assert (out / "labels/train/b/x.txt").read_text() == ""
    assert "2 items (1 without labels), 1 classes" in said
    assert "labels: 2 box" in said
    rows = list(csv.reader((out / "images.csv").open()))
    assert rows[1] == ["images/train/a/x.png", f"s3://{BUCKET}/set/a/x.png"]


def test_every_format_is_listed_and_needs_nothing_else_on_the_line() -> None:
    said = done("--list-formats")
    assert all(name in said for name in FORMATS)
    assert "--from: coco, yolo, voc, mot" in said


def test_the_category_file_says_the_class_ids(given: Path, tmp_path: Path) -> None:
    config = tmp_path / "categories.json"
    config.write_text(json.dumps({"labels": [{"label": "cat"}, {"label": "dog"}]}))
    out = tmp_path / "out"
    for text in (config, f"boxes={config}"):
        done(given, "--attribute", "boxes", "--categories", text, "--format", "csv", "--out", out)
        rows = list(csv.DictReader((out / "labels.csv").open()))
        assert [row["class_id"] for row in rows] == ["1", "1", ""]
        out = tmp_path / "out2"


def test_several_manifests_become_one_data_set(given: Path, tmp_path: Path) -> None:
    second = manifest(tmp_path, boxes("c/x.png", 1), name="second.manifest")
    out = tmp_path / "out"
    done(given, second, "--attribute", "boxes", "--format", "coco", "--out", out)
    document = json.loads((out / "annotations/instances_train.json").read_text())
    assert [one["file_name"] for one in document["images"]] == ["a/x.png", "b/x.png", "c/x.png"]
    assert [one["image_id"] for one in document["annotations"]] == [1, 1, 3]


def test_a_part_is_held_back_for_validation(tmp_path: Path) -> None:
    lines = [boxes(f"{number}.png", 1) for number in range(40)]
    out = tmp_path / "out"
    done(
        *(manifest(tmp_path, *lines), "--attribute", "boxes"),
        *("--format", "voc", "--val", "30", "--out", out),
    )
    sets = {
        name: (out / f"ImageSets/Main/{name}.txt").read_text().split() for name in ("train", "val")
    }
    assert len(sets["train"]) + len(sets["val"]) == 40
    assert 4 <= len(sets["val"]) <= 20


def test_lines_without_the_label_are_said(tmp_path: Path) -> None:
    path = manifest(tmp_path, boxes("a.png", 1), {"source-ref": f"s3://{BUCKET}/set/b.png"})
    said = done(path, "--attribute", "boxes", "--format", "csv", "--out", tmp_path / "out")
    assert "1 lines have none of these attributes" in said


def test_what_a_format_has_no_place_for_is_said(tmp_path: Path) -> None:
    line = boxes("a.png", 95) | {
        "kind": 0,
        "kind-metadata": {
            "type": "groundtruth/image-classification",
            "class-name": "night",
            "human-annotated": "yes",
            "creation-date": "2026-01-01T00:00:00",
            "job-name": "labeling-job/x",
        },
    }
    said = done(
        *(manifest(tmp_path, line), "--attribute", "boxes", "--attribute", "kind"),
        *("--format", "yolo", "--out", tmp_path / "out"),
    )
    assert 'left out, for the format has no place for them: {"class": 1}' in said
    assert "1 shapes are cut off at the edge" in said


# --- images, S3 ----------------------------------------------------------------------------------


def test_a_manifest_and_its_images_are_read_from_s3(s3: Any, tmp_path: Path) -> None:
    # Given labels that do not say how large their images are
    lines = [boxes("a/x.png", 10, size=False), boxes("b/x.jpg", size=False)]
    s3.put_object(
        Bucket=BUCKET, Key="o/output.manifest", Body="\n".join(map(json.dumps, lines)).encode()
    )
    s3.put_object(Bucket=BUCKET, Key="set/a/x.png", Body=picture(200, 40))
    s3.put_object(Bucket=BUCKET, Key="set/b/x.jpg", Body=picture(30, 20, "JPEG"))
    out = tmp_path / "out"
    done(
        *(f"s3://{BUCKET}/o/output.manifest", "--attribute", "boxes", "--format", "yolo"),
        *("--out", out, "--copy-images", "--region", "us-east-1"),
    )
    # Then the sizes are those of the images, which are where YOLO looks for them
    assert (out / "labels/train/a/x.txt").read_text() == "0 0.075 0.275 0.05 0.5\n"
    assert (out / "images/train/a/x.png").read_bytes() == picture(200, 40)
    assert (out / "images/train/b/x.jpg").exists()


def test_a_local_copy_is_read_instead_of_s3(tmp_path: Path) -> None:
    (tmp_path / "copy/a").mkdir(parents=True)
    (tmp_path / "copy/a/x.png").write_bytes(picture(50, 50))
    path = manifest(tmp_path, boxes("a/x.png", 10, size=False))
    out = tmp_path / "out"
    done(
        *(path, "--attribute", "boxes", "--format", "yolo", "--out", out),
        *("--copy", f"s3://{BUCKET}/set={tmp_path / 'copy'}"),
    )
    assert (out / "labels/train/x.txt").read_text() == "0 0.3 0.22 0.2 0.4\n"


def test_a_size_may_be_given_and_then_no_image_is_read(tmp_path: Path) -> None:
    path = manifest(tmp_path, boxes("a/x.png", 10, size=False))
    out = tmp_path / "out"
    done(path, "--attribute", "boxes", "--format", "voc", "--out", out, "--image-size", "640x480")
    assert "<width>640</width><height>480</height>" in (out / "Annotations/x.xml").read_text()


def test_an_image_that_is_not_in_s3_is_named(s3: Any, tmp_path: Path) -> None:
    path = manifest(tmp_path, boxes("a/x.png", 10, size=False))
    result = run(
        *(path, "--attribute", "boxes", "--format", "yolo", "--out", tmp_path / "out"),
        *("--region", "us-east-1"),
    )
    assert result.exit_code == 1
    assert f"cannot read s3://{BUCKET}/set/a/x.png: NoSuchKey" in result.output
    assert not (tmp_path / "out").exists()


def test_a_manifest_that_is_replaced_between_two_readings_is_an_error(
    s3: Any, tmp_path: Path
) -> None:
    from terrace.domain.exports.dataset import Wanted
    from terrace_cli.convert.documents import Documents
    from terrace_cli.convert.run import Order, from_manifests
    from terrace_cli.errors import TerraceError

    uri = f"s3://{BUCKET}/output.manifest"

    def put(*placed: int) -> None:
        body = json.dumps(boxes("a.png", *placed)).encode()
        s3.put_object(Bucket=BUCKET, Key="output.manifest", Body=body)

    put(1)
    order = Order(FORMATS["csv"], tmp_path / "out", Wanted(("boxes",)), "2026-01-01T00:00:00")

    def replace_it(what: str, count: int, whole: int | None) -> None:
        if what == "reading":
            put(1, 2)

    with pytest.raises(TerraceError, match="was replaced while it was read"):
        from_manifests([uri], order, Documents(lambda: s3), replace_it)
    assert not (tmp_path / "out").exists()


# --- masks ---------------------------------------------------------------------------------------


def mask(tmp_path: Path, colors: dict[tuple[int, int], str]) -> Path:
    made = Image.new("RGB", (3, 2), "#ffffff")
    for place, color in colors.items():
        made.putpixel(place, tuple(bytes.fromhex(color[1:])))
    made.save(tmp_path / "mask.png")
    line = {
        "source-ref": f"s3://{BUCKET}/set/a.png",
        "mask-ref": str(tmp_path / "mask.png"),
        "mask-ref-metadata": {
            "type": "groundtruth/semantic-segmentation",
            "internal-color-map": {
                "0": {"class-name": "BACKGROUND", "hex-color": "#ffffff"},
                "1": {"class-name": "road", "hex-color": "#2ca02c"},
                "2": {"class-name": "sky", "hex-color": "#1f77b4"},
            },
            "human-annotated": "yes",
            "creation-date": "2026-01-01T00:00:00",
            "job-name": "labeling-job/x",
        },
    }
    return manifest(tmp_path, line)


def test_a_mask_of_colours_becomes_one_of_class_numbers(tmp_path: Path) -> None:
    path = mask(tmp_path, {(0, 0): "#2ca02c", (2, 1): "#1f77b4"})
    out = tmp_path / "out"
    done(path, "--attribute", "mask-ref", "--format", "masks", "--out", out)
    with Image.open(out / "SegmentationClass/a.png") as made:
        assert made.mode == "P"
        assert made.tobytes() == bytes([1, 0, 0, 0, 0, 2])


def test_a_colour_that_the_metadata_does_not_explain_is_an_error(tmp_path: Path) -> None:
    path = mask(tmp_path, {(0, 0): "#123456"})
    result = run(path, "--attribute", "mask-ref", "--format", "masks", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "has the colour #123456" in result.output


# --- back to a manifest --------------------------------------------------------------------------


def test_voc_becomes_a_manifest_for_an_adjustment(given: Path, tmp_path: Path) -> None:
    done(given, "--attribute", "boxes", "--format", "voc", "--out", tmp_path / "voc")
    out = tmp_path / "start"
    done(
        *(tmp_path / "voc", "--from", "voc", "--images", f"s3://{BUCKET}/set/"),
        *("--format", "ground-truth", "--out", out),
    )
    lines = [json.loads(line) for line in (out / "output.manifest").read_text().splitlines()]
    assert [line["source-ref"] for line in lines] == [
        f"s3://{BUCKET}/set/a/x.png",
        f"s3://{BUCKET}/set/b/x.png",
    ]
    assert [one["left"] for one in lines[0]["imported"]["annotations"]] == [5, 50]
    assert json.loads((out / "categories.json").read_text())["labels"] == [{"label": "dog"}]


def test_a_single_coco_file_becomes_yolo(given: Path, tmp_path: Path) -> None:
    done(given, "--attribute", "boxes", "--format", "coco", "--out", tmp_path / "coco")
    file = tmp_path / "coco/annotations/instances_train.json"
    done(file, "--from", "coco", "--format", "yolo", "--out", tmp_path / "yolo")
    assert (tmp_path / "yolo/labels/train/a/x.txt").read_text().startswith("0 0.1 0.1375")


def test_images_of_a_folder_are_copied_and_measured(tmp_path: Path) -> None:
    # Given COCO that does not say how large its images are, beside them
    folder = tmp_path / "coco"
    (folder / "pictures").mkdir(parents=True)
    (folder / "pictures/a.png").write_bytes(picture(40, 20))
    document = {
        "images": [{"id": 1, "file_name": "pictures/a.png"}],
        "categories": [{"id": 3, "name": "dog"}],
        "annotations": [{"image_id": 1, "category_id": 3, "bbox": [10, 5, 20, 10]}],
    }
    (folder / "labels.json").write_text(json.dumps(document))
    out = tmp_path / "out"
    done(folder, "--from", "coco", "--format", "yolo", "--out", out, "--copy-images")
    assert (out / "labels/train/pictures/a.txt").read_text() == "0 0.5 0.5 0.5 0.5\n"
    assert (out / "images/train/pictures/a.png").read_bytes() == picture(40, 20)


def test_the_only_label_is_taken_and_several_are_listed(tmp_path: Path, given: Path) -> None:
    done(given, "--format", "csv", "--out", tmp_path / "one")
    two = json.loads(given.read_text(encoding="utf-8").splitlines()[0])
    two |= {"more": two["boxes"], "more-metadata": two["boxes-metadata"]}
    result = run(manifest(tmp_path, two), "--format", "csv", "--out", tmp_path / "two")
    assert result.exit_code == 2
    assert "--attribute says which label" in result.output
    assert "boxes (1 lines)" in result.output


def test_the_fault_of_the_only_label_is_said(tmp_path: Path, given: Path) -> None:
    broken = json.loads(given.read_text(encoding="utf-8").splitlines()[0])
    broken["boxes"]["annotations"][0]["width"] = "wide"
    result = run(manifest(tmp_path, broken), "--format", "csv", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "the first fault: " in result.output
    assert "line 1" in result.output
    assert "width" in result.output


def test_an_empty_manifest_is_said_to_be_empty(tmp_path: Path) -> None:
    result = run(manifest(tmp_path), "--format", "csv", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "is empty" in result.output


# --- what is wrong -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--attribute", "boxes", "--format", "yoloo"], "'yoloo' is none of coco"),
        (["--attribute", "boxs", "--format", "yolo"], "right would be: a label attribute"),
        (["--attribute", "boxes", "--format", "conll"], "conll has no place for boxes"),
        (
            ["--attribute", "boxes", "--format", "yolo", "--image-size", "big"],
            "is not WIDTHxHEIGHT",
        ),
        (["--attribute", "boxes", "--format", "yolo", "--copy", "x"], "is not S3FOLDER=DIR"),
        (["--attribute", "boxes", "--format", "yolo", "--from", "x"], "--from 'x' is none of"),
        (["--attribute", "boxes", "--format", "yolo", "--from", "voc"], "are for manifests"),
        (
            ["--attribute", "boxes", "--format", "yolo", "--categories", "absent.json"],
            "cannot read absent.json",
        ),
    ],
)
def test_a_wrong_command_line_says_what_would_be_right(
    given: Path, tmp_path: Path, args: list[str], said: str
) -> None:
    result = run(given, *args, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert said in result.output
    assert not (tmp_path / "out").exists()


def test_a_folder_that_has_something_in_it_is_not_touched(given: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine.txt").write_text("keep")
    result = run(given, "--attribute", "boxes", "--format", "csv", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "exists already" in result.output
    assert [one.name for one in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_a_failure_in_the_middle_leaves_nothing_behind(tmp_path: Path) -> None:
    path = manifest(tmp_path, boxes("a.png", 1), boxes("b.png", 1, size=False))
    before = sorted(tmp_path.iterdir())
    line = boxes("b.png", 1)
    line["boxes"]["annotations"][0]["width"] = -1
    manifest(tmp_path, boxes("a.png", 1), line)
    result = run(path, "--attribute", "boxes", "--format", "csv", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "output.manifest line 2" in result.output
    assert "is negative" in result.output
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("path", ["../x", "/x", "a/../../x", ""])
def test_no_path_leads_out_of_an_export(tmp_path: Path, path: str) -> None:
    with pytest.raises(ValueError, match="no path inside"), Output(tmp_path / "out") as out:
        out.write(path, "x")
    assert list(tmp_path.iterdir()) == []


def test_more_files_may_grow_than_are_open_at_once(tmp_path: Path) -> None:
    with Output(tmp_path / "out") as out:
        for text in "ab":
            for number in range(100):
                out.append(f"{number}.txt", text)
    assert {path.read_text() for path in (tmp_path / "out").iterdir()} == {"ab"}


class FullDisk(io.StringIO):
    """A file whose text does not fit on the disk, which shows when it is closed."""

    def close(self) -> None:
        super().close()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("why", [None, OSError(errno.ENOSPC, "the disk is full"), KeyError("x")])
def test_a_disk_that_is_full_at_the_end_is_said_and_nothing_is_left(
    tmp_path: Path, why: Exception | None
) -> None:
    full, other = FullDisk(), io.StringIO()
    expected = KeyError if isinstance(why, KeyError) else TerraceError

    def write() -> None:
        with Output(tmp_path / "out") as out:
            out.append("a.txt", "a")
            out._open |= {"b.txt": full, "c.txt": other}
            if why is not None:
                raise why

    with pytest.raises(expected) as told:
        write()
    if expected is TerraceError:
        assert str(told.value).startswith(f"cannot write {tmp_path / 'out'}: ")
    assert (full.closed, other.closed) == (True, True)
    assert list(tmp_path.iterdir()) == []


def test_a_box_that_no_format_could_carry_is_said_of_another_format_too(tmp_path: Path) -> None:
    coco = {
        "images": [{"id": 1, "file_name": "a.png", "width": 100, "height": 80}],
        "categories": [{"id": 1, "name": "car"}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1.7e308, 1, 1.7e308, 2]}
        ],
    }
    (tmp_path / "coco.json").write_text(json.dumps(coco))
    result = run(
        tmp_path / "coco.json", "--from", "coco", "--format", "csv", "--out", tmp_path / "o"
    )
    assert result.exit_code == 2, result.output
    assert "a.png: an object of class 'car' has a number beyond" in result.output
