"""S3 URIs: taken apart, put together, and checked. Keys are kept exactly as they are."""

import re
from dataclasses import dataclass

SCHEME = "s3://"
URI_MAX = 1024
"""Characters: Ground Truth's own limit for every S3 URI in a request."""
KEY_MAX_BYTES = 1024

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_IP_ADDRESS = re.compile(r"\d{1,3}(\.\d{1,3}){3}")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""With what Java takes for line breaks: Ground Truth's own pattern for URIs matches none."""


@dataclass(frozen=True)
class S3Uri:
    """A bucket and a key (or a prefix, or nothing)."""

    bucket: str
    key: str

    def __str__(self) -> str:
        """The URI, exactly as it was parsed."""
        return f"{SCHEME}{self.bucket}/{self.key}"


def problem(uri: object, *, key_needed: bool = True) -> str | None:
    """What is wrong with a URI, in words for its author; None if it is usable.

    Bucket rules are those of today's S3: 3 to 63 of a-z, 0-9, `.` and `-`. Any character but
    control characters may stand in a key: S3 takes blanks, `..`, `#`, `?` and Unicode literally.
    """
    if not isinstance(uri, str):
        return f"must be a text, found {type(uri).__name__}"
    if not uri.startswith(SCHEME):
        return f"must start with {SCHEME}"
    if len(uri) > URI_MAX:
        return f"has {len(uri)} characters, at most {URI_MAX} are allowed"
    bucket, slash, key = uri.removeprefix(SCHEME).partition("/")
    wrong_bucket = _bucket_problem(bucket)
    if wrong_bucket:
        return wrong_bucket
    if _CONTROL.search(key):
        return "has a control character (a line break, tab or similar) in its key"
    if key_needed and (not slash or not key):
        return "names a bucket but no object"
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        return "has half a Unicode character (a lone surrogate) in its key"
    if size > KEY_MAX_BYTES:
        return f"has a key longer than {KEY_MAX_BYTES} bytes"
    return None


def _bucket_problem(bucket: str) -> str | None:
    """What is wrong with a bucket's name, or None."""
    if not bucket:
        return "names no bucket"
    if not _BUCKET.fullmatch(bucket):
        return (
            f"has no valid bucket name: {bucket[:80]!r} must be 3 to 63 of a-z, 0-9, '.' and '-', "
            "starting and ending with a letter or digit"
        )
    if ".." in bucket or _IP_ADDRESS.fullmatch(bucket):
        return f"has no valid bucket name: {bucket!r} (two dots in a row, or an IP address)"
    return None


def parse(uri: str, *, key_needed: bool = True) -> S3Uri:
    """Bucket and key; ValueError that says what is wrong where it is no usable S3 URI."""
    wrong = problem(uri, key_needed=key_needed)
    if wrong:
        raise ValueError(f"{uri!r} {wrong}")
    bucket, _, key = uri.removeprefix(SCHEME).partition("/")
    return S3Uri(bucket, key)


def join(prefix: str, *parts: str) -> str:
    """The URI of something under a prefix: exactly one `/` between the pieces.

    >>> join("s3://b/batches", "one", "input.manifest")
    's3://b/batches/one/input.manifest'
    """
    uri = prefix
    for part in parts:
        uri = f"{uri if uri.endswith('/') else uri + '/'}{part.removeprefix('/')}"
    return uri


def of(bucket: str, *parts: str) -> str:
    """The URI of an object in a bucket: `of("b", "x", "y.json")` is `s3://b/x/y.json`."""
    return join(f"{SCHEME}{bucket}", *parts)


def basename(uri: str) -> str:
    """What stands behind the last `/`: a file's own name."""
    return uri.rsplit("/", 1)[-1]
