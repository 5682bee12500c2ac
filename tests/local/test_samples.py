"""Sample inputs: what is shown, what is true, and that nothing in them depends on the day."""

import io
import json
import struct
from typing import Any

import pytest
from moto import mock_aws
from PIL import Image

from terrace_local.samples import MODALITIES, make_sample, variants
from terrace_local.samples.texts import _TEXTS, parse
from terrace_local.samples.webm import webm
from terrace_local.workers.cuboids import Cuboid
from terrace_local.workers.truth import TRUTH_PREFIX

from .ground_truth_world import World

BASE = "s3://in-bucket/samples/x/"
EVERY = [(modality, variant) for modality in MODALITIES for variant in variants(modality)]


@pytest.mark.parametrize(("modality", "variant"), EVERY)
def test_every_line_names_data_that_is_there_and_the_truth_is_hidden(
    modality: str, variant: str
) -> None:
    sample = make_sample(modality, BASE, variant=variant)

    lines = [json.loads(line) for line in sample.files["items.manifest"].splitlines()]
    assert len(lines) == sample.items == 3
    for line in lines:
        assert ("source" in line) != ("source-ref" in line)
        if "source-ref" in line:
            assert line["source-ref"].removeprefix(BASE) in sample.files
    assert sample.truth
    assert all(key.startswith(TRUTH_PREFIX) for key in sample.truth)
    assert json.loads(sample.files["labels.json"])["labels"]


@pytest.mark.parametrize("modality", ["BoundingBox", "VideoMultiClass", "PointCloudObjectTracking"])
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(modality: str) -> None:
    once, again = make_sample(modality, BASE), make_sample(modality, BASE)
    other = make_sample(modality, BASE, seed=8)

    assert once.files == again.files
    assert once.truth == again.truth
    assert other.files != once.files


def test_a_base_that_is_no_s3_folder_is_refused() -> None:
    with pytest.raises(ValueError, match="s3://bucket/prefix/"):
        make_sample("BoundingBox", "s3://in-bucket/x")


def test_texts_hold_what_breaks_careless_pages_and_names_lie_where_the_truth_says() -> None:
    texts = [parse(marked) for marked, _, _ in _TEXTS]

    everything = "".join(text for text, _ in texts)
    for trap in ("<script>", '"', "'", "</textarea>", "🚚", "وصلت", "האם", "{{", "{%", "\\", "\n"):
        assert trap in everything
    found = {text[e.start : e.end] for text, entities in texts for e in entities}
    assert {"Ada Lovelace", "São Paulo", "يوسف", "תל אביב", "東京"} <= found


def test_a_video_is_ebml_whose_blocks_are_vp8_key_frames_that_decode_to_the_pictures() -> None:
    pictures = [Image.new("RGB", (64, 48), (40 * n, 90, 200)) for n in range(4)]

    body = webm(pictures)

    boxes = dict(_boxes(body))
    assert boxes[0x1A45DFA3].find(b"webm") > 0
    segment = dict(_boxes(boxes[0x18538067]))
    assert b"V_VP8" in segment[0x1654AE6B]
    blocks = [content for ident, content in _boxes(segment[0x1F43B675]) if ident == 0xA3]
    assert len(blocks) == 4
    for number, block in enumerate(blocks):
        track, time, flags = struct.unpack(">BhB", block[:4])
        assert (track, time, flags) == (0x81, number * 200, 0x80)
        frame = block[4:]
        # A VP8 frame in a RIFF box is a WebP picture again.
        riff = b"WEBPVP8 " + struct.pack("<I", len(frame)) + frame
        picture = Image.open(io.BytesIO(b"RIFF" + struct.pack("<I", len(riff)) + riff))
        red, green, blue = picture.convert("RGB").getpixel((32, 24))  # type: ignore[misc]
        assert abs(red - 40 * number) < 12
        assert abs(green - 90) < 12
        assert abs(blue - 200) < 12


def _boxes(body: bytes) -> list[tuple[int, bytes]]:
    """EBML boxes whose sizes are 8 bytes long."""
    found, at = [], 0
    while at < len(body):
        length = 1
        while not body[at] >> (8 - length):
            length += 1
        ident = int.from_bytes(body[at : at + length], "big")
        size = int.from_bytes(body[at + length : at + length + 8], "big") & 0x00FFFFFFFFFFFFFF
        start = at + length + 8
        found.append((ident, body[start : start + size]))
        at = start + size
    return found


def test_points_of_a_thing_lie_in_its_cuboid_and_no_ground_does() -> None:
    sample = make_sample("PointCloudObjectTracking", BASE, items=1)
    truth = json.loads(next(iter(sample.truth.values())))
    body = sample.files["street1/street1-3.txt"].decode()
    points = [tuple(map(float, line.split()[:3])) for line in body.splitlines()]

    held = 0
    for thing in truth["objects"]:
        cuboid = Cuboid.from_json(thing["frames"]["street1-3.txt"])
        inside = [p for p in points if cuboid.holds(p, 0.002)]  # type: ignore[arg-type]
        assert len(inside) == 90, thing["objectId"]
        assert all(z > 0.15 for _, _, z in inside)
        held += len(inside)
    assert len(points) == 360 + held


@pytest.mark.parametrize("shape", ["polygon", "keypoint"])
@pytest.mark.parametrize("task", ["VideoObjectDetection", "VideoObjectTracking"])
def test_video_frames_are_labeled_and_reviewed_with_every_shape(task: str, shape: str) -> None:
    def shapes_of(world: World, uri: str) -> list[dict[str, Any]]:
        content = world.json(uri)
        (frames,) = content.values()
        return [row for frame in frames for row in frame[f"{shape}s"]]

    with mock_aws():
        world = World(error_mix="clean")
        world.service.start()
        sample = make_sample(task, BASE, variant=shape, items=1)
        sample.upload(world.s3)
        common = {"task": task, "manifest": sample.manifest_uri}
        job = world.run(world.video_request("One", categories=sample.categories_uri, **common))
        output = job["LabelingJobOutput"]["OutputDatasetS3Uri"]
        content = {**json.loads(sample.files["labels.json"]), "auditLabelAttributeName": "One-ref"}
        categories = world.put("review.json", content)
        review = world.video_request(
            "Two", task=task, review=True, manifest=output, categories=categories
        )
        line = world.lines(world.run(review)["LabelingJobOutput"]["OutputDatasetS3Uri"])[0]
        world.service.stop()

        drawn = shapes_of(world, line["One-ref"])
        assert drawn
        wanted = {"x", "y"} if shape == "keypoint" else {"vertices"}
        assert all(wanted <= set(row) for row in drawn)
        # Clean people draw the truth, so there is nothing to repair.
        assert shapes_of(world, line["Two-ref"]) == drawn
        assert line["Two-ref-metadata"]["adjustment-status"] == "unadjusted"
