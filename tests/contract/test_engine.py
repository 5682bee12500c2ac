"""LabelingEngine: the same tests on Ground Truth (the local one, through boto3) and on the fake."""

import json
import time
from collections.abc import Iterator
from typing import Any, Protocol

import boto3
import pytest

from terrace.domain import labeling_request, modalities
from terrace.domain.request import JobSpec
from terrace.engines.ground_truth import GroundTruthEngine
from terrace.errors import BadRequestError, NameTakenError
from terrace.ports import LabelingEngine, LabelingJob
from tests.contract.conftest import ONCE
from tests.contract.ground_truth_wire import GroundTruthWire, ground_truth
from tests.fakes.engine import ACCOUNT, REGION
from tests.fakes.house import BUCKET, ROLE, House, a_house, team

PEOPLE = {"UserPool": "us-east-1_Ab1", "UserGroup": "people", "ClientId": "client1"}
ITEMS = 3


class Subject(Protocol):
    """A LabelingEngine, and the people who work in it."""

    port: LabelingEngine

    def now(self) -> float:
        """The engine's own time."""

    def finish(self, name: str, status: str, labeled: float) -> None:
        """The labeling job ends with that share of its items labeled."""


class Fake:
    def __init__(self, house: House) -> None:
        self.port = house.engine
        self.now = house.clock.now

    def finish(self, name: str, status: str, labeled: float) -> None:
        self.port.finish(name, status, labeled=labeled)


class GroundTruth:
    def __init__(self, wire: GroundTruthWire) -> None:
        self._service = wire.service
        client = wire.attach(boto3.client("sagemaker", REGION, config=ONCE))
        client.create_workteam(
            WorkteamName="first",
            Description="people",
            MemberDefinitions=[{"CognitoMemberDefinition": PEOPLE}],
        )
        self.port = GroundTruthEngine(client)
        self.now = time.time

    def finish(self, name: str, status: str, labeled: float) -> None:
        body = json.dumps({"status": status, "labeled": labeled, "event": False}).encode()
        code, answer = self._service.control("POST", f"/_terrace/jobs/{name}/finish", body)
        assert code == 200, answer


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with a_house() as built:
        yield built


@pytest.fixture(params=["Ground Truth", "fake"])
def subject(request: pytest.FixtureRequest, house: House) -> Iterator[Subject]:
    if request.param == "fake":
        house.engine.jobs.clear()
        yield Fake(house)
        return
    with ground_truth(boto3.client("s3", REGION), []) as service:
        yield GroundTruth(GroundTruthWire(service))


@pytest.fixture
def files(house: House) -> dict[str, str]:
    return {"manifest": house.manifest(items=ITEMS), "categories": house.categories()}


def a_request(files: dict[str, str], name: str = "car", nonce: str = "n1") -> dict[str, Any]:
    """What Terrace really sends for a job."""
    spec = JobSpec.model_validate(
        {
            "jobName": name,
            "jobLevel": 1,
            "jobModality": "VideoObjectTracking",
            "inputConfig": {"inputManifestS3Uri": files["manifest"]},
            "labelCategoryConfigS3Uri": files["categories"],
            "workteamArn": team("first"),
        }
    )
    return labeling_request.build(
        spec,
        modalities.get("VideoObjectTracking"),
        batch_id="b",
        nonce=nonce,
        attempt=1,
        attempt_name=name,
        label_attribute_name=f"{name}-ref",
        region=REGION,
        role_arn=ROLE,
        manifest_uri=files["manifest"],
        category_uri=files["categories"],
        output_path=f"s3://{BUCKET}/batches/b/outputs/{name}/a1/",
    )


def described(subject: Subject, name: str = "car") -> LabelingJob:
    found = subject.port.describe(name)
    assert found is not None
    return found


def ended(subject: Subject, name: str = "car") -> LabelingJob:
    """The job once it has ended: a stop takes effect a moment later."""
    deadline = time.monotonic() + 5
    while not (found := described(subject, name)).terminal:
        assert time.monotonic() < deadline, "it does not end"
        time.sleep(0.005)
    return found


def test_a_created_job_can_be_described(subject: Subject, files: dict[str, str]) -> None:
    arn = subject.port.create(a_request(files, "Car"))
    assert arn == f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:labeling-job/car"
    found = described(subject, "Car")
    assert (found.name, found.arn) == ("Car", arn)
    assert found.status in {"Initializing", "InProgress"}
    assert not found.terminal
    assert found.outputPath == f"s3://{BUCKET}/batches/b/outputs/Car/a1/"
    assert found.tags["terrace:nonce"] == "n1"
    assert found.outputManifestS3Uri is None
    assert abs(found.createdAt - subject.now()) < 60


def test_a_name_is_taken_whatever_its_case_and_for_ever(
    subject: Subject, files: dict[str, str]
) -> None:
    subject.port.create(a_request(files, "car", "mine"))
    with pytest.raises(NameTakenError):
        subject.port.create(a_request(files, "CAR", "theirs"))
    subject.finish("car", "Failed", 0)
    with pytest.raises(NameTakenError):
        subject.port.create(a_request(files, "car", "theirs"))
    assert described(subject, "CAR").tags["terrace:nonce"] == "mine"


def test_a_job_that_was_never_made_is_none(subject: Subject) -> None:
    assert subject.port.describe("nobody") is None


def test_a_completed_job_counts_its_items_and_names_its_output(
    subject: Subject, files: dict[str, str], house: House
) -> None:
    subject.port.create(a_request(files))
    subject.finish("car", "Completed", 1.0)
    found = described(subject)
    assert (found.status, found.terminal) == ("Completed", True)
    assert found.counters.totalLabeled == ITEMS
    expected = f"s3://{BUCKET}/batches/b/outputs/car/a1/car/manifests/output/output.manifest"
    assert found.outputManifestS3Uri == expected
    lines = [json.loads(line.text) for line in house.objects.read_lines(expected)]
    assert len(lines) == ITEMS
    assert all(line["car-ref"].startswith("s3://") for line in lines)
    assert all("car-ref-metadata" in line for line in lines)


def test_a_job_that_labeled_a_share_says_how_much(
    subject: Subject, files: dict[str, str], house: House
) -> None:
    subject.port.create(a_request(files))
    subject.finish("car", "Completed", 1 / 3)
    found = described(subject)
    assert (found.status, found.counters.totalLabeled) == ("Completed", 1)
    lines = [
        json.loads(line.text) for line in house.objects.read_lines(found.outputManifestS3Uri or "")
    ]
    assert ["car-ref" in line for line in lines].count(True) == 1
    assert [
        "failure-reason" in line.get("car-ref-metadata", {}) for line in lines
    ].count(True) == ITEMS - 1  # fmt: skip


def test_a_stopped_job_stays_stopped_and_a_second_stop_is_no_error(
    subject: Subject, files: dict[str, str]
) -> None:
    subject.port.create(a_request(files))
    subject.port.stop("car")
    subject.port.stop("car")
    assert ended(subject).status == "Stopped"
    subject.port.stop("car")
    assert described(subject).status == "Stopped"


@pytest.mark.parametrize("status", ["Completed", "Failed"])
def test_stopping_what_has_ended_changes_nothing(
    subject: Subject, files: dict[str, str], status: str
) -> None:
    subject.port.create(a_request(files))
    subject.finish("car", status, 1.0)
    subject.port.stop("car")
    assert described(subject).status == status


def test_stopping_what_does_not_exist_is_no_error(subject: Subject) -> None:
    subject.port.stop("nobody")
    assert subject.port.describe("nobody") is None


def test_jobs_are_listed_from_a_time_on_that_time_included(
    subject: Subject, files: dict[str, str]
) -> None:
    for name in ("car", "Road"):
        subject.port.create(a_request(files, name))
    listed = list(subject.port.list_since(described(subject, "car").createdAt))
    assert sorted(job.name for job in listed) == ["Road", "car"]
    assert {job.arn.rsplit("/")[-1] for job in listed} == {"car", "road"}
    assert list(subject.port.list_since(subject.now() + 3600)) == []


def test_a_listing_says_who_has_ended_and_nothing_it_does_not_know(
    subject: Subject, files: dict[str, str]
) -> None:
    subject.port.create(a_request(files))
    subject.finish("car", "Completed", 1.0)
    [job] = subject.port.list_since(subject.now() - 3600)
    assert (job.status, job.counters.totalLabeled) == ("Completed", ITEMS)
    assert (job.outputPath, job.tags) == ("", {})


# --- what only Ground Truth can show --------------------------------------------------------


@pytest.fixture
def wire(house: House) -> Iterator[GroundTruthWire]:
    del house  # for its buckets
    with ground_truth(boto3.client("s3", REGION), []) as service:
        yield GroundTruthWire(service)


def test_a_request_that_ground_truth_refuses_is_a_bad_request(
    wire: GroundTruthWire, files: dict[str, str]
) -> None:
    engine = GroundTruth(wire).port
    request = a_request(files) | {"LabelAttributeName": "car"}  # tracking needs -ref
    with pytest.raises(BadRequestError, match="ValidationException"):
        engine.create(request)
    with pytest.raises(BadRequestError):
        engine.create(a_request(files) | {"StoppingConditions": "soon"})


def test_a_team_that_exists_has_no_problem_and_another_one_has(wire: GroundTruthWire) -> None:
    engine = GroundTruth(wire).port
    assert engine.workteam_problem(team("first")) is None
    assert engine.workteam_problem(team("nobody")) == "the work team does not exist"
    other = team("first").replace(ACCOUNT, "000000000000")
    assert "the work team of that name is" in (engine.workteam_problem(other) or "")


def test_more_jobs_than_a_page_are_all_listed(wire: GroundTruthWire, files: dict[str, str]) -> None:
    engine = GroundTruth(wire).port
    for number in range(101):
        engine.create(a_request(files, f"job-{number}"))
    names = [job.name for job in engine.list_since(time.time() - 3600)]
    assert sorted(names) == sorted(f"job-{number}" for number in range(101))
    assert wire.calls.count("ListLabelingJobs") == 2
