"""GET /batch/report from outside: written, not yet written, too large, gone, never there."""

from typing import Any
from urllib.parse import urlparse

import pytest

from terrace.adapters import dynamodb_codec as codec
from terrace.adapters.dynamodb_table import Update
from terrace.domain.quality.report import BatchReport, ReportPointer
from terrace.steps import api_report
from tests.fakes.house import BUCKET, INPUTS, House
from tests.functions.conftest import Client
from tests.functions.test_api_create import a_request

URI = f"s3://{BUCKET}/batches/b/reports/report-g1.json"


def running(client: Client, house: House) -> None:
    request = a_request()
    request["labelingJobs"][0] |= {
        "inputConfig": {"inputManifestS3Uri": house.manifest()},
        "labelCategoryConfigS3Uri": house.categories(),
    }
    client.create(request)
    house.turn()


def the_job(answer: dict[str, Any]) -> dict[str, Any]:
    [level] = answer["levels"]
    [job] = level["jobs"]
    found: dict[str, Any] = job
    return found


def test_of_a_batch_in_progress_it_says_what_the_rows_know(client: Client, house: House) -> None:
    running(client, house)
    code, answer = client.report(batchId="b")
    report = BatchReport.model_validate(answer)
    assert code == 200
    assert (report.complete, report.status, report.problems) == (False, "IN_PROGRESS", [])
    assert (the_job(answer)["numItems"], the_job(answer)["findings"]) == (3, None)
    assert "when the batch has ended" in the_job(answer)["unknown"]["findings"]
    assert answer["unlabeledItems"] is None
    assert answer["unknown"]["unlabeledItems"] == "counted when the batch ends"


def test_of_an_ended_batch_it_is_the_file(client: Client, house: House) -> None:
    running(client, house)
    house.finish("car")
    code, answer = client.report(batchId="b")
    assert code == 200
    assert answer == house.objects.get_json(URI)
    assert answer["complete"]
    assert client.show(batchId="b")[1]["outputs"]["reportS3Uri"] == URI


def test_a_report_that_could_not_be_written_is_made_from_the_rows_and_says_so(
    client: Client, house: House
) -> None:
    running(client, house)
    house.finish("car")
    house.objects.delete(URI)
    code, answer = client.report(batchId="b")
    assert (code, answer["complete"], answer["problems"]) == (200, False, [api_report.WAITING])


def test_of_a_batch_that_was_refused_none_is_written_and_the_answer_says_so(
    client: Client, house: House
) -> None:
    request = a_request()
    nowhere = f"s3://{INPUTS}/nowhere.manifest"
    request["labelingJobs"][0] |= {
        "inputConfig": {"inputManifestS3Uri": nowhere},
        "labelCategoryConfigS3Uri": house.categories(),
    }
    client.create(request)
    house.turn()
    code, answer = client.report(batchId="b")
    assert (code, answer["status"]) == (200, "VALIDATION_FAIL")
    assert (answer["complete"], answer["problems"]) == (False, [api_report.REFUSED])


def test_a_report_too_large_for_an_answer_is_pointed_to(
    client: Client, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    running(client, house)
    house.finish("car")
    monkeypatch.setattr(api_report, "ANSWER_MAX_BYTES", 100)
    code, answer = client.report(batchId="b")
    assert code == 200
    assert ReportPointer.model_validate(answer).reportS3Uri == URI
    assert "Signature" in urlparse(answer["reportUrl"]).query


@pytest.mark.parametrize("batch_id", ["nope", "not an id", "x" * 70])
def test_an_unknown_batch_is_404(client: Client, batch_id: str) -> None:
    code, answer = client.report(batchId=batch_id)
    assert (code, answer["errors"][0]["code"]) == (404, "UNKNOWN_BATCH")


def test_a_batch_must_be_named(client: Client) -> None:
    code, answer = client.report()
    assert (code, answer["errors"][0]["path"]) == (400, "batchId")


def test_of_deleted_data_there_is_no_report_and_the_answer_says_why(
    client: Client, house: House
) -> None:
    running(client, house)
    house.finish("car")
    house.store._table.update(Update(codec.batch_key("b")).set(deletedAt=house.clock.now()))
    code, answer = client.report(batchId="b")
    assert (code, answer["errors"][0]["code"]) == (410, "DATA_DELETED")


def test_only_get_is_allowed(client: Client) -> None:
    assert client.send("POST", "/batch/report", body="{}")[0] == 405
