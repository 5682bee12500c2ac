"""Exports at the end of a batch: whole, or with the reason why not; the same bytes each time."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PIL import Image

from terrace.adapters import staging
from terrace.adapters.s3_objects import S3ObjectStore
from terrace.domain.records import BatchRecord, DeliveryRecord, ExportRecord
from terrace.domain.request import ExportWanted
from terrace.ports import ObjectStore
from terrace.steps import deliver_exports
from terrace.steps.deliver_exports import (
    FRESH_SECONDS,
    Exporter,
    FinalManifests,
    exports_wanted,
    write_export,
)
from tests.fakes.aws import FastS3
from tests.fakes.clock import ManualClock
from tests.fakes.house import House
from tests.steps.conftest import two_levels

FOLDER = "s3://bucket/batches/x/final/g1/exports/f/"
BOXES = "groundtruth/object-detection"


class World:
    """A batch bucket with three final manifests."""

    def __init__(self) -> None:
        self.s3 = FastS3({})
        self.objects: ObjectStore = S3ObjectStore(self.s3)
        self.finals: dict[str, list[dict[str, Any]]] = {}
        self.categories: dict[str, Any] = {}

    def put(self, key: str, data: bytes) -> str:
        self.s3.put_object(Bucket="bucket", Key=key, Body=data)
        return f"s3://bucket/{key}"

    def line(
        self,
        name: str,
        *lanes: tuple[str, str, Any, dict[str, Any]],
        outcome: str = "accepted",
        status: str | None = None,
        source: dict[str, Any] | None = None,
    ) -> None:
        """A line with (lane, attribute, label, metadata) of each lane."""
        data: dict[str, Any] = source or {"source-ref": f"s3://pictures/{name}"}
        entries = []
        for lane, attribute, label, about in lanes:
            data |= {attribute: label, f"{attribute}-metadata": about}
            history = [
                {"job": one, "level": level, "modality": "BoundingBox", "attribute": one}
                for level, one in enumerate(dict.fromkeys((attribute, lane)), start=1)
            ]
            entries.append(
                {
                    "lane": lane,
                    "attribute": attribute,
                    "status": status or outcome,
                    "history": history,
                }
            )
        data["terrace"] = {"batch": "x", "outcome": outcome, "lanes": entries}
        self.finals.setdefault(outcome, []).append(data)

    def write(
        self, wanted: str | dict[str, Any], out_of_time: Callable[[], bool] = lambda: False
    ) -> ExportRecord:
        uris: dict[str, str | None] = dict.fromkeys(("accepted", "rejected", "unlabeled"))
        for name, lines in self.finals.items():
            text = "".join(json.dumps(line) + "\n" for line in lines)
            uris[name] = self.put(f"final/{name}.manifest", text.encode())
        order = {"format": wanted} if isinstance(wanted, str) else wanted
        return write_export(
            ExportWanted.model_validate(order),
            FinalManifests("x", 1_000_000.0, **uris),
            objects=self.objects,
            folder=FOLDER,
            categories=self.categories,
            out_of_time=out_of_time,
        )

    def written(self) -> dict[str, bytes]:
        """Files of the export, by their paths in it."""
        return {
            uri.removeprefix(FOLDER): self.objects.get_bytes(uri, 10**9)
            for uri in self.objects.keys(FOLDER)
        }


@pytest.fixture
def world() -> World:
    return World()


def boxes(*placed: tuple[str, int]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Boxes of 10 x 20 by class name and column, in an image of 100 x 80."""
    names = sorted({name for name, _ in placed})
    label = {
        "image_size": [{"width": 100, "height": 80, "depth": 3}],
        "annotations": [
            {"class_id": names.index(name), "left": left, "top": 1, "width": 10, "height": 20}
            for name, left in placed
        ],
    }
    return label, {"type": BOXES, "class-map": {str(i): name for i, name in enumerate(names)}}


def tag(name: str) -> tuple[int, dict[str, Any]]:
    about = {"type": "groundtruth/image-classification", "class-name": name, "confidence": 1}
    return 0, about


def labels(*names: str) -> dict[str, Any]:
    return {"labels": [{"label": name} for name in names]}


# --- what is written ------------------------------------------------------------------------------


def test_accepted_items_are_written_and_counted(world: World) -> None:
    world.line("a/x.png", ("car", "car", *boxes(("car", 5), ("car", 50))))
    world.line("b/x.png", ("car", "car", *boxes()))
    world.line("c.png", ("car", "car", *boxes(("car", 5))), outcome="rejected")

    record = world.write("yolo")

    assert record == ExportRecord(format="yolo", s3Uri=FOLDER, files=4, items=2, labels=2)
    files = world.written()
    assert files["labels/train/a/x.txt"] == b"0 0.1 0.1375 0.1 0.25\n0 0.55 0.1375 0.1 0.25\n"
    assert files["labels/train/b/x.txt"] == b""
    assert b"images/train/b/x.png,s3://pictures/b/x.png" in files["images.csv"]


def test_include_brings_the_labels_that_a_reviewer_refused(world: World) -> None:
    world.line("a.png", ("car", "car", *boxes(("car", 5))))
    world.line("c.png", ("car", "car", *boxes(("car", 5))), outcome="rejected")
    world.line("d.png", outcome="unlabeled")
    assert world.write({"format": "csv", "include": ["accepted", "rejected"]}).items == 2
    assert world.write({"format": "csv", "include": ["rejected"]}).items == 1
    nothing = world.write({"format": "csv", "include": ["unlabeled"]})
    assert nothing.items == 0
    assert "no item here has such a label" in str(nothing.problem)


def test_a_lane_has_one_name_although_some_items_skipped_its_review(world: World) -> None:
    world.line("a.png", ("car-adjust", "car-adjust", *boxes(("car", 5))))
    world.line("b.png", ("car-adjust", "car", *boxes(("car", 7))))
    record = world.write("csv")
    assert (record.problem, record.labels) == (None, 2)


def test_class_ids_follow_the_category_file_of_the_latest_job(world: World) -> None:
    world.line("a.png", ("car-adjust", "car", *boxes(("car", 5))))
    world.categories = {"car": labels("bus", "car"), "car-adjust": labels("bus", "tram", "car")}
    world.write("csv")
    row = world.written()["labels.csv"].decode().splitlines()[1]
    assert row.startswith("a.png,car,5,1,20,10,100,80,2,")


@pytest.mark.parametrize(
    ("how", "categories"),
    [("prefix", ["car/x", "bike/x"]), ("same", ["x", "x"])],
)
def test_two_lanes_with_one_class_are_told_apart_or_made_one(
    world: World, how: str, categories: list[str]
) -> None:
    world.line("a.png", ("car", "car", *boxes(("x", 5))), ("bike", "bike", *boxes(("x", 30))))
    record = world.write({"format": "csv", "onNameConflict": how})
    assert record.problem is None
    rows = world.written()["labels.csv"].decode().splitlines()[1:]
    assert [row.split(",")[1] for row in rows] == categories


def test_two_lanes_with_one_class_are_an_error_by_default(world: World) -> None:
    world.line("a.png", ("car", "car", *boxes(("x", 5))), ("bike", "bike", *boxes(("x", 30))))
    record = world.write("csv")
    assert "car and bike both have it" in str(record.problem)
    assert "onNameConflict of the export" in str(record.problem)
    assert "terrace export x --format csv --on-conflict prefix" in str(record.problem)
    assert (record.s3Uri, record.files, world.written()) == (None, 0, {})


def test_a_class_of_three_lanes_is_said_of_all_of_them(world: World) -> None:
    world.line("a.png", *((name, name, *boxes(("x", 5))) for name in ("car", "bike", "bus")))
    assert "car and bike and bus all have it" in str(world.write("csv").problem)


def test_where_no_item_is_as_asked_the_outcomes_there_are_are_named(world: World) -> None:
    world.line("a.png", ("car", "car", *boxes(("x", 5))))
    record = world.write({"format": "csv", "include": ["rejected"]})
    assert "there are items that are accepted" in str(record.problem)


def test_attributes_choose_lanes_by_any_of_their_jobs_and_order_the_classes(world: World) -> None:
    world.line(
        "a.png",
        ("car-adjust", "car-adjust", *boxes(("x", 5))),
        ("bike", "bike", *boxes(("y", 30))),
        ("tram", "tram", *boxes(("z", 30))),
    )
    world.finals["accepted"][0]["terrace"]["lanes"][0]["history"].append(
        {"job": "car", "level": 1, "modality": "BoundingBox", "attribute": "car"}
    )
    world.write({"format": "csv", "attributes": ["bike", "car"]})
    rows = [row.split(",") for row in world.written()["labels.csv"].decode().splitlines()[1:]]
    assert [(row[1], row[8]) for row in rows] == [("y", "0"), ("x", "1")]


def test_lanes_that_share_a_label_have_it_once(world: World) -> None:
    one = ("check-1", "car", *boxes(("x", 5)))
    world.line("a.png", one, ("check-2", *one[1:]))
    assert world.write("csv").labels == 1


def test_what_a_format_has_no_place_for_is_said(world: World) -> None:
    world.line("a.png", ("car", "car", *boxes(("x", 5))), ("kind", "kind", *tag("day")))
    record = world.write("yolo")
    assert (record.problem, record.leftOut) == (None, {"kind": None})
    assert world.written()["data.yaml"].endswith(b'names:\n  0: "x"\n')


def test_a_lane_of_masks_is_written_from_its_pixels(world: World) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (4, 2), "#ff0000").save(picture, "PNG")
    uri = world.put("mask.png", picture.getvalue())
    about = {
        "type": "groundtruth/semantic-segmentation",
        "internal-color-map": {
            "0": {"class-name": "BACKGROUND", "hex-color": "#ffffff", "confidence": 1},
            "1": {"class-name": "road", "hex-color": "#ff0000", "confidence": 1},
        },
    }
    world.line("a.png", ("road-ref", "road-ref", uri, about))
    record = world.write("masks")
    assert record.problem is None
    with Image.open(io.BytesIO(world.written()["SegmentationClass/a.png"])) as found:
        assert set(found.tobytes()) == {1}


def test_sizes_that_labels_do_not_say_are_read_from_the_first_bytes_of_images(
    world: World,
) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (40, 30)).save(picture, "JPEG")
    world.put("a.jpg", picture.getvalue() + bytes(1_000_000))
    world.line("", ("kind", "kind", *tag("day")), source={"source-ref": "s3://bucket/a.jpg"})
    record = world.write("labelme")
    assert record.problem is None
    assert b'"imageHeight": 30' in world.written()["a.json"]


def test_frames_of_two_lanes_stand_together(world: World) -> None:
    frames = [{"frame-no": i, "frame": f"{i}.jpg"} for i in range(2)]
    sequence = {"seq-no": 1, "prefix": "s3://pictures/clip/", "frames": frames}
    source = world.put("clip.json", json.dumps(sequence).encode())
    lanes = []
    for lane in ("car", "bike"):
        found = [
            {
                "frame-no": "1",
                "frame": "1.jpg",
                "annotations": [
                    {"class-id": "0", "left": 1, "top": 2, "width": 3, "height": 4,
                     "object-id": lane, "object-name": f"{lane}:1"}
                ],
            }
        ]  # fmt: skip
        uri = world.put(f"{lane}.json", json.dumps({"tracking-annotations": found}).encode())
        about = {"type": "groundtruth/video-object-tracking", "class-map": {"0": lane}}
        lanes.append((lane, f"{lane}-ref", uri, about))
    world.line("", *lanes, source={"source-ref": source})
    record = world.write("csv")
    assert (record.problem, record.items, record.labels) == (None, 2, 2)
    assert record.files == 2


# --- many files, little time, little room ---------------------------------------------------------


def test_many_files_are_put_into_one_and_hold_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b", "c"):
        world.line(f"{name}.png", ("car", "car", *boxes(("car", 5))))
    assert world.write("voc").files == 6
    alone = world.written()
    for key in alone:
        world.objects.delete(f"{FOLDER}{key}")
    monkeypatch.setattr(deliver_exports, "FILES_MAX", 5)

    record = world.write("voc")

    assert (record.files, record.items) == (1, 3)
    [(name, data)] = world.written().items()
    assert name == "voc.zip"
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        assert {one: packed.read(one) for one in packed.namelist()} == alone
    world.write("voc")
    assert world.written() == {"voc.zip": data}


def test_files_that_name_each_other_are_never_put_together(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver_exports, "FILES_OWN_MAX", 2)
    world.line("a.png", ("car", "car", *boxes(("car", 5))))
    record = world.write("ground-truth")
    assert "there are 3 files" in str(record.problem)
    assert "terrace export x --format ground-truth writes it" in str(record.problem)


def test_a_call_that_runs_out_of_time_says_so_and_the_next_one_is_whole(world: World) -> None:
    for number in range(3):
        world.line(f"{number}.png", ("car", "car", *boxes(("car", 5))))
    looks: list[bool] = []

    def late_after(most: int) -> Callable[[], bool]:
        looks.clear()

        def look() -> bool:
            looks.append(True)
            return len(looks) > most

        return look

    whole = world.write("yolo", late_after(1_000))
    assert whole.problem is None
    files = world.written()
    for most in range(len(looks)):
        late = world.write("yolo", late_after(most))
        assert "takes longer than a function may; terrace export x --format yolo" in str(
            late.problem
        )
    assert world.write("yolo") == whole
    assert world.written() == files


def test_a_full_disk_is_a_problem_with_the_command_that_helps(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        world.objects, "staging", lambda: staging.DiskStaging(room=100), raising=True
    )
    world.line("a.png", ("car", "car", *boxes(("car", 5))))
    record = world.write("coco")
    assert "terrace export x --format coco writes it on your own machine" in str(record.problem)
    assert world.written() == {}


# --- what does not fit ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ("conll", "conll has no place for the labels of car (one of coco,"),
        ({"format": "csv", "attributes": ["cars"]}, "label attributes there are: car)"),
        ({"format": "csv", "include": ["rejected"]}, "no item is rejected"),
    ],
)
def test_what_cannot_be_written_is_said(
    world: World, wanted: str | dict[str, Any], says: str
) -> None:
    world.line("a.png", ("car", "car", *boxes(("car", 5))))
    assert says in str(world.write(wanted).problem)


def test_the_command_that_helps_has_the_options_of_the_export(world: World) -> None:
    world.line("a.png", ("car", "car", *boxes(("car", 5))))
    wanted = {
        "format": "csv",
        "include": ["accepted", "rejected"],
        "attributes": ["car"],
        "onNameConflict": "same",
        "valPercent": 20,
    }
    assert (
        "; terrace export x --format csv --include accepted --include rejected --attribute car "
        "--on-conflict same --val 20 writes it" in str(world.write(wanted, lambda: True).problem)
    )


def test_a_class_that_the_category_file_lacks_is_said(world: World) -> None:
    world.line("a.png", ("car", "car", *boxes(("car", 5))))
    world.categories = {"car": labels("bus")}
    assert "lacks classes of the labels: 'car'" in str(world.write("csv").problem)


def test_a_label_file_that_is_gone_is_said_by_its_uri(world: World) -> None:
    about = {"type": "groundtruth/video-object-tracking", "class-map": {}}
    world.line("clip", ("car", "car-ref", "s3://bucket/gone.json", about))
    assert "s3://bucket/gone.json: is not there" in str(world.write("csv").problem)


def test_an_unknown_size_names_the_option(world: World) -> None:
    world.put("a.bmp", b"BM")
    world.line("", ("kind", "kind", *tag("day")), source={"source-ref": "s3://bucket/a.bmp"})
    assert "--image-size WIDTHxHEIGHT" in str(world.write("labelme").problem)


def test_a_manifest_replaced_between_two_readings_is_no_mixture(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.line("a.png", ("car", "car", *boxes(("car", 5))))
    read = world.objects.read_lines
    calls = iter(range(10))

    def replacing(uri: str, **how: Any) -> Iterator[Any]:
        yield from read(uri, **how)
        if next(calls) == 0:
            world.put("final/accepted.manifest", b"{}\n")

    monkeypatch.setattr(world.objects, "read_lines", replacing)
    assert "was replaced while it was read" in str(world.write("csv").problem)


# --- at the end of a batch ------------------------------------------------------------------------


def test_a_stored_request_says_what_is_wanted() -> None:
    assert exports_wanted({}) == exports_wanted({"exports": None}) == []
    short, full = exports_wanted({"exports": ["coco", {"format": "csv", "valPercent": "5"}]})
    assert (short.format, full.valPercent) == ("coco", 5.0)


def test_a_call_that_has_worked_for_long_leaves_an_export_to_the_next_one(world: World) -> None:
    world.line("a.png", ("car", "car", *boxes(("car", 5))))
    world.write("csv")
    clock = ManualClock()
    write = Exporter(world.objects, clock)
    batch = BatchRecord.model_construct(batchId="x", endedAt=5.0)
    delivery = DeliveryRecord(
        generation=1, at=5.0, outputManifestS3Uri="s3://bucket/final/accepted.manifest"
    )
    wanted = ExportWanted(format="csv")
    rest: dict[str, Any] = {"folder": FOLDER, "categories": {}, "out_of_time": lambda: False}

    clock.advance(FRESH_SECONDS)
    found = write(wanted, batch, delivery, **rest)
    assert found is not None
    assert found.items == 1
    clock.advance(1)
    assert write(wanted, batch, delivery, **rest) is None


def test_an_export_that_cannot_be_written_is_no_reason_for_a_batch_not_to_end(
    house: House,
) -> None:
    # Given labels whose files are not where Ground Truth says
    house.post(two_levels(house, exports=["coco", {"format": "mot", "onNameConflict": "same"}]))
    house.turn()
    for name in ("car", "road", "car-audit", "road-audit"):
        house.finish(name)

    batch = house.batch()

    assert (batch.status, batch.messageSentAt is not None) == ("COMPLETE", True)
    assert batch.delivery is not None
    assert [one.format for one in batch.delivery.exports] == ["coco", "mot"]
    assert [one.s3Uri for one in batch.delivery.exports] == [None, None]
    assert all("/SeqLabel.json" in str(one.problem) or "class-map" in str(one.problem)
               for one in batch.delivery.exports)  # fmt: skip
    assert not batch.delivery.complete
    assert (batch.delivery.items, batch.delivery.accepted) == (3, 3)


def test_a_label_without_metadata_is_a_problem_that_names_line_and_attribute(world: World) -> None:
    world.line("a.png", ("car", "car", *boxes(("car", 5))))
    del world.finals["accepted"][0]["car-metadata"]
    problem = str(world.write("csv").problem)
    assert "accepted.manifest line 1: the label under 'car' has no 'car-metadata'" in problem
