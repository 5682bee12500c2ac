"""Task tokens: who waits for which, and what AWS answers about one that is gone.

moto keeps tokens per execution and never forgets one, so an answer to a task that timed out, was
retried or was answered already is taken as good. Here a token is open exactly while its task waits.
"""

import re
import threading
from dataclasses import dataclass
from typing import Any

_SHAPE = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")


class TokenError(Exception):
    """A SendTask* call AWS refuses; `code` is the API's error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass
class _Entry:
    endpoint: Any
    open: bool = True


class TokenRegistry:
    """Every token handed out in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}

    def opened(self, token: str, endpoint: Any) -> None:
        """A task begins to wait under `token`."""
        with self._lock:
            self._entries[token] = _Entry(endpoint)

    def closed(self, token: str) -> None:
        """The task no longer waits, whatever the reason."""
        with self._lock:
            entry = self._entries.get(token)
            if entry is not None:
                entry.open = False
                entry.endpoint = None

    def answer(self, token: str, outcome: Any) -> None:
        """Wake the task with a moto callback outcome.

        Raises:
            TokenError: Nobody waits under this token (any more).
        """
        with self._lock:
            entry = self._live(token)
            entry.open = False  # one answer only, even before the waiting thread has woken
            endpoint, entry.endpoint = entry.endpoint, None
        endpoint.notify(outcome)

    def heartbeat(self, token: str) -> None:
        """Restart the task's heartbeat clock.

        Raises:
            TokenError: Nobody waits under this token (any more).
        """
        with self._lock:
            entry = self._live(token)
            endpoint = entry.endpoint
        endpoint.notify_heartbeat()

    def _live(self, token: str) -> _Entry:
        entry = self._entries.get(token)
        if entry is None:
            if not _SHAPE.match(token or ""):
                raise TokenError("InvalidToken", "Invalid Token: 'Invalid token'")
            raise TokenError("TaskDoesNotExist", "Task does not exist")
        if not entry.open:
            raise TokenError(
                "TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'"
            )
        return entry
