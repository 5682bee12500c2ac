"""The life of jobs in the local Ground Truth: from request to labels, and every bad end."""

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from PIL import Image

from terrace_local.workers.shapes import Box, iou
from tests.local.ground_truth_world import FRAMES, World, manifest

FAILED = "ClientError: Annotation tasks expired."


@pytest.fixture
def world() -> Iterator[World]:
    with mock_aws():
        built = World()
        built.service.start()
        yield built
        built.service.stop()


@pytest.fixture
def manual() -> Iterator[World]:
    with mock_aws():
        built = World(workers="manual")
        built.service.start()
        yield built
        built.service.stop()


def counters(job: dict[str, Any]) -> tuple[int, int, int]:
    """(labeled, failed, unlabeled)."""
    row = job["LabelCounters"]
    assert row["TotalLabeled"] == row["HumanLabeled"] + row["MachineLabeled"]
    return row["TotalLabeled"], row["FailedNonRetryableError"], row["Unlabeled"]


def output(job: dict[str, Any]) -> str:
    return str(job["LabelingJobOutput"]["OutputDatasetS3Uri"])


def test_a_job_runs_to_its_end_and_tells_once(world: World) -> None:
    job = world.run(world.video_request("Vehicle", categories=world.categories()))

    assert job["LabelingJobStatus"] == "Completed"
    assert counters(job) == (3, 0, 0)
    assert output(job) == "s3://out-bucket/out/Vehicle/manifests/output/output.manifest"
    assert world.told() == ["Completed"]
    assert world.events[0]["resources"] == [job["LabelingJobArn"]]


def test_label_audit_and_adjust_chain_on_one_manifest(world: World) -> None:
    label = world.run(world.video_request("v", categories=world.categories()))
    audit = world.run(
        world.video_request(
            "v-audit",
            review=True,
            manifest=output(label),
            categories=world.audit_categories("v-ref"),
        )
    )
    adjust = world.run(
        world.video_request(
            "v-adjust",
            review=True,
            manifest=output(audit),
            categories=world.categories(auditLabelAttributeName="v-audit-ref"),
        )
    )

    assert [j["LabelingJobStatus"] for j in (label, audit, adjust)] == ["Completed"] * 3
    line = world.lines(output(adjust))[0]
    assert list(line) == [
        "source-ref",
        "v-ref",
        "v-ref-metadata",
        "v-audit-ref",
        "v-audit-ref-metadata",
        "v-adjust-ref",
        "v-adjust-ref-metadata",
    ]
    judged = world.json(line["v-audit-ref"])["tracking-annotations"]
    assert len(judged) == len(FRAMES)
    for frame in judged:
        assert frame["frame-attributes"]["Frame_Quality"] in ("Pass", "Fail")
        for box in frame["annotations"]:
            assert box["label-category-attributes"]["audit"] in ("Pass", "Fail")


def test_a_verification_judges_and_changes_nothing(world: World) -> None:
    label = world.run(world.video_request("v", categories=world.categories()))
    verify = world.run(
        world.video_request(
            "v-check",
            review=True,
            manifest=output(label),
            categories=world.audit_categories("v-ref", edits="none"),
        )
    )

    def boxes(uri: str) -> Any:
        frames = world.json(uri)["tracking-annotations"]
        return {
            f["frame"]: [{k: v for k, v in box.items() if k != "label-category-attributes"}
                         for box in f["annotations"]]
            for f in frames
        }  # fmt: skip

    for line in world.lines(output(verify)):
        assert line["v-check-ref-metadata"]["adjustment-status"] == "unadjusted"
        before = boxes(line["v-ref"])
        after = boxes(line["v-check-ref"])
        assert {k: v for k, v in after.items() if v} == {k: v for k, v in before.items() if v}


def test_polylines_are_labeled_as_lines_without_identities_in_detection(world: World) -> None:
    categories = world.categories("Lane", annotationType="Polyline")
    job = world.run(world.video_request("l", task="VideoObjectDetection", categories=categories))

    content = world.json(world.lines(output(job))[0]["l-ref"])

    frame = content["detection-annotations"][0]
    assert set(frame) == {"polylines", "frame-no", "frame", "frame-attributes"}
    line = frame["polylines"][0]
    assert set(line) == {"vertices", "class-id", "label-category-attributes"}
    assert all(set(vertex) == {"x", "y"} for vertex in line["vertices"])


def test_lines_that_hold_the_attribute_stay_as_they_are_and_are_nobodys_work(
    world: World,
) -> None:
    lines = world.get(world.manifest).decode().splitlines()
    kept = json.dumps({**json.loads(lines[1]), "v-ref": "s3://x/y", "v-ref-metadata": {"a": 1}})
    lines[1] = kept
    uri = world.put("again.manifest", "\n".join(lines))

    job = world.run(world.video_request("v", manifest=uri, categories=world.categories()))

    assert counters(job) == (2, 0, 0)
    assert world.get(output(job)).decode().splitlines()[1] == kept


def test_what_a_failed_attempt_left_on_a_line_is_replaced(world: World) -> None:
    lines = [json.loads(line) for line in world.get(world.manifest).decode().splitlines()]
    lines[0]["v-ref-metadata"] = {"failure-reason": FAILED}
    uri = world.put("again.manifest", manifest(lines))

    job = world.run(world.video_request("v", manifest=uri, categories=world.categories()))

    assert world.lines(output(job))[0]["v-ref-metadata"]["human-annotated"] == "yes"


def test_a_review_fails_lines_without_the_label_one_by_one(world: World) -> None:
    label = world.run(world.video_request("v", categories=world.categories()))
    lines = world.lines(output(label))
    del lines[1]["v-ref"]
    uri = world.put("partly.manifest", manifest(lines))

    audit = world.run(
        world.video_request(
            "v-audit", review=True, manifest=uri, categories=world.audit_categories("v-ref")
        )
    )

    assert audit["LabelingJobStatus"] == "Completed"
    assert counters(audit) == (2, 1, 0)
    failed = world.lines(output(audit))[1]
    assert "v-audit-ref" not in failed
    assert "v-ref" in failed["v-audit-ref-metadata"]["failure-reason"]


def broken_sequence(frames: Any, count: Any = None, prefix: str = "s3://in-bucket/f/") -> Any:
    def build(world: World) -> dict[str, Any]:
        rows = [{"frame-no": i, "frame": f} for i, f in enumerate(frames)]
        number = len(rows) if count is None else count
        content = {"seq-no": 1, "prefix": prefix, "number-of-frames": number, "frames": rows}
        uri = world.put("clips/broken.json", content)
        return {"manifest": world.put("b.manifest", manifest([{"source-ref": uri}]))}

    return build


INPUT_FAULTS: dict[str, tuple[Callable[[World], dict[str, Any]], str]] = {
    "no manifest": (lambda w: {"manifest": "s3://in-bucket/none"}, "Unable to access"),
    "no bucket": (lambda w: {"manifest": "s3://no-such-bucket/none"}, "Unable to access"),
    "an empty manifest": (lambda w: {"manifest": w.put("e", "\n")}, "no data objects"),
    "a line that is not JSON": (
        lambda w: {"manifest": w.put("b", '{"source-ref": "s3://a/b"}\n{"source-ref": ')},
        "line 2 is not valid JSON",
    ),
    "a manifest that is not UTF-8": (lambda w: {"manifest": w.put("b", b"\xff\xfe")}, "UTF-8"),
    "a line without source": (lambda w: {"manifest": w.put("b", '{"a": 1}')}, "source-ref"),
    "11 sequences": (lambda w: {"manifest": w.clip(11)}, "at most 10"),
    "2001 frames": (broken_sequence([f"{i}.jpg" for i in range(2001)]), "at most 2000"),
    "a wrong number of frames": (broken_sequence(["a.jpg"], count=2), "number-of-frames"),
    "a prefix without slash": (broken_sequence(["a"], prefix="s3://in-bucket/f"), "prefix"),
    "a sequence file that is not there": (
        lambda w: {"manifest": w.put("b", '{"source-ref": "s3://in-bucket/none.json"}')},
        "the sequence file",
    ),
    "no category file": (lambda w: {"categories": "s3://in-bucket/no"}, "category"),
    "a category file without labels": (lambda w: {"categories": w.put("c", {})}, "labels"),
    "an empty list of labels": (lambda w: {"categories": w.put("c", {"labels": []})}, "empty"),
    "a label of 17 characters": (lambda w: {"categories": w.categories("a" * 17)}, "longer"),
    "a label twice": (lambda w: {"categories": w.categories("a", "a")}, "twice"),
    "an audited attribute in a label job": (
        lambda w: {"categories": w.categories(auditLabelAttributeName="x")},
        "auditLabelAttributeName is for",
    ),
    "a review without audited attribute": (
        lambda w: {"review": True, "categories": w.categories()},
        "auditLabelAttributeName is required",
    ),
    "a review onto the audited attribute": (
        lambda w: {
            "review": True,
            "categories": w.categories(auditLabelAttributeName="job-ref"),
        },
        "must differ",
    ),
}


@pytest.mark.parametrize(("build", "words"), INPUT_FAULTS.values(), ids=list(INPUT_FAULTS))
def test_bad_input_fails_the_job_with_the_reason(
    world: World, build: Callable[[World], dict[str, Any]], words: str
) -> None:
    changes = {"categories": world.categories(), **build(world)}

    job = world.run(world.video_request("job", **changes))

    assert job["LabelingJobStatus"] == "Failed"
    assert words in job["FailureReason"]
    assert "LabelingJobOutput" not in job
    assert world.told() == ["Failed"]


def test_a_review_that_lacks_an_old_label_fails(world: World) -> None:
    label = world.run(world.video_request("v", categories=world.categories()))
    categories = world.categories("Car", auditLabelAttributeName="v-ref")

    job = world.run(
        world.video_request("r", review=True, manifest=output(label), categories=categories)
    )

    assert "it lacks Van" in job["FailureReason"]


def test_a_stopped_job_keeps_what_is_labeled_and_leaves_the_rest(manual: World) -> None:
    manual.call("CreateLabelingJob", **manual.video_request("v", categories=manual.categories()))
    manual.running("v")
    manual.control("POST", "jobs/v/progress", {"labeled": 0.34})

    manual.call("StopLabelingJob", LabelingJobName="V")
    job = manual.ended("v")

    assert job["LabelingJobStatus"] == "Stopped"
    assert counters(job) == (1, 0, 2)
    lines = manual.lines(output(job))
    assert ["v-ref" in line for line in lines] == [True, False, False]
    assert "v-ref-metadata" not in lines[2]


def test_items_that_are_not_done_in_time_expire_as_real_ones(world: World) -> None:
    human = {"TaskAvailabilityLifetimeInSeconds": 60}

    job = world.run(world.video_request("v", categories=world.categories(), human=human))

    assert job["LabelingJobStatus"] == "Completed"
    assert counters(job) == (0, 3, 0)
    line = world.lines(output(job))[0]
    assert "v-ref" not in line
    assert line["v-ref-metadata"]["failure-reason"].startswith(FAILED)


def test_declined_items_fail_and_the_job_completes(tmp_path: Any) -> None:
    mix = tmp_path / "nobody.yaml"
    mix.write_text("label: {declined: 1.0}")
    with mock_aws():
        world = World(error_mix=str(mix))
        world.service.start()
        job = world.run(world.video_request("v", categories=world.categories()))
        world.service.stop()

    assert job["LabelingJobStatus"] == "Completed"
    assert counters(job) == (0, 3, 0)


def test_a_stopping_condition_stops_the_job(world: World) -> None:
    request = world.video_request("v", categories=world.categories())
    job = world.run({**request, "StoppingConditions": {"MaxHumanLabeledObjectCount": 1}})

    assert job["LabelingJobStatus"] == "Stopped"
    assert counters(job) == (1, 0, 2)


def test_a_team_too_slow_for_thirty_days_sees_the_job_expire(tmp_path: Any) -> None:
    mix = tmp_path / "slow.json"
    mix.write_text('{"people": 1, "pace": {"secondsPerFrame": 60000, "spread": 0}}')
    with mock_aws():
        world = World(error_mix=str(mix), speed=2_000.0)
        world.service.start()
        job = world.run(world.video_request("v", categories=world.categories()))
        world.service.stop()
        lines = world.lines(output(job))

    assert job["LabelingJobStatus"] == "Failed"
    assert "30 days" in job["FailureReason"]
    # 24 frames of 60,000 s are 17 days: one sequence is done in time, and kept.
    assert counters(job)[0] == 1
    assert sum("v-ref" in line for line in lines) == 1


def test_the_same_seed_gives_the_same_labels_whatever_the_threads_do() -> None:
    def labels(seed: int, threads: int) -> list[Any]:
        with mock_aws():
            world = World(seed=seed, threads=threads, error_mix="sloppy")
            world.service.start()
            job = world.run(world.video_request("v", categories=world.categories()))
            world.service.stop()
            lines = world.lines(output(job))
            return [world.json(line["v-ref"]) for line in lines if "v-ref" in line]

    first = labels(seed=1, threads=1)
    assert first == labels(seed=1, threads=8)
    assert first != labels(seed=2, threads=8)


def test_without_truth_people_guess_inside_the_picture_and_say_so(world: World) -> None:
    world.s3.create_bucket(Bucket="bare-bucket")
    sequence = {
        "seq-no": 1,
        "prefix": "s3://bare-bucket/f/",
        "number-of-frames": 2,
        "frames": [{"frame-no": 1, "frame": "a.jpg"}, {"frame-no": 2, "frame": "b.jpg"}],
    }
    picture = io.BytesIO()
    Image.new("RGB", (320, 180)).save(picture, "JPEG")
    world.put("f/a.jpg", picture.getvalue(), "bare-bucket")
    uri = world.put("seq.json", sequence, "bare-bucket")
    lines = world.put("m", manifest([{"source-ref": uri}]), "bare-bucket")

    job = world.run(world.video_request("v", manifest=lines, categories=world.categories()))

    content = world.json(world.lines(output(job))[0]["v-ref"])
    boxes = [box for frame in content["tracking-annotations"] for box in frame["annotations"]]
    assert boxes
    for box in boxes:
        assert 0 <= box["left"] <= box["left"] + box["width"] <= 320
        assert 0 <= box["top"] <= box["top"] + box["height"] <= 180
    assert world.control("GET", "jobs/v")[1]["truth"] == "none (seeded guess)"
    responses = world.keys("out/v/annotations/worker-response/")
    answer = world.json(f"s3://out-bucket/{responses[0]}")["answers"][0]
    assert answer["workerMetadata"]["simulated"]["truth"] == "none (seeded guess)"


def test_running_jobs_go_on_after_a_restart_and_keep_their_answers(manual: World) -> None:
    request = manual.video_request("v", categories=manual.categories())
    manual.call("CreateLabelingJob", **request)
    manual.running("v")
    manual.control("POST", "jobs/v/progress", {"labeled": 0.34})
    manual.service.stop()
    state = json.loads(json.dumps(manual.service.save_state()))

    manual.service = manual.new_service(workers="auto")
    manual.service.load_state(state)
    manual.service.start()
    job = manual.ended("v")

    assert job["LabelingJobStatus"] == "Completed"
    assert counters(job) == (3, 0, 0)
    assert "RESTARTED" in [row["event-name"] for row in manual.control("GET", "jobs/v")[1]["log"]]


def test_a_job_that_was_stopping_is_stopped_after_a_restart(manual: World) -> None:
    manual.call("CreateLabelingJob", **manual.video_request("v", categories=manual.categories()))
    manual.running("v")
    manual.service.stop()
    manual.call("StopLabelingJob", LabelingJobName="v")
    state = manual.service.save_state()

    manual.service = manual.new_service(workers="auto")
    manual.service.load_state(state)
    manual.service.start()

    assert manual.ended("v")["LabelingJobStatus"] == "Stopped"


def test_state_of_another_version_is_refused(world: World) -> None:
    with pytest.raises(ValueError, match="version"):
        world.new_service().load_state({"version": 0})


def test_boxes_of_several_people_are_matched_and_averaged(world: World) -> None:
    request = world.image_request(
        "boxes",
        manifest=world.images(),
        categories=world.categories("Cat", "Dog"),
        human={"NumberOfHumanWorkersPerDataObject": 5},
    )

    job = world.run(request)

    assert counters(job) == (3, 0, 0)
    line = world.lines(output(job))[0]
    value, metadata = line["boxes"], line["boxes-metadata"]
    assert value["image_size"] == [{"width": 200, "height": 100, "depth": 3}]
    assert metadata["class-map"] == {"0": "Cat", "1": "Dog"}
    assert len(metadata["objects"]) == len(value["annotations"]) == 2
    assert all(0 < row["confidence"] <= 0.95 for row in metadata["objects"])
    cat = next(row for row in value["annotations"] if row["class_id"] == 0)
    box = Box(cat["left"], cat["top"], cat["width"], cat["height"])
    assert iou(box, Box(10, 10, 40, 30)) > 0.6


def test_one_person_s_boxes_have_confidence_0(world: World) -> None:
    request = world.image_request(
        "boxes", manifest=world.images(1), categories=world.categories("Cat", "Dog")
    )

    line = world.lines(output(world.run(request)))[0]

    assert {row["confidence"] for row in line["boxes-metadata"]["objects"]} == {0}


@pytest.mark.parametrize(
    "place", ["manifestLine.boxes", "manifestLine['boxes']", "manifestLine[audited]"]
)
def test_image_reviews_find_the_label_through_their_template(world: World, place: str) -> None:
    label = world.run(
        world.image_request(
            "boxes", manifest=world.images(), categories=world.categories("Cat", "Dog")
        )
    )
    assign = '{% assign audited = "boxes" %}{% assign meta = "boxes-metadata" %}'
    template = f"{assign}<crowd-form>{{{{ task.input.{place}.annotations }}}}</crowd-form>"

    verdict = world.run(
        world.image_request(
            "check",
            task="VerificationBoundingBox",
            template=template,
            manifest=output(label),
            categories=world.categories("Label(s) correct", "Incorrect label - missed object"),
        )
    )
    adjusted = world.run(
        world.image_request(
            "repair",
            task="AdjustmentBoundingBox",
            template=template,
            manifest=output(verdict),
            categories=world.categories("Cat", "Dog"),
        )
    )

    assert counters(verdict) == counters(adjusted) == (3, 0, 0)
    for line in world.lines(output(adjusted)):
        assert line["check"] in (0, 1)
        assert line["check-metadata"]["type"] == "groundtruth/label-verification"
        assert line["repair-metadata"]["adjustment-status"] in ("adjusted", "unadjusted")
        assert line["repair-metadata"]["type"] == "groundtruth/object-detection"


def test_an_image_that_is_not_there_fails_its_line_only(world: World) -> None:
    uri = world.images(2)
    world.s3.delete_object(Bucket="in-bucket", Key="photos/1.png")

    job = world.run(
        world.image_request("b", manifest=uri, categories=world.categories("Cat", "Dog"))
    )

    assert job["LabelingJobStatus"] == "Completed"
    assert counters(job) == (1, 1, 0)


def test_a_role_that_may_not_write_fails_the_job_with_the_reason() -> None:
    class ReadOnly:
        def __init__(self, s3: Any) -> None:
            self._s3 = s3

        def __getattr__(self, name: str) -> Any:
            return getattr(self._s3, name)

        def put_object(self, **_: Any) -> None:
            error = {"Error": {"Code": "AccessDenied", "Message": "not allowed"}}
            raise ClientError(error, "PutObject")

    with mock_aws():
        world = World()
        world.service = world.new_service(s3_for_role=lambda role: ReadOnly(world.s3))
        world.team = world.new_team()
        world.service.start()
        job = world.run(world.video_request("v", categories=world.categories()))
        world.service.stop()

    assert job["LabelingJobStatus"] == "Failed"
    assert "AccessDenied" in job["FailureReason"]


def test_a_role_that_cannot_be_assumed_fails_the_job_with_the_reason() -> None:
    def for_role(role: str) -> Any:
        raise RuntimeError(f"{role} does not exist")

    with mock_aws():
        world = World()
        world.service = world.new_service(s3_for_role=for_role)
        world.team = world.new_team()
        world.service.start()
        job = world.run(world.video_request("v", categories=world.categories()))
        world.service.stop()

    assert job["LabelingJobStatus"] == "Failed"
    assert "Unable to assume" in job["FailureReason"]
