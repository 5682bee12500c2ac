"""What the judge reads back beside boxes: lines, points, cuboids, classes, and real files of them.

With `test_formats_judged.py` and `test_exports_of_real_files.py`, every format that Datumaro reads
is judged on random labels and on each file of the shared data that has labels for it.
"""

import csv
import io
import json
import math
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.domain.exports import parquet
from terrace.domain.exports.model import (
    CuboidShape,
    Head,
    Item,
    Keypoint,
    KeypointsShape,
    Object,
    PolylineShape,
    Tag,
)
from tests.exports.conftest import Judge
from tests.exports.harness import PLAIN, STRIPPED, data_sets, with_images, written
from tests.exports.test_exports_of_real_files import (
    DATA,
    NOT_EXPORTABLE,
    load,
    manifests,
    one_word,
    real_video,
)
from tests.exports.test_formats_judged import EXAMPLES, ask, by_id, expected_sums, same, sums

POINT = st.tuples(st.integers(0, 3_000).map(lambda n: n / 4), st.integers(0, 900).map(float))


def flat(points: Any) -> list[float]:
    return [part for point in points for part in point]


# --- random labels -------------------------------------------------------------------------------


@given(made=data_sets(), data=st.data())
@EXAMPLES
def test_lines_load_back_from_cvat(judge: Judge, made: Any, data: st.DataObject) -> None:
    head, items = made
    drawn = tuple(
        replace(
            item,
            size=(900, 900),
            objects=tuple(
                Object(data.draw(st.sampled_from(head.classes)), PolylineShape(tuple(points)))
                for points in data.draw(
                    st.lists(st.lists(POINT, min_size=2, max_size=5), max_size=2)
                )
            ),
        )
        for item in items
    )
    for item, found in by_id(ask(judge, "cvat", "cvat", drawn, head), drawn):
        rows = sorted((one["label"], one["points"]) for one in found)
        assert all(one["kind"] == "polyline" for one in found)
        expected = [
            (one.label, flat(one.shape.points))
            for one in item.objects
            if isinstance(one.shape, PolylineShape)
        ]
        assert rows == sorted(expected)


@st.composite
def poses(draw: st.DrawFn) -> tuple[Head, tuple[Item, ...]]:
    """Skeletons with points that are seen, hidden, or not there at all."""
    head, items = draw(data_sets(STRIPPED))
    names = draw(st.lists(PLAIN, min_size=1, max_size=5, unique=True))
    made = []
    for item in items:
        objects = []
        for _ in range(draw(st.integers(0, 2))):
            points = []
            for name in draw(st.permutations(names)):
                # COCO has no place for a point at 0, 0: that is one that is not there.
                x, y = draw(st.integers(1, 500)), draw(st.integers(1, 500))
                seen = draw(st.sampled_from((0, 1, 2)))
                points.append(Keypoint(name, x if seen else 0, y if seen else 0, seen))
            objects.append(Object(head.classes[0], KeypointsShape(tuple(points))))
        made.append(replace(item, size=(600, 600), objects=tuple(objects)))
    keypoints = {head.classes[0]: tuple(names)}
    return Head(head.classes, keypoints), tuple(made)


@given(made=poses())
@EXAMPLES
def test_skeletons_load_back_from_coco(judge: Judge, made: Any) -> None:
    head, items = made
    names = head.keypoints[head.classes[0]]
    with tempfile.TemporaryDirectory() as folder:
        place = written("coco-keypoints", items, head)[0].save(Path(folder))
        exact = judge.ask("pycocotools", place / "annotations" / "person_keypoints_train.json")
    read = ask(judge, "coco-keypoints", "coco_person_keypoints", items, head)
    for (item, found), row in zip(by_id(read, items), exact["items"], strict=True):
        expected = []
        for one in item.objects:
            assert isinstance(one.shape, KeypointsShape)
            by_name = {point.name: point for point in one.shape.points}
            expected.append([by_name[name] for name in names])
        triples = [[(p.x, p.y, p.visibility) for p in points] for points in expected]
        assert sorted(one["keypoints"] for one in row["annotations"]) == sorted(map(flat, triples))
        read_points = [one for one in found if one["kind"] == "points"]
        assert sorted((one["points"], one["visibility"]) for one in read_points) == sorted(
            (flat((x, y) for x, y, _ in points), [seen for *_, seen in points])
            for points in triples
        )


METRE = st.integers(-4_000, 4_000).map(lambda n: n / 100)
LENGTH = st.integers(1, 1_500).map(lambda n: n / 100)


@given(
    cuboids=st.lists(
        st.builds(
            CuboidShape,
            st.tuples(METRE, METRE, METRE),
            st.tuples(LENGTH, LENGTH, LENGTH),
            st.tuples(st.just(0.0), st.just(0.0), st.floats(-3.1, 3.1)),
        ),
        max_size=4,
    ),
    label=PLAIN,
)
@EXAMPLES
def test_cuboids_load_back_from_kitti(judge: Judge, cuboids: Any, label: str) -> None:
    objects = tuple(Object(label, one) for one in cuboids)
    item = Item("1.bin", "s3://b/1.bin", objects=objects)
    found = kitti_cuboids(judge, (item,), Head((label,)))["1"]
    near(found, cuboids_of(item))


@given(made=data_sets(STRIPPED), data=st.data())
@EXAMPLES
def test_classes_of_images_load_back_from_open_images(
    judge: Judge, made: Any, data: st.DataObject
) -> None:
    head, items = made
    tagged = tuple(
        replace(
            item,
            objects=(),
            tags=tuple(
                Tag(label)
                for label in data.draw(st.lists(st.sampled_from(head.classes), unique=True))
            ),
        )
        for item in items
    )
    answer = ask(judge, "open-images", "open_images", tagged, head)
    for item, found in by_id(answer, tagged):
        assert sorted(one["label"] for one in found) == sorted(tag.label for tag in item.tags)


@given(made=data_sets(), group=st.integers(1, 20))
@EXAMPLES
def test_parquet_holds_what_the_csv_table_says(judge: Judge, made: Any, group: int) -> None:
    # Given a table of any labels, in row groups of any length
    head, items = made
    many = tuple(replace(item, name=f"{i}/{item.name}") for i in range(3) for item in items)
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(parquet, "GROUP", group):
        place = written("parquet", many, head)[0].save(Path(folder))
        answer = judge.ask("pyarrow", place / "labels.parquet")
    numbers = ("box_left", "box_top", "box_height", "box_width")
    assert [answer["types"][name] for name in ("img_file", *numbers, "frame")] == [
        "string",
        *["double"] * 4,
        "int64",
    ]
    text = written("csv", many, head)[0].text("labels.csv")
    table = list(csv.DictReader(io.StringIO(text)))
    assert len(answer["rows"]) == len(table)
    for found, row in zip(answer["rows"], table, strict=True):
        assert list(found) == list(row)
        for name, value in row.items():
            if name in numbers and value:
                assert found[name] == pytest.approx(float(value), abs=1e-6)
            else:
                assert ("" if found[name] is None else str(found[name])) == value


Placed = list[tuple[str, list[float]]]


def kitti_cuboids(judge: Judge, items: tuple[Item, ...], head: Head) -> dict[str, Placed]:
    """What the judge finds, turned back into the axes of the point cloud."""
    with tempfile.TemporaryDirectory() as folder:
        place = written("kitti-3d", items, head)[0].save(Path(folder)) / "training"
        for item in items:
            picture = Item(f"{item.stem}.png", "", size=(2, 2))
            with_images("kitti", [picture], place.parent)
        answer = judge.ask("datumaro", place, "kitti3d")
    return {
        row["id"]: [(one["label"], _world(one["attributes"])) for one in row["annotations"]]
        for row in answer["items"]
    }


def _world(about: dict[str, Any]) -> list[float]:
    height, width, length = json.loads(about["dimensions"])
    x, y, z = json.loads(about["location"])
    yaw = -about["rotation_y"] - math.pi / 2
    return [z, -x, height / 2 - y, length, width, height, math.cos(yaw), math.sin(yaw)]


def cuboids_of(item: Item) -> Placed:
    made = []
    for one in item.objects:
        assert isinstance(one.shape, CuboidShape)
        yaw = one.shape.angles[2]
        where = [*one.shape.center, *one.shape.size, math.cos(yaw), math.sin(yaw)]
        made.append((one.label, where))
    return made


def near(found: Placed, expected: Placed) -> None:
    assert [label for label, _ in found] == [label for label, _ in expected]
    for (_, one), (_, other) in zip(found, expected, strict=True):
        assert one == pytest.approx(other, abs=1e-6)


# --- every real file that has such labels: none has lines or polygons ---------------------------


def test_no_file_of_the_shared_data_has_lines_or_polygons() -> None:
    if DATA.is_dir():
        assert not [*having("polyline"), *having("polygon")]


def having(kind: str) -> Iterator[Any]:
    """Every manifest of the shared data with labels of a kind."""
    for case in manifests():
        path, lines, attribute = case.values
        if path.relative_to(DATA).as_posix() in NOT_EXPORTABLE:
            continue
        _, items = load(path, lines, attribute)
        kinds = {one.kind for item in items for one in item.objects}
        kinds |= {"mask" for item in items if item.raster}
        kinds |= {"class" for item in items if item.tags and item.text is None}
        if kind in kinds:
            yield pytest.param(partial(load, path, lines, attribute), id=case.id)


real = pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data is not on this machine")


def ended(items: list[Item]) -> tuple[Item, ...]:
    """The judge knows images by their endings, which the documentation's examples lack."""
    return tuple(
        item if "." in item.name.rsplit("/", 1)[-1] else replace(item, name=f"{item.name}.png")
        for item in items
    )


@real
@pytest.mark.parametrize("kind", list(having("class")))
def test_real_classes_load_back(judge: Judge, kind: Any) -> None:
    head, items = kind()
    tagged = ended(items)
    expected = {item.stem: sorted(tag.label for tag in item.tags) for item in tagged}
    with tempfile.TemporaryDirectory() as folder:
        place = written("imagenet", tagged, head)[0].save(Path(folder))
        lists = judge.ask("datumaro", place, "imagenet_txt")
    assert tuple(lists["classes"]) == head.classes
    sized = tuple(replace(item, size=item.size or (4, 3)) for item in tagged)
    table = ask(judge, "open-images", "open_images", sized, head)
    for answer in (lists, table):
        found = {
            row["id"].rsplit("/", 1)[-1]: sorted(one["label"] for one in row["annotations"])
            for row in answer["items"]
        }
        assert found == {key.rsplit("/", 1)[-1]: labels for key, labels in expected.items()}


@real
@pytest.mark.parametrize("kind", list(having("mask")))
def test_real_masks_load_back_pixel_for_pixel(judge: Judge, kind: Any) -> None:
    head, items = kind()
    masked = tuple(
        replace(item, size=item.raster.size) for item in ended(items) if item.raster is not None
    )
    for name, form in (
        ("coco", "coco_instances"),
        ("coco-panoptic", "coco_panoptic"),
        ("masks", "voc_segmentation"),
    ):
        for item, found in by_id(ask(judge, name, form, masked, head), masked):
            assert sums([one for one in found if one["label"] != "background"]) == expected_sums(
                item
            )


@real
@pytest.mark.parametrize("kind", list(having("cuboid")))
def test_real_cuboids_load_back(judge: Judge, kind: Any) -> None:
    head, items = one_word(*kind())
    # The judge takes a folder of labels for a subset.
    items = [replace(item, name=item.name.replace("/", "_")) for item in items]
    found = kitti_cuboids(judge, tuple(items), head)
    assert found.keys() == {item.stem for item in items}
    for item in items:
        near(found[item.stem], cuboids_of(item))


@real
def test_real_tracks_load_back_from_cvat_video(judge: Judge) -> None:
    head, items = real_video()
    with tempfile.TemporaryDirectory() as folder:
        place = written("cvat-video", items, head)[0].save(Path(folder))
        answer = judge.ask("datumaro", place / "clip.xml", "cvat")
    assert tuple(answer["classes"]) == head.classes
    rows = {
        row["id"]: sorted(
            (one["label"], *one["box"])
            for one in row["annotations"]
            if not one["attributes"]["outside"]
        )
        for row in answer["items"]
    }
    expected = {
        f"frame_{item.frame:06d}": sorted(
            (one.label, s.left, s.top, s.width, s.height)
            for one in item.objects
            for s in (one.shape,)
            if hasattr(s, "width")
        )
        for item in items
    }
    same(
        {key: row for key, row in rows.items() if row},
        {key: row for key, row in expected.items() if row},
    )
    assert sum(map(len, rows.values())) == 890
