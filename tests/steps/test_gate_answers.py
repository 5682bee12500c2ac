"""Worker answers of earlier attempts, by place in the lane; and the check that compares them."""

import json
from typing import Any

from terrace.steps.gate_answers import answers
from tests.fakes.house import BUCKET, House
from tests.steps.boxes import GOOD, TWICE, lane, people

FAR = [(300, 300, 40, 30)]


def answer_file(house: House, job: str, line: int, *boxes: list[Any]) -> str:
    """What Ground Truth leaves of an item: one answer for each list of boxes."""
    content = [
        {
            "answerContent": {
                "boundingBox": {
                    "boundingBoxes": [
                        {"left": x, "top": y, "width": w, "height": h, "label": "Vehicle"}
                        for x, y, w, h in drawn
                    ],
                    "inputImageProperties": {"width": 640, "height": 480},
                }
            },
            "submissionTime": "2026-11-20T10:00:00Z",
            "workerId": f"private.us-east-1.{number}",
        }
        for number, drawn in enumerate(boxes)
    ]
    name = house.engine.jobs[job].name
    folder = f"{house.engine.jobs[job].outputPath.rstrip('/')}/{name}/annotations/worker-response"
    uri = f"{folder}/iteration-1/{line}/2026-11-20_10:00:00.json"
    house.objects.put_json(uri, {"answers": content})
    return uri


def several(house: House, gate: dict[str, Any], count: int = 4) -> None:
    request = lane(house, count, gate)
    request["labelingJobs"][0]["numberOfHumanWorkersPerDataObject"] = 3
    house.post(request)
    house.turn()


def test_items_on_which_workers_disagree_go_to_people(house: House) -> None:
    # Given three workers for each of four images, of whom one sees another box in the third
    several(house, {"checks": ["disagreement"]})
    for line in range(4):
        answer_file(house, "car", line, GOOD, GOOD, FAR if line == 2 else GOOD)
    people(house, "car", lambda number, item: GOOD)
    assert people(house, "review", lambda number, item: GOOD) == [2]


def test_answers_of_a_second_attempt_are_of_the_items_that_it_had(house: House) -> None:
    several(house, {"checks": ["disagreement"]})
    answer_file(house, "car", 0, GOOD, GOOD, GOOD)
    people(house, "car", lambda number, item: GOOD if number < 2 else None)
    # The second attempt has images 2 and 3; its first line is image 2.
    answer_file(house, "car-a2", 0, GOOD, FAR, GOOD)
    people(house, "car-a2", lambda number, item: GOOD)
    found, wrong = answers(house.jobs()["car"], None, house.objects)
    assert sorted(found) == [0, 2]
    assert not wrong
    assert house.engine.requests["review"]["InputConfig"]


def passed_on(house: House, gate: dict[str, Any], checks: list[str]) -> None:
    """Three workers label four images and differ in the third; a gate is between them and this."""
    request = lane(house, 4, {"checks": checks})
    first, review, _ = request["labelingJobs"]
    first["numberOfHumanWorkersPerDataObject"] = 3
    behind = {**review, "jobName": "third", "jobLevel": 3}
    behind["inputConfig"] = {"chainFromJobName": "review", "gate": gate}
    request["labelingJobs"] = [first, review, behind]
    house.post(request)
    house.turn()
    for line in range(4):
        answer_file(house, "car", line, GOOD, GOOD, FAR if line == 2 else GOOD)


def test_behind_a_skipped_job_the_answers_are_those_of_the_job_before(house: House) -> None:
    passed_on(house, {"checks": ["disagreement"]}, ["box-outside"])
    people(house, "car", lambda number, item: GOOD)
    assert house.statuses()["review"] == "SKIPPED"
    assert people(house, "third", lambda number, item: GOOD) == [2]


def test_what_a_gate_let_pass_has_the_answers_of_the_job_before(house: House) -> None:
    # Given a review of the second image alone, about which its workers now agree
    passed_on(house, {"checks": ["disagreement"]}, ["duplicate-box"])
    people(house, "car", lambda number, item: TWICE if number == 1 else GOOD)
    answer_file(house, "review", 0, GOOD, GOOD, GOOD)
    assert people(house, "review", lambda number, item: GOOD) == [1]
    assert people(house, "third", lambda number, item: GOOD) == [2]


def test_what_was_answered_again_has_the_answers_of_the_last_to_see_it(house: House) -> None:
    # Given a review of the third image alone, about which its workers now agree
    passed_on(house, {"checks": ["disagreement"]}, ["duplicate-box"])
    people(house, "car", lambda number, item: TWICE if number == 2 else GOOD)
    answer_file(house, "review", 0, GOOD, GOOD, GOOD)
    assert people(house, "review", lambda number, item: GOOD) == [2]
    assert house.statuses()["third"] == "SKIPPED"


def test_an_answer_that_cannot_be_read_sends_its_item(house: House) -> None:
    several(house, {"checks": ["disagreement"]})
    for line in range(4):
        answer_file(house, "car", line, GOOD, GOOD, GOOD)
    uri = answer_file(house, "car", 1, GOOD)
    house.objects.put_text(uri, "{", "application/json")
    people(house, "car", lambda number, item: GOOD)
    assert people(house, "review", lambda number, item: GOOD) == [1]
    gate = house.jobs()["review"].gate
    assert gate is not None
    told = [json.loads(line.text) for line in house.objects.read_lines(gate.findingsS3Uri)]
    assert any("could not be read" in row["sentence"] for row in told)


def test_a_file_of_no_item_is_told(house: House) -> None:
    several(house, {"checks": ["disagreement"]})
    people(house, "car", lambda number, item: GOOD if number < 2 else None)
    answer_file(house, "car-a2", 77, GOOD)
    people(house, "car-a2", lambda number, item: GOOD)
    _, wrong = answers(house.jobs()["car"], None, house.objects)
    assert [place for place, _ in wrong] == [0]
    assert BUCKET in wrong[0][1]
