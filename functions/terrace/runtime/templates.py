"""Files that ship beside the code."""

from pathlib import Path

_WORKER_UI = Path(__file__).resolve().parents[2] / "worker_ui"


def template_text(name: str) -> str:
    """A worker UI template of `worker_ui/`, by its file name."""
    return (_WORKER_UI / name).read_text(encoding="utf-8")
