"""Every label file of ../shared/data in every format that holds it, read back by the judge."""

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from terrace.domain import manifest
from terrace.domain.exports import dataset
from terrace.domain.exports.dataset import Source, Wanted
from terrace.domain.exports.formats import FORMATS
from terrace.domain.exports.model import ExportError, Head, Item, Raster, Size
from terrace.domain.imports.readers import READERS
from terrace_cli.convert import pictures
from terrace_cli.convert.disk import Input
from tests.exports.conftest import Judge
from tests.exports.harness import boxes_of_items, written
from tests.exports.test_formats_judged import ask, boxes_in, same

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data is not on this machine")

NOT_EXPORTABLE = {
    "ground_truth_samples/doc_derived/manifests/3d_point_cloud_semantic_segmentation.manifest": (
        "labels the points of a cloud"
    ),
    "ground_truth_samples/real/custom/legal_entity_output.first3lines.manifest": "no skeleton",
    "ground_truth_samples/real/custom/comprehend_sample_output_manifest.jsonl": "no skeleton",
    "ground_truth_samples/real/failed_objects/output_with_expired_tasks_manifest.jsonl": (
        "no skeleton"
    ),
    "gt_custom_pdf_ner/output.manifest": "no skeleton",
}
"""Custom labels of other people's jobs, and points of clouds: refused, and it is said why."""
ALLOWED_REFUSALS = {
    "ITEM_NOT_OF_A_VIDEO",
    "IMAGE_NOT_IN_S3",
    "CLASS_NAME_UNFIT",
    "FRAMES_APART",
}
"""Formats of videos want videos, a manifest wants places in S3, KITTI's words are one word."""
VIDEO_SIZE = (1920, 1080)


class OnDisk:
    """Files of the samples; sequence files that are not there are made of the frames' names."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def json(self, uri: str) -> Any:
        if not uri.endswith("SeqLabel.json"):
            return {"prefix": "s3://some-bucket/frames/", "frames": self._frames()}
        return json.loads(self._label().read_text(encoding="utf-8"))

    def _frames(self) -> list[dict[str, str]]:
        document = json.loads(self._label().read_text(encoding="utf-8"))
        listed = document.get("tracking-annotations") or document.get("detection-annotations")
        listed = listed or document["lidar"]["tracking-annotations"]
        # The tool for point clouds labels a file that it made of the frame, and names that.
        names = [str(one.get("frame") or one["frame-name"]) for one in listed]
        return [{"frame": name.removesuffix(".pcd")} for name in names]

    def _label(self) -> Path:
        return self._folder

    def text(self, uri: str) -> str:
        return "x" * 100_000

    def mask(self, uri: str, colors: dict[int, tuple[str, str]], labels: tuple[str, ...]) -> Raster:
        place = DATA / "gt_semantic_segmentation_pcb" / "mask.png"
        if "S10-label3" in uri:
            return pictures.raster(place.read_bytes(), uri, colors, labels)
        return Raster((2, 1), labels, bytes([0, 1]))


def manifests() -> Iterator[Any]:
    """Every manifest and every label attribute in it."""
    if not DATA.is_dir():
        return
    files = [*DATA.rglob("*.manifest"), *DATA.rglob("*manifest.jsonl")]
    for path in sorted(files):
        lines = path.read_text(encoding="utf-8").splitlines()
        found: Counter[str] = Counter()
        for line in lines:
            data = json.loads(line)
            for key, about in data.items():
                attribute = key.removesuffix(manifest.METADATA)
                is_label = key.endswith(manifest.METADATA) and attribute in data
                if is_label and isinstance(about, dict) and "type" in about:
                    found[attribute] += 1
        for attribute in found:
            name = f"{path.relative_to(DATA)} {attribute}"
            yield pytest.param(path, lines, attribute, id=name)


def seqlabel_of(path: Path) -> Path:
    """The sample of the same kind: the documentation's manifests have no files behind them."""
    folder = DATA / "ground_truth_samples" / "doc_derived" / "seqlabel"
    found = folder / f"{path.stem.replace('_chained', '')}.SeqLabel.json"
    return found if found.exists() else folder / "video_object_tracking.SeqLabel.json"


def once(lines: list[str]) -> list[str]:
    """The documentation names one image in several examples; a data set has it once."""
    found: dict[str, str] = {}
    for number, line in enumerate(lines):
        data = json.loads(line)
        found.setdefault(str(data.get("source-ref", number)), line)
    return list(found.values())


def load(path: Path, lines: list[str], attribute: str) -> tuple[Head, list[Item]]:
    source = Source(str(path), lambda: once(lines))
    wanted, documents = Wanted((attribute,)), OnDisk(seqlabel_of(path))
    found = dataset.survey([source], wanted, documents)
    head, classes = dataset.head(found, wanted)
    items = dataset.items(
        [source],
        wanted,
        found=found,
        classes=classes,
        documents=documents,
        size_of=lambda _: VIDEO_SIZE,
    )
    return head, list(items)


@pytest.mark.parametrize(("path", "lines", "attribute"), list(manifests()))
def test_a_label_is_written_in_every_format_that_holds_it_or_refused_with_the_reason(
    path: Path, lines: list[str], attribute: str
) -> None:
    reason = NOT_EXPORTABLE.get(path.relative_to(DATA).as_posix())
    if reason is not None:
        with pytest.raises(ExportError, match=reason):
            load(path, lines, attribute)
        return
    head, items = load(path, lines, attribute)
    kinds = {one.kind for item in items for one in item.objects}
    if any(item.raster for item in items):
        kinds.add("mask")
    if any(item.tags for item in items):
        kinds.add("class")
    if any(item.spans for item in items):
        kinds.add("spans")
    fitting = [one for one in FORMATS.values() if kinds & one.holds.any_of]
    assert fitting, kinds
    whole = Head(head.classes, head.keypoints, home="s3://some-bucket/out/")
    refusals: dict[str, str] = {}
    for chosen in fitting:
        try:
            _, tally = written(chosen.name, items, whole)
        except ExportError as refused:
            refusals[chosen.name] = refused.problem.code
            continue
        assert tally.items == len(items)
        assert tally.written
    assert set(refusals.values()) <= ALLOWED_REFUSALS
    assert len(refusals) < len(fitting)


def real_video() -> tuple[Head, list[Item]]:
    place = DATA / "gt_video_tracking_mot17_13" / "SeqLabel.json"
    documents = OnDisk(place)
    line = {
        "source-ref": "s3://some-bucket/clip.json",
        "track-ref": "s3://some-bucket/SeqLabel.json",
        "track-ref-metadata": {
            "class-map": {"2": "Vehicle"},
            "type": "groundtruth/video-object-tracking",
            "human-annotated": "yes",
            "creation-date": "2021-03-23T00:00:00",
            "job-name": "labeling-job/x",
        },
    }
    source, wanted = Source("m", lambda: [json.dumps(line)]), Wanted(("track-ref",))
    found = dataset.survey([source], wanted, documents)
    head, classes = dataset.head(found, wanted)
    size: Size = VIDEO_SIZE
    return head, list(
        dataset.items(
            [source],
            wanted,
            found=found,
            classes=classes,
            documents=documents,
            size_of=lambda _: size,
        )
    )


def real_coco() -> tuple[Head, list[Item]]:
    place = DATA / "coco_val2014_100" / "instances_val2014_100.json"
    read = READERS["coco"](Input(place), "s3://some-bucket/coco/")
    return Head(read.classes), list(read.items)


def boxed() -> Iterator[Any]:
    """Everything at hand that has boxes in images or frames."""
    if not DATA.is_dir():
        return
    yield pytest.param(real_video, id="SeqLabel.json of MOT17-13")
    yield pytest.param(real_coco, id="coco_val2014_100")
    for case in manifests():
        path, lines, attribute = case.values
        if path.relative_to(DATA).as_posix() in NOT_EXPORTABLE:
            continue
        _, items = load(path, lines, attribute)
        if any(one.kind == "box" for item in items for one in item.objects):
            yield pytest.param(partial(load, path, lines, attribute), id=case.id)


@pytest.mark.parametrize(
    ("name", "form", "options"),
    [
        ("coco", "coco_instances", {}),
        ("yolo", "yolo", {}),
        ("darknet", "yolo", {}),
        ("voc", "voc_detection", {"coordinate_mode": "voc-one-based"}),
        ("cvat", "cvat", {}),
        ("kitti", "kitti_detection", {}),
        ("open-images", "open_images", {}),
    ],
)
@pytest.mark.parametrize("kind", list(boxed()))
def test_real_boxes_load_back(
    judge: Judge,
    kind: Callable[[], tuple[Head, list[Item]]],
    name: str,
    form: str,
    options: dict[str, Any],
) -> None:
    head, items = kind()
    if name == "kitti":
        head, items = one_word(head, items)
    # The documentation's "S3 bucket location" has no extension, and the judge knows images by it.
    items = [item if "." in item.name else replace(item, name=f"{item.name}.png") for item in items]
    if len(items) == 300:
        # The judge wants every image to be there; a tenth of 300 frames shows as much.
        items = items[::10]
    if name == "yolo":
        # And it knows an image of Ultralytics' layout by its base name only.
        items = [replace(item, name=item.name.replace("/", "_")) for item in items]
    answer = ask(judge, name, form, tuple(items), head, **options)
    assert tuple(answer["classes"]) == head.classes or name == "kitti"
    # COCO's own boxes may stick out of their image by a hundredth: Open Images and YOLO cut there.
    same(boxes_in(answer), boxes_of_items(items, lambda item: item.stem), within=0.011)


def one_word(head: Head, items: list[Item]) -> tuple[Head, list[Item]]:
    """KITTI takes no blanks in a class name."""
    made = [
        replace(
            item,
            objects=tuple(
                structs.replace(one, label=one.label.replace(" ", "_")) for one in item.objects
            ),
        )
        for item in items
    ]
    return Head(tuple(name.replace(" ", "_") for name in head.classes)), made


def test_real_tracks_load_back_from_mot(judge: Judge) -> None:
    head, items = real_video()
    with tempfile.TemporaryDirectory() as folder:
        place = written("mot", items, head)[0].save(Path(folder))
        answer = judge.ask("datumaro", place / "clip", "mot_seq")
    assert len(answer["items"]) == len(items) == 300
    found = {
        key: [(label, left - 1, top - 1, *size) for label, left, top, *size in rows]
        for key, rows in boxes_in(answer).items()
    }
    same(found, boxes_of_items(items, lambda item: str(item.frame + 1)))
    assert sum(map(len, found.values())) == 890


def test_a_real_mask_loads_back_pixel_for_pixel(judge: Judge) -> None:
    path = DATA / "gt_semantic_segmentation_pcb" / "output.manifest"
    lines = path.read_text(encoding="utf-8").splitlines()
    head, (item,) = load(path, lines, "S10-label3-ref")
    assert item.raster is not None
    answer = ask(judge, "masks", "voc_segmentation", (item,), head)
    counted = {
        one["label"]: one["pixels"]
        for one in answer["items"][0]["annotations"]
        if one["label"] != "background"
    }
    expected = {
        label: item.raster.pixels.count(number)
        for number, label in enumerate(item.raster.labels, start=1)
    }
    assert counted == {label: count for label, count in expected.items() if count}
    assert sum(counted.values()) > 1000


def test_real_keypoints_load_back_from_coco(judge: Judge) -> None:
    place = DATA / "coco_keypoints" / "example_coco_val.json"
    read = READERS["coco"](Input(place), "s3://some-bucket/coco/")
    head = Head(read.classes, read.keypoints)
    with tempfile.TemporaryDirectory() as folder:
        made = written("coco-keypoints", read.items, head)[0].save(Path(folder))
        ours = judge.ask("pycocotools", made / "annotations" / "person_keypoints_train.json")
    theirs = judge.ask("pycocotools", place)
    assert ours["classes"] == theirs["classes"] == ["person"]

    def rows(answer: dict[str, Any]) -> dict[str, list[Any]]:
        return {
            item["id"]: sorted((one["keypoints"], one["box"]) for one in item["annotations"])
            for item in answer["items"]
        }

    assert rows(ours) == rows(theirs)
    assert sum(map(len, rows(ours).values())) == 14
