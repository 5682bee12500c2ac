"""GET /batch/show from outside: one batch, and the list."""

import json
from typing import Any
from urllib.parse import urlparse

import pytest

from terrace.domain.status import BatchStatus
from tests.fakes.house import House
from tests.functions.conftest import Client
from tests.functions.test_api_create import a_request


def create(client: Client, house: House, batch_id: str, status: str | None = None) -> None:
    request = a_request(batchId=batch_id)
    request["labelingJobs"][0]["jobName"] = f"{batch_id}-car"
    assert client.create(request)[0] == 200
    house.clock.advance(1)
    if status is not None:
        house.store.end_batch(batch_id, 1, BatchStatus(status), house.clock.now())


def test_a_batch_is_shown_while_it_runs_and_with_links_to_what_exists(
    client: Client, house: House
) -> None:
    # Given a batch whose job runs
    request = a_request()
    request["labelingJobs"][0] |= {
        "inputConfig": {"inputManifestS3Uri": house.manifest()},
        "labelCategoryConfigS3Uri": house.categories(),
    }
    client.create(request)
    house.turn()

    # When it is shown
    code, answer = client.show(batchId="b")

    # Then
    assert (code, answer["status"]) == (200, "IN_PROGRESS")
    assert answer["inputLabelingJobs"] == request["labelingJobs"]
    (job,) = answer["firstLevel"]["jobLevels"]
    assert job["batchStatus"] == "IN_PROGRESS"
    assert "Signature" in urlparse(job["jobInputS3Url"]).query
    assert job["jobOutputS3Url"] is None

    # And when it has ended
    house.finish("car")
    code, answer = client.show(batchId="b")
    (job,) = answer["firstLevel"]["jobLevels"]
    assert answer["status"] == "COMPLETE"
    assert answer["thirdLevel"]["status"] == "COMPLETE"
    assert (job["numItems"], job["numItemsLabeled"]) == (3, 3)
    assert "Signature" in urlparse(job["jobOutputS3Url"]).query


def test_an_empty_list_has_every_status(client: Client) -> None:
    code, answer = client.show()

    assert code == 200
    assert answer == {
        **{status.value: [] for status in BatchStatus},
        "INTERNAL_ERROR": [],
        "batches": [],
        "nextToken": None,
    }


def test_the_list_names_batches_by_status_newest_first(client: Client, house: House) -> None:
    create(client, house, "old", "COMPLETE")
    create(client, house, "new", "COMPLETE")
    create(client, house, "runs")

    _, answer = client.show()

    assert answer["COMPLETE"] == ["new", "old"]
    assert answer["IN_PROGRESS"] == ["runs"]
    assert [entry["batchId"] for entry in answer["batches"]] == ["runs", "new", "old"]
    assert answer["batches"][0]["createdAt"].startswith("2027-01-15T08:00:02")


def test_one_status_is_listed_alone(client: Client, house: House) -> None:
    create(client, house, "done", "COMPLETE")
    create(client, house, "runs")

    _, answer = client.show(status="IN_PROGRESS")

    assert answer["IN_PROGRESS"] == ["runs"]
    assert answer["COMPLETE"] == []
    assert client.show(status="INTERNAL_ERROR")[0] == 200


@pytest.mark.parametrize("status", [None, "COMPLETE"])
def test_pages_give_every_batch_once(client: Client, house: House, status: str | None) -> None:
    for number in range(5):
        create(client, house, f"done{number}", "COMPLETE")
    if status is None:
        for number in range(3):
            create(client, house, f"runs{number}")

    found: list[str] = []
    query = {"limit": "2"} | ({"status": status} if status else {})
    token: str | None = ""
    while token is not None:
        _, answer = client.show(**query, **({"nextToken": token} if token else {}))
        assert len(answer["COMPLETE"]) <= 2
        found += [entry["batchId"] for entry in answer["batches"]]
        token = answer["nextToken"]

    assert len(found) == len(set(found)) == (8 if status is None else 5)


def test_an_answer_that_would_be_too_large_leaves_the_request_out(
    client: Client, house: House
) -> None:
    request = a_request()
    tags = {f"tag{n}": "z" * 200 for n in range(10)}
    instructions = {"fullInstruction": "x" * 2000, "shortInstruction": "y" * 200}
    job = request["labelingJobs"][0] | {"instructions": instructions, "tags": tags}
    request["labelingJobs"] = [{**job, "jobName": f"car{n}"} for n in range(1000)]
    assert client.create(request)[0] == 200

    code, answer = client.show(batchId="b")

    assert (code, answer["inputLabelingJobs"]) == (200, None)
    assert house.objects.get_json(answer["requestS3Uri"]) == request
    size: Any = len(json.dumps(client.last))
    assert size < 6_000_000
