"""What a gate names is looked at before anybody is paid: classes, verdicts, gold items."""

import json
from typing import Any

import pytest

from tests.fakes.house import INPUTS, House
from tests.steps.boxes import GOOD, boxes_label, lane, people

GOLD = f"s3://{INPUTS}/gold.manifest"


def gold_line(number: int, **more: Any) -> str:
    line = {
        "source-ref": f"s3://{INPUTS}/img/{number:04}.jpg",
        "car": boxes_label(GOOD),
        "car-metadata": {
            "class-map": {"0": "Vehicle"},
            "type": "groundtruth/object-detection",
            "human-annotated": "yes",
        },
    }
    return json.dumps({**line, **more})


def problems(house: House, request: dict[str, Any]) -> list[tuple[str, str]]:
    house.post(request)
    house.turn()
    mark = house.batch().mark
    return [(found.path.split(" ")[0], found.code) for found in mark.problems] if mark else []


def test_a_class_that_no_label_can_have_is_found(house: House) -> None:
    request = lane(house, 3, {"where": {"label": ["Vehicle", "Vehicel"]}})
    path = "$.labelingJobs[1].inputConfig.gate.where.label[1]"
    assert problems(house, request) == [(path, "GATE_LABEL_UNKNOWN")]
    assert "did you mean Vehicle?" in house.batch().mark.problems[0].fix  # type: ignore[union-attr]


def verified(house: House, *names: str, **gate: Any) -> dict[str, Any]:
    """A lane whose verification has verdicts of its own, and a repair behind it."""
    request = lane(house, 3, None)
    first, repair, last = request["labelingJobs"]
    uri = f"s3://{INPUTS}/verdicts.json"
    labels = [{"label": name} for name in names]
    house.objects.put_json(uri, {"document-version": "2018-11-28", "labels": labels})
    verify = {**last, "jobName": "verify", "jobLevel": 2, "labelCategoryConfigS3Uri": uri}
    verify["inputConfig"] = {"chainFromJobName": "car"}
    repair |= {"jobLevel": 3, "inputConfig": {"chainFromJobName": "verify", "gate": gate}}
    request["labelingJobs"] = [first, verify, repair]
    return request


def test_a_verdict_has_to_say_what_it_means(house: House) -> None:
    request = verified(house, "Fine", "So so", where={"verdict": "fail"})
    path = "$.labelingJobs[2].inputConfig.gate.where.verdict"
    assert problems(house, request) == [(path, "VERDICT_UNTOLD")]


def test_verdicts_in_other_words_are_understood(house: House) -> None:
    assert not problems(house, verified(house, "Right", "Wrong", where={"verdict": "fail"}))


def test_a_promise_needs_a_verdict_that_passes(house: House) -> None:
    request = verified(house, "Fine", "Fail", sample={"count": 1})
    request["labelingJobs"][1]["inputConfig"]["gate"] = {
        "sample": {"maxErrorRate": 0.2, "confidence": 0.8}
    }
    path = "$.labelingJobs[1].inputConfig.gate.sample.maxErrorRate"
    assert problems(house, request) == [(path, "VERDICT_UNTOLD")]


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (None, "GOLD_MANIFEST_UNREADABLE"),
        ([], "GOLD_MANIFEST_EMPTY"),
        (["{"], "MANIFEST_LINE_NOT_JSON"),
        ([gold_line(1), "7"], "MANIFEST_LINE_NO_OBJECT"),
    ],
    ids=["missing", "empty", "no JSON", "no object"],
)
def test_a_gold_manifest_is_read(house: House, lines: list[str] | None, code: str) -> None:
    if lines is not None:
        house.objects.write_lines(GOLD, iter(lines))
    request = lane(house, 3, {"checks": ["gold"]})
    request["labelingJobs"][1]["inputConfig"]["goldManifestS3Uri"] = GOLD
    path = "$.labelingJobs[1].inputConfig.goldManifestS3Uri"
    assert problems(house, request) == [(path, code)]


def gold_behind_a_skipped_job(house: House, **more: Any) -> None:
    house.objects.write_lines(GOLD, iter([json.dumps({**json.loads(gold_line(2)), **more})]))
    request = lane(house, 4, {"checks": ["box-outside"]})
    first, review, _ = request["labelingJobs"]
    third = {**review, "jobName": "third", "jobLevel": 3}
    third["inputConfig"] = {
        "chainFromJobName": "review",
        "goldManifestS3Uri": GOLD,
        "gate": {"checks": ["gold"]},
    }
    request["labelingJobs"] = [first, review, third]
    assert not problems(house, request)
    people(house, "car", lambda number, item: GOOD)
    assert house.statuses()["review"] == "SKIPPED"


def test_gold_is_read_by_the_name_by_which_it_was_checked(house: House) -> None:
    # Given the right label under the name of a job that is skipped, beside another
    about = json.loads(gold_line(2))["car-metadata"]
    more = {"review": boxes_label([(300, 300, 50, 50)]), "review-metadata": about}
    gold_behind_a_skipped_job(house, **more)
    assert people(house, "third", lambda number, item: GOOD) == [2]


def test_gold_that_is_none_any_more_fails_its_job_and_says_where(house: House) -> None:
    house.objects.write_lines(GOLD, iter([gold_line(1)]))
    request = lane(house, 3, {"checks": ["gold"]})
    request["labelingJobs"][1]["inputConfig"]["goldManifestS3Uri"] = GOLD
    assert not problems(house, request)
    house.objects.write_lines(GOLD, iter([gold_line(1), "7"]))
    people(house, "car", lambda number, item: GOOD)
    job = house.jobs()["review"]
    assert job.status == "FAILED"
    assert f"{GOLD} line 2" in (job.failureReason or "")


def test_gold_items_with_a_wrong_label_go_to_people(house: House) -> None:
    # Given two items whose right labels are known
    house.objects.write_lines(GOLD, iter([gold_line(1), gold_line(2)]))
    request = lane(house, 5, {"checks": ["gold"]})
    request["labelingJobs"][1]["inputConfig"]["goldManifestS3Uri"] = GOLD
    assert not problems(house, request)
    # When one of them was labeled wrongly
    far = [(300, 300, 40, 30)]
    people(house, "car", lambda number, item: far if number == 2 else GOOD)
    # Then people are given that one
    assert people(house, "review", lambda number, item: GOOD) == [2]
