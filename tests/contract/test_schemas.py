"""What is committed is what the models say, and what the code really sends fits it."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from terrace.domain import messages
from terrace.domain.records import Mark
from terrace.domain.show import batch_view, dump
from terrace.domain.status import JobStatus
from terrace.domain.validation import check_request, parse
from terrace_cli import schemas
from tests.domain.requests import LIMITS, TOPIC, audit_job, batch, contract_2021, label_job
from tests.domain.rows import AT, batch_row, job_rows

ROOT = Path(__file__).parents[2]
EVENTS = sorted((ROOT / "events").glob("api.create.*.json"))
ACCEPTED = [path for path in EVENTS if "wrong" not in path.name]


def committed(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((ROOT / "schemas" / name).read_text())
    return document


def check(name: str, value: object) -> None:
    schema = committed(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(value, schema, cls=jsonschema.Draft202012Validator)


def test_the_committed_schemas_are_those_of_the_models() -> None:
    assert schemas.stale(ROOT / "schemas") == {}


def test_check_says_what_is_stale_and_writing_mends_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Given a folder with an old file
    (tmp_path / "old.json").write_text("{}")
    assert schemas.main(["--check", "--folder", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "openapi.json is stale" in said
    assert "old.json" in said

    # When the schemas are written
    schemas.main(["--folder", str(tmp_path)])
    (tmp_path / "old.json").unlink()

    # Then nothing is stale
    assert schemas.main(["--check", "--folder", str(tmp_path)]) == 0


@pytest.mark.parametrize("name", ["stop", "retry"])
def test_the_events_that_change_a_batch_fit_their_schemas(name: str) -> None:
    event = json.loads((ROOT / f"events/api.{name}.json").read_text())
    assert event["path"] == f"/batch/{name}"
    check(f"{name}-request.schema.json", json.loads(event["body"]))


@pytest.mark.parametrize("path", ACCEPTED, ids=lambda path: path.stem)
def test_every_create_event_that_is_right_fits_the_schema_and_is_accepted(path: Path) -> None:
    body = json.loads(path.read_text())["body"]

    check("batch-request.schema.json", json.loads(body))
    _, problems = check_request(parse(body)[0], LIMITS)
    assert problems == []


def test_the_wrong_event_is_wrong_for_both() -> None:
    body = json.loads((ROOT / "events/api.create.wrong.json").read_text())["body"]

    with pytest.raises(jsonschema.ValidationError):
        check("batch-request.schema.json", json.loads(body))
    assert len(check_request(parse(body)[0], LIMITS)[1]) >= 4


@pytest.mark.parametrize(
    "change",
    [{"jobLevel": 11}, {"jobLevel": "one"}, {"jobName": "x" * 61}, {"jobModality": "X"}, {"x": 1}],
)
def test_the_request_schema_refuses(change: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        check("batch-request.schema.json", batch(label_job(**change)))


def test_what_show_answers_fits_the_schema() -> None:
    for request in (contract_2021(), batch(label_job(), audit_job(level=7))):
        view = batch_view(batch_row(request), job_rows(request), request)
        check("batch.schema.json", dump(view))


def test_every_message_fits_the_schema() -> None:
    request = batch(label_job(), audit_job())
    mark = Mark(kind="fail", at=AT, errorType="JobFailed", reason="r")
    failed = {"status": JobStatus.FAILED, "failureReason": "r"}
    rows = job_rows(request, car=failed)
    row = batch_row(request, status="FAILED", mark=mark)

    for message in (
        messages.batch_end(row, rows, request, "s3://b/i.json"),
        messages.level_complete(row, rows, 1),
        messages.job_failed(row, rows[0]),
        messages.job_stalled(row, rows[0]),
    ):
        check("notification.schema.json", json.loads(message.body))


def test_the_openapi_document_resolves_every_reference() -> None:
    document = committed("openapi.json")
    text = json.dumps(document)
    names = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}

    assert names <= set(document["components"]["schemas"])
    assert "#/$defs/" not in text
    routes = ("create", "show", "report", "stop", "retry")
    assert set(document["paths"]) == {f"/batch/{name}" for name in routes}


def test_the_examples_in_the_documentation_are_real() -> None:
    text = (ROOT / "docs/api.md").read_text()
    blocks = [block.split("```")[0] for block in text.split("```json\n")[1:]]
    requests = [json.loads(block) for block in blocks if '"labelingJobs"' in block]

    assert requests
    for request in requests:
        request["destinationSnsArn"] = TOPIC
        assert check_request(request, LIMITS)[1] == []
    for block in blocks:
        json.loads(block)
