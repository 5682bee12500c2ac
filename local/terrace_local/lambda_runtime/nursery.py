"""The server's side of the zygote: ask for a process, learn when it ended."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

ZYGOTE = Path(__file__).with_name("zygote.py")
START_TIMEOUT = 30.0


class NurseryClosed(RuntimeError):
    """No process can be had: the server is stopping, the zygote died, or the machine is too busy.

    On AWS such a call is refused before the function sees it, and may be made again.
    """


class Process:
    """One execution environment's process: its id and, once it ended, its exit code."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.ended = threading.Event()
        self.exit_code: int | None = None

    def kill(self) -> None:
        """End it at once; harmless when it has ended."""
        if not self.ended.is_set():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)


class Nursery:
    """Makes Lambda processes by forking a warm one."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._lock = threading.Lock()
        self._zygote: subprocess.Popen[bytes] | None = None
        self._ready = threading.Event()
        self._closed = False
        self._next = 0
        self._waiting: dict[int, tuple[threading.Event, list[Process]]] = {}
        self._processes: dict[int, Process] = {}

    def start(self) -> None:
        """Begin loading the libraries; returns at once."""
        with self._lock:
            if self._zygote is not None or self._closed:
                return
            log = self._log.open("ab")
            environment = {
                "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
                "LANG": "C.UTF-8",
                "PYTHONHASHSEED": "random",
                "AWS_EC2_METADATA_DISABLED": "true",
            }
            self._zygote = subprocess.Popen(
                [sys.executable, "-u", str(ZYGOTE)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment,
                cwd="/",
            )
            log.close()
        threading.Thread(target=self._listen, name="nursery", daemon=True).start()

    def spawn(self, env: dict[str, str], cwd: str, handler: str, log: Path) -> Process:
        """A new process running the Lambda runtime client on `handler`.

        Raises:
            NurseryClosed: The server is stopping, the zygote is gone, or no process came in time.
        """
        self.start()
        if not self._ready.wait(START_TIMEOUT):
            raise NurseryClosed("the Lambda process factory did not start; see zygote.log")
        with self._lock:
            zygote = self._zygote
            if self._closed or zygote is None or zygote.stdin is None:
                raise NurseryClosed("the Lambda process factory is closed")
            self._next += 1
            order = self._next
            arrived: tuple[threading.Event, list[Process]] = (threading.Event(), [])
            self._waiting[order] = arrived
            line = {"id": order, "env": env, "cwd": cwd, "handler": handler, "log": str(log)}
            try:
                zygote.stdin.write(json.dumps(line).encode() + b"\n")
                zygote.stdin.flush()
            except OSError as exc:
                raise NurseryClosed("the Lambda process factory died") from exc
        event, came = arrived
        event.wait(START_TIMEOUT)
        with self._lock:
            # Nobody waits for it any more: if it comes yet, it is ended.
            self._waiting.pop(order, None)
            if not came:
                raise NurseryClosed("the Lambda process factory did not answer")
            return came[0]

    def close(self) -> None:
        """End every process made here, and the factory."""
        with self._lock:
            self._closed = True
            zygote, self._zygote = self._zygote, None
            processes = list(self._processes.values())
        for process in processes:
            process.kill()
        if zygote is None:
            return
        if zygote.stdin is not None:
            with contextlib.suppress(OSError):
                zygote.stdin.close()
        try:
            zygote.wait(5)
        except subprocess.TimeoutExpired:
            zygote.kill()
            zygote.wait(5)

    def _listen(self) -> None:
        zygote = self._zygote
        if zygote is None or zygote.stdout is None:
            return
        for line in zygote.stdout:
            self._on_message(json.loads(line))
        # The factory ended: whoever waits for a process must not wait for ever.
        with self._lock:
            self._closed = True
            for event, _ in self._waiting.values():
                event.set()
            for process in self._processes.values():
                process.ended.set()

    def _on_message(self, message: dict[str, Any]) -> None:
        if "ready" in message:
            self._ready.set()
            return
        with self._lock:
            if "id" in message:
                pid = int(message["pid"])
                process = self._processes[pid] = Process(pid)
                arrived = self._waiting.pop(int(message["id"]), None)
                if arrived is None:
                    process.kill()
                    return
                event, came = arrived
                came.append(process)
                event.set()
                return
            ended = self._processes.pop(int(message["exited"]), None)
        if ended is not None:
            ended.exit_code = int(message["status"])
            ended.ended.set()
