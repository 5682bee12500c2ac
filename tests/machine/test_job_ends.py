"""However a labeling job ends and whatever becomes of its event, its batch ends right.

Every case is one lane (label, then audit) beside a second job of the first level. The second job is
held open until the first is settled, so that an audit that starts early would be seen; that
nothing started early, that every labeling job is on record and that message and `show` agree is
looked at for every batch by `World.ended`.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.machine.conftest import Clips
from tests.machine.world import PATIENCE, RECONCILE_SECONDS, World, eventually, seconds_of

pytestmark = pytest.mark.local_aws


class Lane:
    """A batch of three jobs: `car` and `road` on level 1, `check` of car's output on level 2."""

    def __init__(self, world: World, clips: Clips, batch: str, **more: Any) -> None:
        self.world = world
        self.batch = batch
        self.car, self.road, self.check = (f"{batch}-{name}" for name in ("car", "road", "check"))
        jobs = [
            clips.label(self.car, **more),
            clips.label(self.road),
            clips.audit(self.check, self.car),
        ]
        world.create(batch, jobs)

    def settled(self, *statuses: str, seconds: float = PATIENCE) -> dict[str, Any]:
        """The car job, once it has such a status; no audit has been started by then."""
        job = self.world.until_job(self.batch, self.car, *statuses, seconds=seconds)
        names = {row["name"] for row in self.world.control("jobs")["jobs"]}
        assert self.check not in names
        return job

    def goes_on_to_the_end(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Ends the other jobs well; the batch's `show` and message."""
        self.world.finish(self.road)
        self.world.finish(self.check)
        return self.world.ended(self.batch)

    def is_left_without_more(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Ends the job that still runs; no audit is started."""
        self.world.finish(self.road)
        shown, message = self.world.ended(self.batch)
        assert self.world.job(self.batch, self.check)["batchStatus"] == "DROPPED"
        assert f"{self.batch}-check" not in self.world.labeling_jobs(self.batch)
        return shown, message


@pytest.fixture
def lane(world: World, clips: Clips, batch: str) -> Lane:
    return Lane(world, clips, batch)


def reasons(message: dict[str, Any]) -> dict[str, str]:
    """Why each failed job failed, as the end message says."""
    return {job["jobName"]: job["reason"] for job in message["failedJobs"]}


# --- ends that nobody was ready for ---------------------------------------------------------------


def test_a_job_that_ends_before_its_row_is_complete_is_settled_all_the_same(
    world: World, clips: Clips, batch: str
) -> None:
    # Given a labeling job whose creation was answered with an error, and whose row therefore knows
    # no ARN while StartJob tries again and is throttled
    world.fault("sagemaker.CreateLabelingJob", "InternalServerError", when="after")
    world.fault("sagemaker.CreateLabelingJob", "ThrottlingException", times=1000)
    name = f"{batch}-car"
    world.create(batch, [clips.label(name), clips.audit(f"{batch}-check", name)])
    world.exists(name)
    row = world.rows(batch, "JOB#01")[0]
    assert (row["status"], row.get("labelingJobArn")) == ("STARTING", None)
    # When it ends
    world.finish(name)
    # Then it is adopted and settled while its start still struggles
    job = world.until_job(batch, name, "COMPLETE")
    assert job["labelingJobArn"].endswith(name)
    world.control("faults", method="DELETE")
    world.finish(f"{batch}-check")
    shown, _ = world.ended(batch)
    assert shown["status"] == "COMPLETE"


def test_a_job_that_ends_before_the_wave_is_parked_does_not_leave_the_batch_waiting(
    world: World, clips: Clips, batch: str
) -> None:
    # Given one job whose start is held up, so that the wave cannot be parked
    fast, slow = f"{batch}-fast", f"{batch}-slow"
    jobs = [clips.label(fast), clips.label(slow), clips.audit(f"{batch}-check", fast)]
    world.fault("sagemaker.CreateLabelingJob", "InternalServerError", when="after")
    world.fault("sagemaker.CreateLabelingJob", "ThrottlingException", times=1000)
    world.create(batch, jobs)
    first = eventually(
        lambda: next((n for n in (fast, slow) if n in world.labeling_jobs(batch)), None),
        "one of the two exists",
    )
    # When the other ends
    world.finish(first)
    world.until_job(batch, first, "COMPLETE")
    row = world.rows(batch, "BATCH")[0]
    assert "park" not in row
    world.control("faults", method="DELETE")
    # Then the batch goes on as if it had ended after
    world.finish(slow if first == fast else fast)
    world.finish(f"{batch}-check")
    assert world.ended(batch)[0]["status"] == "COMPLETE"


def test_jobs_that_end_the_moment_they_exist_need_no_reconciler(
    world: World, clips: Clips, batch: str
) -> None:
    # Given workers who answer at once
    names = [f"{batch}-car{number}" for number in range(3)]
    world.control("outcomes", {"match": f"{batch}-*", "status": "Completed"})
    world.control("workers", {"mode": "auto"})
    try:
        jobs = [clips.label(name) for name in names]
        jobs += [clips.audit(f"{name}-check", name) for name in names]
        world.create(batch, jobs)
        shown, _ = world.ended(batch)
    finally:
        world.control("workers", {"mode": "manual"})
    assert shown["status"] == "COMPLETE"


# --- events ------------------------------------------------------------------------------------


@pytest.mark.parametrize("event", [True, "twice"], ids=["once", "twice"])
def test_a_job_may_be_announced(lane: Lane, event: bool | str) -> None:
    lane.world.finish(lane.car, event=event)
    lane.settled("COMPLETE")
    shown, message = lane.goes_on_to_the_end()
    assert (shown["status"], message["status"]) == ("COMPLETE", "SUCCESS")
    # Then it was settled once, however often it was told
    assert len(lane.world.timeline(lane.batch, "JOB_ENDED")) == 3


def test_an_event_while_another_for_the_same_job_is_handled_changes_nothing(lane: Lane) -> None:
    # When a job's end is told by eight events at once
    lane.world.finish(lane.car, event=False)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: lane.world.control(f"jobs/{lane.car}/event", {}), range(8)))
    lane.settled("COMPLETE")
    # And again long after the batch went on
    lane.world.finish(lane.road)
    lane.world.exists(lane.check)
    lane.world.control(f"jobs/{lane.car}/event", {})
    lane.world.finish(lane.check)
    shown, _ = lane.world.ended(lane.batch)
    # Then it was settled once
    assert shown["status"] == "COMPLETE"
    ended = [row["detail"]["jobName"] for row in lane.world.timeline(lane.batch, "JOB_ENDED")]
    assert sorted(ended) == sorted([lane.car, lane.road, lane.check])


def test_an_event_that_lies_about_the_status_is_not_believed(lane: Lane) -> None:
    lane.world.exists(lane.car)
    lane.world.control(f"jobs/{lane.car}/event", {"status": "Failed"})
    lane.world.finish(lane.car)
    lane.settled("COMPLETE")
    assert lane.goes_on_to_the_end()[0]["status"] == "COMPLETE"


def test_a_job_without_any_event_is_found_within_one_reconciler_period(lane: Lane) -> None:
    # When no event of any job of the batch is ever sent
    for name in (lane.car, lane.road, lane.check):
        ended = lane.world.finish(name, event=False)["modifiedAt"]
        job = lane.world.until_job(lane.batch, name, "COMPLETE")
        # Then each is settled within one period (and the time a pass takes)
        assert seconds_of(job["endedAt"]) - ended < 2 * RECONCILE_SECONDS
    assert lane.world.ended(lane.batch)[0]["status"] == "COMPLETE"


# --- ends that are no success ------------------------------------------------------------------


@pytest.mark.parametrize("event", [True, False], ids=["told by an event", "found"])
def test_a_job_that_fails_makes_the_batch_fail_with_its_reason(lane: Lane, event: bool) -> None:
    # When a job fails without any output
    end = {"status": "Failed", "manifest": "absent", "failureReason": "ClientError: no"}
    lane.world.finish(lane.car, **end, event=event)
    job = lane.settled("FAILED")
    assert "ClientError: no" in job["failureReason"]
    # Then people who listen know before the batch has ended
    told = eventually(
        lambda: [m for m in lane.world.messages(lane.batch) if m["eventType"] == "JOB_FAILED"],
        "the failure is told",
    )
    assert (told[0]["jobName"], told[0]["status"]) == (lane.car, "IN_PROGRESS")
    # And what runs is left to finish, and the batch fails
    shown, message = lane.is_left_without_more()
    assert (shown["status"], message["status"]) == ("FAILED", "FAILED")
    assert message["errorType"] == "JobFailed"
    assert "ClientError: no" in message["errorString"]
    assert "ClientError: no" in reasons(message)[lane.car]
    assert message["batchInfo"]["firstLevel"]["status"] == "FAILED"
    labels = lane.world.job(lane.batch, lane.road)
    assert (labels["batchStatus"], labels["numItemsLabeled"]) == ("COMPLETE", 5)


def test_what_a_failed_job_labeled_is_kept_and_only_the_rest_is_tried_again(lane: Lane) -> None:
    # When a job fails after two of its five items
    lane.world.finish(lane.car, status="Failed", labeled=0.4)
    # Then a second attempt gets the other three
    again = lane.world.exists(f"{lane.car}-a2")
    assert len(lane.world.lines(again["inputManifestS3Uri"])) == 3
    lane.world.finish(f"{lane.car}-a2")
    job = lane.settled("COMPLETE")
    assert [a["status"] for a in job["attempts"]] == ["Failed", "Completed"]
    assert job["numItemsLabeled"] == 5
    assert lane.goes_on_to_the_end()[0]["status"] == "COMPLETE"


def test_a_job_that_fails_in_every_attempt_fails_and_says_why(lane: Lane) -> None:
    for name in (lane.car, f"{lane.car}-a2", f"{lane.car}-a3"):
        lane.world.finish(name, status="Failed", failureReason="InternalServerError: again")
    job = lane.settled("FAILED")
    assert "InternalServerError: again" in job["failureReason"]
    shown, message = lane.is_left_without_more()
    assert shown["status"] == "FAILED"
    assert "InternalServerError: again" in message["errorString"]


def test_a_job_that_is_stopped_by_hand_is_stopped_and_its_labels_are_kept(lane: Lane) -> None:
    lane.world.exists(lane.car)
    lane.world.control(f"jobs/{lane.car}/progress", {"labeled": 0.4})
    lane.world.client("sagemaker").stop_labeling_job(LabelingJobName=lane.car)
    job = lane.settled("STOPPED")
    assert "stopped outside Terrace; 2 of 5 items" in job["failureReason"]
    assert sum("source-ref" in line for line in lane.world.lines(job["jobOutputS3Uri"])) == 5
    shown, message = lane.is_left_without_more()
    assert shown["status"] == "FAILED"
    assert "was stopped outside Terrace" in message["errorString"]
    # Then it was not started again
    assert sorted(lane.world.labeling_jobs(lane.batch)) == sorted([lane.car, lane.road])


def test_a_job_completed_with_nothing_labeled_fails_after_its_attempts(lane: Lane) -> None:
    for name in (lane.car, f"{lane.car}-a2", f"{lane.car}-a3"):
        lane.world.finish(name, labeled=0)
    job = lane.settled("FAILED")
    assert "nothing was labeled" in job["failureReason"]
    assert [attempt["numItemsLabeled"] for attempt in job["attempts"]] == [0, 0, 0]
    shown, message = lane.is_left_without_more()
    assert shown["status"] == "FAILED"
    assert "nothing was labeled" in reasons(message)[lane.car]


def test_only_the_missing_items_are_labeled_again_and_the_merged_output_is_whole(
    lane: Lane,
) -> None:
    # Given a job that completed with 20 % of its items missing
    lane.world.finish(lane.car, labeled=0.8)
    # Then a second attempt gets the missing one, without what the first wrote on it
    again = lane.world.exists(f"{lane.car}-a2")
    given = lane.world.lines(again["inputManifestS3Uri"])
    first = lane.world.job(lane.batch, lane.car)["attempts"][0]
    before = lane.world.lines(first["outputManifestS3Uri"])
    attribute = again["labelAttributeName"]
    assert [line["source-ref"] for line in given] == [
        line["source-ref"] for line in before if attribute not in line
    ]
    assert [set(line) for line in given] == [{"source-ref"}]
    # And once it is done, the job's output has every line once, in order, with its label
    lane.world.finish(f"{lane.car}-a2")
    job = lane.settled("COMPLETE")
    merged = lane.world.lines(job["jobOutputS3Uri"])
    assert [line["source-ref"] for line in merged] == [line["source-ref"] for line in before]
    assert all(attribute in line for line in merged)
    makers = [line[f"{attribute}-metadata"]["job-name"].rsplit("/", 1)[1] for line in merged]
    assert sorted(makers) == [lane.car] * 4 + [f"{lane.car}-a2"]
    # And the next level reviews all of it
    lane.world.finish(lane.road)
    assert len(lane.world.lines(lane.world.exists(lane.check)["inputManifestS3Uri"])) == 5
    lane.world.finish(lane.check)
    assert lane.world.ended(lane.batch)[0]["status"] == "COMPLETE"


def test_items_still_missing_in_the_end_make_a_success_with_errors(
    world: World, clips: Clips, batch: str
) -> None:
    # Given a job that may not be retried and misses 20 %
    lane = Lane(world, clips, batch, onIncomplete="continue")
    world.finish(lane.car, labeled=0.8)
    job = lane.settled("INCOMPLETE")
    assert "4 of 5 items were labeled" in job["failureReason"]
    # Then what there is goes on to the next level, and nobody is told SUCCESS
    shown, message = lane.goes_on_to_the_end()
    assert shown["status"] == "COMPLETE_WITH_ERRORS"
    assert message["status"] == "SUCCESS_WITH_ERRORS"
    assert "4 of 5" in reasons(message)[lane.car]


@pytest.mark.parametrize("manifest", ["absent", "truncated", "unreadable"])
def test_a_job_completed_without_a_sound_manifest_fails_and_is_not_paid_for_twice(
    lane: Lane, manifest: str
) -> None:
    lane.world.finish(lane.car, manifest=manifest)
    job = lane.settled("FAILED")
    assert "its output manifest cannot be trusted" in job["failureReason"]
    assert f"{lane.car}-a2" not in lane.world.labeling_jobs(lane.batch)
    shown, message = lane.is_left_without_more()
    assert shown["status"] == "FAILED"
    assert "cannot be trusted" in reasons(message)[lane.car]


def test_a_manifest_that_appears_late_is_taken_when_it_is_there(lane: Lane) -> None:
    # Given a job whose manifest is not there yet when the reconciler finds that it has ended
    row = lane.world.finish(lane.road)
    sound = lane.world.read(row["outputManifestS3Uri"])
    late = lane.world.finish(lane.car, manifest="absent", event=False)
    eventually(
        lambda: lane.world.rows(lane.batch, f"JOB#01#{lane.car}")[0].get("suspectAt"),
        "it is found absent",
    )
    # When it appears before the next look
    road, car = (f'"{n}-ref' for n in (lane.road, lane.car))
    text = sound.decode().replace(road, car)
    lane.world.write(late["outputManifestS3Uri"], text)
    # Then the job is complete
    lane.world.until_job(lane.batch, lane.car, "COMPLETE")
    lane.world.finish(lane.check)
    assert lane.world.ended(lane.batch)[0]["status"] == "COMPLETE"
