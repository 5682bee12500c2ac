"""The control endpoint: ending jobs by hand, and rules of how they end."""

from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from tests.local.ground_truth_world import World


@pytest.fixture
def manual() -> Iterator[World]:
    with mock_aws():
        built = World(workers="manual")
        built.service.start()
        yield built
        built.service.stop()


@pytest.fixture
def auto() -> Iterator[World]:
    with mock_aws():
        built = World()
        built.service.start()
        yield built
        built.service.stop()


def started(world: World, name: str = "Vehicle") -> str:
    world.call("CreateLabelingJob", **world.video_request(name, categories=world.categories()))
    return name


def manifest_uri(name: str = "Vehicle") -> str:
    return f"s3://out-bucket/out/{name}/manifests/output/output.manifest"


def test_a_job_waits_in_manual_mode_until_it_is_finished(manual: World) -> None:
    started(manual)
    manual.running("Vehicle")

    status, row = manual.control("POST", "jobs/vehicle/finish", {})

    assert (status, row["status"], row["labeled"], row["items"]) == (200, "Completed", 3, 3)
    assert manual.describe("Vehicle")["LabelingJobStatus"] == "Completed"
    assert manual.told() == ["Completed"]


def test_a_job_can_be_finished_before_it_has_begun(manual: World) -> None:
    started(manual)

    assert manual.control("POST", "jobs/Vehicle/finish", {"status": "Completed"})[0] == 200


@pytest.mark.parametrize(
    ("ending", "labeled", "failed", "unlabeled"),
    [
        ({"status": "Completed", "labeled": 0.5}, 2, 1, 0),
        ({"status": "Completed", "labeled": 0}, 0, 3, 0),
        ({"status": "Failed", "labeled": 0.3}, 1, 0, 2),
        ({"status": "Failed"}, 0, 0, 3),
        ({"status": "Stopped", "labeled": 1}, 3, 0, 0),
    ],
    ids=str,
)
def test_the_first_items_are_labeled_and_the_rest_is_as_the_status_says(
    manual: World, ending: dict[str, Any], labeled: int, failed: int, unlabeled: int
) -> None:
    started(manual)

    manual.control("POST", "jobs/Vehicle/finish", ending)

    job = manual.describe("Vehicle")
    counters = job["LabelCounters"]
    assert job["LabelingJobStatus"] == ending["status"]
    assert ("FailureReason" in job) == (ending["status"] == "Failed")
    assert counters["TotalLabeled"] == labeled
    assert counters["FailedNonRetryableError"] == failed
    assert counters["Unlabeled"] == unlabeled
    lines = manual.lines(manifest_uri())
    assert ["Vehicle-ref" in line for line in lines] == [i < labeled for i in range(3)]
    touched = ["Vehicle-ref-metadata" in line for line in lines]
    assert touched == [i < labeled + failed for i in range(3)]


@pytest.mark.parametrize(
    ("event", "count"), [(True, 1), (False, 0), ("twice", 2)], ids=["once", "never", "twice"]
)
def test_the_end_is_told_as_often_as_asked(manual: World, event: Any, count: int) -> None:
    started(manual)

    manual.control("POST", "jobs/Vehicle/finish", {"event": event})

    assert len(manual.events) == count


def test_a_manifest_can_be_absent(manual: World) -> None:
    started(manual)

    manual.control("POST", "jobs/Vehicle/finish", {"manifest": "absent"})

    assert manual.describe("Vehicle")["LabelingJobOutput"]["OutputDatasetS3Uri"] == manifest_uri()
    assert manual.keys("out/Vehicle/manifests/") == []


def test_a_manifest_can_be_cut_in_the_middle_of_a_line(manual: World) -> None:
    started(manual)

    manual.control("POST", "jobs/Vehicle/finish", {"manifest": "truncated"})

    body = manual.get(manifest_uri())
    assert body.count(b"\n") == 2
    with pytest.raises(ValueError):
        manual.lines(manifest_uri())


def test_a_manifest_can_be_unreadable(manual: World) -> None:
    started(manual)

    manual.control("POST", "jobs/Vehicle/finish", {"manifest": "unreadable"})

    with pytest.raises(UnicodeDecodeError):
        manual.get(manifest_uri()).decode()


def test_a_failure_reason_is_passed_on(manual: World) -> None:
    started(manual)

    manual.control(
        "POST", "jobs/Vehicle/finish", {"status": "Failed", "failureReason": "It rained."}
    )

    assert manual.describe("Vehicle")["FailureReason"] == "It rained."


def test_a_job_that_is_over_cannot_be_finished_again(manual: World) -> None:
    started(manual)
    manual.control("POST", "jobs/Vehicle/finish", {})

    status, answer = manual.control("POST", "jobs/Vehicle/finish", {"status": "Failed"})

    assert status == 409
    assert "Completed already" in answer["error"]
    assert manual.describe("Vehicle")["LabelingJobStatus"] == "Completed"


def test_finishing_a_job_with_bad_input_says_how_it_really_ended(manual: World) -> None:
    manual.call("CreateLabelingJob", **manual.video_request("broken"))

    status, answer = manual.control("POST", "jobs/broken/finish", {})

    assert status == 409
    assert "label category" in answer["error"]
    assert manual.describe("broken")["LabelingJobStatus"] == "Failed"


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("jobs/Vehicle/finish", {"status": "Done"}, "Completed, Failed, Stopped"),
        ("jobs/Vehicle/finish", {"labeled": 2}, "0 to 1"),
        ("jobs/Vehicle/finish", {"labeled": True}, "0 to 1"),
        ("jobs/Vehicle/finish", {"event": "thrice"}, "twice"),
        ("jobs/Vehicle/finish", {"event": 1}, "twice"),
        ("jobs/Vehicle/finish", {"manifest": "torn"}, "truncated"),
        ("jobs/Vehicle/finish", {"stat": "Failed"}, "possible are status"),
        ("jobs/Vehicle/finish", [], "JSON object"),
        ("jobs/Vehicle/progress", {}, "labeled"),
        ("jobs/Vehicle/event", {"status": "InProgress"}, "Completed, Failed, Stopped"),
        ("workers", {"mode": "asleep"}, "manual"),
        ("outcomes", {"probability": 1}, "match"),
        ("outcomes", {"match": "*", "probability": 7}, "0 to 1"),
    ],
    ids=str,
)
def test_a_bad_body_is_answered_with_what_is_right(
    manual: World, path: str, body: Any, words: str
) -> None:
    started(manual)

    status, answer = manual.control("POST", path, body)

    assert status == 400
    assert words in answer["error"]


def test_what_is_not_there_is_404_with_what_is(manual: World) -> None:
    started(manual)

    assert manual.control("GET", "jobs/other") == (
        404,
        {"error": "there is no labeling job other", "newest": ["Vehicle"]},
    )
    status, answer = manual.control("PUT", "jobs")
    assert status == 404
    assert "GET /_terrace/jobs" in answer["has"]
    assert manual.service.control("POST", "/_terrace/workers", b"{")[0] == 400


def test_jobs_are_listed_with_what_they_do(manual: World) -> None:
    started(manual)
    manual.running("Vehicle")

    rows = manual.control("GET", "jobs")[1]["jobs"]

    assert [(r["name"], r["status"], r["items"], r["labeled"]) for r in rows] == [
        ("Vehicle", "InProgress", 3, 0)
    ]
    assert rows[0]["labelAttributeName"] == "Vehicle-ref"
    assert rows[0]["workteamArn"] == manual.team


def test_progress_labels_items_and_never_takes_any_back(manual: World) -> None:
    started(manual)
    manual.running("Vehicle")

    assert manual.control("POST", "jobs/Vehicle/progress", {"labeled": 0.7})[1]["labeled"] == 2
    assert manual.control("POST", "jobs/Vehicle/progress", {"labeled": 0})[1]["labeled"] == 2
    assert manual.describe("Vehicle")["LabelingJobStatus"] == "InProgress"


def test_an_event_can_be_sent_again(manual: World) -> None:
    started(manual)
    manual.control("POST", "jobs/Vehicle/finish", {"event": False})

    status, answer = manual.control("POST", "jobs/Vehicle/event")

    assert (status, answer["sent"]) == (200, "Completed")
    assert manual.told() == ["Completed"]


def test_switching_to_auto_sets_waiting_jobs_going(manual: World) -> None:
    started(manual)
    manual.running("Vehicle")

    assert manual.control("POST", "workers", {"mode": "auto"})[1]["mode"] == "auto"

    assert manual.ended("Vehicle")["LabelCounters"]["TotalLabeled"] == 3


def test_switching_to_manual_keeps_new_jobs_waiting(auto: World) -> None:
    auto.control("POST", "workers", {"mode": "manual"})
    started(auto)
    auto.running("Vehicle")

    auto.control("POST", "jobs/Vehicle/finish", {"labeled": 0.34})

    assert auto.describe("Vehicle")["LabelCounters"]["TotalLabeled"] == 1


def test_a_rule_decides_how_jobs_of_a_name_end_and_how_often(auto: World) -> None:
    rule = {"match": "*-audit", "status": "Completed", "labeled": 0.34, "times": 1}
    assert auto.control("POST", "outcomes", rule)[0] == 200

    ends = {}
    for name in ("vehicle", "a-audit", "b-audit"):
        started(auto, name)
        ends[name] = auto.ended(name)["LabelCounters"]["TotalLabeled"]

    assert ends == {"vehicle": 3, "a-audit": 1, "b-audit": 3}
    assert auto.control("GET", "outcomes")[1]["outcomes"][0]["used"] == 1


def test_a_rule_of_a_share_hits_about_that_share_and_the_same_jobs_again() -> None:
    from terrace_local.ground_truth.outcomes import OutcomeRules

    def hit(seed: int) -> list[str]:
        rules = OutcomeRules(seed)
        rules.add({"match": "job-*", "probability": 0.05, "status": "Failed"})
        return [n for n in (f"job-{i}" for i in range(1000)) if rules.pick(n) is not None]

    assert hit(1) == hit(1)
    assert hit(1) != hit(2)
    assert 20 <= len(hit(1)) <= 90


def test_rules_are_cleared(auto: World) -> None:
    auto.control("POST", "outcomes", {"match": "*", "status": "Failed", "event": "twice"})
    started(auto, "a")
    assert auto.ended("a")["LabelingJobStatus"] == "Failed"
    assert auto.told(2) == ["Failed", "Failed"]

    auto.control("DELETE", "outcomes")
    started(auto, "b")

    assert auto.ended("b")["LabelingJobStatus"] == "Completed"
