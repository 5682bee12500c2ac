"""The Lambda Runtime API of one execution environment, on a loopback port of its own.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html. One environment serves one
invocation at a time, so the whole state is "the invocation in hand".
"""

import json
import queue
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_RESULT = re.compile(r"^/2018-06-01/runtime/invocation/([^/]+)/(response|error)$")
_NEXT = "/2018-06-01/runtime/invocation/next"
_INIT_ERROR = "/2018-06-01/runtime/init/error"


@dataclass
class Invocation:
    """One event on its way through an environment."""

    request_id: str
    event: bytes
    deadline_ms: int
    arn: str
    trace_id: str | None = None
    done: threading.Event = field(default_factory=threading.Event)
    response: bytes | None = None
    error: dict[str, Any] | None = None


class RuntimeApi:
    """Serves one environment: hands it invocations and takes its answers."""

    def __init__(self) -> None:
        self._queue: queue.Queue[Invocation | None] = queue.Queue()
        self._current: Invocation | None = None
        self.polled = threading.Event()
        """Set by the first poll: initialisation succeeded."""
        self.init_error: dict[str, Any] | None = None
        self.settled = threading.Event()
        """Set by the first poll or by an initialisation error."""
        self._server = _Server(("127.0.0.1", 0), _Handler, self)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 5.0}, daemon=True
        ).start()

    def hand_over(self, invocation: Invocation) -> None:
        """Give the environment its next event."""
        self._current = invocation
        self._queue.put(invocation)

    def close(self) -> None:
        """Stop serving; a poll that is waiting is let go."""
        self._queue.put(None)
        threading.Thread(target=self._shut, daemon=True).start()

    def _shut(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    # What the handler threads call.

    def next_event(self) -> Invocation | None:
        """The next event; blocks until there is one. None when the environment is to end."""
        self.polled.set()
        self.settled.set()
        return self._queue.get()

    def initialisation_failed(self, error: dict[str, Any]) -> None:
        """Note why the handler's module could not be loaded."""
        self.init_error = error
        self.settled.set()

    def answer(self, request_id: str, kind: str, body: bytes) -> bool:
        """Take a result; False when it is not for the invocation in hand."""
        current = self._current
        if current is None or current.request_id != request_id:
            return False
        if kind == "response":
            current.response = body
        else:
            current.error = _as_error(body)
        self._current = None
        current.done.set()
        return True


def _as_error(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body)
    except ValueError:
        parsed = None
    if isinstance(parsed, dict):
        return parsed
    return {"errorType": "Runtime.Unknown", "errorMessage": body.decode("utf-8", "replace")}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(
        self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler], api: RuntimeApi
    ) -> None:
        self.api = api
        super().__init__(address, handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A process that was ended in mid-sentence is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # One packet per answer: header and body in two writes would meet the delayed acknowledgement
    # of the other side, 40 ms each time.
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        if self.path != _NEXT:
            self._send(404, b"{}")
            return
        invocation = self.server.api.next_event()
        if invocation is None:
            self.close_connection = True
            return
        headers = {
            "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
            "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": invocation.arn,
        }
        if invocation.trace_id:
            headers["Lambda-Runtime-Trace-Id"] = invocation.trace_id
        self._send(200, invocation.event, headers)

    def do_POST(self) -> None:
        body = self._body()
        if self.path == _INIT_ERROR:
            self.server.api.initialisation_failed(_as_error(body))
            self._send(202, b'{"status":"OK"}')
            return
        found = _RESULT.match(self.path)
        if found and self.server.api.answer(found.group(1), found.group(2), body):
            self._send(202, b'{"status":"OK"}')
        else:
            self._send(400, b'{"errorType":"InvalidRequestID","errorMessage":"not in hand"}')

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            chunks = []
            while size := int(self._line().split(b";")[0].strip(), 16):
                chunks.append(self._exactly(size))
                self._line()
            while self._line().strip():
                pass  # trailers
            return b"".join(chunks)
        return self._exactly(int(self.headers.get("Content-Length") or 0))

    def _line(self) -> bytes:
        line = self.rfile.readline()
        if not line.endswith(b"\n"):
            raise ConnectionAbortedError("the process ended in mid-sentence")
        return line

    def _exactly(self, size: int) -> bytes:
        """A half answer of a killed process is none; it must not be taken for an empty one."""
        body = self.rfile.read(size)
        if len(body) < size:
            raise ConnectionAbortedError("the process ended in mid-sentence")
        return body

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
