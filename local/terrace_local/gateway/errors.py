"""AWS error answers in the words of each service's protocol."""

import json
import uuid
from xml.sax.saxutils import escape

_QUERY_SERVICES = {"sns", "sts", "iam", "cloudformation", "monitoring"}
_SERVER_ERRORS = {
    "InternalServerError",
    "InternalServerException",
    "InternalError",
    "InternalFailure",
    "InternalServiceError",
    "ServiceException",
}
_UNAVAILABLE = {"ServiceUnavailable", "ServiceUnavailableException", "SlowDown", "503"}
_FORBIDDEN = {"AccessDenied", "AccessDeniedException", "ExpiredToken", "ExpiredTokenException"}
_TOO_MANY = {"TooManyRequestsException"}


def http_status(code: str) -> int:
    """The HTTP status AWS sends with an error code."""
    if code in _SERVER_ERRORS:
        return 500
    if code in _UNAVAILABLE:
        return 503
    if code in _FORBIDDEN:
        return 403
    if code in _TOO_MANY:
        return 429
    return 400


def error_response(
    service: str, code: str, message: str, status: int | None = None
) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Status, headers and body a client of `service` reads as that error."""
    status = status or http_status(code)
    request_id = str(uuid.uuid4())
    headers = [
        (b"x-amzn-requestid", request_id.encode()),
        (b"x-amz-request-id", request_id.encode()),
    ]
    if service == "s3":
        body = (
            f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{escape(code)}</Code>'
            f"<Message>{escape(message)}</Message><RequestId>{request_id}</RequestId></Error>"
        )
        return status, [*headers, (b"content-type", b"application/xml")], body.encode()
    if service in _QUERY_SERVICES:
        kind = "Receiver" if status >= 500 else "Sender"
        body = (
            f"<ErrorResponse><Error><Type>{kind}</Type><Code>{escape(code)}</Code>"
            f"<Message>{escape(message)}</Message></Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
        return status, [*headers, (b"content-type", b"text/xml")], body.encode()
    headers.append((b"x-amzn-errortype", code.encode()))
    headers.append((b"content-type", b"application/x-amz-json-1.1"))
    return status, headers, json.dumps({"__type": code, "message": message}).encode()
