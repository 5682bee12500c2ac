"""Faults on request: make an operation fail, before or after it takes effect.

The book holds rules; the gateway asks it about every call. A rule without `times` given fires
once. `probability` is drawn from a seeded generator, so that a run can be repeated.
"""

import random
import threading
from dataclasses import dataclass
from typing import Any, Literal

from terrace_local.gateway.operations import Operation, canonical_service

UNLIMITED = 10**9
TIMEOUT = "Timeout"
RESET = "ConnectionReset"


class BadFault(ValueError):
    """A fault request that makes no sense; the message says what is wrong."""


@dataclass
class Fault:
    """One rule and how often it has fired."""

    id: int
    service: str
    operation: str
    error: str
    message: str
    times: int
    probability: float
    when: Literal["before", "after"]
    path: str = ""
    """Only calls whose URL path contains this: one function of all that are invoked."""
    hits: int = 0
    seen: int = 0

    def matches(self, call: Operation, path: str) -> bool:
        """Whether this rule speaks of that call and is not used up."""
        return (
            self.hits < self.times
            and self.path in path
            and self.service in ("*", call.service)
            and self.operation in ("*", call.name)
        )

    def to_dict(self) -> dict[str, Any]:
        """The rule as the control endpoint lists it."""
        return {
            "id": self.id,
            "service": self.service,
            "operation": self.operation,
            "error": self.error,
            "times": self.times,
            "probability": self.probability,
            "when": self.when,
            "path": self.path,
            "hits": self.hits,
            "seen": self.seen,
        }


class FaultBook:
    """All faults of this run, first match wins."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(f"faults-{seed}")
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._next = 1

    def __bool__(self) -> bool:
        """Whether any rule could still fire; keeps the fault-free path free."""
        return any(fault.hits < fault.times for fault in self._faults)

    def add(self, request: dict[str, Any]) -> Fault:
        """Record a rule.

        Raises:
            BadFault: A field is missing or out of range.
        """
        missing = [name for name in ("service", "operation", "error") if not request.get(name)]
        if missing:
            raise BadFault(f"missing: {', '.join(missing)}")
        unknown = set(request) - {
            "service",
            "operation",
            "error",
            "message",
            "times",
            "probability",
            "when",
            "path",
        }
        if unknown:
            raise BadFault(f"unknown: {', '.join(sorted(unknown))}")
        when = request.get("when", "before")
        if when not in ("before", "after"):
            raise BadFault("when must be before or after")
        try:
            times = int(request.get("times", 1))
            probability = float(request.get("probability", 1))
        except (TypeError, ValueError) as exc:
            raise BadFault(f"times and probability are numbers: {exc}") from exc
        if not 0 <= probability <= 1:
            raise BadFault("probability is between 0 and 1")
        with self._lock:
            fault = Fault(
                id=self._next,
                service=canonical_service(str(request["service"])),
                operation=str(request["operation"]),
                error=str(request["error"]),
                message=str(request.get("message") or f"{request['error']} (asked for)"),
                times=UNLIMITED if times < 0 else times,
                probability=probability,
                when=when,
                path=str(request.get("path", "")),
            )
            self._next += 1
            self._faults.append(fault)
            return fault

    def draw(self, call: Operation, path: str = "") -> Fault | None:
        """The fault this call meets now, or None; counts what it decides."""
        with self._lock:
            for fault in self._faults:
                if not fault.matches(call, path):
                    continue
                fault.seen += 1
                if fault.probability >= 1 or self._random.random() < fault.probability:
                    fault.hits += 1
                    return fault
            return None

    def listing(self) -> list[dict[str, Any]]:
        """Every rule with its hit count."""
        with self._lock:
            return [fault.to_dict() for fault in self._faults]

    def clear(self) -> int:
        """Forget all rules; returns how many there were."""
        with self._lock:
            count = len(self._faults)
            self._faults.clear()
            return count
