"""Labels that a review is pointed at: what Ground Truth could not show is found before."""

import json
from typing import Any

import pytest

from terrace.domain import audited_labels, modalities
from tests.data.shared_data import sample_lines

MASK = "s3://out/0.png"
COLORS = {"1": {"class-name": "car", "hex-color": "#2ca02c", "confidence": 0}}
CUBOID = dict.fromkeys(
    ("center-x", "center-y", "center-z", "length", "width", "height", "roll", "pitch", "yaw"), 1.5
)


@pytest.mark.parametrize(
    ("modality", "value", "about", "words"),
    [
        ("SemanticSegmentationVerification", MASK, {"internal-color-map": COLORS}, None),
        ("SemanticSegmentationAdjustment", MASK, {}, "internal-color-map"),
        (
            "SemanticSegmentationAdjustment",
            MASK,
            {"internal-color-map": {"1": {"class-name": "car"}}},
            "hex-color",
        ),
        ("SemanticSegmentationAdjustment", "0.png", {"internal-color-map": COLORS}, "s3://"),
        ("PointCloudObjectDetectionAudit", {"annotations": [CUBOID]}, {}, None),
        ("PointCloudObjectDetectionAudit", {"annotations": [{}]}, {}, "center-x"),
        ("PointCloudObjectDetectionAudit", "s3://out/SeqLabel.json", {}, "annotations"),
        ("PointCloudObjectTrackingAudit", "s3://out/SeqLabel.json", {}, None),
        ("PointCloudSemanticSegmentationAudit", "s3://out/0.zlib", {}, None),
        ("PointCloudSemanticSegmentationAudit", 7, {}, "must be a text"),
        (
            "PointCloudSemanticSegmentationAudit",
            "s3://out/0.zlib",
            {"type": "groundtruth/point_cloud_object_tracking"},
            "is of type",
        ),
        ("Custom", {"anything": 1}, {"type": "groundtruth/image-classification"}, None),
    ],
)
def test_a_label_under_review(
    modality: str, value: Any, about: dict[str, Any], words: str | None
) -> None:
    wrong = audited_labels.problem(value, about, modalities.get(modality))
    if words is None:
        assert wrong is None
    else:
        assert wrong is not None
        assert words in wrong[0]
        assert wrong[1]


@pytest.mark.parametrize(
    ("path", "modality"),
    [
        ("real/image_semantic_segmentation/output", "SemanticSegmentationAdjustment"),
        (
            "doc_derived/manifests/3d_point_cloud_object_detection",
            "PointCloudObjectDetectionAdjustment",
        ),
        (
            "doc_derived/manifests/3d_point_cloud_object_tracking",
            "PointCloudObjectTrackingVerification",
        ),
        (
            "doc_derived/manifests/3d_point_cloud_semantic_segmentation",
            "PointCloudSemanticSegmentationAudit",
        ),
        ("doc_derived/manifests/video_object_detection", "VideoObjectDetectionAudit"),
    ],
)
def test_labels_of_ground_truth_can_be_reviewed(path: str, modality: str) -> None:
    # Given a manifest of Ground Truth, with a bucket where the guide writes a placeholder
    row = modalities.get(modality)
    lines = [
        text.replace("<CustomerOutputLocation>", "out").replace("AWSDOC-EXAMPLE-BUCKET", "out")
        for text in sample_lines(f"{path}.manifest")
    ]
    # Then every label of the type under review can be shown
    found = 0
    for line in (json.loads(text) for text in lines if text.strip()):
        for key, about in line.items():
            if isinstance(about, dict) and about.get("type") == row.base_type:
                label = line[key.removesuffix("-metadata")]
                assert audited_labels.problem(label, about, row) is None
                found += 1
    assert found
