"""Items without a label, or without the review asked for: on record with the reason, never lost."""

import json
from typing import Any

import pytest

from terrace.steps.final_record import Recorder
from tests.fakes.house import House
from tests.steps.conftest import two_levels


def lines(house: House, uri: str | None) -> list[dict[str, Any]]:
    assert uri is not None
    return [json.loads(line.text) for line in house.objects.read_lines(uri)]


def one_lane(house: House, **more: Any) -> dict[str, Any]:
    """A label job and its audit, which are not tried again."""
    request = two_levels(house, **more)
    request["labelingJobs"] = [
        {**job, "onIncomplete": "continue"}
        for job in request["labelingJobs"]
        if job["jobName"] in {"car", "car-audit"}
    ]
    return request


def test_a_batch_without_gaps_leaves_no_record_files(house: House) -> None:
    house.post(one_lane(house))
    house.turn()
    house.finish("car")
    house.finish("car-audit")
    final = house.batch().final
    assert final is not None
    assert (final.unlabeledItems, final.unlabeledManifestS3Uri) == (0, None)
    assert (final.unreviewedItems, final.unreviewedManifestS3Uri) == (0, None)


def test_a_failed_item_is_not_reviewed_and_is_on_record_with_its_reason(house: House) -> None:
    # Given three items of which two failed
    house.post(one_lane(house))
    house.turn()
    house.finish("car", labeled=1 / 3)
    # Then only the labeled one is given to the audit
    audit = house.jobs()["car-audit"]
    given = lines(house, audit.inputManifestS3Uri)
    assert [line["source-ref"].rsplit("/", 1)[-1] for line in given] == ["seq0.json"]
    house.finish("car-audit")
    # And the other two are in the record, as the lane last saw them
    final = house.batch().final
    assert final is not None
    assert final.unlabeledItems == 2
    found = lines(house, final.unlabeledManifestS3Uri)
    assert [line["source-ref"].rsplit("/", 1)[-1] for line in found] == ["seq1.json", "seq2.json"]
    for place, line in enumerate(found, start=1):
        about = line["terrace-record"]
        assert (about["lane"], about["item"]) == ("car-audit", place)
        assert about["reason"].startswith("car: ClientError")
        assert "car-ref" not in line
    assert final.unreviewedItems == 0


def test_an_item_whose_review_failed_keeps_its_label_and_is_on_record(house: House) -> None:
    house.post(one_lane(house))
    house.turn()
    house.finish("car")
    house.finish("car-audit", labeled=2 / 3)
    final = house.batch().final
    assert final is not None
    assert final.unlabeledItems == 0
    [line] = lines(house, final.unreviewedManifestS3Uri)
    assert line["car-ref"]
    assert line["terrace-record"]["item"] == 2
    assert line["terrace-record"]["reason"].startswith("car-audit: ClientError")


def test_a_lane_whose_review_gave_nothing_is_on_record_as_a_whole(house: House) -> None:
    house.post(one_lane(house))
    house.turn()
    house.finish("car")
    house.finish("car-audit", "Failed", labeled=0, manifest="absent", reason="ClientError: no")
    final = house.batch().final
    assert final is not None
    assert (final.unlabeledItems, final.unreviewedItems) == (0, 3)
    reasons = {
        line["terrace-record"]["reason"] for line in lines(house, final.unreviewedManifestS3Uri)
    }
    assert len(reasons) == 1
    assert "ClientError: no" in reasons.pop()


def test_items_that_a_sample_left_out_are_accepted_and_not_on_record(house: House) -> None:
    request = one_lane(house)
    request["labelingJobs"][1]["inputConfig"]["downSamplingRate"] = 34
    house.post(request)
    house.turn()
    house.finish("car")
    assert house.jobs()["car-audit"].numItems == 2
    house.finish("car-audit")
    final = house.batch().final
    assert final is not None
    assert (final.unlabeledItems, final.unreviewedItems) == (0, 0)


def test_what_cannot_be_read_is_said_and_the_batch_ends(house: House) -> None:
    house.post(one_lane(house))
    house.turn()
    house.finish("car", labeled=1 / 3)
    uri = house.jobs()["car"].outputManifestS3Uri
    house.engine.finish("car-audit")
    carried = house.jobs()["car-audit"].carriedS3Uri
    assert uri is not None
    assert carried is not None
    house.objects.delete(carried)
    house.event("car-audit")
    house.turn()
    batch = house.batch()
    assert batch.status == "COMPLETE_WITH_ERRORS"
    assert batch.final is not None
    assert "unlabeled items" in (batch.final.problem or "")


def test_a_record_that_would_take_too_long_is_left_out_and_said(house: House) -> None:
    house.post(one_lane(house))
    house.turn()
    house.finish("car")
    many = "s3://batch-bucket/batches/b/many.manifest"
    house.objects.write_lines(many, (json.dumps({"source-ref": f"s3://i/{n}"}) for n in range(600)))
    changes = {"outputManifestS3Uri": many, "carriedS3Uri": None}
    rows = [job.model_copy(update=changes) for job in house.jobs().values()]
    # When there is no time, and when there is
    late = Recorder(house.objects, house.clock, "batch-bucket", -1.0).write("b", 1, rows)
    good = Recorder(house.objects, house.clock, "batch-bucket", 60.0).write("b", 1, rows)
    # Then it is said
    assert "not written within" in (late.problem or "")
    assert late.unlabeledManifestS3Uri is None
    assert (good.problem, good.unlabeledItems) == (None, 600)


def test_labels_given_to_a_review_that_left_nothing_are_on_record(house: House) -> None:
    # Given a failed item, so that what the audit is given is written beside what is carried
    house.post(one_lane(house))
    house.turn()
    house.finish("car", labeled=2 / 3)
    assert house.jobs()["car-audit"].carriedS3Uri is not None
    # When the audit ends without a manifest
    house.finish("car-audit", "Failed", labeled=0, manifest="absent", reason="ClientError: no")
    # Then the two labeled items are not lost
    final = house.batch().final
    assert final is not None
    assert (final.unlabeledItems, final.unreviewedItems, final.problem) == (1, 2, None)
    found = lines(house, final.unreviewedManifestS3Uri)
    assert [line["terrace-record"]["item"] for line in found] == [0, 1]
    assert all("ClientError: no" in line["terrace-record"]["reason"] for line in found)
    assert all(line["car-ref"] for line in found)


def test_what_a_sample_left_out_stays_accepted_where_the_review_left_nothing(house: House) -> None:
    request = one_lane(house)
    request["labelingJobs"][1]["inputConfig"]["downSamplingRate"] = 34
    house.post(request)
    house.turn()
    house.finish("car")
    house.finish("car-audit", "Failed", labeled=0, manifest="absent", reason="ClientError: no")
    final = house.batch().final
    assert final is not None
    assert (final.unlabeledItems, final.unreviewedItems) == (0, 2)


def test_a_lane_in_which_nothing_was_delivered_is_no_zero(house: House) -> None:
    request = one_lane(house)
    house.post(request)
    house.turn()
    house.finish("car", "Failed", labeled=0, manifest="absent", reason="ClientError: no")
    final = house.batch().final
    assert final is not None
    assert (final.unlabeledItems, final.unreviewedItems) == (None, 0)
    manifest = request["labelingJobs"][0]["inputConfig"]["inputManifestS3Uri"]
    assert f"none of the 3 items in {manifest} was labeled (car: " in (final.problem or "")
    assert "ClientError: no" in (final.problem or "")


def test_a_lane_whose_manifest_a_batch_wrote_is_on_record_item_by_item(house: House) -> None:
    # Given a manifest that an earlier batch left in the batch bucket
    request = one_lane(house)
    spec = request["labelingJobs"][0]["inputConfig"]
    own = "s3://batch-bucket/batches/earlier/final/g1/unlabeled.manifest"
    given = [line.text for line in house.objects.read_lines(spec["inputManifestS3Uri"])]
    house.objects.write_lines(own, iter(given))
    house.post(request)
    house.turn()
    house.finish("car", "Failed", labeled=0, manifest="absent", reason="ClientError: no")
    inputs = {"inputManifestS3Uri": own}
    rows = []
    for job in house.jobs().values():
        changed = job.spec.inputConfig.model_copy(update=inputs if job.jobName == "car" else {})
        spec_of = job.spec.model_copy(update={"inputConfig": changed})
        rows.append(job.model_copy(update={"spec": spec_of}))
    # When its record is written
    final = Recorder(house.objects, house.clock, "batch-bucket", 60.0).write("b", 1, rows)
    # Then each item is there
    assert (final.unlabeledItems, final.unreviewedItems, final.problem) == (3, 0, None)
    found = lines(house, final.unlabeledManifestS3Uri)
    assert [line["terrace-record"]["item"] for line in found] == [0, 1, 2]
    assert all("ClientError: no" in line["terrace-record"]["reason"] for line in found)


def test_where_lanes_fork_an_unlabeled_item_is_told_of_once(house: House) -> None:
    request = one_lane(house)
    other = {**request["labelingJobs"][1], "jobName": "car-audit2"}
    request["labelingJobs"].append(other)
    house.post(request)
    house.turn()
    house.finish("car", labeled=2 / 3)
    house.finish("car-audit")
    house.finish("car-audit2", labeled=0.5)
    final = house.batch().final
    assert final is not None
    assert (final.unlabeledItems, final.unreviewedItems) == (1, 1)
    [line] = lines(house, final.unlabeledManifestS3Uri)
    assert line["terrace-record"]["item"] == 2


@pytest.mark.parametrize(("characters", "reviewed"), [(20_000, 3), (20_001, 2)])
def test_a_label_too_long_for_ground_truth_is_carried_with_the_reason(
    house: House, characters: int, reviewed: int
) -> None:
    # Given an output in which one label is as long as Ground Truth reads, or one character more
    house.post(one_lane(house))
    house.turn()
    house.engine.finish("car")
    uri = house.engine.jobs["car"].outputManifestS3Uri
    assert uri is not None
    found = lines(house, uri)
    found[1]["car-ref"] = "x" * characters
    house.objects.write_lines(uri, (json.dumps(line) for line in found))
    # When it is settled and goes on
    house.event("car")
    house.turn()
    # Then people are given what can be read
    audit = house.jobs()["car-audit"]
    assert audit.numItems == reviewed
    house.finish("car-audit")
    final = house.batch().final
    assert final is not None
    assert (final.unlabeledItems, final.unreviewedItems) == (0, 3 - reviewed)
    if reviewed == 2:
        # And what cannot is on record, with its label
        [line] = lines(house, final.unreviewedManifestS3Uri)
        assert len(line["car-ref"]) == characters
        assert line["terrace-record"]["reason"] == (
            "not given to car-audit: the value of 'car-ref' has 20001 characters, "
            "Ground Truth reads at most 20,000"
        )
