"""The worker page templates that ship beside the functions."""

from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "worker_ui"
"""`functions/worker_ui` in the repository, `worker_ui` in the artefact."""


def template(name: str) -> str:
    """The text of a template, by its file name; FileNotFoundError where none is shipped."""
    return (FOLDER / Path(name).name).read_text(encoding="utf-8")
