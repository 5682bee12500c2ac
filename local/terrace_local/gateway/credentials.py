"""Any client may use any credentials; only sessions of roles are checked.

A client from outside (`test/test`, a real profile's keys, a 12-digit key) acts as the account's
administrator. Functions and state machines act under their role's session, and IAM is enforced on
those. The rewrite happens on the wire, before MiniStack resolves the key, so nothing inside
MiniStack has to change.
"""

import re
from collections.abc import Callable, Iterable
from urllib.parse import parse_qsl, urlencode

from terrace_local.config import ROOT_KEY

Header = tuple[bytes, bytes]

_CREDENTIAL = re.compile(rb"(Credential=)([^/,\s]+)(/)")
_PRESIGN_KEY = "X-Amz-Credential"


def access_key_of(headers: Iterable[Header], query: bytes) -> str:
    """The access key a request claims, or "" when it is unsigned."""
    for name, value in headers:
        if name.lower() == b"authorization":
            found = _CREDENTIAL.search(value)
            if found:
                return found.group(2).decode("latin-1")
            if value.startswith(b"AWS "):
                return value[4:].split(b":", 1)[0].decode("latin-1")
    if _PRESIGN_KEY.encode() in query or b"AWSAccessKeyId" in query:
        for key, given in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
            if key == _PRESIGN_KEY:
                return given.split("/", 1)[0]
            if key == "AWSAccessKeyId":
                return given
    return ""


def as_administrator(
    headers: list[Header], query: bytes, is_session: Callable[[str], bool]
) -> tuple[list[Header], bytes]:
    """The same request with an outsider's credentials replaced by the administrator's.

    Args:
        headers: Raw ASGI headers.
        query: Raw query string.
        is_session: Whether an access key belongs to a role session of this account.
    """
    key = access_key_of(headers, query)
    if not key or is_session(key):
        return headers, query
    rewritten: list[Header] = []
    for name, value in headers:
        lowered = name.lower()
        if lowered == b"x-amz-security-token":
            continue  # an outsider's session token means nothing here
        if lowered == b"authorization":
            value = _CREDENTIAL.sub(rb"\g<1>" + ROOT_KEY.encode() + rb"\g<3>", value)  # noqa: PLW2901
            if value.startswith(b"AWS "):
                continue  # SigV2: the old scheme signs with the key itself; unsigned S3 passes
        rewritten.append((name, value))
    return rewritten, _without_presign(query)


def _without_presign(query: bytes) -> bytes:
    """A presigned query of an outsider without its signature: unsigned S3 reads are allowed."""
    if _PRESIGN_KEY.encode() not in query and b"AWSAccessKeyId" not in query:
        return query
    dropped = {
        "X-Amz-Credential",
        "X-Amz-Algorithm",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-SignedHeaders",
        "X-Amz-Signature",
        "X-Amz-Security-Token",
        "AWSAccessKeyId",
        "Signature",
        "Expires",
        "x-amz-security-token",
    }
    kept = [
        (key, value)
        for key, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True)
        if key not in dropped
    ]
    return urlencode(kept).encode("latin-1")
