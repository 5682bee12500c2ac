"""Runs things when they are due on a few threads, however many jobs there are."""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

logger = logging.getLogger(__name__)

Task = Callable[[], None]


class Scheduler:
    """A clock thread and a small pool; tasks put in before `start` wait for it.

    Args:
        threads: Size of the pool.
        on_crash: Told (label, error) when a task raised something nobody expected: a bug is
            reported and the other jobs go on.
    """

    def __init__(self, threads: int, on_crash: Callable[[str, BaseException], None]) -> None:
        self._threads = threads
        self._on_crash = on_crash
        self._due: list[tuple[float, int, str, Task]] = []
        self._numbers = itertools.count()
        self._wake = threading.Condition()
        self._pool: ThreadPoolExecutor | None = None
        self._clock: threading.Thread | None = None

    def start(self) -> None:
        """Starts the threads; calling it twice changes nothing."""
        with self._wake:
            if self._pool is not None:
                return
            self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="ground-truth")
            self._clock = threading.Thread(target=self._run, name="ground-truth-clock", daemon=True)
            self._clock.start()

    def stop(self) -> None:
        """Ends the threads after the tasks that run now; what was due later is forgotten."""
        with self._wake:
            pool, clock = self._pool, self._clock
            self._pool = None
            self._due.clear()
            self._wake.notify_all()
        if clock is not None:
            clock.join()
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)

    def after(self, seconds: float, label: str, task: Task) -> None:
        """Runs ``task`` once, ``seconds`` from now; ``label`` names it if it crashes."""
        with self._wake:
            heapq.heappush(
                self._due, (time.monotonic() + max(0.0, seconds), next(self._numbers), label, task)
            )
            self._wake.notify_all()

    def _run(self) -> None:
        while True:
            with self._wake:
                if self._pool is None:
                    return
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is None or wait > 0:
                    self._wake.wait(wait)
                    continue
                _, _, label, task = heapq.heappop(self._due)
                future = self._pool.submit(task)
            future.add_done_callback(partial(self._report, label))

    def _report(self, label: str, done: "Future[None]") -> None:
        error = None if done.cancelled() else done.exception()
        if error is not None:
            logger.error("%s crashed", label, exc_info=error)
            self._on_crash(label, error)
