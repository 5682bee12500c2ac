"""Task tokens: who waits for which, and what AWS answers about one that is gone.

moto keeps tokens per execution and never forgets one, so an answer to a task that timed out, was
retried or was answered already is taken as good. Here a token is open exactly while its task waits.
"""

import base64
import re
import threading
import uuid
from dataclasses import dataclass
from typing import Any

_SHAPE = re.compile(r"^[0-9a-f]{32}\.([0-9A-Za-z_-]+)$")


def new_token(machine_arn: str) -> str:
    """A token that says, as AWS's do, which machine it belongs to, also after a restart."""
    owner = base64.urlsafe_b64encode(machine_arn.encode()).decode().rstrip("=")
    return f"{uuid.uuid4().hex}.{owner}"


def machine_of(token: str) -> str | None:
    """The ARN of the machine a token belongs to; None when it is no token."""
    found = _SHAPE.match(token)
    if found is None:
        return None
    owner = found.group(1)
    try:
        return base64.urlsafe_b64decode(owner + "=" * (-len(owner) % 4)).decode()
    except ValueError:
        return None


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
            if machine_of(token or "") is None:
                raise TokenError("InvalidToken", "Invalid Token: 'Invalid token'")
            raise TokenError("TaskDoesNotExist", "Task does not exist")
        if not entry.open:
            raise TokenError(
                "TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'"
            )
        return entry
