"""Every path through the stack, walked on the embedded AWS: what the proof of rights looks at.

Each function is one path. What cannot be provoked from outside (a clock that has run for days, a
mark set between two calls) is written into the table by the account's administrator, who is not
part of the proof. Nothing here asserts more than that the path was really walked.
"""

import io
import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from boto3.dynamodb.types import TypeSerializer
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from PIL import Image

from terrace_cli.deleting import BatchData, Found
from terrace_cli.storage import Storage
from tests.machine.conftest import Clips
from tests.machine.world import RECONCILE_SECONDS, Json, World, eventually

OTHER_BUCKET = "terrace-proof-other-bucket"
OTHER_TOPIC = "terrace-proof-other-topic"
OTHER_TEAM = "terrace-proof-other-team"
OTHER_FUNCTION = "terrace-proof-other-function"
SLOW = 60.0
"""Seconds for paths that wait for the reconciler's patience (30 s after a create)."""
PADDING = 19_000
"""Characters of one attribute; Ground Truth takes 20,000, and 100,000 of a line."""
BIG_LINES = 120
"""120 lines of 5 such attributes: 11 MB, above the 8 MiB from which parts are written."""


class Walker:
    """A world with every parameter of the template set, and the paths through it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.own = world.bucket
        world.client("s3").create_bucket(Bucket=OTHER_BUCKET)
        world.client("s3").put_bucket_cors(Bucket=OTHER_BUCKET, CORSConfiguration=CORS)
        world.client("sns").create_topic(Name=OTHER_TOPIC)
        self._make_team()

    def walk(self) -> None:
        """All paths, one after the other."""
        for path in PATHS:
            path(self)
            self.world.control("faults", method="DELETE")

    # --- tools -----------------------------------------------------------------------------
    def folder(self, bucket: str, name: str) -> str:
        """A folder that a request may name; of the batch bucket, only what batches delivered."""
        return f"batches/{name}/inputs" if bucket == self.world.contract["batchBucket"] else name

    def clips(self, bucket: str, name: str) -> Clips:
        """Two video sequences and a category file in a bucket."""
        folder = self.folder(bucket, name)
        self.world.bucket = bucket
        try:
            manifest = self.world.sequences(folder, 2)
            return Clips(manifest, self.world.categories(f"{folder}/categories.json"))
        finally:
            self.world.bucket = self.own

    def change(self, batch: str, key: str, **values: Any) -> None:
        """Writes attributes of a row, as nobody but an administrator can."""
        write = TypeSerializer().serialize
        self.world.client("dynamodb").update_item(
            TableName=self.world.contract["tableName"],
            Key={"PK": {"S": f"BATCH#{batch}"}, "SK": {"S": key}},
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in values),
            ExpressionAttributeNames={f"#{name}": name for name in values},
            ExpressionAttributeValues={f":{name}": write(value) for name, value in values.items()},
        )

    def job(self, batch: str) -> Json:
        """The row of a batch's first job; empty before there is one."""
        return next(iter(self.world.rows(batch, "JOB#")), {})

    def arn(self, service: str, rest: str) -> str:
        """An ARN in the world's account."""
        account = self.world.contract["accountId"]
        return f"arn:aws:{service}:{self.world.contract['region']}:{account}:{rest}"

    def function(self, ending: str) -> str:
        """A function's name by its end."""
        pages = self.world.client("lambda").get_paginator("list_functions").paginate()
        names = [found["FunctionName"] for page in pages for found in page["Functions"]]
        return next(str(name) for name in names if name.endswith(f"-{ending}"))

    def stack(self) -> str:
        """The stack's id."""
        return str(self.world.client("cloudformation").describe_stacks()["Stacks"][0]["StackId"])

    def ask(self, route: str, body: Json) -> int:
        """The status of a POST to another route than create."""
        url = f"{self.world.contract['apiUrl']}/batch/{route}"
        return self.world.http(url, body, "POST")[0]

    def person(self, policy: str) -> Callable[[str], Any]:
        """Clients of somebody who may do what a policy of the stack says, and nothing else.

        The role has the policy's logical name, by which the record of calls shows it.
        """
        iam, sts = self.world.client("iam"), self.world.client("sts")
        trust = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:*"}],
        }
        role = iam.create_role(RoleName=policy, AssumeRolePolicyDocument=json.dumps(trust))["Role"]
        outputs = self.world.client("cloudformation").describe_stacks()["Stacks"][0]["Outputs"]
        arn = next(o["OutputValue"] for o in outputs if o["OutputKey"] == f"{policy}Arn")
        iam.attach_role_policy(RoleName=policy, PolicyArn=arn)
        keys = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="proof")["Credentials"]
        session = boto3.Session(
            keys["AccessKeyId"],
            keys["SecretAccessKey"],
            keys["SessionToken"],
            region_name=self.world.contract["region"],
        )
        return lambda service: session.client(
            service, endpoint_url=self.world.contract["awsEndpoint"]
        )

    def signed(
        self, person: Callable[[str], Any], method: str, path: str, body: bytes | None = None
    ) -> int:
        """The status of a request to the API, signed by a person.

        Sent to the API's own address: the short one of a local run is another path than is signed.
        """
        (api,) = self.world.client("apigateway").get_rest_apis()["items"]
        endpoint = self.world.contract["awsEndpoint"]
        url = f"{endpoint}/restapis/{api['id']}/v1/_user_request_{path}"
        request = AWSRequest(method, url, data=body, headers={"Content-Type": "application/json"})
        credentials = person("sts")._request_signer._credentials
        SigV4Auth(credentials, "execute-api", self.world.contract["region"]).add_auth(request)
        sent = urllib.request.Request(url, body, dict(request.headers.items()), method=method)
        with urllib.request.urlopen(sent, timeout=30) as answer:
            return int(answer.status)

    @contextmanager
    def environment(self, ending: str, **changes: str) -> Iterator[None]:
        """A function with other settings for a while."""
        functions, name = self.world.client("lambda"), self.function(ending)
        found = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        try:
            functions.update_function_configuration(
                FunctionName=name, Environment={"Variables": {**found, **changes}}
            )
            yield
        finally:
            functions.update_function_configuration(
                FunctionName=name, Environment={"Variables": found}
            )

    def status(self, batch: str, *wanted: str, seconds: float = SLOW) -> Json:
        """The batch, once it has such a status."""

        def look() -> Json | None:
            shown = self.world.show(batch)
            return shown if shown["status"] in wanted else None

        return eventually(look, f"{batch} is {' or '.join(wanted)}", seconds)

    def told(self, batch: str, seconds: float = SLOW) -> None:
        """Waits until the end message is out."""
        eventually(
            lambda: self.world.rows(batch, "BATCH")[0].get("messageSentAt"),
            f"the end of {batch} is told",
            seconds,
        )

    def _make_team(self) -> None:
        sagemaker = self.world.client("sagemaker")
        name = self.world.contract["firstLevelWorkteamArn"].rsplit("/", 1)[-1]
        team = sagemaker.describe_workteam(WorkteamName=name)["Workteam"]
        sagemaker.create_workteam(
            WorkteamName=OTHER_TEAM,
            Description="named by the proof's requests",
            MemberDefinitions=team["MemberDefinitions"],
        )


CORS: Any = {
    "CORSRules": [
        {
            "AllowedOrigins": ["*"],
            "AllowedMethods": ["GET", "HEAD", "PUT"],
            "AllowedHeaders": ["*"],
        }
    ]
}


def three_levels(walker: Walker) -> None:
    """Label, a second attempt, audit of a sample, adjustment: all told by events."""
    world = walker.world
    clips = walker.clips(walker.own, "p1")
    world.create(
        "p1",
        [
            clips.label("p1-car"),
            clips.audit(
                "p1-check",
                "p1-car",
                inputConfig={"chainFromJobName": "p1-car", "downSamplingRate": 50},
            ),
            {
                **clips.audit("p1-mend", "p1-check", level=3),
                "jobModality": "VideoObjectTrackingAdjustment",
            },
        ],
    )
    world.post({"batchId": "p1", "labelingJobs": []})
    world.finish("p1-car", labeled=0.5)
    world.finish("p1-car-a2")
    world.finish("p1-check")
    world.finish("p1-mend")
    shown, _ = world.ended("p1")
    assert shown["status"] == "COMPLETE"
    _follow_links(shown)
    world.http(f"{world.contract['apiUrl']}/batch/show")
    status, report = world.http(f"{world.contract['apiUrl']}/batch/report?batchId=p1")
    assert (status, report["batchId"]) == (200, "p1")


def named_places(walker: Walker) -> None:
    """Inputs in each bucket a request may name; another topic; another team; no events."""
    world = walker.world
    contract = world.contract
    for number, bucket in enumerate((walker.own, contract["batchBucket"], OTHER_BUCKET)):
        batch = f"places{number}"
        clips = walker.clips(bucket, batch)
        told, found = f"{batch}-told", f"{batch}-found"
        team = walker.arn("sagemaker", f"workteam/private-crowd/{OTHER_TEAM}")
        world.create(
            batch,
            [clips.label(told, workteamArn=team), clips.label(found)],
            destinationSnsArn=walker.arn("sns", OTHER_TOPIC),
            onJobFailure="continue",
        )
        world.finish(told)
        # Its event is lost: the reconciler reads the same places.
        world.finish(found, event=False)
        shown = walker.status(batch, "COMPLETE")
        walker.told(batch)
        _follow_links(shown)
        # A lane that starts with a review of labels made elsewhere: read line by line.
        labeled = _job(shown, told)["jobOutputS3Uri"]
        copied = f"s3://{bucket}/{walker.folder(bucket, batch)}/labeled.manifest"
        world.write(copied, world.read(labeled).decode())
        attribute = _job(shown, told)["labelAttributeName"]
        review = {
            "jobName": f"{batch}-review",
            "jobLevel": 1,
            "jobModality": "VideoObjectTrackingAudit",
            "labelCategoryConfigS3Uri": clips.categories,
            "inputConfig": {
                "inputManifestS3Uri": copied,
                "auditLabelAttributeName": attribute,
            },
        }
        other_topic = walker.arn("sns", OTHER_TOPIC)
        world.create(f"{batch}r", [review], destinationSnsArn=other_topic)
        world.finish(f"{batch}-review")
        walker.status(f"{batch}r", "COMPLETE")


def images(walker: Walker) -> None:
    """Image jobs: worker pages of our own, a verification and an adjustment."""
    world = walker.world
    world.create("image", [_image_job(walker, "image-box", 2), *_image_reviews("image")])
    world.finish("image-box")
    world.finish("image-verify")
    world.finish("image-adjust")
    walker.status("image", "COMPLETE")


def custom_jobs(walker: Walker) -> None:
    """Skeletons and their review, with categories and labels in each bucket; own functions."""
    world = walker.world
    for number, bucket in enumerate((walker.own, world.contract["batchBucket"], OTHER_BUCKET)):
        batch = f"pose{number}"
        job = _skeleton_job(walker, bucket, f"{batch}-people")
        world.create(batch, [job])
        world.finish(f"{batch}-people")
        shown = walker.status(batch, "COMPLETE")
        done = _job(shown, f"{batch}-people")
        # A review that starts from labels made elsewhere: what was shown is read from them.
        labeled = f"s3://{bucket}/{walker.folder(bucket, batch)}/labeled.manifest"
        world.write(labeled, world.read(done["jobOutputS3Uri"]).decode())
        config = {
            "inputManifestS3Uri": labeled,
            "auditLabelAttributeName": done["labelAttributeName"],
        }
        world.create(f"{batch}r", [{**job, "jobName": f"{batch}-check", "inputConfig": config}])
        world.finish(f"{batch}-check")
        walker.status(f"{batch}r", "COMPLETE")
    # A function of the user's that the role may call, and that is not there.
    own = walker.arn("lambda", f"function:{OTHER_FUNCTION}")
    job = _skeleton_job(walker, walker.own, "pose-own")
    world.create("pose-own", [{**job, "preHumanTaskLambdaArn": own}])
    world.exists("pose-own")
    endpoint = world.contract["awsEndpoint"]
    # Nobody can finish it: it fails with the call of the function.
    code, _ = world.http(f"{endpoint}/_terrace/jobs/pose-own/finish", {}, "POST")
    assert code != 200
    walker.status("pose-own", "FAILED")


def gates(walker: Walker) -> None:
    """A gate reads what workers answered and known labels in each bucket, and calls a function."""
    world = walker.world
    box = {**_image_job(walker, "gate-box", 3), "numberOfHumanWorkersPerDataObject": 2}
    world.create(
        "gate", [box, _gated("gate", {"checks": ["disagreement"], "sample": {"count": 1}})]
    )
    world.finish("gate-box")
    world.finish("gate-review")
    done = _job(walker.status("gate", "COMPLETE"), "gate-box")
    labeled = world.read(done["jobOutputS3Uri"]).decode().splitlines()[0]
    for number, bucket in enumerate((walker.own, world.contract["batchBucket"], OTHER_BUCKET)):
        name = f"gold{number}"
        gold = f"s3://{bucket}/{walker.folder(bucket, name)}/gold.manifest"
        world.write(gold, labeled)
        review = _gated(name, {"checks": ["gold"], "sample": {"count": 1}})
        review["inputConfig"]["goldManifestS3Uri"] = gold
        world.create(name, [_image_job(walker, f"{name}-box", 2), review])
        world.finish(f"{name}-box")
        world.finish(f"{name}-review")
        walker.status(name, "COMPLETE")
    # A function of the user's that PrepareInput may call, and that is not there.
    own = {"check": "lambda", "functionArn": walker.arn("lambda", f"function:{OTHER_FUNCTION}")}
    world.create("ownc", [_image_job(walker, "ownc-box", 2), _gated("ownc", {"checks": [own]})])
    world.finish("ownc-box")
    walker.status("ownc", "FAILED")


def own_functions(walker: Walker) -> None:
    """A transformation and a post-processing that may be called, and that are not there."""
    world = walker.world
    own = {"functionArn": walker.arn("lambda", f"function:{OTHER_FUNCTION}")}
    world.create("made", [_image_job(walker, "made-box", 2)], transformation=own)
    walker.status("made", "VALIDATION_FAIL")
    world.create("handed", [_image_job(walker, "handed-box", 2)], postProcessing=own)
    world.finish("handed-box")
    walker.status("handed", "COMPLETE")
    walker.told("handed")


def large_manifests(walker: Walker) -> None:
    """Objects written in parts, and the parts taken back when writing fails."""
    world = walker.world
    # prepare_input writes the second attempt's input, and fails at its end.
    world.create("large", [_image_job(walker, "large-box", BIG_LINES, PADDING)])
    world.exists("large-box")
    world.fault("s3.CompleteMultipartUpload", "InvalidRequest")
    world.finish("large-box", labeled=0.01)
    walker.status("large", "FAILED")
    # on_job_event merges two attempts, and fails at its end; so does the reconciler, once.
    world.create("merge", [_image_job(walker, "merge-box", BIG_LINES, PADDING)])
    world.finish("merge-box", labeled=0.5)
    world.exists("merge-box-a2")
    world.fault("s3.CompleteMultipartUpload", "InvalidRequest", times=2)
    world.finish("merge-box-a2")
    walker.status("merge", "COMPLETE")
    # finalize_batch merges what a batch has that was ended while a job waited for its next attempt.
    jobs = [_image_job(walker, "ends-box", BIG_LINES, PADDING), _image_job(walker, "ends-two", 2)]
    world.create("ends", jobs)
    world.exists("ends-two")
    world.finish("ends-box", labeled=0.5)
    world.exists("ends-box-a2")
    world.fault("sagemaker.CreateLabelingJob", "ResourceLimitExceeded", times=-1)
    world.finish("ends-box-a2", labeled=0)
    eventually(lambda: _deferred(world, "ends", "ends-box"), "the third attempt waits")
    world.fault("s3.CompleteMultipartUpload", "InvalidRequest")
    world.finish("ends-two", status="Failed", manifest="absent")
    walker.status("ends", "FAILED")


def jobs_that_cannot_start(walker: Walker) -> None:
    """A quota, a refusal, a lost answer, and a mark that is set while a job starts."""
    world = walker.world
    clips = walker.clips(walker.own, "start")
    world.fault("sagemaker.CreateLabelingJob", "ResourceLimitExceeded")
    world.create("quota", [clips.label("quota-car")])
    eventually(lambda: walker.job("quota").get("notBefore"), "it is put off")
    walker.change("quota", "JOB#01#quota-car", notBefore=_number(1.0))
    world.finish("quota-car")
    walker.status("quota", "COMPLETE")
    world.fault("sagemaker.CreateLabelingJob", "ValidationException")
    other_topic = walker.arn("sns", OTHER_TOPIC)
    world.create("refused", [clips.label("refused-car")], destinationSnsArn=other_topic)
    walker.status("refused", "FAILED")
    world.control("faults", method="DELETE")
    # The answer is lost after the job was made: it is adopted.
    world.fault("sagemaker.CreateLabelingJob", "ConnectionReset", when="after")
    world.create("marked", [clips.label("marked-car")])
    world.until_job("marked", "marked-car", "IN_PROGRESS", seconds=SLOW)
    # Its batch is marked between claim and creation: whoever creates the job stops it again.
    walker.change("marked", "BATCH", mark=_mark())
    name = walker.function("start-job")
    step = {"batchId": "marked", "generation": 1, "level": 1, "jobName": "marked-car"}

    def stopped() -> bool:
        # Again, should the reconciler have been quicker.
        walker.change("marked", "JOB#01#marked-car", status="STARTING")
        world.client("lambda").invoke(FunctionName=name, Payload=json.dumps(step).encode())
        return bool(world.exists("marked-car")["status"] in {"Stopping", "Stopped"})

    eventually(stopped, "start_job stops it")
    walker.status("marked", "FAILED", "STOPPED", "COMPLETE_WITH_ERRORS")


def reconciler_repairs(walker: Walker) -> None:
    """An aborted execution, a missing one, an expired job, an orphan, a stalled job, a lost end."""
    world = walker.world
    clips = walker.clips(walker.own, "repair")
    states = world.client("stepfunctions")
    # Aborted by hand: replaced.
    world.create("aborted", [clips.label("aborted-car")])
    world.exists("aborted-car")
    arn = world.show("aborted")["executionArn"]
    states.stop_execution(executionArn=arn)
    eventually(lambda: world.timeline("aborted", "GENERATION_STARTED"), "it is replaced")
    # A job that is past its time-out is stopped; what stands still is announced.
    world.create("late", [clips.label("late-car")])
    world.exists("late-car")
    world.until_job("late", "late-car", "IN_PROGRESS")
    long_ago = _number(time.time() - 40 * 86_400)
    walker.change("late", "JOB#01#late-car", attemptStartedAt=long_ago, startedAt=long_ago)
    walker.status("late", "FAILED", "COMPLETE_WITH_ERRORS")
    world.create("still", [clips.label("still-car")])
    world.until_job("still", "still-car", "IN_PROGRESS")
    yesterday = _number(time.time() - 2 * 86_400)
    walker.change("still", "JOB#01#still-car", attemptStartedAt=yesterday)
    eventually(lambda: walker.job("still").get("stalledAnnouncedAt"), "it is announced")
    # An end message that could not be sent is sent by the reconciler.
    world.fault("sns.Publish", "AuthorizationError", times=2)
    world.finish("still-car", event=False)
    walker.status("still", "COMPLETE")
    walker.told("still")
    world.finish("aborted-car")
    walker.status("aborted", "COMPLETE")
    # A claim of an ended row, whose labeling job came to be after all.
    world.create("orphan", [clips.label("orphan-car"), clips.label("orphan-two")])
    world.until_job("orphan", "orphan-car", "IN_PROGRESS")
    walker.change(
        "orphan", "JOB#01#orphan-car", status="FAILED", claimOpen=True, endedAt=_number(time.time())
    )
    world.finish("orphan-two")
    eventually(
        lambda: world.exists("orphan-car")["status"] in {"Stopping", "Stopped"}, "it is stopped"
    )
    # Created, but its execution was never started: the reconciler does it, 30 s later.
    world.fault("stepfunctions.StartExecution", "ServiceUnavailable", times=8)
    code, _ = world.post({"batchId": "lost", "labelingJobs": [clips.label("lost-car")]})
    assert code >= 500
    world.control("faults", method="DELETE")
    world.exists("lost-car", SLOW)
    world.finish("lost-car")
    walker.status("lost", "COMPLETE")


def rare_turns(walker: Walker) -> None:
    """A message too long for SNS, checks that take several calls, a job with nothing to review."""
    world = walker.world
    clips = walker.clips(walker.own, "rare")
    # 150 jobs, none of which is ever made: what is told of them is above 200 KB.
    nowhere = Clips(f"s3://{walker.own}/rare/nowhere.manifest", clips.categories)
    jobs = [nowhere.label(f"long-{n}", taskDescription="d" * 250) for n in range(150)]
    world.create("long", jobs, destinationSnsArn=world.contract["topicArn"])
    walker.status("long", "VALIDATION_FAIL")
    walker.told("long")
    # No time: transform_batch writes down how far it came, and is called again.
    with walker.environment("transform-batch", TRANSFORM_SECONDS="0.000001"):
        world.create("yields", [clips.label("yields-car"), clips.label("yields-two")])
        world.exists("yields-car")
    world.finish("yields-car")
    world.finish("yields-two")
    shown = walker.status("yields", "COMPLETE")
    # The manifest of a later level loses its labels after it was checked: nothing to review.
    done = _job(shown, "yields-car")
    review = world.put("rare/review.manifest", world.read(done["jobOutputS3Uri"]))
    second = {
        **clips.audit("skip-review", ""),
        "labelCategoryConfigS3Uri": clips.categories,
        "inputConfig": {
            "inputManifestS3Uri": review,
            "auditLabelAttributeName": done["labelAttributeName"],
        },
    }
    world.create("skip", [clips.label("skip-car"), second])
    world.exists("skip-car")
    world.write(review, world.read(clips.manifest).decode())
    world.finish("skip-car")
    walker.status("skip", "COMPLETE", "COMPLETE_WITH_ERRORS")
    assert _job(world.show("skip"), "skip-review")["batchStatus"] == "SKIPPED"


def failures(walker: Walker) -> None:
    """Batches that are refused after create, or whose machine meets an error nobody expected."""
    world = walker.world
    clips = walker.clips(walker.own, "fail")
    broken = world.put("fail/broken.manifest", "this is no JSON\n")
    world.create("invalid", [Clips(broken, clips.categories).label("invalid-car")])
    walker.status("invalid", "VALIDATION_FAIL")
    # The same names again, in order this time: reserved, then freed, then taken.
    world.create("invalid", [clips.label("invalid-car")])
    world.finish("invalid-car")
    walker.status("invalid", "COMPLETE")
    world.fault("iam.GetRole", "ValidationError", times=8)
    world.create("broken", [clips.label("broken-car")])
    walker.status("broken", "FAILED")
    world.control("faults", method="DELETE")
    # One lane fails, the other goes on: failed jobs are announced by on_job_event.
    jobs = [clips.label("half-car"), clips.audit("half-check", "half-car"), clips.label("half-two")]
    world.create("half", jobs, onJobFailure="continue")
    world.finish("half-car", status="Failed", manifest="absent")
    world.finish("half-two")
    walker.status("half", "COMPLETE_WITH_ERRORS")


def callers(walker: Walker) -> None:
    """Who holds the stack's two policies for people: calls the API, deletes a batch's data."""
    world = walker.world
    caller = walker.person("ApiCallerPolicy")
    clips = walker.clips(walker.own, "people")
    body = json.dumps({"batchId": "people", "labelingJobs": [clips.label("people-car")]})
    assert walker.signed(caller, "POST", "/batch/create", body.encode()) == 200
    world.finish("people-car")
    walker.status("people", "COMPLETE")
    walker.told("people")
    assert walker.signed(caller, "GET", "/batch/show?batchId=people") == 200
    assert walker.signed(caller, "GET", "/batch/report?batchId=people") == 200
    eventually(lambda: "openKey" not in world.rows("people", "BATCH")[0], "all is told")
    deleter = walker.person("BatchDeleterPolicy")
    bucket = world.contract["batchBucket"]
    for folder in ("batches", "batches-working"):
        key = f"{folder}/people/half-written"
        world.client("s3").put_object(Bucket=bucket, Key=key, Body=b"1")
        world.client("s3").delete_object(Bucket=bucket, Key=key)
        world.client("s3").create_multipart_upload(Bucket=bucket, Key=key)
    stack = deleter("cloudformation").describe_stacks(StackName=walker.stack())
    assert stack["Stacks"]
    storage = Storage(
        world.contract["tableName"],
        bucket,
        deleter("dynamodb"),
        deleter("s3"),
        deleter("sts"),
        "the proof",
    )
    data = BatchData(storage, "people")
    data.check()
    assert data.delete().versions > 0
    assert data.find() == Found(0, 0)


def stopped_and_retried(walker: Walker) -> None:
    """A batch is stopped while it runs; what did not deliver runs again."""
    world = walker.world
    clips = walker.clips(walker.own, "again")
    world.create("again", [clips.label("again-car"), clips.label("again-two")])
    world.until_job("again", "again-car", "IN_PROGRESS")
    world.until_job("again", "again-two", "IN_PROGRESS")
    world.control("jobs/again-car/progress", {"labeled": 0.5})
    assert walker.ask("stop", {"batchId": "again", "mode": "stop"}) == 200
    walker.status("again", "STOPPED")
    walker.told("again")
    assert walker.ask("retry", {"batchId": "again"}) == 200
    for name in ("again-car-a2", "again-two-a2"):
        world.exists(name)
        world.finish(name)
    walker.status("again", "COMPLETE")


PATHS: tuple[Callable[[Walker], None], ...] = (
    three_levels,
    named_places,
    images,
    custom_jobs,
    gates,
    own_functions,
    large_manifests,
    jobs_that_cannot_start,
    stopped_and_retried,
    rare_turns,
    callers,
    failures,
    reconciler_repairs,
)


def _follow_links(shown: Json) -> None:
    """Fetches every presigned URL of a batch, as a browser would: the signer's rights decide."""
    for job in _jobs(shown):
        for key in ("jobInputS3Url", "jobOutputS3Url"):
            if job.get(key):
                with urllib.request.urlopen(job[key], timeout=30) as answer:
                    assert answer.read()


def _jobs(shown: Json) -> list[Json]:
    levels = [value for key, value in shown.items() if key.endswith("Level")]
    return [job for level in levels for job in level["jobLevels"]]


def _job(shown: Json, name: str) -> Json:
    return next(job for job in _jobs(shown) if job["labelingJobName"] == name)


def _image_job(walker: Walker, name: str, lines: int, padding: int = 0) -> Json:
    """A bounding box job on one picture, named in so many lines of so many bytes."""
    world = walker.world
    picture = world.put(f"{name}/picture.jpg", b"not a picture")
    notes = {f"note{number}": "x" * padding for number in range(5 if padding else 0)}
    line = {"source-ref": picture, **notes}
    text = "\n".join(json.dumps({**line, "number": number}) for number in range(lines))
    categories = {
        "document-version": "2018-11-28",
        "labels": [{"label": "Vehicle"}],
    }
    return {
        "jobName": name,
        "jobLevel": 1,
        "jobModality": "BoundingBox",
        "inputConfig": {"inputManifestS3Uri": world.put(f"{name}/input.manifest", text)},
        "labelCategoryConfigS3Uri": world.put(f"{name}/categories.json", categories),
    }


def _gated(batch: str, gate: Json) -> Json:
    """A review of a batch's boxes behind a gate."""
    return {
        "jobName": f"{batch}-review",
        "jobLevel": 2,
        "jobModality": "BoundingBoxAdjustment",
        "inputConfig": {"chainFromJobName": f"{batch}-box", "gate": gate},
    }


def _skeleton_job(walker: Walker, bucket: str, name: str) -> Json:
    """A job for skeletons of two points on two pictures, all in one bucket."""
    world = walker.world
    picture = io.BytesIO()
    Image.new("RGB", (64, 48), "gray").save(picture, "PNG")
    # With labels the file is used where it lies; without, Terrace writes one that has them.
    labels = [{"label": "head"}, {"label": "foot"}]
    points = [
        {"id": 0, "color": "#ff0000", "label": "head", "x": 0.5, "y": 0.1},
        {"id": 1, "color": "#00ff00", "label": "foot", "x": 0.5, "y": 0.9},
    ]
    folder = walker.folder(bucket, name)
    world.bucket = bucket
    try:
        source = world.put(f"{folder}/picture.png", picture.getvalue())
        text = "\n".join(json.dumps({"source-ref": source, "number": n}) for n in range(2))
        return {
            "jobName": name,
            "jobLevel": 1,
            "jobModality": "Custom",
            "inputConfig": {"inputManifestS3Uri": world.put(f"{folder}/input.manifest", text)},
            "labelCategoryConfigS3Uri": world.put(
                f"{folder}/categories.json", {"labels": labels, "keypointClasses": points}
            ),
        }
    finally:
        world.bucket = walker.own


def _image_reviews(name: str) -> list[Json]:
    return [
        {
            "jobName": f"{name}-{word}",
            "jobLevel": level,
            "jobModality": f"BoundingBox{modality}",
            "inputConfig": {"chainFromJobName": source},
        }
        for level, word, modality, source in (
            (2, "verify", "Verification", f"{name}-box"),
            (3, "adjust", "Adjustment", f"{name}-verify"),
        )
    ]


def _deferred(world: World, batch: str, name: str) -> bool:
    (row,) = world.rows(batch, f"JOB#01#{name}") or [{}]
    return row.get("attempt") == 3 and bool(row.get("deferredAt"))


def _mark() -> Json:
    return {"kind": "fail", "at": _number(time.time()), "errorType": "Proof", "reason": "set by us"}


def _number(value: float) -> Any:
    from decimal import Decimal

    return Decimal(str(round(value, 3)))


__all__ = [
    "OTHER_BUCKET",
    "OTHER_FUNCTION",
    "OTHER_TEAM",
    "OTHER_TOPIC",
    "RECONCILE_SECONDS",
    "Walker",
]
