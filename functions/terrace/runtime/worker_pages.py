"""The worker page templates that ship beside the functions."""

import re
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "worker_ui"
"""`functions/worker_ui` in the repository, `worker_ui` in the artefact."""
PARTS = FOLDER / "parts"
"""What several pages show. Liquid itself has no include in Ground Truth: it gets one text."""

_PART = re.compile(r"<!-- terrace:part ([a-z-]+) -->")


def template(name: str) -> str:
    """The text of a template with its parts, by its file name.

    Raises:
        FileNotFoundError: where no such template, or a part that it names, is shipped.
    """
    text = (FOLDER / Path(name).name).read_text(encoding="utf-8")
    return _PART.sub(lambda found: _part(found[1]), text)


def _part(name: str) -> str:
    return (PARTS / f"{name}.liquid.html").read_text(encoding="utf-8").rstrip("\n")
