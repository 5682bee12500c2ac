"""What the documents tell a reader to type exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
MAKE = re.compile(r"(?:^|[`\s])make ([a-z][a-z-]*)(?=[\s`]|$)", re.MULTILINE)
CODE = re.compile(r"```[a-z]*\n(.*?)```|`([^`\n]+)`", re.DOTALL)


def targets() -> set[str]:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))


def typed(text: str) -> str:
    """The parts of a document that are code, so that prose about making things is not read."""
    return "\n".join(block or inline for block, inline in CODE.findall(text))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_make_command_in_a_document_is_a_target(path: Path) -> None:
    commands = set(MAKE.findall(typed(path.read_text(encoding="utf-8"))))
    assert commands <= targets()


def test_the_readme_begins_with_the_demo_and_the_tests() -> None:
    commands = MAKE.findall(typed((ROOT / "README.md").read_text(encoding="utf-8")))
    assert commands[:2] == ["demo", "test"]


def test_every_target_that_is_not_a_file_is_declared_phony_and_explained() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    phony = set(re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[0].split())
    explained = set(re.findall(r"^([a-z][a-z-]*):.*## ", makefile, re.MULTILINE))
    assert targets() == phony == explained


def test_ci_runs_what_people_run() -> None:
    assert "make --no-print-directory check" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
