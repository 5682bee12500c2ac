"""Readers of what Ground Truth writes: real files, the guide's, and broken ones."""

import json
from pathlib import Path
from typing import Any

import pytest

from terrace.domain import label_reading, seqlabel
from terrace.domain.json_reading import Node, UnreadableError
from terrace.domain.label_values import (
    Box,
    BoxesLabel,
    ClassesLabel,
    ClassLabel,
    Cuboid,
    CuboidsLabel,
    CustomLabel,
    FramesLabel,
    LabeledItem,
    MaskLabel,
    Span,
    SpansLabel,
)
from tests.data.shared_data import FOLDER, sample_json, sample_lines

DATA = FOLDER.parent
URI = "s3://out/output.manifest"
MANIFESTS = sorted(
    path.relative_to(DATA).as_posix()
    for pattern in ("**/*.manifest", "**/*manifest.jsonl")
    for path in DATA.glob(pattern)
    if "inputs" not in path.parts
)
SEQLABELS = sorted(path.relative_to(DATA).as_posix() for path in DATA.glob("**/*SeqLabel.json"))
BROKEN = Path(__file__).resolve().parents[1] / "data" / "broken"


def shared(path: str) -> str:
    return (DATA / path).read_text(encoding="utf-8")


def items(path: str) -> list[LabeledItem]:
    lines = [line for line in sample_lines(path) if line.strip()]
    return list(label_reading.read(lines, URI))


# --- everything that there is -------------------------------------------------------------------


@pytest.mark.skipif(not MANIFESTS, reason="../shared/data is not on this machine")
def test_the_shared_files_are_those_that_are_meant() -> None:
    # The guide's for every type, and the real ones: none is left out by a wrong pattern
    assert len(MANIFESTS) >= 25
    assert len(SEQLABELS) == 6


@pytest.mark.parametrize("path", MANIFESTS)
def test_every_manifest_of_ground_truth_can_be_read(path: str) -> None:
    # Given a manifest that Ground Truth wrote, or its guide shows
    lines = shared(path).split("\n")
    # Then every line is read, and every metadata of Ground Truth's is a label or a failure
    found = list(label_reading.read(lines, path))
    assert len(found) == sum(1 for line in lines if line.strip())
    for item in found:
        known = {*item.labels, *item.failures}
        told = {
            key.removesuffix("-metadata")
            for key, about in item.data.items()
            if key.endswith("-metadata") and isinstance(about, dict) and "human-annotated" in about
        }
        assert known == told
        assert known


@pytest.mark.parametrize("path", SEQLABELS)
def test_every_seqlabel_file_can_be_read(path: str) -> None:
    raw = json.loads(shared(path))
    found = seqlabel.read(raw, path)
    given = raw if found.frames is found.sensors.get("") else raw["lidar"]
    frames = given[seqlabel.TRACKING if found.tracking else seqlabel.DETECTION]
    assert len(found.frames) == len(frames)
    for frame, written in zip(found.frames, frames, strict=True):
        assert len(frame.annotations) == sum(len(written.get(k, [])) for k in seqlabel.SHAPE_KEYS)


# --- each shape ----------------------------------------------------------------------------------


def only(path: str) -> Any:
    """The last label of a guide's manifest of one line."""
    (item,) = items(f"doc_derived/manifests/{path}.manifest")
    return list(item.labels.values())[-1]


def test_classes_are_numbers_whether_written_as_numbers_or_texts() -> None:
    number, text = items("doc_derived/manifests/image_classification.manifest")
    assert number.labels["sport"].value == ClassLabel(0, "football", 0.0)
    assert text.labels["species"].value == ClassLabel(0, "dog", 0.0)
    assert text.labels["species"].human is True


def test_several_classes_keep_their_order_names_and_confidences() -> None:
    assert only("image_classification_multilabel").value == ClassesLabel(
        (
            ClassLabel(1, "bicycle", 0.95),
            ClassLabel(0, "person", 0.77),
            ClassLabel(8, "clothing", 0.2),
        )
    )


def test_boxes_with_floats_of_a_real_job() -> None:
    first = items("real/image_bounding_box/sample_output.100lines.manifest")[0]
    label = first.labels["category"]
    assert label.job_name == "ground-truth-od-demo-1662974840"
    assert label.value == BoxesLabel(
        (Box(0, 138.8, 164.60000000000002, 443.8, 859.0),), {0: "Bird"}, (680, 1024)
    )


def test_a_mask_with_its_colours() -> None:
    (item,) = items("real/image_semantic_segmentation/output.manifest")
    value = item.labels["S10-label3-ref"].value
    assert isinstance(value, MaskLabel)
    assert value.uri.endswith("0_2022-09-09T17:25:31.918770.png")
    assert value.colors[1] == ("IC", "#2ca02c")


def test_named_entities_of_a_real_job() -> None:
    first = items("real/text/comprehend_readme_ner_and_textcls.manifest")[0]
    value = first.labels["EntityRecognizerPOC-1"].value
    assert isinstance(value, SpansLabel)
    assert value.spans[1] == Span(0, 3, "Person", 0.08)
    assert value.labels == ("Date", "Location", "Person")


def test_a_verdict_with_the_workers_comments_and_an_adjustment() -> None:
    verdict = only("bounding_box_verification")
    assert isinstance(verdict.value, ClassLabel)
    assert (verdict.value.number, verdict.value.name) == (1, "bad")
    assert verdict.value.feedback[0].startswith("The bounding box on the bird")
    assert only("bounding_box_adjustment").adjusted is True
    assert only("semantic_segmentation_adjustment").adjusted in (None, True, False)


def test_labels_of_point_clouds() -> None:
    cuboids = only("3d_point_cloud_object_detection")
    assert isinstance(cuboids.value, CuboidsLabel)
    assert cuboids.value.class_names == {0: "Car"}
    assert all(isinstance(one, Cuboid) for one in cuboids.value.cuboids)
    tracks = only("3d_point_cloud_object_tracking").value
    assert isinstance(tracks, FramesLabel)
    assert tracks.class_names == {0: "Car", 1: "Person"}
    cloud = only("3d_point_cloud_semantic_segmentation").value
    assert isinstance(cloud, MaskLabel)
    assert cloud.colors[1] == ("Car", "#2ca02c")


def test_a_failed_item_has_a_reason_and_no_label() -> None:
    labeled, failed, _ = items("real/failed_objects/output_with_expired_tasks_manifest.jsonl")
    assert isinstance(labeled.labels["mock_job_name"].value, CustomLabel)
    assert failed.labels == {}
    assert failed.failures["mock_job_name"].startswith("ClientError: Annotation tasks expired.")


def test_a_type_that_is_documented_nowhere_is_told_by_its_class_name() -> None:
    line = {
        "source-ref": "s3://inp/1.mp4",
        "a": 1,
        "a-metadata": {"type": "groundtruth/video-classification", "class-name": "jump"},
    }
    (item,) = label_reading.read([json.dumps(line)], URI)
    assert item.labels["a"].value == ClassLabel(1, "jump", None)


def test_a_real_sequence_file_frame_by_frame() -> None:
    found = seqlabel.read(sample_json("real/video_object_tracking/SeqLabel.json"), URI)
    first = found.frames[0]
    assert (found.tracking, first.number, first.name) == (True, 0, "000001.jpg")
    one = first.annotations[0]
    assert (one.object_name, one.shape) == ("Vehicle:1", Box(2, 952, 545, 83, 66))
    assert one.attributes == {"Color": "Green"}


def test_3d_2d_tracking_has_the_same_object_in_each_sensor() -> None:
    found = seqlabel.read(
        sample_json("doc_derived/seqlabel/3d_2d_object_tracking.SeqLabel.json"), URI
    )
    assert set(found.sensors) == {"lidar", "camera-0"}
    cloud = {a.object_id for frame in found.frames for a in frame.annotations}
    camera = {a.object_id for frame in found.sensors["camera-0"] for a in frame.annotations}
    assert camera & cloud


@pytest.mark.parametrize(
    ("key", "shape", "points"),
    [
        ("polylines", {"vertices": [{"x": 1, "y": 2}, {"x": 3, "y": 4}]}, ((1, 2), (3, 4))),
        ("polygons", {"vertices": [{"x": 1, "y": 2}]}, ((1, 2),)),
        ("keypoints", {"x": 5, "y": 6}, ((5, 6),)),
    ],
)
def test_other_shapes_of_video_frames(key: str, shape: Any, points: Any) -> None:
    entry = {**shape, "class-id": "0", "label-category-attributes": {}}
    raw = {"detection-annotations": [{key: [entry], "frame-no": "0", "frame": "1.jpg"}]}
    (annotation,) = seqlabel.read(raw, URI).frames[0].annotations
    assert annotation.shape == seqlabel.Points(0, key, points)
    assert annotation.object_id is None


# --- broken ones ---------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(BROKEN.glob("*.manifest")), ids=lambda path: path.stem)
def test_a_broken_manifest_is_refused_with_file_line_and_reason(path: Path) -> None:
    # Given a manifest whose second line is broken, and the words that should be said of it
    lines = path.read_text(encoding="utf-8").split("\n")
    expected = json.loads((BROKEN / "expected.json").read_text(encoding="utf-8"))[path.stem]
    # Then the error names the file, the line, the place in it, and what is wrong
    with pytest.raises(UnreadableError) as caught:
        list(label_reading.read(lines, URI))
    problem = caught.value.problem
    assert problem.path.startswith(f"{URI} line 2")
    assert problem.path.endswith(expected["path"])
    assert expected["problem"] in problem.problem
    assert problem.fix
    assert str(caught.value).startswith(problem.path)


@pytest.mark.parametrize("path", sorted(BROKEN.glob("*.SeqLabel.json")), ids=lambda path: path.stem)
def test_a_broken_seqlabel_file_is_refused_with_file_place_and_reason(path: Path) -> None:
    expected = json.loads((BROKEN / "expected.json").read_text(encoding="utf-8"))[path.stem]
    with pytest.raises(UnreadableError) as caught:
        seqlabel.read(Node.parse(path.read_text(encoding="utf-8"), URI).value, URI)
    problem = caught.value.problem
    assert problem.path == f"{URI}{expected['path']}"
    assert expected["problem"] in problem.problem


def test_each_broken_file_has_its_words_and_each_words_a_file() -> None:
    named = set(json.loads((BROKEN / "expected.json").read_text(encoding="utf-8")))
    assert named == {path.stem for path in BROKEN.iterdir()} - {"expected"}
