"""Each format's own rules, and what becomes of labels that do not fit them."""

import csv
import io
import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from terrace.domain.exports import (
    formats,
    geometry,
    kitti,
    names,
    ner,
    numbers,
    nuscenes,
    png,
    runs,
)
from terrace.domain.exports.classes import Seen, decide
from terrace.domain.exports.formats import FORMATS
from terrace.domain.exports.model import (
    BoxShape,
    CuboidShape,
    ExportError,
    Head,
    Item,
    Keypoint,
    KeypointsShape,
    Object,
    PolygonShape,
    Raster,
    TextSpan,
)
from tests.exports.harness import CLOUDS, IMAGES, LABEL, SAMPLES, TEXTS, VIDEO, rasters, written

DOG = Head(("dog",))


def image(*boxes: BoxShape, name: str = "a.png", label: str = "dog") -> Item:
    objects = tuple(Object(label, box) for box in boxes)
    return Item(name, f"s3://some-bucket/{name}", size=(1000, 800), objects=objects)


# --- YOLO ----------------------------------------------------------------------------------------


def test_a_yolo_line_is_class_centre_and_size_divided_by_the_image() -> None:
    memory, _ = written("yolo", [image(BoxShape(100, 200, 50, 100))], DOG)
    assert memory.text("labels/train/a.txt") == "0 0.125 0.3125 0.05 0.125\n"


def test_a_yolo_box_is_cut_off_at_the_edge_and_the_cut_is_counted() -> None:
    inside, sticking, outside = BoxShape(0, 0, 1000, 800), BoxShape(-100, 700, 200, 200), None
    outside = BoxShape(1000, 0, 10, 10)
    memory, tally = written("yolo", [image(inside, sticking, outside)], DOG)
    lines = memory.text("labels/train/a.txt").splitlines()
    assert lines == ["0 0.5 0.5 1 1", "0 0.05 0.9375 0.1 0.125"]
    assert (tally.clipped, tally.outside, tally.written["box"]) == (1, 1, 2)


@given(
    st.lists(
        st.tuples(*[st.floats(-2000, 2000)] * 2, *[st.floats(0, 3000)] * 2), min_size=1, max_size=5
    )
)
def test_no_number_of_a_yolo_file_is_outside_of_0_and_1(parts: list[tuple[float, ...]]) -> None:
    memory, _ = written("yolo", [image(*(BoxShape(*one) for one in parts))], DOG)
    for line in memory.text("labels/train/a.txt").splitlines():
        assert "e" not in line
        assert all(0 <= float(part) <= 1 for part in line.split()[1:])


def test_every_image_has_a_yolo_file_also_an_empty_one() -> None:
    memory, tally = written("yolo", [image(), image(name="b/a.png")], DOG)
    assert memory.files["labels/train/a.txt"] == b""
    assert memory.files["labels/train/b/a.txt"] == b""
    assert tally.empty == 2


@given(LABEL)
def test_any_class_name_is_in_data_yaml_as_it_is(label: str) -> None:
    memory, _ = written("yolo", [image(label=label)], Head((label,)))
    assert yaml.safe_load(memory.text("data.yaml"))["names"] == {0: label}


def test_a_pose_needs_one_list_of_points_for_all_classes() -> None:
    head = Head(("arm", "leg"), keypoints={"arm": ("hand", "elbow"), "leg": ("foot",)})
    with pytest.raises(ExportError, match="different points") as refused:
        written("yolo-pose", IMAGES[:1], head)
    assert refused.value.problem.code == "KEYPOINTS_DIFFER"


# --- VOC, MOT, KITTI -----------------------------------------------------------------------------


def test_voc_counts_from_one_with_both_ends_inside() -> None:
    # Given a box over the first ten columns and five rows of the image
    memory, _ = written("voc", [image(BoxShape(0, 0, 10, 5))], DOG)
    found = ElementTree.fromstring(memory.text("Annotations/a.xml")).find("object/bndbox")
    assert found is not None
    assert {one.tag: one.text for one in found} == {
        "xmin": "1",
        "ymin": "1",
        "xmax": "10",
        "ymax": "5",
    }


def test_mot_counts_frames_tracks_classes_and_pixels_from_one() -> None:
    memory, _ = written("mot", VIDEO)
    assert memory.text("clip/gt/gt.txt").splitlines()[0] == "1,1,1,1,10,20,1,1,1"
    assert "seqLength=5" in memory.text("clip/seqinfo.ini")


def test_a_still_image_is_refused_where_a_video_is_needed() -> None:
    for name in ("mot", "cvat-video"):
        with pytest.raises(ExportError, match="no frame of a video"):
            written(name, [image()], DOG)


def test_kitti_turns_a_cuboid_into_camera_axes() -> None:
    # Given a car ahead, a metre to the left, its middle on the ground of the sensor
    car = CuboidShape((10, 1, 0), (4, 2, 1.5), (0, 0, 0))
    line = kitti._cuboid(Object("car", car), Head(("car",))).split()
    assert line[8:15] == ["1.5", "2", "4", "-1", "0.75", "10", "-1.5707963268"]


def test_a_quaternion_of_half_a_turn() -> None:
    assert nuscenes.quaternion(0, 0, 3.141592653589793) == pytest.approx([0, 0, 0, 1])


# --- class names ---------------------------------------------------------------------------------

LINES = ["darknet", "mot", "masks", "imagenet"]


@pytest.mark.parametrize("name", LINES)
def test_a_class_name_that_a_list_would_change_is_refused(name: str) -> None:
    with pytest.raises(ExportError, match="blanks off their ends"):
        written(name, SAMPLES.get(name, (image(),))[:1], Head((" dog",)))


@pytest.mark.parametrize("name", ["kitti", "kitti-3d", "conll"])
def test_a_class_name_with_a_blank_is_refused_where_blanks_separate(name: str) -> None:
    with pytest.raises(ExportError, match="one word"):
        written(name, (), Head(("traffic light",)))


@pytest.mark.parametrize("label", ["a:b", "#a"])
def test_a_class_name_that_would_break_the_label_map_is_refused(label: str) -> None:
    with pytest.raises(ExportError, match="colons"):
        written("masks", (), Head((label,)))


@pytest.mark.parametrize(
    ("label", "code"),
    [
        (" \t", "CLASS_NAME_BLANK"),
        ("a\nb", "CLASS_NAME_INVALID"),
        ("\ud83d", "CLASS_NAME_INVALID"),
        ("a\ufffe", "CLASS_NAME_INVALID"),
    ],
)
def test_a_name_that_no_file_can_carry_is_refused(label: str, code: str) -> None:
    seen = Seen()
    seen.add("boxes", label, 0)
    with pytest.raises(ExportError) as refused:
        decide(["boxes"], seen, {})
    assert refused.value.problem.code == code


@given(LABEL)
def test_any_class_name_survives_in_xml_csv_and_json(label: str) -> None:
    item = image(BoxShape(1, 2, 3, 4), label=label)
    found = {name: written(name, [item], Head((label,)))[0] for name in ("voc", "csv", "labelme")}
    xml = ElementTree.fromstring(found["voc"].text("Annotations/a.xml"))
    assert xml.findtext("object/name") == label
    rows = list(csv.DictReader(io.StringIO(found["csv"].text("labels.csv"))))
    assert [row["category"] for row in rows] == [label]
    assert json.loads(found["labelme"].text("a.json"))["shapes"][0]["label"] == label


# --- classes -------------------------------------------------------------------------------------


def seen(**classes: dict[str, int]) -> Seen:
    found = Seen()
    for attribute, named in classes.items():
        for name, number in named.items():
            found.add(attribute, name, number)
    return found


def test_class_ids_are_those_of_the_category_file_whatever_occurs() -> None:
    made = decide(["a"], seen(a={"bone": 5}), {"a": ["dog", "cat", "bone"]})
    assert made.names == ("dog", "cat", "bone")


def test_without_a_category_file_ground_truths_numbers_give_the_order() -> None:
    assert decide(["a"], seen(a={"bone": 5, "dog": 0}), {}).names == ("dog", "bone")


@pytest.mark.parametrize(
    ("labels", "called"), [(["truck"], "truck"), (["hand", "elbow"], "skeleton"), ([], "skeleton")]
)
def test_skeletons_are_called_as_the_one_label_of_their_file_that_is_no_point(
    labels: list[str], called: str
) -> None:
    # Given skeletons, whose labels have points and no class
    found = seen(pose={"skeleton": 0})
    for point in ("hand", "elbow"):
        found.add_point("skeleton", point)
    made = decide(["pose"], found, {"pose": labels})
    assert made.names == (called,)
    assert made.name("pose", "skeleton") == called


def test_skeletons_and_boxes_with_a_class_of_one_name() -> None:
    found = seen(pose={"skeleton": 0}, boxes={"truck": 0})
    made = decide(["pose", "boxes"], found, {"pose": ["truck"]}, "prefix")
    assert made.names == ("pose/truck", "boxes/truck")
    assert made.name("pose", "skeleton") == "pose/truck"


def test_a_class_that_the_category_file_lacks_is_an_error() -> None:
    with pytest.raises(ExportError, match="lacks classes of the labels: 'cat'"):
        decide(["a"], seen(a={"cat": 0}), {"a": ["dog"]})


def test_background_is_no_class() -> None:
    assert decide(["a"], seen(a={"BACKGROUND": 0, "road": 1}), {}).names == ("road",)


def test_two_lanes_with_a_class_of_one_name() -> None:
    both = seen(boxes={"arrow": 0, "car": 1}, lanes={"arrow": 0})
    with pytest.raises(ExportError, match="boxes and lanes both have it"):
        decide(["boxes", "lanes"], both, {})
    prefixed = decide(["boxes", "lanes"], both, {}, "prefix")
    assert prefixed.names == ("boxes/arrow", "car", "lanes/arrow")
    assert prefixed.name("lanes", "arrow") == "lanes/arrow"
    assert prefixed.name("boxes", "car") == "car"
    assert decide(["boxes", "lanes"], both, {}, "same").names == ("arrow", "car")


# --- names ---------------------------------------------------------------------------------------


def test_images_of_one_base_name_in_two_folders_stay_two() -> None:
    folder = names.common_folder(None, "s3://bucket/set/a/one.jpg")
    folder = names.common_folder(folder, "s3://bucket/set/b/one.jpg")
    given_names = names.Names(folder)
    assert given_names.give("s3://bucket/set/a/one.jpg") == "a/one.jpg"
    assert given_names.give("s3://bucket/set/b/one.jpg") == "b/one.jpg"


def test_label_files_of_two_images_of_one_stem_stay_two() -> None:
    given_names = names.Names("s3://b/")
    made = [given_names.give(f"s3://b/{name}") for name in ("a.jpg", "a.png", "A.jpg", "a_png.gif")]
    assert made == ["a.jpg", "a_png.png", "A_jpg.jpg", "a_png_gif.gif"]


@given(st.lists(st.text("aAb./\\:*?% \x00\n\u202e.é", max_size=12), unique=True, max_size=8))
def test_names_are_safe_and_no_two_are_alike(paths: list[str]) -> None:
    given_names = names.Names("s3://b/")
    made = [given_names.give(f"s3://b/{path}") for path in paths]
    stems = [Item(name, "").stem.casefold() for name in made]
    assert len(set(stems)) == len(stems)
    for name in made:
        assert not name.startswith("/")
        assert not {"..", ".", ""} & set(name.split("/"))
        assert name.isprintable()
        assert not set(name) & set('\\:*?"<>|')


@pytest.mark.parametrize(
    ("path", "there"),
    [
        ("con.jpg", "_con.jpg"),
        ("com1.jpg", "_com1.jpg"),
        ("LPT9/a.jpg", "_LPT9/a.jpg"),
        ("Com¹.tar.gz", "_Com¹.tar.gz"),
        ("com0.jpg", "com0.jpg"),
        ("com10.jpg", "com10.jpg"),
        ("acom1/lpt.jpg", "acom1/lpt.jpg"),
    ],
)
def test_no_file_has_the_name_of_a_device_of_windows(path: str, there: str) -> None:
    assert names.safe(path) == there


def test_the_same_image_twice_is_refused() -> None:
    given_names = names.Names("s3://b/")
    given_names.give("s3://b/a.jpg", ("s3://b/m", 1))
    renamed = given_names.give("s3://b/a.png", ("s3://b/m", 2))
    for uri in ("s3://b/a.jpg", "s3://b/a.png"):
        with pytest.raises(ExportError, match=r"s3://b/m line 3.*already"):
            given_names.give(uri, ("s3://b/m", 3))
    assert renamed == "a_png.png"


# --- what does not fit ---------------------------------------------------------------------------


def test_what_a_format_has_no_place_for_is_counted() -> None:
    _, tally = written("yolo", IMAGES)
    assert tally.left_out == {"polyline": 1, "mask": 2, "class": 3}
    assert tally.boxed == {"polygon": 1, "keypoints": 1}


@pytest.mark.parametrize("name", FORMATS)
def test_labels_are_written_or_left_out_and_none_is_lost_unsaid(name: str) -> None:
    items = SAMPLES.get(name, IMAGES)
    there = sum(
        len(item.objects)
        + len(item.tags)
        + len(item.spans)
        + (len(set(item.raster.pixels) - {0}) if item.raster else 0)
        for item in items
    )
    _, tally = written(name, items)
    assert tally.written.total() + tally.left_out.total() + tally.outside == there
    assert tally.items == len(items)


def test_a_format_without_a_place_for_any_label_is_refused_with_those_that_have_one() -> None:
    with pytest.raises(ExportError, match=r"yolo has no place for cuboids.*kitti-3d, nuscenes"):
        formats.check(FORMATS["yolo"], ["cuboid"], "manifest")
    formats.check(FORMATS["yolo"], [], "an empty data set is one of any format")


@pytest.mark.parametrize(
    "name", [name for name, one in FORMATS.items() if one.holds.size and name not in SAMPLES]
)
def test_an_image_of_unknown_size_is_refused_where_the_size_is_needed(name: str) -> None:
    item = replace(image(BoxShape(1, 2, 3, 4)), size=None)
    kinds = FORMATS[name].holds.any_of
    if name in ("yolo-pose",):
        item = replace(IMAGES[0], size=None)
    if "box" not in kinds and "keypoints" not in kinds:
        item = replace(item, objects=())
    with pytest.raises(ExportError, match="how large the image is"):
        written(name, [item], Head(("dog", "Katze-ü", "arm"), keypoints={"arm": ("hand",)}))


@pytest.mark.parametrize("name", FORMATS)
def test_a_class_that_the_head_lacks_is_refused(name: str) -> None:
    if name in ("label-studio", "jsonl", "conll"):
        pytest.skip("names, no numbers: nothing could be mixed up")
    head = Head(("another",), keypoints={"another": ("hand", "elbow")}, subsets=("train", "val"))
    items = SAMPLES.get(name, IMAGES)
    with pytest.raises(ExportError, match="not among the 1 classes"):
        written(name, items, head)


# --- texts ---------------------------------------------------------------------------------------


def test_an_entity_inside_a_word_cuts_the_word() -> None:
    item = Item("t", "", text="unhappy", spans=(TextSpan(2, 7, "FEELING"),))
    assert ner.tagged(item) == [("un", "O"), ("happy", "B-FEELING")]


def test_entities_that_overlap_are_refused_in_conll_and_kept_in_jsonl() -> None:
    item = Item("t", "", text="New York", spans=(TextSpan(0, 8, "dog"), TextSpan(0, 3, "arm")))
    with pytest.raises(ExportError, match="overlap at character 0"):
        written("conll", [item])
    memory, _ = written("jsonl", [item])
    assert json.loads(memory.text("train.jsonl"))["label"] == [[0, 3, "arm"], [0, 8, "dog"]]


def test_an_entity_behind_its_text_is_refused() -> None:
    item = Item("t", "", text="short", spans=(TextSpan(2, 7, "dog"),))
    for name in ("conll", "jsonl"):
        with pytest.raises(ExportError, match="character 7 of 5"):
            written(name, [item])


def test_every_character_of_an_entity_is_in_its_tokens() -> None:
    tokens = ner.tagged(TEXTS[0])
    assert "".join(token for token, tag in tokens if tag.endswith("dog")) == "MaxMüller"


# --- masks and pictures --------------------------------------------------------------------------


def test_runs_of_the_worked_example() -> None:
    right = Raster((2, 2), ("dog",), bytes([0, 1, 0, 1]))
    assert runs.counts(runs.columns(right), 1) == [2, 2]
    first = Raster((2, 2), ("dog",), bytes([1, 0, 0, 0]))
    assert runs.counts(runs.columns(first), 1) == [0, 1, 3]


@given(rasters(("a", "b", "c")))
def test_runs_come_back_as_the_same_pixels(raster: Raster) -> None:
    by_column = runs.columns(raster)
    for number in runs.numbers(raster):
        lengths = runs.counts(by_column, number)
        assert sum(lengths) == len(raster.pixels)
        found = runs.pixels(lengths, raster.size)
        assert found == bytes(int(value == number) for value in raster.pixels)
        box = runs.box(raster, by_column, number)
        width, height = raster.size
        assert 0 <= box.left < box.right <= width
        assert 0 <= box.top < box.bottom <= height


def test_vocs_palette() -> None:
    assert png.palette(4) == [(0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0)]


def test_a_mask_numbers_classes_alike_whatever_its_own_numbers_are() -> None:
    one = Item("a.png", "s3://b/a.png", raster=Raster((2, 1), ("x", "y"), bytes([1, 2])))
    two = Item("b.png", "s3://b/b.png", raster=Raster((2, 1), ("y", "x"), bytes([1, 2])))
    listing = written("masks", [one, two], Head(("x", "y")))[0].listing()
    assert "\n0102\n" in listing
    assert "\n0201\n" in listing


def test_more_classes_than_a_byte_holds_are_refused() -> None:
    with pytest.raises(ExportError, match="at most 255"):
        written("masks", [Item("a.png", "", size=(1, 1))], Head(tuple(map(str, range(256)))))


def test_the_shoelace_and_the_box_around() -> None:
    assert geometry.area([(0, 0), (4, 0), (4, 3)]) == 6.0
    assert geometry.around([(1, 2), (4, 6)]) == BoxShape(1, 2, 3, 4)
    assert geometry.around([]) is None


def test_points_that_are_all_absent_have_no_box_and_are_left_out() -> None:
    absent = KeypointsShape((Keypoint("hand", 0, 0, 0),))
    item = replace(image(), objects=(Object("dog", absent),))
    _, tally = written("voc", [item], DOG)
    assert tally.left_out == {"keypoints": 1}


def test_a_polygon_of_two_points_keeps_its_box_in_coco() -> None:
    item = replace(image(), objects=(Object("dog", PolygonShape(((1, 2), (4, 6)))),))
    document = json.loads(written("coco", [item], DOG)[0].text("annotations/instances_train.json"))
    (found,) = document["annotations"]
    assert (found["segmentation"], found["bbox"]) == ([], [1, 2, 3, 4])


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e9, max_value=1e9))
def test_a_number_reads_back_as_it_was(value: float) -> None:
    text = numbers.plain(value)
    assert "e" not in text
    assert float(text) == pytest.approx(value, abs=1e-16)


def test_cuboids_of_a_scene_are_linked() -> None:
    rows = json.loads(written("nuscenes", CLOUDS)[0].text("v1.0-terrace/sample_annotation.json"))
    first, second = rows[:2]
    assert first["next"] == second["token"]
    assert second["prev"] == first["token"]
