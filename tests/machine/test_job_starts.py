"""Whatever CreateLabelingJob answers: one labeling job an attempt, all on record, none lost.

That every labeling job of a batch is on record, and that there is one an attempt, is looked at for
every batch by `World.ended`.
"""

import pytest

from tests.machine.conftest import Clips
from tests.machine.world import World, eventually, jobs_of

pytestmark = pytest.mark.local_aws

CREATE = "sagemaker.CreateLabelingJob"


def end_all(world: World, names: list[str]) -> None:
    """Ends labeling jobs well, each as soon as it exists."""
    for name in names:
        world.finish(name)


def test_a_throttled_create_is_tried_again_until_every_job_has_one_labeling_job(
    world: World, clips: Clips, batch: str
) -> None:
    # Given 30 % of all CreateLabelingJob calls throttled
    world.fault(CREATE, "ThrottlingException", times=-1, probability=0.3)
    firsts = [f"{batch}-{n}" for n in range(6)]
    jobs = [clips.label(name) for name in firsts]
    jobs += [clips.audit(f"{name}-check", name) for name in firsts]
    world.create(batch, jobs)
    # When all jobs end well
    end_all(world, [*firsts, *(f"{name}-check" for name in firsts)])
    # Then every job was made once, and some of them only after a refusal
    shown, _ = world.ended(batch)
    assert shown["status"] == "COMPLETE"
    assert len(world.labeling_jobs(batch)) == 12
    assert world.hits()[0] > 0
    assert {job["attempt"] for job in jobs_of(shown).values()} == {1}


def test_a_full_quota_delays_a_job_until_another_has_ended(
    world: World, clips: Clips, batch: str
) -> None:
    # Given two jobs whose turn comes at once, and a quota with room for one of them
    car, checks = f"{batch}-car", [f"{batch}-{n}" for n in range(2)]
    world.create(batch, [clips.label(car), *(clips.audit(name, car) for name in checks)])
    world.exists(car)
    world.fault(CREATE, "ResourceLimitExceeded")
    world.finish(car)
    eventually(lambda: world.timeline(batch, "JOB_DEFERRED"), "one is put off")
    started = eventually(lambda: set(world.labeling_jobs(batch)) - {car}, "the other is made")
    (late,) = set(checks) - started
    put_off = world.job(batch, late)
    assert (put_off["batchStatus"], put_off["failureReason"]) == ("PENDING", None)
    assert put_off["notBefore"] is not None
    # When the other ends, then the late one starts at once, long before that time
    world.finish(started.pop())
    world.finish(late)
    shown, _ = world.ended(batch)
    assert shown["status"] == "COMPLETE"
    assert jobs_of(shown)[late]["startedAt"] < put_off["notBefore"]


def test_a_quota_that_stays_full_delays_every_job_and_fails_none(
    world: World, clips: Clips, batch: str
) -> None:
    # Given no room for any labeling job
    world.fault(CREATE, "ResourceLimitExceeded", times=-1)
    names = [f"{batch}-{n}" for n in range(3)]
    checks = [f"{name}-check" for name in names]
    jobs = [clips.label(name) for name in names]
    jobs += [clips.audit(f"{name}-check", name) for name in names]
    world.create(batch, jobs)
    # When hours go by, in which every new try is refused as well
    for tries in range(1, 4):
        for name in names:
            eventually(lambda n=name, t=tries: deferrals(world, batch, n) >= t, "it is deferred")
        for name in names:
            time_passes(world, batch, name)
    assert {world.job(batch, name)["batchStatus"] for name in names} <= {"PENDING", "STARTING"}
    assert world.labeling_jobs(batch) == {}
    # Then all of them start once there is room, and none has failed
    world.control("faults", method="DELETE")
    for name in names:
        time_passes(world, batch, name)
    end_all(world, [*names, *checks])
    shown, _ = world.ended(batch)
    assert shown["status"] == "COMPLETE"
    assert world.timeline(batch, "JOB_DEFERRED")
    assert not world.timeline(batch, "JOB_FAILED")


def deferrals(world: World, batch: str, name: str) -> int:
    """How often a job was put off."""
    return sum(int(row.get("deferrals", 0)) for row in world.rows(batch, f"JOB#01#{name}"))


def time_passes(world: World, batch: str, name: str) -> None:
    """The time until which a job was put off is over: the row says so, nobody has to wait."""
    world.client("dynamodb").update_item(
        TableName=world.contract["tableName"],
        Key={"PK": {"S": f"BATCH#{batch}"}, "SK": {"S": f"JOB#01#{name}"}},
        UpdateExpression="SET notBefore = :t",
        ExpressionAttributeValues={":t": {"N": "1"}},
    )


# --- names ----------------------------------------------------------------------------------------


def foreign(world: World, clips: Clips, name: str) -> str:
    """A labeling job that somebody made by hand; its ARN."""
    it = world.contract
    account, region = it["accountId"], it["region"]
    return world.client("sagemaker").create_labeling_job(
        LabelingJobName=name,
        LabelAttributeName=f"{name}-ref",
        InputConfig={"DataSource": {"S3DataSource": {"ManifestS3Uri": clips.manifest}}},
        OutputConfig={"S3OutputPath": f"s3://{it['inputBucket']}/by-hand/"},
        RoleArn=it["executionRoleArn"],
        LabelCategoryConfigS3Uri=clips.categories,
        HumanTaskConfig={
            "WorkteamArn": it["firstLevelWorkteamArn"],
            "UiConfig": {
                "HumanTaskUiArn": f"arn:aws:sagemaker:{region}:394669845002:human-task-ui/"
                "VideoObjectTracking"
            },
            "PreHumanTaskLambdaArn": f"arn:aws:lambda:{region}:432418664414:function:"
            "PRE-VideoObjectTracking",
            "AnnotationConsolidationConfig": {
                "AnnotationConsolidationLambdaArn": f"arn:aws:lambda:{region}:432418664414:"
                "function:ACS-VideoObjectTracking"
            },
            "TaskTitle": f"by hand in {account}",
            "TaskDescription": "by hand",
            "NumberOfHumanWorkersPerDataObject": 1,
            "TaskTimeLimitInSeconds": 3600,
        },
    )["LabelingJobArn"]


def test_a_name_that_a_foreign_labeling_job_has_is_found_before_any_job_is_made(
    world: World, clips: Clips, batch: str
) -> None:
    # Given a labeling job made by hand, its name in another case
    taken = f"{batch}-Car"
    arn = foreign(world, clips, taken)
    # When a batch wants that name
    world.create(batch, [clips.label(f"{batch}-free"), clips.label(f"{batch}-car")])
    # Then it is refused with the name, and nothing was made
    shown, message = world.ended(batch)
    assert (shown["status"], message["status"]) == ("VALIDATION_FAIL", "FAILED")
    (problem,) = shown["errors"]
    assert problem["path"] == "$.labelingJobs[1].jobName"
    assert problem["code"] == "JOB_NAME_TAKEN"
    assert arn in problem["problem"]
    assert taken in problem["problem"]
    assert message["errors"] == shown["errors"]
    assert world.labeling_jobs(batch) == {}


def test_a_name_that_another_batch_has_is_found_before_any_job_is_made(
    world: World, clips: Clips, batch: str
) -> None:
    # Given a batch that has a name for a job which has not been started yet
    first, second = f"{batch}-first", f"{batch}-second"
    jobs = [clips.label(f"{first}-car"), clips.audit(f"{first}-check", f"{first}-car")]
    world.create(first, jobs)
    world.exists(f"{first}-car")
    # When another batch wants it too
    world.create(second, [clips.label(f"{first}-CHECK")])
    # Then the other is refused with the first one's name, and the first goes on
    shown, _ = world.ended(second)
    assert shown["status"] == "VALIDATION_FAIL"
    assert first in shown["errors"][0]["problem"]
    end_all(world, [f"{first}-car", f"{first}-check"])
    assert world.ended(first)[0]["status"] == "COMPLETE"


def test_a_name_that_is_taken_while_the_batch_runs_fails_that_job_with_both_names(
    world: World, clips: Clips, batch: str
) -> None:
    # Given a running batch, and a labeling job made by hand with the name of its next job
    car, check = f"{batch}-car", f"{batch}-check"
    world.create(batch, [clips.label(car), clips.audit(check, car)])
    world.exists(car)
    arn = foreign(world, clips, check)
    # When it is that job's turn
    world.finish(car)
    # Then the job fails with both names, the foreign one is left alone
    shown, message = world.ended(batch)
    assert shown["status"] == "FAILED"
    job = jobs_of(shown)[check]
    assert job["batchStatus"] == "FAILED"
    assert job["labelingJobArn"] is None
    for name in (check, arn, batch):
        assert name in job["failureReason"]
    assert arn in message["errorString"]
    status = world.client("sagemaker").describe_labeling_job(LabelingJobName=check)
    assert status["LabelingJobStatus"] in {"Initializing", "InProgress"}


@pytest.mark.parametrize("error", ["ConnectionReset", "InternalServerError"])
def test_a_create_whose_answer_is_lost_makes_one_labeling_job(
    world: World, clips: Clips, batch: str, error: str
) -> None:
    # Given that every second answer of CreateLabelingJob is lost after the job was made
    world.fault(CREATE, error, when="after", times=2)
    firsts = [f"{batch}-{n}" for n in range(2)]
    jobs = [clips.label(name) for name in firsts]
    jobs += [clips.audit(f"{name}-check", name) for name in firsts]
    world.create(batch, jobs)
    end_all(world, [*firsts, *(f"{name}-check" for name in firsts)])
    # Then each job was found to be ours and taken up
    shown, _ = world.ended(batch)
    assert shown["status"] == "COMPLETE"
    assert world.hits() == [2]
    assert len(world.labeling_jobs(batch)) == 4
    for job in jobs_of(shown).values():
        assert job["labelingJobArn"].endswith(f"/{job['labelingJobName']}")


def test_a_retry_whose_answer_is_lost_makes_one_labeling_job_too(
    world: World, clips: Clips, batch: str
) -> None:
    name = f"{batch}-car"
    world.create(batch, [clips.label(name)])
    world.exists(name)
    world.fault(CREATE, "ConnectionReset", when="after")
    world.finish(name, labeled=0.6)
    world.finish(f"{name}-a2")
    shown, _ = world.ended(batch)
    assert shown["status"] == "COMPLETE"
    assert sorted(world.labeling_jobs(batch)) == [name, f"{name}-a2"]


def test_a_call_of_a_function_that_gets_no_answer_is_made_again(
    world: World, clips: Clips, batch: str
) -> None:
    # Given that the machine's first two calls of a function lose their connection,
    # one before the function ran and one after
    name = f"{batch}-car"
    world.fault("lambda.Invoke", "ConnectionReset", path="transform-batch")
    world.fault("lambda.Invoke", "ConnectionReset", when="after", path="transform-batch")
    world.create(batch, [clips.label(name)])
    world.finish(name)
    # Then the batch is what its job is, not failed by the machine
    shown, _ = world.ended(batch)
    assert shown["status"] == "COMPLETE"
    assert world.hits() == [1, 1]
    failed = [
        event["taskFailedEventDetails"]["error"]
        for event in world.history(shown["executionArn"])
        if event["type"] == "TaskFailed"
    ]
    assert failed == ["Lambda.SdkClientException"] * 2
