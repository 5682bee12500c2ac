"""Custom jobs end to end: Ground Truth calls the stack's own functions under the labeling role."""

import json
from typing import Any

import pytest

from terrace_local.samples import make_sample
from tests.machine.world import World, jobs_of

pytestmark = pytest.mark.local_aws

NASTY = '"it\'s" <script>alert(1)</script> & 🙂 שלום'
PAGE = """<crowd-form>
  <p>{{ task.input.taskObject }}</p>
  <crowd-classifier name="mood" categories="{{ task.input.labels | to_json | escape }}">
  </crowd-classifier>
  <crowd-text-area name="why"></crowd-text-area>
</crowd-form>"""


def put(world: World, key: str, body: str) -> str:
    world.client("s3").put_object(Bucket=world.bucket, Key=key, Body=body.encode())
    return f"s3://{world.bucket}/{key}"


def output(world: World, shown: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Lines of a job's output manifest."""
    bucket, _, key = jobs_of(shown)[name]["jobOutputS3Uri"][5:].partition("/")
    body = world.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    return [json.loads(line) for line in body.splitlines()]


def test_skeletons_are_placed_and_then_reviewed(world: World, batch: str) -> None:
    sample = make_sample("Custom", f"s3://{world.bucket}/{batch}/")
    sample.upload(world.client("s3"))
    first, second = f"{batch}-pose", f"{batch}-check"
    world.create(
        batch,
        [
            {
                "jobName": first,
                "jobLevel": 1,
                "jobModality": "Custom",
                "inputConfig": {"inputManifestS3Uri": sample.manifest_uri},
                "labelCategoryConfigS3Uri": sample.categories_uri,
            },
            {
                "jobName": second,
                "jobLevel": 2,
                "jobModality": "Custom",
                "inputConfig": {"chainFromJobName": first},
            },
        ],
    )

    world.finish(first)
    world.finish(second)
    shown, _ = world.ended(batch)

    assert shown["status"] == "COMPLETE"
    lines = output(world, shown, second)
    assert len(lines) == sample.items
    for number, line in enumerate(lines):
        placed, checked = line[first], line[second]
        assert checked["dataset_object_id"] == str(number)
        assert checked["image_s3_location"] == line["source-ref"]
        assert placed["original_annotations"] == []
        assert checked["original_annotations"] == placed["updated_annotations"]
        same = checked["updated_annotations"] == checked["original_annotations"]
        assert checked["no_changes_needed"] is same
        assert checked["was_modified"] is not same
        assert line[f"{second}-metadata"]["type"] == "groundtruth/custom"
        assert line[f"{second}-metadata"]["job-name"] == second
    calls = world.control("calls")["calls"]
    callers = {
        call["resource"].rsplit("-", 2)[-2]: call["principal"]
        for call in calls
        if call["action"] == "lambda:InvokeFunction"
        and call["resource"].endswith("-annotation")
        and call["allowed"]
    }
    assert set(callers) == {"pre", "post"}
    assert all("LabelingJobRole" in principal for principal in callers.values())


def test_a_page_of_the_users_own_is_shown_and_its_answers_are_the_label(
    world: World, batch: str
) -> None:
    rows = [{"source": NASTY}, {"source": "plain"}]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    labels = {"document-version": "2018-11-28", "labels": [{"label": "good"}, {"label": NASTY}]}
    name = f"{batch}-mood"
    world.create(
        batch,
        [
            {
                "jobName": name,
                "jobLevel": 1,
                "jobModality": "Custom",
                "inputConfig": {"inputManifestS3Uri": put(world, f"{batch}/t.manifest", text)},
                "labelCategoryConfigS3Uri": put(world, f"{batch}/l.json", json.dumps(labels)),
                "uiTemplateS3Uri": put(world, f"{batch}/page.liquid.html", PAGE),
                "numberOfHumanWorkersPerDataObject": 2,
            }
        ],
    )

    world.finish(name)
    shown, _ = world.ended(batch)

    assert shown["status"] == "COMPLETE"
    lines = output(world, shown, name)
    assert [line["source"] for line in lines] == [NASTY, "plain"]
    for line in lines:
        workers = line[name]["workers"]
        assert len({row["workerId"] for row in workers}) == 2
        for row in workers:
            assert not row["workerId"].startswith("private.")
            assert row["answer"]["mood"]["label"] in ("good", NASTY)
            assert set(row["answer"]) == {"mood", "why"}


def test_a_broken_page_fails_the_job_and_says_why(world: World, batch: str) -> None:
    name = f"{batch}-broken"
    page = "<crowd-form>{{ task.input.taskObject | grant_acess }}</crowd-form>"
    row = json.dumps({"source": "plain"}) + "\n"
    world.create(
        batch,
        [
            {
                "jobName": name,
                "jobLevel": 1,
                "jobModality": "Custom",
                "inputConfig": {"inputManifestS3Uri": put(world, f"{batch}/t.manifest", row)},
                "uiTemplateS3Uri": put(world, f"{batch}/page.liquid.html", page),
                "onIncomplete": "continue",
            }
        ],
    )

    shown, _ = world.ended(batch)

    assert shown["status"] == "FAILED"
    assert "unknown filter grant_acess" in jobs_of(shown)[name]["failureReason"]
