"""From Ground Truth's manifests to items: every kind of label, several manifests, several lanes."""

import json
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from terrace.domain.exports import dataset, formats
from terrace.domain.exports.dataset import Source, Wanted
from terrace.domain.exports.from_labels import joined
from terrace.domain.exports.model import (
    BoxShape,
    CuboidShape,
    ExportError,
    Head,
    Item,
    KeypointsShape,
    Origin,
    PolygonShape,
    PolylineShape,
    Raster,
    Size,
)
from terrace.domain.json_reading import UnreadableError
from terrace.ports import ObjectStore
from terrace.steps.export_documents import StoredDocuments, StoredSizes
from terrace_cli.convert.documents import Documents, Sizes
from tests.exports.harness import Memory, written

MADE = {
    "human-annotated": "yes",
    "creation-date": "2026-01-01T00:00:00",
    "job-name": "labeling-job/x",
}


@dataclass
class Fake:
    """Files that a manifest points to."""

    files: dict[str, Any] = field(default_factory=dict)

    def json(self, uri: str) -> Any:
        return self.files[uri]

    def text(self, uri: str) -> str:
        return str(self.files[uri])

    def mask(self, uri: str, colors: dict[int, tuple[str, str]], labels: tuple[str, ...]) -> Raster:
        return Raster((2, 1), labels, self.files[uri])


def boxes(
    uri: str, *placed: tuple[int, float], attribute: str = "boxes", names: Any = None
) -> dict[str, Any]:
    """A line with boxes at some place, all 10 x 20."""
    return {
        "source-ref": uri,
        attribute: {
            "image_size": [{"width": 100, "height": 80, "depth": 3}],
            "annotations": [
                {"class_id": number, "left": left, "top": 1, "width": 10, "height": 20}
                for number, left in placed
            ],
        },
        f"{attribute}-metadata": {
            "type": "groundtruth/object-detection",
            "class-map": names or {"0": "dog", "5": "bone"},
            "objects": [{"confidence": 0} for _ in placed],
            **MADE,
        },
    }


def source(*lines: dict[str, Any], uri: str = "s3://out/output.manifest") -> Source:
    return Source(uri, lambda: [json.dumps(line) for line in lines])


def items_of(
    sources: list[Source],
    wanted: Wanted,
    documents: Fake | None = None,
    size: Size | None = None,
) -> tuple[Head, list[Item]]:
    files = documents or Fake()
    found = dataset.survey(sources, wanted, files)
    head, classes = dataset.head(found, wanted)
    made = dataset.items(
        sources,
        wanted,
        found=found,
        classes=classes,
        documents=files,
        size_of=lambda _: size,
    )
    listed = list(made)
    assert len(listed) == found.items
    return head, listed


BOXES = Wanted(("boxes",))


def test_boxes_of_images_and_an_empty_one() -> None:
    head, (one, two) = items_of(
        [source(boxes("s3://in/set/a/x.jpg", (5, 1.5), (0, 2)), boxes("s3://in/set/b/x.jpg"))],
        BOXES,
    )
    assert head.classes == ("dog", "bone")
    assert (one.name, two.name) == ("a/x.jpg", "b/x.jpg")
    assert one.size == (100, 80)
    assert [(o.label, o.shape) for o in one.objects] == [
        ("bone", BoxShape(1.5, 1, 10, 20)),
        ("dog", BoxShape(2, 1, 10, 20)),
    ]
    assert two.objects == ()


def test_two_manifests_become_one_data_set() -> None:
    head, listed = items_of(
        [
            source(boxes("s3://in/first/x.jpg", (0, 1))),
            source(boxes("s3://in/second/x.jpg", (0, 1), names={"0": "cat"}), uri="s3://out/2"),
        ],
        BOXES,
    )
    # Then a number that means different classes in the two is two classes
    assert head.classes == ("dog", "cat", "bone")
    assert [item.name for item in listed] == ["first/x.jpg", "second/x.jpg"]
    assert [item.objects[0].label for item in listed] == ["dog", "cat"]


def test_an_image_in_two_manifests_is_refused() -> None:
    line = boxes("s3://in/x.jpg", (0, 1))
    with pytest.raises(ExportError, match=r"s3://out/2 line 1.*already"):
        items_of([source(line), source(line, uri="s3://out/2")], BOXES)


def test_two_attributes_of_a_line_become_one_item() -> None:
    line = boxes("s3://in/x.jpg", (0, 1)) | boxes(
        "s3://in/x.jpg", (0, 9), attribute="lanes", names={"0": "solid"}
    )
    head, (item,) = items_of([source(line)], Wanted(("boxes", "lanes")))
    assert head.classes == ("dog", "bone", "solid")
    assert [one.label for one in item.objects] == ["dog", "solid"]


def test_lanes_with_a_class_of_one_name_are_refused_or_told_apart() -> None:
    line = boxes("s3://in/x.jpg", (0, 1)) | boxes("s3://in/x.jpg", (0, 9), attribute="lanes")
    with pytest.raises(ExportError, match="both have it"):
        items_of([source(line)], Wanted(("boxes", "lanes")))
    _, (item,) = items_of([source(line)], Wanted(("boxes", "lanes"), conflict="prefix"))
    assert [one.label for one in item.objects] == ["boxes/dog", "lanes/dog"]


def test_lines_without_the_label_are_left_out_and_counted() -> None:
    failed = {
        "source-ref": "s3://in/y.jpg",
        "boxes-metadata": {"failure-reason": "expired", "type": "groundtruth/object-detection"},
    }
    found = dataset.survey(
        [source(boxes("s3://in/x.jpg"), failed, {"source-ref": "s3://in/z.jpg"})], BOXES, Fake()
    )
    assert (found.lines, found.items, found.unlabeled) == (3, 1, 2)


def test_a_misspelled_attribute_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(ExportError, match=r"no line has a label under 'box'.*it has: boxes"):
        items_of([source(boxes("s3://in/x.jpg"))], Wanted(("box",)))


def test_a_broken_line_is_named() -> None:
    broken = Source("s3://out/m", lambda: [json.dumps(boxes("s3://in/x.jpg")), "{"])
    with pytest.raises(UnreadableError, match="s3://out/m line 2"):
        items_of([broken], BOXES)


def test_held_back_items_stay_where_they_are_when_others_are_added() -> None:
    lines = [boxes(f"s3://in/{number}.jpg") for number in range(200)]
    wanted = Wanted(("boxes",), held_back=25)
    head, whole = items_of([source(*lines)], wanted)
    _, part = items_of([source(*lines[:50])], wanted)
    assert head.subsets == ("train", "val")
    by_uri = {item.uri: item.subset for item in whole}
    assert all(by_uri[item.uri] == item.subset for item in part)
    assert 30 <= sum(item.subset == "val" for item in whole) <= 70


# --- other labels --------------------------------------------------------------------------------


def test_a_class_of_an_image_and_several_classes() -> None:
    one = {
        "source-ref": "s3://in/x.jpg",
        "kind": 1,
        "kind-metadata": {
            "type": "groundtruth/image-classification",
            "class-name": "cat",
            "confidence": 0.9,
            **MADE,
        },
    }
    head, (item,) = items_of([source(one)], Wanted(("kind",)))
    assert (head.classes, item.tags[0].label, item.tags[0].confidence) == (("cat",), "cat", 0.9)
    many = {
        "source-ref": "s3://in/x.jpg",
        "kind": [1, 0],
        "kind-metadata": {
            "type": "groundtruth/image-classification-multilabel",
            "class-map": {"0": "day", "1": "rain"},
            "confidence-map": {"0": 0.5, "1": 0.6},
            **MADE,
        },
    }
    head, (item,) = items_of([source(many)], Wanted(("kind",)))
    assert head.classes == ("day", "rain")
    assert [tag.label for tag in item.tags] == ["rain", "day"]


def test_named_entities_of_a_text_in_the_line_and_in_a_file() -> None:
    label = {
        "ner": {
            "annotations": {
                "labels": [{"label": "PER"}, {"label": "LOC"}],
                "entities": [{"label": "LOC", "startOffset": 4, "endOffset": 8}],
            }
        },
        "ner-metadata": {"type": "groundtruth/text-span", **MADE},
    }
    lines = [{"source": "Max Rome", **label}, {"source-ref": "s3://in/a.txt", **label}]
    head, (first, second) = items_of(
        [source(*lines)], Wanted(("ner",)), Fake({"s3://in/a.txt": "See Oslo"})
    )
    assert head.classes == ("PER", "LOC")
    assert (first.text, second.text) == ("Max Rome", "See Oslo")
    assert first.name == "text-000001"
    assert first.spans[0].label == "LOC"


@pytest.mark.parametrize("many", [False, True])
def test_files_of_text_are_texts_with_their_class(many: bool) -> None:
    value: Any = [1] if many else 1
    about: dict[str, Any] = (
        {"class-map": {"1": "good"}, "confidence-map": {"1": 0.6}}
        if many
        else {"class-name": "good", "confidence": 0.6}
    )
    kind = f"groundtruth/text-classification{'-multilabel' if many else ''}"
    line = {
        "source-ref": "s3://in/a.txt",
        "mood": value,
        "mood-metadata": {"type": kind, **about, **MADE},
    }
    head, (item,) = items_of([source(line)], Wanted(("mood",)), Fake({"s3://in/a.txt": "See Oslo"}))
    assert (item.text, [tag.label for tag in item.tags]) == ("See Oslo", ["good"])
    studio, _ = written("label-studio", [item], head)
    (task,) = json.loads(studio.text("tasks.json"))
    assert task["data"] == {"text": "See Oslo", "name": "a.txt"}
    (result,) = task["annotations"][0]["result"]
    assert (result["to_name"], result["value"]) == ("text", {"choices": ["good"]})
    config = studio.text("config.xml")
    assert '<Choices name="class" toName="text"' in config
    assert "<Image" not in config
    lines, _ = written("jsonl", [item], head)
    (text,) = [name for name in lines.files if name.endswith(".jsonl")]
    assert json.loads(lines.text(text))["text"] == "See Oslo"


def test_nobody_measures_a_text() -> None:
    item = Item("a.txt", "s3://in/a.txt", text="See Oslo")

    def nothing() -> None:
        raise AssertionError("nothing is read")

    assert Sizes(None, Documents(nothing), needed=True)(item) is None
    assert StoredSizes(StoredDocuments(cast("ObjectStore", None)), needed=True)(item) is None


def about_written(*lines: dict[str, Any]) -> list[tuple[str, str]]:
    head, items = items_of([source(*lines)], BOXES)
    text = written("ground-truth", items, head)[0].text("output.manifest")
    found = [json.loads(line)["imported-metadata"] for line in text.splitlines()]
    return [(one["human-annotated"], one["job-name"]) for one in found]


def test_a_manifest_of_a_manifest_says_who_made_the_labels() -> None:
    quick = boxes("s3://some-bucket/a.jpg", (0, 1))
    model = boxes("s3://some-bucket/c.jpg", (0, 1))
    model["boxes-metadata"] |= {"human-annotated": "no", "job-name": "labeling-job/model"}
    bare = boxes("s3://some-bucket/d.jpg", (0, 1))
    del bare["boxes-metadata"]["human-annotated"], bare["boxes-metadata"]["job-name"]
    assert about_written(quick, model, bare) == [
        ("yes", "labeling-job/x"),
        ("no", "labeling-job/model"),
        ("no", "labeling-job/imported"),
    ]


def test_labels_of_two_jobs_are_a_person_s_if_one_is() -> None:
    yes, no = Origin(True, "labeling-job/x"), Origin(False, "labeling-job/y")
    assert joined([yes, no]) == Origin(True, None)
    assert joined([no, no]) == no
    assert joined([no, Origin()]) == Origin(None, None)


def test_a_mask_with_its_classes() -> None:
    line = {
        "source-ref": "s3://in/x.png",
        "mask-ref": "s3://out/mask.png",
        "mask-ref-metadata": {
            "type": "groundtruth/semantic-segmentation",
            "internal-color-map": {
                "0": {"class-name": "BACKGROUND", "hex-color": "#ffffff"},
                "1": {"class-name": "road", "hex-color": "#2ca02c"},
                "2": {"class-name": "sky", "hex-color": "#1f77b4"},
            },
            **MADE,
        },
    }
    head, (item,) = items_of(
        [source(line)], Wanted(("mask-ref",)), Fake({"s3://out/mask.png": bytes([0, 2])})
    )
    assert head.classes == ("road", "sky")
    assert item.raster == Raster((2, 1), ("road", "sky"), bytes([0, 2]))
    assert item.size == (2, 1)


def test_a_skeleton_of_a_custom_job() -> None:
    record = {
        "updated_annotations": [
            {
                "id": "s1",
                "keypoints": [
                    {"label": "hand", "x": 1, "y": 2.5, "visibility": "visible"},
                    {"label": "elbow", "x": 3, "y": 4, "visibility": "occluded"},
                    {"label": "wing", "visibility": "absent"},
                ],
            }
        ]
    }
    line = {
        "source-ref": "s3://in/x.jpg",
        "pose": record,
        "pose-metadata": {"type": "groundtruth/custom", **MADE},
    }
    wanted = Wanted(("pose",), keypoints=("elbow", "hand", "wing"))
    head, (item,) = items_of([source(line)], wanted, size=(10, 10))
    # Then the order of the points is the category file's
    assert head.keypoints == {"skeleton": ("elbow", "hand", "wing")}
    (one,) = item.objects
    assert isinstance(one.shape, KeypointsShape)
    assert [(p.name, p.visibility) for p in one.shape.points] == [
        ("hand", 2),
        ("elbow", 1),
        ("wing", 0),
    ]
    memory = Memory()
    formats.export(formats.FORMATS["yolo-pose"], [item], head, memory)
    assert memory.text("labels/train/x.txt") == "0 0.2 0.325 0.2 0.15 0.3 0.4 1 0.1 0.25 2 0 0 0\n"


def test_another_custom_label_is_refused() -> None:
    line = {
        "source-ref": "s3://in/x.jpg",
        "own": {"score": 5},
        "own-metadata": {"type": "groundtruth/custom", **MADE},
    }
    with pytest.raises(ExportError, match=r"line 1.*no skeleton"):
        items_of([source(line)], Wanted(("own",)))


def test_cuboids_of_a_point_cloud() -> None:
    numbers = dict.fromkeys(
        ["center-x", "center-y", "center-z", "length", "width", "height", "roll", "pitch"], 1
    )
    line = {
        "source-ref": "s3://in/1.bin",
        "cuboids": {
            "annotations": [{"class-id": 0, "object-name": "Car:1", "yaw": 0.5, **numbers}]
        },
        "cuboids-metadata": {
            "type": "groundtruth/point_cloud_object_detection",
            "class_map": {"0": "Car"},
            **MADE,
        },
    }
    _, (item,) = items_of([source(line)], Wanted(("cuboids",)))
    assert item.objects[0].shape == CuboidShape((1, 1, 1), (1, 1, 1), (1, 1, 0.5))


# --- videos --------------------------------------------------------------------------------------


def video(uri: str, label: str, attribute: str = "track-ref") -> dict[str, Any]:
    return {
        "source-ref": uri,
        attribute: label,
        f"{attribute}-metadata": {
            "type": "groundtruth/video-object-tracking",
            "class-map": {"0": "car"},
            **MADE,
        },
    }


def frame(name: str, number: int, key: str = "annotations", **shape: Any) -> dict[str, Any]:
    one = {"class-id": "0", "object-id": "o1", "object-name": "car:1", **shape}
    return {"frame": name, "frame-no": str(number), key: [one] if shape else []}


BOX = {"left": 1, "top": 2, "width": 3, "height": 4}
LINE = {"vertices": [{"x": 1, "y": 2}, {"x": 3, "y": 4}, {"x": 5, "y": 0}]}


def sequence(*names: str, prefix: str = "s3://in/frames/") -> dict[str, Any]:
    return {"seq-no": 1, "prefix": prefix, "frames": [{"frame": name} for name in names]}


def test_a_video_is_one_item_a_frame_also_where_nothing_is_labeled() -> None:
    documents = Fake(
        {
            "s3://in/clip-a.json": sequence("2.jpg", "1.jpg", "3.jpg"),
            "s3://out/SeqLabel.json": {
                "tracking-annotations": [frame("3.jpg", 2, **BOX), frame("1.jpg", 0, **BOX)]
            },
        }
    )
    _, listed = items_of(
        [source(video("s3://in/clip-a.json", "s3://out/SeqLabel.json"))],
        Wanted(("track-ref",)),
        documents,
        size=(9, 9),
    )
    # Then frames are in the order that Ground Truth shows: of their names
    assert [(i.name, i.frame, len(i.objects)) for i in listed] == [
        ("clip-a/1.jpg", 0, 1),
        ("clip-a/2.jpg", 1, 0),
        ("clip-a/3.jpg", 2, 1),
    ]
    assert listed[0].uri == "s3://in/frames/1.jpg"
    assert {item.sequence for item in listed} == {"clip-a"}
    assert listed[0].objects[0].track == "o1"
    assert listed[0].size == (9, 9)


def test_two_videos_of_one_frame_folder_are_kept_apart() -> None:
    documents = Fake(
        {uri: sequence("1.jpg") for uri in ("s3://in/a/sequence.json", "s3://in/b/sequence.json")}
        | {"s3://out/l": {"tracking-annotations": [frame("1.jpg", 0, **BOX)]}}
    )
    lines = [video(f"s3://in/{name}/sequence.json", "s3://out/l") for name in "ab"]
    _, listed = items_of([source(*lines)], Wanted(("track-ref",)), documents)
    assert [item.name for item in listed] == ["a/sequence/1.jpg", "b/sequence/1.jpg"]


def test_boxes_and_lanes_of_a_video_meet_by_frame() -> None:
    documents = Fake(
        {
            "s3://in/clip.json": sequence("1.jpg", "2.jpg"),
            "s3://out/boxes": {"tracking-annotations": [frame("1.jpg", 0, **BOX)]},
            "s3://out/lanes": {
                "tracking-annotations": [
                    frame("1.jpg", 0, "polylines", **LINE),
                    frame("2.jpg", 1, "polygons", **LINE),
                ]
            },
        }
    )
    line = video("s3://in/clip.json", "s3://out/boxes") | video(
        "s3://in/clip.json", "s3://out/lanes", "lane-ref"
    )
    _, (one, two) = items_of(
        [source(line)], Wanted(("track-ref", "lane-ref"), conflict="prefix"), documents
    )
    assert [type(o.shape) for o in one.objects] == [BoxShape, PolylineShape]
    assert [type(o.shape) for o in two.objects] == [PolygonShape]
    assert [o.label for o in one.objects] == ["track-ref/car", "lane-ref/car"]


def test_a_label_file_of_another_sequence_is_refused() -> None:
    documents = Fake(
        {
            "s3://in/clip.json": sequence("1.jpg"),
            "s3://out/l": {"tracking-annotations": [frame("9.jpg", 0, **BOX)]},
        }
    )
    with pytest.raises(ExportError, match=r"frame '9.jpg' is not in the sequence file"):
        items_of(
            [source(video("s3://in/clip.json", "s3://out/l"))], Wanted(("track-ref",)), documents
        )


def cloud(source_ref: str, uri: str) -> dict[str, Any]:
    line = video(source_ref, uri)
    line["track-ref-metadata"]["type"] = "groundtruth/point_cloud_object_tracking"
    return line


def cloud_frame(name: str, number: int, x: float) -> dict[str, Any]:
    """A frame of a point cloud as Ground Truth writes it, with a cuboid at x."""
    one = {
        **{"center-x": x, "center-y": 0, "center-z": 0, "length": 4, "width": 2, "height": 1},
        **{"roll": 0, "pitch": 0, "yaw": 0, "class-id": 0, "object-id": "i"},
    }
    return {"frame-number": number, "frame-name": name, "annotations": [one]}


def centers(rows: list[dict[str, Any]], *frames: dict[str, Any]) -> list[list[float]]:
    """Where the cuboids are, frame by frame of the sequence file."""
    documents = Fake(
        {
            "s3://in/clip.json": {"prefix": "s3://in/clouds/", "frames": rows},
            "s3://out/l": {"tracking-annotations": list(frames)},
        }
    )
    line = cloud("s3://in/clip.json", "s3://out/l")
    _, listed = items_of([source(line)], Wanted(("track-ref",)), documents)
    assert [item.uri for item in listed] == [f"s3://in/clouds/{row['frame']}" for row in rows]
    shapes = [[one.shape for one in item.objects] for item in listed]
    return [[one.center[0] for one in found if isinstance(one, CuboidShape)] for found in shapes]


def test_frames_of_a_cloud_are_known_without_the_ending_that_the_service_adds() -> None:
    rows = [{"frame": "1.txt"}, {"frame": "0.txt"}, {"frame": "2.pcd"}]
    placed = [("0.txt.pcd", 7, 0), ("1.txt.pcd", 8, 1), ("2.pcd", 9, 2)]
    assert centers(rows, *(cloud_frame(*one) for one in placed)) == [[1], [0], [2]]


def test_a_frame_s_own_name_counts_before_the_one_without_the_ending() -> None:
    rows = [{"frame": "a"}, {"frame": "a.pcd"}]
    assert centers(rows, cloud_frame("a.pcd", 1, 5)) == [[], [5]]


def test_a_frame_of_a_cloud_with_another_name_is_known_by_its_number() -> None:
    rows = [{"frame": "x/a.bin", "frame-no": 300}, {"frame": "x/b.bin", "frame-no": 303}]
    assert centers(rows, cloud_frame("b.converted", 303, 5)) == [[], [5]]


def test_two_labeled_frames_of_one_cloud_are_refused() -> None:
    with pytest.raises(ExportError, match=r"'a.pcd' and 'a' are the same one"):
        centers([{"frame": "a"}], cloud_frame("a.pcd", 0, 1), cloud_frame("a", 1, 2))


def test_a_frame_of_a_cloud_of_another_sequence_is_refused() -> None:
    with pytest.raises(ExportError, match=r"frame 'z.pcd' is not in the sequence file"):
        centers([{"frame": "a", "frame-no": 0}], cloud_frame("z.pcd", 4, 1))


def test_a_source_that_is_no_sequence_file_is_refused() -> None:
    documents = Fake({"s3://in/clip.json": [], "s3://out/l": {"tracking-annotations": []}})
    with pytest.raises(ExportError, match="no sequence file"):
        items_of(
            [source(video("s3://in/clip.json", "s3://out/l"))], Wanted(("track-ref",)), documents
        )
