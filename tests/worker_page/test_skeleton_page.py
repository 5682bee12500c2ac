"""The skeleton page, worked on by mouse and keys in a real Chromium."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from terrace.domain import skeleton_page
from terrace.runtime.worker_pages import template
from tests.worker_page.conftest import PEOPLE, WIDTH, Worker, rendered, rig

Show = Callable[..., Worker]
COCO = rig("coco-person")
LABELS = [one["label"] for one in COCO["keypointClasses"]]
PIXEL = 0.5
"""Half a pixel of the picture: what "to the pixel" means."""


def shape(
    box: tuple[float, float, float, float], categories: dict[str, Any] = COCO
) -> dict[str, Any]:
    """The rig's points stretched into left, top, right, bottom, by plain arithmetic."""
    classes = categories["keypointClasses"]
    xs, ys = [one["x"] for one in classes], [one["y"] for one in classes]
    left, top, right, bottom = box
    return {
        one["label"]: (
            left + (one["x"] - min(xs)) / (max(xs) - min(xs)) * (right - left),
            top + (one["y"] - min(ys)) / (max(ys) - min(ys)) * (bottom - top),
        )
        for one in classes
    }


def assert_at(points: dict[str, dict[str, Any]], wanted: dict[str, tuple[float, float]]) -> None:
    assert sorted(points) == sorted(wanted)
    for label, (x, y) in wanted.items():
        found = points[label]
        assert (found["x"], found["y"]) == (
            pytest.approx(x, abs=PIXEL),
            pytest.approx(y, abs=PIXEL),
        ), label


def test_a_skeleton_is_placed_two_points_dragged_one_removed_and_submitted_to_the_pixel(
    show: Show,
) -> None:
    # Given a picture without skeletons
    worker = show(rendered(COCO)).ready()
    box = (100.0, 80.0, 200.0, 350.0)
    # When a whole skeleton is placed, two points pulled, one removed, and the form submitted
    worker.new_skeleton(box[:2], box[2:])
    wanted = shape(box)
    assert_at(worker.skeletons()[0], wanted)
    joints = PEOPLE[0].joints()
    for label in ("left_wrist", "right_knee"):
        worker.drag(wanted[label], joints[label])
        wanted[label] = joints[label]
    worker.click(*wanted["left_ear"])
    worker.press("Delete")
    del wanted["left_ear"]
    sent = worker.submit()
    # Then the answer has the points where they were put, in pixels of the picture
    [skeleton] = worker.skeletons(sent)
    assert_at(skeleton, wanted)
    assert all(point["visibility"] == "visible" for point in skeleton.values())
    ids = {one["label"]: one["id"] for one in COCO["keypointClasses"]}
    assert all(point["id"] == ids[label] for label, point in skeleton.items())
    assert sent["noChangesNeeded"] == "false"
    assert re.fullmatch(r"\d+\.\d", sent["totalTimeInSeconds"])


ANSWER = [
    {
        "id": "skeleton-1",
        "keypoints": [
            {"id": "nose", "label": "nose", "x": 150.25, "y": 82.5, "visibility": "visible"},
            {"id": "left_hip", "label": "left_hip", "x": 171, "y": 216, "visibility": "occluded"},
            {"id": "left_ankle", "label": "left_ankle", "visibility": "absent"},
        ],
    }
]


@pytest.mark.parametrize(
    "earlier",
    [ANSWER, json.dumps(ANSWER), {"updated_annotations": ANSWER, "original_annotations": []}],
    ids=["a list", "a list as text", "the label of an earlier job"],
)
def test_reopened_with_earlier_answers_it_shows_them_and_gives_them_back(
    show: Show, earlier: Any
) -> None:
    # Given the answer of the job before, in any of its forms
    worker = show(rendered(COCO, earlier=earlier)).ready()
    # Then each point is drawn on its pixel
    assert worker.drawn_at("nose") == pytest.approx((150.25, 82.5), abs=PIXEL)
    assert worker.drawn_at("left_hip") == pytest.approx((171, 216), abs=PIXEL)
    assert worker.page.locator(".point").count() == 2
    # And unchanged it comes back as it was, marked as needing no change
    worker.page.get_by_label("No changes needed").check()
    sent = worker.submit()
    assert json.loads(sent["annotations"]) == ANSWER
    assert sent["noChangesNeeded"] == "true"


def test_what_aws_documents_as_initial_values_is_shown_too(show: Show) -> None:
    given = [
        {
            "name": "the runner",
            "annotations": [
                {"label": "nose", "x": 300, "y": 73},
                {"label": "tail", "x": 9, "y": 8},
            ],
            "annotation_options": {"line_color": "#6a5acd", "keypoint_color": "#0000ff"},
        }
    ]
    worker = show(rendered(COCO, earlier=given)).ready()
    assert worker.drawn_at("nose") == pytest.approx((300, 73), abs=PIXEL)
    [skeleton] = json.loads(worker.submit()["annotations"])
    assert skeleton["name"] == "the runner"
    # A label that the page does not know is not lost
    assert [(p["label"], p["x"], p["y"]) for p in skeleton["keypoints"]] == [
        ("nose", 300, 73),
        ("tail", 9, 8),
    ]


def test_two_skeletons_of_one_id_are_both_shown_and_kept(show: Show) -> None:
    given = [ANSWER[0], {"id": "skeleton-1", "keypoints": [{"label": "nose", "x": 400, "y": 100}]}]
    worker = show(rendered(COCO, earlier=given)).ready()
    assert worker.drawn_at("nose", 0) == pytest.approx((150.25, 82.5), abs=PIXEL)
    assert worker.drawn_at("nose", 1) == pytest.approx((400, 100), abs=PIXEL)
    worker.drag((400, 100), (410, 120))
    first, second = worker.skeletons()
    assert (first["nose"]["x"], first["nose"]["y"]) == (150.25, 82.5)
    assert second["nose"]["y"] == pytest.approx(120, abs=PIXEL)


def test_without_a_picture_nothing_can_be_placed(chromium: Any) -> None:
    page = chromium.new_page()
    page.set_default_timeout(8000)
    worker = Worker(page).open(rendered(COCO), b"this is no picture", {})
    alert = page.get_by_role("alert")
    alert.wait_for()
    assert "The image cannot be shown" in alert.inner_text()
    assert worker.button("New skeleton").is_disabled()
    worker.press("s", "Enter")
    assert worker.skeletons() == []
    page.close()
    assert worker.errors == []


def test_keys_alone_are_enough(show: Show) -> None:
    worker = show(rendered(COCO)).ready()
    # Given the focus on the page's first button, a skeleton in the middle
    worker.press("Tab")
    assert (
        worker.page.evaluate(
            "document.querySelector('crowd-2d-skeleton').shadowRoot.activeElement.textContent"
        )
        == "New skeleton"
    )
    worker.press("s", "Enter")
    before = worker.skeletons()[0]
    assert len(before) == 17
    # When points are moved, hidden, not in the picture, and removed, one after the other
    worker.press("ArrowRight", "ArrowRight", "Shift+ArrowDown")
    worker.press("Tab", "o")
    worker.press("Tab", "a")
    worker.press("Delete")
    after = worker.skeletons()[0]
    # Then the answer says so
    assert (after["nose"]["x"], after["nose"]["y"]) == (
        pytest.approx(before["nose"]["x"] + 2, abs=0.01),
        pytest.approx(before["nose"]["y"] + 10, abs=0.01),
    )
    assert after["left_eye"]["visibility"] == "occluded"
    assert after["right_eye"] == {"id": "right_eye", "label": "right_eye", "visibility": "absent"}
    assert "left_ear" not in after
    # And everything can be taken back and done again
    worker.press("Control+z")
    assert "left_ear" in worker.skeletons()[0]
    worker.press("Control+y")
    assert "left_ear" not in worker.skeletons()[0]
    # And the form is reached and submitted without a mouse
    for _ in range(120):
        worker.press("Tab")
        if worker.page.evaluate("document.activeElement.textContent") == "Submit":
            break
    worker.press("Enter")
    assert worker.skeletons(worker.page.evaluate("window.submitted"))[0] == after


def test_every_point_has_a_name_for_a_screen_reader_and_a_visible_focus(show: Show) -> None:
    worker = show(rendered(COCO, earlier=ANSWER)).ready()
    worker.point("nose").focus()
    assert worker.point("nose").get_attribute("aria-label") == (
        "nose, visible, x 150.25, y 82.5, Skeleton 1"
    )
    halo = worker.point("nose").locator(".halo")
    assert halo.evaluate("(node) => getComputedStyle(node).stroke") == "rgb(255, 176, 32)"
    worker.press("ArrowLeft")
    assert "x 149.25" in (worker.point("nose").get_attribute("aria-label") or "")


def test_several_skeletons_are_moved_and_removed_each_by_itself(show: Show) -> None:
    worker = show(rendered(COCO)).ready()
    first, second = (100.0, 80.0, 200.0, 350.0), (370.0, 100.0, 470.0, 360.0)
    for box in (first, second):
        worker.new_skeleton(box[:2], box[2:])
    assert_at(worker.skeletons()[0], shape(first))
    assert_at(worker.skeletons()[1], shape(second))
    # When the first is pulled by one of its lines
    spots = shape(first)
    middle = tuple((a + b) / 2 for a, b in zip(spots["left_hip"], spots["left_knee"], strict=True))
    worker.drag((middle[0], middle[1]), (middle[0] + 60, middle[1] + 20))
    # Then all of it has moved, and nothing of the second
    moved = {label: (x + 60, y + 20) for label, (x, y) in spots.items()}
    assert_at(worker.skeletons()[0], moved)
    assert_at(worker.skeletons()[1], shape(second))
    # When it is removed, then only the second is left
    worker.button("Remove Skeleton 1").click()
    [left] = worker.skeletons()
    assert_at(left, shape(second))
    assert [one["id"] for one in json.loads(worker.answer()["annotations"])] == ["skeleton-2"]


def test_zoomed_and_moved_the_coordinates_are_still_those_of_the_picture(show: Show) -> None:
    worker = show(rendered(COCO, earlier=ANSWER)).ready()
    before = worker.page.locator("crowd-2d-skeleton img").bounding_box()["width"]
    # Given a view zoomed at the point with the wheel, then pulled aside
    worker.mouse.move(*worker.on_screen(150, 90))
    for _ in range(6):
        worker.mouse.wheel(0, -200)
    worker.page.wait_for_function(
        "(old) => document.querySelector('crowd-2d-skeleton').shadowRoot.querySelector('img')"
        ".getBoundingClientRect().width > old * 6",
        arg=before,
    )
    worker.drag((140, 70), (145, 74))
    # When the point is dragged to another pixel
    worker.drag((150.25, 82.5), (161.5, 91.75))
    # Then that is its pixel in the answer, finer than before
    point = worker.skeletons()[0]["nose"]
    assert (point["x"], point["y"]) == (
        pytest.approx(161.5, abs=0.2),
        pytest.approx(91.75, abs=0.2),
    )
    worker.button("Fit").click()
    assert worker.drawn_at("nose") == pytest.approx((161.5, 91.75), abs=PIXEL)


def test_a_point_cannot_leave_the_picture(show: Show) -> None:
    worker = show(rendered(COCO, earlier=ANSWER)).ready()
    worker.drag((150.25, 82.5), (WIDTH + 30, -20))
    point = worker.skeletons()[0]["nose"]
    assert 0 <= point["x"] <= WIDTH
    assert point["y"] == 0


def test_undo_and_redo_go_step_by_step(show: Show) -> None:
    worker = show(rendered(COCO)).ready()
    assert worker.button("Undo").is_disabled()
    steps = [worker.answer()["annotations"]]
    worker.new_skeleton((100, 80), (200, 350))
    steps.append(worker.answer()["annotations"])
    at = shape((100, 80, 200, 350))["nose"]
    worker.drag(at, (at[0] + 20, at[1] + 5))
    steps.append(worker.answer()["annotations"])
    assert len(set(steps)) == 3
    for wanted in (steps[1], steps[0]):
        worker.button("Undo").click()
        assert worker.answer()["annotations"] == wanted
    for wanted in steps[1:]:
        worker.button("Redo").click()
        assert worker.answer()["annotations"] == wanted
    assert worker.button("Redo").is_disabled()


def test_without_shape_rig_and_box_points_are_placed_one_by_one(show: Show) -> None:
    # Given classes of which nothing but the names is known
    plain = {
        "keypointClasses": [{"label": name} for name in ("head", "tail", "left_fin", "right_fin")]
    }
    worker = show(rendered(plain)).ready()
    worker.button("New skeleton").click()
    # When two are clicked, one is said to be absent, and the last is left open
    worker.click(120, 90)
    worker.click(240.5, 130)
    worker.press("a", "Escape")
    worker.click(300, 300)
    # Then only what was placed has a place
    [skeleton] = worker.skeletons(worker.submit())
    assert sorted(skeleton) == ["head", "left_fin", "tail"]
    assert skeleton["left_fin"] == {"id": "left_fin", "label": "left_fin", "visibility": "absent"}
    for label, spot in (("head", (120, 90)), ("tail", (240.5, 130))):
        found = skeleton[label]
        assert (found["x"], found["y"]) == pytest.approx(spot, abs=PIXEL)
    # And the open one can still be placed from the list
    worker.page.get_by_title("Place right_fin").click()
    worker.click(200, 210)
    assert worker.skeletons()[0]["right_fin"]["x"] == pytest.approx(200, abs=PIXEL)


def test_no_changes_needed_is_taken_back_by_a_change(show: Show) -> None:
    worker = show(rendered(COCO, earlier=ANSWER)).ready()
    box = worker.page.get_by_label("No changes needed")
    box.check()
    assert worker.answer()["noChangesNeeded"] == "true"
    worker.point("nose").focus()
    worker.press("ArrowUp")
    assert worker.answer()["noChangesNeeded"] == "false"
    assert box.is_disabled()
    worker.press("Control+z")
    assert box.is_enabled()


def test_swapped_legs_are_marked_and_put_right(show: Show) -> None:
    worker = show(rendered(COCO)).ready()
    worker.new_skeleton((100, 80), (200, 350))
    good = worker.skeletons()[0]
    assert worker.page.locator(".cross").count() == 0
    # When the knees change places, lines of both sides cross
    left, right = (
        (good[f"{side}_knee"]["x"], good[f"{side}_knee"]["y"]) for side in ("left", "right")
    )
    worker.drag(left, (left[0] + 25, left[1] + 6))
    worker.drag(right, left)
    worker.drag((left[0] + 25, left[1] + 6), right)
    # Then the page says so, with a mark on each crossing
    note = worker.page.locator(".swap")
    assert "Left and right swapped?" in note.inner_text()
    assert worker.page.locator(".cross").count() == 2
    # And one press swaps all sides
    worker.press("x")
    now = worker.skeletons()[0]
    assert now["left_wrist"]["x"] == good["right_wrist"]["x"]
    assert now["left_wrist"]["id"] == "left_wrist"


def test_lines_have_their_own_colour_and_points_theirs(show: Show) -> None:
    categories = {
        **COCO,
        "skeletonRig": [["nose", "left_eye", "rgb(1, 2, 3)"], ["left_hip", "left_knee"]],
    }
    worker = show(rendered(categories)).ready()
    worker.new_skeleton((100, 80), (200, 350))
    lines = worker.page.locator(".rig")
    assert [lines.nth(n).get_attribute("stroke") for n in range(2)] == ["rgb(1, 2, 3)", "#35c4ff"]
    assert worker.point("nose").locator("circle").nth(2).get_attribute("fill") == "#F1F3F5"


NASTY = [
    '<img src=x onerror="window.hacked=1">',
    "</script><script>window.hacked=2</script>",
    'it\'s "quoted" & {{ task.input }} {% raw %}',
    "\u0645\u0631\u0641\u0642 \U0001f9b4",
]


def test_names_are_text_whatever_they_hold(show: Show) -> None:
    categories = {
        "keypointClasses": [
            {"id": name, "label": name, "x": i * 10, "y": i * 7} for i, name in enumerate(NASTY)
        ],
        "skeletonRig": [[NASTY[0], NASTY[1], 'red" onload="window.hacked=3']],
    }
    earlier = [
        {"id": NASTY[0], "name": NASTY[1], "keypoints": [{"label": NASTY[2], "x": 5, "y": 6}]}
    ]
    worker = show(rendered(categories, earlier=earlier)).ready()
    worker.new_skeleton((100, 80), (300, 300))
    assert worker.page.evaluate("window.hacked") is None
    shown = worker.page.locator(".points .name span:last-child").all_inner_texts()
    assert shown == NASTY
    first, second = json.loads(worker.submit()["annotations"])
    assert (first["id"], first["name"]) == (NASTY[0], NASTY[1])
    assert [point["label"] for point in second["keypoints"]] == NASTY


@pytest.mark.parametrize(
    ("categories", "said"),
    [
        ({"keypointClasses": []}, "there is nothing to place"),
        ({"keypointClasses": [{"label": "a"}, {"label": "a"}]}, "keypointClasses[1]"),
        ({**COCO, "skeletonRig": [["nose", "tail"]]}, "skeletonRig[0]"),
        ({**COCO, "skeletonBoundingBox": {"left": 0}}, "skeletonBoundingBox needs"),
    ],
    ids=["no classes", "a label twice", "a line to nowhere", "half a box"],
)
def test_a_page_that_was_set_up_wrongly_says_so_and_what(
    show: Show, categories: dict[str, Any], said: str
) -> None:
    worker = show(rendered(categories)).ready()
    alert = worker.page.get_by_role("alert")
    assert "Please do not submit" in alert.inner_text()
    assert said in alert.inner_text()


ADDRESS = "https://script.test/crowd-2d-skeleton-1.js"


@pytest.mark.parametrize(
    ("body", "origin", "works"),
    [
        (template(skeleton_page.SCRIPT), "*", True),
        (template(skeleton_page.SCRIPT) + "\n// somebody else's", "*", False),
        (template(skeleton_page.SCRIPT), "https://elsewhere.test", False),
    ],
    ids=["as shipped", "changed on the way", "for another site only"],
)
def test_a_hosted_script_runs_only_as_it_was_shipped(
    show: Show, body: str, origin: str, works: bool
) -> None:
    worker = show(rendered(COCO, address=ADDRESS), {ADDRESS: (body, origin)})
    worker.page.wait_for_load_state("load")
    assert worker.page.evaluate("Boolean(customElements.get('crowd-2d-skeleton'))") is works


def test_the_box_truck_is_placed_as_a_whole(show: Show) -> None:
    truck = rig("box-truck")
    worker = show(rendered(truck)).ready()
    box = (120.0, 100.0, 520.0, 330.0)
    worker.new_skeleton(box[:2], box[2:])
    assert_at(worker.skeletons()[0], shape(box, truck))
