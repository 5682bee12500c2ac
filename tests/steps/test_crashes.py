"""Every call of every step as a crash point: what must hold, holds for any seed.

`TERRACE_SEEDS=5000 pytest tests/steps/test_crashes.py` looks further; a failure names its seed.
"""

import os
from contextlib import suppress
from typing import Any

import pytest

from terrace.errors import TransientError
from tests.steps.crashing import CrashError, World, a_world, labels_in

SEEDS = int(os.environ.get("TERRACE_SEEDS", "240"))
FIRST = int(os.environ.get("TERRACE_FIRST_SEED", "0"))
BLOCK = 20
RIGHT_REASONS = ("nothing was labeled", "cannot be trusted")
"""All that people do in these worlds can fail a job for; what the nemesis does cannot."""
PASSES = 16
"""Of the reconciler once faults stop: three attempts on each of two levels, and some to spare."""


def request_of(world: World) -> dict[str, Any]:
    manifest, categories = world.manifest(items=2), world.categories()
    jobs: list[dict[str, Any]] = []
    for lane in ("car", "road"):
        jobs.append(
            {
                "jobName": lane,
                "jobLevel": 1,
                "jobModality": "VideoObjectTracking",
                "inputConfig": {"inputManifestS3Uri": manifest},
                "labelCategoryConfigS3Uri": categories,
            }
        )
    jobs.append(
        {
            "jobName": "car-audit",
            "jobLevel": 2,
            "jobModality": "VideoObjectTrackingAudit",
            "inputConfig": {"chainFromJobName": "car"},
        }
    )
    rng = world.rng
    return {
        "batchId": "b",
        "labelingJobs": jobs,
        "pacing": rng.choice(["level", "dependency"]),
        "onJobFailure": rng.choice(["fail", "continue"]),
    }


def live_through(world: World) -> None:
    """A batch while everything goes wrong."""
    rng = world.rng
    request = request_of(world)
    world.event_bound = rng.choice([12_000, 12_000, 130])
    if rng.random() < 0.5:
        # Half of the batches come to their first labeling job in peace.
        world.post(request)
        world.turn()
    world.nemesis.active = True
    while world.real_store.get_batch("b") is None:
        with suppress(CrashError, TransientError):
            world.post(request)
    for _ in range(rng.randrange(4, 14)):
        world.turn()
        world.something()
        if rng.random() < 0.1:
            name = rng.choice(sorted(world.workflow.status) or [""])
            if world.workflow.status.get(name) == "RUNNING":
                world.workflow.status[name] = "ABORTED"
                world.a_pass(name)
        world.let_time_pass(rng.choice([1, 40, 901]))
        if rng.random() < 0.4:
            world.a_pass()


def come_to_rest(world: World) -> int:
    """Faults stop; events stay lost. Returns how many passes it took until all was told."""
    world.nemesis.active = False
    for number in range(1, PASSES + 1):
        world.let_time_pass(901)
        world.a_pass()
        world.turn()
        for name in world.running():
            world.people.finish(name)
        if not list(world.store.open_batches(None)):
            # A replaced execution may wait on a dead token: for 12 hours, then it sees that.
            world.workflow.waiting.clear()
            world.turn()
            return number
    raise AssertionError(
        f"still open: {world.batch()}\n{world.statuses()}\n{world.workflow.status}"
    )


def check(world: World) -> None:
    batch, jobs = world.batch(), world.jobs()
    assert batch.ended
    # I4
    assert world.running() == []
    assert set(world.workflow.status.values()) & {"RUNNING"} == set()
    # I2
    assert world.too_early == []
    # I1, I6: every labeling job is an attempt's own, and on record.
    recorded = {a.name for job in jobs.values() for a in job.attempts}
    recorded |= {job.attemptName for job in jobs.values() if job.labelingJobArn}
    made = {job.name for job in world.people.jobs.values()}
    assert made <= recorded, made - recorded
    # I9: what people labeled is in the outputs (an unreadable manifest is told as such).
    for job in jobs.values():
        attribute = job.labelAttributeName
        delivered = labels_in(world, job.outputManifestS3Uri, attribute)
        for attempt in job.attempts:
            made_here = labels_in(world, attempt.outputManifestS3Uri, attribute)
            assert made_here <= delivered, job
        if job.status == "COMPLETE":
            given = labels_in(world, job.jobInputS3Uri, "source-ref")
            assert delivered == given, job
    # Never a lie.
    statuses = {job.status for job in jobs.values()}
    assert (batch.status == "COMPLETE") == (bool(jobs) and statuses <= {"COMPLETE", "SKIPPED"})
    if batch.onJobFailure == "fail" and statuses & {"FAILED", "STOPPED"}:
        assert batch.status == "FAILED"
    for job in jobs.values():
        if job.status == "FAILED":
            assert any(why in (job.failureReason or "") for why in RIGHT_REASONS), job.failureReason
    # I7
    notifier = world.notifier._port  # type: ignore[attr-defined]
    ends = notifier.of("BATCH_COMPLETE")
    assert ends
    assert len({end["dedupId"] for end in ends}) == 1
    assert {end["batchStatus"] for end in ends} == {batch.status}


@pytest.mark.parametrize("block", range(FIRST, FIRST + SEEDS, BLOCK))
def test_whatever_call_is_the_last_one_the_batch_ends_rightly(block: int) -> None:
    for seed in range(block, block + BLOCK):
        world = a_world(seed)
        try:
            live_through(world)
            come_to_rest(world)
            check(world)
        except Exception as error:
            raise AssertionError(f"seed {seed}: {error}") from error
