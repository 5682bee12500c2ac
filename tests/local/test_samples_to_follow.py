"""`terrace local sample`: what the cookbook begins with, and the truth of it."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from PIL import Image

from terrace_cli.commands.local_sample import KINDS
from terrace_cli.main import cli
from terrace_local.samples import follow, make_sample
from terrace_local.workers.truth import ImageTruth, VideoTruth

RIG = Path(__file__).resolve().parents[2] / "docs" / "skeleton" / "rigs" / "truck-side.json"
TO = "s3://in-bucket/a/"


def test_every_kind_can_be_asked_for() -> None:
    assert set(KINDS) == set(follow.KINDS)


@pytest.mark.parametrize("kind", ["photographs", "scenes", "trucks"])
def test_pictures_have_a_truth_each_where_they_will_lie(kind: str) -> None:
    made = follow.KINDS[kind](TO, 7, 3)
    ((key, body),) = made.truth.items()
    assert key == ".terrace-truth/a/images.truth.json"
    truths = {name: ImageTruth.from_json(row) for name, row in json.loads(body).items()}
    assert set(truths) == set(made.files)
    for name, data in made.files.items():
        with Image.open(io.BytesIO(data)) as picture:
            assert picture.size == (truths[name].width, truths[name].height)
    assert made == follow.KINDS[kind](TO, 7, 3)


def test_a_films_truth_is_that_of_the_frames_taken_from_it() -> None:
    made = follow.film(TO, 7, 2)
    assert list(made.files) == ["drive-1.webm", "drive-2.webm"]
    assert list(made.truth) == [
        f".terrace-truth/a/frames/drive-{number}.truth.json" for number in (1, 2)
    ]
    truth = VideoTruth.from_json(
        json.loads(made.truth[".terrace-truth/a/frames/drive-1.truth.json"])
    )
    assert {thing.kind for thing in truth.objects} >= {"box", "polyline"}
    lane = next(thing for thing in truth.objects if thing.kind == "polyline")
    assert list(lane.frames) == [f"{number:07d}.jpg" for number in range(1, 11)]


def test_the_rig_of_the_trucks_is_the_one_in_the_documentation() -> None:
    labels = make_sample("Custom", TO, variant="skeleton", items=1).files["labels.json"]
    assert json.loads(RIG.read_text(encoding="utf-8")) == json.loads(labels)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--to", "s3://b/x"], "is no S3 folder"),
        (["--to", "s3:///x/"], "is no S3 folder"),
        (["--to", TO], "no local run here"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result: Any = CliRunner().invoke(cli, ["local", "sample", "trucks", "out", *arguments])
    assert result.exit_code != 0
    assert said in result.output
    assert not (tmp_path / "out").exists()
