"""`up`, `down` and `status` of the local AWS, for the command line to wrap.

Each prints for people and returns an exit code. Nothing heavy is imported before it is needed:
`status` and `down` answer at once.
"""

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from terrace_local import ports
from terrace_local.config import DEFAULT_API_PORT, DEFAULT_PORT, LocalConfig

START_SECONDS = 60.0
STOP_SECONDS = 30.0
_PROCESS_MARK = "terrace_local.cli_commands"

Say = Callable[[str], None]


def up(
    *,
    port: int = DEFAULT_PORT,
    api_port: int = DEFAULT_API_PORT,
    workers: str = "auto",
    seed: int = 7,
    speed: float = 1.0,
    reconcile_seconds: int | None = None,
    auth: str = "none",
    truth: str | None = None,
    error_mix: str | None = None,
    parameters: dict[str, str] | None = None,
    state_dir: Path | str = ".terrace",
    detach: bool = False,
    fresh: bool = False,
    template: Path | str | None = None,
    region: str = "us-east-1",
    say: Say = print,
) -> int:
    """Start the local AWS and deploy the stack to it.

    Blocks until stopped, or with `detach` until it is ready.

    Args:
        port: Port of the AWS endpoint; 0 takes a free one.
        api_port: Port of the REST API; 0 takes a free one.
        workers: `auto`: simulated people answer; `manual`: jobs wait for the control endpoint.
        seed: Seed of the simulated workers and of random faults.
        speed: Pace of the simulated workers; 2 is twice as fast.
        reconcile_seconds: Run the reconciler this often instead of the template's schedule.
        auth: `none`, or `iam`: the API wants signed requests as in AWS.
        truth: Where the hidden truth of the data is (folder or S3 URI).
        error_mix: Name or file of the workers' error mix.
        parameters: Template parameters.
        state_dir: Folder of all files of the run.
        detach: Run in the background and return once it is ready.
        fresh: Forget the state of an earlier run.
        template: Another template than the repository's.
        region: The Region everything is in.
        say: Takes each message for people.

    Returns:
        0, or 1 when it could not start.
    """
    if workers not in ("auto", "manual"):
        say(f"terrace local: workers is auto or manual, not {workers!r}")
        return 1
    if auth not in ("none", "iam"):
        say(f"terrace local: auth is none or iam, not {auth!r}")
        return 1
    defaults = LocalConfig()
    config = LocalConfig(
        port=port or ports.any_free(),
        api_port=api_port or ports.any_free(),
        region=region,
        workers=workers,
        seed=seed,
        speed=speed,
        reconcile_seconds=reconcile_seconds,
        auth=auth,
        truth=truth,
        error_mix=error_mix,
        parameters=dict(parameters or {}),
        state_dir=Path(os.path.abspath(state_dir)),
        template=Path(template).resolve() if template else defaults.template,
        fresh=fresh,
    )
    refusal = _refusal(config)
    if refusal:
        say(f"terrace local: {refusal}")
        return 1
    return _detached(config, say) if detach else _foreground(config, say)


def down(state_dir: Path | str = ".terrace", say: Say = print) -> int:
    """Stop the local AWS that was started in this folder; 0 also when none runs."""
    contract = Path(os.path.abspath(state_dir)) / "local.json"
    found = read_contract(state_dir)
    if found is None:
        say("terrace local: none is running here.")
        return 0
    pid = int(found["pid"])
    if not _is_ours(pid, found):
        contract.unlink(missing_ok=True)
        say(f"terrace local: it was gone already (process {pid}); removed {contract}.")
        return 0
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while _alive(pid):
        if time.monotonic() > deadline:
            say(f"terrace local: process {pid} has not ended after {STOP_SECONDS:.0f} s.")
            return 1
        time.sleep(0.05)
    contract.unlink(missing_ok=True)
    say("terrace local: stopped.")
    return 0


def status(state_dir: Path | str = ".terrace", say: Say = print) -> int:
    """Say what runs; 0 when one runs here, 1 when none does."""
    found = read_contract(state_dir)
    if found is None or not _is_ours(int(found["pid"]), found):
        say("terrace local: not running here. Start it with `terrace local up`.")
        return 1
    answer = _get(f"{found['awsEndpoint']}/_terrace/status") or {}
    say(
        f"terrace local: running (process {found['pid']})\n"
        f"  API           {found['apiUrl']}\n"
        f"  AWS endpoint  {found['awsEndpoint']}\n"
        f"  executions    {len(answer.get('executions', []))} running\n"
        f"  functions     {len(answer.get('lambdaProcesses', []))} warm processes"
    )
    return 0


def read_contract(state_dir: Path | str = ".terrace") -> dict[str, Any] | None:
    """The contract of the local AWS of this folder, or None when there is none."""
    path = Path(os.path.abspath(state_dir)) / "local.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return content if isinstance(content, dict) and "pid" in content else None


def _refusal(config: LocalConfig) -> str:
    found = read_contract(config.state_dir)
    if found is not None and _is_ours(int(found["pid"]), found):
        return (
            f"one is running here already (process {found['pid']}, {found['awsEndpoint']}). "
            "Stop it with `terrace local down`."
        )
    for option, port in (("--port", config.port), ("--api-port", config.api_port)):
        if not ports.is_free(port):
            return f"port {port} is in use. Stop what uses it, or choose another with {option}."
    return ""


def _foreground(config: LocalConfig, say: Say) -> int:
    from terrace_local.session import RunSession
    from terrace_local.state import CannotResume

    try:
        session = RunSession(config, say)
    except CannotResume as exc:
        say(
            f"terrace local: the former state could not be resumed: {exc}\n"
            "  Nothing was changed. Start anew with --fresh."
        )
        return 1
    return session.run()


def _detached(config: LocalConfig, say: Say) -> int:
    config.logs.mkdir(parents=True, exist_ok=True)
    log = config.logs / "up.log"
    settings = {
        key: str(value) if isinstance(value, Path) else value
        for key, value in dataclasses.asdict(config).items()
    }
    with log.open("wb") as output:
        child = subprocess.Popen(
            [sys.executable, "-m", _PROCESS_MARK, json.dumps(settings)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        found = read_contract(config.state_dir)
        if found is not None and found["pid"] == child.pid:
            say(log.read_text(encoding="utf-8").rstrip())
            return 0
        if child.poll() is not None:
            say(log.read_text(encoding="utf-8").rstrip() or "terrace local: it ended at once.")
            return 1
        time.sleep(0.05)
    child.terminate()
    say(f"terrace local: not ready after {START_SECONDS:.0f} s; see {config.logs}")
    return 1


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    with contextlib.suppress(OSError):
        # A zombie is as good as gone; whoever started it has not looked yet.
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
        return stat.rpartition(")")[2].split()[0] != "Z"
    return True


def _is_ours(pid: int, contract: dict[str, Any]) -> bool:
    """Whether the process of a contract is a local AWS and not a stranger with its old number."""
    if not _alive(pid):
        return False
    answer = _get(f"{contract['awsEndpoint']}/_terrace/status")
    return answer is not None and answer.get("pid") == pid


def _get(url: str) -> dict[str, Any] | None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5) as response:
            content = json.load(response)
    except (urllib.error.URLError, OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _main(argument: str) -> int:
    settings = json.loads(argument)
    for key in ("state_dir", "template"):
        settings[key] = Path(settings[key])
    return _foreground(LocalConfig(**settings), lambda text: print(text, flush=True))


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1]))
