"""A process that does not come in time: the call may be made again, and nothing is left behind."""

import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from terrace_local.lambda_runtime import nursery as nurseries
from terrace_local.lambda_runtime.environment import FunctionSpec
from terrace_local.lambda_runtime.executor import LambdaExecutor
from terrace_local.lambda_runtime.nursery import Nursery, NurseryClosed, Process

SLOW = """
import json, os, signal, sys
sys.stdout.write('{"ready": true}\\n')
sys.stdout.flush()
first = json.loads(sys.stdin.readline())
second = json.loads(sys.stdin.readline())
for order in (first, second):
    child = os.fork()
    if child == 0:
        signal.pause()
    sys.stdout.write(json.dumps({"id": order["id"], "pid": child}) + "\\n")
    sys.stdout.flush()
dead, status = os.waitpid(-1, 0)
sys.stdout.write(json.dumps({"exited": dead, "status": os.waitstatus_to_exitcode(status)}) + "\\n")
sys.stdout.flush()
sys.stdin.read()
os.kill(child, signal.SIGKILL)
"""
"""A factory that makes no process before it is asked for a second one."""


def test_a_process_that_comes_too_late_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "slow.py"
    script.write_text(SLOW)
    monkeypatch.setattr(nurseries, "ZYGOTE", script)
    nursery = Nursery(tmp_path / "zygote.log")
    try:
        nursery.start()
        assert nursery._ready.wait(60)
        # Given a first call that gave up
        monkeypatch.setattr(nurseries, "START_TIMEOUT", 0.01)
        with pytest.raises(NurseryClosed, match="did not answer"):
            nursery.spawn({}, "/", "h", tmp_path / "log")
        # When both processes come, at the second call
        monkeypatch.setattr(nurseries, "START_TIMEOUT", 60.0)
        mine = nursery.spawn({}, "/", "h", tmp_path / "log")
        # Then the one that nobody waits for ends, and the other one is served
        deadline = time.monotonic() + 60
        while len(nursery._processes) > 1 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert list(nursery._processes) == [mine.pid]
        assert not mine.ended.is_set()
        os.kill(mine.pid, 0)
    finally:
        nursery.close()


class _None(Nursery):
    """A nursery that has no process for anybody."""

    def spawn(self, env: dict[str, str], cwd: str, handler: str, log: Path) -> Process:
        raise NurseryClosed("none came")


def test_a_function_without_a_process_is_a_throttle_that_every_caller_repeats(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executor = LambdaExecutor("http://nobody", "us-east-1", tmp_path, tmp_path / "scratch")
    executor.pool._nursery = _None(tmp_path / "zygote.log")
    spec = FunctionSpec("f", "arn", "h", 3.0, 128, "1", str(tmp_path), ())
    monkeypatch.setattr(executor, "_spec", lambda *_: spec)
    function: dict[str, Any] = {"code_zip": b"code"}
    before = threading.active_count()
    answer = executor.execute(function, {}, {}, "id", 0.0)
    assert answer["throttle"]
    assert answer["body"]["__type"] == "TooManyRequestsException"
    assert answer["body"]["message"] == "none came"
    assert executor.pool._busy[spec] == 0
    # And its Runtime API is closed again
    deadline = time.monotonic() + 60
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert threading.active_count() <= before
    executor.close()
