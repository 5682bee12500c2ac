"""ObjectStore: what is written appears whole or not at all; buckets say where and what they are."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from terrace.adapters import s3_objects
from terrace.errors import BadRequestError, NotFoundError
from terrace.ports import ObjectStore
from tests.contract.conftest import Aws


@pytest.fixture
def uri(bucket: str) -> str:
    return f"s3://{bucket}/out.manifest"


def uploads(aws: Aws, uri: str) -> list[Any]:
    found = aws.client("s3").list_multipart_uploads(Bucket=uri.split("/")[2])
    return list(found.get("Uploads", []))


def read(objects: ObjectStore, uri: str) -> list[str]:
    return [line.text for line in objects.read_lines(uri)]


def test_lines_come_back_as_they_were_written(objects: ObjectStore, uri: str) -> None:
    assert objects.write_lines(uri, iter(["one", "", "日本"])) == 3
    assert read(objects, uri) == ["one", "", "日本"]


def test_no_lines_are_an_empty_object(objects: ObjectStore, uri: str) -> None:
    assert objects.write_lines(uri, iter([])) == 0
    assert objects.head(uri).size == 0


def test_more_than_a_part_is_written_in_parts(aws: Aws, objects: ObjectStore, uri: str) -> None:
    line = "x" * 1_000_000
    assert objects.write_lines(uri, (f"{n}{line}" for n in range(20))) == 20
    info = objects.head(uri)
    assert info.size > 2 * s3_objects.PART
    assert "-" in info.etag  # S3's mark of a multipart upload
    assert [text[:-1_000_000] for text in read(objects, uri)] == [str(n) for n in range(20)]
    assert uploads(aws, uri) == []


def test_exactly_one_part_is_complete(
    aws: Aws, objects: ObjectStore, uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_objects, "PART", 5 * 1024 * 1024)
    assert objects.write_lines(uri, iter(["y" * (5 * 1024 * 1024 - 1)])) == 1
    assert objects.head(uri).size == 5 * 1024 * 1024
    assert uploads(aws, uri) == []


@pytest.mark.parametrize("before", [1, 12])
def test_nothing_appears_when_the_lines_break_off(
    aws: Aws, objects: ObjectStore, uri: str, before: int
) -> None:
    objects.put_text(uri, "old\n", "text/plain")

    def lines() -> Iterator[str]:
        yield from ["z" * 1_000_000] * before
        raise RuntimeError("the source broke")

    with pytest.raises(RuntimeError, match="the source broke"):
        objects.write_lines(uri, lines())
    assert read(objects, uri) == ["old"]
    assert uploads(aws, uri) == []


def test_nothing_is_left_when_a_part_is_refused(
    aws: Aws, objects: ObjectStore, uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_objects, "PART", 1000)  # S3 refuses parts below 5 MB
    with pytest.raises(BadRequestError, match="EntityTooSmall"):
        objects.write_lines(uri, iter(["x" * 1500] * 3))
    assert not objects.exists(uri)
    assert uploads(aws, uri) == []


def test_a_write_to_a_missing_bucket_is_not_found(objects: ObjectStore) -> None:
    with pytest.raises(NotFoundError):
        objects.write_lines("s3://no-such-bucket-anywhere/k", iter(["one"]))
    with pytest.raises(NotFoundError):
        objects.put_json("s3://no-such-bucket-anywhere/k", {})


def test_text_keeps_its_content_type(aws: Aws, objects: ObjectStore, uri: str) -> None:
    objects.put_text(uri, "<p>é</p>", "text/html")
    bucket = uri.split("/")[2]
    found = aws.client("s3").get_object(Bucket=bucket, Key="out.manifest")
    assert (found["ContentType"], found["Body"].read()) == ("text/html", "<p>é</p>".encode())


def test_deleting_what_is_not_there_is_no_error(objects: ObjectStore, uri: str) -> None:
    objects.delete(uri)
    assert not objects.exists(uri)


def test_a_presigned_url_names_the_key_its_life_and_its_signature(
    objects: ObjectStore, bucket: str
) -> None:
    url = objects.presign(f"s3://{bucket}/a b#c?d%.json", 900)
    assert "/a%20b%23c%3Fd%25.json?" in url
    assert "X-Amz-Expires=900" in url
    assert "X-Amz-Signature=" in url


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1"])
def test_a_bucket_says_its_region(objects: ObjectStore, region: str) -> None:
    name = f"bucket-in-{region}"
    place = {} if region == "us-east-1" else {"LocationConstraint": region}
    more = {"CreateBucketConfiguration": place} if place else {}
    boto3.client("s3", region).create_bucket(Bucket=name, **more)
    assert objects.bucket_region(name) == region


def test_cross_origin_rules_are_given_and_none_is_empty(
    aws: Aws, objects: ObjectStore, bucket: str
) -> None:
    assert objects.bucket_cors(bucket) == []
    rule = {"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}
    aws.client("s3").put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
    [found] = objects.bucket_cors(bucket)
    assert (found["AllowedMethods"], found["AllowedOrigins"]) == (["GET"], ["*"])


def test_a_missing_bucket_has_no_region(objects: ObjectStore) -> None:
    with pytest.raises(NotFoundError):
        objects.bucket_region("no-such-bucket-anywhere")
