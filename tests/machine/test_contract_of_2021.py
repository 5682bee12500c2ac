"""A client of the 2021 sample works unchanged, through boto3 and plain HTTP alone.

Nothing of Terrace is imported by the client here: `.terrace/local.json`, boto3 and urllib are all
it has, as any stranger would.
"""

import json
import time
import urllib.request
from typing import Any

import boto3
import pytest

from tests.machine.world import World

pytestmark = pytest.mark.local_aws

ACCOUNT, REGION, BUCKET = "111122223333", "us-west-2", "in-bucket"
BATCH = "nb-track-1a2b3c4d"
REQUEST = """
{"batchId": "nb-track-1a2b3c4d",
 "labelingJobs": [
  {"jobName": "nb-track-1a2b3c4d-vehicle", "jobType": "BATCH", "jobLevel": "1",
   "jobModality": "VideoObjectTracking",
   "inputConfig": {"inputManifestS3Uri": "s3://in-bucket/tracking_manifests/clip-13.manifest"},
   "labelCategoryConfigS3Uri": "s3://in-bucket/tracking_manifests/vehicle_label_category.json",
   "taskAvailabilityLifetimeInSeconds": "864000", "taskTimeLimitInSeconds": "604800",
   "maxConcurrentTaskCount": "100",
   "workteamArn":
   "arn:aws:sagemaker:us-west-2:111122223333:workteam/private-crowd/smgt-workflow-first-level"},
  {"jobName": "nb-track-1a2b3c4d-lane", "jobType": "BATCH", "jobLevel": "1",
   "jobModality": "VideoObjectDetection",
   "inputConfig": {"inputManifestS3Uri": "s3://in-bucket/tracking_manifests/clip-13.manifest"},
   "labelCategoryConfigS3Uri": "s3://in-bucket/tracking_manifests/lane_label_category.json"},
  {"jobName": "nb-track-1a2b3c4d-vehicle-audit", "jobType": "BATCH", "jobLevel": "2",
   "jobModality": "VideoObjectTrackingAudit",
   "inputConfig": {"chainFromJobName": "nb-track-1a2b3c4d-vehicle"}},
  {"jobName": "nb-track-1a2b3c4d-lane-audit", "jobType": "BATCH", "jobLevel": "2",
   "jobModality": "VideoObjectDetectionAudit",
   "inputConfig": {"chainFromJobName": "nb-track-1a2b3c4d-lane"}}]}
"""
NAMES = [f"{BATCH}-{end}" for end in ("vehicle", "lane", "vehicle-audit", "lane-audit")]

Json = dict[str, Any]


class Stranger:
    """A client that knows `local.json`, boto3 and HTTP."""

    def __init__(self, contract: Json) -> None:
        self.it = contract
        keys = {"aws_access_key_id": "x", "aws_secret_access_key": "y"}
        place = {"endpoint_url": contract["awsEndpoint"], "region_name": contract["region"]}
        self.s3, self.sns, self.sqs, self.sagemaker = (
            boto3.client(name, **place, **keys) for name in ("s3", "sns", "sqs", "sagemaker")
        )

    def http(self, url: str, body: str | None = None) -> Json:
        """One request; an answer that is no 200 raises."""
        request = urllib.request.Request(url, body.encode() if body else None)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def put(self, key: str, content: Any) -> None:
        text = content if isinstance(content, str) else json.dumps(content)
        self.s3.put_object(Bucket=self.it["inputBucket"], Key=key, Body=text.encode())

    def get(self, uri: str) -> str:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return self.s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()

    def upload(self) -> None:
        """A clip, its sequence file, manifest and categories, as the article's notebook does."""
        folder = "tracking_manifests"
        prefix = f"s3://{self.it['inputBucket']}/frames/"
        frames = [{"frame-no": n, "frame": f"{n:06d}.jpg"} for n in range(1, 4)]
        for frame in frames:
            self.put(f"frames/{frame['frame']}", "pixels")
        sequence = {"seq-no": 1, "prefix": prefix, "number-of-frames": 3, "frames": frames}
        self.put(f"{folder}/seq.json", sequence)
        line = {"source-ref": f"s3://{self.it['inputBucket']}/{folder}/seq.json"}
        self.put(f"{folder}/clip-13.manifest", json.dumps(line) + "\n")
        for name, label, kind in (
            ("vehicle", "Vehicle", "BoundingBox"),
            ("lane", "Lane", "Polyline"),
        ):
            categories = {
                "document-version": "2020-08-15",
                "labels": [{"label": label}],
                "instructions": {"shortInstruction": "a", "fullInstruction": "b"},
                "annotationType": kind,
            }
            self.put(f"{folder}/{name}_label_category.json", categories)

    def subscribe(self) -> str:
        """A queue that the topic may send to."""
        queue = self.sqs.create_queue(QueueName="the-2021-client")["QueueUrl"]
        found = self.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
        arn = found["Attributes"]["QueueArn"]
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": self.it["topicArn"]}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
        self.sns.subscribe(TopicArn=self.it["topicArn"], Protocol="sqs", Endpoint=arn)
        return queue

    def receive(self, queue: str) -> list[Json]:
        """Envelopes that have come."""
        got = self.sqs.receive_message(
            QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1
        ).get("Messages", [])
        for message in got:
            self.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in got]


@pytest.fixture(scope="module")
def told(shared_world: World) -> dict[str, Any]:
    """What a 2021 client saw of one batch: every answer, `show` and message."""
    client = Stranger(json.loads((shared_world.home / "local.json").read_text()))
    client.upload()
    queue = client.subscribe()
    text = (
        REQUEST.replace(ACCOUNT, client.it["accountId"])
        .replace(REGION, client.it["region"])
        .replace(BUCKET, client.it["inputBucket"])
    )
    seen: dict[str, Any] = {"sent": json.loads(text), "messages": [], "client": client}
    seen["answer"] = client.http(f"{client.it['apiUrl']}/batch/create", text)
    show = f"{client.it['apiUrl']}/batch/show"
    deadline = time.monotonic() + 300
    finished: set[str] = set()
    while time.monotonic() < deadline:
        control = f"{client.it['awsEndpoint']}/_terrace/jobs"
        for job in client.http(control)["jobs"]:
            if job["name"] in NAMES and job["name"] not in finished:
                finished.add(job["name"])
                seen.setdefault("early", client.http(f"{show}?batchId={BATCH}"))
                client.http(f"{control}/{job['name']}/finish", '{"status": "Completed"}')
        seen["messages"] += client.receive(queue)
        if any(json.loads(m["Message"])["status"] != "IN_PROGRESS" for m in seen["messages"]):
            break
    seen["show"] = client.http(f"{show}?batchId={BATCH}")
    seen["list"] = client.http(show)
    return seen


def test_create_answers_in_the_words_of_2021(told: dict[str, Any]) -> None:
    assert told["answer"]["batchId"] == BATCH
    words = f"Batch processor successfully triggered with BatchId : {BATCH}"
    assert told["answer"]["message"] == words


def test_show_has_the_keys_and_shapes_of_2021(told: dict[str, Any]) -> None:
    shown = told["show"]
    assert (shown["batchId"], shown["status"]) == (BATCH, "COMPLETE")
    # Then the jobs are there as they were sent, numbers as strings and all
    assert shown["inputLabelingJobs"] == told["sent"]["labelingJobs"]
    for level in ("firstLevel", "secondLevel"):
        found = shown[level]
        assert found["status"] == "COMPLETE"
        assert (found["numChildBatches"], found["numChildBatchesComplete"]) == (2, 2)
        assert len(found["jobLevels"]) == 2
    empty = {
        "status": "COMPLETE",
        "numChildBatches": 0,
        "numChildBatchesComplete": 0,
        "jobLevels": [],
    }
    assert shown["thirdLevel"] == empty


def test_a_job_of_show_has_the_keys_of_2021(told: dict[str, Any]) -> None:
    it = told["client"].it
    lane = next(
        j for j in told["show"]["firstLevel"]["jobLevels"] if j["labelingJobName"] == NAMES[1]
    )
    folder = f"s3://{it['inputBucket']}/tracking_manifests"
    assert lane["batchId"] == f"{BATCH}-first_level-{NAMES[1]}"
    assert lane["batchStatus"] == "COMPLETE"
    assert lane["labelAttributeName"] == f"{NAMES[1]}-ref"
    assert lane["labelCategoryS3Uri"] == f"{folder}/lane_label_category.json"
    assert lane["jobInputS3Uri"] == f"{folder}/clip-13.manifest"
    assert lane["jobOutputS3Uri"].endswith("/manifests/output/output.manifest")
    for key in ("jobInputS3Url", "jobOutputS3Url"):
        # Then the presigned URL gives the very object, to plain HTTP
        with urllib.request.urlopen(lane[key], timeout=30) as answer:
            uri = lane[key.replace("Url", "Uri")]
            assert answer.read().decode() == told["client"].get(uri)


def test_a_chained_jobs_input_is_the_output_of_the_job_before(told: dict[str, Any]) -> None:
    first = {j["labelingJobName"]: j for j in told["show"]["firstLevel"]["jobLevels"]}
    for job in told["show"]["secondLevel"]["jobLevels"]:
        source = first[job["labelingJobName"].removesuffix("-audit")]
        assert job["jobInputS3Uri"] == source["jobOutputS3Uri"]
        assert job["batchId"] == f"{BATCH}-second_level-{job['labelingJobName']}"


def test_show_of_a_running_batch_has_all_levels_too(told: dict[str, Any]) -> None:
    early = told["early"]
    assert early["status"] == "IN_PROGRESS"
    assert early["firstLevel"]["numChildBatches"] == 2
    assert early["secondLevel"]["numChildBatches"] == 2
    assert early["thirdLevel"]["jobLevels"] == []
    for job in early["firstLevel"]["jobLevels"]:
        assert (job["jobOutputS3Uri"], job["jobOutputS3Url"]) == (None, None)


def test_the_list_has_ids_by_status(told: dict[str, Any]) -> None:
    assert BATCH in told["list"]["COMPLETE"]
    for status in ("IN_PROGRESS", "VALIDATION_FAIL", "INTERNAL_ERROR"):
        assert BATCH not in told["list"][status]


def test_the_end_message_has_the_keys_of_2021_and_no_presigned_url(told: dict[str, Any]) -> None:
    ends = [m for m in told["messages"] if json.loads(m["Message"])["status"] == "SUCCESS"]
    assert len(ends) == 1
    message = json.loads(ends[0]["Message"])
    assert message["batchId"] == BATCH
    assert message["message"] == "Batch processing has completed successfully."
    assert message["token"] == told["show"]["executionArn"]
    assert ":execution:" in message["token"]
    info, shown = message["batchInfo"], told["show"]
    for key in ("batchId", "status", "inputLabelingJobs", "thirdLevel"):
        assert info[key] == shown[key]
    without = {"jobInputS3Url": None, "jobOutputS3Url": None}
    for level in ("firstLevel", "secondLevel"):
        plain = [{**job, **without} for job in shown[level]["jobLevels"]]
        assert info[level] == {**shown[level], "jobLevels": plain}
    assert "X-Amz-Signature" not in ends[0]["Message"]
    # And a subscriber can filter on it
    attributes = {k: v["Value"] for k, v in ends[0]["MessageAttributes"].items()}
    assert attributes["batchId"] == BATCH
    assert attributes["status"] == "SUCCESS"


def test_the_output_is_an_augmented_manifest_with_one_attribute_a_level(
    told: dict[str, Any],
) -> None:
    client = told["client"]
    for job in told["show"]["secondLevel"]["jobLevels"]:
        name = job["labelingJobName"]
        source = name.removesuffix("-audit")
        (line,) = map(json.loads, client.get(job["jobOutputS3Uri"]).splitlines())
        assert line["source-ref"].endswith("/tracking_manifests/seq.json")
        for made in (source, name):
            metadata = line[f"{made}-ref-metadata"]
            assert metadata["job-name"] == f"labeling-job/{made}"
            assert metadata["human-annotated"] == "yes"
            assert metadata["type"].startswith("groundtruth/video-object-")
            assert {"class-map", "creation-date"} <= set(metadata)
            assert "/annotations/consolidated-annotation/output/" in line[f"{made}-ref"]
            assert "SeqLabel.json" in line[f"{made}-ref"]
            labels = json.loads(client.get(line[f"{made}-ref"]))
            assert "tracking-annotations" in labels or "detection-annotations" in labels
        assert "adjustment-status" in line[f"{name}-ref-metadata"]


def test_boto3_alone_sees_the_labeling_jobs(told: dict[str, Any]) -> None:
    sagemaker = told["client"].sagemaker
    found = sagemaker.list_labeling_jobs(NameContains=BATCH)["LabelingJobSummaryList"]
    assert sorted(job["LabelingJobName"] for job in found) == sorted(NAMES)
    job = sagemaker.describe_labeling_job(LabelingJobName=NAMES[0])
    assert job["LabelingJobStatus"] == "Completed"
    task = job["HumanTaskConfig"]
    assert task["TaskTimeLimitInSeconds"] == 604800
    assert task["TaskAvailabilityLifetimeInSeconds"] == 864000
    assert task["MaxConcurrentTaskCount"] == 100
    teams = {name: sagemaker.describe_labeling_job(LabelingJobName=name) for name in NAMES}
    for name, team in teams.items():
        level = "second" if name.endswith("-audit") else "first"
        assert team["HumanTaskConfig"]["WorkteamArn"].endswith(f"smgt-workflow-{level}-level")
