"""Category files at the end of a batch: the order of class ids, or a problem; no other order."""

from collections.abc import Callable
from typing import Any

import pytest

from terrace.domain.records import ExportRecord
from terrace.errors import AccessDeniedError, BadRequestError, NotFoundError, ThrottledError
from terrace.steps.category_files import CategoryFiles
from terrace.steps.deliver_batch import DeliverBatch, DeliverBatchInput, Exports
from terrace.steps.deliver_exports import Exporter, exports_wanted
from tests.fakes.house import BUCKET, INPUTS, House
from tests.steps.final_rows import LABEL, Job, Lane, ended, stored

IMAGES = f"s3://{INPUTS}/a.manifest"
OWN = f"s3://{INPUTS}/own.json"


def delivered(house: House, *formats: str) -> dict[str, ExportRecord]:
    """Exports of a batch of one box of a car, by format."""
    lane = Lane([Job("car", "BoundingBox", [LABEL])])
    found = ended(house, {IMAGES: [{"source-ref": f"s3://{INPUTS}/x.jpg"}]}, [lane])
    found.jobs[0] = found.jobs[0].model_copy(update={"labelCategoryS3Uri": OWN})
    request = house.objects.get_json(found.batch.requestS3Uri)
    wanted = [{"format": name} for name in formats]
    house.objects.put_json(found.batch.requestS3Uri, request | {"exports": wanted})
    stored(house, found)
    exports = Exports(exports_wanted, Exporter(house.objects, house.clock))
    step = DeliverBatch(house.store, house.objects, house.clock, BUCKET, exports=exports)
    assert step.run(DeliverBatchInput(batchId="b", generation=1)).next == "notify"
    delivery = house.batch().delivered
    assert delivery is not None
    assert delivery.over
    assert delivery.complete == all(one.problem is None for one in delivery.exports)
    return {one.format: one for one in delivery.exports}


def test_class_ids_are_in_the_order_of_the_file(house: House) -> None:
    house.objects.put_json(OWN, {"labels": [{"label": "Van"}, {"label": "Car"}]})
    found = delivered(house, "csv")["csv"]
    assert found.problem is None
    rows = [line.text for line in house.objects.read_lines(f"{found.s3Uri}labels.csv")]
    assert rows[1].startswith("x.jpg,Car,0,0,9,9,99,99,1,")


@pytest.mark.parametrize(
    ("content", "why"),
    [(None, "does not exist"), ("{", "char 1"), ("[]", "is no JSON object"), ("7", "is no JSON")],
)
def test_a_file_that_cannot_be_read_is_a_problem_and_no_other_order(
    house: House, content: str | None, why: str
) -> None:
    if content is not None:
        house.objects.put_text(OWN, content, "application/json")
    found = delivered(house, "csv", "coco")
    for one in found.values():
        assert one.files == 0
        assert str(one.problem).startswith(f"{OWN}: the category file of the job car cannot be re")
        assert why in str(one.problem)
        assert one.s3Uri is None


class Refusing:
    """An object store whose answer to everything is an error."""

    def __init__(self, answers: list[Any]) -> None:
        self.answers, self.asked = answers, 0

    def get_json(self, uri: str) -> Any:
        self.asked += 1
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def files(house: House) -> Callable[..., tuple[CategoryFiles, Refusing]]:
    lane = Lane([Job("car", "BoundingBox", [LABEL]), Job("none", "BoundingBox", [LABEL])])
    jobs = ended(house, {IMAGES: [{"source-ref": f"s3://{INPUTS}/x.jpg"}]}, [lane]).jobs
    jobs = [
        job.model_copy(update={"labelCategoryS3Uri": OWN if job.jobName == "car" else None})
        for job in jobs
    ]

    def made(*answers: Any) -> tuple[CategoryFiles, Refusing]:
        objects: Any = Refusing(list(answers))
        return CategoryFiles(objects, jobs), objects

    return made


def test_a_file_is_read_once_and_only_when_asked_for(files: Any) -> None:
    found, objects = files({"labels": []})
    assert (list(found), len(found), "car" in found, "none" in found) == (["car"], 1, True, False)
    assert objects.asked == 0
    assert found["car"] is found["car"]
    assert objects.asked == 1
    with pytest.raises(KeyError):
        found["none"]


@pytest.mark.parametrize(
    "error", [NotFoundError("x"), AccessDeniedError("x"), BadRequestError("x")]
)
def test_what_cannot_be_read_is_named(files: Any, error: Exception) -> None:
    found, _ = files(error)
    with pytest.raises(ValueError, match="category file of the job car"):
        found["car"]


def test_a_service_that_is_away_is_asked_again(files: Any) -> None:
    found, _ = files(ThrottledError("slow down"), {"labels": []})
    with pytest.raises(ThrottledError):
        found["car"]
    assert found["car"] == {"labels": []}
