"""ObjectStore: reading lines and JSON, with every shape of file that people upload."""

import json
from collections.abc import Iterator

import pytest

from terrace.adapters import s3_objects
from terrace.adapters.s3_objects import S3ObjectStore
from terrace.errors import NotFoundError, ObjectChangedError
from terrace.ports import Line, ObjectStore
from tests.contract.conftest import Aws

ODD_KEYS = [
    "a b/c  d.json",
    "hash#mark?query=1&x.json",
    "percent%20 and %.json",
    "plus+and=and;comma,.json",
    "ünï/çødé/日本語/🎬.json",
    "dots/../and//slashes/.json",
    "quote'\"and\\back.json",
]


def put(aws: Aws, bucket: str, data: bytes, key: str = "k") -> str:
    aws.client("s3").put_object(Bucket=bucket, Key=key, Body=data)
    return f"s3://{bucket}/{key}"


CASES = {
    "two lines": (b"one\ntwo\n", ["one", "two"]),
    "no line break at the end": (b"one\ntwo", ["one", "two"]),
    "carriage returns": (b"one\r\ntwo\r\n", ["one", "two"]),
    "a carriage return and no line break at the end": (b"one\r\ntwo\r", ["one", "two"]),
    "empty": (b"", []),
    "one empty line": (b"\n", [""]),
    "empty lines between": (b"one\n\n\ntwo\n", ["one", "", "", "two"]),
    "line breaks of other scripts": ("a\u2028b\x0bc\x85d\n".encode(), ["a\u2028b\x0bc\x85d"]),
    "several bytes a character": ("日本\né\n".encode(), ["日本", "é"]),
}


@pytest.fixture(params=[1, 3, s3_objects.CHUNK])
def chunk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The network hands over so many bytes at a time."""
    monkeypatch.setattr(s3_objects, "CHUNK", request.param)


@pytest.mark.parametrize(("data", "texts"), CASES.values(), ids=CASES.keys())
@pytest.mark.usefixtures("chunk")
def test_lines_are_what_stands_between_line_breaks(
    aws: Aws, bucket: str, objects: ObjectStore, data: bytes, texts: list[str]
) -> None:
    lines = list(objects.read_lines(put(aws, bucket, data)))
    assert [line.text for line in lines] == texts
    assert [line.number for line in lines] == list(range(1, len(texts) + 1))
    assert (lines[-1].end if lines else 0) == len(data)


@pytest.mark.parametrize("data", [case[0] for case in CASES.values()], ids=CASES.keys())
def test_reading_goes_on_behind_any_line(
    aws: Aws, bucket: str, objects: ObjectStore, data: bytes
) -> None:
    uri = put(aws, bucket, data)
    lines = list(objects.read_lines(uri))
    for index, line in enumerate(lines):
        rest = objects.read_lines(uri, start=line.end, first_number=line.number + 1)
        assert list(rest) == lines[index + 1 :]


def test_a_start_behind_the_end_has_no_lines(aws: Aws, bucket: str, objects: ObjectStore) -> None:
    uri = put(aws, bucket, b"one\n")
    assert list(objects.read_lines(uri, start=4, first_number=2)) == []
    assert list(objects.read_lines(uri, start=99, first_number=2)) == []


def test_a_huge_line_is_read_whole(aws: Aws, bucket: str, objects: ObjectStore) -> None:
    huge = "x" * (3 * s3_objects.CHUNK + 7)
    uri = put(aws, bucket, f"{huge}\nsmall\n".encode())
    first, second = objects.read_lines(uri)
    assert (len(first.text), second.text) == (len(huge), "small")
    assert second == Line(2, "small", len(huge) + 1 + 6)


def test_a_line_without_end_is_refused_before_it_fills_the_memory(
    aws: Aws, bucket: str, objects: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_objects, "CHUNK", 10)
    monkeypatch.setattr(s3_objects, "LINE_MAX", 50)
    lines = objects.read_lines(put(aws, bucket, b"one\n" + b"x" * 500))
    assert next(lines).text == "one"
    with pytest.raises(ValueError, match="line 2: longer than 50 bytes"):
        next(lines)


@pytest.mark.parametrize("tail", [b"\n", b"", b"\nthree\n"])
def test_bytes_that_are_no_text_are_named_by_their_line(
    aws: Aws, bucket: str, objects: ObjectStore, tail: bytes
) -> None:
    uri = put(aws, bucket, b"one\nab\xff" + tail)
    lines = objects.read_lines(uri)
    assert next(lines).text == "one"
    with pytest.raises(ValueError, match=r"line 2: not UTF-8 \(byte 2\)"):
        next(lines)


def test_the_line_number_of_bad_bytes_counts_from_where_reading_began(
    aws: Aws, bucket: str, objects: ObjectStore
) -> None:
    uri = put(aws, bucket, b"one\ntwo\n\xff\n")
    with pytest.raises(ValueError, match="line 3"):
        list(objects.read_lines(uri, start=4, first_number=2))


def test_an_object_replaced_between_two_reads_is_noticed(
    aws: Aws, bucket: str, objects: ObjectStore
) -> None:
    uri = put(aws, bucket, b"one\ntwo\n")
    etag = objects.head(uri).etag
    assert len(list(objects.read_lines(uri, etag=etag))) == 2
    put(aws, bucket, b"ONE\nTWO\n")
    with pytest.raises(ObjectChangedError):
        list(objects.read_lines(uri, start=4, first_number=2, etag=etag))


@pytest.mark.parametrize("key", ODD_KEYS)
def test_keys_are_taken_literally(aws: Aws, bucket: str, objects: ObjectStore, key: str) -> None:
    uri = f"s3://{bucket}/{key}"
    objects.put_json(uri, {"key": key})
    found = aws.client("s3").list_objects_v2(Bucket=bucket)["Contents"]
    assert [row["Key"] for row in found] == [key]
    assert objects.get_json(uri) == {"key": key}
    assert objects.exists(uri)
    assert [json.loads(line.text) for line in objects.read_lines(uri)] == [{"key": key}]
    objects.delete(uri)
    assert not objects.exists(uri)


@pytest.mark.parametrize("uri", ["s3://no-such-bucket-anywhere/k", "s3://{bucket}/missing"])
def test_what_is_not_there_is_not_found(bucket: str, objects: ObjectStore, uri: str) -> None:
    uri = uri.format(bucket=bucket)
    for read in (
        objects.head,
        objects.get_json,
        lambda where: list(objects.read_lines(where)),
    ):
        with pytest.raises(NotFoundError):
            read(uri)
    assert not objects.exists(uri)


@pytest.mark.parametrize("uri", ["http://b/k", "s3://b", "s3://bucket/", "", "s3://B_ucket/k"])
def test_what_is_no_s3_uri_is_a_value_error(objects: ObjectStore, uri: str) -> None:
    with pytest.raises(ValueError, match=r"s3://|bucket"):
        objects.head(uri)


def test_bytes_are_read_whole_or_not_at_all(aws: Aws, bucket: str, objects: ObjectStore) -> None:
    uri = put(aws, bucket, b"\x00\xff" * 4)
    assert objects.get_bytes(uri, 8) == b"\x00\xff" * 4
    with pytest.raises(ValueError, match="is 8 bytes long, at most 7"):
        objects.get_bytes(uri, 7)
    with pytest.raises(NotFoundError):
        objects.get_bytes(f"s3://{bucket}/missing", 8)


def test_head_says_size_and_version(aws: Aws, bucket: str, objects: ObjectStore) -> None:
    uri = put(aws, bucket, b"12345")
    info = objects.head(uri)
    assert (info.uri, info.size) == (uri, 5)
    put(aws, bucket, b"54321")
    assert objects.head(uri).etag != info.etag


BAD_JSON = {
    "not json": b"{",
    "empty": b"",
    "not text": b"\xff\xfe{}",
    "too deep": b"[" * 200_000,
}


@pytest.mark.parametrize("data", BAD_JSON.values(), ids=BAD_JSON.keys())
def test_what_is_no_json_is_a_value_error(
    aws: Aws, bucket: str, objects: ObjectStore, data: bytes
) -> None:
    with pytest.raises(ValueError):
        objects.get_json(put(aws, bucket, data))


def test_json_that_is_too_large_is_refused_unread(
    aws: Aws, bucket: str, objects: ObjectStore
) -> None:
    uri = put(aws, bucket, b'"0123456789"')
    assert objects.get_json(uri, 12) == "0123456789"
    with pytest.raises(ValueError, match="12 bytes long, at most 11"):
        objects.get_json(uri, 11)


def test_json_with_a_byte_order_mark_is_read(aws: Aws, bucket: str, objects: ObjectStore) -> None:
    assert objects.get_json(put(aws, bucket, b'\xef\xbb\xbf{"a": 1}')) == {"a": 1}


def test_the_adapter_is_an_object_store(objects: S3ObjectStore) -> None:
    port: ObjectStore = objects
    assert port.exists("s3://no-such-bucket-anywhere/k") is False


def test_a_list_has_every_object_under_a_prefix_page_after_page(
    aws: Aws, bucket: str, objects: ObjectStore
) -> None:
    names = [f"a/{number:04}/2026-11-20_10:00:00 é.json" for number in range(1_003)]
    for name in [*names, "b/x.json", "a0.json"]:
        put(aws, bucket, b"{}", name)
    assert list(objects.keys(f"s3://{bucket}/a/")) == [f"s3://{bucket}/{name}" for name in names]
    assert list(objects.keys(f"s3://{bucket}/none/")) == []


def test_many_objects_come_in_the_order_they_were_asked_for(
    aws: Aws, bucket: str, objects: ObjectStore
) -> None:
    count = 2 * s3_objects.AHEAD + 3
    uris = [put(aws, bucket, json.dumps({"n": n}).encode(), f"{n}.json") for n in range(count)]
    broken = put(aws, bucket, b"{", "broken.json")
    asked = [*uris[5:], broken, *uris[:5]]

    found = list(objects.get_jsons(iter(asked)))

    assert [uri for uri, _ in found] == asked
    values = dict(found)
    assert [values[uri] for uri in uris] == [{"n": n} for n in range(count)]
    assert isinstance(values[broken], ValueError)


def test_of_many_objects_one_that_is_not_there_is_an_error(
    aws: Aws, bucket: str, objects: ObjectStore
) -> None:
    there = put(aws, bucket, b"1", "there.json")
    found = objects.get_jsons([there, f"s3://{bucket}/missing.json"])
    assert next(found) == (there, 1)
    with pytest.raises(NotFoundError, match=r"missing\.json"):
        next(found)


def test_whoever_stops_reading_many_objects_waits_for_nothing(
    aws: Aws, bucket: str, objects: ObjectStore
) -> None:
    there = put(aws, bucket, b"1", "there.json")
    asked = []

    def endless() -> Iterator[str]:
        while True:
            asked.append(there)
            yield there

    found = objects.get_jsons(endless())
    assert next(found) == (there, 1)
    found.close()  # type: ignore[attr-defined]
    assert len(asked) == s3_objects.AHEAD
