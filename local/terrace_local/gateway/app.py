"""The ASGI application both ports are served by: our routes first, then MiniStack's."""

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import quote

from terrace_local.gateway import credentials, errors
from terrace_local.gateway.control import PREFIX, ControlRoutes
from terrace_local.gateway.faults import RESET, TIMEOUT, Fault, FaultBook
from terrace_local.gateway.operations import identify

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

HANG_SECONDS = 120.0
"""How long a `Timeout` fault keeps a caller waiting: longer than boto3's 60 s default."""
_REQUEST_ID = b"x-amzn-requestid"
_PROTO = b"x-forwarded-proto"
_ADMIN_SIGNATURE = (
    "AWS4-HMAC-SHA256 Credential=test/20260101/{region}/execute-api/aws4_request, "
    "SignedHeaders=host, Signature=0"
)


class Gateway:
    """In front of MiniStack: credentials, faults, control routes, the API's own port."""

    def __init__(
        self,
        *,
        inner: Application,
        control: ControlRoutes,
        faults: FaultBook,
        api_port: int,
        region: str,
        api_auth: str,
    ) -> None:
        self._inner = inner
        self._control = control
        self._faults = faults
        self._api_port = api_port
        self._region = region
        self._api_auth = api_auth
        self._api: tuple[str, str] | None = None
        self.requests = 0
        """Requests so far that may have changed something."""

    def serve_api(self, api_id: str, stage: str) -> None:
        """From now on the API port forwards to this REST API's stage."""
        self._api = (api_id, stage)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection's request."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        if scope["method"] not in ("GET", "HEAD"):
            self.requests += 1
        if scope["server"][1] == self._api_port:
            await self._on_api_port(scope, receive, send)
            return
        if scope["path"].startswith(PREFIX):
            body = await _read(receive)
            status, answer = await self._control.answer(
                scope["method"], scope["path"], scope["query_string"].decode("latin-1"), body
            )
            await _reply(send, status, [(b"content-type", b"application/json")], _json(answer))
            return
        scope = self._as_a_service_would(scope)
        send = _with_request_id(send)
        if self._faults:
            await self._with_faults(scope, receive, send)
        else:
            await self._inner(scope, receive, send)

    def _as_a_service_would(self, scope: Scope) -> Scope:
        from ministack.services import sts

        headers, query = credentials.as_administrator(
            list(scope["headers"]), scope["query_string"], lambda key: key in sts._sessions
        )
        # Policies that demand TLS are meant for networks; what never leaves the machine is as safe.
        headers = [pair for pair in headers if pair[0].lower() != _PROTO]
        headers.append((_PROTO, b"https"))
        return {**scope, "headers": headers, "query_string": query}

    async def _on_api_port(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._api is None:
            body = _json({"message": "the stack is not deployed yet"})
            await _reply(send, 503, [(b"content-type", b"application/json")], body)
            return
        api_id, stage = self._api
        prefix = f"/restapis/{api_id}/{stage}/_user_request_"
        raw = scope.get("raw_path") or quote(scope["path"]).encode()
        headers = list(scope["headers"])
        signed = any(name.lower() == b"authorization" for name, _ in headers)
        if self._api_auth != "iam" and not signed:
            signature = _ADMIN_SIGNATURE.format(region=self._region)
            headers.append((b"authorization", signature.encode()))
        forwarded = {
            **scope,
            "path": prefix + scope["path"],
            "raw_path": prefix.encode() + raw,
            "headers": headers,
        }
        await self._inner(self._as_a_service_would(forwarded), receive, send)

    async def _with_faults(self, scope: Scope, receive: Receive, send: Send) -> None:
        from ministack.core.router import detect_service

        body = await _read(receive)
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope["headers"]
        }
        query = scope["query_string"].decode("latin-1")
        service = detect_service(
            scope["method"], scope["path"], headers, _params(query, headers, body)
        )
        call = identify(
            service,
            method=scope["method"],
            path=scope["path"],
            headers=headers,
            query=query,
            body=body,
        )
        fault = self._faults.draw(call, scope["path"]) if call.name else None
        if fault is not None and fault.when == "before":
            await self._fail(fault, call.service, send)
            return
        given = _replay(body, receive)
        if fault is None:
            await self._inner(scope, given, send)
            return
        await self._inner(scope, given, _swallow)
        await self._fail(fault, call.service, send)

    async def _fail(self, fault: Fault, service: str, send: Send) -> None:
        if fault.error == TIMEOUT:
            await asyncio.sleep(HANG_SECONDS)
        if fault.error in (TIMEOUT, RESET):
            await send({"type": "terrace.drop"})
            return
        status, headers, body = errors.error_response(service, fault.error, fault.message)
        await _reply(send, status, headers, body)


def _with_request_id(send: Send) -> Send:
    """Adds the request id where MiniStack leaves it out: on refusals.

    Without it moto's interpreter fails on a refused Lambda call instead of reporting it.
    """

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", []))
            if not any(name.lower() == _REQUEST_ID for name, _ in headers):
                headers.append((_REQUEST_ID, str(uuid.uuid4()).encode()))
                message = {**message, "headers": headers}
        await send(message)

    return sending


def _params(query: str, headers: dict[str, str], body: bytes) -> dict[str, list[str]]:
    from urllib.parse import parse_qs

    params = parse_qs(query, keep_blank_values=True)
    if "form-urlencoded" in headers.get("content-type", ""):
        params = {**parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True), **params}
    return params


async def _read(receive: Receive) -> bytes:
    chunks = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            break
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            break
    return b"".join(chunks)


def _replay(body: bytes, receive: Receive) -> Receive:
    sent = False

    async def again() -> Message:
        nonlocal sent
        if not sent:
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return again


async def _swallow(message: Message) -> None:
    """Takes the answer of a call whose caller is to believe that it failed."""


async def _reply(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})


def _json(value: Any) -> bytes:
    return json.dumps(value, default=str).encode()
