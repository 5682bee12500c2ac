"""Keeps the terminal quiet: every library's log goes to a file."""

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path


def to_file(path: Path) -> None:
    """Send the root logger to `path`, before anything else configures it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(path, maxBytes=20_000_000, backupCount=1, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s [%(name)s] %(message)s"))
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("terrace_local").setLevel(logging.INFO)
    # moto reports every failed state as an error of its own; the history has it already.
    logging.getLogger("moto").setLevel(logging.CRITICAL)
