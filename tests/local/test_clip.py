"""The demo's clip: what is drawn is what the truth says, and every file fits Ground Truth."""

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageStat

from terrace_local.clip import make_clip, make_images, upload_clip, upload_images
from terrace_local.clip.photos import CUTOUTS, open_cutout, photo_folder
from terrace_local.clip.scene import plan_scene
from terrace_local.workers.shapes import Box, Polyline
from terrace_local.workers.truth import (
    ImageTruth,
    VideoTruth,
    frames_truth_key,
    images_truth_key,
    video_truth_key,
)

BASE = "s3://in-bucket/demo/clip/"


class MemoryS3:
    """Remembers what was put, as the one S3 call an upload makes."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str) -> dict[str, Any]:
        self.objects[Bucket, Key] = Body
        assert ContentType
        return {}


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return make_clip(tmp_path_factory.mktemp("clip"), BASE, seed=3, frames=12)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    clips = [
        make_clip(tmp_path / str(n), BASE, seed=seed, sequences=1, frames=5)
        for n, seed in enumerate((1, 1, 2))
    ]

    contents = [
        {path.relative_to(c.folder): path.read_bytes() for path in c.files()} for c in clips
    ]

    assert contents[0] == contents[1]
    assert clips[0].truths == clips[1].truths
    assert contents[0].keys() == contents[2].keys()
    assert contents[0] != contents[2]


def test_sequence_files_are_in_the_notebook_flavour_and_count_their_frames(clip: Any) -> None:
    lines = (clip.folder / "clip.manifest").read_text().splitlines()

    assert [json.loads(line) for line in lines] == [
        {"source-ref": f"{BASE}seq1.json"},
        {"source-ref": f"{BASE}seq2.json"},
    ]
    for number in (1, 2):
        sequence = json.loads((clip.folder / f"seq{number}.json").read_text())
        assert list(sequence) == ["version", "seq-no", "prefix", "number-of-frames", "frames"]
        assert sequence["number-of-frames"] == len(sequence["frames"]) == 12
        assert sequence["frames"][0] == {"frame-no": 1, "frame": "000001.jpg"}
        for frame in sequence["frames"]:
            path = clip.folder / "frames" / f"seq{number}" / frame["frame"]
            assert sequence["prefix"] == f"{BASE}frames/seq{number}/"
            assert Image.open(path).size == (480, 270)


def test_the_front_vehicle_is_drawn_exactly_where_the_truth_says(clip: Any) -> None:
    # Given the vehicle that nothing covers
    scene = plan_scene(1, 3, 480, 270, 12)
    front = scene.vehicles[-1]
    shapes = next(o for o in clip.truths["seq1"].objects if o.object_id == front.object_id).frames
    photo = open_cutout(photo_folder(), front.cutout)

    whole = 0
    for name, box in shapes.items():
        assert isinstance(box, Box)
        if box.left == 0 or box.left + box.width >= 480:
            continue
        # When its place is cut out of the frame
        corners = tuple(int(v) for v in (box.left, box.top, box.left + box.width))
        part = Image.open(clip.folder / "frames/seq1" / name).crop(
            (*corners, int(box.top + box.height))
        )
        # Then it is the photograph, up to JPEG noise
        difference = ImageChops.difference(part, photo.resize(part.size, Image.Resampling.BILINEAR))
        assert max(ImageStat.Stat(difference).mean) < 8, name
        whole += 1
    assert whole >= 6


def test_lanes_stay_on_the_frame_and_follow_the_pan_of_the_ground(clip: Any) -> None:
    scene = plan_scene(2, 3, 480, 270, 12)
    lanes = [o for o in clip.truths["seq2"].objects if o.kind == "polyline"]

    assert len(lanes) >= 2
    for lane in lanes:
        first = lane.frames["000001.jpg"]
        assert isinstance(first, Polyline)
        for index, name in enumerate(scene.frame_names()):
            x, y = scene.pan(index)
            assert lane.frames[name] == first.moved(-x, -y)
            assert lane.frames[name].inside(480, 270) == lane.frames[name]


@pytest.mark.parametrize("seed", range(8))
def test_every_seed_has_moving_vehicles_that_cross_and_stay_on_the_frame(seed: int) -> None:
    for number in (1, 2):
        truth = plan_scene(number, seed, 480, 270, 60).truth()
        boxes = [o for o in truth.objects if o.kind == "box"]

        assert len(boxes) in (3, 4)
        assert {o.label for o in boxes} == {"Car", "Van"}
        left_to_right = 0
        for vehicle in boxes:
            shapes = list(vehicle.frames.values())
            assert len(shapes) >= 20, vehicle.object_id
            assert all(s.inside(480, 270) == s for s in shapes)
            assert all(isinstance(s, Box) for s in shapes)
            left_to_right += shapes[-1].left > shapes[0].left  # type: ignore[union-attr]
        assert 0 < left_to_right < len(boxes)


def test_a_vehicle_hidden_behind_another_is_not_in_the_truth_of_that_frame() -> None:
    hidden = [
        vehicle
        for seed in range(12)
        for vehicle in plan_scene(1, seed, 480, 270, 60).truth().objects
        if vehicle.kind == "box" and len(vehicle.frames) < 60
    ]

    assert hidden


def test_the_uploaded_truth_lies_where_workers_look_for_it(clip: Any) -> None:
    s3 = MemoryS3()

    count = upload_clip(s3, clip)

    assert count == len(s3.objects) == 2 * 12 + 2 + 3 + 4
    for name, truth in clip.truths.items():
        for key in (
            video_truth_key(clip.sequence_uri(name)),
            frames_truth_key(clip.frames_uri(name)),
        ):
            assert VideoTruth.from_json(json.loads(s3.objects["in-bucket", key])) == truth
    visible = [key for _, key in s3.objects if "truth" in key]
    assert all(key.startswith(".terrace-truth/") for key in visible)


def test_category_files_have_labels_of_at_most_16_characters_and_the_notebook_keys(
    clip: Any,
) -> None:
    for uri, shape in (
        (clip.vehicle_categories_uri, "BoundingBox"),
        (clip.lane_categories_uri, "Polyline"),
    ):
        content = json.loads((clip.folder / uri.removeprefix(BASE)).read_text())

        assert content["document-version"] == "2020-08-15"
        assert content["annotationType"] == shape
        assert all(0 < len(row["label"]) <= 16 for row in content["labels"])
        assert len(content["instructions"]["shortInstruction"]) < 255
        labels = {o.label for truth in clip.truths.values() for o in truth.objects}
        assert {row["label"] for row in content["labels"]} & labels


def test_images_come_with_their_boxes(tmp_path: Path) -> None:
    s3 = MemoryS3()
    images = make_images(tmp_path, "s3://in-bucket/demo/stills/", seed=5, count=3)

    upload_images(s3, images)

    key = images_truth_key("s3://in-bucket/demo/stills/images/0001.jpg")
    stored = json.loads(s3.objects["in-bucket", key])
    assert {n: ImageTruth.from_json(row) for n, row in stored.items()} == images.truths
    assert all(truth.objects for truth in images.truths.values())
    for line in (tmp_path / "images.manifest").read_text().splitlines():
        uri = json.loads(line)["source-ref"]
        body = s3.objects["in-bucket", uri.removeprefix("s3://in-bucket/")]
        assert Image.open(io.BytesIO(body)).size == (480, 270)


def test_a_base_that_is_no_s3_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="s3://bucket/prefix/"):
        make_clip(tmp_path, "s3://in-bucket/demo", frames=2)


def test_the_photographs_are_found_without_importing_the_package_that_holds_them() -> None:
    code = (
        "import sys; from terrace_local.clip.photos import photo_folder; photo_folder();"
        "sys.exit('skimage' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_cutouts_lie_inside_their_photographs() -> None:
    for cutout in CUTOUTS:
        with Image.open(photo_folder() / cutout.file) as photo:
            left, top, right, bottom = cutout.crop
            assert 0 <= left < right <= photo.width, cutout.name
            assert 0 <= top < bottom <= photo.height, cutout.name
