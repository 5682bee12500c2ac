"""Which formats can hold what a modality makes."""

import itertools
from typing import get_args

import pytest

from terrace.domain.exports.fitting import Material, Medium, fits, fitting, of_label, of_modality
from terrace.domain.exports.formats import FORMATS
from terrace.domain.exports.model import Kind
from terrace.domain.json_reading import Node
from terrace.domain.modalities import MODALITIES

KINDS = [frozenset({kind}) for kind in get_args(Kind)]


@pytest.mark.parametrize(
    ("modality", "yes", "no"),
    [
        (
            "BoundingBox",
            ["coco", "yolo", "voc", "kitti", "ground-truth"],
            ["mot", "masks", "conll"],
        ),
        ("VideoObjectTracking", ["mot", "cvat-video", "coco", "csv"], ["kitti-3d", "masks"]),
        ("SemanticSegmentation", ["masks", "coco", "coco-panoptic"], ["yolo", "voc", "csv"]),
        ("ImageMultiClass", ["imagenet", "csv", "cvat"], ["jsonl", "coco", "mot"]),
        ("TextMultiClass", ["jsonl", "csv", "label-studio"], ["imagenet", "labelme", "conll"]),
        ("NamedEntityRecognition", ["conll", "jsonl", "label-studio"], ["csv", "coco"]),
        ("VideoMultiClass", ["csv", "imagenet"], ["mot", "cvat-video", "label-studio"]),
        ("PointCloudObjectTracking", ["kitti-3d", "nuscenes"], ["kitti", "coco"]),
        ("Custom", ["coco-keypoints", "yolo-pose"], ["mot", "conll"]),
    ],
)
def test_a_modality_fits(modality: str, yes: list[str], no: list[str]) -> None:
    material = of_modality(MODALITIES[modality])
    assert all(fits(FORMATS[name], material) for name in yes)
    assert not any(fits(FORMATS[name], material) for name in no)


def test_every_modality_fits_somewhere_but_the_classes_of_points() -> None:
    lost = {name for name, row in MODALITIES.items() if not fitting([of_modality(row)])}
    assert {MODALITIES[name].base for name in lost} == {"PointCloudSemanticSegmentation"}


def test_every_format_holds_some_modality() -> None:
    assert set(fitting(map(of_modality, MODALITIES.values()))) == set(FORMATS)


def test_a_category_file_says_what_is_drawn_in_a_video() -> None:
    about = Node({"type": "groundtruth/video-object-tracking", "class-map": {}}, "m line 1")
    known = of_label("s3://b/SeqLabel.json", about, {"annotationType": "Polyline", "labels": []})
    assert known.kinds == {"polyline"}
    assert of_label("s3://b/SeqLabel.json", about, None).kinds >= {"polyline", "box"}


def test_the_two_tables_hold_the_same_of_every_kind_and_medium() -> None:
    for material in itertools.starmap(Material, itertools.product(KINDS, get_args(Medium))):
        assert fits(FORMATS["csv"], material) == fits(FORMATS["parquet"], material), material


@pytest.mark.parametrize(
    ("content", "held"), [({"updated_annotations": []}, True), ({"choice": "yes"}, False)]
)
def test_of_custom_jobs_only_skeletons_fit(content: object, held: bool) -> None:
    about = Node({"type": "groundtruth/custom"}, "m line 1")
    assert bool(fitting([of_label(content, about, None)])) == held
