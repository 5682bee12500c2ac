"""One virtual clock, one seed, and actors that are interleaved at every AWS call.

Each Lambda invocation runs in a thread of its own, so that the shipped code runs unchanged, but
only the thread that holds the baton runs: which one goes on is drawn from the seed. A run is
therefore the same every time, whatever the machine does.
"""

import heapq
import random
import threading
from collections.abc import Callable
from typing import Any


class KilledError(BaseException):
    """The function's process is gone: nothing in it runs on. Not an Exception, so that none of
    the function's own handlers can swallow it."""


class Task:
    """An actor: a function that runs until its next AWS call, then waits for its turn."""

    def __init__(self, scheduler: "Scheduler", work: Callable[[], Any], name: str) -> None:
        self.scheduler = scheduler
        self.work = work
        self.name = name
        self.about: Any = None
        """What the owner of the task wants to know it by."""
        self.on_end: Callable[[Any, BaseException | None], None] = lambda result, error: None
        self.done = False
        self.killed = False
        self.asleep = False

    def kill(self) -> None:
        """The process dies: whatever it tries next does not happen."""
        if not self.done:
            self.killed = True
            self.asleep = False
            self.scheduler.make_runnable(self)


def _closed_gate() -> threading.Lock:
    """Passed by one acquire for each release; releases and acquires always alternate here."""
    gate = threading.Lock()
    gate.acquire()
    return gate


class _Worker:
    """A thread that is used again and again: starting one costs more than a run of a task."""

    def __init__(self, baton: threading.Lock) -> None:
        self.baton = baton
        self.go = _closed_gate()
        self.task: Task | None = None
        self.result: Any = None
        self.error: BaseException | None = None
        threading.Thread(target=self._loop, daemon=True).start()

    def _loop(self) -> None:
        while True:
            self.go.acquire()
            task = self.task
            assert task is not None
            self.result = self.error = None
            try:
                if task.killed:
                    raise KilledError
                self.result = task.work()
            except BaseException as error:  # noqa: BLE001 - handed to whoever waits for the task
                self.error = error
            task.done = True
            self.baton.release()


_idle: list[_Worker] = []
_baton = _closed_gate()


class Scheduler:
    """Timed events and runnable tasks; `now` moves only when nothing can run."""

    def __init__(self, seed: object, start: float = 1_800_000_000.0) -> None:
        self.random = random.Random(seed)
        self.now = start
        self.start = start
        self.current: Task | None = None
        self.stay = self.random.choice([0.0, 0.5, 0.8, 0.95])
        """How often a task goes on at a switch point although others could."""
        self._timed: list[tuple[float, int, Callable[[], None]]] = []
        self._runnable: list[Task] = []
        self._workers: dict[Task, _Worker] = {}
        self._count = 0
        self.switches = 0

    # --- time ------------------------------------------------------------------------------
    def after(self, seconds: float, what: Callable[[], None]) -> None:
        """Calls `what` once, `seconds` from now; it must not block."""
        self._count += 1
        heapq.heappush(self._timed, (self.now + max(0.0, seconds), self._count, what))

    def run(self, until: Callable[[], bool], limit: float) -> bool:
        """Runs until the condition holds (True), or nothing is left or the time is up (False)."""
        while True:
            while self._timed and self._timed[0][0] <= self.now:
                heapq.heappop(self._timed)[2]()
            if until():
                return True
            if self._runnable:
                self._resume(self._pick())
            elif self._timed and self._timed[0][0] <= limit:
                self.now = self._timed[0][0]
            else:
                return False

    def _pick(self) -> Task:
        last = len(self._runnable) - 1
        index = self.random.randint(0, last) if last else 0
        task = self._runnable[index]
        self._runnable[index] = self._runnable[last]
        self._runnable.pop()
        return task

    # --- tasks -----------------------------------------------------------------------------
    def spawn(self, work: Callable[[], Any], name: str) -> Task:
        """A new task, runnable at once."""
        task = Task(self, work, name)
        self._runnable.append(task)
        return task

    def make_runnable(self, task: Task) -> None:
        if task not in self._runnable and task is not self.current:
            self._runnable.append(task)

    def _resume(self, task: Task) -> None:
        self.switches += 1
        worker = self._workers.get(task)
        if worker is None:
            worker = _idle.pop() if _idle else _Worker(_baton)
            worker.task = task
            self._workers[task] = worker
        self.current = task
        worker.go.release()
        _baton.acquire()
        self.current = None
        if task.done:
            del self._workers[task]
            result, error = worker.result, worker.error
            worker.task = worker.result = worker.error = None
            _idle.append(worker)
            task.on_end(result, error)

    def _yield(self, task: Task) -> None:
        worker = self._workers[task]
        _baton.release()
        worker.go.acquire()
        if task.killed:
            raise KilledError

    def switch(self) -> None:
        """The running task lets others go first, if it is their turn."""
        task = self.current
        if task is None:
            return
        if task.killed:
            raise KilledError
        due = bool(self._timed) and self._timed[0][0] <= self.now
        if not due and (not self._runnable or self.random.random() < self.stay):
            return
        self._runnable.append(task)
        self._yield(task)

    def sleep(self, seconds: float) -> None:
        """The running task does nothing for a while; others and the clock go on."""
        task = self.current
        if task is None:
            self.now += seconds
            return
        task.asleep = True

        def wake() -> None:
            if task.asleep and not task.done:
                task.asleep = False
                self.make_runnable(task)

        self.after(seconds, wake)
        self._yield(task)

    def close(self) -> None:
        """Kills what still runs, so that no thread is left waiting."""
        for task in list(self._workers):
            task.killed = True
            task.on_end = lambda result, error: None
            self._resume(task)
        self._runnable.clear()
        self._timed.clear()
