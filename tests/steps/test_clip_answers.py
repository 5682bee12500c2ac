"""Clips are cut from a lane's sequences, and what people answer gets back into the whole."""

import json
from typing import Any

import pytest

from terrace.adapters.s3_objects import S3ObjectStore
from terrace.domain import manifest
from terrace.domain.clips import Clip, FrameFlag, plan
from terrace.domain.manifest import Item
from terrace.domain.records import JobRecord
from terrace.domain.request import InputConfig, JobSpec
from terrace.errors import NotFoundError
from terrace.steps import lane
from terrace.steps.clip_files import ClipsWritten, write
from terrace.steps.lane import LaneItem
from tests.fakes.aws import FastS3
from tests.fakes.house import BUCKET, INPUTS, VIDEO_CORS

FOLDER = f"s3://{BUCKET}/batches/b/inputs/car-adjust/a1-g1"
OUT = f"s3://{BUCKET}/batches/b/outputs/car-adjust/a1/output.manifest"
NAMES = [f"{n:06d}.jpg" for n in range(1, 21)]
CARS = {"0": "Car"}


@pytest.fixture
def s3() -> FastS3:
    return FastS3(VIDEO_CORS)


@pytest.fixture
def objects(s3: FastS3) -> S3ObjectStore:
    return S3ObjectStore(s3)


def a_box(left: int) -> dict[str, Any]:
    return {
        **{"left": left, "top": 5, "width": 30, "height": 20, "class-id": "0"},
        **{"object-id": "id-1", "object-name": "Car:1", "label-category-attributes": {}},
    }


def a_frame(number: int, name: str, left: int) -> dict[str, Any]:
    return {
        **{"annotations": [a_box(left)], "frame-no": str(number), "frame": name},
        "frame-attributes": {},
    }


def lane_items(objects: S3ObjectStore, count: int = 2) -> list[LaneItem]:
    found = []
    for index in range(count):
        source = f"s3://{INPUTS}/clip/seq{index}.json"
        rows = [{"frame-no": n, "frame": name} for n, name in enumerate(NAMES, start=1)]
        objects.put_json(
            source,
            {
                **{"seq-no": index, "prefix": f"s3://{INPUTS}/frames{index}/"},
                **{"number-of-frames": len(rows), "frames": rows},
            },
        )
        labels = f"s3://{INPUTS}/labels/{index}/SeqLabel.json"
        frames = [a_frame(n, name, n) for n, name in enumerate(NAMES)]
        objects.put_json(labels, {"tracking-annotations": frames})
        data = {
            "source-ref": source,
            "camera": "front",
            "car-ref": labels,
            "car-ref-metadata": {"class-map": CARS, "type": "groundtruth/video-object-tracking"},
            "road-ref": "s3://other/label.json",
            "road-ref-metadata": {},
        }
        found.append(LaneItem(index, Item(index + 1, manifest.dump(data), data), "car-ref"))
    return found


def a_job(written: ClipsWritten | None, output: str | None = OUT) -> JobRecord:
    return JobRecord(
        batchId="b",
        jobName="car-adjust",
        level=2,
        index=1,
        spec=JobSpec(
            jobName="car-adjust",
            jobLevel=2,
            jobModality="VideoObjectTrackingAdjustment",
            inputConfig=InputConfig(chainFromJobName="car"),
        ),
        labelAttributeName="car-adjust-ref",
        auditedAttributeName="car-ref",
        wholesS3Uri=written.wholesS3Uri if written else None,
        carriedS3Uri=f"s3://{BUCKET}/batches/b/inputs/car-adjust/carried.manifest",
        outputManifestS3Uri=output,
    )


def carry(objects: S3ObjectStore, items: list[LaneItem]) -> None:
    job = a_job(None)
    assert job.carriedS3Uri is not None
    objects.write_lines(job.carriedS3Uri, (lane.carry_line(item, lane.ACCEPTED) for item in items))


def answer(
    objects: S3ObjectStore,
    written: ClipsWritten,
    skip: frozenset[int] = frozenset(),
    left: int = 99,
) -> None:
    """People move every box they are shown to `left`; they decline some clips."""
    lines = []
    for index, text in enumerate(written.lines):
        data = json.loads(text)
        about = "car-adjust-ref-metadata"
        if index in skip:
            data[about] = {"failure-reason": "declined"}
        else:
            labels = objects.get_json(data["car-ref"])
            for row in labels["tracking-annotations"]:
                for one in row["annotations"]:
                    one["left"] = left
            uri = f"s3://{BUCKET}/batches/b/outputs/car-adjust/a1/{index}-{left}/SeqLabel.json"
            objects.put_json(uri, labels)
            data["car-adjust-ref"] = uri
            data[about] = {
                **{"class-map": CARS, "creation-date": f"2026-01-0{index + 1}"},
                "adjustment-status": "adjusted" if index == 0 else "unadjusted",
            }
        lines.append(json.dumps(data))
    objects.write_lines(OUT, iter(lines))


def cut(objects: S3ObjectStore, items: list[LaneItem]) -> ClipsWritten:
    flags = {0: [FrameFlag(3, 2.0), FrameFlag(12, 1.0)]}
    lengths = {item.index: len(NAMES) for item in items}
    clips = plan(flags, lengths, context=1, budget=None)
    return write(clips, iter(items), audited="car-ref", folder=FOLDER, objects=objects)


def lefts(objects: S3ObjectStore, uri: str) -> list[int]:
    rows = objects.get_json(uri)["tracking-annotations"]
    assert [row["frame-no"] for row in rows] == [str(n) for n in range(20)]
    assert [row["frame"] for row in rows] == NAMES
    return [row["annotations"][0]["left"] for row in rows]


def test_a_clip_is_a_sequence_of_its_own(objects: S3ObjectStore) -> None:
    written = cut(objects, lane_items(objects))
    assert (written.frames, written.places) == (6, [0, 0])
    [first, second] = [json.loads(line) for line in written.lines]
    assert first["camera"] == "front"
    assert "road-ref" not in first, "labels of another lane are about other frames"
    assert first["car-ref-metadata"]["class-map"] == CARS
    sequence = objects.get_json(second["source-ref"])
    assert [row["frame"] for row in sequence["frames"]] == NAMES[11:14]
    assert (sequence["seq-no"], sequence["number-of-frames"]) == (2, 3)
    assert sequence["prefix"] == f"s3://{INPUTS}/frames0/"
    labels = objects.get_json(second["car-ref"])
    assert [row["frame-no"] for row in labels["tracking-annotations"]] == ["0", "1", "2"]
    table = objects.get_json(written.wholesS3Uri.replace("wholes.manifest", "clips.json"))
    assert [(row["item"], row["frames"]) for row in table] == [(0, [2, 3, 4]), (0, [11, 12, 13])]


def test_writing_again_writes_the_same(objects: S3ObjectStore, s3: FastS3) -> None:
    items = lane_items(objects)
    first = cut(objects, items)
    before = dict(s3.objects)
    assert cut(objects, items) == first
    assert s3.objects == before


def test_after_the_review_the_lane_has_whole_items_again(objects: S3ObjectStore) -> None:
    # Given clips of item 0, and item 1 accepted as it is
    items = lane_items(objects)
    written = cut(objects, items)
    carry(objects, items[1:])
    # When people have moved what they were shown
    answer(objects, written)
    [whole, other] = lane.after(a_job(written), objects)
    # Then those frames have it, and no others
    assert (whole.index, whole.attribute, whole.why) == (0, "car-adjust-ref", "")
    found = lefts(objects, whole.item.data["car-adjust-ref"])
    assert found == [99 if n in {2, 3, 4, 11, 12, 13} else n for n in range(20)]
    about = whole.item.data["car-adjust-ref-metadata"]
    assert (about["class-map"], about["adjustment-status"]) == (CARS, "adjusted")
    assert about["creation-date"] == "2026-01-02"
    assert whole.item.source == f"s3://{INPUTS}/clip/seq0.json"
    assert whole.item.data["road-ref"] == "s3://other/label.json"
    assert (other.index, other.attribute, other.why) == (1, "car-ref", lane.ACCEPTED)
    assert other.item.text == items[1].item.text


def test_merging_does_not_need_the_users_files_any_more(objects: S3ObjectStore) -> None:
    items = lane_items(objects, 1)
    written = cut(objects, items)
    carry(objects, [])
    answer(objects, written)
    for uri in (items[0].item.source, str(items[0].item.data["car-ref"])):
        objects.delete(uri)
    [whole] = lane.after(a_job(written), objects)
    assert lefts(objects, whole.item.data["car-adjust-ref"])[3] == 99


def test_merging_twice_writes_the_same_and_a_later_answer_a_new_file(
    objects: S3ObjectStore, s3: FastS3
) -> None:
    items = lane_items(objects, 1)
    written = cut(objects, items)
    carry(objects, [])
    answer(objects, written, skip=frozenset({1}))
    [first] = lane.after(a_job(written), objects)
    before = dict(s3.objects)
    [again] = lane.after(a_job(written), objects)
    assert again == first
    assert s3.objects == before
    answer(objects, written)
    [later] = lane.after(a_job(written), objects)
    assert later.item.data["car-adjust-ref"] != first.item.data["car-adjust-ref"]
    assert lefts(objects, str(first.item.data["car-adjust-ref"]))[12] == 12


def test_frames_without_a_review_keep_their_labels_and_the_item_says_which(
    objects: S3ObjectStore,
) -> None:
    items = lane_items(objects, 1)
    written = cut(objects, items)
    carry(objects, [])
    answer(objects, written, skip=frozenset({1}))
    [whole] = lane.after(a_job(written), objects)
    assert whole.attribute == "car-adjust-ref"
    assert lefts(objects, str(whole.item.data["car-adjust-ref"]))[10:15] == [10, 11, 12, 13, 14]
    assert whole.why == "frames 11 to 13 (000012.jpg to 000014.jpg): car-adjust: declined"


def test_an_item_none_of_whose_clips_came_back_has_its_older_label(
    objects: S3ObjectStore,
) -> None:
    items = lane_items(objects, 1)
    written = cut(objects, items)
    carry(objects, [])
    answer(objects, written, skip=frozenset({0, 1}))
    [whole] = lane.after(a_job(written), objects)
    assert whole.attribute == "car-ref"
    assert "car-adjust-ref" not in whole.item.data
    assert "frames 2 to 4" in whole.why
    assert "frames 11 to 13" in whole.why


def test_a_job_without_an_output_says_nothing_of_its_items(objects: S3ObjectStore) -> None:
    written = cut(objects, lane_items(objects, 1))
    carry(objects, [])
    assert list(lane.after(a_job(written, output=None), objects)) == []


def test_an_output_with_fewer_lines_than_clips_is_never_merged(objects: S3ObjectStore) -> None:
    written = cut(objects, lane_items(objects, 1))
    carry(objects, [])
    answer(objects, written)
    lines = [line.text for line in objects.read_lines(OUT)]
    objects.write_lines(OUT, iter(lines[:1]))
    with pytest.raises(ValueError, match="shorter"):
        list(lane.after(a_job(written), objects))


@pytest.mark.parametrize(
    ("clips", "says"),
    [
        ([Clip(0, (3, 20))], "has 20 frames, and the plan names frame 20"),
        ([Clip(5, (1,))], "names items that the lane has not: \\[5\\]"),
    ],
)
def test_a_plan_that_does_not_fit_is_refused(
    objects: S3ObjectStore, clips: list[Clip], says: str
) -> None:
    items = lane_items(objects)
    with pytest.raises(ValueError, match=says):
        write(clips, items, audited="car-ref", folder=FOLDER, objects=objects)


def test_a_label_file_that_is_gone_is_an_error_and_not_an_empty_sequence(
    objects: S3ObjectStore,
) -> None:
    items = lane_items(objects, 1)
    objects.delete(str(items[0].item.data["car-ref"]))
    with pytest.raises(NotFoundError):
        cut(objects, items)


@pytest.mark.parametrize(
    ("which", "content"), [("sequence", {"seq-no": 1}), ("labels", ["no", "object"])]
)
def test_files_that_are_something_else_are_named(
    objects: S3ObjectStore, which: str, content: Any
) -> None:
    items = lane_items(objects, 1)
    plan_of_it = [Clip(0, (1,))]
    uri = items[0].item.source if which == "sequence" else str(items[0].item.data["car-ref"])
    objects.put_json(uri, content)
    with pytest.raises(ValueError, match=uri):
        write(plan_of_it, items, audited="car-ref", folder=FOLDER, objects=objects)
