"""Gates on the real machine: what a gate chooses is labeled, the rest goes on beside it."""

import json
from typing import Any

import pytest

from tests.machine.world import Json, World, jobs_of

pytestmark = pytest.mark.local_aws

ITEMS = 4


def lane(world: World, batch: str, gate: Json) -> list[Json]:
    """Boxes on four pictures, their review behind a gate, and one more look at all of them."""
    picture = world.put(f"{batch}/picture.jpg", b"not a picture")
    rows = [json.dumps({"source-ref": picture, "number": number}) for number in range(ITEMS)]
    labels = {"document-version": "2018-11-28", "labels": [{"label": "Vehicle"}]}

    def job(name: str, level: int, modality: str, config: Json, **more: Any) -> Json:
        return {
            "jobName": f"{batch}-{name}",
            "jobLevel": level,
            "jobModality": modality,
            "inputConfig": config,
            **more,
        }

    manifest = world.put(f"{batch}/input.manifest", "\n".join(rows))
    return [
        job(
            "box",
            1,
            "BoundingBox",
            {"inputManifestS3Uri": manifest},
            labelCategoryConfigS3Uri=world.put(f"{batch}/categories.json", labels),
        ),
        job(
            "fix",
            2,
            "BoundingBoxAdjustment",
            {"chainFromJobName": f"{batch}-box", "gate": gate},
        ),
        job("look", 3, "BoundingBoxVerification", {"chainFromJobName": f"{batch}-fix"}),
    ]


def numbers(world: World, shown: Json, name: str) -> list[int]:
    """Which of the pictures' lines a job was given."""
    return [line["number"] for line in world.lines(jobs_of(shown)[name]["jobInputS3Uri"])]


def test_what_a_gate_chose_meets_the_rest_again_at_the_next_level(world: World, batch: str) -> None:
    box, fix, look = (f"{batch}-{name}" for name in ("box", "fix", "look"))
    gate = {"checks": ["duplicate-box"], "sample": {"count": 1}, "budget": {"count": 1}}
    world.create(batch, lane(world, batch, gate))
    world.finish(box)
    world.finish(fix)
    world.finish(look)
    shown, _ = world.ended(batch)

    assert shown["status"] == "COMPLETE"
    assert len(numbers(world, shown, fix)) == 1
    assert numbers(world, shown, look) == list(range(ITEMS))
    told = jobs_of(shown)[fix]["gate"]
    assert (told["items"], told["selected"]) == (ITEMS, 1)
    decisions = world.lines(told["decisionsS3Uri"])
    assert [row["item"] for row in decisions if row["sent"]] == numbers(world, shown, fix)
    assert world.timeline(batch, "GATE_CHOSE")


def test_a_gate_that_chooses_nothing_skips_its_job_and_the_lane_goes_on(
    world: World, batch: str
) -> None:
    box, fix, look = (f"{batch}-{name}" for name in ("box", "fix", "look"))
    world.create(batch, lane(world, batch, {"checks": ["no-label"]}))
    world.finish(box)
    world.finish(look)
    shown, _ = world.ended(batch)

    assert shown["status"] == "COMPLETE"
    assert jobs_of(shown)[fix]["batchStatus"] == "SKIPPED"
    assert fix not in world.labeling_jobs(batch)
    assert numbers(world, shown, look) == list(range(ITEMS))
