"""An S3 of one object on loopback that hangs up in the middle, as networks do."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
from botocore.config import Config

from terrace.adapters.s3_objects import S3ObjectStore


@dataclass
class DroppingS3:
    """Serves `data`; each answer to GET ends after `drops[n]` bytes, later ones are whole."""

    data: bytes
    etag: str = '"v1"'
    drops: list[int] = field(default_factory=list)
    errors: list[int] = field(default_factory=list)
    """HTTP statuses that come instead of the next answers to GET."""
    replace_after: int | None = None
    """The object is replaced once so many GETs were answered."""
    starts: list[int] = field(default_factory=list)
    """The first byte of every GET."""
    url: str = ""

    def objects(self) -> S3ObjectStore:
        """A store without the SDK's own retries, so that what is seen is the adapter's doing."""
        config = Config(
            retries={"total_max_attempts": 1},
            s3={"addressing_style": "path"},
            read_timeout=60,
        )
        return S3ObjectStore(boto3.client("s3", "us-east-1", endpoint_url=self.url, config=config))


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"

    def do_HEAD(self) -> None:
        world = self.server.world
        self._head(200, len(world.data), world.etag)

    def do_GET(self) -> None:
        world = self.server.world
        start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        if world.replace_after is not None and len(world.starts) >= world.replace_after:
            world.etag = '"v2"'
        world.starts.append(start)
        if world.errors:
            self._head(world.errors.pop(0), 0, world.etag)
            return
        if self.headers["If-Match"] != world.etag:
            self._head(412, 0, world.etag)
            return
        body = world.data[start:]
        self._head(206, len(body), world.etag)
        self.wfile.write(body[: world.drops.pop(0)] if world.drops else body)
        self.close_connection = True

    def _head(self, status: int, length: int, etag: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.send_header("ETag", etag)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    world: DroppingS3


@contextmanager
def serving(world: DroppingS3) -> Iterator[DroppingS3]:
    """Runs the server on a free port of this machine."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.world = world
    world.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield world
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
