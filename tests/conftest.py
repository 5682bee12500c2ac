"""For every test: no network beyond this machine, no AWS account within reach."""

import os
import socket
from typing import Any

import pytest
from hypothesis import settings

# A busy machine is no bug. Where CI is set, Hypothesis' own profile says the same, and fixes seeds.
settings.register_profile("busy", deadline=None)
if "CI" not in os.environ:
    settings.load_profile("busy")

POISON = {
    "AWS_ACCESS_KEY_ID": "AKIATHISISATESTKEY00",
    "AWS_SECRET_ACCESS_KEY": "a-test-must-never-reach-aws",
    "AWS_SESSION_TOKEN": "a-test-must-never-reach-aws",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    # A proxy of the machine would carry calls to 127.0.0.1 away.
    "NO_PROXY": "127.0.0.1,localhost",
    "no_proxy": "127.0.0.1,localhost",
}
"""Set before anything imports boto3; processes that a test starts inherit it."""

UNSET = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ENDPOINT_URL", "AWS_ROLE_ARN", "AWS_CA_BUNDLE")


class NetworkForbidden(RuntimeError):
    """A test tried to leave the machine. RuntimeError, so that no retry of a client hides it."""


def _is_here(address: Any) -> bool:
    """Unix sockets, and addresses of this machine."""
    if not isinstance(address, tuple):
        return True
    host = str(address[0])
    return host in {"", "localhost", "::1", "0.0.0.0"} or host.startswith("127.")


def _close_the_network() -> None:
    really_connect, really_try = socket.socket.connect, socket.socket.connect_ex
    really_look_up = socket.getaddrinfo

    def connect(self: socket.socket, address: Any) -> None:
        if not _is_here(address):
            raise NetworkForbidden(f"a test tried to connect to {address}")
        really_connect(self, address)

    def connect_ex(self: socket.socket, address: Any) -> int:
        if not _is_here(address):
            raise NetworkForbidden(f"a test tried to connect to {address}")
        return really_try(self, address)

    def look_up(host: Any, *rest: Any, **more: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name is not None and not _is_here((name,)) and not name.endswith(".localhost"):
            raise NetworkForbidden(f"a test tried to look up {name}")
        return really_look_up(host, *rest, **more)

    socket.socket.connect = connect  # type: ignore[method-assign, assignment]
    socket.socket.connect_ex = connect_ex  # type: ignore[method-assign, assignment]
    socket.getaddrinfo = look_up


def pytest_configure(config: pytest.Config) -> None:
    """Runs in every worker of xdist, before any test module is imported."""
    os.environ.update(POISON)
    for name in UNSET:
        os.environ.pop(name, None)
    _close_the_network()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What real processes do in real time is tried again, as a busy machine is no bug.

    What had to be tried again is listed at the end (`RERUN`). All else must pass at once.
    """
    for item in items:
        if item.get_closest_marker("local_aws"):
            item.add_marker(pytest.mark.flaky(reruns=2))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Says how many tests wanted data that lies beside the project; the reasons follow by `-ra`."""
    outside = [
        report
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple) and "../shared/" in report.longrepr[2]
    ]
    if outside:
        count = f"{len(outside)} test{'s' if len(outside) > 1 else ''}"
        terminalreporter.section("data beside the project")
        terminalreporter.line(f"{count} skipped: ../shared is not on this machine; reasons below")
