"""The embedded AWS of a demo: the one that runs here, or an own one that is stopped again."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from terrace_cli.errors import NoTarget, TerraceError
from terrace_cli.target import Choice as TargetChoice
from terrace_cli.target import find_contract, find_target, read_contract

START_SECONDS = 90.0
STOP_SECONDS = 25.0
RECONCILE_SECONDS = 1
"""The reconciler writes the progress of running jobs; the stack's 15 minutes are no show."""


@dataclass(frozen=True)
class Wanted:
    """What an own embedded AWS is started with."""

    state_dir: Path
    seed: int
    speed: float
    fresh: bool
    stays: bool = False
    """Whether it is to run on after this process."""
    error_mix: str | None = None


class OwnAws:
    """A child process with the embedded AWS in it. Nobody but `stop` and `leave` ends its care."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self.state_dir = wanted.state_dir.absolute()
        self.log = self.state_dir / "logs" / "up.log"
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def contract_file(self) -> Path:
        """Its local.json, once it is ready."""
        return self.state_dir / "local.json"

    def start(self) -> None:
        """Starts it and returns at once."""
        from terrace_local import ports
        from terrace_local.config import DEFAULT_API_PORT, DEFAULT_PORT

        self.log.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "terrace_cli", "local", "up"]
        # Only one that stays is looked for at the usual ports; others may start at the same moment.
        usual = self._wanted.stays
        for option, value in (
            ("--state-dir", self.state_dir),
            ("--port", DEFAULT_PORT if usual and ports.is_free(DEFAULT_PORT) else 0),
            (
                "--api-port",
                DEFAULT_API_PORT if usual and ports.is_free(DEFAULT_API_PORT) else 0,
            ),
            ("--seed", self._wanted.seed),
            ("--speed", self._wanted.speed),
            ("--reconcile-seconds", RECONCILE_SECONDS),
            ("--error-mix", self._wanted.error_mix),
        ):
            if value is not None:
                command += [option, str(value)]
        if self._wanted.fresh:
            command.append("--fresh")
        if not self._wanted.stays:
            command.append("--with-parent")
        with self.log.open("wb") as output:
            # A session of its own: Ctrl-C reaches only the demo, which then stops it in order.
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_ready(self) -> dict[str, Any]:
        """The content of its local.json, once everything is ready.

        Raises:
            TerraceError: it ended, or was not ready in time; with what it said.
        """
        child = self._child
        if child is None:
            raise AssertionError("start it first")
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if child.poll() is not None:
                raise TerraceError(f"the embedded AWS did not start:\n{self._said()}", self._logs())
            with contextlib.suppress(NoTarget):
                content = read_contract(self.contract_file)
                if content.get("pid") == child.pid:
                    return content
            time.sleep(0.05)
        raise TerraceError(
            f"the embedded AWS was not ready after {START_SECONDS:.0f} s:\n{self._said()}",
            self._logs(),
        )

    def stop(self) -> None:
        """Ends it and everything it started; safe to call again, and before `start`."""
        child, self._child = self._child, None
        if child is None:
            return
        if child.poll() is None:
            child.terminate()
            try:
                child.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                # Its Lambda processes may be left when it is killed: end the whole group.
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        self.contract_file.unlink(missing_ok=True)

    def leave(self) -> None:
        """Lets it run on after this process."""
        self._child = None

    def forget_files(self) -> None:
        """Removes its folder: state and logs of a run that nobody asked to keep."""
        shutil.rmtree(self.state_dir, ignore_errors=True)

    def _said(self) -> str:
        with contextlib.suppress(OSError):
            return self.log.read_text(encoding="utf-8", errors="replace").rstrip()[-3000:]
        return "(it said nothing)"

    def _logs(self) -> str:
        return f"its logs are in {self.log.parent}"


def running_here(folder: Path) -> dict[str, Any] | None:
    """The contract of a local AWS that runs for this folder, or None."""
    path = find_contract(folder)
    if path is None:
        return None
    try:
        return find_target(TargetChoice(local=path)).local
    except NoTarget:
        return None
