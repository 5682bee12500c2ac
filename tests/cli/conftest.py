"""A small API on loopback that answers what a test tells it to."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.cli.fake_api import DROP, FakeApi, Seen


@pytest.fixture
def api() -> Iterator[FakeApi]:
    fake = FakeApi("")

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            fake.seen.append(Seen(self.command, self.path, dict(self.headers), body))
            answer = fake.next()
            if answer == DROP:
                self.close_connection = True
                return
            status, content = answer if isinstance(answer, tuple) else (200, answer)
            raw = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        do_GET = _any
        do_POST = _any

        def log_message(self, *_args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, api: FakeApi
) -> Callable[..., dict[str, Any]]:
    """Makes the current folder one with a local run, whose API is the fake one."""

    def make(**more: Any) -> dict[str, Any]:
        content = {
            "awsEndpoint": api.url,
            "apiUrl": api.url,
            "region": "us-east-1",
            "auth": "none",
            **more,
        }
        (tmp_path / ".terrace").mkdir(exist_ok=True)
        (tmp_path / ".terrace" / "local.json").write_text(json.dumps(content))
        monkeypatch.chdir(tmp_path)
        return content

    return make


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits in a unit test."""
    monkeypatch.setattr("terrace_cli.watching.LOCAL_POLL_SECONDS", 0.01)
    monkeypatch.setattr("terrace_cli.client.BACKOFF_SECONDS", 0.001)
