"""Real files of Ground Truth jobs, read from beside the project; tests skip where they are not."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "ground_truth_samples"
FACTS = Path(__file__).resolve().parents[3] / "shared" / "facts" / "ground_truth.json"


def sample(path: str) -> Path:
    """A file of the samples; the test that asks for it is skipped where it is absent."""
    found = FOLDER / path
    if not found.exists():
        pytest.skip(f"../shared/data/ground_truth_samples/{path} is not on this machine")
    return found


def sample_json(path: str) -> Any:
    """A sample file, parsed."""
    return json.loads(sample(path).read_text(encoding="utf-8"))


def sample_lines(path: str) -> list[str]:
    """The lines of a sample manifest."""
    return sample(path).read_text(encoding="utf-8").split("\n")


@cache
def facts() -> Any:
    """The machine-readable fact sheet, not to be changed; skips where it is absent."""
    if not FACTS.exists():
        pytest.skip("../shared/facts/ground_truth.json is not on this machine")
    return json.loads(FACTS.read_text(encoding="utf-8"))
