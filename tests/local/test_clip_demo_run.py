"""The demo from end to end, and the example of docs/local.md, on a real local run."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from terrace_local.cli_commands import down, up

pytestmark = pytest.mark.local_aws
REPOSITORY = Path(__file__).resolve().parents[2]
TERRACE = [sys.executable, "-m", "terrace_cli"]


def processes_of(folder: Path) -> list[str]:
    """Command lines of processes that were started in, or for, a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            place = os.readlink(entry / "cwd")
        except OSError:
            continue
        if str(folder) in command or place.startswith(str(folder)):
            found.append(command)
    return found


def test_the_demo_ends_complete_and_leaves_labels_and_no_process(tmp_path: Path) -> None:
    done = subprocess.run(
        [*TERRACE, "demo", "--speed", "5", "--images"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Batch processing has completed successfully." in done.stdout
    for level in (1, 2, 3):
        assert f"Level {level} has ended COMPLETE" in done.stdout
    (home,) = (tmp_path / ".terrace" / "demo").iterdir()
    labels = sorted(home.glob("final/*/*/SeqLabel.json"))
    assert len(labels) == 6
    assert {next(iter(json.loads(path.read_text()))) for path in labels} == {
        "tracking-annotations",
        "detection-annotations",
    }
    assert processes_of(tmp_path) == []
    assert not (tmp_path / ".terrace" / "local.json").exists()


def test_the_example_of_the_documentation_works_as_it_is_printed(tmp_path: Path) -> None:
    text = (REPOSITORY / "docs" / "local.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    state = tmp_path / ".terrace"
    said: list[str] = []
    assert (
        up(
            port=0,
            api_port=0,
            workers="manual",
            state_dir=state,
            detach=True,
            fresh=True,
            say=said.append,
        )
        == 0
    ), said
    try:
        done = subprocess.run(
            [sys.executable, "-c", example],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        down(state, say=said.append)

    assert done.returncode == 0, done.stderr
    assert re.match(r"COMPLETE s3://\S+/output.manifest\n", done.stdout)
