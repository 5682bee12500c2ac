"""What jobs leave in S3, compared with the fact sheet and with real jobs' files."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from terrace_local.ground_truth.categories import parse_categories
from terrace_local.ground_truth.families.seqlabel import from_seqlabel, to_seqlabel
from terrace_local.ground_truth.task_types import TASK_TYPES
from terrace_local.workers.sequence import Sequence
from tests.data import shared_data
from tests.local.ground_truth_world import FRAMES, World

SAMPLES = shared_data.FOLDER
real = pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"real samples are not at {SAMPLES}")


@pytest.fixture(scope="module")
def done() -> Iterator[World]:
    """A world in which one job of each kind has run with people who decline some items."""
    with mock_aws():
        world = World(workers="manual")
        world.service.start()
        for name, task in (("Track", "VideoObjectTracking"), ("Find", "VideoObjectDetection")):
            request = world.video_request(name, task=task, categories=world.categories())
            world.call("CreateLabelingJob", **request)
            world.control("POST", f"jobs/{name}/finish", {"labeled": 0.67})
        request = world.image_request(
            "Boxes", manifest=world.images(12), categories=world.categories("Cat", "Dog")
        )
        world.call("CreateLabelingJob", **request)
        world.control("POST", "jobs/Boxes/finish", {})
        yield world
        world.service.stop()


def shape_of(value: Any) -> Any:
    """Keys and types of a JSON value; numbers are one type, as JSON knows only one."""
    if isinstance(value, dict):
        return {key: shape_of(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape_of(value[0])] if value else []
    return "number" if isinstance(value, int | float) else type(value).__name__


def test_everything_lies_where_ground_truth_puts_it(done: World) -> None:
    stamp = r"\d{4}-\d\d-\d\d_\d\d:\d\d:\d\d\.json"
    patterns = [
        r"manifests/output/output\.manifest",
        rf"annotations/consolidated-annotation/consolidation-request/iteration-1/{stamp}",
        rf"annotations/consolidated-annotation/consolidation-response/iteration-1/{stamp}",
        r"annotations/consolidated-annotation/output/[01]/SeqLabel\.json",
        r"annotations/intermediate/1/annotations\.json",
        r"annotations/worker-response/iteration-1/[01]/\d{6}\.jpg\.json",
    ]

    keys = [key.removeprefix("out/Track/") for key in done.keys("out/") if "Track/" in key]

    for pattern in patterns:
        assert any(re.fullmatch(pattern, key) for key in keys), pattern
    strangers = [k for k in keys if not any(re.fullmatch(p, k) for p in patterns)]
    assert strangers == []


def test_ten_objects_go_first_and_the_rest_after(done: World) -> None:
    folder = "out/Boxes/annotations/worker-response/"
    found = {tuple(key.removeprefix(folder).split("/")[:2]) for key in done.keys(folder)}

    first = {(f"iteration-{1 if n < 10 else 2}", str(n)) for n in range(12)}
    assert found == first


def test_metadata_says_what_real_metadata_says(done: World) -> None:
    metadata = done.lines("s3://out-bucket/out/Track/manifests/output/output.manifest")[0][
        "Track-ref-metadata"
    ]

    assert metadata["job-name"] == "labeling-job/track"
    assert metadata["type"] == "groundtruth/video-object-tracking"
    assert metadata["human-annotated"] == "yes"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}", metadata["creation-date"])
    assert set(metadata) == {"class-map", "job-name", "human-annotated", "creation-date", "type"}


def test_worker_responses_name_private_workers_and_their_time(done: World) -> None:
    key = done.keys("out/Boxes/annotations/worker-response/iteration-1/0/")[0]
    answer = done.json(f"s3://out-bucket/{key}")["answers"][0]

    assert re.fullmatch(r"private\.us-east-1\.[0-9a-f]{16}", answer["workerId"])
    identity = answer["workerMetadata"]["identityData"]
    assert set(identity) == {"identityProviderType", "issuer", "sub"}
    for field in ("acceptanceTime", "submissionTime"):
        assert re.fullmatch(r"[\d-]{10}T[\d:]{8}\.\d{3}Z", answer[field])
    assert answer["timeSpentInSeconds"] > 0
    content = answer["answerContent"]["boundingBox"]
    assert content["inputImageProperties"] == {"height": 100, "width": 200}


def test_frame_times_of_a_sequence_add_up_to_the_tasks_time(done: World) -> None:
    keys = done.keys("out/Track/annotations/worker-response/iteration-1/0/")
    times = [done.json(f"s3://out-bucket/{k}")["answers"][0]["timeSpentInSeconds"] for k in keys]

    # 6 s a frame, people are at most 30 % faster or slower
    assert 0.7 * 6 * len(FRAMES) <= sum(times) <= 1.3 * 6 * len(FRAMES) + 0.1


def test_consolidation_requests_hold_the_answer_as_a_string(done: World) -> None:
    folder = "out/Boxes/annotations/consolidated-annotation/consolidation-request/iteration-1/"
    request = done.json(f"s3://out-bucket/{done.keys(folder)[0]}")

    assert len(request) == 10
    content = request[0]["annotations"][0]["annotationData"]["content"]
    assert "boundingBox" in json.loads(content)


@real
def test_tracking_labels_have_the_shape_of_a_real_file(done: World) -> None:
    theirs = json.loads((SAMPLES / "real/video_object_tracking/SeqLabel.json").read_text())
    ours = done.json(
        "s3://out-bucket/out/Track/annotations/consolidated-annotation/output/0/SeqLabel.json"
    )

    def plain(content: dict[str, Any]) -> Any:
        frame = next(f for f in content["tracking-annotations"] if f["annotations"])
        box = {**frame["annotations"][0], "label-category-attributes": {}}
        return shape_of({**frame, "annotations": [box], "frame-attributes": {}})

    assert plain(ours) == plain(theirs)


@real
def test_image_boxes_have_the_shape_of_a_real_line(done: World) -> None:
    text = (SAMPLES / "real/image_bounding_box/sample_output.100lines.manifest").read_text()
    theirs = json.loads(text.splitlines()[0])
    ours = done.lines("s3://out-bucket/out/Boxes/manifests/output/output.manifest")[0]

    assert shape_of(ours["Boxes"]) == shape_of(theirs["category"])
    ours["Boxes-metadata"]["class-map"] = theirs["category-metadata"]["class-map"] = {}
    assert shape_of(ours["Boxes-metadata"]) == shape_of(theirs["category-metadata"])


@real
def test_a_failed_line_is_that_of_a_real_job(done: World) -> None:
    path = SAMPLES / "real/failed_objects/output_with_expired_tasks_manifest.jsonl"
    theirs = json.loads(path.read_text().splitlines()[1])["mock_job_name-metadata"]
    ours = done.lines("s3://out-bucket/out/Track/manifests/output/output.manifest")[2]

    assert "Track-ref" not in ours
    assert ours["Track-ref-metadata"] == theirs


@real
def test_a_real_label_file_survives_a_round_trip() -> None:
    theirs = json.loads((SAMPLES / "real/video_object_tracking/SeqLabel.json").read_text())
    names = tuple(sorted(frame["frame"] for frame in theirs["tracking-annotations"]))
    sequence = Sequence(names, "s3://b/f/", 1920, 1080)
    labels = ["Pedestrian", "Other", "Vehicle"]
    categories = parse_categories(
        {"labels": [{"label": label} for label in labels]}, TASK_TYPES["VideoObjectTracking"]
    )

    read = from_seqlabel(theirs, sequence, {str(i): n for i, n in enumerate(labels)}, True)

    assert to_seqlabel(read, sequence, categories, tracking=True) == theirs


@real
@pytest.mark.parametrize("name", ["notebook_video_lane_audit", "notebook_video_vehicle_audit"])
def test_real_audit_category_files_are_understood(name: str) -> None:
    path = SAMPLES / f"real/label_category_configs/{name}.json"
    data = {**json.loads(path.read_text()), "auditLabelAttributeName": "a-ref"}

    categories = parse_categories(data, TASK_TYPES["AdjustmentVideoObjectTracking"])

    assert categories.labels[0].attributes[0].choices == ("Pass", "Fail")
    assert categories.labels[0].editable
