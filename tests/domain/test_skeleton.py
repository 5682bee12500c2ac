"""Rigs of the skeleton page: good ones pass, each fault is named with its place and its repair."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from terrace.domain import skeleton, skeleton_page

RIGS = sorted((Path(__file__).resolve().parents[2] / "docs" / "skeleton" / "rigs").glob("*.json"))
URI = "s3://inp/rig.json"
GOOD: dict[str, Any] = {
    "keypointClasses": [
        {"id": "n", "label": "nose", "color": "#4cc9ff", "x": 50, "y": 0},
        {"id": "t", "label": "tail", "color": "yellow", "x": 0, "y": 10.5},
    ],
    "skeletonRig": [["nose", "tail", "rgb(1, 2, 3)"]],
    "skeletonBoundingBox": {"left": 0, "top": 0, "right": 50, "bottom": 10.5},
}


@pytest.mark.parametrize("path", RIGS, ids=lambda path: path.stem)
def test_the_samples_are_good(path: Path) -> None:
    assert skeleton.check(json.loads(path.read_text(encoding="utf-8")), URI) == []


@pytest.mark.parametrize(
    "config",
    [
        GOOD,
        {"keypointClasses": [{"label": "nose"}]},
        {"keypointClasses": [{"label": "nose", "x": None, "y": None, "id": 7}]},
        {**GOOD, "skeletonBoundingBox": {"left": -5, "top": 0, "width": 55, "height": 11}},
        {**GOOD, "skeletonRig": [], "labels": "whatever"},
    ],
    ids=["everything", "names only", "no places", "a box by its size", "no lines"],
)
def test_a_good_rig_has_no_problems(config: dict[str, Any]) -> None:
    assert skeleton.check(config, URI) == []


def broken(key: str, value: Any) -> dict[str, Any]:
    return {**copy.deepcopy(GOOD), key: value}


def with_class(**change: Any) -> dict[str, Any]:
    config = copy.deepcopy(GOOD)
    config["keypointClasses"][1].update(change)
    return config


FAULTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "no classes": (broken("keypointClasses", []), "keypointClasses", "SKELETON_CLASSES_MISSING"),
    "a class that is a name": (
        broken("keypointClasses", ["nose"]),
        "keypointClasses[0]",
        "SKELETON_CLASS_INVALID",
    ),
    "a blank label": (with_class(label=" "), "keypointClasses[1]", "SKELETON_LABEL_EMPTY"),
    "a label twice": (with_class(label="nose"), "keypointClasses[1]", "SKELETON_LABEL_TWICE"),
    "a long label": (with_class(label="a" * 129), "keypointClasses[1]", "SKELETON_LABEL_TOO_LONG"),
    "an id twice": (with_class(id="n"), "keypointClasses[1]", "SKELETON_ID_TWICE"),
    "an id that is a list": (with_class(id=[]), "keypointClasses[1]", "SKELETON_ID_INVALID"),
    "no colour": (with_class(color="#12"), "keypointClasses[1]", "SKELETON_COLOUR_INVALID"),
    "half a place": (with_class(y=None), "keypointClasses[1]", "SKELETON_SPOT_INVALID"),
    "a place that is no number": (
        with_class(x=float("inf")),
        "keypointClasses[1]",
        "SKELETON_SPOT_INVALID",
    ),
    "one without a place": (
        with_class(x=None, y=None),
        "keypointClasses",
        "SKELETON_SHAPE_INCOMPLETE",
    ),
    "a rig that is no list": (broken("skeletonRig", {}), "skeletonRig", "SKELETON_RIG_INVALID"),
    "a line with one end": (
        broken("skeletonRig", [["nose"]]),
        "skeletonRig[0]",
        "SKELETON_LINE_INVALID",
    ),
    "a line to nowhere": (
        broken("skeletonRig", [["nose", "ear"]]),
        "skeletonRig[0]",
        "SKELETON_LINE_UNKNOWN_LABEL",
    ),
    "a line to itself": (
        broken("skeletonRig", [["nose", "nose"]]),
        "skeletonRig[0]",
        "SKELETON_LINE_TO_ITSELF",
    ),
    "a line twice": (
        broken("skeletonRig", [["nose", "tail"], ["tail", "nose"]]),
        "skeletonRig[1]",
        "SKELETON_LINE_TWICE",
    ),
    "a line of no colour": (
        broken("skeletonRig", [["nose", "tail", 7]]),
        "skeletonRig[0]",
        "SKELETON_COLOUR_INVALID",
    ),
    "half a box": (
        broken("skeletonBoundingBox", {"left": 0, "top": 0}),
        "skeletonBoundingBox",
        "SKELETON_BOX_INVALID",
    ),
    "an empty box": (
        broken("skeletonBoundingBox", {"left": 0, "top": 0, "right": 0, "bottom": 0}),
        "skeletonBoundingBox",
        "SKELETON_BOX_INVALID",
    ),
    "a box that leaves a point out": (
        broken("skeletonBoundingBox", {"left": 0, "top": 0, "right": 49, "bottom": 11}),
        "skeletonBoundingBox",
        "SKELETON_BOX_TOO_SMALL",
    ),
    "more than a page can hold": (
        {"keypointClasses": [{"label": f"point {n:0100d}"} for n in range(300)]},
        "keypointClasses",
        "SKELETON_TOO_LARGE",
    ),
}


@pytest.mark.parametrize(("config", "where", "code"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_named_with_its_place(config: dict[str, Any], where: str, code: str) -> None:
    found = skeleton.check(config, URI)[0]
    assert (found.path, found.code) == (f"{URI} {where}", code)
    assert found.problem
    assert found.fix


def test_every_fault_of_a_file_is_told_at_once() -> None:
    config = broken("skeletonRig", [["nose", "ear"], 7])
    config["keypointClasses"][0]["color"] = 3
    codes = [found.code for found in skeleton.check(config, URI)]
    assert codes == [
        "SKELETON_COLOUR_INVALID",
        "SKELETON_LINE_UNKNOWN_LABEL",
        "SKELETON_LINE_INVALID",
    ]


@pytest.mark.parametrize("script", ["x = '</script>'", "// endraw"])
def test_a_script_that_would_end_its_place_in_the_page_is_refused(script: str) -> None:
    with pytest.raises(ValueError, match="cannot stand in a page"):
        skeleton_page.fill(
            "<!-- terrace:skeleton-script -->",
            category_file={},
            reviews=False,
            script=script,
            address=None,
        )
