"""Point clouds in the local Ground Truth: what is labeled, reviewed and written, per task type."""

import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from moto import mock_aws

from terrace_cli.main import cli
from terrace_local.ground_truth.families.cloud_input import parse_points, sequence_frames
from terrace_local.ground_truth.s3files import InputProblem, S3Files
from terrace_local.samples import make_sample
from terrace_local.samples.clouds import as_binary, as_text
from terrace_local.workers.cloud_truth import CloudTruth
from terrace_local.workers.cuboids import Cuboid, overlap
from terrace_local.workers.truth import video_truth_key

from .ground_truth_world import UIS, World

BASE = "s3://in-bucket/clouds/"
DETECTION, TRACKING, SEGMENTATION = (
    "3DPointCloudObjectDetection",
    "3DPointCloudObjectTracking",
    "3DPointCloudSemanticSegmentation",
)
# The errors are certain, so that a review has something to find.
CARELESS = {
    "care": 0,
    "label": {"looseBox": 1.0, "looseFactor": [1.6, 1.9], "missedObject": 0, "wrongClass": 0},
    "review": {"findShare": 1, "repairShare": 1, "falseAlarm": 0},
}


@pytest.fixture
def world_of() -> Iterator[Callable[..., World]]:
    """Starts a world with some settings of the service."""
    worlds: list[World] = []

    def build(**config: Any) -> World:
        worlds.append(World(**config))
        worlds[-1].service.start()
        return worlds[-1]

    with mock_aws():
        yield build
        for built in worlds:
            built.service.stop()


@pytest.fixture
def world(world_of: Callable[..., World]) -> World:
    """A world with the default people."""
    return world_of()


def request(world: World, name: str, task: str, manifest: str, categories: str) -> dict[str, Any]:
    """A good request for a 3D task, labeling or adjusting."""
    made = world.video_request(name, task=task)
    made["HumanTaskConfig"]["UiConfig"] = {
        "HumanTaskUiArn": f"{UIS}/{task.removeprefix('Adjustment').removeprefix('3D')}"
    }
    made["LabelAttributeName"] = name if DETECTION in task else f"{name}-ref"
    made["InputConfig"] = {"DataSource": {"S3DataSource": {"ManifestS3Uri": manifest}}}
    made["LabelCategoryConfigS3Uri"] = categories
    return made


def run(world: World, name: str, task: str, manifest: str, categories: str) -> list[dict[str, Any]]:
    """Runs the job and gives the lines of its output."""
    ended = world.run(request(world, name, task, manifest, categories))
    assert ended["LabelingJobStatus"] == "Completed", ended.get("FailureReason")
    return world.lines(ended["LabelingJobOutput"]["OutputDatasetS3Uri"])


def review_categories(world: World, of: str, audited: str, edits: str) -> str:
    """The category file of a review, as Terrace writes it."""
    content = world.json(of)
    for label in content["labels"]:
        label["editsAllowed"] = edits
    if edits == "none":
        asked = {"name": "Frame_Quality", "type": "string", "enum": ["Pass", "Fail"]}
        content["frameAttributes"] = [{**asked, "description": "Is the frame good?"}]
    content["auditLabelAttributeName"] = audited
    return world.put(f"review-{audited}-{edits}.json", content)


@pytest.fixture
def careless(tmp_path: Path) -> str:
    path = tmp_path / "careless.json"
    path.write_text(json.dumps(CARELESS))
    return str(path)


def test_detection_writes_cuboids_into_the_line_with_class_map_spelt_as_aws_does(
    world: World,
) -> None:
    sample = make_sample("PointCloudObjectDetection", BASE)
    sample.upload(world.s3)

    lines = run(world, "cars", DETECTION, sample.manifest_uri, sample.categories_uri)

    assert len(lines) == 3
    for line in lines:
        metadata = line["cars-metadata"]
        assert metadata["type"] == "groundtruth/point_cloud_object_detection"
        assert set(metadata["class_map"].values()) <= {"Car", "Pedestrian"}
        assert "class-map" not in metadata
        assert list(metadata["dataset-object-attributes"]) == ["Count"]
        row = line["cars"]["annotations"][0]
        assert "object-id" not in row
        assert isinstance(row["class-id"], int)
        assert {"center-x", "yaw", "length", "object-name"} <= set(row)
        assert line["source-ref-metadata"]["unix-timestamp"]


def test_a_careful_person_draws_the_cuboids_that_are_there(world_of: Any, tmp_path: Path) -> None:
    world = world_of(error_mix="clean")
    sample = make_sample("PointCloudObjectTracking", BASE, items=1)
    sample.upload(world.s3)

    line = run(world, "walk", TRACKING, sample.manifest_uri, sample.categories_uri)[0]

    truth = CloudTruth.from_json(
        world.json(f"s3://in-bucket/{video_truth_key(line['source-ref'])}")
    )
    frames = world.json(line["walk-ref"])["tracking-annotations"]
    assert [frame["frame-number"] for frame in frames] == [0, 1, 2, 3, 4]
    for frame in frames:
        real = [t.frames[frame["frame-name"].removesuffix(".pcd")] for t in truth.things]
        drawn = [Cuboid.from_json(row) for row in frame["annotations"]]
        assert len(drawn) == len(real)
        assert all(max(overlap(c, r) for r in real) > 0.99 for c in drawn)
    assert line["walk-ref-metadata"]["objects"][4] == {"frame-no": 4, "confidence": []}
    exported(world, line, tmp_path)


def exported(world: World, line: dict[str, Any], folder: Path) -> None:
    """Its labels can be exported in both formats for clouds, and drawn."""
    place = folder / "output.manifest"
    place.write_text(f"{json.dumps(line)}\n", encoding="utf-8")
    sequence = world.json(line["source-ref"])
    stored = [line["source-ref"], line["walk-ref"]]
    stored += [f"{sequence['prefix']}{row['frame']}" for row in sequence["frames"]]
    for uri in stored:
        copy = folder / "copy" / uri.removeprefix("s3://")
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(world.get(uri))
    copies = ("--copy", f"s3://in-bucket/={folder}/copy/in-bucket")
    copies += ("--copy", f"s3://out-bucket/={folder}/copy/out-bucket")
    for name in ("kitti-3d", "nuscenes"):
        out = ("--format", name, "--out", str(folder / name))
        done = CliRunner().invoke(cli, ["convert", str(place), *copies, *out])
        assert done.exit_code == 0, done.output
    rows = [path.read_text() for path in sorted(folder.rglob("label_2/**/*.txt"))]
    drawn = [one["annotations"] for one in world.json(line["walk-ref"])["tracking-annotations"]]
    assert [len(text.splitlines()) for text in rows] == [len(found) for found in drawn]
    found = json.loads(next(folder.rglob("sample_annotation.json")).read_text(encoding="utf-8"))
    assert len(found) == sum(len(one) for one in drawn) > 0
    done = CliRunner().invoke(cli, ["draw", str(place), *copies, "--out", str(folder / "seen")])
    assert "5 items drawn" in done.output
    assert "on grey" not in done.output


def test_with_images_the_file_has_a_part_per_sensor_and_one_identity_per_thing(
    world: World,
) -> None:
    sample = make_sample("PointCloudObjectTracking", BASE, variant="3d2d", items=1)
    sample.upload(world.s3)

    line = run(world, "both", TRACKING, sample.manifest_uri, sample.categories_uri)[0]

    content = world.json(line["both-ref"])
    assert set(content) == {"lidar", "camera-0"}
    names: dict[str, set[str]] = {}
    for part in content.values():
        for frame in part["tracking-annotations"]:
            for row in frame["annotations"]:
                names.setdefault(row["object-id"], set()).add(row["object-name"])
    assert names
    assert all(len(found) == 1 for found in names.values())
    camera = content["camera-0"]["tracking-annotations"][0]
    assert camera["frame"] == "street1-0.txt.pcd"
    assert {"left", "top", "width", "height"} <= set(camera["annotations"][0])


def test_segmentation_gives_every_point_a_class_of_the_colour_map(world_of: Any) -> None:
    world = world_of(error_mix="clean")
    sample = make_sample("PointCloudSemanticSegmentation", BASE)
    sample.upload(world.s3)

    for line in run(world, "paint", SEGMENTATION, sample.manifest_uri, sample.categories_uri):
        body = world.get(line["source-ref"])
        points = parse_points(body, line["source-ref-metadata"]["format"].split("/")[0], 4)
        classes = zlib.decompress(world.get(line["paint-ref"]))
        colours = line["paint-ref-metadata"]["color-map"]
        assert line["paint-ref"].endswith(".zlib")
        assert len(classes) == len(points)
        assert {str(c) for c in classes} <= set(colours)
        assert colours["0"]["class-name"] == "Background"
        assert [row["class-name"] for row in colours.values()][1:] == ["Road", "Car", "Pedestrian"]
        # Clean people paint all the ground as Road; a lidar point of a car is never below it.
        assert all(c == 1 for c, p in zip(classes, points, strict=True) if p[2] < 0.05)


@pytest.mark.parametrize("task", [DETECTION, TRACKING, SEGMENTATION])
def test_a_verification_changes_nothing_and_says_fail_and_an_adjustment_repairs(
    task: str, world_of: Any, careless: str
) -> None:
    world = world_of(error_mix=careless)
    modality = task.removeprefix("3D")
    sample = make_sample(modality, BASE)
    sample.upload(world.s3)
    first = run(world, "one", task, sample.manifest_uri, sample.categories_uri)
    suffix = "" if task == DETECTION else "-ref"
    output = world.put("one.manifest", "\n".join(json.dumps(row) for row in first))

    verify = review_categories(world, sample.categories_uri, f"one{suffix}", "none")
    verified = run(world, "two", f"Adjustment{task}", output, verify)
    adjust = review_categories(world, sample.categories_uri, f"one{suffix}", "any")
    adjusted = run(world, "three", f"Adjustment{task}", output, adjust)

    def label(line: dict[str, Any], name: str) -> Any:
        value = line[name + suffix]
        return world.get(value) if isinstance(value, str) else value

    assert {row[f"two{suffix}-metadata"]["adjustment-status"] for row in verified} == {"unadjusted"}
    assert {row[f"three{suffix}-metadata"]["adjustment-status"] for row in adjusted} == {"adjusted"}
    for row in adjusted:
        assert label(row, "three") != label(row, "one")
        assert row[f"one{suffix}"] == first[adjusted.index(row)][f"one{suffix}"]
    if task == SEGMENTATION:
        assert [label(row, "two") for row in verified] == [label(row, "one") for row in first]
        verdicts = {
            row[f"two{suffix}-metadata"]["dataset-object-attributes"]["Frame_Quality"]
            for row in verified
        }
        assert verdicts == {"Fail"}


def test_a_frame_that_is_not_its_format_fails_alone_and_says_why(world: World) -> None:
    sample = make_sample("PointCloudObjectDetection", BASE)
    sample.upload(world.s3)
    broken = next(key for key in sample.files if key.endswith(".bin"))
    world.put(f"clouds/{broken}", b"seven b")

    lines = run(world, "cars", DETECTION, sample.manifest_uri, sample.categories_uri)

    failed = [line for line in lines if "cars" not in line]
    assert len(failed) == 1
    reason = failed[0]["cars-metadata"]["failure-reason"]
    assert "is not binary/xyzi: its 7 bytes are no multiple of 16" in reason


def test_a_line_without_the_audited_label_fails_alone(world: World) -> None:
    sample = make_sample("PointCloudObjectDetection", BASE)
    sample.upload(world.s3)
    first = run(world, "one", DETECTION, sample.manifest_uri, sample.categories_uri)
    del first[1]["one"]
    output = world.put("one.manifest", "\n".join(json.dumps(row) for row in first))
    categories = review_categories(world, sample.categories_uri, "one", "any")

    lines = run(world, "two", f"Adjustment{DETECTION}", output, categories)

    assert ["two" in line for line in lines] == [True, False, True]
    assert "no label attribute one" in lines[1]["two-metadata"]["failure-reason"]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"number-of-frames": 4}, "number-of-frames is 4, not 5"),
        ({"prefix": "s3://in-bucket/x"}, "`prefix` must be an S3 URI that ends with /"),
        ({"frames": "none"}, "a list `frames`"),
    ],
)
def test_a_bad_sequence_file_fails_the_job_with_the_rule(
    world: World, change: dict[str, Any], text: str
) -> None:
    sample = make_sample("PointCloudObjectTracking", BASE, items=1)
    sample.upload(world.s3)
    uri = world.put("clouds/street1.json", {**world.json(f"{BASE}street1.json"), **change})

    ended = world.run(request(world, "bad", TRACKING, sample.manifest_uri, sample.categories_uri))

    assert ended["LabelingJobStatus"] == "Failed"
    assert uri in ended["FailureReason"]
    assert text in ended["FailureReason"]


def test_timestamps_must_grow(world: World) -> None:
    sample = make_sample("PointCloudObjectTracking", BASE, items=1)
    sample.upload(world.s3)
    content = world.json(f"{BASE}street1.json")
    content["frames"][2]["unix-timestamp"] = content["frames"][1]["unix-timestamp"]
    uri = world.put("clouds/street1.json", content)

    with pytest.raises(InputProblem, match="greater than the one before"):
        sequence_frames(S3Files(lambda: world.s3), uri)


def test_both_formats_hold_the_same_points() -> None:
    points = [(1.5, -2.25, 0.125, 0.5), (3.0, 4.0, 5.0, 1.0)]

    assert parse_points(as_text(points), "text", 4) == [p[:3] for p in points]
    assert parse_points(as_binary(points), "binary", 4) == [p[:3] for p in points]


def test_overlap_of_two_cuboids_half_a_length_apart_is_a_third() -> None:
    a = Cuboid(0, 0, 0, 4, 2, 2)

    assert overlap(a, a) == pytest.approx(1)
    assert overlap(a, a.moved(2, 0)) == pytest.approx(1 / 3)
    assert overlap(a, a.moved(9, 0)) == 0
