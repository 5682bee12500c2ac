"""S3 and Lambda as each job's role sees them."""

import threading
import time
from collections.abc import Callable
from typing import Any

from terrace_local.ground_truth.s3files import InputProblem

KEEP_SECONDS = 300.0


class RoleClients:
    """One client per role, made anew every few minutes; making one takes long.

    Args:
        for_role: Makes a client for a role; None: everybody uses ``own``.
        own: The client where roles are not checked.
    """

    def __init__(self, for_role: Callable[[str], Any] | None, own: Any) -> None:
        self._for_role = for_role
        self._own = own
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, Any]] = {}

    def client(self, role: str) -> Any:
        """The client to use now for a job with that role.

        Raises:
            InputProblem: when the role cannot be assumed.
        """
        if self._for_role is None:
            return self._own
        now = time.monotonic()
        with self._lock:
            made, client = self._known.get(role, (now - KEEP_SECONDS, None))
        if now - made < KEEP_SECONDS:
            return client
        try:
            client = self._for_role(role)
        except RuntimeError as error:
            raise InputProblem(f"ClientError: Unable to assume {role}: {error}") from error
        with self._lock:
            self._known[role] = (now, client)
        return client
