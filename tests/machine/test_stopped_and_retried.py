"""Stopping and retrying on the real stack: nothing starts after the stop, no work is done twice."""

import io
from typing import Any

import pytest
from PIL import Image

from tests.machine.conftest import Clips
from tests.machine.world import World, eventually, jobs_of

pytestmark = pytest.mark.local_aws


def call(world: World, what: str, batch: str, **more: Any) -> tuple[int, dict[str, Any]]:
    """POST /batch/stop or /batch/retry."""
    url = f"{world.contract['apiUrl']}/batch/{what}"
    return world.http(url, {"batchId": batch, **more}, "POST")


def accepted(world: World, what: str, batch: str, **more: Any) -> dict[str, Any]:
    code, answer = call(world, what, batch, **more)
    assert code == 200, answer
    return answer


def given(world: World, name: str) -> int:
    """How many items a labeling job was given."""
    found = world.client("sagemaker").describe_labeling_job(LabelingJobName=name)
    uri = found["InputConfig"]["DataSource"]["S3DataSource"]["ManifestS3Uri"]
    return len(world.lines(uri))


def labeled(world: World, batch: str, name: str) -> int:
    """How many items of the job's output carry its label."""
    job = world.job(batch, name)
    return sum(job["labelAttributeName"] in line for line in world.lines(job["jobOutputS3Uri"]))


def running_lane(world: World, clips: Clips, batch: str) -> tuple[str, str]:
    """Given a job in its second attempt, with two of five items labeled, and its audit."""
    car, check = f"{batch}-car", f"{batch}-check"
    world.create(batch, [clips.label(car), clips.audit(check, car)])
    world.finish(car, labeled=0.4)
    world.exists(f"{car}-a2")
    return car, check


def end_after_retry(world: World, batch: str) -> dict[str, Any]:
    """The batch once it has ended a second time: `show`, with the message of that end."""
    shown = eventually(
        lambda: found if (found := world.show(batch))["status"] != "IN_PROGRESS" else None,
        f"{batch} ends again",
    )
    eventually(
        lambda: [
            message
            for message in world.messages(batch)
            if message["eventType"] == "BATCH_COMPLETE"
            and message["batchStatus"] == shown["status"]
        ],
        "its end message comes",
    )
    world.check_the_record(shown)
    return shown


def test_a_stopped_batch_keeps_its_labels_and_its_retry_gives_people_only_the_rest(
    world: World, clips: Clips, batch: str
) -> None:
    car, check = running_lane(world, clips, batch)
    # When it is stopped, twice
    first = accepted(world, "stop", batch)
    assert accepted(world, "stop", batch)["message"] == first["message"]
    # Then what runs is stopped, nothing new starts, and what was labeled is kept
    shown, message = world.ended(batch)
    assert (shown["status"], shown["stopMode"]) == ("STOPPED", "stop")
    assert message["status"] == "STOPPED"
    assert {name: job["batchStatus"] for name, job in jobs_of(shown).items()} == {
        car: "STOPPED",
        check: "DROPPED",
    }
    assert set(world.labeling_jobs(batch)) == {car, f"{car}-a2"}
    assert labeled(world, batch, car) == 2
    assert not [m for m in world.messages(batch) if m["eventType"] == "JOB_FAILED"]
    # And a stop of what has ended says so
    assert "ended already" in accepted(world, "stop", batch)["message"]
    # When it is retried, twice
    again = accepted(world, "retry", batch)
    assert accepted(world, "retry", batch)["message"] == again["message"]
    world.finish(f"{car}-a3")
    # Then people get the three items without a label, and the audit gets all
    assert given(world, f"{car}-a3") == 3
    world.finish(check)
    assert given(world, check) == 5
    shown = end_after_retry(world, batch)
    assert (shown["status"], shown["generation"], shown["stopMode"]) == ("COMPLETE", 2, None)
    assert labeled(world, batch, car) == labeled(world, batch, check) == 5


def test_a_drained_batch_lets_people_finish_and_starts_nothing_more(
    world: World, clips: Clips, batch: str
) -> None:
    car, check = running_lane(world, clips, batch)
    accepted(world, "stop", batch, mode="drain")
    world.finish(f"{car}-a2")
    shown, _ = world.ended(batch)
    assert shown["status"] == "STOPPED"
    assert jobs_of(shown)[car]["batchStatus"] == "COMPLETE"
    assert set(world.labeling_jobs(batch)) == {car, f"{car}-a2"}
    # A retry goes on with the audit
    accepted(world, "retry", batch)
    world.finish(check)
    shown = end_after_retry(world, batch)
    assert shown["status"] == "COMPLETE"
    assert set(world.labeling_jobs(batch)) == {car, f"{car}-a2", check}


def test_a_batch_stopped_before_it_started_makes_no_job_until_it_is_retried(
    world: World, clips: Clips, batch: str
) -> None:
    # Given checks that do not get on
    world.fault("sagemaker.DescribeWorkteam", "ThrottlingException", times=-1)
    car = f"{batch}-car"
    world.create(batch, [clips.label(car)])
    eventually(lambda: world.hits()[0], "the checks are throttled")
    # When it is stopped, and the checks go on
    accepted(world, "stop", batch)
    world.control("faults", method="DELETE")
    shown, _ = world.ended(batch, seconds=60)
    assert (shown["status"], jobs_of(shown)[car]["batchStatus"]) == ("STOPPED", "DROPPED")
    assert world.labeling_jobs(batch) == {}
    # Then a retry checks and runs it
    accepted(world, "retry", batch)
    world.finish(car)
    assert end_after_retry(world, batch)["status"] == "COMPLETE"


def test_a_retried_lane_sends_only_its_new_labels_through_its_review(
    world: World, clips: Clips, batch: str
) -> None:
    car, check = f"{batch}-car", f"{batch}-check"
    world.create(batch, [clips.label(car, onIncomplete="continue"), clips.audit(check, car)])
    world.finish(car, labeled=0.4)
    world.finish(check)
    shown, _ = world.ended(batch)
    assert shown["status"] == "COMPLETE_WITH_ERRORS"
    assert given(world, check) == 2
    accepted(world, "retry", batch)
    world.finish(f"{car}-a2")
    world.finish(f"{check}-a2")
    assert (given(world, f"{car}-a2"), given(world, f"{check}-a2")) == (3, 3)
    shown = end_after_retry(world, batch)
    assert shown["status"] == "COMPLETE"
    assert labeled(world, batch, car) == labeled(world, batch, check) == 5


def test_an_image_lane_with_verdicts_is_retried_like_any_other(world: World, batch: str) -> None:
    # Given a lane of boxes, verdicts and repairs, of which a part was never labeled
    names = {part: f"{batch}-{part}" for part in ("boxes", "verdicts", "repairs")}
    jobs = image_lane(world, batch, names)
    world.create(batch, jobs)
    world.finish(names["boxes"], labeled=0.5)
    world.finish(names["verdicts"])
    world.finish(names["repairs"])
    shown, _ = world.ended(batch)
    assert shown["status"] == "COMPLETE_WITH_ERRORS"
    # When it is retried
    accepted(world, "retry", batch)
    for part in names.values():
        world.finish(f"{part}-a2")
        assert given(world, f"{part}-a2") == 2
    # Then all items have gone through all levels once
    shown = end_after_retry(world, batch)
    assert shown["status"] == "COMPLETE"
    assert [labeled(world, batch, name) for name in names.values()] == [4, 4, 4]


def image_lane(world: World, batch: str, names: dict[str, str]) -> list[dict[str, Any]]:
    lines = []
    for number in range(4):
        uri = world.put(f"{batch}/image{number}.png", a_picture(number))
        lines.append(f'{{"source-ref": "{uri}"}}')
    jobs: list[dict[str, Any]] = [
        {
            "jobName": names["boxes"],
            "jobLevel": 1,
            "jobModality": "BoundingBox",
            "inputConfig": {
                "inputManifestS3Uri": world.put(f"{batch}/images.manifest", "\n".join(lines))
            },
            "labelCategoryConfigS3Uri": world.put(
                f"{batch}/classes.json",
                {"document-version": "2018-11-28", "labels": [{"label": "Vehicle"}]},
            ),
            "onIncomplete": "continue",
        }
    ]
    for level, part, source, modality in (
        (2, "verdicts", "boxes", "BoundingBoxVerification"),
        (3, "repairs", "verdicts", "BoundingBoxAdjustment"),
    ):
        jobs.append(
            {
                "jobName": names[part],
                "jobLevel": level,
                "jobModality": modality,
                "inputConfig": {"chainFromJobName": names[source]},
            }
        )
    return jobs


def a_picture(number: int) -> bytes:
    picture = io.BytesIO()
    Image.new("RGB", (200, 100), (9, 9, number)).save(picture, "PNG")
    return picture.getvalue()


# --- what is refused ------------------------------------------------------------------------------


def test_what_runs_or_has_delivered_everything_is_not_retried(
    world: World, clips: Clips, batch: str
) -> None:
    car = f"{batch}-car"
    world.create(batch, [clips.label(car)])
    world.exists(car)
    code, answer = call(world, "retry", batch)
    assert (code, answer["errors"][0]["problem"]) == (409, "it is IN_PROGRESS")
    world.finish(car)
    world.ended(batch)
    code, answer = call(world, "retry", batch)
    assert (code, answer["errors"][0]["problem"]) == (409, "it is COMPLETE")
    assert set(world.labeling_jobs(batch)) == {car}


@pytest.mark.parametrize("what", ["stop", "retry"])
def test_nobody_stops_or_retries_what_is_not_there(world: World, what: str) -> None:
    assert call(world, what, "nobody")[0] == 404
    assert call(world, what, "not an id")[0] == 400
