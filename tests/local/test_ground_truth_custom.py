"""Custom jobs: the events their functions get, what may come back, and the pages in between."""

import io
import json
from collections.abc import Callable, Iterator
from html import escape
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from terrace_local.workers.truth import ImageTruth, write_image_truth
from tests.local.ground_truth_world import ACCOUNT, World, manifest

NASTY = '"it\'s" <script>alert(1)</script> & 🙂 שלום'
FORM = """<crowd-form>
  <p>{{ task.input.taskObject }}</p>
  <crowd-classifier name="mood" categories='["good", "bad & ugly"]'></crowd-classifier>
  <crowd-text-area name="why"></crowd-text-area>
  <crowd-slider name="sure" min="1" max="5"></crowd-slider>
  <crowd-checkbox name="again"></crowd-checkbox>
  <input type="hidden" name="version" value="2">
</crowd-form>"""
CLASSES = [
    {"id": "1", "label": "nose", "color": "#ff0000", "x": 50, "y": 0},
    {"id": "2", "label": "left foot", "color": "#00ff00", "x": 0, "y": 100},
    {"id": "3", "label": "right foot", "color": "#0000ff", "x": 100, "y": 100},
]
POSE = f"""<crowd-form>
  <crowd-2d-skeleton imgSrc="{{{{ task.input.taskObject | grant_read_access }}}}"
    keypointClasses="{escape(json.dumps(CLASSES))}"
    skeletonBoundingBox='{{"left": 0, "top": 0, "width": 100, "height": 100}}'
    initialValues="{{{{ task.input.earlier | to_json | escape }}}}">
  </crowd-2d-skeleton>
</crowd-form>"""

Function = Callable[[dict[str, Any]], Any]


class Functions:
    """Lambda as a job sees it: two functions that tests can replace, and what they were sent."""

    def __init__(self) -> None:
        self.sent: dict[str, list[dict[str, Any]]] = {"before": [], "after": []}
        self.roles: list[str] = []
        self.bodies: dict[str, Function] = {}
        self.read: Callable[[str], Any] = lambda uri: None
        self.restore()

    def restore(self) -> None:
        self.bodies = {"before": self.before, "after": self.after}
        self.sent = {"before": [], "after": []}

    def for_role(self, role: str) -> "Functions":
        self.roles.append(role)
        return self

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:
        name = FunctionName.rsplit(":", 1)[-1]
        event = json.loads(Payload)
        self.sent[name].append(event)
        try:
            body = json.dumps(self.bodies[name](event)).encode()
        except ArithmeticError as error:
            failure = json.dumps({"errorMessage": str(error)}).encode()
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(failure)}
        return {"Payload": io.BytesIO(body)}

    @staticmethod
    def before(event: dict[str, Any]) -> Any:
        line = event["dataObject"]
        given = {"taskObject": line.get("source", line.get("source-ref")), "earlier": line.get("p")}
        return {"taskInput": given, "isHumanAnnotationRequired": "true"}

    def after(self, event: dict[str, Any]) -> Any:
        return [
            {
                "datasetObjectId": row["datasetObjectId"],
                "consolidatedAnnotation": {
                    "content": {
                        event["labelAttributeName"]: json.loads(
                            row["annotations"][0]["annotationData"]["content"]
                        )
                    }
                },
            }
            for row in self.read(event["payload"]["s3Uri"])
        ]


FUNCTIONS = Functions()


@pytest.fixture(scope="module")
def started() -> Iterator[World]:
    with mock_aws():
        built = World(error_mix="clean", lambda_for_role=FUNCTIONS.for_role)
        FUNCTIONS.read = built.json
        built.service.start()
        yield built
        built.service.stop()


@pytest.fixture
def world(started: World) -> World:
    FUNCTIONS.restore()
    return started


def texts(world: World, *more: dict[str, Any]) -> str:
    rows = [{"source": NASTY}, {"source": "plain"}, *more]
    return world.put(f"texts-{len(rows)}.manifest", manifest(rows))


def lines(world: World, job: dict[str, Any]) -> list[dict[str, Any]]:
    assert job["LabelingJobStatus"] == "Completed", job.get("FailureReason")
    return world.lines(job["LabelingJobOutput"]["OutputDatasetS3Uri"])


def test_functions_get_the_documented_events_under_the_jobs_role(world: World) -> None:
    categories = world.categories("good", "bad")
    request = world.custom_request("Events", FORM, manifest=texts(world), categories=categories)

    job = world.run(request)

    root = "s3://out-bucket/out/Events/annotations"
    arn = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:labeling-job/events"
    before = sorted(FUNCTIONS.sent["before"], key=lambda event: event["dataObject"]["source"])
    assert before[1] == {
        "version": "2018-10-06",
        "labelingJobArn": arn,
        "dataObject": {"source": "plain"},
    }
    (after,) = FUNCTIONS.sent["after"]
    payload = after.pop("payload")
    assert after == {
        "version": "2018-10-06",
        "labelingJobArn": arn,
        "labelCategories": ["good", "bad"],
        "labelAttributeName": "Events",
        "roleArn": request["RoleArn"],
        "outputConfig": root,
    }
    start = f"{root}/consolidated-annotation/consolidation-request/iteration-1/"
    assert payload["s3Uri"].startswith(start)
    assert set(FUNCTIONS.roles) == {request["RoleArn"]}
    assert job["LabelCounters"]["TotalLabeled"] == 2


def test_the_outputs_key_encrypts_every_file_and_is_told_to_the_function(world: World) -> None:
    request = world.custom_request("Sealed", FORM, manifest=texts(world))
    request["OutputConfig"] = {"S3OutputPath": "s3://out-bucket/sealed/", "KmsKeyId": "alias/mine"}

    job = world.run(request)

    assert job["LabelingJobStatus"] == "Completed", job.get("FailureReason")
    keys = world.keys("sealed/")
    assert len(keys) >= 5
    for key in keys:
        head = world.s3.head_object(Bucket="out-bucket", Key=key)
        assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", "alias/mine")
    assert FUNCTIONS.sent["after"][0]["kmsKeyId"] == "alias/mine"


def test_the_label_is_what_the_function_made_of_the_answers(world: World) -> None:
    job = world.run(world.custom_request("Made", FORM, manifest=texts(world), people=2))

    nasty, _ = lines(world, job)
    assert nasty["source"] == NASTY
    label = nasty["Made"]
    assert label["mood"]["label"] in ("good", "bad & ugly")
    assert set(label) == {"mood", "why", "sure", "again", "version"}
    assert label["version"] == "2"
    metadata = nasty["Made-metadata"]
    assert metadata.pop("creation-date")
    # Exactly what real custom jobs write: a bare job name, no confidence.
    assert metadata == {"type": "groundtruth/custom", "job-name": "made", "human-annotated": "yes"}
    (after,) = FUNCTIONS.sent["after"]
    assert after["labelCategories"] is None
    payload = world.json(after["payload"]["s3Uri"])
    assert [row["datasetObjectId"] for row in payload] == ["0", "1"]
    assert payload[0]["dataObject"] == {"content": NASTY}
    assert len(payload[0]["annotations"]) == 2
    assert payload[0]["annotations"][0]["workerId"].startswith("private.us-east-1.")


def test_an_object_that_needs_nobody_stays_as_it_was(world: World) -> None:
    def before(event: dict[str, Any]) -> Any:
        answer = Functions.before(event)
        return {**answer, "isHumanAnnotationRequired": event["dataObject"]["source"] == "plain"}

    FUNCTIONS.bodies["before"] = before
    job = world.run(world.custom_request("Spared", FORM, manifest=texts(world)))

    spared, done = lines(world, job)
    assert spared == {"source": NASTY}
    assert "Spared" in done
    assert job["LabelCounters"]["Unlabeled"] == 1
    assert job["LabelCounters"]["FailedNonRetryableError"] == 0


def fails(event: dict[str, Any]) -> Any:
    raise ZeroDivisionError("a secret of the function")


BAD_BEFORE: dict[str, tuple[Function, str]] = {
    "fails": (fails, "LambdaErrorCode: Unhandled"),
    "no dict": (lambda event: [], "returned no taskInput"),
    "no task input": (lambda event: {"taskInput": "x"}, "returned no taskInput"),
    "no truth value": (
        lambda event: {"taskInput": {}, "isHumanAnnotationRequired": "maybe"},
        "neither true nor false",
    ),
}


@pytest.mark.parametrize(("body", "words"), BAD_BEFORE.values(), ids=BAD_BEFORE.keys())
def test_a_bad_answer_before_fails_only_its_object(
    world: World, body: Function, words: str, request: Any
) -> None:
    FUNCTIONS.bodies["before"] = lambda event: (
        body(event) if event["dataObject"]["source"] == NASTY else Functions.before(event)
    )
    name = "Before-" + request.node.callspec.id.replace(" ", "-")

    job = world.run(world.custom_request(name, FORM, manifest=texts(world)))

    bad, good = lines(world, job)
    assert name not in bad
    reason = bad[f"{name}-metadata"]["failure-reason"]
    assert words in reason
    assert "secret" not in reason
    assert name in good


BAD_AFTER: dict[str, tuple[Function, str]] = {
    "fails": (fails, "LambdaErrorCode: Unhandled"),
    "no list": (lambda event: {"a": 1}, "returned no list"),
    "no content": (lambda event: [{"datasetObjectId": "0"}], "returned no list"),
    "empty": (lambda event: [], "returned no consolidatedAnnotation with"),
}


@pytest.mark.parametrize(("body", "words"), BAD_AFTER.values(), ids=BAD_AFTER.keys())
def test_a_bad_answer_after_fails_all_objects_of_the_call(
    world: World, body: Function, words: str, request: Any
) -> None:
    FUNCTIONS.bodies["after"] = body
    name = "After-" + request.node.callspec.id.replace(" ", "-")

    job = world.run(world.custom_request(name, FORM, manifest=texts(world)))

    for line in lines(world, job):
        assert name not in line
        assert words in line[f"{name}-metadata"]["failure-reason"]
    assert job["LabelCounters"]["FailedNonRetryableError"] == 2
    assert job["LabelCounters"]["TotalLabeled"] == 0


def test_an_object_that_the_function_leaves_out_fails_alone(world: World) -> None:
    FUNCTIONS.bodies["after"] = lambda event: FUNCTIONS.after(event)[1:]

    job = world.run(world.custom_request("Skips", FORM, manifest=texts(world)))

    skipped, done = lines(world, job)
    assert "returned no consolidatedAnnotation" in skipped["Skips-metadata"]["failure-reason"]
    assert "Skips" in done


def test_functions_that_may_not_be_called_fail_the_job_with_the_reason(world: World) -> None:
    def refused(event: dict[str, Any]) -> Any:
        error = {"Error": {"Code": "AccessDeniedException", "Message": "no"}}
        raise ClientError(error, "Invoke")

    FUNCTIONS.bodies["before"] = refused
    job = world.run(world.custom_request("Refused", FORM, manifest=texts(world)))

    assert job["LabelingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith(
        f"ClientError: Exception invoking the Lambda function arn:aws:lambda:us-east-1:{ACCOUNT}:"
        "function:before. LambdaErrorCode: AccessDeniedException."
    )


def test_a_page_that_nobody_can_fill_in_fails_its_objects(world: World) -> None:
    page = "<crowd-form><p>{{ task.input.taskObject }}</p></crowd-form>"

    job = world.run(world.custom_request("Bare", page, manifest=texts(world)))

    for line in lines(world, job):
        assert "no form element" in line["Bare-metadata"]["failure-reason"]


def test_without_lambda_a_custom_job_fails() -> None:
    with mock_aws():
        world = World()
        world.service.start()
        job = world.run(world.custom_request("Alone", FORM, manifest=texts(world)))
        world.service.stop()

    assert job["LabelingJobStatus"] == "Failed"
    assert "without Lambda" in job["FailureReason"]


def test_what_was_answered_before_a_stop_or_a_restart_still_goes_through_the_function() -> None:
    functions = Functions()
    with mock_aws():
        first = World(error_mix="clean", workers="manual", lambda_for_role=functions.for_role)
        functions.read = first.json
        first.service.start()
        for name in ("Stops", "Restarts"):
            first.call(
                "CreateLabelingJob", **first.custom_request(name, FORM, manifest=texts(first))
            )
            first.running(name)
            first.control("POST", f"jobs/{name}/progress", {"labeled": 0.5})
        first.call("StopLabelingJob", LabelingJobName="Stops")
        stopped = first.ended("Stops")
        first.service.stop()
        state = json.loads(json.dumps(first.service.save_state()))
        first.service = first.new_service(
            error_mix="clean", workers="manual", lambda_for_role=functions.for_role
        )
        first.service.load_state(state)
        first.service.start()
        first.running("Restarts")
        first.control("POST", "jobs/Restarts/finish", {})
        ended = first.ended("Restarts")
        outputs = {
            job["LabelingJobName"]: first.lines(job["LabelingJobOutput"]["OutputDatasetS3Uri"])
            for job in (stopped, ended)
        }
        first.service.stop()

    assert (stopped["LabelingJobStatus"], ended["LabelingJobStatus"]) == ("Stopped", "Completed")
    answered, untouched = outputs["Stops"]
    assert "mood" in answered["Stops"]
    assert untouched == {"source": "plain"}
    assert all("mood" in line["Restarts"] for line in outputs["Restarts"])
    # Asked again after the restart would be paid twice.
    assert len(functions.sent["before"]) == 3


# -- skeletons --------------------------------------------------------------------------------


def poses(world: World) -> str:
    """Two images with known skeletons, and one that does not exist."""
    world.images(2)
    points = {"nose": (60, 10), "left foot": (20, 80), "right foot": (90, 80)}
    skeleton = tuple({"label": n, "x": x, "y": y} for n, (x, y) in points.items())
    truth = ImageTruth((), 200, 100, skeletons=(skeleton,))
    write_image_truth(world.s3, "s3://in-bucket/photos/", {f"{n}.png": truth for n in range(2)})
    refs = [{"source-ref": f"s3://in-bucket/photos/{name}.png"} for name in (0, 1, "none")]
    return world.put("poses.manifest", manifest(refs))


def test_people_place_skeletons_that_the_page_asks_for(world: World) -> None:
    job = world.run(world.custom_request("Pose", POSE, manifest=poses(world)))

    first, _, absent = lines(world, job)
    assert set(first["Pose"]) == {"annotations", "noChangesNeeded", "totalTimeInSeconds"}
    assert first["Pose"]["noChangesNeeded"] == "false"
    assert float(first["Pose"]["totalTimeInSeconds"]) > 0
    (skeleton,) = json.loads(first["Pose"]["annotations"])
    assert [p["label"] for p in skeleton["keypoints"]] == ["nose", "left foot", "right foot"]
    nose = skeleton["keypoints"][0]
    assert (nose["id"], nose["x"], nose["y"], nose["visibility"]) == ("1", 60, 10, "visible")
    assert "none.png" in absent["Pose-metadata"]["failure-reason"]


def test_a_review_moves_what_is_off_and_says_so(world: World) -> None:
    made = lines(world, world.run(world.custom_request("Old", POSE, manifest=poses(world))))[:2]
    rows = []
    for line, shift in zip(made, (0, 30), strict=True):
        skeletons = json.loads(line["Old"]["annotations"])
        skeletons[0]["keypoints"][0]["x"] += shift
        rows.append({"source-ref": line["source-ref"], "p": skeletons})

    job = world.run(
        world.custom_request("Again", POSE, manifest=world.put("again.manifest", manifest(rows)))
    )

    good, mended = (line["Again"] for line in lines(world, job))
    assert good["noChangesNeeded"] == "true"
    assert json.loads(good["annotations"]) == rows[0]["p"]
    assert mended["noChangesNeeded"] == "false"
    assert json.loads(mended["annotations"])[0]["keypoints"][0]["x"] == 60


def test_a_broken_rig_fails_the_objects_with_the_reason(world: World) -> None:
    page = "<crowd-form><crowd-2d-skeleton keypointClasses='[{]'></crowd-2d-skeleton></crowd-form>"

    job = world.run(world.custom_request("Rig", page, manifest=texts(world)))

    reason = lines(world, job)[0]["Rig-metadata"]["failure-reason"]
    assert "keypointclasses is not JSON" in reason
