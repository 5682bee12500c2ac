"""What JSON can hold and no data set: the same words of every format, and of the command line."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from terrace.domain.exports.bounds import NUMBER_MAX, SIDE_MAX
from terrace_cli.main import cli
from tests.steps.test_deliver_exports import World, boxes, tag

DIGITS = "1" * 4301
"""More than Python takes for a number."""


def _box(**sides: float) -> tuple[Any, Any]:
    label, about = boxes(("car", 5))
    label["annotations"][0] |= sides
    return label, about


def _image(width: int) -> tuple[Any, Any]:
    label, about = boxes(("car", 5))
    label["image_size"][0]["width"] = width
    return label, about


def _class_map(key: str) -> tuple[Any, Any]:
    label, about = boxes(("car", 5))
    return label, about | {"class-map": {key: "car"}}


ODD: dict[str, tuple[str, tuple[Any, Any], str]] = {
    "a right edge that is infinite": (
        "a.png",
        _box(left=1.7e308, width=1.7e308),
        "an object of class 'car' has a number beyond 1,000,000,000",
    ),
    "a box far away": (
        "a.png",
        _box(top=-NUMBER_MAX - 1),
        "an object of class 'car' has a number beyond 1,000,000,000",
    ),
    "an image that no column holds": (
        "a.png",
        _image(10**19),
        "its label gives the image a side of more than 2147483647 pixels",
    ),
    "an image that no float holds": (
        "a.png",
        _image(10**400),
        "its label gives the image a side of more than 2147483647 pixels",
    ),
    "half a character": (
        "\ud800.png",
        _box(),
        "the data object has half a Unicode character (a lone surrogate): "
        r"'s3://pictures/\ud800.png'",
    ),
    "a class number without end": ("a.png", _class_map(DIGITS), "has a key that is no class numb"),
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("chosen", ["csv", "parquet", "coco", "yolo"])
def test_odd_data_is_told_by_line_whatever_the_format(
    name: str, chosen: str, tmp_path: Path
) -> None:
    uri, label, says = ODD[name]
    world = World()
    world.line("good.png", ("car", "car", *boxes(("car", 5))))
    world.line(uri, ("car", "car", *label))
    record = world.write(chosen)
    assert (record.files, world.written()) == (0, {})
    assert str(record.problem).startswith("s3://bucket/final/accepted.manifest line 2")
    assert says in str(record.problem)

    # And the command line says the same
    manifest = tmp_path / "m"
    manifest.write_text("".join(json.dumps(line) + "\n" for line in world.finals["accepted"]))
    words = ["convert", str(manifest), "--attribute", "car", "--format", chosen]
    result = CliRunner().invoke(cli, [*words, "--out", str(tmp_path / "out")])
    assert result.exit_code == 2, result.output
    assert f"{manifest} line 2" in result.output
    assert says in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


@pytest.mark.parametrize("label", [_box(left=-NUMBER_MAX, width=NUMBER_MAX), _image(SIDE_MAX)])
@pytest.mark.parametrize("chosen", ["csv", "parquet", "coco", "yolo", "voc"])
def test_the_largest_numbers_can_be_written(label: tuple[Any, Any], chosen: str) -> None:
    world = World()
    world.line("a.png", ("car", "car", *label))
    record = world.write(chosen)
    assert (record.problem, record.items) == (None, 1)


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ({"source": "a text"}, "groundtruth/text-classification"),
        ({"source-ref": "s3://clips/a.mp4"}, "groundtruth/video-classification"),
        ({"source-ref": "s3://pictures/a.png"}, "groundtruth/image-classification"),
    ],
)
def test_parquet_takes_what_the_table_takes(source: dict[str, str], kind: str) -> None:
    label, about = tag("good")
    records = []
    for chosen in ("csv", "parquet"):
        world = World()
        world.line("a", ("car", "car", label, about | {"type": kind}), source=dict(source))
        records.append(world.write(chosen))
    assert [(one.problem, one.items, one.labels) for one in records] == 2 * [(None, 1, 1)]


def test_half_of_a_text_is_told_by_line() -> None:
    world = World()
    about = {**tag("good")[1], "type": "groundtruth/text-classification"}
    world.line("a", ("car", "car", 0, about), source={"source": "half \udfff"})
    for chosen in ("csv", "parquet", "jsonl"):
        record = world.write(chosen)
        assert str(record.problem).startswith("s3://bucket/final/accepted.manifest line 1: the da")
