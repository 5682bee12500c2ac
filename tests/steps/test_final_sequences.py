"""One label file for a sequence of several lanes, and its attribute in the final line."""

from typing import Any

from terrace.domain.delivery import LanePart, part
from terrace.domain.seqlabel import read
from terrace.steps.final_lanes import lanes_of
from terrace.steps.final_sequences import Sequences
from tests.domain.rows import job_rows
from tests.fakes.house import BUCKET, INPUTS, House

FOLDER = f"s3://{BUCKET}/batches/b/final/g1"


def a_job(name: str, source: str | None = None) -> dict[str, Any]:
    start = {"inputManifestS3Uri": f"s3://{INPUTS}/clip.manifest"}
    return {
        "jobName": name,
        "jobLevel": 1 if source is None else 2,
        "jobModality": f"VideoObjectTracking{'' if source is None else 'Audit'}",
        "inputConfig": start if source is None else {"chainFromJobName": source},
        "labelCategoryConfigS3Uri": f"s3://{INPUTS}/categories.json",
    }


def sequences(house: House, *jobs: dict[str, Any]) -> Sequences:
    rows = job_rows({"batchId": "b", "labelingJobs": list(jobs)})
    lanes = {lane.about.name: lane for lane in lanes_of(rows)}
    return Sequences(house.objects, "b", FOLDER, lanes)


def labeled(house: House, found: Sequences, lane: str, shape: str, name: str) -> LanePart:
    """The lane's part of an item whose first frame has one object."""
    about = found.lanes[lane].about
    attribute = about.steps[-1].attribute
    sides = {"left": 1, "top": 2, "width": 3, "height": 4}
    points = {"vertices": [{"x": 1, "y": 2}, {"x": 3, "y": 4}]}
    one = {"class-id": "0", "object-id": "7", "object-name": f"{name}:1"}
    one |= sides if shape == "annotations" else points
    uri = f"s3://{BUCKET}/batches/b/outputs/{lane}/SeqLabel.json"
    frame = {"frame-no": "0", "frame": "a.jpg", shape: [one]}
    house.objects.put_json(uri, {"tracking-annotations": [frame]})
    metadata = {
        "class-map": {"0": name},
        "type": "groundtruth/video-object-tracking",
        "creation-date": f"2026-11-21T10:00:00.{name}",
    }
    data = {"source-ref": "s3://b/q.json", attribute: uri, f"{attribute}-metadata": metadata}
    return part(about, data, attribute, "", {})


def test_boxes_and_lines_of_a_sequence_are_in_one_file_that_the_line_names(house: House) -> None:
    found = sequences(house, a_job("car"), a_job("road"))
    parts = [
        labeled(house, found, "car", "annotations", "Car"),
        labeled(house, found, "road", "polylines", "Road"),
    ]
    assert found.wanted
    made = found.attributes(3, parts)
    assert list(made) == ["terrace-labels-ref", "terrace-labels-ref-metadata"]
    uri = made["terrace-labels-ref"]
    assert uri.startswith(f"{FOLDER}/sequences/3-")
    assert made["terrace-labels-ref-metadata"]["class-map"] == {"0": "Car", "1": "Road"}
    [frame] = read(house.objects.get_json(uri), uri).frames
    assert [(one.object_id, one.object_name) for one in frame.annotations] == [
        ("7", "Car:1"),
        ("road:7", "Road:1"),
    ]
    # And doing it again names the same file
    assert found.attributes(3, parts) == made


def test_where_one_lane_has_a_label_its_own_file_is_it(house: House) -> None:
    found = sequences(house, a_job("car"), a_job("road"))
    only = [labeled(house, found, "car", "annotations", "Car")]
    nothing = part(found.lanes["road"].about, {}, None, "", {})
    assert found.attributes(0, [*only, nothing]) == {}


def test_lanes_that_fork_hold_the_same_objects_and_are_not_doubled(house: House) -> None:
    found = sequences(house, a_job("car"), a_job("audit-1", "car"), a_job("audit-2", "car"))
    assert not found.wanted


def test_two_reviews_of_one_given_label_hold_the_same_objects_and_are_not_doubled(
    house: House,
) -> None:
    def audit(name: str, given: str) -> dict[str, Any]:
        job = {**a_job(name), "jobModality": "VideoObjectTrackingAudit"}
        return {**job, "inputConfig": {**job["inputConfig"], "auditLabelAttributeName": given}}

    assert not sequences(house, audit("one", "old-ref"), audit("two", "old-ref")).wanted
    assert sequences(house, audit("one", "old-ref"), audit("two", "older-ref")).wanted


def test_a_file_that_is_gone_is_told_and_the_others_are_merged(house: House) -> None:
    found = sequences(house, a_job("car"), a_job("road"), a_job("sign"))
    parts = [
        labeled(house, found, "car", "annotations", "Car"),
        labeled(house, found, "road", "polylines", "Road"),
        labeled(house, found, "sign", "annotations", "Sign"),
    ]
    house.objects.delete(f"s3://{BUCKET}/batches/b/outputs/road/SeqLabel.json")
    made = found.attributes(0, parts)
    assert made["terrace-labels-ref-metadata"]["class-map"] == {"0": "Car", "1": "Sign"}
    [problem] = found.problems
    assert problem.startswith("item 0: road is not merged: ")
