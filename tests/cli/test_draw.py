"""`terrace draw`: what is in the pictures, and clear words where something cannot be drawn."""

import io
import itertools
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pytest
from click.testing import CliRunner, Result
from moto import mock_aws
from PIL import Image

from terrace.domain.exports.model import CuboidShape, Item, Tag, TextSpan
from terrace_cli.draw import bird, card
from terrace_cli.draw.look import DARK, LIGHT, PALETTE, Look, from_categories, on, rgb, usual
from terrace_cli.main import cli
from tests.cli.fake_api import FakeApi

BUCKET = "draw-bucket"
BASE = f"s3://{BUCKET}/set/"
FIRST, SECOND = rgb(PALETTE[0]), rgb(PALETTE[1])
GREY = (100, 100, 100)


class Set:
    """A manifest of made images on this disk, and the S3 folder that they are a copy of."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = folder / "copy"
        self.files.mkdir()
        self.lines: list[dict[str, Any]] = []

    def put(self, name: str, data: bytes) -> str:
        (self.files / name).write_bytes(data)
        return f"{BASE}{name}"

    def add(self, name: str, attribute: str, label: Any, kind: str, **about: Any) -> None:
        if name and not (self.files / name).exists():
            self.put(name, image())
        metadata = {
            "type": f"groundtruth/{kind}",
            "human-annotated": "yes",
            "creation-date": "2026-01-01T00:00:00",
            "job-name": "labeling-job/x",
            **about,
        }
        line = {"source-ref": f"{BASE}{name}"} if name else {"source": about.pop("text")}
        self.lines.append({**line, attribute: label, f"{attribute}-metadata": metadata})

    def boxes(
        self, name: str, *boxes: tuple[int, int, int, int, int], size: Any = (900, 600)
    ) -> None:
        annotations = [
            {"class_id": number, "left": left, "top": top, "width": wide, "height": high}
            for number, left, top, wide, high in boxes
        ]
        label = {
            "image_size": [{"width": size[0], "height": size[1], "depth": 3}],
            "annotations": annotations,
        }
        names = {"0": "dog", "1": "cat"}
        self.add(name, "boxes", label, "object-detection", **{"class-map": names, "objects": []})

    @property
    def manifest(self) -> Path:
        path = self.folder / "output.manifest"
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in self.lines)
        path.write_text(text, encoding="utf-8")
        return path

    def draw(self, *args: Any) -> Result:
        copy = f"{BASE}={self.files}"
        out = self.folder / "out"
        words = ["draw", self.manifest, "--out", out, "--copy", copy, *args]
        return CliRunner().invoke(cli, [*map(str, words)])

    def picture(self, name: str, *args: Any) -> np.ndarray:
        result = self.draw(*args)
        assert result.exit_code == 0, result.output
        with Image.open(self.folder / "out" / name) as opened:
            return np.asarray(opened.convert("RGB")).astype(int)


def image(width: int = 900, height: int = 600, kind: str = "PNG", **more: Any) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (width, height), GREY).save(made, kind, **more)
    return made.getvalue()


def near(pixels: np.ndarray, color: tuple[int, int, int], within: int = 40) -> np.ndarray:
    """Where a picture has a colour, or almost."""
    return np.abs(pixels - np.array(color)).max(axis=-1) <= within


def extent(found: np.ndarray) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what is found."""
    rows, columns = np.nonzero(found)
    return int(columns.min()), int(rows.min()), int(columns.max()), int(rows.max())


@pytest.fixture
def given(tmp_path: Path) -> Set:
    return Set(tmp_path)


# --- shapes --------------------------------------------------------------------------------------


def test_a_box_is_drawn_at_its_place_in_the_colour_of_its_class(given: Set) -> None:
    given.boxes("a.png", (0, 100, 200, 300, 150), (1, 600, 400, 100, 100))
    seen = given.picture("a.png")
    assert seen.shape == (600, 900, 3)
    left, top, right, bottom = extent(near(seen, FIRST))
    # Its name stands above it; else it is where the label says, give or take the line's width.
    assert (abs(left - 100) < 4, abs(right - 400) < 4, abs(bottom - 350) < 4) == (True,) * 3
    assert 160 < top < 200
    assert near(seen[300, 99:103], FIRST).any()
    assert tuple(seen[275, 250]) == GREY
    assert extent(near(seen, SECOND))[2] == pytest.approx(700, abs=4)


def test_the_label_s_own_size_counts_where_the_image_was_made_smaller(given: Set) -> None:
    given.boxes("a.png", (0, 200, 400, 600, 300), size=(1800, 1200))
    left, _, right, bottom = extent(near(given.picture("a.png"), FIRST))
    assert (left, right, bottom) == pytest.approx((100, 400, 350), abs=4)


@pytest.mark.parametrize(("width", "side"), [(40, 920), (3200, 1600)])
def test_small_images_are_enlarged_and_large_ones_made_smaller(
    width: int, side: int, given: Set
) -> None:
    given.put("a.png", image(width, width))
    quarter = width // 4
    given.boxes("a.png", (0, quarter, quarter, 2 * quarter, 2 * quarter), size=(width, width))
    seen = given.picture("a.png")
    assert seen.shape == (side, side, 3)
    left, _, right, bottom = extent(near(seen, FIRST))
    assert (left, right, bottom) == pytest.approx((side / 4, side * 3 / 4, side * 3 / 4), abs=6)


def test_photographs_are_turned_as_browsers_turn_them(given: Set) -> None:
    exif = Image.Exif()
    exif[274] = 6
    given.put("a.jpg", image(900, 600, "JPEG", exif=exif))
    given.boxes("a.jpg", (0, 100, 700, 300, 100), size=(600, 900))
    seen = given.picture("a.jpg")
    assert seen.shape == (900, 600, 3)
    assert near(seen[690:810, 95:105], FIRST, 60).any()


def frames(given: Set, kind: str, shapes: list[dict[str, Any]]) -> None:
    """A video of one frame with shapes of one kind."""
    given.put("1.png", image())
    named = [
        {"class-id": "0", "object-id": f"o{at}", "object-name": f"lane:{at}", **shape}
        for at, shape in enumerate(shapes)
    ]
    document = {
        "detection-annotations": [
            {"frame-no": 1, "frame": "1.png", "frame-attributes": {}, kind: named}
        ]
    }
    given.put("labels.json", json.dumps(document).encode())
    sequence = {
        "seq-no": 1,
        "prefix": BASE,
        "number-of-frames": 1,
        "frames": [{"frame-no": 1, "frame": "1.png"}],
    }
    given.put("seq.json", json.dumps(sequence).encode())
    given.add(
        "seq.json",
        "v-ref",
        f"{BASE}labels.json",
        "video-object-detection",
        **{"class-map": {"0": "lane"}},
    )


def test_polygons_are_closed_and_filled_and_lines_are_neither(given: Set) -> None:
    corners = [{"x": 200, "y": 200}, {"x": 600, "y": 200}, {"x": 600, "y": 500}]
    frames(given, "polygons", [{"vertices": corners}])
    seen = given.picture("seq/1.png")
    assert near(seen[345:355, 395:405], FIRST).any(), "the side that closes it"
    inside = seen[300, 500]
    assert inside[0] > GREY[0] + 15 > inside[1], "seen through"


def test_polylines_stay_open(given: Set) -> None:
    corners = [{"x": 200, "y": 200}, {"x": 600, "y": 200}, {"x": 600, "y": 500}]
    frames(given, "polylines", [{"vertices": corners}])
    seen = given.picture("seq/1.png")
    assert near(seen[195:205, 500], FIRST).any()
    assert not near(seen[345:355, 395:405], FIRST).any()
    assert tuple(seen[300, 500]) == GREY


def test_keypoints_are_dots(given: Set) -> None:
    frames(given, "keypoints", [{"x": 300, "y": 400}])
    seen = given.picture("seq/1.png")
    assert near(seen[400, 300], FIRST)
    assert tuple(seen[430, 300]) == GREY


def test_a_skeleton_has_its_rig_and_a_hidden_point_is_a_ring(given: Set) -> None:
    points = [("nose", 300, 100, "visible"), ("hip", 300, 500, "occluded"), ("toe", 0, 0, "absent")]
    answer = {
        "updated_annotations": [
            {
                "id": "1",
                "keypoints": [
                    {"id": name, "label": name, "x": x, "y": y, "visibility": visibility}
                    for name, x, y, visibility in points
                ],
            }
        ]
    }
    given.add("a.png", "s", answer, "custom")
    rig = given.folder / "rig.json"
    rig.write_text(
        json.dumps(
            {
                "keypointClasses": [{"label": "nose", "color": "#ffff00"}],
                "skeletonRig": [["nose", "hip", "blue"], ["hip", "toe"]],
            }
        )
    )
    seen = given.picture("a.png", "--categories", rig)
    assert near(seen[300, 295:305], (0, 0, 255)).any(), "the line between them"
    assert near(seen[100, 300], (255, 255, 0)), "the point in its own colour"
    assert near(seen[500, 300], DARK), "a ring"
    assert not near(seen[:60, :60], FIRST).any(), "nothing where an absent point is said to be"


def test_a_mask_is_laid_over_its_image_and_named(given: Set) -> None:
    pixels = np.full((600, 900, 3), 255, np.uint8)
    pixels[100:300, 100:400] = (0x2A, 0xB4, 0xD5)
    made = io.BytesIO()
    Image.fromarray(pixels).save(made, "PNG")
    mask = given.put("mask.png", made.getvalue())
    colors = {
        "0": {"class-name": "BACKGROUND", "hex-color": "#ffffff", "confidence": 1},
        "1": {"class-name": "sky", "hex-color": "#2ab4d5", "confidence": 1},
    }
    given.add("a.png", "m-ref", mask, "semantic-segmentation", **{"internal-color-map": colors})
    seen = given.picture("a.png")
    half = tuple(round(GREY[i] + (FIRST[i] - GREY[i]) * 120 / 255) for i in range(3))
    assert near(seen[150, 150], half, 3)
    assert near(seen[100, 200], FIRST, 3), "its edge"
    assert tuple(seen[50, 50]) == GREY
    assert near(seen[180:230, 200:300], FIRST).sum() > 200, "its name"


def test_classes_are_a_caption_below_the_image(given: Set) -> None:
    given.add(
        *("a.png", "kind", 0, "image-classification"), **{"class-name": "night", "confidence": 0.9}
    )
    seen = given.picture("a.png")
    assert seen.shape[0] > 600
    assert near(seen[600:], FIRST).any()
    assert (seen[:600] == GREY).all()


def test_spans_of_a_text_are_in_the_colour_of_their_class() -> None:
    text = "Ada Lovelace lived in London"
    spans = (TextSpan(0, 12, "person"), TextSpan(22, 28, "place"))
    look = Look(("person", "place"))
    seen = np.asarray(card.of_text(Item("t", "", text=text, spans=spans), look)).astype(int)
    person, place = extent(near(seen, FIRST)), extent(near(seen, SECOND))
    assert person[0] < 40
    assert place[0] > person[2]


def test_a_text_is_broken_into_rows_that_lose_no_character() -> None:
    look = Look()
    for text in ("word " * 300, "x" * 2_000, "a\n\nb", "", "日本" * 400, "tab\tand\x00nul"):
        rows = card._rows(text, look.font(20), 900)
        assert [text[start:end] for start, end in rows[:1]] == [text[: rows[0][1]]]
        for (_, end), (start, _) in itertools.pairwise(rows):
            assert start == end or text[end:start] == "\n"
        assert len(rows) > card.ROWS_MAX or rows[-1][1] == len(text)


def test_a_named_entity_manifest_is_drawn(given: Set) -> None:
    label = {
        "annotations": {
            "entities": [{"startOffset": 0, "endOffset": 3, "label": "person"}],
            "labels": [{"label": "person"}],
        }
    }
    given.add("", "n", label, "text-span", text="Ada wrote it.")
    del given.lines[0]["n-metadata"]["text"]
    assert near(given.picture("text-000001.png"), FIRST).any()


def test_cuboids_are_seen_from_above_and_their_front_is_marked() -> None:
    car = CuboidShape((10, 5, 0), (4, 2, 1.5), (0, 0, math.pi / 2))
    # Turned by a quarter, right-handed: its front looks along y.
    corners = bird.footprint(car)
    front = [(round(x, 6), round(y, 6)) for x, y in (corners[0], corners[3])]
    assert sorted(front) == [(9, 7), (11, 7)]


def test_a_cloud_is_drawn_with_its_points(given: Set) -> None:
    points = np.zeros((500, 4), "<f4")
    points[:, 0] = np.linspace(-20, 20, 500)
    given.put("c.bin", points.tobytes())
    cuboid = {
        **{"class-id": "0", "object-name": "Car:1", "label-category-attributes": {}},
        **{"center-x": 0, "center-y": 10, "center-z": 0, "length": 4, "width": 2, "height": 1},
        **{"roll": 0, "pitch": 0, "yaw": 0},
    }
    given.add(
        *("c.bin", "c", {"annotations": [cuboid]}, "point_cloud_object_detection"),
        **{"class-map": {"0": "Car"}},
    )
    seen = given.picture("c.png")
    assert near(seen, FIRST).any()
    bright = seen.min(axis=-1) > 60
    row = int(np.argmax(bright.sum(axis=1)))
    assert bright[row].sum() > 300, "a line of points"
    assert extent(near(seen, FIRST))[3] < row, "the car is to the left of x, so above"


# --- the command ---------------------------------------------------------------------------------


def test_a_contact_sheet_has_all_of_them_with_names_that_can_be_read(given: Set) -> None:
    for number in range(7):
        given.boxes(f"größe {number}.png", (0, 300, 200, 300, 200))
    sheet = given.folder / "sheets" / "one.png"
    result = given.draw("--contact-sheet", sheet)
    assert "7 items drawn" in result.output, result.output
    assert "contact sheet of 7" in result.output
    with Image.open(sheet) as opened:
        seen = np.asarray(opened.convert("RGB")).astype(int)
    # Three columns, three rows; the letters of a chip are as high as in a large picture.
    tile = near(seen[14:284, 14:374], FIRST)
    rows = tile.sum(axis=1)
    assert (rows > 20).sum() >= 12
    assert seen.shape[1] == 14 + 3 * 374


def test_limit_draws_the_first_ones_and_says_of_how_many(given: Set) -> None:
    for number in range(5):
        given.boxes(f"{number}.png", (0, 10, 10, 10, 10))
    given.lines.append({"source-ref": f"{BASE}x.png"})
    result = given.draw("--attribute", "boxes", "--limit", "2")
    assert "2 of 5 items drawn" in result.output, result.output
    assert "1 lines have no such label" in result.output
    assert sorted(path.name for path in (given.folder / "out").iterdir()) == ["0.png", "1.png"]


def test_a_category_file_gives_order_and_colours(given: Set) -> None:
    given.boxes("a.png", (0, 100, 200, 300, 150), (1, 600, 400, 100, 100))
    config = given.folder / "c.json"
    labels = [{"label": "cat", "color": "#0000ff"}, {"label": "dog"}]
    config.write_text(json.dumps({"labels": labels}))
    seen = given.picture("a.png", "--categories", config)
    assert near(seen, (0, 0, 255)).any()
    assert near(seen, SECOND).any()
    assert not near(seen, FIRST).any()


@pytest.mark.parametrize("data", [None, b"no image"])
def test_labels_without_their_image_are_drawn_on_grey_and_said(
    data: bytes | None, given: Set
) -> None:
    given.boxes("a.png", (0, 100, 200, 300, 150))
    given.boxes("b.png")
    (given.files / "a.png").unlink()
    if data is not None:
        given.put("a.png", data)
    result = given.draw()
    assert result.exit_code == 0, result.output
    assert "on grey, without its image" in result.output
    assert "a.png" in result.output
    assert "b.png" not in result.output
    with Image.open(given.folder / "out" / "a.png") as opened:
        assert near(np.asarray(opened).astype(int), FIRST).any()


def test_a_manifest_and_images_in_s3_are_read_there(
    given: Set, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(given.folder)
    given.boxes("a.png", (0, 100, 200, 300, 150))
    with mock_aws():
        client = boto3.client("s3", "us-east-1")
        client.create_bucket(Bucket=BUCKET)
        client.put_object(Bucket=BUCKET, Key="set/a.png", Body=image())
        client.put_object(Bucket=BUCKET, Key="m", Body=given.manifest.read_bytes())
        words = ["draw", f"s3://{BUCKET}/m", "--out", "out2"]
        result = CliRunner().invoke(cli, words)
    assert result.exit_code == 0, result.output
    assert "on grey" not in result.output
    assert (given.folder / "out2" / "a.png").is_file()


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3", "us-east-1")
        client.create_bucket(Bucket=BUCKET)
        monkeypatch.setattr("terrace_cli.commands.draw._s3", lambda *_: lambda: client)
        yield client


def job(name: str, **more: Any) -> dict[str, Any]:
    return {
        "labelingJobName": name,
        "labelAttributeName": name,
        "jobModality": "BoundingBox",
        "jobOutputS3Uri": f"s3://{BUCKET}/{name}.manifest",
        "labelCategoryS3Uri": f"s3://{BUCKET}/c.json",
        "chainFromJobName": None,
        **more,
    }


def shown(*levels: list[dict[str, Any]]) -> dict[str, Any]:
    named = zip(("firstLevel", "secondLevel", "thirdLevel"), levels, strict=False)
    return {
        "batchId": "zoo",
        "status": "COMPLETE",
        **{name: {"status": "COMPLETE", "jobLevels": rows} for name, rows in named},
    }


def test_a_batch_is_drawn_from_its_last_outputs_in_the_colours_of_its_category_file(
    given: Set, api: FakeApi, here: Callable[..., dict[str, Any]], aws: Any
) -> None:
    # Given a lane of two jobs, the second a verification, and a job by itself
    given.boxes("a.png", (0, 100, 200, 300, 150))
    given.add("a.png", "good", 0, "label-verification", **{"class-name": "Pass"})
    verdict = given.lines.pop()
    given.lines[0] |= {key: value for key, value in verdict.items() if "good" in key}
    labels = [{"label": "dog", "color": "#0000ff"}, {"label": "cat"}]
    for key, body in (
        ("set/a.png", image()),
        ("c.json", json.dumps({"labels": labels}).encode()),
        ("good.manifest", given.manifest.read_bytes()),
        ("alone.manifest", given.manifest.read_bytes()),
    ):
        aws.put_object(Bucket=BUCKET, Key=key, Body=body)
    judging = {"jobModality": "BoundingBoxVerification", "chainFromJobName": "boxes"}
    here()
    api.answers = [
        shown([job("boxes"), job("alone", labelAttributeName="boxes")], [job("good", **judging)])
    ]
    out = given.folder / "drawn"
    sheet = given.folder / "sheet.png"
    words = ["draw", "zoo", "--out", str(out), "--contact-sheet", str(sheet)]
    result = CliRunner().invoke(cli, words)
    # Then what was judged is drawn with its verdict
    assert result.exit_code == 0, result.output
    assert api.seen[0].path.endswith("/batch/show?batchId=zoo")
    assert sorted(path.name for path in out.iterdir()) == ["alone", "good"]
    assert (given.folder / "sheet-good.png").is_file()
    with Image.open(out / "good" / "a.png") as opened:
        assert opened.size[1] > 600, "a caption: Pass"
        assert near(np.asarray(opened).astype(int), (0, 0, 255)).any()
    # And one job, when asked for
    result = CliRunner().invoke(cli, [*words[:3], str(given.folder / "one"), "--job", "alone"])
    assert result.exit_code == 0, result.output
    assert (given.folder / "one" / "a.png").is_file()


def test_a_batch_without_outputs_or_none_at_all_is_said(
    given: Set, api: FakeApi, here: Callable[..., dict[str, Any]], aws: Any
) -> None:
    here()
    api.answers = [
        shown([job("boxes", jobOutputS3Uri=None)]),
        shown([job("boxes"), job("late", jobOutputS3Uri=None)]),
        shown([job("boxes")]),
        (404, {"message": "no batch zoo"}),
    ]
    words = ["draw", "zoo", "--out", "x"]
    assert "the batch zoo (COMPLETE) has no outputs yet" in CliRunner().invoke(cli, words).output
    said = CliRunner().invoke(cli, [*words, "--job", "late"]).output
    assert "late has no output yet" in said
    assert "jobs with an output: boxes" in said
    said = CliRunner().invoke(cli, [*words, "--job", "other"]).output
    assert "other is no job of the batch" in said
    assert "zoo is no file, and no batch either" in CliRunner().invoke(cli, words).output


def test_a_lane_without_a_label_is_left_out_and_the_others_are_drawn(
    given: Set, api: FakeApi, here: Callable[..., dict[str, Any]], aws: Any
) -> None:
    given.boxes("a.png", (0, 100, 200, 300, 150))
    bare = json.dumps({"source-ref": f"s3://{BUCKET}/set/a.png"}).encode() + b"\n"
    for key, body in (
        ("set/a.png", image()),
        ("c.json", b'{"labels": [{"label": "dog"}, {"label": "cat"}]}'),
        ("boxes.manifest", given.manifest.read_bytes()),
        ("empty.manifest", bare),
    ):
        aws.put_object(Bucket=BUCKET, Key=key, Body=body)
    here()
    api.answers = [shown([job("empty"), job("boxes")]), shown([job("empty")])]
    out = given.folder / "drawn"
    result = CliRunner().invoke(cli, ["draw", "zoo", "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert "empty: not drawn, it has no label: " in result.output
    assert [path.name for path in out.iterdir()] == ["boxes"]
    # Where nothing at all is drawn, that is an error
    result = CliRunner().invoke(cli, ["draw", "zoo", "--out", str(given.folder / "none")])
    assert result.exit_code == 2, result.output
    assert "no line has a label under 'empty'" in result.output


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (["--attribute", "other"], "no line has a label under 'other'"),
        (["--contact-sheet", "SELF"], "exists already"),
        (["--font", "SELF"], "is no font that can be read"),
        (["--categories", "absent.json"], "cannot read absent.json"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(
    args: list[str], problem: str, given: Set
) -> None:
    given.boxes("a.png", (0, 1, 1, 9, 9))
    result = given.draw(*(str(given.manifest) if one == "SELF" else one for one in args))
    assert result.exit_code == 2, result.output
    assert problem in " ".join(result.output.split())
    assert not (given.folder / "out").exists()


def test_two_labels_in_a_line_need_a_choice(given: Set) -> None:
    given.boxes("a.png", (0, 1, 1, 9, 9))
    more = {key.replace("boxes", "again"): value for key, value in given.lines[0].items()}
    given.lines[0].update(more)
    result = given.draw()
    assert result.exit_code == 2
    assert "has the labels boxes, again" in " ".join(result.output.split())
    result = given.draw("--attribute", "boxes", "--attribute", "again")
    assert result.exit_code == 0, result.output


def test_a_folder_with_something_in_it_is_left_alone(given: Set) -> None:
    given.boxes("a.png", (0, 1, 1, 9, 9))
    (given.folder / "out").mkdir()
    (given.folder / "out" / "mine").write_text("x")
    result = given.draw()
    assert result.exit_code == 2
    assert "exists already" in result.output
    assert [one.name for one in (given.folder / "out").iterdir()] == ["mine"]


# --- colours -------------------------------------------------------------------------------------


def test_colours_of_many_classes_differ() -> None:
    assert len({usual(number) for number in range(200)}) > 190
    assert usual(0) == FIRST


def test_letters_are_dark_on_light_and_light_on_dark() -> None:
    assert on((255, 255, 0)) == DARK
    assert on((0, 0, 160)) == LIGHT


def test_colours_that_cannot_be_read_are_passed_by() -> None:
    config = {
        "labels": [{"label": "a", "color": "no colour"}, {"label": "b", "color": 7}, "c", None],
        "skeletonRig": [["a"], "x", ["a", "b", "hsl(0, 100%, 50%)"]],
    }
    look = from_categories([config], classes=("a", "b"), font=None, side=800)
    assert look.given == {}
    assert look.rig == (("a", "b", (255, 0, 0)),)


def test_a_name_that_cannot_be_shown_does_not_stop_the_drawing(given: Set) -> None:
    given.boxes("a.png", (0, 880, 580, 200, 200), (1, -50, -50, 60, 60))
    given.lines[0]["boxes-metadata"]["class-map"] = {"0": "自転車" * 40, "1": "\u202etab"}
    assert given.picture("a.png").shape == (600, 900, 3)


def test_tags_without_a_confidence_are_named_only() -> None:
    picture = Image.new("RGB", (200, 100))
    tags = [Tag(f"class {number}") for number in range(12)]
    names = [tag.label for tag in tags]
    made = card.captioned(picture, names, Look(names), tags=tags)
    assert made.size[0] == 200
    assert made.size[1] > 200, "several rows"
    assert card.captioned(picture, [], Look()) is picture
