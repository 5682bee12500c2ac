"""What Datumaro and pycocotools read in our exports is what was labeled.

Tolerance: Datumaro keeps boxes as 32-bit floats (a thousandth of a pixel at 10,000 pixels), and
YOLO and Open Images have fractions of ten places. TOLERANCE covers both.
"""

import tempfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terrace.domain.exports.model import (
    BoxShape,
    Head,
    Item,
    KeypointsShape,
    Object,
    PolygonShape,
    Tag,
)
from tests.exports.conftest import Judge
from tests.exports.harness import (
    CLOUDS,
    HEAD,
    IMAGES,
    LABEL,
    PLAIN,
    STRIPPED,
    Box,
    boxes_of_items,
    data_sets,
    mask_sets,
    polygon_sets,
    videos,
    with_images,
    written,
)

TOLERANCE = 0.002
"""Pixels."""
EXAMPLES = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def boxes_in(answer: dict[str, Any]) -> dict[str, list[Box]]:
    return {
        item["id"]: sorted((one["label"], *one["box"]) for one in item["annotations"])
        for item in answer["items"]
    }


def same(
    found: dict[str, list[Box]], expected: dict[str, list[Box]], within: float = TOLERANCE
) -> None:
    assert found.keys() == expected.keys()
    for key, rows in expected.items():
        left = list(found[key])
        assert len(left) == len(rows)
        for row in rows:
            near = [
                one
                for one in left
                if one[0] == row[0]
                and all(abs(a - b) <= within for a, b in zip(one[1:], row[1:], strict=True))
            ]
            assert near, f"{key}: {row} is not among {left}"
            left.remove(near[0])


def stem(item: Item) -> str:
    return item.stem


def ask(
    judge: Judge, name: str, form: str, items: tuple[Item, ...], head: Head, **options: Any
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        memory, _ = written(name, items, head)
        place = memory.save(Path(folder))
        with_images(name, items, place)
        return judge.ask("datumaro", place, form, **options)


BOXED: dict[str, tuple[str, dict[str, Any], st.SearchStrategy[Any]]] = {
    "coco": ("coco_instances", {}, data_sets(LABEL)),
    # Datumaro knows an image of Ultralytics' layout by its base name only.
    "yolo": ("yolo", {}, data_sets(LABEL, flat=True)),
    "darknet": ("yolo", {}, data_sets(STRIPPED)),
    "voc": ("voc_detection", {"coordinate_mode": "voc-one-based"}, data_sets(LABEL)),
    "cvat": ("cvat", {}, data_sets(LABEL)),
    "kitti": ("kitti_detection", {}, data_sets(PLAIN)),
    "open-images": ("open_images", {}, data_sets(LABEL)),
}


@pytest.mark.parametrize("name", BOXED)
@given(data=st.data())
@EXAMPLES
def test_boxes_and_classes_load_back(judge: Judge, name: str, data: st.DataObject) -> None:
    # Given any data set of boxes, when it is written and the judge reads it
    form, options, strategy = BOXED[name]
    head, items = data.draw(strategy)
    answer = ask(judge, name, form, items, head, **options)
    # Then classes (in their order), images (also empty ones) and boxes are the same
    assert tuple(answer["classes"]) == head.classes
    same(boxes_in(answer), boxes_of_items(items, stem))


@given(made=data_sets())
@EXAMPLES
def test_pycocotools_reads_boxes_exactly(judge: Judge, made: Any) -> None:
    head, items = made
    with tempfile.TemporaryDirectory() as folder:
        place = written("coco", items, head)[0].save(Path(folder))
        answer = judge.ask("pycocotools", place / "annotations" / "instances_train.json")
    assert tuple(answer["classes"]) == head.classes
    expected = boxes_of_items(items, lambda item: item.name)
    assert boxes_in(answer) == {key: sorted(rows) for key, rows in expected.items()}


@given(made=polygon_sets())
@EXAMPLES
def test_polygons_load_back_from_coco_and_cvat(judge: Judge, made: Any) -> None:
    head, items = made
    for name, form in (("coco", "coco_instances"), ("cvat", "cvat")):
        answer = ask(judge, name, form, items, head)
        for item, found in by_id(answer, items):
            expected = [
                [part for point in one.shape.points for part in point]
                for one in item.objects
                if isinstance(one.shape, PolygonShape)
            ]
            # Datumaro gives COCO's box of a polygon as a label of its own, and sorts by label.
            drawn = [one["points"] for one in found if one["kind"] == "polygon"]
            assert sorted(drawn) == sorted(expected)


@given(made=mask_sets())
@EXAMPLES
def test_masks_load_back_from_coco(judge: Judge, made: Any) -> None:
    head, items = made
    answer = ask(judge, "coco", "coco_instances", items, head)
    for item, found in by_id(answer, items):
        assert sums(found) == expected_sums(item)
    with tempfile.TemporaryDirectory() as folder:
        place = written("coco", items, head)[0].save(Path(folder))
        answer = judge.ask("pycocotools", place / "annotations" / "instances_train.json")
    for item, row in zip(items, answer["items"], strict=True):
        assert sums(row["annotations"]) == expected_sums(item)


@given(made=mask_sets())
@EXAMPLES
def test_masks_load_back_from_coco_panoptic(judge: Judge, made: Any) -> None:
    head, items = made
    answer = ask(judge, "coco-panoptic", "coco_panoptic", items, head)
    assert tuple(answer["classes"]) == head.classes
    for item, found in by_id(answer, items):
        assert sums(found) == expected_sums(item)


@given(made=mask_sets(PLAIN))
@EXAMPLES
def test_masks_load_back_from_indexed_png(judge: Judge, made: Any) -> None:
    head, items = made
    answer = ask(judge, "masks", "voc_segmentation", items, head)
    assert tuple(answer["classes"]) == ("background", *head.classes)
    for item, found in by_id(answer, items):
        drawn = [one for one in found if one["label"] != "background"]
        assert sums(drawn) == expected_sums(item)


@given(made=videos())
@EXAMPLES
def test_tracks_load_back_from_mot_counted_from_one(judge: Judge, made: Any) -> None:
    head, items = made
    with tempfile.TemporaryDirectory() as folder:
        memory, _ = written("mot", items, head)
        place = memory.save(Path(folder))
        for sequence in {item.sequence for item in items}:
            frames = [item for item in items if item.sequence == sequence]
            answer = judge.ask("datumaro", place / str(sequence), "mot_seq")
            assert tuple(answer["classes"]) == head.classes
            found = {
                key: [(label, left - 1, top - 1, *size) for label, left, top, *size in rows]
                for key, rows in boxes_in(answer).items()
            }
            same(found, boxes_of_items(frames, lambda item: str(item.frame + 1)))
            assert tracks(answer) == len({one.track for f in frames for one in f.objects})


def tracks(answer: dict[str, Any]) -> int:
    rows = [one for item in answer["items"] for one in item["annotations"]]
    return len({one["attributes"]["track_id"] for one in rows})


@given(made=videos())
@EXAMPLES
def test_tracks_load_back_from_cvat_video(judge: Judge, made: Any) -> None:
    head, items = made
    with tempfile.TemporaryDirectory() as folder:
        place = written("cvat-video", items, head)[0].save(Path(folder))
        for sequence in {item.sequence for item in items}:
            frames = [item for item in items if item.sequence == sequence]
            answer = judge.ask("datumaro", place / f"{sequence}.xml", "cvat")
            assert tuple(answer["classes"]) == head.classes
            rows = {
                item["id"]: sorted(
                    (one["label"], *one["box"])
                    for one in item["annotations"]
                    if not one["attributes"]["outside"]
                )
                for item in answer["items"]
            }
            expected = boxes_of_items(frames, lambda item: f"frame_{item.frame:06d}")
            # A video's frames are known by what is drawn in them.
            same(
                {key: row for key, row in rows.items() if row},
                {key: row for key, row in expected.items() if row},
            )


def test_keypoints_load_back_from_coco(judge: Judge) -> None:
    only = [
        Item(item.name, item.uri, size=item.size, objects=item.objects)
        for item in IMAGES
        if item.subset == "train"
    ]
    answer = ask(judge, "coco-keypoints", "coco_person_keypoints", tuple(only), HEAD)
    (found,) = [
        one for item in answer["items"] for one in item["annotations"] if one["kind"] == "points"
    ]
    assert found["label"] == "arm"
    assert found["points"] == [20, 25.5, 30, 40]
    assert found["visibility"] == [2, 1]
    (shape,) = [one.shape for one in IMAGES[0].objects if isinstance(one.shape, KeypointsShape)]
    assert {point.name for point in shape.points} == {"hand", "elbow"}


@given(made=data_sets(STRIPPED), data=st.data())
@EXAMPLES
def test_classes_of_images_load_back_from_imagenet(
    judge: Judge, made: Any, data: st.DataObject
) -> None:
    head, items = made
    tagged = tuple(
        Item(
            item.name,
            item.uri,
            tags=tuple(
                Tag(label)
                for label in data.draw(st.lists(st.sampled_from(head.classes), unique=True))
            ),
        )
        for item in items
    )
    with tempfile.TemporaryDirectory() as folder:
        place = written("imagenet", tagged, head)[0].save(Path(folder))
        answer = judge.ask("datumaro", place, "imagenet_txt")
    found = {
        PurePosixPath(item["id"]).name: sorted(one["label"] for one in item["annotations"])
        for item in answer["items"]
    }
    assert tuple(answer["classes"]) == head.classes
    names = {PurePosixPath(item.stem).name for item in tagged}
    assert found.keys() == names
    if len(names) == len(tagged):
        for item in tagged:
            key = PurePosixPath(item.stem).name
            assert found[key] == sorted(tag.label for tag in item.tags)


def test_cuboids_load_back_from_kitti_in_camera_axes(judge: Judge, tmp_path: Path) -> None:
    place = written("kitti-3d", CLOUDS)[0].save(tmp_path) / "training"
    for item in CLOUDS:
        picture = place / "image_2" / f"{item.stem}.png"
        with_images("coco", [Item(f"{item.stem}.png", "", size=(2, 2))], picture.parent)
    answer = judge.ask("datumaro", place, "kitti3d")
    rows = [one for item in answer["items"] for one in item["annotations"]]
    assert [one["label"] for one in rows] == ["dog", "dog", "arm"]
    assert rows[0]["attributes"]["rotation_y"] == pytest.approx(-1.5707963268)


def by_id(
    answer: dict[str, Any], items: Iterable[Item]
) -> Iterable[tuple[Item, list[dict[str, Any]]]]:
    found = {row["id"]: row["annotations"] for row in answer["items"]}
    expected = {item.stem: item for item in items}
    assert found.keys() == expected.keys()
    for key, item in expected.items():
        yield item, found[key]


Sums = list[tuple[str, list[int], list[int]]]


def sums(annotations: list[dict[str, Any]]) -> Sums:
    """A mask by its class, and how many of its pixels are in each row and column."""
    masks = [one for one in annotations if "rows" in one]
    return sorted((one["label"], one["rows"], one["columns"]) for one in masks)


def expected_sums(item: Item) -> Sums:
    if item.raster is None:
        return []
    (width, height), pixels = item.raster.size, item.raster.pixels
    found = []
    for number, label in enumerate(item.raster.labels, start=1):
        if number in pixels:
            rows = [pixels[y * width : (y + 1) * width].count(number) for y in range(height)]
            columns = [pixels[x::width].count(number) for x in range(width)]
            found.append((label, rows, columns))
    return sorted(found)


def test_the_judge_would_see_a_box_that_is_wrong(judge: Judge) -> None:
    # Given a box that is a pixel off, then the comparison of all tests here says so
    item = Item(
        "a.png", "s3://b/a.png", size=(50, 50), objects=(Object("dog", BoxShape(1, 2, 3, 4)),)
    )
    answer = ask(judge, "coco", "coco_instances", (item,), Head(("dog",)))
    same(boxes_in(answer), {"a": [("dog", 1, 2, 3, 4)]})
    with pytest.raises(AssertionError):
        same(boxes_in(answer), {"a": [("dog", 1, 2, 3, 5)]})
    with pytest.raises(AssertionError):
        same(boxes_in(answer), {"a": [("cat", 1, 2, 3, 4)]})
