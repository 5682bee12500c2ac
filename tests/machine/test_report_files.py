"""Report and final manifests of a batch on the embedded AWS: the real machine and roles."""

import json
from typing import Any

import pytest

from terrace.domain.quality.report import BatchReport
from terrace_local.samples import make_sample
from tests.machine.test_permissions import without
from tests.machine.world import World, eventually

pytestmark = pytest.mark.local_aws


def boxes(world: World, batch: str) -> list[dict[str, Any]]:
    """A job that draws boxes, and one that mends them."""
    sample = make_sample("BoundingBox", f"s3://{world.bucket}/{batch}/")
    sample.upload(world.client("s3"))
    first = f"{batch}-draw"
    return [
        {
            "jobName": first,
            "jobLevel": 1,
            "jobModality": "BoundingBox",
            "inputConfig": {"inputManifestS3Uri": sample.manifest_uri},
            "labelCategoryConfigS3Uri": sample.categories_uri,
        },
        {
            "jobName": f"{batch}-mend",
            "jobLevel": 2,
            "jobModality": "BoundingBoxAdjustment",
            "inputConfig": {"chainFromJobName": first},
        },
    ]


def ended(world: World, batch: str) -> dict[str, Any]:
    """The end message of the batch, once both jobs are done."""
    world.create(batch, boxes(world, batch))
    world.finish(f"{batch}-draw")
    world.finish(f"{batch}-mend")
    _, message = world.ended(batch)
    return message


def test_the_end_message_names_a_report_that_says_what_each_job_did(
    world: World, batch: str
) -> None:
    message = ended(world, batch)
    uri = message["reportS3Uri"]
    report = BatchReport.model_validate(json.loads(world.read(uri)))
    assert report.complete, report.problems
    [draw], [mend] = (level.jobs for level in report.levels)
    assert draw.findings is not None
    assert draw.findings.items == draw.numItems == draw.numItemsLabeled
    assert mend.changes is not None
    assert (mend.changes.against, mend.changes.items) == (f"{batch}-draw", mend.numItems)
    assert draw.workers
    # And the API answers with the same
    status, answer = world.http(f"{world.contract['apiUrl']}/batch/report?batchId={batch}")
    assert (status, answer) == (200, json.loads(world.read(uri)))
    assert world.timeline(batch, "REPORT_WRITTEN")
    # And it says where every item is, with the label that the second job left
    outputs = message["outputs"]
    counts = [outputs[key] for key in ("items", "accepted", "rejected", "unlabeled")]
    assert counts == [draw.numItems, draw.numItems, 0, 0]
    assert outputs["deliveryComplete"], outputs["deliveryProblem"]
    items = [json.loads(line) for line in world.read(outputs["finalManifestS3Uri"]).splitlines()]
    assert [item["terrace"]["item"] for item in items] == list(range(draw.numItems or 0))
    assert all(f"{batch}-mend" in item and f"{batch}-draw" not in item for item in items)
    assert world.timeline(batch, "DELIVERED")


def test_report_and_manifests_that_cannot_be_written_keep_no_batch_from_ending(
    world: World, batch: str
) -> None:
    with (
        without(world, "WriteReportRole", "dynamodb:UpdateItem"),
        without(world, "DeliverBatchRole", "dynamodb:UpdateItem"),
    ):
        message = ended(world, batch)
    assert message["status"] == "SUCCESS"
    assert "reportS3Uri" not in message
    assert message["outputs"]["finalManifestS3Uri"] is None
    eventually(lambda: "openKey" not in world.rows(batch, "BATCH")[0], "all is told")
    status, answer = world.http(f"{world.contract['apiUrl']}/batch/report?batchId={batch}")
    assert (status, answer["complete"]) == (200, False)
