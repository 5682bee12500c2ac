"""`terrace manifest from-prefix`, `label-categories` and `upload`."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result
from moto import mock_aws
from PIL import Image

from terrace.domain import category_checks, modalities
from terrace.domain.modalities import MODALITIES
from terrace_cli.main import cli
from terrace_cli.manifest.listing import natural

BUCKET = "inputs-bucket"
TO = f"s3://{BUCKET}/set/"


def run(*args: Any) -> Result:
    return CliRunner().invoke(cli, ["manifest", *map(str, args)])


def done(*args: Any) -> str:
    result = run(*args)
    assert result.exit_code == 0, result.output
    return result.output


def wrong(*args: Any) -> str:
    result = run(*args)
    assert result.exit_code == 2, result.output
    assert not isinstance(result.exception, Exception) or isinstance(result.exception, SystemExit)
    return " ".join(result.output.split())


def picture(kind: str = "PNG") -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (4, 3), "red").save(made, kind)
    return made.getvalue()


def put(folder: Path, *names: str, data: bytes | None = None) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture() if data is None else data)
    return folder


def lines(path: Path) -> list[dict[str, Any]]:
    # Not splitlines(): U+2028 stands inside of texts.
    text = path.read_bytes().decode().removesuffix("\n")
    return [json.loads(line) for line in text.split("\n")]


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    monkeypatch.chdir(tmp_path)
    with mock_aws():
        client = boto3.client("s3", "us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client


# --- from-prefix ---------------------------------------------------------------------------------


def test_images_of_a_folder_are_named_where_they_will_be(tmp_path: Path) -> None:
    photos = put(tmp_path / "photos", "frame10.png", "frame9.png", "größe 1.JPG", "a b/東京.jpeg")
    out = tmp_path / "input.manifest"
    said = done("from-prefix", photos, "--to", TO, "--out", out)
    assert [line["source-ref"] for line in lines(out)] == [
        f"{TO}a b/東京.jpeg",
        f"{TO}frame9.png",
        f"{TO}frame10.png",
        f"{TO}größe 1.JPG",
    ]
    assert "4 images, checked for BoundingBox" in said
    assert f"terrace manifest upload {photos} {TO}" in said


def test_a_prefix_of_s3_is_listed_as_it_is(s3: Any, tmp_path: Path) -> None:
    for key in (
        "set/2.jpg",
        "set/10.jpg",
        "set/",
        "set/.hidden.jpg",
        "set/readme.md",
        "other/x.jpg",
    ):
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"" if key == "set/" else b"x")
    said = done("from-prefix", TO.rstrip("/"), "--out", f"s3://{BUCKET}/set.manifest")
    body = s3.get_object(Bucket=BUCKET, Key="set.manifest")["Body"].read().decode()
    assert body == f'{{"source-ref":"{TO}2.jpg"}}\n{{"source-ref":"{TO}10.jpg"}}\n'
    assert "1 files of other kinds are left out" in said


def test_clouds_say_when_and_in_what_format(tmp_path: Path) -> None:
    put(tmp_path / "c", "1.bin", data=b"x")
    out = tmp_path / "m"
    more = ("--cloud-format", "binary/xyz")
    done("from-prefix", tmp_path / "c", "--to", TO, "--out", out, *more)
    (line,) = lines(out)
    assert line["source-ref-metadata"]["format"] == "binary/xyz"
    assert line["source-ref-metadata"]["unix-timestamp"] > 1e9
    said = wrong("from-prefix", tmp_path / "c", "--to", TO, "--cloud-format", "ply", "--out", "x")
    assert "source-ref-metadata.format: is 'ply'" in said


def test_lines_of_a_text_become_items(tmp_path: Path) -> None:
    text = tmp_path / "texts.txt"
    text.write_bytes('\ufefffirst\r\n\n  \n"two" \u2028 öne\nlast'.encode())
    out = tmp_path / "m"
    said = done("from-prefix", "--text", text, "--out", out)
    assert [line["source"] for line in lines(out)] == ["first", '"two" \u2028 öne', "last"]
    assert "3 texts" in said
    assert "2 blank lines are left out" in said


def test_more_items_than_a_job_takes_become_several_manifests(tmp_path: Path) -> None:
    text = tmp_path / "t.txt"
    text.write_text("x\n" * 100_001)
    said = done("from-prefix", "--text", text, "--out", tmp_path / "t.manifest")
    assert len(lines(tmp_path / "t-1.manifest")) == 100_000
    assert len(lines(tmp_path / "t-2.manifest")) == 1
    assert not (tmp_path / "t.manifest").exists()
    assert "t-2.manifest: 1 texts" in said


def test_ten_thousand_images_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    folder, data = tmp_path / "many", picture()
    folder.mkdir()
    for number in range(10_000):
        (folder / f"{number}.png").write_bytes(data)
    done("from-prefix", folder, "--to", TO, "--out", tmp_path / "m")
    made = [line["source-ref"] for line in lines(tmp_path / "m")]
    assert made == [f"{TO}{number}.png" for number in range(10_000)]


def test_another_manifest_is_never_written_over_unasked(tmp_path: Path) -> None:
    photos, out = put(tmp_path / "p", "1.png"), tmp_path / "m"
    out.write_text("mine")
    assert f"{out} exists already, with another content" in wrong(
        "from-prefix", photos, "--to", TO, "--out", out
    )
    assert out.read_text() == "mine"
    done("from-prefix", photos, "--to", TO, "--out", out, "--replace")
    done("from-prefix", photos, "--to", TO, "--out", out)
    assert len(lines(out)) == 1


@pytest.mark.parametrize(
    ("files", "more", "problem"),
    [
        pytest.param({}, [], "has no files in it", id="an empty folder"),
        pytest.param(
            {"a.webp": b"x", "b.webp": b"x", "c": b"x"},
            [],
            "only 2 .webp, 1 without an ending images: .jpg, .jpeg, .png;",
            id="nothing that workers can be shown",
        ),
        pytest.param(
            {"a.png": None, "b.txt": b"x"},
            [],
            "has 1 images, 1 texts in it: a manifest has one kind say which with --kind image|text",
            id="two kinds",
        ),
        pytest.param(
            {"a.txt": b"x"},
            ["--kind", "image"],
            "has no images in it, only 1 .txt",
            id="another kind",
        ),
        pytest.param(
            {"a.png": None, "b.jpg": b"no image"},
            [],
            "b.jpg: it is no image that can be read right would be: a whole JPEG or PNG file",
            id="a corrupt image",
        ),
        pytest.param({"a.png": b""}, [], "a.png: the file is empty", id="an empty image"),
        pytest.param(
            {"a.png": None}, ["--modality", "Boxes"], "unknown modality 'Boxes'", id="no modality"
        ),
        pytest.param(
            {"a\nb.png": None}, [], "has a control character", id="a line break in a name"
        ),
    ],
)
def test_what_is_wrong_with_a_folder_is_said(
    files: dict[str, bytes | None], more: list[str], problem: str, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name, data in files.items():
        put(folder, name, data=data)
    out = tmp_path / "out"
    assert problem in wrong("from-prefix", folder, "--to", TO, "--out", out, *more)
    assert not out.exists()


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        pytest.param(["absent", "--to", TO], "absent does not exist", id="no folder"),
        pytest.param(["."], "say with --to s3://bucket/folder/ where . will be", id="nowhere to"),
        pytest.param([".", "--to", "bucket/x"], "must start with s3://", id="to no S3 folder"),
        pytest.param([TO, "--to", TO], "--to is for folders of this machine", id="--to of S3"),
        pytest.param([], "give a folder, or --text FILE", id="nothing"),
        pytest.param(["--text", "absent"], "cannot read absent: No such file", id="no text file"),
    ],
)
def test_what_is_wrong_with_the_command_is_said(
    args: list[str], problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert problem in wrong("from-prefix", *args)


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        pytest.param(b"ok\nno \xff\n", "line 2 is not UTF-8 (byte 6 of the file)", id="not UTF-8"),
        pytest.param(b"\n \n", "has no text in it", id="blank"),
        pytest.param(b"ok\n\n" + b"x" * 20_001, "t.txt line 3: the value of 'source'", id="long"),
    ],
)
def test_what_is_wrong_with_a_text_is_said_with_its_line(
    raw: bytes, problem: str, tmp_path: Path
) -> None:
    text = tmp_path / "t.txt"
    text.write_bytes(raw)
    assert problem in wrong("from-prefix", "--text", text, "--out", tmp_path / "m")


def test_a_bucket_that_is_not_there_is_said(s3: Any) -> None:
    result = run("from-prefix", "s3://no-such-bucket-here/x/", "--out", "m")
    assert result.exit_code == 1
    assert "cannot list s3://no-such-bucket-here/x/" in result.output


def test_names_are_sorted_as_people_count() -> None:
    names = ["b10/1", "b9/2", "b9/10", "B1/x", "a", "2", "10", "a-2", "a-10"]
    assert sorted(names, key=natural) == [
        "2",
        "10",
        "a",
        "a-2",
        "a-10",
        "B1/x",
        "b9/2",
        "b9/10",
        "b10/1",
    ]


# --- label-categories ----------------------------------------------------------------------------


def categories(tmp_path: Path, *args: str) -> dict[str, Any]:
    out = tmp_path / "c.json"
    done("label-categories", *args, "--out", out, "--replace")
    made: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return made


@pytest.mark.parametrize("name", MODALITIES)
def test_every_modality_accepts_what_is_made_for_it(name: str, tmp_path: Path) -> None:
    row = modalities.get(name)
    made = categories(tmp_path, "Auto mobil", "人", "--modality", name)
    assert [one["label"] for one in made["labels"]] == ["Auto mobil", "人"]
    found = category_checks.check(made, row, "c.json", as_given=True)
    assert found.problems == []
    assert found.warnings == []


def test_attributes_of_labels_and_frames_are_written_as_ground_truth_does(tmp_path: Path) -> None:
    made = categories(
        tmp_path,
        *("Car", "Person", "--modality", "VideoObjectTracking", "--annotation-type", "Polygon"),
        *("--attribute", "Moving=yes,no: Does it move?", "--attribute", "Car.doors=0..5"),
        *("--attribute", "Car.note", "--frame-attribute", "speed=number"),
        *("--frame-attribute", "Weather=sun,rain: What is the weather?", "--color", "Car=#FF8000"),
        *("--short-instruction", "Draw."),
    )
    assert made == {
        "document-version": "2018-11-28",
        "labels": [
            {
                "label": "Car",
                "color": "#ff8000",
                "attributes": [
                    {"name": "doors", "type": "number", "minimum": 0, "maximum": 5},
                    {"name": "note", "type": "string"},
                ],
            },
            {"label": "Person"},
        ],
        "categoryGlobalAttributes": [
            {
                "name": "Moving",
                "description": "Does it move?",
                "type": "string",
                "enum": ["yes", "no"],
            }
        ],
        "frameAttributes": [
            {"name": "speed", "type": "number", "description": "speed of this frame"},
            {
                "name": "Weather",
                "description": "What is the weather?",
                "type": "string",
                "enum": ["sun", "rain"],
            },
        ],
        "annotationType": "Polygon",
        "instructions": {"shortInstruction": "Draw.", "fullInstruction": "Draw."},
    }


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (["a", "a", "--modality", "BoundingBox"], "labels[1]: 'a' is labels[0] already"),
        (["a", "--modality", "TextMultiClass"], "needs at least 2"),
        (["x" * 17, "--modality", "VideoObjectTracking"], "has 17 characters"),
        (["a", "--modality", "Nothing"], "unknown modality 'Nothing'"),
        (["a", "--modality", "BoundingBox", "--color", "b=#112233"], "'b=#112233' cannot be und"),
        (["a", "--modality", "BoundingBox", "--attribute", "x=y"], "shows workers no attributes"),
        (["a", "--modality", "VideoObjectTracking", "--attribute", "b.x=y"], "a label: 'a'"),
        (["a", "--modality", "VideoObjectTracking", "--attribute", "=y"], "cannot be understood"),
        (["a", "--modality", "VideoObjectTracking", "--attribute", "x=y,y"], "some of them twice"),
        (["a", "--modality", "VideoObjectTracking", "--attribute", "x=9..1"], "the smaller first"),
        (["a", "--modality", "BoundingBox", "--short-instruction", "x"], "of the request"),
        (
            ["a", "--modality", "PointCloudObjectDetection", "--annotation-type", "Polygon"],
            "PointCloudObjectDetection has one shape",
        ),
    ],
)
def test_what_validation_would_refuse_is_not_written(
    args: list[str], problem: str, tmp_path: Path
) -> None:
    out = tmp_path / "c.json"
    assert problem in wrong("label-categories", *args, "--out", out)
    assert not out.exists()


# --- upload --------------------------------------------------------------------------------------


def stored(s3: Any) -> dict[str, bytes]:
    rows = s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return {row["Key"]: s3.get_object(Bucket=BUCKET, Key=row["Key"])["Body"].read() for row in rows}


def test_a_folder_is_uploaded_once_and_what_is_there_is_passed_by(s3: Any, tmp_path: Path) -> None:
    folder = put(tmp_path / "in", "a.jpg", "ü b/c d.png", ".secret")
    assert "2 files uploaded" in done("upload", folder, TO)
    assert sorted(stored(s3)) == ["set/a.jpg", "set/ü b/c d.png"]
    assert s3.head_object(Bucket=BUCKET, Key="set/a.jpg")["ContentType"] == "image/jpeg"
    put(folder, "new.png")
    assert "1 files uploaded (0.0 MB), 2 were there already" in done("upload", folder, TO)


def test_an_interrupted_upload_goes_on(
    s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = put(tmp_path / "in", *(f"{number}.png" for number in range(20)))
    from terrace_cli.manifest import upload

    real = upload._put

    def broken(task: Any, *args: Any, **more: Any) -> None:
        if task.path.name == "13.png":
            raise OSError(5, "the cable is out")
        real(task, *args, **more)

    monkeypatch.setattr(upload, "_put", broken)
    result = run("upload", folder, TO)
    assert result.exit_code == 1
    assert "of 20 files are uploaded, then: [Errno 5] the cable is out" in result.output
    assert "run the command again: it goes on" in result.output
    there = len(stored(s3))
    assert there < 20
    monkeypatch.setattr(upload, "_put", real)
    assert f"{20 - there} files uploaded" in done("upload", folder, TO)
    assert len(stored(s3)) == 20


def test_another_object_in_the_way_stops_everything(s3: Any, tmp_path: Path) -> None:
    folder = put(tmp_path / "in", "a.png", "b.png")
    theirs = picture()[:-1] + b"?"
    s3.put_object(Bucket=BUCKET, Key="set/b.png", Body=theirs)
    said = wrong("upload", folder, TO)
    assert f"1 object(s) exist already with another content: {TO}b.png" in said
    assert "nothing was uploaded" in said
    assert stored(s3) == {"set/b.png": theirs}
    done("upload", folder, TO, "--replace")
    assert stored(s3)["set/b.png"] == picture()


def test_what_came_in_parts_from_others_is_compared_byte_by_byte(s3: Any, tmp_path: Path) -> None:
    data = bytes(5 * 1024 * 1024) + b"tail"
    path = tmp_path / "film.mp4"
    path.write_bytes(data)
    about = {"Bucket": BUCKET, "Key": "film.mp4"}
    upload = s3.create_multipart_upload(**about)["UploadId"]
    parts = []
    for number, piece in enumerate((data[: 5 * 1024 * 1024], b"tail"), start=1):
        made = s3.upload_part(**about, UploadId=upload, PartNumber=number, Body=piece)
        parts.append({"ETag": made["ETag"], "PartNumber": number})
    s3.complete_multipart_upload(**about, UploadId=upload, MultipartUpload={"Parts": parts})
    assert "1 were there already" in done("upload", path, f"s3://{BUCKET}/")
    path.write_bytes(data[:-1] + b"?")
    assert "with another content" in wrong("upload", path, f"s3://{BUCKET}/film.mp4")


def test_large_files_go_up_in_parts_and_are_known_again(
    s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("terrace_cli.manifest.upload.PART", 10)
    path = tmp_path / "film.mp4"
    path.write_bytes(bytes(9 * 1024 * 1024))
    done("upload", path, TO)
    assert "-" in s3.head_object(Bucket=BUCKET, Key="set/film.mp4")["ETag"]
    assert "1 were there already" in done("upload", path, TO)


def test_an_object_that_cannot_be_compared_is_said(
    s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.exceptions import ClientError

    def refuse(*_: Any) -> str:
        raise ClientError({"Error": {"Code": "403", "Message": "Forbidden"}}, "HeadObject")

    path = put(tmp_path, "a.png") / "a.png"
    s3.put_object(Bucket=BUCKET, Key="set/a.png", Body=picture()[:-1] + b"?")
    monkeypatch.setattr("terrace_cli.manifest.upload._digest", refuse)
    said = wrong("upload", path, TO)
    assert f"{TO}a.png is there with the same size, and cannot be compared" in said
    assert "must allow s3:GetObject" in said


def test_a_race_for_a_place_is_lost_and_not_won(s3: Any, tmp_path: Path) -> None:
    from terrace_cli.errors import TerraceError
    from terrace_cli.manifest import upload

    path = put(tmp_path, "a.png") / "a.png"
    made = upload.tasks(path, TO)
    s3.put_object(Bucket=BUCKET, Key="set/a.png", Body=b"theirs")
    with pytest.raises(TerraceError, match="PreconditionFailed"):
        upload._send(made, s3, lambda *_: None, replace=False)
    assert stored(s3) == {"set/a.png": b"theirs"}


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (["absent", TO], "absent does not exist"),
        (["empty", TO], "empty has no files in it"),
        (["empty", "folder"], "'folder' is no S3 folder"),
        (["empty", "s3://B/"], "has no valid bucket name"),
    ],
)
def test_what_cannot_be_uploaded_is_said(
    args: list[str], problem: str, s3: Any, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    assert problem in wrong("upload", *args)
