"""Nothing that is committed names a folder of the machine it was written on."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (
    "functions",
    "local",
    "cli",
    "tests",
    "bench",
    "docs",
    "events",
    "schemas",
    "statemachine",
)
SUFFIXES = {".py", ".md", ".yaml", ".json", ".toml", ".html", ".js"}
MACHINE = re.compile(r"""(?:^|["'`( =])(/(?:work|root|home|Users)/[\w.-]+)""", re.MULTILINE)


def texts() -> Iterator[Path]:
    yield from (path for path in ROOT.iterdir() if path.suffix in SUFFIXES)
    for folder in FOLDERS:
        yield from (path for path in (ROOT / folder).rglob("*") if path.suffix in SUFFIXES)


def test_no_file_names_a_folder_of_a_machine() -> None:
    named = {
        str(path.relative_to(ROOT)): found
        for path in texts()
        if (found := MACHINE.findall(path.read_text(encoding="utf-8")))
    }
    assert named == {}


def test_a_machines_folder_is_found() -> None:
    assert MACHINE.findall('DATA = Path("/' + 'work/shared/data")') == ["/" + "work/shared"]
