"""Gap: moto remembers every thread it ever started, so a long run leaks them."""

import sys
from collections import deque


def close() -> None:
    """Let the list forget."""
    from moto.stepfunctions.parser import utils

    remembered = utils.TMP_THREADS
    forgetful: deque[object] = deque(maxlen=0)
    for module in list(sys.modules.values()):
        if getattr(module, "__dict__", {}).get("TMP_THREADS") is remembered:
            module.TMP_THREADS = forgetful  # type: ignore[attr-defined]
