"""Keeps the account across restarts, and says clearly when it cannot.

Every few seconds, and when stopping, the state of all services is copied on the event loop: no
request is half done at that moment, so the copy is what a crash at that instant would leave, and
crashes are what Terrace is built to survive. A snapshot counts only when its manifest is in place
and `current` names it; both appear by a rename. Objects of S3 are on disk as soon as they are put.

Running executions cannot go on in another process. They come back as FAILED, and their
status-change events are sent, so that the stack replaces them.
"""

import contextlib
import json
import logging
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from terrace_local.config import LocalConfig
from terrace_local.sagemaker import LabelingService

logger = logging.getLogger(__name__)

FORMAT = 1
_CURRENT = "current"
_MANIFEST = "manifest.json"
_GROUND_TRUTH = "_ground_truth.json"
# Rebuilt or worthless after a restart, and large.
_LEFT_OUT = frozenset({"cloudtrail", "sts"})


class CannotResume(RuntimeError):
    """The former state exists but cannot be taken back; the message says why."""


@dataclass(frozen=True)
class Resumed:
    """What came back."""

    saved_at: float
    digest: str
    interrupted: list[str]
    """ARNs of the executions that were running."""
    graceful: bool
    """Whether it was saved while stopping; otherwise the last seconds are lost."""


def folders(config: LocalConfig) -> dict[str, str]:
    """Where MiniStack keeps code and objects, as its environment variables."""
    return {
        "STATE_DIR": str(config.snapshots / "blobs"),
        "S3_DATA_DIR": str(config.snapshots / "objects"),
    }


def prepare(config: LocalConfig) -> str:
    """Decide before MiniStack is imported whether there is a state to resume.

    Returns:
        A sentence for the terminal when a former state is given up; "" otherwise.
    """
    if not config.snapshots.exists():
        return ""
    if config.fresh:
        shutil.rmtree(config.snapshots)
        return ""
    problem = _problem(config)
    if problem:
        # Objects without their tables would be half a state: out of the way, but not destroyed.
        aside = config.snapshots.with_name("state-given-up")
        shutil.rmtree(aside, ignore_errors=True)
        os.replace(config.snapshots, aside)
        return (
            f"the former state could not be resumed ({problem}); starting anew. "
            f"What was there is in {aside}."
        )
    return ""


def _problem(config: LocalConfig) -> str:
    try:
        manifest = json.loads((_current(config) / _MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "it has no complete snapshot"
    wanted = _identity(config)
    for key, value in wanted.items():
        if manifest.get(key) != value:
            return f"its {key} is {manifest.get(key)!r}, now it is {value!r}"
    return ""


def _identity(config: LocalConfig) -> dict[str, Any]:
    from importlib.metadata import version

    return {
        "format": FORMAT,
        "ministack": version("ministack"),
        "region": config.region,
        "account": config.account,
    }


def _current(config: LocalConfig) -> Path:
    name = (config.snapshots / _CURRENT).read_text(encoding="utf-8").strip()
    return config.snapshots / name


class StateKeeper:
    """Saves and restores."""

    def __init__(self, config: LocalConfig, ground_truth: LabelingService) -> None:
        self._config = config
        self._ground_truth = ground_truth
        self._number = 0
        self.digest = ""
        """Names what is deployed, so that the next start knows whether to deploy again."""

    def resume(self) -> Resumed | None:
        """Take the former state back, before the first request.

        Raises:
            CannotResume: It is there and complete, but a service does not take it.
        """
        if not (self._config.snapshots / _CURRENT).exists():
            return None
        from ministack import app
        from ministack.core import persistence
        from ministack.core.responses import request_scope

        folder = _current(self._config)
        self._number = int(folder.name.rsplit("-", 1)[-1])
        try:
            manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
            # Queue addresses hold the port, which may be another one this time.
            then, now = f"127.0.0.1:{manifest['port']}", f"127.0.0.1:{self._config.port}"
            states = {
                name: json.loads(
                    (folder / f"{name}.json").read_text(encoding="utf-8").replace(then, now),
                    object_hook=persistence._json_object_hook,
                )
                for name in manifest["services"]
            }
            jobs = json.loads((folder / _GROUND_TRUTH).read_text(encoding="utf-8"))
        except (OSError, ValueError, KeyError) as exc:
            raise CannotResume(f"the snapshot cannot be read: {exc}") from exc
        interrupted = _running(states.get("stepfunctions", {}))
        try:
            with request_scope(self._config.account, self._config.region):
                for name, state in states.items():
                    app._get_module(app._state_map.get(name, name)).load_persisted_state(state)
            self._ground_truth.load_state(jobs)
        except (ValueError, TypeError, LookupError, AttributeError) as exc:
            raise CannotResume(f"a service does not take its state: {exc}") from exc
        self.digest = manifest["digest"]
        return Resumed(
            saved_at=manifest["savedAt"],
            digest=manifest["digest"],
            interrupted=interrupted,
            graceful=manifest["graceful"],
        )

    def copy(self) -> dict[str, Any]:
        """A copy of all state. Call it on the event loop, so that no request is half done."""
        from ministack import app

        services = {}
        for name, get_state in app._build_persistence_save_dict().items():
            if name in _LEFT_OUT:
                continue
            state = get_state()
            if state is not None:
                services[name] = _trimmed(name, state)
        return {"services": services, "ground_truth": self._ground_truth.save_state()}

    def write(self, state: dict[str, Any], graceful: bool) -> None:
        """Put a copy on disk as the current snapshot. May run on any one thread at a time."""
        from ministack.core import persistence

        self._number += 1
        root = self._config.snapshots
        folder = root / f"snapshot-{self._number}"
        folder.mkdir(parents=True)
        for name, content in state["services"].items():
            with (folder / f"{name}.json").open("w", encoding="utf-8") as stream:
                json.dump(content, stream, default=persistence._json_default)
        with (folder / _GROUND_TRUTH).open("w", encoding="utf-8") as stream:
            json.dump(state["ground_truth"], stream)
        manifest = {
            **_identity(self._config),
            "port": self._config.port,
            "savedAt": time.time(),
            "digest": self.digest,
            "graceful": graceful,
            "services": sorted(state["services"]),
        }
        _replace(folder / _MANIFEST, json.dumps(manifest))
        _replace(root / _CURRENT, folder.name)
        for old in root.glob("snapshot-*"):
            if old != folder:
                shutil.rmtree(old, ignore_errors=True)


def announce_interrupted(arns: list[str], account: str, region: str) -> None:
    """Send the status-change events of executions that a restart ended."""
    from ministack.core.responses import request_scope
    from ministack.services import stepfunctions

    with request_scope(account, region):
        for arn in arns:
            record = stepfunctions._executions.get(arn)
            if record is not None:
                stepfunctions._emit_execution_status_event(record)


def _running(state: dict[str, Any]) -> list[str]:
    executions = state.get("executions")
    if executions is None:
        return []
    return [
        record["executionArn"]
        for record in executions.all_values()
        if record.get("status") == "RUNNING"
    ]


def _trimmed(name: str, state: Any) -> Any:
    """The state without what only grows: log lines and metric points."""
    if name == "cloudwatch_logs":
        for group in state["log_groups"].all_values():
            group["streams"] = {}
    if name == "cloudwatch":
        state = {**state, "metrics": type(state["metrics"])()}
    return state


def _replace(path: Path, text: str) -> None:
    scratch = path.with_name(f".{path.name}.new")
    with scratch.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        with contextlib.suppress(OSError):
            os.fsync(stream.fileno())
    os.replace(scratch, path)
