"""S3 URIs: what is accepted is kept exactly; what is refused is refused in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrace.domain import s3uri


@pytest.mark.parametrize(
    "uri",
    [
        "s3://bucket/key",
        "s3://my.bucket-1/a/b/c.json",
        "s3://bucket/a folder/ünïcode #1?x=y%20.jpg",
        "s3://bucket/a//b/../c",
        "s3://bucket/" + "k" * 1011,
    ],
)
def test_usable_uris_come_back_exactly(uri: str) -> None:
    assert str(s3uri.parse(uri)) == uri


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("", "must start with s3://"),
        ("https://bucket.s3.amazonaws.com/key", "must start with s3://"),
        ("S3://bucket/key", "must start with s3://"),
        ("s3://", "names no bucket"),
        ("s3:///key", "names no bucket"),
        ("s3://bucket", "names a bucket but no object"),
        ("s3://bucket/", "names a bucket but no object"),
        ("s3://Bucket/key", "no valid bucket name"),
        ("s3://my_bucket/key", "no valid bucket name"),
        ("s3://ab/key", "no valid bucket name"),
        ("s3://" + "b" * 64 + "/key", "no valid bucket name"),
        ("s3://a..b/key", "two dots in a row"),
        ("s3://192.168.1.1/key", "IP address"),
        ("s3://bucket/a\nb", "control character"),
        ("s3://bucket/a\x00b", "control character"),
        ("s3://bucket/" + "k" * 1100, "at most 1024"),
        ("s3://bucket/" + "ü" * 600, "longer than 1024 bytes"),
        ("s3://bucket/\ud800", "lone surrogate"),
        (None, "must be a text"),
        (7, "must be a text"),
    ],
)
def test_unusable_uris_are_refused_with_the_reason(uri: object, words: str) -> None:
    assert words in (s3uri.problem(uri) or "")


def test_a_bucket_alone_is_fine_where_no_object_is_needed() -> None:
    assert s3uri.parse("s3://bucket", key_needed=False) == s3uri.S3Uri("bucket", "")


@pytest.mark.parametrize(
    ("prefix", "parts", "joined"),
    [
        ("s3://b", ("x",), "s3://b/x"),
        ("s3://b/", ("/x", "y"), "s3://b/x/y"),
        ("s3://b/p/", ("x/", "y.json"), "s3://b/p/x/y.json"),
    ],
)
def test_joining_puts_exactly_one_slash_between(
    prefix: str, parts: tuple[str, ...], joined: str
) -> None:
    assert s3uri.join(prefix, *parts) == joined


def test_of_and_basename() -> None:
    assert s3uri.of("b", "batches", "one", "x.json") == "s3://b/batches/one/x.json"
    assert s3uri.basename("s3://b/p/clip 1.json") == "clip 1.json"


@given(st.text())
def test_parse_and_problem_never_disagree(text: str) -> None:
    uri = f"s3://bucket/{text}"
    if s3uri.problem(uri) is None:
        assert s3uri.parse(uri).key == text
    else:
        with pytest.raises(ValueError, match="s3://"):
            s3uri.parse(uri)
