"""Which environment takes an invocation: a warm one, a new one, or the next to become free."""

import contextlib
import threading
import time
from collections import defaultdict
from pathlib import Path

from terrace_local.lambda_runtime.environment import Environment, FunctionSpec, Outcome
from terrace_local.lambda_runtime.nursery import Nursery

MAX_ENVIRONMENTS = 40
"""Processes in all. Past it a call waits for one to become free, as a small account would."""
MAX_PER_FUNCTION = 16
WARM_PER_FUNCTION = 4
IDLE_SECONDS = 60.0
WAIT_SECONDS = 120.0


class PoolExhausted(RuntimeError):
    """No environment became free in time: the caller sees a throttle."""


class Pool:
    """All environments of all functions."""

    def __init__(self, nursery: Nursery, log_dir: Path) -> None:
        self._nursery = nursery
        self._log_dir = log_dir
        self._changed = threading.Condition()
        self._idle: dict[FunctionSpec, list[Environment]] = defaultdict(list)
        self._busy: dict[FunctionSpec, int] = defaultdict(int)
        self._all: set[Environment] = set()
        self._closed = False
        self._reaper = threading.Thread(target=self._reap, name="lambda-reaper", daemon=True)
        self._reaper.start()

    def invoke(
        self, spec: FunctionSpec, event: bytes, request_id: str, trace_id: str | None
    ) -> Outcome:
        """Run a function on an event.

        Raises:
            PoolExhausted: Every environment stayed busy for two minutes.
        """
        environment = self._lease(spec)
        try:
            outcome = environment.invoke(event, request_id, trace_id)
        except BaseException:
            self._give_back(environment, reusable=False)
            raise
        self._give_back(environment, outcome.reusable)
        return outcome

    def pids(self) -> list[int]:
        """Every live process."""
        with self._changed:
            return [environment.pid for environment in self._all if environment.alive]

    def close(self) -> None:
        """End all environments; later calls fail."""
        with self._changed:
            self._closed = True
            everything = list(self._all)
            self._idle.clear()
            self._changed.notify_all()
        for environment in everything:
            environment.close()

    def _lease(self, spec: FunctionSpec) -> Environment:
        deadline = time.monotonic() + WAIT_SECONDS
        with self._changed:
            while True:
                if self._closed:
                    raise PoolExhausted("the local AWS is stopping")
                while self._idle[spec]:
                    environment = self._idle[spec].pop()
                    if environment.alive:
                        self._busy[spec] += 1
                        return environment
                    self._drop(environment)
                if self._busy[spec] < MAX_PER_FUNCTION and self._room():
                    self._busy[spec] += 1
                    break
                if not self._changed.wait(deadline - time.monotonic()) and (
                    time.monotonic() >= deadline
                ):
                    raise PoolExhausted(f"no environment for {spec.name} became free")
        try:
            environment = Environment(spec, self._nursery, self._log_dir)
        except BaseException:
            with self._changed:
                self._busy[spec] -= 1
                self._changed.notify_all()
            raise
        with self._changed:
            self._all.add(environment)
        return environment

    def _room(self) -> bool:
        """Whether one more process may be made; ends the longest idle one if that helps."""
        if sum(self._busy.values()) + sum(map(len, self._idle.values())) < MAX_ENVIRONMENTS:
            return True
        idle = [environment for free in self._idle.values() for environment in free]
        if not idle:
            return False
        oldest = min(idle, key=lambda environment: environment.last_used)
        self._idle[oldest.spec].remove(oldest)
        self._drop(oldest)
        return True

    def _give_back(self, environment: Environment, reusable: bool) -> None:
        with self._changed:
            self._busy[environment.spec] -= 1
            keep = (
                reusable
                and environment.alive
                and not self._closed
                and len(self._idle[environment.spec]) < WARM_PER_FUNCTION
            )
            if keep:
                self._idle[environment.spec].append(environment)
            else:
                self._drop(environment)
            self._changed.notify()

    def _drop(self, environment: Environment) -> None:
        self._all.discard(environment)
        environment.close()

    def _reap(self) -> None:
        """End what has been idle for long, but keep one warm environment per function."""
        while not self._closed:
            time.sleep(5)
            horizon = time.monotonic() - IDLE_SECONDS
            with self._changed, contextlib.suppress(KeyError):
                for free in self._idle.values():
                    for environment in free[1:]:
                        if environment.last_used < horizon:
                            free.remove(environment)
                            self._drop(environment)
