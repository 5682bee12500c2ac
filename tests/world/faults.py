"""Faults at AWS calls: each call of an adapter is a point before which, and after which, the
function can die, and at which AWS can refuse, or its answer be lost. All is counted by call site.
"""

import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

from botocore.exceptions import ReadTimeoutError

from tests.world import pool
from tests.world.aws.errors import aws_error
from tests.world.scheduler import KilledError, Scheduler

CRASH_BEFORE, CRASH_AFTER = "crash before", "crash after"
THROTTLE, SERVER_ERROR, LOST_ANSWER = "throttled", "server error", "answer lost"
SLOW, CONFLICT, QUOTA = "slow", "transaction conflict", "quota"
DENIED = "denied"
"""Made by scripts only: an error that time alone does not mend."""
EVERYWHERE = (CRASH_BEFORE, CRASH_AFTER, THROTTLE, SERVER_ERROR, LOST_ANSWER, SLOW)
WRITES = {"put_item", "update_item", "delete_item", "transact_write_items"}
THROTTLES = {
    "dynamodb": "ThrottlingException",
    "s3": "SlowDown",
    "sagemaker": "ThrottlingException",
    "stepfunctions": "ThrottlingException",
    "sns": "Throttled",
}


def kinds_at(operation: str) -> tuple[str, ...]:
    """The faults that apply to an operation."""
    if operation in WRITES:
        return (*EVERYWHERE, CONFLICT)
    return (*EVERYWHERE, QUOTA) if operation == "create_labeling_job" else EVERYWHERE


@dataclass
class Script:
    """A fault at a named call site, a number of times; for tests of one fault."""

    site: str
    kind: str
    times: int = 1
    skip: int = 0
    """Calls that go well before the first."""
    seconds: float = 30.0

    def applies(self, operation: str) -> bool:
        """A site may make calls of several kinds, and not every fault is one of each."""
        return self.kind == DENIED or self.kind in kinds_at(operation)


@dataclass
class Faults:
    """Decides and counts; `rate` is the chance of a fault at a call."""

    scheduler: Scheduler
    rate: float = 0.0
    weights: dict[str, float] = field(default_factory=lambda: dict.fromkeys(EVERYWHERE, 1.0))
    down: set[str] = field(default_factory=set)
    """Services that answer nothing but errors for now."""
    focus: str | None = None
    """A function's folder: only its calls meet faults."""
    hidden: float = 0.5
    """How often the SDK's own second sending hides an error."""
    flat: bool = False
    """The same rate at every call."""
    site: str | None = None
    """A call site: only it meets faults."""
    scripts: list[Script] = field(default_factory=list)
    hits: Counter[tuple[str, str]] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    pause: float = 1.0
    pauses: tuple[float, ...] = (2.0, 20.0, 65.0, 200.0)
    """Seconds a slow call takes: longer than a function lives, too."""

    def choose(self, site: str, service: str, operation: str) -> str | None:
        for script in self.scripts:
            if script.site == site and script.times > 0 and script.applies(operation):
                if script.skip:
                    script.skip -= 1
                    continue
                script.times -= 1
                self.pause = script.seconds
                return script.kind
        if service in self.down:
            return SERVER_ERROR
        random = self.scheduler.random
        rate = self.rate
        if rate and not self.flat:
            # Calls made seldom would hardly ever meet a fault, and are the ones that matter.
            rate *= min(3.0, max(0.3, 30.0 / (1 + self.calls[site])))
            if self.site is not None:
                rate = self.rate if self.site == site else 0.0
        if not rate or random.random() >= rate:
            return None
        task = self.scheduler.current
        if self.focus is not None and (task is None or task.about.function != self.focus):
            return None
        kinds = [kind for kind in kinds_at(operation) if self.weights.get(kind, 1.0) > 0]
        self.pause = random.choice(self.pauses)
        return random.choices(kinds, [self.weights.get(kind, 1.0) for kind in kinds])[0]


class Client:
    """A boto3 client of the world: every call is a switch point and a crash point."""

    def __init__(self, world: "CallWorld", service: str, attempts: int) -> None:
        self._world = world
        self._service = service
        self._attempts = attempts

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        if operation == "generate_presigned_url":
            return getattr(self._world.backends[self._service], operation)  # type: ignore[no-any-return]
        if operation == "get_paginator":
            from tests.world.aws.sagemaker import Paginator

            return lambda name: Paginator(getattr(self, name))

        def call(**parameters: Any) -> Any:
            return self._world.call(self._service, operation, parameters, self._attempts)

        return call


class CallWorld:
    """Where calls of clients arrive."""

    def __init__(self, scheduler: Scheduler, backends: dict[str, Any]) -> None:
        self.scheduler = scheduler
        self.backends = backends
        self.faults = Faults(scheduler)
        self.quiet = False
        """True while the test itself uses the adapters: nothing can happen then."""
        self.trace: list[str] | None = None
        self.digest = 0
        self.count = 0
        """Of calls, so far."""
        self.on_call: Callable[[int], None] = lambda number: None
        self.on_site: Callable[[str], None] = lambda site: None

    def call(self, service: str, operation: str, parameters: dict[str, Any], attempts: int) -> Any:
        effect = getattr(self.backends[service], operation)
        scheduler, faults = self.scheduler, self.faults
        task = scheduler.current
        if task is None or self.quiet:
            return effect(**parameters)
        scheduler.switch()
        scheduler.now += 0.01
        self.count += 1
        self.on_call(self.count)
        site = call_site()
        self.on_site(site)
        faults.calls[site] += 1
        kind = faults.choose(site, service, operation)
        self.digest = crc32(f"{site} {kind} {scheduler.now:.3f}".encode(), self.digest)
        if self.trace is not None:
            self._note(task, site, operation, parameters, kind)
        if kind is None:
            return effect(**parameters)
        faults.hits[site, kind] += 1
        if kind == SLOW:
            scheduler.sleep(faults.pause)
            return effect(**parameters)
        if kind in {CRASH_BEFORE, CRASH_AFTER}:
            if kind == CRASH_AFTER:
                effect(**parameters)
            task.killed = True
            raise KilledError
        return self._refused(kind, service, operation, effect, parameters, attempts)

    def _refused(  # noqa: PLR0917
        self,
        kind: str,
        service: str,
        operation: str,
        effect: Callable[..., Any],
        parameters: dict[str, Any],
        attempts: int,
    ) -> Any:
        random = self.scheduler.random
        if kind == CONFLICT:
            if operation == "transact_write_items":
                reasons = [{"Code": "TransactionConflict"} for _ in parameters["TransactItems"]]
                raise aws_error("TransactionCanceledException", CancellationReasons=reasons)
            raise aws_error("TransactionConflictException", "Transaction is ongoing for the item")
        if kind == QUOTA:
            raise aws_error("ResourceLimitExceeded", "The account-level service limit is reached")
        if kind == DENIED:
            raise aws_error("AccessDeniedException", f"not authorized to perform {operation}", 403)
        error: Exception
        if kind == THROTTLE:
            error = aws_error(THROTTLES.get(service, "ThrottlingException"), "Rate exceeded")
        elif kind == SERVER_ERROR:
            error = aws_error("InternalServerError", "Try again", 500)
        else:
            error = ReadTimeoutError(endpoint_url=f"https://{service}")
            answer = effect(**parameters)
            if attempts > 1 and operation == "transact_write_items" and random.random() < 0.5:
                # The SDK's own token makes the second sending find the first.
                return answer
        self.scheduler.sleep(random.choice([0.2, 1.0, 5.0]))
        if attempts > 1 and random.random() < self.faults.hidden:
            # The SDK sends it once more, and that goes well, or finds what the first has done.
            return effect(**parameters)
        raise error

    def _note(
        self, task: Any, site: str, operation: str, parameters: dict[str, Any], kind: str | None
    ) -> None:
        assert self.trace is not None
        about = str(parameters.get("Key") or parameters.get("LabelingJobName") or "")
        about = str(parameters.get("name") or about)
        self.trace.append(
            f"{self.scheduler.now - self.scheduler.start:12.2f} {task.name:15} {site}.{operation} "
            f"{about[:90]} {kind or ''}"
        )


_OURS: dict[str, bool] = {}


def call_site() -> str:
    """The adapter's method that made the call: the outermost one."""
    frame = sys._getframe(2)
    site = ""
    while frame is not None:
        name = frame.f_code.co_filename
        ours = _OURS.get(name)
        if ours is None:
            ours = _OURS[name] = "/terrace/adapters/" in name or "/terrace/engines/" in name
        if ours:
            site = frame.f_code.co_qualname
        elif site and name != pool.__file__:
            break
        frame = frame.f_back  # type: ignore[assignment]
    return site
