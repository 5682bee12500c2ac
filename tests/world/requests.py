"""Batches to run: one to forty jobs, in lanes and levels, with every policy."""

import json
from random import Random
from typing import Any

from tests.world.house import BUCKET, INPUTS, World

Json = Any
IMAGE = "GIF89a\x40\x00\x30\x00"
"""The first bytes of an image of 64 x 48."""
EXPORTS = (
    {"format": "csv", "onNameConflict": "same"},
    {"format": "yolo", "onNameConflict": "same"},
)
"""A table, and a format that needs the sizes of images."""


def upload(world: World, name: str, items: int) -> str:
    """A manifest of images; returns its URI."""
    lines = []
    for index in range(items):
        image = f"s3://{INPUTS}/{name}/{index}.jpg"
        world.s3.put(image, IMAGE)
        lines.append(json.dumps({"source-ref": image}))
    uri = f"s3://{INPUTS}/{name}.manifest"
    world.s3.put(uri, "\n".join(lines) + "\n")
    return uri


def categories(world: World) -> str:
    uri = f"s3://{INPUTS}/categories.json"
    labels = {"document-version": "2018-11-28", "labels": [{"label": "Car"}, {"label": "Van"}]}
    world.s3.put(uri, json.dumps(labels))
    return uri


def label(manifest: str, config: str, name: str, **more: Json) -> Json:
    """A job that starts a lane."""
    return {
        "jobName": name,
        "jobLevel": 1,
        "jobModality": "BoundingBox",
        "inputConfig": {"inputManifestS3Uri": manifest},
        "labelCategoryConfigS3Uri": config,
        **more,
    }


def review(source: str, name: str, level: int = 2, **more: Json) -> Json:
    """A job that goes on with a lane."""
    return {
        "jobName": name,
        "jobLevel": level,
        "jobModality": "BoundingBoxAdjustment",
        "inputConfig": {"chainFromJobName": source},
        **more,
    }


def _policy(random: Random) -> Json:
    """What a job asks for beyond the least."""
    more: Json = {}
    if random.random() < 0.4:
        more["onIncomplete"] = random.choice(["retry", "continue", "fail"])
    if random.random() < 0.3:
        more["maxAttempts"] = random.choice([1, 2, 5])
    if random.random() < 0.15:
        percent = random.choice([30, 50, 80])
        more["stoppingConditions"] = {"maxPercentageOfInputDatasetLabeled": percent}
    if random.random() < 0.1:
        more["jobCompletionTimeoutInSeconds"] = random.choice([864_000, 2_592_000])
    return more


def _gate(job: Json, jobs: list[Json], chance: Random) -> None:
    """A gate in front of some reviews: a sample, a promise, a budget, or one that finds nothing."""
    if chance.random() > 0.3:
        return
    gate: Json = chance.choice(
        [
            {"sample": {"percent": chance.choice([20, 50])}},
            {"sample": {"maxErrorRate": 0.5, "confidence": 0.5}},
            {"sample": {"maxErrorRate": 0.5, "confidence": 0.5}},
            {"checks": ["no-label"]},
            {"where": {"label": ["Car"]}},
            {"checks": ["no-label"], "sample": {"count": 2}},
            {"budget": {"percent": 60}},
            {"checks": ["disagreement"], "sample": {"percent": 40}},
        ]
    )
    if "disagreement" in gate.get("checks", []):
        name = job["inputConfig"]["chainFromJobName"]
        source = next(other for other in jobs if other["jobName"] == name)
        source["numberOfHumanWorkersPerDataObject"] = 2
    if "maxErrorRate" in gate.get("sample", {}):
        job.pop("stoppingConditions", None)
    job["inputConfig"]["gate"] = gate


def draw(world: World, batch_id: str, most: int, prefix: str | None = None) -> Json:
    """A request of at most so many jobs, drawn from the world's seed."""
    random = world.random
    # Of its own, so that a seed without gates is the world that it was.
    chance = Random(f"gates {world.seed} {batch_id}")
    prefix = prefix or batch_id
    size = random.randint(1, most)
    levels = random.choice([1, 1, 2, 2, 3, 4, 6])
    config = categories(world)
    jobs: list[Json] = []
    lanes: list[tuple[str, int]] = []
    while len(jobs) < size:
        grow = [lane for lane in lanes if lane[1] < levels]
        if grow and random.random() < 0.6:
            source, level = random.choice(grow)
            lanes.remove((source, level))
            step = 1 if random.random() < 0.85 else random.randint(1, levels - level)
            name = f"{source}-{random.choice(['audit', 'fix', 'again'])[:3]}"
            job = review(source, name, level + step, **_policy(random))
            job["jobModality"] = random.choice(["BoundingBoxAdjustment", "BoundingBoxVerification"])
            if random.random() < 0.2:
                job["inputConfig"]["downSamplingRate"] = random.choice([10, 50, 75])
            else:
                _gate(job, jobs, chance)
            level += step
        else:
            name = f"{prefix}-{len(jobs)}"
            manifest = upload(world, name, random.randint(1, 6))
            level = 1 if random.random() < 0.85 else random.randint(1, levels)
            job = label(manifest, config, name, jobLevel=level, **_policy(random))
        if len(job["jobName"]) > 40:
            continue
        jobs.append(job)
        lanes.append((job["jobName"], level))
    request: Json = {"batchId": batch_id, "labelingJobs": jobs}
    if random.random() < 0.6:
        request["pacing"] = random.choice(["level", "dependency"])
    if random.random() < 0.6:
        request["onJobFailure"] = random.choice(["fail", "continue"])
    return request


__all__ = ["BUCKET", "categories", "draw", "label", "review", "upload"]
