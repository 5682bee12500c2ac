"""`terrace delete`: all versions of all of a batch's objects, once it has ended; rows stay."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner
from moto import mock_aws

from terrace_cli import storage
from terrace_cli.main import cli
from terrace_cli.storage import Storage

TABLE, BUCKET = "table", "batch-bucket"


class Account:
    """A table and a versioned bucket, as the stack has them."""

    def __init__(self) -> None:
        self.dynamodb = boto3.client("dynamodb", region_name="us-east-1")
        self.s3 = boto3.client("s3", region_name="us-east-1")
        self.sts = boto3.client("sts", region_name="us-east-1")
        self.dynamodb.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"} for name in ("PK", "SK")
            ],
            KeySchema=[
                {"AttributeName": "PK", "KeyType": "HASH"},
                {"AttributeName": "SK", "KeyType": "RANGE"},
            ],
        )
        self.s3.create_bucket(Bucket=BUCKET)
        self.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})

    def batch(self, name: str, status: str, **more: Any) -> None:
        """A batch row and its objects: two versions of one, a deleted one, a working file."""
        self.dynamodb.put_item(
            TableName=TABLE,
            Item={
                "PK": {"S": f"BATCH#{name}"},
                "SK": {"S": "BATCH"},
                "batchId": {"S": name},
                "batchStatus": {"S": status},
                **more,
            },
        )
        for key in ("request.json", "request.json", "outputs/gone"):
            self.s3.put_object(Bucket=BUCKET, Key=f"batches/{name}/{key}", Body=b"label")
        self.s3.delete_object(Bucket=BUCKET, Key=f"batches/{name}/outputs/gone")
        self.s3.put_object(Bucket=BUCKET, Key=f"batches-working/{name}/state.json", Body=b"1")

    def versions(self) -> list[str]:
        """Keys of all versions and delete markers."""
        found = self.s3.list_object_versions(Bucket=BUCKET)
        return sorted(
            one["Key"] for one in [*found.get("Versions", []), *found.get("DeleteMarkers", [])]
        )

    def rows(self, name: str) -> list[dict[str, Any]]:
        """All rows of a batch, in order."""
        return list(
            self.dynamodb.query(
                TableName=TABLE,
                KeyConditionExpression="PK = :p",
                ExpressionAttributeValues={":p": {"S": f"BATCH#{name}"}},
            )["Items"]
        )


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with mock_aws():
        made = Account()
        found = Storage(TABLE, BUCKET, made.dynamodb, made.s3, made.sts, "a test")
        monkeypatch.setattr(storage, "storage_of", lambda choice: found)
        yield made


def run(*arguments: str) -> Any:
    return CliRunner().invoke(cli, ["delete", *arguments])


def test_every_version_of_the_batch_goes_and_nothing_of_another(account: Account) -> None:
    # Given a batch, and another whose name starts with its name
    account.batch("cars", "COMPLETE")
    account.batch("cars-2", "COMPLETE")
    # When the first is deleted
    done = run("cars", "--yes")
    # Then nothing of it is left in S3, and all of the other
    assert done.exit_code == 0, done.output
    assert "Deleted 5 object versions" in done.output
    assert len(account.versions()) == 5
    assert all("/cars-2/" in key for key in account.versions())
    # And its row stays, with when; the timeline says who and how much
    row, event = account.rows("cars")
    assert float(row["deletedAt"]["N"]) > 1_700_000_000
    assert event["what"]["S"] == "DATA_DELETED"
    assert event["detail"]["M"]["versions"] == {"N": "5"}
    assert event["detail"]["M"]["by"]["S"].startswith("arn:aws:")


def test_without_yes_nothing_is_deleted_and_it_says_what_would_be(account: Account) -> None:
    account.batch("cars", "FAILED")
    done = run("cars")
    assert done.exit_code == 2
    assert "5 object versions, 16 bytes, of cars" in done.output
    assert "say --yes" in done.output
    assert len(account.versions()) == 5
    assert "deletedAt" not in account.rows("cars")[0]


@pytest.mark.parametrize(
    ("status", "more", "says"),
    [
        ("IN_PROGRESS", {"openKey": {"S": "OPEN"}}, "is IN_PROGRESS"),
        ("COMPLETE", {"openKey": {"S": "OPEN"}}, "not all of that is told yet"),
    ],
    ids=["while it runs", "before its end is told"],
)
def test_it_is_refused(account: Account, status: str, more: dict[str, Any], says: str) -> None:
    account.batch("cars", status, **more)
    done = run("cars", "--yes")
    assert done.exit_code != 0
    assert says in done.output
    assert len(account.versions()) == 5
    assert "deletedAt" not in account.rows("cars")[0]


def test_a_batch_that_runs_again_in_between_keeps_its_data(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a batch that is retried just after it was found ended
    from terrace_cli.deleting import BatchData

    account.batch("cars", "FAILED")
    monkeypatch.setattr(
        BatchData, "check", lambda self: account.batch("cars", "IN_PROGRESS") or None
    )
    before = account.versions()
    # When it is deleted, then the row itself refuses
    done = run("cars", "--yes")
    assert done.exit_code == 2
    assert "runs again" in done.output
    assert set(account.versions()) == set(before)


def test_deleting_twice_is_harmless_and_the_first_time_stands(account: Account) -> None:
    account.batch("cars", "STOPPED")
    assert run("cars", "--yes").exit_code == 0
    first = account.rows("cars")[0]["deletedAt"]
    again = run("cars", "--yes")
    assert again.exit_code == 0
    assert "Deleted 0 object versions" in again.output
    assert account.rows("cars")[0]["deletedAt"] == first


def test_an_unknown_batch_is_named(account: Account) -> None:
    done = run("cars", "--yes")
    assert done.exit_code == 1
    assert "there is no batch cars" in done.output


def test_uploads_that_never_ended_are_given_up(account: Account) -> None:
    account.batch("cars", "COMPLETE")
    account.s3.create_multipart_upload(Bucket=BUCKET, Key="batches/cars/outputs/large")
    assert run("cars", "--yes").exit_code == 0
    assert "Uploads" not in account.s3.list_multipart_uploads(Bucket=BUCKET)


def test_an_api_address_alone_does_not_say_where_the_data_is(tmp_path: Path) -> None:
    done = run("cars", "--yes", "--api-url", "https://abc.execute-api.us-east-1.amazonaws.com/v1")
    assert done.exit_code == 2
    assert "does not go through the API" in done.output


def test_a_local_run_is_found_by_its_contract(tmp_path: Path) -> None:
    contract = tmp_path / "local.json"
    content = {
        "apiUrl": "http://127.0.0.1:1",
        "awsEndpoint": "http://127.0.0.1:1",
        "region": "us-east-1",
        "tableName": "t",
        "batchBucket": "b",
    }
    contract.write_text(json.dumps(content), encoding="utf-8")
    from terrace_cli.target import Choice

    found = storage.storage_of(Choice(local=contract))
    assert (found.table, found.bucket) == ("t", "b")
    assert found.s3.meta.endpoint_url == "http://127.0.0.1:1"
