"""The record of who called what: the raw material of the proof that every permission is needed."""

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

ADMINISTRATOR = "administrator"


class CallLog:
    """Counts every authorised or refused action by (role, action, resource)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str, str, bool]] = Counter()

    def add(self, principal: str, action: str, resource: str, allowed: bool) -> None:
        """Count one decision."""
        with self._lock:
            self._counts[(principal, action, resource, allowed)] += 1

    def listing(self, include_administrator: bool = False) -> list[dict[str, Any]]:
        """Every distinct call; the administrator's only when asked for."""
        with self._lock:
            items = sorted(self._counts.items())
        return [
            {
                "principal": principal,
                "service": action.split(":", 1)[0],
                "action": action,
                "resource": resource,
                "allowed": allowed,
                "count": count,
            }
            for (principal, action, resource, allowed), count in items
            if include_administrator or principal != ADMINISTRATOR
        ]

    def clear(self) -> None:
        """Start counting anew."""
        with self._lock:
            self._counts.clear()


def role_of(access_key: str) -> str:
    """The role's name behind an access key, or `administrator`."""
    from ministack.services import sts

    session = sts._sessions.get(access_key)
    if session is None:
        return ADMINISTRATOR
    arn = str(session.get("Arn", ""))
    return arn.split("/")[1] if ":assumed-role/" in arn else arn


def record_decisions(log: CallLog) -> None:
    """Note every decision of MiniStack's policy evaluator in `log`.

    MiniStack looks `enforce` up in its module at each call, so replacing the attribute is enough.
    """
    from ministack.core import iam_evaluator

    decide: Callable[..., Any] = iam_evaluator.enforce

    def noting(
        access_key_id: str, iam_action: str, service: str, region: str, *args: Any, **kwargs: Any
    ) -> Any:
        denied = decide(access_key_id, iam_action, service, region, *args, **kwargs)
        resource = args[0] if args else kwargs.get("resource_arn", "*")
        log.add(role_of(access_key_id or ""), iam_action, resource, denied is None)
        return denied

    iam_evaluator.enforce = noting
