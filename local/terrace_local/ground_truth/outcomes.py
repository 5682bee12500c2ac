"""How jobs are made to end otherwise than well: by a rule, or by hand."""

import fnmatch
import threading
from dataclasses import asdict, dataclass
from typing import Any

from terrace_local.ground_truth.jobs import TERMINAL
from terrace_local.workers.seeds import coin

MANIFESTS = ("ok", "absent", "truncated", "unreadable")


class BadBody(Exception):
    """A control request asks for something that does not exist; the text says what does."""


@dataclass
class Ending:
    """The end of a job.

    Attributes:
        status: Terminal status.
        labeled: Share of the items that get a label (the first ones); None: those that have one,
            or all of them when the status is Completed.
        event: How often the end is announced: 0, 1 or 2 times.
        manifest: ``ok``, ``absent``, ``truncated`` or ``unreadable``.
        reason: FailureReason.
    """

    status: str = "Completed"
    labeled: float | None = None
    event: int = 1
    manifest: str = "ok"
    reason: str | None = None


_EVENTS: dict[Any, int] = {True: 1, False: 0, "twice": 2}
_FIELDS = ("status", "labeled", "event", "manifest", "failureReason")


def parse_ending(body: Any) -> Ending:
    """Reads ``{"status", "labeled", "event", "manifest", "failureReason"}``; all are optional.

    Raises:
        BadBody: when a field is unknown or has no possible value.
    """
    if not isinstance(body, dict):
        raise BadBody("the body must be a JSON object")
    unknown = sorted(set(body) - set(_FIELDS))
    if unknown:
        raise BadBody(f"unknown field {', '.join(unknown)}; possible are {', '.join(_FIELDS)}")
    status = body.get("status", "Completed")
    if status not in TERMINAL:
        raise BadBody(f"status must be one of {', '.join(TERMINAL)}, not {status!r}")
    event = body.get("event", True)
    if not isinstance(event, bool | str) or event not in _EVENTS:
        raise BadBody(f'event must be true, false or "twice", not {event!r}')
    manifest = body.get("manifest", "ok")
    if manifest not in MANIFESTS:
        raise BadBody(f"manifest must be one of {', '.join(MANIFESTS)}, not {manifest!r}")
    reason = body.get("failureReason")
    if reason is not None and not isinstance(reason, str):
        raise BadBody("failureReason must be a string")
    return Ending(status, parse_share(body.get("labeled")), _EVENTS[event], manifest, reason)


def parse_share(value: Any, name: str = "labeled") -> float | None:
    """A share between 0 and 1, or None when it is not given.

    Raises:
        BadBody: when it is anything else.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise BadBody(f"{name} must be a number from 0 to 1, not {value!r}")
    return float(value)


def count_of(share: float, items: int) -> int:
    """How many of ``items`` a share is: halves are rounded up (0.5 of 3 is 2)."""
    return int(share * items + 0.5)


@dataclass
class Rule:
    """Jobs whose name matches end that way, as often as ``times`` says."""

    match: str
    probability: float
    times: int | None
    ending: dict[str, Any]
    used: int = 0


class OutcomeRules:
    """The rules in force, in order; the first that matches decides. Thread-safe."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._lock = threading.Lock()
        self._rules: list[Rule] = []

    def add(self, body: Any) -> dict[str, Any]:
        """Adds ``{"match", "probability", "times", ...an ending's fields}``.

        Raises:
            BadBody: when it is not one.
        """
        if not isinstance(body, dict) or not isinstance(body.get("match"), str):
            raise BadBody('"match" must be a pattern of job names, such as "*-audit"')
        probability = parse_share(body.get("probability", 1.0), "probability")
        times = body.get("times")
        if times is not None and (isinstance(times, bool) or not isinstance(times, int)):
            raise BadBody(f"times must be a whole number, not {times!r}")
        ending = {k: v for k, v in body.items() if k not in ("match", "probability", "times")}
        parse_ending(ending)
        rule = Rule(body["match"], 1.0 if probability is None else probability, times, ending)
        with self._lock:
            self._rules.append(rule)
        return asdict(rule)

    def pick(self, job_name: str) -> dict[str, Any] | None:
        """The ending that a rule wants for this job; decided by the job's name alone."""
        name = job_name.lower()
        with self._lock:
            for rule in self._rules:
                if rule.times is not None and rule.used >= rule.times:
                    continue
                if not fnmatch.fnmatchcase(name, rule.match.lower()):
                    continue
                if coin(rule.probability, self._seed, "outcome", rule.match, name):
                    rule.used += 1
                    return dict(rule.ending)
        return None

    def rows(self) -> list[dict[str, Any]]:
        """All rules, as JSON-able data."""
        with self._lock:
            return [asdict(rule) for rule in self._rules]

    def replace(self, rows: list[dict[str, Any]]) -> None:
        """Forgets all rules and keeps these; an empty list clears them."""
        with self._lock:
            self._rules = [Rule(**row) for row in rows]
