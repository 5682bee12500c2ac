"""`terrace quality check`: what it reads and prints, and what it says where something is wrong."""

import copy
import io
import json
import math
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto import mock_aws
from PIL import Image

from terrace.domain.quality.catalog import CHECKS
from terrace_cli.main import cli
from terrace_cli.preview.files import split_lines
from terrace_cli.quality.applies import LOOKS_INTO
from tests.cli.test_onnx_model import model
from tests.data import shared_data

BUCKET = "label-bucket"
BOXES = "groundtruth/object-detection"


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No local run above, and no credentials of anybody's."""
    monkeypatch.chdir(tmp_path)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


@pytest.fixture
def s3(apart: None) -> Iterator[Any]:
    """S3 in memory, with one bucket."""
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        yield client


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["quality", "check", *arguments])


def found(*arguments: str) -> Any:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def put(key: str, body: bytes | str) -> str:
    raw = body.encode() if isinstance(body, str) else body
    boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=raw)
    return f"s3://{BUCKET}/{key}"


# --- manifests of images -------------------------------------------------------------------------


def line(number: int, *boxes: tuple[float, float, float, float], name: str = "label") -> str:
    rows = [
        dict(zip(("class_id", "left", "top", "width", "height"), (0, *box), strict=True))
        for box in boxes
    ]
    return json.dumps(
        {
            "source-ref": f"s3://{BUCKET}/images/{number:03}.jpg",
            name: {"annotations": rows, "image_size": [{"width": 640, "height": 480, "depth": 3}]},
            f"{name}-metadata": {"class-map": {"0": "dog"}, "type": BOXES},
        }
    )


def manifest(*more: str) -> str:
    usual = [line(n, (10, 10, 100, 100)) for n in range(1, 12)]
    return "\n".join([*usual, *more]) + "\n"


def test_a_manifest_is_looked_at_line_by_line(tmp_path: Path) -> None:
    # Given a manifest with an image whose box reaches out, and a line that is broken
    path = tmp_path / "output.manifest"
    path.write_text(manifest(line(12, (600, 10, 90, 100)), "{broken"), encoding="utf-8")
    # When it is checked
    answer = found(str(path))
    # Then both are named by their places, errors first, and nothing else
    rows = [(row["check"], row["item"], row["severity"]) for row in answer["findings"]]
    assert rows == [("box-outside", 11, "error"), ("no-label", 12, "error")]
    assert answer["findings"][0]["value"] == 50
    assert answer["findings"][0]["frame"] == "012.jpg"
    assert answer["counts"]["bySeverity"] == {"error": 2}
    assert (answer["attribute"], answer["flaggedFrames"]) == ("label", None)


def test_the_same_manifest_in_s3_is_saved_there_too(tmp_path: Path, s3: Any) -> None:
    uri = put("output.manifest", manifest(line(12, (600, 10, 90, 100))))
    saved = f"s3://{BUCKET}/quality/report.json"
    answer = found(uri, "--save", saved)
    body = s3.get_object(Bucket=BUCKET, Key="quality/report.json")["Body"].read()
    assert json.loads(body) == answer
    path = tmp_path / "new" / "report.json"
    run(uri, "--save", str(path))
    assert json.loads(path.read_text(encoding="utf-8")) == answer


def test_a_table_for_people_says_how_much_and_the_sentences(tmp_path: Path) -> None:
    path = tmp_path / "output.manifest"
    path.write_text(manifest(line(12, (600, 10, 90, 100))), encoding="utf-8")
    shown = run(str(path)).stdout
    assert "1 finding in 12 items (1 error)" in shown
    assert "box-outside" in shown
    path.write_text(manifest(), encoding="utf-8")
    assert "nothing was found in 11 items" in run(str(path)).stdout


def test_only_some_checks_at_other_thresholds(tmp_path: Path) -> None:
    path = tmp_path / "output.manifest"
    path.write_text(manifest(line(12, (600, 10, 90, 100), (9, 9, 3, 3))), encoding="utf-8")
    answer = found(str(path), "--checks", "box-outside", "--threshold", "box-outside=60")
    assert answer["findings"] == []
    answer = found(str(path), "--threshold", "box-outside=40")
    thresholds = {row["check"]: row["threshold"] for row in answer["findings"]}
    assert thresholds["box-outside"] == 40


@pytest.mark.parametrize(("severity", "code"), [("info", 1), ("error", 1), (None, 0)])
def test_findings_fail_the_command_only_where_that_is_asked(
    tmp_path: Path, severity: str | None, code: int
) -> None:
    path = tmp_path / "output.manifest"
    path.write_text(manifest(line(12, (600, 10, 90, 100))), encoding="utf-8")
    options = [] if severity is None else ["--fail-on", severity]
    assert run(str(path), *options).exit_code == code
    path.write_text(manifest(), encoding="utf-8")
    assert run(str(path), *options).exit_code == 0


def test_of_several_labels_one_is_chosen(tmp_path: Path) -> None:
    both = {**json.loads(line(1, (1, 1, 9, 9))), **json.loads(line(1, (-9, 1, 20, 9), name="two"))}
    path = tmp_path / "output.manifest"
    path.write_text(json.dumps(both) + "\n", encoding="utf-8")
    refused = run(str(path))
    assert refused.exit_code == 2
    assert "choose one with --attribute: label (1 lines), two (1 lines)" in refused.stderr
    assert [row["check"] for row in found(str(path), "--attribute", "two")["findings"]] == [
        "box-outside"
    ]
    refused = run(str(path), "--attribute", "three")
    assert refused.exit_code == 2
    assert "no line of" in refused.stderr


def test_labels_that_no_check_looks_into_are_said(tmp_path: Path) -> None:
    row = {
        "source-ref": "s3://b/x",
        "own": {"any": 1},
        "own-metadata": {"type": "groundtruth/custom"},
    }
    path = tmp_path / "output.manifest"
    path.write_text(json.dumps(row), encoding="utf-8")
    result = run(str(path))
    assert "1 label is of type groundtruth/custom, which no check looks into" in result.stderr


# --- sequences -----------------------------------------------------------------------------------

FRAMES = 30


def seqlabel(frames: int = FRAMES, **boxes_at: Any) -> dict[str, Any]:
    """One car that moves 4 px a frame; `f<n>` puts another box, or none, into frame n."""
    rows = []
    for number in range(frames):
        box = boxes_at.get(f"f{number}", (20 + 4 * number, 40, 48, 36))
        one = {
            "object-id": "car-1",
            "object-name": "Car:1",
            "class-id": "0",
            "label-category-attributes": {},
        }
        annotations = []
        if box is not None:
            names = ("left", "top", "width", "height")
            annotations = [{**one, **dict(zip(names, box, strict=True))}]
        rows.append(
            {"frame-no": str(number), "frame": f"{number:06}.jpg", "annotations": annotations}
        )
    return {"tracking-annotations": rows}


def sequence_file(prefix: str = "frames/", frames: int = FRAMES) -> str:
    rows = [{"frame-no": n + 1, "frame": f"{n:06}.jpg"} for n in range(frames)]
    return json.dumps(
        {
            "seq-no": 1,
            "prefix": f"s3://{BUCKET}/{prefix}",
            "number-of-frames": frames,
            "frames": rows,
        }
    )


def write(path: Path, content: Any) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return str(path)


def test_a_seqlabel_gives_findings_series_and_flagged_frames(tmp_path: Path) -> None:
    # Given a car that is half as high in frame 12
    labels = write(tmp_path / "SeqLabel.json", seqlabel(f12=(68, 40, 48, 18)))
    answer = found(labels)
    # Then the frame is named with both of its names
    assert 12 in answer["flaggedFrames"]
    row = next(row for row in answer["findings"] if row["frameNo"] == 12)
    assert (row["frame"], row["object"], row["objectName"]) == ("000012.jpg", "car-1", "Car:1")
    # And the object has its series, and the union over objects is there
    (thing,) = answer["objects"]
    assert thing["frameNos"] == list(range(FRAMES))
    assert len(thing["sizes"]) == FRAMES
    assert thing["worstFrame"] == 12
    assert (
        thing["flaggedFrames"] == answer["flaggedFrames"] == answer["sequences"][0]["flaggedFrames"]
    )
    assert answer["sequences"][0]["frames"][0] == f"{answer['flaggedFrames'][0]:06}.jpg"


def test_the_planted_flaws_of_the_aws_sample_are_named_with_frame_and_object() -> None:
    answer = found(str(shared_data.sample("../gt_video_tracking_mot17_13/SeqLabel.json")))
    loud = [row for row in answer["findings"] if row["severity"] != "info"]
    named = {(row["objectName"], row["frameNo"]) for row in loud}
    assert {("Vehicle:1", 217), ("Vehicle:2", 102), ("Vehicle:2", 284)} <= named
    assert {("Vehicle:1", 138), ("Vehicle:1", 139)} & named
    assert len({row["frameNo"] for row in loud}) <= 12
    assert [len(thing["sizes"]) for thing in answer["objects"]] == [299, 300, 291]
    assert answer["flaggedFrames"] == sorted({row["frameNo"] for row in loud})


def test_the_size_of_frames_tells_what_is_outside(tmp_path: Path) -> None:
    labels = write(tmp_path / "SeqLabel.json", seqlabel())
    assert found(labels)["findings"] == []
    answer = found(labels, "--image-size", "150x120")
    assert {row["check"] for row in answer["findings"]} == {"out-of-image"}
    refused = run(labels, "--image-size", "150")
    assert refused.exit_code == 2
    assert "1920x1080" in refused.stderr


def test_a_named_check_that_cannot_look_is_refused_and_others_are_told(tmp_path: Path) -> None:
    labels = write(tmp_path / "SeqLabel.json", seqlabel())
    # Given no size of the frames, a named check that needs it is refused, and a usual run says so
    refused = run(labels, "--checks", "out-of-image")
    assert (refused.exit_code, "--image-size" in refused.stderr) == (2, True)
    assert run(labels, "--checks", "out-of-image", "--image-size", "640x480").exit_code == 0
    assert "note: out-of-image was not looked at" in run(labels).stderr
    assert "out-of-image" not in run(labels, "--image-size", "640x480").stderr
    # A check of other labels is refused with the names of those that look
    refused = run(labels, "--checks", "size,box-size")
    assert refused.exit_code == 2
    assert "check box-size does not look into labels of sequences" in refused.stderr
    assert "missing-frame" in refused.stderr
    path = tmp_path / "output.manifest"
    path.write_text(manifest(), encoding="utf-8")
    refused = run(str(path), "--checks", "position")
    assert refused.exit_code == 2
    assert "check position does not look into boxes" in refused.stderr
    assert run(str(path), "--checks", "no-label,box-size").exit_code == 0
    # And a file without any label is not praised
    empty = write(tmp_path / "empty" / "SeqLabel.json", {"tracking-annotations": []})
    assert "no labels in it" in run(empty).stderr


def test_it_is_known_of_every_check_what_it_looks_into() -> None:
    needs_more = {name for name, row in CHECKS.items() if row.kinds & {"workers", "own"}}
    assert {*LOOKS_INTO, "no-label"} == set(CHECKS) - needs_more


def test_a_threshold_below_nothing_is_refused(tmp_path: Path) -> None:
    labels = write(tmp_path / "SeqLabel.json", seqlabel())
    refused = run(labels, "--threshold", "size=-1")
    assert refused.exit_code == 2
    assert "a threshold is 0 or more" in refused.stderr


def test_a_right_seqlabel_has_no_findings_and_the_table_says_so(tmp_path: Path) -> None:
    labels = write(tmp_path / "SeqLabel.json", seqlabel())
    assert found(labels)["flaggedFrames"] == []
    shown = run(labels)
    assert "nothing was found" in shown.stdout
    assert "Car:1" in shown.stdout


def test_what_is_no_number_becomes_a_finding_and_not_a_crash(tmp_path: Path) -> None:
    document = seqlabel()
    document["tracking-annotations"][5]["annotations"][0]["width"] = float("nan")
    document["tracking-annotations"][6]["annotations"][0]["height"] = -4
    answer = found(write(tmp_path / "SeqLabel.json", document))
    assert {5, 6} <= {row["frameNo"] for row in answer["findings"]}


def test_half_a_character_in_a_name_is_shown_as_a_question_mark(tmp_path: Path) -> None:
    document = seqlabel(f9=None)
    for frame in document["tracking-annotations"]:
        for one in frame["annotations"]:
            one["object-name"] = "Car\ud83d:1"
    labels = write(tmp_path / "SeqLabel.json", document)
    assert "Car?:1 is not labeled" in run(labels).stdout
    assert {row["objectName"] for row in found(labels)["findings"]} == {"Car?:1"}


ODD: list[Any] = [None, True, -1, 1e308, math.nan, math.inf, "", "x", [], {}, [[None]], {"a": 1}]


@pytest.mark.parametrize("seed", range(25))
def test_whatever_is_broken_in_a_seqlabel_there_is_an_answer(tmp_path: Path, seed: int) -> None:
    # Given a file with a few values exchanged for others, or taken away
    chance = random.Random(seed)
    document = seqlabel(frames=12)
    for _ in range(1 + seed % 5):
        node: Any = document
        while True:
            keys = list(node) if isinstance(node, dict) else list(range(len(node)))
            key = chance.choice(keys)
            if isinstance(node[key], dict | list) and node[key] and chance.random() < 0.8:
                node = node[key]
                continue
            if chance.random() < 0.2:
                del node[key]
            else:
                node[key] = copy.deepcopy(chance.choice(ODD))
            break
        if not document:
            break
    # Then it is read, or refused with a reason
    result = run(write(tmp_path / "SeqLabel.json", document), "--json")
    assert result.exit_code in (0, 2)
    assert isinstance(result.exception, SystemExit | None)
    if result.exit_code == 0:
        assert json.loads(result.stdout)["labels"].endswith("SeqLabel.json")
    else:
        assert result.stderr.startswith("terrace: ")


def test_sequences_of_a_manifest_are_read_where_it_says(s3: Any) -> None:
    # Given an output manifest of two sequences, the second with a frame that lacks its box
    about = {"type": "groundtruth/video-object-tracking", "class-map": {"0": "Car"}}
    lines = []
    for number, document in enumerate([seqlabel(), seqlabel(f9=None)], 1):
        lines.append(
            json.dumps(
                {
                    "source-ref": put(f"in/seq{number}.json", sequence_file()),
                    "car-ref": put(f"out/{number}/SeqLabel.json", json.dumps(document)),
                    "car-ref-metadata": about,
                }
            )
        )
    answer = found(put("out/output.manifest", "\n".join(lines)))
    assert [row["item"] for row in answer["sequences"]] == [0, 1]
    assert {(row["item"], row["frameNo"]) for row in answer["findings"]} == {(1, 9)}
    assert [row["item"] for row in answer["objects"]] == [0, 1]
    assert [note.split()[0] for note in answer["notes"]] == ["out-of-image"]
    assert {row["label"] for row in answer["findings"]} == {"Car"}
    # And a sequence file that is not there is said, and the labels are looked at all the same
    s3.delete_object(Bucket=BUCKET, Key="in/seq1.json")
    answer = found(f"s3://{BUCKET}/out/output.manifest")
    assert "line 1" in answer["notes"][0]
    assert len(answer["sequences"]) == 2


@pytest.mark.usefixtures("s3")
def test_the_line_of_a_seqlabel_is_found_by_its_name() -> None:
    uri = put("out/7/SeqLabel.json", json.dumps(seqlabel(f9=None)))
    lines = [
        {"source-ref": put("in/a.json", sequence_file()), "car-ref": f"s3://{BUCKET}/out/6/x.json"},
        {"source-ref": put("in/b.json", sequence_file()), "car-ref": uri},
    ]
    whole = put("in/all.manifest", "\n".join(map(json.dumps, lines)))
    assert {row["item"] for row in found(uri, "--manifest", whole)["findings"]} == {1}
    # And its classes have the names that the line says
    about = {"type": "groundtruth/video-object-tracking", "class-map": {"0": "Auto"}}
    one = put("in/one.manifest", json.dumps({**lines[1], "car-ref-metadata": about}))
    assert {row["label"] for row in found(uri, "--manifest", one)["findings"]} == {"Auto"}
    neither = put("in/two.manifest", "\n".join(json.dumps({**row, "car-ref": 0}) for row in lines))
    refused = run(uri, "--manifest", neither)
    assert refused.exit_code == 2
    assert "no line of" in refused.stderr


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(alphabet="ab\r ", max_size=5)), st.integers(1, 7), st.booleans())
def test_lines_are_the_same_however_the_object_comes_in_pieces(
    texts: list[str], size: int, ended: bool
) -> None:
    body = "\n".join(texts).encode() + (b"\n" if ended and texts else b"")
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    wanted = [row.removesuffix(b"\r") for row in body.split(b"\n")]
    if not body.split(b"\n")[-1]:
        wanted.pop()
    assert list(split_lines(iter(pieces))) == wanted


# --- pictures ------------------------------------------------------------------------------------


def pictures(folder: Path, odd: int | None = None) -> None:
    """The car as a red patch on grey; in one frame a blue one."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = np.random.default_rng(1)
    patch = chance.integers(120, 255, (6, 8, 1)).repeat(6, 0).repeat(6, 1)
    for number in range(FRAMES):
        frame = chance.integers(90, 110, (120, 200, 3)).astype(np.uint8)
        color = (0, 0, 1) if number == odd else (1, 0, 0)
        left = 20 + 4 * number
        part = frame[40:76, left : left + 48]
        part[:] = (patch * np.array(color))[:, : part.shape[1]]
        Image.fromarray(frame).save(folder / f"{number:06}.jpg", quality=90)


def test_another_object_in_the_box_is_seen_in_the_pictures(tmp_path: Path) -> None:
    labels = write(tmp_path / "SeqLabel.json", seqlabel())
    pictures(tmp_path / "frames", odd=14)
    answer = found(labels, "--frames", str(tmp_path / "frames"), "--checks", "appearance")
    assert [(row["check"], row["frameNo"]) for row in answer["findings"]] == [("appearance", 14)]
    # And a model of one's own sees it too
    options = ["--onnx", str(model(tmp_path / "mean.onnx", "n", 3, 16, 16))]
    answer = found(labels, "--frames", str(tmp_path / "frames"), "--checks", "appearance", *options)
    assert [row["frameNo"] for row in answer["findings"]] == [14]


@pytest.mark.usefixtures("s3")
def test_pictures_in_s3_may_lie_in_a_folder_of_the_sequence(tmp_path: Path) -> None:
    pictures(tmp_path / "frames", odd=14)
    for path in (tmp_path / "frames").iterdir():
        put(f"all/clip/{path.name}", path.read_bytes())
    uri = put("out/SeqLabel.json", json.dumps(seqlabel()))
    one = put("in/one.manifest", json.dumps({"source-ref": put("in/clip.json", sequence_file())}))
    answer = found(uri, "--manifest", one, "--frames", f"s3://{BUCKET}/all")
    assert [row["frameNo"] for row in answer["findings"]] == [14]


def test_a_picture_that_cannot_be_read_is_said_and_none_at_all_is_refused(tmp_path: Path) -> None:
    labels = write(tmp_path / "SeqLabel.json", seqlabel())
    pictures(tmp_path / "frames")
    (tmp_path / "frames" / "000003.jpg").write_bytes(b"no picture")
    (tmp_path / "frames" / "000004.jpg").unlink()
    result = run(labels, "--frames", str(tmp_path / "frames"))
    assert result.exit_code == 0
    assert "2 of 30 pictures could not be looked at" in result.stderr
    refused = run(labels, "--frames", str(tmp_path / "nowhere"))
    assert refused.exit_code == 2
    assert "none of 30 pictures can be read" in refused.stderr


# --- what is wrong -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty"),
        ("no json", "is not JSON"),
        ('{"frames": []}', "neither a SeqLabel.json nor an output manifest"),
        ("[1, 2]", "neither a SeqLabel.json nor an output manifest"),
        ('{"source-ref": "s3://b/x.jpg"}', "has a label"),
    ],
    ids=["empty", "no JSON", "another file", "a list", "an input manifest"],
)
def test_a_file_that_is_neither(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "some.file"
    path.write_text(content, encoding="utf-8")
    refused = run(str(path))
    assert refused.exit_code == 2
    assert words in refused.stderr
    assert "Traceback" not in refused.output


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--checks", "size-jumb,empty-item"], "there is no check 'size-jumb'"),
        (["--checks", "empty-itm"], "did you mean empty-item?"),
        (["--checks", ","], "names no check"),
        (["--checks", "appearance"], "say where they are: --frames"),
        (["--checks", "lambda"], "name it in the gate"),
        (["--threshold", "box-size"], "is not NAME=NUMBER"),
        (["--threshold", "box-size=nan"], "is not NAME=NUMBER"),
        (["--threshold", "box-sise=3"], "did you mean box-size?"),
        (["--threshold", "no-label=3"], "compares nothing with a number"),
        (["--checks", "empty-item", "--threshold", "box-size=3"], "is not asked for"),
        (["--onnx", "x.onnx"], "say where they are with --frames"),
        (["--attribute", "x"], "leave --attribute out"),
    ],
)
def test_an_option_that_is_wrong_says_what_would_be_right(
    tmp_path: Path, options: list[str], words: str
) -> None:
    refused = run(write(tmp_path / "SeqLabel.json", seqlabel()), *options)
    assert refused.exit_code == 2
    assert words in refused.stderr


@pytest.mark.usefixtures("s3")
def test_files_that_are_not_there(tmp_path: Path) -> None:
    for place in (str(tmp_path / "none.json"), f"s3://{BUCKET}/none.json", "s3://none/none.json"):
        refused = run(place)
        assert refused.exit_code == 2, place
        assert "cannot read" in refused.stderr


def test_without_credentials_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "none")
    refused = run("s3://label-bucket/x.json")
    assert refused.exit_code == 2
    assert "credentials" in refused.stderr


@pytest.mark.usefixtures("s3")
def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    labels = write(tmp_path / "SeqLabel.json", seqlabel())
    refused = run(labels, "--save", "s3://none-such-bucket/x.json")
    assert refused.exit_code == 2
    assert "cannot write" in refused.stderr
    (tmp_path / "file").write_bytes(io.BytesIO(b"").getvalue())
    assert run(labels, "--save", str(tmp_path / "file" / "x.json")).exit_code == 2
