"""What is written in COCO, YOLO, VOC and MOT is read back, and what others got wrong is said."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from terrace.domain import label_reading, seqlabel
from terrace.domain.exports.formats import FORMATS
from terrace.domain.exports.model import BoxShape, ExportError, Head, Item, KeypointsShape, Size
from terrace.domain.imports.boxes import Read
from terrace.domain.imports.readers import READERS
from terrace.domain.json_reading import UnreadableError
from terrace.domain.label_values import BoxesLabel, FramesLabel
from tests.exports.harness import (
    HEAD,
    IMAGES,
    STRIPPED,
    Memory,
    boxes_of_items,
    data_sets,
    videos,
    written,
)

FEW = settings(max_examples=40, deadline=None)


@dataclass
class Disk:
    """A folder in memory, with images that are only their sizes."""

    memory: Memory
    images: dict[str, Size]

    def names(self) -> list[str]:
        return sorted({*self.memory.files, *self.images})

    def text(self, path: str) -> str:
        return self.memory.text(path)

    def yaml(self, path: str) -> Any:
        return yaml.safe_load(self.text(path))

    def size(self, path: str) -> Size | None:
        return self.images.get(path)


def disk(images: dict[str, Size] | None = None, **files: str) -> Disk:
    """A folder of texts; `__` in a name is a slash."""
    named = {
        key.replace("__", "/").replace("_DOT_", "."): text.encode() for key, text in files.items()
    }
    return Disk(Memory(named), images or {})


def read_back(name: str, reader: str, items: Iterable[Item], head: Head) -> Read:
    listed = list(items)
    memory, _ = written(name, listed, head)
    del memory.files["images.csv"]
    images = {FORMATS[name].image_path(item): item.size for item in listed if item.size}
    return READERS[reader](Disk(memory, images), "s3://some-bucket/set/")


@pytest.mark.parametrize(
    ("name", "reader", "folder"),
    [
        ("coco", "coco", ""),
        ("voc", "voc", ""),
        ("yolo", "yolo", "images/train/"),
        ("darknet", "yolo", "obj_train_data/"),
    ],
)
@given(data=st.data())
@FEW
def test_boxes_are_read_back(name: str, reader: str, folder: str, data: st.DataObject) -> None:
    head, items = data.draw(data_sets(STRIPPED))
    read = read_back(name, reader, items, head)
    assert read.classes == head.classes
    assert {item.uri for item in read.items} == {
        f"s3://some-bucket/set/{folder}{item.name}" for item in items
    }
    found = boxes_of_items(read.items, lambda item: item.uri.split(f"set/{folder}")[1])
    expected = boxes_of_items(items, lambda item: item.name)
    assert found.keys() == expected.keys()
    for key, rows in expected.items():
        for row, other in zip(rows, found[key], strict=True):
            assert other[0] == row[0]
            assert other[1:] == pytest.approx(row[1:], abs=1e-6)
    assert all(item.size == items[0].size for item in read.items)


@given(made=videos())
@FEW
def test_tracks_are_read_back_from_mot(made: Any) -> None:
    head, items = made
    read = read_back("mot", "mot", items, head)
    assert read.classes == head.classes
    assert [(i.sequence, i.frame) for i in read.items] == [(i.sequence, i.frame) for i in items]
    for before, after in zip(items, read.items, strict=True):
        assert [one.label for one in after.objects] == [one.label for one in before.objects]
        for one, other in zip(before.objects, after.objects, strict=True):
            assert isinstance(one.shape, BoxShape)
            assert isinstance(other.shape, BoxShape)
            assert other.shape.left == pytest.approx(one.shape.left, abs=1e-9)
            assert other.shape.width == one.shape.width
    pairs = {
        (before.sequence, one.track, other.track)
        for before, after in zip(items, read.items, strict=True)
        for one, other in zip(before.objects, after.objects, strict=True)
    }
    assert len({(s, t) for s, t, _ in pairs}) == len(pairs) == len({(s, t) for s, _, t in pairs})


def test_keypoints_are_read_back_from_coco() -> None:
    items = [item for item in IMAGES if item.subset == "train"]
    head = Head(HEAD.classes, HEAD.keypoints)
    read = read_back("coco-keypoints", "coco", items, head)
    assert read.keypoints["arm"] == ("hand", "elbow")
    (shape,) = [one.shape for item in read.items for one in item.objects]
    assert isinstance(shape, KeypointsShape)
    assert [(p.name, p.x, p.y, p.visibility) for p in shape.points] == [
        ("hand", 20, 25.5, 2),
        ("elbow", 30, 40, 1),
    ]


# --- a manifest that starts an adjustment job ----------------------------------------------------


def test_coco_becomes_a_manifest_that_ground_truths_own_reader_takes() -> None:
    read = read_back("coco", "coco", [item for item in IMAGES if item.subset == "train"], HEAD_ONE)
    memory, _ = written("ground-truth", read.items, Head(read.classes, created=HEAD.created))
    lines = memory.text("output.manifest").splitlines()
    first, second = label_reading.read(lines)
    label = first.labels["imported"]
    assert first.data["source-ref"] == "s3://some-bucket/set/a/one.png"
    assert (label.type, label.human) == ("groundtruth/object-detection", False)
    assert isinstance(label.value, BoxesLabel)
    assert len(label.value.boxes) == 3
    assert label.value.image_size == (640, 480)
    empty = second.labels["imported"].value
    assert isinstance(empty, BoxesLabel)
    assert empty.boxes == ()


HEAD_ONE = Head(HEAD.classes)


def test_mot_becomes_a_sequence_with_tracks() -> None:
    files = disk(
        clip__gt__gt_DOT_txt="1,7,11,21,5,6,1,1,1\n3,7,12,21,5,6,1,1,1\n2,9,1,1,5,6,0,1,1\n",
        clip__seqinfo_DOT_ini="[Sequence]\nseqLength=4\nimWidth=640\nimHeight=480\nimExt=.png\n",
    )
    read = READERS["mot"](files, "s3://some-bucket/mot/")
    head = Head(read.classes, created=HEAD.created, home="s3://some-bucket/start/")
    memory, _ = written("ground-truth", read.items, head)
    (line,) = label_reading.read(memory.text("output.manifest").splitlines())
    value = line.labels["imported-ref"].value
    assert isinstance(value, FramesLabel)
    assert value.uri == "s3://some-bucket/start/clip/SeqLabel.json"
    sequence = json.loads(memory.text("clip/sequence.json"))
    assert sequence["prefix"] == "s3://some-bucket/mot/clip/img1/"
    assert [one["frame"] for one in sequence["frames"]] == [f"00000{n}.png" for n in range(1, 5)]
    label = seqlabel.read(json.loads(memory.text("clip/SeqLabel.json")), "SeqLabel.json")
    # Then what MOT says not to consider is left out, and pixels count from 0
    assert [len(frame.annotations) for frame in label.frames] == [1, 0, 1, 0]
    one = label.frames[0].annotations[0]
    assert one.object_name == "pedestrian:1"
    assert (one.shape.left, one.shape.top) == (10, 20)  # type: ignore[union-attr]


def test_a_manifest_without_a_place_in_s3_is_refused() -> None:
    read = READERS["voc"](Disk(written("voc", IMAGES[:1])[0], {}), None)
    with pytest.raises(ExportError, match="must start with s3://"):
        written("ground-truth", read.items, Head(read.classes))


# --- what others got wrong -----------------------------------------------------------------------

COCO = (
    '{"images":[{"id":1,"file_name":"a.jpg"}],'
    '"categories":[{"id":1,"name":"dog"}],"annotations":[%s]}'
)
XML = "<annotation><filename>a.jpg</filename>%s</annotation>"
OBJECT = "<object><name>dog</name><bndbox>%s</bndbox></object>"


@pytest.mark.parametrize(
    ("reader", "files", "said"),
    [
        ("coco", {"a_DOT_json": "{"}, "is not JSON"),
        ("coco", {"a_DOT_json": "{}"}, "has no 'categories'"),
        ("coco", {"a_DOT_json": "{}", "b_DOT_json": "{}"}, "there are 2 JSON files"),
        ("coco", {}, "there are 0 JSON files"),
        (
            "coco",
            {"a_DOT_json": COCO % '{"image_id":1,"category_id":9,"bbox":[1,2,3,4]}'},
            "category 9 is not in categories",
        ),
        (
            "coco",
            {"a_DOT_json": COCO % '{"image_id":8,"category_id":1,"bbox":[1,2,3,4]}'},
            "1 image ids of annotations are not in images",
        ),
        (
            "coco",
            {"a_DOT_json": COCO % '{"image_id":1,"category_id":1,"bbox":[1,2,-3,4]}'},
            "a width and a height of 0 or more",
        ),
        (
            "coco",
            {"a_DOT_json": COCO % '{"image_id":1,"category_id":1,"bbox":[1,2,3]}'},
            "has 3 numbers",
        ),
        ("yolo", {}, "neither data.yaml nor obj.names"),
        ("yolo", {"data_DOT_yaml": "nc: 1"}, "has no names"),
        ("yolo", {"data_DOT_yaml": "names: {0: a, 2: b}"}, "gaps"),
        ("yolo", {"data_DOT_yaml": "names: [a, a]"}, "twice"),
        ("yolo", {"data_DOT_yaml": "names: [a]", "labels__a_DOT_txt": "0 0 0 0"}, "has 4 fields"),
        ("yolo", {"data_DOT_yaml": "names: [a]", "labels__a_DOT_txt": "1 0 0 0 0"}, "class '1'"),
        (
            "yolo",
            {"data_DOT_yaml": "names: [a]", "labels__a_DOT_txt": "0 10 20 5 5"},
            "no fraction of the image",
        ),
        (
            "yolo",
            {"data_DOT_yaml": "names: [a]", "labels__a_DOT_txt": "0 nan 0 0 0"},
            "not finite",
        ),
        ("voc", {}, "no XML file"),
        ("voc", {"a_DOT_xml": "<annotation>"}, "is not XML"),
        ("voc", {"a_DOT_xml": "<html/>"}, "begins with <html>"),
        ("voc", {"a_DOT_xml": "<annotation/>"}, "has no filename"),
        ("voc", {"a_DOT_xml": "<!DOCTYPE a [<!ENTITY b 'c'>]><annotation/>"}, "entities"),
        ("voc", {"a_DOT_xml": XML % (OBJECT % "<xmin>1</xmin>")}, "bndbox/ymin"),
        (
            "voc",
            {
                "a_DOT_xml": XML
                % (OBJECT % "<xmin>9</xmin><ymin>1</ymin><xmax>2</xmax><ymax>3</ymax>")
            },
            "a box is",
        ),
        ("mot", {}, "no gt/gt.txt"),
        ("mot", {"a__gt__gt_DOT_txt": "1,2,3\n"}, "has 3 fields"),
        ("mot", {"a__gt__gt_DOT_txt": "0,1,1,1,1,1,1,1,1\n"}, "a frame number from 1"),
        ("mot", {"a__gt__gt_DOT_txt": "1,1,1,1,1,1,1,13,1\n"}, "class 13 is none of 12"),
        (
            "mot",
            {"a__gt__gt_DOT_txt": "1,1,1,1,1,1,1,1,1\n", "a__seqinfo_DOT_ini": "imWidth=x"},
            "imwidth is 'x'",
        ),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(
    reader: str, files: dict[str, str], said: str
) -> None:
    images = {"images/a.jpg": (100, 100)} if reader == "yolo" and files else {}
    with pytest.raises((ExportError, UnreadableError)) as refused:
        READERS[reader](disk(images, **files), None)
    assert said in str(refused.value)


def test_voc_of_others_has_its_classes_by_the_alphabet() -> None:
    box = "<xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>3</ymax>"
    text = XML % (OBJECT.replace("dog", "zebra") % box + OBJECT % box)
    read = READERS["voc"](disk({"JPEGImages/a.jpg": (10, 20)}, a_DOT_xml=text), None)
    assert read.classes == ("dog", "zebra")
    assert read.items[0].size == (10, 20)
    assert read.items[0].objects[0].shape == BoxShape(0, 0, 2, 3)


def test_detections_of_mot_have_no_tracks() -> None:
    files = disk({"clip/img1/000001.jpg": (5, 5)}, clip__det__det_DOT_txt="1,-1,1,1,2,3,0.5\n")
    (item,) = READERS["mot"](files, None).items
    assert item.objects[0].track is None
    assert item.objects[0].label == "pedestrian"
    assert item.size == (5, 5)
