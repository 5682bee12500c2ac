"""`terrace manifest from-frames` and `from-video`."""

import io
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import boto3
import numpy as np
import pytest
from click.testing import CliRunner, Result
from moto import mock_aws
from PIL import Image

from terrace.domain import modalities, sequences
from terrace_cli.main import cli

BUCKET = "frames-bucket"
TO = f"s3://{BUCKET}/clips/"
TRACKING = modalities.get("VideoObjectTracking")


def run(*args: Any) -> Result:
    return CliRunner().invoke(cli, ["manifest", *map(str, args)])


def done(*args: Any) -> str:
    result = run(*args)
    assert result.exit_code == 0, result.output
    return result.output


def wrong(*args: Any, code: int = 2) -> str:
    result = run(*args)
    assert result.exit_code == code, result.output
    return " ".join(result.output.split())


def picture(width: int = 4) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (width, 3), "red").save(made, "PNG")
    return made.getvalue()


def put(folder: Path, *names: str, data: bytes | None = None) -> Path:
    content = picture() if data is None else data
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def documents(folder: Path, manifest: str = "input.manifest") -> list[dict[str, Any]]:
    """The sequence files that a manifest names, each held to Terrace's own check."""
    found = []
    for line in (folder / manifest).read_text(encoding="utf-8").splitlines():
        uri = json.loads(line)["source-ref"]
        document = json.loads((folder / uri.removeprefix(TO)).read_text(encoding="utf-8"))
        checked = sequences.check(document, TRACKING, uri)
        assert checked.problems == []
        found.append(document)
    return found


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    monkeypatch.chdir(tmp_path)
    with mock_aws():
        client = boto3.client("s3", "us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client


def names(document: dict[str, Any]) -> list[str]:
    return [frame["frame"] for frame in document["frames"]]


# --- from-frames ---------------------------------------------------------------------------------


def test_each_folder_of_frames_becomes_a_sequence(tmp_path: Path) -> None:
    clips = put(tmp_path / "in", "weiß 1/01.png", "weiß 1/02.png", "b/cam/1.jpg", "b/notes.txt")
    said = done("from-frames", clips, "--to", TO)
    first, second = documents(clips)
    assert first == {
        "seq-no": 1,
        "prefix": f"{TO}b/cam/",
        "number-of-frames": 1,
        "frames": [{"frame-no": 1, "frame": "1.jpg"}],
    }
    assert second["prefix"] == f"{TO}weiß 1/"
    assert names(second) == ["01.png", "02.png"]
    assert "3 frames in 2 sequences, checked for VideoObjectTracking" in said
    assert "1 files that are no frames are left out" in said
    # Run again, it finds the same.
    assert done("from-frames", clips, "--to", TO).splitlines()[0] == said.splitlines()[0]


def test_frames_directly_in_the_folder_take_its_name(tmp_path: Path) -> None:
    clips = put(tmp_path / "night drive", "1.png")
    done("from-frames", clips, "--to", TO)
    (document,) = documents(clips)
    assert document["prefix"] == TO
    assert (clips / "sequences" / "night drive.json").is_file()


def test_frames_in_s3_get_their_files_beside_them(s3: Any) -> None:
    for number in range(3):
        s3.put_object(Bucket=BUCKET, Key=f"clips/a/{number}.jpg", Body=b"x")
    done("from-frames", TO)
    body = s3.get_object(Bucket=BUCKET, Key="clips/input.manifest")["Body"].read()
    assert json.loads(body) == {"source-ref": f"{TO}sequences/a.json"}
    body = s3.get_object(Bucket=BUCKET, Key="clips/sequences/a.json")["Body"].read()
    assert names(json.loads(body)) == ["0.jpg", "1.jpg", "2.jpg"]


def test_what_is_too_long_is_cut_and_said(s3: Any) -> None:
    from terrace_cli.manifest.sequences import Clip, plan

    frames = [f"{number:05d}.jpg" for number in range(22_001)]
    made = plan([Clip("long", "long", frames), Clip("short", "", ["1.jpg"])], TO, TRACKING)
    assert made.manifests == {"input-1.manifest": 10, "input-2.manifest": 3}
    assert made.cut == {"long": 12}
    last = json.loads(made.files["sequences/long.part-12.json"])
    assert (last["seq-no"], names(last)) == (12, ["22000.jpg"])
    assert json.loads(made.files["sequences/short.json"])["prefix"] == TO
    kept = [
        name
        for number in range(1, 13)
        for name in names(json.loads(made.files[f"sequences/long.part-{number}.json"]))
    ]
    assert kept == frames


def test_cutting_is_told_on_the_command_line(tmp_path: Path) -> None:
    clips = put(tmp_path / "in", *(f"{clip:02d}/1.png" for clip in range(11)))
    said = done("from-frames", clips, "--to", TO)
    assert "input-1.manifest: 10 sequences" in said
    assert "input-2.manifest: 1 sequences" in said
    assert "give each a job" in said
    put(tmp_path / "long", *(f"{number:04d}.png" for number in range(2001)))
    assert "long is longer than a sequence may be: cut into 2" in done(
        "from-frames", tmp_path / "long", "--to", TO
    )


def test_frames_that_workers_would_see_in_another_order_are_refused(tmp_path: Path) -> None:
    clips = put(tmp_path / "in", "a/9.png", "a/10.png")
    said = wrong("from-frames", clips, "--to", TO)
    assert "in/a: workers would see '10.png' before '9.png'" in said
    assert "--renumber --out DIR" in said
    done("from-frames", clips, "--to", TO, "--as-named")
    assert names(documents(clips)[0]) == ["10.png", "9.png"]


def test_frames_are_renumbered_in_a_copy(tmp_path: Path) -> None:
    clips = tmp_path / "in"
    for number in (9, 10):
        put(clips, f"a b/{number}.png", data=picture(number))
    out = tmp_path / "out"
    done("from-frames", clips, "--to", TO, "--renumber", "--out", out)
    (document,) = documents(out)
    assert document["prefix"] == f"{TO}frames/a b/"
    assert names(document) == ["000001.png", "000002.png"]
    assert (out / "frames/a b/000001.png").read_bytes() == picture(9)
    assert not (clips / "input.manifest").exists()


def test_frames_of_different_sizes_are_told(tmp_path: Path) -> None:
    clips = put(tmp_path / "in", "a/1.png")
    put(clips, "a/2.png", data=picture(5))
    assert "the frames of a have different sizes" in done("from-frames", clips, "--to", TO)


@pytest.mark.parametrize(
    ("files", "args", "problem"),
    [
        ({"a.txt": b"x"}, ["--to", TO], "has no frames in it, only 1 other files"),
        ({}, ["--to", TO], "has no files in it"),
        ({"1.png": b"no"}, ["--to", TO], "1.png: it is no image that can be read"),
        ({"1.png": b""}, ["--to", TO], "1.png: the file is empty"),
        ({"1.png": None}, [], "say with --to"),
        ({"1.png": None}, ["--to", TO, "--renumber"], "say where with --out DIR"),
        (
            {"1.png": None, "input.manifest": b"mine"},
            ["--to", TO],
            "input.manifest exists already, with another content",
        ),
    ],
)
def test_what_is_wrong_with_frames_is_said(
    files: dict[str, bytes | None], args: list[str], problem: str, tmp_path: Path
) -> None:
    clips = tmp_path / "in"
    clips.mkdir()
    for name, data in files.items():
        put(clips, name, data=data)
    assert problem in wrong("from-frames", clips, *args)
    assert not (clips / "sequences").exists()


# --- from-video ----------------------------------------------------------------------------------


def film(path: Path, frames: int = 20, rate: int = 10) -> Path:
    """A video whose n-th frame is as bright as 10 * n."""
    with av.open(str(path), "w") as video:
        stream = video.add_stream("mpeg4", rate=rate)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(frames):
            pixels = np.full((48, 64, 3), min(10 * number, 255), np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")):
                video.mux(packet)
        for packet in stream.encode():
            video.mux(packet)
    return path


def brightness(folder: Path) -> list[int]:
    """Which frames of `film` those in a folder are."""
    found = []
    for path in sorted(folder.iterdir()):
        with Image.open(path) as opened:
            found.append(round(float(np.asarray(opened.convert("L")).mean()) / 10))
    return found


def test_a_video_becomes_frames_sequence_and_manifest(tmp_path: Path) -> None:
    path, out = film(tmp_path / "Straße 1.mp4"), tmp_path / "out"
    said = done("from-video", path, "--fps", "5", "--out", out, "--to", TO)
    (document,) = documents(out)
    assert document["prefix"] == f"{TO}frames/Straße 1/"
    assert names(document) == [f"{number:07d}.jpg" for number in range(1, 11)]
    assert brightness(out / "frames/Straße 1") == list(range(0, 20, 2))
    assert "10 frames in 1 sequences" in said
    assert f"terrace manifest upload {out} {TO}" in said


@pytest.mark.parametrize(
    ("fps", "expected"),
    [
        (None, list(range(20))),
        ("60", list(range(20))),
        ("3", [0, 4, 7, 10, 14, 17]),
        ("0.5", [0]),
    ],
)
def test_the_first_frame_of_each_slot_is_taken_and_none_twice(
    fps: str | None, expected: list[int], tmp_path: Path
) -> None:
    path, out = film(tmp_path / "a.mp4"), tmp_path / "out"
    more = ["--fps", fps] if fps else []
    done("from-video", path, *more, "--png", "--out", out, "--to", TO)
    assert brightness(out / "frames/a") == expected


def test_ffmpeg_takes_the_same_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("ffmpeg") is None:
        pytest.skip("no ffmpeg on the PATH")
    path = film(tmp_path / "a.mp4")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for fps, expected in ((None, list(range(20))), ("3", [0, 4, 7, 10, 14, 17])):
        out = tmp_path / f"out{fps}"
        more = ["--fps", fps] if fps else []
        done("from-video", path, *more, "--png", "--out", out, "--to", TO)
        assert brightness(out / "frames/a") == expected


def test_ffmpeg_is_asked_where_there_is_no_pyav(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a program of that name which writes two frames, and knows only the older option
    program = tmp_path / "bin" / "ffmpeg"
    put(program.parent, "frame.png")
    program.write_text(
        f"#!{sys.executable}\nimport shutil, sys\n"
        "if '-fps_mode' in sys.argv: sys.exit(\"Unrecognized option 'fps_mode'.\")\n"
        "if 'gone.mp4' in ' '.join(sys.argv): sys.exit('moov atom not found')\n"
        f"for n in (1, 2): shutil.copy({str(program.parent / 'frame.png')!r}, sys.argv[-1] % n)\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    out = tmp_path / "out"
    path = put(tmp_path, "x.mp4") / "x.mp4"
    said = done("from-video", path, "--fps", "3", "--png", "--out", out, "--to", TO)
    assert "2 frames in 1 sequences" in said
    path = put(tmp_path, "gone.mp4") / "gone.mp4"
    said = wrong("from-video", path, "--out", tmp_path / "out2", "--to", TO)
    assert "gone.mp4 is no video that can be read: moov atom not found" in said


def test_several_videos_become_several_sequences_and_names_do_not_collide(tmp_path: Path) -> None:
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        film(tmp_path / folder / "a.mp4", 2)
    out = tmp_path / "out"
    done("from-video", tmp_path / "x/a.mp4", tmp_path / "y/a.mp4", "--out", out, "--to", TO)
    assert [one["prefix"] for one in documents(out)] == [f"{TO}frames/a/", f"{TO}frames/a_2/"]


def test_what_reads_videos_is_named_where_it_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = film(tmp_path / "a.mp4", 1)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    said = wrong("from-video", path, "--out", tmp_path / "out", "--to", TO, code=1)
    assert "pip install 'terrace[video]'" in said
    assert "install ffmpeg" in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["text", "picture", "nothing", "sound", "absent", "folder"])
def test_what_is_no_video_is_said(kind: str, tmp_path: Path) -> None:
    path, out = tmp_path / "a.mp4", tmp_path / "out"
    if kind == "text":
        path = tmp_path / "a.txt"
        path.write_text("hello\n" * 100)
    elif kind == "picture":
        path.write_bytes(picture())
    elif kind == "nothing":
        path.write_bytes(b"")
    elif kind == "folder":
        path.mkdir()
    elif kind == "sound":
        with av.open(str(path), "w") as made:
            stream = made.add_stream("aac", rate=44_100)
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            silence.sample_rate = 44_100
            for packet in [*stream.encode(silence), *stream.encode()]:
                made.mux(packet)
    said = wrong("from-video", path, "--out", out, "--to", TO)
    expected = {"absent": "does not exist", "folder": "is no file", "sound": "sound only"}
    assert expected.get(kind, "is no video that can be read") in said
    assert str(path) in said
    assert not out.exists()


def test_a_cut_off_video_leaves_nothing_behind(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mkv", 200)
    path.write_bytes(path.read_bytes()[:400])
    result = run("from-video", path, "--out", tmp_path / "out", "--to", TO)
    assert result.exit_code == 2, result.output
    assert not (tmp_path / "out").exists()


def test_a_video_that_was_filmed_lying_down_is_turned_as_players_turn_it(tmp_path: Path) -> None:
    # Given a film of 64 x 48 that says: turn me by 90 degrees, and has a dark upper half
    path, out = tmp_path / "phone.mp4", tmp_path / "out"
    with av.open(str(path), "w") as video:
        stream = video.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.set_display_rotation(90)
        pixels = np.full((48, 64, 3), 240, np.uint8)
        pixels[:24] = 10
        for packet in stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")):
            video.mux(packet)
        for packet in stream.encode():
            video.mux(packet)
    done("from-video", path, "--png", "--out", out, "--to", TO)
    with Image.open(out / "frames/phone/0000001.png") as opened:
        seen = np.asarray(opened.convert("L"))
    # Then it stands, and what was above is on the left: turned against the clock
    assert seen.shape == (64, 48)
    assert seen[:, :20].mean() < 40
    assert seen[:, 28:].mean() > 200
