"""A skeleton job's page: its rig and its script are in it, or the script is hosted."""

import json
from functools import partial
from typing import Any

import pytest

from terrace.domain import skeleton_page
from terrace.runtime.worker_pages import template
from terrace.steps.prepare_input import Prepare, ScriptHost
from tests.fakes.house import BUCKET, House

RIG = {
    "keypointClasses": [
        {"label": "nose {{ x }}", "x": 1, "y": 2},
        {"label": "tail", "x": 0, "y": 0},
    ]
}
PAGE_MAX = 128_000
"""Characters of a template (Ground Truth)."""


def skeleton_batch(house: House, rig: dict[str, Any]) -> dict[str, Any]:
    house.objects.put_json(f"s3://{BUCKET}/rig.json", rig)
    image, manifest = f"s3://{BUCKET}/a.png", f"s3://{BUCKET}/images.manifest"
    house.objects.put_text(image, "x", "image/png")
    house.objects.write_lines(manifest, iter([json.dumps({"source-ref": image})]))
    job = {
        "jobName": "pose",
        "jobLevel": 1,
        "jobModality": "Custom",
        "inputConfig": {"inputManifestS3Uri": manifest},
        "labelCategoryConfigS3Uri": f"s3://{BUCKET}/rig.json",
    }
    return {"batchId": "b", "labelingJobs": [job]}


def page(house: House) -> str:
    found: str = "".join(
        text.text
        for text in house.objects.read_lines(f"s3://{BUCKET}/batches/b/ui/pose.liquid.html")
    )
    return found


def test_without_a_host_the_page_holds_its_script_and_its_rig(house: House) -> None:
    house.post(skeleton_batch(house, RIG))
    house.turn()
    assert house.statuses() == {"pose": "IN_PROGRESS"}
    text = page(house)
    assert "customElements.define" in text
    # The rig is data for Liquid as well: its braces open nothing
    assert "nose &#123;&#123; x &#125;&#125;" in text
    assert not [mark for mark in skeleton_page.RIG_MARKS if mark in text]
    assert len(text) < PAGE_MAX


def test_a_broken_rig_is_found_before_any_job_is_made(house: House) -> None:
    house.post(skeleton_batch(house, {**RIG, "skeletonRig": [["nose", "tail"]]}))
    house.turn()
    assert house.batch().status == "VALIDATION_FAIL"
    mark = house.batch().mark
    assert mark is not None
    [problem] = mark.problems
    assert problem.code == "SKELETON_LINE_UNKNOWN_LABEL"
    assert "rig.json) skeletonRig[0]" in problem.path


def test_with_a_host_the_script_is_put_there_and_the_page_names_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a bucket behind a distribution
    script = template(skeleton_page.SCRIPT)
    host = ScriptHost(bucket=BUCKET, domain="d1.cloudfront.net")
    monkeypatch.setattr("tests.fakes.house.Prepare", partial(Prepare, script_host=host))
    # When PrepareInput makes the page
    house.post(skeleton_batch(house, RIG))
    house.turn()
    # Then the script lies under a key of its own text, and the page loads that and nothing else
    key = skeleton_page.script_key(script)
    assert house.objects.exists(f"s3://{BUCKET}/{key}")
    text = page(house)
    assert f'<script src="https://d1.cloudfront.net/{key}" integrity="sha256-' in text
    assert "customElements" not in text


@pytest.mark.parametrize("other", ["x", ""])
def test_another_text_is_another_key(other: str) -> None:
    assert skeleton_page.script_key(other) != skeleton_page.script_key(other + " ")
