"""ObjectStore: what is written appears whole or not at all; buckets say where and what they are."""

import errno
import io
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from terrace.adapters import s3_objects, staging
from terrace.errors import BadRequestError, NotFoundError, OutOfRoomError
from terrace.ports import ObjectStore, Staging, Upload
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


# --- many at a time -------------------------------------------------------------------------------


def test_many_objects_are_written_with_their_types_and_large_ones_in_parts(
    aws: Aws, objects: ObjectStore, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_objects, "PART", 5 * 1024 * 1024)
    sizes = [*range(100), 6 * 1024 * 1024]

    def upload(size: int) -> Upload:
        pieces = [b"x" * (1024 * 1024)] * (size // 1024**2) + [b"y" * (size % 1024**2)]
        return Upload(f"s3://{bucket}/{size}", lambda: iter(pieces), "text/csv")

    assert objects.put_many(upload(size) for size in sizes) == len(sizes)
    assert [objects.head(f"s3://{bucket}/{size}").size for size in sizes] == sizes
    for size in sizes[-2:]:
        found = aws.client("s3").head_object(Bucket=bucket, Key=str(size))
        assert found["ContentType"] == "text/csv"


def test_the_first_of_many_that_fails_ends_the_writing(
    aws: Aws, objects: ObjectStore, bucket: str
) -> None:
    def broken() -> Iterator[bytes]:
        yield b"x" * (s3_objects.PART + 1)
        raise RuntimeError("the disk broke")

    uploads = [Upload(f"s3://{bucket}/many/{n}", broken, "text/plain") for n in range(2)]
    with pytest.raises(RuntimeError, match="the disk broke"):
        objects.put_many(uploads)
    assert list(objects.keys(f"s3://{bucket}/many/")) == []
    assert list(aws.client("s3").list_multipart_uploads(Bucket=bucket).get("Uploads", [])) == []
    with pytest.raises(NotFoundError):
        objects.put_many([Upload("s3://no-such-bucket-anywhere/k", lambda: iter([b""]), "a/b")])


@pytest.mark.parametrize(("most", "expected"), [(3, b"abc"), (6, b"abcdef"), (99, b"abcdef")])
def test_the_start_of_an_object_is_no_longer_than_asked(
    objects: ObjectStore, uri: str, most: int, expected: bytes
) -> None:
    objects.put_text(uri, "abcdef", "text/plain")
    assert objects.get_start(uri, most) == expected


def test_the_start_of_nothing_is_nothing(objects: ObjectStore, uri: str) -> None:
    with pytest.raises(NotFoundError):
        objects.get_start(uri, 5)
    objects.put_text(uri, "", "text/plain")
    assert objects.get_start(uri, 5) == b""


# --- files kept aside -----------------------------------------------------------------------------


def fill(place: Staging) -> None:
    place.write("a/small.txt", "ü")
    place.write("mask.png", b"\x89PNG")
    waiting = place.spool()
    waiting.write("später\n" * 300_000)
    for number in range(staging.OPEN_MAX + 5):
        place.append(f"grown/{number}.csv", "x")
    for number in range(staging.OPEN_MAX + 5):
        place.append(f"grown/{number}.csv", f"{number}\n")
    for text in waiting.read():
        place.append("big.json", text)


EXPECTED = {
    "a/small.txt": "ü".encode(),
    "mask.png": b"\x89PNG",
    "big.json": "später\n".encode() * 300_000,
    **{f"grown/{n}.csv": f"x{n}\n".encode() for n in range(staging.OPEN_MAX + 5)},
}


def test_files_kept_aside_are_written_one_by_one(
    aws: Aws, objects: ObjectStore, bucket: str
) -> None:
    home = f"s3://{bucket}/out/"
    with objects.staging() as place:
        fill(place)
        assert list(objects.keys(home)) == []
        assert objects.put_many(place.uploads(home, together="all.zip", most=1_000)) == len(
            EXPECTED
        )
    found = {uri.removeprefix(home): objects.get_bytes(uri, 10**8) for uri in objects.keys(home)}
    assert found == EXPECTED
    types = {
        name: aws.client("s3").head_object(Bucket=bucket, Key=f"out/{name}")["ContentType"]
        for name in ("a/small.txt", "mask.png", "grown/0.csv", "big.json")
    }
    assert list(types.values()) == ["text/plain", "image/png", "text/csv", "application/json"]


def test_too_many_files_become_one_of_the_same_bytes_each_time(
    objects: ObjectStore, bucket: str
) -> None:
    home = f"s3://{bucket}/out/"
    made = []
    for _ in range(2):
        with objects.staging() as place:
            fill(place)
            assert objects.put_many(place.uploads(home, together="all.zip", most=10)) == 1
        assert list(objects.keys(home)) == [f"{home}all.zip"]
        made.append(objects.get_bytes(f"{home}all.zip", 10**8))
    assert made[0] == made[1]
    with zipfile.ZipFile(io.BytesIO(made[0])) as packed:
        assert {name: packed.read(name) for name in packed.namelist()} == EXPECTED
        assert packed.getinfo("mask.png").external_attr >> 16 == 0o644


def test_files_that_must_not_be_put_together_are_refused(objects: ObjectStore) -> None:
    with objects.staging() as place:
        fill(place)
        with pytest.raises(OutOfRoomError, match="must not be put together"):
            place.uploads("s3://some-bucket/", together=None, most=10)


@pytest.mark.parametrize(
    "put",
    [
        pytest.param(lambda place, text: place.write("a", text), id="a small file"),
        pytest.param(lambda place, text: place.append("a", text), id="a file that grows"),
        pytest.param(lambda place, text: place.spool().write(text), id="a text kept aside"),
    ],
)
def test_no_more_room_is_an_error(put: Callable[[Staging, str], None]) -> None:
    text = "".join(chr(0x4E00 + n % 20_000) for n in range(1_000_000))
    with (
        staging.DiskStaging(room=1024 * 1024) as place,
        pytest.raises(OutOfRoomError, match="more than 1 MB"),
    ):
        put(place, text)


def test_a_disk_that_is_full_all_the_same_is_an_error_of_the_same_kind() -> None:
    def full() -> None:
        with staging.DiskStaging() as place:
            place.append("a", "x")
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OutOfRoomError, match="disk is full"):
        full()


def test_a_read_text_gives_its_room_back() -> None:
    with staging.DiskStaging(room=1_500) as place:
        for number in range(5):
            waiting = place.spool()
            waiting.write("x" * 1_000)
            assert "".join(waiting.read()) == "x" * 1_000, number


@pytest.mark.parametrize("path", ["", "/a", "../a", "a/../../b"])
def test_a_path_that_leads_out_of_the_folder_is_refused(path: str) -> None:
    with staging.DiskStaging() as place:
        with pytest.raises(ValueError, match="no path inside"):
            place.write(path, "x")
        place.write("once", "x")
        with pytest.raises(FileExistsError):
            place.append("once", "x")
