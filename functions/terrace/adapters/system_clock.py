"""The clock of the machine we run on."""

import time
import uuid


class SystemClock:
    """Wall-clock time and random identifiers."""

    def now(self) -> float:
        return time.time()

    def token(self) -> str:
        return uuid.uuid4().hex
