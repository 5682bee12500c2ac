"""Bad input is told to whoever sent it, before anybody is paid: never a 5xx, never a job.

What can be seen in the request itself is a 400 with every problem; what only the data shows is a
VALIDATION_FAIL batch with the reason, in `show` and in the message.
"""

import copy
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.machine.conftest import EMPTY_TEAM, NO_CORS, OTHER_REGION, Clips
from tests.machine.world import Json, World, jobs_of

pytestmark = pytest.mark.local_aws

EXISTS = {"BucketAlreadyOwnedByYou", "GroupExistsException", "ResourceInUse"}

Change = Callable[[Json], Any]
JOB = "$.labelingJobs[0]"


def labeling_jobs(world: World) -> int:
    """How many labeling jobs there are at all."""
    return len(world.control("jobs")["jobs"])


def a_request(clips: Clips, batch: str) -> Json:
    """A right request of one lane of three levels."""
    a, b, c = f"{batch}-a", f"{batch}-b", f"{batch}-c"
    return {
        "batchId": batch,
        "labelingJobs": [clips.label(a), clips.audit(b, a), clips.audit(c, b, level=3)],
    }


def set_in(*keys: str | int, to: Any) -> Change:
    """Changes one value of the request."""

    def change(request: Json) -> None:
        place: Any = request
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = to

    return change


def drop(*keys: str | int) -> Change:
    """Takes one key out of the request."""

    def change(request: Json) -> None:
        place: Any = request
        for key in keys[:-1]:
            place = place[key]
        del place[keys[-1]]

    return change


def job(key: str, to: Any, number: int = 0) -> Change:
    """Changes one field of a job."""
    return set_in("labelingJobs", number, key, to=to)


def chain(number: int, source: str) -> Change:
    """Chains a job from another."""
    return job("inputConfig", {"chainFromJobName": source}, number)


def same_name_but_for_case(request: Json) -> None:
    name = request["labelingJobs"][0]["jobName"]
    request["labelingJobs"].append({**request["labelingJobs"][0], "jobName": name.upper()})


def cycle(request: Json) -> None:
    a, b = (request["labelingJobs"][n]["jobName"] for n in (0, 1))
    chain(0, b)(request)
    chain(1, a)(request)


def own_source(request: Json) -> None:
    chain(1, request["labelingJobs"][1]["jobName"])(request)


def same_level(request: Json) -> None:
    job("jobLevel", 1, 1)(request)


def higher_level(request: Json) -> None:
    chain(1, request["labelingJobs"][2]["jobName"])(request)


def jobs_1001(request: Json) -> None:
    first = request["labelingJobs"][0]
    jobs = [{**first, "jobName": f"{first['jobName']}{n}"} for n in range(1001)]
    request["labelingJobs"] = jobs


CASES: list[tuple[str, Change, str]] = [
    ("no batchId", drop("batchId"), "$.batchId"),
    ("an empty batchId", set_in("batchId", to=""), "$.batchId"),
    ("a batchId of 64 characters", set_in("batchId", to="b" * 64), "$.batchId"),
    ("an underscored batchId", set_in("batchId", to="a_b"), "$.batchId"),
    ("a batchId that is a number", set_in("batchId", to=7), "$.batchId"),
    ("no jobs", drop("labelingJobs"), "$.labelingJobs"),
    ("an empty list of jobs", set_in("labelingJobs", to=[]), "$.labelingJobs"),
    ("jobs that are no list", set_in("labelingJobs", to={"a": 1}), "$.labelingJobs"),
    ("a job that is no object", set_in("labelingJobs", 0, to="car"), JOB),
    ("1,001 jobs", jobs_1001, "$.labelingJobs"),
    ("an unknown field", set_in("labelingJob", to=[]), "$.labelingJob"),
    ("an unknown field of a job", job("jobNames", "x"), f"{JOB}.jobNames"),
    ("an unknown pacing", set_in("pacing", to="fast"), "$.pacing"),
    ("an unknown policy", set_in("onJobFailure", to="ignore"), "$.onJobFailure"),
    ("no jobName", drop("labelingJobs", 0, "jobName"), f"{JOB}.jobName"),
    ("a name of 65 characters", job("jobName", "n" * 65), f"{JOB}.jobName"),
    ("a name of 61 characters", job("jobName", "n" * 61), f"{JOB}.jobName"),
    ("an underscored name", job("jobName", "my_job"), f"{JOB}.jobName"),
    ("a name that looks like an attempt", job("jobName", "car-a2"), f"{JOB}.jobName"),
    ("a name with a letter of no alphabet here", job("jobName", "größe"), f"{JOB}.jobName"),
    ("a batchId with a line break at its end", set_in("batchId", to="b\n"), "$.batchId"),
    ("a name with a line break at its end", job("jobName", "car\n"), f"{JOB}.jobName"),
    ("a level beyond all numbers", job("jobLevel", 10**400), f"{JOB}.jobLevel"),
    ("a title that is no text", job("taskTitle", "\ud800"), f"{JOB}.taskTitle"),
    ("a title that is a list", job("taskTitle", ["car"]), f"{JOB}.taskTitle"),
    ("a name that is null", job("jobName", None), f"{JOB}.jobName"),
    ("names equal but for case", same_name_but_for_case, "$.labelingJobs[3].jobName"),
    ("no level", drop("labelingJobs", 0, "jobLevel"), f"{JOB}.jobLevel"),
    ("level 0", job("jobLevel", 0), f"{JOB}.jobLevel"),
    ("level 11", job("jobLevel", 11, 2), "$.labelingJobs[2].jobLevel"),
    ("level 11 as a string", job("jobLevel", "11", 2), "$.labelingJobs[2].jobLevel"),
    ("a level that is no number", job("jobLevel", "first"), f"{JOB}.jobLevel"),
    ("a level of one and a half", job("jobLevel", "1.5"), f"{JOB}.jobLevel"),
    ("a level that is true", job("jobLevel", True), f"{JOB}.jobLevel"),
    ("a streaming job", job("jobType", "STREAMING"), f"{JOB}.jobType"),
    ("an unknown modality", job("jobModality", "Smell"), f"{JOB}.jobModality"),
    ("no input", drop("labelingJobs", 0, "inputConfig"), f"{JOB}.inputConfig"),
    ("an empty input", job("inputConfig", {}), f"{JOB}.inputConfig"),
    ("a chain to an unknown job", chain(1, "nobody"), "$.labelingJobs[1].inputConfig"),
    ("a chain to itself", own_source, "$.labelingJobs[1].inputConfig"),
    ("a chain to the same level", same_level, "$.labelingJobs[1].inputConfig"),
    ("a chain to a higher level", higher_level, "$.labelingJobs[1].inputConfig"),
    ("a cycle", cycle, "$.labelingJobs[0].inputConfig"),
    (
        "a bucket that is not allowed",
        job("inputConfig", {"inputManifestS3Uri": "s3://somebody-elses/in.manifest"}),
        f"{JOB}.inputConfig.inputManifestS3Uri",
    ),
    (
        "a category file in a bucket that is not allowed",
        job("labelCategoryConfigS3Uri", "s3://somebody-elses/c.json"),
        f"{JOB}.labelCategoryConfigS3Uri",
    ),
    (
        "a manifest that is no S3 URI",
        job("inputConfig", {"inputManifestS3Uri": "https://example.com/m"}),
        f"{JOB}.inputConfig.inputManifestS3Uri",
    ),
    (
        "no category file",
        drop("labelingJobs", 0, "labelCategoryConfigS3Uri"),
        f"{JOB}.labelCategoryConfigS3Uri",
    ),
    (
        "a work team that is not allowed",
        job("workteamArn", "arn:aws:sagemaker:us-east-1:000000000000:workteam/private-crowd/x"),
        f"{JOB}.workteamArn",
    ),
    (
        "a topic that is not allowed",
        set_in("destinationSnsArn", to="arn:aws:sns:us-east-1:000000000000:elsewhere"),
        "$.destinationSnsArn",
    ),
    (
        "a time limit that is no number",
        job("taskTimeLimitInSeconds", "soon"),
        f"{JOB}.taskTimeLimitInSeconds",
    ),
    (
        "a negative time limit",
        job("taskTimeLimitInSeconds", "-1"),
        f"{JOB}.taskTimeLimitInSeconds",
    ),
    (
        "a time limit beyond Ground Truth's",
        job("taskTimeLimitInSeconds", 10**12),
        f"{JOB}.taskTimeLimitInSeconds",
    ),
]


@pytest.mark.parametrize(
    ("change", "path"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_a_request_is_refused_with_the_path_of(
    world: World, clips: Clips, batch: str, change: Change, path: str
) -> None:
    # Given a right request with one thing wrong
    request = a_request(clips, batch)
    change(request)
    made = labeling_jobs(world)
    # When it is posted
    status, answer = world.post(request)
    # Then the answer says where and what, and how to mend it
    assert status == 400, answer
    assert any(error["path"].startswith(path) for error in answer["errors"]), answer
    for error in answer["errors"]:
        assert set(error) == {"path", "code", "problem", "fix"}
        assert all(error.values())
    # And no batch exists, nor a job
    url = f"{world.contract['apiUrl']}/batch/show?batchId={batch}"
    assert world.http(url)[0] == 404
    assert labeling_jobs(world) == made


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"7", b'"batch"', b"\xff\xfe", b"[" * 100_000, b'{"batchId": NaN}'],
    ids=[
        "nothing",
        "half an object",
        "a list",
        "null",
        "a number",
        "a string",
        "bytes that are no text",
        "a deep nest",
        "NaN",
    ],
)
def test_a_body_that_is_no_request_is_a_400(world: World, body: bytes) -> None:
    status, answer = world.post(body)
    assert status == 400
    assert answer["errors"]


def test_a_body_above_five_megabytes_is_a_413(world: World, clips: Clips, batch: str) -> None:
    request = a_request(clips, batch)
    request["labelingJobs"][0]["taskDescription"] = "x" * (5 * 1024 * 1024)
    assert world.post(request)[0] == 413


def test_every_problem_is_told_at_once(world: World, clips: Clips, batch: str) -> None:
    request = a_request(clips, batch)
    for change in (
        job("jobName", "my_job"),
        job("jobLevel", 11, 2),
        job("jobModality", "Smell"),
        set_in("pacing", to="fast"),
        set_in("labelingJob", to=[]),
    ):
        change(request)
    _, answer = world.post(request)
    paths = {error["path"] for error in answer["errors"]}
    assert paths >= {
        f"{JOB}.jobName",
        "$.labelingJobs[2].jobLevel",
        f"{JOB}.jobModality",
        "$.pacing",
        "$.labelingJob",
    }


# --- what only the data shows -------------------------------------------------------------------


def refused(world: World, batch: str, jobs: list[Json], **more: Any) -> list[Json]:
    """The problems of a batch that is accepted and then found wrong, before any job was made."""
    made = labeling_jobs(world)
    world.create(batch, jobs, **more)
    shown, message = world.ended(batch)
    assert shown["status"] == "VALIDATION_FAIL"
    assert labeling_jobs(world) == made
    # Then whoever listens knows as much as whoever asks
    assert message["status"] == "FAILED"
    assert message["errorType"] == "ValidationFailed"
    assert message["errors"] == shown["errors"]
    assert shown["errors"][0]["problem"] in message["errorString"]
    for error in shown["errors"]:
        assert set(error) == {"path", "code", "problem", "fix"}
    # And no job of it is said to run, or to have run
    assert {job["batchStatus"] for job in jobs_of(shown).values()} <= {"DROPPED"}
    return shown["errors"]


def codes(problems: list[Json]) -> set[str]:
    return {problem["code"] for problem in problems}


def the_problem(problems: list[Json], code: str) -> Json:
    """The problem with that code."""
    assert code in codes(problems), problems
    return next(problem for problem in problems if problem["code"] == code)


def test_a_manifest_that_does_not_exist(world: World, clips: Clips, batch: str) -> None:
    missing = f"s3://{world.bucket}/nowhere/in.manifest"
    job = clips.label(f"{batch}-car", inputConfig={"inputManifestS3Uri": missing})
    problem = the_problem(refused(world, batch, [job]), "MANIFEST_UNREADABLE")
    assert problem["path"].startswith(f"{JOB}.inputConfig.inputManifestS3Uri")
    assert missing in problem["path"] + problem["problem"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "MANIFEST_EMPTY"),
        ("not json\n", "MANIFEST_LINE_NOT_JSON"),
        ('{"src": "s3://b/k"}\n', "MANIFEST_LINE_WITHOUT_SOURCE"),
        (b"\x1f\x8b\x08\x00\xff", "MANIFEST_NOT_UTF8"),
    ],
    ids=["nothing", "no JSON", "no source", "a zip"],
)
def test_a_manifest_that_holds(
    world: World, clips: Clips, batch: str, content: str | bytes, code: str
) -> None:
    uri = world.put(f"{batch}/in.manifest", content)
    job = clips.label(f"{batch}-car", inputConfig={"inputManifestS3Uri": uri})
    the_problem(refused(world, batch, [job]), code)


def test_a_manifest_that_already_holds_the_label_attribute(
    world: World, clips: Clips, batch: str
) -> None:
    lines = world.lines(clips.manifest)
    lines[3][f"{batch}-car-ref"] = "s3://somewhere/SeqLabel.json"
    uri = world.put(f"{batch}/in.manifest", "\n".join(map(json.dumps, lines)))
    job = clips.label(f"{batch}-car", inputConfig={"inputManifestS3Uri": uri})
    problem = the_problem(refused(world, batch, [job]), "LABEL_ATTRIBUTE_PRESENT")
    assert f"{batch}-car-ref" in problem["problem"]


def test_more_sequences_than_a_job_may_have(world: World, clips: Clips, batch: str) -> None:
    uri = world.sequences(f"{batch}/many", 11)
    job = clips.label(f"{batch}-car", inputConfig={"inputManifestS3Uri": uri})
    problems = refused(world, batch, [job])
    assert "10" in the_problem(problems, "MANIFEST_TOO_MANY_SEQUENCES")["problem"] + str(problems)


def test_more_frames_than_a_sequence_may_have(world: World, clips: Clips, batch: str) -> None:
    names = [f"{number:06d}.jpg" for number in range(2001)]
    sequence = {
        "seq-no": 1,
        "prefix": f"s3://{world.bucket}/{batch}/",
        "number-of-frames": len(names),
        "frames": [{"frame-no": n, "frame": name} for n, name in enumerate(names)],
    }
    line = {"source-ref": world.put(f"{batch}/seq.json", sequence)}
    uri = world.put(f"{batch}/in.manifest", json.dumps(line))
    job = clips.label(f"{batch}-car", inputConfig={"inputManifestS3Uri": uri})
    (problem,) = refused(world, batch, [job])
    assert "2001" in problem["problem"].replace(",", "")


def test_a_sequence_whose_frames_do_not_exist(world: World, clips: Clips, batch: str) -> None:
    sequence = {
        "seq-no": 1,
        "prefix": f"s3://{world.bucket}/{batch}/",
        "number-of-frames": 1,
        "frames": [{"frame-no": 0, "frame": "000000.jpg"}],
    }
    line = {"source-ref": world.put(f"{batch}/seq.json", sequence)}
    uri = world.put(f"{batch}/in.manifest", json.dumps(line))
    job = clips.label(f"{batch}-car", inputConfig={"inputManifestS3Uri": uri})
    assert (
        "000000.jpg" in the_problem(refused(world, batch, [job]), "DATA_OBJECT_MISSING")["problem"]
    )


@pytest.mark.parametrize(
    "content",
    [
        {"document-version": "2020-08-15", "labels": []},
        {"document-version": "2020-08-15"},
        [],
        "no JSON {",
        None,
    ],
    ids=["with an empty list of labels", "without labels", "that is a list", "no JSON", "missing"],
)
def test_a_category_file(world: World, clips: Clips, batch: str, content: Any) -> None:
    uri = f"s3://{world.bucket}/{batch}/c.json"
    if content is not None:
        world.put(f"{batch}/c.json", content)
    job = clips.label(f"{batch}-car", labelCategoryConfigS3Uri=uri)
    problems = refused(world, batch, [job])
    assert all(p["path"].startswith(f"{JOB}.labelCategoryConfigS3Uri") for p in problems)
    assert uri in problems[0]["path"] + problems[0]["problem"]


def test_a_work_team_that_does_not_exist(world: World, clips: Clips, batch: str) -> None:
    ghost = world.contract["firstLevelWorkteamArn"].rsplit("/", 1)[0] + "/ghost"
    job = clips.label(f"{batch}-car", workteamArn=ghost)
    problem = the_problem(refused(world, batch, [job]), "WORKTEAM_UNUSABLE")
    assert problem["path"] == f"{JOB}.workteamArn"
    assert "does not exist" in problem["problem"]


@contextmanager
def there_already() -> Iterator[None]:
    """What an earlier attempt at a test has made in the shared world may be there."""
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] not in EXISTS:
            raise


def test_a_work_team_with_nobody_in_it(world: World, clips: Clips, batch: str) -> None:
    first = world.contract["firstLevelWorkteamArn"]
    team = world.client("sagemaker").describe_workteam(WorkteamName=first.rsplit("/", 1)[1])
    member = team["Workteam"]["MemberDefinitions"][0]["CognitoMemberDefinition"]
    cognito = world.client("cognito-idp")
    with there_already():
        cognito.create_group(UserPoolId=member["UserPool"], GroupName=EMPTY_TEAM)
    with there_already():
        world.client("sagemaker").create_workteam(
            WorkteamName=EMPTY_TEAM,
            Description="nobody",
            MemberDefinitions=[{"CognitoMemberDefinition": {**member, "UserGroup": EMPTY_TEAM}}],
        )
    made = f"{first.rsplit('/', 1)[0]}/{EMPTY_TEAM}"
    job = clips.label(f"{batch}-car", workteamArn=made)
    problem = the_problem(refused(world, batch, [job]), "WORKTEAM_UNUSABLE")
    assert "has no members" in problem["problem"]


def test_a_bucket_without_cors(world: World, clips: Clips, batch: str) -> None:
    with there_already():
        world.client("s3").create_bucket(Bucket=NO_CORS)
    uri = copy_of_clips(world, clips, NO_CORS)
    job = clips.label(f"{batch}-car", inputConfig={"inputManifestS3Uri": uri})
    assert NO_CORS in the_problem(refused(world, batch, [job]), "BUCKET_CORS_MISSING")["problem"]


def test_a_bucket_in_another_region(world: World, clips: Clips, batch: str) -> None:
    with there_already():
        world.client("s3").create_bucket(
            Bucket=OTHER_REGION, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
    uri = copy_of_clips(world, clips, OTHER_REGION)
    job = clips.label(f"{batch}-car", inputConfig={"inputManifestS3Uri": uri})
    problem = the_problem(refused(world, batch, [job]), "BUCKET_IN_OTHER_REGION")
    assert "eu-west-1" in problem["problem"]


def copy_of_clips(world: World, clips: Clips, bucket: str) -> str:
    """The shared manifest, in another bucket."""
    world.client("s3").put_object(Bucket=bucket, Key="in.manifest", Body=world.read(clips.manifest))
    return f"s3://{bucket}/in.manifest"


def test_a_topic_that_does_not_exist(world: World, clips: Clips, batch: str) -> None:
    topic = world.contract["topicArn"].rsplit(":", 1)[0] + ":ghost"
    made = labeling_jobs(world)
    world.create(batch, [clips.label(f"{batch}-car")], destinationSnsArn=topic)
    shown = world.until_ended(batch)
    problem = the_problem(shown["errors"], "TOPIC_UNUSABLE")
    assert problem["path"] == "$.destinationSnsArn"
    assert (shown["status"], labeling_jobs(world)) == ("VALIDATION_FAIL", made)


@pytest.fixture
def short_sessions(world: World) -> Iterator[None]:
    """The labeling jobs' role has sessions of one hour."""
    iam = world.client("iam")
    role = world.contract["executionRoleArn"].rsplit("/", 1)[1]
    before = iam.get_role(RoleName=role)["Role"]["MaxSessionDuration"]
    iam.update_role(RoleName=role, MaxSessionDuration=3600)
    yield
    iam.update_role(RoleName=role, MaxSessionDuration=before)


@pytest.mark.usefixtures("short_sessions")
def test_a_task_that_outlives_the_roles_session(world: World, clips: Clips, batch: str) -> None:
    job = clips.label(f"{batch}-car", taskTimeLimitInSeconds=7200)
    problem = the_problem(refused(world, batch, [job]), "ROLE_SESSION_TOO_SHORT")
    assert problem["path"] == f"{JOB}.taskTimeLimitInSeconds"


def test_everything_wrong_with_the_data_is_told_at_once(
    world: World, clips: Clips, batch: str
) -> None:
    empty = world.put(f"{batch}/empty.manifest", "")
    labels = world.put(f"{batch}/c.json", {"document-version": "2020-08-15", "labels": []})
    jobs = [
        clips.label(f"{batch}-a", inputConfig={"inputManifestS3Uri": empty}),
        clips.label(f"{batch}-b", labelCategoryConfigS3Uri=labels),
        clips.label(
            f"{batch}-c",
            workteamArn=world.contract["firstLevelWorkteamArn"].rsplit("/", 1)[0] + "/ghost",
        ),
    ]
    problems = refused(world, batch, jobs)
    for number in range(3):
        assert any(p["path"].startswith(f"$.labelingJobs[{number}].") for p in problems)


def test_the_same_id_may_be_posted_again_once_the_data_are_mended(
    world: World, clips: Clips, batch: str
) -> None:
    # Given a batch that was refused for a manifest that was not there
    uri = f"s3://{world.bucket}/{batch}/in.manifest"
    job = clips.label(f"{batch}-car", inputConfig={"inputManifestS3Uri": uri})
    the_problem(refused(world, batch, [job]), "MANIFEST_UNREADABLE")
    # When it is put there, and the very same request is posted again
    world.write(uri, world.read(clips.manifest).decode())
    world.create(batch, [copy.deepcopy(job)])
    # Then it runs, with the same job name
    world.finish(f"{batch}-car")
    shown = world.until_ended(batch)
    assert (shown["status"], shown["errors"]) == ("COMPLETE", [])
    ends = [m["status"] for m in world.messages(batch) if m["eventType"] == "BATCH_COMPLETE"]
    assert ends[0] == "FAILED"


def test_a_refused_batch_gives_its_names_back(world: World, clips: Clips, batch: str) -> None:
    other = f"{batch}-other"
    nowhere = {"inputManifestS3Uri": f"s3://{world.bucket}/none"}
    refused(world, batch, [clips.label(f"{other}-car", inputConfig=nowhere)])
    world.create(other, [clips.label(f"{other}-car")])
    world.finish(f"{other}-car")
    assert world.ended(other)[0]["status"] == "COMPLETE"
