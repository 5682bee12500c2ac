"""The same request twenty times at once is one batch; another under its id changes nothing."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.machine.conftest import Clips
from tests.machine.world import World

pytestmark = pytest.mark.local_aws


def at_once(world: World, bodies: list[Any]) -> list[tuple[int, dict[str, Any]]]:
    """Posts them all at the same time."""
    with ThreadPoolExecutor(len(bodies)) as pool:
        return list(pool.map(world.post, bodies))


def executions(world: World, batch: str) -> list[str]:
    """Names of the executions of a batch."""
    pages = world.client("stepfunctions").get_paginator("list_executions")
    found = pages.paginate(stateMachineArn=world.contract["stateMachineArn"])
    names = [execution["name"] for page in found for execution in page["executions"]]
    return [name for name in names if name.partition("_g")[0] == batch]


def test_twenty_identical_posts_at_once_are_one_batch(
    world: World, clips: Clips, batch: str
) -> None:
    body = {"batchId": batch, "labelingJobs": [clips.label(f"{batch}-car")]}
    answers = at_once(world, [body] * 20)
    # Then all get the same answer
    assert {status for status, _ in answers} == {200}
    assert len({json.dumps(answer, sort_keys=True) for _, answer in answers}) == 1
    # And there is one batch, one execution, one labeling job
    world.finish(f"{batch}-car")
    shown, _ = world.ended(batch)
    assert shown["status"] == "COMPLETE"
    assert executions(world, batch) == [batch]
    assert len(world.timeline(batch, "BATCH_CREATED")) == 1
    listed = world.http(f"{world.contract['apiUrl']}/batch/show")[1]
    assert listed["COMPLETE"].count(batch) == 1
    # And the same again, long after, still gets the batch and starts nothing
    status, answer = world.post(body)
    assert (status, answer["status"]) == (200, "COMPLETE")
    assert executions(world, batch) == [batch]


def test_another_body_under_the_same_id_is_a_409_and_the_first_is_untouched(
    world: World, clips: Clips, batch: str
) -> None:
    # Given a running batch
    job = clips.label(f"{batch}-car")
    world.create(batch, [job])
    world.exists(f"{batch}-car")
    before = what_create_wrote(world, batch)
    # When others post something else under its id
    others = [
        {"batchId": batch, "labelingJobs": [{**job, "taskTitle": f"other {n}"}]} for n in range(5)
    ]
    answers = at_once(world, others)
    # Then each is told so
    assert {status for status, _ in answers} == {409}
    for _, answer in answers:
        assert [error["code"] for error in answer["errors"]] == ["BATCH_EXISTS"]
    # And nothing has changed: neither the row nor the request
    assert what_create_wrote(world, batch) == before
    assert world.show(batch)["inputLabelingJobs"] == [job]
    world.finish(f"{batch}-car")
    assert world.ended(batch)[0]["status"] == "COMPLETE"
    assert len(world.labeling_jobs(batch)) == 1


def what_create_wrote(world: World, batch: str) -> dict[str, Any]:
    """The part of the batch row that no step of the running batch changes."""
    (row,) = world.rows(batch, "BATCH")
    fixed = ("uid", "createdAt", "requestDigest", "requestS3Uri", "executionArn", "generation")
    return {key: row[key] for key in fixed}


def test_of_two_bodies_at_once_under_one_id_one_wins_and_the_other_is_a_409(
    world: World, clips: Clips, batch: str
) -> None:
    job = clips.label(f"{batch}-car")
    bodies = [
        {"batchId": batch, "labelingJobs": [{**job, "taskTitle": title}]}
        for title in ("one", "two")
    ]
    answers = at_once(world, bodies * 5)
    won = {bodies.index(b) for b, (s, _) in zip(bodies * 5, answers, strict=True) if s == 200}
    assert {status for status, _ in answers} == {200, 409}
    assert len(won) == 1
    assert world.show(batch)["inputLabelingJobs"] == bodies[won.pop()]["labelingJobs"]
    world.finish(f"{batch}-car")
    assert world.ended(batch)[0]["status"] == "COMPLETE"
    assert executions(world, batch) == [batch]


def test_the_same_content_spelled_otherwise_is_the_same_batch(
    world: World, clips: Clips, batch: str
) -> None:
    job = {**clips.label(f"{batch}-car"), "jobLevel": 1, "maxConcurrentTaskCount": 100}
    world.create(batch, [job])
    spelled = {**dict(reversed(job.items())), "jobLevel": "1", "maxConcurrentTaskCount": "100"}
    assert world.post({"labelingJobs": [spelled], "batchId": batch})[0] == 200
    world.finish(f"{batch}-car")
    assert world.ended(batch)[0]["status"] == "COMPLETE"


def test_a_crash_between_the_row_and_the_execution_is_healed_by_the_same_post(
    world: World, clips: Clips, batch: str
) -> None:
    # Given a create whose StartExecution fails, and goes on failing
    body = {"batchId": batch, "labelingJobs": [clips.label(f"{batch}-car")]}
    world.fault("stepfunctions.StartExecution", "InternalServerError", times=-1)
    status, _ = world.post(body)
    assert status >= 500
    assert world.hits()[0] > 0
    world.control("faults", method="DELETE")
    # When it is posted again
    assert world.post(body)[0] == 200
    # Then it runs, once
    world.finish(f"{batch}-car")
    assert world.ended(batch)[0]["status"] == "COMPLETE"
    assert executions(world, batch) == [batch]
