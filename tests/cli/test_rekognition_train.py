"""`terrace rekognition train --start` and `status`, against Rekognition's documented shapes.

botocore's Stubber holds every request and every answer against the service's own model. S3 is
moto's.
"""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import ANY, Stubber
from click.testing import CliRunner, Result
from moto import mock_aws

from terrace_cli.main import cli
from terrace_cli.rekognition import service
from terrace_cli.rekognition.clients import asked
from tests.cli.fake_api import FakeApi
from tests.cli.rekognition_samples import BUCKET, boxes, good, picture, put, source

REGION = "us-east-1"
HOME = f"arn:aws:rekognition:{REGION}:111122223333:project/cars"
PROJECT = f"{HOME}/1700000000000"
TRAIN, TEST = (f"{HOME}/dataset/{kind}/1700000000001" for kind in ("train", "test"))
NAMES = {"ProjectNames": ["cars"]}
SUMMARY = "rekognition/cars/results/EvaluationResultSummary-cars.json"
SNAPSHOT = "rekognition/cars/results/assets/testing-cars.manifest"


class Cloud:
    """S3 with images, and a Rekognition that answers what a test has written down."""

    def __init__(self, folder: Path, client: Any) -> None:
        self.s3 = boto3.client("s3", REGION)
        self.s3.create_bucket(Bucket=BUCKET)
        self.client = client
        self.stub = Stubber(self.client)
        self.manifest = put(folder / "cars.manifest", *good())
        self._plan: dict[str, Any] = {}
        self.version = self.dry()["version"]
        self.arn = f"{HOME}/version/{self.version}/1700000000002"

    def dry(self) -> dict[str, Any]:
        """What the first manifest comes to."""
        self._plan = self._plan or json.loads(self.run("--json").stdout)
        return self._plan

    def run(self, *args: str, text: str | None = None, images: bool = False) -> Result:
        command = ["rekognition", "train", str(self.manifest), "--project", "cars"]
        command += [] if images else ["--no-images"]
        return CliRunner().invoke(cli, [*command, "--region", REGION, *args], input=text)

    def status(self, *args: str) -> Result:
        return CliRunner().invoke(cli, ["rekognition", "status", self.arn, *args])

    def answer(self, call: str, content: dict[str, Any], expected: dict[str, Any]) -> None:
        self.stub.add_response(call, content, expected)

    def refuse(self, call: str, code: str, expected: dict[str, Any]) -> None:
        self.stub.add_client_error(call, code, "said no", 400, None, expected)

    # --- what it answers -------------------------------------------------------------------------

    def project(self, **datasets: str) -> None:
        """The project is there, with data sets by kind: their status."""
        rows = [
            {
                "DatasetType": kind,
                "DatasetArn": TRAIN if kind == "TRAIN" else TEST,
                "Status": status,
            }
            for kind, status in datasets.items()
        ]
        one = {"ProjectArn": PROJECT, "Status": "CREATED", "Datasets": rows}
        self.answer("describe_projects", {"ProjectDescriptions": [one]}, NAMES)

    def no_project(self) -> None:
        self.answer("describe_projects", {"ProjectDescriptions": []}, NAMES)

    def version_is(self, *found: dict[str, Any]) -> None:
        rows = [{"ProjectVersionArn": self.arn, **one} for one in found]
        self.answer(
            "describe_project_versions",
            {"ProjectVersionDescriptions": rows},
            {"ProjectArn": PROJECT, "VersionNames": [self.version]},
        )

    def dataset(self, arn: str, status: str, errors: int = 0, message: str = "") -> None:
        about = {
            "Status": status,
            "StatusMessage": message,
            "DatasetStats": {
                "TotalEntries": 8,
                "LabeledEntries": 8,
                "TotalLabels": 2,
                "ErrorEntries": errors,
            },
        }
        self.answer("describe_dataset", {"DatasetDescription": about}, {"DatasetArn": arn})

    def creates(self, arn: str) -> None:
        kind = "TRAIN" if arn == TRAIN else "TEST"
        plan = self.dry()
        sha = plan["sets"][kind]["sha256"]
        key = f"rekognition/cars/manifests/{kind.lower()}-{sha[:16]}.manifest"
        request = {
            "ProjectArn": PROJECT,
            "DatasetType": kind,
            "Tags": {"terrace-manifest": sha},
            "DatasetSource": {"GroundTruthManifest": {"S3Object": {"Bucket": BUCKET, "Name": key}}},
        }
        self.answer("create_dataset", {"DatasetArn": arn}, request)

    def tagged(self, arn: str, sha: str | None = None) -> None:
        kind = "TRAIN" if arn == TRAIN else "TEST"
        mine = self.dry()["sets"][kind]["sha256"]
        tags = {"Tags": {"terrace-manifest": sha or mine}}
        self.answer("list_tags_for_resource", tags, {"ResourceArn": arn})

    def training(self) -> dict[str, Any]:
        return {
            "ProjectArn": PROJECT,
            "VersionName": self.version,
            "OutputConfig": {
                "S3Bucket": BUCKET,
                "S3KeyPrefix": "rekognition/cars/results",
            },
        }

    def begins(self, **more: Any) -> None:
        self.answer(
            "create_project_version",
            {"ProjectVersionArn": self.arn},
            {**self.training(), **more},
        )

    def datasets_ready(self, errors: int = 0) -> None:
        for arn in (TRAIN, TEST):
            self.dataset(arn, "CREATE_COMPLETE")
        self.dataset(TRAIN, "CREATE_COMPLETE", errors)

    def until_trained(self) -> None:
        """A first start, as far as the training."""
        self.no_project()
        self.no_project()
        self.answer("create_project", {"ProjectArn": PROJECT}, {"ProjectName": "cars"})
        self.creates(TRAIN)
        self.creates(TEST)
        self.datasets_ready()
        self.dataset(TEST, "CREATE_COMPLETE")
        self.begins()

    def done(self) -> dict[str, Any]:
        """A version that is trained; its files are in S3."""
        self.s3.put_object(Bucket=BUCKET, Key=SUMMARY, Body=json.dumps(summary()).encode())
        lines = "".join(f"{json.dumps(line)}\n" for line in snapshot())
        self.s3.put_object(Bucket=BUCKET, Key=SNAPSHOT, Body=lines.encode())
        return {
            "Status": "TRAINING_COMPLETED",
            "BillableTrainingTimeInSeconds": 5400,
            "TrainingEndTimestamp": datetime(2026, 11, 21, tzinfo=UTC),
            "EvaluationResult": {
                "F1Score": 0.75,
                "Summary": {"S3Object": {"Bucket": BUCKET, "Name": SUMMARY}},
            },
            "TestingDataResult": {
                "Output": {
                    "Assets": [
                        {"GroundTruthManifest": {"S3Object": {"Bucket": BUCKET, "Name": SNAPSHOT}}}
                    ]
                }
            },
        }


def summary() -> dict[str, Any]:
    """The documented file (im-summary-file.html); the classes are ours."""
    return {
        "Version": 1,
        "AggregatedEvaluationResults": {
            "Metrics": {
                "Precision": 0.8,
                "Recall": 0.7058,
                "F1Score": 0.75,
                "AveragePrecision": 0.61,
                "AverageRecall": 0.72,
            }
        },
        "EvaluationDetails": {
            "Labels": ["Bus", "Car"],
            "NumberOfTrainingImages": 8,
            "NumberOfTestingImages": 2,
        },
        "LabelEvaluationResults": [
            {
                "Label": "Car",
                "NumberOfTestingImages": 1,
                "Metrics": {"Precision": 0.9, "Recall": 1, "F1Score": 0.947, "Threshold": 0.4},
            },
            {
                "Label": "Bus",
                "NumberOfTestingImages": 1,
                "Metrics": {"Precision": 0.5, "Recall": 0.5, "F1Score": 0.5, "Threshold": 0.2},
            },
        ],
    }


def judged(outcome: str) -> dict[str, Any]:
    keys = ("true-positive", "true-negative", "false-positive", "false-negative")
    return {
        "rekognition-custom-labels-evaluation-details": {
            "version": 1,
            **{f"is-{key}": key == outcome for key in keys},
            "is-present-in-ground-truth": outcome == "true-positive",
            "ground-truth-labelling-jobs": ["rekognition-custom-labels-training-job"],
        }
    }


def snapshot() -> list[dict[str, Any]]:
    """Two images in the documented form (im-evaluation-manifest-snapshot-api.html)."""
    right = boxes("0.jpg", (0, 1, 1, 9, 9), attribute="rekognition-custom-labels-training-0")
    right |= boxes("0.jpg", (0, 1, 1, 9, 9), attribute="rekognition-custom-labels-evaluation")
    right["rekognition-custom-labels-evaluation-metadata"]["objects"] = [
        {"confidence": 0.95, **judged("true-positive")}
    ]
    wrong = {
        "source-ref": source("1.jpg"),
        "rekognition-custom-labels-evaluation-0": 1,
        "rekognition-custom-labels-evaluation-0-metadata": {
            "confidence": 0.4,
            "class-name": "Bus",
            "type": "groundtruth/image-classification",
            **judged("false-negative"),
        },
    }
    return [right, wrong]


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What would have been waited; nobody waits."""
    seen: list[float] = []
    # The default of a parameter is bound when the class is made.
    init: Callable[..., None] = service.Service.__init__
    monkeypatch.setattr(
        service.Service,
        "__init__",
        lambda self, client, say, sleep=seen.append: init(self, client, say, sleep),
    )
    return seen


@pytest.fixture(scope="module")
def client() -> Any:
    """Made once: the model of the service is large. Nothing is ever sent with it."""
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client("rekognition", REGION, **keys)


@pytest.fixture
def cloud(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waits: list[float], client: Any
) -> Iterator[Cloud]:
    monkeypatch.chdir(tmp_path)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        made = Cloud(tmp_path, client)
        monkeypatch.setattr("terrace_cli.rekognition.clients.rekognition", lambda *_: made.client)
        with made.stub:
            yield made
        made.stub.assert_no_pending_responses()


def ok(result: Result) -> str:
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


def no(result: Result, code: int) -> str:
    assert isinstance(result.exception, SystemExit), (result.output, result.exception)
    assert result.exit_code == code, result.output
    return " ".join(result.output.split())


# --- start ---------------------------------------------------------------------------------------


def test_a_start_makes_everything_waits_and_tells_the_results(
    cloud: Cloud, waits: list[float]
) -> None:
    for number in range(10):
        cloud.s3.put_object(Bucket=BUCKET, Key=f"set/{number}.jpg", Body=picture())
    cloud.until_trained()
    cloud.version_is({"Status": "TRAINING_IN_PROGRESS"})
    cloud.version_is(cloud.done())
    said = ok(cloud.run("--start", "--yes", images=True))
    assert waits == [service.VERSION_SECONDS]
    assert "AWS bills the time" in said
    assert f"terrace rekognition status {cloud.arn}" in said
    assert "billed training time: 1.50 hours" in said
    assert "trained with 8 images, tested with 2" in said
    assert [
        line.split()[:4] for line in said.splitlines() if line.startswith(("  Bus ", "  all "))
    ][-2:] == [["Bus", "0.500", "0.500", "0.500"], ["all", "0.800", "0.706", "0.750"]]
    assert "mean average precision 0.610" in said
    assert "test images: 2, 1 with errors" in said
    assert f"{source('1.jpg')}: FN Bus (0.40)" in said
    assert f"{source('0.jpg')}: TP Car (0.95)" in said
    # The manifests are where Rekognition was told, whole
    keys = [row["Key"] for row in cloud.s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    sent = [key for key in keys if "/manifests/" in key]
    assert len(sent) == 2
    lines = cloud.s3.get_object(Bucket=BUCKET, Key=sent[1])["Body"].read().splitlines()
    assert len(lines) == 8
    assert json.loads(lines[0])["vehicle-metadata"]["type"] == "groundtruth/object-detection"


def test_a_second_start_finds_the_first_and_pays_nothing(cloud: Cloud) -> None:
    cloud.project(TRAIN="CREATE_COMPLETE", TEST="CREATE_COMPLETE")
    cloud.version_is(cloud.done())
    found = cloud.run("--start", "--json")
    told = json.loads(found.stdout)
    assert f"training {cloud.version} is there: found, not started" in found.stderr
    assert told["training"]["status"] == "TRAINING_COMPLETED"
    assert told["training"]["results"]["overall"]["f1"] == 0.75
    assert told["training"]["results"]["images"][0]["predictions"][0]["outcome"] == "FN"


@pytest.mark.parametrize("tag", ["of these data", "of others", None])
def test_a_version_of_a_name_of_ones_own_is_found_only_with_the_same_data(
    cloud: Cloud, tag: str | None
) -> None:
    content = cloud.version
    cloud.version, cloud.arn = "v1", f"{HOME}/version/v1/1700000000002"
    cloud.project(TRAIN="CREATE_COMPLETE", TEST="CREATE_COMPLETE")
    cloud.version_is(cloud.done())
    tags = {"terrace-manifest": content if tag == "of these data" else tag} if tag else {}
    cloud.answer("list_tags_for_resource", {"Tags": tags}, {"ResourceArn": cloud.arn})
    result = cloud.run("--start", "--version-name", "v1")
    if tag == "of these data":
        assert "found, not started" in ok(result)
    else:
        said = no(result, 2)
        assert "v1 is there, trained with other, or unknown, data" in said
        assert "0.750" not in said


def test_a_version_of_a_name_of_ones_own_is_tagged_with_its_data(cloud: Cloud) -> None:
    content = cloud.version
    cloud.version, cloud.arn = "v1", f"{HOME}/version/v1/1700000000002"
    cloud.project(TRAIN="CREATE_COMPLETE", TEST="CREATE_COMPLETE")
    cloud.version_is()
    cloud.project(TRAIN="CREATE_COMPLETE", TEST="CREATE_COMPLETE")
    cloud.tagged(TRAIN)
    cloud.tagged(TEST)
    cloud.datasets_ready()
    cloud.dataset(TEST, "CREATE_COMPLETE")
    cloud.begins(Tags={"terrace-manifest": content})
    ok(cloud.run("--start", "--yes", "--no-wait", "--version-name", "v1"))


def test_a_data_set_that_is_never_made_is_not_waited_for_without_end(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "DATASET_LOOKS", 2)
    cloud.project(TRAIN="CREATE_IN_PROGRESS", TEST="CREATE_COMPLETE")
    cloud.version_is()
    cloud.project(TRAIN="CREATE_IN_PROGRESS", TEST="CREATE_COMPLETE")
    cloud.tagged(TRAIN)
    cloud.tagged(TEST)
    for _ in range(2):
        cloud.dataset(TRAIN, "CREATE_IN_PROGRESS")
    said = no(cloud.run("--start", "--yes"), 1)
    assert "the TRAIN data set is not made after" in said
    assert "give the same command again" in said


def test_what_was_found_is_told_to_programs_when_the_start_is_refused(cloud: Cloud) -> None:
    cloud.manifest.write_text(cloud.manifest.read_text() + "[1]\n")
    result = cloud.run("--start", "--yes", "--json")
    assert "not started: 1 lines" in no(result, 2)
    told = json.loads(result.stdout)
    assert told["training"] is None
    assert told["findings"][0]["rule"] == "json-line"


def test_a_start_that_was_cut_off_goes_on_where_it_was(cloud: Cloud) -> None:
    # Given one data set made and the other being made; then both are waited for, none made again
    cloud.project(TRAIN="CREATE_COMPLETE", TEST="CREATE_IN_PROGRESS")
    cloud.version_is()
    cloud.project(TRAIN="CREATE_COMPLETE", TEST="CREATE_IN_PROGRESS")
    cloud.tagged(TRAIN)
    cloud.tagged(TEST)
    cloud.dataset(TRAIN, "CREATE_COMPLETE")
    cloud.dataset(TEST, "CREATE_IN_PROGRESS")
    cloud.dataset(TEST, "CREATE_COMPLETE")
    cloud.dataset(TRAIN, "CREATE_COMPLETE")
    cloud.dataset(TEST, "CREATE_COMPLETE")
    cloud.begins()
    assert "TRAINING_IN_PROGRESS" in ok(cloud.run("--start", "--yes", "--no-wait"))


def test_an_answer_that_got_lost_is_no_second_training(cloud: Cloud) -> None:
    cloud.no_project()
    cloud.no_project()
    cloud.answer("create_project", {"ProjectArn": PROJECT}, {"ProjectName": "cars"})
    cloud.refuse("create_dataset", "ResourceAlreadyExistsException", ANY_DATASET)
    cloud.project(TRAIN="CREATE_COMPLETE")
    cloud.tagged(TRAIN)
    cloud.creates(TEST)
    cloud.datasets_ready()
    cloud.dataset(TEST, "CREATE_COMPLETE")
    cloud.refuse("create_project_version", "ResourceInUseException", cloud.training())
    cloud.version_is({"Status": "TRAINING_IN_PROGRESS"})
    assert cloud.arn in ok(cloud.run("--start", "--yes", "--no-wait"))


ANY_DATASET = {
    "ProjectArn": PROJECT,
    "DatasetType": "TRAIN",
    "Tags": ANY,
    "DatasetSource": ANY,
}


def test_nothing_is_sent_where_nobody_agrees(cloud: Cloud) -> None:
    cloud.no_project()
    said = no(cloud.run("--start", text="n\n"), 1)
    assert "not started: nobody agreed" in said
    assert "Start this training?" in said


@pytest.mark.parametrize("unknown", service.TAGS_UNKNOWN)
def test_data_sets_of_other_content_stay_unless_they_may_go(cloud: Cloud, unknown: str) -> None:
    # Given a project with data sets of another manifest
    def look() -> None:
        cloud.project(TRAIN="CREATE_COMPLETE", TEST="CREATE_COMPLETE")
        cloud.version_is()
        cloud.project(TRAIN="CREATE_COMPLETE", TEST="CREATE_COMPLETE")
        cloud.tagged(TRAIN, "another")
        cloud.refuse("list_tags_for_resource", unknown, {"ResourceArn": TEST})

    # When a training is started, then nothing is touched
    look()
    said = no(cloud.run("--start", "--yes"), 2)
    assert "has a TRAIN and a TEST data set of another, or unknown, content" in said
    # But when they may be replaced, then they are, and are waited for
    look()
    for arn in (TRAIN, TEST):
        cloud.answer("delete_dataset", {}, {"DatasetArn": arn})
        cloud.dataset(arn, "DELETE_IN_PROGRESS")
        cloud.refuse("describe_dataset", "ResourceNotFoundException", {"DatasetArn": arn})
    cloud.creates(TRAIN)
    cloud.creates(TEST)
    cloud.datasets_ready()
    cloud.dataset(TEST, "CREATE_COMPLETE")
    cloud.begins()
    ok(cloud.run("--start", "--yes", "--no-wait", "--replace-datasets"))


def test_a_data_set_that_cannot_be_made_says_why_and_is_made_anew(cloud: Cloud) -> None:
    cloud.no_project()
    cloud.no_project()
    cloud.answer("create_project", {"ProjectArn": PROJECT}, {"ProjectName": "cars"})
    cloud.creates(TRAIN)
    cloud.creates(TEST)
    cloud.dataset(TRAIN, "CREATE_FAILED", message="manifest not readable")
    said = no(cloud.run("--start", "--yes"), 1)
    assert "cannot make the TRAIN data set: manifest not readable" in said
    assert "nothing was trained or billed" in said
    # When it is started again, then the failed one is deleted, unasked
    cloud.project(TRAIN="CREATE_FAILED")
    cloud.version_is()
    cloud.project(TRAIN="CREATE_FAILED")
    cloud.tagged(TRAIN)
    cloud.answer("delete_dataset", {}, {"DatasetArn": TRAIN})
    cloud.refuse("describe_dataset", "ResourceNotFoundException", {"DatasetArn": TRAIN})
    cloud.creates(TRAIN)
    cloud.creates(TEST)
    cloud.datasets_ready()
    cloud.dataset(TEST, "CREATE_COMPLETE")
    cloud.begins()
    ok(cloud.run("--start", "--yes", "--no-wait"))


def test_errors_that_rekognition_finds_stop_before_it_costs(cloud: Cloud) -> None:
    cloud.no_project()
    cloud.no_project()
    cloud.answer("create_project", {"ProjectArn": PROJECT}, {"ProjectName": "cars"})
    cloud.creates(TRAIN)
    cloud.creates(TEST)
    cloud.datasets_ready(errors=2)
    cloud.answer(
        "list_dataset_entries",
        {"DatasetEntries": ['{"source-ref": "s3://b/a.jpg", "errors": [{"code": "ERROR_X"}]}']},
        {"DatasetArn": TRAIN, "HasErrors": True, "MaxResults": service.ERRORS_SHOWN},
    )
    said = no(cloud.run("--start", "--yes"), 1)
    assert "finds errors in 2 images of the TRAIN data set" in said
    assert "ERROR_X" in said


def test_rekognition_splits_where_that_is_wanted(cloud: Cloud) -> None:
    cloud.version = json.loads(cloud.run("--json", "--test-by-rekognition").stdout)["version"]
    cloud.arn = f"{HOME}/version/{cloud.version}/1700000000002"
    cloud.no_project()
    cloud.no_project()
    cloud.answer("create_project", {"ProjectArn": PROJECT}, {"ProjectName": "cars"})
    cloud.answer("create_dataset", {"DatasetArn": TRAIN}, ANY_DATASET)
    empty = {
        "ProjectArn": PROJECT,
        "DatasetType": "TEST",
        "Tags": {"terrace-manifest": "by-rekognition"},
    }
    cloud.answer("create_dataset", {"DatasetArn": TEST}, empty)
    for arn in (TRAIN, TEST):
        cloud.dataset(arn, "CREATE_COMPLETE")
    nothing = {"DatasetDescription": {"Status": "CREATE_COMPLETE", "DatasetStats": {}}}
    cloud.answer("describe_dataset", nothing, {"DatasetArn": TEST})
    both = {"Datasets": [{"Arn": TRAIN}, {"Arn": TEST}]}
    cloud.answer("distribute_dataset_entries", {}, both)
    cloud.dataset(TRAIN, "UPDATE_IN_PROGRESS")
    for arn in (TRAIN, TEST, TRAIN, TEST):
        cloud.dataset(arn, "UPDATE_COMPLETE")
    cloud.begins()
    ok(cloud.run("--start", "--yes", "--no-wait", "--test-by-rekognition"))


def test_a_key_and_tags_are_passed_on(cloud: Cloud) -> None:
    tags = {"team": "vision"}
    cloud.project(TRAIN="CREATE_COMPLETE", TEST="CREATE_COMPLETE")
    cloud.version_is()
    cloud.project(TRAIN="CREATE_COMPLETE", TEST="CREATE_COMPLETE")
    cloud.tagged(TRAIN)
    cloud.tagged(TEST)
    cloud.datasets_ready()
    cloud.dataset(TEST, "CREATE_COMPLETE")
    cloud.begins(KmsKeyId="key-1", Tags=tags)
    more = ("--kms-key-id", "key-1", "--tag", "team=vision")
    ok(cloud.run("--start", "--yes", "--no-wait", *more))


def test_broken_lines_are_not_trained_without_a_word(cloud: Cloud) -> None:
    put(cloud.manifest, *good(), boxes("9.jpg", (0, -5, 1, 9, 9)))
    assert "1 lines cannot be trained with" in no(cloud.run("--start", "--yes"), 2)
    # With the word it starts: what is sent is the same as without the line
    cloud.until_trained()
    ok(cloud.run("--start", "--yes", "--no-wait", "--leave-out"))


def test_what_stops_is_refused_before_anything_is_asked(cloud: Cloud) -> None:
    put(cloud.manifest, "[]")
    said = no(cloud.run("--start", "--yes", "--leave-out", "--attribute", "vehicle"), 2)
    assert "not started: none of 1 lines can be trained with" in said


def test_a_bucket_of_another_region_is_refused(cloud: Cloud) -> None:
    cloud.s3.create_bucket(
        Bucket="far-away", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    cloud.no_project()
    said = no(cloud.run("--start", "--yes", "--output", "s3://far-away/x/"), 2)
    assert "the bucket far-away is in eu-west-1, and Rekognition is asked in us-east-1" in said


def test_no_rights_are_said_with_what_helps(cloud: Cloud) -> None:
    cloud.refuse("describe_projects", "AccessDeniedException", NAMES)
    said = no(cloud.run("--start", "--yes"), 1)
    assert "AccessDeniedException: said no" in said
    assert "the rights you need are in the dry run" in said


# --- waiting, status -----------------------------------------------------------------------------


def test_ctrl_c_leaves_the_training_running_and_says_how_to_go_on(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    cloud.project(TRAIN="CREATE_COMPLETE", TEST="CREATE_COMPLETE")
    cloud.version_is({"Status": "TRAINING_IN_PROGRESS"})
    monkeypatch.setattr(service.Service, "wait", interrupted)
    said = no(cloud.run("--start", "--yes"), 130)
    assert f"terrace rekognition status {cloud.arn} --wait" in said


def test_a_wait_without_an_answer_says_that_the_training_goes_on(cloud: Cloud) -> None:
    cloud.project()
    cloud.version_is({"Status": "TRAINING_IN_PROGRESS"})
    cloud.refuse(
        "describe_project_versions",
        "AccessDeniedException",
        {"ProjectArn": PROJECT, "VersionNames": [cloud.version]},
    )
    said = no(cloud.status("--wait"), 1)
    assert "(the training goes on)" in said


@pytest.mark.parametrize(
    ("silences", "code"),
    [
        pytest.param([service.SILENT_LOOKS], 0, id="back in time"),
        pytest.param([service.SILENT_LOOKS] * 2, 0, id="twice, in time"),
        pytest.param([service.SILENT_LOOKS + 1], 1, id="down for long"),
    ],
)
def test_a_line_that_is_down_is_waited_for(
    cloud: Cloud,
    monkeypatch: pytest.MonkeyPatch,
    waits: list[float],
    silences: list[int],
    code: int,
) -> None:
    # Given a training that is seen once, then for a while nobody answers
    running = {"ProjectVersionArn": cloud.arn, "Status": "TRAINING_IN_PROGRESS"}
    done = {"ProjectVersionArn": cloud.arn, **cloud.done()}
    silent = [look for number in silences for look in (running, *[None] * number)]
    looks = iter([running, *silent, done])

    def version(*_: Any) -> dict[str, Any]:
        found = next(looks)
        if found is None:
            with asked("look"):
                raise EndpointConnectionError(endpoint_url="https://rekognition")
        return found

    monkeypatch.setattr(service.Service, "version", version)
    cloud.project()
    # When it is waited for, then a short silence is no end, and a long one says how to go on
    result = cloud.status("--wait")
    assert result.exit_code == code, result.output
    assert len(waits) == len(silent) - code
    assert ("(the training goes on)" in result.output) == (code == 1)


def test_status_of_a_running_training_does_not_wait_unasked(cloud: Cloud) -> None:
    cloud.project()
    cloud.version_is({"Status": "TRAINING_IN_PROGRESS"})
    assert ok(cloud.status()).endswith(": TRAINING_IN_PROGRESS\n")


def test_status_of_a_trained_model_is_its_results(cloud: Cloud, tmp_path: Path) -> None:
    cloud.project()
    cloud.version_is(cloud.done())
    save = tmp_path / "results.json"
    assert "precision" in ok(cloud.status("--save", str(save), "--most", "0"))
    saved = json.loads(save.read_text("utf-8"))
    assert saved["trainingEnd"] == "2026-11-21T00:00:00+00:00"
    assert [one["label"] for one in saved["results"]["labels"]] == ["Bus", "Car"]
    assert saved["results"]["notes"] == []


def test_results_that_cannot_be_read_are_said_and_the_rest_is_told(cloud: Cloud) -> None:
    done = cloud.done()
    cloud.s3.delete_object(Bucket=BUCKET, Key=SUMMARY)
    cloud.s3.delete_object(Bucket=BUCKET, Key=SNAPSHOT)
    cloud.project()
    cloud.version_is(done)
    said = ok(cloud.status())
    assert "0.750" in said
    assert said.count("note: cannot read s3://") == 2


def test_a_failed_training_says_why_and_where_more_is_said(cloud: Cloud) -> None:
    failed = {
        "Status": "TRAINING_FAILED",
        "StatusMessage": "too many invalid rows",
        "ManifestSummary": {"S3Object": {"Bucket": BUCKET, "Name": "manifest_summary.json"}},
    }
    cloud.project()
    cloud.version_is(failed)
    said = no(cloud.status(), 1)
    assert "too many invalid rows" in said
    assert f"s3://{BUCKET}/manifest_summary.json" in said
    # For programs it is JSON all the same
    cloud.project()
    cloud.version_is(failed)
    result = cloud.status("--json")
    assert (result.exit_code, json.loads(result.stdout)["status"]) == (1, "TRAINING_FAILED")
    # A start of the same data does not begin it again by itself
    cloud.project()
    cloud.version_is(failed)
    assert "--version-name" in no(cloud.run("--start", "--yes"), 1)


def test_an_arn_of_something_else_is_refused(cloud: Cloud) -> None:
    cloud.arn = PROJECT
    assert "is no ARN of a model version" in no(cloud.status(), 2)


# --- batches -------------------------------------------------------------------------------------


def test_a_batch_is_trained_with_its_final_manifest(
    tmp_path: Path, api: FakeApi, here: Callable[..., dict[str, Any]]
) -> None:
    here()
    path = put(tmp_path / "output.manifest", *good())
    api.answers = [{"outputs": {"finalManifestS3Uri": f"s3://{BUCKET}/final/output.manifest"}}]
    args = ["rekognition", "train", "batch-1", "--no-images", "--json"]
    copy = ["--copy", f"s3://{BUCKET}/final/={path.parent}"]
    told = json.loads(ok(CliRunner().invoke(cli, [*args, *copy])))
    assert (told["project"], told["usable"]) == ("terrace-batch-1", 10)
    # Rekognition cannot read the local run's S3
    api.answers = [{"outputs": {"finalManifestS3Uri": f"s3://{BUCKET}/final/output.manifest"}}]
    said = no(CliRunner().invoke(cli, [*args, *copy, "--start"]), 2)
    assert "Rekognition cannot read" in said


def test_a_manifest_that_is_not_there_is_no_batch(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["rekognition", "train", "gone.manifest"])
    assert "cannot read gone.manifest" in no(result, 2)


def test_a_batch_without_a_final_manifest_is_said(
    api: FakeApi, here: Callable[..., dict[str, Any]]
) -> None:
    here()
    api.answers = [{"outputs": {"finalManifestS3Uri": None}}]
    said = no(CliRunner().invoke(cli, ["rekognition", "train", "batch-1"]), 2)
    assert "the batch batch-1 has no final manifest" in said
