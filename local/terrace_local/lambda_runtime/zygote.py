"""A process that has imported the heavy libraries once and forks one child per environment.

Starting Python, boto3, pydantic and Powertools anew costs more than a second of processor time for
each of the stack's functions; a fork costs milliseconds. The child then runs the real
`awslambdaric`, exactly as the `bootstrap` of a container image would. Nothing of the deployed code
is imported before the fork.

Protocol: one JSON object per line. In: `{"id", "env", "cwd", "handler", "log"}`. Out:
`{"id", "pid"}` and, later, `{"exited": pid, "status": n}`. When its input ends, because the server
went away for whatever reason, it ends its children and itself: no orphan survives even a SIGKILL
of the server.

Run as a file, never imported by the server.
"""

import contextlib
import ctypes
import importlib
import json
import logging
import os
import select
import signal
import sys
from typing import Any

# Not `awslambdaric` itself: its C++ part reads AWS_LAMBDA_RUNTIME_API while it is loaded.
PRELOAD = (
    "simplejson",
    "snapshot_restore_py",
    "decimal",
    "numbers",
    "boto3",
    "boto3.dynamodb.types",
    "botocore.client",
    "botocore.auth",
    "botocore.config",
    "botocore.endpoint",
    "botocore.httpsession",
    "botocore.parsers",
    "botocore.serialize",
    "botocore.waiter",
    "pydantic",
    "pydantic_core",
    "aws_lambda_powertools",
    "aws_lambda_powertools.logging",
    "aws_lambda_powertools.metrics",
    "aws_lambda_powertools.event_handler",
    "aws_lambda_powertools.utilities.batch",
    "concurrent.futures",
    "email.parser",
    "http.client",
    "uuid",
    "yaml",
)
PR_SET_PDEATHSIG = 1


def _preload() -> None:
    for name in PRELOAD:
        # A library a deployment does not need is no reason to fail: the child would import it.
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def _only_installed(paths: list[str]) -> list[str]:
    """The import path without editable source folders: the deployed artefact must be complete."""
    roots = tuple({sys.prefix, sys.base_prefix, sys.exec_prefix})
    return [path for path in paths if path.startswith(roots)]


def _become_environment(order: dict[str, Any]) -> None:
    """In the child: turn into a Lambda execution environment. Never returns."""
    status = 1
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.closerange(3, 256)
        os.environ.clear()
        os.environ.update(order["env"])
        os.chdir(order["cwd"])
        sys.stdin = os.fdopen(0)
        sys.stdout = os.fdopen(1, "w", buffering=1)
        sys.stderr = os.fdopen(2, "w", buffering=1)
        sys.path[:] = [order["cwd"], *_only_installed(sys.path)]
        sys.argv = ["awslambdaric", order["handler"]]
        from awslambdaric.__main__ import main

        main(sys.argv)
        status = 0
    except SystemExit as exc:
        status = exc.code if isinstance(exc.code, int) else 1
    except Exception:
        logging.exception("the Lambda runtime client ended")
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(status)


def _reply(message: dict[str, Any]) -> None:
    os.write(1, json.dumps(message).encode() + b"\n")


def _reap(children: set[int]) -> None:
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        children.discard(pid)
        _reply({"exited": pid, "status": os.waitstatus_to_exitcode(status)})


def _end(children: set[int]) -> None:
    for pid in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def main() -> None:
    """Serve fork orders until the input ends."""
    # Ctrl-C in the terminal reaches the whole group; the server decides when this ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _preload()
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_read, False)
    os.set_blocking(wake_write, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    children: set[int] = set()
    pending = b""
    _reply({"ready": True})
    while True:
        readable, _, _ = select.select([0, wake_read], [], [])
        if wake_read in readable:
            with contextlib.suppress(BlockingIOError):
                os.read(wake_read, 4096)
            _reap(children)
        if 0 not in readable:
            continue
        chunk = os.read(0, 65536)
        if not chunk:
            _end(children)
            return
        pending += chunk
        *lines, pending = pending.split(b"\n")
        for line in lines:
            order = json.loads(line)
            pid = os.fork()
            if pid == 0:
                _become_environment(order)
            children.add(pid)
            _reply({"id": order["id"], "pid": pid})


if __name__ == "__main__":
    main()
