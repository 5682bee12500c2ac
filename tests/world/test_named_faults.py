"""Faults with a name, and the guarantee that holds under each (docs/reliability.md)."""

import json

from tests.world.aws.sagemaker import DAY, Plan
from tests.world.faults import (
    CONFLICT,
    CRASH_AFTER,
    CRASH_BEFORE,
    DENIED,
    LOST_ANSWER,
    QUOTA,
    SERVER_ERROR,
    SLOW,
    THROTTLE,
)
from tests.world.house import OTHER_TOPIC, PERIOD, TOPIC
from tests.world.scene import HOUR, MINUTE, Scene, fault

ALL = {"car": "COMPLETE", "road": "COMPLETE", "car-audit": "COMPLETE", "road-audit": "COMPLETE"}
USUAL = ["car", "road", "car-audit", "road-audit"]


def good_end(scene: Scene) -> None:
    """The usual batch ran as if nothing had happened."""
    assert scene.until_over() == "COMPLETE"
    assert scene.statuses() == ALL
    assert sorted(scene.created()) == sorted(USUAL)
    assert set(scene.ends_told()) == {"SUCCESS"}


@fault("Nothing goes wrong", "The batch ends without the reconciler; every end is told once.")
def test_without_faults_the_reconciler_is_never_needed() -> None:
    with Scene(reconciler=False).running() as scene:
        scene.post(scene.request())
        good_end(scene)
        assert scene.ends_told() == ["SUCCESS"]


@fault(
    "The end of a labeling job is told twice, at the same time",
    "One transition; nothing starts early, nothing is made twice.",
)
def test_events_that_come_twice() -> None:
    with Scene(reconciler=False).running() as scene:
        scene.world.events.twice = 1.0
        scene.post(scene.request())
        good_end(scene)


@fault(
    "Events come hours late and in another order",
    "The reconciler settles first; the late event changes nothing.",
)
def test_events_that_come_late() -> None:
    with Scene().running() as scene:
        scene.world.events.late = 1.0
        scene.post(scene.request())
        good_end(scene)


@fault("No event ever comes", "The reconciler finds every end within its period.")
def test_events_that_never_come() -> None:
    with Scene().running() as scene:
        scene.world.events.drop = 1.0
        scene.post(scene.request())
        good_end(scene)
        # Two levels of an hour, and at most a period for each of what was not told.
        assert scene.world.scheduler.now - scene.world.scheduler.start < 2 * HOUR + 3 * PERIOD


@fault(
    "The event comes before the row says that the labeling job exists",
    "The claim leads from the event to the row; the job is recorded, then settled.",
)
def test_an_event_before_the_row() -> None:
    with Scene().running() as scene:
        scene.plans["car"] = Plan(0.1)
        scene.at("DynamoBatchStore.job_created", SLOW, seconds=30.0)
        scene.post(scene.request())
        good_end(scene)


@fault(
    "The end event is at work while StartJob records the start",
    "The event finds the start recorded, and settles it: no reconciler needed.",
)
def test_an_end_event_beside_the_record_of_the_start() -> None:
    with Scene(reconciler=False).running() as scene:
        scene.plans["car"] = Plan(0.1)
        # StartJob records the start while the event's Describe is under way.
        scene.at("DynamoBatchStore.job_created", SLOW, seconds=5.0)
        scene.at("GroundTruthEngine.describe", SLOW, times=1, skip=4, seconds=20.0)
        scene.post(scene.request())
        good_end(scene)


@fault(
    "An event about a labeling job that is not Terrace's",
    "It changes nothing, and does not come again.",
)
def test_a_foreign_event() -> None:
    with Scene().running() as scene:
        arn = "arn:aws:sagemaker:us-east-1:111122223333:labeling-job/other"
        scene.world.events.send(json.dumps({"resources": [arn]}))
        scene.post(scene.request())
        good_end(scene)
        assert not scene.world.events.dlq


@fault(
    "All jobs of a level end before the token is stored",
    "ParkWave looks after it has stored the token: no wake-up is lost, no reconciler needed.",
)
def test_a_token_that_is_stored_late() -> None:
    with Scene(reconciler=False).running() as scene:
        scene.plans = {"car": Plan(2.0), "road": Plan(2.0)}
        scene.at("DynamoBatchStore.park", SLOW, seconds=15.0)
        scene.post(scene.request())
        good_end(scene)


@fault(
    "on_job_event dies between the row and the wake-up",
    "The message comes again, and every settle ends with the release check.",
)
def test_the_listener_dies_before_the_release() -> None:
    with Scene(reconciler=False).running() as scene:
        scene.at("DynamoBatchStore.end_attempt", CRASH_AFTER, times=2)
        scene.post(scene.request())
        good_end(scene)


@fault(
    "on_job_event dies right after SendTaskSuccess",
    "The second nudge meets a token that nobody waits for, and that is no error.",
)
def test_the_listener_dies_after_the_release() -> None:
    with Scene().running() as scene:
        scene.at("StepFunctionsWorkflow.release", CRASH_AFTER, times=2)
        scene.post(scene.request())
        good_end(scene)


@fault(
    "StartJob dies right after CreateLabelingJob",
    "The next try finds the labeling job to be its own and adopts it; it is made once.",
)
def test_a_crash_after_create() -> None:
    with Scene().running() as scene:
        scene.at("GroundTruthEngine.create", CRASH_AFTER, times=2)
        scene.post(scene.request())
        good_end(scene)


@fault(
    "The answer of CreateLabelingJob is lost",
    "As above: adopted, not made twice.",
)
def test_a_lost_answer_of_create() -> None:
    with Scene().running() as scene:
        scene.at("GroundTruthEngine.create", LOST_ANSWER, times=2)
        scene.post(scene.request())
        good_end(scene)


@fault(
    "A foreign labeling job has taken a job's name",
    "The job fails and names both; nothing is adopted, siblings go on.",
)
def test_a_name_that_is_taken() -> None:
    with Scene().running() as scene:

        def taken() -> None:
            scene.world.sagemaker.create_labeling_job(
                LabelingJobName="CAR-audit",
                LabelAttributeName="x",
                InputConfig={"DataSource": {"S3DataSource": {"ManifestS3Uri": scene.manifest}}},
                OutputConfig={"S3OutputPath": "s3://batch-bucket/other/"},
            )

        scene.after(MINUTE, taken)
        scene.post(scene.request(onJobFailure="continue"))
        assert scene.until_over() == "COMPLETE_WITH_ERRORS"
        assert scene.statuses() == {**ALL, "car-audit": "FAILED"}
        [row] = [job for job in scene.world.jobs("b") if job.jobName == "car-audit"]
        assert "CAR-audit" in (row.failureReason or "")


@fault(
    "Two batches name the same job, in different case",
    "The second is refused before any labeling job is made, and gives its names back.",
)
def test_two_batches_with_one_name() -> None:
    with Scene().running() as scene:
        scene.post(scene.request())
        scene.run(MINUTE)
        scene.post(scene.request(scene.label("CAR"), scene.label("free"), batch_id="c"))
        assert scene.until_over("c") == "VALIDATION_FAIL"
        assert scene.until_over() == "COMPLETE"
        assert sorted(scene.created()) == sorted(USUAL)
        assert scene.world.claim("free") is None


@fault("A third of all AWS calls are throttled", "Every job is made once; nothing fails.")
def test_throttling() -> None:
    with Scene().running() as scene:
        scene.world.faults.rate, scene.world.faults.flat = 0.3, True
        # Three further sendings by the SDK: 0.3 ** 3 is left.
        scene.world.faults.hidden = 0.973
        scene.world.faults.weights = dict.fromkeys(
            [CRASH_BEFORE, CRASH_AFTER, SERVER_ERROR, LOST_ANSWER, SLOW, CONFLICT, QUOTA], 0.0
        ) | {THROTTLE: 1.0}
        scene.post(scene.request(), times=3)
        good_end(scene)


@fault(
    "The quota of labeling jobs is full for two hours",
    "The jobs wait and are tried again; the batch does not fail.",
)
def test_a_full_quota() -> None:
    with Scene().running() as scene:
        scene.world.sagemaker.quota = 0
        scene.after(2 * HOUR, lambda: setattr(scene.world.sagemaker, "quota", None))
        scene.post(scene.request())
        good_end(scene)
        assert {job.deferrals > 0 for job in scene.world.jobs("b") if job.level == 1} == {True}


@fault(
    "A labeling job ends Failed under `onJobFailure: fail`",
    "Nothing new starts, what runs is left to finish, its labels are kept; the batch is FAILED.",
)
def test_a_failed_job() -> None:
    with Scene().running() as scene:
        scene.plans["car"] = Plan(MINUTE, "Failed", 0.0, "absent")
        scene.post(scene.request())
        assert scene.until_over() == "FAILED"
        dropped = {"car-audit": "DROPPED", "road-audit": "DROPPED"}
        assert scene.statuses() == {"car": "FAILED", "road": "COMPLETE", **dropped}
        assert scene.ends_told() == ["FAILED"]
        assert scene.sent("JOB_FAILED") >= 1


@fault(
    "A labeling job ends Completed with half of its labels",
    "The missing items alone are labeled again, and merged in their order.",
)
def test_a_partial_completion() -> None:
    with Scene().running() as scene:
        scene.plans["car"] = Plan(HOUR, share=0.5)
        scene.post(scene.request())
        assert scene.until_over() == "COMPLETE"
        assert len(scene.world.sagemaker.jobs["car-a2"].items) == 2
        [car] = [job for job in scene.world.jobs("b") if job.jobName == "car"]
        lines = scene.world.lines(car.outputManifestS3Uri or "") or []
        names = [line["car"].split("/")[3] for line in lines]
        assert names == ["car", "car", "car-a2", "car-a2"]


@fault(
    "A labeling job completes, and nothing is labeled",
    "It is never taken for success: its attempts are used up, then it is FAILED.",
)
def test_a_completion_without_labels() -> None:
    with Scene().running() as scene:
        for name in ("car", "car-a2", "car-a3"):
            scene.plans[name] = Plan(HOUR, share=0.0)
        scene.post(scene.request(onJobFailure="continue"))
        assert scene.until_over() == "COMPLETE_WITH_ERRORS"
        assert scene.statuses()["car"] == "FAILED"
        assert scene.statuses()["car-audit"] == "DROPPED"


@fault(
    "Somebody stops a labeling job in the console",
    "STOPPED, not started again; its labels are kept; the batch is not COMPLETE.",
)
def test_a_job_stopped_by_hand() -> None:
    with Scene().running() as scene:
        stop = scene.world.sagemaker.stop_labeling_job
        scene.after(30 * MINUTE, lambda: stop(LabelingJobName="car"))
        scene.post(scene.request())
        assert scene.until_over() == "FAILED"
        [car] = [job for job in scene.world.jobs("b") if job.jobName == "car"]
        assert (car.status, car.numItemsLabeled) == ("STOPPED", 2)


@fault(
    "An output manifest never comes, or is cut off",
    "It is looked at twice, then the job is FAILED with the reason; it is not run again.",
)
def test_a_missing_and_a_truncated_manifest() -> None:
    with Scene().running() as scene:
        scene.plans = {
            "car": Plan(HOUR, manifest="absent"),
            "road": Plan(HOUR, manifest="truncated"),
        }
        scene.post(scene.request())
        assert scene.until_over() == "FAILED"
        assert scene.statuses()["car"] == scene.statuses()["road"] == "FAILED"
        assert sorted(scene.created()) == ["car", "road"]


@fault(
    "An output manifest comes minutes after the event",
    "The second look finds it; its labels are kept.",
)
def test_a_late_manifest() -> None:
    with Scene().running() as scene:
        scene.plans["car"] = Plan(HOUR, manifest="late", late=5 * MINUTE)
        scene.post(scene.request())
        good_end(scene)


@fault(
    "The batch is stopped while a level is half created",
    "Nothing is claimed after the stop; what was made is stopped, its labels are delivered.",
)
def test_a_stop_in_the_middle_of_a_level() -> None:
    with Scene().running() as scene:
        scene.at("GroundTruthEngine.create", SLOW, seconds=20.0)
        scene.after(5.0, lambda: scene.order("stop", mode="stop"))
        scene.post(scene.request())
        assert scene.until_over() == "STOPPED"
        assert not scene.world.live("b")
        assert scene.world.scheduler.now - scene.world.scheduler.start < 2 * PERIOD


@fault(
    "A stopped batch is retried weeks later",
    "Only items without a label go to people again; the batch completes.",
)
def test_a_retry_weeks_later() -> None:
    with Scene().running() as scene:
        scene.after(45 * MINUTE, lambda: scene.order("stop", mode="stop"))
        scene.post(scene.request())
        assert scene.until_over() == "STOPPED"
        scene.run(21 * DAY)
        scene.order("retry")
        scene.run(MINUTE)
        assert scene.until_over() == "COMPLETE"
        assert len(scene.world.sagemaker.jobs["car-a2"].items) == 1


@fault(
    "The same POST comes three times at once, and again after a time-out",
    "One batch, one execution; every answer is the same.",
)
def test_the_same_post_many_times() -> None:
    with Scene().running() as scene:
        request = scene.request()
        scene.post(request, times=3)
        scene.after(29.0, lambda: scene.post(request))
        good_end(scene)
        assert {answer.code for answer in scene.answers} == {200}
        assert list(scene.world.stepfunctions.executions) == ["b"]


@fault(
    "The same id comes with another content",
    "409; the first batch is not touched.",
)
def test_the_same_id_with_another_content() -> None:
    with Scene().running() as scene:
        scene.post(scene.request())
        scene.run(1.0)
        scene.post(scene.request(scene.label("other")))
        good_end(scene)
        assert sorted(answer.code for answer in scene.answers) == [200, 409]


@fault(
    "The API dies between the batch's row and StartExecution",
    "A repeated POST, or the reconciler, starts what the row asks for.",
)
def test_a_crash_between_row_and_execution() -> None:
    with Scene().running() as scene:
        scene.at("StepFunctionsWorkflow.start", CRASH_BEFORE)
        scene.post(scene.request())
        good_end(scene)


@fault(
    "Every conditional write meets TransactionConflict, once or twice",
    "It is tried again at once: a conflict is not a lost condition.",
)
def test_transaction_conflicts() -> None:
    with Scene(reconciler=False).running() as scene:
        for name in (
            "create_batch",
            "reserve",
            "put_job",
            "finish_transform",
            "advance_wave",
            "claim",
            "save_input",
            "job_created",
            "park",
            "end_attempt",
            "end_batch",
            "message_sent",
            "close_batch",
            "set_execution",
            "note_nudge",
        ):
            scene.at(f"DynamoBatchStore.{name}", CONFLICT, times=2)
        scene.post(scene.request())
        good_end(scene)


@fault(
    "Every write's answer is lost once, after it took effect",
    "The SDK's second sending finds the first; nothing is held to be lost, or done twice.",
)
def test_lost_answers_of_every_write() -> None:
    with Scene().running() as scene:
        for name in (
            "create_batch",
            "reserve",
            "put_job",
            "finish_transform",
            "advance_wave",
            "claim",
            "save_input",
            "job_created",
            "park",
            "end_attempt",
            "end_batch",
            "message_sent",
            "close_batch",
            "set_execution",
            "note_nudge",
        ):
            scene.at(f"DynamoBatchStore.{name}", LOST_ANSWER)
        scene.post(scene.request())
        good_end(scene)


@fault(
    "The execution is aborted while a level is half created",
    "A fresh generation adopts what exists and creates what does not.",
)
def test_an_abort_in_the_middle_of_a_level() -> None:
    with Scene().running() as scene:
        scene.at("GroundTruthEngine.create", SLOW, seconds=20.0)
        scene.after(5.0, lambda: scene.execution().abort())
        scene.post(scene.request())
        good_end(scene)
        assert len(scene.world.stepfunctions.executions) == 2


@fault(
    "An execution is aborted and redriven",
    "The redriven one ends quietly if it is stale, and goes on if it is not.",
)
def test_an_abort_and_a_redrive() -> None:
    with Scene().running() as scene:
        scene.world.events.drop = 1.0

        def again() -> None:
            execution = scene.execution()
            execution.abort()
            scene.after(1.0, execution.redrive)

        scene.after(10 * MINUTE, again)
        scene.post(scene.request())
        good_end(scene)


@fault(
    "An execution is gone for an hour, then redriven beside its replacement",
    "The stale one moves nothing.",
)
def test_two_executions_at_once() -> None:
    with Scene().running() as scene:

        def again() -> None:
            execution = scene.execution()
            execution.abort()
            scene.after(30 * MINUTE, execution.redrive)

        scene.after(10 * MINUTE, again)
        scene.post(scene.request())
        good_end(scene)


@fault(
    "A function dies at each call of StartJob in turn",
    "Claim, tags and output path say whose a labeling job is: each is made once.",
)
def test_start_job_dies_everywhere() -> None:
    sites = ("DynamoBatchStore.claim", "GroundTruthEngine.create", "DynamoBatchStore.job_created")
    for site in sites:
        for kind in (CRASH_BEFORE, CRASH_AFTER):
            with Scene().running() as scene:
                scene.at(site, kind, times=3)
                scene.post(scene.request())
                good_end(scene)


@fault(
    "Step Functions loses the connection to a function that runs on",
    "The try beside it finds the claim or the labeling job; nothing is made twice.",
)
def test_functions_that_run_on() -> None:
    with Scene().running() as scene:
        scene.world.zombies = 0.5
        scene.post(scene.request())
        good_end(scene)


@fault(
    "A labeling job is not done in 30 days",
    "Ground Truth lets it fail; its labels are kept, the rest is labeled in a new attempt.",
)
def test_the_end_of_thirty_days() -> None:
    with Scene().running() as scene:
        scene.plans["car"] = Plan(60 * DAY)
        scene.post(scene.request(scene.label("car")))
        assert scene.until_over(days=40) == "COMPLETE"
        assert len(scene.world.sagemaker.jobs["car"].labels) == 2
        assert len(scene.world.sagemaker.jobs["car-a2"].items) == 2


@fault(
    "A labeling job is not done within its own `jobCompletionTimeoutInSeconds`",
    "Terrace stops it; it is FAILED for that reason, and its labels are kept.",
)
def test_a_job_past_its_own_time_out() -> None:
    with Scene().running() as scene:
        scene.plans["car"] = Plan(28 * DAY)
        limit = {"jobCompletionTimeoutInSeconds": 14 * 86_400}
        times = {"taskAvailabilityLifetimeInSeconds": 864_000, "taskTimeLimitInSeconds": 3600}
        scene.post(scene.request(scene.label("car", **limit, **times)))
        assert scene.until_over() == "FAILED"
        [car] = scene.world.jobs("b")
        assert (car.status, car.numItemsLabeled) == ("FAILED", 2)
        assert "not finished within" in (car.failureReason or "")


@fault(
    "SNS is down for twelve hours when the batch ends",
    "The batch has ended; it stays on the work list and its end is told when SNS is back.",
)
def test_sns_down() -> None:
    with Scene().running() as scene:
        scene.world.faults.down.add("sns")
        scene.after(14 * HOUR, lambda: scene.world.faults.down.discard("sns"))
        scene.post(scene.request())
        good_end(scene)


@fault(
    "Notify dies right after it has published",
    "The end is told a second time with the same de-duplication id.",
)
def test_a_message_twice() -> None:
    with Scene().running() as scene:
        scene.at("DynamoBatchStore.message_sent", CRASH_BEFORE)
        scene.post(scene.request())
        good_end(scene)
        ends = [m for m in scene.world.sns.sent if m["eventType"] == "BATCH_COMPLETE"]
        assert len(ends) == 2
        assert len({m["body"]["dedupId"] for m in ends}) == 1


@fault(
    "EventBridge delivers nothing for 25 hours",
    "Events older than a day are lost; the reconciler does without them.",
)
def test_no_events_for_25_hours() -> None:
    with Scene().running() as scene:
        scene.world.events.down_until = scene.world.scheduler.now + 25 * HOUR
        scene.post(scene.request())
        good_end(scene)


@fault(
    "on_job_event fails until its messages are dead, and they are moved back later",
    "By then all is settled; the old messages change nothing.",
)
def test_dead_letters_moved_back() -> None:
    with Scene().running() as scene:
        scene.at("DynamoBatchStore.get_claim", CRASH_BEFORE, times=60)
        scene.post(scene.request())
        good_end(scene)
        scene.run(6 * HOUR)
        scene.world.faults.scripts.clear()
        assert scene.world.events.dlq
        before = scene.statuses()
        scene.world.events.redrive_dlq()
        scene.run(MINUTE)
        scene.check()
        assert scene.statuses() == before
        assert not scene.world.events.dlq


@fault(
    "New code meets rows and tokens of the old, which lack the newer attributes",
    "Rows without them are read with their defaults; the waiting execution goes on.",
)
def test_new_code_with_old_rows() -> None:
    newer = {"stop", "retry", "turnEvents", "firstAttempt", "relane", "brokenStarts", "deferrals"}
    with Scene().running() as scene:
        scene.post(scene.request())
        scene.run(10 * MINUTE)
        for key, item in list(scene.world.dynamo.items.items()):
            if key[0] == "BATCH#b":
                old = {name: value for name, value in item.items() if name not in newer}
                scene.world.dynamo.items[key] = old
                scene.world.dynamo._partitions[key[0]][key[1]] = old
        good_end(scene)


@fault(
    "The history of an execution would grow too long",
    "The batch is handed over to fresh executions; nothing is made twice.",
)
def test_a_hand_over() -> None:
    scene = Scene()
    scene.world.settings["EVENT_BOUND"] = "100"
    with scene.running():
        scene.post(scene.request())
        good_end(scene)
        assert len(scene.world.stepfunctions.executions) > 1


@fault(
    "S3 answers with errors for half an hour",
    "Labeling jobs that end meanwhile are settled later; nothing is given up.",
)
def test_s3_down() -> None:
    with Scene().running() as scene:
        scene.after(50 * MINUTE, lambda: scene.world.faults.down.add("s3"))
        scene.after(80 * MINUTE, lambda: scene.world.faults.down.discard("s3"))
        scene.post(scene.request())
        good_end(scene)


@fault(
    "The reconciler dies in every pass for two hours",
    "Events still move the batch; the next pass that lives repairs the rest.",
)
def test_a_dying_reconciler() -> None:
    with Scene().running() as scene:
        scene.world.events.drop = 1.0
        scene.at("DynamoBatchStore.open_batches", CRASH_AFTER, times=8)
        scene.post(scene.request())
        good_end(scene)


@fault(
    "The end of a labeled batch may not be written for three hours",
    "No mark: fresh executions try once a period, and the batch ends COMPLETE.",
)
def test_an_end_that_may_not_be_written() -> None:
    with Scene().running() as scene:
        scene.at("DynamoBatchStore.end_batch", DENIED, times=12)
        scene.post(scene.request())
        good_end(scene)
        # One execution a period, and one at once after the first.
        assert 3 * HOUR / PERIOD <= len(scene.world.stepfunctions.executions) <= 14


@fault(
    "The batch's own topic is deleted while people work",
    "The stack's topic is told instead; the message and the timeline say so.",
)
def test_a_topic_that_is_gone() -> None:
    with Scene().running() as scene:
        sns = scene.world.sns
        scene.after(10 * MINUTE, lambda: sns.topics.remove(OTHER_TOPIC))
        scene.post(scene.request(destinationSnsArn=OTHER_TOPIC))
        good_end(scene)
        assert {message["topic"] for message in sns.sent} == {TOPIC}
        assert {message["body"]["undeliverableTo"] for message in sns.sent} == {OTHER_TOPIC}
        [told] = scene.timeline("MESSAGE_SENT")
        assert OTHER_TOPIC in str(told)


@fault(
    "A batch fails before it is accepted, and another wants its names",
    "No labeling job was asked for under them: the other gets them.",
)
def test_names_of_a_batch_that_was_never_accepted() -> None:
    with Scene().running() as scene:
        scene.at("DynamoBatchStore.finish_transform", DENIED)
        scene.post(scene.request())
        assert scene.until_over() == "FAILED"
        scene.world.faults.scripts.clear()
        scene.post(scene.request(batch_id="c"))
        assert scene.until_over("c") == "COMPLETE"


@fault(
    "WriteReport dies at every call, for ever",
    "The batch has ended as it would have, and its message goes out without a report.",
)
def test_a_report_that_is_never_written() -> None:
    with Scene().running() as scene:
        scene.at("DynamoBatchStore.set_report", CRASH_BEFORE, times=1_000)
        scene.post(scene.request())
        good_end(scene)
        [told] = [m["body"] for m in scene.world.sns.sent if m["eventType"] == "BATCH_COMPLETE"]
        assert "reportS3Uri" not in told
        batch = scene.world.batch("b")
        assert batch is not None
        assert batch.reportS3Uri is None


@fault(
    "DeliverBatch dies at every call, for ever",
    "The batch has ended as it would have, and its message goes out without final manifests, and "
    "says that the delivery broke off.",
)
def test_a_delivery_that_is_never_made() -> None:
    with Scene().running() as scene:
        scene.at("DynamoBatchStore.set_delivery", CRASH_BEFORE, times=1_000)
        scene.post(scene.request())
        good_end(scene)
        [told] = [m["body"] for m in scene.world.sns.sent if m["eventType"] == "BATCH_COMPLETE"]
        assert told["outputs"]["finalManifestS3Uri"] is None
        assert told["outputs"]["items"] is None
        assert "broke off" in told["outputs"]["deliveryProblem"]


@fault(
    "DeliverBatch dies right after it has noted how far it is",
    "The next call goes on with what is there; each item is delivered once, and told.",
)
def test_a_delivery_that_is_taken_up_again() -> None:
    with Scene().running() as scene:
        scene.at("DynamoBatchStore.set_delivery", CRASH_AFTER, times=2)
        scene.post(scene.request())
        good_end(scene)
        [told] = [m["body"] for m in scene.world.sns.sent if m["eventType"] == "BATCH_COMPLETE"]
        outputs = told["outputs"]
        assert outputs["deliveryComplete"]
        assert outputs["items"] == outputs["accepted"] > 0


@fault(
    "WriteReport dies right after it has noted where the report is",
    "The next try goes on with what is there; the one message names the report.",
)
def test_a_report_that_is_taken_up_again() -> None:
    with Scene(reconciler=False).running() as scene:
        scene.at("DynamoBatchStore.set_report", CRASH_AFTER)
        scene.post(scene.request())
        good_end(scene)
        batch = scene.world.batch("b")
        assert batch is not None
        assert batch.report is not None
        assert batch.report.complete
        [told] = [m["body"] for m in scene.world.sns.sent if m["eventType"] == "BATCH_COMPLETE"]
        assert told["reportS3Uri"] == batch.report.s3Uri


@fault(
    "The report takes so long that WriteReport is cut off, while the reconciler makes its rounds",
    "The reconciler leaves the message to the machine that still reports; the end is told once.",
)
def test_a_slow_report_is_waited_for() -> None:
    with Scene().running() as scene:
        scene.at("DynamoBatchStore.set_report", SLOW, seconds=1_000.0)
        scene.post(scene.request())
        good_end(scene)
        assert scene.ends_told() == ["SUCCESS"]


@fault(
    "The execution is aborted while it writes the report",
    "The reconciler sees that nobody reports any more, and tells the end itself.",
)
def test_an_execution_that_dies_while_it_reports() -> None:
    with Scene().running() as scene:
        scene.at("DynamoBatchStore.set_report", SLOW, seconds=600.0)
        scene.post(scene.request())

        def abort_when_reporting() -> None:
            execution = scene.execution()
            if execution.path[-1:] == ["WriteReport"]:
                execution.abort()
            elif execution.status == "RUNNING":
                scene.after(30.0, abort_when_reporting)

        scene.after(30.0, abort_when_reporting)
        assert scene.until_over() == "COMPLETE"
        assert scene.statuses() == ALL
        assert scene.execution().status == "ABORTED"
        assert scene.ends_told() == ["SUCCESS"]
