"""Batches that are stopped and retried at any moment, while any call may be the last one.

`TERRACE_SEEDS=5000 pytest tests/steps/test_crashes_stop_retry.py` looks further.
"""

import json
import os
from contextlib import suppress
from typing import Any

import pytest

from terrace.adapters import dynamodb_codec as codec
from terrace.domain.status import JOB_CLEAN, JobStatus
from terrace.errors import TransientError
from terrace.steps.api_errors import BatchStateError, UnknownBatchError
from terrace.steps.api_retry import RetryBatch
from terrace.steps.api_stop import StopBatch
from tests.steps.crashing import CrashError, World, a_world, labels_in
from tests.steps.test_crashes import come_to_rest

SEEDS = int(os.environ.get("TERRACE_SEEDS", "160"))
FIRST = int(os.environ.get("TERRACE_FIRST_SEED", "0"))
BLOCK = 20
ITEMS = 4


def request_of(world: World) -> dict[str, Any]:
    """One lane of three levels whose jobs often end with a part of their labels, and a job."""
    rng = world.rng
    manifest, categories = world.manifest(items=ITEMS), world.categories()
    jobs: list[dict[str, Any]] = [
        {
            "jobName": name,
            "jobLevel": 1,
            "jobModality": "VideoObjectTracking",
            "inputConfig": {"inputManifestS3Uri": manifest},
            "labelCategoryConfigS3Uri": categories,
        }
        for name in ("car", "road")
    ]
    for level, name, source in ((2, "check", "car"), (3, "adjust", "check")):
        jobs.append(
            {
                "jobName": name,
                "jobLevel": level,
                "jobModality": "VideoObjectTrackingAudit",
                "inputConfig": {"chainFromJobName": source},
            }
        )
    for job in jobs:
        job["onIncomplete"] = rng.choice(["continue", "continue", "retry"])
    return {
        "batchId": "b",
        "labelingJobs": jobs,
        "pacing": rng.choice(["level", "dependency"]),
        "onJobFailure": rng.choice(["fail", "continue"]),
    }


def stop(world: World, mode: str) -> None:
    step = StopBatch(world.store, world.workflow, world.clock)
    with suppress(CrashError, TransientError, UnknownBatchError):
        step.run(json.dumps({"batchId": "b", "mode": mode}))


def retry(world: World, names: list[str] | None = None) -> None:
    step = RetryBatch(world.store, world.workflow, world.clock)
    with suppress(CrashError, TransientError, UnknownBatchError, BatchStateError):
        step.run(json.dumps({"batchId": "b", "jobNames": names} if names else {"batchId": "b"}))


def users(world: World) -> None:
    """From here on users stop and retry the batch, also in the middle of steps."""
    rest = world.something

    def something() -> None:
        what = world.rng.random()
        if what < 0.06:
            stop(world, world.rng.choice(["stop", "drain"]))
        elif what < 0.14:
            retry(world, ["car"] if world.rng.random() < 0.2 else None)
        elif what < 0.4 and (running := world.running()):
            # Often enough that a lane comes to its end.
            world.people.finish(running[0])
            world.arrive(running[0])
        else:
            rest()

    world.something = something  # type: ignore[method-assign]
    world.nemesis.interfere = something


def watched(world: World) -> None:
    """I3 and I4, for rows that a retry may open again, and batches that are being stopped."""

    def watch(before: dict[str, Any], after: dict[str, Any]) -> None:
        if not after["SK"]["S"].startswith("JOB#") or not before:
            return
        old, new = codec.to_job(before), codec.to_job(after)
        if old.ended and new.status is JobStatus.PENDING:
            # Opened by a retry: once a run, with everything that people did still on it.
            assert new.generation > old.generation, (old, new)
            kept = [(each.name, each.outputManifestS3Uri) for each in new.attempts]
            assert kept[: len(old.attempts)] == [
                (each.name, each.outputManifestS3Uri) for each in old.attempts
            ]
            return
        world.watch_write(before, after)
        if new.status is JobStatus.STARTING:
            batch = world.real_store.get_batch(new.batchId)
            assert batch is not None
            assert batch.stop is None, "nothing starts after the stop"

    world.real_store._table._client.watch = watch
    pass_time = world.let_time_pass

    def let_time_pass(seconds: float) -> None:
        # A call on its way was made when its source had ended; a retry may have opened that since.
        early = [*world.too_early]
        pass_time(seconds)
        world.too_early[:] = early

    world.let_time_pass = let_time_pass  # type: ignore[method-assign]


def end_in_part(world: World) -> None:
    """In peace, to an end with a part of the labels; then a retry is asked for."""
    while names := world.running():
        world.people.finish(names[0], labeled=world.rng.choice([0.5, 0.75]))
        world.event(names[0])
    retry(world)


def live_through(world: World) -> None:
    rng = world.rng
    request = request_of(world)
    world.event_bound = rng.choice([12_000, 130])
    peace = rng.random()
    if peace < 0.7:
        world.post(request)
        world.turn()
    if peace < 0.4:
        end_in_part(world)
    users(world)
    watched(world)
    world.nemesis.active = True
    while world.real_store.get_batch("b") is None:
        with suppress(CrashError, TransientError):
            world.post(request)
    for _ in range(rng.randrange(10, 24)):
        world.turn()
        world.something()
        if rng.random() < 0.08:
            name = rng.choice(sorted(world.workflow.status) or [""])
            if world.workflow.status.get(name) == "RUNNING":
                world.workflow.status[name] = "ABORTED"
                world.a_pass(name)
        world.let_time_pass(rng.choice([1, 40, 901]))
        if rng.random() < 0.4:
            world.a_pass()


def in_peace(world: World) -> None:
    """Faults stop, the batch ends; retried in peace, it completes."""
    come_to_rest(world)
    check(world)
    for _ in range(3):
        if world.batch().status in {"COMPLETE", "VALIDATION_FAIL"}:
            break
        RetryBatch(world.store, world.workflow, world.clock).run('{"batchId": "b"}')
        world.turn()
        come_to_rest(world)
        check(world)
    assert world.batch().status == "COMPLETE", (world.batch(), world.jobs())
    for job in world.jobs().values():
        assert job.status in JOB_CLEAN
        assert len(labels_in(world, job.outputManifestS3Uri, job.labelAttributeName)) == ITEMS


def check(world: World) -> None:
    batch, jobs = world.batch(), world.jobs()
    assert batch.ended
    assert world.running() == []
    assert world.too_early == []
    # I1, I6: every labeling job is an attempt's own, and on record.
    recorded = {a.name for job in jobs.values() for a in job.attempts}
    recorded |= {job.attemptName for job in jobs.values() if job.labelingJobArn}
    made = {job.name for job in world.people.jobs.values()}
    assert made <= recorded, made - recorded
    for job in jobs.values():
        attribute = job.labelAttributeName
        delivered = labels_in(world, job.outputManifestS3Uri, attribute)
        had: set[str] = set()
        for attempt in job.attempts:
            # Nobody is asked again for what an earlier attempt has labeled.
            given = labels_in(world, attempt.inputManifestS3Uri, "source-ref")
            assert not given & had or not attempt.made, (attempt, job)
            had |= labels_in(world, attempt.outputManifestS3Uri, attribute)
        # I9: what people labeled is in the output.
        assert had <= delivered, job
        if job.status == "COMPLETE":
            assert len(delivered) == job.numItems, job
    # Never a lie.
    statuses = {job.status for job in jobs.values()}
    if batch.status == "COMPLETE":
        assert jobs
        assert statuses <= JOB_CLEAN
    elif jobs and statuses <= JOB_CLEAN:
        assert batch.stop is not None or batch.mark is not None
    # I7: the last end is told, and no end is told wrongly.
    notifier = world.notifier._port  # type: ignore[attr-defined]
    ends = notifier.of("BATCH_COMPLETE")
    assert batch.status in {end["batchStatus"] for end in ends}
    told = {(end["dedupId"], end["batchStatus"]) for end in ends}
    assert len({dedup for dedup, _ in told}) == len(told)


@pytest.mark.parametrize("block", range(FIRST, FIRST + SEEDS, BLOCK))
def test_a_batch_stopped_and_retried_at_any_moment_ends_rightly_and_completes_in_the_end(
    block: int,
) -> None:
    for seed in range(block, block + BLOCK):
        world = a_world(seed)
        try:
            live_through(world)
            in_peace(world)
        except Exception as error:
            raise AssertionError(f"seed {seed}: {error}") from error
