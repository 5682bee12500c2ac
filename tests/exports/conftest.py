"""The judge: libraries that many people read such files with, in an environment of their own."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYTHON = Path(os.environ.get("TERRACE_JUDGE", ROOT / ".venv-judge" / "bin" / "python"))


class Judge:
    """A process that reads data sets, asked one by one."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [str(PYTHON), str(Path(__file__).parent / "judge" / "read.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            env={**os.environ, "PYTHONUTF8": "1"},
        )

    def ask(self, reader: str, path: Path, form: str = "", **options: Any) -> dict[str, Any]:
        """What the judge found in a data set; it must be able to read it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        question = {"reader": reader, "path": str(path), "format": form, "options": options}
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)


@pytest.fixture(scope="session")
def judge() -> Iterator[Judge]:
    if not PYTHON.exists():
        pytest.skip(
            "the judge (Datumaro, pycocotools) is not installed: `make judge-tools` does it"
        )
    found = Judge()
    yield found
    found.close()
