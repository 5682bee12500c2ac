"""The rig creator, by mouse: what it copies is a category file that Terrace accepts."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from terrace.domain import skeleton
from tests.worker_page.conftest import ROOT, rig

PAGE = ROOT / "docs" / "skeleton" / "rig-creator.html"


@pytest.fixture
def creator(chromium: Any, picture: bytes) -> Iterator[Any]:
    page = chromium.new_page(viewport={"width": 1200, "height": 800})
    page.set_default_timeout(8000)
    page.goto(PAGE.as_uri())
    page.locator("#picture").set_input_files(
        {"name": "street.png", "mimeType": "image/png", "buffer": picture}
    )
    page.wait_for_function("document.querySelector('svg image') !== null")
    yield page
    page.close()


def click(page: Any, x: float, y: float) -> None:
    box = page.locator("#canvas image").bounding_box()
    page.mouse.click(box["x"] + x * box["width"] / 640, box["y"] + y * box["height"] / 400)


def written(page: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(page.locator("#json").input_value())
    return found


def test_points_are_placed_named_and_joined(creator: Any) -> None:
    # Given three points on a picture
    for x, y in ((150, 80), (110, 120), (190, 125)):
        click(creator, x, y)
    # When they are named and two pairs joined
    for number, name in enumerate(("head", "left hand", "right hand"), start=1):
        field = creator.get_by_label(f"Name of point {number}")
        field.fill(name)
        field.press("Enter")
    creator.get_by_role("button", name="Connect points").click()
    for x, y in ((150, 80), (110, 120), (150, 80), (190, 125)):
        click(creator, x, y)
    # Then the file says so, relative to the rig's own corner
    found = written(creator)
    assert [one["label"] for one in found["keypointClasses"]] == ["head", "left hand", "right hand"]
    assert found["skeletonRig"] == [["head", "left hand"], ["head", "right hand"]]
    head = found["keypointClasses"][0]
    assert (head["x"], head["y"]) == (pytest.approx(40, abs=1), 0)
    assert found["skeletonBoundingBox"]["right"] == pytest.approx(80, abs=1)
    assert skeleton.check(found, "s3://inp/rig.json") == []
    # And a removed point takes its lines with it, until that is undone
    creator.get_by_role("button", name="Remove head", exact=True).click()
    assert written(creator)["skeletonRig"] == []
    creator.get_by_role("button", name="Undo").click()
    assert written(creator) == found


def test_a_name_is_given_once(creator: Any) -> None:
    for x, y in ((150, 80), (110, 120)):
        click(creator, x, y)
    field = creator.get_by_label("Name of point 2")
    field.fill("point_1")
    field.press("Enter")
    assert "already" in creator.locator("#said").inner_text()
    assert [one["label"] for one in written(creator)["keypointClasses"]] == ["point_1", "point_2"]


@pytest.mark.parametrize("name", ["coco-person", "box-truck"])
def test_a_sample_is_read_and_written_again(creator: Any, name: str) -> None:
    given = rig(name)
    creator.locator("#json").fill(json.dumps(given))
    creator.get_by_role("button", name="Read what stands here").click()
    found = written(creator)
    assert [one["label"] for one in found["keypointClasses"]] == [
        one["label"] for one in given["keypointClasses"]
    ]
    assert found["skeletonRig"] == given["skeletonRig"]
    assert skeleton.check(found, "s3://inp/rig.json") == []
